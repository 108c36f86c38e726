/* Leftovers that are too small to leave. rules.md 4 (Debt dust, Collateral dust). */
#include "risk/deal.h"

/* A leftover that is too small to leave, of what a repayment of so much leaves. */
static bool
leaves_debt_dust(struct deal *deal, struct decimal repay)
{
    const struct dust *dust = &deal->parameters->dust;
    struct decimal left = side_left(deal->debt, repay);

    if (decimal_sign(repay) == 0 || decimal_sign(left) == 0)
        return false;
    return is_below(deal_value(deal, deal->debt, left, ROUND_DOWN), dust->debt_value) ||
           decimal_compare_products(left, decimal_one, deal->debt->quantity, dust->debt_rate) < 0;
}

/* Rule full: measured after the wish, or, where that is raised, before it. */
void
deal_sweep_debt(struct deal *deal)
{
    if (deal->dust_rule != DUST_FULL ||
        !leaves_debt_dust(deal, deal->is_raised ? deal->most : deal->repay))
        return;
    deal->repay = deal->debt->quantity;
    deal->limited_by = LIMITED_BY_DUST;
}

static bool
leaves_collateral_dust(struct deal *deal)
{
    struct decimal left = side_left(deal->collateral, deal->seize);

    return is_below(deal_value(deal, deal->collateral, left, ROUND_DOWN),
                    deal->parameters->dust.collateral_value);
}

/* Rule full: the rest of the collateral goes too, for what it pays. */
static enum liquidation_status
sweep_collateral_dust(struct deal *deal)
{
    if (deal_leaves_collateral(deal) && deal_leaves_debt(deal) && decimal_sign(deal->repay) > 0 &&
        leaves_collateral_dust(deal)) {
        deal->seize = deal->collateral->quantity;
        deal->repay = least(deal->debt->quantity, deal_repay_for_all(deal));
        deal->limited_by = LIMITED_BY_DUST;
    }
    if (!decimal_is_none(deal->asked) && is_below(deal->asked, deal->repay) && !deal->is_raised)
        return LIQUIDATION_LEAVES_DUST;
    return LIQUIDATION_COMPUTED;
}

/* Rule leave_minimum: repay less, until both leftovers are at their minimum. */
static void
keep_minimum(struct deal *deal, bool is_debt_small, bool is_collateral_small)
{
    const struct dust *dust = &deal->parameters->dust;
    const struct side *held = deal->collateral;
    struct decimal kept;

    if (is_debt_small) {
        kept = deal_debt_worth(deal, dust->debt_value, ROUND_UP);
        deal->repay = least(deal->repay, side_left(deal->debt, kept));
    }
    if (is_collateral_small) {
        kept = quantity_worth(dust->collateral_value, held->price, ROUND_UP, held->unit,
                              held->quantity);
        deal->repay = least(deal->repay, exchange_repay(&deal->exchange, side_left(held, kept),
                                                        deal->repay_rounding));
    }
    deal->seize = least(held->quantity, exchange_seize(&deal->exchange, deal->repay));
    deal->limited_by = LIMITED_BY_DUST;
}

enum liquidation_status
deal_settle_dust(struct deal *deal)
{
    bool is_debt_small;
    bool is_collateral_small;

    if (deal->dust_rule == DUST_FULL)
        return sweep_collateral_dust(deal);
    if (deal->dust_rule == DUST_NONE || !deal_leaves_debt(deal) || !deal_leaves_collateral(deal))
        return LIQUIDATION_COMPUTED;
    is_debt_small = is_below(
        deal_value(deal, deal->debt, side_left(deal->debt, deal->repay), ROUND_UP),
        deal->parameters->dust.debt_value);
    is_collateral_small = leaves_collateral_dust(deal);
    if (!is_debt_small && !is_collateral_small)
        return LIQUIDATION_COMPUTED;
    if (deal->dust_rule == DUST_REFUSE)
        return LIQUIDATION_LEAVES_DUST;
    keep_minimum(deal, is_debt_small, is_collateral_small);
    return LIQUIDATION_COMPUTED;
}

