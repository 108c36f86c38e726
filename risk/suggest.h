/* What the holder could do now so that a liquidation becomes unlikely, what each way costs, and
 * what it saves. model.md 7. */
#ifndef RISK_SUGGEST_H
#define RISK_SUGGEST_H

#include "risk/situation.h"

/* Of the liquidation that is to be avoided, in the quote, each >= 0. */
struct cost_of_liquidation { struct decimal penalty, slippage, gas; };

/* The target: the account is not liquidatable when the main asset stands at its stress price (where
 * it is touched within the horizon with suggestions.target_probability; other assets moved by their
 * betas), and its ratio at the mark is at least suggestions.target_health. Without a known
 * volatility only the latter. The stress price is rounded to price_unit, away from the mark.
 *
 * Fills figures->suggestions; empty where the target is met. Every quantity is the least, to the
 * asset's unit, that meets the target by the exact rules:
 *   add_collateral  of the main asset, where it has a threshold
 *   add_stable      wallet assets that do not move with the main asset, or cash
 *   repay           of the largest debt (or negative cash)
 *   reduce          sells the main asset through the depth and repays the largest debt with the
 *                   proceeds; a debt of the main asset: buys it back, paid from the largest other
 *                   collateral (or cash); a perp: closes a part
 *   swap            sells it for the asset with the best threshold that does not move
 *   hedge           a short of it (a long, where it is owed); quantity in units of it
 *   mix             the cheapest mix of what is available, where that is cheaper than any alone
 * A token's own transfer fee is in the quantity.
 *
 * cost: r_c of what is tied up over the horizon + gas; repaid: r_c less the borrow rate; sold: the
 * value at the mark less the proceeds + gas; hedged: fee, half spread and funding of the notional.
 * A cost below 0 is 0. avoided_cost = p0 l - p1 l', where l = penalty + slippage + gas, l' scales
 * the first two by the debt (and perps) that is left, and p is the probability of touching the
 * liquidation price; none without a volatility or without `cost`.
 *
 * Order: available ones by net_benefit (none last), then cost, then action; then those that the
 * wallet or the market does not allow; then those without a quantity. False: overflow. */
bool suggestions_fill(const struct situation *situation, const struct cost_of_liquidation *cost,
                      struct figures *figures, struct figures_room *room);

#endif
