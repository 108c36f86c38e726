/* The statistics of an answer: how likely a liquidation is, when, and what it may cost. model.md
 * 2, 4, 6. */
#ifndef RISK_PREVIEW_RISK_H
#define RISK_PREVIEW_RISK_H

#include "risk/figures.h"

/* The one asset whose price decides: what is held or owed of it, and where it stands. All > 0
 * but where said. */
struct risk_exposure {
    const char    *asset;
    bool           is_short;                      /* loses when the price rises */
    struct decimal price;                         /* the mark */
    struct decimal liquidation_price;             /* none: there is none, for `price_reason` */
    int            price_reason;
    bool           is_liquidatable;               /* now */
    struct decimal value;                         /* of what is held, at the mark */
    struct decimal volatility;                    /* clamped; none: unknown */
    /* of selling all of it at once at the mark; none, for `slippage_reason` */
    struct decimal slippage_rate;
    int            slippage_reason;
    struct decimal volume;                        /* a day's; none: unknown */
    /* When the liquidation comes: the value that moves, and the obligation that it must cover
     * with penalty and costs. */
    struct decimal collateral_then, obligation_then;   /* none: no liquidation, for `loss_reason` */
    int            loss_reason;
};

/* Fills figures->risk. `horizon_s` 60 .. 31536000. */
void risk_fill(const struct parameters *parameters, const struct risk_exposure *exposure,
               int64_t horizon_s,
               struct risk_figures *risk, struct figures_room *room);

/* Of touching `barrier` within the horizon, from `price`; none where a number is missing. */
struct decimal touch_statistic(struct decimal price, struct decimal barrier,
                               struct decimal volatility, int64_t horizon_s);

#endif
