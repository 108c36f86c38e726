/* Choosing what is seized and what is repaid. */
#include <string.h>

#include "risk/liquidation.h"

/* Legs, and the value of each. */
struct legs {
    const struct position_leg *items;
    const struct decimal      *values;
    size_t                     count;
};

static struct decimal
value_of(const struct legs *legs, size_t asset)
{
    struct decimal sum = decimal_zero;

    for (size_t i = 0; i < legs->count; i++)
        if (legs->items[i].asset == asset)
            sum.units += legs->values[i].units;   /* fits: health has summed them all */
    return sum;
}

/* The asset of the greatest value, or that of the name; false: there is none. */
static bool
choose_asset(const struct position *position, const struct legs *legs, const char *name,
             size_t *chosen, struct decimal *value)
{
    bool found = false;

    for (size_t i = 0; i < legs->count; i++) {
        size_t asset = legs->items[i].asset;
        struct decimal worth = value_of(legs, asset);
        if (name && strcmp(position->assets[asset].asset.name, name) != 0)
            continue;
        if (found && !is_below(*value, worth))
            continue;
        *chosen = asset;
        *value = worth;
        found = true;
    }
    return found;
}

static struct side
side_of_asset(const struct position *position, size_t asset, struct decimal quantity)
{
    const struct position_asset *held = &position->assets[asset];

    return (struct side){ .name = held->asset.name, .asset = asset, .price = held->price,
                          .unit = held->asset.unit, .quantity = quantity };
}

/* Negative cash: a debt of the quote. */
static struct side
side_of_cash(const struct position *position)
{
    const struct quote *quote = &position->parameters->quote;

    return (struct side){ .name = quote->asset, .is_cash = true, .price = decimal_one,
                          .unit = quote->unit, .quantity = decimal_negate(position->cash) };
}

/* The wish's debt, the account's own before cash of the same name; without a wish the larger. */
static bool
choose_debt(const struct position *position, const struct valuation *valuation, const char *name,
            struct side *debt)
{
    const struct legs legs = { position->debt, valuation->debt, position->debt_count };
    bool may_be_cash = decimal_sign(position->cash) < 0 &&
                       (!name || !strcmp(name, position->parameters->quote.asset));
    struct decimal value;
    size_t asset;
    bool is_owed = choose_asset(position, &legs, name, &asset, &value);

    if (!is_owed && !may_be_cash)
        return false;
    if (!is_owed || (may_be_cash && !name && is_below(value, decimal_negate(position->cash))))
        *debt = side_of_cash(position);
    else
        *debt = side_of_asset(position, asset, position_debt(position, asset));
    return true;
}

enum liquidation_status
pair_choose(const struct position *position, const struct valuation *valuation,
            const struct liquidator *wish, struct liquidation_pair *out)
{
    const struct legs legs = { position->collateral, valuation->collateral,
                               position->collateral_count };
    struct reckoning reckoning = { false };
    struct decimal value;
    size_t asset;

    if (!choose_debt(position, valuation, wish ? wish->debt : NULL, &out->debt))
        return LIQUIDATION_NO_DEBT;
    if (decimal_is_none(out->debt.quantity))
        return LIQUIDATION_OVERFLOW;
    if (decimal_sign(out->debt.quantity) == 0)
        return LIQUIDATION_NO_DEBT;
    out->debt.value = quote_value(&reckoning, position->parameters, out->debt.quantity,
                                  out->debt.price, ROUND_UP);
    if (!choose_asset(position, &legs, wish ? wish->collateral : NULL, &asset, &value))
        return reckoning.overflow ? LIQUIDATION_OVERFLOW : LIQUIDATION_NO_COLLATERAL;
    out->collateral = side_of_asset(position, asset, position_collateral(position, asset));
    if (decimal_is_none(out->collateral.quantity))
        return LIQUIDATION_OVERFLOW;
    out->collateral.value = quote_value(&reckoning, position->parameters, out->collateral.quantity,
                                        out->collateral.price, ROUND_DOWN);
    return reckoning.overflow ? LIQUIDATION_OVERFLOW : LIQUIDATION_COMPUTED;
}
