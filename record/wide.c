/* Sums of products in 256 bits signed, units of 1e-36, and their quotient rounded once. */
#include <assert.h>

#include "record/decimal.h"
#include "record/limbs.h"

enum { WIDE_LIMBS = 4 };

const struct wide wide_zero = { { 0, 0, 0, 0 } };

static bool
is_negative(struct wide a)
{
    return a.limbs[WIDE_LIMBS - 1] >> 63;
}

/* Modulo 2^256; -2^255 negates to itself, which read as a natural is its magnitude. */
static struct wide
negate(struct wide a)
{
    uint64_t carry = 1;

    for (int i = 0; i < WIDE_LIMBS; i++) {
        a.limbs[i] = ~a.limbs[i] + carry;
        carry &= a.limbs[i] == 0;
    }
    return a;
}

static struct natural
wide_magnitude(struct wide a)
{
    struct wide positive = is_negative(a) ? negate(a) : a;
    struct natural natural = { .count = WIDE_LIMBS };

    for (int i = 0; i < WIDE_LIMBS; i++)
        natural.limbs[i] = positive.limbs[i];
    while (natural.count > 0 && natural.limbs[natural.count - 1] == 0)
        natural.count--;
    return natural;
}

static bool
wide_of(bool negative, const struct natural *natural, struct wide *out)
{
    *out = wide_zero;
    if (natural->count > WIDE_LIMBS)
        return false;
    for (mp_size_t i = 0; i < natural->count; i++)
        out->limbs[i] = natural->limbs[i];
    if (negative)
        *out = negate(*out);
    /* A set top bit is right for a negative number only, and 0 has no sign. */
    return natural->count == 0 || is_negative(*out) == negative;
}

int
wide_sign(struct wide a)
{
    if (is_negative(a))
        return -1;
    return (a.limbs[0] | a.limbs[1] | a.limbs[2] | a.limbs[3]) != 0;
}

bool
wide_add(struct wide *sum, struct wide addend)
{
    struct wide result;
    uint128 carry = 0;

    for (int i = 0; i < WIDE_LIMBS; i++) {
        carry += (uint128)sum->limbs[i] + addend.limbs[i];
        result.limbs[i] = (uint64_t)carry;
        carry >>= 64;
    }
    /* Two of one sign cannot add to the other. */
    if (is_negative(*sum) == is_negative(addend) && is_negative(result) != is_negative(addend))
        return false;
    *sum = result;
    return true;
}

/* sum += +-(a * b): below 2^254, so a sign bit is free. */
static bool
add_signed_product(struct wide *sum, bool negative, struct decimal a, struct decimal b)
{
    struct uint256 product = multiply(magnitude(a.units), magnitude(b.units));
    struct wide addend = { { (uint64_t)product.low, (uint64_t)(product.low >> 64),
                             (uint64_t)product.high, (uint64_t)(product.high >> 64) } };

    assert(!decimal_is_none(a));
    assert(!decimal_is_none(b));
    if (negative ^ (a.units < 0) ^ (b.units < 0))
        addend = negate(addend);
    return wide_add(sum, addend);
}

bool
wide_add_product(struct wide *sum, struct decimal a, struct decimal b)
{
    return add_signed_product(sum, false, a, b);
}

bool
wide_subtract_product(struct wide *sum, struct decimal a, struct decimal b)
{
    return add_signed_product(sum, true, a, b);
}

bool
wide_add_decimal(struct wide *sum, struct decimal addend)
{
    return add_signed_product(sum, false, addend, decimal_one);
}

/* a * p * q has 72 decimals, b has 36: the quotient of whole numbers of at
 * most 510 bits over 256 has 36. */
bool
wide_add_quotient(struct wide *sum, struct wide a, struct decimal p, struct decimal q,
                  struct wide b, enum rounding rounding)
{
    bool negative = is_negative(a) ^ (p.units < 0) ^ (q.units < 0) ^ is_negative(b);
    struct natural numerator = wide_magnitude(a);
    struct natural denominator = wide_magnitude(b);
    struct natural quotient;
    struct wide addend;

    assert(!decimal_is_none(p));
    assert(!decimal_is_none(q));
    if (denominator.count == 0)
        return false;
    natural_multiply(&numerator, magnitude(p.units));
    natural_multiply(&numerator, magnitude(q.units));
    natural_divide(negative, &numerator, &denominator, rounding, &quotient);
    return wide_of(negative, &quotient, &addend) && wide_add(sum, addend);
}

/* Both have 54 decimals and at most 382 bits. */
int
wide_compare_products(struct wide a, struct decimal p, struct wide b, struct decimal q)
{
    int left_sign = wide_sign(a) * decimal_sign(p);
    int right_sign = wide_sign(b) * decimal_sign(q);
    struct natural left = wide_magnitude(a);
    struct natural right = wide_magnitude(b);
    int order;

    assert(!decimal_is_none(p));
    assert(!decimal_is_none(q));
    if (left_sign != right_sign)
        return left_sign > right_sign ? 1 : -1;
    natural_multiply(&left, magnitude(p.units));
    natural_multiply(&right, magnitude(q.units));
    order = natural_compare(&left, &right) * left_sign;
    return (order > 0) - (order < 0);
}

/* In multiples of the unit: a * 1e18 / (b * unit), 316 bits over 383. */
bool
wide_divide(struct wide a, struct wide b, enum rounding rounding, struct decimal unit,
            struct decimal *out)
{
    bool negative = is_negative(a) != is_negative(b);
    struct natural numerator = wide_magnitude(a);
    struct natural denominator = wide_magnitude(b);
    struct natural multiple;

    assert(unit.units > 0);
    if (denominator.count == 0)
        return false;
    natural_multiply(&numerator, ONE_UNITS);
    natural_multiply(&denominator, magnitude(unit.units));
    natural_divide(negative, &numerator, &denominator, rounding, &multiple);
    return natural_times_unit(negative, &multiple, unit, out);
}
