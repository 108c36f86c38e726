/* Lines and what stands on them. */
#include "audit/lines.h"

#include <string.h>

#include "audit/base64.h"

bool
lines_next(struct lines *lines, struct line *out)
{
    const char *newline = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));

    if (!newline)
        return false;
    *out = (struct line){ .bytes = lines->at, .count = (size_t)(newline - lines->at) };
    lines->at = newline + 1;
    return true;
}

bool
line_starts(struct line line, const char *start, struct line *rest)
{
    size_t count = strlen(start);

    if (line.count < count || memcmp(line.bytes, start, count) != 0)
        return false;
    *rest = (struct line){ .bytes = line.bytes + count, .count = line.count - count };
    return true;
}

bool
line_cut(struct line line, char separator, struct line *before, struct line *after)
{
    const char *at = memchr(line.bytes, separator, line.count);

    if (!at)
        return false;
    size_t count = (size_t)(at - line.bytes);
    *before = (struct line){ .bytes = line.bytes, .count = count };
    *after  = (struct line){ .bytes = at + 1, .count = line.count - count - 1 };
    return true;
}

bool
line_is(struct line line, const char *text)
{
    struct line rest;
    return line_starts(line, text, &rest) && rest.count == 0;
}

bool
line_integer(struct line line, int64_t *out)
{
    int64_t integer = 0;

    if (line.count == 0 || (line.count > 1 && line.bytes[0] == '0'))
        return false;
    for (size_t i = 0; i < line.count; i++) {
        if (line.bytes[i] < '0' || line.bytes[i] > '9')
            return false;
        int digit = line.bytes[i] - '0';
        if (integer > (INT64_MAX - digit) / 10)
            return false;
        integer = integer * 10 + digit;
    }
    *out = integer;
    return true;
}

bool
line_digest(struct line line, struct digest *out)
{
    struct digest digest = { { 0 } };

    if (line.count != BASE64_DIGEST_BYTES ||
        !base64_decode(line.bytes, line.count, digest.bytes, DIGEST_BYTES))
        return false;
    *out = digest;
    return true;
}

void
lines_add_digest(struct text *out, const struct digest *digest)
{
    base64_add(out, digest->bytes, DIGEST_BYTES);
    text_add(out, "\n", 1);
}
