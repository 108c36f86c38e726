/* The shop where seized collateral is sold at a part of the penalty. */
#include "risk/sale.h"

#include "risk/figures.h"
#include "risk/multiplier.h"
#include "risk/reckoning.h"

/* The buyer's part of the penalty: what the protocol does not keep of the bonus. */
static struct decimal
buyer_rate(struct reckoning *reckoning, const struct parameters *parameters, struct multiplier m)
{
    const struct split *split = &parameters->split;
    struct decimal kept = split->protocol_of == SPLIT_OF_BONUS ? split->protocol_rate
                                                               : decimal_zero;
    struct decimal given = { DECIMAL_ONE_UNITS - kept.units };

    return reckon_multiply(reckoning,
                           multiplier_form_rate(m, (enum penalty_form)parameters->penalty.form),
                           given, ROUND_DOWN);
}

static struct decimal
buyer_price(struct reckoning *reckoning, const struct position_asset *sold, struct decimal rate,
            enum penalty_form form)
{
    struct decimal discounted = { DECIMAL_ONE_UNITS - rate.units };
    struct decimal raised = { DECIMAL_ONE_UNITS + rate.units };

    switch (form) {
    case FORM_BONUS:
        return reckon_step(reckoning, PRODUCT(sold->price), PRODUCT(raised), ROUND_DOWN,
                           sold->asset.price_unit);
    case FORM_DISCOUNT:
        return reckon_step(reckoning, PRODUCT(sold->price, discounted), NOTHING, ROUND_DOWN,
                           sold->asset.price_unit);
    }
    __builtin_unreachable();
}

bool
sale_compute(const struct position *position, size_t collateral, size_t debt, struct decimal pay,
             struct decimal optimal_rate, struct sale *out)
{
    const struct parameters *parameters = position->parameters;
    const struct position_asset *sold = &position->assets[collateral];
    const struct position_asset *paid = &position->assets[debt];
    struct reckoning reckoning = { false };
    struct multiplier m = multiplier_of(&parameters->penalty, &sold->asset, DECIMAL_NONE,
                                        DECIMAL_NONE, optimal_rate, DECIMAL_NONE);
    struct decimal rate = buyer_rate(&reckoning, parameters, m);

    out->price = buyer_price(&reckoning, sold, rate, (enum penalty_form)parameters->penalty.form);
    return !reckoning.overflow && decimal_sign(out->price) > 0 &&
           decimal_step(PRODUCT(pay, paid->price), PRODUCT(out->price), ROUND_DOWN,
                        sold->asset.unit, &out->quantity);
}
