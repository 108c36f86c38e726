/* Many accounts under a proposal: one thread reads, a few compute; memory is bounded, whatever their
 * number. */
#ifndef HANDLERS_IMPACT_RUN_H
#define HANDLERS_IMPACT_RUN_H

#include "db/recent.h"
#include "risk/impact.h"
#include "risk/snapshot.h"

struct impact_run {
    struct impact_rules    rules;
    const struct snapshot *latest;        /* NULL: the market has no state of its own */
    int64_t                decisions_max; /* 1 .. IMPACT_ACCOUNTS_MAX */
    size_t                 threads;
    /* The next page, at most so many; called by the thread that runs. */
    enum find            (*read)(void *context, size_t limit, struct arena *arena,
                                 struct recent_page *page);
    /* After each page, by the same thread. False: nobody wants the answer any more. */
    bool                 (*progress)(void *context, int64_t decisions);
    void                  *context;
};

struct impact_spread { int64_t count; struct decimal values[IMPACT_QUANTILES]; };

struct impact_outcome {
    int64_t              decisions;       /* that were read */
    int64_t              repeated;        /* of an account that a newer one is of: not counted again */
    struct impact_totals totals;
    struct impact_spread price_change[IMPACT_STATES], penalty_change[IMPACT_STATES];
};

enum impact_ending { IMPACT_DONE, IMPACT_CANCELLED, IMPACT_DATABASE_AWAY, IMPACT_NO_MEMORY };

/* Each account is counted once, as its newest decision has it; those without a name one by one. */
enum impact_ending impact_compute(const struct impact_run *run, struct impact_outcome *out);

#endif
