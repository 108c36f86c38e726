/* risk/passage: the worked numbers of the model, its properties over grids, and its limits. */
#include "risk/passage.h"

#include "risk/elementary.h"
#include "risk/normal.h"
#include "tests/near.h"
#include "tests/suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))
#define WEEK_YEARS   (7 / 365.0)
#define HOUR_YEARS   (3600 / SECONDS_PER_YEAR)
#define SLACK        1e-12

/* Of a price of 2000. */
static const struct {
    double barrier, drift, sigma, horizon_years, touched, limited_mean_s;
} examples[] = {
    { 1700, 0, 0.8, WEEK_YEARS, 0.154293051961, 572210.620371 },
    { 1700, 0.5, 0.8, WEEK_YEARS, 0.135988233341, 576080.696907748 },
    { 1980, 0, 1, HOUR_YEARS, 0.348624177371, 2979.10630196642 },
    { 1000, -0.3, 0.6, 1, 0.521702254069, 24223592.3450613 },
    { 1700, 0.32, 0.8, WEEK_YEARS, 0.142393271835745, 0 },
};

static struct passage
passage_to(double barrier, double drift, double sigma)
{
    return (struct passage){ real_log(barrier / 2000), sigma, log_drift_of(drift, sigma) };
}

START_TEST(examples_of_the_model_are_met)
{
    double years = examples[_i].horizon_years;
    double sigma = examples[_i].sigma;
    struct passage passage = passage_to(examples[_i].barrier, examples[_i].drift, sigma);
    ck_assert_near(passage_probability(&passage, years), examples[_i].touched, 1e-11);
    double mean_s = passage_limited_mean_years(&passage, years) * SECONDS_PER_YEAR;
    if (examples[_i].limited_mean_s > 0)
        ck_assert_near(mean_s, examples[_i].limited_mean_s, 1e-11);
}
END_TEST

START_TEST(times_of_the_model_are_met)
{
    struct passage martingale = passage_to(1700, 0, 0.8);
    struct passage rising = passage_to(1700, 0.5, 0.8);
    struct passage level = { real_log(0.85), 0.8, 0 };
    struct passage near = passage_to(1980, 0, 1);
    struct passage watched = passage_watched_every(&near, 60 / SECONDS_PER_YEAR);
    struct passage steep = { -0.5, 0.1, -5 };
    ck_assert_near(passage_mean_years(&martingale) * SECONDS_PER_YEAR, 16016240.502, 1e-11);
    ck_assert(passage_mean_years(&rising) == REAL_INFINITY);
    ck_assert_near(passage_ever_probability(&rising), 0.912637155117, 1e-11);
    ck_assert_near(passage_quantile_years(&level, 0.5) * SECONDS_PER_YEAR, 2860775.84546438, 1e-12);
    ck_assert_near(passage_quantile_years(&level, 0.1) * SECONDS_PER_YEAR, 481038.709066892, 1e-12);
    ck_assert_near(passage_probability(&watched, HOUR_YEARS), 0.311372822742, 1e-11);
    ck_assert_near(passage_probability(&steep, 1 / 12.0), 0.00214079744203, 1e-11);
}
END_TEST

START_TEST(distances_of_the_model_are_met)
{
    ck_assert_near(passage_distance(0.8, -0.32, 1 / 365.0, 0.05), 0.0828076095128, 1e-11);
    ck_assert_near(passage_distance(0.8, -0.32, WEEK_YEARS, 0.01), 0.290850993271, 1e-11);
    ck_assert_near(passage_distance(0.8, 0, WEEK_YEARS, 0.01), 0.285370879914, 1e-11);
}
END_TEST

static const double distances[] = { -20, -1, -0.1, -1e-3, -1e-9, 0, 1e-6, 0.05, 2 };
static const double sigmas[] = { 0, 1e-300, 1e-3, 0.1, 0.8, 5, 100 };
static const double drifts[] = { 0, -1e-12, 1e-7, -0.3, 0.5, -5, 100 };
static const double horizons[] = { 0, 1e-12, 1e-8, 1e-4, 0.02, 1, 30, 1e6 };
enum { PASSAGES_COUNT = 9 * 7 * 7 };

static struct passage
passage_at(int i)
{
    return (struct passage){ distances[i % 9], sigmas[i / 9 % 7], drifts[i / 63] };
}

/* At least the probability that the price ends beyond the barrier; at most that of ever touching
 * it. */
START_TEST(probability_lies_between_ending_beyond_and_ever_touching)
{
    for (int i = 0; i < PASSAGES_COUNT; i++) {
        struct passage passage = passage_at(i);
        int sign = passage.log_distance > 0 ? -1 : 1;
        for (int n = 0; n < COUNT(horizons); n++) {
            double years = horizons[n];
            double probability = passage_probability(&passage, years);
            double v = passage.sigma * real_sqrt(years);
            double end = sign * (passage.log_distance - passage.log_drift * years);
            ck_assert(probability <= passage_ever_probability(&passage) * (1 + 1e-10));
            if (v > 0)
                ck_assert(probability >= normal_cdf(end / v));
        }
    }
}
END_TEST

START_TEST(probability_and_limited_mean_grow_with_the_horizon)
{
    for (int i = 0; i < PASSAGES_COUNT; i++) {
        struct passage passage = passage_at(i);
        double probability_before = 0;
        double mean_before = 0;
        for (int n = 0; n < COUNT(horizons); n++) {
            double probability = passage_probability(&passage, horizons[n]);
            double mean = passage_limited_mean_years(&passage, horizons[n]);
            ck_assert(probability >= probability_before * (1 - 1e-11));
            ck_assert_msg(mean >= mean_before * (1 - 1e-9), "row %d, %d: %g", i, n, mean);
            ck_assert(mean <= horizons[n]);
            ck_assert(mean <= passage_mean_years(&passage));
            probability_before = probability;
            mean_before = mean;
        }
    }
}
END_TEST

/* The price a martingale. */
START_TEST(probability_grows_with_volatility_and_as_the_barrier_nears)
{
    for (double distance = -2; distance < 0; distance += 0.1) {
        double before = 0;
        for (double sigma = 0.05; sigma < 1.5; sigma += 0.05) {
            struct passage passage = { distance, sigma, log_drift_of(0, sigma) };
            struct passage nearer = { distance * 0.9, sigma, log_drift_of(0, sigma) };
            double probability = passage_probability(&passage, 0.1);
            ck_assert(probability >= before);
            ck_assert(passage_probability(&nearer, 0.1) >= probability);
            before = probability;
        }
    }
    struct passage there = { -1e-15, 0.8, -0.32 };
    ck_assert_near(passage_probability(&there, 0.1), 1.0, 1e-13);
}
END_TEST

START_TEST(barrier_above_mirrors_one_below)
{
    for (int i = 0; i < PASSAGES_COUNT; i++) {
        struct passage passage = passage_at(i);
        struct passage mirror = { -passage.log_distance, passage.sigma, -passage.log_drift };
        ck_assert(passage_probability(&passage, 0.3) == passage_probability(&mirror, 0.3));
        ck_assert(passage_mean_years(&passage) == passage_mean_years(&mirror));
        ck_assert(passage_ever_probability(&passage) == passage_ever_probability(&mirror));
        ck_assert(passage_limited_mean_years(&passage, 0.3)
                  == passage_limited_mean_years(&mirror, 0.3));
    }
}
END_TEST

/* The integral of the probability of survival, by Simpson's rule in x, where the time is x^2. */
static double
integral_of_survival(const struct passage *passage, double horizon)
{
    enum { STEPS = 20000 };
    double step = real_sqrt(horizon) / STEPS;
    double sum = 0;
    for (int i = 1; i <= STEPS; i++) {
        double x = i * step;
        double survival = 1 - passage_probability(passage, x * x);
        sum += 2 * x * survival * (i == STEPS ? 1 : i % 2 ? 4 : 2) * step / 3;
    }
    return sum;
}

static const double drifts_of_mean[] = { 0, 1e-9, -1e-8, 9.9e-7, 1.1e-6, -1e-5, 1e-3, -0.3, 2, -8 };

START_TEST(limited_mean_is_the_integral_of_survival)
{
    static const double reaches[] = { 0.01, 0.3, 1, 4 };
    for (int n = 0; n < COUNT(reaches); n++) {
        double sigma = 0.5;
        double distance = -reaches[n] * sigma;
        struct passage passage = { distance, sigma, drifts_of_mean[_i] * sigma };
        double mean = passage_limited_mean_years(&passage, 1);
        ck_assert_near(mean, integral_of_survival(&passage, 1), 1e-9);
    }
}
END_TEST

START_TEST(quantile_is_where_the_probability_is_reached)
{
    static const double probabilities[] = { 1e-6, 0.1, 0.5, 0.9 };
    for (int i = 0; i < PASSAGES_COUNT * 4; i++) {
        struct passage passage = passage_at(i / 4);
        double wanted = probabilities[i % 4];
        double years = passage_quantile_years(&passage, wanted);
        if (years == REAL_INFINITY)
            ck_assert(passage_probability(&passage, 1e6) <= wanted);
        else if (passage.sigma >= 1e-3 && years > 1e-250)
            ck_assert_near(passage_probability(&passage, years), wanted, 1e-7);
    }
}
END_TEST

START_TEST(distance_gives_the_probability_it_was_made_for)
{
    static const double probabilities[] = { 1e-12, 1e-4, 0.02, 0.5, 0.99 };
    for (int i = 0; i < COUNT(probabilities) * 7; i++) {
        double drift = drifts[i / 5] * 0.1;
        double distance = passage_distance(0.8, drift, 0.05, probabilities[i % 5]);
        struct passage passage = { -distance, 0.8, drift };
        ck_assert_near(passage_probability(&passage, 0.05), probabilities[i % 5], 1e-11);
    }
    double level = 0.8 * real_sqrt(0.05) * normal_quantile(1 - 0.02 / 2);
    ck_assert_near(passage_distance(0.8, 0, 0.05, 0.02), level, 1e-13);
}
END_TEST

START_TEST(limits_are_met)
{
    struct passage touched = { 0, 0.8, 0.1 };
    ck_assert(passage_probability(&touched, 0) == 1);
    ck_assert(passage_limited_mean_years(&touched, 1) == 0);
    ck_assert(passage_quantile_years(&touched, 0.5) == 0);
    ck_assert(passage_watched_every(&touched, 1).log_distance == 0);
    struct passage sure = { -1, 0, -2 };
    ck_assert(passage_probability(&sure, 0.49) == 0);
    ck_assert(passage_probability(&sure, 0.5) == 1);
    ck_assert(passage_limited_mean_years(&sure, 3) == 0.5);
    ck_assert(passage_quantile_years(&sure, 0.5) == 0.5);
    struct passage still = { -1, 0, 0 };
    ck_assert(passage_probability(&still, 1e6) == 0);
    ck_assert(passage_ever_probability(&still) == 0);
    ck_assert(passage_limited_mean_years(&still, 3) == 3);
    ck_assert(passage_quantile_years(&still, 0.5) == REAL_INFINITY);
    ck_assert(passage_distance(0, -0.5, 2, 0.01) == 1);
    ck_assert(passage_distance(0, 0, 2, 0.01) == 0);
    ck_assert(passage_distance(100, 0, 2, 0.01) == 20);
}
END_TEST

Suite *
passage_suite(void)
{
    Suite *suite = suite_create("passage");
    TCase *cases = tcase_create("passage");
    tcase_add_loop_test(cases, examples_of_the_model_are_met, 0, COUNT(examples));
    tcase_add_test(cases, times_of_the_model_are_met);
    tcase_add_test(cases, distances_of_the_model_are_met);
    tcase_add_test(cases, probability_lies_between_ending_beyond_and_ever_touching);
    tcase_add_test(cases, probability_and_limited_mean_grow_with_the_horizon);
    tcase_add_test(cases, probability_grows_with_volatility_and_as_the_barrier_nears);
    tcase_add_test(cases, barrier_above_mirrors_one_below);
    tcase_add_loop_test(cases, limited_mean_is_the_integral_of_survival, 0, COUNT(drifts_of_mean));
    tcase_add_test(cases, quantile_is_where_the_probability_is_reached);
    tcase_add_test(cases, distance_gives_the_probability_it_was_made_for);
    tcase_add_test(cases, limits_are_met);
    suite_add_tcase(suite, cases);
    return suite;
}
