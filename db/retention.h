/* Retention (log.md 9): bodies of decisions go, by whole days or one at a time; the tree, the proofs and
 * the order stay. Each time a `prune` record says what went. */
#ifndef DB_RETENTION_H
#define DB_RETENTION_H

#include "db/database.h"

enum retention {
    RETENTION_DONE,
    RETENTION_NOTHING,        /* no day is old enough; no such decision, or it went before */
    RETENTION_NOT_YET,        /* a record of it has no place in the tree yet: `why` of the connection */
    RETENTION_AWAY,
};

/* What went: `count` decisions, the first and the last of them at these indexes; the hash is that of
 * their entries one after the other. Day: since 1970-01-01, UTC. */
struct pruned { int64_t day, first_index, last_index, count; struct digest entries_sha256; };

/* The oldest day before `before_day`: its prune record, then its partition, with all salts, is
 * dropped. One without decisions goes without a word (count 0). The connection must not be in a
 * transaction; its patience should be that for long work. */
enum retention day_prune(struct connection *connection, int64_t before_day, struct pruned *out);

/* Deletes what decisions of pruned days were searched by; a bounded number. False: away. */
bool           search_prune(struct connection *connection, int64_t *deleted);

/* Deletes one decision's salt and record, what it was searched by, and the workings that its
 * idempotency key kept; its prune record says why. `reason` is a sentence; `actor` a key's id, or NULL:
 * a person at the machine. */
enum retention decision_erase(struct connection *connection, const char *actor, const char *id,
                              const char *reason, int64_t *index);

#endif
