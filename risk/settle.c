/* What a venue pays, exactly, for a quantity that was fixed. */
#include "risk/settle.h"

#include "record/root.h"
#include "risk/pool.h"

static enum rounding
against_trader(const struct depth *depth)
{
    return depth->side == DEPTH_SELL ? ROUND_DOWN : ROUND_UP;
}

static struct decimal
smaller(struct decimal a, struct decimal b)
{
    return decimal_compare(a, b) < 0 ? a : b;
}

/* To 1e-18 first: cut again to the unit, that is the same as cut once. False: it does not fit. */
static bool
cut_to_unit(const struct depth *depth, struct decimal exact, struct settlement *out)
{
    int128 unit = depth->quote_unit.units;
    int128 past = exact.units % unit;

    out->proceeds.units = exact.units - past;
    out->rest.units = past;
    if (depth->side == DEPTH_SELL || past == 0)
        return true;
    out->rest.units = unit - past;
    return decimal_add(exact, out->rest, &out->proceeds);
}

/* sum(price * size) * (1 - fee, or 1 + fee) * reference / price, rounded once. */
static bool
settle_book(const struct depth *depth, const struct venue *venue, struct decimal quantity,
            struct settlement *out)
{
    bool is_sale = depth->side == DEPTH_SELL;
    const struct level *levels = is_sale ? venue->bids : venue->asks;
    size_t count = is_sale ? venue->bids_count : venue->asks_count;
    struct decimal keep = { DECIMAL_ONE_UNITS +
                            (is_sale ? -venue->fee_rate.units : venue->fee_rate.units) };
    bool is_moved = decimal_compare(depth->price, depth->reference) != 0;
    struct wide gross = wide_zero;
    struct decimal left = quantity;
    struct decimal exact;

    for (size_t i = 0; i < count && left.units > 0; i++) {
        struct decimal size;
        if (!depth_size(depth, levels[i].size, &size))
            return false;
        size = smaller(size, left);
        if (!wide_add_product(&gross, levels[i].price, size))
            return false;
        left.units -= size.units;
    }
    out->filled.units = quantity.units - left.units;
    return wide_step(gross, is_moved ? PRODUCT(keep, depth->reference) : PRODUCT(keep),
                     is_moved ? PRODUCT(depth->price) : NOTHING, against_trader(depth),
                     decimal_unit, &exact) &&
           cut_to_unit(depth, exact, out);
}

static bool
settle_ranges(const struct depth *depth, const struct venue *venue, struct decimal quantity,
              struct decimal *filled, struct decimal *proceeds)
{
    struct decimal left = quantity;

    *proceeds = decimal_zero;
    for (size_t i = 0; i < venue->ranges_count && left.units > 0; i++) {
        size_t row = depth->side == DEPTH_SELL ? venue->ranges_count - 1 - i : i;
        struct decimal part;
        struct decimal part_proceeds;
        struct pool pool;
        if (!pool_of_range(depth, venue, &venue->ranges[row], &pool))
            return false;
        part = smaller(pool.capacity, left);
        if (!pool_trade(&pool, depth->side, venue->fee_rate, part, &part_proceeds) ||
            !decimal_add(*proceeds, part_proceeds, proceeds))
            return false;
        left.units -= part.units;
    }
    filled->units = quantity.units - left.units;
    return true;
}

/* Buyers get at most 9,999 of 10,000 parts of the base. */
static bool
settle_pool(const struct depth *depth, const struct venue *venue, struct decimal quantity,
            struct decimal *filled, struct decimal *proceeds)
{
    struct pool pool;

    *filled = *proceeds = decimal_zero;
    if (!pool_of_venue(depth, venue, &pool))
        return false;
    if (pool.base.units <= 0 || pool.quote.units <= 0)
        return true;
    *filled = quantity;
    if (depth->side == DEPTH_BUY)
        *filled = smaller(quantity, (struct decimal){ pool.base.units - pool.base.units / 10000 });
    return pool_trade(&pool, depth->side, venue->fee_rate, *filled, proceeds);
}

bool
settle(const struct depth *depth, const struct venue *venue, struct decimal quantity,
       struct settlement *out)
{
    *out = (struct settlement){ decimal_zero, decimal_zero, decimal_zero };
    if (quantity.units <= 0)
        return true;
    switch ((enum venue_kind)venue->kind) {
    case VENUE_BOOK:
        return settle_book(depth, venue, quantity, out);
    case VENUE_CONCENTRATED:
        if (!settle_ranges(depth, venue, quantity, &out->filled, &out->proceeds))
            return false;
        break;
    case VENUE_CONSTANT_PRODUCT:
    case VENUE_QUOTED:
        if (!settle_pool(depth, venue, quantity, &out->filled, &out->proceeds))
            return false;
        break;
    }
    return decimal_step(PRODUCT(out->proceeds), NOTHING, against_trader(depth), depth->quote_unit,
                        &out->proceeds);
}
