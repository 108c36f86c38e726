/* The three orders of rounding in which protocols turn a repayment into a seizure. */
#include "risk/exchange.h"

#include <assert.h>

const struct decimal exchange_most = { DECIMAL_MAX_UNITS };

/* floor(repay * price_d / price_c) to the unit, then floor(* M). */
static bool
seize_by_quantity(const struct exchange *exchange, struct decimal repay, struct decimal *seize)
{
    const struct multiplier *m = &exchange->multiplier;

    return decimal_step(PRODUCT(repay, exchange->debt_price), PRODUCT(exchange->collateral_price),
                        ROUND_DOWN, exchange->collateral_unit, seize) &&
           decimal_step(PRODUCT(*seize, m->numerator), PRODUCT(m->denominator), ROUND_DOWN,
                        exchange->collateral_unit, seize);
}

/* floor(repay * price_d) to quote.unit, floor(* M) to quote.unit, floor(/ price_c). */
static bool
seize_by_value(const struct exchange *exchange, struct decimal repay, struct decimal *seize)
{
    const struct multiplier *m = &exchange->multiplier;

    return decimal_step(PRODUCT(repay, exchange->debt_price), NOTHING, ROUND_DOWN,
                        exchange->quote_unit, seize) &&
           decimal_step(PRODUCT(*seize, m->numerator), PRODUCT(m->denominator), ROUND_DOWN,
                        exchange->quote_unit, seize) &&
           decimal_step(PRODUCT(*seize), PRODUCT(exchange->collateral_price), ROUND_DOWN,
                        exchange->collateral_unit, seize);
}

static bool
seize_exactly(const struct exchange *exchange, struct decimal repay, struct decimal *seize)
{
    const struct multiplier *m = &exchange->multiplier;

    return decimal_step(PRODUCT(repay, exchange->debt_price, m->numerator),
                        PRODUCT(exchange->collateral_price, m->denominator), ROUND_DOWN,
                        exchange->collateral_unit, seize);
}

struct decimal
exchange_seize(const struct exchange *exchange, struct decimal repay)
{
    struct decimal seize;
    bool fits = false;

    assert(decimal_sign(repay) >= 0);
    if (decimal_sign(exchange->collateral_price) == 0)
        return exchange_most;
    switch (exchange->steps) {
    case STEPS_EXACT:
        fits = seize_exactly(exchange, repay, &seize);
        break;
    case STEPS_QUANTITY:
        fits = seize_by_quantity(exchange, repay, &seize);
        break;
    case STEPS_VALUE:
        fits = seize_by_value(exchange, repay, &seize);
        break;
    }
    return fits ? seize : exchange_most;
}

static bool
repay_by_quantity(const struct exchange *exchange, struct decimal seize, enum rounding rounding,
                  struct decimal *repay)
{
    const struct multiplier *m = &exchange->multiplier;

    return decimal_step(PRODUCT(seize, exchange->collateral_price), PRODUCT(exchange->debt_price),
                        ROUND_DOWN, exchange->debt_unit, repay) &&
           decimal_step(PRODUCT(*repay, m->denominator), PRODUCT(m->numerator), rounding,
                        exchange->debt_unit, repay);
}

static bool
repay_by_value(const struct exchange *exchange, struct decimal seize, enum rounding rounding,
               struct decimal *repay)
{
    const struct multiplier *m = &exchange->multiplier;

    return decimal_step(PRODUCT(seize, exchange->collateral_price), NOTHING, rounding,
                        exchange->quote_unit, repay) &&
           decimal_step(PRODUCT(*repay, m->denominator), PRODUCT(m->numerator), rounding,
                        exchange->quote_unit, repay) &&
           decimal_step(PRODUCT(*repay), PRODUCT(exchange->debt_price), rounding,
                        exchange->debt_unit, repay);
}

static bool
repay_exactly(const struct exchange *exchange, struct decimal seize, enum rounding rounding,
              struct decimal *repay)
{
    const struct multiplier *m = &exchange->multiplier;

    return decimal_step(PRODUCT(seize, exchange->collateral_price, m->denominator),
                        PRODUCT(exchange->debt_price, m->numerator), rounding, exchange->debt_unit,
                        repay);
}

struct decimal
exchange_repay(const struct exchange *exchange, struct decimal seize, enum rounding rounding)
{
    struct decimal repay;
    bool fits = false;

    assert(decimal_sign(seize) >= 0);
    if (decimal_sign(exchange->collateral_price) == 0)
        return decimal_zero;
    switch (exchange->steps) {
    case STEPS_EXACT:
        fits = repay_exactly(exchange, seize, rounding, &repay);
        break;
    case STEPS_QUANTITY:
        fits = repay_by_quantity(exchange, seize, rounding, &repay);
        break;
    case STEPS_VALUE:
        fits = repay_by_value(exchange, seize, rounding, &repay);
        break;
    }
    return fits ? repay : exchange_most;
}
