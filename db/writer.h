/* One thread, one connection: makes decisions durable in groups
 * (log.md 6, reference/performance.md). */
#ifndef DB_WRITER_H
#define DB_WRITER_H

#include "audit/draft.h"
#include "db/search.h"

struct database;
struct writer;

enum settlement {
    SETTLED_DURABLE,          /* committed: may be answered */
    /* the market's parameters moved: compute it again (the cache is already up to date) */
    SETTLED_STALE,
    SETTLED_DUPLICATE,        /* its idempotency key is taken: answer from what is stored */
    SETTLED_REFUSED,          /* this one row cannot be written */
    SETTLED_AWAY,             /* the database does not answer: nothing was written */
    SETTLED_UNKNOWN,          /* COMMIT's answer was lost and could not be found out in time */
};

/* Bytes kept by their hash in the same transaction: an inline state, a
 * document given in the request. */
struct kept { struct digest sha256; const char *bytes; size_t count; };

/* Lives, with all it points to, until settled() was called; the writer
 * calls it once, from its thread. Decisions of one request are a group: the first one and its
 * followers, linked by `next`. All of them are written in one commit, one after the other, or none
 * is; only the first one has an idempotency key, and only it is told how all were settled. */
struct decision {
    struct draft         draft;
    const char          *market;              /* NULL: no fence */
    int64_t              epoch;               /* of the market, as the decision saw it */
    const char          *caller;              /* scope of the idempotency key: key id, or "" */
    const char          *idempotency_key;     /* NULL: none */
    /* of the request's bytes: the same key with another body is refused */
    struct digest        body_sha256;
    /* kept beside the idempotency key, so that a replayed answer has them; NULL: none */
    const struct text   *workings;
    struct kept          snapshot, parameters;/* count 0: none, or already kept */
    int64_t              now_us;
    /* What its record is searched by: operation, account, status and version; the rest is the writer's
     * to say. No operation: all of it is found in the record. */
    struct search_terms  terms;
    /* What the writer gives. */
    enum settlement      settlement;
    char                 id[RECORD_ID_MAX];
    int64_t              iseq;
    struct sealed        sealed;
    void               (*settled)(struct decision *decision);
    void                *context;
    struct decision     *next;                /* a follower; else the writer's */
    size_t               followers;           /* 0 in a follower */
};

/* Of one request. */
enum { GROUP_MAX = 1000 };

struct writer_settings {
    size_t queue_max;                         /* decisions; past it writer_submit refuses */
    bool   record_left_out;                   /* benchmarks only: settle without writing */
};

struct writer *writer_open(struct database *database, const struct writer_settings *settings);
/* the UUID of this process start, 36 characters */
const char    *writer_inst(const struct writer *writer);
bool           writer_is_up(const struct writer *writer);

/* Since the process began. */
struct writer_status {
    int64_t queued, queue_max;                /* decisions that wait now, and may */
    int64_t written, commits;                 /* decisions, and the transactions that they were in */
    int64_t commit_us;                        /* that those transactions took, from BEGIN to durable */
};
void           writer_status(const struct writer *writer, struct writer_status *out);
/* with its followers; false: full, or the database is away */
bool           writer_submit(struct writer *writer, struct decision *decision);
/* settles what is queued, writes the `close` record */
void           writer_close(struct writer *writer);

#endif
