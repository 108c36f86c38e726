/* Market state: the latest snapshot of each market in memory, and all that are kept, by their hash. */
#ifndef DB_SNAPSHOTS_H
#define DB_SNAPSHOTS_H

#include "db/database.h"
#include "db/markets.h"
#include "record/arena.h"
#include "risk/snapshot.h"

/* Immutable while it is held. */
struct kept_snapshot {
    struct snapshot snapshot;                 /* read and accepted */
    struct digest   sha256;
    char            sha256_text[DIGEST_TEXT_MAX];
    const char     *bytes;                    /* canonical */
    size_t          count;
};

struct snapshot_cache;

struct snapshot_cache *snapshot_cache_open(void);                     /* empty */
/* Reads what is newer. False: connection->why says why. One that this program cannot read is reported, and not taken. */
bool                   snapshot_cache_reload(struct snapshot_cache *cache, struct connection *connection);
void                   snapshot_cache_close(struct snapshot_cache *cache);

/* The market's latest, until it is released; from any thread, in a few nanoseconds. NULL: it has none. */
const struct kept_snapshot *snapshot_hold(struct snapshot_cache *cache, const char *market);
void                        snapshot_release(const struct kept_snapshot *snapshot);

enum snapshot_found { SNAPSHOT_FOUND, SNAPSHOT_UNKNOWN, SNAPSHOT_AWAY };

/* Any that is kept, also a state that came in a request. To be released where it is found. */
enum snapshot_found snapshot_find(struct connection *connection, const struct digest *sha256, const struct kept_snapshot **out);

enum snapshot_put { SNAPSHOT_PUT, SNAPSHOT_PUT_NOT_NEWER, SNAPSHOT_PUT_REFUSED, SNAPSHOT_PUT_BUSY, SNAPSHOT_PUT_AWAY };

/* Accepts what a feed pushed after the market's latest, under a lock on that, and makes it the latest: durable, then in memory
 * here, and with all other instances by NOTIFY. PUT: `out` is to be released. REFUSED: `faults`. BUSY: others hold the lock. */
enum snapshot_put snapshot_put(struct snapshot_cache *cache, struct connection *connection, const struct market *market,
                               struct snapshot_push *push, int64_t now_us, struct arena *arena,
                               const struct kept_snapshot **out, struct faults *faults);

/* Deletes what was accepted before that and is not a market's latest. `pruned`: how many,
 * SNAPSHOT_PRUNE_ROWS at most. */
enum { SNAPSHOT_PRUNE_ROWS = 1000 };
bool snapshots_prune(struct connection *connection, int64_t before_us, int64_t *pruned);

#endif
