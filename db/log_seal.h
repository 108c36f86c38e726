/* The way out for a log that may not be signed any more, because its database was rolled back or its key
 * was lost (log.md 7): its last good checkpoint is set down in the file `seal`, and a log of another
 * origin, in another database, begins with a record that quotes it. */
#ifndef DB_LOG_SEAL_H
#define DB_LOG_SEAL_H

#include "audit/key.h"
#include "db/database.h"

enum { SEAL_BYTES_MAX = 64 << 10 };

/* Writes `path` with the note that the audit-state file `state_path` keeps, which `key` has signed.
 * False: `why`; a seal is never written over. */
bool log_seal_write(const char *path, const char *state_path, const struct key *key,
                    char why[static DATABASE_WHY_MAX]);

enum seal { SEAL_NONE, SEAL_OF_THIS, SEAL_OF_ANOTHER, SEAL_BAD };

/* Of the log `origin`, or of one before it. The note goes to `note`, with a NUL. BAD: `why`. */
enum seal log_seal_read(const char *path, const char *origin, char note[static SEAL_BYTES_MAX],
                        char why[static DATABASE_WHY_MAX]);

/* Puts an `open` record that quotes the note before all that waits, where the log has no entry yet and
 * none quotes it. */
enum outcome log_seal_quote(struct connection *connection, const char *note);

#endif
