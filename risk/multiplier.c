/* From a penalty rule to the ratio M. */
#include "risk/multiplier.h"

#include <assert.h>

#include "risk/reckoning.h"

static struct decimal
complement(struct decimal rate)
{
    return (struct decimal){ DECIMAL_ONE_UNITS - rate.units };
}

static struct decimal
plus_one(struct decimal rate)
{
    return (struct decimal){ DECIMAL_ONE_UNITS + rate.units };
}

/* 1 / (1 - slope * (1 - threshold)) - 1, down at each of the two steps. A divisor of 0 is more than
 * any cap. */
static struct decimal
rate_from_threshold(struct reckoning *reckoning, const struct penalty *penalty,
                    const struct asset *asset)
{
    struct decimal slope = reckon_multiply(reckoning, penalty->slope, complement(asset->threshold),
                                           ROUND_DOWN);
    struct decimal divisor = complement(slope);

    if (decimal_sign(divisor) == 0)
        return penalty->cap_rate;
    return reckon_subtract(reckoning, reckon_divide(reckoning, decimal_one, divisor, ROUND_DOWN),
                           decimal_one);
}

/* top at health_for_max and under, low = top * minimum_factor at 1 and over, a straight line
 * between. */
static struct decimal
rate_by_health(struct reckoning *reckoning, const struct penalty *penalty,
               const struct asset *asset, struct decimal ratio)
{
    struct decimal top = asset->penalty_rate;
    struct decimal low = reckon_step(reckoning, PRODUCT(top, penalty->minimum_factor), NOTHING,
                                     ROUND_DOWN, penalty->rate_unit);
    struct decimal rise;

    if (decimal_is_none(ratio))
        ratio = decimal_one;
    if (decimal_compare(ratio, penalty->health_for_max) <= 0)
        return top;
    if (decimal_compare(ratio, decimal_one) >= 0)
        return low;
    rise = reckon_step(reckoning, PRODUCT(reckon_subtract(reckoning, top, low), complement(ratio)),
                       PRODUCT(complement(penalty->health_for_max)), ROUND_DOWN, decimal_unit);
    return reckon_add(reckoning, low, rise);
}

static struct decimal
rate_of_rule(struct reckoning *reckoning, const struct penalty *penalty, const struct asset *asset,
             struct decimal ratio, struct decimal optimal_rate)
{
    switch ((enum penalty_rule)penalty->rule) {
    case PENALTY_FIXED:
        return asset->penalty_rate;
    case PENALTY_FROM_THRESHOLD:
        return rate_from_threshold(reckoning, penalty, asset);
    case PENALTY_BY_HEALTH:
        return rate_by_health(reckoning, penalty, asset, ratio);
    case PENALTY_OPTIMAL:
        return decimal_is_none(optimal_rate) ? decimal_zero
                                             : least(optimal_rate, penalty->cap_rate);
    }
    __builtin_unreachable();
}

/* To rate_unit, floor, cap; then the equity, 1 / ltv - 1, which wins over the floor, and never
 * below 0. */
static struct decimal
clamp(struct reckoning *reckoning, const struct penalty *penalty, struct decimal rate,
      struct decimal ltv)
{
    enum rounding rounding = penalty->rule == PENALTY_OPTIMAL ? ROUND_UP : ROUND_DOWN;
    struct decimal equity;

    rate = reckon_step(reckoning, PRODUCT(rate), NOTHING, rounding, penalty->rate_unit);
    rate = least(greatest(rate, penalty->floor_rate), penalty->cap_rate);
    if (!penalty->equity_cap || decimal_is_none(ltv) || decimal_sign(ltv) == 0)
        return rate;
    equity = reckon_subtract(reckoning, reckon_divide(reckoning, decimal_one, ltv, ROUND_DOWN),
                             decimal_one);
    return greatest(least(rate, equity), decimal_zero);
}

/* start + (end - start) * window, down. */
static struct decimal
rate_in_window(struct reckoning *reckoning, const struct pre_liquidation *pre,
               struct decimal window)
{
    struct decimal width = reckon_subtract(reckoning, pre->penalty_end_rate,
                                           pre->penalty_start_rate);

    return reckon_add(reckoning, pre->penalty_start_rate,
                      reckon_multiply(reckoning, window, width, ROUND_DOWN));
}

struct multiplier
multiplier_of(const struct penalty *penalty, const struct asset *asset, struct decimal ratio,
              struct decimal window, struct decimal optimal_rate, struct decimal ltv)
{
    struct reckoning reckoning = { false };
    struct decimal rate;
    bool is_bonus = penalty->form == FORM_BONUS;

    if (!decimal_is_none(window) && asset->pre_liquidation) {
        rate = rate_in_window(&reckoning, asset->pre_liquidation, window);
        is_bonus = true;
    } else {
        rate = rate_of_rule(&reckoning, penalty, asset, ratio, optimal_rate);
        rate = clamp(&reckoning, penalty, rate, ltv);
    }
    /* Rates are at most 1, a window's at most 1 / threshold - 1, slope <= 1: nothing comes near the
     * bound. */
    assert(!reckoning.overflow);
    return is_bonus ? (struct multiplier){ plus_one(rate), decimal_one }
                    : (struct multiplier){ decimal_one, complement(rate) };
}

struct decimal
multiplier_rate(struct multiplier multiplier)
{
    struct reckoning reckoning = { false };
    struct decimal whole = reckon_divide(&reckoning, multiplier.numerator, multiplier.denominator,
                                         ROUND_UP);

    assert(!reckoning.overflow);
    return (struct decimal){ whole.units - DECIMAL_ONE_UNITS };
}

struct decimal
multiplier_form_rate(struct multiplier multiplier, enum penalty_form form)
{
    switch (form) {
    case FORM_BONUS:
        return (struct decimal){ multiplier.numerator.units - DECIMAL_ONE_UNITS };
    case FORM_DISCOUNT:
        return complement(multiplier.denominator);
    }
    __builtin_unreachable();
}
