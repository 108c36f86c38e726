/* What computing an answer costs, known from its shape before it is computed. A unit is about a microsecond of a processor of
 * 2021 (bench/README.md says where the weights come from); nothing depends on it but what is let in. */
#ifndef HANDLERS_COST_H
#define HANDLERS_COST_H

#include "risk/account.h"
#include "risk/state.h"
#include "server/request.h"

enum {
    COST_MAX            = 50000,          /* of one account, where no setting says otherwise */
    COST_BATCH_TIMES    = 20,             /* so many times as much for a whole batch */
    /* above it an answer is not computed by the threads that listen, so that they always answer soon */
    COST_LISTENER_MAX   = 5000,
    COST_DEAR_REQUESTS_MAX = 16,          /* of those, at a time; 503 past it */
};

/* The depth of each asset of a state, once for all accounts that are asked about. */
struct cost_table { const struct state *state; int64_t units[STATE_ASSETS_MAX]; };

void    cost_table_make(const struct state *state, struct cost_table *table);
/* `dearest`: the asset of the account whose depth costs most; NULL: none has any. */
int64_t cost_of(const struct cost_table *table, const struct account *account,
                const char **dearest);

/* Refuses with 422 what costs too much, by the asset whose depth costs most. `is_dear`: it may be
 * computed, but not by a thread that listens. */
enum problem cost_check(const struct request *request, const struct state *state,
                        const struct account *account, bool *is_dear, struct reply *reply);
/* The same of the sum of all items: `account_at` gives the account of each. */
enum problem cost_check_batch(const struct request *request, const struct state *state,
                              const struct account *(*account_at)(const void *items, size_t index),
                              const void *items, size_t count, bool *is_dear, struct reply *reply);

#endif
