/* The lint of records: a walk over the value, which must be written as RFC 8785 would write it. */
#include "audit/canonical.h"

#include <stdint.h>
#include <string.h>

#include "record/json.h"
#include "record/scan.h"
#include "record/value.h"

static bool check_value(struct scan *scan, unsigned depth_left);

/* Is the escape at `at` (of a good string) the shortest that there is? Returns its bytes; 0: no. */
static size_t
shortest_escape(const char *at)
{
    static const char digits[] = "0123456789abcdef", shorter[] = "\b\t\n\f\r";

    if (at[1] != 'u')
        return at[1] == '/' ? 0 : 2;
    if (memcmp(at + 2, "00", 2) != 0 || (at[4] != '0' && at[4] != '1'))
        return 0;
    const char *low = memchr(digits, at[5], sizeof digits - 1);
    if (!low)
        return 0;
    char control = (char)((at[4] - '0') * 16 + (int)(low - digits));
    return control && strchr(shorter, control) ? 0 : 6;
}

static bool
check_string(struct scan *scan, struct span *out)
{
    if (!scan_string(scan, out))
        return false;
    for (size_t i = 0; out->is_escaped && i < out->count;) {
        size_t step = out->bytes[i] == '\\' ? shortest_escape(out->bytes + i) : 1;
        if (!step) {
            scan->at = out->bytes + i;
            return false;
        }
        i += step;
    }
    return true;
}

static bool
check_number(struct scan *scan)
{
    struct span span;
    bool        is_integer;
    int64_t     integer;
    const char *start = scan->at;

    if (!scan_number(scan, &span, &is_integer))
        return false;
    if (is_integer && integer_parse(span.bytes, span.count, &integer) && integer >= -INTEGER_MAX &&
        integer <= INTEGER_MAX && (integer != 0 || *start == '0'))
        return true;
    scan->at = start;
    return false;
}

/* The next character of a name, whose escapes are the shortest. */
static uint32_t
next_character(const char **at, const char *end)
{
    size_t   count = **at == '\\' ? shortest_escape(*at) : utf8_character(*at, end);
    char     bytes[4];
    uint32_t character;

    if (**at == '\\') {
        span_unescape((struct span){ .bytes = *at, .count = count, .is_escaped = true }, bytes);
        character = (uint8_t)bytes[0];
    } else {
        static const uint8_t masks[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
        character = (uint8_t)**at & masks[count];
        for (size_t i = 1; i < count; i++)
            character = character << 6 | ((uint8_t)(*at)[i] & 0x3F);
    }
    *at += count;
    return character;
}

/* Orders characters as their UTF-16 code units do: U+10000 and above, whose first unit is a
 * surrogate, before U+E000. */
static uint32_t
utf16_rank(uint32_t character)
{
    if (character >= 0x10000)
        return 0xD800 + (character - 0x10000);
    return character < 0xD800 ? character : character + 0x100000;
}

static bool
is_before(struct span left, struct span right)
{
    const char *a = left.bytes, *a_end = a + left.count, *b = right.bytes, *b_end = b + right.count;

    while (a < a_end && b < b_end) {
        uint32_t x = utf16_rank(next_character(&a, a_end));
        uint32_t y = utf16_rank(next_character(&b, b_end));
        if (x != y)
            return x < y;
    }
    return a == a_end && b < b_end;
}

/* A member's name and colon; it must come after the `previous` one. */
static bool
check_name(struct scan *scan, bool is_first, struct span *previous)
{
    const char *start = scan->at;
    struct span name;

    if (!check_string(scan, &name))
        return false;
    if (!is_first && !is_before(*previous, name)) {
        scan->at = start;
        return false;
    }
    *previous = name;
    if (!scan_is_at(scan, ':'))
        return false;
    scan->at++;
    return true;
}

static bool
check_items(struct scan *scan, char close, unsigned depth_left)
{
    struct span previous = { .bytes = NULL };

    if (depth_left == 0)
        return false;
    scan->at++;
    if (scan_is_at(scan, close)) {
        scan->at++;
        return true;
    }
    for (bool is_first = true;; is_first = false) {
        if (close == '}' && !check_name(scan, is_first, &previous))
            return false;
        if (!check_value(scan, depth_left - 1))
            return false;
        if (!scan_is_at(scan, ','))
            break;
        scan->at++;
    }
    if (!scan_is_at(scan, close))
        return false;
    scan->at++;
    return true;
}

static bool
check_value(struct scan *scan, unsigned depth_left)
{
    struct span span;

    if (scan->at >= scan->end)
        return false;
    switch (*scan->at) {
    case '{':
        return check_items(scan, '}', depth_left);
    case '[':
        return check_items(scan, ']', depth_left);
    case '"':
        return check_string(scan, &span);
    case 't':
        return scan_literal(scan, "true");
    case 'f':
        return scan_literal(scan, "false");
    case 'n':
        return scan_literal(scan, "null");
    default:
        return check_number(scan);
    }
}

bool
canonical_check(const char *bytes, size_t count, size_t *at)
{
    struct scan scan   = { .start = bytes, .at = bytes, .end = bytes + count };
    bool        is_one = check_value(&scan, JSON_DEPTH_MAX) && scan.at == scan.end;

    *at = (size_t)(scan.at - bytes);
    return is_one;
}
