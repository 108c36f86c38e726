/* Reads of the transparency log. */
#include "db/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "audit/entry.h"
#include "db/binary.h"
#include "db/log_keys.h"

enum { PATH_ROOM = 4200 };

struct log_cache {
    pthread_mutex_t  lock;
    bool             is_there;
    struct published published;
    pthread_mutex_t  state_lock;
    char             state_path[PATH_ROOM];   /* "": nothing is kept */
    int64_t          kept_size;
};

static bool
bytes_at(const PGresult *rows, int column, struct arena *arena, const char **bytes, size_t *count)
{
    *count = (size_t)PQgetlength(rows, 0, column);
    *bytes = arena_copy(arena, PQgetvalue(rows, 0, column), *count);
    return *bytes;
}

/* Binary rows, to be cleared where they are FOUND. */
static enum find
find_row(struct connection *connection, const char *sql, const struct arg *args, size_t args_count,
         PGresult **rows)
{
    if (run_binary(connection, sql, args, args_count, rows))
        return FIND_AWAY;
    if (PQntuples(*rows))
        return FOUND;
    PQclear(*rows);
    return FOUND_NOTHING;
}

struct log_cache *
log_cache_open(void)
{
    struct log_cache *cache = calloc(1, sizeof *cache);

    if (cache)
        pthread_mutex_init(&cache->lock, NULL);
    if (cache)
        pthread_mutex_init(&cache->state_lock, NULL);
    return cache;
}

void
log_cache_close(struct log_cache *cache)
{
    if (!cache)
        return;
    pthread_mutex_destroy(&cache->lock);
    pthread_mutex_destroy(&cache->state_lock);
    free(cache);
}

void
log_cache_keep(struct log_cache *cache, const char *path, int64_t kept_size)
{
    pthread_mutex_lock(&cache->state_lock);
    snprintf(cache->state_path, sizeof cache->state_path, "%s", path);
    cache->kept_size = kept_size;
    pthread_mutex_unlock(&cache->state_lock);
}

bool
log_cache_remember(struct log_cache *cache, int64_t size, const char *note, size_t count,
                   char why[static DATABASE_WHY_MAX])
{
    pthread_mutex_lock(&cache->state_lock);
    bool is_news = *cache->state_path && size > cache->kept_size;
    bool is_kept = !is_news || log_state_write(cache->state_path, note, count, why);
    if (is_news && is_kept)
        cache->kept_size = size;
    pthread_mutex_unlock(&cache->state_lock);
    return is_kept;
}

#define NOTE_OF(checkpoint) \
    checkpoint ".note || coalesce((SELECT string_agg(line || E'\\n', '' ORDER BY witness, key_id)" \
    " FROM audit.cosignature g WHERE g.size = " checkpoint ".size), '')"

bool
log_cache_reload(struct log_cache *cache, struct connection *connection)
{
    static const char sql[] =
        "SELECT c.size, c.root, convert_to(" NOTE_OF("c") ", 'UTF8') FROM audit.checkpoint c"
        " WHERE c.published_at IS NOT NULL ORDER BY c.size DESC LIMIT 1";
    PGresult *rows;
    enum find found = find_row(connection, sql, NULL, 0, &rows);

    if (found != FOUND)
        return found == FOUND_NOTHING;
    size_t count = (size_t)PQgetlength(rows, 0, 2);
    bool   is_good = count <= PUBLISHED_NOTE_MAX;
    char   why[DATABASE_WHY_MAX];
    if (is_good && !log_cache_remember(cache, binary_bigint(rows, 0, 0), PQgetvalue(rows, 0, 2),
                                       count, why))
        database_report(connection->database, "the audit-state file is not written: %s", why);
    pthread_mutex_lock(&cache->lock);
    if (is_good && (!cache->is_there || binary_bigint(rows, 0, 0) >= cache->published.size)) {
        cache->published.size       = binary_bigint(rows, 0, 0);
        cache->is_there             = binary_digest(rows, 0, 1, &cache->published.root);
        cache->published.note_count = count;
        memcpy(cache->published.note, PQgetvalue(rows, 0, 2), count);
    }
    pthread_mutex_unlock(&cache->lock);
    PQclear(rows);
    return is_good;
}

bool
log_published(struct log_cache *cache, struct published *out)
{
    pthread_mutex_lock(&cache->lock);
    bool is_there = cache->is_there;
    if (is_there) {
        out->size       = cache->published.size;
        out->root       = cache->published.root;
        out->note_count = cache->published.note_count;
        memcpy(out->note, cache->published.note, out->note_count);
    }
    pthread_mutex_unlock(&cache->lock);
    return is_there;
}

int64_t
log_published_size(struct log_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    int64_t size = cache->is_there ? cache->published.size : 0;
    pthread_mutex_unlock(&cache->lock);
    return size;
}

enum find
log_tile_find(struct connection *connection, const struct tile *tile, struct arena *arena,
              struct stored_document *out)
{
    static const char tiles[] =
        "SELECT substr(data, 1, $3::integer) FROM audit.tile"
        " WHERE level = $1::smallint AND n = $2::bigint AND length(data) >= $3::integer";
    static const char bundles[] =
        "SELECT substr(data, 1, $2::integer) FROM audit.bundle"
        " WHERE n = $1::bigint AND length(data) >= $2::integer";
    char      room[3][ARG_INTEGER_MAX];
    bool      is_bundle = tile->level == TILE_ENTRIES;
    int64_t   bytes = (int64_t)tile->width * (is_bundle ? BUNDLE_ENTRY_BYTES : DIGEST_BYTES);
    PGresult *rows;
    struct arg args[] = { arg_integer(tile->level, room[0]), arg_integer(tile->index, room[1]),
                          arg_integer(bytes, room[2]) };

    enum find found = is_bundle ? find_row(connection, bundles, args + 1, 2, &rows)
                                : find_row(connection, tiles, args, 3, &rows);
    if (found != FOUND)
        return found;
    if (!bytes_at(rows, 0, arena, &out->bytes, &out->count))
        found = FIND_AWAY;
    PQclear(rows);
    return found;
}

static bool
read_tile(void *context, const struct tile *tile, struct digest hashes[static TILE_WIDTH])
{
    struct connection     *connection = context;
    struct arena           arena;
    struct stored_document data;

    arena_open(&arena, 1 << 16);
    bool is_read = log_tile_find(connection, tile, &arena, &data) == FOUND &&
                   data.count == (size_t)tile->width * DIGEST_BYTES;
    if (is_read)
        memcpy(hashes, data.bytes, data.count);
    arena_close(&arena);
    return is_read;
}

struct tile_reader
log_tile_reader(struct connection *connection)
{
    return (struct tile_reader){ .read = read_tile, .context = connection };
}

static enum find
find_index(struct connection *connection, const char *sql, const struct arg *args,
           size_t args_count, int64_t *index)
{
    PGresult *rows;
    enum find found = find_row(connection, sql, args, args_count, &rows);

    if (found != FOUND)
        return found;
    *index = binary_bigint(rows, 0, 0);
    PQclear(rows);
    return FOUND;
}

enum find
log_index_of_leaf(struct connection *connection, const struct digest *leaf_hash, int64_t *index)
{
    const struct arg args[] = { ARG_DIGEST(leaf_hash) };

    return find_index(connection, "SELECT idx FROM audit.leaf WHERE leaf_hash = $1::bytea"
                                  " ORDER BY idx LIMIT 1", args, 1, index);
}

enum find
log_index_of_record(struct connection *connection, const char *inst, int64_t iseq, int64_t *index)
{
    char             room[ARG_INTEGER_MAX];
    const struct arg args[] = { ARG_TEXT(inst), arg_integer(iseq, room) };

    return find_index(connection, "SELECT idx FROM audit.leaf WHERE inst = $1::uuid"
                                  " AND iseq = $2::bigint", args, 2, index);
}

enum find
log_checkpoint_find(struct connection *connection, int64_t size, bool or_larger,
                    struct arena *arena, struct stored_checkpoint *out)
{
    static const char sql[] =
        "SELECT c.size, c.root, convert_to(" NOTE_OF("c") ", 'UTF8') FROM audit.checkpoint c"
        " WHERE c.published_at IS NOT NULL AND c.size >= $1::bigint"
        " AND ($2::boolean OR c.size = $1::bigint) ORDER BY c.size LIMIT 1";
    char             room[ARG_INTEGER_MAX];
    const struct arg args[] = { arg_integer(size, room), ARG_TEXT(or_larger ? "t" : "f") };
    PGresult        *rows;
    enum find        found = find_row(connection, sql, args, 2, &rows);

    if (found != FOUND)
        return found;
    out->size = binary_bigint(rows, 0, 0);
    if (!binary_digest(rows, 0, 1, &out->root) ||
        !bytes_at(rows, 2, arena, &out->note, &out->note_count))
        found = FIND_AWAY;
    PQclear(rows);
    return found;
}

enum find
log_record_find(struct connection *connection, int64_t index, struct arena *arena,
                struct stored_record *out)
{
    static const char sql[] =
        "SELECT coalesce(b.salt, e.salt), coalesce(b.record, e.record) FROM audit.leaf l"
        " LEFT JOIN audit.body b ON b.day = l.day AND b.inst = l.inst AND b.iseq = l.iseq"
        " LEFT JOIN audit.event e ON l.day IS NULL AND e.inst = l.inst AND e.iseq = l.iseq"
        " WHERE l.idx = $1::bigint";
    char             room[ARG_INTEGER_MAX];
    const struct arg args[] = { arg_integer(index, room) };
    PGresult        *rows;
    enum find        found = find_row(connection, sql, args, 1, &rows);

    if (found != FOUND)
        return found;
    *out = (struct stored_record){ .index = index };
    if (!PQgetisnull(rows, 0, 1) &&
        (!binary_digest(rows, 0, 0, &out->salt) ||
         !bytes_at(rows, 1, arena, &out->record, &out->record_count)))
        found = FIND_AWAY;
    PQclear(rows);
    return found;
}
