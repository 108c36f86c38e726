/* Percent-encoding, RFC 3986 section 2.1. */
#ifndef SERVER_PERCENT_H
#define SERVER_PERCENT_H

#include <stdbool.h>

/* Decodes in place; "+" stays "+". False: a "%" without two hexadecimal digits, or a NUL
 * (encoded), which no text may hold. */
bool percent_decode(char *text);

#endif
