/* What a client prefers: Accept (RFC 9110 section 12.5.1) and Prefer (RFC 7240). */
#ifndef SERVER_ACCEPT_H
#define SERVER_ACCEPT_H

#include <stdbool.h>
#include <stddef.h>

/* Which of the offered media types ("text/plain") an Accept header wants most: the place of it in
 * `offers`. Of equals the first one. Where there is no header, or none of them is acceptable, 0: an
 * answer in a form that was not asked for is better than none. Parameters but q are passed over. */
size_t accept_choose(const char *accept, const char *const *offers, size_t offers_count);

/* Names a Prefer header this preference, with whatever value? */
bool prefers(const char *prefer, const char *preference);

#endif
