/* Times: microseconds since 1970-01-01T00:00:00Z, and their RFC 3339 form in UTC. */
#ifndef RECORD_INSTANT_H
#define RECORD_INSTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INSTANT_TEXT_MAX = 25 };       /* 2026-01-31T23:59:59.123Z and a NUL */

/* "There is no time": no text stands for it. */
#define INSTANT_NONE INT64_MIN
#define INSTANT_MAX  INT64_C(253402300799999999)   /* 9999-12-31T23:59:59.999999Z */

/* Years 1970 to 9999; Z only; a fraction of 1 to 6 digits is optional.
 * A leap second (":60") is refused. */
bool instant_parse(const char *text, size_t bytes, int64_t *instant_us);
/* Milliseconds, rounded down. instant_us: 0 .. INSTANT_MAX. */
void instant_format(int64_t instant_us, char text[static INSTANT_TEXT_MAX]);

#endif
