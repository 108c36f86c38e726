/* What an answer says of the prices that it stands on, and whether to act on them.
 *
 * A snapshot's price is judged by the market's oracle guard (oracle.h), asset by asset, at the time
 * that the rules see: its reports, its time-weighted price from the snapshot's memory, what a push
 * would cost in the depth at hand, and what the push would gain: the penalty of this account, where
 * the price made it liquidatable, or what the feed says. The verdict of all is the worst of the
 * account's assets. A state of a request is not judged: its prices are the caller's own word. Pure. */
#ifndef RISK_GUARD_H
#define RISK_GUARD_H

#include "risk/figures.h"
#include "risk/snapshot.h"

/* The position under the rules in force, at the prices of the state. */
struct guard_question {
    const struct parameters *parameters;
    const struct snapshot   *snapshot;            /* NULL: the state is of a request */
    const struct state      *state;
    const struct position   *position;
    const struct health     *health;              /* of that position */
    const struct figures    *figures;             /* liquidation prices, and the penalty if it is known */
    int64_t                  now_us;
};

/* Fills figures->prices and figures->oracle. False: a figure does not fit. */
bool guard_fill(const struct guard_question *question, struct figures *figures,
                struct figures_room *room);

/* The warning that goes with figures->oracle, where one does. */
void guard_warn(struct figures *figures);

#endif
