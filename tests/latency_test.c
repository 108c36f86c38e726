/* risk/latency: the worked numbers of the model, its properties over grids, and its limits. */
#include "risk/latency.h"

#include "risk/elementary.h"
#include "risk/normal.h"
#include "tests/near.h"
#include "tests/suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))
#define BLOCK_YEARS  (12 / SECONDS_PER_YEAR)
#define SLACK        1e-12

static const struct exposure example = { 100, 99.5, 0.9 };

static const struct { double blocks, loss, put; } waits[] = {
    { 1, 8.70332820248e-20, 5.20144515620e-22 }, { 5, 0.0000270506038718, 7.47866043652e-07 },
    { 50, 0.101172876271, 0.0187233510836 }, { 300, 0.302763850349, 0.183501938142 },
};

START_TEST(shortfall_after_blocks_of_the_model)
{
    struct shortfall wait = shortfall_after(&example, waits[_i].blocks * BLOCK_YEARS);
    ck_assert_near(wait.loss_probability, waits[_i].loss, 1e-11);
    ck_assert_near(wait.expected_shortfall, waits[_i].put, 1e-11);
}
END_TEST

/* The sums in 60 digits, to the end; the first three are the model's. */
static const struct {
    double obligation, sigma, block_s, inclusion, loss, short_loss, put;
} inclusions[] = {
    { 99.5, 0.9, 12, 0.9, 7.5429872986230278e-9, 7.5033312347614619e-9, 1.9411273684508229e-10 },
    { 99.5, 0.9, 12, 0.5, 1.7480107289956297e-5, 1.738450763826761e-5, 8.1991152389056604e-7 },
    { 99.5, 0.9, 12, 0.1, 0.0083835014895398492, 0.008331501631558045, 0.0010082350534104952 },
    { 99.5, 0.9, 12, 0.02, 0.082576967236526069, 0.081937465490661418, 0.022661690968202108 },
    { 99.99, 0.9, 12, 0.004, 0.49389799424099428, 0.49079194016595001, 0.30566642756201472 },
    { 100, 0.9, 12, 0.02, 0.50069703097837314, 0.49930296902162686, 0.13940619567462812 },
    { 100.02, 0.9, 12, 0.02, 0.53286220672972425, 0.53147135445547895, 0.14974247155912275 },
    { 101, 0.9, 12, 0.5, 0.99999999950892255, 0.99999999950377785, 1.0000000000233925 },
    { 80, 4, 600, 0.3, 1.3808549150757795e-5, 1.0820982412493149e-5, 2.2585690811308673e-5 },
    { 99.5, 0.9, 12, 0.001, 0.33694293895181677, 0.33112308005466596, 0.41351442023917351 },
};

START_TEST(shortfall_by_inclusion_meets_its_sum)
{
    struct exposure exposure = { 100, inclusions[_i].obligation, inclusions[_i].sigma };
    double block_years = inclusions[_i].block_s / SECONDS_PER_YEAR;
    struct shortfall mean = shortfall_by_block(&exposure, block_years, inclusions[_i].inclusion);
    ck_assert_near(mean.loss_probability, inclusions[_i].loss, 1e-13);
    ck_assert_near(mean.short_loss_probability, inclusions[_i].short_loss, 1e-13);
    ck_assert_near(mean.expected_shortfall, inclusions[_i].put, 1e-13);
}
END_TEST

START_TEST(exponential_wait_of_the_model)
{
    double rate = SECONDS_PER_YEAR / 60;
    struct shortfall mean = shortfall_by_rate(&example, rate);
    ck_assert_near(mean.loss_probability, 0.00166073865913, 1e-11);
    ck_assert_near(mean.expected_shortfall, 0.000144988513004, 1e-11);
    ck_assert_near(touch_probability(&example, rate), 0.00332002014727, 1e-11);
}
END_TEST

START_TEST(buffers_of_the_model)
{
    ck_assert_near(loss_buffer(0.9, 5 * BLOCK_YEARS, 0.001), 0.00383701222855, 1e-11);
    ck_assert_near(loss_buffer(0.9, 25 * BLOCK_YEARS, 0.001), 0.00858194991567, 1e-11);
    ck_assert_near(loss_buffer(0.9, 25 * BLOCK_YEARS, 0.01), 0.00646150257037, 1e-11);
    ck_assert_near(buffer_margin_rate(0.00383701222854584), 0.00382966030327312, 1e-12);
}
END_TEST

/* At the buffer the loss probability is the target: the one is the other's inverse. */
START_TEST(buffer_gives_the_loss_probability_it_was_made_for)
{
    static const double targets[] = { 0.5, 0.1, 0.01, 1e-4, 1e-8 };
    for (int i = 0; i < COUNT(targets); i++) {
        double buffer = loss_buffer(0.9, 1e-3, targets[i]);
        struct exposure exposure = { 100, 100 * real_exp(-buffer), 0.9 };
        ck_assert_near(shortfall_after(&exposure, 1e-3).loss_probability, targets[i], 1e-10);
    }
}
END_TEST

static const double obligations[] = { 1e-6, 50, 95, 99.99, 100, 100.01, 120, 1e5 };
static const double sigmas[] = { 0, 1e-200, 1e-6, 0.05, 0.9, 4, 100 };
static const double times[] = { 0, 1e-9, 1e-6, 1e-3, 0.1, 2, 50 };
enum { EXPOSURES_COUNT = 8 * 7 };

static struct exposure
exposure_at(int i)
{
    return (struct exposure){ 100, obligations[i % 8], sigmas[i / 8] };
}

static void
assert_bounded(const struct exposure *exposure, struct shortfall shortfall)
{
    double slack = exposure->obligation * SLACK;
    double least = exposure->obligation - exposure->collateral;
    ck_assert(shortfall.loss_probability >= 0);
    ck_assert(shortfall.loss_probability <= 1);
    ck_assert(shortfall.short_loss_probability >= 0);
    ck_assert(shortfall.short_loss_probability <= shortfall.loss_probability);
    ck_assert(shortfall.expected_shortfall >= 0);
    ck_assert(shortfall.expected_shortfall >= least - slack);
    ck_assert(shortfall.expected_shortfall <= exposure->obligation + slack);
}

START_TEST(shortfall_lies_between_its_bounds)
{
    for (int i = 0; i < EXPOSURES_COUNT; i++) {
        struct exposure exposure = exposure_at(i);
        for (int n = 0; n < COUNT(times); n++)
            assert_bounded(&exposure, shortfall_after(&exposure, times[n]));
        for (double rate = 1e-3; rate < 1e9; rate *= 10)
            assert_bounded(&exposure, shortfall_by_rate(&exposure, rate));
        assert_bounded(&exposure, shortfall_by_block(&exposure, 1e-6, 0.3));
        assert_bounded(&exposure, shortfall_by_block(&exposure, 1e-6, 1e-6));
    }
}
END_TEST

/* While the collateral covers the obligation, waiting only raises the loss. */
START_TEST(loss_grows_with_the_wait)
{
    for (int i = 0; i < EXPOSURES_COUNT; i++) {
        struct exposure exposure = exposure_at(i);
        if (exposure.obligation >= exposure.collateral)
            continue;
        struct shortfall before = { 0 };
        for (int n = 0; n < COUNT(times); n++) {
            struct shortfall now = shortfall_after(&exposure, times[n]);
            ck_assert(now.loss_probability >= before.loss_probability * (1 - SLACK));
            ck_assert(now.expected_shortfall >= before.expected_shortfall * (1 - 1e-9));
            before = now;
        }
        ck_assert(shortfall_after(&exposure, 0).loss_probability == 0);
    }
}
END_TEST

START_TEST(loss_falls_with_the_inclusion_probability)
{
    for (double obligation = 95; obligation < 100; obligation += 0.7) {
        struct exposure exposure = { 100, obligation, 0.9 };
        struct shortfall before = { 1, 1, obligation };
        for (double inclusion = 5e-4; inclusion <= 1; inclusion *= 1.5) {
            struct shortfall now = shortfall_by_block(&exposure, BLOCK_YEARS, inclusion);
            ck_assert(now.loss_probability <= before.loss_probability);
            ck_assert(now.expected_shortfall <= before.expected_shortfall);
            before = now;
        }
        struct shortfall sure = shortfall_by_block(&exposure, BLOCK_YEARS, 1);
        struct shortfall first = shortfall_after(&exposure, BLOCK_YEARS);
        ck_assert(sure.loss_probability == first.loss_probability);
        ck_assert(sure.expected_shortfall == first.expected_shortfall);
    }
}
END_TEST

START_TEST(touching_is_at_least_as_likely_as_losing)
{
    for (int i = 0; i < EXPOSURES_COUNT; i++) {
        struct exposure exposure = exposure_at(i);
        for (double rate = 1e-3; rate < 1e9; rate *= 10) {
            double touch = touch_probability(&exposure, rate);
            ck_assert(touch <= 1);
            ck_assert(touch >= shortfall_by_rate(&exposure, rate).loss_probability * (1 - SLACK));
        }
    }
}
END_TEST

/* The mean over the exponential law by Simpson's rule in x, where the wait is x^2 / rate. */
static struct shortfall
mean_by_quadrature(const struct exposure *exposure, double rate)
{
    enum { STEPS = 4000 };
    double step = 7.0 / STEPS;
    struct shortfall mean = { 0 };
    for (int i = 1; i < STEPS; i++) {
        double x = i * step;
        double weight = 2 * x * real_exp(-x * x) * (i % 2 ? 4 : 2) * step / 3;
        struct shortfall now = shortfall_after(exposure, x * x / rate);
        mean.loss_probability += weight * now.loss_probability;
        mean.short_loss_probability += weight * now.short_loss_probability;
        mean.expected_shortfall += weight * now.expected_shortfall;
    }
    return mean;
}

static const struct exposure either_side[] = {
    { 100, 95, 0.9 }, { 100, 99.5, 0.9 }, { 100, 100, 0.9 }, { 100, 101, 0.9 }, { 100, 110, 0.9 },
    { 100, 130, 2 }, { 100, 60, 5 },
};

START_TEST(exponential_wait_is_the_mean_over_its_law)
{
    const struct exposure *exposure = &either_side[_i];
    struct shortfall closed = shortfall_by_rate(exposure, 40);
    struct shortfall mean = mean_by_quadrature(exposure, 40);
    ck_assert_near(closed.loss_probability, mean.loss_probability, 1e-7);
    ck_assert_near(closed.short_loss_probability, mean.short_loss_probability, 1e-7);
    ck_assert_near(closed.expected_shortfall, mean.expected_shortfall, 1e-7);
}
END_TEST

START_TEST(rare_inclusion_goes_over_into_the_exponential_law)
{
    struct shortfall blocks = shortfall_by_block(&example, BLOCK_YEARS, 1e-9);
    struct shortfall rate = shortfall_by_rate(&example, 1e-9 / BLOCK_YEARS);
    ck_assert_near(blocks.loss_probability, rate.loss_probability, 1e-8);
    ck_assert_near(blocks.short_loss_probability, rate.short_loss_probability, 1e-8);
    ck_assert_near(blocks.expected_shortfall, rate.expected_shortfall, 1e-8);
}
END_TEST

static const double wait_inclusions[] = {
    1, 0.99, 0.9, 0.64, 0.63, 0.5, 0.2, 0.05, 0.01, 0.001,
};
static const double deviations[] = { 1e-6, 5e-4, 0.05, 1.07, 3 };
static const double reaches[] = { -20, -3, -1e-4, 0, 0.2, 1, 4, 9, 15, 19, 26, 35, 50 };
enum { INCLUSIONS_COUNT = 10, DEVIATIONS_COUNT = 5, REACHES_COUNT = 13 };

/* All terms that a double can tell from nothing. */
static struct shortfall
mean_by_sum(const struct exposure *exposure, double block_years, double inclusion)
{
    struct shortfall mean = { 0 };
    double weight = inclusion;
    double least = 1e-18 * inclusion / exposure->obligation;
    for (int k = 1; weight > least * mean.expected_shortfall; k++) {
        struct shortfall now = shortfall_after(exposure, k * block_years);
        mean.loss_probability += weight * now.loss_probability;
        mean.short_loss_probability += weight * now.short_loss_probability;
        mean.expected_shortfall += weight * now.expected_shortfall;
        weight *= 1 - inclusion;
    }
    return mean;
}

/* The obligation lies `reach` deviations of one block below the collateral. */
START_TEST(shortfall_by_block_is_the_sum_over_blocks)
{
    double inclusion = wait_inclusions[_i];
    for (int n = 0; n < DEVIATIONS_COUNT * REACHES_COUNT; n++) {
        double deviation = deviations[n / REACHES_COUNT];
        double reach = reaches[n % REACHES_COUNT];
        struct exposure exposure = { 100, 100 * real_exp(-reach * deviation), deviation };
        struct shortfall ours = shortfall_by_block(&exposure, 1, inclusion);
        struct shortfall sum = mean_by_sum(&exposure, 1, inclusion);
        double slack = reach < 0 ? 1e-15 : 0;       /* of 1 less the other side's */
        ck_assert(real_abs(ours.loss_probability - sum.loss_probability)
                  <= slack + 1e-12 * sum.loss_probability);
        ck_assert(real_abs(ours.short_loss_probability - sum.short_loss_probability)
                  <= slack + 1e-12 * sum.short_loss_probability);
        ck_assert_near(ours.expected_shortfall, sum.expected_shortfall, 1e-12);
    }
}
END_TEST

/* A long's and a short's probability of the same event, each from the normal law. */
START_TEST(short_loses_where_the_obligation_moves)
{
    for (int i = 0; i < EXPOSURES_COUNT; i++) {
        struct exposure exposure = exposure_at(i);
        double s = exposure.sigma * real_sqrt(1e-3);
        if (s < 1e-100)
            continue;
        double distance = real_log(exposure.collateral / exposure.obligation);
        double expected = normal_cdf(-(distance + s * s / 2) / s);
        struct shortfall now = shortfall_after(&exposure, 1e-3);
        if (expected > 1e-12)
            ck_assert_near(now.short_loss_probability, expected, 1e-8);
    }
}
END_TEST

START_TEST(what_cannot_move_is_certain)
{
    struct exposure covered = { 100, 99, 0 };
    struct exposure short_of = { 100, 103, 0 };
    struct exposure worthless = { 0, 103, 0.9 };
    struct exposure free_of_debt = { 100, 0, 0.9 };
    ck_assert(shortfall_after(&covered, 1).loss_probability == 0);
    ck_assert(shortfall_by_rate(&covered, 1).loss_probability == 0);
    ck_assert(touch_probability(&covered, 1) == 0);
    ck_assert(shortfall_after(&short_of, 1).expected_shortfall == 3);
    ck_assert(shortfall_by_rate(&short_of, 1).expected_shortfall == 3);
    ck_assert(touch_probability(&short_of, 1) == 1);
    ck_assert(shortfall_after(&worthless, 1).expected_shortfall == 103);
    ck_assert(shortfall_by_rate(&worthless, 1).loss_probability == 1);
    ck_assert(shortfall_after(&free_of_debt, 1).loss_probability == 0);
    ck_assert(shortfall_by_rate(&free_of_debt, 1).expected_shortfall == 0);
    ck_assert(loss_buffer(0, 1, 0.01) == 0);
    ck_assert(loss_buffer(0.9, 0, 0.01) == 0);
}
END_TEST

START_TEST(stages_are_ordered)
{
    static const struct stage_target targets[STAGES_COUNT] = {
        { 1e-4, 1e-4 }, { 1e-4, 1e-3 }, { 1e-4, 0.1 }, { 1e-4, 0.01 }, { 1e-5, 0.01 },
    };
    double buffers[STAGES_COUNT];
    stage_buffers(0.9, targets, buffers);
    for (int stage = 0; stage + 1 < STAGES_COUNT; stage++)
        ck_assert(buffers[stage] >= buffers[stage + 1]);
    ck_assert(buffers[STAGE_BACKSTOP] == loss_buffer(0.9, 1e-5, 0.01));
    ck_assert(buffers[STAGE_FULL] == loss_buffer(0.9, 1e-4, 0.01));
    ck_assert(buffers[STAGE_PARTIAL] == buffers[STAGE_FULL]);
    ck_assert(buffers[STAGE_WARN] == loss_buffer(0.9, 1e-4, 1e-4));
}
END_TEST

Suite *
latency_suite(void)
{
    Suite *suite = suite_create("latency");
    TCase *cases = tcase_create("latency");
    tcase_add_loop_test(cases, shortfall_after_blocks_of_the_model, 0, COUNT(waits));
    tcase_add_loop_test(cases, shortfall_by_inclusion_meets_its_sum, 0, COUNT(inclusions));
    tcase_add_test(cases, exponential_wait_of_the_model);
    tcase_add_test(cases, buffers_of_the_model);
    tcase_add_test(cases, buffer_gives_the_loss_probability_it_was_made_for);
    tcase_add_test(cases, shortfall_lies_between_its_bounds);
    tcase_add_test(cases, loss_grows_with_the_wait);
    tcase_add_test(cases, loss_falls_with_the_inclusion_probability);
    tcase_add_test(cases, touching_is_at_least_as_likely_as_losing);
    tcase_add_loop_test(cases, exponential_wait_is_the_mean_over_its_law, 0, COUNT(either_side));
    tcase_add_loop_test(cases, shortfall_by_block_is_the_sum_over_blocks, 0, INCLUSIONS_COUNT);
    tcase_add_test(cases, short_loses_where_the_obligation_moves);
    tcase_add_test(cases, rare_inclusion_goes_over_into_the_exponential_law);
    tcase_add_test(cases, what_cannot_move_is_certain);
    tcase_add_test(cases, stages_are_ordered);
    suite_add_tcase(suite, cases);
    return suite;
}
