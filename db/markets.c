/* Markets in memory: loaded from the database, read and accepted
 * once, then shared without copying. */
#include "db/markets.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "db/held.h"
#include "db/market_editions.h"
#include "db/versions.h"
#include "record/json.h"

enum { MARKETS_MAX = 4096, MARKET_BYTES_MAX = 128 << 20 };

/* A market and all that it points to; shared by the values that follow one
 * another while it does not change. */
struct loaded_market {
    /* values that contain it; touched by reloads only, under the cache's lock */
    size_t        holders;
    struct arena  arena;
    struct market market;
    const char   *schedule;               /* which proposals are scheduled, and when */
};

struct loaded_markets {
    struct held            held;
    struct market_cache   *cache;
    struct markets         markets;
    struct market         *items;
    struct loaded_market **loaded;            /* one for each item */
};

struct market_cache {
    struct cell     cell;
    pthread_mutex_t reloading;                /* one reload at a time */
    pthread_mutex_t counting;                 /* of the loaded markets' holders */
    void          (*tell)(void *context, const struct market_news *news);     /* NULL: nobody */
    void           *tell_context;
};

static void
let_go(struct market_cache *cache, struct loaded_market *loaded)
{
    pthread_mutex_lock(&cache->counting);
    bool is_last = !--loaded->holders;
    pthread_mutex_unlock(&cache->counting);
    if (!is_last)
        return;
    arena_close(&loaded->arena);
    free(loaded);
}

static void
free_markets(struct held *held)
{
    struct loaded_markets *value = (struct loaded_markets *)held;
    for (size_t i = 0; i < value->markets.count; i++)
        let_go(value->cache, value->loaded[i]);
    free(value->items);
    free(value->loaded);
    free(value);
}

static struct loaded_markets *
make_value(struct market_cache *cache, size_t count_max)
{
    struct loaded_markets *value = calloc(1, sizeof *value);
    if (!value)
        return NULL;
    value->held.free     = free_markets;
    value->cache         = cache;
    value->items         = calloc(count_max + 1, sizeof *value->items);
    value->loaded        = calloc(count_max + 1, sizeof(struct loaded_market *));
    value->markets.items = value->items;
    if (value->items && value->loaded)
        return value;
    free_markets(&value->held);
    return NULL;
}

struct market_cache *
market_cache_open(void)
{
    struct market_cache   *cache = calloc(1, sizeof *cache);
    struct loaded_markets *none = cache ? make_value(cache, 0) : NULL;

    if (!none) {
        free(cache);
        return NULL;
    }
    pthread_mutex_init(&cache->reloading, NULL);
    pthread_mutex_init(&cache->counting, NULL);
    cell_open(&cache->cell, &none->held);
    return cache;
}

void
market_cache_close(struct market_cache *cache)
{
    if (!cache)
        return;
    cell_close(&cache->cell);
    pthread_mutex_destroy(&cache->reloading);
    pthread_mutex_destroy(&cache->counting);
    free(cache);
}

static struct loaded_markets *
value_of(const struct markets *markets)
{
    return (struct loaded_markets *)((char *)markets - offsetof(struct loaded_markets, markets));
}

const struct markets *
markets_hold(struct market_cache *cache)
{
    return &((struct loaded_markets *)cell_hold(&cache->cell))->markets;
}

void
markets_release(struct market_cache *cache, const struct markets *markets)
{
    cell_release(&cache->cell, &value_of(markets)->held);
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const struct market *)a)->market, ((const struct market *)b)->market);
}

const struct market *
market_find(const struct markets *markets, const char *name)
{
    struct market wanted = { .market = name };
    return bsearch(&wanted, markets->items, markets->count, sizeof *markets->items, by_name);
}

/* Columns of the list of markets, and of one market's document, both in text but for the bytes. */
enum { LIST_MARKET, LIST_EPOCH, LIST_SCHEDULE };
enum { ONE_TITLE, ONE_EPOCH, ONE_VERSION, ONE_ACTIVE_AT, ONE_SHA256, ONE_DOCUMENT };

static bool
read_parameters(struct loaded_market *loaded, char why[static DATABASE_WHY_MAX])
{
    struct market *market = &loaded->market;
    struct faults  faults, warnings;

    faults_open(&faults, 1);
    faults_open(&warnings, 1);
    if (json_read(&parameters_record, market->document, market->document_count,
                  &loaded->arena, &market->parameters, &faults) &&
        parameters_accept(&market->parameters, &faults, &warnings))
        return true;
    snprintf(why, DATABASE_WHY_MAX, "%.80s: %.150s", faults.items[0].pointer,
             faults.items[0].detail);
    return false;
}

static bool
read_market(const PGresult *rows, const char *name, struct loaded_market *loaded,
            char why[static DATABASE_WHY_MAX])
{
    struct market *market = &loaded->market;

    market->market         = arena_copy(&loaded->arena, name, strlen(name));
    market->title          = arena_copy(&loaded->arena, PQgetvalue(rows, 0, ONE_TITLE),
                                        (size_t)PQgetlength(rows, 0, ONE_TITLE));
    market->epoch          = strtoll(PQgetvalue(rows, 0, ONE_EPOCH), NULL, 10);
    market->version        = strtoll(PQgetvalue(rows, 0, ONE_VERSION), NULL, 10);
    market->active_at      = strtoll(PQgetvalue(rows, 0, ONE_ACTIVE_AT), NULL, 10);
    market->document_count = (size_t)PQgetlength(rows, 0, ONE_DOCUMENT);
    market->document       = arena_copy(&loaded->arena, PQgetvalue(rows, 0, ONE_DOCUMENT),
                                        market->document_count);
    if (!market->market || !market->title || !market->document ||
        PQgetlength(rows, 0, ONE_SHA256) != DIGEST_BYTES) {
        snprintf(why, DATABASE_WHY_MAX, "out of memory");
        return false;
    }
    memcpy(market->sha256.bytes, PQgetvalue(rows, 0, ONE_SHA256), DIGEST_BYTES);
    struct digest sha256 = digest_of(market->document, market->document_count);
    if (digest_equal(&sha256, &market->sha256))
        return read_parameters(loaded, why);
    snprintf(why, DATABASE_WHY_MAX, "the document is not the one that its SHA-256 names");
    return false;
}

/* NULL: it cannot be read, which is reported; or, `is_fault`, the database did not answer as it
 * should, or there was no memory. */
static struct loaded_market *
load_market(struct connection *connection, const char *name, const char *schedule, bool *is_fault)
{
    static const char     sql[] =
        "SELECT m.title, m.epoch::text, m.version::text, p.active_at::text, p.sha256, p.document"
        " FROM breakwater.market m JOIN breakwater.parameters p USING (market, version)"
        " WHERE market = $1";
    struct arg            arg = ARG_TEXT(name);
    char                  why[DATABASE_WHY_MAX] = "it has no parameters";
    struct loaded_market *loaded = calloc(1, sizeof *loaded);
    PGresult             *rows;

    *is_fault = true;
    if (!loaded || run_binary(connection, sql, &arg, 1, &rows)) {
        free(loaded);
        return NULL;
    }
    arena_open(&loaded->arena, MARKET_BYTES_MAX);
    bool is_good = PQntuples(rows) == 1 && read_market(rows, name, loaded, why);
    PQclear(rows);
    loaded->schedule = arena_copy(&loaded->arena, schedule, strlen(schedule));
    is_good = is_good && loaded->schedule &&
              market_editions_load(connection, &loaded->arena, &loaded->market, why);
    if (is_good)
        return loaded;
    *is_fault = !*why || loaded->arena.is_starved;
    if (!*is_fault)
        database_report(connection->database, "market %s cannot be loaded: %s", name, why);
    arena_close(&loaded->arena);
    free(loaded);
    return NULL;
}

static void
add(struct market_cache *cache, struct loaded_markets *value, struct loaded_market *loaded)
{
    pthread_mutex_lock(&cache->counting);
    loaded->holders++;
    pthread_mutex_unlock(&cache->counting);
    value->items[value->markets.count]    = loaded->market;
    value->loaded[value->markets.count++] = loaded;
}

/* The market as it was if its epoch and its schedule stand, or if it cannot be read now; NULL: there
 * is none. False: the connection is gone, or nobody knows what the market is. */
static bool
find_or_load(struct connection *connection, const struct markets *before, const PGresult *list,
             int row, struct loaded_market **out)
{
    const char          *name = PQgetvalue(list, row, LIST_MARKET);
    const char          *schedule = PQgetvalue(list, row, LIST_SCHEDULE);
    const struct market *old = market_find(before, name);

    *out = old ? value_of(before)->loaded[old - before->items] : NULL;
    if (old && old->epoch == strtoll(PQgetvalue(list, row, LIST_EPOCH), NULL, 10) &&
        !strcmp((*out)->schedule, schedule))
        return true;
    bool                  is_fault;
    struct loaded_market *loaded = load_market(connection, name, schedule, &is_fault);
    if (loaded)
        *out = loaded;
    return connection_is_up(connection) && (loaded || old || !is_fault);
}

static bool
is_same(const struct markets *a, const struct markets *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (value_of(a)->loaded[i] != value_of(b)->loaded[i])
            return false;
    return true;
}

static bool
fill(struct market_cache *cache, struct connection *connection, const PGresult *list,
     const struct markets *before, struct loaded_markets *value)
{
    for (int i = 0; i < PQntuples(list); i++) {
        struct loaded_market *loaded;
        if (!find_or_load(connection, before, list, i, &loaded))
            return false;
        if (loaded)
            add(cache, value, loaded);
    }
    return true;
}

enum { NEWS_VERSIONS_MAX = 200, NEWS_BYTES_MAX = 4 << 20 };

/* Each version that came since: where they cannot be read, the one in force, which is known. */
static void
tell_one(struct market_cache *cache, struct connection *connection, const struct market *old,
         const struct market *now)
{
    struct arena           arena;
    char                   sha256[DIGEST_TEXT_MAX];
    struct version_listed *versions = NULL;
    struct version_listed  known = { .version = now->version, .created_at = now->active_at,
                                     .active_at = now->active_at, .sha256 = sha256 };
    struct versions_wanted wanted = { .market = now->market, .beyond = old ? old->version : 0,
                                      .limit = NEWS_VERSIONS_MAX, .is_ascending = true };
    struct market_news     news = { .market = now };

    arena_open(&arena, NEWS_BYTES_MAX);
    digest_format(&now->sha256, sha256);
    if (!old || old->version != now->version) {
        if (versions_list(connection, &wanted, &arena, &versions, &news.versions_count) != FOUND) {
            versions            = &known;
            news.versions_count = 1;
        }
        news.versions = versions;
    }
    cache->tell(cache->tell_context, &news);
    arena_close(&arena);
}

static void
tell_all(struct market_cache *cache, struct connection *connection, const struct markets *before)
{
    const struct markets *now = markets_hold(cache);

    for (size_t i = 0; cache->tell && i < now->count; i++) {
        const struct market *old = market_find(before, now->items[i].market);
        if (!old || value_of(before)->loaded[old - before->items] != value_of(now)->loaded[i])
            tell_one(cache, connection, old, &now->items[i]);
    }
    markets_release(cache, now);
}

static bool
reload(struct market_cache *cache, struct connection *connection)
{
    static const char sql[] =
        "SELECT market, epoch, coalesce((SELECT string_agg(id || ' ' || due_at, ' ' ORDER BY id)"
        " FROM breakwater.proposal p WHERE p.market = m.market AND state = 'scheduled'), '')"
        " FROM breakwater.market m ORDER BY market COLLATE \"C\" LIMIT $1::bigint";
    char              room[ARG_INTEGER_MAX];
    const struct arg  arg = arg_integer(MARKETS_MAX, room);
    PGresult         *list;

    if (run(connection, sql, &arg, 1, &list))
        return false;
    const struct markets  *before = markets_hold(cache);
    struct loaded_markets *value = make_value(cache, (size_t)PQntuples(list));
    bool                   is_good = value && fill(cache, connection, list, before, value);
    bool                   is_news = is_good && !is_same(before, &value->markets);
    PQclear(list);
    if (is_news) {
        cell_replace(&cache->cell, &value->held);
        tell_all(cache, connection, before);
    } else if (value) {
        free_markets(&value->held);
    }
    markets_release(cache, before);
    return is_good;
}

void
market_cache_observe(struct market_cache *cache,
                     void (*tell)(void *context, const struct market_news *news), void *context)
{
    pthread_mutex_lock(&cache->reloading);
    cache->tell         = tell;
    cache->tell_context = context;
    pthread_mutex_unlock(&cache->reloading);
}

bool
market_cache_reload(struct market_cache *cache, struct connection *connection)
{
    pthread_mutex_lock(&cache->reloading);
    bool is_good = reload(cache, connection);
    pthread_mutex_unlock(&cache->reloading);
    return is_good;
}
