/* Listens for changes, and does now and then what must be done now and then. */
#include "db/housekeeper.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "db/activation.h"
#include "db/governed.h"
#include "db/kept.h"
#include "db/keys.h"
#include "db/log.h"
#include "db/markets.h"
#include "db/snapshots.h"
#include "db/thread.h"
#include "db/wait.h"

enum { TICK_MS = 1000, RETRY_MS = 250, PRUNE_ROWS = 10000, PRUNE_ROUNDS_MAX = 20 };

#define DAY_US INT64_C(86400000000)

struct housekeeper {
    struct database  *database;
    pthread_t         thread;
    struct connection connection;
    int               stop_fd;
    pthread_mutex_t   lock;
    bool              is_up;
    int64_t           governance_us;      /* until a proposal is due */
};

static bool
reload_markets(struct housekeeper *keeper)
{
    return market_cache_reload(database_markets(keeper->database), &keeper->connection);
}

static bool
reload_keys(struct housekeeper *keeper)
{
    return key_cache_reload(database_keys(keeper->database), &keeper->connection);
}

static bool
reload_snapshots(struct housekeeper *keeper)
{
    return snapshot_cache_reload(database_snapshots(keeper->database), &keeper->connection);
}

static bool
reload_log(struct housekeeper *keeper)
{
    return log_cache_reload(database_log(keeper->database), &keeper->connection);
}

/* Every instance does it at the time, so that none depends on another. */
static bool
tend_proposals(struct housekeeper *keeper)
{
    bool is_done = governance_tend(&keeper->connection, &keeper->governance_us);
    if (!is_done)
        keeper->governance_us = RETRY_MS * INT64_C(1000);
    return is_done;
}

static bool
prune_answers(struct housekeeper *keeper)
{
    return governed_prune(&keeper->connection, clock_now_us() - DAY_US);
}

/* A day: log.md 9. Short transactions, as many as keep up with the feeds. */
static bool
prune_snapshots(struct housekeeper *keeper)
{
    int64_t before_us = clock_now_us() - DAY_US;
    int64_t pruned = SNAPSHOT_PRUNE_ROWS;
    bool    is_good = true;

    for (int i = 0; i < PRUNE_ROUNDS_MAX && is_good && pruned == SNAPSHOT_PRUNE_ROWS; i++)
        is_good = snapshots_prune(&keeper->connection, before_us, &pruned);
    return is_good;
}

/* What only decisions named whose day was dropped. */
static bool
prune_kept(struct housekeeper *keeper)
{
    int64_t begin_us;
    int64_t pruned = KEPT_PRUNE_ROWS;
    bool    is_good = decisions_begin(&keeper->connection, &begin_us);

    for (int i = 0; i < PRUNE_ROUNDS_MAX && is_good && pruned == KEPT_PRUNE_ROWS; i++)
        is_good = kept_prune(&keeper->connection, begin_us, &pruned);
    return is_good;
}

static bool
save_uses(struct housekeeper *keeper)
{
    return key_cache_save_uses(database_keys(keeper->database), &keeper->connection);
}

static bool
make_partitions(struct housekeeper *keeper)
{
    return partitions_make(&keeper->connection, clock_now_us());
}

/* A primary that was left behind takes writes, too: we must hear of the one that was promoted. */
static bool
look_around(struct housekeeper *keeper)
{
    database_look_around(keeper->database);
    return true;
}

/* A day after; a bounded number at a time, so that no lock and no transaction is long. */
static bool
prune_keys(struct housekeeper *keeper)
{
    static const char sql[] =
        "DELETE FROM breakwater.idempotency WHERE ctid = ANY (ARRAY("
        "SELECT ctid FROM breakwater.idempotency WHERE created_at < $1::bigint LIMIT $2::bigint))";
    char             room[2][ARG_INTEGER_MAX];
    const struct arg args[] = { arg_integer(clock_now_us() - DAY_US, room[0]),
                                arg_integer(PRUNE_ROWS, room[1]) };
    return !run_command(&keeper->connection, sql, args, 2, NULL);
}

/* Changes are told by NOTIFY; the interval is for what was not heard. */
static const struct duty {
    const char *channel;
    int64_t     every_ms;
    bool      (*run)(struct housekeeper *keeper);
} duties[] = {
    { "breakwater_governance", 1000, tend_proposals },        /* before what it may change */
    { "breakwater_markets", 3000,    reload_markets },
    { "breakwater_keys",    3000,    reload_keys },
    { "breakwater_snapshots", 1000,  reload_snapshots },
    { "breakwater_log",     1000,    reload_log },
    { NULL,                 3000,    look_around },
    { NULL,                 600000,  make_partitions },
    { NULL,                 30000,   prune_keys },
    { NULL,                 30000,   prune_answers },
    { NULL,                 30000,   prune_snapshots },
    { NULL,                 600000,  prune_kept },
    { NULL,                 60000,   save_uses },
};

enum { DUTIES = sizeof duties / sizeof *duties };

static void
set_up(struct housekeeper *keeper, bool is_up)
{
    pthread_mutex_lock(&keeper->lock);
    keeper->is_up = is_up;
    pthread_mutex_unlock(&keeper->lock);
}

static bool
connect(struct housekeeper *keeper)
{
    return connection_open(&keeper->connection, keeper->database) &&
           !run_script(&keeper->connection,
                       "LISTEN breakwater_governance; LISTEN breakwater_markets;"
                       " LISTEN breakwater_keys; LISTEN breakwater_snapshots;"
                       " LISTEN breakwater_log");
}

/* True: time to stop. */
static bool
wait_for_news(struct housekeeper *keeper, int64_t patience_ms)
{
    int           fd = keeper->connection.raw ? PQsocket(keeper->connection.raw) : -1;
    struct pollfd sources[] = { { .fd = keeper->stop_fd, .events = POLLIN },
                                { .fd = fd, .events = POLLIN } };

    poll(sources, 2, (int)patience_ms);
    return sources[0].revents;
}

/* False: the connection is gone. */
static bool
hear(struct housekeeper *keeper, int64_t due_at_ms[static DUTIES])
{
    PGconn *raw = keeper->connection.raw;

    if (!PQconsumeInput(raw) || !connection_is_up(&keeper->connection))
        return false;
    for (PGnotify *news = PQnotifies(raw); news; news = PQnotifies(raw)) {
        for (size_t i = 0; i < DUTIES; i++)
            if (duties[i].channel && !strcmp(duties[i].channel, news->relname))
                due_at_ms[i] = 0;
        PQfreemem(news);
    }
    return true;
}

/* False: the connection is gone. What fails otherwise is reported,
 * and due again after its interval. */
static bool
do_duties(struct housekeeper *keeper, int64_t due_at_ms[static DUTIES])
{
    for (size_t i = 0; i < DUTIES; i++) {
        if (wait_left_ms(due_at_ms[i]))
            continue;
        bool is_done = duties[i].run(keeper);
        if (!connection_is_up(&keeper->connection))
            return false;
        if (!is_done)
            database_report(keeper->database, "housekeeping failed: %s", keeper->connection.why);
        due_at_ms[i] = wait_deadline_ms(duties[i].every_ms);
        if (duties[i].run == tend_proposals && keeper->governance_us / 1000 < duties[i].every_ms)
            due_at_ms[i] = wait_deadline_ms(keeper->governance_us / 1000 + 1);
    }
    return true;
}

/* Until the first duty is due. */
static int64_t
patience_ms(int64_t due_at_ms[static DUTIES])
{
    int64_t patience = TICK_MS;

    for (size_t i = 0; i < DUTIES; i++)
        if (wait_left_ms(due_at_ms[i]) < patience)
            patience = wait_left_ms(due_at_ms[i]);
    return patience;
}

/* As long as one connection lasts. True: time to stop. */
static bool
keep(struct housekeeper *keeper)
{
    int64_t due_at_ms[DUTIES] = { 0 };

    set_up(keeper, true);
    while (do_duties(keeper, due_at_ms)) {
        /* News that came with a duty's own answers does not wake poll(). */
        if (!hear(keeper, due_at_ms))
            break;
        if (wait_for_news(keeper, patience_ms(due_at_ms)))
            return true;
        if (!hear(keeper, due_at_ms))
            break;
    }
    set_up(keeper, false);
    return false;
}

static void *
keep_on(void *context)
{
    struct housekeeper *keeper = context;
    bool                is_stopping = false;

    while (!is_stopping) {
        is_stopping = connect(keeper) && keep(keeper);
        if (!is_stopping) {
            connection_drop(&keeper->connection);
            is_stopping = wait_for_news(keeper, RETRY_MS);
        }
    }
    if (connection_is_up(&keeper->connection))
        key_cache_save_uses(database_keys(keeper->database), &keeper->connection);
    connection_close(&keeper->connection);
    return NULL;
}

static void
free_housekeeper(struct housekeeper *keeper)
{
    if (keeper->stop_fd >= 0)
        close(keeper->stop_fd);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}

struct housekeeper *
housekeeper_open(struct database *database)
{
    struct housekeeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        return NULL;
    keeper->database   = database;
    keeper->connection = (struct connection){ .database = database };
    keeper->stop_fd    = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&keeper->lock, NULL);
    if (keeper->stop_fd >= 0 && thread_start(&keeper->thread, keep_on, keeper))
        return keeper;
    free_housekeeper(keeper);
    return NULL;
}

bool
housekeeper_is_up(const struct housekeeper *keeper)
{
    struct housekeeper *locked = (struct housekeeper *)keeper;

    pthread_mutex_lock(&locked->lock);
    bool is_up = keeper->is_up;
    pthread_mutex_unlock(&locked->lock);
    return is_up;
}

void
housekeeper_close(struct housekeeper *keeper)
{
    uint64_t one = 1;

    if (!keeper)
        return;
    while (write(keeper->stop_fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
    pthread_join(keeper->thread, NULL);
    free_housekeeper(keeper);
}
