/* The crossings between money and statistics, against MPFR and exact fractions. */
#include <float.h>
#include <math.h>
#include <mpfr.h>
#include <string.h>

#include "risk/statistic.h"
#include "tests/exact.h"
#include "tests/suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const enum rounding roundings[] = { ROUND_DOWN, ROUND_UP, ROUND_HALF_UP };

static const struct shown { double x; const char *text; } shown[] = {
    { 0.0, "0" },
    { -0.0, "0" },
    { 1.0, "1" },
    { -2.5, "-2.5" },
    { 0.1, "0.1" },
    { 1.0 / 3, "0.333333333333" },
    { 2.0 / 3, "0.666666666667" },
    { -2.0 / 3, "-0.666666666667" },
    { 123456789.123456789, "123456789.123" },
    { 0.9999999999996, "1" },
    { 999999999999.5, "1000000000000" },
    { -999999999999.5, "-1000000000000" },
    { 999999999999.25, "999999999999" },
    { 99999999999.25, "99999999999.3" },            /* ties away from zero: .25 and .75 are exact */
    { -99999999999.25, "-99999999999.3" },
    { 99999999999.75, "99999999999.8" },
    { 1234567890123456.0, "1234567890120000" },
    { 123456789012.5, "123456789013" },
    { -123456789012.5, "-123456789013" },
    { 123456789013.5, "123456789014" },
    { 1e20, "100000000000000000000" },
    { 170141183460000000000.0, "170141183460000000000" },
    { -170141183460000000000.0, "-170141183460000000000" },
    { 1e-6, "0.000001" },
    { 1.23456789012345e-6, "0.00000123456789012" },
    { 1.23456789012345e-9, "0.000000001234567890" },
    { 0x1p-60, "0.000000000000000001" },            /* 0.867e-18 */
    { 0x1p-61, "0" },                               /* 0.434e-18 */
    { -0x1p-61, "0" },
    { 5e-324, "0" },
    { -DBL_MIN, "0" },
    { 170141183470000000000.0, NULL },
    { 0x1p68, NULL },
    { -0x1p68, NULL },
    { DBL_MAX, NULL },
    { INFINITY, NULL },
    { -INFINITY, NULL },
    { NAN, NULL },
};

START_TEST(statistic_is_shown_with_12_digits_and_18_places)
{
    const struct shown *row = &shown[_i];
    struct decimal value = { 77 };
    struct decimal expected;

    ck_assert_int_eq(decimal_of_statistic(row->x, &value), row->text != NULL);
    if (row->text == NULL) {
        ck_assert(value.units == 77);
        return;
    }
    ck_assert_int_eq(decimal_parse(row->text, strlen(row->text), &expected), DECIMAL_GOOD);
    ck_assert(value.units == expected.units);
}
END_TEST

static const struct rate {
    double x;
    const char *unit;
    enum rounding rounding;
    const char *text;
} rates[] = {
    { 0.05, "0.000001", ROUND_UP, "0.050001" },         /* 0.05000000000000000277 */
    { 0.05, "0.000001", ROUND_DOWN, "0.05" },
    { 0.05, "0.000001", ROUND_HALF_UP, "0.05" },
    { 0.07, "0.000001", ROUND_UP, "0.070001" },         /* 0.07000000000000000666 */
    { 0.3, "0.000001", ROUND_UP, "0.3" },               /* 0.29999999999999998890 */
    { 0.3, "0.000001", ROUND_DOWN, "0.299999" },
    { -0.3, "0.000001", ROUND_DOWN, "-0.3" },
    { -0.3, "0.000001", ROUND_UP, "-0.299999" },
    { 0.5, "0.000001", ROUND_UP, "0.5" },
    { 0.5, "1", ROUND_HALF_UP, "1" },
    { -0.5, "1", ROUND_HALF_UP, "0" },
    { -1.5, "1", ROUND_HALF_UP, "-1" },
    { 0.125, "0.25", ROUND_HALF_UP, "0.25" },
    { -0.125, "0.25", ROUND_HALF_UP, "0" },
    { 5e-324, "0.000001", ROUND_UP, "0.000001" },
    { 5e-324, "0.000001", ROUND_DOWN, "0" },
    { -5e-324, "0.000000000000000001", ROUND_DOWN, "-0.000000000000000001" },
    { -5e-324, "0.000000000000000001", ROUND_UP, "0" },
    { 0.0, "0.000001", ROUND_UP, "0" },
    { -0.0, "0.000001", ROUND_DOWN, "0" },
    { 0x1p67, "0.000001", ROUND_UP, "147573952589676412928" },
    { 0x1p68, "0.000001", ROUND_UP, NULL },
    { 1.7e20, "100000000000000000000", ROUND_UP, NULL },
    { 1.7e20, "100000000000000000000", ROUND_DOWN, "100000000000000000000" },
    { INFINITY, "0.000001", ROUND_UP, NULL },
    { -INFINITY, "0.000001", ROUND_UP, NULL },
    { NAN, "0.000001", ROUND_UP, NULL },
};

static struct decimal
decimal_from(const char *text)
{
    struct decimal value;

    ck_assert_int_eq(decimal_parse(text, strlen(text), &value), DECIMAL_GOOD);
    return value;
}

START_TEST(rate_is_rounded_from_its_exact_value)
{
    const struct rate *row = &rates[_i];
    struct decimal value = { 77 };

    ck_assert_int_eq(decimal_of_rate(row->x, decimal_from(row->unit), row->rounding, &value),
                     row->text != NULL);
    ck_assert(value.units == (row->text != NULL ? decimal_from(row->text).units : 77));
}
END_TEST

/* x * 1e18 as a fraction over a power of two; then in multiples of the unit. */
static bool
expected_units(double x, int128 unit, enum rounding rounding, int128 *expected)
{
    mpq_t exact;
    mpz_t unit_units;
    mpz_t one;
    bool fits;

    mpq_init(exact);
    mpz_inits(unit_units, one, NULL);
    exact_of(unit_units, unit);
    exact_of(one, DECIMAL_ONE_UNITS);
    mpq_set_d(exact, x);
    mpz_mul(mpq_numref(exact), mpq_numref(exact), one);
    mpz_mul(mpq_denref(exact), mpq_denref(exact), unit_units);
    exact_divide(one, mpq_numref(exact), mpq_denref(exact), rounding);
    mpz_mul(one, one, unit_units);
    fits = exact_to_units(one, expected);
    mpz_clears(unit_units, one, NULL);
    mpq_clear(exact);
    return fits;
}

/* Any bits: mostly exponents from 2^-70 to 2^69, where something happens. */
static double
draw_double(uint64_t *seed)
{
    uint64_t bits = draw(seed);
    uint64_t exponent = draw(seed) % 8 ? 1023 - 70 + draw(seed) % 140 : draw(seed) % 2047;
    unsigned zeros = (unsigned)(draw(seed) % 53);
    double x;

    bits = (bits & ~(UINT64_C(2047) << 52)) >> zeros << zeros;
    bits |= exponent << 52;
    memcpy(&x, &bits, sizeof x);
    return x;
}

START_TEST(rate_is_right_at_random)
{
    static const int128 unit_units[] = {
        1, 3, 1000000000000, DECIMAL_ONE_UNITS / 2, (int128)100 * DECIMAL_ONE_UNITS,
    };
    uint64_t seed = 1;

    for (int i = 0; i < 40000; i++) {
        double x = draw_double(&seed);
        int128 unit = unit_units[draw(&seed) % COUNT(unit_units)];
        enum rounding rounding = roundings[i % 3];
        struct decimal value = { 77 };
        int128 expected = 0;
        bool fits = expected_units(x, unit, rounding, &expected);

        ck_assert_msg(decimal_of_rate(x, (struct decimal){ unit }, rounding, &value) == fits, "%a",
                      x);
        ck_assert_msg(value.units == (fits ? expected : 77), "%a", x);
    }
}
END_TEST

/* The unit of the 12th digit by the text of the truncated units: %.11e would round. */
START_TEST(statistic_is_right_at_random)
{
    uint64_t seed = 2;

    for (int i = 0; i < 40000; i++) {
        double x = draw_double(&seed);
        struct decimal value = { 77 };
        int128 expected = 0;
        int128 unit = 1;
        char digits[64];
        bool fits = expected_units(fabs(x), 1, ROUND_DOWN, &expected);
        mpz_t cut;

        mpz_init(cut);
        exact_of(cut, expected);
        mpz_get_str(digits, 10, cut);
        mpz_clear(cut);
        for (size_t n = strlen(digits); n > 12; n--)
            unit *= 10;
        fits = fits && expected_units(fabs(x), unit, ROUND_HALF_UP, &expected);
        expected = x < 0 ? -expected : expected;
        ck_assert_msg(decimal_of_statistic(x, &value) == fits, "%a", x);
        ck_assert_msg(value.units == (fits ? expected : 77), "%a", x);
    }
}
END_TEST

static void
check_nearest(struct decimal value)
{
    double got = statistic_of(value);
    char text[DECIMAL_TEXT_MAX];
    mpfr_t expected;
    mpq_t exact;

    mpfr_init2(expected, 53);
    mpq_init(exact);
    exact_of(mpq_numref(exact), value.units);
    exact_of(mpq_denref(exact), DECIMAL_ONE_UNITS);
    mpq_canonicalize(exact);
    mpfr_set_q(expected, exact, MPFR_RNDN);
    decimal_format(value, text);
    ck_assert_msg(mpfr_get_d(expected, MPFR_RNDN) == got, "%s", text);
    mpfr_clear(expected);
    mpq_clear(exact);
}

/* Odd multiples of half an ulp are ties: (2^53 + 1 + 2k) / 2^j is whole in units for j <= 18. */
START_TEST(statistic_of_is_nearest_with_ties_to_even)
{
    uint64_t seed = 3;

    for (int i = 0; i < 30000; i++)
        check_nearest(draw_decimal(&seed));
    for (int j = 0; j <= 18; j++) {
        for (int k = 0; k < 50; k++) {
            int128 tie = (((int128)1 << 53) + 1 + 2 * k) * (DECIMAL_ONE_UNITS >> j);

            for (int128 near = -1; near <= 1; near++) {
                check_nearest((struct decimal){ tie + near });
                check_nearest((struct decimal){ -tie + near });
            }
        }
    }
    /* Their mantissa carries into the exponent. */
    check_nearest((struct decimal){ DECIMAL_MAX_UNITS });
    check_nearest((struct decimal){ -DECIMAL_MAX_UNITS });
    ck_assert(!signbit(statistic_of(decimal_zero)));
    ck_assert(statistic_of((struct decimal)DECIMAL_MICRO_OF(100000)) == 0.1);
}
END_TEST

Suite *
statistic_suite(void)
{
    Suite *suite = suite_create("statistic");
    TCase *crossing = tcase_create("crossing");

    tcase_add_loop_test(crossing, statistic_is_shown_with_12_digits_and_18_places, 0,
                        (int)COUNT(shown));
    tcase_add_loop_test(crossing, rate_is_rounded_from_its_exact_value, 0, (int)COUNT(rates));
    tcase_add_test(crossing, rate_is_right_at_random);
    tcase_add_test(crossing, statistic_is_right_at_random);
    tcase_add_test(crossing, statistic_of_is_nearest_with_ties_to_even);
    tcase_set_timeout(crossing, 60);
    suite_add_tcase(suite, crossing);
    return suite;
}
