/* API keys: made and revoked in the database, found in memory. Only the
 * SHA-256 of a secret is stored. */
#ifndef DB_KEYS_H
#define DB_KEYS_H

#include "db/database.h"
#include "record/arena.h"

/* "bw_", the key's id, "_", 32 random bytes in base64url. */
enum { KEY_ID_MAX = 17, KEY_SECRET_MAX = 3 + 16 + 1 + 43 + 1, KEY_HOLDER_MAX = 65,
       KEY_ROLES_TEXT_MAX = 96 };

struct caller_key {
    char          id[KEY_ID_MAX];                         /* 16 hex digits */
    char          holder[KEY_HOLDER_MAX];
    /* bit 1u << (1 + position in key_roles): as enum role of the routes */
    unsigned      roles;
    struct digest sha256;
    /* microseconds; revoked_at, used_at 0: not */
    int64_t       created_at, revoked_at, used_at;
};

/* preview, feed, propose, approve, guard, audit, admin; NULL-ended. */
extern const char *const key_roles[];

/* "feed,propose"; false: an unknown or no role */
bool key_roles_parse(const char *text, unsigned *roles);
void key_roles_format(unsigned roles, char text[static KEY_ROLES_TEXT_MAX]);

/* by id; the revoked ones are left out */
struct keys { const struct caller_key *items; size_t count; };
struct key_cache;

const struct keys *keys_hold(struct key_cache *cache);
void               keys_release(struct key_cache *cache, const struct keys *keys);
/* NULL: none; compares in constant time */
const struct caller_key  *key_find(const struct keys *keys, const char *secret);
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
enum outcome key_revoke(struct connection *connection, const char *actor, const char *id,
                        bool *was_there);
enum outcome key_list(struct connection *connection, struct arena *arena, struct caller_key **keys,
                      size_t *count);

/* On a database without keys: one key for each role into a new file of mode 0600, lines
 * of "role secret". False: `why`. */
bool keys_write_first(struct connection *connection, const char *path,
                      char why[static DATABASE_WHY_MAX]);

#endif
