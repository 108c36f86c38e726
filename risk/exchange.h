/* Repaid debt against seized collateral, both ways. rules.md 4 (Seize). */
#ifndef RISK_EXCHANGE_H
#define RISK_EXCHANGE_H

#include "risk/multiplier.h"

struct exchange {
    struct decimal    debt_price, collateral_price;
    struct decimal    debt_unit, collateral_unit, quote_unit;
    struct multiplier multiplier;
    enum close_steps  steps;
};

/* More than any quantity: what does not fit, and what a worthless thing buys. */
extern const struct decimal exchange_most;

/* What repaying so much seizes, down to the collateral's unit:
 * exact     repay * debt price * M / collateral price, one step
 * quantity  the collateral without the penalty down to its unit, then times M
 * value     the repaid value down to quote.unit, times M down to quote.unit, then the collateral
 * exchange_most where the collateral is worth nothing, or the answer does not fit. */
struct decimal exchange_seize(const struct exchange *exchange, struct decimal repay);

/* What must be repaid for so much collateral, to the debt's unit: the steps above the other way,
 * each rounded in the direction given (quantity: the first one down). 0 for a worthless collateral;
 * exchange_most where the debt is worth nothing, or the answer does not fit. */
struct decimal exchange_repay(const struct exchange *exchange, struct decimal seize,
                              enum rounding rounding);

#endif
