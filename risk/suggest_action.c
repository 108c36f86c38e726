/* What a quantity of a way changes and costs, and the least that meets the target. */
#include "risk/suggest_action.h"

#include <string.h>

#include "risk/boundary.h"
#include "risk/elementary.h"
#include "risk/statistic.h"

/* An excess is trusted to be within so many rounded values of the margin: a leg is rounded twice at
 * each moment, and few legs change. */
static const double roundings = 16;
static const double nearly_one = 0.999;
static const double nearly = 1e-9;

static const struct slot cash_slot = { SLOT_CASH, 0 };

struct decimal
way_wallet(const struct bench *bench, const struct way *way)
{
    const struct account *account = bench->situation->account;
    struct decimal sum = decimal_zero;

    if (!way->needs_wallet)
        return DECIMAL_NONE;
    for (size_t i = 0; i < account->wallet_count; i++)
        if (!strcmp(account->wallet[i].asset, way->asset) &&
            !decimal_add(sum, account->wallet[i].quantity, &sum))
            sum.units = DECIMAL_MAX_UNITS;
    return sum;
}

void
way_note(struct bench *bench, const struct way *way, struct undo *undo)
{
    bench_note_sums(bench, undo->sums);
    bench_note(bench, way->slot, &undo->slot);
    if (way->trade == TRADE_NONE)
        return;
    bench_note(bench, way->other, &undo->other);
    bench_note(bench, cash_slot, &undo->cash);
}

void
way_undo(struct bench *bench, const struct way *way, const struct undo *undo)
{
    bench_put_sums(bench, undo->sums);
    bench_put(bench, &undo->slot);
    if (way->trade == TRADE_NONE)
        return;
    bench_put(bench, &undo->other);
    bench_put(bench, &undo->cash);
}

/* ceil(quantity * price * rate), to quote.unit. */
static struct decimal
cost_of(struct bench *bench, const struct way *way, struct decimal quantity, struct decimal rate)
{
    return reckon_step(&bench->reckoning, PRODUCT(quantity, way->price, rate), NOTHING, ROUND_UP,
                       bench->position.parameters->quote.unit);
}

/* What arrives after the token's own fee, which is rounded up. */
static struct decimal
delivered_of(struct bench *bench, const struct way *way, struct decimal quantity)
{
    struct decimal fee;

    if (decimal_sign(way->transfer_fee_rate) == 0)
        return quantity;
    fee = reckon_step(&bench->reckoning, PRODUCT(quantity, way->transfer_fee_rate), NOTHING,
                      ROUND_UP, way->unit);
    return reckon_subtract(&bench->reckoning, quantity, fee);
}

/* Proceeds become units of the other asset, down; what is left is less than a unit. */
static struct decimal
convert(struct bench *bench, const struct way *way, struct decimal proceeds, struct decimal *rest)
{
    struct decimal units = reckon_step(&bench->reckoning, PRODUCT(proceeds),
                                       PRODUCT(way->other_price), ROUND_DOWN, way->other_unit);

    *rest = reckon_subtract(&bench->reckoning, proceeds,
                            reckon_multiply(&bench->reckoning, units, way->other_price, ROUND_UP));
    return units;
}

/* Proceeds beyond the debt are cash. */
static void
repay_with(struct bench *bench, const struct way *way, struct decimal proceeds,
           struct decimal *rest)
{
    struct decimal owed = bench_quantity(bench, way->other);
    struct decimal repaid = convert(bench, way, proceeds, rest);
    struct decimal used;

    if (decimal_compare(repaid, owed) <= 0) {
        bench_raise(bench, way->other, decimal_negate(repaid));
        return;
    }
    *rest = decimal_zero;
    used = reckon_multiply(&bench->reckoning, owed, way->other_price, ROUND_UP);
    bench_set(bench, way->other, decimal_zero);
    bench_raise(bench, cash_slot,
                greatest(decimal_zero, reckon_subtract(&bench->reckoning, proceeds, used)));
}

/* Selling collateral: what it brings, where it goes. */
static void
sell(struct bench *bench, const struct way *way, struct decimal quantity, struct decimal proceeds,
     struct decimal *rest)
{
    bench_raise(bench, way->slot, decimal_negate(quantity));
    if (way->other.kind == SLOT_CASH)
        bench_raise(bench, cash_slot, proceeds);
    else if (way->trade == TRADE_SELL_TO_REPAY)
        repay_with(bench, way, proceeds, rest);
    else
        bench_raise(bench, way->other, convert(bench, way, proceeds, rest));
}

/* Buying a debt back: false where what pays does not suffice. */
static bool
buy_back(struct bench *bench, const struct way *way, struct decimal quantity, struct decimal paid)
{
    struct decimal given = reckon_step(&bench->reckoning, PRODUCT(paid), PRODUCT(way->other_price),
                                       ROUND_UP, way->other_unit);

    if (way->other.kind != SLOT_CASH &&
        decimal_compare(given, bench_quantity(bench, way->other)) > 0)
        return false;
    bench_raise(bench, way->slot, decimal_negate(quantity));
    bench_raise(bench, way->other, decimal_negate(given));
    return true;
}

/* Closing a part of a perp: its profit or loss, at the price that the depth gives, becomes cash. */
static void
close_perp(struct bench *bench, const struct way *way, struct decimal quantity,
           struct decimal proceeds)
{
    const struct position_perp *perp = &bench->position.perps[way->slot.leg];
    bool is_long = decimal_sign(perp->quantity) > 0;
    struct decimal entry = reckon_multiply(&bench->reckoning, quantity, perp->entry_price,
                                           is_long ? ROUND_UP : ROUND_DOWN);

    bench_raise(bench, way->slot, is_long ? decimal_negate(quantity) : quantity);
    bench_raise(bench, cash_slot,
                is_long ? reckon_subtract(&bench->reckoning, proceeds, entry)
                        : reckon_subtract(&bench->reckoning, entry, proceeds));
}

static int
do_trade(struct bench *bench, const struct way *way, struct decimal quantity, struct deed *deed)
{
    bool is_sale = way->depth.side == DEPTH_SELL;
    struct walk walk;
    struct decimal value;

    if (!depth_walk(&way->depth, quantity, &walk))
        return REASON_OVERFLOW;
    if (decimal_sign(walk.unfilled) > 0)
        return REASON_DEPTH_EXHAUSTED;
    switch (way->trade) {
    case TRADE_SELL_TO_REPAY:
    case TRADE_SELL_TO_HOLD:
        sell(bench, way, quantity, walk.proceeds, &deed->rest);
        break;
    case TRADE_BUY_TO_REPAY:
        if (!buy_back(bench, way, quantity, walk.proceeds))
            return REASON_INFEASIBLE;
        break;
    case TRADE_CLOSE_PERP:
        close_perp(bench, way, quantity, walk.proceeds);
        break;
    case TRADE_NONE:
        break;
    }
    value = reckon_step(&bench->reckoning, PRODUCT(quantity, way->price), NOTHING,
                        is_sale ? ROUND_UP : ROUND_DOWN, bench->position.parameters->quote.unit);
    deed->cost = is_sale ? reckon_subtract(&bench->reckoning, value, walk.proceeds)
                         : reckon_subtract(&bench->reckoning, walk.proceeds, value);
    return REASON_NONE;
}

/* Paying into the account or to its debts, or opening a hedge. */
static void
do_payment(struct bench *bench, const struct way *way, struct decimal quantity)
{
    struct decimal delivered = delivered_of(bench, way, quantity);

    if (way->repays && way->slot.kind == SLOT_DEBT)
        delivered = least(delivered, bench_quantity(bench, way->slot));
    bench_raise(bench, way->slot, way->repays ? decimal_negate(delivered) : delivered);
}

int
way_do(struct bench *bench, const struct way *way, struct decimal quantity, struct deed *deed)
{
    deed->rest = decimal_zero;
    if (way->trade != TRADE_NONE) {
        int reason = do_trade(bench, way, quantity, deed);
        if (reason != REASON_NONE)
            return reason;
    } else {
        do_payment(bench, way, quantity);
        deed->cost = cost_of(bench, way, quantity, way->cost_rate);
    }
    deed->cost = reckon_add(&bench->reckoning, greatest(deed->cost, decimal_zero), way->gas);
    return bench->reckoning.overflow ? REASON_OVERFLOW : REASON_NONE;
}

/* One way, tried with this and that. */
struct attempt {
    struct bench *bench;
    struct way *way;
    struct undo undo;
    struct decimal quantity; /* as the bench stands: done */
    struct deed deed;
    bool is_done, has_stair;
    int reason;
};

static double
unit_relief(const struct way *way, int moment)
{
    return way->relief[moment] * statistic_of(way->unit);
}

/* What a sale brings is paid in by whole units of the other asset, so that the relief is a stair,
 * and the least quantity stands at the foot of a step. `smooth`: how many units it would be
 * beyond the need, were the rest paid in too. Where a step less may do as well, that is not taken
 * for certain. */
static double
excess_on_stair(const struct attempt *attempt, double smooth, bool fits)
{
    const struct way *way = attempt->way;
    double step = statistic_of(way->other_unit) * statistic_of(way->other_price);
    double rest = statistic_of(attempt->deed.rest);
    double unit = way->net_price * statistic_of(way->unit);
    double steps = (rest - smooth * unit) / step;
    double excess;

    if (!fits)
        return (rest - real_max(__builtin_ceil(steps), 1) * step) / unit;
    excess = (rest - real_min(__builtin_ceil(steps), 0) * step) / unit;
    return steps > -nearly_one ? excess : real_max(excess, 1);
}

/* How many units beyond the need: of the moment where that is least. A moment that the way does not
 * help must be in order already. */
static bool
judge(struct attempt *attempt, struct trial *trial)
{
    const struct bench *bench = attempt->bench;
    const struct way *way = attempt->way;
    double rest = statistic_of(attempt->deed.rest);
    struct standing standing;

    bench_standing(attempt->bench, &standing);
    trial->fits = standing.met;
    trial->excess = REAL_INFINITY;
    for (int m = 0; m < MOMENTS_COUNT; m++) {
        double relief = unit_relief(way, m);
        if (m == MOMENT_STRESS && decimal_is_none(bench->volatility))
            continue;
        if (relief > 0)
            trial->excess = real_min(trial->excess,
                                     (standing.margins[m] + way->terms[m].weight * rest) / relief);
        else if (standing.margins[m] < 0)
            return false;
    }
    if (attempt->has_stair)
        trial->excess = excess_on_stair(attempt, trial->excess, trial->fits);
    return true;
}

static bool
attempt_units(void *context, int128 units, struct trial *trial)
{
    struct attempt *attempt = context;

    if (attempt->is_done)
        way_undo(attempt->bench, attempt->way, &attempt->undo);
    attempt->quantity.units = units * attempt->way->unit.units;
    attempt->reason = way_do(attempt->bench, attempt->way, attempt->quantity, &attempt->deed);
    attempt->is_done = attempt->reason == REASON_NONE;
    if (attempt->is_done && !judge(attempt, trial))
        attempt->reason = REASON_INFEASIBLE;
    return attempt->reason == REASON_NONE;
}

/* Of a trade, the quantity for one moment's need, and what ends it. */
static int
trade_for(struct way *way, const struct standing *standing, double most, double *quantity)
{
    struct trade trade = { 0, 0, 0 };
    double net_price = 0;

    *quantity = 0;
    for (int m = 0; m < MOMENTS_COUNT; m++) {
        if (standing->margins[m] >= 0)
            continue;
        switch (sale_relieving(&way->depth, way->terms[m], -standing->margins[m], most, &trade)) {
        case SALE_FOUND:
            break;
        case SALE_PAST_PEAK:
        case SALE_PAST_MOST:
            return REASON_INFEASIBLE;
        case SALE_EXHAUSTED:
            return REASON_DEPTH_EXHAUSTED;
        }
        if (trade.quantity < *quantity)
            continue;
        *quantity = trade.quantity;
        net_price = trade.net_price;
    }
    way->net_price = net_price;
    for (int m = 0; m < MOMENTS_COUNT; m++)
        way->relief[m] = (way->depth.side == DEPTH_SELL ? 1 : -1) *
                         (way->terms[m].weight * net_price - way->terms[m].value);
    return REASON_NONE;
}

/* About how much is needed. */
static int
estimate(struct way *way, const struct standing *standing, double most, double *quantity)
{
    if (way->trade != TRADE_NONE)
        return trade_for(way, standing, most, quantity);
    *quantity = 0;
    for (int m = 0; m < MOMENTS_COUNT; m++) {
        if (standing->margins[m] >= 0)
            continue;
        if (way->relief[m] <= 0)
            return REASON_INFEASIBLE;
        *quantity = real_max(*quantity, -standing->margins[m] / way->relief[m]);
    }
    return REASON_NONE;
}

/* Whether a sale may bring more than its debt, so that a part of it is cash. */
static bool
may_leave_cash(const struct bench *bench, const struct way *way, double wanted)
{
    return way->trade == TRADE_SELL_TO_REPAY && way->other.kind == SLOT_DEBT &&
           wanted * statistic_of(way->price) >
               statistic_of(bench_quantity(bench, way->other)) * statistic_of(way->other_price);
}

/* Whether a unit of what the proceeds become is worth many of what is sold. */
static bool
has_stair(const struct way *way)
{
    return (way->trade == TRADE_SELL_TO_REPAY || way->trade == TRADE_SELL_TO_HOLD) &&
           way->other.kind != SLOT_CASH && way->net_price > 0 &&
           statistic_of(way->other_unit) * statistic_of(way->other_price) >
               statistic_of(way->unit) * way->net_price;
}

/* Where one unit less certainly does not do, by the estimated relief of a unit; where that is not
 * the same all along (brackets, cash that turns positive, a fee at the bankruptcy price), never. */
static double
certain_excess(const struct bench *bench, const struct way *way, double wanted)
{
    double unit = statistic_of(greatest(bench->position.parameters->quote.unit, decimal_unit));
    double certain = nearly_one;

    if (way->slot.kind == SLOT_PERP || decimal_sign(bench->position.cash) < 0 ||
        bench_is_priced_apart(bench) || decimal_sign(way->transfer_fee_rate) > 0 ||
        may_leave_cash(bench, way, wanted))
        return 0;
    if (has_stair(way))
        return nearly_one - roundings * unit / (way->net_price * statistic_of(way->unit));
    for (int m = 0; m < MOMENTS_COUNT; m++)
        if (way->relief[m] > 0)
            certain = real_min(certain, nearly_one - roundings * unit / unit_relief(way, m));
    return certain;
}

static int128
units_of(double quantity, struct decimal unit, int128 most)
{
    struct decimal rounded;

    if (!decimal_of_rate(quantity, unit, ROUND_UP, &rounded))
        return most;
    return rounded.units / unit.units < most ? rounded.units / unit.units : most;
}

int
way_settle(struct bench *bench, struct way *way, struct decimal most, struct decimal *quantity,
           struct decimal *cost)
{
    struct decimal bound = decimal_is_none(way->most) ? (struct decimal){ DECIMAL_MAX_UNITS / 2 }
                                                      : way->most;
    struct attempt attempt = { .bench = bench, .way = way, .reason = REASON_NONE };
    struct boundary boundary = { .try = attempt_units, .context = &attempt };
    struct standing standing;
    double wanted;
    int128 guess;
    int128 found;
    int reason;

    if (way->reason != REASON_NONE)
        return way->reason;
    if (!decimal_is_none(most))
        bound = least(bound, most);
    bench_standing(bench, &standing);
    reason = estimate(way, &standing, statistic_of(bound), &wanted);
    if (reason != REASON_NONE)
        return reason;
    way_note(bench, way, &attempt.undo);
    attempt.has_stair = has_stair(way);
    boundary.most = bound.units / way->unit.units;
    guess = units_of(wanted, way->unit, boundary.most);
    boundary.certain = certain_excess(bench, way, wanted);
    boundary.certain_to = units_of(wanted * (1 + nearly), way->unit, boundary.most);
    if (boundary_find(&boundary, guess, &found) == BOUNDARY_FOUND) {
        struct trial trial;
        quantity->units = found * way->unit.units;
        if (!attempt.is_done || decimal_compare(attempt.quantity, *quantity) != 0)
            (void)attempt_units(&attempt, found, &trial);
        *cost = attempt.deed.cost;
        return REASON_NONE;
    }
    if (attempt.is_done)
        way_undo(bench, way, &attempt.undo);
    return attempt.reason == REASON_NONE ? REASON_INFEASIBLE : attempt.reason;
}
