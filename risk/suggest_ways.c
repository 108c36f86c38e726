/* Which ways out an account has, and what each amount of one does for the target, estimated. */
#include <string.h>

#include "risk/elementary.h"
#include "risk/joint_shock.h"
#include "risk/statistic.h"
#include "risk/suggest_action.h"

enum { STABLE_MAX = 8 };

/* The ways as they are listed. */
struct listing {
    struct bench *bench;
    struct way *ways;
    size_t count;
};

static const struct parameters *
rules_of(const struct listing *listing)
{
    return listing->bench->situation->parameters;
}

/* A yearly rate over the horizon, up; below 0 it is 0. */
static struct decimal
over_horizon(struct bench *bench, struct decimal yearly)
{
    struct decimal horizon = { (int128)bench->situation->horizon_s * DECIMAL_ONE_UNITS };
    struct decimal year = DECIMAL_OF(31536000);

    return greatest(decimal_zero, reckon_step(&bench->reckoning, PRODUCT(yearly, horizon),
                                              PRODUCT(year), ROUND_UP, decimal_unit));
}

static int
wallet_row(const struct bench *bench, const char *asset)
{
    const struct account *account = bench->situation->account;

    for (size_t i = 0; i < account->wallet_count; i++)
        if (!strcmp(account->wallet[i].asset, asset))
            return (int)i;
    return WALLET_NONE;
}

/* A way whose members are plain; the slot of a held asset is set apart. */
static struct way *
add_way(struct listing *listing, enum action action, size_t asset)
{
    const struct position_asset *held = &listing->bench->position.assets[asset];
    struct way *way = &listing->ways[listing->count++];

    *way = (struct way){
        .action = action,
        .asset = held->asset.name,
        .unit = held->asset.unit,
        .price = held->price,
        .reason = REASON_NONE,
        .most = DECIMAL_NONE,
        .wallet = WALLET_NONE,
        .transfer_fee_rate = decimal_zero,
        .cost_rate = decimal_zero,
        .gas = rules_of(listing)->execution.gas,
    };
    return way;
}

static void
from_wallet(struct listing *listing, struct way *way, struct decimal borrow_rate)
{
    struct bench *bench = listing->bench;

    way->needs_wallet = true;
    way->wallet = wallet_row(bench, way->asset);
    way->cost_rate = over_horizon(
        bench, reckon_subtract(&bench->reckoning, rules_of(listing)->suggestions.capital_rate,
                               borrow_rate));
}

/* The quote itself is no asset: cash. */
static void
as_cash(struct listing *listing, struct way *way)
{
    way->asset = rules_of(listing)->quote.asset;
    way->unit = rules_of(listing)->quote.unit;
    way->price = decimal_one;
    way->slot = (struct slot){ SLOT_CASH, 0 };
}

static void
add_to_collateral(struct listing *listing, enum action action, size_t asset)
{
    struct way *way;
    struct slot slot;

    if (!bench_collateral(listing->bench, asset, &slot))
        return;
    way = add_way(listing, action, asset);
    way->slot = slot;
    way->transfer_fee_rate = listing->bench->position.assets[asset].asset.transfer_fee_rate;
    from_wallet(listing, way, decimal_zero);
}

/* An asset that the account need not hold, in the bench: its index. False: the market does not list
 * it or the state does not price it. */
static bool
bring(struct bench *bench, const char *name, size_t *index)
{
    const struct decimal *price = state_price(bench->situation->state, name);

    return price && decimal_sign(*price) > 0 &&
           parameters_asset(bench->position.parameters, name) &&
           position_add_asset(&bench->position, name, bench->situation->state, "", index, NULL);
}

static bool
moves(const struct bench *bench, size_t asset)
{
    const struct position_asset *held = &bench->position.assets[asset];

    return asset == bench->main || (state_volatility(bench->situation->state, held->asset.name) &&
                                    decimal_sign(held->asset.beta) != 0);
}

/* Debts in order of value; the first is what is repaid. False: there is none. */
static bool
largest_debt(const struct bench *bench, size_t *leg)
{
    const struct situation *situation = bench->situation;
    struct decimal largest = greatest(decimal_zero, decimal_negate(situation->now.cash));
    bool is_found = false;

    for (size_t i = 0; i < situation->now.debt_count; i++)
        if (decimal_compare(situation->valuation_now.debt[i], largest) > 0) {
            largest = situation->valuation_now.debt[i];
            *leg = i;
            is_found = true;
        }
    return is_found;
}

static bool
is_debt_asset(const struct bench *bench, size_t asset)
{
    size_t leg;

    return largest_debt(bench, &leg) && bench->position.debt[leg].asset == asset;
}

/* Wallet assets that hold their value when the main asset loses it; where there is none, cash. */
static void
add_stables(struct listing *listing)
{
    struct bench *bench = listing->bench;
    const struct account *account = bench->situation->account;
    const char *quote = rules_of(listing)->quote.asset;
    size_t before = listing->count;
    bool is_cash_owed = decimal_sign(bench->position.cash) < 0;

    for (size_t i = 0; i < account->wallet_count && listing->count - before < STABLE_MAX; i++) {
        const char *name = account->wallet[i].asset;
        size_t asset;
        if (wallet_row(bench, name) != (int)i || !strcmp(name, quote) ||
            !bring(bench, name, &asset))
            continue;
        if (decimal_sign(bench->position.assets[asset].asset.threshold) > 0 &&
            asset != bench->main && (!moves(bench, asset) || is_debt_asset(bench, asset)))
            add_to_collateral(listing, ACTION_ADD_STABLE, asset);
    }
    if (is_cash_owed || (listing->count > before && wallet_row(bench, quote) == WALLET_NONE))
        return;
    struct way *way = add_way(listing, ACTION_ADD_STABLE, bench->main);
    as_cash(listing, way);
    from_wallet(listing, way, decimal_zero);
}

static void
add_repay(struct listing *listing)
{
    struct bench *bench = listing->bench;
    const struct asset *quote = parameters_asset(bench->position.parameters,
                                                 rules_of(listing)->quote.asset);
    struct way *way;
    size_t leg;

    if (largest_debt(bench, &leg)) {
        const struct position_leg *debt = &bench->position.debt[leg];
        const struct asset *asset = &bench->position.assets[debt->asset].asset;
        way = add_way(listing, ACTION_REPAY, debt->asset);
        way->slot = (struct slot){ SLOT_DEBT, leg };
        way->repays = true;
        way->most = debt->quantity;
        way->transfer_fee_rate = asset->transfer_fee_rate;
        from_wallet(listing, way, asset->borrow_rate);
    } else if (decimal_sign(bench->position.cash) < 0) {
        way = add_way(listing, ACTION_REPAY, bench->main);
        as_cash(listing, way);
        way->most = decimal_negate(bench->position.cash);
        from_wallet(listing, way, quote ? quote->borrow_rate : decimal_zero);
    }
}

/* Opens the depth; the reason why it cannot be traded. */
static void
open_trade(struct listing *listing, struct way *way, enum trade_kind trade, enum depth_side side)
{
    const struct bench *bench = listing->bench;
    const struct asset_depth *found = state_depth(bench->situation->state, way->asset);

    way->trade = trade;
    way->repays = true;
    way->other = (struct slot){ SLOT_CASH, 0 };
    way->other_price = decimal_one;
    way->other_unit = rules_of(listing)->quote.unit;
    if (depth_model(found) == DEPTH_NONE)
        way->reason = REASON_NO_DEPTH;
    depth_open(&way->depth, found, side, way->price, way->unit, rules_of(listing)->quote.unit);
}

static void
trade_with(struct bench *bench, struct way *way, struct slot other, size_t asset)
{
    way->other = other;
    way->other_price = bench->position.assets[asset].price;
    way->other_unit = bench->position.assets[asset].asset.unit;
}

/* The largest leg of the main asset: a quantity above 0, or none. */
static struct decimal
largest_leg(const struct position_leg *legs, size_t count, size_t asset, size_t *leg)
{
    struct decimal largest = decimal_zero;

    for (size_t i = 0; i < count; i++)
        if (legs[i].asset == asset && decimal_compare(legs[i].quantity, largest) > 0) {
            largest = legs[i].quantity;
            *leg = i;
        }
    return largest;
}

static struct decimal
largest_perp(const struct bench *bench, size_t *leg)
{
    struct decimal largest = decimal_zero;

    for (size_t i = 0; i < bench->own_perps_count; i++) {
        const struct position_perp *perp = &bench->position.perps[i];
        if (perp->asset == bench->main && (decimal_sign(perp->quantity) > 0) == bench->is_long &&
            decimal_compare(decimal_magnitude(perp->quantity), largest) > 0) {
            largest = decimal_magnitude(perp->quantity);
            *leg = i;
        }
    }
    return largest;
}

/* What the debt is bought back with: the largest collateral of another asset, else cash. */
static void
choose_payer(struct bench *bench, struct way *way)
{
    const struct situation *situation = bench->situation;
    struct decimal largest = decimal_zero;

    for (size_t i = 0; i < situation->now.collateral_count; i++) {
        struct decimal value = situation->valuation_now.collateral[i];
        if (situation->now.collateral[i].asset == bench->main ||
            decimal_compare(value, largest) <= 0)
            continue;
        largest = value;
        trade_with(bench, way, (struct slot){ SLOT_COLLATERAL, i },
                   situation->now.collateral[i].asset);
    }
}

static void
add_reduce(struct listing *listing)
{
    struct bench *bench = listing->bench;
    struct position *position = &bench->position;
    size_t leg = 0;
    size_t perp = 0;
    size_t debt;
    struct decimal held =
        bench->is_long
            ? largest_leg(position->collateral, position->collateral_count, bench->main, &leg)
            : largest_leg(position->debt, position->debt_count, bench->main, &leg);
    struct decimal open = largest_perp(bench, &perp);
    struct way *way;

    if (decimal_sign(held) == 0 && decimal_sign(open) == 0)
        return;
    way = add_way(listing, ACTION_REDUCE, bench->main);
    way->most = greatest(held, open);
    if (decimal_compare(open, held) > 0) {
        open_trade(listing, way, TRADE_CLOSE_PERP, bench->is_long ? DEPTH_SELL : DEPTH_BUY);
        way->slot = (struct slot){ SLOT_PERP, perp };
        return;
    }
    open_trade(listing, way, bench->is_long ? TRADE_SELL_TO_REPAY : TRADE_BUY_TO_REPAY,
               bench->is_long ? DEPTH_SELL : DEPTH_BUY);
    way->slot = (struct slot){ bench->is_long ? SLOT_COLLATERAL : SLOT_DEBT, leg };
    if (!bench->is_long)
        choose_payer(bench, way);
    else if (largest_debt(bench, &debt))
        trade_with(bench, way, (struct slot){ SLOT_DEBT, debt }, position->debt[debt].asset);
}

/* The asset with the best threshold that does not move; false: there is none. */
static bool
best_stable(struct bench *bench, size_t *best)
{
    const struct parameters *parameters = bench->position.parameters;
    struct decimal threshold = decimal_zero;
    const char *name = NULL;

    for (size_t i = 0; i < parameters->assets_count; i++) {
        const struct asset *asset = &parameters->assets[i];
        const struct decimal *price = state_price(bench->situation->state, asset->name);
        if (!price || decimal_sign(*price) <= 0 ||
            decimal_compare(asset->threshold, threshold) <= 0 ||
            !strcmp(asset->name, bench->position.assets[bench->main].asset.name) ||
            (state_volatility(bench->situation->state, asset->name) &&
             decimal_sign(asset->beta) != 0))
            continue;
        threshold = asset->threshold;
        name = asset->name;
    }
    return name && bring(bench, name, best);
}

static void
add_swap(struct listing *listing)
{
    struct bench *bench = listing->bench;
    struct position *position = &bench->position;
    struct way *way;
    struct slot slot;
    size_t leg = 0;
    size_t stable;
    struct decimal held = largest_leg(position->collateral, position->collateral_count, bench->main,
                                      &leg);

    if (!bench->is_long || decimal_sign(held) == 0)
        return;
    way = add_way(listing, ACTION_SWAP, bench->main);
    way->most = held;
    open_trade(listing, way, TRADE_SELL_TO_HOLD, DEPTH_SELL);
    way->slot = (struct slot){ SLOT_COLLATERAL, leg };
    if (!best_stable(bench, &stable) || !bench_collateral(bench, stable, &slot))
        way->reason = REASON_NO_COUNTERPART;
    else
        trade_with(bench, way, slot, stable);
}

static void
add_hedge(struct listing *listing)
{
    const struct suggestions *rules = &rules_of(listing)->suggestions;
    struct bench *bench = listing->bench;
    struct way *way = add_way(listing, ACTION_HEDGE, bench->main);

    way->gas = decimal_zero;
    way->repays = bench->is_long;
    way->cost_rate = over_horizon(bench, rules->funding_rate);
    if (decimal_sign(rules->funding_rate) < 0)
        way->cost_rate = decimal_negate(over_horizon(bench, decimal_negate(rules->funding_rate)));
    reckon_sum(&bench->reckoning, &way->cost_rate, rules->hedge_fee_rate);
    reckon_sum(&bench->reckoning, &way->cost_rate, rules->hedge_half_spread_rate);
    way->cost_rate = greatest(way->cost_rate, decimal_zero);
    if (!rules->hedge)
        way->reason = REASON_NOT_RECOGNISED;
    else if (decimal_is_none(bench->volatility))
        way->reason = REASON_NO_VOLATILITY;
    else if (!bench_new_perp(bench, bench->main, &way->slot))
        way->reason = REASON_INFEASIBLE;
}

size_t
ways_open(struct bench *bench, struct way ways[static WAYS_MAX])
{
    struct listing listing = { bench, ways, 0 };

    if (decimal_sign(bench->position.assets[bench->main].asset.threshold) > 0)
        add_to_collateral(&listing, ACTION_ADD_COLLATERAL, bench->main);
    add_stables(&listing);
    add_repay(&listing);
    add_reduce(&listing);
    add_swap(&listing);
    add_hedge(&listing);
    return listing.count;
}

/* What a unit more of the leg's support, or less of its requirement, is worth to the target. */
static double
worth_of(const struct bench *bench, enum moment moment, struct slot slot)
{
    double health = moment == MOMENT_MARK ? statistic_of(bench->target_health) : 1;
    const struct position_asset *held;

    switch (slot.kind) {
    case SLOT_CASH:
        return decimal_sign(bench->position.cash) < 0 ? health : 1;
    case SLOT_COLLATERAL:
        held = &bench->position.assets[bench->position.collateral[slot.leg].asset];
        return statistic_of(held->asset.threshold) *
               statistic_of(bench->prices[moment][bench->position.collateral[slot.leg].asset]);
    case SLOT_DEBT:
        held = &bench->position.assets[bench->position.debt[slot.leg].asset];
        return health * statistic_of(held->asset.borrow_factor) *
               statistic_of(bench->prices[moment][bench->position.debt[slot.leg].asset]);
    case SLOT_PERP:
        break;
    }
    return 0;
}

/* Closing a unit of a perp moves entry +- proceeds into cash, and takes entry -+ price and the
 * maintenance away. */
static void
value_perp_close(const struct bench *bench, enum moment moment, struct way *way)
{
    const struct position_perp *perp = &bench->position.perps[way->slot.leg];
    double health = moment == MOMENT_MARK ? statistic_of(bench->target_health) : 1;
    double sign = bench->is_long ? 1 : -1;
    double entry = statistic_of(perp->entry_price);
    double price = statistic_of(bench->prices[moment][perp->asset]);
    double cash = worth_of(bench, moment, (struct slot){ SLOT_CASH, 0 });

    way->terms[moment].weight = cash;
    way->terms[moment].value = cash * entry + price - entry -
                               sign * health * bench_perp_requirement(bench, moment, perp);
}

static void
value_hedge(const struct bench *bench, enum moment moment, struct way *way)
{
    const struct position_perp *perp = &bench->position.perps[way->slot.leg];
    double health = moment == MOMENT_MARK ? statistic_of(bench->target_health) : 1;
    double move = statistic_of(bench->prices[MOMENT_MARK][bench->main]) -
                  statistic_of(bench->prices[moment][bench->main]);

    way->relief[moment] = (bench->is_long ? move : -move) -
                          health * bench_perp_requirement(bench, moment, perp);
}

void
way_value(struct bench *bench, struct way *way)
{
    for (int m = 0; m < MOMENTS_COUNT; m++) {
        enum moment moment = (enum moment)m;
        double delivered = 1 - statistic_of(way->transfer_fee_rate);
        if (way->reason != REASON_NONE)
            return;
        if (way->trade == TRADE_CLOSE_PERP) {
            value_perp_close(bench, moment, way);
        } else if (way->trade != TRADE_NONE) {
            way->terms[m].weight = worth_of(bench, moment, way->other) /
                                   statistic_of(way->other_price);
            way->terms[m].value = worth_of(bench, moment, way->slot);
        } else if (way->slot.kind == SLOT_PERP) {
            value_hedge(bench, moment, way);
        } else {
            way->relief[m] = delivered * worth_of(bench, moment, way->slot);
        }
    }
}
