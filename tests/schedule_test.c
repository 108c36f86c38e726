/* risk/schedule: the worked numbers of the model, its properties over grids, and its limits. */
#include "risk/schedule.h"

#include "risk/elementary.h"
#include "risk/normal.h"
#include "tests/near.h"
#include "tests/suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))
#define DAY_YEARS    (1 / 365.0)
#define SLACK        1e-12      /* relative: for what is monotone but for rounding */

static struct unwind
example(double time_years)
{
    return (struct unwind){
        .position_value = 1e6, .sigma = 0.8, .time_years = time_years, .confidence = 0.99,
        .half_spread_rate = 0.0025, .slippage_rate = 0.015,
    };
}

START_TEST(losses_of_the_model_are_met)
{
    struct unwind day = example(DAY_YEARS);
    struct unwind ten_minutes = example(600 / SECONDS_PER_YEAR);
    ck_assert_near(bangia_lvar(&day, 1), 95319.0005194607, 1e-12);
    ck_assert_near(liquidity_var(&day), 108660.648722890, 1e-12);
    ck_assert_near(liquidity_es(&day), 121145.033089972, 1e-12);
    ck_assert_near(liquidity_var(&ten_minutes), 25406.2312336775, 1e-12);
    ck_assert_near(liquidity_es(&ten_minutes), 26557.4060253320, 1e-12);
    ck_assert_near(stressed_half_spread(0.002, 0.001, 3), 0.0025, 1e-15);
}
END_TEST

START_TEST(optimal_times_of_the_model_are_met)
{
    static const struct { double k, beta, z, optimal_s, cost; } rows[] = {
        { 1, 1, 2.326347874040841, 35159.5997603074, 0.0538163122703151 },
        { 0.8, 0.5, 2.326347874040841, 105004.418443957, 0.124003658087256 },
        { 1, 1, 1, 61729.6329659506, 0.0306523772957421 },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        struct unwind_pace pace = { rows[i].k, 2e-5, rows[i].beta, rows[i].z, 0.8 };
        double years = optimal_unwind_years(&pace, 1e-6, 1);
        ck_assert_near(years * SECONDS_PER_YEAR, rows[i].optimal_s, 1e-12);
        ck_assert_near(unwind_cost(&pace, years), rows[i].cost, 1e-12);
    }
}
END_TEST

START_TEST(trajectories_of_the_model_are_met)
{
    struct trajectory slow = { 1000, 0.5, 0.02, 0, 0, 1.5, 1e-4 };
    struct trajectory averse = { 500, 2, 0.02, 0, 0, 1.5, 1e-3 };
    struct trajectory_cost cost = optimal_trajectory(&slow);
    ck_assert_near(cost.mean, 40000.0070274848, 1e-12);
    ck_assert_near(cost.variance, 374859.431479936, 1e-12);
    ck_assert_near(cost.half_time_quantity, 499.824270233692, 1e-12);
    cost = optimal_trajectory(&averse);
    ck_assert_near(cost.mean, 2510.34707175677, 1e-12);
    ck_assert_near(cost.variance, 353864.317900287, 1e-12);
    ck_assert_near(cost.half_time_quantity, 236.567837790441, 1e-12);
}
END_TEST

static const double sigmas[] = { 0, 1e-9, 0.05, 0.8, 3, 100 };
static const double times[] = { 0, 1e-12, 1e-7, 1e-4, 0.01, 1, 20 };
static const double confidences[] = { 1e-300, 0.05, 0.5, 0.9, 0.99, 0.9999, 1 - 1e-12 };
static const double slippages[] = { -0.01, 0, 0.015, 0.5, 1 };
enum { UNWINDS_COUNT = 6 * 7 * 7 * 5 };

static struct unwind
unwind_at(int i)
{
    return (struct unwind){
        .position_value = 1e6, .half_spread_rate = 0.0025,
        .sigma = sigmas[i % 6], .time_years = times[i / 6 % 7],
        .confidence = confidences[i / 42 % 7], .slippage_rate = slippages[i / 294],
    };
}

START_TEST(shortfall_is_at_least_the_value_at_risk_and_at_most_the_value)
{
    for (int i = 0; i < UNWINDS_COUNT; i++) {
        struct unwind unwind = unwind_at(i);
        double var = liquidity_var(&unwind);
        double es = liquidity_es(&unwind);
        ck_assert_msg(es >= var && es <= 1e6, "row %d: VaR %.17g, ES %.17g", i, var, es);
        ck_assert(bangia_lvar(&unwind, 1) <= 1e6 * 1.0025);
    }
}
END_TEST

static void
assert_rises(struct unwind from, struct unwind to)
{
    double slack = 1e6 * SLACK;
    ck_assert(liquidity_var(&to) >= liquidity_var(&from) - slack);
    ck_assert(liquidity_es(&to) >= liquidity_es(&from) - slack);
}

/* Where one coordinate of the grid is raised by a step. Volatility and time raise the losses
 * from a confidence of a half; below it, without a log drift, they raise the mean price. */
START_TEST(losses_rise_in_volatility_time_confidence_and_slippage)
{
    for (int i = 0; i < UNWINDS_COUNT; i++) {
        struct unwind unwind = unwind_at(i);
        bool is_tail = unwind.confidence >= 0.5;
        if (is_tail && i % 6 < 5)
            assert_rises(unwind, unwind_at(i + 1));
        if (is_tail && i / 6 % 7 < 6)
            assert_rises(unwind, unwind_at(i + 6));
        if (i / 42 % 7 < 6)
            assert_rises(unwind, unwind_at(i + 42));
        if (i / 294 < 4)
            assert_rises(unwind, unwind_at(i + 294));
    }
}
END_TEST

START_TEST(without_time_or_volatility_only_the_costs_are_lost)
{
    struct unwind at_once = example(0);
    struct unwind calm = example(1);
    calm.sigma = 0;
    ck_assert_near(liquidity_var(&at_once), 17462.5, 1e-14);
    ck_assert_near(liquidity_es(&at_once), 17462.5, 1e-14);
    ck_assert_near(liquidity_var(&calm), 17462.5, 1e-14);
    ck_assert_near(liquidity_es(&calm), 17462.5, 1e-14);
}
END_TEST

/* The mean over confidences above alpha of the value at risk is the shortfall at alpha, by its
 * definition. */
START_TEST(shortfall_is_the_mean_of_the_values_at_risk_beyond)
{
    struct unwind unwind = example(0.1);
    unwind.log_drift = -0.3;
    enum { STEPS = 20000 };
    for (double confidence = 0.3; confidence < 1; confidence += 0.3) {
        double sum = 0;
        for (int i = 0; i < STEPS; i++) {
            unwind.confidence = confidence + (1 - confidence) * (i + 0.5) / STEPS;
            sum += liquidity_var(&unwind) / STEPS;
        }
        unwind.confidence = confidence;
        ck_assert_near(liquidity_es(&unwind), sum, 1e-5);
    }
}
END_TEST

/* Any other time costs more; it grows in quantity and impact and falls in volatility and
 * aversion. */
START_TEST(optimal_time_is_a_minimum_and_moves_as_it_should)
{
    for (int i = 0; i < 81; i++) {
        double beta = i % 3 == 0 ? 0.5 : i % 3 == 1 ? 0.75 : 1.5;
        double k = 0.2 * (1 + i / 3 % 3);
        double sigma = 0.3 * (1 + i / 9 % 3);
        double volume = 1e-5 * (1 + i / 27);
        struct unwind_pace pace = { k, volume, beta, 2, sigma };
        struct unwind_pace larger = { k, volume * 2, beta, 2, sigma };
        struct unwind_pace thinner = { k * 2, volume, beta, 2, sigma };
        struct unwind_pace wilder = { k, volume, beta, 2, sigma * 2 };
        struct unwind_pace warier = { k, volume, beta, 3, sigma };
        double best = optimal_unwind_years(&pace, 1e-12, 1e6);
        ck_assert(unwind_cost(&pace, best) < unwind_cost(&pace, best * 1.01));
        ck_assert(unwind_cost(&pace, best) < unwind_cost(&pace, best * 0.99));
        ck_assert(optimal_unwind_years(&larger, 1e-12, 1e6) > best);
        ck_assert(optimal_unwind_years(&thinner, 1e-12, 1e6) > best);
        ck_assert(optimal_unwind_years(&wilder, 1e-12, 1e6) < best);
        ck_assert(optimal_unwind_years(&warier, 1e-12, 1e6) < best);
    }
}
END_TEST

START_TEST(optimal_time_keeps_to_its_bounds)
{
    struct unwind_pace pace = { 1, 2e-5, 1, 2.3, 0.8 };
    ck_assert(optimal_unwind_years(&pace, 0.5, 1) == 0.5);
    ck_assert(optimal_unwind_years(&pace, 1e-9, 1e-8) == 1e-8);
    struct unwind_pace calm = { 1, 2e-5, 1, 2.3, 0 };
    struct unwind_pace careless = { 1, 2e-5, 1, -1, 0.8 };
    struct unwind_pace frictionless = { 0, 2e-5, 1, 2.3, 0.8 };
    struct unwind_pace nothing = { 1, 0, 1, 2.3, 0.8 };
    ck_assert(optimal_unwind_years(&calm, 1e-9, 1) == 1);
    ck_assert(optimal_unwind_years(&careless, 1e-9, 1) == 1);
    ck_assert(optimal_unwind_years(&frictionless, 1e-9, 1) == 1e-9);
    ck_assert(optimal_unwind_years(&nothing, 1e-9, 1) == 1e-9);
    ck_assert_near(exposure_years(0.25, 3), 1.25, 1e-15);
}
END_TEST

static struct trajectory
trajectory_at(double aversion)
{
    return (struct trajectory){ 1000, 0.5, 0.02, 0.001, 0.05, 1.5, aversion };
}

/* The even pace: eta X^2/T + gamma X^2/2 + epsilon X = 40000 + 500 + 50, sigma^2 X^2 T/3 =
 * 375000. */
START_TEST(trajectory_without_aversion_is_the_even_pace)
{
    struct trajectory even = trajectory_at(0);
    struct trajectory_cost cost = optimal_trajectory(&even);
    ck_assert_near(cost.mean, 40550.0, 1e-15);
    ck_assert_near(cost.variance, 375000.0, 1e-15);
    ck_assert_near(cost.half_time_quantity, 500.0, 1e-15);
}
END_TEST

START_TEST(trajectory_is_never_worse_than_the_even_pace)
{
    double mean_before = 0;
    double variance_before = REAL_INFINITY;
    for (int i = -60; i < 40; i++) {
        double aversion = real_exp(0.5 * i);
        struct trajectory trajectory = trajectory_at(aversion);
        struct trajectory_cost cost = optimal_trajectory(&trajectory);
        double utility = cost.mean + aversion * cost.variance;
        ck_assert(utility <= (40550 + aversion * 375000) * (1 + SLACK));
        ck_assert(cost.mean >= mean_before * (1 - SLACK));
        ck_assert(cost.variance <= variance_before * (1 + SLACK));
        ck_assert(cost.half_time_quantity >= 0);
        ck_assert(cost.half_time_quantity <= 500);
        mean_before = cost.mean;
        variance_before = cost.variance;
    }
}
END_TEST

/* Series and closed form meet at kT = 1e-2, where lambda = 1e-4 eta / (sigma T)^2. */
START_TEST(trajectory_does_not_jump_where_its_formula_changes)
{
    double aversion = 1e-4 * 0.02 / (1.5 * 1.5 * 0.25);
    struct trajectory under = trajectory_at(aversion * (1 - 1e-12));
    struct trajectory over = trajectory_at(aversion * (1 + 1e-12));
    struct trajectory_cost series = optimal_trajectory(&under);
    struct trajectory_cost closed = optimal_trajectory(&over);
    ck_assert_near(series.mean, closed.mean, 1e-10);
    ck_assert_near(series.variance, closed.variance, 1e-10);
}
END_TEST

Suite *
schedule_suite(void)
{
    Suite *suite = suite_create("schedule");
    TCase *cases = tcase_create("schedule");
    tcase_add_test(cases, losses_of_the_model_are_met);
    tcase_add_test(cases, optimal_times_of_the_model_are_met);
    tcase_add_test(cases, trajectories_of_the_model_are_met);
    tcase_add_test(cases, shortfall_is_at_least_the_value_at_risk_and_at_most_the_value);
    tcase_add_test(cases, losses_rise_in_volatility_time_confidence_and_slippage);
    tcase_add_test(cases, without_time_or_volatility_only_the_costs_are_lost);
    tcase_add_test(cases, shortfall_is_the_mean_of_the_values_at_risk_beyond);
    tcase_add_test(cases, optimal_time_is_a_minimum_and_moves_as_it_should);
    tcase_add_test(cases, optimal_time_keeps_to_its_bounds);
    tcase_add_test(cases, trajectory_without_aversion_is_the_even_pace);
    tcase_add_test(cases, trajectory_is_never_worse_than_the_even_pace);
    tcase_add_test(cases, trajectory_does_not_jump_where_its_formula_changes);
    suite_add_tcase(suite, cases);
    return suite;
}
