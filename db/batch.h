/* Decisions that go into one transaction: numbered, sealed, and sent in one
 * pipeline. Only for the writer. */
#ifndef DB_BATCH_H
#define DB_BATCH_H

#include "db/array.h"
#include "db/chain.h"
#include "db/writer.h"

/* What a transaction usually takes at most, and what it has room for: never less than one whole
 * request. */
enum { BATCH_USUAL = 512, BATCH_BYTES = 1 << 20, BATCH_MAX = 1024 };
_Static_assert((int)BATCH_MAX >= (int)GROUP_MAX, "a whole request goes into one transaction");

/* Hashes that are known to be kept, and as named by a decision of this day, so that a state that
 * comes with every request is sent once a day: its row's kept_at tells, to the day, when the last
 * decision named it, and it is pruned by that (kept.h). Bounded; forgets all when full. */
enum { KNOWN_SLOTS = 4096, KNOWN_MAX = KNOWN_SLOTS / 2 };
struct known {
    struct digest slots[KNOWN_SLOTS];
    bool          is_used[KNOWN_SLOTS];
    size_t        count;
    int64_t       day;
};

bool known_has(const struct known *known, const struct digest *digest);
void known_add(struct known *known, const struct digest *digest);
void known_forget(struct known *known);
void known_turn(struct known *known, int64_t now_us);     /* forgets all where a day has begun */

struct batch {
    struct decision **items;
    size_t            count;
    const char       *inst;
    struct position   first, after;           /* before its first record, and after its last */
    struct arena      arena;
    struct array      days, iseqs, salts, records;
    struct text       entries, terms;         /* of the queue's row */
    struct array      markets;
    struct array      callers, keys, body_sha256s, decisions, workings, created;
    struct array      kept_sha256s, kept_bytes;
    /* What the database says of each item: it may be written, its
     * market moved on, its key is taken. */
    enum settlement   verdicts[BATCH_MAX];
    size_t            refused_count;
};

size_t decision_bytes(const struct decision *decision);
/* What it adds to a batch: a state that is kept already, or that the one before it brings, is not
 * sent again. `before` may be NULL. */
size_t decision_bytes_more(const struct known *known, const struct decision *decision,
                           const struct decision *before);
/* Tells who waits for it. */
void    decision_settle(struct decision *decision, enum settlement settlement);
/* where to cut groups: the end of one, past the middle if it can be; `count`: there is one */
size_t  groups_half(struct decision *const *items, size_t count);
/* once a group: afterwards its decisions may be gone */
void    settle_all(struct decision **items, size_t count, enum settlement settlement);
int64_t decision_day(const struct decision *decision);         /* since 1970, UTC */
int64_t newest_us(struct decision *const *items, size_t count);    /* of their times */

/* Numbers and seals the items (id, iseq, sealed). False: out of
 * memory. It must be closed either way. */
bool batch_open(struct batch *batch, struct decision **items, size_t count, const char *inst,
                const struct position *first, const struct known *known);
void batch_close(struct batch *batch);

/* the statements, and the role that they need, once a connection */
bool         batch_prepare(struct connection *connection);
/* All but COMMIT, in one round trip. OK: the transaction is open, and refused_count
 * tells whether it may be committed. */
enum outcome batch_send(struct connection *connection, struct batch *batch);
/* Of one that PostgreSQL refused alone: a key that somebody holds is taken, a lock held too long is
 * not its fault, the rest is. */
enum settlement settlement_alone(const struct connection *connection,
                                 const struct decision *decision);
void         batch_rollback(struct connection *connection);

/* Was a transaction committed whose COMMIT was not answered? Puts a row in the place of its first
 * one, and takes it back: if that works, the old transaction is dead and can never appear; if the
 * place is taken, it was committed. While it is still running, the lock is waited for. */
enum outcome batch_probe(struct connection *connection, int64_t day, const char *inst, int64_t iseq,
                         bool *is_written);

#endif
