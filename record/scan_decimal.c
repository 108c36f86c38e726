/* Decimals as books are full of them: a string of few digits. Eight digits are read at
 * a time, from wherever they end. */
#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "record/scan.h"

enum {
    CHUNK          = 8,
    /* a quote, '-', 7 digits and a point, then three chunks: nothing is read past these */
    BYTES_READ_MAX = 40
};

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

bool
scan_decimal(struct scan *scan, struct decimal *out)
{
    const char *at       = scan->at + 1;
    uint64_t    fraction = 0;
    uint64_t    whole;
    unsigned    count;

    if (scan->end - scan->at < BYTES_READ_MAX || *scan->at != '"')
        return false;
    bool        is_negative = *at == '-';
    const char *first       = at += is_negative;
    if (!read_digits(&at, &whole, &count) || (*first == '0' && count > 1))
        return false;
    if (*at == '.') {
        at++;
        if (!read_digits(&at, &fraction, &count) && !read_long_fraction(&at, &fraction, &count))
            return false;
        fraction *= powers_of_ten[DECIMAL_PLACES - count];
    }
    if (*at != '"')
        return false;
    int128 units = (int128)whole * DECIMAL_ONE_UNITS + fraction;
    out->units   = is_negative ? -units : units;
    scan->at     = at + 1;
    return true;
}
