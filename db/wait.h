/* Waiting for libpq with a deadline of our own, so that a server that stands still is
 * as good as gone. Only for db/. */
#ifndef DB_WAIT_H
#define DB_WAIT_H

#include "db/database.h"

int64_t wait_clock_us(void);                              /* monotonic */
int64_t wait_deadline_ms(int64_t patience_ms);            /* on the monotonic clock */
int64_t wait_left_ms(int64_t deadline_ms);                /* 0: passed */

bool wait_for_connection(struct connection *connection, int64_t patience_ms);
/* Sends what is queued and waits until PQgetResult does not block: it has an answer, or knows that
 * the connection is lost. False: the deadline has passed; the connection must be dropped. */
bool wait_for_result(struct connection *connection, int64_t deadline_ms);

/* What they share with database.c. */
enum outcome outcome_of(struct connection *connection, const struct pg_result *result);
enum outcome prepare_statement(struct connection *connection, const char *name, const char *sql);
/* fsync and full_page_writes are on; else `why` */
bool         server_is_safe(struct connection *connection);
/* several statements, no arguments */
enum outcome run_script(struct connection *connection, const char *sql);
/* The server's limits; 0: none. Our own patience becomes a little longer: the
 * server's answer is the better one. */
enum outcome connection_set_patience(struct connection *connection, int64_t statement_ms,
                                     int64_t lock_ms);
/* COMMIT, outside of what the connection knows of transactions. AWAY and `has_warned`: committed,
 * but not replicated as it should be (its wait was cut off): it may not be acknowledged. */
enum outcome run_commit(struct connection *connection);
enum outcome connection_restore_patience(struct connection *connection);
void         connection_drop(struct connection *connection);   /* closes it without a word */
/* from yesterday to a week ahead */
bool         partitions_make(struct connection *connection, int64_t now_us);

#endif
