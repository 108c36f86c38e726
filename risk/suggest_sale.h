/* How much of an asset must be sold (or bought back) through the depth, and how the sale compares
 * with other ways, in double: model.md 7. The amount is settled exactly elsewhere. */
#ifndef RISK_SUGGEST_SALE_H
#define RISK_SUGGEST_SALE_H

#include "risk/depth.h"

/* Trading q for the proceeds R relieves  s (weight R - value q),  s = 1 sold, -1 bought: concave in
 * q, with its peak where the net price meets value / weight. */
struct relief_terms { double weight, value; };

struct trade { double quantity, proceeds, net_price; };   /* the last: of the next unit */

enum sale_end { SALE_FOUND, SALE_PAST_PEAK, SALE_EXHAUSTED, SALE_PAST_MOST };

/* The least sale whose relief is `need` (> 0), within `most`. Otherwise why there is none, and in
 * `trade` the one with the greatest relief. */
enum sale_end sale_relieving(const struct depth *depth, struct relief_terms terms, double need,
                             double most, struct trade *trade);

/* The sale down (bought: up) to a net price, within `most`. */
void sale_until(const struct depth *depth, double net_price, double most, struct trade *trade);

/* The relief of a sale. */
double sale_relief(const struct depth *depth, struct relief_terms terms, const struct trade *trade);

#endif
