/* The order of an answer: the position, its prices, the trigger, the liquidation, the risk. */
#include "risk/preview.h"

#include <assert.h>
#include <string.h>

#include "record/instant.h"
#include "risk/effective.h"
#include "risk/execution_price.h"
#include "risk/guard.h"
#include "risk/health.h"
#include "risk/joint_shock.h"
#include "risk/liquidation_price.h"
#include "risk/preview_liquidation.h"
#include "risk/preview_risk.h"
#include "risk/situation.h"
#include "risk/statistic.h"
#include "risk/suggest.h"

/* What an exposure without a known volatility counts for, when the main asset is chosen. */
static const double faint_volatility = 1e-3;

struct preview {
    const struct question *question;
    struct situation       situation;
    struct figures        *figures;
    struct figures_room   *room;
    struct faults         *faults;
};

struct decimal
volatility_of(const struct asset *asset, const struct state *state)
{
    const struct decimal *stated = state_volatility(state, asset->name);

    if (!stated)
        return decimal_sign(asset->volatility_floor) > 0 ? asset->volatility_floor : DECIMAL_NONE;
    if (decimal_compare(*stated, asset->volatility_floor) < 0)
        return asset->volatility_floor;
    return decimal_compare(*stated, asset->volatility_cap) > 0 ? asset->volatility_cap : *stated;
}

/* Collateral and longs less debts and shorts, in units of the asset; false: it does not fit. */
static bool
net_quantity(const struct position *position, size_t asset, struct decimal *net)
{
    struct decimal held = position_collateral(position, asset);
    struct decimal owed = position_debt(position, asset);

    if (decimal_is_none(held) || decimal_is_none(owed) || !decimal_subtract(held, owed, net))
        return false;
    for (size_t i = 0; i < position->perps_count; i++)
        if (position->perps[i].asset == asset &&
            !decimal_add(*net, position->perps[i].quantity, net))
            return false;
    return true;
}

static double
weight_of(const struct preview *preview, size_t index)
{
    const struct position_asset *asset = &preview->situation.now.assets[index];
    struct decimal               volatility = volatility_of(&asset->asset, preview->question->state);
    struct decimal               net;

    if (!net_quantity(&preview->situation.now, index, &net))
        return 0.0;
    double value = statistic_of(net) * statistic_of(asset->price);
    double sigma = decimal_is_none(volatility) ? 0.0 : statistic_of(volatility);
    return (value < 0 ? -value : value) * (sigma > faint_volatility ? sigma : faint_volatility);
}

/* Of an asset with two prices the one that is nearer to the mark; of assets the one whose value
 * times volatility is largest, among those that have a price if any has. */
static void
choose_main(struct preview *preview)
{
    struct situation *situation = &preview->situation;
    double            best = -1.0;

    situation->main       = NULL;
    situation->main_asset = POSITION_ASSET_NONE;
    for (size_t i = 0; i < preview->figures->liquidation_prices_count; i++) {
        const struct liquidation_price *row = &preview->figures->liquidation_prices[i];
        int    asset = position_asset(&situation->now, row->asset);
        double weight = weight_of(preview, (size_t)asset);
        bool   is_priced = !decimal_is_none(row->price);
        bool   was_priced = situation->main && !decimal_is_none(situation->main->price);

        if (was_priced && !is_priced)
            continue;
        if (asset == situation->main_asset && was_priced
                ? decimal_compare(decimal_magnitude(row->distance_rate),
                                  decimal_magnitude(situation->main->distance_rate)) < 0
                : weight > best || (is_priced && !was_priced)) {
            best                  = weight;
            situation->main       = row;
            situation->main_asset = asset;
        }
    }
    preview->figures->main = situation->main;
}

static bool
fill_prices(struct preview *preview)
{
    struct figures *figures = preview->figures;

    return liquidation_prices(&preview->situation.now, &preview->situation.valuation_now,
                              figures->liquidation_prices, &figures->liquidation_prices_count);
}

static bool
fill_withdrawable(struct preview *preview)
{
    const struct position *position = &preview->situation.now;
    struct figures        *figures = preview->figures;

    for (size_t i = 0; i < position->assets_count; i++) {
        struct decimal quantity;
        struct decimal held = position_collateral(position, i);
        if (decimal_is_none(held) || decimal_sign(held) == 0)
            continue;
        if (!withdrawable_compute(position, &preview->situation.valuation_now, i, &quantity))
            return false;
        figures->withdrawable[figures->withdrawable_count++] =
            (struct withdrawable){ position->assets[i].asset.name, quantity };
    }
    return true;
}

/* The account as the liquidation will meet it: at the main asset's liquidation price, unless it can
 * be liquidated now, or the mark was asked for, or there is no such price. */
static bool
move_to_trigger(struct preview *preview)
{
    struct situation *situation = &preview->situation;
    bool              is_at_mark = preview->question->at == AT_MARK || !situation->main ||
                                   decimal_is_none(situation->main->price) ||
                                   situation->valuation_now.health.status == STATUS_LIQUIDATABLE;

    position_copy(&situation->now, &situation->then);
    situation->at = is_at_mark ? AT_MARK : AT_TRIGGER;
    if (is_at_mark) {
        situation->valuation_then = situation->valuation_now;
        return true;
    }
    position_reprice(&situation->then, (size_t)situation->main_asset, situation->main->price);
    return health_compute(&situation->then, &situation->valuation_then);
}

static bool
is_empty(const struct account *account)
{
    return !account->collateral_count && !account->debt_count && !account->perps_count &&
           decimal_sign(account->cash) == 0;
}

static bool
is_sale(const struct liquidator *liquidator)
{
    return liquidator && !decimal_is_none(liquidator->buy_with);
}

/* What the account need not hold: the assets that a liquidator names. */
static bool
add_others(struct preview *preview)
{
    const struct liquidator *liquidator = preview->question->liquidator;
    struct situation        *situation = &preview->situation;
    size_t                   index;

    if (!is_sale(liquidator))
        return true;
    return (!liquidator->collateral ||
            position_add_asset(&situation->now, liquidator->collateral, situation->state,
                               "/liquidator/collateral", &index, preview->faults)) &&
           (!liquidator->debt ||
            position_add_asset(&situation->now, liquidator->debt, situation->state,
                               "/liquidator/debt", &index, preview->faults));
}

static enum risk_status
open_situation(struct preview *preview, const struct parameters *parameters, int64_t now_us)
{
    struct situation      *situation = &preview->situation;
    const struct question *question = preview->question;

    situation->parameters = parameters;
    situation->state      = question->state;
    situation->account    = &question->account;
    situation->liquidator = question->liquidator;
    situation->horizon_s  = question->horizon_s == INTEGER_NONE ? parameters->suggestions.horizon_s
                                                               : question->horizon_s;
    if (is_empty(&question->account) && !is_sale(question->liquidator)) {
        fault_add(preview->faults, "/account", "empty_account",
                  "an account holds or owes something: cash, collateral, debt or perps");
        return RISK_MEANINGLESS;
    }
    if (!position_open(parameters, &question->account, question->state, now_us, &situation->now,
                       preview->faults) ||
        !add_others(preview))
        return RISK_MEANINGLESS;
    if (!health_compute(&situation->now, &situation->valuation_now))
        return RISK_OVERFLOW;
    preview->figures->health = situation->valuation_now.health;
    return RISK_OK;
}

/* Fewer than 12 digits are left of a price below 1e-7 of the quote, in units of 1e-18: rules.md 7. */
static void
warn_of_precision(struct preview *preview)
{
    static const struct decimal fine = DECIMAL_UNITS_OF(100000000000);
    const struct position      *position = &preview->situation.now;

    for (size_t i = 0; i < position->assets_count; i++)
        if (decimal_sign(position->assets[i].price) > 0 &&
            decimal_compare(position->assets[i].price, fine) < 0)
            figures_warn(preview->figures, "price_precision",
                         "a price below 0.0000001 keeps fewer than 12 digits: count the asset in "
                         "lots, so that its price is above 0.0001");
}

static void
warn_of_factors(struct preview *preview)
{
    const struct position *position = &preview->situation.now;
    size_t                 risky = 0;

    for (size_t i = 0; i < position->assets_count; i++)
        risky += state_volatility(preview->question->state, position->assets[i].asset.name) != NULL;
    if (risky > 1)
        figures_warn(preview->figures, "one_factor",
                     "several assets have a volatility: they are taken to move with one factor, by "
                     "each asset's beta");
}

/* Of selling (or buying back) all of the main asset at once, at the mark; none, for `reason`. */
static bool
slippage_of_all(const struct preview *preview, struct decimal size, enum depth_side side,
                struct risk_exposure *exposure)
{
    const struct situation *situation = &preview->situation;
    struct way_out          way_out;
    struct walk             walk;

    exposure->slippage_rate   = DECIMAL_NONE;
    exposure->slippage_reason = REASON_NO_DEPTH;
    way_out_open(situation, (size_t)situation->main_asset, side, &way_out);
    if (!way_out.exists)
        return true;
    way_out.depth.reference = way_out.depth.price;
    if (!depth_walk(&way_out.depth, size, &walk))
        return false;
    exposure->slippage_reason = REASON_DEPTH_EXHAUSTED;
    if (decimal_sign(walk.unfilled) == 0)
        exposure->slippage_rate = walk.slippage_rate;
    return true;
}

/* When the liquidation comes: N of the main asset against the equity E. A long holds N and must cover
 * N - E with penalty and gas; a short owes N and can pay N + E less those. False: overflow. */
static bool
obligations_then(const struct preview *preview, struct decimal size, struct risk_exposure *exposure)
{
    const struct situation *situation = &preview->situation;
    const struct decimal    gas = preview->question->state ? situation->parameters->execution.gas : decimal_zero;
    struct decimal          price = situation->then.assets[situation->main_asset].price;
    struct decimal          equity = situation->valuation_then.health.equity;
    struct decimal          penalty = preview->figures->penalty.amount;
    struct reckoning        reckoning = { false };
    struct decimal          costs, value;

    exposure->collateral_then = exposure->obligation_then = DECIMAL_NONE;
    exposure->loss_reason = preview->figures->liquidation.reason != REASON_NONE
                          ? preview->figures->liquidation.reason : REASON_NO_POSITION;
    if (decimal_is_none(penalty))
        return true;
    value = reckon_multiply(&reckoning, size, price, ROUND_DOWN);
    costs = reckon_add(&reckoning, penalty, gas);
    exposure->collateral_then = exposure->obligation_then = value;
    if (exposure->is_short)
        exposure->collateral_then =
            greatest(decimal_zero, reckon_subtract(&reckoning, reckon_add(&reckoning, value, equity), costs));
    else
        exposure->obligation_then =
            greatest(decimal_zero, reckon_add(&reckoning, reckon_subtract(&reckoning, value, equity), costs));
    return !reckoning.overflow;
}

static void
fill_joint_shock(struct preview *preview)
{
    struct risk_figures *risk = &preview->figures->risk;

    risk->joint_shock_rate_reason = REASON_NONE;
    if (joint_shock(&preview->situation, &risk->joint_shock_rate))
        return;
    risk->joint_shock_rate        = DECIMAL_NONE;
    risk->joint_shock_rate_reason =
        decimal_sign(preview->figures->health.requirement) == 0 ? REASON_NO_DEBT : REASON_NEVER;
}

static bool
fill_risk(struct preview *preview)
{
    const struct situation      *situation = &preview->situation;
    struct risk_exposure         exposure = { .price_reason = REASON_NO_POSITION };
    const struct position_asset *main;
    struct decimal               net, size;
    const struct decimal        *volume;

    preview->figures->risk.horizon_s = situation->horizon_s;
    fill_joint_shock(preview);
    if (situation->main_asset == POSITION_ASSET_NONE ||
        !net_quantity(&situation->now, (size_t)situation->main_asset, &net))
        return true;
    main   = &situation->now.assets[situation->main_asset];
    size   = decimal_magnitude(net);
    volume = state_volume(situation->state, main->asset.name);
    exposure.asset             = main->asset.name;
    exposure.is_short          = decimal_sign(net) < 0;
    exposure.price             = main->price;
    exposure.liquidation_price = situation->main->price;
    exposure.price_reason      = situation->main->price_reason;
    exposure.is_liquidatable   = situation->valuation_now.health.status == STATUS_LIQUIDATABLE;
    exposure.volatility        = volatility_of(&main->asset, situation->state);
    exposure.volume            = volume && decimal_sign(*volume) > 0 ? *volume : DECIMAL_NONE;
    if (!decimal_step(PRODUCT(size, main->price), NOTHING, ROUND_DOWN, decimal_unit, &exposure.value) ||
        !slippage_of_all(preview, size, exposure.is_short ? DEPTH_BUY : DEPTH_SELL, &exposure) ||
        !obligations_then(preview, size, &exposure))
        return false;
    risk_fill(situation->parameters, &exposure, situation->horizon_s, &preview->figures->risk, preview->room);
    return true;
}

/* What the liquidation takes from the holder: the penalty, what the exit loses in the depth, the gas.
 * False: overflow. */
static bool
cost_of(const struct preview *preview, struct cost_of_liquidation *cost)
{
    const struct liquidation *liquidation = &preview->figures->liquidation;
    const struct situation   *situation = &preview->situation;
    struct decimal            quantity = liquidation->perp ? liquidation->perp->quantity : liquidation->seize;

    *cost = (struct cost_of_liquidation){
        preview->figures->penalty.amount, decimal_zero, situation->parameters->execution.gas
    };
    if (decimal_is_none(liquidation->slippage_rate) || decimal_is_none(quantity) ||
        decimal_sign(liquidation->slippage_rate) <= 0)
        return true;
    const char *name = liquidation->perp ? liquidation->perp->asset : liquidation->collateral;
    int         asset = position_asset(&situation->then, name);
    return decimal_step(PRODUCT(quantity, situation->then.assets[asset].price, liquidation->slippage_rate), NOTHING,
                        ROUND_UP, decimal_unit, &cost->slippage);
}

static bool
fill_suggestions(struct preview *preview)
{
    struct cost_of_liquidation cost;
    bool is_known = !decimal_is_none(preview->figures->penalty.amount);

    return (!is_known || cost_of(preview, &cost)) &&
           suggestions_fill(&preview->situation, is_known ? &cost : NULL, preview->figures, preview->room);
}

/* At the penalty that was found; where there is no liquidation, at none. */
static bool
fill_execution_prices(struct preview *preview)
{
    struct decimal rate = preview->figures->penalty.rate;

    return execution_prices(&preview->situation, decimal_is_none(rate) ? decimal_zero : rate, preview->figures,
                            preview->room);
}

/* The rules in force in this state; false: a figure does not fit. */
static bool
open_rules(struct preview *preview, const struct parameters *given, const struct parameters **rules)
{
    const struct question *question = preview->question;

    *rules = given;
    if (!given->execution.adaptive)
        return true;
    assert(preview->room->rules || !effective_differs(given, question->snapshot));
    preview->figures->effective = &preview->room->effective;
    *rules = effective_rules(given, question->snapshot, &question->account, preview->room->rules,
                             preview->room->effective_assets, &preview->room->effective);
    return *rules;
}

static bool
fill_guard(struct preview *preview, int64_t now_us)
{
    const struct situation     *situation = &preview->situation;
    const struct guard_question question = {
        .parameters = situation->parameters, .snapshot = preview->question->snapshot,
        .state = situation->state, .position = &situation->now,
        .health = &situation->valuation_now.health, .figures = preview->figures, .now_us = now_us,
    };

    return guard_fill(&question, preview->figures, preview->room);
}

static enum risk_status
compute(struct preview *preview, const struct parameters *rules, int64_t now_us, unsigned parts)
{
    struct figures  *figures = preview->figures;
    enum risk_status status;

    figures->rules = rules;
    if ((status = open_situation(preview, rules, now_us)))
        return status;
    if (!fill_prices(preview) || !fill_withdrawable(preview))
        return RISK_OVERFLOW;
    warn_of_precision(preview);
    warn_of_factors(preview);
    choose_main(preview);
    if (!move_to_trigger(preview))
        return RISK_OVERFLOW;
    if (parts & PARTS_ALL &&
        (status = liquidation_fill(&preview->situation, parts & (PART_LIQUIDATION | PART_RISK),
                                   figures, preview->room, preview->faults)))
        return status;
    if ((parts & PART_PRICES && !fill_execution_prices(preview)) ||
        (parts & PART_RISK && !fill_risk(preview)) ||
        (parts & PART_SUGGESTIONS && !fill_suggestions(preview)) ||
        !fill_guard(preview, now_us))
        return RISK_OVERFLOW;
    return RISK_OK;
}

/* The price moved beyond what is usual, and enough sources confirm it: once more, in the smaller
 * slices that the verdict on the usual ones asks for. */
static enum risk_status
compute_in_slices(struct preview *preview, const struct parameters *rules, int64_t now_us,
                  unsigned parts)
{
    struct figures       *figures = preview->figures;
    struct effective     *effective = figures->effective;
    struct oracle_figures verdict = figures->oracle;
    struct parameters    *sliced = &preview->room->sliced;
    struct decimal       *slice = &sliced->execution.maximum_slice_value;
    enum risk_status      status;

    *sliced = *rules;
    if (!decimal_step(PRODUCT(*slice, verdict.slice_rate), NOTHING, ROUND_DOWN, decimal_unit,
                      slice))
        return RISK_OVERFLOW;
    figures_open(figures, preview->room);
    if (effective) {
        figures->effective             = effective;
        effective->maximum_slice_value = *slice;
    }
    status = compute(preview, sliced, now_us, parts);
    figures->oracle = verdict;
    guard_warn(figures);
    return status;
}

/* The main risk asset's price, as it will be. */
static void
fill_upcoming(struct preview *preview)
{
    const struct question          *question = preview->question;
    const struct liquidation_price *main = preview->situation.main;
    struct prospect prospect = {
        question->scheduled, question->scheduled_count, main ? main->asset : NULL,
        main ? main->direction : DIRECTION_NONE, preview->room->scheduled_rules,
    };

    preview->figures->upcoming_count = upcoming_fill(&prospect, question, preview->room->upcoming);
}

static enum risk_status
answer(const struct parameters *parameters, const struct question *question, int64_t now_us,
       unsigned parts, struct figures_room *room, struct figures *figures, struct faults *faults)
{
    struct preview           preview;  /* 70 kB: filled where it is used */
    const struct parameters *rules;
    enum risk_status         status;

    preview.question       = question;
    preview.figures        = figures;
    preview.room           = room;
    preview.faults         = faults;
    preview.situation.main = NULL;
    figures_open(figures, room);
    if (!open_rules(&preview, parameters, &rules))
        return RISK_OVERFLOW;
    status = compute(&preview, rules, now_us, parts);
    if (status == RISK_OK && figures->oracle.verdict == ORACLE_ACCEPT &&
        is_below(figures->oracle.slice_rate, decimal_one) &&
        !decimal_is_none(rules->execution.maximum_slice_value))
        status = compute_in_slices(&preview, rules, now_us, parts);
    if (status == RISK_OK && question->scheduled_count > 0)
        fill_upcoming(&preview);
    return status;
}

enum risk_status
preview_compute(const struct parameters *parameters, const struct question *question,
                int64_t now_us, unsigned parts, struct figures_room *room, struct figures *figures,
                struct faults *faults)
{
    enum risk_status status = answer(parameters, question, now_us, parts, room, figures, faults);

    if (status == RISK_OK && parameters->status == MARKET_PAUSED)
        figures_warn(figures, "market_paused", "the market is paused: its rules stand, but the "
                                               "protocol may not act by them now");
    return status;
}
