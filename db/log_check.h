/* The whole log as it stands in the database, against itself: every entry, leaf, tile, record, checkpoint
 * and signature (log.md 7). What `breakwater verify` does from outside. */
#ifndef DB_LOG_CHECK_H
#define DB_LOG_CHECK_H

#include "audit/key.h"
#include "db/database.h"

enum log_check { LOG_CHECK_GOOD, LOG_CHECK_BAD, LOG_CHECK_STOPPED, LOG_CHECK_AWAY };

struct log_check_settings {
    const struct key *key;
    bool            (*may_go_on)(void *context);       /* asked between chunks; NULL: always */
    void             *context;
};

/* Up to the head as it is now; the log may grow meanwhile. Reads are in chunks, without a transaction.
 * BAD: `why` names the first thing that is wrong, and where. `size` gets how many leaves are good. */
enum log_check log_check_all(struct connection *connection, const struct log_check_settings *settings,
                             int64_t *size, char why[static DATABASE_WHY_MAX]);

#endif
