/* From legs and prices to support and requirement. */
#include "risk/health.h"

#include <assert.h>

/* While the legs are added up. The window is measured with weighted values that are not rounded to
 * quote.unit. */
struct tally {
    struct reckoning         reckoning;
    const struct position   *position;
    const struct parameters *parameters;
    struct decimal           weighted_unit;
    struct health           *health;
    struct decimal           exact_support, exact_pre_support;
};

struct decimal
quote_value(struct reckoning *reckoning, const struct parameters *parameters,
            struct decimal quantity, struct decimal price, enum rounding rounding)
{
    return reckon_step(reckoning, PRODUCT(quantity, price), NOTHING, rounding,
                       parameters->quote.unit);
}

static const struct bracket *
bracket_of(const struct asset *asset, struct decimal notional)
{
    const struct bracket *bracket = &asset->brackets[0];

    for (size_t i = 1; i < asset->brackets_count; i++)
        if (decimal_compare(asset->brackets[i].from_notional, notional) <= 0)
            bracket = &asset->brackets[i];
    return bracket;
}

struct decimal
maintenance_of(struct reckoning *reckoning, const struct parameters *parameters,
               const struct asset *asset, struct decimal quantity, struct decimal price)
{
    enum rounding rounding = parameters->trigger.maintenance_rounding == CHOICE_DOWN ? ROUND_DOWN
                                                                                     : ROUND_UP;
    struct decimal notional = quote_value(reckoning, parameters, decimal_magnitude(quantity), price,
                                          ROUND_DOWN);
    const struct bracket *bracket;
    struct decimal margin;

    if (asset->brackets_count == 0)
        return decimal_zero;
    bracket = bracket_of(asset, notional);
    margin = reckon_subtract(reckoning,
                             reckon_multiply(reckoning, notional, bracket->rate, rounding),
                             bracket->deduction);
    margin = reckon_step(reckoning, PRODUCT(margin), NOTHING, rounding, parameters->quote.unit);
    return greatest(margin, decimal_zero);
}

struct decimal
maintenance_price_of(const struct position *position, const struct position_perp *perp)
{
    return position->parameters->trigger.maintenance_price == MAINTENANCE_AT_ENTRY
         ? perp->entry_price : position->assets[perp->asset].price;
}

static struct decimal
weigh(struct tally *tally, struct decimal value, struct decimal weight, enum rounding rounding)
{
    return reckon_step(&tally->reckoning, PRODUCT(value, weight), NOTHING, rounding,
                       tally->weighted_unit);
}

static void
add(struct tally *tally, struct decimal *sum, struct decimal addend)
{
    reckon_sum(&tally->reckoning, sum, addend);
}

static void
add_to_support(struct tally *tally, struct decimal amount)
{
    add(tally, &tally->health->support, amount);
    add(tally, &tally->health->pre_support, amount);
    add(tally, &tally->health->opening, amount);
    add(tally, &tally->exact_support, amount);
    add(tally, &tally->exact_pre_support, amount);
}

static void
add_cash(struct tally *tally)
{
    struct decimal cash = tally->position->cash;

    if (decimal_sign(cash) >= 0) {
        add_to_support(tally, cash);
        return;
    }
    add(tally, &tally->health->debt, decimal_negate(cash));
    add(tally, &tally->health->requirement, decimal_negate(cash));
}

static void
add_collateral(struct tally *tally, const struct position_leg *leg, struct decimal *value,
               struct decimal *support)
{
    const struct position_asset *held = &tally->position->assets[leg->asset];
    const struct asset *asset = &held->asset;
    struct decimal pre_threshold = held->pre_threshold;
    struct health *health = tally->health;

    *value = quote_value(&tally->reckoning, tally->parameters, leg->quantity, held->price,
                         ROUND_DOWN);
    *support = weigh(tally, *value, asset->threshold, ROUND_DOWN);
    add(tally, &health->collateral, *value);
    add(tally, &health->support, *support);
    add(tally, &health->pre_support, weigh(tally, *value, pre_threshold, ROUND_DOWN));
    add(tally, &health->opening, weigh(tally, *value, asset->opening_weight, ROUND_DOWN));
    add(tally, &tally->exact_support,
        reckon_multiply(&tally->reckoning, *value, asset->threshold, ROUND_DOWN));
    add(tally, &tally->exact_pre_support,
        reckon_multiply(&tally->reckoning, *value, pre_threshold, ROUND_DOWN));
}

static void
add_debt(struct tally *tally, const struct position_leg *leg, struct decimal *value,
         struct decimal *requirement)
{
    const struct position_asset *owed = &tally->position->assets[leg->asset];

    *value = quote_value(&tally->reckoning, tally->parameters, leg->quantity, owed->price,
                         ROUND_UP);
    *requirement = weigh(tally, *value, owed->asset.borrow_factor, ROUND_UP);
    add(tally, &tally->health->debt, *value);
    add(tally, &tally->health->requirement, *requirement);
}

/* Profit q * (mark - entry), down; closing fee |q| * mark * rate, up. */
static void
add_perp(struct tally *tally, const struct position_perp *perp, struct valuation *valuation,
         size_t i)
{
    const struct position_asset *held = &tally->position->assets[perp->asset];
    struct reckoning *reckoning = &tally->reckoning;
    struct decimal gain = reckon_subtract(reckoning, held->price, perp->entry_price);
    struct decimal fee = reckon_step(
        reckoning,
        PRODUCT(decimal_magnitude(perp->quantity), held->price, held->asset.closing_fee_rate),
        NOTHING, ROUND_UP, tally->parameters->quote.unit);

    valuation->profit[i] = quote_value(reckoning, tally->parameters, perp->quantity, gain,
                                       ROUND_DOWN);
    valuation->maintenance[i] = maintenance_of(reckoning, tally->parameters, &held->asset,
                                               perp->quantity,
                                               maintenance_price_of(tally->position, perp));
    valuation->closing_fee[i] = fee;
    add_to_support(tally, valuation->profit[i]);
    add(tally, &tally->health->unrealised_profit, valuation->profit[i]);
    add(tally, &tally->health->maintenance, valuation->maintenance[i]);
    add(tally, &tally->health->requirement, reckon_add(reckoning, valuation->maintenance[i], fee));
}

static void
add_legs(struct tally *tally, struct valuation *valuation)
{
    const struct position *position = tally->position;

    add_cash(tally);
    for (size_t i = 0; i < position->collateral_count; i++)
        add_collateral(tally, &position->collateral[i], &valuation->collateral[i],
                       &valuation->support[i]);
    for (size_t i = 0; i < position->debt_count; i++)
        add_debt(tally, &position->debt[i], &valuation->debt[i], &valuation->requirement[i]);
    for (size_t i = 0; i < position->perps_count; i++)
        add_perp(tally, &position->perps[i], valuation, i);
    if (decimal_sign(tally->health->requirement) > 0)
        add(tally, &tally->health->requirement, tally->parameters->trigger.reward);
}

static enum status
status_of(const struct health *health, enum trigger_rule rule)
{
    int order = decimal_compare(health->support, health->requirement);

    if (decimal_sign(health->requirement) == 0)
        return STATUS_HEALTHY;
    if (order < 0 || (order == 0 && rule == TRIGGER_AT_OR_BELOW))
        return STATUS_LIQUIDATABLE;
    return is_below(health->pre_support, health->requirement) ? STATUS_PRE_LIQUIDATABLE
                                                              : STATUS_HEALTHY;
}

/* a / b where there is a b. Only for display and for rules that name a health, so that a quotient
 * which does not fit is no fault of the account. */
static void
divide(struct decimal a, struct decimal b, enum rounding rounding, enum reason without,
       struct decimal *out, int *reason)
{
    *out = DECIMAL_NONE;
    *reason = REASON_NONE;
    if (decimal_sign(b) <= 0)
        *reason = (int)without;
    else if (!decimal_step(PRODUCT(a), PRODUCT(b), rounding, decimal_unit, out))
        *reason = REASON_OVERFLOW;
}

/* x = floor((requirement - pre_support) / (support - pre_support)), cut to 0..1. */
static struct decimal
window_of(struct tally *tally)
{
    struct reckoning *reckoning = &tally->reckoning;
    struct decimal width;
    struct decimal inside;

    if (tally->health->status != STATUS_PRE_LIQUIDATABLE)
        return DECIMAL_NONE;
    width = reckon_subtract(reckoning, tally->exact_support, tally->exact_pre_support);
    inside = reckon_subtract(reckoning, tally->health->requirement, tally->exact_pre_support);
    if (decimal_sign(width) <= 0)
        return DECIMAL_NONE;
    if (decimal_compare(inside, width) >= 0)
        return decimal_one;
    return greatest(reckon_divide(reckoning, inside, width, ROUND_DOWN), decimal_zero);
}

static void
conclude(struct tally *tally)
{
    struct health *health = tally->health;
    struct reckoning *reckoning = &tally->reckoning;
    struct decimal cash = greatest(tally->position->cash, decimal_zero);

    health->equity = reckon_add(reckoning,
                                reckon_subtract(reckoning, health->collateral, health->debt),
                                reckon_add(reckoning, cash, health->unrealised_profit));
    health->borrowable = greatest(reckon_subtract(reckoning, health->opening, health->requirement),
                                  decimal_zero);
    health->headroom = greatest(reckon_subtract(reckoning, health->support, health->requirement),
                                decimal_zero);
    health->status = (int)status_of(health, (enum trigger_rule)tally->parameters->trigger.rule);
    health->window = window_of(tally);
    divide(health->support, health->requirement, ROUND_DOWN, REASON_NO_DEBT, &health->ratio,
           &health->ratio_reason);
    divide(health->debt, health->collateral, ROUND_UP, REASON_NO_COLLATERAL, &health->ltv,
           &health->ltv_reason);
    divide(health->requirement, health->support, ROUND_UP, REASON_NO_COLLATERAL, &health->usage,
           &health->usage_reason);
}

bool
health_compute(const struct position *position, struct valuation *out)
{
    const struct quote *quote = &position->parameters->quote;
    struct tally tally = {
        .position      = position,
        .parameters    = position->parameters,
        .weighted_unit = quote->round_weighted ? quote->unit : decimal_unit,
        .health        = &out->health,
    };

    out->health = (struct health){ 0 };
    add_legs(&tally, out);
    conclude(&tally);
    return !tally.reckoning.overflow;
}

/* A ratio that did not fit is far beyond every bound that a rule may name. */
static struct decimal
bounded(struct decimal ratio, int reason, bool is_negative)
{
    if (reason != REASON_OVERFLOW)
        return ratio;
    return (struct decimal){ is_negative ? -DECIMAL_MAX_UNITS : DECIMAL_MAX_UNITS };
}

static struct multiplier
multiplier_in(const struct position *position, const struct health *health, size_t asset,
              struct decimal window, struct decimal optimal_rate)
{
    bool is_lost = decimal_sign(health->support) < 0;

    assert(asset < position->assets_count);
    return multiplier_of(&position->parameters->penalty, &position->assets[asset].asset,
                         bounded(health->ratio, health->ratio_reason, is_lost), window,
                         optimal_rate, bounded(health->ltv, health->ltv_reason, false));
}

struct multiplier
health_multiplier(const struct position *position, const struct health *health, size_t asset,
                  struct decimal optimal_rate)
{
    return multiplier_in(position, health, asset, health->window, optimal_rate);
}

struct multiplier
health_multiplier_outside_window(const struct position *position, const struct health *health,
                                 size_t asset, struct decimal optimal_rate)
{
    return multiplier_in(position, health, asset, DECIMAL_NONE, optimal_rate);
}

/* What the other legs do not cover. */
static struct decimal
uncovered(struct reckoning *reckoning, const struct position *position,
          const struct valuation *valuation, size_t asset)
{
    struct decimal others = valuation->health.support;

    for (size_t i = 0; i < position->collateral_count; i++)
        if (position->collateral[i].asset == asset)
            others = reckon_subtract(reckoning, others, valuation->support[i]);
    return reckon_subtract(reckoning, valuation->health.requirement, others);
}

bool
withdrawable_compute(const struct position *position, const struct valuation *valuation,
                     size_t asset, struct decimal *quantity)
{
    const struct position_asset *held = &position->assets[asset];
    struct decimal all = position_collateral(position, asset);
    struct reckoning reckoning = { decimal_is_none(all) };
    struct decimal needed = uncovered(&reckoning, position, valuation, asset);
    struct decimal kept;

    *quantity = all;
    if (reckoning.overflow)
        return false;
    if (decimal_sign(needed) <= 0)
        return true;
    *quantity = decimal_zero;
    /* kept = up(up(needed / price) / threshold); what does not fit is more than there is. */
    if (!decimal_step(PRODUCT(needed), PRODUCT(held->price), ROUND_UP, held->asset.unit, &kept) ||
        !decimal_step(PRODUCT(kept), PRODUCT(held->asset.threshold), ROUND_UP, held->asset.unit,
                      &kept))
        return true;
    if (is_below(kept, all))
        *quantity = (struct decimal){ all.units - kept.units };
    return true;
}
