/* Is a record in the form that log.md asks for: RFC 8785, and no numbers but integers? A failure is
 * a lint error, not tampering. */
#ifndef AUDIT_CANONICAL_H
#define AUDIT_CANONICAL_H

#include <stdbool.h>
#include <stddef.h>

/* One JSON value, nested at most JSON_DEPTH_MAX deep: no white space, members sorted by their
 * UTF-16 code units and each once (3.2.3), strings in UTF-8 with the shortest escapes (3.2.2.2),
 * integers within 2^53 - 1 either way, no -0. False: *at is the byte at which it stops being so. */
bool canonical_check(const char *bytes, size_t count, size_t *at);

#endif
