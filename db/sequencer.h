/* One thread that integrates the log: every 200 ms what waits gets its place, a signed checkpoint,
 * and is published (log.md 6 and 7). Any number of instances may run one. */
#ifndef DB_SEQUENCER_H
#define DB_SEQUENCER_H

#include "db/integrate.h"
#include "db/log_keys.h"

struct sequencer;

struct sequencer_settings {
    const char            *origin;
    const struct log_keys *keys;
    const char            *state_path;            /* of the largest checkpoint that was signed here */
    bool                   waits_for_witnesses;   /* they publish */
    bool                   is_held;               /* signs nothing until sequencer_release */
    int64_t                pending_max;           /* 0: PENDING_MAX */
};

/* Past it the maximum merge delay is in danger: an alarm. */
#define MERGE_DELAY_ALARM_US INT64_C(10000000)

/* What the log is like, for /readyz and /metrics. */
struct sequencer_status {
    bool    is_halted;                            /* the log is not the one that was signed */
    int64_t size, published_size, waiting, merge_delay_us, blocked_instances;
    char    why[DATABASE_WHY_MAX];                /* of a halt, or the last fault; empty: none */
};

/* NULL: `why`: the origin is another, the state file is no note of this key. Where the log was rolled
 * back or rewritten it is open, halted, and tries again now and then. */
struct sequencer *sequencer_open(struct database *database, const struct sequencer_settings *settings,
                                 char why[static DATABASE_WHY_MAX]);
void              sequencer_status(const struct sequencer *sequencer, struct sequencer_status *out);
/* More records than settings->pending_max wait: new decisions must be refused. From any thread, at once. */
enum { PENDING_MAX = 1000000 };
bool              sequencer_is_overrun(const struct sequencer *sequencer);
void              sequencer_release(struct sequencer *sequencer);
/* Signs no more, for as long as the process lasts; from any thread. */
void              sequencer_halt(struct sequencer *sequencer, const char *why);
/* Integrates once more what the others left, then ends. */
void              sequencer_close(struct sequencer *sequencer);

#endif
