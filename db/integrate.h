/* One integration: what waits in audit.pending gets its place in the tree, in one transaction that
 * ends in a signed checkpoint (log.md 6). Safe with any number at once: the head's row is locked and
 * moved by compare-and-swap; the advisory lock only keeps them from waiting for each other. */
#ifndef DB_INTEGRATE_H
#define DB_INTEGRATE_H

#include "audit/checkpoint.h"
#include "db/database.h"

enum { SIGNERS_MAX = 2, BLOCKED_MAX = 64, INTEGRATE_ROWS_MAX = 8192 };

enum integration_step {
    STEP_TAKEN, STEP_LEAVES, STEP_TILES, STEP_SEARCH, STEP_CHECKPOINT, STEP_HEAD, STEP_COMMITTED,
    STEP_COUNT
};

/* The largest head that this process vouches for; what is smaller, or is no extension of it, is a
 * log that was rolled back. */
struct seen { bool is_there; int64_t size; struct digest root; };

struct integrator {
    const char          *origin;
    const struct signer *signers;                 /* signers_count 0: this process only looks on */
    size_t               signers_count;
    bool                 is_publishing;           /* what is signed now is published with it */
    bool                 lock_left_out;           /* tests only: safety must not need the lock */
    /* Tests stop or die here; may be NULL. */
    void               (*at_step)(void *context, enum integration_step step);
    void                *context;
    struct seen          seen;
    /* Instances whose rows have a gap, or whose records are not there or differ: left alone. */
    char                 blocked[BLOCKED_MAX][INST_TEXT_MAX];
    size_t               blocked_count;
    char                 why[DATABASE_WHY_MAX];
    struct checkpoint    signed_head;             /* after INTEGRATED: */
    char                 note[4096];
    size_t               note_count;
};

enum integration {
    INTEGRATED,               /* committed: `note` may leave the process */
    INTEGRATION_IDLE,         /* nothing waits */
    INTEGRATION_BUSY,         /* another process is at it */
    INTEGRATION_AGAIN,        /* an instance was blocked (`why`), or another was faster: once more */
    INTEGRATION_HALTED,       /* the log is not the one that was signed (`why`): nothing is signed */
    INTEGRATION_AWAY          /* the database; a COMMIT's fate may be unknown: the head tells */
};

/* The row of the head, where there is none yet. CONFLICT: the log has another origin. */
enum outcome head_open(struct connection *connection, const char *origin);

/* The connection must not be in a transaction. `rows_max` of each instance. */
enum integration integrate(struct connection *connection, struct integrator *integrator,
                           int64_t rows_max);

/* Whether what this process has seen is a prefix of the log as it is. IDLE: it is; HALTED; AWAY. */
enum integration integrate_check(struct connection *connection, struct integrator *integrator);

#endif
