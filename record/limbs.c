/* The last rounding, and naturals of up to 512 bits over GMP's mpn layer, without an allocation. */
#include "record/limbs.h"

#include <assert.h>
#include <string.h>

static mp_size_t
significant(const mp_limb_t *limbs, mp_size_t count)
{
    while (count > 0 && limbs[count - 1] == 0)
        count--;
    return count;
}

struct natural
natural_of(uint128 x)
{
    struct natural natural = { .limbs = { (mp_limb_t)x, (mp_limb_t)(x >> 64) } };

    natural.count = significant(natural.limbs, 2);
    return natural;
}

void
natural_multiply(struct natural *x, uint128 factor)
{
    struct natural other = natural_of(factor);
    mp_limb_t product[NATURAL_LIMBS];
    mp_size_t count = x->count + other.count;

    assert(count <= NATURAL_LIMBS);
    if (x->count == 0 || other.count == 0) {
        x->count = 0;
        return;
    }
    if (x->count >= other.count)
        mpn_mul(product, x->limbs, x->count, other.limbs, other.count);
    else
        mpn_mul(product, other.limbs, other.count, x->limbs, x->count);
    memcpy(x->limbs, product, (size_t)count * sizeof *product);
    x->count = significant(product, count);
}

int
natural_compare(const struct natural *a, const struct natural *b)
{
    if (a->count != b->count)
        return a->count > b->count ? 1 : -1;
    if (a->count == 0)
        return 0;
    return mpn_cmp(a->limbs, b->limbs, a->count);
}

/* The tail of rest / denominator, 0 <= rest < denominator, with room for a doubling. */
static enum tail
natural_tail(const struct natural *rest, const struct natural *denominator)
{
    struct natural doubled = *rest;
    int order;

    if (rest->count == 0)
        return TAIL_NONE;
    natural_multiply(&doubled, 2);
    order = natural_compare(&doubled, denominator);
    if (order < 0)
        return TAIL_BELOW_HALF;
    return order == 0 ? TAIL_HALF : TAIL_ABOVE_HALF;
}

void
natural_divide(bool negative, const struct natural *numerator, const struct natural *denominator,
               enum rounding rounding, struct natural *quotient)
{
    struct natural rest = *numerator;

    assert(denominator->count > 0);
    *quotient = (struct natural){ .count = 0 };
    if (numerator->count >= denominator->count) {
        mpn_tdiv_qr(quotient->limbs, rest.limbs, 0, numerator->limbs, numerator->count,
                    denominator->limbs, denominator->count);
        quotient->count = significant(quotient->limbs, numerator->count - denominator->count + 1);
        rest.count = significant(rest.limbs, denominator->count);
    }
    if (rounds_away(negative, natural_tail(&rest, denominator), rounding)) {
        /* No carry leaves the top: a quotient has at most 7 limbs. */
        mpn_add_1(quotient->limbs, quotient->limbs, NATURAL_LIMBS, 1);
        quotient->count = significant(quotient->limbs, NATURAL_LIMBS);
    }
}

bool
natural_times_unit(bool negative, const struct natural *multiple, struct decimal unit,
                   struct decimal *out)
{
    struct natural product = *multiple;
    uint128 units;

    if (multiple->count > 2)
        return false;
    natural_multiply(&product, magnitude(unit.units));
    if (product.count > 2)
        return false;
    units = product.count > 0 ? product.limbs[0] : 0;
    units |= product.count > 1 ? (uint128)product.limbs[1] << 64 : 0;
    if (units > (uint128)DECIMAL_MAX_UNITS)
        return false;
    out->units = negative ? -(int128)units : (int128)units;
    return true;
}
