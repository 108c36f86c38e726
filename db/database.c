/* One connection and one statement: libpq's answers turned into few outcomes. */
#include "db/database.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

#include "db/chain.h"
#include "db/keys.h"
#include "db/markets.h"
#include "db/migration.h"
#include "db/log.h"
#include "db/primary.h"
#include "db/snapshots.h"
#include "db/url.h"
#include "db/wait.h"

enum { CONNECT_MS = 2000, STATEMENT_MS = 10000, LOCK_MS = 1000, SLACK_MS = 2000 };
enum { SERVER_VERSION_LEAST = 140000, SQL_MAX = 128, REPORT_MAX = 640 };

#define DAY_US INT64_C(86400000000)

struct database {
    struct database_settings settings;
    char                    *url;             /* our copy of the settings' */
    struct primary          *primary;
    struct market_cache     *markets;
    struct key_cache        *keys;
    struct snapshot_cache   *snapshots;
    struct log_cache        *log;
};

struct market_cache *database_markets(struct database *database) { return database->markets; }
struct key_cache    *database_keys(struct database *database)    { return database->keys; }

struct log_cache *
database_log(struct database *database)
{
    return database->log;
}

struct snapshot_cache *
database_snapshots(struct database *database)
{
    return database->snapshots;
}

int64_t
clock_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
database_report(struct database *database, const char *format, ...)
{
    char    line[REPORT_MAX];
    va_list values;

    if (!database->settings.report)
        return;
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    database->settings.report(database->settings.report_context, line);
}

/* libpq's messages are lines: the last line's end is cut off, the others become "; ". */
static void
note_why(struct connection *connection, const char *message)
{
    size_t count = 0;

    for (const char *from = message; *from && count < sizeof connection->why - 2; from++) {
        if (*from == '\t')
            continue;
        if (*from != '\n') {
            connection->why[count++] = *from;
        } else if (from[1]) {
            connection->why[count++] = ';';
            connection->why[count++] = ' ';
        }
    }
    connection->why[count] = '\0';
}

static void
note_warning(void *context, const PGresult *result)
{
    struct connection *connection = context;
    const char        *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    connection->has_warned |= severity && !strcmp(severity, "WARNING");
}

static const struct { const char *prefix; enum outcome outcome; } sqlstates[] = {
    { "23505", OUTCOME_CONFLICT },    /* unique_violation */
    { "23503", OUTCOME_CONFLICT },    /* foreign_key_violation */
    { "40001", OUTCOME_RETRY },       /* serialization_failure */
    { "40P01", OUTCOME_RETRY },       /* deadlock_detected */
    { "55P03", OUTCOME_RETRY },       /* lock_not_available */
    { "25006", OUTCOME_CLOSED },      /* read_only_sql_transaction: a standby */
    /* insufficient_resources: no room on the disk, too many connections */
    { "53",    OUTCOME_CLOSED },
    /* operator_intervention: shutting down, statement cancelled */
    { "57",    OUTCOME_CLOSED },
    { "58",    OUTCOME_CLOSED },      /* system_error: an I/O error */
    { "XX",    OUTCOME_CLOSED },      /* internal_error, data_corrupted */
    { "08",    OUTCOME_AWAY },        /* connection_exception */
};

enum outcome
outcome_of(struct connection *connection, const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_PIPELINE_SYNC)
        return OUTCOME_OK;

    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    note_why(connection, text ? text : PQerrorMessage(connection->raw));
    snprintf(connection->sqlstate, sizeof connection->sqlstate, "%s", code ? code : "");
    /* After FATAL and PANIC the server has hung up, whatever libpq has noticed by now. */
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (PQstatus(connection->raw) != CONNECTION_OK || !code ||
        (severity && strcmp(severity, "ERROR") != 0))
        return OUTCOME_AWAY;
    for (size_t i = 0; i < sizeof sqlstates / sizeof *sqlstates; i++)
        if (!strncmp(code, sqlstates[i].prefix, strlen(sqlstates[i].prefix)))
            return sqlstates[i].outcome;
    return OUTCOME_REFUSED;
}

struct arg
arg_integer(int64_t integer, char room[static ARG_INTEGER_MAX])
{
    snprintf(room, ARG_INTEGER_MAX, "%" PRId64, integer);
    return ARG_TEXT(room);
}

/* The last result of what was sent; the first one that failed counts. NULL: there is none, and the
 * connection, on which one might still come, is gone. */
static PGresult *
collect(struct connection *connection)
{
    int64_t   deadline_ms = wait_deadline_ms(connection->patience_ms);
    PGresult *kept = NULL;

    for (;;) {
        if (!wait_for_result(connection, deadline_ms)) {
            PQclear(kept);
            note_why(connection, "there was no answer in time");
            connection_drop(connection);
            return NULL;
        }
        PGresult *next = PQgetResult(connection->raw);
        if (!next)
            return kept;
        bool kept_failed = kept && PQresultStatus(kept) == PGRES_FATAL_ERROR;
        PQclear(kept_failed ? next : kept);
        kept = kept_failed ? kept : next;
    }
}

static enum outcome
execute(struct connection *connection, const char *sql, const struct arg *args, size_t args_count,
        bool is_binary, PGresult **rows)
{
    const char *values[ARGS_MAX];
    int         lengths[ARGS_MAX], formats[ARGS_MAX];

    assert(args_count <= ARGS_MAX);
    *rows = NULL;
    if (!connection->raw || PQstatus(connection->raw) != CONNECTION_OK)
        return OUTCOME_AWAY;
    for (size_t i = 0; i < args_count; i++) {
        values[i]  = args[i].value;
        lengths[i] = args[i].count;
        formats[i] = args[i].is_binary;
        if (args[i].is_lacking) {
            note_why(connection, "there is no memory for a statement's arguments");
            return OUTCOME_CLOSED;
        }
    }
    if (!PQsendQueryParams(connection->raw, sql, (int)args_count, NULL, values, lengths, formats,
                           is_binary)) {
        note_why(connection, PQerrorMessage(connection->raw));
        return OUTCOME_AWAY;
    }
    PGresult *result = collect(connection);
    if (!result)
        return OUTCOME_AWAY;
    enum outcome outcome = outcome_of(connection, result);
    if (outcome)
        PQclear(result);
    else
        *rows = result;
    return outcome;
}

enum outcome
run(struct connection *connection, const char *sql, const struct arg *args, size_t args_count,
    PGresult **rows)
{
    return execute(connection, sql, args, args_count, false, rows);
}

enum outcome
run_binary(struct connection *connection, const char *sql, const struct arg *args,
           size_t args_count, PGresult **rows)
{
    return execute(connection, sql, args, args_count, true, rows);
}

enum outcome
run_command(struct connection *connection, const char *sql, const struct arg *args,
            size_t args_count, int64_t *changed)
{
    PGresult    *rows;
    enum outcome outcome = execute(connection, sql, args, args_count, false, &rows);

    if (outcome)
        return outcome;
    if (changed)
        *changed = strtoll(PQcmdTuples(rows), NULL, 10);
    PQclear(rows);
    return OUTCOME_OK;
}

enum outcome
run_script(struct connection *connection, const char *sql)
{
    if (!connection->raw || !PQsendQuery(connection->raw, sql))
        return OUTCOME_AWAY;
    PGresult *result = collect(connection);
    if (!result)
        return OUTCOME_AWAY;
    enum outcome outcome = outcome_of(connection, result);
    PQclear(result);
    return outcome;
}

enum outcome
prepare_statement(struct connection *connection, const char *name, const char *sql)
{
    if (!connection->raw || !PQsendPrepare(connection->raw, name, sql, 0, NULL))
        return OUTCOME_AWAY;
    PGresult *result = collect(connection);
    if (!result)
        return OUTCOME_AWAY;
    enum outcome outcome = outcome_of(connection, result);
    PQclear(result);
    return outcome;
}

enum outcome
transaction_begin(struct connection *connection)
{
    assert(!connection->in_transaction);
    enum outcome outcome = run_command(connection, "BEGIN", NULL, 0, NULL);
    connection->in_transaction = !outcome;
    connection->chain_before   = connection->chain;
    return outcome;
}

void
transaction_rollback(struct connection *connection)
{
    connection->in_transaction = false;
    connection->chain          = connection->chain_before;
    if (run_command(connection, "ROLLBACK", NULL, 0, NULL) && connection->raw)
        connection_drop(connection);
}

/* COMMIT of a transaction in which a statement failed answers ROLLBACK. Where the wait for a
 * standby is cut off, by hand or by a timeout, it answers COMMIT after a warning. */
enum outcome
run_commit(struct connection *connection)
{
    PGresult *rows;

    connection->has_warned = false;
    if (!connection_is_up(connection))
        return OUTCOME_AWAY;
    enum outcome outcome = run(connection, "COMMIT", NULL, 0, &rows);
    if (!outcome && strcmp(PQcmdStatus(rows), "COMMIT") != 0)
        outcome = OUTCOME_REFUSED;
    else if (!outcome && connection->has_warned)
        outcome = OUTCOME_AWAY;
    PQclear(rows);
    return outcome;
}

enum outcome
transaction_commit(struct connection *connection)
{
    assert(connection->in_transaction);
    enum outcome outcome = run_commit(connection);
    connection->in_transaction = false;
    if (outcome)
        connection->chain = connection->chain_before;
    /* Where the answer was lost, nobody knows how far this instance's records go: the next
     * connection begins another one. */
    if (outcome == OUTCOME_AWAY)
        connection_drop(connection);
    return outcome;
}

bool
connection_is_up(const struct connection *connection)
{
    return connection->raw && PQstatus(connection->raw) == CONNECTION_OK &&
           primary_is_current(connection->database->primary, connection);
}

void
connection_drop(struct connection *connection)
{
    PQfinish(connection->raw);
    connection->raw            = NULL;
    connection->in_transaction = false;
    connection->chain          = (struct chain){ .is_open = false };
}

void
connection_close(struct connection *connection)
{
    if (connection_is_up(connection))
        chain_end(connection);
    connection_drop(connection);
}

/* One host. Where there are several, each has its part of the time, so that one that is silent
 * does not keep us from the next; and a standby is passed over. */
static bool
start(struct connection *connection, const struct database_settings *settings,
      const struct primary_host *host, size_t hosts_count)
{
    char    timeout_s[ARG_INTEGER_MAX], timeout_ms[ARG_INTEGER_MAX];
    int64_t connect_ms = settings->connect_ms / (int64_t)hosts_count;

    arg_integer((settings->connect_ms + 999) / 1000, timeout_s);
    arg_integer(settings->statement_ms, timeout_ms);
    /* What stands before dbname may be overruled by the connection
     * string, what stands after it may not. */
    const char *names[]  = { "connect_timeout", "tcp_user_timeout", "keepalives_idle",
                             "fallback_application_name", "target_session_attrs", "dbname",
                             "client_encoding", "host", "hostaddr", "port", NULL };
    const char *values[] = { timeout_s, timeout_ms, "10", "breakwater",
                             hosts_count > 1 ? "read-write" : "any", settings->url, "UTF8",
                             host->host, host->hostaddr, host->port, NULL };

    connection->raw = PQconnectStartParams(names, values, 1);
    if (connection->raw && PQstatus(connection->raw) != CONNECTION_BAD &&
        wait_for_connection(connection, connect_ms))
        return true;
    note_why(connection, connection->raw ? PQerrorMessage(connection->raw) : "out of memory");
    return false;
}

enum outcome
connection_set_patience(struct connection *connection, int64_t statement_ms, int64_t lock_ms)
{
    char sql[SQL_MAX];

    connection->patience_ms = statement_ms ? statement_ms + SLACK_MS : INT32_MAX;
    snprintf(sql, sizeof sql, "SET statement_timeout = %" PRId64 "; SET lock_timeout = %" PRId64,
             statement_ms, lock_ms);
    return run_script(connection, sql);
}

static bool
prepare_session(struct connection *connection, const struct database_settings *settings)
{
    static const char sql[] = "SET idle_in_transaction_session_timeout = 15000;"
                              " SET search_path = pg_catalog; SET timezone = 'UTC';"
                              " SET datestyle = 'ISO';"
                              "SELECT set_config('synchronous_commit', 'on', false)"
                              " WHERE current_setting('synchronous_commit') <> 'remote_apply'";

    PQsetNoticeReceiver(connection->raw, note_warning, connection);
    return !PQsetnonblocking(connection->raw, 1) &&
           !connection_set_patience(connection, settings->statement_ms, settings->lock_ms) &&
           !run_script(connection, sql);
}

enum outcome
connection_restore_patience(struct connection *connection)
{
    const struct database_settings *settings = &connection->database->settings;
    return connection_set_patience(connection, settings->statement_ms, settings->lock_ms);
}

static bool
open_host(struct connection *connection, struct database *database, size_t index)
{
    struct primary_host host = primary_host_at(database->primary, index);

    *connection = (struct connection){ .database = database,
                                       .patience_ms = database->settings.statement_ms };
    if (start(connection, &database->settings, &host, primary_hosts_count(database->primary)) &&
        prepare_session(connection, &database->settings) &&
        primary_accept(database->primary, connection, index))
        return true;
    connection_drop(connection);
    return false;
}

bool
connection_open(struct connection *connection, struct database *database)
{
    size_t hosts_count = primary_hosts_count(database->primary);
    size_t first = primary_last_good(database->primary);

    for (size_t i = 0; i < hosts_count; i++)
        if (open_host(connection, database, (first + i) % hosts_count))
            return true;
    return false;
}

void
database_look_around(struct database *database)
{
    struct connection connection;
    size_t            hosts_count = primary_hosts_count(database->primary);

    for (size_t i = 0; hosts_count > 1 && i < hosts_count; i++)
        if (open_host(&connection, database, i))
            connection_drop(&connection);
}

bool
server_is_safe(struct connection *connection)
{
    static const char sql[] = "SELECT name, setting FROM pg_settings"
                              " WHERE name IN ('fsync', 'full_page_writes') AND setting <> 'on'";
    PGresult         *rows;

    if (run(connection, sql, NULL, 0, &rows))
        return false;
    bool is_safe = !PQntuples(rows);
    if (!is_safe)
        snprintf(connection->why, sizeof connection->why,
                 "the server has %s = %s: a decision would not survive a power cut; set it to on",
                 PQgetvalue(rows, 0, 0), PQgetvalue(rows, 0, 1));
    PQclear(rows);
    return is_safe;
}

static bool
check_server(struct connection *connection)
{
    int         version = PQserverVersion(connection->raw);
    const char *encoding = PQparameterStatus(connection->raw, "server_encoding");

    if (version < SERVER_VERSION_LEAST) {
        snprintf(connection->why, sizeof connection->why,
                 "PostgreSQL %d is too old: version 14 or later is needed", version / 10000);
        return false;
    }
    if (!encoding || strcmp(encoding, "UTF8") != 0) {
        snprintf(connection->why, sizeof connection->why,
                 "the database's encoding is %.20s: one of encoding UTF8 is needed",
                 encoding ? encoding : "unknown");
        return false;
    }
    return server_is_safe(connection);
}

bool
partitions_make(struct connection *connection, int64_t now_us)
{
    static const char sql[] =
        "SELECT audit.partitions_make(($1::bigint - 1)::integer + date '1970-01-01',"
        " ($1::bigint + 8)::integer + date '1970-01-01')";
    char              room[ARG_INTEGER_MAX];
    struct arg        day = arg_integer(now_us / DAY_US, room);

    return !run_command(connection, sql, &day, 1, NULL);
}

static bool
load(struct database *database, struct connection *connection, char why[static DATABASE_WHY_MAX])
{
    size_t done;

    if (!check_server(connection)) {
        snprintf(why, DATABASE_WHY_MAX, "%s", connection->why);
        return false;
    }
    if (!migrate(connection, &done, why))
        return false;
    if (done)
        database_report(database, "the schema was brought up to date: %zu migration%s", done,
                        done == 1 ? "" : "s");
    database->markets = market_cache_open();
    database->keys    = key_cache_open();
    database->snapshots = snapshot_cache_open();
    database->log = log_cache_open();
    if (database->markets && database->keys && database->snapshots && database->log &&
        partitions_make(connection, clock_now_us()) &&
        market_cache_reload(database->markets, connection) &&
        key_cache_reload(database->keys, connection) &&
        snapshot_cache_reload(database->snapshots, connection) &&
        log_cache_reload(database->log, connection))
        return true;
    snprintf(why, DATABASE_WHY_MAX, "%s", connection->why);
    return false;
}

void
database_close(struct database *database)
{
    if (!database)
        return;
    market_cache_close(database->markets);
    key_cache_close(database->keys);
    snapshot_cache_close(database->snapshots);
    log_cache_close(database->log);
    primary_close(database->primary);
    free(database->url);
    free(database);
}

static struct database *
make_database(const struct database_settings *settings)
{
    struct database *database = calloc(1, sizeof *database);
    char            *url = strdup(settings->url);

    struct primary  *primary = primary_open(settings->url, settings->primary_path);

    if (!database || !url || !primary) {
        primary_close(primary);
        free(database);
        free(url);
        return NULL;
    }
    database->primary      = primary;
    database->url          = url;
    database->settings     = *settings;
    database->settings.url = url;
    database->settings.primary_path = NULL;   /* read, and the caller's */
    if (!settings->connect_ms)
        database->settings.connect_ms = CONNECT_MS;
    if (!settings->statement_ms)
        database->settings.statement_ms = STATEMENT_MS;
    if (!settings->lock_ms)
        database->settings.lock_ms = LOCK_MS;
    return database;
}

struct database *
database_open(const struct database_settings *settings, char why[static DATABASE_WHY_MAX])
{
    struct database  *database = make_database(settings);
    struct connection connection;

    if (!database) {
        snprintf(why, DATABASE_WHY_MAX, "out of memory");
        return NULL;
    }
    if (!url_check(settings->url, why)) {
        database_close(database);
        return NULL;
    }
    database_look_around(database);
    bool is_open   = connection_open(&connection, database);
    bool is_loaded = is_open && load(database, &connection, why);
    if (!is_open)
        snprintf(why, DATABASE_WHY_MAX, "%s", connection.why);
    connection_close(&connection);
    if (is_loaded)
        return database;
    database_close(database);
    return NULL;
}
