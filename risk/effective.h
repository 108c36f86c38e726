/* The rules as they are in force in one state of the market: `execution.adaptive` applied.
 *
 * A document is a calm market's. Where a snapshot remembers stress (adaptive.h), within the bounds
 * that governance set:
 *   maintenance  each perp's rates by the asset's multiplier m, up to 1e-18, with deductions that
 *                keep maintenance continuous; a rate stays under 1. Collateral keeps back 1 - threshold
 *                of its value: the threshold becomes 1 - m (1 - threshold), but never less than the
 *                opening weight (who has just borrowed all that is allowed is not liquidated by it),
 *                nor than the middle of the pre-liquidation window.
 *   penalty      the floor, at most the cap; the stress is the largest of the account's assets
 *   slice        the largest slice's value by the slice rate, down to 1e-18; likewise
 * All of it is monotone in the stress, and exactly the document's own where that is 0. Pure. */
#ifndef RISK_EFFECTIVE_H
#define RISK_EFFECTIVE_H

#include "risk/account.h"
#include "risk/adaptive.h"
#include "risk/parameters.h"

struct snapshot;

/* Why the values are what they are: adaptive.h's reasons, or that nothing is remembered. */
enum effective_reason {
    EFFECTIVE_CALM, EFFECTIVE_VOLATILITY, EFFECTIVE_DEPTH, EFFECTIVE_HELD, EFFECTIVE_NO_MEMORY
};

struct effective_asset {
    const char    *asset;
    int            reason;                /* enum effective_reason */
    struct decimal stress;                /* 0..1 */
    struct decimal maintenance_multiplier;
    struct decimal threshold;             /* before ramps and categories */
};

struct effective {
    int                     reason;       /* of the asset that decides; no_memory: of none */
    const char             *asset;        /* NULL: none is under stress */
    struct decimal          stress;       /* the largest of the account's assets */
    struct decimal          penalty_floor_rate, slice_rate;
    struct decimal          maximum_slice_value;          /* none: the document cuts none */
    struct effective_asset *assets;       /* those of the account that the market remembers */
    size_t                  assets_count;
};

extern const struct record effective_record;

/* Whether some asset's stress changes the rules: then effective_rules needs the room. */
bool effective_differs(const struct parameters *parameters, const struct snapshot *snapshot);

/* Where the rules under stress are: so many bytes, aligned for all, not initialised. */
struct effective_room;
size_t effective_room_bytes(const struct parameters *parameters);

/* The rules for this account: the document itself, or one in the room. `snapshot` NULL: the state is
 * of a request, and has no memory. `assets` is room for ASSETS_MAX. Needs execution.adaptive. NULL:
 * a figure does not fit. */
const struct parameters *effective_rules(const struct parameters *parameters,
                                         const struct snapshot *snapshot,
                                         const struct account *account, struct effective_room *room,
                                         struct effective_asset *assets, struct effective *out);

#endif
