/* What it costs to move a price. */
#include "risk/manipulation.h"

#include <assert.h>
#include <stdbool.h>

#include "risk/elementary.h"
#include "risk/statistic.h"

/* sqrt a - 1, without cancellation for a small push. */
static double
root_rise(double log_push)
{
    return real_expm1(real_abs(log_push) / 2);
}

/* With s = sqrt a:  Y (s - 1) (1/(1 - f) - 1/s) = Y (s - 1) (s - 1 + f) / (s (1 - f)). The quotient
 * (s - 1 + f) / s is at most 1, also where s is infinite. */
double
pool_push_cost(double quote_reserve, double fee_rate, double log_push)
{
    double rise = root_rise(log_push);
    double kept = rise < 1e300 ? (rise + fee_rate) / (1 + rise) : 1;
    return quote_reserve / (1 - fee_rate) * rise * kept;
}

double
pool_push_capital(double quote_reserve, double fee_rate, double log_push)
{
    return quote_reserve / (1 - fee_rate) * root_rise(log_push);
}

/* Over one denominator the bracket is  f (1 + g s) / (g (1 + g (s - 1))). */
double
flash_round_trip_cost(double quote_reserve, double fee_rate, double log_push)
{
    double g = 1 - fee_rate;
    double rise = root_rise(log_push);
    return quote_reserve / g * fee_rate * rise * ((1 + g * (1 + rise)) / (1 + g * rise));
}

double
twap_push_cost(const struct twap_pool *pool, double shift, int64_t attack_blocks)
{
    double share = (double)pool->blocks / (double)attack_blocks;
    double log_push = 0;
    assert(attack_blocks >= 1);
    assert(attack_blocks <= pool->blocks);
    switch (pool->mean) {
    case TWAP_ARITHMETIC:
        if (shift * share <= -1)
            return REAL_INFINITY;
        log_push = real_log1p(shift * share);
        break;
    case TWAP_GEOMETRIC:
        log_push = real_log1p(shift) * share;
        break;
    }
    return (double)attack_blocks * pool_push_cost(pool->quote_reserve, pool->fee_rate, log_push);
}

struct twap_attack
twap_cheapest_attack(const struct twap_pool *pool, double shift)
{
    struct twap_attack best = { twap_push_cost(pool, shift, pool->blocks), pool->blocks };
    assert(pool->blocks <= TWAP_BLOCKS_MAX);
    for (int64_t blocks = 1; blocks < pool->blocks; blocks++) {
        double cost = twap_push_cost(pool, shift, blocks);
        if (cost < best.cost)
            best = (struct twap_attack){ cost, blocks };
    }
    return best;
}

/* From the fair price to the pushed one. */
struct push { double fair, pushed, log_push; bool is_up; };

struct cost { double cost, capital; };

/* Asks bought with the fee on top, bids sold with the fee taken off. A level that is better than
 * the fair price is anybody's to take, not a part of the attack. */
static struct cost
push_book(const struct venue *venue, const struct push *push)
{
    const struct level *levels = push->is_up ? venue->asks : venue->bids;
    size_t count = push->is_up ? venue->asks_count : venue->bids_count;
    double fee = statistic_of(venue->fee_rate);
    struct cost sum = { 0, 0 };
    for (size_t i = 0; i < count; i++) {
        double price = statistic_of(levels[i].price);
        double size = statistic_of(levels[i].size);
        if (push->is_up ? price >= push->pushed : price <= push->pushed)
            break;
        double paid = push->is_up ? price * (1 + fee) : push->fair;
        double worth = push->is_up ? push->fair : price * (1 - fee);
        if (paid <= worth)
            continue;
        sum.cost += size * (paid - worth);
        sum.capital += size * paid;
    }
    return sum;
}

/* The constant kept, the quote reserve at the fair price P is sqrt(base quote P). */
static struct cost
push_pool(const struct venue *venue, const struct push *push)
{
    double root = real_sqrt(statistic_of(venue->base)) * real_sqrt(statistic_of(venue->quote));
    double reserve = root * real_sqrt(push->fair);
    double fee = statistic_of(venue->fee_rate);
    return (struct cost){ pool_push_cost(reserve, fee, push->log_push),
                          pool_push_capital(reserve, fee, push->log_push) };
}

/* From s0 = sqrt(nearer price) to s1 within a range, L of liquidity. Up: L (s1 - s0) / (1 - f) paid
 * for L (1/s0 - 1/s1) of the asset. Down: L (1/s1 - 1/s0) / (1 - f) of it sold for L (s0 - s1). */
static struct cost
push_range(const struct range *range, double fee, const struct push *push)
{
    double lower = real_max(statistic_of(range->lower), real_min(push->fair, push->pushed));
    double upper = real_min(statistic_of(range->upper), real_max(push->fair, push->pushed));
    if (lower >= upper)
        return (struct cost){ 0, 0 };
    double bottom = real_sqrt(lower);
    double top = real_sqrt(upper);
    double quote = statistic_of(range->liquidity) * (top - bottom);
    double asset_worth = quote / top * (push->fair / bottom);
    double paid = (push->is_up ? quote : asset_worth) / (1 - fee);
    return (struct cost){ real_max(paid - (push->is_up ? asset_worth : quote), 0), paid };
}

static struct cost
push_ranges(const struct venue *venue, const struct push *push)
{
    double fee = statistic_of(venue->fee_rate);
    struct cost sum = { 0, 0 };
    for (size_t i = 0; i < venue->ranges_count; i++) {
        struct cost part = push_range(&venue->ranges[i], fee, push);
        sum.cost += part.cost;
        sum.capital += part.capital;
    }
    return sum;
}

/* False: the venue does not count. */
static bool
push_venue(const struct venue *venue, const struct push *push, struct cost *cost)
{
    switch ((enum venue_kind)venue->kind) {
    case VENUE_BOOK:
        *cost = push_book(venue, push);
        return true;
    case VENUE_CONSTANT_PRODUCT:
        *cost = push_pool(venue, push);
        return true;
    case VENUE_CONCENTRATED:
        *cost = push_ranges(venue, push);
        return true;
    case VENUE_QUOTED:
        return false;
    }
    return false;
}

/* Into ascending order of cost, then of capital: what is summed does not depend on the venues'
 * order. */
static void
insert(struct cost *costs, size_t count, struct cost cost)
{
    while (count > 0 && (costs[count - 1].cost > cost.cost ||
                         (costs[count - 1].cost == cost.cost &&
                          costs[count - 1].capital > cost.capital))) {
        costs[count] = costs[count - 1];
        count--;
    }
    costs[count] = cost;
}

struct depth_push
depth_push_cost(const struct asset_depth *depth, struct decimal price, double log_push)
{
    struct depth_push sum = { 0, 0, 0 };
    struct cost costs[VENUES_MAX] = { { 0, 0 } };
    double fair = statistic_of(price);
    struct push push = { fair, fair * real_exp(log_push), log_push, log_push > 0 };
    assert(decimal_sign(price) > 0);
    for (size_t i = 0; depth && i < depth->venues_count; i++) {
        struct cost cost;
        if (push_venue(&depth->venues[i], &push, &cost))
            insert(costs, sum.venues_count++, cost);
    }
    for (size_t i = 0; sum.venues_count > 0 && i < sum.venues_count / 2 + 1; i++) {
        sum.cost += costs[i].cost;
        sum.capital += costs[i].capital;
    }
    return sum;
}
