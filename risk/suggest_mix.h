/* The cheapest mix of ways: model.md 7. For risk/suggest*.c. */
#ifndef RISK_SUGGEST_MIX_H
#define RISK_SUGGEST_MIX_H

#include "risk/suggest_action.h"

/* Each part is at most what the wallet has. `total`: of the costs. */
struct mix {
    struct mix_part parts[MIX_MAX];
    struct way     *ways[MIX_MAX];                /* of the parts */
    size_t          parts_count;
    struct decimal  cost;
};

/* The cheapest mix found that costs less than `bound` (none: any), or false; the bench is as
 * before.
 *
 * Costs and reliefs add up, so the marginal cost of a unit of relief is the same in all parts of
 * the cheapest mix: a payment has one price of relief, a sale a rising one. Per binding moment
 * (mark, stress) and, because of the fixed gas, per set of ways, payments are taken by their
 * price, the sale up to each; the last part takes what is left and is settled exactly against
 * both moments. */
bool mix_find(struct bench *bench, struct way *ways, size_t ways_count, struct decimal bound,
              struct mix *mix);

#endif
