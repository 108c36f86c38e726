/* risk/volatility: the worked numbers of the model, its properties, and the candles it refuses. */
#include "risk/volatility.h"

#include "risk/elementary.h"
#include "tests/near.h"
#include "tests/suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

enum { HOURS_A_YEAR = 8760, HOURS_COUNT = 5 };

static const struct candle hours[HOURS_COUNT] = {
    { 100, 103, 99, 102 }, { 102, 102.5, 98, 98.5 }, { 98.5, 101, 97.5, 100.5 },
    { 100.5, 104, 100, 103.5 }, { 103.5, 105, 101, 101.5 },
};

static double
ewma_94(const struct candle *candles, size_t count, double candles_per_year)
{
    return ewma_volatility(candles, count, candles_per_year, 0.94);
}

static double
ewma_half(const struct candle *candles, size_t count, double candles_per_year)
{
    return ewma_volatility(candles, count, candles_per_year, decay_of_half_life(2));
}

static double
ewma_garman_klass_94(const struct candle *candles, size_t count, double candles_per_year)
{
    return ewma_garman_klass_volatility(candles, count, candles_per_year, 0.94);
}

static const struct {
    double (*estimate)(const struct candle *candles, size_t count, double candles_per_year);
    double expect;
} estimators[] = {
    { parkinson_volatility, 2.23075923311539 }, { garman_klass_volatility, 2.16596591632613 },
    { rogers_satchell_volatility, 2.03572100209873 }, { open_close_volatility, 2.39034544103824 },
    { ewma_94, 2.00735295714644 }, { ewma_half, 2.24268336761702 },
    { ewma_garman_klass_94, 2.30515827409607 },
};

START_TEST(estimate_of_the_model_is_met)
{
    ck_assert_near(estimators[_i].estimate(hours, HOURS_COUNT, HOURS_A_YEAR),
                   estimators[_i].expect, 1e-13);
}
END_TEST

START_TEST(estimate_of_constant_prices_is_0)
{
    static const struct candle still[] = { { 7, 7, 7, 7 }, { 7, 7, 7, 7 } };
    ck_assert(estimators[_i].estimate(still, 2, HOURS_A_YEAR) == 0);
    ck_assert(estimators[_i].estimate(still, 0, HOURS_A_YEAR) == 0);
}
END_TEST

/* Each price p becomes 100 (p/100)^scale: every log range is multiplied by it, and so is the
 * volatility. */
START_TEST(estimate_scales_with_the_log_range)
{
    for (double scale = 1e-3; scale < 20; scale *= 3) {
        struct candle scaled[HOURS_COUNT];
        for (int i = 0; i < HOURS_COUNT; i++)
            scaled[i] = (struct candle){
                .open = 100 * real_pow(hours[i].open / 100, scale),
                .high = 100 * real_pow(hours[i].high / 100, scale),
                .low = 100 * real_pow(hours[i].low / 100, scale),
                .close = 100 * real_pow(hours[i].close / 100, scale),
            };
        ck_assert_near(estimators[_i].estimate(scaled, HOURS_COUNT, HOURS_A_YEAR),
                       scale * estimators[_i].expect, 1e-11);
    }
}
END_TEST

START_TEST(estimate_grows_with_the_root_of_the_year)
{
    ck_assert_near(estimators[_i].estimate(hours, HOURS_COUNT, 4 * HOURS_A_YEAR),
                   2 * estimators[_i].expect, 1e-13);
}
END_TEST

START_TEST(estimate_does_not_depend_on_the_currency)
{
    struct candle elsewhere[HOURS_COUNT];
    for (int i = 0; i < HOURS_COUNT; i++)
        elsewhere[i] = (struct candle){
            hours[i].open * 1e-7, hours[i].high * 1e-7, hours[i].low * 1e-7, hours[i].close * 1e-7,
        };
    ck_assert_near(estimators[_i].estimate(elsewhere, HOURS_COUNT, HOURS_A_YEAR),
                   estimators[_i].expect, 1e-12);
}
END_TEST

/* At least (1.5 - 2 ln 2) ln^2(H/L), also where the body is the whole range. */
START_TEST(garman_klass_is_never_negative)
{
    for (double high = 1; high < 10; high *= 1.1) {
        struct candle candle = { 1, high, 1, high };
        double range = real_log(high);
        double least = range * real_sqrt(1.5 - 2 * real_log(2));
        ck_assert(garman_klass_volatility(&candle, 1, 1) >= least * (1 - 1e-12));
    }
}
END_TEST

START_TEST(decay_of_extremes)
{
    ck_assert_near(decay_of_half_life(1), 0.5, 1e-15);
    ck_assert_near(decay_of_half_life(2) * decay_of_half_life(2), 0.5, 1e-15);
    ck_assert(decay_of_half_life(0) == 0);
    double last = open_close_volatility(&hours[HOURS_COUNT - 1], 1, HOURS_A_YEAR);
    double first = open_close_volatility(&hours[0], 1, HOURS_A_YEAR);
    ck_assert_near(ewma_volatility(hours, HOURS_COUNT, HOURS_A_YEAR, 0), last, 1e-15);
    ck_assert_near(ewma_volatility(hours, HOURS_COUNT, HOURS_A_YEAR, 1), first, 1e-15);
}
END_TEST

START_TEST(recommended_is_the_largest)
{
    ck_assert(recommended_volatility(0.8, 0.3, 1.2) == 0.8);
    ck_assert(recommended_volatility(0.2, 0.3, 0.5) == 0.3);
    ck_assert(recommended_volatility(0.2, 0.3, 1.2) == 0.6);
}
END_TEST

static const struct {
    struct candle candle;
    enum candle_fault fault;
    const char *name;
} faults[] = {
    { { 100, 103, 99, 102 }, CANDLE_GOOD, "good" },
    { { 5, 5, 5, 5 }, CANDLE_GOOD, "good" },
    { { 0, 103, 99, 102 }, CANDLE_NOT_POSITIVE, "candle_not_positive" },
    { { 100, 103, -99, 102 }, CANDLE_NOT_POSITIVE, "candle_not_positive" },
    { { 100, REAL_INFINITY, 99, 102 }, CANDLE_NOT_POSITIVE, "candle_not_positive" },
    { { 100, 103, 99, REAL_NAN }, CANDLE_NOT_POSITIVE, "candle_not_positive" },
    { { 100, 103, 1e-200, 102 }, CANDLE_NOT_POSITIVE, "candle_not_positive" },
    { { 100, 103, 100.5, 102 }, CANDLE_LOW_ABOVE_BODY, "candle_low_above_body" },
    { { 102, 103, 100.5, 100 }, CANDLE_LOW_ABOVE_BODY, "candle_low_above_body" },
    { { 100, 101, 99, 102 }, CANDLE_HIGH_BELOW_BODY, "candle_high_below_body" },
    { { 102, 101, 99, 100 }, CANDLE_HIGH_BELOW_BODY, "candle_high_below_body" },
};

START_TEST(candle_is_refused_by_the_name_of_its_fault)
{
    struct candle candles[2] = { hours[0], faults[_i].candle };
    size_t at = 9;
    enum candle_fault fault = candles_check(candles, 2, &at);
    ck_assert_int_eq(fault, faults[_i].fault);
    ck_assert_str_eq(candle_fault_name(fault), faults[_i].name);
    ck_assert_uint_eq(at, fault == CANDLE_GOOD ? 9 : 1);
}
END_TEST

Suite *
volatility_suite(void)
{
    Suite *suite = suite_create("volatility");
    TCase *cases = tcase_create("volatility");
    tcase_add_loop_test(cases, estimate_of_the_model_is_met, 0, COUNT(estimators));
    tcase_add_loop_test(cases, estimate_of_constant_prices_is_0, 0, COUNT(estimators));
    tcase_add_loop_test(cases, estimate_scales_with_the_log_range, 0, COUNT(estimators));
    tcase_add_loop_test(cases, estimate_grows_with_the_root_of_the_year, 0, COUNT(estimators));
    tcase_add_loop_test(cases, estimate_does_not_depend_on_the_currency, 0, COUNT(estimators));
    tcase_add_test(cases, garman_klass_is_never_negative);
    tcase_add_test(cases, decay_of_extremes);
    tcase_add_test(cases, recommended_is_the_largest);
    tcase_add_loop_test(cases, candle_is_refused_by_the_name_of_its_fault, 0, COUNT(faults));
    suite_add_tcase(suite, cases);
    return suite;
}
