/* What POST /v1/penalties computes for one request, stage by stage, each in a function of its own, so that
 * `valgrind --tool=callgrind build/bench/penalty 300` counts its instructions. usage: penalty [TIMES] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common.h"
#include "audit/draft.h"
#include "db/search.h"
#include "handlers/answers.h"
#include "record/json.h"
#include "risk/preview.h"

enum { ARENA_MAX = 64 << 20, TEXT_MAX = 8 << 20, LEVELS = 50, TIMES = 20000 };

#define NOW_US INT64_C(1767225600000000)   /* 2026-01-01 */
#define ID     "01234567-89ab-7def-8123-456789abcdef"

/* The market of bench/peers: a fixed bonus, and no volatility that an optimum would be taken from. */
static const char document[] =
    "{\"quote\":{\"asset\":\"USD\",\"unit\":\"0.00000001\"},\"assets\":{"
    "\"ETH\":{\"unit\":\"0.000000000000000001\",\"price_unit\":\"0.00000001\","
    "\"threshold\":\"0.83\",\"penalty_rate\":\"0.05\"},"
    "\"USDC\":{\"unit\":\"0.000001\",\"price_unit\":\"0.00000001\",\"threshold\":\"0.77\","
    "\"penalty_rate\":\"0.045\"}},"
    "\"trigger\":{\"rule\":\"below\"},\"close\":{\"rule\":\"full\"},\"dust\":{\"rule\":\"none\"},"
    "\"penalty\":{\"rule\":\"fixed\",\"form\":\"bonus\"},"
    "\"execution\":{\"slippage_tolerance_rate\":\"1\"}}";

static const char account[] =
    "{\"market\":\"peers\",\"account\":{\"id\":\"acct-1\","
    "\"collateral\":[{\"asset\":\"ETH\",\"quantity\":\"10\"}],"
    "\"debt\":[{\"asset\":\"USDC\",\"quantity\":\"15500\"}],"
    "\"wallet\":[{\"asset\":\"USDC\",\"quantity\":\"2000\"}]},"
    "\"state\":{\"prices\":{\"ETH\":\"2000\",\"USDC\":\"1\"},\"depth\":{\"ETH\":[";

struct bench {
    struct arena         kept, arena;         /* for all requests, and for each */
    struct parameters    parameters;
    struct text          request, state, figures, inputs, record;
    struct question      question;
    struct answer        answer;
    struct figures_room *room;
    struct draft         draft;
    struct faults        faults;
};

static void
write_request(struct bench *bench)
{
    struct text *text = &bench->request;

    text_open(text, &bench->kept, 8192, TEXT_MAX);
    text_add_string(text, account);
    for (int i = 0; i < 2; i++) {
        text_format(text, "%s{\"venue\":\"%s\",\"kind\":\"book\",\"fee_rate\":\"0.001\",",
                    i ? "," : "", i ? "two" : "one");
        bench_add_side(text, "bids", 1999.75 - 0.25 * i, -0.25, LEVELS);
        text_add_string(text, ",");
        bench_add_side(text, "asks", 2000.25 + 0.25 * i, 0.25, LEVELS);
        text_add_string(text, "}");
    }
    text_add_string(text, "]}}}");
}

static void
stage_read(struct bench *bench)
{
    faults_open(&bench->faults, FAULTS_MAX);
    if (!json_read(&question_record, bench->request.bytes, bench->request.count, &bench->arena,
                   &bench->question, &bench->faults))
        bench_stop("read", &bench->faults);
}

static void
stage_accept(struct bench *bench)
{
    if (!state_accept(bench->question.state, "/state", &bench->faults))
        bench_stop("state", &bench->faults);
}

static void
stage_state(struct bench *bench)
{
    text_open(&bench->state, &bench->arena, bench->request.count, TEXT_MAX);
    json_write(&state_record, bench->question.state, JSON_CANONICAL, &bench->state);
}

static void
stage_hash(struct bench *bench)
{
    digest_of(bench->state.bytes, bench->state.count);
}

static void
stage_compute(struct bench *bench)
{
    faults_open(&bench->faults, FAULTS_MAX);
    if (preview_compute(&bench->parameters, &bench->question, NOW_US, penalty_kind.parts,
                        bench->room, &bench->answer.figures, &bench->faults) != RISK_OK)
        bench_stop("compute", &bench->faults);
}

static void
stage_figures(struct bench *bench)
{
    text_open(&bench->figures, &bench->arena, 4096, TEXT_MAX);
    json_write(penalty_kind.figures, &bench->answer, JSON_CANONICAL, &bench->figures);
}

static void
stage_inputs(struct bench *bench)
{
    text_open(&bench->inputs, &bench->arena, 512, TEXT_MAX);
    json_write(&inputs_record, &bench->question, JSON_CANONICAL, &bench->inputs);
}

static void
stage_draft(struct bench *bench)
{
    static const struct digest sha256 = { { 1 } };
    const struct decision_facts facts = {
        .actor = "key-1", .market = "peers", .operation = "penalty", .ts_us = NOW_US,
        .eval_ts_us = NOW_US, .engine_version = "1.0", .engine_build = "0123456789ab",
        .figures = &bench->figures, .inputs = &bench->inputs, .parameters_version = 1,
        .parameters_sha256 = sha256, .snapshot_sha256 = &sha256,
    };
    if (!draft_decision(&facts, ID, &bench->arena, &bench->arena, &bench->draft))
        bench_stop("draft", &bench->faults);
}

/* The writer's part. */
static void
stage_seal(struct bench *bench)
{
    static const struct digest sha256 = { { 1 } };
    struct sealed              sealed;

    text_open(&bench->record, &bench->arena, draft_bytes_max(&bench->draft), TEXT_MAX);
    draft_seal(&bench->draft, ID, 7, &sha256, &sha256, &bench->record, &sealed);
}

/* The sequencer's. */
static void
stage_search(struct bench *bench)
{
    struct search_row row;
    if (!search_row_of(bench->record.bytes, bench->record.count, &row))
        bench_stop("search", &bench->faults);
}

static const struct { const char *name; void (*run)(struct bench *); } stages[] = {
    { "read the request", stage_read },         { "accept the state", stage_accept },
    { "write the state, canonical", stage_state }, { "hash it", stage_hash },
    { "compute the penalty", stage_compute },   { "write the figures, canonical", stage_figures },
    { "write the inputs, canonical", stage_inputs }, { "draft the record", stage_draft },
    { "seal it: two hashes", stage_seal },      { "find what it is searched by", stage_search },
};

static void
open_bench(struct bench *bench)
{
    struct faults warnings;

    arena_open(&bench->kept, ARENA_MAX);
    arena_open(&bench->arena, ARENA_MAX);
    faults_open(&bench->faults, FAULTS_MAX);
    faults_open(&warnings, FAULTS_MAX);
    if (!json_read(&parameters_record, document, sizeof document - 1, &bench->kept,
                   &bench->parameters, &bench->faults) ||
        !parameters_accept(&bench->parameters, &bench->faults, &warnings))
        bench_stop("parameters", &bench->faults);
    bench->room = arena_alloc(&bench->kept, 1, sizeof *bench->room);
    if (!bench->room)
        exit(EXIT_FAILURE);
    write_request(bench);
}

/* The fastest of them: other work on the machine only adds. */
int
main(int count, char **args)
{
    static struct bench bench;
    int64_t             best_ns[COUNT_OF(stages)] = { 0 };
    int64_t             total_ns = 0;
    long                times = count > 1 ? strtol(args[1], NULL, 10) : TIMES;

    open_bench(&bench);
    for (long i = 0; i < times; i++) {
        for (size_t j = 0; j < COUNT_OF(stages); j++) {
            int64_t begun_ns = bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
            stages[j].run(&bench);
            int64_t taken_ns = bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begun_ns;
            if (i == 0 || taken_ns < best_ns[j])
                best_ns[j] = taken_ns;
        }
        arena_close(&bench.arena);
    }
    printf("a penalty, 2 venues of %d levels a side, %zu bytes; us\n", LEVELS, bench.request.count);
    for (size_t j = 0; j < COUNT_OF(stages); j++) {
        printf("%-36s %8.2f\n", stages[j].name, (double)best_ns[j] / 1000);
        total_ns += best_ns[j];
    }
    printf("%-36s %8.2f\n", "all of it", (double)total_ns / 1000);
    arena_close(&bench.kept);
    return EXIT_SUCCESS;
}
