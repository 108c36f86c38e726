/* How long states and documents are kept by their hash: log.md 9. */
#ifndef DB_KEPT_H
#define DB_KEPT_H

#include "db/database.h"

/* The start of the oldest UTC day whose decisions are kept, in microseconds; INT64_MIN: there is no
 * such day. False: connection->why says why. */
bool decisions_begin(struct connection *connection, int64_t *begin_us);

/* Deletes what no decision names any more: what the last one named more than a day before that. The
 * writer says when a decision names something, once a day (batch.h), so the time is that of some
 * decision of the last day that did; and a day more is for two instances that begin a day together.
 * `pruned`: how many, KEPT_PRUNE_ROWS at most. */
enum { KEPT_PRUNE_ROWS = 1000 };
bool kept_prune(struct connection *connection, int64_t begin_us, int64_t *pruned);

#endif
