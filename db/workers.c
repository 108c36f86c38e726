/* A bounded queue and a few threads; each opens its connection again when it broke. */
#include "db/workers.h"

#include <pthread.h>
#include <stdlib.h>

#include "db/thread.h"
#include "db/wait.h"

enum { RETRY_MS = 500 };

struct job { void (*run)(struct connection *connection, void *context); void *context; };

struct worker {
    struct workers   *workers;
    pthread_t         thread;
    struct connection connection;
    /* while the database is away, jobs are not held up by one attempt each */
    int64_t           retry_at_ms;
};

struct workers {
    struct database *database;
    pthread_mutex_t  lock;
    pthread_cond_t   changed;
    struct job      *jobs;                    /* a ring */
    size_t           first, count, max;
    bool             is_stopping;
    struct worker   *items;
    size_t           items_count;
};

static bool
take(struct workers *workers, struct job *job)
{
    pthread_mutex_lock(&workers->lock);
    while (!workers->count && !workers->is_stopping)
        pthread_cond_wait(&workers->changed, &workers->lock);
    bool is_one = workers->count > 0;
    if (is_one) {
        *job = workers->jobs[workers->first];
        workers->first = (workers->first + 1) % workers->max;
        workers->count--;
    }
    pthread_mutex_unlock(&workers->lock);
    return is_one;
}

/* NULL while the database is away. A connection that broke while it was idle is
 * found out by a question to it. */
static struct connection *
connected(struct worker *worker)
{
    struct connection *connection = &worker->connection;

    if (connection_is_up(connection) && !run_command(connection, "SELECT 1", NULL, 0, NULL))
        return connection;
    connection_drop(connection);
    if (wait_left_ms(worker->retry_at_ms))
        return NULL;
    if (connection_open(connection, worker->workers->database))
        return connection;
    worker->retry_at_ms = wait_deadline_ms(RETRY_MS);
    return NULL;
}

static void *
work(void *context)
{
    struct worker *worker = context;
    struct job     job;

    while (take(worker->workers, &job)) {
        job.run(connected(worker), job.context);
        if (worker->connection.in_transaction)
            transaction_rollback(&worker->connection);
    }
    connection_close(&worker->connection);
    return NULL;
}

static void
free_workers(struct workers *workers)
{
    pthread_cond_destroy(&workers->changed);
    pthread_mutex_destroy(&workers->lock);
    free(workers->jobs);
    free(workers->items);
    free(workers);
}

struct workers *
workers_open(struct database *database, size_t threads, size_t queue_max)
{
    struct workers *workers = calloc(1, sizeof *workers);
    if (!workers)
        return NULL;
    *workers = (struct workers){ .database = database, .max = queue_max };
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->changed, NULL);
    workers->jobs  = calloc(queue_max, sizeof *workers->jobs);
    workers->items = calloc(threads, sizeof *workers->items);
    while (workers->jobs && workers->items && workers->items_count < threads) {
        struct worker *worker = &workers->items[workers->items_count];
        *worker = (struct worker){ .workers = workers, .connection = { .database = database } };
        if (!thread_start(&worker->thread, work, worker))
            break;
        workers->items_count++;
    }
    if (workers->items_count)
        return workers;
    free_workers(workers);
    return NULL;
}

bool
workers_submit(struct workers *workers, void (*job)(struct connection *connection, void *context),
               void *context)
{
    pthread_mutex_lock(&workers->lock);
    bool is_taken = workers->count < workers->max && !workers->is_stopping;
    if (is_taken) {
        workers->jobs[(workers->first + workers->count) % workers->max] =
            (struct job){ job, context };
        workers->count++;
        pthread_cond_signal(&workers->changed);
    }
    pthread_mutex_unlock(&workers->lock);
    return is_taken;
}

void
workers_close(struct workers *workers)
{
    if (!workers)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->is_stopping = true;
    pthread_cond_broadcast(&workers->changed);
    pthread_mutex_unlock(&workers->lock);
    for (size_t i = 0; i < workers->items_count; i++)
        pthread_join(workers->items[i].thread, NULL);
    free_workers(workers);
}
