/* What it costs to move a price: model.md 10.
 *
 * Who pushes a price by a factor buys (or sells) his way there and is left with what he traded at
 * the fair price, because others trade the price back: the cost is what he paid above that. A push
 * is given as its logarithm, ln(pushed / fair): 0.1 is up by 10.5 %, -0.1 down by as many parts.
 *
 * Statistics: doubles, in the quote. Total on the ranges stated; no NaN comes out. What the costs
 * do not know: orders of the attacker's own inflate a book (he buys from himself), and a proposer
 * of consecutive blocks meets no arbitrage between them. Whoever compares takes a safety factor. */
#ifndef RISK_MANIPULATION_H
#define RISK_MANIPULATION_H

#include <stddef.h>
#include <stdint.h>

#include "record/decimal.h"
#include "risk/state.h"

/* A constant product with the quote reserve Y (> 0) at the fair price and the fee f (0 <= f < 1),
 * pushed once and arbitraged back; a = e^|log_push| (-1000 to 1000), both directions cost the same.
 *   cost     Y (sqrt a - 1) / (1 - f) - Y (1 - 1 / sqrt a);  f = 0: Y (a^(1/4) - a^(-1/4))^2
 *   capital  Y (sqrt a - 1) / (1 - f): what has to be at hand for it
 * A range of a concentrated pool is one with Y = L sqrt(fair price) while the price stays in it. */
double pool_push_cost(double quote_reserve, double fee_rate, double log_push);
double pool_push_capital(double quote_reserve, double fee_rate, double log_push);

/* The same push taken back by the attacker before anybody else trades, with borrowed money: fees
 * alone, Y (sqrt a - 1) (1/g - g sqrt a / (1 + g (sqrt a - 1))), g = 1 - f; nothing without fees.
 * It is why the price of one pool at one moment is never a price to liquidate by. */
double flash_round_trip_cost(double quote_reserve, double fee_rate, double log_push);

/* A time-weighted price over so many blocks, of one constant product. */
enum twap_mean { TWAP_ARITHMETIC, TWAP_GEOMETRIC };
enum { TWAP_BLOCKS_MAX = 100000 };

struct twap_pool {
    double         quote_reserve, fee_rate;
    int64_t        blocks;                /* of the window, 1 to TWAP_BLOCKS_MAX */
    enum twap_mean mean;
};

/* Moving that mean by the part `shift` (> -1; 0.5 is up by a half) with a push in each of
 * attack_blocks (1 to blocks) of them: attack_blocks * cost of a, where a = 1 + shift * blocks /
 * attack_blocks for the arithmetic mean and (1 + shift)^(blocks / attack_blocks) for the geometric.
 * Infinite where so few blocks cannot do it (a price below 0). */
double twap_push_cost(const struct twap_pool *pool, double shift, int64_t attack_blocks);

/* The number of blocks that costs least, all tried: one is the cheapest for large shifts of an
 * arithmetic mean (Mackinga, Nadahalli and Wattenhofer 2022), all of them for small ones. */
struct twap_attack { double cost; int64_t blocks; };
struct twap_attack twap_cheapest_attack(const struct twap_pool *pool, double shift);

/* The depth at hand pushed away from `price` (> 0), the fair price, by log_push (-100 to 100).
 *
 * A book: its levels strictly between the fair price and the pushed one, with the fee; what lies at
 * the pushed price or beyond it need not be traded and counts for nothing, however large it is. A
 * constant product is centred at the fair price; a concentrated pool's ranges count where the push
 * passes through them, gaps are free. A desk's quote is a word, not a price that one can push: it
 * does not count.
 *
 * A median moves when more than half of its sources move: cost and capital are those of the
 * cheapest majority of the venues, floor(n / 2) + 1 of them. venues_count 0 (also for no depth,
 * NULL): nothing is known of the cost, which is then 0. */
struct depth_push { double cost, capital; size_t venues_count; };
struct depth_push depth_push_cost(const struct asset_depth *depth, struct decimal price,
                                  double log_push);

#endif
