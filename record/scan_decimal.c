/* Decimals as books are full of them: a string of few digits. Eight digits are read at a time, from wherever they end. */
#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "record/scan.h"

enum {
    CHUNK           = 8,
    FRACTION_CHUNKS = 3,
    BYTES_READ_MAX  = 40      /* '-', 7 digits and a point, then three chunks: nothing is read past these */
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

/* How many of the 8 bytes at `at` are digits, from the first on. Less 0x30, digits are 0 to 9; 0x76 lifts 10 to 127 to the
 * top bit, which 128 to 255 have already. A carry only reaches bytes behind the first that is no digit. */
static inline unsigned
count_digits(uint64_t chunk)
{
    uint64_t values = chunk ^ every_byte('0');
    uint64_t others = ((values + every_byte(0x76)) | values) & every_byte(0x80);
    return others ? (unsigned)__builtin_ctzll(others) / 8 : CHUNK;
}

/* The number that the first `count` bytes spell, 1 to 8 digits: neighbours are joined to pairs, to fours, to eight. Shifted
 * up, the digits have zeros before them. */
static inline uint64_t
join_digits(uint64_t chunk, unsigned count)
{
    uint64_t digits = chunk << (64 - 8 * count) & every_byte(0x0F);
    uint64_t pairs  = (digits * 10 + (digits >> 8)) & UINT64_C(0x00FF00FF00FF00FF);
    uint64_t fours  = (pairs * 100 + (pairs >> 16)) & UINT64_C(0x0000FFFF0000FFFF);
    return (fours * 10000 + (fours >> 32)) & UINT32_MAX;
}

static inline uint64_t
load_chunk(const char *at)
{
    uint64_t chunk;
    memcpy(&chunk, at, sizeof chunk);
    return le64toh(chunk);
}

/* Past the digits behind the point; false: there are none, or more than DECIMAL_PLACES. */
static inline bool
read_fraction(const char **at, uint64_t *fraction_units)
{
    uint64_t fraction = 0;
    unsigned places   = 0;
    unsigned count    = CHUNK;

    for (int i = 0; i < FRACTION_CHUNKS && count == CHUNK; i++) {
        uint64_t chunk = load_chunk(*at);
        count          = count_digits(chunk);
        places        += count;
        if (count == 0 || places > DECIMAL_PLACES)
            break;
        fraction = fraction * powers_of_ten[count] + join_digits(chunk, count);
        *at     += count;
    }
    if (places == 0 || places > DECIMAL_PLACES)
        return false;
    *fraction_units = fraction * powers_of_ten[DECIMAL_PLACES - places];
    return true;
}

bool
scan_decimal(struct scan *scan, struct decimal *out)
{
    const char *at       = scan->at + 1;
    uint64_t    fraction = 0;

    if (scan->end - scan->at < BYTES_READ_MAX || *scan->at != '"')
        return false;
    bool is_negative = *at == '-';
    at += is_negative;
    uint64_t chunk = load_chunk(at);
    unsigned count = count_digits(chunk);
    if (count == 0 || count == CHUNK || (*at == '0' && count > 1))
        return false;
    at += count;
    if (*at == '.') {
        at++;
        if (!read_fraction(&at, &fraction))
            return false;
    }
    if (*at != '"')
        return false;
    int128 units = (int128)join_digits(chunk, count) * DECIMAL_ONE_UNITS + fraction;
    out->units   = is_negative ? -units : units;
    scan->at     = at + 1;
    return true;
}
