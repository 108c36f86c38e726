/* Slow work, a little at a time. */
#include "db/caretaker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "db/log_check.h"
#include "db/retention.h"
#include "db/thread.h"
#include "db/wait.h"

enum { TICK_MS = 60000, RETRY_MS = 5000, FIRST_CHECK_MS = 600000, LONG_STATEMENT_MS = 3600000,
       LOCK_MS = 2000, REST = 3 };

#define DAY_US INT64_C(86400000000)
#define DAY_S  INT64_C(86400)

struct caretaker {
    struct database          *database;
    struct caretaker_settings settings;
    pthread_t                 thread;
    struct connection         connection;
    pthread_mutex_t           lock;
    pthread_cond_t            changed;
    bool                      is_stopping;
    int64_t                   check_due_ms, chunk_begun_ms;
};

static bool
is_stopping(struct caretaker *caretaker)
{
    pthread_mutex_lock(&caretaker->lock);
    bool is_stopping = caretaker->is_stopping;
    pthread_mutex_unlock(&caretaker->lock);
    return is_stopping;
}

static void
rest(struct caretaker *caretaker, int64_t rest_ms)
{
    pthread_mutex_lock(&caretaker->lock);
    if (!caretaker->is_stopping && rest_ms > 0)
        condition_wait_ms(&caretaker->changed, &caretaker->lock, rest_ms);
    pthread_mutex_unlock(&caretaker->lock);
}

/* Between chunks it rests for some times as long as the last one took: a quarter of one core at most. */
static bool
may_go_on(void *context)
{
    struct caretaker *caretaker = context;

    rest(caretaker, REST * (wait_deadline_ms(0) - caretaker->chunk_begun_ms));
    caretaker->chunk_begun_ms = wait_deadline_ms(0);
    return !is_stopping(caretaker);
}

static void
check_log(struct caretaker *caretaker)
{
    const struct log_check_settings settings = { caretaker->settings.key, may_go_on, caretaker };
    char                            why[DATABASE_WHY_MAX], line[DATABASE_WHY_MAX + 64];
    int64_t                         size;

    caretaker->chunk_begun_ms = wait_deadline_ms(0);
    switch (log_check_all(&caretaker->connection, &settings, &size, why)) {
    case LOG_CHECK_GOOD:
        database_report(caretaker->database, "the log was checked: %" PRId64 " entries are good", size);
        break;
    case LOG_CHECK_BAD:
        snprintf(line, sizeof line, "its check failed: %.200s", why);
        if (caretaker->settings.sequencer)
            sequencer_halt(caretaker->settings.sequencer, line);
        break;
    case LOG_CHECK_STOPPED:
        break;
    case LOG_CHECK_AWAY:
        database_report(caretaker->database, "the log could not be checked: %s", why);
        break;
    }
}

/* False: away. */
static bool
prune_days(struct caretaker *caretaker)
{
    struct connection *connection = &caretaker->connection;
    int64_t            before_day = clock_now_us() / DAY_US - caretaker->settings.retention_days;
    enum retention     result = RETENTION_DONE;
    struct pruned      pruned;

    while (result == RETENTION_DONE && !is_stopping(caretaker)) {
        result = day_prune(connection, before_day, &pruned);
        if (result == RETENTION_DONE && pruned.count)
            database_report(caretaker->database, "the bodies of a day were dropped: %" PRId64
                            " decisions, from entry %" PRId64 " to %" PRId64, pruned.count,
                            pruned.first_index, pruned.last_index);
    }
    if (result == RETENTION_NOT_YET || result == RETENTION_AWAY)
        database_report(caretaker->database, "a day's bodies were not dropped: %s", connection->why);
    return result != RETENTION_AWAY;
}

static bool
prune_search(struct caretaker *caretaker)
{
    int64_t deleted = 1;

    while (deleted && !is_stopping(caretaker))
        if (!search_prune(&caretaker->connection, &deleted))
            return false;
    return true;
}

static void
work(struct caretaker *caretaker)
{
    int64_t check_every_s = caretaker->settings.check_every_s ? caretaker->settings.check_every_s : DAY_S;

    if (caretaker->settings.retention_days && (!prune_days(caretaker) || !prune_search(caretaker)))
        return;
    if (wait_left_ms(caretaker->check_due_ms))
        return;
    check_log(caretaker);
    caretaker->check_due_ms = wait_deadline_ms(check_every_s * 1000);
}

static void *
keep_on(void *context)
{
    struct caretaker  *caretaker = context;
    struct connection *connection = &caretaker->connection;

    while (!is_stopping(caretaker)) {
        bool is_up = connection_is_up(connection) ||
                     (connection_open(connection, caretaker->database) &&
                      !connection_set_patience(connection, LONG_STATEMENT_MS, LOCK_MS));
        if (is_up)
            work(caretaker);
        else
            connection_drop(connection);
        rest(caretaker, !is_up ? RETRY_MS : caretaker->settings.check_every_s ? 1000 : TICK_MS);
    }
    connection_close(connection);
    return NULL;
}

static void
discard(struct caretaker *caretaker)
{
    pthread_cond_destroy(&caretaker->changed);
    pthread_mutex_destroy(&caretaker->lock);
    free(caretaker);
}

struct caretaker *
caretaker_open(struct database *database, const struct caretaker_settings *settings)
{
    struct caretaker *caretaker = calloc(1, sizeof *caretaker);

    if (!caretaker)
        return NULL;
    caretaker->database     = database;
    caretaker->settings     = *settings;
    caretaker->connection   = (struct connection){ .database = database };
    caretaker->check_due_ms = wait_deadline_ms(settings->check_every_s ? settings->check_every_s * 1000
                                                                       : FIRST_CHECK_MS);
    pthread_mutex_init(&caretaker->lock, NULL);
    condition_open(&caretaker->changed);
    if (thread_start(&caretaker->thread, keep_on, caretaker))
        return caretaker;
    discard(caretaker);
    return NULL;
}

void
caretaker_close(struct caretaker *caretaker)
{
    if (!caretaker)
        return;
    pthread_mutex_lock(&caretaker->lock);
    caretaker->is_stopping = true;
    pthread_cond_broadcast(&caretaker->changed);
    pthread_mutex_unlock(&caretaker->lock);
    pthread_join(caretaker->thread, NULL);
    discard(caretaker);
}
