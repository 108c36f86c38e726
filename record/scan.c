/* The scanner. Each function either moves past what it names, or stops at the byte that is
 * wrong and says what it wanted. */
#include "record/scan.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define EVERY_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

static bool
stop(struct scan *scan, const char *wanted)
{
    scan->wanted = wanted;
    return false;
}

static bool
is_digit(const struct scan *scan)
{
    return scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9';
}

bool
scan_literal(struct scan *scan, const char *literal)
{
    size_t count = strlen(literal);
    if ((size_t)(scan->end - scan->at) < count || memcmp(scan->at, literal, count) != 0)
        return stop(scan, "a value");
    scan->at += count;
    return true;
}

/* RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF. */
size_t
utf8_character(const char *at, const char *end)
{
    const unsigned char *byte = (const unsigned char *)at;
    size_t               left = (size_t)(end - at);

    if (left == 0)
        return 0;
    if (byte[0] < 0x80)
        return 1;
    size_t count = byte[0] >= 0xF0 ? 4 : byte[0] >= 0xE0 ? 3 : 2;
    if (byte[0] < 0xC2 || byte[0] > 0xF4 || left < count)
        return 0;
    for (size_t i = 1; i < count; i++)
        if ((byte[i] & 0xC0) != 0x80)
            return 0;
    if ((byte[0] == 0xE0 && byte[1] < 0xA0) || (byte[0] == 0xED && byte[1] > 0x9F) ||
        (byte[0] == 0xF0 && byte[1] < 0x90) || (byte[0] == 0xF4 && byte[1] > 0x8F))
        return 0;
    return count;
}

static int
hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

/* "\uXXXX" at `at`: its code unit, or -1. */
static int32_t
code_unit(const char *at, const char *end)
{
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    int32_t unit = 0;
    for (size_t i = 2; i < 6; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool is_high_surrogate(int32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
static bool is_low_surrogate(int32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

/* How many bytes the escape at `at` has; 0: it is none. A surrogate counts only in its pair. */
static size_t
escape_bytes(const char *at, const char *end)
{
    if (end - at < 2)
        return 0;
    if (at[1] != 'u')
        return strchr("\"\\/bfnrt", at[1]) && at[1] ? 2 : 0;
    int32_t unit = code_unit(at, end);
    if (unit < 0 || is_low_surrogate(unit))
        return 0;
    if (!is_high_surrogate(unit))
        return 6;
    return is_low_surrogate(code_unit(at + 6, end)) ? 12 : 0;
}

static bool
is_plain(char byte)
{
    return (signed char)byte >= 0x20 && byte != '"' && byte != '\\';
}

/* Up to the first that is not plain; eight at a time: less 0x20, or less 1 where it is a quote or a
 * backslash, only a byte that is not plain sets its top bit, but for those behind such a byte, to
 * which it may lend. */
static const char *
skip_plain(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t eight;
        memcpy(&eight, at, sizeof eight);
        eight = le64toh(eight);
        uint64_t others = (eight | (eight - EVERY_BYTE(0x20)) |
                           ((eight ^ EVERY_BYTE('"')) - EVERY_BYTE(1)) |
                           ((eight ^ EVERY_BYTE('\\')) - EVERY_BYTE(1))) & EVERY_BYTE(0x80);
        if (others)
            return at + __builtin_ctzll(others) / 8;
    }
    while (at < end && is_plain(*at))
        at++;
    return at;
}

/* Past what is not a plain ASCII character. */
static bool
scan_special(struct scan *scan, struct span *out)
{
    size_t count;
    if (*scan->at == '\\') {
        out->is_escaped = true;
        count = escape_bytes(scan->at, scan->end);
        if (!count)
            return stop(scan, "an escape (\\\" \\\\ \\/ \\b \\f \\n"
                        " \\r \\t \\uXXXX, surrogates in pairs)");
    } else if ((unsigned char)*scan->at < 0x20) {
        return stop(scan, "no control character in a string, unless escaped");
    } else {
        count = utf8_character(scan->at, scan->end);
        if (!count)
            return stop(scan, "UTF-8");
    }
    scan->at += count;
    return true;
}

bool
scan_string(struct scan *scan, struct span *out)
{
    if (!scan_is_at(scan, '"'))
        return stop(scan, "a string");
    scan->at++;
    *out = (struct span){ .bytes = scan->at };
    for (;;) {
        scan->at = skip_plain(scan->at, scan->end);
        if (scan->at >= scan->end)
            return stop(scan, "the rest of a string");
        if (*scan->at == '"')
            break;
        if (!scan_special(scan, out))
            return false;
    }
    out->count = (size_t)(scan->at - out->bytes);
    scan->at++;
    return true;
}

static bool
scan_digits(struct scan *scan)
{
    if (!is_digit(scan))
        return stop(scan, "a digit");
    while (is_digit(scan))
        scan->at++;
    return true;
}

bool
scan_number(struct scan *scan, struct span *out, bool *is_integer)
{
    *out        = (struct span){ .bytes = scan->at };
    *is_integer = true;
    if (scan_is_at(scan, '-'))
        scan->at++;
    if (scan_is_at(scan, '0'))
        scan->at++;
    else if (!scan_digits(scan))
        return false;
    if (scan_is_at(scan, '.')) {
        *is_integer = false;
        scan->at++;
        if (!scan_digits(scan))
            return false;
    }
    if (scan_is_at(scan, 'e') || scan_is_at(scan, 'E')) {
        *is_integer = false;
        scan->at++;
        if (scan_is_at(scan, '+') || scan_is_at(scan, '-'))
            scan->at++;
        if (!scan_digits(scan))
            return false;
    }
    out->count = (size_t)(scan->at - out->bytes);
    return true;
}

bool
scan_name(struct scan *scan, struct span *out)
{
    if (!scan_is_at(scan, '"'))
        return stop(scan, "a member's name in double quotes");
    if (!scan_string(scan, out))
        return false;
    scan_space(scan);
    if (!scan_is_at(scan, ':'))
        return stop(scan, "':'");
    scan->at++;
    scan_space(scan);
    return true;
}

bool
scan_end(struct scan *scan)
{
    scan_space(scan);
    return scan->at == scan->end || stop(scan, "nothing after the value");
}

static bool
scan_items(struct scan *scan, char close, unsigned depth_left)
{
    if (depth_left == 0)
        return stop(scan, "no deeper nesting");
    scan->at++;
    for (bool is_first = true;; is_first = false) {
        struct span    name;
        enum scan_next next = scan_next(scan, close, is_first);
        if (next != SCAN_ITEM)
            return next == SCAN_CLOSED;
        if (close == '}' && !scan_name(scan, &name))
            return false;
        if (!scan_value(scan, depth_left - 1))
            return false;
    }
}

bool
scan_value(struct scan *scan, unsigned depth_left)
{
    struct span span;
    bool        is_integer;

    if (scan->at >= scan->end)
        return stop(scan, "a value");
    switch (*scan->at) {
    case '{':
        return scan_items(scan, '}', depth_left);
    case '[':
        return scan_items(scan, ']', depth_left);
    case '"':
        return scan_string(scan, &span);
    case 't':
        return scan_literal(scan, "true");
    case 'f':
        return scan_literal(scan, "false");
    case 'n':
        return scan_literal(scan, "null");
    default:
        if (*scan->at != '-' && !is_digit(scan))
            return stop(scan, "a value");
        return scan_number(scan, &span, &is_integer);
    }
}

static size_t
put_character(int32_t character, char *out)
{
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        out[0] = (char)(0xC0 | character >> 6);
        out[1] = (char)(0x80 | (character & 0x3F));
        return 2;
    }
    if (character < 0x10000) {
        out[0] = (char)(0xE0 | character >> 12);
        out[1] = (char)(0x80 | (character >> 6 & 0x3F));
        out[2] = (char)(0x80 | (character & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | character >> 18);
    out[1] = (char)(0x80 | (character >> 12 & 0x3F));
    out[2] = (char)(0x80 | (character >> 6 & 0x3F));
    out[3] = (char)(0x80 | (character & 0x3F));
    return 4;
}

static int32_t
escaped_character(const char *at, const char *end)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (at[1] != 'u')
        return meanings[strchr(letters, at[1]) - letters];
    int32_t unit = code_unit(at, end);
    if (!is_high_surrogate(unit))
        return unit;
    return 0x10000 + ((unit - 0xD800) << 10) + (code_unit(at + 6, end) - 0xDC00);
}

size_t
span_unescape(struct span span, char *out)
{
    const char *at    = span.bytes;
    const char *end   = span.bytes + span.count;
    size_t      count = 0;

    while (at < end) {
        if (*at != '\\') {
            out[count++] = *at++;
            continue;
        }
        count += put_character(escaped_character(at, end), out + count);
        at    += escape_bytes(at, end);
    }
    return count;
}
