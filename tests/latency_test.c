/* risk/latency: the worked numbers of the model, its properties over grids, and its limits. */
#include "risk/latency.h"

#include "risk/elementary.h"
#include "tests/near.h"
#include "tests/suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))
#define BLOCK_YEARS  (12 / SECONDS_PER_YEAR)
#define SLACK        1e-12

static const struct exposure example = { 100, 99.5, 0.9, 0 };

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

/* The sums in 60 digits, to the end. */
static const struct { double inclusion, loss, put; } inclusions[] = {
    { 0.9, 7.5429872986230315e-9, 1.9411273684508239e-10 },
    { 0.5, 1.7480107289956294e-5, 8.1991152389056589e-7 },
    { 0.1, 0.0083835014895398496, 0.0010082350534104953 },
};

START_TEST(shortfall_by_inclusion_of_the_model)
{
    struct shortfall mean = shortfall_by_block(&example, BLOCK_YEARS, inclusions[_i].inclusion);
    ck_assert_near(mean.loss_probability, inclusions[_i].loss, 1e-13);
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
        struct exposure exposure = { 100, 100 * real_exp(-buffer), 0.9, 0 };
        ck_assert_near(shortfall_after(&exposure, 1e-3).loss_probability, targets[i], 1e-10);
    }
}
END_TEST

static const double obligations[] = { 1e-6, 50, 95, 99.99, 100, 100.01, 120, 1e5 };
static const double sigmas[] = { 0, 1e-200, 1e-6, 0.05, 0.9, 4, 100 };
static const double drifts[] = { 0, -0.7, 3 };
static const double times[] = { 0, 1e-9, 1e-6, 1e-3, 0.1, 2, 50 };
enum { EXPOSURES_COUNT = 8 * 7 * 3 };

static struct exposure
exposure_at(int i)
{
    return (struct exposure){ 100, obligations[i % 8], sigmas[i / 8 % 7], drifts[i / 56] };
}

static void
assert_bounded(const struct exposure *exposure, struct shortfall shortfall)
{
    ck_assert(shortfall.loss_probability >= 0);
    ck_assert(shortfall.loss_probability <= 1);
    double least = exposure->drift == 0 ? exposure->obligation - exposure->collateral : 0;
    double slack = exposure->obligation * SLACK;
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

/* While the collateral covers the obligation and the drift does not help, waiting only raises
 * the loss. */
START_TEST(loss_grows_with_the_wait)
{
    for (int i = 0; i < EXPOSURES_COUNT; i++) {
        struct exposure exposure = exposure_at(i);
        if (exposure.obligation >= exposure.collateral || exposure.drift > 0)
            continue;
        struct shortfall before = { 0, 0 };
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
        struct exposure exposure = { 100, obligation, 0.9, 0 };
        struct shortfall before = { 1, obligation };
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
    struct shortfall mean = { 0, 0 };
    for (int i = 1; i < STEPS; i++) {
        double x = i * step;
        double weight = 2 * x * real_exp(-x * x) * (i % 2 ? 4 : 2) * step / 3;
        struct shortfall now = shortfall_after(exposure, x * x / rate);
        mean.loss_probability += weight * now.loss_probability;
        mean.expected_shortfall += weight * now.expected_shortfall;
    }
    return mean;
}

static const struct exposure either_side[] = {
    { 100, 95, 0.9, 0 }, { 100, 99.5, 0.9, -2 }, { 100, 99.5, 0.9, 2 }, { 100, 101, 0.9, 0 },
    { 100, 110, 0.9, 0 }, { 100, 110, 0.9, 3 }, { 100, 110, 0.9, -3 }, { 100, 130, 2, 0.5 },
};

START_TEST(exponential_wait_is_the_mean_over_its_law)
{
    const struct exposure *exposure = &either_side[_i];
    struct shortfall closed = shortfall_by_rate(exposure, 40);
    struct shortfall mean = mean_by_quadrature(exposure, 40);
    ck_assert_near(closed.loss_probability, mean.loss_probability, 1e-7);
    ck_assert_near(closed.expected_shortfall, mean.expected_shortfall, 1e-7);
}
END_TEST

/* Up to 1e-3 the exponential law stands in for the geometric one: nearly the same just above. */
START_TEST(rare_inclusion_goes_over_into_the_exponential_law)
{
    struct shortfall blocks = shortfall_by_block(&example, BLOCK_YEARS, 0.00101);
    struct shortfall rate = shortfall_by_rate(&example, 0.00101 / BLOCK_YEARS);
    ck_assert_near(blocks.loss_probability, rate.loss_probability, 2e-3);
    ck_assert_near(blocks.expected_shortfall, rate.expected_shortfall, 2e-3);
}
END_TEST

START_TEST(what_cannot_move_is_certain)
{
    struct exposure covered = { 100, 99, 0, 0 };
    struct exposure short_of = { 100, 103, 0, 0 };
    struct exposure worthless = { 0, 103, 0.9, 0 };
    struct exposure free_of_debt = { 100, 0, 0.9, 0 };
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

/* Falling surely at 50 % a year from 100, 90 is passed after ln(100/90)/0.5 years: P = e^(-rate
 * t). */
START_TEST(sure_fall_is_a_matter_of_the_wait_alone)
{
    struct exposure falling = { 100, 90, 0, -0.5 };
    double passed_years = real_log(100 / 90.0) / 0.5;
    double expected = real_exp(-3 * passed_years);
    ck_assert_near(shortfall_by_rate(&falling, 3).loss_probability, expected, 1e-13);
    ck_assert_near(touch_probability(&falling, 3), expected, 1e-13);
    ck_assert(shortfall_after(&falling, passed_years * 0.999).loss_probability == 0);
    ck_assert(shortfall_after(&falling, passed_years * 1.001).loss_probability == 1);
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
    tcase_add_loop_test(cases, shortfall_by_inclusion_of_the_model, 0, COUNT(inclusions));
    tcase_add_test(cases, exponential_wait_of_the_model);
    tcase_add_test(cases, buffers_of_the_model);
    tcase_add_test(cases, buffer_gives_the_loss_probability_it_was_made_for);
    tcase_add_test(cases, shortfall_lies_between_its_bounds);
    tcase_add_test(cases, loss_grows_with_the_wait);
    tcase_add_test(cases, loss_falls_with_the_inclusion_probability);
    tcase_add_test(cases, touching_is_at_least_as_likely_as_losing);
    tcase_add_loop_test(cases, exponential_wait_is_the_mean_over_its_law, 0, COUNT(either_side));
    tcase_add_test(cases, rare_inclusion_goes_over_into_the_exponential_law);
    tcase_add_test(cases, what_cannot_move_is_certain);
    tcase_add_test(cases, sure_fall_is_a_matter_of_the_wait_alone);
    tcase_add_test(cases, stages_are_ordered);
    suite_add_tcase(suite, cases);
    return suite;
}
