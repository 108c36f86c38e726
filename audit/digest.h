/* SHA-256 and random bytes: the only hash of the log. */
#ifndef AUDIT_DIGEST_H
#define AUDIT_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIGEST_BYTES = 32, DIGEST_TEXT_MAX = 65 };

struct digest { uint8_t bytes[DIGEST_BYTES]; };

struct digest_part { const void *bytes; size_t count; };

struct digest digest_of(const void *bytes, size_t count);
/* of them one after the other */
struct digest digest_of_parts(const struct digest_part *parts, size_t parts_count);
/* Of bytes that come piece by piece. NULL: no memory. */
struct digest_stream;
struct digest_stream *digest_stream_open(void);
void                  digest_stream_add(struct digest_stream *stream, const void *bytes, size_t count);
struct digest         digest_stream_close(struct digest_stream *stream);
/* lower hex */
void          digest_format(const struct digest *digest, char text[static DIGEST_TEXT_MAX]);
/* exactly 64 lower hex digits */
bool          digest_parse(const char *text, struct digest *out);
bool          digest_equal(const struct digest *a, const struct digest *b);   /* in constant time */
void          random_fill(void *bytes, size_t count);   /* getrandom; aborts if it cannot */

#endif
