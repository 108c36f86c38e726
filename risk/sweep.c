/* Going down the merged net price curve of several venues, from breakpoint to breakpoint. */
#include "risk/sweep.h"

#include "risk/elementary.h"
#include "risk/pool.h"
#include "risk/statistic.h"

/* Prices closer than this are compared exactly: two venues' equal net prices must tie on every
 * machine, in the venues' order. */
static const double NEARLY = 1e-14;

/* A constant product lends at most this part of its base to buyers: its price is then 1e8 times as
 * high. */
static const double DRAINED_X = 1e4;

/* A decimal >= 0 in double within 2 ulp, for which a curve of many levels need not wait: twice as
 * fast as statistic_of, and as much the same on every machine. */
static inline double
nearly(struct decimal value)
{
    uint128 units = (uint128)value.units;

    if (units >> 63 == 0)
        return (double)(int64_t)units * 1e-18;
    return ((double)(uint64_t)(units >> 64) * 18446744073709551616.0 + (double)(uint64_t)units) *
           1e-18;
}

static void
load_level(struct sweep *sweep, struct stop *stop, const struct venue *venue)
{
    bool is_sale = sweep->depth->side == DEPTH_SELL;
    const struct level *levels = is_sale ? venue->bids : venue->asks;
    size_t count = is_sale ? venue->bids_count : venue->asks_count;

    for (; stop->row < count; stop->row++) {
        const struct level *level = &levels[stop->row];
        if (!depth_size(sweep->depth, level->size, &stop->exact_size) ||
            stop->exact_size.units <= 0)
            continue;
        stop->size = nearly(stop->exact_size);
        stop->net_start = nearly(level->price) * stop->keep * stop->ratio;
        stop->net_end = stop->net_start;
        stop->row++;
        return;
    }
    stop->is_done = true;
}

/* Where the net price begins and ends; L / sqrt(g) = sqrt(XY / g) for a range's virtual
 * reserves. */
static void
load_stretch(struct sweep *sweep, struct stop *stop, double start, double end)
{
    double fee_free = sweep->sign > 0 ? stop->keep : 1 / stop->keep;

    stop->net_start = start * fee_free;
    stop->net_end = end * fee_free;
    stop->x_start = real_sqrt(stop->net_start);
    stop->x_end = real_sqrt(stop->net_end);
    stop->is_active = false;
}

static void
load_range(struct sweep *sweep, struct stop *stop, const struct venue *venue)
{
    double price = statistic_of(venue->price) * stop->ratio;
    double scale = statistic_of(sweep->depth->scale);

    for (; stop->row < venue->ranges_count; stop->row++) {
        size_t i = sweep->sign > 0 ? venue->ranges_count - 1 - stop->row : stop->row;
        const struct range *range = &venue->ranges[i];
        double lower = statistic_of(range->lower);
        double upper = statistic_of(range->upper);
        if (range->liquidity.units <= 0 || (sweep->sign > 0 ? price <= lower : price >= upper))
            continue;
        stop->a = statistic_of(range->liquidity) * scale / real_sqrt(stop->keep);
        if (sweep->sign > 0)
            load_stretch(sweep, stop, price < upper ? price : upper, lower);
        else
            load_stretch(sweep, stop, price > lower ? price : lower, upper);
        stop->row++;
        return;
    }
    stop->is_done = true;
}

static void
load_constant_product(struct sweep *sweep, struct stop *stop, const struct venue *venue)
{
    struct pool pool;
    double base;
    double quote;

    if (stop->row++ > 0 || !pool_of_venue(sweep->depth, venue, &pool) || pool.base.units <= 0 ||
        pool.quote.units <= 0) {
        stop->is_done = true;
        return;
    }
    base = statistic_of(pool.base);
    quote = statistic_of(pool.quote);
    stop->a = real_sqrt(base) * real_sqrt(quote) / real_sqrt(stop->keep);
    load_stretch(sweep, stop, quote / base,
                 sweep->sign > 0 ? 0 : quote / base * (DRAINED_X * DRAINED_X));
}

static void
load(struct sweep *sweep, size_t i)
{
    const struct venue *venue = &sweep->depth->venues[i];
    struct stop *stop = &sweep->stops[i];

    switch ((enum venue_kind)venue->kind) {
    case VENUE_BOOK:
        load_level(sweep, stop, venue);
        return;
    case VENUE_CONCENTRATED:
        load_range(sweep, stop, venue);
        return;
    case VENUE_CONSTANT_PRODUCT:
    case VENUE_QUOTED:
        load_constant_product(sweep, stop, venue);
        return;
    }
}

void
sweep_open(struct sweep *sweep, const struct depth *depth, uint32_t venues)
{
    double ratio = decimal_compare(depth->reference, depth->price) == 0
                       ? 1
                       : statistic_of(depth->reference) / statistic_of(depth->price);

    sweep->depth = depth;
    sweep->sign = depth->side == DEPTH_SELL ? 1 : -1;
    sweep->net = sweep->x = sweep->a = sweep->a_fees = 0;
    sweep->quantity = sweep->proceeds = sweep->fees = sweep->pool_quantity = 0;
    sweep->book_units = 0;
    for (size_t i = 0; i < depth->venues_count; i++) {
        struct stop *stop = &sweep->stops[i];
        double fee = statistic_of(depth->venues[i].fee_rate);
        *stop = (struct stop){ .is_pool = depth->venues[i].kind != VENUE_BOOK, .ratio = ratio };
        stop->keep = stop->is_pool || sweep->sign > 0 ? 1 - fee : 1 + fee;
        stop->fee_weight = fee / (1 - fee);
        if (venues >> i & 1)
            load(sweep, i);
        else
            stop->is_done = true;
    }
}

static const struct level *
level_of(const struct sweep *sweep, size_t i)
{
    const struct venue *venue = &sweep->depth->venues[i];

    return (sweep->sign > 0 ? venue->bids : venue->asks) + sweep->stops[i].row - 1;
}

/* Whether book i's level has the strictly better net price than book j's, exactly. The factor of
 * both, reference / price, drops out. */
static bool
is_better_level(const struct sweep *sweep, size_t i, size_t j)
{
    struct decimal fee_i = sweep->depth->venues[i].fee_rate;
    struct decimal fee_j = sweep->depth->venues[j].fee_rate;
    struct decimal keep_i = { DECIMAL_ONE_UNITS - sweep->sign * fee_i.units };
    struct decimal keep_j = { DECIMAL_ONE_UNITS - sweep->sign * fee_j.units };

    if (fee_i.units == fee_j.units)
        return decimal_compare(level_of(sweep, i)->price, level_of(sweep, j)->price) *
                   sweep->sign >
               0;
    return decimal_compare_products(level_of(sweep, i)->price, keep_i, level_of(sweep, j)->price,
                                    keep_j) *
               sweep->sign >
           0;
}

static double
breakpoint(const struct stop *stop)
{
    return stop->is_active ? stop->net_end : stop->net_start;
}

static bool
is_better(const struct sweep *sweep, size_t i, size_t j)
{
    const struct stop *a = &sweep->stops[i];
    const struct stop *b = &sweep->stops[j];
    double difference = (breakpoint(a) - breakpoint(b)) * sweep->sign;

    if (!a->is_pool && !b->is_pool && real_abs(difference) <= NEARLY * b->net_start)
        return is_better_level(sweep, i, j);
    return difference > 0;
}

/* The venue whose breakpoint comes first, in case of a tie the first venue; VENUES_MAX: none has
 * any. */
static size_t
first_breakpoint(const struct sweep *sweep)
{
    size_t best = VENUES_MAX;

    for (size_t i = 0; i < sweep->depth->venues_count; i++)
        if (!sweep->stops[i].is_done && (best == VENUES_MAX || is_better(sweep, i, best)))
            best = i;
    return best;
}

static void
sum_active(struct sweep *sweep)
{
    sweep->a = sweep->a_fees = 0;
    for (size_t i = 0; i < sweep->depth->venues_count; i++)
        if (!sweep->stops[i].is_done && sweep->stops[i].is_active) {
            sweep->a += sweep->stops[i].a;
            sweep->a_fees += sweep->stops[i].a * sweep->stops[i].fee_weight;
        }
}

/* The breakpoint of a pool is where the sweep stands: its stretch begins or ends. */
static void
turn(struct sweep *sweep, size_t i)
{
    struct stop *stop = &sweep->stops[i];

    if (!stop->is_active) {
        stop->is_active = true;
        sweep->net = stop->net_start;
        sweep->x = stop->x_start;
    } else {
        stop->traded += stop->a * real_abs(1 / stop->x_end - 1 / stop->x_start);
        stop->is_active = false;
        load(sweep, i);
    }
    sum_active(sweep);
}

static double
stretch_quantity(const struct segment *segment, double x)
{
    return segment->a * real_abs(segment->x0 - x) / (x * segment->x0);
}

bool
sweep_next(struct sweep *sweep, struct segment *segment)
{
    for (size_t i = first_breakpoint(sweep); i < VENUES_MAX; i = first_breakpoint(sweep)) {
        const struct stop *stop = &sweep->stops[i];
        double net = breakpoint(stop);
        *segment = (struct segment){ .venue = i, .net_end = net, .sign = sweep->sign };
        if (sweep->a > 0 && (sweep->net - net) * sweep->sign > 0) {
            segment->a = sweep->a;
            segment->x0 = sweep->x;
            segment->x1 = stop->is_active ? stop->x_end : real_sqrt(net);
            segment->quantity =
                segment->x1 > 0 ? stretch_quantity(segment, segment->x1) : REAL_INFINITY;
            segment->proceeds = segment->a * real_abs(segment->x0 - segment->x1);
            return true;
        }
        if (!stop->is_pool) {
            segment->is_level = true;
            segment->quantity = stop->size;
            segment->proceeds = stop->size * net;
            return true;
        }
        turn(sweep, i);
    }
    return false;
}

void
sweep_pass(struct sweep *sweep, const struct segment *segment)
{
    struct stop *stop = &sweep->stops[segment->venue];

    sweep->fees += segment_fees(sweep, segment, segment->quantity);
    sweep->quantity += segment->quantity;
    sweep->proceeds += segment->proceeds;
    sweep->net = segment->net_end;
    if (segment->is_level) {
        sweep->book_units += stop->exact_size.units;
        stop->book_units += stop->exact_size.units;
        load(sweep, segment->venue);
    } else {
        sweep->pool_quantity += segment->quantity;
        sweep->x = segment->x1;
    }
}

double
segment_x(const struct segment *segment, double quantity)
{
    return segment->x0 / (1 + segment->sign * quantity * segment->x0 / segment->a);
}

double
segment_proceeds(const struct segment *segment, double quantity)
{
    if (segment->is_level)
        return quantity * segment->net_end;
    return quantity * segment->x0 * segment_x(segment, quantity);
}

double
segment_quantity(const struct segment *segment, double proceeds)
{
    if (segment->is_level)
        return proceeds / segment->net_end;
    return stretch_quantity(segment, segment->x0 - segment->sign * proceeds / segment->a);
}

double
segment_fees(const struct sweep *sweep, const struct segment *segment, double quantity)
{
    if (segment->is_level)
        return quantity * segment->net_end * sweep->stops[segment->venue].fee_weight;
    if (sweep->a_fees == 0)
        return 0;
    if (quantity >= segment->quantity)
        return segment->proceeds * (sweep->a_fees / segment->a);
    return segment_proceeds(segment, quantity) * (sweep->a_fees / segment->a);
}

double
sweep_pool_quantity(const struct sweep *sweep, size_t venue, double x)
{
    const struct stop *stop = &sweep->stops[venue];

    if (!stop->is_pool)
        return 0;
    if (!stop->is_active || stop->is_done)
        return stop->traded;
    return stop->traded + stop->a * real_abs(stop->x_start - x) / (x * stop->x_start);
}
