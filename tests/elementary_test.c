/* risk/elementary and risk/normal against MPFR: edges by row, then many points a function.
 *
 * BREAKWATER_LONG=1 takes a million points of each function instead of SHORT_POINTS. */
#include <float.h>
#include <mpfr.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "risk/elementary.h"
#include "risk/normal.h"
#include "tests/suite.h"

enum { REFERENCE_BITS = 120, SHORT_POINTS = 5000, LONG_POINTS = 1000000, TIMEOUT_S = 900 };

/* A function, its reference, and how to draw arguments: even between bounds, or by exponent (a
 * log-uniform magnitude between 2^first and 2^last). */
struct range { double first; double last; bool by_exponent; };
struct function {
    const char *name;
    double (*ours)(double);
    int (*reference)(mpfr_t, const mpfr_t, mpfr_rnd_t);
    double ulps_max;
    struct range ranges[4];
};

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t
draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static double
draw_unit(uint64_t *state)
{
    return (double)(draw(state) >> 11) * 0x1p-53;
}

static double
draw_from(const struct range *range, uint64_t *state)
{
    double position = range->first + draw_unit(state) * (range->last - range->first);
    if (!range->by_exponent)
        return position;
    double magnitude = __builtin_ldexp(1 + draw_unit(state), (int)position);
    return draw(state) & 1 ? magnitude : -magnitude;
}

static long
points_count(void)
{
    const char *is_long = getenv("BREAKWATER_LONG");
    return is_long && !strcmp(is_long, "1") ? LONG_POINTS : SHORT_POINTS;
}

/* The distance of `ours` from the exact value in units in the last place of the exact value. */
static double
ulps_between(double ours, const mpfr_t exact)
{
    if (mpfr_nan_p(exact))
        return ours != ours ? 0 : REAL_INFINITY;
    double rounded = mpfr_get_d(exact, MPFR_RNDN);
    if (ours == rounded)
        return 0;
    if (ours != ours || ours - ours != 0 || rounded - rounded != 0)
        return REAL_INFINITY;
    mpfr_exp_t exponent = mpfr_zero_p(exact) ? -1073 : mpfr_get_exp(exact);
    long unit = exponent - 53 > -1074 ? exponent - 53 : -1074;
    mpfr_t difference;
    mpfr_init2(difference, 2 * REFERENCE_BITS);
    mpfr_d_sub(difference, ours, exact, MPFR_RNDN);
    mpfr_mul_2si(difference, difference, -unit, MPFR_RNDN);
    double ulps = real_abs(mpfr_get_d(difference, MPFR_RNDN));
    mpfr_clear(difference);
    return ulps;
}

/* The references that MPFR has not: each takes the double x in `in`. */
static int
reference_density(mpfr_t out, const mpfr_t in, mpfr_rnd_t rounding)
{
    mpfr_t pi;
    mpfr_init2(pi, REFERENCE_BITS);
    mpfr_sqr(out, in, MPFR_RNDN);
    mpfr_div_si(out, out, -2, MPFR_RNDN);
    mpfr_exp(out, out, MPFR_RNDN);
    mpfr_const_pi(pi, MPFR_RNDN);
    mpfr_mul_ui(pi, pi, 2, MPFR_RNDN);
    mpfr_sqrt(pi, pi, MPFR_RNDN);
    int inexact = mpfr_div(out, out, pi, rounding);
    mpfr_clear(pi);
    return inexact;
}

static int
reference_cdf(mpfr_t out, const mpfr_t in, mpfr_rnd_t rounding)
{
    mpfr_t root;
    mpfr_init2(root, REFERENCE_BITS);
    mpfr_sqrt_ui(root, 2, MPFR_RNDN);
    mpfr_div(out, in, root, MPFR_RNDN);
    mpfr_neg(out, out, MPFR_RNDN);
    mpfr_erfc(out, out, MPFR_RNDN);
    mpfr_clear(root);
    return mpfr_div_2ui(out, out, 1, rounding);
}

/* Far out, where the density would underflow even MPFR's exponents, 1/u - 1/u^3: the next term
 * is below 2^-67 of it. */
static int
reference_mills(mpfr_t out, const mpfr_t in, mpfr_rnd_t rounding)
{
    if (mpfr_cmp_d(in, 1e5) > 0) {
        mpfr_sqr(out, in, MPFR_RNDN);
        mpfr_ui_div(out, 1, out, MPFR_RNDN);
        mpfr_ui_sub(out, 1, out, MPFR_RNDN);
        return mpfr_div(out, out, in, rounding);
    }
    mpfr_t density;
    mpfr_init2(density, REFERENCE_BITS);
    reference_density(density, in, MPFR_RNDN);
    mpfr_neg(out, in, MPFR_RNDN);
    reference_cdf(out, out, MPFR_RNDN);
    int inexact = mpfr_div(out, out, density, rounding);
    mpfr_clear(density);
    return inexact;
}

/* One Newton step from our own answer: its error is that of the start squared, far below an ulp;
 * a start that is far off leaves a step that is far from 0, which is what is measured. */
static int
reference_quantile(mpfr_t out, const mpfr_t in, mpfr_rnd_t rounding)
{
    mpfr_t x;
    mpfr_t density;
    mpfr_inits2(2 * REFERENCE_BITS, x, density, (mpfr_ptr)0);
    mpfr_set_d(x, normal_quantile(mpfr_get_d(in, MPFR_RNDN)), MPFR_RNDN);
    mpfr_t residual;
    mpfr_init2(residual, 2 * REFERENCE_BITS);
    mpfr_sqrt_ui(residual, 2, MPFR_RNDN);
    mpfr_div(residual, x, residual, MPFR_RNDN);
    mpfr_neg(residual, residual, MPFR_RNDN);
    mpfr_erfc(residual, residual, MPFR_RNDN);
    mpfr_div_2ui(residual, residual, 1, MPFR_RNDN);
    mpfr_sub(residual, residual, in, MPFR_RNDN);
    reference_density(density, x, MPFR_RNDN);
    mpfr_div(residual, residual, density, MPFR_RNDN);
    int inexact = mpfr_sub(out, x, residual, rounding);
    mpfr_clears(x, density, residual, (mpfr_ptr)0);
    return inexact;
}

static const struct function functions[] = {
    { "exp", real_exp, mpfr_exp, 2,
      { { -746, 710, false }, { -1, 1, false }, { -60, 3, true }, { -746, -707, false } } },
    { "expm1", real_expm1, mpfr_expm1, 2,
      { { -50, 710, false }, { -1, 1, false }, { -1074, 3, true }, { -0.1, 0.1, false } } },
    { "log", real_log, mpfr_log, 2,
      { { -1074, 1023, true }, { 0.5, 2, false }, { 0, 1e6, false }, { 0.99, 1.01, false } } },
    { "log1p", real_log1p, mpfr_log1p, 2,
      { { -1074, 1023, true }, { -1, 1, false }, { -60, 0, true }, { -0.02, 0.02, false } } },
    { "density", normal_density, reference_density, 2,
      { { -39, 39, false }, { -1, 1, false }, { -40, 2, true }, { 37, 38.8, false } } },
    { "cdf", normal_cdf, reference_cdf, 2,
      { { -39, 10, false }, { -1, 1, false }, { -60, 2, true }, { -38.7, -37, false } } },
    { "quantile", normal_quantile, reference_quantile, 4,
      { { 0, 1, false }, { -1074, -1, true }, { 0.36, 0.64, false }, { 1 - 0x1p-30, 1, false } } },
    { "mills", mills_ratio, reference_mills, 4,
      { { -38, 60, false }, { -1, 1, false }, { -60, 6, true }, { 20, 1e4, false } } },
};
enum { FUNCTIONS_COUNT = sizeof functions / sizeof *functions };

static double
ulps_at(const struct function *function, double x)
{
    mpfr_t in;
    mpfr_t exact;
    mpfr_inits2(REFERENCE_BITS, in, exact, (mpfr_ptr)0);
    mpfr_set_d(in, x, MPFR_RNDN);
    function->reference(exact, in, MPFR_RNDN);
    double ulps = ulps_between(function->ours(x), exact);
    mpfr_clears(in, exact, (mpfr_ptr)0);
    return ulps;
}

/* The double that lies `steps` doubles above x >= 0; NaN below 0. */
static double
neighbour(double x, int steps)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits += steps;
    memcpy(&x, &bits, sizeof x);
    return bits < 0 ? REAL_NAN : x;
}

static bool
is_argument_of(const struct function *function, double x)
{
    if (function->ours == normal_quantile)
        return x > 0 && x < 1;
    return x - x == 0;
}

START_TEST(stays_within_its_ulps)
{
    const struct function *function = &functions[_i];
    uint64_t state = 20240917 + (uint64_t)_i;
    long count = points_count();
    double worst = 0;
    double worst_at = 0;
    for (long n = 0; n < count; n++) {
        double x = draw_from(&function->ranges[n % 4], &state);
        if (function->ours == normal_quantile)
            x = real_abs(x);
        if (!is_argument_of(function, x))
            continue;
        double ulps = ulps_at(function, x);
        if (ulps > worst) {
            worst = ulps;
            worst_at = x;
        }
    }
    if (count == LONG_POINTS)
        printf("%s: at most %.3f ulp, at %a\n", function->name, worst, worst_at);
    ck_assert_msg(worst <= function->ulps_max, "%s is off by %.3f ulp at %a", function->name,
                  worst, worst_at);
}
END_TEST

/* The thresholds of the code and of the format, each with its neighbours. */
static const double edges[] = {
    0x1p-1074, 0x1.fffffffffffffp-1023, DBL_MIN, 0x1p-900, 0x1p-60, 0x1p-54, 0x1p-53, 0x1p-30,
    0x1p-27, 1e-300, 0.005415212, 0.0078125, 0.13, 0.14, 0.25, 0.35, 0.353553390593, 0.36, 0.365,
    0.5, 0.64, 0.70703125, 0.75, 1, 1.4140625, 2, 5.9, 6, 8, 16, 26.5, 27.226, 27.3, 31.9, 32, 37.5,
    38.48, 38.6, 38.7, 44.9, 45, 45.3, 707, 708.39, 709.78, 0x1.62e42fefa39efp9, 709.79, 745.13,
    745.14, 1000, 1e10, 1e150, 1e300, DBL_MAX,
};
enum { EDGES_COUNT = sizeof edges / sizeof *edges };

START_TEST(stays_within_its_ulps_at_the_edges)
{
    const struct function *function = &functions[_i];
    for (size_t n = 0; n < EDGES_COUNT * 14; n++) {
        double x = neighbour(edges[n / 14], (int)(n % 7) - 3) * (n % 14 < 7 ? 1 : -1);
        if (!is_argument_of(function, x))
            continue;
        double ulps = ulps_at(function, x);
        ck_assert_msg(ulps <= function->ulps_max, "%s is off by %.3f ulp at %a", function->name,
                      ulps, x);
    }
}
END_TEST

/* Where the value is exact or a limit, it is met exactly. */
static const struct { double (*function)(double); double x; double expect; } exact[] = {
    { real_exp, 0, 1 }, { real_exp, -0.0, 1 }, { real_exp, REAL_INFINITY, REAL_INFINITY },
    { real_exp, -REAL_INFINITY, 0 },
    { real_exp, 1e308, REAL_INFINITY }, { real_exp, -1e308, 0 }, { real_exp, -745.2, 0 },
    { real_expm1, 0, 0 }, { real_expm1, REAL_INFINITY, REAL_INFINITY },
    { real_expm1, -REAL_INFINITY, -1 },
    { real_expm1, 0x1p-1074, 0x1p-1074 },
    { real_log, 1, 0 }, { real_log, 0, -REAL_INFINITY }, { real_log, -0.0, -REAL_INFINITY },
    { real_log, REAL_INFINITY, REAL_INFINITY },
    { real_log1p, 0, 0 }, { real_log1p, -1, -REAL_INFINITY },
    { real_log1p, REAL_INFINITY, REAL_INFINITY },
    { real_log1p, 0x1p-1074, 0x1p-1074 },
    { normal_density, REAL_INFINITY, 0 }, { normal_density, -REAL_INFINITY, 0 },
    { normal_cdf, 0, 0.5 }, { normal_cdf, REAL_INFINITY, 1 }, { normal_cdf, -REAL_INFINITY, 0 },
    { normal_quantile, 0.5, 0 }, { normal_quantile, 0, -REAL_INFINITY },
    { normal_quantile, 1, REAL_INFINITY },
    { mills_ratio, REAL_INFINITY, 0 }, { mills_ratio, -REAL_INFINITY, REAL_INFINITY },
    { real_sqrt, 2, 0x1.6a09e667f3bcdp0 }, { real_sqrt, 0, 0 },
    { real_sqrt, REAL_INFINITY, REAL_INFINITY },
};
enum { EXACT_COUNT = sizeof exact / sizeof *exact };

START_TEST(meets_its_limits)
{
    ck_assert_msg(exact[_i].function(exact[_i].x) == exact[_i].expect, "row %d gives %a", _i,
                  exact[_i].function(exact[_i].x));
}
END_TEST

static const struct { double (*function)(double); double x; } undefined[] = {
    { real_exp, REAL_NAN }, { real_expm1, REAL_NAN }, { real_log, REAL_NAN }, { real_log, -1 },
    { real_log, -REAL_INFINITY },
    { real_log1p, REAL_NAN }, { real_log1p, -1.5 }, { normal_density, REAL_NAN },
    { normal_cdf, REAL_NAN }, { normal_quantile, REAL_NAN }, { normal_quantile, -0x1p-1074 },
    { normal_quantile, 1.5 },
    { mills_ratio, REAL_NAN }, { real_sqrt, -1 }, { real_sqrt, REAL_NAN },
};
enum { UNDEFINED_COUNT = sizeof undefined / sizeof *undefined };

START_TEST(is_not_a_number_where_undefined)
{
    double y = undefined[_i].function(undefined[_i].x);
    ck_assert_msg(y != y, "row %d gives %a", _i, y);
}
END_TEST

static const struct { double x; double y; double expect; } powers[] = {
    { 2, 10, 1024 }, { 0.5, 1074, 0x1p-1074 }, { 9, 0.5, 3 }, { 0, 0, 1 }, { 0, 2, 0 },
    { 0, -2, REAL_INFINITY },
    { 1, REAL_INFINITY, 1 }, { 1, REAL_NAN, 1 }, { REAL_NAN, 0, 1 },
    { 2, REAL_INFINITY, REAL_INFINITY },
    { 2, -REAL_INFINITY, 0 }, { 0.5, REAL_INFINITY, 0 }, { 0.5, -REAL_INFINITY, REAL_INFINITY },
    { REAL_INFINITY, 0.5, REAL_INFINITY }, { REAL_INFINITY, -0.5, 0 },
    { 10, 400, REAL_INFINITY }, { 10, -400, 0 },
    { 1 - 0x1p-53, DBL_MAX, 0 }, { 7, 1, 7 }, { 1e300, 1e-310, 1 },
};
enum { POWERS_COUNT = sizeof powers / sizeof *powers };

START_TEST(power_of_a_row)
{
    double y = real_pow(powers[_i].x, powers[_i].y);
    ck_assert_msg(y == powers[_i].expect, "row %d gives %a", _i, y);
}
END_TEST

START_TEST(power_is_undefined_for_a_negative_base)
{
    double y = real_pow(-8, 3);
    ck_assert(y != y);
    y = real_pow(2, REAL_NAN);
    ck_assert(y != y);
    y = real_pow(REAL_NAN, 1);
    ck_assert(y != y);
}
END_TEST

/* Bases across the exponents and near 1, exponents that leave the result finite or just not. */
START_TEST(power_stays_within_2_ulps)
{
    uint64_t state = 77;
    double worst = 0;
    mpfr_t base;
    mpfr_t exponent;
    mpfr_inits2(REFERENCE_BITS, base, exponent, (mpfr_ptr)0);
    for (long n = points_count(); n > 0; n--) {
        double x = n % 2 ? __builtin_ldexp(1 + draw_unit(&state),
        (int)(draw_unit(&state) * 2097) - 1074)
                         : 0.9 + 0.2 * draw_unit(&state);
        double y = (draw_unit(&state) * 2 - 1) * 750 / real_abs(real_log(x));
        mpfr_set_d(base, x, MPFR_RNDN);
        mpfr_set_d(exponent, y, MPFR_RNDN);
        mpfr_pow(base, base, exponent, MPFR_RNDN);
        worst = real_max(worst, ulps_between(real_pow(x, y), base));
    }
    mpfr_clears(base, exponent, (mpfr_ptr)0);
    ck_assert_msg(worst <= 2, "off by %.3f ulp", worst);
}
END_TEST

/* FNV-1a over the bits of every function at fixed arguments. The value was agreed on by gcc and
 * clang at -O0 to -O3, with and without -march=native; it changes only when a result changes, in
 * which case recorded decisions would too. */
START_TEST(gives_the_same_bits_everywhere)
{
    uint64_t state = 1;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int n = 0; n < 20000; n++) {
        const struct function *function = &functions[n % FUNCTIONS_COUNT];
        double x = draw_from(&function->ranges[n / FUNCTIONS_COUNT % 4], &state);
        double y = function->ours(x);
        uint64_t bits;
        memcpy(&bits, &y, sizeof bits);
        if (y != y)
            bits = 0;
        hash = (hash ^ bits) * UINT64_C(0x100000001b3);
    }
    ck_assert_msg(hash == UINT64_C(0x67dd61cb516f6df5), "the results hash to %016llx",
    (unsigned long long)hash);
}
END_TEST

Suite *
elementary_suite(void)
{
    Suite *suite = suite_create("elementary");
    TCase *cases = tcase_create("mpfr");
    tcase_set_timeout(cases, TIMEOUT_S);
    tcase_add_loop_test(cases, stays_within_its_ulps, 0, FUNCTIONS_COUNT);
    tcase_add_loop_test(cases, stays_within_its_ulps_at_the_edges, 0, FUNCTIONS_COUNT);
    tcase_add_test(cases, power_stays_within_2_ulps);
    suite_add_tcase(suite, cases);
    TCase *rows = tcase_create("rows");
    tcase_add_loop_test(rows, meets_its_limits, 0, EXACT_COUNT);
    tcase_add_loop_test(rows, is_not_a_number_where_undefined, 0, UNDEFINED_COUNT);
    tcase_add_loop_test(rows, power_of_a_row, 0, POWERS_COUNT);
    tcase_add_test(rows, power_is_undefined_for_a_negative_base);
    tcase_add_test(rows, gives_the_same_bits_everywhere);
    suite_add_tcase(suite, rows);
    return suite;
}
