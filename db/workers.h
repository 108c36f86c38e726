/* Threads with a connection each, for what must query. */
#ifndef DB_WORKERS_H
#define DB_WORKERS_H

#include "db/database.h"

struct workers;

struct workers *workers_open(struct database *database, size_t threads, size_t queue_max);
/* False: the queue is full. `job` is called once, on a worker; its connection is
 * NULL while the database is away. */
bool            workers_submit(struct workers *workers, void (*job)(struct connection *connection,
                                                                    void *context), void *context);
void            workers_close(struct workers *workers);   /* runs what is queued, then ends */

#endif
