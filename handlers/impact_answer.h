/* The answer about an impact, as a record. Private to handlers/impact*.c. */
#ifndef HANDLERS_IMPACT_ANSWER_H
#define HANDLERS_IMPACT_ANSWER_H

#include "handlers/impact_run.h"

struct impact_shock {
    struct decimal shock_rate;
    int64_t        liquidatable_before, liquidatable_after, newly_liquidatable,
                   no_longer_liquidatable;
    struct decimal newly_liquidatable_debt, newly_liquidatable_collateral;
};

struct impact_quantile { struct decimal quantile, change; };
struct impact_change { int64_t accounts; struct impact_quantile *quantiles; size_t quantiles_count; };

struct impact_state_figures {
    int                  state;           /* enum impact_state */
    int64_t              accounts, unvalued;
    struct impact_shock *shocks;
    size_t               shocks_count;
    struct impact_change liquidation_price, penalty_rate;
};

struct impact_account {
    const char    *account, *decision;    /* NULL: not for this caller */
    const char    *asset;
    struct decimal shock_rate;            /* at which the change makes it liquidatable; none */
    struct decimal debt, collateral, health_ratio_before, health_ratio_after,
                   liquidation_price_before, liquidation_price_after, penalty_rate_before,
                   penalty_rate_after;
};

struct impact_answer {
    const char                  *proposal, *market;
    int64_t                      base_version;
    const char                  *parameters_sha256, *snapshot_sha256;
    int64_t                      decisions, repeated;
    struct impact_state_figures *states;
    size_t                       states_count;
    struct impact_account       *worst;
    size_t                       worst_count;
};

extern const struct record impact_answer_record;

/* Fills what the outcome says; it must outlive the answer. False: no memory. */
bool impact_answer_fill(const struct impact_outcome *outcome, bool has_latest, bool with_names,
                        struct arena *arena, struct impact_answer *answer);

#endif
