/* API keys: made and revoked in the database, found in memory. Only the
 * SHA-256 of a secret is stored. */
#ifndef DB_KEYS_H
#define DB_KEYS_H

#include "db/database.h"
#include "record/arena.h"

/* "bw_", the key's id, "_", 32 random bytes in base64url. */
/* at most so many are listed, or in memory */
enum { KEYS_MAX = 100000, KEY_RATE_MAX = 1000000 };
enum { KEY_ID_MAX = 17, KEY_SECRET_MAX = 3 + 16 + 1 + 43 + 1, KEY_HOLDER_MAX = 65,
       KEY_ROLES_TEXT_MAX = 96 };

struct caller_key {
    char          id[KEY_ID_MAX];                         /* 16 hex digits */
    char          holder[KEY_HOLDER_MAX];
    /* bit 1u << (1 + position in key_roles): as enum role of the routes */
    unsigned      roles;
    struct digest sha256;
    /* microseconds; all but created_at 0: not */
    int64_t       created_at, revoked_at, used_at, expires_at;
    /* requests a second, and at once; 0: as all */
    int64_t       rate, burst;
    /* of the secret before, which is good until then, too */
    struct digest old_sha256;
    int64_t       old_until;
};

/* preview, feed, propose, approve, guard, audit, admin; NULL-ended. */
extern const char *const key_roles[];

/* "feed,propose"; false: an unknown or no role */
bool key_roles_parse(const char *text, unsigned *roles);
void key_roles_format(unsigned roles, char text[static KEY_ROLES_TEXT_MAX]);

/* by id; the revoked ones are left out, those that have expired are not */
struct keys { const struct caller_key *items; size_t count; };
struct key_cache;

const struct keys *keys_hold(struct key_cache *cache);
void               keys_release(struct key_cache *cache, const struct keys *keys);
/* NULL: none; compares in constant time. `until`: the secret is good before that, which may have
 * passed; INT64_MAX: for good. */
const struct caller_key  *key_find(const struct keys *keys, const char *secret, int64_t *until);
/* noted; saved by the housekeeper */
void               key_used(const struct keys *keys, const struct caller_key *key, int64_t now_us);

struct key_cache *key_cache_open(void);
/* false: it stays as it was */
bool              key_cache_reload(struct key_cache *cache, struct connection *connection);
bool              key_cache_save_uses(struct key_cache *cache, struct connection *connection);
void              key_cache_close(struct key_cache *cache);

/* Each with its record in the log, in a transaction of its own unless one is open. `actor`: the key
 * that asks; NULL: a person at the machine. AWAY: it is not known whether it was done. */
enum outcome key_create(struct connection *connection, const char *actor, unsigned roles,
                        const char *holder, char secret[static KEY_SECRET_MAX], struct caller_key *out);
/* What a key may have beside its roles; 0: none of it. */
struct key_terms { int64_t expires_at, rate, burst; };
enum outcome key_create_on(struct connection *connection, const char *actor, unsigned roles,
                           const char *holder, const struct key_terms *terms,
                           char secret[static KEY_SECRET_MAX], struct caller_key *out);
/* A new secret at once; the one before is good until `old_until`, and one before that no more. Id,
 * roles, holder and terms stay. A key that is revoked or expired has none: was_there false. */
enum outcome key_rotate(struct connection *connection, const char *actor, const char *id,
                        int64_t old_until, char secret[static KEY_SECRET_MAX], bool *was_there);
/* expires_at 0: never. Of a key that is not revoked. */
enum outcome key_expire(struct connection *connection, const char *actor, const char *id,
                        int64_t expires_at, bool *was_there);
enum outcome key_revoke(struct connection *connection, const char *actor, const char *id,
                        bool *was_there);
enum outcome key_list(struct connection *connection, struct arena *arena, struct caller_key **keys,
                      size_t *count);

/* On a database without keys: one key for each role into a new file of mode 0600, lines
 * of "role secret". False: `why`. */
bool keys_write_first(struct connection *connection, const char *path,
                      char why[static DATABASE_WHY_MAX]);

#endif
