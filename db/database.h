/* The database as the rest of the service sees it: where it is, one connection, one
 * statement, one of few outcomes. */
#ifndef DB_DATABASE_H
#define DB_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/digest.h"

struct pg_conn;
struct pg_result;
struct key_cache;
struct log_cache;
struct market_cache;
struct snapshot_cache;

enum { INST_TEXT_MAX = 37, DATABASE_WHY_MAX = 320, ARGS_MAX = 24 };

/* What a statement can come to. */
enum outcome {
    OUTCOME_OK,
    OUTCOME_CONFLICT,         /* a row with that key is there, or one that it names is not */
    /* serialization failure, deadlock, a lock held too long: the same again may work */
    OUTCOME_RETRY,
    OUTCOME_REFUSED,          /* the data cannot be stored: no repetition helps */
    /* no room, read-only, shutting down: not now, and not because of the data */
    OUTCOME_CLOSED,
    /* the connection is gone; after a COMMIT was sent: it is not known what happened */
    OUTCOME_AWAY,
};

struct database_settings {
    /* libpq's connection string or URI; several hosts for failover */
    const char *url;
    /* a file that remembers which primary is the newest (db/primary.h); NULL: none */
    const char *primary_path;
    int64_t     connect_ms, statement_ms, lock_ms;      /* 0: 2000, 10000, 1000 */
    /* Lines for the service's log: one sentence, lower case. May
     * be NULL. Called from any thread. */
    void      (*report)(void *context, const char *line);
    void       *report_context;
};

/* Where the database is, and what of it is held in memory. Shared by all threads. */
struct database;

/* Connects, checks the server (version 14 or later; fsync, full_page_writes and synchronous_commit
 * on), runs the migrations, makes the log's partitions, loads keys, markets and snapshots. NULL:
 * `why` says why, naming what must be done. */
struct database     *database_open(const struct database_settings *settings,
                                   char why[static DATABASE_WHY_MAX]);
struct market_cache *database_markets(struct database *database);
struct key_cache    *database_keys(struct database *database);
struct snapshot_cache *database_snapshots(struct database *database);
struct log_cache    *database_log(struct database *database);
void                 database_report(struct database *database, const char *format,
                                     ...) __attribute__((format(printf, 2, 3)));
/* Where the connection string names several hosts: asks each, so that we know of one that was
 * promoted. */
void                 database_look_around(struct database *database);
void                 database_close(struct database *database);   /* after its threads have ended */

/* The log as one connection continues it: records of kinds other than decision are written by the
 * connection that makes the change, in the change's own transaction, each connection being an
 * instance of its own (log.md 6). */
struct chain { bool is_open; char inst[INST_TEXT_MAX]; int64_t iseq; struct digest prev; };

/* One connection, of one thread at a time. */
struct connection {
    struct database *database;
    struct pg_conn  *raw;                 /* libpq's */
    struct chain     chain, chain_before; /* as of the open transaction, and before it */
    bool             in_transaction;
    int64_t          patience_ms;         /* how long we wait for an answer */
    int64_t          timeline;            /* of the server; 0: not known, or a standby's */
    bool             has_warned;          /* the server, since the last COMMIT was sent */
    char             why[DATABASE_WHY_MAX];             /* the last fault, for the service's log */
    char             sqlstate[6];
};

/* Tries each host once, within the settings' connect time in all. */
bool connection_open(struct connection *connection, struct database *database);
bool connection_is_up(const struct connection *connection);
/* writes the `close` record where it logged anything */
void connection_close(struct connection *connection);

/* An argument of a statement; text unless `bytes` says binary. NULL value: SQL null. Lacking: there
 * was no memory for it, and the statement is not sent (CLOSED). */
struct arg { const char *value; int count; bool is_binary, is_lacking; };

#define ARG_TEXT(text)         ((struct arg){ .value = (text) })
#define ARG_BYTES(at, length) \
    ((struct arg){ .value = (const char *)(at), .count = (int)(length), .is_binary = true })
#define ARG_DIGEST(digest)     ARG_BYTES((digest)->bytes, DIGEST_BYTES)

/* A bigint as text, in `room`. */
enum { ARG_INTEGER_MAX = 24 };
struct arg arg_integer(int64_t integer, char room[static ARG_INTEGER_MAX]);

/* Runs one statement; rows come as text, or as binary for `run_binary`. The rows must be
 * cleared where the outcome is OK. */
enum outcome run(struct connection *connection, const char *sql, const struct arg *args,
                 size_t args_count, struct pg_result **rows);
enum outcome run_binary(struct connection *connection, const char *sql, const struct arg *args,
                        size_t args_count, struct pg_result **rows);
/* The same without rows; `changed` (may be NULL) gets the number of rows that it touched. */
enum outcome run_command(struct connection *connection, const char *sql, const struct arg *args,
                         size_t args_count, int64_t *changed);

enum outcome transaction_begin(struct connection *connection);
/* AWAY: it is not known what happened, or it is not replicated as it
 * should be; else not OK: rolled back. */
enum outcome transaction_commit(struct connection *connection);
void         transaction_rollback(struct connection *connection);

int64_t clock_now_us(void);               /* for what no request's clock reading covers */

#endif
