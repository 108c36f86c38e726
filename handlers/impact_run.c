/* Pages go round: read, computed, read again. */
#include "handlers/impact_run.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"
#include "record/json_member.h"

enum {
    PAGES = 4, PAGE_ROWS = 128, PAGE_BYTES_MAX = 48 << 20, THREADS_MAX = 8,
    /* a power of 2, twice as many as there may be accounts */
    SEEN_ROOM = 1 << 18
};
_Static_assert(SEEN_ROOM >= 2 * IMPACT_ACCOUNTS_MAX, "the set of accounts is never full");
_Static_assert((int)PAGE_ROWS <= (int)RECENT_PAGE_MAX, "a page holds its rows");

enum page_stage { PAGE_FREE, PAGE_READ, PAGE_TAKEN };

struct page {
    struct arena       arena;
    struct recent_page recent;
    bool               is_repeated[RECENT_PAGE_MAX];
    size_t             first;                     /* its first row's number among all */
    enum page_stage    stage;
};

struct thread {
    struct impact        *impact;
    pthread_t             id;
    struct impact_room    room;
    struct impact_totals  totals;
    struct snapshot       states[RECENT_PAGE_MAX];
    bool                  is_good[RECENT_PAGE_MAX];       /* of the states */
};

struct impact {
    const struct impact_run *run;
    pthread_mutex_t          lock;
    pthread_cond_t           changed;
    bool                     is_ended;            /* no page comes any more */
    struct page              pages[PAGES];
    struct decimal          *samples[IMPACT_STATES][2];   /* price, penalty; by the row's number */
    uint64_t                *seen;                /* accounts; 0: a free place */
    int64_t                  decisions, repeated;
};

/* Was this account seen before? It is from now on. */
static bool
is_seen(struct impact *impact, const char *account)
{
    struct digest digest = digest_of(account, strlen(account));
    uint64_t      name;

    memcpy(&name, digest.bytes, sizeof name);
    name += !name;
    for (size_t at = name % SEEN_ROOM;; at = (at + 1) % SEEN_ROOM) {
        if (impact->seen[at] == name)
            return true;
        if (impact->seen[at])
            continue;
        impact->seen[at] = name;
        return false;
    }
}

static void
read_states(struct thread *thread, struct page *page)
{
    for (size_t i = 0; i < page->recent.states_count; i++) {
        const struct recent_state *state = &page->recent.states[i];
        struct faults faults;
        faults_open(&faults, 1);
        thread->is_good[i] =
            state->bytes &&
            json_read(&snapshot_record, state->bytes, state->count, &page->arena,
                      &thread->states[i], &faults) &&
            state_accept(&thread->states[i].state, "", &faults);
    }
}

static void
value(struct thread *thread, struct question *question, enum impact_state state,
      const struct snapshot *snapshot, size_t row, struct impact_values *values, bool *is_valued)
{
    struct impact *impact = thread->impact;

    question->state    = snapshot ? (struct state *)&snapshot->state : NULL;
    question->snapshot = snapshot && snapshot->market ? snapshot : NULL;
    *is_valued = snapshot && impact_value(&impact->run->rules, question, &thread->room, values);
    impact_count(&thread->totals, state, *is_valued ? values : NULL);
    if (!*is_valued)
        return;
    impact->samples[state][0][row] = values->price_change;
    impact->samples[state][1][row] = values->penalty_change;
}

/* The account of one decision in both states; ranked by the latest, where the market has one. */
static void
compute_one(struct thread *thread, struct page *page, size_t i)
{
    const struct recent_decision *one = &page->recent.items[i];
    const struct snapshot        *latest = thread->impact->run->latest;
    const struct snapshot        *recorded = one->state != RECENT_NO_STATE &&
                                             thread->is_good[one->state]
                                             ? &thread->states[one->state] : NULL;
    struct question      question;
    struct impact_values then, now;
    struct span          inputs;
    struct faults        faults;
    bool                 is_then, is_now = false;

    faults_open(&faults, 1);
    if (!json_member(one->record, one->record_count, "inputs", &inputs) ||
        !json_read(&inputs_record, inputs.bytes, inputs.count, &page->arena, &question, &faults))
        return;
    value(thread, &question, IMPACT_RECORDED, recorded, page->first + i, &then, &is_then);
    if (latest)
        value(thread, &question, IMPACT_LATEST, latest, page->first + i, &now, &is_now);
    if (is_now || is_then)
        impact_rank(&thread->totals, is_now ? &now : &then, question.account.id, one->id);
}

static void
compute_page(struct thread *thread, struct page *page)
{
    read_states(thread, page);
    for (size_t i = 0; i < page->recent.count; i++)
        if (!page->is_repeated[i] && page->recent.items[i].record)
            compute_one(thread, page, i);
    arena_close(&page->arena);
}

/* A page of that stage, which gets the next; NULL: none will come. */
static struct page *
take(struct impact *impact, enum page_stage stage, enum page_stage next)
{
    struct page *found = NULL;

    pthread_mutex_lock(&impact->lock);
    for (;;) {
        for (size_t i = 0; i < PAGES && !found; i++)
            if (impact->pages[i].stage == stage)
                found = &impact->pages[i];
        if (found || (stage == PAGE_READ && impact->is_ended))
            break;
        pthread_cond_wait(&impact->changed, &impact->lock);
    }
    if (found)
        found->stage = next;
    pthread_mutex_unlock(&impact->lock);
    return found;
}

static void
give(struct impact *impact, struct page *page, enum page_stage stage)
{
    pthread_mutex_lock(&impact->lock);
    page->stage = stage;
    pthread_cond_broadcast(&impact->changed);
    pthread_mutex_unlock(&impact->lock);
}

static void *
work(void *context)
{
    struct thread *thread = context;
    struct page   *page;

    while ((page = take(thread->impact, PAGE_READ, PAGE_TAKEN))) {
        compute_page(thread, page);
        give(thread->impact, page, PAGE_FREE);
    }
    return NULL;
}

static void
mark_repeated(struct impact *impact, struct page *page)
{
    for (size_t i = 0; i < page->recent.count; i++) {
        const char *account = page->recent.items[i].account;
        page->is_repeated[i] = account && is_seen(impact, account);
        impact->repeated += page->is_repeated[i];
    }
}

static enum impact_ending
read_pages(struct impact *impact)
{
    const struct impact_run *run = impact->run;

    while (impact->decisions < run->decisions_max) {
        int64_t      left = run->decisions_max - impact->decisions;
        struct page *page = take(impact, PAGE_FREE, PAGE_TAKEN);
        arena_open(&page->arena, PAGE_BYTES_MAX);
        enum find found = run->read(run->context, left < PAGE_ROWS ? (size_t)left : PAGE_ROWS,
                                    &page->arena, &page->recent);
        if (found != FOUND) {
            arena_close(&page->arena);
            return found == FOUND_NOTHING ? IMPACT_DONE : IMPACT_DATABASE_AWAY;
        }
        page->first = (size_t)impact->decisions;
        mark_repeated(impact, page);
        impact->decisions += (int64_t)page->recent.count;
        give(impact, page, PAGE_READ);
        if (!run->progress(run->context, impact->decisions))
            return IMPACT_CANCELLED;
    }
    return IMPACT_DONE;
}

static bool
open_samples(struct impact *impact)
{
    size_t count = (size_t)impact->run->decisions_max;

    impact->seen = calloc(SEEN_ROOM, sizeof *impact->seen);
    for (size_t i = 0; i < 2 * IMPACT_STATES; i++) {
        struct decimal *samples = malloc(count * sizeof *samples);
        impact->samples[i / 2][i % 2] = samples;
        for (size_t n = 0; samples && n < count; n++)
            samples[n] = DECIMAL_NONE;
        if (!samples)
            return false;
    }
    return impact->seen;
}

static void
close_samples(struct impact *impact)
{
    for (size_t i = 0; i < 2 * IMPACT_STATES; i++)
        free(impact->samples[i / 2][i % 2]);
    free(impact->seen);
}

static void
spread(struct decimal *samples, size_t count, struct impact_spread *out)
{
    out->count = (int64_t)impact_quantiles_of(samples, count, out->values);
}

static void
sum_up(struct impact *impact, struct thread *const *threads, size_t count,
       struct impact_outcome *out)
{
    impact_totals_open(&out->totals);
    for (size_t i = 0; i < count; i++)
        impact_totals_add(&out->totals, &threads[i]->totals);
    out->decisions = impact->decisions;
    out->repeated  = impact->repeated;
    for (size_t state = 0; state < IMPACT_STATES; state++) {
        spread(impact->samples[state][0], (size_t)impact->decisions, &out->price_change[state]);
        spread(impact->samples[state][1], (size_t)impact->decisions, &out->penalty_change[state]);
    }
}

static void
free_thread(struct thread *thread)
{
    free(thread->room.rules[0]);
    free(thread->room.rules[1]);
    free(thread);
}

/* NULL: no memory. */
static struct thread *
make_thread(struct impact *impact)
{
    const struct impact_rules *rules = &impact->run->rules;
    struct thread             *thread = malloc(sizeof *thread);

    if (!thread)
        return NULL;
    thread->impact        = impact;
    thread->room.rules[0] = malloc(effective_room_bytes(rules->before));
    thread->room.rules[1] = malloc(effective_room_bytes(rules->after));
    impact_totals_open(&thread->totals);
    if (thread->room.rules[0] && thread->room.rules[1])
        return thread;
    free_thread(thread);
    return NULL;
}

/* Starts as many threads as there is memory for; at least one, or none. */
static size_t
start_threads(struct impact *impact, struct thread *threads[static THREADS_MAX])
{
    size_t count = 0;

    while (count < impact->run->threads && count < THREADS_MAX) {
        struct thread *thread = make_thread(impact);
        if (!thread)
            break;
        if (pthread_create(&thread->id, NULL, work, thread)) {
            free_thread(thread);
            break;
        }
        threads[count++] = thread;
    }
    return count;
}

static enum impact_ending
run_threads(struct impact *impact, struct impact_outcome *out)
{
    struct thread     *threads[THREADS_MAX];
    size_t             count = start_threads(impact, threads);
    enum impact_ending ending = count ? read_pages(impact) : IMPACT_NO_MEMORY;

    pthread_mutex_lock(&impact->lock);
    impact->is_ended = true;
    pthread_cond_broadcast(&impact->changed);
    pthread_mutex_unlock(&impact->lock);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i]->id, NULL);
    if (ending == IMPACT_DONE)
        sum_up(impact, threads, count, out);
    for (size_t i = 0; i < count; i++)
        free_thread(threads[i]);
    return ending;
}

enum impact_ending
impact_compute(const struct impact_run *run, struct impact_outcome *out)
{
    struct impact     *impact = calloc(1, sizeof *impact);
    enum impact_ending ending = IMPACT_NO_MEMORY;

    if (!impact)
        return ending;
    impact->run = run;
    pthread_mutex_init(&impact->lock, NULL);
    pthread_cond_init(&impact->changed, NULL);
    if (open_samples(impact))
        ending = run_threads(impact, out);
    close_samples(impact);
    pthread_cond_destroy(&impact->changed);
    pthread_mutex_destroy(&impact->lock);
    free(impact);
    return ending;
}
