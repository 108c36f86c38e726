/* The schema by number: plain SQL files inside the program, each run once
 * and remembered with its SHA-256. */
#ifndef DB_MIGRATION_H
#define DB_MIGRATION_H

#include "db/database.h"
#include "record/assets.h"

/* Runs those that are missing, each in a transaction of its own, under a lock so that two programs
 * may start at once. A file that was changed since, one that is gone, and a database newer than the
 * program are refused: false, and `why` names it. `done` gets how many ran. */
bool migrate(struct connection *connection, size_t *done, char why[static DATABASE_WHY_MAX]);

/* The same of other files (tests): sorted by name, those that match "migrations/NNNN_*.sql". */
bool migrate_files(struct connection *connection, const struct asset_file *files,
                   size_t files_count, size_t *done, char why[static DATABASE_WHY_MAX]);

#endif
