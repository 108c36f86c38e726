/* The square root of a quotient, and a wide sum times a quotient, each rounded once. */
#include "record/root.h"

#include <assert.h>

#include "record/limbs.h"

enum { WIDE_LIMBS = 4 };

static mp_size_t
significant(const mp_limb_t *limbs, mp_size_t count)
{
    while (count > 0 && limbs[count - 1] == 0)
        count--;
    return count;
}

/* The product of magnitudes times 1e18 to the power of `scale`. */
static struct natural
scaled_product(struct decimals numbers, int scale)
{
    struct natural product = natural_of(1);

    for (size_t i = 0; i < numbers.count; i++) {
        assert(!decimal_is_none(numbers.items[i]));
        natural_multiply(&product, magnitude(numbers.items[i].units));
    }
    for (int i = 0; i < scale; i++)
        natural_multiply(&product, (uint128)DECIMAL_ONE_UNITS);
    return product;
}

/* The root of what the quotient cuts is the cut root: floor(sqrt(floor(x))) = floor(sqrt(x)).
 * False: something was cut. */
static bool
whole_root(const struct natural *numerator, const struct natural *denominator, struct natural *root)
{
    struct natural quotient;
    struct natural raised;
    struct natural rest;

    natural_divide(false, numerator, denominator, ROUND_DOWN, &quotient);
    natural_divide(false, numerator, denominator, ROUND_UP, &raised);
    *root = natural_of(0);
    if (quotient.count > 0) {
        rest.count = mpn_sqrtrem(root->limbs, rest.limbs, quotient.limbs, quotient.count);
        root->count = (quotient.count + 1) / 2;
        if (rest.count > 0)
            return false;
    }
    return natural_compare(&quotient, &raised) == 0;
}

/* sqrt(f * 10^-18m / (d * 10^-18n)) in units of 1e-18 is sqrt(f * 1e18^(2 + n - m) / d). */
bool
decimal_root(struct decimals factors, struct decimals divisors, enum rounding rounding,
             struct decimal *out)
{
    int scale = 2 + (int)divisors.count - (int)factors.count;
    struct natural numerator = scaled_product(factors, scale > 0 ? scale : 0);
    struct natural denominator = scaled_product(divisors, scale < 0 ? -scale : 0);
    struct natural root;
    bool exact;

    assert(factors.count >= 1);
    assert(factors.count <= 3);
    assert(divisors.count <= 1);
    assert(rounding != ROUND_HALF_UP);
    if (denominator.count == 0)
        return false;
    exact = whole_root(&numerator, &denominator, &root);
    if (!exact && rounding == ROUND_UP) {
        mpn_add_1(root.limbs, root.limbs, NATURAL_LIMBS, 1);
        root.count = significant(root.limbs, NATURAL_LIMBS);
    }
    return natural_times_unit(false, &root, decimal_unit, out);
}

static bool
wide_is_negative(struct wide a)
{
    return a.limbs[WIDE_LIMBS - 1] >> 63;
}

static struct natural
wide_magnitude(struct wide a)
{
    struct natural natural = natural_of(0);
    mp_limb_t bytes[WIDE_LIMBS];

    for (int i = 0; i < WIDE_LIMBS; i++)
        bytes[i] = a.limbs[i];
    if (wide_is_negative(a))
        mpn_neg(natural.limbs, bytes, WIDE_LIMBS);
    else
        mpn_copyi(natural.limbs, bytes, WIDE_LIMBS);
    natural.count = significant(natural.limbs, WIDE_LIMBS);
    return natural;
}

/* In multiples of the unit: sum * f * 1e18^n / (d * unit * 1e18^(1 + m)), n divisors and m factors.
 */
bool
wide_step_general(struct wide sum, struct decimals factors, struct decimals divisors,
                  enum rounding rounding, struct decimal unit, struct decimal *out)
{
    int scale = (int)divisors.count - 1 - (int)factors.count;
    struct natural numerator = wide_magnitude(sum);
    struct natural denominator = scaled_product(divisors, scale < 0 ? -scale : 0);
    bool negative = wide_is_negative(sum);
    struct natural multiple;

    assert(factors.count <= 2);
    assert(divisors.count <= 2);
    assert(unit.units > 0);
    if (denominator.count == 0)
        return false;
    for (size_t i = 0; i < factors.count; i++) {
        natural_multiply(&numerator, magnitude(factors.items[i].units));
        negative ^= factors.items[i].units < 0;
    }
    for (size_t i = 0; i < divisors.count; i++)
        negative ^= divisors.items[i].units < 0;
    for (int i = 0; i < scale; i++)
        natural_multiply(&numerator, (uint128)DECIMAL_ONE_UNITS);
    natural_multiply(&denominator, magnitude(unit.units));
    natural_divide(negative, &numerator, &denominator, rounding, &multiple);
    return natural_times_unit(negative, &multiple, unit, out);
}

/* sum * factor in units of 1e-54, twice over 1e18. False: the product is wider than 256 bits, or the
 * quotient than 128. */
static bool
scale_quickly(struct wide sum, uint128 factor, uint128 *units, enum tail *tail)
{
    bool negative = wide_is_negative(sum);
    uint128 low = (uint128)sum.limbs[1] << 64 | sum.limbs[0];
    uint128 high = (uint128)sum.limbs[3] << 64 | sum.limbs[2];
    struct uint256 x = { negative ? ~high + (low == 0) : high, negative ? -low : low };

    *tail = TAIL_NONE;
    if (!multiply_into(&x, factor))
        return false;
    divide_by_one_into(&x, tail);
    divide_by_one_into(&x, tail);
    *units = x.low;
    return x.high == 0;
}

/* What a book brings is one factor, a sum and no divisor. */
bool
wide_step(struct wide sum, struct decimals factors, struct decimals divisors,
          enum rounding rounding, struct decimal unit, struct decimal *out)
{
    uint128 units;
    enum tail tail;

    assert(unit.units > 0);
    if (factors.count == 1 && divisors.count == 0 &&
        scale_quickly(sum, magnitude(factors.items[0].units), &units, &tail))
        return round_units(wide_is_negative(sum) ^ (factors.items[0].units < 0), units, tail,
                           rounding, unit, out);
    return wide_step_general(sum, factors, divisors, rounding, unit, out);
}
