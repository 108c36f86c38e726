/* From the account to what closing one of its assets must bring. */
#include "risk/execution_price.h"

#include <stdio.h>

#include "risk/closing.h"
#include "risk/elementary.h"
#include "risk/latency.h"
#include "risk/statistic.h"

/* The asset that a row is of, as it will be closed. `owed` of it, and perps, carry the penalty at
 * the price of the closing; debts of other assets at their values. */
struct subject {
    const struct situation *situation;
    size_t asset;
    struct decimal net; /* held less owed; below 0: bought back */
    struct decimal penalised;
    bool is_leg;                        /* held or owed, not only a perp */
    struct decimal others, other_debts; /* values */
    struct reckoning reckoning;
};

static void
add_collateral(struct subject *subject)
{
    const struct situation *situation = subject->situation;

    for (size_t i = 0; i < situation->now.collateral_count; i++) {
        const struct position_leg *leg = &situation->now.collateral[i];
        if (leg->asset != subject->asset) {
            reckon_sum(&subject->reckoning, &subject->others,
                       situation->valuation_now.collateral[i]);
            continue;
        }
        reckon_sum(&subject->reckoning, &subject->net, leg->quantity);
        subject->is_leg |= decimal_sign(leg->quantity) > 0;
    }
}

static void
add_debts(struct subject *subject)
{
    const struct situation *situation = subject->situation;

    subject->other_debts = greatest(decimal_zero, decimal_negate(situation->now.cash));
    for (size_t i = 0; i < situation->now.debt_count; i++) {
        const struct position_leg *leg = &situation->now.debt[i];
        struct decimal value = situation->valuation_now.debt[i];
        if (leg->asset != subject->asset) {
            reckon_sum(&subject->reckoning, &subject->other_debts, value);
            reckon_sum(&subject->reckoning, &subject->others, decimal_negate(value));
            continue;
        }
        reckon_sum(&subject->reckoning, &subject->net, decimal_negate(leg->quantity));
        reckon_sum(&subject->reckoning, &subject->penalised, leg->quantity);
        subject->is_leg |= decimal_sign(leg->quantity) > 0;
    }
}

/* A perp of the asset brings quantity * (price - entry): it is closed with the rest, and its
 * entry is owed. */
static void
add_perps(struct subject *subject)
{
    const struct situation *situation = subject->situation;

    for (size_t i = 0; i < situation->now.perps_count; i++) {
        const struct position_perp *perp = &situation->now.perps[i];
        struct decimal entry;
        if (perp->asset != subject->asset) {
            reckon_sum(&subject->reckoning, &subject->others, situation->valuation_now.profit[i]);
            continue;
        }
        entry = reckon_multiply(&subject->reckoning, perp->quantity, perp->entry_price, ROUND_UP);
        reckon_sum(&subject->reckoning, &subject->others, decimal_negate(entry));
        reckon_sum(&subject->reckoning, &subject->net, perp->quantity);
        reckon_sum(&subject->reckoning, &subject->penalised, decimal_magnitude(perp->quantity));
    }
}

/* What the sale must bring: debts with their penalty and gas, less what else there is. Bought: what
 * may be paid, so the other way round. */
static struct decimal
obligation_of(struct subject *subject, struct decimal penalty_rate)
{
    struct decimal left = reckon_subtract(&subject->reckoning, subject->others,
                                          subject->situation->parameters->execution.gas);
    struct decimal penalty = subject->is_leg
                                 ? reckon_multiply(&subject->reckoning, subject->other_debts,
                                                   penalty_rate, ROUND_UP)
                                 : decimal_zero;

    left = reckon_subtract(&subject->reckoning, left, penalty);
    return decimal_sign(subject->net) > 0 ? decimal_negate(left) : left;
}

/* Opens the closing and its depth; the reason why there is none. */
static int
open_closing(struct subject *subject, struct decimal penalty_rate, struct depth *depth,
             struct closing *closing)
{
    const struct situation *situation = subject->situation;
    const struct position_asset *held = &situation->now.assets[subject->asset];
    const struct asset_depth *found = state_depth(situation->state, held->asset.name);

    add_collateral(subject);
    add_debts(subject);
    add_perps(subject);
    if (decimal_sign(subject->net) == 0)
        return REASON_NO_POSITION;
    if (decimal_sign(held->price) <= 0)
        return REASON_NO_PRICE;
    if (depth_model(found) == DEPTH_NONE)
        return REASON_NO_DEPTH;
    depth_open(depth, found, decimal_sign(subject->net) > 0 ? DEPTH_SELL : DEPTH_BUY, held->price,
               decimal_unit, situation->parameters->quote.unit);
    *closing = (struct closing){
        .depth = depth,
        .quantity = decimal_magnitude(subject->net),
        .obligation = obligation_of(subject, penalty_rate),
        .fee_rate = decimal_zero,
        .penalty_rate = decimal_zero,
    };
    closing->penalty_rate = reckon_step(&subject->reckoning,
                                        PRODUCT(penalty_rate, subject->penalised),
                                        PRODUCT(closing->quantity), ROUND_UP, decimal_unit);
    return REASON_NONE;
}

/* The maintenance rate that closing at once would need, of the notional at the mark. */
static bool
needed_rate(const struct subject *subject, const struct closing *closing, struct decimal *rate)
{
    static const struct decimal millionth = DECIMAL_MICRO_OF(1);
    const struct situation *situation = subject->situation;
    const struct execution *execution = &situation->parameters->execution;
    struct decimal volatility = volatility_of(&situation->now.assets[subject->asset].asset,
                                              situation->state);
    double wait_s = (double)execution->latency_s + statistic_of(execution->block_time_s);
    struct maintenance_need need = { .penalty_rate = statistic_of(closing->penalty_rate) };
    double notional = statistic_of(closing->quantity) * statistic_of(closing->depth->price);
    struct walk walk;

    if (!depth_walk(closing->depth, closing->quantity, &walk) ||
        decimal_is_none(walk.slippage_rate))
        return false;
    need.slippage_rate = statistic_of(walk.slippage_rate);
    need.gas_rate = statistic_of(execution->gas) / notional;
    if (!decimal_is_none(volatility)) {
        double buffer = loss_buffer(statistic_of(volatility), wait_s / SECONDS_PER_YEAR,
                                    1 - statistic_of(execution->confidence));
        need.buffer_rate = closing->depth->side == DEPTH_SELL ? buffer_margin_rate(buffer)
                                                              : real_expm1(buffer);
    }
    return decimal_of_rate(maintenance_needed(&need), millionth, ROUND_UP, rate);
}

/* The liquidation comes too late to pay for itself. */
static void
warn_of_cost(const struct subject *subject, const struct closing *closing,
             const struct liquidation_price *row, struct figures *figures,
             struct figures_room *room)
{
    int side = closing->depth->side == DEPTH_SELL ? 1 : -1;
    char text[DECIMAL_TEXT_MAX];
    struct decimal rate;

    if (decimal_is_none(row->price) || decimal_is_none(row->execution_price) ||
        decimal_compare(row->price, row->execution_price) * side > 0 ||
        !needed_rate(subject, closing, &rate))
        return;
    decimal_format(rate, text);
    snprintf(
        room->maintenance_detail, sizeof room->maintenance_detail,
        "%s is liquidated where closing it through the depth leaves nothing: a maintenance rate "
        "of %s of its value would cover that",
        row->asset, text);
    figures_warn(figures, "maintenance_below_cost", room->maintenance_detail);
}

static bool
fill_row(const struct situation *situation, struct decimal penalty_rate,
         struct liquidation_price *row, struct figures *figures, struct figures_room *room)
{
    struct decimal unsure = situation->parameters->execution.depth_uncertainty_rate;
    struct subject subject = {
        .situation = situation,
        .asset = (size_t)position_asset(&situation->now, row->asset),
        .others = situation->now.cash,
    };
    struct decimal price_unit = situation->now.assets[subject.asset].asset.price_unit;
    struct closing closing;
    struct depth depth;

    row->execution_price_reason = open_closing(&subject, penalty_rate, &depth, &closing);
    if (subject.reckoning.overflow)
        return false;
    if (row->execution_price_reason == REASON_NONE &&
        row->direction == (depth.side == DEPTH_SELL ? DIRECTION_ABOVE : DIRECTION_BELOW))
        row->execution_price_reason = REASON_NEVER;
    if (row->execution_price_reason != REASON_NONE)
        return true;
    depth.scale.units = DECIMAL_ONE_UNITS + unsure.units;
    (void)closing_price(&closing, price_unit, &row->range.best);
    depth.scale.units = DECIMAL_ONE_UNITS - unsure.units;
    (void)closing_price(&closing, price_unit, &row->range.worst);
    depth.scale = decimal_one;
    row->execution_price_reason = (int)closing_price(&closing, price_unit, &row->execution_price);
    warn_of_cost(&subject, &closing, row, figures, room);
    return true;
}

bool
execution_prices(const struct situation *situation, struct decimal penalty_rate,
                 struct figures *figures, struct figures_room *room)
{
    for (size_t i = 0; i < figures->liquidation_prices_count; i++)
        if (!fill_row(situation, penalty_rate, &figures->liquidation_prices[i], figures, room))
            return false;
    return true;
}
