/* The best split of an order over several venues, and its exact money. */
#include "risk/depth.h"

#include "risk/elementary.h"
#include "risk/settle.h"
#include "risk/statistic.h"
#include "risk/sweep.h"

enum { NO_VENUE = VENUES_MAX };

/* How much goes where; the marginal venue takes what rounding leaves. */
struct shares {
    struct decimal quantities[VENUES_MAX];
    size_t marginal;
};

static struct decimal
down_to_lot(struct decimal quantity, struct decimal lot)
{
    return lot.units == 1 ? quantity
                          : (struct decimal){ quantity.units - quantity.units % lot.units };
}

static struct decimal
floor_of(double x, struct decimal lot)
{
    struct decimal floored;

    return decimal_of_rate(x, lot, ROUND_DOWN, &floored) ? floored
                                                         : (struct decimal){ DECIMAL_MAX_UNITS };
}

static size_t
first_active_pool(const struct sweep *sweep)
{
    for (size_t i = 0; i < sweep->depth->venues_count; i++)
        if (!sweep->stops[i].is_done && sweep->stops[i].is_active)
            return i;
    return NO_VENUE;
}

/* What is left of the order when the sweep stands here: exact among books. */
static int128
left_units(const struct sweep *sweep, struct decimal quantity)
{
    int128 left = quantity.units - sweep->book_units;

    if (left > 0 && sweep->pool_quantity > 0)
        left -= floor_of(sweep->pool_quantity, decimal_unit).units;
    return left;
}

/* Whether a segment surely ends before the order does: without the exact sums, which only matter
 * close to the end. */
static bool
is_surely_passed(const struct sweep *sweep, const struct segment *segment, double quantity)
{
    return sweep->quantity + segment->quantity < quantity * (1 - 1e-9);
}

/* Goes down until the order is used up; returns the price there, as x, for the pools. */
static double
find_margin(struct sweep *sweep, struct decimal quantity, size_t *marginal)
{
    double nearly = statistic_of(quantity);
    struct segment segment;

    *marginal = NO_VENUE;
    while (sweep_next(sweep, &segment)) {
        int128 left;
        if (is_surely_passed(sweep, &segment, nearly)) {
            sweep_pass(sweep, &segment);
            continue;
        }
        left = left_units(sweep, quantity);
        if (left <= 0) {
            *marginal = segment.is_level ? segment.venue : first_active_pool(sweep);
            return sweep->x;
        }
        if (segment.is_level && sweep->stops[segment.venue].exact_size.units >= left) {
            *marginal = segment.venue;
            return sweep->x;
        }
        if (!segment.is_level && segment.quantity >= statistic_of((struct decimal){ left })) {
            *marginal = first_active_pool(sweep);
            return segment_x(&segment, statistic_of((struct decimal){ left }));
        }
        sweep_pass(sweep, &segment);
    }
    return sweep->x;
}

/* A pool's share is only known to a double's precision, so it is floored to 2^-46 of the order (a
 * multiple of the lot): then a lot more goes to the marginal venue alone, and what an order brings
 * is as smooth as it is exact. What this costs is a square of that. */
static struct decimal
grid_of(const struct depth *depth, struct decimal quantity)
{
    int128 lots = (quantity.units / depth->lot.units) >> 46;

    return (struct decimal){ depth->lot.units * (lots > 1 ? lots : 1) };
}

/* What the venues but the marginal one get, floored to the lot; never more than is left of the
 * order. Without a margin the depth is exhausted, and each gets all that it can take. */
static void
split(const struct depth *depth, uint32_t venues, struct decimal quantity, struct shares *out)
{
    struct sweep sweep;
    double x;
    int128 left = quantity.units;
    struct decimal grid = grid_of(depth, quantity);

    sweep_open(&sweep, depth, venues);
    x = find_margin(&sweep, quantity, &out->marginal);
    for (size_t i = 0; i < depth->venues_count; i++) {
        struct decimal part =
            sweep.stops[i].is_pool
                ? floor_of(sweep_pool_quantity(&sweep, i, x), grid)
                : down_to_lot((struct decimal){ sweep.stops[i].book_units }, depth->lot);
        if (i == out->marginal)
            part.units = 0;
        if (part.units > left)
            part.units = left;
        out->quantities[i] = part;
        left -= part.units;
    }
    if (out->marginal != NO_VENUE)
        out->quantities[out->marginal].units = left;
}

/* A fill that is fixed, a multiple of the lot. */
static bool
settle_one(const struct depth *depth, size_t i, struct decimal quantity,
           struct settlement *settled)
{
    struct decimal whole;

    if (!settle(depth, &depth->venues[i], quantity, settled))
        return false;
    whole = down_to_lot(settled->filled, depth->lot);
    if (decimal_compare(whole, settled->filled) == 0)
        return true;
    return settle(depth, &depth->venues[i], whole, settled);
}

/* Rounding may have given a venue more than it can take, or left something over: the others are
 * asked, in their order. */
static bool
settle_all(const struct depth *depth, uint32_t venues, struct decimal quantity,
           const struct shares *shares, struct settlement settled[static VENUES_MAX])
{
    int128 left = quantity.units;

    for (size_t i = 0; i < depth->venues_count; i++) {
        if (!settle_one(depth, i, shares->quantities[i], &settled[i]))
            return false;
        left -= settled[i].filled.units;
    }
    for (size_t i = 0; i < depth->venues_count && left > 0; i++) {
        struct decimal before = settled[i].filled;
        if (!(venues >> i & 1))
            continue;
        if (!settle_one(depth, i, (struct decimal){ before.units + left }, &settled[i]))
            return false;
        left -= settled[i].filled.units - before.units;
    }
    return true;
}

/* One set of venues, judged in double: how much of the order it fills, and what that brings net of
 * the fixed costs. */
struct judgement {
    double filled, net;
    uint32_t used;
};

static struct judgement
judge(const struct depth *depth, uint32_t venues, double quantity)
{
    struct judgement judgement = { 0 };
    struct sweep sweep;
    struct segment segment;
    double x = 0;

    sweep_open(&sweep, depth, venues);
    while (sweep.quantity < quantity && sweep_next(&sweep, &segment)) {
        double left = quantity - sweep.quantity;
        if (segment.is_level)
            judgement.used |= (uint32_t)1 << segment.venue;
        if (segment.quantity <= left) {
            sweep_pass(&sweep, &segment);
            x = sweep.x;
            continue;
        }
        x = segment.is_level ? sweep.x : segment_x(&segment, left);
        sweep.proceeds += segment_proceeds(&segment, left);
        sweep.quantity = quantity;
    }
    judgement.filled = sweep.quantity;
    judgement.net = sweep.proceeds * sweep.sign;
    for (size_t i = 0; i < depth->venues_count; i++) {
        if (sweep_pool_quantity(&sweep, i, x) > 0)
            judgement.used |= (uint32_t)1 << i;
        if (judgement.used >> i & 1)
            judgement.net -= statistic_of(depth->costs[i]);
    }
    return judgement;
}

static bool
is_better_set(struct judgement a, struct judgement b)
{
    return a.filled > b.filled || (a.filled >= b.filled && a.net > b.net);
}

/* Every set of the costed venues, the free ones always in. */
static uint32_t
best_of_all_sets(const struct depth *depth, uint32_t free, const size_t *costed,
                 size_t costed_count, double quantity)
{
    struct judgement best = judge(depth, free, quantity);
    uint32_t best_set = free;

    for (uint32_t subset = 1; subset < (uint32_t)1 << costed_count; subset++) {
        struct judgement judgement;
        uint32_t set = free;
        for (size_t i = 0; i < costed_count; i++)
            set |= (subset >> i & 1) << costed[i];
        judgement = judge(depth, set, quantity);
        if (is_better_set(judgement, best)) {
            best = judgement;
            best_set = set;
        }
    }
    return best_set;
}

/* From all venues, the one whose dropping helps most, again and again. */
static uint32_t
best_by_dropping(const struct depth *depth, const size_t *costed, size_t costed_count,
                 double quantity)
{
    uint32_t set = SWEEP_ALL_VENUES;
    struct judgement best = judge(depth, set, quantity);

    for (size_t round = 0; round < costed_count; round++) {
        uint32_t best_next = set;
        for (size_t i = 0; i < costed_count; i++) {
            uint32_t next = set & ~((uint32_t)1 << costed[i]);
            struct judgement judgement = judge(depth, next, quantity);
            if (next != set && is_better_set(judgement, best)) {
                best = judgement;
                best_next = next;
            }
        }
        if (best_next == set)
            break;
        set = best_next;
    }
    return set;
}

static uint32_t
choose_venues(const struct depth *depth, struct decimal quantity, bool *is_greedy)
{
    size_t costed[VENUES_MAX];
    size_t costed_count = 0;
    uint32_t free = SWEEP_ALL_VENUES;

    *is_greedy = false;
    for (size_t i = 0; depth->costs && i < depth->venues_count; i++)
        if (decimal_sign(depth->costs[i]) > 0) {
            costed[costed_count++] = i;
            free &= ~((uint32_t)1 << i);
        }
    if (costed_count == 0)
        return SWEEP_ALL_VENUES;
    *is_greedy = costed_count > VENUES_ENUMERATED_MAX;
    if (*is_greedy)
        return best_by_dropping(depth, costed, costed_count, statistic_of(quantity));
    return best_of_all_sets(depth, free, costed, costed_count, statistic_of(quantity));
}

/* Sold: 1 - floor(R / (q P)). Bought: ceil(C / (q P)) - 1. */
static bool
price_walk(const struct depth *depth, struct walk *walk)
{
    bool is_sale = depth->side == DEPTH_SELL;
    enum rounding rounding = is_sale ? ROUND_DOWN : ROUND_UP;
    struct decimal part;

    if (decimal_sign(walk->filled) == 0)
        return true;
    if (!decimal_step(PRODUCT(walk->proceeds), PRODUCT(walk->filled), rounding, decimal_unit,
                      &walk->average_price) ||
        !decimal_step(PRODUCT(walk->proceeds), PRODUCT(walk->filled, depth->reference), rounding,
                      decimal_unit, &part))
        return false;
    return is_sale ? decimal_subtract(decimal_one, part, &walk->slippage_rate)
                   : decimal_subtract(part, decimal_one, &walk->slippage_rate);
}

static bool
add_fills(const struct depth *depth, const struct settlement *settled, struct walk *walk)
{
    for (size_t i = 0; i < depth->venues_count; i++) {
        const struct settlement *one = &settled[i];
        if (one->filled.units == 0)
            continue;
        walk->fills[walk->fills_count++] =
            (struct fill){ depth->venues[i].venue, one->filled, one->proceeds };
        if (!decimal_add(walk->filled, one->filled, &walk->filled) ||
            !decimal_add(walk->proceeds, one->proceeds, &walk->proceeds) ||
            (depth->costs && !decimal_add(walk->costs, depth->costs[i], &walk->costs)))
            return false;
    }
    return true;
}

bool
depth_walk(const struct depth *depth, struct decimal quantity, struct walk *walk)
{
    struct decimal whole = down_to_lot(quantity, depth->lot);
    struct shares shares;
    struct settlement settled[VENUES_MAX];
    uint32_t venues;

    walk->filled = walk->proceeds = walk->costs = walk->rest = decimal_zero;
    walk->average_price = walk->slippage_rate = DECIMAL_NONE;
    walk->fills_count = 0;
    venues = choose_venues(depth, whole, &walk->is_greedy);
    split(depth, venues, whole, &shares);
    if (!settle_all(depth, venues, whole, &shares, settled))
        return false;
    if (shares.marginal != NO_VENUE && depth_is_of_books(depth))
        walk->rest = settled[shares.marginal].rest;
    return add_fills(depth, settled, walk) && price_walk(depth, walk) &&
           decimal_subtract(quantity, walk->filled, &walk->unfilled);
}
