/* How much of a way meets the target: the least quantity, to the unit. */
#include "risk/boundary.h"
#include "risk/elementary.h"
#include "risk/statistic.h"
#include "risk/suggest_action.h"

/* An excess is trusted to be within so many rounded values of the margin: a leg is rounded twice at
 * each moment, and few legs change. */
static const double roundings = 16;
static const double nearly_one = 0.999;
static const double nearly = 1e-9;

/* What a sale brings is paid in by whole units of the other asset, or counted in units of the
 * quote, whichever are worth more: where those are worth many of what is sold, relief is a stair. */
struct stair {
    bool is_there;
    bool is_of_quote;
    struct decimal unit, price; /* of a step */
    double step, tread;         /* what a step takes, and what a unit sold brings, in the quote */
};

/* One way, tried with this and that. */
struct attempt {
    struct bench *bench;
    struct way *way;
    int128 most;   /* that can be tried */
    bool is_exact; /* what is traded, as it is by books alone */
    struct stair stair;
    struct undo undo;
    struct decimal quantity; /* as the bench stands: done */
    struct deed deed;
    bool is_done;
    int reason;
};

static double
unit_relief(const struct way *way, int moment)
{
    return way->relief[moment] * statistic_of(way->unit);
}

/* Of a rounded value, that is. */
static double
quote_unit_of(const struct bench *bench)
{
    return statistic_of(greatest(bench->position.parameters->quote.unit, decimal_unit));
}

/* How far down (up) the leg may go while its value at the moment is what it is: collateral's is cut,
 * that of a debt is rounded up. False: not known. */
static bool
same_value(const struct bench *bench, enum moment moment, struct slot slot, bool up,
           struct decimal *leg)
{
    bool is_debt = slot.kind == SLOT_DEBT;
    int128 unit = bench->position.parameters->quote.unit.units;
    const struct valuation *valuation = &bench->valuations[moment];
    const struct position_leg *held = is_debt ? &bench->position.debt[slot.leg]
                                              : &bench->position.collateral[slot.leg];
    struct decimal edge = is_debt ? valuation->debt[slot.leg] : valuation->collateral[slot.leg];

    edge.units += is_debt ? (up ? 0 : -unit) : (up ? unit : 0);
    if (!decimal_step(PRODUCT(edge), PRODUCT(bench->prices[moment][held->asset]),
                      is_debt ? ROUND_DOWN : ROUND_UP, decimal_unit, leg))
        return false;
    leg->units += is_debt ? !up : -up;
    return true;
}

/* How far the leg may go: while what fits does at every moment, and what does not at one of them. */
static bool
same_values(const struct bench *bench, const struct standing *standing, struct slot slot, bool up,
            struct decimal *leg)
{
    int moments_count = decimal_is_none(bench->volatility) ? 1 : MOMENTS_COUNT;
    bool is_first = standing->met;
    struct decimal edge;

    if (slot.kind != SLOT_COLLATERAL && slot.kind != SLOT_DEBT)
        return false;
    *leg = bench_quantity(bench, slot);
    for (int m = 0; m < moments_count; m++) {
        if (!standing->met && standing->margins[m] >= 0)
            continue;
        if (!same_value(bench, (enum moment)m, slot, up, &edge))
            return false;
        if (is_first || (up != standing->met ? is_below(*leg, edge) : is_below(edge, *leg)))
            *leg = edge;
        is_first = false;
    }
    return true;
}

/* In whole units of the way, from the amount tried on; never past it, nor past what can be tried. */
static int128
units_within(const struct attempt *attempt, struct decimal quantity, const struct trial *trial)
{
    int128 unit = attempt->way->unit.units;
    int128 units = quantity.units <= 0 ? 0 : quantity.units / unit;

    if (trial->fits) {
        units += quantity.units > 0 && quantity.units % unit != 0;
        return units < trial->reach ? units : trial->reach;
    }
    if (units > attempt->most)
        units = attempt->most;
    return units > trial->reach ? units : trial->reach;
}

/* A leg's value is a stair, too: all quantities on one step do the same. Less is paid, or bought
 * back, where it fits, else more; what a purchase costs grows with it, so that it helps neither. */
static int128
reach_of(const struct attempt *attempt, const struct standing *standing,
         const struct trial *trial)
{
    const struct bench *bench = attempt->bench;
    const struct way *way = attempt->way;
    bool is_plain = way->trade == TRADE_NONE ? decimal_sign(way->transfer_fee_rate) == 0
                                             : way->trade == TRADE_BUY_TO_REPAY &&
                                               attempt->is_exact;
    struct decimal leg;
    struct decimal quantity;

    if (!is_plain || bench_is_priced_apart(bench) ||
        !same_values(bench, standing, way->slot, standing->met == way->repays, &leg) ||
        !decimal_subtract(leg, attempt->undo.slot.quantity, &quantity))
        return trial->reach;
    return units_within(attempt, way->repays ? decimal_negate(quantity) : quantity, trial);
}

/* Of what a sale brought, the part beyond what the steps so far take, and `steps` more (or fewer).
 * Of books it is known exactly, so that the unit where a step begins is, too. */
static double
beyond_step(const struct attempt *attempt, double steps)
{
    const struct stair *stair = &attempt->stair;
    struct decimal unit = attempt->is_exact ? attempt->bench->position.parameters->quote.unit
                                            : decimal_unit;
    struct decimal taken = stair->is_of_quote ? attempt->deed.proceeds : attempt->deed.became;
    struct decimal more;

    if (!decimal_of_rate(steps * statistic_of(stair->unit), stair->unit, ROUND_HALF_UP, &more) ||
        !decimal_add(taken, more, &taken) ||
        !decimal_step(PRODUCT(taken, stair->price), NOTHING, ROUND_UP, unit, &taken) ||
        !decimal_subtract(attempt->deed.brought, taken, &taken))
        return -steps * stair->step;
    return statistic_of(taken);
}

/* Whether a step less certainly does not do: what it takes from the margin of one moment, against
 * what the unit of the asset that is then kept adds, and roundings. */
static bool
is_last_step(const struct attempt *attempt, const struct standing *standing)
{
    const struct way *way = attempt->way;

    for (int m = 0; m < MOMENTS_COUNT; m++)
        if (way->relief[m] > 0 &&
            standing->margins[m] + way->terms[m].value * statistic_of(way->unit) <
                way->terms[m].weight * attempt->stair.step -
                    roundings * quote_unit_of(attempt->bench))
            return true;
    return false;
}

/* The least quantity stands at the foot of a step. `smooth`: how many units it would be beyond the
 * need, were the rest paid in too. Where a step less may do as well, that is not taken for certain.
 */
static double
excess_on_stair(const struct attempt *attempt, const struct standing *standing, double smooth)
{
    const struct stair *stair = &attempt->stair;
    double steps = (beyond_step(attempt, 0) - smooth * stair->tread) / stair->step;
    double excess;

    if (!standing->met)
        return beyond_step(attempt, real_max(__builtin_ceil(steps), 1)) / stair->tread;
    excess = beyond_step(attempt, real_min(__builtin_ceil(steps), 0)) / stair->tread;
    if (attempt->is_exact ? is_last_step(attempt, standing) : steps > -nearly_one)
        return excess;
    return real_max(excess, 1);
}

/* How many units beyond the need: of the moment where that is least. A moment that the way does not
 * help must be in order already. */
static bool
judge(struct attempt *attempt, struct trial *trial)
{
    struct bench *bench = attempt->bench;
    const struct way *way = attempt->way;
    double rest = way->trade == TRADE_NONE ? 0 : beyond_step(attempt, 0);
    struct standing standing;

    bench_standing(bench, &standing);
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
    if (attempt->stair.is_there)
        trial->excess = excess_on_stair(attempt, &standing, trial->excess);
    else
        trial->reach = reach_of(attempt, &standing, trial);
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

/* After the estimate. */
static void
open_stair(struct attempt *attempt)
{
    const struct way *way = attempt->way;
    struct stair *stair = &attempt->stair;
    struct decimal quote_unit = attempt->bench->position.parameters->quote.unit;
    double step = statistic_of(way->other_unit) * statistic_of(way->other_price);

    *stair = (struct stair){ .unit = way->other_unit, .price = way->other_price };
    if (attempt->is_exact && step < statistic_of(quote_unit)) {
        stair->is_of_quote = true;
        stair->unit = quote_unit;
        stair->price = decimal_one;
    }
    stair->step = statistic_of(stair->unit) * statistic_of(stair->price);
    stair->tread = way->net_price * statistic_of(way->unit);
    stair->is_there = (way->trade == TRADE_SELL_TO_REPAY || way->trade == TRADE_SELL_TO_HOLD) &&
                      (attempt->is_exact || way->other.kind != SLOT_CASH) && way->net_price > 0 &&
                      stair->step > stair->tread;
}

/* Where one unit less certainly does not do, by the estimated relief of a unit; where that is not
 * the same all along (brackets, cash that turns positive, a fee at the bankruptcy price), never. */
static double
certain_excess(const struct attempt *attempt, double wanted)
{
    const struct bench *bench = attempt->bench;
    const struct way *way = attempt->way;
    double unit = quote_unit_of(bench);
    double certain = nearly_one;

    if (way->slot.kind == SLOT_PERP || decimal_sign(bench->position.cash) < 0 ||
        bench_is_priced_apart(bench) || decimal_sign(way->transfer_fee_rate) > 0 ||
        may_leave_cash(bench, way, wanted))
        return 0;
    if (attempt->stair.is_there)
        return nearly_one - (attempt->is_exact ? statistic_of(decimal_unit) : roundings * unit) /
                                attempt->stair.tread;
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
    attempt.is_exact = way->trade != TRADE_NONE && depth_is_of_books(&way->depth);
    open_stair(&attempt);
    boundary.most = attempt.most = bound.units / way->unit.units;
    guess = units_of(wanted, way->unit, boundary.most);
    boundary.certain = certain_excess(&attempt, wanted);
    boundary.certain_to = units_of(wanted * (1 + nearly), way->unit, boundary.most);
    if (boundary_find(&boundary, guess, &found) == BOUNDARY_FOUND) {
        struct trial trial = { .reach = found };
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
