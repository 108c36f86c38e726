/* Snapshots in memory and in their table. A value is shared by whoever holds it; the last one frees it. */
#include "db/snapshots.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "record/json.h"

enum {
    SNAPSHOT_BYTES_MAX = 8 << 20,             /* of its canonical text */
    PARSED_BYTES_MAX = 128 << 20,             /* of it in memory: 16 bytes a byte, as a request's */
    MARKETS_MOST = 4096,
};

struct loaded_snapshot {
    struct kept_snapshot kept;                /* first: what others see of it */
    _Atomic size_t       holders;
    struct arena         arena;
};

/* One a market, in order of their names; a market's name is its snapshot's. */
struct snapshot_cache {
    pthread_mutex_t         lock;
    struct loaded_snapshot *latest[MARKETS_MOST];
    size_t                  count;
};

struct snapshot_cache *
snapshot_cache_open(void)
{
    struct snapshot_cache *cache = calloc(1, sizeof *cache);
    if (cache)
        pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

void
snapshot_release(const struct kept_snapshot *snapshot)
{
    struct loaded_snapshot *loaded = (struct loaded_snapshot *)snapshot;

    if (!loaded || atomic_fetch_sub(&loaded->holders, 1) > 1)
        return;
    arena_close(&loaded->arena);
    free(loaded);
}

void
snapshot_cache_close(struct snapshot_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < cache->count; i++)
        snapshot_release(&cache->latest[i]->kept);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

/* Under the lock. The first place whose market's name is not before this one. */
static size_t
place_of(const struct snapshot_cache *cache, const char *market)
{
    size_t low  = 0;
    size_t high = cache->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(cache->latest[middle]->kept.snapshot.market, market) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Under the lock; NULL: the market has none. */
static struct loaded_snapshot *
latest_of(const struct snapshot_cache *cache, const char *market)
{
    size_t place = place_of(cache, market);

    return place < cache->count && !strcmp(cache->latest[place]->kept.snapshot.market, market)
         ? cache->latest[place] : NULL;
}

const struct kept_snapshot *
snapshot_hold(struct snapshot_cache *cache, const char *market)
{
    pthread_mutex_lock(&cache->lock);
    struct loaded_snapshot *loaded = latest_of(cache, market);
    if (loaded)
        atomic_fetch_add(&loaded->holders, 1);
    pthread_mutex_unlock(&cache->lock);
    return loaded ? &loaded->kept : NULL;
}

/* Time only goes on: what was read before a newer one came is dropped. */
static void
replace(struct snapshot_cache *cache, const struct kept_snapshot *next)
{
    struct loaded_snapshot *loaded = (struct loaded_snapshot *)next;

    pthread_mutex_lock(&cache->lock);
    struct loaded_snapshot  *old     = latest_of(cache, next->snapshot.market);
    struct loaded_snapshot **place   = cache->latest + place_of(cache, next->snapshot.market);
    bool                     is_news = old
        ? next->snapshot.observed_at > old->kept.snapshot.observed_at : cache->count < MARKETS_MOST;
    if (is_news) {
        atomic_fetch_add(&loaded->holders, 1);
        if (!old)
            memmove(place + 1, place, (size_t)(cache->latest + cache->count++ - place) *
                                          sizeof(struct loaded_snapshot *));
        *place = loaded;
    }
    pthread_mutex_unlock(&cache->lock);
    if (is_news && old)
        snapshot_release(&old->kept);
}

/* A value of its own from canonical bytes, with one holder. NULL: these bytes are no snapshot, or there is no memory. */
static struct kept_snapshot *
load(const char *bytes, size_t count)
{
    struct loaded_snapshot *loaded = calloc(1, sizeof *loaded);
    struct faults           faults;

    if (!loaded)
        return NULL;
    faults_open(&faults, 1);
    arena_open(&loaded->arena, PARSED_BYTES_MAX);
    loaded->holders    = 1;
    loaded->kept.bytes = arena_copy(&loaded->arena, bytes, count);
    loaded->kept.count = count;
    if (loaded->kept.bytes &&
        json_read(&snapshot_record, loaded->kept.bytes, count, &loaded->arena, &loaded->kept.snapshot, &faults) &&
        state_accept(&loaded->kept.snapshot.state, "", &faults)) {
        loaded->kept.sha256 = digest_of(bytes, count);
        digest_format(&loaded->kept.sha256, loaded->kept.sha256_text);
        return &loaded->kept;
    }
    snapshot_release(&loaded->kept);
    return NULL;
}

enum snapshot_found
snapshot_find(struct connection *connection, const struct digest *sha256, const struct kept_snapshot **out)
{
    static const char sql[] = "SELECT bytes FROM breakwater.snapshot WHERE sha256 = $1::bytea"
                              " UNION ALL SELECT bytes FROM breakwater.kept WHERE sha256 = $1::bytea LIMIT 1";
    const struct arg  arg = ARG_DIGEST(sha256);
    PGresult         *rows;

    if (run_binary(connection, sql, &arg, 1, &rows))
        return SNAPSHOT_AWAY;
    *out = PQntuples(rows) ? load(PQgetvalue(rows, 0, 0), (size_t)PQgetlength(rows, 0, 0)) : NULL;
    PQclear(rows);
    if (*out && digest_equal(&(*out)->sha256, sha256))
        return SNAPSHOT_FOUND;
    snapshot_release(*out);
    *out = NULL;
    return SNAPSHOT_UNKNOWN;
}

/* Has the cache this one? */
static bool
is_current(struct snapshot_cache *cache, const char *market, const struct digest *sha256)
{
    const struct kept_snapshot *held = snapshot_hold(cache, market);
    bool                        is_same = held && digest_equal(&held->sha256, sha256);

    snapshot_release(held);
    return is_same;
}

static bool
digest_read(const PGresult *rows, int row, int column, struct digest *out)
{
    if (PQgetlength(rows, row, column) != DIGEST_BYTES)
        return false;
    memcpy(out->bytes, PQgetvalue(rows, row, column), DIGEST_BYTES);
    return true;
}

static bool
reload_one(struct snapshot_cache *cache, struct connection *connection, const char *market, const struct digest *sha256)
{
    const struct kept_snapshot *found;

    switch (snapshot_find(connection, sha256, &found)) {
    case SNAPSHOT_FOUND:
        if (found->snapshot.market && !strcmp(found->snapshot.market, market))
            replace(cache, found);
        snapshot_release(found);
        return true;
    case SNAPSHOT_UNKNOWN:
        database_report(connection->database, "the snapshot of market %s cannot be loaded", market);
        return true;
    case SNAPSHOT_AWAY:
        break;
    }
    return false;
}

bool
snapshot_cache_reload(struct snapshot_cache *cache, struct connection *connection)
{
    static const char sql[] = "SELECT market, sha256 FROM breakwater.latest_snapshot WHERE sha256 IS NOT NULL";
    PGresult         *rows;

    if (run_binary(connection, sql, NULL, 0, &rows))
        return false;
    bool is_good = true;
    for (int i = 0; i < PQntuples(rows) && is_good; i++) {
        struct digest sha256;
        if (digest_read(rows, i, 1, &sha256) && !is_current(cache, PQgetvalue(rows, i, 0), &sha256))
            is_good = reload_one(cache, connection, PQgetvalue(rows, i, 0), &sha256);
    }
    PQclear(rows);
    return is_good;
}

/* One acceptance in its transaction. */
struct putting {
    struct snapshot_cache      *cache;
    struct connection          *connection;
    const struct market        *market;
    struct snapshot_push       *push;
    int64_t                     now_us;
    struct arena               *arena;
    struct faults              *faults;
    const struct kept_snapshot *before;       /* the latest until now; NULL: none */
    const struct kept_snapshot *next;
};

static enum snapshot_put
put_of(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_OK:       return SNAPSHOT_PUT;
    case OUTCOME_CONFLICT:
    case OUTCOME_RETRY:    return SNAPSHOT_PUT_BUSY;
    case OUTCOME_REFUSED:
    case OUTCOME_CLOSED:
    case OUTCOME_AWAY:     return SNAPSHOT_PUT_AWAY;
    }
    return SNAPSHOT_PUT_AWAY;
}

/* Locks the market's place, and finds what stands there: in memory, else in its table. */
static enum snapshot_put
lock(struct putting *putting)
{
    static const char make[] = "INSERT INTO breakwater.latest_snapshot (market) VALUES ($1) ON CONFLICT DO NOTHING";
    static const char take[] = "SELECT sha256 FROM breakwater.latest_snapshot WHERE market = $1 FOR UPDATE";
    const struct arg  arg = ARG_TEXT(putting->market->market);
    struct digest     sha256;
    PGresult         *rows;
    enum outcome      outcome;

    if ((outcome = run_command(putting->connection, make, &arg, 1, NULL)) ||
        (outcome = run_binary(putting->connection, take, &arg, 1, &rows)))
        return put_of(outcome);
    bool is_one = PQntuples(rows) && !PQgetisnull(rows, 0, 0) && digest_read(rows, 0, 0, &sha256);
    PQclear(rows);
    if (!is_one)
        return SNAPSHOT_PUT;
    putting->before = snapshot_hold(putting->cache, putting->market->market);
    if (putting->before && digest_equal(&putting->before->sha256, &sha256))
        return SNAPSHOT_PUT;
    snapshot_release(putting->before);
    putting->before = NULL;
    return snapshot_find(putting->connection, &sha256, &putting->before) == SNAPSHOT_FOUND ? SNAPSHOT_PUT : SNAPSHOT_PUT_AWAY;
}

/* From what was pushed to the value that all will read; what is written is read back by the same reader. */
static enum snapshot_put
accept(struct putting *putting)
{
    char                   parameters_sha256[DIGEST_TEXT_MAX];
    struct snapshot_room  *room = arena_alloc(putting->arena, 1, sizeof *room);
    struct snapshot        snapshot;
    struct snapshot_before before = {
        .market            = putting->market->market,
        .parameters        = &putting->market->parameters,
        .parameters_sha256 = parameters_sha256,
        .snapshot          = putting->before ? &putting->before->snapshot : NULL,
        .snapshot_sha256   = putting->before ? putting->before->sha256_text : NULL,
    };
    struct text out;

    if (!room)
        return SNAPSHOT_PUT_BUSY;
    digest_format(&putting->market->sha256, parameters_sha256);
    switch (snapshot_accept(&before, putting->push, putting->now_us, room, &snapshot, putting->faults)) {
    case SNAPSHOT_NOT_NEWER: return SNAPSHOT_PUT_NOT_NEWER;
    case SNAPSHOT_REFUSED:   return SNAPSHOT_PUT_REFUSED;
    case SNAPSHOT_GOOD:      break;
    }
    text_open(&out, putting->arena, 1 << 12, SNAPSHOT_BYTES_MAX);
    json_write(&snapshot_record, &snapshot, JSON_CANONICAL, &out);
    putting->next = out.is_full ? NULL : load(out.bytes, out.count);
    return putting->next ? SNAPSHOT_PUT : SNAPSHOT_PUT_BUSY;
}

static enum snapshot_put
store(struct putting *putting)
{
    static const char insert[] = "INSERT INTO breakwater.snapshot (sha256, market, bytes, observed_at, accepted_at)"
                                 " VALUES ($1, $2, $3, $4::bigint, $5::bigint)";
    static const char swap[] = "UPDATE breakwater.latest_snapshot SET sha256 = $1, observed_at = $3::bigint WHERE market = $2";
    static const char tell[] = "NOTIFY breakwater_snapshots";
    const struct kept_snapshot *next = putting->next;
    char                        room[2][ARG_INTEGER_MAX];
    const struct arg            row[] = { ARG_DIGEST(&next->sha256), ARG_TEXT(putting->market->market),
                                          ARG_BYTES(next->bytes, next->count), arg_integer(next->snapshot.observed_at, room[0]),
                                          arg_integer(next->snapshot.accepted_at, room[1]) };
    const struct arg            place[] = { row[0], row[1], row[3] };
    enum outcome                outcome;

    if (!(outcome = run_command(putting->connection, insert, row, 5, NULL)) &&
        !(outcome = run_command(putting->connection, swap, place, 3, NULL)) &&
        !(outcome = run_command(putting->connection, tell, NULL, 0, NULL)))
        outcome = transaction_commit(putting->connection);
    return put_of(outcome);
}

enum snapshot_put
snapshot_put(struct snapshot_cache *cache, struct connection *connection, const struct market *market, struct snapshot_push *push,
             int64_t now_us, struct arena *arena, const struct kept_snapshot **out, struct faults *faults)
{
    struct putting putting = { cache, connection, market, push, now_us, arena, faults, NULL, NULL };
    enum snapshot_put put = put_of(transaction_begin(connection));

    if (put == SNAPSHOT_PUT)
        put = lock(&putting);
    if (put == SNAPSHOT_PUT)
        put = accept(&putting);
    if (put == SNAPSHOT_PUT)
        put = store(&putting);
    if (connection->in_transaction)
        transaction_rollback(connection);
    snapshot_release(putting.before);
    if (put == SNAPSHOT_PUT)
        replace(cache, putting.next);
    else
        snapshot_release(putting.next);
    *out = put == SNAPSHOT_PUT ? putting.next : NULL;
    return put;
}

bool
snapshots_prune(struct connection *connection, int64_t before_us, int64_t *pruned)
{
    static const char sql[] =
        "DELETE FROM breakwater.snapshot WHERE sha256 = ANY (ARRAY(SELECT s.sha256 FROM breakwater.snapshot s"
        " WHERE s.accepted_at < $1::bigint AND NOT EXISTS"
        " (SELECT FROM breakwater.latest_snapshot l WHERE l.sha256 = s.sha256) LIMIT $2::bigint))";
    char             room[2][ARG_INTEGER_MAX];
    const struct arg args[] = { arg_integer(before_us, room[0]), arg_integer(SNAPSHOT_PRUNE_ROWS, room[1]) };

    return !run_command(connection, sql, args, 2, pruned);
}
