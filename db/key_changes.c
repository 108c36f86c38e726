/* How keys are made, replaced, ended and listed: each change with its record in the log. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>

#include "db/chain.h"
#include "db/key_row.h"
#include "db/keys.h"
#include "db/row.h"
#include "record/instant.h"

enum { SECRET_RANDOM_BYTES = 32, ID_RANDOM_BYTES = 8, COLUMNS_INSERTED = 10,
       SQL_BYTES_MAX = 1024 };

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
make_secret(const char *id, char secret[static KEY_SECRET_MAX], struct digest *sha256)
{
    uint8_t random[SECRET_RANDOM_BYTES];

    random_fill(random, sizeof random);
    snprintf(secret, KEY_SECRET_MAX, "bw_%s_", id);
    format_base64url(random, sizeof random, secret + strlen(secret));
    *sha256 = digest_of(secret, strlen(secret));
    explicit_bzero(random, sizeof random);
}

static void
make_key(unsigned roles, const char *holder, const struct key_terms *terms,
         char secret[static KEY_SECRET_MAX], struct caller_key *out)
{
    uint8_t id[ID_RANDOM_BYTES];

    random_fill(id, sizeof id);
    *out = (struct caller_key){ .roles = roles, .created_at = clock_now_us(),
                                .expires_at = terms->expires_at, .rate = terms->rate,
                                .burst = terms->burst };
    for (size_t i = 0; i < sizeof id; i++)
        snprintf(out->id + 2 * i, 3, "%02x", id[i]);
    snprintf(out->holder, sizeof out->holder, "%s", holder);
    make_secret(out->id, secret, &out->sha256);
}

/* A name has no character that JSON escapes. */
static void
quote(const char *name, char *text, size_t text_bytes)
{
    snprintf(text, text_bytes, "\"%s\"", name);
}

/* "null" where there is no time. */
static void
quote_instant(int64_t instant_us, char text[static INSTANT_TEXT_MAX + 2])
{
    char plain[INSTANT_TEXT_MAX];

    if (!instant_us) {
        snprintf(text, INSTANT_TEXT_MAX + 2, "null");
        return;
    }
    instant_format(instant_us, plain);
    quote(plain, text, INSTANT_TEXT_MAX + 2);
}

static enum outcome
record_key(struct connection *connection, const char *actor, const char *event,
           const struct caller_key *key)
{
    char id[KEY_ID_MAX + 2], holder[KEY_HOLDER_MAX + 2], roles[KEY_ROLES_TEXT_MAX],
         quoted_roles[KEY_ROLES_TEXT_MAX + 2], expires[INSTANT_TEXT_MAX + 2],
         old_until[INSTANT_TEXT_MAX + 2];

    key_roles_format(key->roles, roles);
    quote(key->id, id, sizeof id);
    quote(key->holder, holder, sizeof holder);
    quote(roles, quoted_roles, sizeof quoted_roles);
    quote_instant(key->expires_at, expires);
    quote_instant(key->old_until, old_until);
    const struct draft_member members[] = { { "event", event }, { "expires_at", expires },
                                            { "holder", holder }, { "key", id },
                                            { "old_until", old_until },
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

struct key_change { const char *actor; struct caller_key *key; const char *event; bool was_there; };

static enum outcome
insert_key(struct connection *connection, void *context)
{
    static const char  sql[] =
        "INSERT INTO breakwater.api_key"
        " (id, holder, roles, sha256, created_at, revoked_at, used_at, expires_at, rate, burst)"
        " VALUES ($1, $2, $3, decode($4, 'hex'), $5::bigint, $6::bigint, $7::bigint, $8::bigint,"
        " nullif($9::bigint, 0), nullif($10::bigint, 0))";
    struct key_change *change = context;
    const struct caller_key  *key = change->key;
    char               roles[KEY_ROLES_TEXT_MAX], sha256[DIGEST_TEXT_MAX];
    struct row         row;

    key_roles_format(key->roles, roles);
    digest_format(&key->sha256, sha256);
    struct key_row written = {
        .id = key->id, .holder = key->holder, .roles = roles, .sha256 = sha256,
        .created_at = key->created_at, .revoked_at = INSTANT_NONE, .used_at = INSTANT_NONE,
        .expires_at = key->expires_at ? key->expires_at : INSTANT_NONE,
        .rate = key->rate, .burst = key->burst, .old_until = INSTANT_NONE,
    };
    row_write(&key_row_record, &written, &row);
    enum outcome outcome = run_command(connection, sql, row.args, COLUMNS_INSERTED, NULL);
    return outcome ? outcome : record_key(connection, change->actor, "\"created\"", key);
}

enum outcome
key_create_on(struct connection *connection, const char *actor, unsigned roles,
              const char *holder, const struct key_terms *terms,
              char secret[static KEY_SECRET_MAX], struct caller_key *out)
{
    struct key_change change = { .actor = actor, .key = out };

    if (!roles || !*holder || strlen(holder) >= KEY_HOLDER_MAX) {
        snprintf(connection->why, sizeof connection->why,
                 "a key has a role, and a holder of 1 to %d characters", KEY_HOLDER_MAX - 1);
        return OUTCOME_REFUSED;
    }
    make_key(roles, holder, terms, secret, out);
    return in_transaction(connection, insert_key, &change);
}

enum outcome
key_create(struct connection *connection, const char *actor, unsigned roles, const char *holder,
           char secret[static KEY_SECRET_MAX], struct caller_key *out)
{
    const struct key_terms none = { .rate = 0 };

    return key_create_on(connection, actor, roles, holder, &none, secret, out);
}

/* `set` changes the row whose id is $1; what it is then is recorded as `event`. */
static enum outcome
update_key(struct connection *connection, const char *set, const struct arg *args,
           size_t args_count, struct key_change *change)
{
    char      sql[SQL_BYTES_MAX];
    PGresult *rows;

    snprintf(sql, sizeof sql, "UPDATE breakwater.api_key SET %s WHERE id = $1"
             " AND revoked_at IS NULL%s RETURNING %s", set,
             strcmp(change->event, "\"rotated\"") ? ""
             : " AND (expires_at IS NULL OR expires_at > breakwater.now_us())", key_columns_sql);
    enum outcome outcome = run(connection, sql, args, args_count, &rows);
    if (outcome)
        return outcome;
    change->was_there = PQntuples(rows) == 1;
    bool is_good = !change->was_there || key_row_read(rows, 0, change->key);
    PQclear(rows);
    if (!is_good)
        return OUTCOME_REFUSED;
    return change->was_there
           ? record_key(connection, change->actor, change->event, change->key) : OUTCOME_OK;
}

static enum outcome
update_revoked(struct connection *connection, void *context)
{
    struct key_change *change = context;
    char               now[ARG_INTEGER_MAX];
    const struct arg   args[] = { ARG_TEXT(change->key->id), arg_integer(clock_now_us(), now) };

    return update_key(connection, "revoked_at = $2::bigint", args, 2, change);
}

static enum outcome
update_expiry(struct connection *connection, void *context)
{
    struct key_change *change = context;
    char               until[ARG_INTEGER_MAX];
    const struct arg   args[] = { ARG_TEXT(change->key->id),
                                  arg_integer(change->key->expires_at, until) };

    return update_key(connection, "expires_at = nullif($2::bigint, 0)", args, 2, change);
}

static enum outcome
update_secret(struct connection *connection, void *context)
{
    struct key_change *change = context;
    char               until[ARG_INTEGER_MAX];
    const struct arg   args[] = { ARG_TEXT(change->key->id), ARG_DIGEST(&change->key->sha256),
                                  arg_integer(change->key->old_until, until) };

    return update_key(connection, "old_sha256 = sha256, old_until = $3::bigint,"
                      " sha256 = $2::bytea", args, 3, change);
}

static enum outcome
change_key(struct connection *connection, enum outcome (*update)(struct connection *, void *),
           struct key_change *change, const char *id, bool *was_there)
{
    *was_there = false;
    if (strlen(id) >= sizeof change->key->id)
        return OUTCOME_OK;
    memcpy(change->key->id, id, strlen(id) + 1);
    enum outcome outcome = in_transaction(connection, update, change);
    *was_there = change->was_there;
    return outcome;
}

enum outcome
key_revoke(struct connection *connection, const char *actor, const char *id, bool *was_there)
{
    struct caller_key key = { .id = "" };
    struct key_change change = { .actor = actor, .key = &key, .event = "\"revoked\"" };

    return change_key(connection, update_revoked, &change, id, was_there);
}

enum outcome
key_expire(struct connection *connection, const char *actor, const char *id, int64_t expires_at,
           bool *was_there)
{
    struct caller_key key = { .expires_at = expires_at };
    struct key_change change = { .actor = actor, .key = &key, .event = "\"expiry_set\"" };

    return change_key(connection, update_expiry, &change, id, was_there);
}

enum outcome
key_rotate(struct connection *connection, const char *actor, const char *id, int64_t old_until,
           char secret[static KEY_SECRET_MAX], bool *was_there)
{
    struct caller_key key = { .old_until = old_until };
    struct key_change change = { .actor = actor, .key = &key, .event = "\"rotated\"" };

    *was_there = false;
    if (strlen(id) != KEY_ID_MAX - 1)
        return OUTCOME_OK;
    make_secret(id, secret, &key.sha256);
    return change_key(connection, update_secret, &change, id, was_there);
}

enum outcome
key_list(struct connection *connection, struct arena *arena, struct caller_key **keys, size_t *count)
{
    char      sql[SQL_BYTES_MAX];
    PGresult *rows;

    snprintf(sql, sizeof sql, "SELECT %s FROM breakwater.api_key ORDER BY created_at, id LIMIT %d",
             key_columns_sql, KEYS_MAX);
    enum outcome outcome = run(connection, sql, NULL, 0, &rows);
    if (outcome)
        return outcome;
    *count = (size_t)PQntuples(rows);
    *keys  = arena_alloc(arena, *count + 1, sizeof **keys);
    bool is_good = *keys;
    for (size_t i = 0; is_good && i < *count; i++)
        is_good = key_row_read(rows, (int)i, &(*keys)[i]);
    PQclear(rows);
    return is_good ? OUTCOME_OK : OUTCOME_REFUSED;
}
