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

/* A whole number and how many digits it has; 0: none, or more than were looked for. */
struct digits { uint64_t number; unsigned count; };

/* 1 to 7 of them. */
static inline struct digits
read_digits(const char *at)
{
    uint64_t chunk  = load_chunk(at);
    uint64_t others = find_others(chunk);
    unsigned bit    = others ? (unsigned)__builtin_ctzll(others) : 7;   /* 8 * count + 7 */

    return (struct digits){ bit == 7 ? 0 : join_digits(chunk << (71 - bit)), bit / 8 };
}

/* 8 to 18 digits up to a closing quote. */
static struct digits
read_long_fraction(const char *at)
{
    struct digits fraction = { 0, 0 };

    while (!find_others(load_chunk(at)) && fraction.count < 2 * CHUNK) {
        fraction.number = fraction.number * powers_of_ten[CHUNK] + join_digits(load_chunk(at));
        fraction.count += CHUNK;
        at             += CHUNK;
    }
    if (*at == '"')
        return fraction;
    struct digits last = read_digits(at);
    if (last.count == 0 || fraction.count + last.count > DECIMAL_PLACES)
        return (struct digits){ 0, 0 };
    return (struct digits){ fraction.number * powers_of_ten[last.count] + last.number,
                            fraction.count + last.count };
}

/* A decimal without its sign, up to its closing quote (`end`; NULL: it is spelled in another way);
 * `fraction` in units of 1e-18, spelled by `places` digits. */
struct reading { uint128 units; uint64_t fraction; unsigned places; const char *end; };

static inline struct reading
read_decimal(const char *at)
{
    struct digits  whole   = read_digits(at);
    struct digits  digits  = { 0, 0 };
    const char    *end     = at + whole.count;
    struct reading reading = { .end = NULL };

    if (whole.count == 0 || (*at == '0' && whole.count > 1))
        return reading;
    if (*end == '.') {
        digits = read_digits(++end);
        if (digits.count == 0 || end[digits.count] != '"')
            digits = read_long_fraction(end);
        if (digits.count == 0)
            return reading;
        end += digits.count;
    }
    if (*end != '"')
        return reading;
    reading.fraction = digits.number * powers_of_ten[DECIMAL_PLACES - digits.count];
    reading.units    = (uint128)whole.number * (uint64_t)DECIMAL_ONE_UNITS + reading.fraction;
    reading.places   = digits.count;
    reading.end      = end;
    return reading;
}

bool
scan_decimal(struct scan *scan, struct decimal *out)
{
    if (scan->end - scan->at < BYTES_READ_MAX || *scan->at != '"')
        return false;
    bool           is_negative = scan->at[1] == '-';
    struct reading reading     = read_decimal(scan->at + 1 + is_negative);
    if (!reading.end)
        return false;
    out->units = is_negative ? -(int128)reading.units : (int128)reading.units;
    scan->at   = reading.end + 1;
    return true;
}

/* Its end without the zeros that end its fraction, nor the point where nothing else follows it. */
static inline const char *
end_of_spelling(struct reading reading)
{
    const char *end = reading.end;

    if (reading.fraction == 0)
        return end - reading.places - (reading.places > 0);
    if (reading.places >= CHUNK) {
        while (end[-1] == '0')
            end--;
        return end;
    }
    uint64_t digits = (load_chunk(end - reading.places) & every_byte(0x0F))
                      << 8 * (CHUNK - reading.places);
    return end - __builtin_clzll(digits) / 8;
}

/* Past one row, with ROW_BYTES_MAX to read and as many to write; false: it is no such row. */
static inline bool
read_row(const char **in, size_t columns, struct decimal *values, char **spelled)
{
    const char *at  = *in;
    char       *out = *spelled;

    for (size_t i = 0; i < columns; i++) {
        char before = i == 0 ? '[' : ',';
        if (*at++ != before)
            return false;
        at += *at == ' ';
        const char *quote = at++;
        if (*quote != '"')
            return false;
        struct reading reading = read_decimal(at);
        if (!reading.end)
            return false;
        values[i].units = (int128)reading.units;
        *out++ = before;
        memcpy(out, quote, VALUE_BYTES_MAX);       /* more than it has: the rest is written over */
        out   += end_of_spelling(reading) - quote;
        *out++ = '"';
        at     = reading.end + 1;
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
