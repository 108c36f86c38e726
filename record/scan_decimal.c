/* Decimals as books are full of them: a string of few digits. Eight digits are read at
 * a time, from wherever they end. */
#include <assert.h>
#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "record/scan.h"

enum {
    CHUNK           = 8,
    /* a quote, '-', 7 digits and a point, then three chunks: nothing is read past these */
    BYTES_READ_MAX  = 40,
    /* a quote, 7 digits, a point, 18 digits and a quote are 28 bytes */
    VALUE_BYTES_MAX = 32,
};

/* Of each value 28 bytes, what stands before it, a space; behind the last what is read too much. */
_Static_assert(ROW_BYTES_MAX >= ROW_VALUES_MAX * 30 + BYTES_READ_MAX, "a row fits");

static const uint64_t powers_of_ten[DECIMAL_PLACES + 1] = {
    UINT64_C(1), UINT64_C(10), UINT64_C(100), UINT64_C(1000), UINT64_C(10000), UINT64_C(100000),
    UINT64_C(1000000), UINT64_C(10000000), UINT64_C(100000000), UINT64_C(1000000000),
    UINT64_C(10000000000), UINT64_C(100000000000), UINT64_C(1000000000000),
    UINT64_C(10000000000000), UINT64_C(100000000000000), UINT64_C(1000000000000000),
    UINT64_C(10000000000000000), UINT64_C(100000000000000000), UINT64_C(1000000000000000000),
};

static inline uint64_t
every_byte(uint64_t byte)
{
    return byte * UINT64_C(0x0101010101010101);
}

/* The top bit of each of 8 bytes that is no digit, true up to the first. Less 0x30, digits are
 * 0 to 9; 0x76 lifts 10 to 127 to the top bit, which 128 to 255 have already. A carry only
 * reaches bytes behind such a byte. */
static inline uint64_t
find_others(uint64_t chunk)
{
    uint64_t values = chunk ^ every_byte('0');
    return ((values + every_byte(0x76)) | values) & every_byte(0x80);
}

/* The number of 8 digits, or of fewer behind bytes that count as 0: neighbours are
 * joined to pairs, to fours, to eight. */
static inline uint64_t
join_digits(uint64_t chunk)
{
    uint64_t digits = chunk & every_byte(0x0F);
    uint64_t pairs  = digits * (10 * 256 + 1) >> 8 & UINT64_C(0x00FF00FF00FF00FF);
    uint64_t fours  = pairs * (100 * 65536 + 1) >> 16 & UINT64_C(0x0000FFFF0000FFFF);
    return fours * (10000 * (UINT64_C(1) << 32) + 1) >> 32;
}

static inline uint64_t
load_chunk(const char *at)
{
    uint64_t chunk;
    memcpy(&chunk, at, sizeof chunk);
    return le64toh(chunk);
}

/* 1 to 7 digits and what follows them; false: another number of digits. */
static inline bool
read_digits(const char **at, uint64_t *number, unsigned *count)
{
    uint64_t chunk  = load_chunk(*at);
    uint64_t others = find_others(chunk);
    unsigned bit    = others ? (unsigned)__builtin_ctzll(others) : 7;   /* 8 * count + 7 */

    if (bit == 7)
        return false;
    *count  = bit / 8;
    *number = join_digits(chunk << (71 - bit));
    *at    += *count;
    return true;
}

/* 8 to 18 digits; false: none, or more. */
static bool
read_long_fraction(const char **at, uint64_t *number, unsigned *places)
{
    unsigned count;

    *number = 0;
    *places = 0;
    while (!find_others(load_chunk(*at)) && *places < 2 * CHUNK) {
        *number  = *number * powers_of_ten[CHUNK] + join_digits(load_chunk(*at));
        *places += CHUNK;
        *at     += CHUNK;
    }
    if (**at != '"') {
        uint64_t last;
        if (!read_digits(at, &last, &count) || *places + count > DECIMAL_PLACES)
            return false;
        *number  = *number * powers_of_ten[count] + last;
        *places += count;
    }
    return *places > 0;
}

/* Past a decimal without a sign, from its first digit to its closing quote; false: it is spelled in
 * another way. `places`: digits of its fraction, all of them; `fraction` is in units of 1e-18. */
static inline bool
read_unsigned(const char **at, uint128 *units, uint64_t *fraction, unsigned *places)
{
    const char *first = *at;
    uint64_t    whole;
    unsigned    count;

    *fraction = 0;
    *places   = 0;
    if (!read_digits(at, &whole, &count) || (*first == '0' && count > 1))
        return false;
    if (**at == '.') {
        ++*at;
        if (!read_digits(at, fraction, places) && !read_long_fraction(at, fraction, places))
            return false;
        *fraction *= powers_of_ten[DECIMAL_PLACES - *places];
    }
    *units = (uint128)whole * (uint64_t)DECIMAL_ONE_UNITS + *fraction;
    return **at == '"';
}

bool
scan_decimal(struct scan *scan, struct decimal *out)
{
    const char *at = scan->at + 1;
    uint128     units;
    uint64_t    fraction;
    unsigned    places;

    if (scan->end - scan->at < BYTES_READ_MAX || *scan->at != '"')
        return false;
    bool is_negative = *at == '-';
    at += is_negative;
    if (!read_unsigned(&at, &units, &fraction, &places))
        return false;
    out->units = is_negative ? -(int128)units : (int128)units;
    scan->at   = at + 1;
    return true;
}

/* Where the digits that end at `end` are a fraction of that many places, or none: before the zeros
 * that end it, and before the point where nothing but zeros follows. */
static inline const char *
end_of_spelling(const char *end, uint64_t fraction, unsigned places)
{
    if (fraction == 0)
        return end - places - (places > 0);
    if (places >= CHUNK) {
        while (end[-1] == '0')
            end--;
        return end;
    }
    uint64_t digits = (load_chunk(end - places) & every_byte(0x0F)) << 8 * (CHUNK - places);
    return end - __builtin_clzll(digits) / 8;
}

/* Past one row, with ROW_BYTES_MAX to read and as many to write; false: it is no such row. */
static inline bool
read_row(const char **in, size_t columns, struct decimal *values, char **spelled)
{
    const char *at  = *in;
    char       *out = *spelled;

    for (size_t i = 0; i < columns; i++) {
        char        before = i == 0 ? '[' : ',';
        uint128     units;
        uint64_t    fraction;
        unsigned    places;
        if (*at++ != before)
            return false;
        at += *at == ' ';
        const char *start = at;
        if (*at++ != '"' || !read_unsigned(&at, &units, &fraction, &places))
            return false;
        values[i].units = (int128)units;
        *out++ = before;
        memcpy(out, start, VALUE_BYTES_MAX);       /* more than it has: the rest is written over */
        out   += end_of_spelling(at, fraction, places) - start;
        *out++ = '"';
        at++;
    }
    if (*at != ']')
        return false;
    *out++   = ']';
    *in      = at + 1;
    *spelled = out;
    return true;
}

/* Rows that begin at `last` or before. */
static const char *
read_rows(const char *at, const char *last, size_t columns, struct rows *rows)
{
    char *spelled      = rows->spelled + rows->spelled_bytes;
    char *spelled_last = rows->spelled + rows->spelled_room - ROW_BYTES_MAX;

    for (const char *next = at; rows->count < rows->max && next <= last && spelled <= spelled_last;
         rows->count++) {
        struct decimal *values = rows->values + rows->count * columns;
        if (rows->count > 0)
            *spelled++ = ',';
        if (!read_row(&next, columns, values, &spelled))
            break;
        rows->spelled_bytes = (size_t)(spelled - rows->spelled);
        at    = next;
        next += *next == ',';
        next += *next == ' ';
    }
    return at;
}

/* The text's end is read from a copy that zeros follow. */
void
scan_rows(struct scan *scan, size_t columns, struct rows *rows)
{
    char   tail[2 * ROW_BYTES_MAX];
    size_t left = (size_t)(scan->end - scan->at);

    assert(columns >= 1);
    assert(columns <= ROW_VALUES_MAX);
    if (left > ROW_BYTES_MAX) {
        scan->at = read_rows(scan->at, scan->end - ROW_BYTES_MAX, columns, rows);
        return;
    }
    memcpy(tail, scan->at, left);
    memset(tail + left, 0, sizeof tail - left);
    scan->at += read_rows(tail, tail + left, columns, rows) - tail;
}
