/* The liquidation of an account as its rules, the depth and the penalty say together.
 * contract.md (The answer), rules.md 4, model.md 3. */
#ifndef RISK_PREVIEW_LIQUIDATION_H
#define RISK_PREVIEW_LIQUIDATION_H

#include "risk/depth.h"
#include "risk/figures.h"
#include "risk/optimum.h"
#include "risk/preview.h"
#include "risk/situation.h"

/* The way out of one asset, at the price that the liquidation meets. */
struct way_out {
    struct depth depth;
    /* the state gives depth for it, and both prices are above 0 */
    bool         exists;
    int          model;                           /* enum depth_model */
};

void way_out_open(const struct situation *situation, size_t asset, enum depth_side side,
                  struct way_out *way_out);

/* Fills figures->liquidation and figures->penalty for situation->then. `optimal`: the optimal
 * rate is wanted beside the rules' own. Not RISK_OK: `faults` says what the rules refuse. */
enum risk_status liquidation_fill(const struct situation *situation, bool optimal,
                                  struct figures *figures,
                                  struct figures_room *room, struct faults *faults);

/* What the risk model is asked when `debt` (a value, > 0) is to be repaid out of `asset`. False:
 * there is no volatility to compute with. */
bool penalty_terms_of(const struct situation *situation, size_t asset,
                      const struct way_out *way_out,
                      struct decimal debt, struct penalty_terms *terms);

/* The document's weights, or the model's usual ones where its rule is another. */
struct penalty penalty_rules_of(const struct parameters *parameters);

#endif
