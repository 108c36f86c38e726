/* The liquidation of a perp leg: how much is closed, at which limit, and what its fill means for
 * the insurance fund. rules.md 4 (Close size, Closing a perp). */
#ifndef RISK_PERP_CLOSE_H
#define RISK_PERP_CLOSE_H

#include "risk/liquidation.h"

struct perp_outcome {
    const char    *asset;
    bool           is_long;
    struct decimal quantity;                      /* to close, >= 0 */
    struct decimal quantity_max, notional_max;    /* the close size */
    int            limited_by;                    /* enum limited_by */
    struct decimal limit_price;                   /* mark less the penalty; a short's: plus */
    struct decimal bankruptcy_proceeds;           /* the slice's share of the equity gone */
    /* Of a fill; none until perp_settle. */
    struct decimal proceeds;                      /* signed: a short's are paid */
    struct decimal insurance_fee, bad_debt;
    struct decimal insurance_delta;               /* the fee, or what the fund pays, negative */
};

/* The leg of that asset, NULL: of any, with the largest maintenance; of equals the largest
 * notional, then the first: its place in the position. NO_POSITION: none has a quantity. */
enum liquidation_status perp_choose(const struct position *position,
                                    const struct valuation *valuation, const char *asset,
                                    size_t *perp);

/* multiplier: health_multiplier_outside_window's for the perp's asset. quantity: the wish, >= 0;
 * none: as much as the close rule says. depth_quantity: the most that depth takes within the
 * tolerance; none: no cut. Without a fill. */
enum liquidation_status perp_close(const struct position *position,
                                   const struct valuation *valuation, size_t perp,
                                   struct multiplier multiplier, struct decimal quantity,
                                   struct decimal depth_quantity, struct perp_outcome *out);

/* quantity * fill price, down to quote.unit; negative for a short. False: overflow. */
bool perp_proceeds(const struct position *position, const struct perp_outcome *outcome,
                   struct decimal fill_price, struct decimal *proceeds);

/* What the fill leaves above the bankruptcy proceeds pays the insurance, insurance_rate of the
 * |proceeds| (whole) or of what is left (bonus), at most all of it; what is short, the fund pays.
 * False: overflow. */
bool perp_settle(const struct position *position, struct decimal proceeds,
                 struct perp_outcome *out);

#endif
