/* The thread around integrate(). */
#include "db/sequencer.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "db/log.h"
#include "db/thread.h"
#include "db/wait.h"

enum {
    TICK_MS = 200, PUBLISH_MS = 1000, RETRY_MS = 500, HALTED_MS = 10000, COUNT_EVERY_MS = 1000, UNBLOCK_MS = 60000,
    ROWS_EACH = 4096, ROUNDS_MAX = 64, PATH_ROOM = 4200,
};

struct sequencer {
    struct database      *database;
    struct signer         signers[SIGNERS_MAX];
    char                  origin[KEY_NAME_BYTES_MAX + 1], state_path[PATH_ROOM];
    pthread_t             thread;
    struct connection     connection;
    struct integrator     integrator;
    int                   stop_fd;
    int64_t               count_due_ms, unblock_due_ms, publish_due_ms;
    bool                  waits_for_witnesses;
    bool                  is_late;                /* the alarm of the merge delay was told */
    atomic_bool           is_stopped;             /* by sequencer_halt */
    atomic_bool           is_held;                /* until sequencer_release */
    pthread_mutex_t       lock;
    struct sequencer_status status;
    _Atomic int64_t       waiting;
    int64_t               pending_max;
};

static void
tell(struct sequencer *sequencer, bool is_halted, const char *why)
{
    pthread_mutex_lock(&sequencer->lock);
    bool is_news = *why && strcmp(sequencer->status.why, why) != 0;
    sequencer->status.is_halted = is_halted;
    snprintf(sequencer->status.why, sizeof sequencer->status.why, "%s", why);
    sequencer->status.blocked_instances = (int64_t)sequencer->integrator.blocked_count;
    sequencer->status.size = sequencer->integrator.seen.size;
    pthread_mutex_unlock(&sequencer->lock);
    if (is_news)
        database_report(sequencer->database, "%s: %s", is_halted ? "the log is not signed any more"
                                                                 : "the log", why);
}

/* How many records wait, and for how long the oldest does; counted now and then, and no further than
 * it matters. */
static bool
count_waiting(struct sequencer *sequencer)
{
    static const char sql[] =
        "SELECT (SELECT coalesce(sum(octet_length(entry) / 33), 0) FROM (SELECT entry FROM audit.pending"
        " LIMIT 1000001) p),"
        " coalesce((extract(epoch FROM clock_timestamp() - min(queued_at)) * 1e6)::bigint, 0)"
        " FROM (SELECT queued_at FROM audit.pending LIMIT 10000) q";
    PGresult *rows;

    if (run(&sequencer->connection, sql, NULL, 0, &rows))
        return false;
    int64_t waiting = strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
    int64_t delay_us = strtoll(PQgetvalue(rows, 0, 1), NULL, 10);
    PQclear(rows);
    atomic_store(&sequencer->waiting, waiting);
    pthread_mutex_lock(&sequencer->lock);
    sequencer->status.waiting        = waiting;
    sequencer->status.merge_delay_us = delay_us;
    pthread_mutex_unlock(&sequencer->lock);
    if (delay_us > MERGE_DELAY_ALARM_US && !sequencer->is_late)
        database_report(sequencer->database, "records wait for the log since %lld s",
                        (long long)(delay_us / 1000000));
    sequencer->is_late = delay_us > MERGE_DELAY_ALARM_US;
    return true;
}

/* At most once a second; where a quorum of witnesses is asked for, they publish. */
static bool
is_publishing_due(const struct sequencer *sequencer)
{
    return !sequencer->waits_for_witnesses && !wait_left_ms(sequencer->publish_due_ms);
}

/* A head that was signed and not published, once its time has come. False: the connection is gone. */
static bool
publish_late(struct sequencer *sequencer)
{
    static const char sql[] =
        "WITH done AS (UPDATE audit.checkpoint SET published_at = clock_timestamp()"
        " WHERE size = (SELECT size FROM audit.head) AND published_at IS NULL RETURNING size)"
        " SELECT pg_notify('breakwater_log', '') FROM done";
    int64_t published;

    if (!is_publishing_due(sequencer))
        return true;
    if (run_command(&sequencer->connection, sql, NULL, 0, &published))
        return connection_is_up(&sequencer->connection);
    if (published) {
        sequencer->publish_due_ms = wait_deadline_ms(PUBLISH_MS);
        log_cache_reload(database_log(sequencer->database), &sequencer->connection);
    }
    return true;
}

/* The note leaves the process only here, after its COMMIT. */
static void
publish(struct sequencer *sequencer)
{
    const struct integrator *integrator = &sequencer->integrator;
    char                     why[DATABASE_WHY_MAX];

    if (!log_cache_remember(database_log(sequencer->database), integrator->signed_head.size, integrator->note,
                            integrator->note_count, why))
        database_report(sequencer->database, "the audit-state file is not written: %s", why);
    if (!integrator->is_publishing)
        return;
    sequencer->publish_due_ms = wait_deadline_ms(PUBLISH_MS);
    log_cache_reload(database_log(sequencer->database), &sequencer->connection);
}

/* Everything that waits, in so many transactions. Milliseconds until the next time: what came while a
 * transaction ran waits for it, unless there is so much that a transaction is full. A transaction's
 * fixed cost, a flush with it, is worth hundreds of rows. */
static int64_t
integrate_all(struct sequencer *sequencer)
{
    struct integrator *integrator = &sequencer->integrator;

    for (int round = 0; round < ROUNDS_MAX; round++) {
        int64_t size = integrator->seen.size;
        integrator->is_publishing = is_publishing_due(sequencer);
        switch (integrate(&sequencer->connection, integrator, ROWS_EACH)) {
        case INTEGRATED:
            publish(sequencer);
            tell(sequencer, false, integrator->blocked_count ? integrator->why : "");
            if (integrator->seen.size - size < ROWS_EACH)
                return TICK_MS;
            break;
        case INTEGRATION_AGAIN:
            tell(sequencer, false, integrator->why);
            break;
        case INTEGRATION_IDLE:
            tell(sequencer, false, integrator->blocked_count ? integrator->why : "");
            return TICK_MS;
        case INTEGRATION_BUSY:
            return TICK_MS;
        case INTEGRATION_HALTED:
            tell(sequencer, true, integrator->why);
            return HALTED_MS;
        case INTEGRATION_AWAY:
            if (connection_is_up(&sequencer->connection))
                tell(sequencer, false, integrator->why);
            return RETRY_MS;
        }
    }
    return 0;
}

static bool
is_anything_waiting(struct sequencer *sequencer, bool *is_waiting)
{
    PGresult *rows;

    if (run(&sequencer->connection, "SELECT EXISTS (SELECT FROM audit.pending)", NULL, 0, &rows))
        return false;
    *is_waiting = *PQgetvalue(rows, 0, 0) == 't';
    PQclear(rows);
    return true;
}

static bool
may_sign(struct sequencer *sequencer)
{
    return !atomic_load(&sequencer->is_stopped) && !atomic_load(&sequencer->is_held);
}

/* Milliseconds until the next time; -1: the connection is gone. */
static int64_t
tick(struct sequencer *sequencer)
{
    bool    is_waiting = false;
    int64_t pause_ms = TICK_MS;

    if (!wait_left_ms(sequencer->count_due_ms)) {
        if (!count_waiting(sequencer))
            return -1;
        sequencer->count_due_ms = wait_deadline_ms(COUNT_EVERY_MS);
    }
    if (!wait_left_ms(sequencer->unblock_due_ms)) {
        sequencer->integrator.blocked_count = 0;
        sequencer->unblock_due_ms = wait_deadline_ms(UNBLOCK_MS);
    }
    if (!is_anything_waiting(sequencer, &is_waiting))
        return -1;
    if (is_waiting && may_sign(sequencer))
        pause_ms = integrate_all(sequencer);
    else if (may_sign(sequencer) && !publish_late(sequencer))
        return -1;
    return connection_is_up(&sequencer->connection) ? pause_ms : -1;
}

/* True: time to stop. */
static bool
pause_for(struct sequencer *sequencer, int64_t pause_ms)
{
    struct pollfd source = { .fd = sequencer->stop_fd, .events = POLLIN };

    poll(&source, 1, (int)pause_ms);
    return source.revents;
}

static void *
keep_on(void *context)
{
    struct sequencer *sequencer = context;
    bool              is_stopping = false;

    while (!is_stopping) {
        int64_t pause_ms = RETRY_MS;
        if (connection_is_up(&sequencer->connection) ||
            connection_open(&sequencer->connection, sequencer->database)) {
            pause_ms = tick(sequencer);
            if (pause_ms < 0) {
                connection_drop(&sequencer->connection);
                pause_ms = RETRY_MS;
            }
        }
        is_stopping = pause_for(sequencer, pause_ms);
    }
    sequencer->publish_due_ms = 0;
    if (connection_is_up(&sequencer->connection) && may_sign(sequencer)) {
        integrate_all(sequencer);
        sequencer->publish_due_ms = 0;
        publish_late(sequencer);
    }
    connection_close(&sequencer->connection);
    return NULL;
}

static void
discard(struct sequencer *sequencer)
{
    if (sequencer->stop_fd >= 0)
        close(sequencer->stop_fd);
    connection_close(&sequencer->connection);
    for (size_t i = 0; i < SIGNERS_MAX; i++)
        signer_forget(&sequencer->signers[i]);
    pthread_mutex_destroy(&sequencer->lock);
    free(sequencer);
}

/* The log in the database is one that this key signs. */
static bool
check_key(struct sequencer *sequencer, char why[static DATABASE_WHY_MAX])
{
    static const char sql[] = "SELECT note FROM audit.checkpoint ORDER BY size DESC LIMIT 1";
    struct checkpoint checkpoint;
    struct note       note;
    PGresult         *rows;
    enum verdict      verdict = VERDICT_GOOD;

    if (run(&sequencer->connection, sql, NULL, 0, &rows)) {
        snprintf(why, DATABASE_WHY_MAX, "%s", sequencer->connection.why);
        return false;
    }
    if (PQntuples(rows))
        verdict = checkpoint_open(PQgetvalue(rows, 0, 0), (size_t)PQgetlength(rows, 0, 0),
                                  &sequencer->signers[0].key, &note, &checkpoint);
    PQclear(rows);
    if (verdict == VERDICT_MALFORMED) {           /* somebody touched it: it is served, and not signed on */
        atomic_store(&sequencer->is_stopped, true);
        tell(sequencer, true, "the latest checkpoint is not in its form");
        return true;
    }
    if (verdict)
        snprintf(why, DATABASE_WHY_MAX, "the log in this database was not signed with this key: %s. A key "
                 "that takes another's place signs beside it first (BREAKWATER_LOG_KEY_NEXT); a lost key "
                 "means a new origin", verdict_text(verdict));
    return !verdict;
}

/* What was signed or served here before must be a prefix of the log; where it is not, nothing is
 * signed, and the service goes on: decisions wait in the queue. */
static bool
check_log(struct sequencer *sequencer, char why[static DATABASE_WHY_MAX])
{
    struct connection *connection = &sequencer->connection;
    struct checkpoint  kept;

    if (!connection_open(connection, sequencer->database)) {
        snprintf(why, DATABASE_WHY_MAX, "%s", connection->why);
        return false;
    }
    enum outcome outcome = head_open(connection, sequencer->origin);
    if (outcome) {
        snprintf(why, DATABASE_WHY_MAX, "%s",
                 outcome == OUTCOME_CONFLICT ? "the log in this database has another origin than "
                                               "BREAKWATER_ORIGIN" : connection->why);
        return false;
    }
    if (!check_key(sequencer, why) || !log_state_read(sequencer->state_path, &sequencer->signers[0].key, &kept, why))
        return false;
    log_cache_keep(database_log(sequencer->database), sequencer->state_path, kept.size);
    if (kept.size >= 0)
        sequencer->integrator.seen = (struct seen){ true, kept.size, kept.root };
    if (integrate_check(connection, &sequencer->integrator) == INTEGRATION_HALTED)
        tell(sequencer, true, sequencer->integrator.why);
    return log_cache_reload(database_log(sequencer->database), connection);
}

struct sequencer *
sequencer_open(struct database *database, const struct sequencer_settings *settings,
               char why[static DATABASE_WHY_MAX])
{
    struct sequencer *sequencer = calloc(1, sizeof *sequencer);

    if (!sequencer) {
        snprintf(why, DATABASE_WHY_MAX, "no memory");
        return NULL;
    }
    sequencer->database    = database;
    atomic_store(&sequencer->is_held, settings->is_held);
    sequencer->pending_max = settings->pending_max ? settings->pending_max : PENDING_MAX;
    sequencer->connection = (struct connection){ .database = database };
    sequencer->signers[0] = settings->keys->log;
    if (settings->keys->has_next)
        sequencer->signers[1] = settings->keys->next;
    sequencer->stop_fd    = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&sequencer->lock, NULL);
    snprintf(sequencer->origin, sizeof sequencer->origin, "%s", settings->origin);
    snprintf(sequencer->state_path, sizeof sequencer->state_path, "%s", settings->state_path);
    sequencer->integrator = (struct integrator){
        .origin = sequencer->origin, .signers = sequencer->signers,
        .signers_count = settings->keys->has_next ? 2 : 1,
    };
    sequencer->waits_for_witnesses = settings->waits_for_witnesses;
    if (!check_log(sequencer, why)) {
        discard(sequencer);
        return NULL;
    }
    if (sequencer->stop_fd >= 0 && thread_start(&sequencer->thread, keep_on, sequencer))
        return sequencer;
    snprintf(why, DATABASE_WHY_MAX, "the thread cannot be started");
    discard(sequencer);
    return NULL;
}

void
sequencer_status(const struct sequencer *sequencer, struct sequencer_status *out)
{
    struct sequencer *locked = (struct sequencer *)sequencer;

    pthread_mutex_lock(&locked->lock);
    *out = locked->status;
    pthread_mutex_unlock(&locked->lock);
    out->published_size = log_published_size(database_log(locked->database));
}

void
sequencer_release(struct sequencer *sequencer)
{
    atomic_store(&sequencer->is_held, false);
}

void
sequencer_halt(struct sequencer *sequencer, const char *why)
{
    atomic_store(&sequencer->is_stopped, true);
    tell(sequencer, true, why);
}

bool
sequencer_is_overrun(const struct sequencer *sequencer)
{
    return atomic_load(&((struct sequencer *)sequencer)->waiting) > sequencer->pending_max;
}

void
sequencer_close(struct sequencer *sequencer)
{
    if (!sequencer)
        return;
    eventfd_write(sequencer->stop_fd, 1);
    pthread_join(sequencer->thread, NULL);
    discard(sequencer);
}
