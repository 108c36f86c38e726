/* The rules in force under a stress: by hand, by order, and over two crashes and a made-up one. */
#include "risk/effective.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "risk/reckoning.h"
#include "risk/snapshot.h"
#include "risk/volatility.h"
#include "tests/reading.h"
#include "tests/scene.h"
#include "tests/suite.h"

enum { HOURS_MAX = 1000, STEPS = 101 };

#define HOUR_US INT64_C(3600000000)
#define NOW_US  INT64_C(1769860800000000)          /* 2026-01-31T12:00:00Z */
#define SHA256  "0000000000000000000000000000000000000000000000000000000000000000"

/* A band of 0.1, so that held 0.55 is a stress of 0.45 / 0.9 = 0.5; and a multiplier up to 1.5. */
#define EXECUTION \
    ",'execution':{'maximum_slice_value':'1000','adaptive':{'maintenance_multiplier_max':'1.5'," \
    "'penalty_floor_rate_max':'0.05','slice_rate_min':'0.2'}}"
#define ACCOUNT \
    "{'collateral':[{'asset':'A','quantity':'10'}],'debt':[{'asset':'D','quantity':'5'}]}"

/* What a market remembers of its assets: how much stress is held. */
struct market {
    struct scene           scene;
    struct price_memory    memories[2];
    struct market_memory   memory;
    struct snapshot        snapshot;
    struct effective_room *room;
    struct effective_asset assets[ASSETS_MAX];
    struct effective       effective;
};

static struct market *
open_market(struct scene_text text)
{
    struct market *market = calloc(1, sizeof *market);

    if (!text.account)
        text.account = ACCOUNT;
    if (!text.prices)
        text.prices = "{'A':'100','D':'100'}";
    scene_read(&market->scene, text);
    market->memory          = (struct market_memory){ NULL, market->memories, 0 };
    market->snapshot.memory = &market->memory;
    market->room            = malloc(effective_room_bytes(&market->scene.parameters));
    return market;
}

static void
close_market(struct market *market)
{
    scene_close(&market->scene);
    free(market->room);
    free(market);
}

static void
hold(struct market *market, const char *asset, const char *held)
{
    struct price_memory *memory = &market->memories[market->memory.assets_count++];

    memory->asset  = asset;
    memory->stress = (struct stress){ decimal_one, decimal_zero, decimal_of(held) };
}

static const struct parameters *
rules(struct market *market)
{
    bool differs = effective_differs(&market->scene.parameters, &market->snapshot);
    const struct parameters *found =
        effective_rules(&market->scene.parameters, &market->snapshot, &market->scene.account,
                        differs ? market->room : NULL, market->assets, &market->effective);

    ck_assert_ptr_nonnull(found);
    return found;
}

/* The rules for A where so much is held of it. */
static const struct asset *
asset_under(struct market *market, const char *held)
{
    market->memory.assets_count = 0;
    hold(market, "A", held);
    return parameters_asset(rules(market), "A");
}

START_TEST(calm_market_has_the_documents_own_rules)
{
    struct market *market = open_market((struct scene_text){
        .assets = "{'A':{'threshold':'0.8'},'D':{}}", .more = EXECUTION });

    hold(market, "A", "0.1");                      /* the band is play: nothing is past it */
    ck_assert_ptr_eq(rules(market), &market->scene.parameters);
    ck_assert_int_eq(market->effective.reason, EFFECTIVE_CALM);
    ck_assert_ptr_null(market->effective.asset);
    check_decimal(market->effective.stress, "0");
    check_decimal(market->effective.penalty_floor_rate, "0");
    check_decimal(market->effective.slice_rate, "1");
    check_decimal(market->effective.maximum_slice_value, "1000");
    check_decimal(market->assets[0].threshold, "0.8");
    close_market(market);
}
END_TEST

START_TEST(request_s_own_state_remembers_nothing)
{
    struct market *market = open_market((struct scene_text){
        .assets = "{'A':{'threshold':'0.8'},'D':{}}", .more = EXECUTION });

    ck_assert(!effective_differs(&market->scene.parameters, NULL));
    ck_assert_ptr_eq(effective_rules(&market->scene.parameters, NULL, &market->scene.account, NULL,
                                     market->assets, &market->effective),
                     &market->scene.parameters);
    ck_assert_int_eq(market->effective.reason, EFFECTIVE_NO_MEMORY);
    ck_assert_uint_eq(market->effective.assets_count, 0);
    close_market(market);
}
END_TEST

/* Half way: 0.2 kept back becomes 0.2 * 1.25, the floor 0.01 + 0.5 * 0.04, and the slice
 * 1 - 0.5 * 0.8. */
START_TEST(stress_is_applied_by_straight_lines)
{
    struct market *market = open_market((struct scene_text){
        .assets = "{'A':{'threshold':'0.8'},'D':{}}",
        .penalty = "{'rule':'fixed','floor_rate':'0.01'}", .more = EXECUTION });
    const struct asset *asset = asset_under(market, "0.55");
    const struct parameters *in_force = rules(market);

    check_decimal(asset->threshold, "0.75");
    check_decimal(market->assets[0].threshold, "0.75");
    check_decimal(market->assets[0].maintenance_multiplier, "1.25");
    check_decimal(market->effective.stress, "0.5");
    check_decimal(market->effective.penalty_floor_rate, "0.03");
    check_decimal(market->effective.slice_rate, "0.6");
    check_decimal(in_force->penalty.floor_rate, "0.03");
    check_decimal(in_force->execution.maximum_slice_value, "600");
    ck_assert_str_eq(market->effective.asset, "A");
    ck_assert_int_eq(market->effective.reason, EFFECTIVE_VOLATILITY);
    check_decimal(market->scene.parameters.assets[0].threshold, "0.8");
    check_decimal(asset_under(market, "1")->threshold, "0.7");
    close_market(market);
}
END_TEST

/* The floor goes no higher than the cap. */
START_TEST(floor_stays_under_the_cap)
{
    struct market *market = open_market((struct scene_text){
        .assets = "{'A':{'threshold':'0.8'},'D':{}}",
        .penalty = "{'rule':'fixed','cap_rate':'0.02'}", .more = EXECUTION });

    asset_under(market, "1");
    check_decimal(market->effective.penalty_floor_rate, "0.02");
    check_decimal(rules(market)->penalty.floor_rate, "0.02");
    close_market(market);
}
END_TEST

/* At the far end 1 - 1.5 * 0.2 = 0.7 is asked for; and 1 - 1.5 * 0.1 = 0.85 of the category. */
static const struct {
    const char *asset, *threshold, *ramp, *category;    /* no ramp: NULL; no category: "" */
} bounds[] = {
    { "'threshold':'0.8'", "0.7", NULL, "" },
    { "'threshold':'0.8','opening_weight':'0.75'", "0.75", NULL, "" },
    { "'threshold':'0.8','opening_weight':'0.8'", "0.8", NULL, "" },
    /* the middle of the window from 0.76 to 0.8 */
    { "'threshold':'0.8','pre_liquidation':{'threshold':'0.76','close_start_rate':'0.1',"
      "'close_end_rate':'0.2'}", "0.78", NULL, "" },
    /* from 0.9, of which 0.1 is kept back: 0.15 then */
    { "'threshold':'0.8','ramp':{'initial_threshold':'0.9','start_at':'2026-01-31T12:00:00Z',"
      "'duration_s':100}", "0.7", "0.85", "" },
    { "'threshold':'0.8','categories':{'stable':{'threshold':'0.9'}}", "0.7", NULL, "0.85" },
    { "'threshold':'0.8','categories':{'stable':{'threshold':'0.9','opening_weight':'0.88'}}",
      "0.7", NULL, "0.88" },
    { "'threshold':'0.8','opening_weight':'0.74','categories':{'stable':{'threshold':'0.78'}}",
      "0.74", NULL, "0.74" },
};

START_TEST(threshold_ends_where_it_must)
{
    char           assets[512];
    struct market *market;

    snprintf(assets, sizeof assets, "{'A':{%s},'D':{}}", bounds[_i].asset);
    market = open_market((struct scene_text){ .assets = assets, .more = EXECUTION });
    const struct asset *asset = asset_under(market, "1");
    check_decimal(asset->threshold, bounds[_i].threshold);
    ck_assert_int_eq(asset->ramp != NULL, bounds[_i].ramp != NULL);
    if (bounds[_i].ramp)
        check_decimal(asset->ramp->initial_threshold, bounds[_i].ramp);
    ck_assert_uint_eq(asset->categories_count, *bounds[_i].category ? 1 : 0);
    if (*bounds[_i].category)
        check_decimal(asset->categories[0].threshold, bounds[_i].category);
    close_market(market);
}
END_TEST

/* Rates by 1.25, then deductions from 0 on: 1000 * 0.0125, and 10000 * 0.0375 more. */
START_TEST(maintenance_is_scaled_and_stays_continuous)
{
    static const char *const rates[] = { "0.0125", "0.025", "0.0625", "0.999999999999999999" };
    static const char *const deductions[] = { "0", "12.5", "387.5", "94137.4999999999999" };
    struct market *market = open_market((struct scene_text){
        .assets = "{'A':{'brackets':[{'from_notional':'0','rate':'0.01'},"
                  "{'from_notional':'1000','rate':'0.02'},{'from_notional':'10000','rate':'0.05'},"
                  "{'from_notional':'100000','rate':'0.9'}]},'D':{}}",
        .account = "{'perps':[{'asset':'A','quantity':'1','entry_price':'1'}]}",
        .more = EXECUTION });
    const struct asset *asset = asset_under(market, "0.55");
    struct reckoning    reckoning = { false };

    ck_assert_uint_eq(asset->brackets_count, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct bracket *bracket = &asset->brackets[i];
        check_decimal(bracket->rate, rates[i]);
        check_decimal(bracket->deduction, deductions[i]);
        if (!i)
            continue;
        const struct bracket *before = bracket - 1;
        struct decimal here = reckon_subtract(&reckoning,
            reckon_multiply(&reckoning, bracket->from_notional, bracket->rate, ROUND_HALF_UP),
            bracket->deduction);
        struct decimal there = reckon_subtract(&reckoning,
            reckon_multiply(&reckoning, bracket->from_notional, before->rate, ROUND_HALF_UP),
            before->deduction);
        ck_assert(here.units == there.units);
    }
    ck_assert(!reckoning.overflow);
    close_market(market);
}
END_TEST

/* Each asset has a multiplier of its own; the floor and the slice are those of the largest stress,
 * whatever the order; what the account does not hold has no say. */
START_TEST(largest_stress_of_the_account_decides)
{
    for (int i = 0; i < 2; i++) {
        struct market *market = open_market((struct scene_text){
            .assets = "{'A':{'threshold':'0.8'},'D':{'threshold':'0.9'},'X':{}}",
            .more = EXECUTION });
        hold(market, i ? "A" : "D", i ? "0.55" : "1");
        hold(market, i ? "D" : "A", i ? "1" : "0.55");
        const struct parameters *in_force = rules(market);
        check_decimal(parameters_asset(in_force, "A")->threshold, "0.75");
        check_decimal(parameters_asset(in_force, "D")->threshold, "0.85");
        ck_assert_str_eq(market->effective.asset, "D");
        check_decimal(market->effective.slice_rate, "0.2");
        market->memory.assets_count = 0;
        hold(market, "X", "1");
        rules(market);
        ck_assert_int_eq(market->effective.reason, EFFECTIVE_NO_MEMORY);
        check_decimal(market->effective.slice_rate, "1");
        close_market(market);
    }
}
END_TEST

/* 1e-12 held over a band of 1e-13 is a stress that rounds to 0, and a multiplier that does not. */
START_TEST(stress_that_rounds_to_nothing_is_one)
{
    struct market *market = open_market((struct scene_text){
        .assets = "{'A':{'threshold':'0.8'},'D':{}}",
        .more = ",'execution':{'adaptive':{'band':'0.0000000000001',"
                "'maintenance_multiplier_max':'2'}}" });

    check_decimal(asset_under(market, "0.000000000001")->threshold, "0.7999998");
    ck_assert(effective_differs(&market->scene.parameters, &market->snapshot));
    close_market(market);
}
END_TEST

/* With more stress the account can bear no more, and must hold no less. */
START_TEST(more_stress_is_never_milder)
{
    static const char *const assets[] = {
        "{'A':{'threshold':'0.8','opening_weight':'0.7'},'D':{}}",
        "{'A':{'threshold':'0.83','pre_liquidation':{'threshold':'0.8','close_start_rate':'0.1',"
        "'close_end_rate':'0.2'}},'D':{}}",
        "{'A':{'threshold':'0.8','ramp':{'initial_threshold':'0.9',"
        "'start_at':'2026-01-31T11:00:00Z','duration_s':7200}},'D':{}}",
    };
    struct market *market = open_market((struct scene_text){
        .assets = assets[_i], .more = EXECUTION });
    struct decimal support = DECIMAL_NONE;
    struct decimal floor = decimal_zero;

    for (int i = 0; i < STEPS; i++) {
        struct faults    faults;
        struct position  position;
        struct valuation valuation;
        char             held[DECIMAL_TEXT_MAX];
        decimal_format((struct decimal){ DECIMAL_ONE_UNITS / (STEPS - 1) * i }, held);
        asset_under(market, held);
        faults_open(&faults, 1);
        ck_assert(position_open(rules(market), &market->scene.account, &market->scene.state, NOW_US,
                                &position, &faults));
        ck_assert(health_compute(&position, &valuation));
        ck_assert(!i || !is_below(support, valuation.health.support));
        ck_assert(!is_below(valuation.health.support, valuation.health.pre_support));
        ck_assert(!is_below(market->effective.penalty_floor_rate, floor));
        support = valuation.health.support;
        floor   = market->effective.penalty_floor_rate;
    }
    close_market(market);
}
END_TEST

/* Prices hour by hour, as three sources and a whole chain of snapshots bring them. */
struct course { int hours, turns, raw_turns; struct decimal lowest, last; };

static struct snapshot_push
push_of(double price, int64_t now_us, struct asset_reports *asset, struct source_price reports[3])
{
    static const char *const names[] = { "a", "b", "c" };

    for (int i = 0; i < 3; i++)
        reports[i] = (struct source_price){
            names[i], { (int128)(price * 1e6) * 1000000000000 }, decimal_zero, now_us };
    *asset = (struct asset_reports){ "A", reports, 3 };
    return (struct snapshot_push){ .observed_at = now_us, .prices = asset, .prices_count = 1 };
}

/* No threshold is higher where more is held; and what is in force turns only after the market has
 * gone a band the other way. */
static void
follow(struct market *market, const double *prices, int count, struct course *course)
{
    struct snapshot_room *rooms = calloc(2, sizeof *rooms);
    struct snapshot       snapshots[2];
    struct decimal        band = market->scene.parameters.execution.adaptive->band;
    struct decimal        threshold = decimal_one, least_raw = decimal_one, most_raw = decimal_zero;
    struct decimal        raw_before = decimal_zero;
    int                   direction = 0, raw_direction = 0;

    *course = (struct course){ count, 0, 0, decimal_one, decimal_one };
    for (int i = 0; i < count; i++) {
        struct snapshot       *before = i ? &snapshots[(i + 1) % 2] : NULL;
        struct snapshot_before known = { "m", SHA256, &market->scene.parameters, before,
                                         before ? SHA256 : NULL };
        struct source_price  reports[3];
        struct asset_reports asset;
        struct faults        faults;
        int64_t              now_us = NOW_US + i * HOUR_US;
        struct snapshot_push push = push_of(prices[i], now_us, &asset, reports);

        faults_open(&faults, FAULTS_MAX);
        ck_assert_int_eq(snapshot_accept(&known, &push, now_us, &rooms[i % 2], &snapshots[i % 2],
                                         &faults), SNAPSHOT_GOOD);
        market->snapshot = snapshots[i % 2];
        struct decimal now = parameters_asset(rules(market), "A")->threshold;
        struct decimal raw = market->snapshot.memory->assets[0].stress.volatility;
        int raw_step = i ? decimal_compare(raw, raw_before) : 0;
        course->raw_turns += raw_step && raw_step == -raw_direction;
        raw_direction = raw_step ? raw_step : raw_direction;
        raw_before    = raw;
        least_raw = least(least_raw, raw);
        most_raw  = greatest(most_raw, raw);
        int step = i ? decimal_compare(now, threshold) : 0;
        if (step && step == -direction) {
            ck_assert(most_raw.units - least_raw.units >= band.units);
            course->turns++;
        }
        if (step) {
            direction = step;
            least_raw = most_raw = raw;
        }
        threshold      = now;
        course->lowest = least(course->lowest, now);
    }
    course->last = threshold;
    free(rooms);
}

static struct market *
open_followed(void)
{
    return open_market((struct scene_text){
        .assets = "{'A':{'threshold':'0.8','opening_weight':'0.6'},'D':{}}",
        .account = "{'collateral':[{'asset':'A','quantity':'1'}]}", .more = EXECUTION });
}

/* Calm of a quarter of a percent an hour, four hours of a tenth each, and calm again: it rises
 * once, comes down once, and ends where it began. */
START_TEST(made_up_crash_is_followed_once_up_and_once_down)
{
    struct market *market = open_followed();
    struct course  course;
    double         prices[HOURS_MAX], price = 2000;

    for (int i = 0; i < 400; i++) {
        price *= i >= 48 && i < 52 ? 0.9 : i % 2 ? 1.0025 : 1 / 1.0025;
        prices[i] = price;
    }
    follow(market, prices, 400, &course);
    check_decimal(course.lowest, "0.7");
    ck_assert_int_eq(course.turns, 1);
    check_decimal(course.last, "0.8");
    close_market(market);
}
END_TEST

/* The two crashes: nearly the far end is reached, and over fifteen days what is in force turns less
 * than half as often as the volatility, and once a day at most. */
START_TEST(captured_crash_is_followed_without_oscillation)
{
    static const char *const files[] = { "btcusdt_1h_2020-03.csv", "btcusdt_1h_2021-05.csv" };
    size_t         count = 0;
    struct candle *candles = candles_read(files[_i], &count);
    double         prices[HOURS_MAX];
    struct course  course;

    if (!candles)
        return;
    struct market *market = open_followed();
    ck_assert_uint_le(count, HOURS_MAX);
    for (size_t i = 0; i < count; i++)
        prices[i] = candles[i].close;
    follow(market, prices, (int)count, &course);
    ck_assert(is_below(course.lowest, decimal_of("0.71")));
    ck_assert(!is_below(course.lowest, decimal_of("0.7")));
    printf("effective %s: the raw stress turns %d times, what is in force %d times\n", files[_i],
           course.raw_turns, course.turns);
    fflush(stdout);
    ck_assert_int_le(course.turns, course.hours / 24);
    ck_assert_int_lt(2 * course.turns, course.raw_turns);
    close_market(market);
    free(candles);
}
END_TEST

Suite *
effective_suite(void)
{
    Suite *suite = suite_create("effective");
    TCase *tcase = tcase_create("effective");

    tcase_add_test(tcase, calm_market_has_the_documents_own_rules);
    tcase_add_test(tcase, request_s_own_state_remembers_nothing);
    tcase_add_test(tcase, stress_is_applied_by_straight_lines);
    tcase_add_test(tcase, floor_stays_under_the_cap);
    tcase_add_loop_test(tcase, threshold_ends_where_it_must, 0, sizeof bounds / sizeof *bounds);
    tcase_add_test(tcase, maintenance_is_scaled_and_stays_continuous);
    tcase_add_test(tcase, largest_stress_of_the_account_decides);
    tcase_add_test(tcase, stress_that_rounds_to_nothing_is_one);
    tcase_add_loop_test(tcase, more_stress_is_never_milder, 0, 3);
    tcase_add_test(tcase, made_up_crash_is_followed_once_up_and_once_down);
    tcase_add_loop_test(tcase, captured_crash_is_followed_without_oscillation, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
