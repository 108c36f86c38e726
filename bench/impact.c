/* How many recorded accounts a second an impact takes, on two threads: each with a state of its own, of
 * two venues of 50 levels a side, and again with one state for all. Without the database. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common.h"
#include "handlers/amendment.h"
#include "handlers/impact_run.h"
#include "record/assets.h"
#include "record/json.h"
#include "record/json_member.h"

enum { ARENA_MAX = 16 << 20, LEVELS = 50, DECISIONS = 20000 };

#define NOW_US INT64_C(1767225600000000)   /* 2026-01-01 */

struct source { int64_t read; bool has_own_states; const char *depth; };

static const char *
write_depth(struct arena *arena)
{
    struct text text;

    text_open(&text, arena, 16384, 1 << 20);
    text_add_string(&text, "\"depth\":{\"ETH\":[");
    for (int venue = 0; venue < 2; venue++) {
        text_format(&text, "%s{\"venue\":\"v%d\",\"kind\":\"book\",\"fee_rate\":\"0.001\",",
                    venue ? "," : "", venue);
        bench_add_side(&text, "bids", 1999.5 - venue, -0.5, LEVELS);
        text_add_string(&text, ",");
        bench_add_side(&text, "asks", 2000.5 + venue, 0.5, LEVELS);
        text_add_string(&text, "}");
    }
    text_add_string(&text, "]}");
    text_add(&text, "", 1);
    return text.bytes;
}

/* The state of one of them; the price differs by the row. */
static void
add_state(const struct source *source, struct recent_page *page, size_t n, struct arena *arena)
{
    struct text text;

    text_open(&text, arena, 8192, 1 << 16);
    text_format(&text, "{\"prices\":{\"ETH\":\"%d\",\"USDC\":\"1\"},\"volatility\":{\"ETH\":\"0.8\"},%s}",
                1990 + (int)(n % 10), source->depth);
    page->states[page->states_count++] = (struct recent_state){ .bytes = text.bytes,
                                                                .count = text.count };
}

static enum find
read_page(void *context, size_t limit, struct arena *arena, struct recent_page *page)
{
    struct source *source = context;

    page->count = page->states_count = 0;
    for (size_t i = 0; i < limit; i++) {
        size_t      n = (size_t)source->read++;
        struct text id, record;
        text_open(&id, arena, 64, 64);
        text_format(&id, "dec_%zu", n);
        text_add(&id, "", 1);
        text_open(&record, arena, 512, 512);
        text_format(&record, "{\"inputs\":{\"account\":{\"collateral\":[{\"asset\":\"ETH\","
                    "\"quantity\":\"10\"}],\"debt\":[{\"asset\":\"USDC\",\"quantity\":\"%zu\"}],"
                    "\"id\":\"%zu\"},\"at\":\"trigger\",\"market\":\"eth-usd\",\"workings\":false}}",
                    8000 + n * 7919 % 9000, n);
        if (source->has_own_states || i == 0)
            add_state(source, page, n, arena);
        page->items[page->count++] = (struct recent_decision){
            .id = id.bytes, .account = id.bytes, .record = record.bytes,
            .record_count = record.count, .state = page->states_count - 1,
        };
    }
    return FOUND;
}

static bool
go_on(void *context, int64_t decisions)
{
    (void)context;
    (void)decisions;
    return true;
}

static void
measure(const char *what, struct source source, const struct parameters *before,
        const struct parameters *after, const struct snapshot *latest)
{
    struct impact_outcome *outcome = calloc(1, sizeof *outcome);
    struct impact_run      run = { .rules = { before, after, NOW_US }, .latest = latest,
                                   .decisions_max = DECISIONS, .threads = 2, .read = read_page,
                                   .progress = go_on, .context = &source };
    int64_t                begun_ns = bench_clock_ns(CLOCK_MONOTONIC);
    int64_t                worked_ns = bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID);

    if (!outcome || impact_compute(&run, outcome) != IMPACT_DONE)
        exit(EXIT_FAILURE);
    double taken  = 1e-9 * (double)(bench_clock_ns(CLOCK_MONOTONIC) - begun_ns);
    double worked = 1e-9 * (double)(bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - worked_ns);
    printf("impact, %s: %d decisions, %.0f a second on two threads (%.1f us of CPU each, so %.0f on two "
           "idle cores); newly liquidatable %lld now, %lld after -30 %%\n",
           what, DECISIONS, DECISIONS / taken, 1e6 * worked / DECISIONS, 2 * DECISIONS / worked,
           (long long)outcome->totals.tallies[IMPACT_RECORDED][0].newly_liquidatable,
           (long long)outcome->totals.tallies[IMPACT_LATEST][3].newly_liquidatable);
    free(outcome);
}

int
main(void)
{
    static const char  patch[] = "{\"assets\":{\"ETH\":{\"threshold\":\"0.8\",\"opening_weight\":\"0.7\"}}}";
    const struct asset_file *sample = asset_find("migrations/samples/eth-usd.json");
    struct arena       arena;
    struct amendment  *before = calloc(1, sizeof *before), *after = calloc(1, sizeof *after);
    struct faults      faults;
    struct span        parameters;
    struct snapshot    latest;
    struct recent_page *page = calloc(1, sizeof *page);

    arena_open(&arena, ARENA_MAX);
    faults_open(&faults, 1);
    if (!before || !after || !page || !sample ||
        !json_member(sample->bytes, sample->count, "parameters", &parameters) ||
        !amendment_make(NULL, NULL, 0, parameters.bytes, parameters.count, 0, &arena, before,
                        &faults) ||
        !amendment_make(&before->parameters, before->document, before->document_count, patch,
                        sizeof patch - 1, 0, &arena, after, &faults))
        bench_stop("documents", &faults);
    struct source source = { .depth = write_depth(&arena) };
    add_state(&source, page, 0, &arena);
    if (!json_read(&snapshot_record, page->states[0].bytes, page->states[0].count, &arena, &latest,
                   &faults))
        bench_stop("state", &faults);
    source.has_own_states = true;
    measure("a state each", source, &before->parameters, &after->parameters, &latest);
    source.has_own_states = false;
    measure("a state for all", source, &before->parameters, &after->parameters, &latest);
    arena_close(&arena);
    free(page);
    free(before);
    free(after);
    return EXIT_SUCCESS;
}
