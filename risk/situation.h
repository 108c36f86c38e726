/* An account in a state of its market, resolved once: as it stands, and as its liquidation will
 * meet it. */
#ifndef RISK_SITUATION_H
#define RISK_SITUATION_H

#include "risk/health.h"

struct situation {
    const struct parameters        *parameters;
    const struct state             *state;
    const struct account           *account;      /* as it was given: its wallet */
    const struct liquidator        *liquidator;   /* the wish; NULL: none */
    int64_t                         horizon_s;
    struct position                 now, then;
    struct valuation                valuation_now, valuation_then;
    int                             at;           /* enum at: of `then` */
    int                             main_asset;   /* the asset whose price decides; or none */
    const struct liquidation_price *main;         /* its row; NULL: none */
};

/* A year's volatility of the asset, clamped to its floor and cap; without a stated one the floor,
 * and none where that is 0. */
struct decimal volatility_of(const struct asset *asset, const struct state *state);

#endif
