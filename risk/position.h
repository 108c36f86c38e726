/* An account resolved against a document and a state: names looked up once, categories and ramps
 * applied, prices beside the assets. What is computed from it can be computed again at other prices
 * (position_reprice). rules.md 1. */
#ifndef RISK_POSITION_H
#define RISK_POSITION_H

#include "record/fault.h"
#include "risk/account.h"
#include "risk/parameters.h"
#include "risk/state.h"

/* An asset as it stands for this account now, and its price in the quote (>= 0). */
struct position_asset {
    struct asset   asset;
    struct decimal price;
    struct decimal pre_threshold;         /* where its window begins; its threshold without one */
};

struct position_leg  { size_t asset; struct decimal quantity; };              /* quantity >= 0 */
struct position_perp { size_t asset; struct decimal quantity, entry_price; };

/* About 30 kB. Plain values and borrowed texts: it may be copied, best by position_copy, or repriced
 * and put back. The assets: each once, the account's in the order of its legs, then those that were added. */
struct position {
    const struct parameters *parameters;
    const char              *category;            /* NULL: none */
    int64_t                  now_us;
    struct decimal           cash;
    struct position_asset    assets[ASSETS_MAX];
    size_t                   assets_count;
    struct position_leg      collateral[LEGS_MAX], debt[LEGS_MAX];
    size_t                   collateral_count, debt_count;
    struct position_perp     perps[LEGS_MAX];
    size_t                   perps_count;
};

enum { POSITION_ASSET_NONE = -1 };

/* False: faults, each with its pointer: unknown_asset (/account/debt/0/asset), no_price
 * (/state/prices; the detail names the asset), out_of_bounds (a negative quantity, an entry price
 * that is not above 0). A category that an asset does not know changes nothing. The wallet is not
 * looked at. Borrows from the parameters and the account, not from the state. */
bool position_open(const struct parameters *parameters, const struct account *account,
                   const struct state *state, int64_t now_us, struct position *out,
                   struct faults *faults);

/* An asset that the account need not hold (a liquidator's choice, the wallet's): its index. False:
 * a fault, at `pointer` or /state/prices. */
bool position_add_asset(struct position *position, const char *name, const struct state *state,
                        const char *pointer, size_t *index, struct faults *faults);

/* Its index in position->assets; POSITION_ASSET_NONE: not there. */
int position_asset(const struct position *position, const char *name);

/* What it holds, without the room behind that: a tenth of it, mostly. */
void position_copy(const struct position *position, struct position *out);

void position_reprice(struct position *position, size_t asset, struct decimal price);

/* Sums over the legs of one asset; a sum that does not fit is DECIMAL_NONE. */
struct decimal position_collateral(const struct position *position, size_t asset);
struct decimal position_debt(const struct position *position, size_t asset);

/* The asset's threshold at that time, between the ramp's initial one and its own; down to 1e-18. */
struct decimal threshold_at(const struct asset *asset, int64_t now_us);
/* The same of any threshold; `ramp` NULL: it stands. */
struct decimal ramped_threshold(struct decimal threshold, const struct ramp *ramp, int64_t now_us);

#endif
