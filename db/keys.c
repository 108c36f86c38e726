/* API keys in memory and in the database. */
#include "db/keys.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "db/chain.h"
#include "db/held.h"
#include "db/row.h"
#include "record/instant.h"

enum { SECRET_RANDOM_BYTES = 32, ID_RANDOM_BYTES = 8, KEYS_MAX = 100000, SECRET_ID_AT = 3 };

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
key_find(const struct keys *keys, const char *secret)
{
    struct caller_key wanted = { .id = "" };

    if (strlen(secret) != KEY_SECRET_MAX - 1 || strncmp(secret, "bw_", SECRET_ID_AT) != 0)
        return NULL;
    memcpy(wanted.id, secret + SECRET_ID_AT, KEY_ID_MAX - 1);
    wanted.sha256 = digest_of(secret, KEY_SECRET_MAX - 1);
    const struct caller_key *key = bsearch(&wanted, keys->items, keys->count, sizeof *keys->items, by_id);
    return key && digest_equal(&key->sha256, &wanted.sha256) ? key : NULL;
}

void
key_used(const struct keys *keys, const struct caller_key *key, int64_t now_us)
{
    atomic_store_explicit(&loaded_of(keys)->used_at[key - keys->items], now_us,
                          memory_order_relaxed);
}

/* A row of breakwater.api_key. */
struct key_row {
    const char *id, *holder, *roles, *sha256;
    int64_t     created_at, revoked_at, used_at;
};

static const struct field key_row_fields[] = {
    NAME_FIELD   (key_row, id),
    NAME_FIELD   (key_row, holder),
    TEXT_FIELD   (key_row, roles),
    TEXT_FIELD   (key_row, sha256, .form = TEXT_SHA256),
    INSTANT_FIELD(key_row, created_at),
    INSTANT_FIELD(key_row, revoked_at, .nullable = true),
    INSTANT_FIELD(key_row, used_at, .nullable = true),
};
static const struct record key_row_record = RECORD(key_row, key_row_fields);

static const char columns_sql[] =
    "id, holder, roles, encode(sha256, 'hex') AS sha256, created_at, revoked_at, used_at";

static bool
read_key(const PGresult *rows, int row, struct caller_key *out)
{
    struct key_row read;

    if (!row_read(&key_row_record, rows, row, &read) || strlen(read.id) >= sizeof out->id ||
        strlen(read.holder) >= sizeof out->holder)
        return false;
    *out = (struct caller_key){
        .created_at = read.created_at,
        .revoked_at = read.revoked_at == INSTANT_NONE ? 0 : read.revoked_at,
        .used_at    = read.used_at == INSTANT_NONE ? 0 : read.used_at,
    };
    memcpy(out->id, read.id, strlen(read.id));
    memcpy(out->holder, read.holder, strlen(read.holder));
    return key_roles_parse(read.roles, &out->roles) && digest_parse(read.sha256, &out->sha256);
}

static bool
save_use(struct connection *connection, const char *id, int64_t used_at)
{
    char             room[ARG_INTEGER_MAX];
    const struct arg args[] = { ARG_TEXT(id), arg_integer(used_at, room) };

    return !run_command(connection, "UPDATE breakwater.api_key"
                        " SET used_at = greatest(used_at, $2::bigint)"
                        " WHERE id = $1", args, 2, NULL);
}

bool
key_cache_save_uses(struct key_cache *cache, struct connection *connection)
{
    const struct keys  *keys = keys_hold(cache);
    struct loaded_keys *loaded = loaded_of(keys);
    bool                is_saved = true;

    for (size_t i = 0; is_saved && i < keys->count; i++) {
        int64_t used_at = atomic_exchange(&loaded->used_at[i], 0);
        is_saved = !used_at || save_use(connection, keys->items[i].id, used_at);
    }
    keys_release(cache, keys);
    return is_saved;
}

static bool
is_same(const struct keys *a, const struct keys *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!digest_equal(&a->items[i].sha256, &b->items[i].sha256) ||
            a->items[i].roles != b->items[i].roles)
            return false;
    return true;
}

static struct loaded_keys *
read_keys(const PGresult *rows)
{
    int                 count = PQntuples(rows);
    struct loaded_keys *loaded = make_loaded((size_t)count);

    for (int i = 0; loaded && i < count; i++)
        if (!read_key(rows, i, &loaded->items[i])) {
            free_loaded(&loaded->held);
            return NULL;
        }
    return loaded;
}

/* Byte order of ids, as bsearch expects, whatever the database's collation is. */
bool
key_cache_reload(struct key_cache *cache, struct connection *connection)
{
    char      sql[256];
    PGresult *rows;

    snprintf(sql, sizeof sql, "SELECT %s FROM breakwater.api_key WHERE revoked_at IS NULL"
             " ORDER BY id COLLATE \"C\" LIMIT %d", columns_sql, KEYS_MAX);
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

/* RFC 4648 section 5, without padding: 32 bytes are 43 characters. */
static void
format_base64url(const uint8_t *bytes, size_t count, char *text)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned          bits = 0, held = 0;

    for (size_t i = 0; i < count; i++) {
        held = held << 8 | bytes[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *text++ = alphabet[held >> (bits - 6) & 63];
        held &= (1u << bits) - 1;
    }
    if (bits)
        *text++ = alphabet[held << (6 - bits) & 63];
    *text = '\0';
}

static void
make_key(unsigned roles, const char *holder, char secret[static KEY_SECRET_MAX], struct caller_key *out)
{
    uint8_t id[ID_RANDOM_BYTES];
    uint8_t random[SECRET_RANDOM_BYTES];

    random_fill(id, sizeof id);
    random_fill(random, sizeof random);
    *out = (struct caller_key){ .roles = roles, .created_at = clock_now_us() };
    for (size_t i = 0; i < sizeof id; i++)
        snprintf(out->id + 2 * i, 3, "%02x", id[i]);
    snprintf(out->holder, sizeof out->holder, "%s", holder);
    snprintf(secret, KEY_SECRET_MAX, "bw_%s_", out->id);
    format_base64url(random, sizeof random, secret + strlen(secret));
    out->sha256 = digest_of(secret, strlen(secret));
    explicit_bzero(random, sizeof random);
}

/* A name has no character that JSON escapes. */
static void
quote(const char *name, char *text, size_t text_bytes)
{
    snprintf(text, text_bytes, "\"%s\"", name);
}

static enum outcome
record_key(struct connection *connection, const char *actor, const char *event,
           const struct caller_key *key)
{
    char id[KEY_ID_MAX + 2], holder[KEY_HOLDER_MAX + 2], roles[KEY_ROLES_TEXT_MAX],
         quoted_roles[KEY_ROLES_TEXT_MAX + 2];

    key_roles_format(key->roles, roles);
    quote(key->id, id, sizeof id);
    quote(key->holder, holder, sizeof holder);
    quote(roles, quoted_roles, sizeof quoted_roles);
    const struct draft_member members[] = { { "event", event }, { "holder", holder }, { "key", id },
                                            { "roles", quoted_roles } };
    enum outcome outcome = chain_record(connection, "key", actor, NULL, members,
                                        sizeof members / sizeof *members);
    return outcome
           ? outcome
           : run_command(connection, "SELECT pg_notify('breakwater_keys', '')", NULL, 0, NULL);
}

/* `change` in the transaction that is open, or in one of its own. */
static enum outcome
in_transaction(struct connection *connection, enum outcome (*change)(struct connection *, void *),
               void *context)
{
    bool         is_ours = !connection->in_transaction;
    enum outcome outcome = is_ours ? transaction_begin(connection) : OUTCOME_OK;

    if (!outcome)
        outcome = change(connection, context);
    if (!is_ours || !connection->in_transaction)
        return outcome;
    if (!outcome)
        return transaction_commit(connection);
    transaction_rollback(connection);
    return outcome;
}

struct key_change { const char *actor; struct caller_key *key; bool was_there; };

static enum outcome
insert_key(struct connection *connection, void *context)
{
    static const char  sql[] =
        "INSERT INTO breakwater.api_key"
        " (id, holder, roles, sha256, created_at, revoked_at, used_at)"
        " VALUES ($1, $2, $3, decode($4, 'hex'), $5::bigint, $6::bigint, $7::bigint)";
    struct key_change *change = context;
    const struct caller_key  *key = change->key;
    char               roles[KEY_ROLES_TEXT_MAX], sha256[DIGEST_TEXT_MAX];
    struct row         row;

    key_roles_format(key->roles, roles);
    digest_format(&key->sha256, sha256);
    struct key_row written = { key->id, key->holder, roles, sha256, key->created_at, INSTANT_NONE,
                               INSTANT_NONE };
    row_write(&key_row_record, &written, &row);
    enum outcome outcome = run_command(connection, sql, row.args, key_row_record.count, NULL);
    return outcome ? outcome : record_key(connection, change->actor, "\"created\"", key);
}

enum outcome
key_create(struct connection *connection, const char *actor, unsigned roles, const char *holder,
           char secret[static KEY_SECRET_MAX], struct caller_key *out)
{
    struct key_change change = { .actor = actor, .key = out };

    if (!roles || !*holder || strlen(holder) >= KEY_HOLDER_MAX) {
        snprintf(connection->why, sizeof connection->why,
                 "a key has a role, and a holder of 1 to %d characters", KEY_HOLDER_MAX - 1);
        return OUTCOME_REFUSED;
    }
    make_key(roles, holder, secret, out);
    return in_transaction(connection, insert_key, &change);
}

static enum outcome
update_revoked(struct connection *connection, void *context)
{
    struct key_change *change = context;
    char               sql[320], now[ARG_INTEGER_MAX];
    const struct arg   args[] = { ARG_TEXT(change->key->id), arg_integer(clock_now_us(), now) };
    PGresult          *rows;

    snprintf(sql, sizeof sql, "UPDATE breakwater.api_key SET revoked_at = $2::bigint WHERE id = $1"
             " AND revoked_at IS NULL RETURNING %s", columns_sql);
    enum outcome outcome = run(connection, sql, args, 2, &rows);
    if (outcome)
        return outcome;
    change->was_there = PQntuples(rows) == 1;
    bool is_good = !change->was_there || read_key(rows, 0, change->key);
    PQclear(rows);
    if (!is_good)
        return OUTCOME_REFUSED;
    return change->was_there
           ? record_key(connection, change->actor, "\"revoked\"", change->key) : OUTCOME_OK;
}

enum outcome
key_revoke(struct connection *connection, const char *actor, const char *id, bool *was_there)
{
    struct caller_key        key = { .id = "" };
    struct key_change change = { .actor = actor, .key = &key };

    *was_there = false;
    if (strlen(id) >= sizeof key.id)
        return OUTCOME_OK;
    memcpy(key.id, id, strlen(id) + 1);
    enum outcome outcome = in_transaction(connection, update_revoked, &change);
    *was_there = change.was_there;
    return outcome;
}

enum outcome
key_list(struct connection *connection, struct arena *arena, struct caller_key **keys, size_t *count)
{
    char      sql[256];
    PGresult *rows;

    snprintf(sql, sizeof sql, "SELECT %s FROM breakwater.api_key ORDER BY created_at, id LIMIT %d",
             columns_sql, KEYS_MAX);
    enum outcome outcome = run(connection, sql, NULL, 0, &rows);
    if (outcome)
        return outcome;
    *count = (size_t)PQntuples(rows);
    *keys  = arena_alloc(arena, *count + 1, sizeof **keys);
    bool is_good = *keys;
    for (size_t i = 0; is_good && i < *count; i++)
        is_good = read_key(rows, (int)i, &(*keys)[i]);
    PQclear(rows);
    return is_good ? OUTCOME_OK : OUTCOME_REFUSED;
}
