/* Decimals: their text, their sums, and the step. */
#include "record/decimal.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "record/limbs.h"

enum { WHOLE_DIGITS_MAX = 21 };

#define ONE_UNITS ((uint64_t)DECIMAL_ONE_UNITS)
#define WHOLE_MAX ((uint128)DECIMAL_MAX_UNITS / ONE_UNITS)

const struct decimal decimal_zero = DECIMAL_OF(0);
const struct decimal decimal_one  = DECIMAL_OF(1);
const struct decimal decimal_unit = DECIMAL_UNITS_OF(1);

static const uint64_t powers_of_ten[DECIMAL_PLACES + 1] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
    1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
    1000000000000000000,
};

/* Text not yet read. */
struct cursor { const char *next, *end; };

static bool
at_digit(const struct cursor *cursor)
{
    return cursor->next < cursor->end && *cursor->next >= '0' && *cursor->next <= '9';
}

/* Eight digits at once, each a byte of one word: a byte is a digit if it is 3x in hexadecimal, and still is when 6 is
 * added; then neighbours are joined to pairs, pairs to fours, fours to eight. False: not all of them are digits. */
static bool
read_eight(struct cursor *cursor, uint64_t *number)
{
    uint64_t word;

    if (cursor->end - cursor->next < 8)
        return false;
    memcpy(&word, cursor->next, sizeof word);
    word = le64toh(word);
    if ((word & UINT64_C(0xf0f0f0f0f0f0f0f0)) != UINT64_C(0x3030303030303030) ||
        ((word + UINT64_C(0x0606060606060606)) & UINT64_C(0xf0f0f0f0f0f0f0f0)) != UINT64_C(0x3030303030303030))
        return false;
    word = (word & UINT64_C(0x0f0f0f0f0f0f0f0f)) * (1 + (10 << 8)) >> 8;
    word = (word & UINT64_C(0x00ff00ff00ff00ff)) * (1 + (100 << 16)) >> 16;
    word = (word & UINT64_C(0x0000ffff0000ffff)) * (1 + (UINT64_C(10000) << 32)) >> 32;
    *number = *number * 100000000 + word;
    cursor->next += 8;
    return true;
}

/* As many digits as there are, at most 18; returns how many. */
static int
read_digits(struct cursor *cursor, uint64_t *number)
{
    const char *start = cursor->next;

    *number = 0;
    if (read_eight(cursor, number))
        read_eight(cursor, number);
    while (at_digit(cursor) && cursor->next - start < DECIMAL_PLACES)
        *number = *number * 10 + (uint64_t)(*cursor->next++ - '0');
    return (int)(cursor->next - start);
}

static void
skip_digits(struct cursor *cursor)
{
    while (at_digit(cursor))
        cursor->next++;
}

/* Digits of a whole number past the first 18; what has too many is left too large. */
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
    bool is_too_precise;
    const char *start;
    uint64_t digits;
    uint64_t fraction = 0;
    uint128 whole;
    uint128 units;
    int count;

    cursor.next += negative;
    start = cursor.next;
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

struct quotient { uint128 whole, rest; };

/* 1e18 with its top bit set, and 2^64 less than its reciprocal, floor((2^128 - 1) / d) (Moeller and Granlund, Improved division by
 * invariant integers, 2011). */
enum { ONE_SHIFT = 4 };
#define ONE_NORMAL     (ONE_UNITS << ONE_SHIFT)
#define ONE_RECIPROCAL ((uint64_t)(~(uint128)0 / ONE_NORMAL - ((uint128)1 << 64)))

_Static_assert(ONE_NORMAL >> 63 == 1, "1e18 << 4 has its top bit set");
_Static_assert(ONE_NORMAL >> ONE_SHIFT == ONE_UNITS, "and loses none");

/* (high : low) / ONE_NORMAL for high < ONE_NORMAL: their algorithm 4. */
static inline uint64_t
divide_by_one_normal(uint64_t high, uint64_t low, uint64_t *rest)
{
    uint128 estimate = (uint128)ONE_RECIPROCAL * high + (((uint128)high << 64) | low);
    uint64_t quotient = (uint64_t)(estimate >> 64) + 1;
    uint64_t remainder = low - quotient * ONE_NORMAL;

    if (remainder > (uint64_t)estimate) {
        quotient--;
        remainder += ONE_NORMAL;
    }
    if (__builtin_expect(remainder >= ONE_NORMAL, 0)) {
        quotient++;
        remainder -= ONE_NORMAL;
    }
    *rest = remainder;
    return quotient;
}

/* (high : low) / 1e18 for high < 1e18, high being the multiple of 2^128. */
static inline struct quotient
divide_by_one(uint64_t high, uint128 low)
{
    uint64_t top = high << ONE_SHIFT | (uint64_t)(low >> (128 - ONE_SHIFT));
    uint128 shifted = low << ONE_SHIFT;
    uint64_t rest;
    uint64_t first = divide_by_one_normal(top, (uint64_t)(shifted >> 64), &rest);
    uint64_t second = divide_by_one_normal(rest, (uint64_t)shifted, &rest);

    return (struct quotient){ (uint128)first << 64 | second, rest >> ONE_SHIFT };
}

static const char digit_pairs[] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

static void
write_pair(char *at, uint32_t pair)
{
    memcpy(at, digit_pairs + 2 * (size_t)pair, 2);
}

static void
write_nine(char *at, uint32_t number)
{
    uint32_t high = number / 100000;     /* 4 digits and 5 */
    uint32_t low = number % 100000;

    write_pair(at, high / 100);
    write_pair(at + 2, high % 100);
    at[4] = (char)('0' + low / 10000);
    write_pair(at + 5, low % 10000 / 100);
    write_pair(at + 7, low % 100);
}

static void
write_eighteen(char *at, uint64_t number)
{
    write_nine(at, (uint32_t)(number / 1000000000));
    write_nine(at + 9, (uint32_t)(number % 1000000000));
}

/* A whole number without leading zeros; returns its end. */
static char *
write_whole(char *at, uint128 whole)
{
    char digits[2 * DECIMAL_PLACES];
    struct quotient parts = divide_by_one(0, whole);
    size_t skipped = whole < ONE_UNITS ? DECIMAL_PLACES : DECIMAL_PLACES - 3;

    if (whole < 10) {
        *at = (char)('0' + (int)whole);
        return at + 1;
    }
    if (skipped < DECIMAL_PLACES)
        write_eighteen(digits, (uint64_t)parts.whole);
    write_eighteen(digits + DECIMAL_PLACES, (uint64_t)parts.rest);
    while (digits[skipped] == '0')
        skipped++;
    memcpy(at, digits + skipped, sizeof digits - skipped);
    return at + sizeof digits - skipped;
}

static char *
write_fraction(char *at, uint64_t fraction)
{
    char *end = at + 1 + DECIMAL_PLACES;

    *at = '.';
    write_eighteen(at + 1, fraction);
    while (end[-1] == '0')
        end--;
    return end;
}

size_t
decimal_format(struct decimal value, char text[static DECIMAL_TEXT_MAX])
{
    struct quotient parts = divide_by_one(0, magnitude(value.units));
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

/* 256 bits, unsigned. */
struct pair { uint128 high, low; };

static inline struct pair
multiply(uint128 a, uint128 b)
{
    uint64_t a1 = (uint64_t)(a >> 64);
    uint64_t a0 = (uint64_t)a;
    uint64_t b1 = (uint64_t)(b >> 64);
    uint64_t b0 = (uint64_t)b;
    uint128 low = (uint128)a0 * b0;
    uint128 middle = (uint128)a1 * b0 + (uint64_t)(low >> 64);
    uint128 other = (uint128)a0 * b1 + (uint64_t)middle;

    return (struct pair){ (uint128)a1 * b1 + (uint64_t)(middle >> 64) + (uint64_t)(other >> 64),
                          other << 64 | (uint64_t)low };
}

/* A divisor of two limbs with its top bit set, and 2^64 less than floor((2^192 - 1) / d): their algorithm 6. */
struct divisor { uint128 normal; uint64_t reciprocal; };

static inline struct divisor
divisor_of(uint128 normal)
{
    uint64_t d1 = (uint64_t)(normal >> 64);
    uint64_t d0 = (uint64_t)normal;
    uint64_t v = (uint64_t)(((uint128)~d1 << 64 | ~UINT64_C(0)) / d1);
    uint64_t p = d1 * v + d0;
    uint128 t;

    if (p < d0) {
        v--;
        if (p >= d1) {
            v--;
            p -= d1;
        }
        p -= d1;
    }
    t = (uint128)v * d0;
    p += (uint64_t)(t >> 64);
    if (p < (uint64_t)(t >> 64)) {
        v--;
        if (((uint128)p << 64 | (uint64_t)t) >= normal)
            v--;
    }
    return (struct divisor){ normal, v };
}

/* (high : low) / d for high < d: their algorithm 5. */
static inline uint64_t
divide_limb(uint128 high, uint64_t low, struct divisor divisor, uint128 *rest)
{
    uint64_t d1 = (uint64_t)(divisor.normal >> 64);
    uint64_t d0 = (uint64_t)divisor.normal;
    uint128 estimate = (uint128)divisor.reciprocal * (uint64_t)(high >> 64) + high;
    uint64_t quotient = (uint64_t)(estimate >> 64);
    uint128 remainder = ((uint128)((uint64_t)high - quotient * d1) << 64 | low) - (uint128)d0 * quotient - divisor.normal;

    quotient++;
    if ((uint64_t)(remainder >> 64) >= (uint64_t)estimate) {
        quotient--;
        remainder += divisor.normal;
    }
    if (__builtin_expect(remainder >= divisor.normal, 0)) {
        quotient++;
        remainder -= divisor.normal;
    }
    *rest = remainder;
    return quotient;
}

static inline int
leading_zeros(uint128 x)
{
    uint64_t high = (uint64_t)(x >> 64);

    return high != 0 ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)x);
}

/* numerator / denominator for numerator.high < denominator: the quotient has at most 128 bits. */
static inline struct quotient
divide(struct pair numerator, uint128 denominator)
{
    int shift = leading_zeros(denominator);
    struct divisor divisor = divisor_of(denominator << shift);
    uint128 high = shift == 0 ? numerator.high : numerator.high << shift | numerator.low >> (128 - shift);
    uint128 low = numerator.low << shift;
    uint128 rest;
    uint64_t first = divide_limb(high, (uint64_t)(low >> 64), divisor, &rest);
    uint64_t second = divide_limb(rest, (uint64_t)low, divisor, &rest);

    return (struct quotient){ (uint128)first << 64 | second, rest >> shift };
}

/* The product of magnitudes, if 256 bits hold it for sure. */
static inline bool
multiply_all(struct decimals numbers, struct pair *product)
{
    *product = (struct pair){ 0, numbers.count > 0 ? magnitude(numbers.items[0].units) : 1 };
    for (size_t i = 1; i < numbers.count; i++) {
        if (product->high != 0)
            return false;
        *product = multiply(product->low, magnitude(numbers.items[i].units));
    }
    return true;
}

/* 1e18 to the power of n = 0, 1, 2. */
static inline uint128
power_of_one(int n)
{
    return n == 0 ? 1 : n == 1 ? ONE_UNITS : (uint128)ONE_UNITS * ONE_UNITS;
}

/* The magnitude of factors / divisors in units, cut, with its tail; false: more than 256 bits over 128, or a quotient
 * of more than 128 bits: the general way. */
static inline bool
scale_quickly(struct decimals factors, struct decimals divisors, uint128 *units, enum tail *tail)
{
    int scale = 1 + (int)divisors.count - (int)factors.count;
    struct pair numerator;
    struct pair denominator;
    struct quotient quotient;

    if (!multiply_all(factors, &numerator))
        return false;
    if (scale == -1 && divisors.count == 0) {
        if (numerator.high >= ONE_UNITS)
            return false;
        quotient = divide_by_one((uint64_t)numerator.high, numerator.low);
        *units = quotient.whole;
        *tail = tail_of(quotient.rest, ONE_UNITS, TAIL_NONE);
        return true;
    }
    if (!multiply_all(divisors, &denominator) || denominator.high != 0)
        return false;
    if (scale > 0) {
        if (numerator.high != 0)
            return false;
        numerator = multiply(numerator.low, power_of_one(scale));
    } else {
        denominator = multiply(denominator.low, power_of_one(-scale));
        if (denominator.high != 0)
            return false;
    }
    if (numerator.high >= denominator.low)
        return false;
    quotient = divide(numerator, denominator.low);
    *units = quotient.whole;
    *tail = tail_of(quotient.rest, denominator.low, TAIL_NONE);
    return true;
}

/* What both ways check and share: the sign. False: a divisor is 0. */
static inline bool
begin_step(struct decimals factors, struct decimals divisors, bool *negative)
{
    assert(factors.count >= 1 && factors.count <= 3);
    assert(divisors.count <= 2);
    *negative = false;
    for (size_t i = 0; i < factors.count; i++) {
        assert(!decimal_is_none(factors.items[i]));
        *negative ^= factors.items[i].units < 0;
    }
    for (size_t i = 0; i < divisors.count; i++) {
        assert(!decimal_is_none(divisors.items[i]));
        if (divisors.items[i].units == 0)
            return false;
        *negative ^= divisors.items[i].units < 0;
    }
    return true;
}

static struct natural
natural_product(struct decimals numbers)
{
    struct natural product = natural_of(1);

    for (size_t i = 0; i < numbers.count; i++)
        natural_multiply(&product, magnitude(numbers.items[i].units));
    return product;
}

/* In multiples of the unit: factors * 1e18^scale / (divisors * unit), each of at most 6 limbs. */
bool
decimal_step_general(struct decimals factors, struct decimals divisors, enum rounding rounding,
                     struct decimal unit, struct decimal *out)
{
    int scale = 1 + (int)divisors.count - (int)factors.count;
    struct natural numerator;
    struct natural denominator;
    struct natural multiple;
    bool negative;

    assert(unit.units > 0);
    if (!begin_step(factors, divisors, &negative))
        return false;
    numerator = natural_product(factors);
    denominator = natural_product(divisors);
    natural_multiply(scale > 0 ? &numerator : &denominator, power_of_one(scale > 0 ? scale : -scale));
    natural_multiply(&denominator, magnitude(unit.units));
    natural_divide(negative, &numerator, &denominator, rounding, &multiple);
    return natural_times_unit(negative, &multiple, unit, out);
}

bool
decimal_step(struct decimals factors, struct decimals divisors, enum rounding rounding,
             struct decimal unit, struct decimal *out)
{
    uint128 units;
    enum tail tail;
    bool negative;

    if (!begin_step(factors, divisors, &negative))
        return false;
    if (!scale_quickly(factors, divisors, &units, &tail))
        return decimal_step_general(factors, divisors, rounding, unit, out);
    return round_units(negative, units, tail, rounding, unit, out);
}

static int
compare_pairs(struct pair a, struct pair b)
{
    if (a.high != b.high)
        return a.high > b.high ? 1 : -1;
    return (a.low > b.low) - (a.low < b.low);
}

int
decimal_compare_products(struct decimal a, struct decimal b, struct decimal c, struct decimal d)
{
    int left_sign = decimal_sign(a) * decimal_sign(b);
    int right_sign = decimal_sign(c) * decimal_sign(d);

    assert(!decimal_is_none(a) && !decimal_is_none(b));
    assert(!decimal_is_none(c) && !decimal_is_none(d));
    if (left_sign != right_sign)
        return left_sign > right_sign ? 1 : -1;
    return left_sign * compare_pairs(multiply(magnitude(a.units), magnitude(b.units)),
                                     multiply(magnitude(c.units), magnitude(d.units)));
}
