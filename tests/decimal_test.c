/* Decimals against integers of any size. */
#include <stdio.h>
#include <string.h>

#include "record/decimal.h"
#include "record/limbs.h"
#include "record/root.h"
#include "tests/exact.h"
#include "tests/suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MAX_TEXT     "170141183460469231731.687303715884105727"

static const enum rounding roundings[] = { ROUND_DOWN, ROUND_UP, ROUND_HALF_UP };

static const struct text {
    const char *text;
    size_t bytes;
    enum decimal_fault fault;
    const char *shortest;
} texts[] = {
#define ROW(text, ...) { text, sizeof text - 1, __VA_ARGS__ }
    ROW("0", DECIMAL_GOOD, "0"),
    ROW("-0", DECIMAL_GOOD, "0"),
    ROW("-0.000", DECIMAL_GOOD, "0"),
    ROW("0.025", DECIMAL_GOOD, "0.025"),
    ROW("0.0250", DECIMAL_GOOD, "0.025"),
    ROW("-1.50", DECIMAL_GOOD, "-1.5"),
    ROW("10.00", DECIMAL_GOOD, "10"),
    ROW("100000000", DECIMAL_GOOD, "100000000"),
    ROW("12345678.12345678", DECIMAL_GOOD, "12345678.12345678"),
    ROW("0.000000000000000001", DECIMAL_GOOD, "0.000000000000000001"),
    ROW("-0.000000000000000001", DECIMAL_GOOD, "-0.000000000000000001"),
    ROW("999999999999999999.999999999999999999", DECIMAL_GOOD, "999999999999999999.999999999999999999"),
    ROW("1000000000000000000", DECIMAL_GOOD, "1000000000000000000"),
    ROW("18446744073709551616.5", DECIMAL_GOOD, "18446744073709551616.5"),
    ROW(MAX_TEXT, DECIMAL_GOOD, MAX_TEXT),
    ROW("-" MAX_TEXT, DECIMAL_GOOD, "-" MAX_TEXT),
    ROW("170141183460469231731", DECIMAL_GOOD, "170141183460469231731"),
    ROW("170141183460469231731.687303715884105728", DECIMAL_OVERFLOWS, NULL),
    ROW("-170141183460469231731.687303715884105728", DECIMAL_OVERFLOWS, NULL),
    ROW("170141183460469231731.7", DECIMAL_OVERFLOWS, NULL),
    ROW("170141183460469231732", DECIMAL_OVERFLOWS, NULL),
    ROW("340282366920938463463374607431768211457", DECIMAL_OVERFLOWS, NULL),      /* 2^128 + 1 */
    ROW("340282366920938463463.374607431768211457", DECIMAL_OVERFLOWS, NULL),     /* 2^128 + 1 units */
    ROW("1000000000000000000000", DECIMAL_OVERFLOWS, NULL),
    ROW("-99999999999999999999999999999999999999999999999999.5", DECIMAL_OVERFLOWS, NULL),
    ROW("0.0000000000000000001", DECIMAL_TOO_PRECISE, NULL),
    ROW("1.0000000000000000000", DECIMAL_TOO_PRECISE, NULL),
    ROW("999999999999999999999999.1234567890123456789", DECIMAL_TOO_PRECISE, NULL),
    ROW("0.00000000000000000000000001x", DECIMAL_MALFORMED, NULL),
    ROW("99999999999999999999999999x", DECIMAL_MALFORMED, NULL),
    ROW("99999999999999999999999999.", DECIMAL_MALFORMED, NULL),
    ROW("", DECIMAL_MALFORMED, NULL),
    ROW("-", DECIMAL_MALFORMED, NULL),
    ROW("+1", DECIMAL_MALFORMED, NULL),
    ROW("--1", DECIMAL_MALFORMED, NULL),
    ROW(".", DECIMAL_MALFORMED, NULL),
    ROW(".5", DECIMAL_MALFORMED, NULL),
    ROW("-.5", DECIMAL_MALFORMED, NULL),
    ROW("1.", DECIMAL_MALFORMED, NULL),
    ROW("1..5", DECIMAL_MALFORMED, NULL),
    ROW("1.5.", DECIMAL_MALFORMED, NULL),
    ROW("1.-5", DECIMAL_MALFORMED, NULL),
    ROW("01", DECIMAL_MALFORMED, NULL),
    ROW("00", DECIMAL_MALFORMED, NULL),
    ROW("-01.5", DECIMAL_MALFORMED, NULL),
    ROW("000000000000000000000000", DECIMAL_MALFORMED, NULL),
    ROW("1e5", DECIMAL_MALFORMED, NULL),
    ROW("1E5", DECIMAL_MALFORMED, NULL),
    ROW("0x1", DECIMAL_MALFORMED, NULL),
    ROW("NaN", DECIMAL_MALFORMED, NULL),
    ROW("Infinity", DECIMAL_MALFORMED, NULL),
    ROW("-Infinity", DECIMAL_MALFORMED, NULL),
    ROW(" 1", DECIMAL_MALFORMED, NULL),
    ROW("1 ", DECIMAL_MALFORMED, NULL),
    ROW("1 000", DECIMAL_MALFORMED, NULL),
    ROW("1,000", DECIMAL_MALFORMED, NULL),
    ROW("1\0", DECIMAL_MALFORMED, NULL),
    ROW("1\0002", DECIMAL_MALFORMED, NULL),
    ROW("1\n", DECIMAL_MALFORMED, NULL),
    ROW("\xd9\xa1", DECIMAL_MALFORMED, NULL),                    /* an Arabic one */
#undef ROW
};

START_TEST(text_is_read_exactly_or_refused)
{
    const struct text *row = &texts[_i];
    struct decimal value = { 77 };
    char text[DECIMAL_TEXT_MAX];

    ck_assert_msg(decimal_parse(row->text, row->bytes, &value) == row->fault, "row %d: %s", _i,
                  row->text);
    if (row->fault != DECIMAL_GOOD) {
        ck_assert(value.units == 77);
        return;
    }
    ck_assert_uint_eq(decimal_format(value, text), strlen(row->shortest));
    ck_assert_str_eq(text, row->shortest);
}
END_TEST

/* Every byte in every place of a number: only digits may stand there, and a point between two. */
START_TEST(foreign_byte_is_malformed)
{
    static const char good[] = "1234567891234567.891234567";
    char text[sizeof good];
    struct decimal value;

    for (size_t i = 0; i < sizeof good - 1; i++) {
        for (int byte = 0; byte < 256; byte++) {
            bool is_digit = byte >= '0' && byte <= '9';
            bool leads_with_zero = i == 0 && byte == '0';
            bool is_sign = i == 0 && byte == '-';
            bool is_good = (is_digit && !leads_with_zero) || is_sign ||
                           (good[i] == '.' && byte == '.');

            memcpy(text, good, sizeof text);
            text[i] = (char)byte;
            if (good[i] == '.' && is_digit)     /* too many digits */
                ck_assert_int_eq(decimal_parse(text, sizeof good - 1, &value), DECIMAL_OVERFLOWS);
            else
                ck_assert_int_eq(decimal_parse(text, sizeof good - 1, &value) == DECIMAL_GOOD,
                                 is_good);
        }
    }
}
END_TEST

/* The text by GMP's digits: padded to 19, a point before the last 18, zeros and point cut. */
static void
expected_text(struct decimal value, char *text, size_t size)
{
    char digits[64];
    char padded[96];
    size_t length;
    mpz_t z;

    mpz_init(z);
    exact_of(z, value.units);
    mpz_abs(z, z);
    mpz_get_str(digits, 10, z);
    mpz_clear(z);
    snprintf(padded, sizeof padded, "%.*s%s", (int)(strlen(digits) < 19 ? 19 - strlen(digits) : 0),
             "0000000000000000000", digits);
    length = strlen(padded) - 18;
    snprintf(text, size, "%s%.*s.%s", value.units < 0 ? "-" : "", (int)length, padded,
             padded + length);
    length = strlen(text);
    while (text[length - 1] == '0')
        length--;
    text[text[length - 1] == '.' ? length - 1 : length] = '\0';
}

static void
check_text(struct decimal value)
{
    char expected[80];
    char text[DECIMAL_TEXT_MAX];
    struct decimal again;
    size_t length = decimal_format(value, text);

    expected_text(value, expected, sizeof expected);
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(length, strlen(expected));
    ck_assert_int_eq(decimal_parse(text, length, &again), DECIMAL_GOOD);
    ck_assert(again.units == value.units);
}

START_TEST(text_round_trips)
{
    uint64_t seed = 1;
    int128 power = 1;

    for (int i = 0; i < 50000; i++)
        check_text(draw_decimal(&seed));
    for (int i = 0; i < 39; i++) {
        for (int128 near = -3; near <= 3; near++) {
            check_text((struct decimal){ power + near });
            check_text((struct decimal){ -power + near });
        }
        power *= i < 38 ? 10 : 1;
    }
    check_text((struct decimal){ DECIMAL_MAX_UNITS });
    check_text((struct decimal){ -DECIMAL_MAX_UNITS });
}
END_TEST

/* Where limbs, units and halves meet. */
static const struct decimal edges[] = {
    DECIMAL_UNITS_OF(0), DECIMAL_UNITS_OF(1), DECIMAL_UNITS_OF(2), DECIMAL_UNITS_OF(3),
    DECIMAL_UNITS_OF(DECIMAL_ONE_UNITS / 2), DECIMAL_UNITS_OF(DECIMAL_ONE_UNITS / 2 + 1),
    DECIMAL_UNITS_OF(DECIMAL_ONE_UNITS - 1), DECIMAL_OF(1), DECIMAL_UNITS_OF(DECIMAL_ONE_UNITS + 1),
    DECIMAL_UNITS_OF((int128)1 << 63), DECIMAL_UNITS_OF(((int128)1 << 64) - 1),
    DECIMAL_UNITS_OF((int128)1 << 64),
    DECIMAL_UNITS_OF(((int128)1 << 64) + 1), DECIMAL_OF(2000), DECIMAL_OF(1000000000),
    DECIMAL_UNITS_OF(((int128)1 << 126) - 1), DECIMAL_UNITS_OF((int128)1 << 126),
    DECIMAL_UNITS_OF(DECIMAL_MAX_UNITS - 1), { DECIMAL_MAX_UNITS },
};
static const struct decimal units[] = {
    DECIMAL_UNITS_OF(1), DECIMAL_MICRO_OF(1), DECIMAL_UNITS_OF(2), DECIMAL_UNITS_OF(3),
    DECIMAL_UNITS_OF(10000000000), DECIMAL_OF(1), DECIMAL_UNITS_OF(((int128)1 << 64) + 1),
    DECIMAL_OF(100), { DECIMAL_MAX_UNITS },
};

START_TEST(sum_and_difference_are_exact_or_refused)
{
    mpz_t a;
    mpz_t b;
    mpz_t sum;

    mpz_inits(a, b, sum, NULL);
    for (size_t i = 0; i < 4 * COUNT(edges) * COUNT(edges); i++) {
        struct decimal left = edges[i / 4 / COUNT(edges)];
        struct decimal right = edges[i / 4 % COUNT(edges)];
        struct decimal result = { 77 };
        int128 expected;
        bool fits;

        left.units = i & 1 ? -left.units : left.units;
        right.units = i & 2 ? -right.units : right.units;
        exact_of(a, left.units);
        exact_of(b, right.units);
        mpz_add(sum, a, b);
        fits = exact_to_units(sum, &expected);
        ck_assert_int_eq(decimal_add(left, right, &result), fits);
        ck_assert(result.units == (fits ? expected : 77));
        result.units = 77;
        mpz_sub(sum, a, b);
        fits = exact_to_units(sum, &expected);
        ck_assert_int_eq(decimal_subtract(left, right, &result), fits);
        ck_assert(result.units == (fits ? expected : 77));
    }
    mpz_clears(a, b, sum, NULL);
}
END_TEST

/* A step's operands: the first `factor_count` numbers, then `divisor_count`. */
struct step {
    struct decimal numbers[5];
    size_t factor_count;
    size_t divisor_count;
    struct decimal unit;
    enum rounding rounding;
};

static struct decimals
factors_of(const struct step *step)
{
    return (struct decimals){ step->numbers, step->factor_count };
}

static struct decimals
divisors_of(const struct step *step)
{
    return (struct decimals){ step->numbers + step->factor_count, step->divisor_count };
}

/* Each number is units / 1e18: as fractions, over common denominators, without a thought for width. */
static bool
expected_step(const struct step *step, int128 *expected)
{
    mpz_t top;
    mpz_t bottom;
    bool fits;

    mpz_init_set_ui(top, 1);
    mpz_init_set_ui(bottom, 1);
    for (size_t i = 0; i < step->factor_count; i++) {
        exact_multiply(top, step->numbers[i].units);
        exact_multiply(bottom, DECIMAL_ONE_UNITS);
    }
    for (size_t i = 0; i < step->divisor_count; i++) {
        exact_multiply(bottom, step->numbers[step->factor_count + i].units);
        exact_multiply(top, DECIMAL_ONE_UNITS);
    }
    exact_multiply(top, DECIMAL_ONE_UNITS);
    exact_multiply(bottom, step->unit.units);
    fits = mpz_sgn(bottom) != 0;
    if (fits) {
        exact_divide(top, top, bottom, step->rounding);
        exact_multiply(top, step->unit.units);
        fits = exact_to_units(top, expected);
    }
    mpz_clears(top, bottom, NULL);
    return fits;
}

static void
describe(const struct step *step, char *text, size_t size)
{
    int length = snprintf(text, size, "%zu factors over %zu, rounding %d, unit", step->factor_count,
                          step->divisor_count, step->rounding);
    char number[DECIMAL_TEXT_MAX];

    decimal_format(step->unit, number);
    length += snprintf(text + length, size - (size_t)length, " %s:", number);
    for (size_t i = 0; i < step->factor_count + step->divisor_count; i++) {
        decimal_format(step->numbers[i], number);
        length += snprintf(text + length, size - (size_t)length, " %s", number);
    }
}

static void
check_same(const struct step *step, bool fits, int128 expected, bool got_fits, struct decimal got)
{
    char text[400];

    if (fits == got_fits && got.units == (fits ? expected : 77))
        return;
    describe(step, text, sizeof text);
    ck_abort_msg("%s", text);
}

static void
check_ways_agree(const struct step *step)
{
    struct decimal general = { 77 };
    struct decimal quick = { 77 };
    bool general_fits = decimal_step_general(factors_of(step), divisors_of(step), step->rounding,
                                             step->unit, &general);
    bool quick_fits = decimal_step(factors_of(step), divisors_of(step), step->rounding, step->unit,
                                   &quick);

    check_same(step, general_fits, general.units, quick_fits, quick);
}

static void
check_step(const struct step *step)
{
    struct decimal general = { 77 };
    int128 expected = 0;
    bool fits = expected_step(step, &expected);
    bool general_fits = decimal_step_general(factors_of(step), divisors_of(step), step->rounding,
                                             step->unit, &general);

    check_same(step, fits, expected, general_fits, general);
    check_ways_agree(step);
}

/* Shape 0 to 8: 1 to 3 factors over 0 to 2 divisors. */
enum { SHAPES = 9 };

static struct step
shape(int i)
{
    return (struct step){ .factor_count = 1 + (size_t)(i % 3), .divisor_count = (size_t)(i / 3) };
}

/* Halves: ties at every other turn, exact answers, negative divisors, division by 0. */
START_TEST(step_is_right_on_a_small_domain)
{
    static const int halves[] = { -3, -1, 0, 1, 2 };
    static const struct decimal small_units[] = {
        DECIMAL_UNITS_OF(1), DECIMAL_MICRO_OF(250000), DECIMAL_OF(1), DECIMAL_OF(2),
    };
    struct step step = shape(_i);
    size_t numbers = step.factor_count + step.divisor_count;
    size_t codes = 1;

    for (size_t i = 0; i < numbers; i++)
        codes *= COUNT(halves);
    for (size_t code = 0; code < codes; code++) {
        for (size_t i = 0, rest = code; i < numbers; i++, rest /= COUNT(halves))
            step.numbers[i].units = halves[rest % COUNT(halves)] * (int128)(DECIMAL_ONE_UNITS / 2);
        step.unit = small_units[code % COUNT(small_units)];
        for (size_t r = 0; r < COUNT(roundings); r++) {
            step.rounding = roundings[r];
            check_step(&step);
        }
    }
}
END_TEST

START_TEST(step_is_right_at_the_edges)
{
    struct step step = shape(_i);
    size_t numbers = step.factor_count + step.divisor_count;
    uint64_t seed = 2;
    size_t codes = 1;

    for (size_t i = 0; i < numbers; i++)
        codes *= COUNT(edges);
    /* All of them up to 3 numbers; beyond, a walk by a prime that shares no factor with their count. */
    for (size_t code = 0; code < codes; code += numbers <= 3 ? 1 : numbers == 4 ? 31 : 997) {
        for (size_t i = 0, rest = code; i < numbers; i++, rest /= COUNT(edges)) {
            step.numbers[i] = edges[rest % COUNT(edges)];
            step.numbers[i].units *= draw(&seed) & 1 ? 1 : -1;
        }
        step.unit = units[draw(&seed) % COUNT(units)];
        step.rounding = roundings[draw(&seed) % COUNT(roundings)];
        check_step(&step);
    }
}
END_TEST

static void
draw_step(struct step *step, uint64_t *seed)
{
    for (size_t i = 0; i < step->factor_count + step->divisor_count; i++)
        step->numbers[i] = draw_decimal(seed);
    step->unit = units[draw(seed) & 1 ? 0 : draw(seed) % COUNT(units)];
}

START_TEST(step_is_right_at_random)
{
    struct step step = shape(_i);
    uint64_t seed = 3 + (uint64_t)_i;

    for (int i = 0; i < 5000; i++) {
        draw_step(&step, &seed);
        step.rounding = roundings[i % 3];
        check_step(&step);
    }
}
END_TEST

/* A million steps in all, by the short way and the general one. */
START_TEST(short_ways_agree_with_the_general_one)
{
    struct step step = shape(_i);
    uint64_t seed = 100 + (uint64_t)_i;

    for (int i = 0; i < 120000; i++) {
        draw_step(&step, &seed);
        step.rounding = roundings[i % 3];
        check_ways_agree(&step);
    }
}
END_TEST

/* A sum of one product times a factor is a step of three; of two, the general way tells. */
START_TEST(a_sum_times_a_factor_is_rounded_once)
{
    uint64_t seed = 7;

    for (int i = 0; i < 100000; i++) {
        struct step    step = { .factor_count = 3 };
        struct wide    sum = wide_zero;
        struct decimal expected = { 77 };
        struct decimal got = { 77 };
        bool           fits;

        draw_step(&step, &seed);
        step.rounding = roundings[i % 3];
        ck_assert(wide_add_product(&sum, step.numbers[0], step.numbers[1]));
        fits = decimal_step_general(factors_of(&step), NOTHING, step.rounding, step.unit, &expected);
        if (i & 1) {
            expected.units = 77;
            ck_assert(wide_add_product(&sum, step.numbers[2], step.numbers[0]));
            fits = wide_step_general(sum, PRODUCT(step.numbers[2]), NOTHING, step.rounding,
                                     step.unit, &expected);
        }
        check_same(&step, fits, expected.units,
                   wide_step(sum, PRODUCT(step.numbers[2]), NOTHING, step.rounding, step.unit, &got),
                   got);
    }
}
END_TEST

START_TEST(step_may_answer_into_its_operand)
{
    struct decimal pair[] = { DECIMAL_OF(3), DECIMAL_OF(7) };

    ck_assert(decimal_step((struct decimals){ pair, 2 }, NOTHING, ROUND_DOWN, decimal_unit, &pair[0]));
    ck_assert(pair[0].units == (int128)21 * DECIMAL_ONE_UNITS);
    ck_assert(decimal_step(PRODUCT(pair[0]), PRODUCT(pair[1]), ROUND_DOWN, decimal_unit, &pair[1]));
    ck_assert(pair[1].units == (int128)3 * DECIMAL_ONE_UNITS);
}
END_TEST

/* (2^129 - 1) / 7 units times 3.5 are 2^128 - 1/2: of 128 bits, but not after rounding up. */
START_TEST(step_past_128_bits_is_refused)
{
    struct decimal seventh = DECIMAL_UNITS_OF(~(uint128)0 / 7 * 2 + 1);
    struct decimal half_seven = DECIMAL_MICRO_OF(3500000);

    for (size_t r = 0; r < COUNT(roundings); r++) {
        struct step step = { { seventh, half_seven }, 2, 0, decimal_unit, roundings[r] };

        check_step(&step);
        step.numbers[0].units *= -1;
        check_step(&step);
    }
}
END_TEST

START_TEST(products_compare_exactly)
{
    enum { N = COUNT(edges) };
    uint64_t seed = 4;
    mpz_t left;
    mpz_t right;

    mpz_inits(left, right, NULL);
    for (size_t i = 0; i < N * N * N * N; i += 7) {
        struct decimal four[4] = {
            edges[i % N], edges[i / N % N], edges[i / N / N % N], edges[i / N / N / N],
        };
        uint64_t signs = draw(&seed);
        int order;

        for (int k = 0; k < 4; k++)
            four[k].units *= signs >> k & 1 ? 1 : -1;
        mpz_set_ui(left, 1);
        mpz_set_ui(right, 1);
        exact_multiply(left, four[0].units);
        exact_multiply(left, four[1].units);
        exact_multiply(right, four[2].units);
        exact_multiply(right, four[3].units);
        order = mpz_cmp(left, right);
        ck_assert_int_eq(decimal_compare_products(four[0], four[1], four[2], four[3]),
                         (order > 0) - (order < 0));
    }
    mpz_clears(left, right, NULL);
}
END_TEST

Suite *
decimal_suite(void)
{
    Suite *suite = suite_create("decimal");
    TCase *text = tcase_create("text");
    TCase *step = tcase_create("step");

    tcase_add_loop_test(text, text_is_read_exactly_or_refused, 0, (int)COUNT(texts));
    tcase_add_test(text, foreign_byte_is_malformed);
    tcase_add_test(text, text_round_trips);
    tcase_add_test(step, sum_and_difference_are_exact_or_refused);
    tcase_add_loop_test(step, step_is_right_on_a_small_domain, 0, SHAPES);
    tcase_add_loop_test(step, step_is_right_at_the_edges, 0, SHAPES);
    tcase_add_loop_test(step, step_is_right_at_random, 0, SHAPES);
    tcase_add_loop_test(step, short_ways_agree_with_the_general_one, 0, SHAPES);
    tcase_add_test(step, step_may_answer_into_its_operand);
    tcase_add_test(step, a_sum_times_a_factor_is_rounded_once);
    tcase_add_test(step, step_past_128_bits_is_refused);
    tcase_add_test(step, products_compare_exactly);
    tcase_set_timeout(text, 60);
    tcase_set_timeout(step, 60);
    suite_add_tcase(suite, text);
    suite_add_tcase(suite, step);
    return suite;
}
