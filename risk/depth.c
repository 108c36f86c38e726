/* The depth of an asset as opened for a question, and the largest quantity within a tolerance. */
#include "risk/depth.h"

#include "risk/elementary.h"
#include "risk/statistic.h"
#include "risk/sweep.h"

enum { PROBES_MAX = 400 };

void
depth_open(struct depth *depth, const struct asset_depth *found, enum depth_side side,
           struct decimal price, struct decimal lot, struct decimal quote_unit)
{
    *depth = (struct depth){
        .venues = found ? found->venues : NULL,
        .venues_count = found ? found->venues_count : 0,
        .side = side,
        .price = price,
        .reference = price,
        .scale = decimal_one,
        .lot = lot,
        .quote_unit = quote_unit,
    };
}

enum depth_model
depth_model(const struct asset_depth *found)
{
    size_t pools_count = 0;

    if (!found || found->venues_count == 0)
        return DEPTH_NONE;
    for (size_t i = 0; i < found->venues_count; i++)
        pools_count += found->venues[i].kind == VENUE_CONSTANT_PRODUCT ||
                       found->venues[i].kind == VENUE_CONCENTRATED;
    if (pools_count == 0)
        return DEPTH_PROPORTIONAL;
    return pools_count == found->venues_count ? DEPTH_POOL_CONSTANT : DEPTH_MIXED;
}

bool
depth_is_of_books(const struct depth *depth)
{
    for (size_t i = 0; i < depth->venues_count; i++)
        if (depth->venues[i].kind != VENUE_BOOK)
            return false;
    return true;
}

bool
depth_quoted_reserve(const struct venue *desk, enum depth_side side, struct decimal *reserve)
{
    struct decimal factor = { DECIMAL_ONE_UNITS + (side == DEPTH_SELL
                                                       ? -desk->slippage_rate.units
                                                       : desk->slippage_rate.units) };

    return decimal_step(PRODUCT(desk->notional, factor), PRODUCT(desk->slippage_rate), ROUND_DOWN,
                        decimal_unit, reserve);
}

/* How much of a segment may be traded while  margin = +-(R - c q)  >= 0, from m0 >= 0 at its start.
 * A level: m0 / |c - price|. A stretch: with k = x0 / a the margin's root solves  c k D^2 - B D -
 * m0 = 0,  B = +-(x0^2 - c) + m0 (+-k). */
static double
within_segment(const struct segment *segment, double c, double m0)
{
    double k;
    double b;
    double root;

    if (segment->is_level)
        return m0 / real_abs(c - segment->net_end);
    k = segment->x0 / segment->a;
    b = segment->sign * (segment->x0 * segment->x0 - c) + segment->sign * m0 * k;
    root = real_sqrt(b * b + 4 * c * k * m0);
    return b < 0 ? 2 * m0 / (root - b) : (root + b) / (2 * c * k);
}

/* A quantity, and by how much the margin falls there a unit of it. */
struct estimate {
    double quantity, slope;
};

/* The largest quantity whose average net price is at least (bought: at most) c, nearly. */
static struct estimate
estimate_largest(const struct depth *depth, double c, double most)
{
    struct sweep sweep;
    struct segment segment = { 0 };

    sweep_open(&sweep, depth, SWEEP_ALL_VENUES);
    while (sweep.quantity < most && sweep_next(&sweep, &segment)) {
        double margin = real_max(0, (sweep.proceeds - c * sweep.quantity) * sweep.sign);
        double after =
            (sweep.proceeds + segment.proceeds - c * (sweep.quantity + segment.quantity)) *
            sweep.sign;
        if (after < 0)
            return (struct estimate){ real_min(most, sweep.quantity +
                                                         within_segment(&segment, c, margin)),
                                      real_abs(c - segment.net_end) };
        sweep_pass(&sweep, &segment);
    }
    return (struct estimate){ real_min(most, sweep.quantity), real_abs(c - sweep.net) };
}

/* What a quantity leaves over, exactly: proceeds - c q sold, c q - cost bought; `fits`: it is all
 * traded, and that is not below 0. */
struct probe {
    int128 lots, filled_lots, margin;
    bool fits;
};

/* c = limit * reference; most in lots */
struct search {
    const struct depth *depth;
    struct decimal limit;
    int128 most;
    double slope;
};

static bool
probe(const struct search *search, int128 lots, struct probe *out)
{
    const struct depth *depth = search->depth;
    bool is_sale = depth->side == DEPTH_SELL;
    struct decimal quantity = { lots * depth->lot.units };
    struct decimal bound;
    struct walk walk;

    out->lots = lots;
    if (!depth_walk(depth, quantity, &walk) ||
        !decimal_step(PRODUCT(search->limit, depth->reference, walk.filled), NOTHING,
                      is_sale ? ROUND_UP : ROUND_DOWN, decimal_unit, &bound))
        return false;
    out->filled_lots = walk.filled.units / depth->lot.units;
    out->margin = is_sale ? walk.proceeds.units - bound.units : bound.units - walk.proceeds.units;
    out->fits = out->margin >= 0 && decimal_sign(walk.unfilled) == 0;
    return true;
}

/* How far from a probe the margin should have changed its sign: twice as far as its slope says, and
 * further from probe to probe. */
static int128
step_from(const struct search *search, const struct probe *from, int round)
{
    double lots =
        2 * real_abs((double)from->margin) / (search->slope * (double)search->depth->lot.units);
    int128 least = (from->lots >> 46) + 1;

    least = round < 40 ? least << round : search->most;
    return lots < (double)least ? least : lots < 1e37 ? (int128)lots : search->most;
}

/* From the estimate outward until `low` fits and `high` does not. */
static bool
bracket(const struct search *search, int128 estimate, struct probe *low, struct probe *high)
{
    if (!probe(search, estimate, low))
        return false;
    *high = *low;
    for (int i = 0; i < PROBES_MAX && high->fits; i++) {
        int128 step = step_from(search, high, i);
        *low = *high;
        if (low->lots >= search->most)
            return true;
        if (!probe(search, search->most - low->lots > step ? low->lots + step : search->most, high))
            return false;
    }
    for (int i = 0; i < PROBES_MAX && !low->fits; i++) {
        int128 step = step_from(search, low, i);
        *high = *low;
        if (low->lots <= step)
            *low = (struct probe){ .fits = true };
        else if (!probe(search, low->lots - step, low))
            return false;
    }
    return true;
}

/* Where the margin would be 0 on a line between two probes, pulled inside; every fourth time the
 * middle. */
static int128
between(const struct probe *low, const struct probe *high, int round)
{
    int128 width = high->lots - low->lots;
    double part = (double)low->margin / ((double)low->margin - (double)high->margin);
    int128 step = width / 2;

    if (round % 4 != 3 && high->margin < 0 && part >= 0 && part <= 1)
        step = (int128)((double)width * part);
    if (step < 1)
        step = 1;
    return low->lots + (step < width ? step : width - 1);
}

/* The lots that are worth no more than one unit of money: its rounding makes a saw of the margin.
 */
static int128
unit_lots(const struct depth *depth)
{
    double lots = statistic_of(depth->quote_unit) /
                  (statistic_of(depth->reference) * statistic_of(depth->lot));

    return lots < 1 ? 1 : lots < 1e18 ? (int128)lots : (int128)1e18;
}

/* Narrows the bracket until the two are neighbours. */
static bool
narrow(const struct search *search, struct probe *low, struct probe *high)
{
    int128 near = unit_lots(search->depth);

    for (int i = 0; i < PROBES_MAX && high->lots - low->lots > near; i++) {
        struct probe middle;
        if (!probe(search, between(low, high, i), &middle))
            return false;
        *(middle.fits ? low : high) = middle;
    }
    return true;
}

/* The depth may end before `most`, and its end is then the most. */
bool
depth_largest(const struct depth *depth, struct decimal tolerance, struct decimal most,
              struct decimal *quantity)
{
    struct depth costless = *depth;
    int sign = depth->side == DEPTH_SELL ? -1 : 1;
    struct search search = { &costless,
                             { DECIMAL_ONE_UNITS + sign * tolerance.units },
                             most.units / depth->lot.units,
                             0 };
    struct estimate estimate;
    struct decimal start;
    struct probe low;
    struct probe high;

    costless.costs = NULL;
    if (!probe(&search, search.most, &low))
        return false;
    if (low.filled_lots < search.most) {
        search.most = low.filled_lots;
        if (!probe(&search, search.most, &low))
            return false;
    }
    if (!low.fits) {
        start.units = search.most * depth->lot.units;
        estimate =
            estimate_largest(&costless, statistic_of(search.limit) * statistic_of(depth->reference),
                             statistic_of(start));
        search.slope = estimate.slope;
        if (!decimal_of_rate(estimate.quantity, depth->lot, ROUND_DOWN, &start))
            start.units = search.most * depth->lot.units;
        if (!bracket(&search, start.units / depth->lot.units, &low, &high) ||
            !narrow(&search, &low, &high))
            return false;
    }
    quantity->units = low.lots * depth->lot.units;
    return true;
}
