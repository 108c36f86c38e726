/* What a venue pays, exactly, for a quantity that was fixed: the integer half of a walk.
 * model.md 1. */
#ifndef RISK_SETTLE_H
#define RISK_SETTLE_H

#include "risk/depth.h"

/* `filled`: what the venue can take of the quantity. `proceeds`, to depth's quote_unit: received,
 * down; paid, up. `rest`: what that rounding took, to 1e-18; of a pool 0, since it is not known. */
struct settlement { struct decimal filled, proceeds, rest; };

/* Trades `quantity` through one venue alone, its pieces in their order. A book rounds once over all
 * its levels, a concentrated pool once a range and then to the unit. False: a figure does not fit.
 */
bool settle(const struct depth *depth, const struct venue *venue, struct decimal quantity,
            struct settlement *out);

#endif
