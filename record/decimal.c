/* Decimals: their text and their sums. */
#include "record/decimal.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "record/limbs.h"

enum {
    CHUNK = 8,                              /* digits that are read at once, in one word */
    WHOLE_DIGITS_MAX = 21
};

#define EVERY_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))
#define WHOLE_MAX        ((uint128)DECIMAL_MAX_UNITS / ONE_UNITS)
#define TEN_TO_16        UINT64_C(10000000000000000)

const struct decimal decimal_zero = DECIMAL_OF(0);
const struct decimal decimal_one  = DECIMAL_OF(1);
const struct decimal decimal_unit = DECIMAL_UNITS_OF(1);

static const uint64_t powers_of_ten[DECIMAL_PLACES + 1] = {
    UINT64_C(1), UINT64_C(10), UINT64_C(100), UINT64_C(1000), UINT64_C(10000), UINT64_C(100000),
    UINT64_C(1000000), UINT64_C(10000000), UINT64_C(100000000), UINT64_C(1000000000),
    UINT64_C(10000000000), UINT64_C(100000000000), UINT64_C(1000000000000),
    UINT64_C(10000000000000), UINT64_C(100000000000000), UINT64_C(1000000000000000),
    UINT64_C(10000000000000000), UINT64_C(100000000000000000), UINT64_C(1000000000000000000),
};

/* Text not yet read. */
struct cursor { const char *next, *end; };

static inline bool
at_digit(const struct cursor *cursor)
{
    return cursor->next < cursor->end && *cursor->next >= '0' && *cursor->next <= '9';
}

/* The next 8 bytes, the first lowest; where fewer are left, zeros follow them. Two loads that
 * overlap reach 4 to 7 bytes, or 2 and 3, without a byte read past the end. */
static inline uint64_t
load_chunk(const struct cursor *cursor)
{
    size_t left = (size_t)(cursor->end - cursor->next);
    uint64_t eight;
    uint32_t four[2];
    uint16_t two[2];

    if (left >= 8) {
        memcpy(&eight, cursor->next, 8);
        return le64toh(eight);
    }
    if (left >= 4) {
        memcpy(&four[0], cursor->next, 4);
        memcpy(&four[1], cursor->end - 4, 4);
        return le32toh(four[0]) | (uint64_t)le32toh(four[1]) << 8 * (left - 4);
    }
    if (left >= 2) {
        memcpy(&two[0], cursor->next, 2);
        memcpy(&two[1], cursor->end - 2, 2);
        return le16toh(two[0]) | (uint64_t)le16toh(two[1]) << 8 * (left - 2);
    }
    return left == 1 ? (unsigned char)*cursor->next : 0;
}

/* The top bit of each byte that is no digit. Without their 0x30, digits are 0 to 9; to anything
 * from 10 to 127, 0x76 adds the top bit, and from 128 on it is there. A carry harms only what
 * stands behind the first such byte. */
static inline uint64_t
find_others(uint64_t chunk)
{
    uint64_t values = chunk ^ EVERY_BYTE('0');

    return ((values + EVERY_BYTE(0x76)) | values) & EVERY_BYTE(0x80);
}

/* The number that 8 digits spell, or fewer behind bytes of 0: neighbours are joined to pairs,
 * pairs to fours, fours to eight. */
static inline uint64_t
number_of(uint64_t chunk)
{
    uint64_t digits = chunk & EVERY_BYTE(0x0f);

    digits = digits * (1 + (UINT64_C(10) << 8)) >> 8;
    digits = (digits & UINT64_C(0x00ff00ff00ff00ff)) * (1 + (UINT64_C(100) << 16)) >> 16;
    return (digits & UINT64_C(0x0000ffff0000ffff)) * (1 + (UINT64_C(10000) << 32)) >> 32;
}

/* As many digits as there are, at most 18; returns how many. */
static inline int
read_digits(struct cursor *cursor, uint64_t *number)
{
    uint64_t chunk = load_chunk(cursor);
    uint64_t others = find_others(chunk);
    int total = 0;
    int count;

    *number = 0;
    while (others == 0 && total < 2 * CHUNK) {
        *number = *number * powers_of_ten[CHUNK] + number_of(chunk);
        cursor->next += CHUNK;
        total += CHUNK;
        chunk = load_chunk(cursor);
        others = find_others(chunk);
    }
    count = others == 0 ? CHUNK : __builtin_ctzll(others) / 8;
    if (count > DECIMAL_PLACES - total)
        count = DECIMAL_PLACES - total;
    assert(count <= CHUNK);
    if (count > 0)
        *number = *number * powers_of_ten[count] + number_of(chunk << 8 * (CHUNK - count));
    cursor->next += count;
    return total + count;
}

static void
skip_digits(struct cursor *cursor)
{
    while (at_digit(cursor))
        cursor->next++;
}

/* The digits of a whole number past its first 18; one that has too many is left too large. */
static uint128
read_long_whole(struct cursor *cursor, uint64_t first)
{
    uint128 whole = first;

    for (int count = DECIMAL_PLACES; count <= WHOLE_DIGITS_MAX && at_digit(cursor); count++) {
        uint64_t digit = (uint64_t)(*cursor->next++ - '0');

        whole = whole * 10 + digit;
    }
    skip_digits(cursor);
    return whole;
}

/* What is malformed is named first, then what is too precise, then what overflows. */
enum decimal_fault
decimal_parse(const char *text, size_t bytes, struct decimal *out)
{
    struct cursor cursor = { text, text + bytes };
    bool negative = bytes > 0 && *text == '-';
    const char *start = text + negative;
    bool is_too_precise;
    uint64_t digits;
    uint64_t fraction = 0;
    uint128 whole;
    uint128 units;
    int count;

    cursor.next = start;
    count = read_digits(&cursor, &digits);
    whole = at_digit(&cursor) ? read_long_whole(&cursor, digits) : digits;
    if (count == 0 || (*start == '0' && count > 1))
        return DECIMAL_MALFORMED;
    if (cursor.next < cursor.end && *cursor.next == '.') {
        cursor.next++;
        count = read_digits(&cursor, &fraction);
        if (count == 0)
            return DECIMAL_MALFORMED;
        fraction *= powers_of_ten[DECIMAL_PLACES - count];
    }
    is_too_precise = at_digit(&cursor);
    skip_digits(&cursor);
    if (cursor.next != cursor.end)
        return DECIMAL_MALFORMED;
    if (is_too_precise)
        return DECIMAL_TOO_PRECISE;
    if (whole > WHOLE_MAX)
        return DECIMAL_OVERFLOWS;
    units = whole * ONE_UNITS + fraction;
    if (units > (uint128)DECIMAL_MAX_UNITS)
        return DECIMAL_OVERFLOWS;
    out->units = negative ? -(int128)units : (int128)units;
    return DECIMAL_GOOD;
}

static inline void
write_pair(char *at, uint64_t pair)
{
    at[0] = (char)('0' + pair / 10);
    at[1] = (char)('0' + pair % 10);
}

/* The 8 digits of number < 1e8, each in a byte, the first lowest: fours are parted into pairs,
 * pairs into digits, all at once. 10486 / 2^20 and 103 / 2^10 are 1/100 and 1/10 for so small
 * numbers, and what a product carries into the lane below is masked. */
static inline uint64_t
spell_eight(uint64_t number)
{
    uint64_t fours = number / 10000 | number % 10000 << 32;
    uint64_t hundreds = fours * 10486 >> 20 & UINT64_C(0x0000007f0000007f);
    uint64_t pairs = hundreds | (fours - 100 * hundreds) << 16;
    uint64_t tens = pairs * 103 >> 10 & UINT64_C(0x000f000f000f000f);

    return tens | (pairs - 10 * tens) << 8;
}

static inline void
write_eight(char *at, uint64_t digits)
{
    digits = htole64(digits + EVERY_BYTE('0'));
    memcpy(at, &digits, CHUNK);
}

/* How many of 8 digits stand before the zeros that end them; not all are 0. */
static inline int
places_of(uint64_t digits)
{
    return CHUNK - __builtin_clzll(digits) / 8;
}

/* A whole number of 9 to 21 digits; returns its end. */
static char *
write_long_whole(char *at, uint128 whole)
{
    char digits[3 * CHUNK];
    uint64_t top = (uint64_t)(whole / TEN_TO_16);
    uint64_t rest = (uint64_t)(whole % TEN_TO_16);
    char *start = digits;

    write_eight(digits, spell_eight(top));
    write_eight(digits + CHUNK, spell_eight(rest / powers_of_ten[CHUNK]));
    write_eight(digits + 2 * CHUNK, spell_eight(rest % powers_of_ten[CHUNK]));
    while (*start == '0')
        start++;
    memcpy(at, start, (size_t)(digits + sizeof digits - start));
    return at + (digits + sizeof digits - start);
}

/* A whole number, at most 21 digits; returns its end. The last digit stands, even where it is 0. */
static inline char *
write_whole(char *at, uint128 whole)
{
    uint64_t digits;
    int zeros;

    if (whole >= powers_of_ten[CHUNK])
        return write_long_whole(at, whole);
    digits = spell_eight((uint64_t)whole);
    zeros = __builtin_ctzll(digits | UINT64_C(1) << 56) / 8;
    digits = htole64((digits + EVERY_BYTE('0')) >> 8 * zeros);
    memcpy(at, &digits, CHUNK);
    return at + CHUNK - zeros;
}

/* A point and the digits of fraction > 0, without the zeros that end it; returns its end. */
static inline char *
write_fraction(char *at, uint64_t fraction)
{
    uint64_t first = spell_eight(fraction / powers_of_ten[10]);
    uint64_t rest = fraction % powers_of_ten[10];
    uint64_t last = rest % 100;
    uint64_t next;

    *at++ = '.';
    write_eight(at, first);
    if (rest == 0)
        return at + places_of(first);
    next = spell_eight(rest / 100);
    write_eight(at + CHUNK, next);
    if (last == 0)
        return at + CHUNK + places_of(next);
    write_pair(at + 2 * CHUNK, last);
    return at + DECIMAL_PLACES - (last % 10 == 0);
}

size_t
decimal_format(struct decimal value, char text[static DECIMAL_TEXT_MAX])
{
    struct quotient parts = split_by_one(magnitude(value.units));
    char *at = text;

    assert(!decimal_is_none(value));
    if (value.units < 0)
        *at++ = '-';
    at = write_whole(at, parts.whole);
    if (parts.rest > 0)
        at = write_fraction(at, (uint64_t)parts.rest);
    *at = '\0';
    return (size_t)(at - text);
}

bool
decimal_add(struct decimal a, struct decimal b, struct decimal *out)
{
    int128 sum;

    assert(!decimal_is_none(a));
    assert(!decimal_is_none(b));
    if (__builtin_add_overflow(a.units, b.units, &sum) || sum < -DECIMAL_MAX_UNITS)
        return false;
    out->units = sum;
    return true;
}

bool
decimal_subtract(struct decimal a, struct decimal b, struct decimal *out)
{
    assert(!decimal_is_none(b));
    return decimal_add(a, (struct decimal){ -b.units }, out);
}
