/* The penalty's figures: the rules' rate beside the optimal one, and what it consists of.
 * model.md 3. */
#ifndef RISK_PREVIEW_PENALTY_H
#define RISK_PREVIEW_PENALTY_H

#include "risk/preview_liquidation.h"

/* The optimum for one amount, bounded by the document's floor, cap and the account's equity. */
struct priced_penalty {
    int                    reason;                /* why there is none; REASON_NONE */
    struct penalty_terms   terms;
    struct optimum         optimum;
    struct bounded_penalty bounded;
    /* without a curve: subsidy and largest slice are not known */
    bool                   is_perp;
};

/* Of repaying `debt` (a value) by selling `asset`. */
void penalty_price_pair(const struct situation *situation, size_t asset,
                        const struct way_out *way_out,
                        struct decimal debt, struct priced_penalty *out);

/* Of closing so much of a perp, worth `notional`, with this slippage (none: no depth). */
void penalty_price_perp(const struct situation *situation, size_t asset, bool is_long,
                        struct decimal notional, struct decimal slippage_rate,
                        struct priced_penalty *out);

/* rate, form_rate, optimal_rate, flags, parts, subsidy, largest slice. `priced` may be NULL: not
 * asked for. */
void penalty_fill(const struct parameters *parameters, struct multiplier multiplier,
                  const struct priced_penalty *priced, struct figures *figures);

#endif
