/* What one preview costs, stage by stage, in two venues of 50 levels a side; then over the number of levels. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common.h"
#include "audit/digest.h"
#include "handlers/answers.h"
#include "record/assets.h"
#include "record/instant.h"
#include "record/json.h"
#include "record/json_member.h"
#include "risk/preview.h"
#include "risk/snapshot.h"

enum { ARENA_MAX = 64 << 20, TEXT_MAX = 8 << 20, LEVELS = 50, VENUES = 2, STAGE_MS = 300, BATCH = 8,
       SOURCES = 5, MINUTE_US = 60000000, SNAPSHOTS = 30 };

#define NOW_US INT64_C(1767225600000000)   /* 2026-01-01 */

struct bench {
    struct text          request;
    struct arena         kept;                /* what is measured once, */
    struct arena         arena;               /* and what each measurement takes */
    struct question      question;
    struct answer       *answer;
    struct figures_room *room;
    struct faults        faults[2];
    unsigned             parts;
};

/* The sample market's rules, in the request, so that there is no need of a database. */
static void
write_request(struct bench *bench, int levels)
{
    const struct asset_file *sample = asset_find("migrations/samples/eth-usd.json");
    struct span              parameters;
    struct text             *text = &bench->request;

    if (!sample || !json_member(sample->bytes, sample->count, "parameters", &parameters))
        exit(EXIT_FAILURE);
    text_open(text, &bench->kept, 4096, TEXT_MAX);
    text_add_string(text, "{\"parameters\":");
    text_add(text, parameters.bytes, parameters.count);
    text_add_string(text, ",\"account\":{\"id\":\"acct-1\",\"collateral\":[{\"asset\":\"ETH\",\"quantity\":\"10\"}],"
                          "\"debt\":[{\"asset\":\"USDC\",\"quantity\":\"12000\"}],"
                          "\"wallet\":[{\"asset\":\"USDC\",\"quantity\":\"2000\"}]},"
                          "\"state\":{\"prices\":{\"ETH\":\"2000\",\"USDC\":\"1\"},\"volatility\":{\"ETH\":\"0.8\"},"
                          "\"volume\":{\"ETH\":\"500000000\"},\"depth\":{\"ETH\":[");
    for (int i = 0; i < VENUES; i++) {
        double step = 0.25 * LEVELS / levels;
        text_format(text, "%s{\"venue\":\"venue-%d\",\"kind\":\"book\",\"fee_rate\":\"0.001\",", i ? "," : "", i);
        bench_add_side(text, "bids", 1999.75 - 0.25 * i, -step, levels);
        text_add_string(text, ",");
        bench_add_side(text, "asks", 2000.25 + 0.25 * i, step, levels);
        text_add_string(text, "}");
    }
    text_add_string(text, "]}}}");
}

static void
read_into(struct bench *bench, struct arena *arena)
{
    faults_open(&bench->faults[0], FAULTS_MAX);
    if (!json_read(&question_record, bench->request.bytes, bench->request.count, arena, &bench->question,
                   &bench->faults[0]))
        bench_stop("read", &bench->faults[0]);
}

static void
stage_read(struct bench *bench)
{
    read_into(bench, &bench->arena);
}

static void
stage_accept(struct bench *bench)
{
    if (!state_accept(bench->question.state, "/state", &bench->faults[0]))
        bench_stop("state", &bench->faults[0]);
}

static void
stage_compute(struct bench *bench)
{
    faults_open(&bench->faults[0], FAULTS_MAX);
    if (preview_compute(bench->question.parameters, &bench->question, NOW_US, bench->parts, bench->room,
                        &bench->answer->figures, &bench->faults[0]) != RISK_OK)
        bench_stop("compute", &bench->faults[0]);
}

static void
stage_figures(struct bench *bench)
{
    struct text text;
    text_open(&text, &bench->arena, 4096, TEXT_MAX);
    json_write(preview_kind.figures, bench->answer, JSON_CANONICAL, &text);
}

static void
stage_state(struct bench *bench)
{
    struct text text;
    text_open(&text, &bench->arena, 4096, TEXT_MAX);
    json_write(&state_record, bench->question.state, JSON_CANONICAL, &text);
    digest_of(text.bytes, text.count);
}

static void
stage_inputs(struct bench *bench)
{
    struct text text;
    text_open(&text, &bench->arena, 4096, TEXT_MAX);
    json_write(&inputs_record, &bench->question, JSON_CANONICAL, &text);
}

static void
add_reports(struct text *text, const char *asset, const char *price, const char *at)
{
    text_format(text, "\"%s\":[", asset);
    for (int i = 0; i < SOURCES; i++)
        text_format(text, "%s{\"source\":\"source-%d\",\"price\":\"%s%d\",\"confidence\":\"0.0005\","
                          "\"observed_at\":\"%s\"}", i ? "," : "", i, price, i, at);
    text_add_string(text, "]");
}

/* What a feed pushes in a minute; the request's volatility and depth are put in their places. */
static void
read_push(struct bench *bench, int64_t now_us, struct snapshot_push *push)
{
    const struct state *state = bench->question.state;
    struct text         text;
    char                at[INSTANT_TEXT_MAX];

    instant_format(now_us, at);
    text_open(&text, &bench->kept, 4096, TEXT_MAX);
    text_format(&text, "{\"observed_at\":\"%s\",\"prices\":{", at);
    add_reports(&text, "ETH", "2000.", at);
    text_add_string(&text, ",");
    add_reports(&text, "USDC", "1.000", at);
    text_add_string(&text, "}}");
    faults_open(&bench->faults[0], FAULTS_MAX);
    if (!json_read(&snapshot_push_record, text.bytes, text.count, &bench->kept, push,
                   &bench->faults[0]))
        bench_stop("push", &bench->faults[0]);
    push->volatility       = state->volatility;
    push->volatility_count = state->volatility_count;
    push->volume           = state->volume;
    push->volume_count     = state->volume_count;
    push->depth            = state->depth;
    push->depth_count      = state->depth_count;
}

/* The same state, but as the last of some snapshots: with a memory, to be judged. */
static void
take_snapshots(struct bench *bench)
{
    static const char    sha256[] = "0000000000000000000000000000000000000000000000000000000000000000";
    struct snapshot     *snapshots = arena_alloc(&bench->kept, SNAPSHOTS, sizeof *snapshots);
    struct snapshot_push push;

    for (int i = 0; snapshots && i < SNAPSHOTS; i++) {
        struct snapshot_before before = { "eth-usd", sha256, bench->question.parameters,
                                          i ? &snapshots[i - 1] : NULL, i ? sha256 : NULL };
        struct snapshot_room  *room = arena_alloc(&bench->kept, 1, sizeof *room);
        int64_t                now_us = NOW_US + (int64_t)(i + 1 - SNAPSHOTS) * MINUTE_US;
        read_push(bench, now_us, &push);
        if (!room || snapshot_accept(&before, &push, now_us, room, &snapshots[i],
                                     &bench->faults[0]) != SNAPSHOT_GOOD)
            bench_stop("snapshot", &bench->faults[0]);
        bench->question.snapshot = &snapshots[i];
    }
    bench->question.state = (struct state *)&bench->question.snapshot->state;
}

/* What a request's arena is asked for besides. */
static void
stage_room(struct bench *bench)
{
    if (!arena_room(&bench->arena, 1, sizeof *bench->room) || !arena_alloc(&bench->arena, 1, sizeof *bench->answer))
        exit(EXIT_FAILURE);
}

/* The fastest batch: other work on the machine only adds. */
static double
measure(struct bench *bench, void (*stage)(struct bench *))
{
    int64_t begun_ns = bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    int64_t now_ns = begun_ns;
    int64_t best_ns = INT64_MAX;

    while (now_ns - begun_ns < STAGE_MS * INT64_C(1000000)) {
        int64_t start_ns = now_ns;
        for (int i = 0; i < BATCH; i++) {
            stage(bench);
            arena_close(&bench->arena);
        }
        now_ns = bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        if (now_ns - start_ns < best_ns)
            best_ns = now_ns - start_ns;
    }
    return (double)best_ns / BATCH / 1000;
}

static void
open_bench(struct bench *bench, int levels)
{
    arena_open(&bench->kept, ARENA_MAX);
    arena_open(&bench->arena, ARENA_MAX);
    write_request(bench, levels);
    bench->answer = arena_alloc(&bench->kept, 1, sizeof *bench->answer);
    bench->room = arena_alloc(&bench->kept, 1, sizeof *bench->room);
    bench->parts = PARTS_ALL;
    if (!bench->answer || !bench->room || bench->request.is_full)
        exit(EXIT_FAILURE);
    read_into(bench, &bench->kept);
    faults_open(&bench->faults[1], FAULTS_MAX);
    if (!parameters_accept(bench->question.parameters, &bench->faults[0], &bench->faults[1]))
        bench_stop("parameters", &bench->faults[0]);
    stage_accept(bench);
    stage_compute(bench);
}

/* The question is read anew at the end, because reading fills it. */
static void
print_stages(void)
{
    static const struct { const char *name; unsigned parts; } wholes[] = {
        { "compute the health and its prices", 0 }, { "  with execution prices", PART_PRICES },
        { "  with the liquidation", PART_LIQUIDATION }, { "  with the risk", PART_RISK },
        { "  with suggestions", PART_SUGGESTIONS }, { "  with all of it", PARTS_ALL },
    };
    struct bench bench = { 0 };

    open_bench(&bench, LEVELS);
    printf("a preview, %d venues of %d levels a side, %zu bytes; us\n", VENUES, LEVELS, bench.request.count);
    for (size_t i = 0; i < COUNT_OF(wholes); i++) {
        bench.parts = wholes[i].parts;
        printf("%-36s %8.2f\n", wholes[i].name, measure(&bench, stage_compute));
    }
    struct bench judged = { 0 };
    open_bench(&judged, LEVELS);
    take_snapshots(&judged);
    printf("%-36s %8.2f\n", "  ... judged, by a snapshot", measure(&judged, stage_compute));
    printf("%-36s %8.2f\n", "write those figures, canonical", measure(&judged, stage_figures));
    arena_close(&judged.kept);
    printf("%-36s %8.2f\n", "accept the state", measure(&bench, stage_accept));
    printf("%-36s %8.2f\n", "write the figures, canonical", measure(&bench, stage_figures));
    printf("%-36s %8.2f\n", "write the state, canonical, hashed", measure(&bench, stage_state));
    printf("%-36s %8.2f\n", "write the inputs, canonical", measure(&bench, stage_inputs));
    printf("%-36s %8.2f\n", "room for an answer", measure(&bench, stage_room));
    printf("%-36s %8.2f\n", "read the request, with its rules", measure(&bench, stage_read));
    arena_close(&bench.kept);
}

static void
print_levels(void)
{
    static const int sweep[] = { 10, 100, 1000, LEVELS_MAX / (2 * VENUES) };

    printf("\n%8s %12s %12s %12s; us, a level\n", "levels", "read", "state", "compute");
    for (size_t i = 0; i < COUNT_OF(sweep); i++) {
        struct bench bench = { 0 };
        int          levels = sweep[i];
        open_bench(&bench, levels);
        double compute_us = measure(&bench, stage_compute);
        double state_us = measure(&bench, stage_state);
        double read_us = measure(&bench, stage_read);
        int    count = 2 * VENUES * levels;
        printf("%8d %12.4f %12.4f %12.4f\n", levels, read_us / count, state_us / count, compute_us / count);
        arena_close(&bench.kept);
    }
}

int
main(void)
{
    print_stages();
    print_levels();
    return EXIT_SUCCESS;
}
