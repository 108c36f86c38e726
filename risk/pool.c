/* Exact trades with one pool. */
#include "risk/pool.h"

#include "record/root.h"

/* What a reserve rounds to when it is against the trader: sellers meet more base and less quote,
 * buyers the other way. */
static enum rounding
base_rounding(enum depth_side side)
{
    return side == DEPTH_SELL ? ROUND_UP : ROUND_DOWN;
}

static enum rounding
quote_rounding(enum depth_side side)
{
    return side == DEPTH_SELL ? ROUND_DOWN : ROUND_UP;
}

bool
depth_size(const struct depth *depth, struct decimal size, struct decimal *scaled)
{
    if (decimal_compare(depth->scale, decimal_one) == 0) {
        *scaled = size;
        return true;
    }
    return decimal_step(PRODUCT(size, depth->scale), NOTHING, ROUND_DOWN, decimal_unit, scaled);
}

static bool
pool_of_desk(const struct depth *depth, const struct venue *venue, struct pool *pool)
{
    struct decimal reserve;

    return depth_quoted_reserve(venue, depth->side, &reserve) &&
           depth_size(depth, reserve, &reserve) &&
           decimal_step(PRODUCT(reserve), PRODUCT(depth->price), base_rounding(depth->side),
                        decimal_unit, &pool->base) &&
           decimal_step(PRODUCT(reserve, depth->reference), PRODUCT(depth->price),
                        quote_rounding(depth->side), decimal_unit, &pool->quote);
}

bool
pool_of_venue(const struct depth *depth, const struct venue *venue, struct pool *pool)
{
    struct decimal base;
    struct decimal quote;

    pool->capacity = DECIMAL_NONE;
    if (venue->kind == VENUE_QUOTED)
        return pool_of_desk(depth, venue, pool);
    if (!depth_size(depth, venue->base, &base) || !depth_size(depth, venue->quote, &quote))
        return false;
    if (decimal_compare(depth->price, depth->reference) == 0) {
        pool->base = base;
        pool->quote = quote;
        return true;
    }
    return decimal_root(PRODUCT(base, base, depth->price), PRODUCT(depth->reference),
                        base_rounding(depth->side), &pool->base) &&
           decimal_root(PRODUCT(quote, quote, depth->reference), PRODUCT(depth->price),
                        quote_rounding(depth->side), &pool->quote);
}

bool
pool_of_range(const struct depth *depth, const struct venue *venue, const struct range *range,
              struct pool *pool)
{
    enum depth_side side = depth->side;
    struct decimal start = venue->price;
    struct decimal near = side == DEPTH_SELL ? range->upper : range->lower;
    struct decimal far = side == DEPTH_SELL ? range->lower : range->upper;
    int direction = side == DEPTH_SELL ? 1 : -1;
    struct decimal liquidity;
    struct decimal base_at_far;
    struct decimal keep = { DECIMAL_ONE_UNITS - venue->fee_rate.units };

    *pool = (struct pool){ .capacity = decimal_zero };
    if (!depth_size(depth, range->liquidity, &liquidity))
        return false;
    if (decimal_compare(depth->price, depth->reference) != 0 &&
        !decimal_step(PRODUCT(venue->price, depth->reference), PRODUCT(depth->price),
                      quote_rounding(side), decimal_unit, &start))
        return false;
    if (decimal_compare(start, near) * direction > 0)
        start = near;
    if (decimal_compare(start, far) * direction <= 0)
        return true;
    if (!decimal_root(PRODUCT(liquidity, liquidity), PRODUCT(start), base_rounding(side),
                      &pool->base) ||
        !decimal_root(PRODUCT(liquidity, liquidity, start), NOTHING, quote_rounding(side),
                      &pool->quote) ||
        !decimal_root(PRODUCT(liquidity, liquidity), PRODUCT(far), quote_rounding(side),
                      &base_at_far) ||
        !decimal_subtract(base_at_far, pool->base, &pool->capacity))
        return false;
    pool->capacity.units *= direction;
    if (pool->capacity.units < 0)
        pool->capacity = decimal_zero;
    return side == DEPTH_BUY || decimal_step(PRODUCT(pool->capacity), PRODUCT(keep), ROUND_DOWN,
                                             decimal_unit, &pool->capacity);
}

/* quote - base quote / (base + g q): the part that stays is rounded up, so what leaves is rounded
 * down. */
static bool
sell_to_pool(const struct pool *pool, struct decimal keep, struct decimal quantity,
             struct decimal *proceeds)
{
    struct wide product = wide_zero;
    struct wide base = wide_zero;
    struct decimal stays;

    return wide_add_product(&product, pool->base, pool->quote) &&
           wide_add_decimal(&base, pool->base) && wide_add_product(&base, keep, quantity) &&
           wide_divide(product, base, ROUND_UP, decimal_unit, &stays) &&
           decimal_subtract(pool->quote, stays, proceeds);
}

bool
pool_trade(const struct pool *pool, enum depth_side side, struct decimal fee_rate,
           struct decimal quantity, struct decimal *proceeds)
{
    struct decimal keep = { DECIMAL_ONE_UNITS - fee_rate.units };
    struct decimal left;

    *proceeds = decimal_zero;
    if (decimal_sign(quantity) == 0)
        return true;
    if (side == DEPTH_SELL)
        return sell_to_pool(pool, keep, quantity, proceeds);
    return decimal_subtract(pool->base, quantity, &left) &&
           decimal_step(PRODUCT(pool->quote, quantity), PRODUCT(left, keep), ROUND_UP, decimal_unit,
                        proceeds);
}
