/* What reading and writing JSON costs: a state of two venues with 50 levels a side, and an answer of about its size.
 * Build and run: make build/bench/json && build/bench/json */
#include "bench/common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"

enum { LEVELS = 50, ROUNDS = 200000, TEXT_BYTES_MAX = 16384 };

struct bench_level { struct decimal price, size; };

struct bench_venue {
    int                 kind;
    const char         *venue;
    struct decimal      fee_rate;
    struct bench_level *bids;
    size_t              bids_count;
    struct bench_level *asks;
    size_t              asks_count;
};

struct bench_book { struct bench_venue *venues; size_t venues_count; };

struct bench_part { const char *name; struct decimal rate, amount; };

struct bench_answer {
    const char        *id, *market;
    int64_t            decided_at, version;
    struct decimal     ratio, support, requirement, equity, price;
    int                status;
    struct bench_part *parts;
    size_t             parts_count;
};

static const struct decimal zero = DECIMAL_OF(0);
static const char *const statuses[] = { "healthy", "pre_liquidatable", "liquidatable", NULL };

static const struct field level_fields[] = {
    DECIMAL_FIELD(bench_level, price, .above = &zero),
    DECIMAL_FIELD(bench_level, size, .at_least = &zero),
};
static const struct record bench_level_record = TUPLE(bench_level, level_fields);

static const struct field venue_fields[] = {
    NAME_FIELD(bench_venue, venue),
    DECIMAL_FIELD(bench_venue, fee_rate, .at_least = &zero),
    LIST_FIELD(bench_venue, bids, bench_level, .max = 20000),
    LIST_FIELD(bench_venue, asks, bench_level, .max = 20000),
};
static const struct record book_record = RECORD(bench_venue, venue_fields);
static const struct record_case venue_cases[] = { { "quoted", &book_record }, { "book", &book_record } };
static const struct record bench_venue_record = VARIANT(bench_venue, kind, venue_cases);

static const struct field book_fields[] = {
    LIST_FIELD(bench_book, venues, bench_venue, .max = 16),
};
static const struct record bench_book_record = RECORD(bench_book, book_fields);

static const struct field part_fields[] = {
    NAME_FIELD(bench_part, name),
    DECIMAL_FIELD(bench_part, rate),
    DECIMAL_FIELD(bench_part, amount),
};
static const struct record bench_part_record = RECORD(bench_part, part_fields);

static const struct field answer_fields[] = {
    NAME_FIELD(bench_answer, id),
    NAME_FIELD(bench_answer, market),
    INSTANT_FIELD(bench_answer, decided_at),
    INTEGER_FIELD(bench_answer, version, .max = INTEGER_MAX),
    CHOICE_FIELD(bench_answer, status, .choices = statuses),
    DECIMAL_FIELD(bench_answer, ratio),
    DECIMAL_FIELD(bench_answer, support),
    DECIMAL_FIELD(bench_answer, requirement),
    DECIMAL_FIELD(bench_answer, equity),
    DECIMAL_FIELD(bench_answer, price, .nullable = true),
    LIST_FIELD(bench_answer, parts, bench_part, .max = 64),
};
static const struct record bench_answer_record = RECORD(bench_answer, answer_fields);

static void
add_side(struct text *text, const char *name, double first, double step)
{
    text_format(text, ",\"%s\":[", name);
    for (int i = 0; i < LEVELS; i++)
        text_format(text, "%s[\"%.2f\",\"%.4f\"]", i ? "," : "", first + step * i, 0.5 + 0.137 * i);
    text_add_string(text, "]");
}

static void
add_book(struct text *text)
{
    text_add_string(text, "{\"venues\":[");
    for (int i = 0; i < 2; i++) {
        text_format(text, "%s{\"venue\":\"venue-%d\",\"kind\":\"book\",\"fee_rate\":\"0.001\"",
                    i ? "," : "", i);
        add_side(text, "bids", 1999.5, -0.25);
        add_side(text, "asks", 2000.5, 0.25);
        text_add_string(text, "}");
    }
    text_add_string(text, "]}");
}

static void
measure_read(const char *name, const struct text *text)
{
    struct bench_book book;
    struct arena      arena;
    struct faults     faults;
    int64_t           start_ns = bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID);

    for (int round = 0; round < ROUNDS; round++) {
        arena_open(&arena, 1 << 20);
        faults_open(&faults, 1);
        if (!json_read(&bench_book_record, text->bytes, text->count, &arena, &book, &faults)) {
            printf("%s at %s\n", faults.items[0].detail, faults.items[0].pointer);
            exit(EXIT_FAILURE);
        }
        arena_close(&arena);
    }
    printf("read %s, %zu bytes: %lld ns\n", name, text->count,
           (long long)((bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start_ns) / ROUNDS));
}

static void
measure_write(const char *name, const struct record *record, const void *in, enum json_order order)
{
    struct arena arena;
    struct text  text  = { 0 };
    size_t       count = 0;
    int64_t      start_ns = bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID);

    for (int round = 0; round < ROUNDS; round++) {
        arena_open(&arena, 1 << 20);
        text_open(&text, &arena, 4096, TEXT_BYTES_MAX);
        json_write(record, in, order, &text);
        count = text.count;
        arena_close(&arena);
    }
    printf("write %s, %zu bytes: %lld ns\n", name, count,
           (long long)((bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start_ns) / ROUNDS));
}

static void
measure_answer(void)
{
    struct bench_part   parts[16];
    struct bench_answer answer = {
        .id = "dec_0123456789abcdef", .market = "eth-usd", .decided_at = 1769903999123456, .version = 3,
        .ratio = DECIMAL_UNITS_OF(1383333333333333333), .support = DECIMAL_OF(16600),
        .requirement = DECIMAL_OF(12000), .equity = DECIMAL_OF(8000),
        .price = DECIMAL_MICRO_OF(1445783132), .parts = parts, .parts_count = COUNT_OF(parts),
    };
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        parts[i] = (struct bench_part){ "slippage", DECIMAL_MICRO_OF(12345), DECIMAL_MICRO_OF(1234567891) };
    measure_write("answer, declared", &bench_answer_record, &answer, JSON_DECLARED);
    measure_write("answer, canonical", &bench_answer_record, &answer, JSON_CANONICAL);
}

int
main(void)
{
    struct arena arena;
    struct text  text;

    arena_open(&arena, 1 << 20);
    text_open(&text, &arena, 0, TEXT_BYTES_MAX);
    add_book(&text);
    measure_read("two books", &text);
    measure_answer();
    arena_close(&arena);
    return EXIT_SUCCESS;
}
