/* Exact trades with one pool: a constant product, a desk's quote as a virtual one, one range of a
 * concentrated pool. model.md 1. */
#ifndef RISK_POOL_H
#define RISK_POOL_H

#include "risk/depth.h"

/* Reserves as they stand at depth's reference price, rounded against the trader; `capacity`: the
 * most base that can be traded, none: no end. base 0: nothing can be. */
struct pool {
    struct decimal base, quote, capacity;
};

/* size * depth's scale, down. False: does not fit. */
bool depth_size(const struct depth *depth, struct decimal size, struct decimal *scaled);

/* A constant product or a desk. Pools keep base * quote and are centred at  price' = quote / base *
 * reference / price: base' = base sqrt(price / reference), quote' = quote sqrt(reference / price).
 * A desk keeps its base, its quote moves with the price. */
bool pool_of_venue(const struct depth *depth, const struct venue *venue, struct pool *pool);

/* The stretch of a range that begins at the pool's price or at the range's nearer end: base = L /
 * sqrt(P), quote = L sqrt(P). */
bool pool_of_range(const struct depth *depth, const struct venue *venue, const struct range *range,
                   struct pool *pool);

/* Sold: quote - base quote / (base + g q), down. Bought: quote q / ((base - q) g), up. To 1e-18. */
bool pool_trade(const struct pool *pool, enum depth_side side, struct decimal fee_rate,
                struct decimal quantity, struct decimal *proceeds);

#endif
