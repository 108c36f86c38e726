/* The optimum as a rate: bounded, rounded, and taken apart. */
#include "risk/optimum.h"

#include "risk/statistic.h"

static const struct decimal micro = DECIMAL_MICRO_OF(1);
static const struct decimal part_unit = DECIMAL_UNITS_OF(1000000000);

/* 1/ltv - 1, down; not below 0. */
static struct decimal
equity_of(struct decimal ltv)
{
    struct decimal inverse;

    if (decimal_is_none(ltv) || decimal_compare(ltv, decimal_one) >= 0)
        return decimal_zero;
    if (decimal_sign(ltv) <= 0 ||
        !decimal_step(PRODUCT(decimal_one), PRODUCT(ltv), ROUND_DOWN, decimal_unit, &inverse))
        return (struct decimal){ DECIMAL_MAX_UNITS };
    return (struct decimal){ inverse.units - DECIMAL_ONE_UNITS };
}

/* L* is at most PENALTY_RATE_MOST, so it fits. */
static struct decimal
round_up(double rate, struct decimal rate_unit)
{
    struct decimal rounded = decimal_zero;

    if (!decimal_of_rate(rate, micro, ROUND_UP, &rounded) ||
        !decimal_step(PRODUCT(rounded), NOTHING, ROUND_UP, rate_unit, &rounded))
        return decimal_zero;
    return rounded;
}

void
penalty_bound(const struct penalty *rules, const struct optimum *optimum, struct decimal ltv,
              struct bounded_penalty *bounded)
{
    struct decimal equity = equity_of(ltv);

    bounded->optimal_rate = round_up(optimum->rate, rules->rate_unit);
    bounded->rate = bounded->optimal_rate;
    bounded->limit = PENALTY_FREE;
    if (decimal_compare(bounded->rate, rules->floor_rate) < 0) {
        bounded->rate = rules->floor_rate;
        bounded->limit = PENALTY_AT_FLOOR;
    }
    if (decimal_compare(bounded->rate, rules->cap_rate) > 0) {
        bounded->rate = rules->cap_rate;
        bounded->limit = PENALTY_AT_CAP;
    }
    if (rules->equity_cap && decimal_compare(bounded->rate, equity) > 0) {
        bounded->rate = equity;
        bounded->limit = PENALTY_AT_EQUITY;
    }
    bounded->is_short = decimal_compare(bounded->rate, bounded->optimal_rate) < 0;
}

/* Appends a part of a whole number of 1e-9, unless it is 0, and takes it off what is left. */
static void
add_part(struct penalty_part *parts, size_t *count, const char *name, struct decimal rate,
         struct decimal *left)
{
    if (decimal_sign(rate) == 0)
        return;
    parts[(*count)++] = (struct penalty_part){ name, rate };
    left->units -= rate.units;
}

static struct decimal
nano_of(double x)
{
    struct decimal rounded = decimal_zero;

    return decimal_of_rate(x, part_unit, ROUND_HALF_UP, &rounded) ? rounded : decimal_zero;
}

size_t
penalty_parts(const struct optimum *optimum, const struct bounded_penalty *bounded,
              struct penalty_part parts[static PARTS_MAX])
{
    struct decimal left = bounded->rate;
    struct decimal bound = { bounded->rate.units - bounded->optimal_rate.units };
    size_t count = 0;

    add_part(parts, &count, "hurdle", nano_of(optimum->hurdle), &left);
    add_part(parts, &count, "gas", nano_of(optimum->gas), &left);
    add_part(parts, &count, "volatility", nano_of(optimum->volatility), &left);
    add_part(parts, &count, "fee", nano_of(optimum->fee), &left);
    add_part(parts, &count, "slippage", nano_of(optimum->slippage), &left);
    add_part(parts, &count, "bad_debt", nano_of(optimum->bad_debt), &left);
    add_part(parts, &count, "bound", bound, &left);
    add_part(parts, &count, "rounding", left, &left);
    return count;
}
