/* The step: a product over a product, rounded once; and products compared. */
#include <assert.h>

#include "record/decimal.h"
#include "record/limbs.h"

/* A divisor of two limbs with its top bit set, and 2^64 less than floor((2^192 - 1) / d): algorithm
 * 6 of the paper that limbs.h names. */
struct divisor { uint128 normal; uint64_t reciprocal; };

static inline struct divisor
divisor_of(uint128 normal)
{
    uint64_t d1 = (uint64_t)(normal >> 64);
    uint64_t d0 = (uint64_t)normal;
    uint64_t v = (uint64_t)(((uint128)~d1 << 64 | UINT64_MAX) / d1);
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

/* (high : low) / d for high < d: algorithm 5. */
static inline uint64_t
divide_limb(uint128 high, uint64_t low, struct divisor divisor, uint128 *rest)
{
    uint64_t d1 = (uint64_t)(divisor.normal >> 64);
    uint64_t d0 = (uint64_t)divisor.normal;
    uint128 estimate = (uint128)divisor.reciprocal * (uint64_t)(high >> 64) + high;
    uint64_t quotient = (uint64_t)(estimate >> 64);
    uint64_t top = (uint64_t)high - quotient * d1;
    uint128 remainder = ((uint128)top << 64 | low) - (uint128)d0 * quotient - divisor.normal;

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

/* numerator / denominator for numerator.high < denominator: the quotient has at most 128 bits. */
static inline struct quotient
divide(struct uint256 numerator, uint128 denominator)
{
    int shift = leading_zeros(denominator);
    struct divisor divisor = divisor_of(denominator << shift);
    uint128 carried = shift == 0 ? 0 : numerator.low >> (128 - shift);
    uint128 high = numerator.high << shift | carried;
    uint128 low = numerator.low << shift;
    uint128 rest;
    uint64_t first = divide_limb(high, (uint64_t)(low >> 64), divisor, &rest);
    uint64_t second = divide_limb(rest, (uint64_t)low, divisor, &rest);

    return (struct quotient){ (uint128)first << 64 | second, rest >> shift };
}

/* x + tail is divided by d, and cut. */
static inline void
divide_into(struct uint256 *x, enum tail *tail, uint128 d)
{
    assert(d > 0);
    uint128 first = x->high < d ? 0 : x->high / d;
    struct quotient quotient = divide((struct uint256){ x->high - first * d, x->low }, d);

    *x = (struct uint256){ first, quotient.whole };
    *tail = tail_of(quotient.rest, d, *tail);
}

/* The power of 1e18 that is missing: a product of n numbers is 1e18^n times too large. */
static inline int
scale_of(struct decimals factors, struct decimals divisors)
{
    return 1 + (int)divisors.count - (int)factors.count;
}

/* The magnitude of factors / divisors in units, divisor after divisor. False: the product is wider
 * than 256 bits or the quotient than 128. */
static inline __attribute__((always_inline)) bool
scale_quickly(struct decimals factors, struct decimals divisors, uint128 *units, enum tail *tail)
{
    struct uint256 x = { 0, magnitude(factors.items[0].units) };
    int scale = scale_of(factors, divisors);

    *tail = TAIL_NONE;
    for (size_t i = 1; i < factors.count; i++)
        if (!multiply_into(&x, magnitude(factors.items[i].units)))
            return false;
    for (; scale > 0; scale--)
        if (!multiply_into(&x, ONE_UNITS))
            return false;
    for (size_t i = 0; i < divisors.count; i++)
        divide_into(&x, tail, magnitude(divisors.items[i].units));
    for (; scale < 0; scale++)
        divide_by_one_into(&x, tail);
    *units = x.low;
    return x.high == 0;
}

/* What both ways check, and the sign. False: a divisor is 0. */
static inline __attribute__((always_inline)) bool
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
    int scale = scale_of(factors, divisors);
    struct natural numerator;
    struct natural denominator;
    struct natural multiple;
    bool negative;

    assert(unit.units > 0);
    if (!begin_step(factors, divisors, &negative))
        return false;
    numerator = natural_product(factors);
    denominator = natural_product(divisors);
    for (; scale > 0; scale--)
        natural_multiply(&numerator, ONE_UNITS);
    for (; scale < 0; scale++)
        natural_multiply(&denominator, ONE_UNITS);
    natural_multiply(&denominator, magnitude(unit.units));
    natural_divide(negative, &numerator, &denominator, rounding, &multiple);
    return natural_times_unit(negative, &multiple, unit, out);
}

static inline __attribute__((always_inline)) bool
step_quickly(struct decimals factors, struct decimals divisors, enum rounding rounding,
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

/* The commonest shape by a copy of its own, in which the compiler knows the counts. */
bool
decimal_step(struct decimals factors, struct decimals divisors, enum rounding rounding,
             struct decimal unit, struct decimal *out)
{
    if (factors.count == 2 && divisors.count == 0)
        return step_quickly((struct decimals){ factors.items, 2 }, NOTHING, rounding, unit, out);
    return step_quickly(factors, divisors, rounding, unit, out);
}

static int
compare_uint256(struct uint256 a, struct uint256 b)
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

    assert(!decimal_is_none(a));
    assert(!decimal_is_none(b));
    assert(!decimal_is_none(c));
    assert(!decimal_is_none(d));
    if (left_sign != right_sign)
        return left_sign > right_sign ? 1 : -1;
    return left_sign * compare_uint256(multiply(magnitude(a.units), magnitude(b.units)),
                                     multiply(magnitude(c.units), magnitude(d.units)));
}
