/* Prices at which closing a position through the depth leaves nothing: model.md 5.
 *
 * The naive liquidation price looks at marks. This one sells (a short buys back) the whole position
 * at the price's own depth, pays fee and penalty, and asks at which price the equity is then 0. A
 * liquidation price that is not beyond it does not cover its own liquidation. */
#ifndef RISK_CLOSING_H
#define RISK_CLOSING_H

#include "risk/depth.h"
#include "risk/figures.h"

/* At price P, the depth being taken there:
 *   sold:    R(q; P) (1 - fee) - penalty q P = obligation
 *   bought:  C(q; P) (1 + fee) + penalty q P = obligation
 * A perp: obligation q E - M + gas sold, M + |q| E - gas bought; the penalty is of the notional.
 * A loan: obligation D (1 + penalty) + gas, penalty_rate 0. */
struct closing {
    const struct depth *depth;      /* `reference` is not looked at */
    struct decimal quantity;        /* > 0 */
    struct decimal obligation;
    struct decimal fee_rate;        /* of the proceeds, beyond the venues' own; >= 0 */
    struct decimal penalty_rate;    /* >= 0 */
};

/* REASON_NONE: `price` is there, to price_unit: sold up, bought down. Else it is none:
 * REASON_NO_DEPTH; REASON_DEPTH_EXHAUSTED: not all can be traded; REASON_PENALTY_EXCEEDS_VALUE: no
 * price is high enough; REASON_NEVER: the obligation is met at any price; REASON_OVERFLOW.
 * Where every venue moves with the price this is one exact step, P * obligation / what the position
 * brings at P. Where pools keep their constant, the price is the one at which what is left is not
 * below 0 and one unit nearer to the bankruptcy it is, by walks at those prices: about three. */
enum reason closing_price(const struct closing *closing, struct decimal price_unit,
                            struct decimal *price);

/* Closed form of a single pool that keeps k = base * quote, without a lot: the root y = sqrt(P) of
 * quantity g y^2 - (obligation g quantity / sqrt k) y - obligation = 0, g = 1 - fee. */
double closing_price_of_pool(double quantity, double obligation, double k, double fee_rate);

/* The maintenance rate that covers a liquidation:
 * 1 - (1 - S)(1 - f) + penalty + buffer + gas / notional; the buffer is that of the latency. */
struct maintenance_need {
    double slippage_rate, fee_rate, penalty_rate, buffer_rate, gas_rate;
};
double maintenance_needed(const struct maintenance_need *need);

#endif
