/* JSON bytes to tokens: the grammar of RFC 8259, in UTF-8, and nothing that RFC 3629 would not
 * call UTF-8. Nothing is copied. */
#ifndef RECORD_SCAN_H
#define RECORD_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "record/decimal.h"

struct scan {
    const char *start, *at, *end;
    /* what should have stood `at` the byte where a scan_ function returned false */
    const char *wanted;
};

/* Bytes of the text: a number, or a string without its quotes. */
struct span {
    const char *bytes;
    size_t      count;
    bool        is_escaped;           /* holds backslashes: span_unescape it */
};

enum scan_next { SCAN_ITEM, SCAN_CLOSED, SCAN_BAD };

static inline void
scan_space(struct scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

static inline bool
scan_is_at(const struct scan *scan, char byte)
{
    return scan->at < scan->end && *scan->at == byte;
}

bool scan_literal(struct scan *scan, const char *literal);
bool scan_string(struct scan *scan, struct span *out);                 /* at its opening quote */
bool scan_number(struct scan *scan, struct span *out, bool *is_integer);
/* a member's name, the colon, up to its value */
bool scan_name(struct scan *scan, struct span *out);
bool scan_end(struct scan *scan);   /* nothing but space is left */

/* A decimal in its commonest spelling: a string of fewer than 8 digits before the point, none of it
 * escaped, well before the text's end. False: it is spelled in another way, or wrong, and nothing
 * is moved; scan_string and decimal_parse tell. */
bool scan_decimal(struct scan *scan, struct decimal *out);

/* Arrays of `columns` such decimals, without a sign, one after the other with commas between them,
 * as the rows of a book are; a space may follow a comma. */
enum { ROW_VALUES_MAX = 3, ROW_BYTES_MAX = 160 };
struct rows {
    struct decimal *values;           /* of `count` rows so far; room for `max` */
    size_t          count, max;
    /* the rows as RFC 8785 and decimal_format have them, without zeros that end a fraction; no
     * row is begun where there is no room for ROW_BYTES_MAX and its comma */
    char           *spelled;
    size_t          spelled_bytes, spelled_room;
};

/* From an opening bracket past as many rows as are spelled so and find room. What follows is another
 * row, the list's end, or something wrong: for others to tell. */
void scan_rows(struct scan *scan, size_t columns, struct rows *rows);

/* Inside an array (`close` is ']') or an object ('}'), after its opening bracket or an item: on to
 * the next item, or past the bracket. */
static inline enum scan_next
scan_next(struct scan *scan, char close, bool is_first)
{
    scan_space(scan);
    if (scan_is_at(scan, close)) {
        scan->at++;
        return SCAN_CLOSED;
    }
    if (is_first)
        return SCAN_ITEM;
    if (!scan_is_at(scan, ',')) {
        scan->wanted = close == ']' ? "',' or ']'" : "',' or '}'";
        return SCAN_BAD;
    }
    scan->at++;
    scan_space(scan);
    return SCAN_ITEM;
}

/* Past one value of any kind, which may open `depth_left` arrays and objects in one another. */
bool scan_value(struct scan *scan, unsigned depth_left);

/* The characters of a string that scan_string took; `out` has room for span.count
 * bytes. Returns how many they are. */
size_t span_unescape(struct span span, char *out);

/* How many bytes the character at `at` has (1 to 4); 0: it is not UTF-8. */
size_t utf8_character(const char *at, const char *end);

#endif
