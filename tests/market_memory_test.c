/* risk/market_memory: histories against an independent integration, the chain through its bytes,
 * what it refuses, and what must always hold. */
#include "risk/market_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"
#include "risk/elementary.h"
#include "risk/statistic.h"
#include "risk/volatility.h"
#include "tests/exact.h"
#include "tests/generate.h"
#include "tests/near.h"
#include "tests/reading.h"
#include "tests/suite.h"
#include "tests/venues.h"

#define LENGTH(list)   ((int)(sizeof(list) / sizeof *(list)))
#define SECOND_US      INT64_C(1000000)
#define MILLISECOND_US INT64_C(1000)
#define BEGUN_US       INT64_C(1583971200123000)

enum { PATH_MAX_STEPS = 400, LINE_BYTES = 256 };

static const char golden_path[] = "tests/golden/memory.txt";

/* A chain of memories: two places for spans, so that none is written over while it is read. */
struct chain {
    struct arena             arena, adaptive_arena;
    struct oracle_settings   oracle;
    struct adaptive_settings adaptive;
    struct memory_span       spans[2][SPANS_MAX];
    struct price_memory      memory;
    size_t                   count;
};

static void
chain_open(struct chain *chain, const char *oracle, const char *adaptive)
{
    reading_open(&chain->arena, &oracle_settings_record, oracle, &chain->oracle);
    reading_open(&chain->adaptive_arena, &adaptive_settings_record, adaptive, &chain->adaptive);
    chain->count = 0;
}

static void
chain_close(struct chain *chain)
{
    arena_close(&chain->arena);
    arena_close(&chain->adaptive_arena);
}

static enum memory_fault
chain_add(struct chain *chain, int64_t at_us, struct decimal price, struct decimal volatility,
          struct decimal depth_value)
{
    struct memory_observation observation = { at_us, price, volatility, depth_value };
    struct price_memory next;
    enum memory_fault fault =
        memory_next(&chain->oracle, &chain->adaptive, chain->count > 0 ? &chain->memory : NULL,
                    &observation, at_us, chain->spans[chain->count % 2], &next);

    if (fault == MEMORY_GOOD) {
        chain->memory = next;
        chain->count++;
    }
    return fault;
}

static void
chain_must(struct chain *chain, int64_t at_us, struct decimal price)
{
    ck_assert_int_eq(chain_add(chain, at_us, price, DECIMAL_NONE, DECIMAL_NONE), MEMORY_GOOD);
}

static void
check_statistic(struct decimal ours, const char *expected, const char *line)
{
    if (!strcmp(expected, "none")) {
        ck_assert_msg(decimal_is_none(ours), "a number, expected none: %s", line);
        return;
    }
    ck_assert_msg(!decimal_is_none(ours), "none, expected %s: %s", expected, line);
    ck_assert_msg(is_near(statistic_of(ours), strtod(expected, NULL), 1e-9), "%.15g, not %s: %s",
                  statistic_of(ours), expected, line);
}

static void
check_golden_line(struct chain *chain, const char *line)
{
    char copy[LINE_BYTES];
    char *words[7];
    char *saved = NULL;

    snprintf(copy, sizeof copy, "%s", line);
    for (int i = 0; i < LENGTH(words); i++) {
        words[i] = strtok_r(i ? NULL : copy, " \n", &saved);
        ck_assert_ptr_nonnull(words[i]);
    }
    chain_must(chain, BEGUN_US + strtoll(words[0], NULL, 10) * MILLISECOND_US, number(words[1]));
    check_statistic(chain->memory.time_weighted_price, words[2], line);
    check_statistic(chain->memory.window_s, words[3], line);
    check_statistic(chain->memory.gap_s, words[4], line);
    check_statistic(chain->memory.variance, words[5], line);
    check_statistic(chain->memory.long_variance, words[6], line);
}

/* 160 snapshots at uneven times, from a millisecond to two hours apart: integrated over the whole
 * path each time there, carried from one to the next here. */
START_TEST(history_is_that_of_the_whole_path)
{
    FILE *file = fopen(golden_path, "r");
    char line[LINE_BYTES];
    struct chain chain;

    ck_assert_ptr_nonnull(file);
    chain_open(&chain, "{'volatility_half_life_s':3600,'volatility_long_half_life_s':86400}", "{}");
    while (fgets(line, sizeof line, file))
        if (*line != '#')
            check_golden_line(&chain, line);
    fclose(file);
    ck_assert_uint_ge(chain.count, 150);
    chain_close(&chain);
}
END_TEST

/* A link computed from the memory before, and from what its bytes say: the same bytes. */
START_TEST(chain_goes_on_from_its_bytes)
{
    struct chain chain;
    uint64_t seed = 3;
    int64_t at = BEGUN_US;

    chain_open(&chain, "{}", "{'depth_deep':'1000000','depth_thin':'100000'}");
    chain_must(&chain, at, number("2000"));
    for (int i = 0; i < PATH_MAX_STEPS; i++) {
        struct memory_observation observation = {
            at += MILLISECOND_US + (int64_t)(draw(&seed) % (UINT64_C(600) * 1000000)),
            { (int128)(draw(&seed) >> 3) * 1000 + 1 },
            DECIMAL_NONE,
            { (int128)(draw(&seed) >> 4) * 1000000 },
        };
        struct memory_span spans[SPANS_MAX];
        struct price_memory copy;
        struct price_memory next;
        struct arena arena;
        struct arena copy_arena;

        arena_open(&arena, 1 << 20);
        reading_open(&copy_arena, &price_memory_record,
                     canonical_text(&arena, &price_memory_record, &chain.memory), &copy);
        ck_assert_int_eq(memory_next(&chain.oracle, &chain.adaptive, &copy, &observation, at, spans,
                                     &next),
                         MEMORY_GOOD);
        ck_assert_int_eq(chain_add(&chain, at, observation.price, DECIMAL_NONE,
                                   observation.depth_value),
                         MEMORY_GOOD);
        ck_assert_str_eq(canonical_text(&arena, &price_memory_record, &next),
                         canonical_text(&arena, &price_memory_record, &chain.memory));
        arena_close(&arena);
        arena_close(&copy_arena);
    }
    chain_close(&chain);
}
END_TEST

/* A snapshot's own price weighs nothing in its own memory; held for a tenth of the window, a tenth.
 * Exactly where the jump is on the window's grid, else to a fortieth of it. */
START_TEST(price_counts_by_the_time_it_stood)
{
    int64_t begin = BEGUN_US - BEGUN_US % (180 * SECOND_US) + _i * 41 * SECOND_US;
    double shift = real_log(1.5);
    double most = 0;
    struct chain chain;

    chain_open(&chain, "{}", "{}");
    for (int64_t s = 0; s <= 3588; s += 12)
        chain_must(&chain, begin + s * SECOND_US, number("2000"));
    chain_must(&chain, begin + 3600 * SECOND_US, number("3000"));
    ck_assert(chain.memory.time_weighted_price.units == number("2000").units);
    ck_assert(memory_reference(&chain.memory).gap_s == 12);
    ck_assert(memory_reference(&chain.memory).window_s == 1800);
    for (int64_t s = 18; s <= 1980; s += 18) {
        double expected = real_log(2000) + shift * real_min((double)s / 1800, 1);
        chain_must(&chain, begin + (3600 + s) * SECOND_US, number("3000"));
        most = real_max(most, real_abs(real_log(statistic_of(chain.memory.time_weighted_price)) -
                                       expected));
    }
    ck_assert(most <= (_i ? shift / 40 : 1e-9));
    ck_assert(real_abs(real_log(statistic_of(chain.memory.time_weighted_price)) - real_log(3000)) <
              1e-9);
    chain_close(&chain);
}
END_TEST

/* What the guard says of a deferral holds in the memory: after W (1 - bound / deviation), if the
 * price stands, the deviation is the bound. */
START_TEST(deviation_is_taken_in_by_the_time_promised)
{
    struct chain chain;
    double bound = 0.014;
    double deviation = real_log(1.06);
    int64_t wait_s = (int64_t)(1800 * (1 - bound / deviation));

    chain_open(&chain, "{}", "{}");
    for (int64_t s = 0; s <= 3600; s += 10)
        chain_must(&chain, BEGUN_US + s * SECOND_US, number("2000"));
    for (int64_t s = 0; s <= wait_s; s += 10)
        chain_must(&chain, BEGUN_US + (3601 + s) * SECOND_US, number("2120"));
    ck_assert_near(real_log(2120 / statistic_of(chain.memory.time_weighted_price)), bound, 0.02);
    chain_close(&chain);
}
END_TEST

/* Whatever the times: within the prices of the window, bounded, and no price of a moment in it. */
START_TEST(time_weighted_price_lies_within_the_window)
{
    struct chain chain;
    uint64_t seed = 5;
    int64_t times[PATH_MAX_STEPS];
    struct decimal prices[PATH_MAX_STEPS];
    int64_t at = BEGUN_US;

    chain_open(&chain, "{'window_s':60}", "{}");
    for (int i = 0; i < PATH_MAX_STEPS; i++) {
        struct decimal least = { DECIMAL_MAX_UNITS };
        struct decimal most = decimal_zero;
        double ours;

        at += MILLISECOND_US * (1 + (int64_t)(draw(&seed) % (i % 7 ? 3000 : 90000)));
        times[i] = at;
        prices[i] = (struct decimal){ (int128)(1 + draw(&seed) % 1000000) * DECIMAL_ONE_UNITS };
        chain_must(&chain, at, prices[i]);
        ck_assert_uint_le(chain.memory.spans_count, SPANS_MAX);
        /* A part that is leaving the window still speaks for all of itself. */
        for (int j = 0; j < i; j++) {
            if (times[j + 1] <= at - 66 * SECOND_US)
                continue;
            least = decimal_compare(prices[j], least) < 0 ? prices[j] : least;
            most = decimal_compare(prices[j], most) > 0 ? prices[j] : most;
        }
        if (i == 0)
            continue;
        ours = statistic_of(chain.memory.time_weighted_price);
        ck_assert(ours >= statistic_of(least) * (1 - 1e-9));
        ck_assert(ours <= statistic_of(most) * (1 + 1e-9));
    }
    chain_close(&chain);
}
END_TEST

/* A window made longer or shorter under way never leaves the bounds, and goes on. */
START_TEST(window_may_change_under_way)
{
    struct chain chain;
    int64_t windows[] = { 1800, 60, 86400, 600, 1801, 3600, 77, 86399 };
    int64_t at = BEGUN_US;

    chain_open(&chain, "{}", "{}");
    for (int i = 0; i < PATH_MAX_STEPS; i++) {
        chain.oracle.window_s = windows[i / 50];
        at += 7 * SECOND_US + 1000 * (i % 13);
        chain_must(&chain, at, (struct decimal){ (1900 + i) * (int128)DECIMAL_ONE_UNITS });
        ck_assert_uint_le(chain.memory.spans_count, SPANS_MAX);
        if (i == 0)
            continue;
        ck_assert(statistic_of(chain.memory.window_s) <= (double)windows[i / 50]);
        ck_assert(statistic_of(chain.memory.time_weighted_price) >= 1900 * (1 - 1e-10));
        ck_assert(statistic_of(chain.memory.time_weighted_price) <= 1900 + i);
    }
    chain_close(&chain);
}
END_TEST

/* A price that moves by r every t has the variance r^2 / t from the first return on; constant
 * prices have none. */
START_TEST(variance_of_an_even_pace)
{
    struct chain chain;
    double expected = real_log(1.01) * real_log(1.01) / (60 / SECONDS_PER_YEAR);

    chain_open(&chain, "{}", "{}");
    for (int i = 0; i < 200; i++) {
        chain_must(&chain, BEGUN_US + i * 60 * SECOND_US, number(i % 2 ? "101" : "100"));
        if (i == 0)
            continue;
        ck_assert_near(statistic_of(chain.memory.variance), expected, 1e-9);
        ck_assert_near(statistic_of(chain.memory.long_variance), expected, 1e-9);
        ck_assert_near(statistic_of(memory_volatility(&chain.memory)), real_sqrt(expected), 1e-9);
    }
    chain_close(&chain);
    chain_open(&chain, "{}", "{}");
    chain_must(&chain, BEGUN_US, number("7"));
    ck_assert(decimal_is_none(memory_volatility(&chain.memory)));
    ck_assert(decimal_is_none(memory_reference(&chain.memory).price));
    chain_must(&chain, BEGUN_US + SECOND_US, number("7"));
    ck_assert(chain.memory.variance.units == 0);
    ck_assert(memory_volatility(&chain.memory).units == 0);
    chain_close(&chain);
}
END_TEST

/* After a storm the fast variance falls by half in its half-life; half of the long one stays below
 * as a floor. */
START_TEST(calm_after_a_storm_is_believed_slowly)
{
    struct chain chain;
    double storm;
    int64_t at = BEGUN_US;

    chain_open(&chain, "{'volatility_half_life_s':3600,'volatility_long_half_life_s':2592000}",
               "{}");
    for (int i = 0; i < 2000; i++)
        chain_must(&chain, at += 60 * SECOND_US, number(i % 2 ? "101" : "100"));
    storm = statistic_of(chain.memory.variance);
    for (int i = 0; i < 60; i++)
        chain_must(&chain, at += 60 * SECOND_US, number("101"));
    ck_assert_near(statistic_of(chain.memory.variance), storm / 2, 1e-6);
    for (int i = 0; i < 1000; i++)
        chain_must(&chain, at += 60 * SECOND_US, number("101"));
    ck_assert_near(statistic_of(memory_volatility(&chain.memory)),
                   real_sqrt(statistic_of(chain.memory.long_variance)) / 2, 1e-9);
    chain_close(&chain);
}
END_TEST

/* Two feeds race, clocks run ahead, prices are none: refused by name, and nothing is changed. */
static const struct {
    int64_t after_ms, ahead_ms;           /* of the last one; of our clock */
    const char *price;
    enum memory_fault fault;
    const char *name;
} refusals[] = {
    { 1, 0, "2000", MEMORY_GOOD, "good" },
    { 1, 2000, "2000", MEMORY_GOOD, "good" },
    { 0, 0, "2000", MEMORY_NOT_NEWER, "snapshot_not_newer" },
    { -1, 0, "2000", MEMORY_NOT_NEWER, "snapshot_not_newer" },
    { -86400000, 0, "2000", MEMORY_NOT_NEWER, "snapshot_not_newer" },
    { 3600000, 2001, "2000", MEMORY_FROM_THE_FUTURE, "snapshot_from_the_future" },
    { 86400000, 86400000, "2000", MEMORY_FROM_THE_FUTURE, "snapshot_from_the_future" },
    { 1, 0, "0", MEMORY_PRICE_NOT_POSITIVE, "price_not_positive" },
    { 1, 0, "-5", MEMORY_PRICE_NOT_POSITIVE, "price_not_positive" },
};

START_TEST(snapshot_is_refused_by_name)
{
    struct chain chain;
    struct memory_span spans[SPANS_MAX] = { 0 };
    struct price_memory next = { .begun_at = 42 };
    struct memory_observation observation = {
        BEGUN_US + (5000 + refusals[_i].after_ms) * MILLISECOND_US, number(refusals[_i].price),
        DECIMAL_NONE, DECIMAL_NONE,
    };
    enum memory_fault fault;

    chain_open(&chain, "{}", "{}");
    chain_must(&chain, BEGUN_US, number("1999"));
    chain_must(&chain, BEGUN_US + 5 * SECOND_US, number("2000"));
    fault = memory_next(&chain.oracle, &chain.adaptive, &chain.memory, &observation,
                        observation.observed_at - refusals[_i].ahead_ms * MILLISECOND_US, spans,
                        &next);
    ck_assert_int_eq(fault, refusals[_i].fault);
    ck_assert_str_eq(memory_fault_name(fault), refusals[_i].name);
    ck_assert((next.begun_at == 42) == (fault != MEMORY_GOOD));
    ck_assert((spans[0].begun_at == 0) == (fault != MEMORY_GOOD));
    chain_close(&chain);
}
END_TEST

/* The same observations in the order of their times, whichever feed brought them: a late one is
 * refused, and the chain is as if it had never come. */
START_TEST(older_snapshot_after_a_newer_changes_nothing)
{
    struct chain one;
    struct chain two;
    struct arena arena;

    chain_open(&one, "{}", "{}");
    chain_open(&two, "{}", "{}");
    for (int64_t s = 0; s < 600; s += 10) {
        struct decimal price = { (2000 + s % 70) * (int128)DECIMAL_ONE_UNITS };
        chain_must(&one, BEGUN_US + s * SECOND_US, price);
        chain_must(&two, BEGUN_US + s * SECOND_US, price);
        ck_assert_int_eq(chain_add(&two, BEGUN_US + (s - 5) * SECOND_US, number("1"), DECIMAL_NONE,
                                   DECIMAL_NONE),
                         MEMORY_NOT_NEWER);
    }
    arena_open(&arena, 1 << 20);
    ck_assert_str_eq(canonical_text(&arena, &price_memory_record, &one.memory),
                     canonical_text(&arena, &price_memory_record, &two.memory));
    arena_close(&arena);
    chain_close(&one);
    chain_close(&two);
}
END_TEST

/* Times are cut to what JSON keeps, so that the chain read again is the chain. */
START_TEST(times_are_whole_milliseconds)
{
    struct chain chain;

    chain_open(&chain, "{}", "{}");
    chain_must(&chain, BEGUN_US + 999, number("2000"));
    ck_assert_int_eq(chain.memory.observed_at, BEGUN_US);
    ck_assert_int_eq(chain_add(&chain, BEGUN_US + 999, number("2"), DECIMAL_NONE, DECIMAL_NONE),
                     MEMORY_NOT_NEWER);
    chain_must(&chain, BEGUN_US + 1000, number("2000"));
    chain_close(&chain);
}
END_TEST

/* The largest and the smallest price there is, one after the other, a millisecond apart. */
START_TEST(extremes_stay_within_a_memory)
{
    struct chain chain;
    struct decimal most = { DECIMAL_MAX_UNITS };
    struct arena arena;

    chain_open(&chain, "{'window_s':86400}", "{}");
    for (int i = 0; i < 60; i++) {
        chain_must(&chain, BEGUN_US + i * MILLISECOND_US * (i < 30 ? 1 : 40000),
                   i % 3 ? most : decimal_unit);
        if (i == 0)
            continue;
        ck_assert(statistic_of(chain.memory.variance) <= 1e6);
        ck_assert(statistic_of(memory_volatility(&chain.memory)) <= 1000);
        ck_assert_int_gt(decimal_sign(chain.memory.time_weighted_price), 0);
    }
    arena_open(&arena, 1 << 20);
    ck_assert_uint_lt(strlen(canonical_text(&arena, &price_memory_record, &chain.memory)), 1500);
    arena_close(&arena);
    chain_close(&chain);
}
END_TEST

/* The stress follows the volatility that is given, else the memory's own. */
START_TEST(stress_follows_the_volatility)
{
    struct chain chain;
    static const char moves[] =
        "{'volatility_calm':'1','volatility_stressed':'3','band':'0','rise_s':0,'fall_s':0}";

    chain_open(&chain, "{}", moves);
    ck_assert_int_eq(chain_add(&chain, BEGUN_US, number("100"), number("2"), DECIMAL_NONE),
                     MEMORY_GOOD);
    ck_assert(chain.memory.stress.held.units == number("0.5").units);
    chain_must(&chain, BEGUN_US + 3600 * SECOND_US, number("102"));
    /* ln(1.02) sqrt(8760) = 1.8534 a year; (1.8534 - 1) / 2. */
    ck_assert_near(statistic_of(chain.memory.stress.held), 0.4267121801, 1e-9);
    chain_close(&chain);
}
END_TEST

/* Five sources about a price, the last of them without a move since the month began. */
static void
report_all(struct source_price reports[static 5], double price, double first, int64_t now)
{
    static const char *const names[] = { "a", "b", "c", "d", "e" };

    for (int i = 0; i < 5; i++) {
        reports[i].source = names[i];
        reports[i].observed_at = now - i * SECOND_US;
        ck_assert(decimal_of_statistic(i < 4 ? price * (1 + 2e-4 * (i - 1)) : first,
                                       &reports[i].price));
        ck_assert(decimal_of_statistic(price * 5e-4, &reports[i].confidence));
    }
}

/* The guard and the memory through a crash, hour by hour: nothing is rejected or put off, though a
 * source stands still and others would gain; where it is no usual move, in smaller slices. By more
 * than the sources' spread that is so on 10 March 15:00, 12 March 10:00 and 23:00, 15 March 21:00;
 * 12 May 23:00, 19 May 12:00. */
START_TEST(crash_is_never_stopped)
{
    static const struct { const char *file; int confirmed; } months[] = {
        { "btcusdt_1h_2020-03.csv", 4 }, { "btcusdt_1h_2021-05.csv", 2 },
    };
    size_t count = 0;
    struct candle *candles = candles_read(months[_i].file, &count);
    int confirmed = 0;
    struct chain chain;

    if (!candles)
        return;
    chain_open(&chain, "{}", "{}");
    for (size_t i = 0; i < count; i++) {
        int64_t now = BEGUN_US + (int64_t)i * 3600 * SECOND_US;
        struct source_price reports[5];
        struct oracle_question question = { .reports = reports, .reports_count = 5, .now = now };
        struct oracle_answer answer;

        report_all(reports, candles[i].close, candles[0].close, now);
        chain_must(&chain, now, reports[1].price);
        question.reference = memory_reference(&chain.memory);
        question.volatility = real_max(
            0.3, ewma_garman_klass_volatility(candles, i, 8760, decay_of_half_life(12)));
        question.gain = (struct oracle_gain){ 1e6, false, DECIMAL_NONE, 0 };
        oracle_judge(&chain.oracle, &question, &answer);
        ck_assert_int_eq(answer.verdict, ORACLE_ACCEPT);
        ck_assert(i == 0 || real_abs(statistic_of(answer.aggregate.price) / candles[i].close - 1) <
                                5e-4);
        confirmed += answer.reason == ORACLE_CONFIRMED_DEVIATION;
        ck_assert((answer.reason == ORACLE_CONFIRMED_DEVIATION) ==
                  (decimal_compare(answer.slice_rate, decimal_one) < 0));
    }
    printf("memory %s: %d hours of %zu in smaller slices\n", months[_i].file, confirmed, count);
    fflush(stdout);
    ck_assert_int_eq(confirmed, months[_i].confirmed);
    chain_close(&chain);
    free(candles);
}
END_TEST

static void
check_bad(void *context, const char *text, size_t bytes, const char *code, const char *pointer)
{
    size_t *count = context;
    struct market_memory memory;
    struct faults faults;
    struct arena arena;

    arena_open(&arena, 1 << 20);
    faults_open(&faults, 1);
    ck_assert_msg(!json_read(&market_memory_record, text, bytes, &arena, &memory, &faults),
                  "accepted: %.*s", (int)bytes, text);
    ck_assert_str_eq(faults.items[0].code, code);
    ck_assert_str_eq(faults.items[0].pointer, pointer);
    arena_close(&arena);
    ++*count;
}

START_TEST(memory_out_of_shape_is_refused)
{
    static const char good[] =
        "{\"previous_sha256\":"
        "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\","
        "\"assets\":{\"ETH\":{\"begun_at\":\"2026-01-01T00:00:00.000Z\","
        "\"observed_at\":\"2026-01-01T00:00:10.000Z\",\"price\":\"2000\","
        "\"spans\":[[\"2026-01-01T00:00:00.000Z\",\"7.6\"]],\"time_weighted_price\":\"2000\","
        "\"window_s\":\"10\",\"gap_s\":\"10\",\"variance\":\"0.6\",\"long_variance\":\"0.6\","
        "\"stress\":{\"volatility\":\"0.5\",\"depth\":\"0\",\"held\":\"0.5\"}}}}";
    size_t count = 0;

    generate_bad_inputs(&market_memory_record, good, check_bad, &count);
    ck_assert_uint_gt(count, 40);
}
END_TEST

Suite *
market_memory_suite(void)
{
    Suite *suite = suite_create("market_memory");
    TCase *cases = tcase_create("market_memory");

    tcase_add_test(cases, history_is_that_of_the_whole_path);
    tcase_add_test(cases, chain_goes_on_from_its_bytes);
    tcase_add_loop_test(cases, price_counts_by_the_time_it_stood, 0, 4);
    tcase_add_test(cases, deviation_is_taken_in_by_the_time_promised);
    tcase_add_test(cases, time_weighted_price_lies_within_the_window);
    tcase_add_test(cases, window_may_change_under_way);
    tcase_add_test(cases, variance_of_an_even_pace);
    tcase_add_test(cases, calm_after_a_storm_is_believed_slowly);
    tcase_add_loop_test(cases, snapshot_is_refused_by_name, 0, LENGTH(refusals));
    tcase_add_test(cases, older_snapshot_after_a_newer_changes_nothing);
    tcase_add_test(cases, times_are_whole_milliseconds);
    tcase_add_test(cases, extremes_stay_within_a_memory);
    tcase_add_test(cases, stress_follows_the_volatility);
    tcase_add_loop_test(cases, crash_is_never_stopped, 0, 2);
    tcase_add_test(cases, memory_out_of_shape_is_refused);
    suite_add_tcase(suite, cases);
    return suite;
}
