/* risk/candles: bounds on what candles say, and candles refused where they stand. */
#include "risk/candles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"
#include "risk/statistic.h"
#include "risk/volatility.h"
#include "tests/generate.h"
#include "tests/near.h"
#include "tests/reading.h"
#include "tests/suite.h"
#include "tests/venues.h"

#define LENGTH(list) ((int)(sizeof(list) / sizeof *(list)))

/* The five hours of the model's section 6. */
#define HOURS \
    "{'period_s':3600,'rows':[['100','103','99','102'],['102','102.5','98','98.5']," \
    "['98.5','101','97.5','100.5'],['100.5','104','100','103.5'],['103.5','105','101','101.5']]}"

static struct candles_volatility
volatility_of(const char *text, int64_t half_life_s, const char *floor, const char *cap)
{
    struct candle_series series;
    struct candles_volatility volatility;
    struct faults faults;
    struct arena arena;

    reading_open(&arena, &candle_series_record, text, &series);
    faults_open(&faults, 1);
    ck_assert(candles_accept(&series, "", &faults));
    candles_volatility(&series, half_life_s, number(floor), number(cap), &volatility);
    arena_close(&arena);
    return volatility;
}

/* model.md 6.k, 6.l; the decay 0.94 is a half-life of 3600 ln 0.5 / ln 0.94 s = 40328.34 s. */
START_TEST(estimates_are_the_models)
{
    struct candles_volatility volatility = volatility_of(HOURS, 40328, "0", "100");

    ck_assert_near(statistic_of(volatility.parkinson), 2.23075923311539, 1e-11);
    ck_assert_near(statistic_of(volatility.garman_klass), 2.16596591632613, 1e-11);
    ck_assert_near(statistic_of(volatility.rogers_satchell), 2.03572100209873, 1e-11);
    ck_assert_near(statistic_of(volatility.ewma_garman_klass), 2.30515827409607, 1e-6);
    ck_assert(volatility.volatility.units == volatility.ewma_garman_klass.units);
    ck_assert_int_eq(volatility.limit, VOLATILITY_FREE);
}
END_TEST

static const struct {
    const char *floor, *cap, *expected;
    enum volatility_limit limit;
} limits[] = {
    { "0", "2.3", "2.3", VOLATILITY_AT_CAP },
    { "0", "0", "0", VOLATILITY_AT_CAP },
    { "2.31", "100", "2.31", VOLATILITY_AT_FLOOR },
    { "5", "5", "5", VOLATILITY_AT_FLOOR },
    { "2.3", "2.31", NULL, VOLATILITY_FREE },
};

START_TEST(volatility_is_held_within_the_markets_bounds)
{
    struct candles_volatility volatility =
        volatility_of(HOURS, 40328, limits[_i].floor, limits[_i].cap);

    ck_assert_int_eq(volatility.limit, limits[_i].limit);
    if (limits[_i].expected)
        ck_assert(volatility.volatility.units == number(limits[_i].expected).units);
    else
        ck_assert(volatility.volatility.units == volatility.ewma_garman_klass.units);
}
END_TEST

/* A bound that is met exactly is no limit. */
START_TEST(volatility_on_its_bound_is_free)
{
    enum volatility_limit limit;

    ck_assert(volatility_within(number("2"), number("2"), number("2"), &limit).units ==
              number("2").units);
    ck_assert_int_eq(limit, VOLATILITY_FREE);
}
END_TEST

/* After a storm half of the long run is the least. */
START_TEST(half_of_the_long_run_is_the_least)
{
    static const char after[] =
        "{'period_s':3600,'rows':[['100','150','70','100'],['100','100','100','100'],"
        "['100','100','100','100'],['100','100','100','100']]}";
    struct candles_volatility volatility = volatility_of(after, 60, "0", "1000");

    ck_assert(statistic_of(volatility.ewma_garman_klass) < 0.01);
    ck_assert_near(statistic_of(volatility.volatility), statistic_of(volatility.garman_klass) / 2,
                   1e-11);
}
END_TEST

START_TEST(still_prices_have_no_volatility)
{
    struct candles_volatility volatility = volatility_of(
        "{'period_s':86400,'rows':[['7','7','7','7'],['7','7','7','7']]}", 43200, "0", "100");

    ck_assert(volatility.volatility.units == 0);
    ck_assert(volatility.parkinson.units == 0);
    ck_assert(volatility.garman_klass.units == 0);
    ck_assert(volatility.rogers_satchell.units == 0);
}
END_TEST

/* As far apart as decimals are, every minute. */
START_TEST(extremes_have_a_volatility)
{
    struct candles_volatility volatility = volatility_of(
        "{'period_s':60,'rows':[['0.000000000000000001','170000000000000000000',"
        "'0.000000000000000001','1'],['1','170000000000000000000','0.000000000000000001','1']]}",
        60, "0", "100");

    ck_assert(volatility.volatility.units == number("100").units);
    ck_assert(statistic_of(volatility.parkinson) < 1e5);
}
END_TEST

static const struct { const char *row, *code; } faults_of_rows[] = {
    { "['0','103','99','102']", "candle_not_positive" },
    { "['100','103','-99','102']", "candle_not_positive" },
    { "['100','103','100.5','102']", "candle_low_above_body" },
    { "['102','103','100.5','100']", "candle_low_above_body" },
    { "['100','101','99','102']", "candle_high_below_body" },
    { "['102','101','99','100']", "candle_high_below_body" },
};

START_TEST(bad_candle_is_refused_by_name_and_place)
{
    char text[256];
    struct candle_series series;
    struct faults faults;
    struct arena arena;

    snprintf(text, sizeof text, "{'period_s':60,'rows':[['1','1','1','1'],%s,%s]}",
             faults_of_rows[_i].row, faults_of_rows[_i].row);
    reading_open(&arena, &candle_series_record, text, &series);
    faults_open(&faults, 8);
    ck_assert(!candles_accept(&series, "/state/candles/ETH", &faults));
    ck_assert_uint_eq(faults.count, 1);
    ck_assert_str_eq(faults.items[0].code, faults_of_rows[_i].code);
    ck_assert_str_eq(faults.items[0].pointer, "/state/candles/ETH/rows/1");
    arena_close(&arena);
}
END_TEST

static void
check_bad(void *context, const char *text, size_t bytes, const char *code, const char *pointer)
{
    size_t *count = context;
    struct candle_series series;
    struct faults faults;
    struct arena arena;

    arena_open(&arena, 1 << 20);
    faults_open(&faults, 1);
    ck_assert_msg(!json_read(&candle_series_record, text, bytes, &arena, &series, &faults),
                  "accepted: %.*s", (int)bytes, text);
    ck_assert_str_eq(faults.items[0].code, code);
    ck_assert_str_eq(faults.items[0].pointer, pointer);
    arena_close(&arena);
    ++*count;
}

START_TEST(series_out_of_shape_is_refused)
{
    size_t count = 0;

    generate_bad_inputs(&candle_series_record,
                        "{\"period_s\":3600,\"rows\":[[\"1\",\"2\",\"1\",\"2\"],"
                        "[\"1\",\"2\",\"1\",\"2\"]]}",
                        check_bad, &count);
    ck_assert_uint_gt(count, 15);
}
END_TEST

/* Each captured candle is one; both months within the bounds of any market. */
START_TEST(captured_candles_are_good)
{
    static const char *const files[] = { "btcusdt_1h_2020-03.csv", "btcusdt_1h_2021-05.csv" };
    size_t count = 0;
    size_t at = 0;
    struct candle *candles = candles_read(files[_i], &count);

    if (!candles)
        return;
    ck_assert_uint_gt(count, 300);
    ck_assert_int_eq(candles_check(candles, count, &at), CANDLE_GOOD);
    free(candles);
}
END_TEST

Suite *
candles_suite(void)
{
    Suite *suite = suite_create("candles");
    TCase *cases = tcase_create("candles");

    tcase_add_test(cases, estimates_are_the_models);
    tcase_add_loop_test(cases, volatility_is_held_within_the_markets_bounds, 0, LENGTH(limits));
    tcase_add_test(cases, volatility_on_its_bound_is_free);
    tcase_add_test(cases, half_of_the_long_run_is_the_least);
    tcase_add_test(cases, still_prices_have_no_volatility);
    tcase_add_test(cases, extremes_have_a_volatility);
    tcase_add_loop_test(cases, bad_candle_is_refused_by_name_and_place, 0,
                        LENGTH(faults_of_rows));
    tcase_add_test(cases, series_out_of_shape_is_refused);
    tcase_add_loop_test(cases, captured_candles_are_good, 0, 2);
    suite_add_tcase(suite, cases);
    return suite;
}
