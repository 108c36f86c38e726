/* What a buyer of seized collateral gets. rules.md 4, sale(pay). */
#ifndef RISK_SALE_H
#define RISK_SALE_H

#include "risk/position.h"

struct sale;

/* price = floor(price * (1 - rate * (1 - protocol_rate))) to price_unit (form bonus: divided by
 * 1 + that), quantity = floor(pay * debt price / that). The penalty is the one at health 1: the
 * collateral is nobody's any more. collateral, debt: assets of the position, which need not hold
 * them. False: the price comes to 0, or a figure does not fit. */
bool sale_compute(const struct position *position, size_t collateral, size_t debt,
                  struct decimal pay, struct decimal optimal_rate, struct sale *out);

#endif
