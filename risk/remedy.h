/* What a holder can do before a liquidation, how much of it, and what it costs: model.md 7.
 *
 * That the price touches the liquidation price with at most a given probability is the same as the
 * account being healthy at one stress price; that its health is at least H is the same with every
 * requirement H times as large. There health is linear, so every action has a relief of its own,
 * and reliefs add up to the need:  need = H requirement - support, at that price.
 *
 * Statistics in double; remedy_finish turns an estimate into the exact smallest amount. */
#ifndef RISK_REMEDY_H
#define RISK_REMEDY_H

#include "risk/depth.h"

/* An action in proportion: relief and cost of one unit, the most that can be done, and what it costs
 * to do it at all. A cost below 0 counts as 0. */
struct linear_remedy {
    double relief, cost, gas;
    double most;                    /* infinite: no bound */
};

/* At the price that the need is of; rates a year's. */
struct remedy_terms {
    double price, stress_price;     /* the mark; where the account must be healthy */
    double threshold;               /* of the risk asset */
    double target_health;           /* H; 1 for a probability */
    double horizon_years, capital_rate, gas;
};

struct linear_remedy remedy_add_collateral(const struct remedy_terms *terms, double most);
struct linear_remedy remedy_add_stable(const struct remedy_terms *terms, double threshold,
                                       double most);
struct linear_remedy remedy_repay(const struct remedy_terms *terms, double borrow_rate,
                                  double most);
/* A short that the market recognises; fee_rate: of its notional, over the whole horizon. */
struct linear_remedy remedy_hedge(const struct remedy_terms *terms, double fee_rate);

/* Selling q of the risk asset: relief weight R(q) - kappa q, concave; cost q price - R(q). */
struct sale_remedy {
    const struct depth *depth;      /* at the mark; NULL: endless at the price */
    double price, kappa, weight, gas;
    double most;
};

/* Sell and repay with the proceeds (weight H); sell and keep them as a stable asset of that
 * threshold. kappa is threshold * stress price. */
struct sale_remedy remedy_reduce(const struct remedy_terms *terms, const struct depth *depth,
                                 double most);
struct sale_remedy remedy_swap(const struct remedy_terms *terms, const struct depth *depth,
                               double stable_threshold, double most);

struct remedy { double quantity, cost, relief, proceeds; };

/* False: the need is more than the action can relieve; then the remedy is its peak. */
bool remedy_linear(const struct linear_remedy *action, double need, struct remedy *remedy);
bool remedy_sale(const struct sale_remedy *sale, double need, struct remedy *remedy);

/* Sells no further than to a net price, nor past the peak, nor more than the need. */
struct remedy remedy_sale_down_to(const struct sale_remedy *sale, double net, double need);

/* The cheapest mix of a sale (NULL: none) with up to LINEAR_REMEDIES_MAX others: each is used until
 * the next cost of relief is dearer than another's; where some cost gas, every set of those is
 * tried. False: all together do not suffice. */
enum { LINEAR_REMEDIES_MAX = 6 };
struct mixed_remedy {
    struct remedy sale, linear[LINEAR_REMEDIES_MAX];
    double cost, relief;
};
bool remedy_mix(const struct sale_remedy *sale, const struct linear_remedy *linear, size_t count,
                double need, struct mixed_remedy *mix);

/* What liquidation is expected to cost: probability * loss_rate * debt, loss_rate being penalty,
 * slippage and gas of the liquidated debt. The benefit of an action is what it takes off this, less
 * its cost. */
double remedy_expected_loss(double probability, double loss_rate, double debt);

/* The smallest multiple of `unit`, at most `most`, that `meets`; one unit less does not (or it is 0).
 * `meets` must turn from false to true once as the quantity grows. False: `most` does not meet. */
bool remedy_finish(bool (*meets)(const void *context, struct decimal quantity), const void *context,
                   double estimate, struct decimal unit, struct decimal most,
                   struct decimal *quantity);

#endif
