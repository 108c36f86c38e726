/* One pair, stage by stage: close size, cuts, wish, dust, seizure, split, what is left. */
#include "risk/liquidation.h"

#include <assert.h>

#include "risk/deal.h"

const char *
liquidation_code(enum liquidation_status status)
{
    switch (status) {
    case LIQUIDATION_COMPUTED:
        return "computed";
    case LIQUIDATION_NO_DEBT:
        return "no_debt";
    case LIQUIDATION_NO_COLLATERAL:
        return "no_collateral";
    case LIQUIDATION_NO_POSITION:
        return "no_position";
    case LIQUIDATION_EXCEEDS_CLOSE_SIZE:
        return "exceeds_close_size";
    case LIQUIDATION_EXCEEDS_COLLATERAL:
        return "exceeds_collateral";
    case LIQUIDATION_LEAVES_DUST:
        return "leaves_dust";
    case LIQUIDATION_ZERO_QUANTITY:
        return "zero_quantity";
    case LIQUIDATION_EXCEEDS_POSITION:
        return "exceeds_position";
    case LIQUIDATION_OVERFLOW:
        return "overflow";
    }
    __builtin_unreachable();
}

static void
seize(struct deal *deal)
{
    bool is_as_asked = !decimal_is_none(deal->asked_seize) &&
                       decimal_compare(deal->repay, deal->asked) == 0;

    deal->seize = is_as_asked ? deal->asked_seize : exchange_seize(&deal->exchange, deal->repay);
    if (!is_below(deal->collateral->quantity, deal->seize))
        return;
    deal->seize = deal->collateral->quantity;
    deal->limited_by = LIMITED_BY_COLLATERAL;
    if (deal->parameters->close.shortfall == SHORTFALL_CUT_REPAY)
        deal->repay = least(deal->repay, deal_repay_for_all(deal));
}

static struct decimal
share_of(struct deal *deal, struct decimal rate, enum split_of of, struct decimal bonus)
{
    return reckon_step(&deal->reckoning, PRODUCT(of == SPLIT_OF_BONUS ? bonus : deal->seize, rate),
                       NOTHING, ROUND_UP, deal->collateral->unit);
}

/* bonus = seize - floor(seize / M). Shares round up, the liquidator gets the rest; the margin by
 * which the seizure is understated is the liquidator's too. */
static void
split(struct deal *deal, struct pair_outcome *out)
{
    const struct split *rules = &deal->parameters->split;
    const struct multiplier *m = &deal->exchange.multiplier;
    struct decimal paid = reckon_step(&deal->reckoning, PRODUCT(deal->seize, m->denominator),
                                      PRODUCT(m->numerator), ROUND_DOWN, deal->collateral->unit);
    int128 margin = deal->collateral->unit.units * deal->parameters->close.seize_margin_units;
    struct decimal rest;

    out->bonus = reckon_subtract(&deal->reckoning, deal->seize, paid);
    out->split.protocol = least(share_of(deal, rules->protocol_rate,
                                         (enum split_of)rules->protocol_of, out->bonus),
                                deal->seize);
    rest = (struct decimal){ deal->seize.units - out->split.protocol.units };
    out->split.insurance = least(share_of(deal, rules->insurance_rate,
                                          (enum split_of)rules->insurance_of, out->bonus),
                                 rest);
    rest = (struct decimal){ rest.units - out->split.insurance.units - margin };
    deal->seize = greatest((struct decimal){ deal->seize.units - margin }, decimal_zero);
    out->split.liquidator = greatest(rest, decimal_zero);
}

/* The value that leaves the collateral: with steps value what the repayment came to on its way. */
static struct decimal
value_seized(struct deal *deal)
{
    const struct multiplier *m = &deal->exchange.multiplier;
    struct decimal repaid = deal_value(deal, deal->debt, deal->repay, ROUND_DOWN);
    struct decimal value;

    if (deal->exchange.steps != STEPS_VALUE || !decimal_is_none(deal->asked_seize))
        return deal_value(deal, deal->collateral, deal->seize, ROUND_DOWN);
    if (!decimal_step(PRODUCT(repaid, m->numerator), PRODUCT(m->denominator), ROUND_DOWN,
                      deal->exchange.quote_unit, &value))
        return deal->collateral->value;
    return least(value, deal->collateral->value);
}

/* A debt repaid whole leaves 0, whatever its legs' values were rounded to. */
static struct decimal
value_repaid(struct deal *deal)
{
    struct decimal whole = decimal_zero;

    if (deal_leaves_debt(deal))
        return deal_value(deal, deal->debt, deal->repay, ROUND_DOWN);
    if (deal->debt->is_cash)
        return deal->debt->quantity;
    for (size_t i = 0; i < deal->position->debt_count; i++)
        if (deal->position->debt[i].asset == deal->debt->asset)
            reckon_sum(&deal->reckoning, &whole, deal->valuation->debt[i]);
    return whole;
}

static bool
is_all_seized(const struct deal *deal)
{
    for (size_t i = 0; i < deal->position->collateral_count; i++) {
        const struct position_leg *leg = &deal->position->collateral[i];
        if (leg->asset != deal->collateral->asset && decimal_sign(leg->quantity) > 0)
            return false;
    }
    return !deal_leaves_collateral(deal);
}

static void
add_bad_debt(struct deal *deal, const char *name, struct decimal quantity, struct decimal price,
             struct pair_outcome *out)
{
    if (decimal_sign(quantity) <= 0)
        return;
    out->bad_debts[out->bad_debts_count++] = (struct amount){ name, quantity };
    reckon_sum(&deal->reckoning, &out->bad_debt,
               quote_value(&deal->reckoning, deal->parameters, quantity, price, ROUND_UP));
}

static struct decimal
unpaid(const struct deal *deal, struct decimal owed, bool is_repaid)
{
    return (struct decimal){ owed.units - (is_repaid ? deal->repay.units : 0) };
}

/* Every debt that remains, each asset once. */
static void
list_bad_debts(struct deal *deal, struct pair_outcome *out)
{
    const struct position *position = deal->position;

    for (size_t asset = 0; asset < position->assets_count; asset++) {
        const struct position_asset *owed = &position->assets[asset];
        struct decimal all = position_debt(position, asset);
        deal->reckoning.overflow |= decimal_is_none(all);
        if (deal->reckoning.overflow)
            return;
        all = unpaid(deal, all, !deal->debt->is_cash && deal->debt->asset == asset);
        add_bad_debt(deal, owed->asset.name, all, owed->price, out);
    }
    if (decimal_sign(position->cash) < 0)
        add_bad_debt(deal, deal->parameters->quote.asset,
                     unpaid(deal, decimal_negate(position->cash), deal->debt->is_cash), decimal_one,
                     out);
}

static void
conclude(struct deal *deal, struct pair_outcome *out)
{
    const struct health *health = &deal->valuation->health;
    struct reckoning *reckoning = &deal->reckoning;
    struct decimal collateral = reckon_subtract(reckoning, health->collateral, value_seized(deal));
    struct decimal debt = reckon_subtract(reckoning, health->debt, value_repaid(deal));

    out->collateral_exhausted = decimal_sign(collateral) <= 0 || is_all_seized(deal);
    if (out->collateral_exhausted)
        list_bad_debts(deal, out);
    else if (!decimal_step(PRODUCT(debt), PRODUCT(collateral), ROUND_UP, decimal_unit,
                           &out->ltv_after))
        out->ltv_after = DECIMAL_NONE;
    out->penalty_amount = deal_value(deal, deal->collateral, out->bonus, ROUND_UP);
    out->repay_value = deal_value(deal, deal->debt, deal->repay, ROUND_DOWN);
    out->seize_value = deal_value(deal, deal->collateral, deal->seize, ROUND_DOWN);
}

/* repay / (1 - transfer fee) must be sent for repay to arrive. */
static void
state_amounts(struct deal *deal, struct pair_outcome *out)
{
    struct decimal kept = deal->debt->is_cash
                        ? decimal_zero
                        : deal->position->assets[deal->debt->asset].asset.transfer_fee_rate;
    struct decimal arriving = { DECIMAL_ONE_UNITS - kept.units };

    out->repay_max = deal->most;
    out->close_rate = deal->close_rate;
    out->repay = deal->repay;
    out->repay_delivered = reckon_step(&deal->reckoning, PRODUCT(deal->repay), PRODUCT(arriving),
                                       ROUND_UP, deal->debt->unit);
    out->seize = deal->seize;
    out->limited_by = (int)deal->limited_by;
}

static struct deal
open_deal(const struct position *position, const struct valuation *valuation,
          const struct liquidation_pair *pair, const struct liquidator *wish,
          struct multiplier multiplier)
{
    const struct parameters *parameters = position->parameters;
    const struct dust *dust = &parameters->dust;
    const struct health *health = &valuation->health;
    bool is_waived = dust->waived_when_insolvent && !is_below(health->debt, health->collateral);

    return (struct deal){
        .position = position,
        .valuation = valuation,
        .parameters = parameters,
        .debt = &pair->debt,
        .collateral = &pair->collateral,
        .seized = &position->assets[pair->collateral.asset].asset,
        .exchange = { pair->debt.price, pair->collateral.price, pair->debt.unit,
                      pair->collateral.unit, parameters->quote.unit, multiplier,
                      (enum close_steps)parameters->close.steps },
        .repay_rounding = parameters->close.repay_rounding == CHOICE_UP ? ROUND_UP : ROUND_DOWN,
        .dust_rule = is_waived ? DUST_NONE : (enum dust_rule)dust->rule,
        .is_raised = !is_waived && dust->rule == DUST_FULL && dust->short_request == SHORT_RAISE,
        .asked = wish ? wish->repay : DECIMAL_NONE,
        .asked_seize = wish ? wish->seize : DECIMAL_NONE,
        .close_rate = DECIMAL_NONE,
    };
}

enum liquidation_status
pair_liquidate(const struct position *position, const struct valuation *valuation,
               const struct liquidation_pair *pair, const struct liquidator *wish,
               struct multiplier multiplier, struct decimal depth_quantity,
               struct pair_outcome *out)
{
    struct deal deal = open_deal(position, valuation, pair, wish, multiplier);
    enum liquidation_status status;

    assert(decimal_sign(pair->debt.quantity) > 0);
    out->pair = *pair;
    out->multiplier = multiplier;
    out->bad_debts_count = 0;
    out->bad_debt = decimal_zero;
    out->ltv_after = DECIMAL_NONE;
    status = deal_size(&deal, depth_quantity);
    if (status != LIQUIDATION_COMPUTED)
        return deal.reckoning.overflow ? LIQUIDATION_OVERFLOW : status;
    deal_sweep_debt(&deal);
    seize(&deal);
    status = deal_settle_dust(&deal);
    if (status != LIQUIDATION_COMPUTED)
        return deal.reckoning.overflow ? LIQUIDATION_OVERFLOW : status;
    split(&deal, out);
    state_amounts(&deal, out);
    conclude(&deal, out);
    return deal.reckoning.overflow ? LIQUIDATION_OVERFLOW : LIQUIDATION_COMPUTED;
}

enum liquidation_status
pair_reprice(const struct position *position, const struct valuation *valuation,
             const struct pair_outcome *round, struct multiplier multiplier,
             struct pair_outcome *out)
{
    struct deal deal = open_deal(position, valuation, &round->pair, NULL, multiplier);

    *out = *round;
    out->multiplier = multiplier;
    out->bad_debts_count = 0;
    out->bad_debt = decimal_zero;
    out->ltv_after = DECIMAL_NONE;
    deal.asked_seize = DECIMAL_NONE;
    deal.most = round->repay_max;
    deal.close_rate = round->close_rate;
    deal.repay = round->repay;
    deal.limited_by = (enum limited_by)round->limited_by;
    seize(&deal);
    split(&deal, out);
    state_amounts(&deal, out);
    conclude(&deal, out);
    return deal.reckoning.overflow ? LIQUIDATION_OVERFLOW : LIQUIDATION_COMPUTED;
}

bool
pair_without_collateral(const struct position *position, const struct valuation *valuation,
                        const struct liquidation_pair *pair, struct pair_outcome *out)
{
    struct deal deal = { .position = position, .valuation = valuation,
                         .parameters = position->parameters, .debt = &pair->debt };

    *out = (struct pair_outcome){
        .pair = *pair,
        .multiplier = { decimal_one, decimal_one },
        .limited_by = LIMITED_BY_COLLATERAL,
        .collateral_exhausted = true,
        .ltv_after = DECIMAL_NONE,
    };
    list_bad_debts(&deal, out);
    return !deal.reckoning.overflow;
}
