/* All prices moved by one factor. */
#include "risk/joint_shock.h"

#include "risk/elementary.h"
#include "risk/shock.h"
#include "risk/statistic.h"

enum { SHOCK_LEGS_MAX = 3 * LEGS_MAX };

double
factor_beta(const struct situation *situation, size_t asset)
{
    const struct position_asset *held = &situation->now.assets[asset];

    if ((int)asset != situation->main_asset &&
        !state_volatility(situation->state, held->asset.name))
        return 0;
    return statistic_of(held->asset.beta);
}

/* Support less requirement as values that move with their assets, and the rest. */
struct balance {
    const struct situation *situation;
    struct shock_leg legs[SHOCK_LEGS_MAX];
    size_t count;
    double constant;
};

static void
add_leg(struct balance *balance, size_t asset, double value)
{
    balance->legs[balance->count++] = (struct shock_leg){ value,
                                                          factor_beta(balance->situation, asset) };
}

/* quantity * (P - entry) - closing fee - maintenance; the last moves with P where the document
 * takes it at the liquidation price: rate * notional, less the bracket's deduction. */
static void
add_perp(struct balance *balance, size_t i)
{
    const struct situation *situation = balance->situation;
    const struct position_perp *perp = &situation->now.perps[i];
    const struct asset *asset = &situation->now.assets[perp->asset].asset;
    double quantity = statistic_of(perp->quantity);
    double price = statistic_of(situation->now.assets[perp->asset].price);
    double notional = real_abs(quantity) * price;
    double maintenance = statistic_of(situation->valuation_now.maintenance[i]);
    double moving = 0;

    if (situation->parameters->trigger.maintenance_price == MAINTENANCE_AT_LIQUIDATION)
        for (size_t n = 0; n < asset->brackets_count; n++)
            if (n == 0 || statistic_of(asset->brackets[n].from_notional) <= notional)
                moving = notional * statistic_of(asset->brackets[n].rate);
    add_leg(balance, perp->asset,
            quantity * price - moving - notional * statistic_of(asset->closing_fee_rate));
    balance->constant -= quantity * statistic_of(perp->entry_price) + maintenance - moving;
}

bool
joint_shock(const struct situation *situation, struct decimal *shock_rate)
{
    const struct position *position = &situation->now;
    const struct valuation *valuation = &situation->valuation_now;
    struct balance balance = { .situation = situation, .count = 0 };
    double down;
    double up;
    bool falls;
    bool rises;

    balance.constant = statistic_of(position->cash);
    if (decimal_sign(valuation->health.requirement) > 0)
        balance.constant -= statistic_of(position->parameters->trigger.reward);
    for (size_t i = 0; i < position->collateral_count; i++)
        add_leg(&balance, position->collateral[i].asset, statistic_of(valuation->support[i]));
    for (size_t i = 0; i < position->debt_count; i++)
        add_leg(&balance, position->debt[i].asset, -statistic_of(valuation->requirement[i]));
    for (size_t i = 0; i < position->perps_count; i++)
        add_perp(&balance, i);
    struct shock shock = { balance.legs, balance.count, balance.constant };
    falls = shock_linear(&shock, -1, &down);
    rises = shock_linear(&shock, 1, &up);
    if (falls && (!rises || -down <= up))
        return decimal_of_statistic(down, shock_rate);
    return rises && decimal_of_statistic(up, shock_rate);
}
