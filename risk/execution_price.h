/* The price at which closing an asset of the account through its depth leaves exactly nothing, and
 * whether the maintenance margin covers that. model.md 5. */
#ifndef RISK_EXECUTION_PRICE_H
#define RISK_EXECUTION_PRICE_H

#include "risk/situation.h"

/* Fills execution_price, its reason and range of each row of figures->liquidation_prices.
 *
 * All of the asset is closed at once: what is held less what is owed, perps included, is sold into
 * the bids or bought from the asks as they would be at that price (closing.h). Other legs stand at
 * their values. The penalty is penalty_rate of every debt where the asset is held or owed, and of
 * the notional where it is a perp; the fee is the venues' own; the gas is the document's. To
 * price_unit, against the holder: up where the asset is sold, down where it is bought. range: the
 * depth's sizes times 1 +- execution.depth_uncertainty_rate.
 *
 * Reasons: no_position (nothing to close), no_price, no_depth, depth_exhausted,
 * penalty_exceeds_value, never (something is left at every price, or the row is of the other
 * direction), overflow.
 *
 * Warns maintenance_below_cost where a liquidation price is not beyond its execution price, and
 * says which maintenance rate would do. False: the account's own sums do not fit. */
bool execution_prices(const struct situation *situation, struct decimal penalty_rate,
                      struct figures *figures, struct figures_room *room);

#endif
