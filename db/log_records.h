/* Ranges of the log's records. For worker threads. */
#ifndef DB_LOG_RECORDS_H
#define DB_LOG_RECORDS_H

#include "db/log.h"

/* The next records from `from` on and before `to`, in the order of their indexes: as many as one
 * query reads, fewer where they are large. The record's bytes live until `take` returns; false from
 * it ends the reading. `next` is the index after the last one that was taken. AWAY: the database,
 * or a leaf is missing. */
enum find log_records_find(struct connection *connection, int64_t from, int64_t to,
                           bool (*take)(void *context, const struct stored_record *record),
                           void *context, int64_t *next);

#endif
