/* Which liquidation an account meets, of what size, through which depth, at which penalty. */
#include "risk/preview_liquidation.h"

#include <string.h>

#include "risk/account_liquidation.h"
#include "risk/liquidation.h"
#include "risk/perp_close.h"
#include "risk/preview_penalty.h"
#include "risk/sale.h"
#include "risk/statistic.h"

struct liquidating {
    const struct situation *situation;
    const struct position  *position;             /* situation->then's */
    const struct valuation *valuation;
    struct figures         *figures;
    struct figures_room    *room;
    struct faults          *faults;
    bool                    optimal;
    struct way_out          way_out;
    /* what the depth takes within the tolerance; none: no cut */
    struct decimal          cut;
    struct walk             walk;
    /* the quantity that it is of; none: of nothing yet */
    struct decimal          walked;
    /* of what the rules would take, what no depth is there for */
    struct decimal          beyond;
};

void
way_out_open(const struct situation *situation, size_t asset, enum depth_side side,
             struct way_out *way_out)
{
    const struct position_asset *then = &situation->then.assets[asset];
    struct decimal               now = situation->now.assets[asset].price;
    const struct asset_depth    *found = state_depth(situation->state, then->asset.name);

    way_out->exists = found && found->venues_count && decimal_sign(now) > 0 &&
        decimal_sign(then->price) > 0;
    way_out->model  = way_out->exists ? (int)depth_model(found) : DEPTH_NONE;
    depth_open(&way_out->depth, way_out->exists ? found : NULL, side, now, then->asset.unit,
               situation->parameters->quote.unit);
    way_out->depth.reference = then->price;
}

static enum risk_status
refuse(struct liquidating *liquidating, enum liquidation_status status)
{
    if (status == LIQUIDATION_OVERFLOW)
        return RISK_OVERFLOW;
    fault_add(liquidating->faults, "/liquidator", liquidation_code(status),
              "the rules of this market do not allow what the liquidator asks for: %s",
                  liquidation_code(status));
    return RISK_REFUSED;
}

static void
open_way_out(struct liquidating *liquidating, size_t asset, enum depth_side side)
{
    way_out_open(liquidating->situation, asset, side, &liquidating->way_out);
    liquidating->cut    = DECIMAL_NONE;
    liquidating->walked = DECIMAL_NONE;
    liquidating->beyond = decimal_zero;
    liquidating->figures->liquidation.depth_model = liquidating->way_out.model;
}

/* Through the depth, unless it was the last quantity too. False: overflow. */
static bool
walk(struct liquidating *liquidating, struct decimal quantity)
{
    if (liquidating->walked.units == quantity.units)
        return true;
    liquidating->walked = quantity;
    return depth_walk(&liquidating->way_out.depth, quantity, &liquidating->walk);
}

/* What the depth takes within the tolerance, where that is less than `quantity`: finding it
 * costs more than seeing that all of it fits. False: overflow. */
static bool
cut_to_depth(struct liquidating *liquidating, struct decimal quantity, struct decimal most)
{
    struct decimal     tolerance =
        liquidating->situation->parameters->execution.slippage_tolerance_rate;
    const struct walk *walked = &liquidating->walk;

    if (!liquidating->way_out.exists)
        return true;
    if (!walk(liquidating, quantity))
        return false;
    liquidating->beyond = walked->unfilled;
    if (decimal_sign(walked->unfilled) == 0 &&
        (decimal_is_none(walked->slippage_rate) ||
         decimal_compare(walked->slippage_rate, tolerance) <= 0))
        return true;
    return depth_largest(&liquidating->way_out.depth, tolerance, most, &liquidating->cut);
}

/* A wish is held against all that the depth takes of what is held; `beyond` is of the wish
 * alone. */
static bool
cut_wish_to_depth(struct liquidating *liquidating, struct decimal held)
{
    struct decimal seize = liquidating->situation->liquidator->seize;

    if (!cut_to_depth(liquidating, held, held))
        return false;
    liquidating->beyond = decimal_zero;
    if (!liquidating->way_out.exists || decimal_is_none(seize) || decimal_compare(seize, held) > 0)
        return true;
    if (!walk(liquidating, seize))
        return false;
    liquidating->beyond = liquidating->walk.unfilled;
    return true;
}

/* Sells (or buys back) the quantity through the depth, and shows it. False: overflow. */
static bool
walk_out(struct liquidating *liquidating, struct decimal quantity)
{
    struct liquidation *liquidation = &liquidating->figures->liquidation;
    const struct walk  *walked = &liquidating->walk;

    if (!liquidating->way_out.exists)
        return true;
    if (!walk(liquidating, quantity))
        return false;
    liquidation->average_price = walked->average_price;
    liquidation->slippage_rate = walked->slippage_rate;
    liquidation->unfilled      = decimal_compare(walked->unfilled, liquidating->beyond) > 0
                               ? walked->unfilled : liquidating->beyond;
    liquidation->fills         = liquidating->room->fills;
    liquidation->fills_count   = walked->fills_count;
    memcpy(liquidation->fills, walked->fills, walked->fills_count * sizeof *walked->fills);
    if (decimal_sign(liquidation->unfilled) > 0)
        figures_warn(liquidating->figures, "depth_exhausted",
                     "the depth that was given ends before all that the rules would take is sold: "
                     "the rest is unfilled");
    return true;
}

static void
show_pair(const struct pair_outcome *outcome, struct liquidating *liquidating)
{
    struct liquidation     *liquidation = &liquidating->figures->liquidation;
    struct penalty_figures *penalty = &liquidating->figures->penalty;

    liquidation->debt            = outcome->pair.debt.name;
    liquidation->repay           = outcome->repay;
    liquidation->repay_max       = outcome->repay_max;
    liquidation->repay_delivered = outcome->repay_delivered;
    liquidation->seize           = outcome->seize;
    liquidation->close_rate      = outcome->close_rate;
    liquidation->limited_by      = outcome->limited_by;
    liquidation->bad_debt        = outcome->bad_debt;
    liquidation->bad_debts       = liquidating->room->bad_debts;
    liquidation->bad_debts_count = outcome->bad_debts_count;
    memcpy(liquidation->bad_debts, outcome->bad_debts,
           outcome->bad_debts_count * sizeof *outcome->bad_debts);
    liquidation->collateral_exhausted = outcome->collateral_exhausted;
    liquidation->ltv_after       = outcome->ltv_after;
    penalty->amount              = outcome->penalty_amount;
    penalty->split = (struct penalty_split){
        outcome->split.liquidator, outcome->split.insurance, outcome->split.protocol, decimal_zero
    };
}

static struct multiplier
multiplier_at(const struct liquidating *liquidating, size_t asset, struct decimal optimal_rate)
{
    return health_multiplier(liquidating->position, &liquidating->valuation->health, asset,
                             optimal_rate);
}

/* The amounts on the way: the largest is what the depth must take. */
struct rounds {
    struct pair_outcome   outcome;                /* the last one */
    struct priced_penalty priced;
    bool                  is_priced;
    struct decimal        most_seized;
};

static enum liquidation_status
liquidate_round(struct liquidating *liquidating, const struct liquidation_pair *pair,
                struct decimal optimal_rate,
                struct rounds *rounds)
{
    enum liquidation_status status =
        pair_liquidate(liquidating->position, liquidating->valuation, pair,
                       liquidating->situation->liquidator,
                       multiplier_at(liquidating, pair->collateral.asset, optimal_rate),
                           liquidating->cut, &rounds->outcome);

    if (status == LIQUIDATION_COMPUTED &&
        decimal_compare(rounds->outcome.seize, rounds->most_seized) > 0)
        rounds->most_seized = rounds->outcome.seize;
    return status;
}

static bool
price_round(const struct liquidating *liquidating, const struct liquidation_pair *pair,
            struct rounds *rounds)
{
    penalty_price_pair(liquidating->situation, pair->collateral.asset, &liquidating->way_out,
                       rounds->outcome.repay_value,
                       &rounds->priced);
    rounds->is_priced = true;
    return rounds->priced.reason == REASON_NONE;
}

static bool
has_amount(const struct liquidator *wish)
{
    return wish && !(decimal_is_none(wish->repay) && decimal_is_none(wish->seize));
}

/* Two rounds (contract.md): the close rule at the floor penalty gives an amount; the penalty for
 * it; the close rule at that penalty; the penalty for that amount, which stands. */
static enum liquidation_status
settle_optimum(struct liquidating *liquidating, const struct liquidation_pair *pair,
               struct rounds *rounds)
{
    const struct liquidator *wish = liquidating->situation->liquidator;
    enum liquidation_status  status;

    if (!price_round(liquidating, pair, rounds))
        return LIQUIDATION_COMPUTED;
    status = liquidate_round(liquidating, pair, rounds->priced.bounded.optimal_rate, rounds);
    if (status != LIQUIDATION_COMPUTED || !price_round(liquidating, pair, rounds))
        return status;
    struct decimal      rate = rounds->priced.bounded.optimal_rate;
    struct pair_outcome round = rounds->outcome;
    if (wish && !decimal_is_none(wish->seize))
        return liquidate_round(liquidating, pair, rate, rounds);
    status = pair_reprice(liquidating->position, liquidating->valuation, &round,
                          multiplier_at(liquidating, pair->collateral.asset, rate),
                              &rounds->outcome);
    if (decimal_compare(rounds->outcome.seize, rounds->most_seized) > 0)
        rounds->most_seized = rounds->outcome.seize;
    return status;
}

static enum liquidation_status
settle_pair(struct liquidating *liquidating, const struct liquidation_pair *pair,
            struct rounds *rounds)
{
    bool is_optimal = liquidating->situation->parameters->penalty.rule == PENALTY_OPTIMAL &&
                      decimal_is_none(liquidating->valuation->health.window);
    enum liquidation_status status;

    rounds->is_priced   = false;
    rounds->most_seized = decimal_zero;
    status = liquidate_round(liquidating, pair, DECIMAL_NONE, rounds);
    if (status == LIQUIDATION_COMPUTED && is_optimal)
        return settle_optimum(liquidating, pair, rounds);
    if (status == LIQUIDATION_COMPUTED && liquidating->optimal)
        price_round(liquidating, pair, rounds);
    return status;
}

static enum risk_status
fill_pair(struct liquidating *liquidating, const struct liquidation_pair *pair)
{
    const struct situation *situation = liquidating->situation;
    struct decimal          held = pair->collateral.quantity;
    struct rounds           rounds;
    enum liquidation_status status;

    open_way_out(liquidating, pair->collateral.asset, DEPTH_SELL);
    if (has_amount(situation->liquidator) && !cut_wish_to_depth(liquidating, held))
        return RISK_OVERFLOW;
    status = settle_pair(liquidating, pair, &rounds);
    if (status == LIQUIDATION_COMPUTED && decimal_is_none(liquidating->cut)) {
        if (!cut_to_depth(liquidating, rounds.most_seized, held))
            return RISK_OVERFLOW;
        if (!decimal_is_none(liquidating->cut))
            status = settle_pair(liquidating, pair, &rounds);
    }
    if (status != LIQUIDATION_COMPUTED)
        return refuse(liquidating, status);
    show_pair(&rounds.outcome, liquidating);
    penalty_fill(situation->parameters, rounds.outcome.multiplier,
                 rounds.is_priced ? &rounds.priced : NULL,
                 liquidating->figures);
    if (situation->parameters->penalty.rule == PENALTY_OPTIMAL &&
        liquidating->figures->penalty.optimal_rate_reason == REASON_NO_VOLATILITY)
        figures_warn(liquidating->figures, "penalty_without_volatility",
                     "the state gives no volatility for the seized asset: the penalty is the "
                     "floor, not the optimum");
    return walk_out(liquidating, rounds.outcome.seize) ? RISK_OK : RISK_OVERFLOW;
}

/* Somebody who buys seized collateral with so much of the debt's asset. */
static enum risk_status
fill_sale(struct liquidating *liquidating)
{
    const struct liquidator *wish = liquidating->situation->liquidator;
    int collateral = wish->collateral ? position_asset(liquidating->position, wish->collateral)
        : POSITION_ASSET_NONE;
    int debt = wish->debt ? position_asset(liquidating->position, wish->debt) : POSITION_ASSET_NONE;

    if (collateral == POSITION_ASSET_NONE || debt == POSITION_ASSET_NONE) {
        fault_add(liquidating->faults, "/liquidator", "missing_member",
                  "a buyer names the collateral and the debt's asset that it pays with");
        return RISK_MEANINGLESS;
    }
    liquidating->figures->liquidation.sale = &liquidating->room->sale;
    return sale_compute(liquidating->position, (size_t)collateral, (size_t)debt, wish->buy_with,
                        DECIMAL_NONE, &liquidating->room->sale) ? RISK_OK : RISK_OVERFLOW;
}

static enum risk_status
fill_account(struct liquidating *liquidating)
{
    struct figures             *figures = liquidating->figures;
    struct figures_room        *room = liquidating->room;
    struct account_outcome      outcome;
    enum liquidation_status     status;

    status = account_liquidate(liquidating->position, liquidating->valuation, DECIMAL_NONE,
                               &outcome);
    if (status == LIQUIDATION_NO_DEBT) {
        figures->liquidation.reason = REASON_NO_DEBT;
        return RISK_OK;
    }
    if (status == LIQUIDATION_OVERFLOW)
        return RISK_OVERFLOW;
    room->account = (struct account_liquidation){
        .credit = outcome.credit, .fee = outcome.fee, .surplus = outcome.surplus,
        .paid = room->paid, .paid_count = outcome.paid_count,
        .surplus_amounts = room->surplus_amounts,
        .surplus_amounts_count = decimal_is_none(outcome.surplus_amount.quantity) ? 0 : 1,
    };
    memcpy(room->paid, outcome.paid, outcome.paid_count * sizeof *outcome.paid);
    room->surplus_amounts[0] = outcome.surplus_amount;
    memcpy(room->bad_debts, outcome.bad_debts, outcome.bad_debts_count * sizeof *outcome.bad_debts);
    figures->liquidation.account         = &room->account;
    figures->liquidation.limited_by      = LIMITED_BY_ACCOUNT;
    figures->liquidation.bad_debts_count = outcome.bad_debts_count;
    figures->liquidation.bad_debt        = outcome.bad_debt;
    figures->liquidation.collateral_exhausted = true;
    figures->penalty.amount = outcome.bonus;
    figures->penalty.split  = (struct penalty_split){ decimal_zero, decimal_zero, outcome.fee,
                                                      outcome.surplus };
    return RISK_OK;
}

/* What everything fetches: the main asset through its depth. */
static enum risk_status
walk_account(struct liquidating *liquidating)
{
    int asset = liquidating->situation->main_asset;
    struct decimal held = asset == POSITION_ASSET_NONE ? DECIMAL_NONE
                                                       : position_collateral(liquidating->position,
                                                               (size_t)asset);

    if (decimal_is_none(held) || decimal_sign(held) <= 0)
        return RISK_OK;
    liquidating->figures->liquidation.collateral = liquidating->position->assets[asset].asset.name;
    liquidating->figures->liquidation.seize      = held;
    penalty_fill(liquidating->situation->parameters,
                 health_multiplier_outside_window(liquidating->position,
                                                  &liquidating->valuation->health, (size_t)asset,
                                                  DECIMAL_NONE),
                 NULL, liquidating->figures);
    open_way_out(liquidating, (size_t)asset, DEPTH_SELL);
    return walk_out(liquidating, held) ? RISK_OK : RISK_OVERFLOW;
}

static void
show_perp(const struct perp_outcome *outcome, struct liquidating *liquidating)
{
    struct liquidation *liquidation = &liquidating->figures->liquidation;

    liquidating->room->perp = (struct perp_liquidation){
        .asset = outcome->asset, .quantity = outcome->quantity,
            .quantity_max = outcome->quantity_max,
        .notional_max = outcome->notional_max, .limit_price = outcome->limit_price,
        .bankruptcy_proceeds = outcome->bankruptcy_proceeds, .proceeds = outcome->proceeds,
        .insurance_fee = outcome->insurance_fee, .insurance_delta = outcome->insurance_delta,
    };
    liquidation->perp       = &liquidating->room->perp;
    liquidation->limited_by = outcome->limited_by;
    liquidation->bad_debt   = outcome->bad_debt;
}

/* The fill that the liquidator states, else what the depth gives. False: overflow. */
static bool
settle_perp(struct liquidating *liquidating, struct perp_outcome *outcome)
{
    const struct liquidator *wish = liquidating->situation->liquidator;
    struct decimal           proceeds;

    if (wish && !decimal_is_none(wish->fill_price))
        return perp_proceeds(liquidating->position, outcome, wish->fill_price, &proceeds) &&
               perp_settle(liquidating->position, proceeds, outcome);
    if (!liquidating->way_out.exists || decimal_sign(liquidating->walk.unfilled) > 0)
        return true;
    proceeds = liquidating->walk.proceeds;
    if (!outcome->is_long)
        proceeds.units = -proceeds.units;
    return perp_settle(liquidating->position, proceeds, outcome);
}

/* The penalty of a perp in the quote: the part of the closed notional at the mark. False:
 * overflow. */
static bool
fill_perp_penalty(struct liquidating *liquidating, size_t asset, const struct perp_outcome *outcome,
                  const struct priced_penalty *priced, struct multiplier multiplier)
{
    struct penalty_figures *penalty = &liquidating->figures->penalty;
    struct decimal          insurance = decimal_is_none(outcome->insurance_fee) ? decimal_zero
        : outcome->insurance_fee;

    penalty_fill(liquidating->situation->parameters, multiplier, priced, liquidating->figures);
    if (!decimal_step(PRODUCT(outcome->quantity, liquidating->position->assets[asset].price,
                              penalty->form_rate), NOTHING,
                      ROUND_UP, liquidating->situation->parameters->quote.unit, &penalty->amount))
        return false;
    penalty->split = (struct penalty_split){
        .liquidator = { penalty->amount.units > insurance.units
                        ? penalty->amount.units - insurance.units : 0 },
        .insurance  = insurance,
    };
    return true;
}

static enum risk_status
fill_perp(struct liquidating *liquidating, size_t index)
{
    const struct situation     *situation = liquidating->situation;
    const struct position_perp *perp = &liquidating->position->perps[index];
    const struct liquidator    *wish = situation->liquidator;
    struct decimal              quantity = wish ? wish->quantity : DECIMAL_NONE;
    struct decimal              size = { perp->quantity.units < 0 ? -perp->quantity.units
                                         : perp->quantity.units };
    bool                        is_long = perp->quantity.units > 0;
    struct priced_penalty       priced;
    struct perp_outcome         outcome;
    struct decimal              notional;
    struct multiplier           multiplier;
    enum liquidation_status     status;

    open_way_out(liquidating, perp->asset, is_long ? DEPTH_SELL : DEPTH_BUY);
    if (!cut_to_depth(liquidating, size, size))
        return RISK_OVERFLOW;
    multiplier = health_multiplier_outside_window(liquidating->position,
                                                  &liquidating->valuation->health, perp->asset,
                                                  DECIMAL_NONE);
    status = perp_close(liquidating->position, liquidating->valuation, index, multiplier, quantity,
                        liquidating->cut, &outcome);
    if (status != LIQUIDATION_COMPUTED)
        return refuse(liquidating, status);
    if (!walk_out(liquidating, outcome.quantity) ||
        !decimal_step(PRODUCT(outcome.quantity, liquidating->position->assets[perp->asset].price),
                      NOTHING, ROUND_DOWN,
                      situation->parameters->quote.unit, &notional))
        return RISK_OVERFLOW;
    penalty_price_perp(situation, perp->asset, is_long, notional,
                       liquidating->figures->liquidation.slippage_rate, &priced);
    if (situation->parameters->penalty.rule == PENALTY_OPTIMAL && priced.reason == REASON_NONE) {
        int limited_by = outcome.limited_by;
        multiplier = health_multiplier_outside_window(liquidating->position,
                                                      &liquidating->valuation->health, perp->asset,
                                                      priced.bounded.optimal_rate);
        status = perp_close(liquidating->position, liquidating->valuation, index, multiplier,
                            outcome.quantity, DECIMAL_NONE,
                            &outcome);
        if (status != LIQUIDATION_COMPUTED)
            return refuse(liquidating, status);
        outcome.limited_by = limited_by;
    }
    if (!settle_perp(liquidating, &outcome))
        return RISK_OVERFLOW;
    show_perp(&outcome, liquidating);
    return fill_perp_penalty(liquidating, perp->asset, &outcome, &priced, multiplier) ? RISK_OK
        : RISK_OVERFLOW;
}

static bool
wants_perp(const struct liquidator *wish)
{
    return wish && wish->perp;
}

/* A perp where one is asked for, or where there is no pair of a debt and a collateral. */
static enum risk_status
fill_pair_or_perp(struct liquidating *liquidating)
{
    const struct liquidator *wish = liquidating->situation->liquidator;
    struct figures          *figures = liquidating->figures;
    struct liquidation_pair  pair;
    struct pair_outcome      outcome;
    size_t                   perp;
    enum liquidation_status  status = LIQUIDATION_NO_DEBT;

    if (!wants_perp(wish)) {
        status = pair_choose(liquidating->position, liquidating->valuation, wish, &pair);
        if (status == LIQUIDATION_COMPUTED) {
            figures->liquidation.collateral = pair.collateral.name;
            return fill_pair(liquidating, &pair);
        }
        if (status == LIQUIDATION_OVERFLOW)
            return RISK_OVERFLOW;
    }
    if (perp_choose(liquidating->position, liquidating->valuation,
                    wants_perp(wish) ? wish->perp : NULL, &perp) ==
        LIQUIDATION_COMPUTED)
        return fill_perp(liquidating, perp);
    if (wants_perp(wish))
        return refuse(liquidating, LIQUIDATION_NO_POSITION);
    if (wish && (wish->debt || wish->collateral))
        return refuse(liquidating, status);
    figures->liquidation.reason = status == LIQUIDATION_NO_DEBT ? REASON_NO_DEBT
        : REASON_NO_COLLATERAL;
    if (status == LIQUIDATION_NO_COLLATERAL) {
        if (!pair_without_collateral(liquidating->position, liquidating->valuation, &pair,
                                     &outcome))
            return RISK_OVERFLOW;
        show_pair(&outcome, liquidating);
    }
    return RISK_OK;
}

enum risk_status
liquidation_fill(const struct situation *situation, bool optimal, struct figures *figures,
                 struct figures_room *room, struct faults *faults)
{
    const struct close *close = &situation->parameters->close;
    struct liquidating  liquidating = {
        .situation = situation, .position = &situation->then,
            .valuation = &situation->valuation_then,
        .figures = figures, .room = room, .faults = faults, .optimal = optimal,
    };
    enum risk_status status;

    figures->liquidation.at = situation->at;
    if (situation->liquidator && !decimal_is_none(situation->liquidator->buy_with))
        return fill_sale(&liquidating);
    if (close->rule == CLOSE_FULL && close->scope == SCOPE_ACCOUNT &&
        !wants_perp(situation->liquidator)) {
        status = fill_account(&liquidating);
        return status == RISK_OK ? walk_account(&liquidating) : status;
    }
    return fill_pair_or_perp(&liquidating);
}
