/* Asks witnesses to cosign, each in its own thread, so that a slow one keeps nobody waiting. */
#include "handlers/witnesses.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/witness_log.h"
#include "server/fetch.h"

enum { TICK_MS = 200, ASK_MS = 10000, ASKS_MAX = 3, FRESH_S = 60, BACKOFF_S_MAX = 60, URL_ROOM = 2048,
       ARENA_BYTES_MAX = 4 << 20, ANSWER_BYTES_MAX = 64 << 10 };

struct witness {
    struct witnesses            *all;
    const struct policy_witness *who;
    pthread_t                    thread;
    bool                         is_running;
    struct connection            connection;
    struct fetch_client         *client;
    int64_t                      cosigned_size, cosigned_s, backoff_s, due_s;
    bool                         has_asked, is_alarmed;
};

struct witnesses {
    struct witnesses_settings settings;
    struct witness            items[POLICY_WITNESSES_MAX];
    size_t                    count;
    atomic_bool               is_stopping;
    pthread_mutex_t           lock;
    size_t                    asked_count;
    struct witnesses_status   status;
};

static int64_t
monotonic_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Nothing is signed before each witness was asked once whether it knows of more than there is. */
static void
note_asked(struct witness *witness)
{
    struct witnesses *all = witness->all;

    if (witness->has_asked)
        return;
    witness->has_asked = true;
    pthread_mutex_lock(&all->lock);
    bool is_last = ++all->asked_count == all->count;
    pthread_mutex_unlock(&all->lock);
    if (is_last)
        sequencer_release(all->settings.sequencer);
}

static void
raise_alarm(struct witness *witness, int64_t size, const char *why)
{
    struct witnesses *all = witness->all;

    witness->is_alarmed = true;
    pthread_mutex_lock(&all->lock);
    all->status.alarmed++;
    snprintf(all->status.why, sizeof all->status.why, "witness %.80s: %.200s", witness->who->key.name, why);
    pthread_mutex_unlock(&all->lock);
    database_report(all->settings.database, "witness %s: %s", witness->who->key.name, why);
    witness_log_fault(&witness->connection, witness->who->key.name, size, why);
}

static void
wait_longer(struct witness *witness, const char *why)
{
    if (!witness->backoff_s)
        database_report(witness->all->settings.database, "witness %s: %s", witness->who->key.name, why);
    witness->backoff_s = witness->backoff_s ? 2 * witness->backoff_s : 1;
    if (witness->backoff_s > BACKOFF_S_MAX)
        witness->backoff_s = BACKOFF_S_MAX;
    witness->due_s = monotonic_s() + witness->backoff_s;
    witness_log_fault(&witness->connection, witness->who->key.name, -1, why);
}

static void
keep_cosignature(struct witness *witness, const struct witness_question *question,
                 const struct witness_answer *answer)
{
    struct witnesses  *all = witness->all;
    struct connection *connection = &witness->connection;

    if (witness_log_store(connection, witness->who->key.name, question->size, witness->who->key.id,
                          answer->signature.line, answer->time_s))
        return;
    witness->cosigned_size = question->size;
    witness->cosigned_s    = monotonic_s();
    witness->backoff_s     = 0;
    if (all->settings.policy->quorum)
        witness_log_publish(connection, all->settings.policy,
                            log_published_size(database_log(all->settings.database)));
}

/* True: ask again from answer->size. */
static bool
take_answer(struct witness *witness, const struct witness_question *question,
            const struct fetch_answer *said, const struct witness_answer *answer)
{
    char why[DATABASE_WHY_MAX];

    switch (answer->next) {
    case WITNESS_COSIGNED:
        keep_cosignature(witness, question, answer);
        return false;
    case WITNESS_CATCH_UP:
        return true;
    case WITNESS_AHEAD:
        snprintf(why, sizeof why, "it has cosigned a log of %" PRId64 " entries, and there are %" PRId64
                 ": the database was rolled back", answer->size, question->size);
        raise_alarm(witness, answer->size, why);
        sequencer_halt(witness->all->settings.sequencer, why);
        return false;
    case WITNESS_LATER:
        snprintf(why, sizeof why, "it does not answer now: %.200s", said->status ? "it is busy" : said->why);
        wait_longer(witness, why);
        return false;
    case WITNESS_ALARM:
        snprintf(why, sizeof why, "it refuses the checkpoint of size %" PRId64 ", with status %d; it is not "
                 "asked again", question->size, said->status);
        raise_alarm(witness, -1, why);
        return false;
    }
    return false;
}

/* False: a tile could not be read, or no memory. */
static bool
write_question(struct witness *witness, const struct witness_question *question, struct text *out)
{
    struct tile_reader reader = log_tile_reader(&witness->connection);
    struct proof       proof = { .count = 0 };

    if (question->old > 0 && question->old < question->size &&
        !consistency_make(&reader, question->old, question->size, &proof))
        return false;
    return witness_question_write(question, &proof, out) && !out->is_full;
}

/* True: ask again, from *old. */
static bool
ask_once(struct witness *witness, const struct stored_checkpoint *latest, int64_t *old,
         struct arena *arena)
{
    struct line             note = { latest->note, latest->note_count };
    struct witness_question question = { .old = *old, .size = latest->size, .note = note };
    struct fetch_answer     said;
    struct witness_answer   answer;
    struct note             parsed;
    struct text             body;
    char                    url[URL_ROOM];
    struct line             prefix = witness->who->url;

    while (prefix.count && prefix.bytes[prefix.count - 1] == '/')
        prefix.count--;
    snprintf(url, sizeof url, "%.*s/add-checkpoint", (int)prefix.count, prefix.bytes);
    if (!note_parse(note.bytes, note.count, &parsed))
        return false;
    question.text = parsed.text;
    text_open(&body, arena, 4096, ARENA_BYTES_MAX / 4);
    if (!write_question(witness, &question, &body))
        return false;
    const struct fetch_question post = {
        .url = url, .body = body.bytes, .body_count = body.count, .media_type = "text/plain; charset=utf-8",
        .answer_bytes_max = ANSWER_BYTES_MAX, .wait_ms = ASK_MS,
    };
    bool is_answered = fetch(witness->client, &post, arena, &said);
    if (atomic_load(&witness->all->is_stopping))
        return false;
    witness_answer_read(is_answered ? said.status : 0, said.media_type, said.body,
                        is_answered ? said.count : 0, &question, &witness->who->key, &answer);
    *old = answer.size;
    return take_answer(witness, &question, &said, &answer);
}

static void
ask(struct witness *witness, const struct stored_checkpoint *latest, int64_t old)
{
    for (int i = 0; i < ASKS_MAX; i++) {
        struct arena arena;
        arena_open(&arena, ARENA_BYTES_MAX);
        bool is_again = ask_once(witness, latest, &old, &arena);
        arena_close(&arena);
        if (!is_again)
            return;
    }
    wait_longer(witness, "it names another size each time");
}

static void
tick(struct witness *witness)
{
    int64_t                  fresh_s = witness->all->settings.fresh_s ? witness->all->settings.fresh_s
                                                                      : FRESH_S;
    struct stored_checkpoint latest;
    struct arena             arena;
    int64_t                  old;

    arena_open(&arena, ARENA_BYTES_MAX);
    enum find found = witness_log_latest(&witness->connection, &arena, &latest);
    bool is_news = found == FOUND && (!witness->has_asked || latest.size > witness->cosigned_size ||
                                      monotonic_s() >= witness->cosigned_s + fresh_s);
    if (is_news && witness_log_claim(&witness->connection, witness->who->key.name, &old) == FOUND) {
        if (old > latest.size)
            old = latest.size;
        witness->due_s = monotonic_s() + 1;       /* once a second, as publishing is */
        ask(witness, &latest, old);
        note_asked(witness);
    }
    if (found == FOUND_NOTHING)                   /* an empty log: there is nothing to ask about */
        note_asked(witness);
    arena_close(&arena);
}

static void *
keep_on(void *context)
{
    struct witness *witness = context;
    struct timespec pause = { .tv_nsec = TICK_MS * 1000000L };

    while (!atomic_load(&witness->all->is_stopping)) {
        if (!witness->is_alarmed && monotonic_s() >= witness->due_s &&
            (connection_is_up(&witness->connection) ||
             connection_open(&witness->connection, witness->all->settings.database)))
            tick(witness);
        nanosleep(&pause, NULL);
    }
    connection_close(&witness->connection);
    return NULL;
}

static bool
is_stopped(void *context)
{
    struct witnesses *all = context;

    return atomic_load(&all->is_stopping);
}

static bool
start(struct witnesses *all, const struct policy_witness *who)
{
    const struct fetch_settings settings = { .agent = "breakwater", .uses_proxy = true,
                                             .authority_file = all->settings.authority_file,
                                             .is_stopped = is_stopped, .context = all };
    struct witness             *witness = &all->items[all->count];

    *witness = (struct witness){ .all = all, .who = who, .client = fetch_open(&settings),
                                 .connection = { .database = all->settings.database } };
    if (!witness->client)
        return false;
    all->count++;
    return true;
}

struct witnesses *
witnesses_open(const struct witnesses_settings *settings)
{
    struct witnesses *all = calloc(1, sizeof *all);
    bool              is_good = all;

    if (!all)
        return NULL;
    all->settings = *settings;
    pthread_mutex_init(&all->lock, NULL);
    for (size_t i = 0; is_good && i < settings->policy->witnesses_count; i++)
        if (settings->policy->witnesses[i].url.count)
            is_good = start(all, &settings->policy->witnesses[i]);
    for (size_t i = 0; is_good && i < all->count; i++)
        is_good = all->items[i].is_running =
            !pthread_create(&all->items[i].thread, NULL, keep_on, &all->items[i]);
    if (is_good && !all->count)
        sequencer_release(settings->sequencer);
    if (is_good)
        return all;
    witnesses_close(all);
    return NULL;
}

void
witnesses_status(struct witnesses *witnesses, struct witnesses_status *out)
{
    *out = (struct witnesses_status){ 0 };
    if (!witnesses)
        return;
    pthread_mutex_lock(&witnesses->lock);
    *out = witnesses->status;
    pthread_mutex_unlock(&witnesses->lock);
}

void
witnesses_close(struct witnesses *witnesses)
{
    if (!witnesses)
        return;
    atomic_store(&witnesses->is_stopping, true);
    for (size_t i = 0; i < witnesses->count; i++) {
        if (witnesses->items[i].is_running)
            pthread_join(witnesses->items[i].thread, NULL);
        fetch_close(witnesses->items[i].client);
    }
    pthread_mutex_destroy(&witnesses->lock);
    free(witnesses);
}
