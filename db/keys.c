/* API keys in memory and in the database. */
#include "db/keys.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "db/array.h"
#include "db/held.h"
#include "db/key_row.h"

enum { SECRET_ID_AT = 3, USES_BYTES_MAX = 16 << 20 };

const char *const key_roles[] = { "preview", "feed", "propose", "approve", "guard", "audit",
                                  "admin", NULL };

/* The keys in memory; when each was last used is noted beside it and saved later. */
struct loaded_keys {
    struct held      held;
    struct keys      keys;
    struct caller_key      *items;
    /* one for each item; 0: not since it was last saved */
    _Atomic int64_t *used_at;
};

struct key_cache { struct cell cell; };

static unsigned
role_bit(size_t role)
{
    return 2u << role;
}

bool
key_roles_parse(const char *text, unsigned *roles)
{
    unsigned found = 0;

    for (const char *from = text;;) {
        size_t count = strcspn(from, ",");
        size_t role = 0;
        while (key_roles[role] &&
               (strlen(key_roles[role]) != count || strncmp(key_roles[role], from, count) != 0))
            role++;
        if (!key_roles[role])
            return false;
        found |= role_bit(role);
        if (!from[count])
            break;
        from += count + 1;
    }
    *roles = found;
    return true;
}

void
key_roles_format(unsigned roles, char text[static KEY_ROLES_TEXT_MAX])
{
    size_t count = 0;

    text[0] = '\0';
    for (size_t role = 0; key_roles[role]; role++)
        if (roles & role_bit(role))
            count += (size_t)snprintf(text + count, KEY_ROLES_TEXT_MAX - count, "%s%s",
                                      count ? "," : "", key_roles[role]);
}

static void
free_loaded(struct held *held)
{
    struct loaded_keys *loaded = (struct loaded_keys *)held;
    free(loaded->items);
    free(loaded->used_at);
    free(loaded);
}

static struct loaded_keys *
make_loaded(size_t count)
{
    struct loaded_keys *loaded = calloc(1, sizeof *loaded);
    if (!loaded)
        return NULL;
    loaded->held.free = free_loaded;
    loaded->items     = calloc(count + 1, sizeof *loaded->items);
    loaded->used_at   = calloc(count + 1, sizeof *loaded->used_at);
    loaded->keys      = (struct keys){ .items = loaded->items, .count = count };
    if (loaded->items && loaded->used_at)
        return loaded;
    free_loaded(&loaded->held);
    return NULL;
}

struct key_cache *
key_cache_open(void)
{
    struct key_cache   *cache = calloc(1, sizeof *cache);
    struct loaded_keys *none = make_loaded(0);

    if (!cache || !none) {
        free(cache);
        if (none)
            free_loaded(&none->held);
        return NULL;
    }
    cell_open(&cache->cell, &none->held);
    return cache;
}

void
key_cache_close(struct key_cache *cache)
{
    if (!cache)
        return;
    cell_close(&cache->cell);
    free(cache);
}

const struct keys *
keys_hold(struct key_cache *cache)
{
    return &((struct loaded_keys *)cell_hold(&cache->cell))->keys;
}

static struct loaded_keys *
loaded_of(const struct keys *keys)
{
    return (struct loaded_keys *)((char *)keys - offsetof(struct loaded_keys, keys));
}

void
keys_release(struct key_cache *cache, const struct keys *keys)
{
    cell_release(&cache->cell, &loaded_of(keys)->held);
}

static int
by_id(const void *a, const void *b)
{
    return strcmp(((const struct caller_key *)a)->id, ((const struct caller_key *)b)->id);
}

/* The id in the secret is public; the secret itself is compared by its hash, in constant time. */
const struct caller_key *
key_find(const struct keys *keys, const char *secret, int64_t *until)
{
    struct caller_key wanted = { .id = "" };

    if (strlen(secret) != KEY_SECRET_MAX - 1 || strncmp(secret, "bw_", SECRET_ID_AT) != 0)
        return NULL;
    memcpy(wanted.id, secret + SECRET_ID_AT, KEY_ID_MAX - 1);
    wanted.sha256 = digest_of(secret, KEY_SECRET_MAX - 1);
    const struct caller_key *key = bsearch(&wanted, keys->items, keys->count, sizeof *keys->items, by_id);
    if (!key)
        return NULL;
    /* Both are compared, whichever it is. */
    bool is_current = digest_equal(&key->sha256, &wanted.sha256);
    bool is_old     = digest_equal(&key->old_sha256, &wanted.sha256) && key->old_until;
    *until = key->expires_at ? key->expires_at : INT64_MAX;
    if (!is_current && is_old && key->old_until < *until)
        *until = key->old_until;
    return is_current || is_old ? key : NULL;
}

void
key_used(const struct keys *keys, const struct caller_key *key, int64_t now_us)
{
    atomic_store_explicit(&loaded_of(keys)->used_at[key - keys->items], now_us,
                          memory_order_relaxed);
}

static bool
save(struct connection *connection, struct array *ids, struct array *times)
{
    static const char sql[] =
        "UPDATE breakwater.api_key AS k SET used_at = greatest(k.used_at, u.used_at)"
        " FROM unnest($1::text[], $2::bigint[]) AS u (id, used_at) WHERE k.id = u.id";
    const struct arg  args[] = { array_arg(ids), array_arg(times) };

    return !run_command(connection, sql, args, 2, NULL);
}

/* All of them in one statement. What could not be saved is noted again, unless there is news. */
bool
key_cache_save_uses(struct key_cache *cache, struct connection *connection)
{
    const struct keys  *keys = keys_hold(cache);
    struct loaded_keys *loaded = loaded_of(keys);
    struct arena        arena;
    struct array        ids, times;

    arena_open(&arena, USES_BYTES_MAX);
    array_open(&ids, ARRAY_OF_TEXT, &arena, 1024, USES_BYTES_MAX / 4);
    array_open(&times, ARRAY_OF_BIGINT, &arena, 1024, USES_BYTES_MAX / 4);
    for (size_t i = 0; i < keys->count; i++) {
        int64_t used_at = atomic_load(&loaded->used_at[i]);
        if (!used_at)
            continue;
        array_add_string(&ids, keys->items[i].id);
        array_add_bigint(&times, used_at);
    }
    bool is_saved = !ids.count || save(connection, &ids, &times);
    for (size_t i = 0; is_saved && i < keys->count; i++)
        atomic_store(&loaded->used_at[i], 0);
    arena_close(&arena);
    keys_release(cache, keys);
    return is_saved;
}

/* When it was last used is no news. */
static bool
is_same_key(const struct caller_key *a, const struct caller_key *b)
{
    return digest_equal(&a->sha256, &b->sha256) && a->roles == b->roles &&
           a->expires_at == b->expires_at && a->rate == b->rate && a->burst == b->burst &&
           a->old_until == b->old_until && digest_equal(&a->old_sha256, &b->old_sha256);
}

static bool
is_same(const struct keys *a, const struct keys *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!is_same_key(&a->items[i], &b->items[i]))
            return false;
    return true;
}

static struct loaded_keys *
read_keys(const PGresult *rows)
{
    int                 count = PQntuples(rows);
    struct loaded_keys *loaded = make_loaded((size_t)count);

    for (int i = 0; loaded && i < count; i++)
        if (!key_row_read(rows, i, &loaded->items[i])) {
            free_loaded(&loaded->held);
            return NULL;
        }
    return loaded;
}

/* Byte order of ids, as bsearch expects, whatever the database's collation is. */
bool
key_cache_reload(struct key_cache *cache, struct connection *connection)
{
    char      sql[512];
    PGresult *rows;

    snprintf(sql, sizeof sql, "SELECT %s FROM breakwater.api_key WHERE revoked_at IS NULL"
             " ORDER BY id COLLATE \"C\" LIMIT %d", key_columns_sql, KEYS_MAX);
    if (run(connection, sql, NULL, 0, &rows))
        return false;
    struct loaded_keys *loaded = read_keys(rows);
    PQclear(rows);
    if (!loaded)
        return false;
    const struct keys *before = keys_hold(cache);
    bool               is_news = !is_same(before, &loaded->keys);
    keys_release(cache, before);
    if (is_news && key_cache_save_uses(cache, connection))
        cell_replace(&cache->cell, &loaded->held);
    else
        free_loaded(&loaded->held);
    return connection_is_up(connection);
}
