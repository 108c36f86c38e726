/* The log's signing keys, each in a file of mode 0600 that holds one line (log.md 4), and the state
 * file that keeps, outside the database, the largest checkpoint that was signed or served here
 * (log.md 7). */
#ifndef DB_LOG_KEYS_H
#define DB_LOG_KEYS_H

#include "audit/checkpoint.h"
#include "db/database.h"

/* `next` signs beside `log` while the one takes the other's place. */
struct log_keys { struct signer log, receipt, next; bool has_next; };

/* From `path`, and the receipts' from the same name with ".receipt" behind it. Where neither file is
 * there and `may_make`, both are made, with the verifier keys beside them (".pub"). False: `why`
 * names the file and the remedy: it is missing, is not its form, has another mode, a key ID that is
 * not its key's, or a name that is not the origin. */
bool log_keys_open(const char *path, const char *origin, bool may_make, struct log_keys *out,
                   char why[static DATABASE_WHY_MAX]);
/* The key that will take the log key's place: a file of the same form, of the same origin. */
bool log_keys_open_next(const char *path, const char *origin, struct log_keys *keys,
                        char why[static DATABASE_WHY_MAX]);
/* A `key` record for each verifier key that the log does not name yet, so that it tells of its keys
 * itself. */
enum outcome log_keys_record(struct connection *connection, const struct log_keys *keys);
void log_keys_forget(struct log_keys *keys);

/* The note that was kept; out->size -1: none is. False: the file cannot be read, or is not a note of
 * this key. */
bool log_state_read(const char *path, const struct key *key, struct checkpoint *out,
                    char why[static DATABASE_WHY_MAX]);
/* Durable when it returns true; the old one stays where it fails. */
bool log_state_write(const char *path, const char *note, size_t count,
                     char why[static DATABASE_WHY_MAX]);

#endif
