/* How much of a debt may be repaid. rules.md 4 (Close size). */
#include "risk/deal.h"

struct decimal
quantity_worth(struct decimal value, struct decimal price, enum rounding rounding,
               struct decimal unit, struct decimal limit)
{
    struct decimal quantity;

    if (!decimal_step(PRODUCT(value), PRODUCT(price), rounding, unit, &quantity))
        return limit;
    return least(quantity, limit);
}

static void
limit(struct deal *deal, struct decimal most, enum limited_by by)
{
    deal->most = most;
    deal->limited_by = by;
}

/* start + floor(window * (end - start)) of the debt; the end may exceed 1. */
static void
size_in_window(struct deal *deal)
{
    const struct pre_liquidation *pre = deal->seized->pre_liquidation;
    struct decimal width = reckon_subtract(&deal->reckoning, pre->close_end_rate,
                                           pre->close_start_rate);
    struct decimal rise = reckon_multiply(&deal->reckoning, deal->valuation->health.window, width,
                                          ROUND_DOWN);

    deal->close_rate = reckon_add(&deal->reckoning, pre->close_start_rate, rise);
    deal->limited_by = LIMITED_BY_CLOSE_FACTOR;
    if (is_below(deal->close_rate, decimal_one))
        deal->most = reckon_step(&deal->reckoning, PRODUCT(deal->debt->quantity, deal->close_rate),
                                 NOTHING, ROUND_DOWN, deal->debt->unit);
}

/* Distress, or a side that is small, allows the whole debt. */
static bool
is_full_anyway(const struct deal *deal)
{
    const struct close *close = &deal->parameters->close;
    const struct health *health = &deal->valuation->health;
    struct decimal smaller = least(deal->collateral->value, deal->debt->value);

    if (!decimal_is_none(health->ratio) &&
        decimal_compare(health->ratio, close->full_at_health) <= 0)
        return true;
    return is_below(smaller, close->full_below_value);
}

/* A part of this debt, or of all debts counted in this one; at least the minimum. */
static void
size_of_fraction(struct deal *deal)
{
    const struct close *close = &deal->parameters->close;
    struct decimal part;

    if (is_full_anyway(deal))
        return;
    if (close->of == OF_LEG) {
        part = reckon_step(&deal->reckoning, PRODUCT(deal->debt->quantity, close->rate), NOTHING,
                           ROUND_HALF_UP, deal->debt->unit);
    } else {
        part = quote_value(&deal->reckoning, deal->parameters, deal->valuation->health.debt,
                           close->rate, ROUND_HALF_UP);
        part = deal_debt_worth(deal, part, ROUND_DOWN);
    }
    if (decimal_sign(close->minimum_value) > 0 && decimal_sign(deal->debt->price) > 0)
        part = greatest(part, deal_debt_worth(deal, close->minimum_value, ROUND_UP));
    if (is_below(part, deal->debt->quantity))
        limit(deal, part, LIMITED_BY_CLOSE_FACTOR);
}

/* After a repayment of value x the ratio is H:
 *   support - threshold * M * x = H * (requirement - borrow factor * x)
 *   x = (H * requirement - support) / (H * borrow factor - threshold * M) */
static void
size_to_target(struct deal *deal)
{
    const struct health *health = &deal->valuation->health;
    const struct multiplier *m = &deal->exchange.multiplier;
    struct reckoning *reckoning = &deal->reckoning;
    struct decimal target = deal->parameters->close.health;
    struct decimal factor = deal->debt->is_cash
                          ? decimal_one
                          : deal->position->assets[deal->debt->asset].asset.borrow_factor;
    struct decimal missing = reckon_subtract(
        reckoning, reckon_multiply(reckoning, target, health->requirement, ROUND_UP),
        health->support);
    /* What a unit of repaid value mends, times the denominator of M. */
    struct decimal mended = reckon_subtract(
        reckoning,
        reckon_step(reckoning, PRODUCT(target, factor, m->denominator), NOTHING, ROUND_DOWN,
                    decimal_unit),
        reckon_multiply(reckoning, deal->seized->threshold, m->numerator, ROUND_UP));
    struct decimal part = deal->debt->quantity;
    struct decimal value;

    if (decimal_sign(missing) <= 0) {
        limit(deal, decimal_zero, LIMITED_BY_TARGET_HEALTH);
        return;
    }
    if (decimal_sign(mended) <= 0 || decimal_sign(deal->debt->price) == 0)
        return;
    if (deal->exchange.steps != STEPS_VALUE) {
        if (!decimal_step(PRODUCT(missing, m->denominator), PRODUCT(mended, deal->debt->price),
                          ROUND_UP, deal->debt->unit, &part))
            return;
    } else if (decimal_step(PRODUCT(missing, m->denominator), PRODUCT(mended), ROUND_DOWN,
                            deal->exchange.quote_unit, &value)) {
        part = deal_debt_worth(deal, value, ROUND_DOWN);
    }
    if (is_below(part, deal->debt->quantity))
        limit(deal, part, LIMITED_BY_TARGET_HEALTH);
}

static void
size(struct deal *deal)
{
    limit(deal, deal->debt->quantity, LIMITED_BY_DEBT);
    if (!decimal_is_none(deal->valuation->health.window) && deal->seized->pre_liquidation) {
        size_in_window(deal);
        return;
    }
    switch ((enum close_rule)deal->parameters->close.rule) {
    case CLOSE_FULL:
    case CLOSE_WITHIN_SLIPPAGE:
        return;
    case CLOSE_FRACTION:
        size_of_fraction(deal);
        return;
    case CLOSE_TARGET_HEALTH:
        size_to_target(deal);
        return;
    }
    __builtin_unreachable();
}

/* To the largest slice, then to what the depth sells: its repayment rounds down, so that what it
 * seizes never exceeds the depth. */
static void
cut(struct deal *deal, struct decimal depth_quantity)
{
    struct decimal slice = deal->parameters->execution.maximum_slice_value;

    if (!decimal_is_none(slice) &&
        is_below(slice, deal_value(deal, deal->debt, deal->most, ROUND_UP)))
        limit(deal, deal_debt_worth(deal, slice, ROUND_DOWN), LIMITED_BY_MAXIMUM_SLICE);
    if (!decimal_is_none(depth_quantity) && decimal_sign(deal->exchange.collateral_price) > 0 &&
        is_below(depth_quantity, exchange_seize(&deal->exchange, deal->most)))
        limit(deal, least(deal->most, exchange_repay(&deal->exchange, depth_quantity, ROUND_DOWN)),
              LIMITED_BY_DEPTH);
}

/* What the liquidator asks for, in debt. */
static enum liquidation_status
hear_wish(struct deal *deal)
{
    if (!decimal_is_none(deal->asked_seize)) {
        if (is_below(deal->collateral->quantity, deal->asked_seize))
            return LIQUIDATION_EXCEEDS_COLLATERAL;
        deal->asked = exchange_repay(&deal->exchange, deal->asked_seize, deal->repay_rounding);
    }
    deal->repay = deal->most;
    if (decimal_is_none(deal->asked))
        return LIQUIDATION_COMPUTED;
    if (is_below(deal->most, deal->asked) && deal->parameters->close.excess == EXCESS_REFUSE)
        return LIQUIDATION_EXCEEDS_CLOSE_SIZE;
    if (deal->is_raised && decimal_compare(deal->most, deal->debt->quantity) == 0)
        return LIQUIDATION_COMPUTED;
    deal->repay = least(deal->asked, deal->most);
    if (is_below(deal->repay, deal->most))
        deal->limited_by = LIMITED_BY_REQUEST;
    return LIQUIDATION_COMPUTED;
}

enum liquidation_status
deal_size(struct deal *deal, struct decimal depth_quantity)
{
    size(deal);
    cut(deal, depth_quantity);
    if (decimal_is_none(deal->close_rate))
        deal->close_rate = reckon_divide(&deal->reckoning, deal->most, deal->debt->quantity,
                                         ROUND_DOWN);
    return hear_wish(deal);
}
