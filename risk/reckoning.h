/* Arithmetic that reads like the rules: sums and steps that give their result and remember an
 * overflow. The public function looks at `overflow` once, at its end; after an overflow the figures
 * are 0 or wrong, but never wrapped and never read. A division by 0 counts as an overflow: the
 * rules say what happens before they divide. */
#ifndef RISK_RECKONING_H
#define RISK_RECKONING_H

#include "record/decimal.h"

struct reckoning { bool overflow; };

static inline struct decimal
least(struct decimal a, struct decimal b)
{
    return a.units < b.units ? a : b;
}

static inline struct decimal
greatest(struct decimal a, struct decimal b)
{
    return a.units > b.units ? a : b;
}

static inline bool
is_below(struct decimal a, struct decimal b)
{
    return a.units < b.units;
}

static inline struct decimal
decimal_negate(struct decimal a)
{
    return (struct decimal){ -a.units };
}

static inline struct decimal
decimal_magnitude(struct decimal a)
{
    return a.units < 0 ? decimal_negate(a) : a;
}

static inline struct decimal
reckon_add(struct reckoning *reckoning, struct decimal a, struct decimal b)
{
    struct decimal sum = decimal_zero;

    reckoning->overflow |= !decimal_add(a, b, &sum);
    return sum;
}

static inline struct decimal
reckon_subtract(struct reckoning *reckoning, struct decimal a, struct decimal b)
{
    struct decimal difference = decimal_zero;

    reckoning->overflow |= !decimal_subtract(a, b, &difference);
    return difference;
}

/* *sum += addend */
static inline void
reckon_sum(struct reckoning *reckoning, struct decimal *sum, struct decimal addend)
{
    *sum = reckon_add(reckoning, *sum, addend);
}

/* The step of rules.md 0: factors / divisors, rounded once to a multiple of `unit`. */
static inline struct decimal
reckon_step(struct reckoning *reckoning, struct decimals factors, struct decimals divisors,
            enum rounding rounding, struct decimal unit)
{
    struct decimal result = decimal_zero;

    reckoning->overflow |= !decimal_step(factors, divisors, rounding, unit, &result);
    return result;
}

/* a * b, and a / b, to 1e-18. */
static inline struct decimal
reckon_multiply(struct reckoning *reckoning, struct decimal a, struct decimal b,
                enum rounding rounding)
{
    return reckon_step(reckoning, PRODUCT(a, b), NOTHING, rounding, decimal_unit);
}

static inline struct decimal
reckon_divide(struct reckoning *reckoning, struct decimal a, struct decimal b,
              enum rounding rounding)
{
    return reckon_step(reckoning, PRODUCT(a), PRODUCT(b), rounding, decimal_unit);
}

#endif
