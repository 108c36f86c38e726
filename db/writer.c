/* The writer's thread: makes durable what is queued, and finds out what became of it, always. */
#include "db/writer.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

#include "db/batch.h"
#include "db/chain.h"
#include "db/database.h"
#include "db/markets.h"
#include "db/thread.h"
#include "db/wait.h"

enum {
    /* how often an idle writer looks whether its connection lives */
    IDLE_MS = 500,
    PATIENCE_MS = 8000, STATEMENT_MS = 12000,
    LOCK_MS = 200,                            /* for a key that another instance is writing */
    BACKOFF_MS_FIRST = 50, BACKOFF_MS_MAX = 250,
    /* how long an answer may wait to know what a lost COMMIT did */
    RESOLVE_MS = 2000,
    OPEN_MS = 5000,
    ATTEMPTS_MAX = 4,
};

/* A transaction whose COMMIT was not answered, and which could not be looked up in time. */
struct unresolved { bool is_one; int64_t day, iseq; struct position after; };

struct writer {
    struct database       *database;
    struct writer_settings settings;
    pthread_t              thread;
    char                   inst[INST_TEXT_MAX];

    pthread_mutex_t        lock;              /* of what follows, up to the blank line */
    pthread_cond_t         changed;
    struct decision       *first, **last;     /* the queue */
    size_t                 queued_count;
    bool                   is_up, is_stopping, has_tried;
    struct writer_status   status;

    /* The thread's own. */
    struct connection      connection;
    struct position        position;
    struct unresolved      unresolved;
    struct opening         opening;
    int64_t                backoff_ms;
    struct known           known;
    struct batch           batch;
    struct decision       *items[BATCH_MAX];
};

static void
set_up(struct writer *writer, bool is_up)
{
    pthread_mutex_lock(&writer->lock);
    writer->is_up     = is_up;
    writer->has_tried = true;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
}

/* The group at the head of the queue, behind the first `count` items; returns its bytes. */
static size_t
list_group(struct writer *writer, size_t count)
{
    struct decision *decision = writer->first;
    size_t           bytes = 0;

    for (size_t end = count + 1 + decision->followers; count < end; count++) {
        bytes += decision_bytes_more(&writer->known, decision,
                                     count ? writer->items[count - 1] : NULL);
        writer->items[count] = decision;
        decision = decision->next;
    }
    return bytes;
}

/* Takes from the queue what goes into one transaction; under the lock. */
static size_t
take(struct writer *writer)
{
    size_t count = 0, bytes = 0;

    while (writer->first && count < BATCH_USUAL) {
        size_t group = 1 + writer->first->followers;
        if (count + group > BATCH_MAX)
            break;
        bytes += list_group(writer, count);
        if (count && bytes > BATCH_BYTES)
            break;
        count += group;
        writer->first = writer->items[count - 1]->next;
    }
    if (!writer->first)
        writer->last = &writer->first;
    writer->queued_count -= count;
    return count;
}

static size_t
take_locked(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    size_t count = take(writer);
    pthread_mutex_unlock(&writer->lock);
    return count;
}

/* The connection is gone: nothing of what is queued was written, and nothing
 * more is taken until it is back. */
static void
go_down(struct writer *writer)
{
    size_t count;

    set_up(writer, false);
    connection_drop(&writer->connection);
    while ((count = take_locked(writer)))
        settle_all(writer->items, count, SETTLED_AWAY);
}

static bool
connect(struct writer *writer)
{
    struct connection *connection = &writer->connection;

    connection_drop(connection);
    known_forget(&writer->known);
    bool is_ready = connection_open(connection, writer->database) && server_is_safe(connection) &&
           !connection_set_patience(connection, STATEMENT_MS, LOCK_MS) && batch_prepare(connection);
    /* We give up before the server does: a COMMIT whose wait for a standby it cuts off
     * would look like one that is safe. */
    connection->patience_ms = PATIENCE_MS;
    return is_ready;
}

enum fate { FATE_WRITTEN, FATE_NOT_WRITTEN, FATE_UNKNOWN };

static void
sleep_ms(int64_t ms)
{
    struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&pause, NULL);
}

/* What became of the transaction that began with this row. */
static enum fate
find_fate(struct writer *writer, int64_t day, int64_t iseq, int64_t patience_ms)
{
    int64_t deadline_ms = wait_deadline_ms(patience_ms);
    int64_t pause_ms = BACKOFF_MS_FIRST;

    for (;;) {
        bool is_written;
        bool is_up = connection_is_up(&writer->connection) || connect(writer);
        if (is_up && !batch_probe(&writer->connection, day, writer->inst, iseq, &is_written))
            return is_written ? FATE_WRITTEN : FATE_NOT_WRITTEN;
        if (wait_left_ms(deadline_ms) <= pause_ms)
            return FATE_UNKNOWN;
        set_up(writer, false);
        sleep_ms(pause_ms);
        pause_ms = pause_ms * 2 < BACKOFF_MS_MAX ? pause_ms * 2 : BACKOFF_MS_MAX;
    }
}

/* Before anything new is numbered, the old transaction's fate must be known. */
static bool
resolve(struct writer *writer)
{
    struct unresolved *unresolved = &writer->unresolved;

    if (!unresolved->is_one)
        return true;
    enum fate fate = find_fate(writer, unresolved->day, unresolved->iseq, 0);
    if (fate == FATE_UNKNOWN)
        return false;
    if (fate == FATE_WRITTEN)
        writer->position = unresolved->after;
    unresolved->is_one = false;
    return true;
}

static void
come_up(struct writer *writer)
{
    if (connect(writer) && opening_write(&writer->opening, &writer->connection, writer->inst,
                                         &writer->position) && resolve(writer)) {
        writer->backoff_ms = BACKOFF_MS_FIRST;
        database_report(writer->database, "the writer is connected");
        set_up(writer, true);
        return;
    }
    if (writer->backoff_ms == BACKOFF_MS_FIRST)
        database_report(writer->database, "the writer cannot connect: %s", writer->connection.why);
    go_down(writer);
}

static void
note_kept(struct writer *writer, struct decision **items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i]->snapshot.count)
            known_add(&writer->known, &items[i]->snapshot.sha256);
        if (items[i]->parameters.count)
            known_add(&writer->known, &items[i]->parameters.sha256);
    }
}

/* What became of one attempt, and what is to be done. */
enum step { STEP_WRITTEN, STEP_UNKNOWN, STEP_AWAY, STEP_AGAIN, STEP_LEAVE_OUT, STEP_SPLIT };

static enum step
after_fault(struct writer *writer, enum outcome outcome)
{
    if (outcome == OUTCOME_AWAY) {
        connection_drop(&writer->connection);
        return connect(writer) ? STEP_AGAIN : STEP_AWAY;
    }
    batch_rollback(&writer->connection);
    /* Our primary is a standby now: a new connection may find the new one. */
    if (!strcmp(writer->connection.sqlstate, "25006"))
        connection_drop(&writer->connection);
    switch (outcome) {
    case OUTCOME_OK:
        return STEP_LEAVE_OUT;
    case OUTCOME_RETRY:
        return strcmp(writer->connection.sqlstate, "55P03") ? STEP_AGAIN : STEP_SPLIT;
    case OUTCOME_CONFLICT:
    case OUTCOME_REFUSED:
        return STEP_SPLIT;
    case OUTCOME_CLOSED:
    case OUTCOME_AWAY:
        database_report(writer->database, "the database refuses to write: %s",
                        writer->connection.why);
        return STEP_AWAY;
    }
    return STEP_AWAY;
}

/* COMMIT was sent and not answered. */
static enum step
after_silence(struct writer *writer, const struct batch *batch)
{
    int64_t day = decision_day(batch->items[0]);

    bool is_unsafe = writer->connection.has_warned;
    connection_drop(&writer->connection);
    switch (is_unsafe ? FATE_UNKNOWN : find_fate(writer, day, batch->first.iseq, RESOLVE_MS)) {
    case FATE_WRITTEN:
        return STEP_WRITTEN;
    case FATE_NOT_WRITTEN:
        return STEP_AGAIN;
    case FATE_UNKNOWN:
        break;
    }
    writer->unresolved = (struct unresolved){ true, day, batch->first.iseq, batch->after };
    return STEP_UNKNOWN;
}

static void
note_commit(struct writer *writer, size_t count, int64_t took_us)
{
    pthread_mutex_lock(&writer->lock);
    writer->status.written   += (int64_t)count;
    writer->status.commit_us += took_us;
    writer->status.commits++;
    pthread_mutex_unlock(&writer->lock);
}

void
writer_status(const struct writer *writer, struct writer_status *out)
{
    struct writer *locked = (struct writer *)writer;

    pthread_mutex_lock(&locked->lock);
    *out        = locked->status;
    out->queued = (int64_t)locked->queued_count;
    out->queue_max = (int64_t)writer->settings.queue_max;
    pthread_mutex_unlock(&locked->lock);
}

/* A batch as it was sealed; sent again with the same bytes where it is
 * known that it was not written. */
static enum step
write_batch(struct writer *writer, struct batch *batch)
{
    enum step step = STEP_AGAIN;

    for (int attempt = 0; step == STEP_AGAIN && attempt < ATTEMPTS_MAX; attempt++) {
        enum outcome outcome = connection_is_up(&writer->connection)
                               ? batch_send(&writer->connection, batch) : OUTCOME_AWAY;
        if (outcome || batch->refused_count) {
            step = after_fault(writer, outcome);
            continue;
        }
        outcome = run_commit(&writer->connection);
        if (outcome == OUTCOME_AWAY)
            step = after_silence(writer, batch);
        else
            step = outcome ? after_fault(writer, outcome) : STEP_WRITTEN;
    }
    return step == STEP_AGAIN ? STEP_AWAY : step;
}

/* Settles those that were left out and closes the gap; the rest is tried again. */
static size_t
leave_out(struct writer *writer, struct decision **items, size_t count,
          const enum settlement *verdicts)
{
    size_t kept_count = 0;
    bool   is_stale = false;

    for (size_t i = 0; i < count; i++)
        is_stale |= verdicts[i] == SETTLED_STALE;
    if (is_stale)
        market_cache_reload(database_markets(writer->database), &writer->connection);
    for (size_t i = 0, group; i < count; i += group) {
        group = 1 + items[i]->followers;
        if (verdicts[i] != SETTLED_DURABLE) {
            decision_settle(items[i], verdicts[i]);
            continue;
        }
        memmove(&items[kept_count], &items[i], group * sizeof(struct decision *));
        kept_count += group;
    }
    return kept_count;
}

static bool
is_partition_missing(struct writer *writer, struct decision **items, size_t count)
{
    return !strcmp(writer->connection.sqlstate, "23514") &&
           partitions_make(&writer->connection, items[0]->now_us) &&
           partitions_make(&writer->connection, items[count - 1]->now_us);
}

static void write_group(struct writer *writer, struct decision **items, size_t count,
                        bool may_make_partitions);

/* PostgreSQL refused the batch, and nobody saw it: halves, so that one bad request fails alone. */
static void
split(struct writer *writer, struct decision **items, size_t count, bool may_make_partitions)
{
    if (may_make_partitions && is_partition_missing(writer, items, count)) {
        write_group(writer, items, count, false);
        return;
    }
    if (count == 1 + items[0]->followers) {
        database_report(writer->database, "a decision cannot be written: %s",
                        writer->connection.why);
        decision_settle(items[0], settlement_alone(&writer->connection, items[0]));
        return;
    }
    size_t cut = groups_half(items, count);
    write_group(writer, items, cut, may_make_partitions);
    write_group(writer, items + cut, count - cut, may_make_partitions);
}

static enum step
seal_and_write(struct writer *writer, struct decision **items, size_t count)
{
    struct batch *batch = &writer->batch;
    enum step     step = STEP_AWAY;

    if (writer->unresolved.is_one)
        return STEP_AWAY;
    known_turn(&writer->known, newest_us(items, count));
    int64_t begun_us = wait_clock_us();
    if (batch_open(batch, items, count, writer->inst, &writer->position, &writer->known))
        step = write_batch(writer, batch);
    batch_close(batch);
    if (step == STEP_WRITTEN) {
        writer->position = batch->after;
        note_commit(writer, count, wait_clock_us() - begun_us);
    }
    return step;
}

static void
write_group(struct writer *writer, struct decision **items, size_t count, bool may_make_partitions)
{
    while (count) {
        switch (seal_and_write(writer, items, count)) {
        case STEP_WRITTEN:
            note_kept(writer, items, count);
            settle_all(items, count, SETTLED_DURABLE);
            return;
        case STEP_LEAVE_OUT:
            count = leave_out(writer, items, count, writer->batch.verdicts);
            break;
        case STEP_SPLIT:
            split(writer, items, count, may_make_partitions);
            return;
        case STEP_UNKNOWN:
            settle_all(items, count, SETTLED_UNKNOWN);
            return;
        case STEP_AGAIN:
        case STEP_AWAY:
            settle_all(items, count, SETTLED_AWAY);
            return;
        }
    }
}

/* Benchmarks: all but the database. */
static void
settle_unwritten(struct writer *writer, size_t count)
{
    if (batch_open(&writer->batch, writer->items, count, writer->inst, &writer->position,
                   &writer->known))
        writer->position = writer->batch.after;
    batch_close(&writer->batch);
    settle_all(writer->items, count, SETTLED_DURABLE);
}

/* 0: nothing came within the time, or the writer is stopping and nothing is left. */
static size_t
wait_for_items(struct writer *writer, int64_t patience_ms)
{
    pthread_mutex_lock(&writer->lock);
    if (!writer->first && !writer->is_stopping)
        condition_wait_ms(&writer->changed, &writer->lock, patience_ms);
    size_t count = take(writer);
    pthread_mutex_unlock(&writer->lock);
    return count;
}

static bool
is_done(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    bool is_done = writer->is_stopping && !writer->first;
    pthread_mutex_unlock(&writer->lock);
    return is_done;
}

static void
wait_down(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    if (!writer->is_stopping)
        condition_wait_ms(&writer->changed, &writer->lock, writer->backoff_ms);
    pthread_mutex_unlock(&writer->lock);
    writer->backoff_ms = writer->backoff_ms * 2 < BACKOFF_MS_MAX
                         ? writer->backoff_ms * 2 : BACKOFF_MS_MAX;
}

/* An idle connection that broke is noticed by reading from it. */
static bool
lives(struct connection *connection)
{
    return connection_is_up(connection) && PQconsumeInput(connection->raw) &&
           connection_is_up(connection);
}

static void *
write_on(void *context)
{
    struct writer *writer = context;

    pthread_setname_np(pthread_self(), "writer");
    while (!is_done(writer)) {
        if (!connection_is_up(&writer->connection)) {
            come_up(writer);
            if (!connection_is_up(&writer->connection)) {
                wait_down(writer);
                continue;
            }
        }
        size_t count = wait_for_items(writer, IDLE_MS);
        if (count)
            write_group(writer, writer->items, count, true);
        if (!connection_is_up(&writer->connection) || writer->unresolved.is_one ||
            (!count && !lives(&writer->connection)))
            go_down(writer);
        else if (count)
            set_up(writer, true);
    }
    if (connection_is_up(&writer->connection) && writer->opening.is_written && resolve(writer))
        closing_write(&writer->connection, writer->inst, &writer->position);
    set_up(writer, false);
    connection_drop(&writer->connection);
    return NULL;
}

static void *
write_nothing(void *context)
{
    struct writer *writer = context;

    set_up(writer, true);
    while (!is_done(writer)) {
        size_t count = wait_for_items(writer, IDLE_MS);
        if (count)
            settle_unwritten(writer, count);
    }
    return NULL;
}

static void
free_writer(struct writer *writer)
{
    opening_free(&writer->opening);
    pthread_cond_destroy(&writer->changed);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

/* The service may start to listen once the first attempt to connect is over. */
static void
wait_for_first_attempt(struct writer *writer)
{
    int64_t deadline_ms = wait_deadline_ms(OPEN_MS);

    pthread_mutex_lock(&writer->lock);
    while (!writer->has_tried && wait_left_ms(deadline_ms))
        condition_wait_ms(&writer->changed, &writer->lock, wait_left_ms(deadline_ms));
    pthread_mutex_unlock(&writer->lock);
}

struct writer *
writer_open(struct database *database, const struct writer_settings *settings)
{
    struct writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return NULL;
    writer->database   = database;
    writer->settings   = *settings;
    writer->last       = &writer->first;
    writer->backoff_ms = BACKOFF_MS_FIRST;
    inst_make(writer->inst);
    opening_init(&writer->opening);
    pthread_mutex_init(&writer->lock, NULL);
    condition_open(&writer->changed);
    if (thread_start(&writer->thread, settings->record_left_out ? write_nothing : write_on,
                     writer)) {
        wait_for_first_attempt(writer);
        return writer;
    }
    free_writer(writer);
    return NULL;
}

const char *
writer_inst(const struct writer *writer)
{
    return writer->inst;
}

bool
writer_is_up(const struct writer *writer)
{
    struct writer *locked = (struct writer *)writer;

    pthread_mutex_lock(&locked->lock);
    bool is_up = writer->is_up;
    pthread_mutex_unlock(&locked->lock);
    return is_up;
}

bool
writer_submit(struct writer *writer, struct decision *decision)
{
    pthread_mutex_lock(&writer->lock);
    bool is_taken = writer->is_up && !writer->is_stopping &&
                    writer->queued_count < writer->settings.queue_max;
    if (is_taken) {
        struct decision *last = decision;
        for (size_t i = 0; i < decision->followers; i++)
            last = last->next;
        last->next    = NULL;
        *writer->last = decision;
        writer->last  = &last->next;
        if (!writer->queued_count)
            pthread_cond_broadcast(&writer->changed);
        writer->queued_count += 1 + decision->followers;
    }
    pthread_mutex_unlock(&writer->lock);
    return is_taken;
}

void
writer_close(struct writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->is_stopping = true;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    free_writer(writer);
}
