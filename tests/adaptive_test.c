/* risk/adaptive: bounds, play, speeds, order; and two crashes hour by hour. */
#include "risk/adaptive.h"

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

#define LENGTH(list) ((int)(sizeof(list) / sizeof *(list)))
#define HOUR_US      INT64_C(3600000000)

enum { STEPS = 3000, HOURS_MAX = 1000 };

/* Volatility from 1 to 3, depth from a million down to a tenth of one, at once and without play. */
#define PLAIN \
    "{'depth_deep':'1000000','depth_thin':'100000','band':'0','rise_s':0,'fall_s':0," \
    "'maintenance_multiplier_max':'2','penalty_floor_rate_max':'0.05','slice_rate_min':'0.2'}"
#define PLAYING \
    "{'maintenance_multiplier_max':'2','penalty_floor_rate_max':'0.05','slice_rate_min':'0.2'}"
/* Bounds that no rounding meets; and nearly no play left, all the way in a week. */
#define UNEVEN \
    "{'depth_deep':'1000000','depth_thin':'0','band':'0.3','rise_s':900,'fall_s':0," \
    "'maintenance_multiplier_max':'3.3333333','penalty_floor_rate_max':'0.0777777'," \
    "'slice_rate_min':'0.1234567'}"
#define STIFF \
    "{'depth_deep':'1000000','depth_thin':'999999.9','band':'0.9','rise_s':0," \
    "'fall_s':604800,'maintenance_multiplier_max':'10','slice_rate_min':'0.01'}"

static struct adaptive_settings
settings_of(const char *text)
{
    struct adaptive_settings settings;
    struct arena arena;

    reading_open(&arena, &adaptive_settings_record, text, &settings);
    arena_close(&arena);
    return settings;
}

static struct decimal
number_or_none(const char *text)
{
    return text ? number(text) : DECIMAL_NONE;
}

static void
check_decimal(struct decimal ours, const char *expected)
{
    char text[DECIMAL_TEXT_MAX];

    decimal_format(ours, text);
    ck_assert_str_eq(text, expected);
}

/* What the first state of a market says; the document's own penalty floor is 0.01. */
static const struct {
    const char *volatility, *depth;
    const char *stress, *multiplier, *floor_rate, *slice_rate;
    enum adaptive_reason reason;
} firsts[] = {
    { "0", "5000000", "0", "1", "0.01", "1", ADAPTIVE_CALM },
    { "1", "1000000", "0", "1", "0.01", "1", ADAPTIVE_CALM },
    { "2", "1000000", "0.5", "1.5", "0.03", "0.6", ADAPTIVE_VOLATILITY },
    { "1", "550000", "0.5", "1.5", "0.03", "0.6", ADAPTIVE_DEPTH },
    { "2", "550000", "0.5", "1.5", "0.03", "0.6", ADAPTIVE_VOLATILITY },
    { "1.5", "550000", "0.5", "1.5", "0.03", "0.6", ADAPTIVE_DEPTH },
    { "2.5", "550000", "0.75", "1.75", "0.04", "0.4", ADAPTIVE_VOLATILITY },
    { "3", "1000000", "1", "2", "0.05", "0.2", ADAPTIVE_VOLATILITY },
    { "1000", "1000000", "1", "2", "0.05", "0.2", ADAPTIVE_VOLATILITY },
    { "1", "100000", "1", "2", "0.05", "0.2", ADAPTIVE_DEPTH },
    { "1", "0", "1", "2", "0.05", "0.2", ADAPTIVE_DEPTH },
    { NULL, "550000", "0.5", "1.5", "0.03", "0.6", ADAPTIVE_DEPTH },
    { "2", NULL, "0.5", "1.5", "0.03", "0.6", ADAPTIVE_VOLATILITY },
    { NULL, NULL, "0", "1", "0.01", "1", ADAPTIVE_CALM },
    /* A third: rounded so that more is asked for. 1/3 up to 1e-12 is ...334. */
    { "1.666666666666666666", "1000000", "0.333333333334", "1.333334", "0.023334", "0.733333",
      ADAPTIVE_VOLATILITY },
};

START_TEST(stress_lies_between_the_bounds_given)
{
    struct adaptive_settings settings = settings_of(PLAIN);
    struct stress stress;
    struct adaptive effective;

    stress_follow(&settings, NULL, number_or_none(firsts[_i].volatility),
                  number_or_none(firsts[_i].depth), 0, &stress);
    adaptive_effective(&settings, &stress, number("0.01"), &effective);
    check_decimal(effective.stress, firsts[_i].stress);
    check_decimal(effective.maintenance_multiplier, firsts[_i].multiplier);
    check_decimal(effective.penalty_floor_rate, firsts[_i].floor_rate);
    check_decimal(effective.slice_rate, firsts[_i].slice_rate);
    ck_assert_int_eq(effective.reason, firsts[_i].reason);
}
END_TEST

/* With the defaults nothing moves, whatever the market does; nor a floor above its own bound. */
START_TEST(document_that_sets_no_bounds_stays_as_it_is)
{
    struct adaptive_settings settings = settings_of("{}");
    struct adaptive_settings moving = settings_of(PLAIN);
    struct stress stress;
    struct adaptive effective;

    stress_follow(&settings, NULL, number("50"), number("0"), 0, &stress);
    adaptive_effective(&settings, &stress, number("0.0123456789"), &effective);
    check_decimal(effective.stress, "1");
    check_decimal(effective.maintenance_multiplier, "1");
    check_decimal(effective.penalty_floor_rate, "0.0123456789");
    check_decimal(effective.slice_rate, "1");
    adaptive_effective(&moving, &stress, number("0.07"), &effective);
    check_decimal(effective.penalty_floor_rate, "0.07");
}
END_TEST

/* Hour by hour with a play of 0.1, an hour up and four hours down: what is held after each, and what counts
 * of it, (held - 0.1) / 0.9 down to 1e-12. */
static const struct {
    const char *volatility, *held, *stress;
    enum adaptive_reason reason;
} hours[] = {
    { "1.2", "0.1", "0", ADAPTIVE_CALM },              /* as far as the play goes */
    { "1.6", "0.3", "0.222222222222", ADAPTIVE_VOLATILITY },
    { "1.5", "0.3", "0.222222222222", ADAPTIVE_HELD },     /* within the play */
    { "1.42", "0.3", "0.222222222222", ADAPTIVE_HELD },
    { "1.6", "0.3", "0.222222222222", ADAPTIVE_VOLATILITY },
    { "1.38", "0.29", "0.211111111111", ADAPTIVE_HELD },   /* drawn down */
    { "1.55", "0.29", "0.211111111111", ADAPTIVE_HELD },
    { "3", "1", "1", ADAPTIVE_VOLATILITY },
    { "1", "0.75", "0.722222222222", ADAPTIVE_HELD },      /* a quarter an hour */
    { "1", "0.5", "0.444444444444", ADAPTIVE_HELD },
    { "1", "0.25", "0.166666666666", ADAPTIVE_HELD },
    { "1", "0.1", "0", ADAPTIVE_CALM },
    { "1", "0.1", "0", ADAPTIVE_CALM },
};

START_TEST(held_stress_follows_with_play)
{
    struct adaptive_settings settings = settings_of(PLAYING);
    struct stress stress;
    struct adaptive effective;

    for (int i = 0; i < LENGTH(hours); i++) {
        stress_follow(&settings, i ? &stress : NULL, number(hours[i].volatility), DECIMAL_NONE,
                      HOUR_US, &stress);
        adaptive_effective(&settings, &stress, decimal_zero, &effective);
        check_decimal(stress.held, hours[i].held);
        check_decimal(effective.stress, hours[i].stress);
        ck_assert_msg(effective.reason == hours[i].reason, "hour %d: %s", i,
                      adaptive_reason_name(effective.reason));
    }
}
END_TEST

/* Who thins a book out for twelve seconds moves the stress by twelve seconds' worth of an hour. */
START_TEST(moment_moves_it_by_a_moments_worth)
{
    struct adaptive_settings settings = settings_of(
        "{'depth_deep':'1000000','depth_thin':'100000','band':'0','rise_s':3600,'fall_s':14400}");
    struct stress stress;

    stress_follow(&settings, NULL, number("1"), number("1000000"), 0, &stress);
    stress_follow(&settings, &stress, number("1"), number("0"), 12000000, &stress);
    check_decimal(stress.depth, "1");
    check_decimal(stress.held, "0.003333333334");
    stress_follow(&settings, &stress, number("1"), number("1000000"), 12000000, &stress);
    check_decimal(stress.held, "0.0025");
}
END_TEST

/* An input that is left out keeps what it last said. */
START_TEST(absent_input_keeps_its_word)
{
    struct adaptive_settings settings = settings_of(PLAIN);
    struct stress stress;

    stress_follow(&settings, NULL, number("2"), number("100000"), 0, &stress);
    stress_follow(&settings, &stress, DECIMAL_NONE, DECIMAL_NONE, HOUR_US, &stress);
    check_decimal(stress.volatility, "0.5");
    check_decimal(stress.depth, "1");
    check_decimal(stress.held, "1");
    stress_follow(&settings, &stress, DECIMAL_NONE, number("1000000"), HOUR_US, &stress);
    check_decimal(stress.held, "0.5");
}
END_TEST

static void
check_no_less(const struct adaptive *more, const struct adaptive *less)
{
    ck_assert(decimal_compare(more->stress, less->stress) >= 0);
    ck_assert(decimal_compare(more->maintenance_multiplier, less->maintenance_multiplier) >= 0);
    ck_assert(decimal_compare(more->penalty_floor_rate, less->penalty_floor_rate) >= 0);
    ck_assert(decimal_compare(more->slice_rate, less->slice_rate) <= 0);
}

static void
check_within(const struct adaptive_settings *settings, const struct adaptive *effective,
             struct decimal floor_rate)
{
    ck_assert(decimal_compare(effective->maintenance_multiplier, decimal_one) >= 0);
    ck_assert(decimal_compare(effective->maintenance_multiplier,
                              settings->maintenance_multiplier_max) <= 0);
    ck_assert(decimal_compare(effective->penalty_floor_rate, floor_rate) >= 0);
    ck_assert(decimal_compare(effective->penalty_floor_rate, settings->penalty_floor_rate_max) <=
                  0 ||
              effective->penalty_floor_rate.units == floor_rate.units);
    ck_assert(decimal_compare(effective->slice_rate, settings->slice_rate_min) >= 0);
    ck_assert(decimal_compare(effective->slice_rate, decimal_one) <= 0);
}

/* Two markets through the same hours, one nowhere calmer and nowhere deeper than the other: on
 * every path it is nowhere under less stress. */
START_TEST(more_of_a_storm_never_asks_for_less)
{
    static const char *const documents[] = { PLAIN, PLAYING, UNEVEN, STIFF };
    struct adaptive_settings settings = settings_of(documents[_i]);
    struct stress calm;
    struct stress wild;
    uint64_t seed = 17;

    for (int i = 0; i < STEPS; i++) {
        struct decimal volatility = { (int128)(draw(&seed) % 4000000) * 1000000000000 };
        struct decimal depth = { (int128)(draw(&seed) % 1200000) * DECIMAL_ONE_UNITS };
        struct decimal more = { volatility.units +
                                (draw(&seed) % 3 ? 0 : (int128)(draw(&seed) >> 4)) };
        struct decimal less = { depth.units - depth.units / 4 * (int128)(draw(&seed) % 3) };
        int64_t elapsed_us = (int64_t)(draw(&seed) % (UINT64_C(3600) * 1000000));
        struct adaptive calm_effective;
        struct adaptive wild_effective;

        stress_follow(&settings, i ? &calm : NULL, volatility, depth, elapsed_us, &calm);
        stress_follow(&settings, i ? &wild : NULL, more, less, elapsed_us, &wild);
        ck_assert(decimal_compare(wild.held, calm.held) >= 0);
        adaptive_effective(&settings, &calm, number("0.01"), &calm_effective);
        adaptive_effective(&settings, &wild, number("0.01"), &wild_effective);
        check_no_less(&wild_effective, &calm_effective);
        check_within(&settings, &wild_effective, number("0.01"));
    }
}
END_TEST

/* Noise narrower than the band moves nothing, once it is held; and each turn of what is held costs
 * the market a move of a band. */
START_TEST(each_turn_costs_a_band)
{
    struct adaptive_settings settings = settings_of("{'rise_s':0,'fall_s':0,'band':'0.1'}");
    struct stress stress;
    uint64_t seed = 23;
    struct decimal band = number("0.1");
    struct decimal least = decimal_one;
    struct decimal most = decimal_zero;
    struct decimal before = decimal_zero;
    int direction = 0;
    int turns = 0;

    for (int i = 0; i < STEPS; i++) {
        uint64_t width = i % 500 < 50 ? 2000000 : 190000;
        struct decimal volatility = { (int128)(1000000 + draw(&seed) % width) * 1000000000000 };
        int step;

        stress_follow(&settings, i ? &stress : NULL, volatility, DECIMAL_NONE, HOUR_US, &stress);
        if (decimal_compare(stress.volatility, least) < 0)
            least = stress.volatility;
        if (decimal_compare(stress.volatility, most) > 0)
            most = stress.volatility;
        step = i ? decimal_compare(stress.held, before) : 0;
        before = stress.held;
        if (step != 0 && step == -direction) {
            ck_assert(most.units - least.units >= band.units);
            turns++;
        }
        if (step != 0) {
            direction = step;
            least = most = stress.volatility;
        }
    }
    ck_assert_int_gt(turns, 20);
}
END_TEST

/* Hours in the two captured crashes, from tests/oracle/guard.py: the volatility of the candles so
 * far, the raw stress it makes, and the stress after play and speeds. */
static const struct { int month, hour; double volatility, raw, stress; } crashes[] = {
    { 0, 177, 0.9371172585182, 0, 0 },                 /* 2020-03-12 09:00, before the fall */
    { 0, 180, 3.967227578167, 1, 1 },                  /* 12:00, in it */
    { 0, 195, 6.993177278212, 1, 1 },                  /* 2020-03-13 03:00, the worst hour */
    { 0, 216, 5.292636529951, 1, 1 },
    { 0, 349, 1.476819733065, 0.2384098665326, 0.2281344107478 },
    { 0, 372, 1.823921632074, 0.411960816037, 0.3552655103196 },
    { 1, 9, 0.6064503772219, 0, 0 },
    { 1, 27, 1.994858333783, 0.4974291668913, 0.5049174720138 },
    { 1, 48, 1.649320557084, 0.3246602785422, 0.3607336428247 },
    { 1, 181, 4.962061359024, 1, 1 },                  /* 2021-05-19 13:00, in the fall */
    { 1, 204, 3.480584148561, 1, 1 },
};

static const struct { const char *file; int hours, raw_turns, turns; double peak; } months[] = {
    { "btcusdt_1h_2020-03.csv", 384, 53, 10, 6.993177278212 },
    { "btcusdt_1h_2021-05.csv", 360, 92, 9, 5.034852563862 },
};

/* Hour by hour through a month, with the volatility times a factor. */
struct course {
    double          volatility[HOURS_MAX];
    struct stress   stress[HOURS_MAX];
    struct adaptive effective[HOURS_MAX];
};

static void
run_course(const struct candle *candles, size_t count, double factor, struct course *course)
{
    struct adaptive_settings settings = settings_of(PLAYING);

    for (size_t i = 0; i < count; i++) {
        struct decimal volatility;

        course->volatility[i] = factor * ewma_garman_klass_volatility(candles, i + 1, 8760,
                                                                      decay_of_half_life(12));
        ck_assert(decimal_of_statistic(course->volatility[i], &volatility));
        stress_follow(&settings, i ? &course->stress[i - 1] : NULL, volatility, DECIMAL_NONE,
                      HOUR_US, &course->stress[i]);
        adaptive_effective(&settings, &course->stress[i], number("0.01"), &course->effective[i]);
    }
}

static int
count_turns(const struct course *course, size_t count, bool is_raw)
{
    int direction = 0;
    int turns = 0;

    for (size_t i = 1; i < count; i++) {
        int step = is_raw ? decimal_compare(course->stress[i].volatility,
                                            course->stress[i - 1].volatility)
                          : decimal_compare(course->effective[i].stress,
                                            course->effective[i - 1].stress);
        turns += step != 0 && step == -direction;
        direction = step != 0 ? step : direction;
    }
    return turns;
}

static void
check_course(int month, const struct course *course, size_t count)
{
    double peak = 0;

    ck_assert_int_eq((int)count, months[month].hours);
    for (size_t i = 0; i < count; i++)
        peak = real_max(peak, course->volatility[i]);
    ck_assert_near(peak, months[month].peak, 1e-12);
    for (int n = 0; n < LENGTH(crashes); n++) {
        int hour = crashes[n].hour;
        if (crashes[n].month != month)
            continue;
        ck_assert_near(course->volatility[hour], crashes[n].volatility, 1e-12);
        ck_assert_near(statistic_of(course->stress[hour].volatility), crashes[n].raw, 1e-10);
        ck_assert_near(statistic_of(course->effective[hour].stress), crashes[n].stress, 1e-10);
    }
    printf("adaptive %s: the raw stress turns %d times, what is in force %d times\n",
           months[month].file, count_turns(course, count, true),
           count_turns(course, count, false));
    fflush(stdout);
    ck_assert_int_eq(count_turns(course, count, true), months[month].raw_turns);
    ck_assert_int_eq(count_turns(course, count, false), months[month].turns);
}

START_TEST(crash_is_followed_without_oscillation)
{
    size_t count = 0;
    struct candle *candles = candles_read(months[_i].file, &count);
    struct course *course;
    struct course *wilder;

    if (!candles)
        return;
    course = calloc(2, sizeof *course);
    ck_assert_ptr_nonnull(course);
    wilder = course + 1;
    run_course(candles, count, 1, course);
    check_course(_i, course, count);
    for (double factor = 1.05; factor < 3; factor *= 1.3) {
        run_course(candles, count, factor, wilder);
        for (size_t i = 0; i < count; i++)
            check_no_less(&wilder->effective[i], &course->effective[i]);
        *course = *wilder;
    }
    free(course);
    free(candles);
}
END_TEST

static const struct { const char *settings, *code, *pointer; } clashes[] = {
    { "{}", NULL, NULL },
    { "{'depth_deep':'2','depth_thin':'1'}", NULL, NULL },
    { "{'depth_deep':'2','depth_thin':'0'}", NULL, NULL },
    { "{'volatility_calm':'3'}", "adaptive_volatility_order", "/adaptive/volatility_stressed" },
    { "{'depth_deep':'2'}", "adaptive_depth_pair", "/adaptive/depth_deep" },
    { "{'depth_thin':'2'}", "adaptive_depth_pair", "/adaptive/depth_thin" },
    { "{'depth_deep':'2','depth_thin':'2'}", "adaptive_depth_order", "/adaptive/depth_thin" },
};

START_TEST(settings_that_clash_are_refused)
{
    struct adaptive_settings settings = settings_of(clashes[_i].settings);
    struct faults faults;

    faults_open(&faults, 8);
    ck_assert(adaptive_settings_accept(&settings, "/adaptive", &faults) == !clashes[_i].code);
    ck_assert_uint_eq(faults.count, clashes[_i].code ? 1 : 0);
    if (clashes[_i].code) {
        ck_assert_str_eq(faults.items[0].code, clashes[_i].code);
        ck_assert_str_eq(faults.items[0].pointer, clashes[_i].pointer);
    }
}
END_TEST

static void
check_bad(void *context, const char *text, size_t bytes, const char *code, const char *pointer)
{
    size_t *count = context;
    struct adaptive_settings settings;
    struct faults faults;
    struct arena arena;

    arena_open(&arena, 1 << 20);
    faults_open(&faults, 1);
    ck_assert_msg(!json_read(&adaptive_settings_record, text, bytes, &arena, &settings, &faults),
                  "accepted: %.*s", (int)bytes, text);
    ck_assert_str_eq(faults.items[0].code, code);
    ck_assert_str_eq(faults.items[0].pointer, pointer);
    arena_close(&arena);
    ++*count;
}

START_TEST(settings_out_of_shape_are_refused)
{
    static const char good[] =
        "{\"volatility_calm\":\"1\",\"volatility_stressed\":\"3\",\"depth_deep\":\"2\","
        "\"depth_thin\":\"1\",\"band\":\"0.1\",\"rise_s\":1,\"fall_s\":1,"
        "\"maintenance_multiplier_max\":\"2\",\"penalty_floor_rate_max\":\"0.1\","
        "\"slice_rate_min\":\"0.5\"}";
    size_t count = 0;

    generate_bad_inputs(&adaptive_settings_record, good, check_bad, &count);
    ck_assert_uint_gt(count, 30);
}
END_TEST

Suite *
adaptive_suite(void)
{
    Suite *suite = suite_create("adaptive");
    TCase *cases = tcase_create("adaptive");

    tcase_add_loop_test(cases, stress_lies_between_the_bounds_given, 0, LENGTH(firsts));
    tcase_add_test(cases, document_that_sets_no_bounds_stays_as_it_is);
    tcase_add_test(cases, held_stress_follows_with_play);
    tcase_add_test(cases, moment_moves_it_by_a_moments_worth);
    tcase_add_test(cases, absent_input_keeps_its_word);
    tcase_add_loop_test(cases, more_of_a_storm_never_asks_for_less, 0, 4);
    tcase_add_test(cases, each_turn_costs_a_band);
    tcase_add_loop_test(cases, crash_is_followed_without_oscillation, 0, LENGTH(months));
    tcase_add_loop_test(cases, settings_that_clash_are_refused, 0, LENGTH(clashes));
    tcase_add_test(cases, settings_out_of_shape_are_refused);
    suite_add_tcase(suite, cases);
    return suite;
}
