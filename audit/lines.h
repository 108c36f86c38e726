/* Texts of lines, as notes, proofs, policies and witnesses' answers are: each line ends with a
 * newline, each value has one spelling. */
#ifndef AUDIT_LINES_H
#define AUDIT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/digest.h"
#include "record/text.h"

/* Bytes of somebody else's text. */
struct line { const char *bytes; size_t count; };

struct lines { const char *at, *end; };

static inline struct lines
lines_of(const char *bytes, size_t count)
{
    return (struct lines){ .at = bytes, .end = bytes + count };
}

/* The next line without its newline. False: there is none, or the text ends in the middle of it. */
bool lines_next(struct lines *lines, struct line *out);

/* The line is `start` and then a rest, which may be empty. */
bool line_starts(struct line line, const char *start, struct line *rest);

/* Up to the first `separator`, which is in neither part. False: it is not there. */
bool line_cut(struct line line, char separator, struct line *before, struct line *after);

bool line_is(struct line line, const char *text);

/* 0 to 2^63 - 1 in decimal, digits only, without leading zeros. */
bool line_integer(struct line line, int64_t *out);

bool line_digest(struct line line, struct digest *out);              /* 44 characters of base64 */
void lines_add_digest(struct text *out, const struct digest *digest);   /* and the newline */

#endif
