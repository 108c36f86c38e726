/* What the database holds for the client of witnesses: the checkpoint that is to be cosigned, how far each
 * witness has come, what they signed (log.md 8). For the client's own threads. */
#ifndef DB_WITNESS_LOG_H
#define DB_WITNESS_LOG_H

#include "audit/policy.h"
#include "audit/witness.h"
#include "db/log.h"

/* The latest signed checkpoint, published or not; the note without cosignatures. */
enum find    witness_log_latest(struct connection *connection, struct arena *arena,
                                struct stored_checkpoint *out);

/* Takes the turn to ask this witness, so that many instances do not ask at once. `old`: the size that it
 * cosigned last, 0: none. NOTHING: another instance asks. */
enum find    witness_log_claim(struct connection *connection, const char *witness, int64_t *old);

/* The cosignature, verified, and where the witness stands now; what is served follows. */
enum outcome witness_log_store(struct connection *connection, const char *witness, int64_t size,
                               uint32_t key_id, struct line line, int64_t time_s);
/* What it came to instead of that; `size` -1: where the witness stands is not news. */
enum outcome witness_log_fault(struct connection *connection, const char *witness, int64_t size,
                               const char *why);

/* Publishes the largest checkpoint above `published` that a quorum has cosigned. */
enum outcome witness_log_publish(struct connection *connection, const struct policy *policy,
                                 int64_t published);

#endif
