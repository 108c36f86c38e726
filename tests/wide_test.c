/* Wide sums and quotients against integers of any size. */
#include <string.h>

#include "record/decimal.h"
#include "tests/exact.h"
#include "tests/suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const enum rounding roundings[] = { ROUND_DOWN, ROUND_UP, ROUND_HALF_UP };

static void
exact_of_wide(mpz_t z, struct wide a)
{
    mpz_import(z, 4, -1, sizeof *a.limbs, 0, 0, a.limbs);
    if (a.limbs[3] >> 63) {
        mpz_t modulus;

        mpz_init(modulus);
        mpz_setbit(modulus, 256);
        mpz_sub(z, z, modulus);
        mpz_clear(modulus);
    }
}

/* -2^255 <= z < 2^255 */
static bool
fits_wide(const mpz_t z)
{
    mpz_t bound;
    bool fits;

    mpz_init(bound);
    mpz_setbit(bound, 255);
    fits = mpz_cmp(z, bound) < 0;
    mpz_neg(bound, bound);
    fits = fits && mpz_cmp(z, bound) >= 0;
    mpz_clear(bound);
    return fits;
}

/* 0 to 256 bits, of either sign, and often at the brink. */
static struct wide
draw_wide(uint64_t *seed)
{
    static const struct wide brinks[] = {
        { { 0, 0, 0, 0 } },
        { { 1, 0, 0, 0 } },
        { { 0, 0, 0, UINT64_C(1) << 63 } },
        { { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX >> 1 } },
    };
    uint64_t kind = draw(seed) % 16;
    size_t used = 1 + draw(seed) % 4;
    uint64_t fill = draw(seed) & 1 ? UINT64_MAX : 0;
    struct wide a;

    if (kind < COUNT(brinks))
        return brinks[kind];
    for (size_t i = 0; i < 4; i++)
        a.limbs[i] = i < used ? draw(seed) : fill;
    return a;
}

/* expected = before + addend fits, and is the sum; or does not, and the sum is as before. */
static void
check_wide(const mpz_t expected, struct wide before, bool done, struct wide sum)
{
    mpz_t z;

    mpz_init(z);
    exact_of_wide(z, sum);
    ck_assert_int_eq(done, fits_wide(expected));
    if (done)
        ck_assert_int_eq(mpz_cmp(z, expected), 0);
    else
        ck_assert_int_eq(memcmp(&before, &sum, sizeof sum), 0);
    mpz_clear(z);
}

START_TEST(wide_sums_are_exact_or_refused)
{
    uint64_t seed = 5;
    mpz_t z;
    mpz_t addend;

    mpz_inits(z, addend, NULL);
    for (int i = 0; i < 10000; i++) {
        struct wide before = draw_wide(&seed);
        struct wide other = draw_wide(&seed);
        struct decimal a = draw_decimal(&seed);
        struct decimal b = draw_decimal(&seed);
        struct wide sum = before;

        exact_of_wide(z, before);
        ck_assert_int_eq(wide_sign(before), mpz_sgn(z));
        exact_of_wide(addend, other);
        mpz_add(addend, z, addend);
        check_wide(addend, before, wide_add(&sum, other), sum);
        mpz_set_ui(addend, 1);
        exact_multiply(addend, a.units);
        exact_multiply(addend, b.units);
        mpz_add(addend, z, addend);
        sum = before;
        check_wide(addend, before, wide_add_product(&sum, a, b), sum);
        mpz_sub(addend, addend, z);
        mpz_sub(addend, z, addend);
        sum = before;
        check_wide(addend, before, wide_subtract_product(&sum, a, b), sum);
        mpz_set_ui(addend, 1);
        exact_multiply(addend, a.units);
        exact_multiply(addend, DECIMAL_ONE_UNITS);
        mpz_add(addend, z, addend);
        sum = before;
        check_wide(addend, before, wide_add_decimal(&sum, a), sum);
    }
    mpz_clears(z, addend, NULL);
}
END_TEST

/* From 0, where the sum's fit is the quotient's. */
START_TEST(wide_sum_of_a_quotient_rounds_once)
{
    uint64_t seed = 6;
    mpz_t top;
    mpz_t bottom;

    mpz_inits(top, bottom, NULL);
    for (int i = 0; i < 20000; i++) {
        struct wide a = draw_wide(&seed);
        struct wide b = draw_wide(&seed);
        struct decimal p = draw_decimal(&seed);
        struct decimal q = draw_decimal(&seed);
        enum rounding rounding = roundings[i % 3];
        struct wide sum = wide_zero;
        bool done;

        if (i % 5 == 0) {                       /* a number of halves: ties */
            b = wide_zero;
            b.limbs[0] = 2;
        }
        exact_of_wide(top, a);
        exact_multiply(top, p.units);
        exact_multiply(top, q.units);
        exact_of_wide(bottom, b);
        done = wide_add_quotient(&sum, a, p, q, b, rounding);
        if (mpz_sgn(bottom) == 0) {
            ck_assert(!done);
            continue;
        }
        exact_divide(top, top, bottom, rounding);
        check_wide(top, wide_zero, done, sum);
    }
    mpz_clears(top, bottom, NULL);
}
END_TEST

START_TEST(wide_compares_without_dividing)
{
    uint64_t seed = 7;
    mpz_t left;
    mpz_t right;

    mpz_inits(left, right, NULL);
    for (int i = 0; i < 30000; i++) {
        struct wide a = draw_wide(&seed);
        struct wide b = draw_wide(&seed);
        struct decimal p = draw_decimal(&seed);
        struct decimal q = draw_decimal(&seed);
        int order;

        if (i % 3 == 0) {                       /* equal, or nearly: a = p and b = q, over 1e-18 */
            a = b = wide_zero;
            ck_assert(wide_add_product(&a, p, decimal_unit));
            ck_assert(wide_add_product(&b, q, decimal_unit));
            a.limbs[0] ^= i % 2 ? 1 : 0;
        }
        exact_of_wide(left, a);
        exact_multiply(left, q.units);
        exact_of_wide(right, b);
        exact_multiply(right, p.units);
        order = mpz_cmp(left, right);
        ck_assert_int_eq(wide_compare_products(a, q, b, p), (order > 0) - (order < 0));
    }
    mpz_clears(left, right, NULL);
}
END_TEST

START_TEST(wide_quotient_rounds_once)
{
    static const struct decimal units[] = {
        DECIMAL_UNITS_OF(1), DECIMAL_UNITS_OF(3), DECIMAL_MICRO_OF(1), DECIMAL_OF(1), { DECIMAL_MAX_UNITS },
    };
    uint64_t seed = 8;
    mpz_t top;
    mpz_t bottom;

    mpz_inits(top, bottom, NULL);
    for (int i = 0; i < 30000; i++) {
        struct wide a = draw_wide(&seed);
        struct wide b = draw_wide(&seed);
        struct decimal unit = units[draw(&seed) % COUNT(units)];
        enum rounding rounding = roundings[i % 3];
        struct decimal result = { 77 };
        int128 expected = 0;
        bool fits;

        exact_of_wide(top, a);
        exact_multiply(top, DECIMAL_ONE_UNITS);
        exact_of_wide(bottom, b);
        exact_multiply(bottom, unit.units);
        fits = mpz_sgn(bottom) != 0;
        if (fits) {
            exact_divide(top, top, bottom, rounding);
            exact_multiply(top, unit.units);
            fits = exact_to_units(top, &expected);
        }
        ck_assert_int_eq(wide_divide(a, b, rounding, unit, &result), fits);
        ck_assert(result.units == (fits ? expected : 77));
    }
    mpz_clears(top, bottom, NULL);
}
END_TEST

Suite *
wide_suite(void)
{
    Suite *suite = suite_create("wide");
    TCase *wide = tcase_create("wide");

    tcase_add_test(wide, wide_sums_are_exact_or_refused);
    tcase_add_test(wide, wide_sum_of_a_quotient_rounds_once);
    tcase_add_test(wide, wide_compares_without_dividing);
    tcase_add_test(wide, wide_quotient_rounds_once);
    tcase_set_timeout(wide, 60);
    suite_add_tcase(suite, wide);
    return suite;
}
