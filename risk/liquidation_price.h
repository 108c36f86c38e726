/* The price of one asset, all else unchanged, at which the account becomes liquidatable.
 * rules.md 5. */
#ifndef RISK_LIQUIDATION_PRICE_H
#define RISK_LIQUIDATION_PRICE_H

#include "risk/health.h"

/* f(P) = support(P) - requirement(P), other legs at their rounded values, is piecewise linear and
 * concave, so that {f >= 0} is an interval: at most two prices, `below` (liquidated under it;
 * rounded up to price_unit) and `above` (rounded down). Exact, no iteration. Bankruptcy: the same
 * of the unweighted equity after the closing fee.
 * A price that does not exist, or does not fit a decimal, is none with its reason: no_debt, never,
 * already_liquidatable; the last stands beside the price of an account that is liquidatable now.
 * What belongs to depth (execution_price, range) is left none. */

enum { PRICES_OF_ASSET_MAX = 2 };

/* Of one asset of the position: one or two rows, `below` first. False: a sum overflows 256 bits. */
bool liquidation_price_of(const struct position *position, const struct valuation *valuation,
                          size_t asset, struct liquidation_price out[static PRICES_OF_ASSET_MAX],
                          size_t *count);

/* Of one asset, only the two prices; none where there is none. */
bool liquidation_interval(const struct position *position, const struct valuation *valuation,
                          size_t asset, struct decimal *below, struct decimal *above);

/* Of each asset that the account holds or owes, in the position's order. */
bool liquidation_prices(const struct position *position, const struct valuation *valuation,
                        struct liquidation_price out[static PRICES_MAX], size_t *count);

#endif
