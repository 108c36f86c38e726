/* Decimals: every text is read as a grammar of its own and GMP read it, and every operation gives
 * what whole numbers of any size give. */
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>

#include "record/limbs.h"
#include "record/root.h"
#include "record/scan.h"
#include "tests/exact.h"
#include "tests/fuzz/input.h"

enum { TEXT_MAX = 4096, QUOTED_ROOM = 64, SUM_STEPS_MAX = 12 };

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?, a character at a time; the digits without the point in `digits`. */
static bool
has_grammar(const char *at, const char *end, char *digits, size_t *places)
{
    *places = 0;
    if (at < end && *at == '-')
        *digits++ = *at++;
    if (at == end || !isdigit((unsigned char)*at) || (*at == '0' && at + 1 < end && isdigit((unsigned char)at[1])))
        return false;
    for (; at < end && isdigit((unsigned char)*at); at++)
        *digits++ = *at;
    if (at < end) {
        if (*at++ != '.' || at == end)
            return false;
        for (; at < end && isdigit((unsigned char)*at); at++, ++*places)
            *digits++ = *at;
    }
    *digits = '\0';
    return at == end;
}

static enum decimal_fault
parse_exactly(const char *text, size_t bytes, struct decimal *out)
{
    char              *digits = malloc(bytes + 1);
    size_t             places;
    enum decimal_fault fault = DECIMAL_GOOD;
    mpz_t              units, scale;

    assert(digits);
    mpz_inits(units, scale, NULL);
    if (!has_grammar(text, text + bytes, digits, &places))
        fault = DECIMAL_MALFORMED;
    else if (places > DECIMAL_PLACES)
        fault = DECIMAL_TOO_PRECISE;
    else {
        int status = mpz_set_str(units, digits, 10);
        assert(status == 0);
        mpz_ui_pow_ui(scale, 10, DECIMAL_PLACES - places);
        mpz_mul(units, units, scale);
        if (!exact_to_units(units, &out->units))
            fault = DECIMAL_OVERFLOWS;
    }
    mpz_clears(units, scale, NULL);
    free(digits);
    return fault;
}

/* The text again, in its one shortest form. */
static void
check_format(struct decimal value)
{
    char           text[DECIMAL_TEXT_MAX];
    size_t         count = decimal_format(value, text);
    struct decimal again;

    assert(count < sizeof text);
    assert(text[count] == '\0');
    assert(parse_exactly(text, count, &again) == DECIMAL_GOOD);
    assert(again.units == value.units);
    assert(!strchr(text, '.') || text[count - 1] != '0');
    assert(strcmp(text, "-0"));
}

static void
try_text(const char *text, size_t bytes)
{
    struct decimal     ours = DECIMAL_NONE, wanted = DECIMAL_NONE;
    enum decimal_fault fault = decimal_parse(text, bytes, &ours);

    assert(fault == parse_exactly(text, bytes, &wanted));
    if (fault)
        return;
    assert(ours.units == wanted.units);
    check_format(ours);
}

/* The short way of the scanner takes less than the long one, and the same of that. `text` stands in
 * quotes, with room behind it. */
static void
try_quoted(const char *text, size_t bytes)
{
    char          *quoted = malloc(bytes + QUOTED_ROOM);
    struct decimal ours = DECIMAL_NONE, wanted;
    struct span    span;

    assert(quoted);
    memset(quoted, ' ', bytes + QUOTED_ROOM);
    *quoted = '"';
    memcpy(quoted + 1, text, bytes);
    quoted[bytes + 1] = '"';
    struct scan scan = { quoted, quoted, quoted + bytes + QUOTED_ROOM, NULL };
    struct scan slow = scan;
    if (scan_decimal(&scan, &ours)) {
        assert(scan_string(&slow, &span));
        assert(slow.at == scan.at);
        assert(parse_exactly(span.bytes, span.count, &wanted) == DECIMAL_GOOD);
        assert(ours.units == wanted.units);
    } else {
        assert(scan.at == quoted);
    }
    free(quoted);
}

static enum rounding
take_rounding(struct input *input)
{
    static const enum rounding roundings[] = { ROUND_DOWN, ROUND_UP, ROUND_HALF_UP };
    return roundings[input_byte(input) % 3];
}

static struct decimal
take_unit(struct input *input)
{
    struct decimal unit = input_decimal(input);

    unit.units = unit.units < 0 ? -unit.units : unit.units;
    return unit.units ? unit : decimal_unit;
}

/* round(numerator / (denominator * unit)) * unit; false: no divisor, or it does not fit. */
static bool
round_exactly(const mpz_t numerator, const mpz_t denominator, enum rounding rounding,
              struct decimal unit, struct decimal *out)
{
    mpz_t bottom, multiple;
    bool  is_good = mpz_sgn(denominator) != 0;

    mpz_init_set(bottom, denominator);
    mpz_init(multiple);
    if (is_good) {
        exact_multiply(bottom, unit.units);
        exact_divide(multiple, numerator, bottom, rounding);
        exact_multiply(multiple, unit.units);
        is_good = exact_to_units(multiple, &out->units);
    }
    mpz_clears(bottom, multiple, NULL);
    return is_good;
}

static void
multiply_all(mpz_t product, const struct decimal *items, size_t count, int ones)
{
    mpz_set_ui(product, 1);
    for (size_t i = 0; i < count; i++)
        exact_multiply(product, items[i].units);
    for (; ones > 0; ones--)
        exact_multiply(product, DECIMAL_ONE_UNITS);
}

static void
try_step(struct input *input)
{
    uint8_t        counts = input_byte(input);
    size_t         factors_count = 1 + counts % 3, divisors_count = counts / 3 % 3;
    enum rounding  rounding = take_rounding(input);
    struct decimal unit = counts & 0x80 ? decimal_unit : take_unit(input);
    struct decimal factors[3], divisors[2], ours = DECIMAL_NONE, general = DECIMAL_NONE, wanted;
    int            scale = 1 + (int)divisors_count - (int)factors_count;
    mpz_t          top, bottom;

    for (size_t i = 0; i < factors_count; i++)
        factors[i] = input_decimal(input);
    for (size_t i = 0; i < divisors_count; i++)
        divisors[i] = input_decimal(input);
    mpz_inits(top, bottom, NULL);
    multiply_all(top, factors, factors_count, scale);
    multiply_all(bottom, divisors, divisors_count, -scale);
    struct decimals over = { factors, factors_count }, under = { divisors, divisors_count };
    bool is_good = round_exactly(top, bottom, rounding, unit, &wanted);
    assert(decimal_step(over, under, rounding, unit, &ours) == is_good);
    assert(decimal_step_general(over, under, rounding, unit, &general) == is_good);
    if (is_good) {
        assert(ours.units == wanted.units);
        assert(general.units == wanted.units);
    } else {
        assert(decimal_is_none(ours));
        assert(decimal_is_none(general));
    }
    mpz_clears(top, bottom, NULL);
}

static void
try_sums(struct input *input)
{
    struct decimal a = input_decimal(input), b = input_decimal(input);
    struct decimal c = input_decimal(input), d = input_decimal(input);
    struct decimal sum = DECIMAL_NONE;
    int128         wanted;
    mpz_t          x, y;

    mpz_inits(x, y, NULL);
    exact_of(x, a.units);
    exact_of(y, b.units);
    mpz_add(x, x, y);
    assert(decimal_add(a, b, &sum) == exact_to_units(x, &wanted));
    assert(decimal_is_none(sum) || sum.units == wanted);
    sum = DECIMAL_NONE;
    mpz_submul_ui(x, y, 2);
    assert(decimal_subtract(a, b, &sum) == exact_to_units(x, &wanted));
    assert(decimal_is_none(sum) || sum.units == wanted);
    multiply_all(x, (struct decimal[]){ a, b }, 2, 0);
    multiply_all(y, (struct decimal[]){ c, d }, 2, 0);
    int order = mpz_cmp(x, y);
    assert(decimal_compare_products(a, b, c, d) == (order > 0) - (order < 0));
    check_format(a);
    mpz_clears(x, y, NULL);
}

static void
wide_exactly(mpz_t out, struct wide wide)
{
    mpz_t whole;

    mpz_init_set_ui(whole, 1);
    mpz_mul_2exp(whole, whole, 256);
    mpz_import(out, 4, -1, sizeof *wide.limbs, 0, 0, wide.limbs);
    if (mpz_tstbit(out, 255))
        mpz_sub(out, out, whole);
    mpz_clear(whole);
}

/* -2^255 to 2^255 - 1 */
static bool
fits_wide(const mpz_t x)
{
    return mpz_sizeinbase(x, 2) <= 255 || (mpz_sgn(x) < 0 && mpz_sizeinbase(x, 2) == 256 && mpz_scan1(x, 0) == 255);
}

/* One change of a sum, ours and exactly; what overflows leaves it alone. */
static void
change_sum(struct input *input, struct wide *sum, const struct wide *other)
{
    uint8_t        which = input_byte(input) % 5;
    enum rounding  rounding = take_rounding(input);
    struct decimal p = input_decimal(input), q = input_decimal(input);
    struct wide    before = *sum;
    bool           is_taken = false, fits = true;
    mpz_t          wanted, addend, divisor;

    mpz_inits(wanted, addend, divisor, NULL);
    wide_exactly(wanted, *sum);
    wide_exactly(divisor, *other);
    multiply_all(addend, (struct decimal[]){ p, which == 2 ? decimal_one : q }, 2, 0);
    switch (which) {
    case 0:
        is_taken = wide_add_product(sum, p, q);
        break;
    case 1:
        is_taken = wide_subtract_product(sum, p, q);
        mpz_neg(addend, addend);
        break;
    case 2:
        is_taken = wide_add_decimal(sum, p);
        break;
    case 3:
        is_taken = wide_add(sum, *other);
        mpz_set(addend, divisor);
        break;
    case 4:                                   /* sum += sum * p * q / other */
        is_taken = wide_add_quotient(sum, before, p, q, *other, rounding);
        mpz_mul(addend, addend, wanted);
        fits = mpz_sgn(divisor) != 0;
        if (fits)
            exact_divide(addend, addend, divisor, rounding);
        break;
    }
    fits = fits && fits_wide(addend);
    mpz_add(wanted, wanted, addend);
    assert(is_taken == (fits && fits_wide(wanted)));
    wide_exactly(addend, *sum);
    assert(is_taken ? mpz_cmp(addend, wanted) == 0 : !memcmp(sum, &before, sizeof before));
    assert(wide_sign(*sum) == mpz_sgn(addend));
    mpz_clears(wanted, addend, divisor, NULL);
}

/* Sums and their quotient, and products of them compared. */
static void
try_wide(struct input *input)
{
    struct wide    sums[2] = { wide_zero, wide_zero };
    enum rounding  rounding = take_rounding(input);
    struct decimal unit = take_unit(input), p = input_decimal(input), q = input_decimal(input);
    struct decimal ours = DECIMAL_NONE, wanted;
    mpz_t          x, y;

    for (int i = 0; i < SUM_STEPS_MAX && input_left(input); i++)
        change_sum(input, &sums[i % 2], &sums[1 - i % 2]);
    mpz_inits(x, y, NULL);
    wide_exactly(x, sums[0]);
    wide_exactly(y, sums[1]);
    exact_multiply(x, DECIMAL_ONE_UNITS);
    bool is_good = round_exactly(x, y, rounding, unit, &wanted);
    assert(wide_divide(sums[0], sums[1], rounding, unit, &ours) == is_good);
    assert(is_good ? ours.units == wanted.units : decimal_is_none(ours));
    wide_exactly(x, sums[0]);
    exact_multiply(x, p.units);
    exact_multiply(y, q.units);
    int order = mpz_cmp(x, y);
    assert(wide_compare_products(sums[0], p, sums[1], q) == (order > 0) - (order < 0));
    mpz_clears(x, y, NULL);
}

static void
take_decimals(struct input *input, struct decimal *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        items[i] = input_decimal(input);
}

/* The square root of a quotient, by GMP's of a whole number: the root of N / D, rounded down, is
 * that of N / D rounded down. */
static void
try_root(struct input *input)
{
    uint8_t        counts = input_byte(input);
    size_t         factors_count = 1 + counts % 3, divisors_count = counts / 3 % 2;
    enum rounding  rounding = counts & 0x80 ? ROUND_UP : ROUND_DOWN;
    struct decimal factors[3], divisor, ours = DECIMAL_NONE;
    int            scale = 2 + (int)divisors_count - (int)factors_count;
    int128         wanted = 0;
    mpz_t          top, bottom, root;

    take_decimals(input, factors, factors_count);
    take_decimals(input, &divisor, divisors_count);
    for (size_t i = 0; i < factors_count; i++)
        factors[i].units = factors[i].units < 0 ? -factors[i].units : factors[i].units;
    divisor.units = divisors_count && divisor.units < 0 ? -divisor.units : divisor.units;
    mpz_inits(top, bottom, root, NULL);
    multiply_all(top, factors, factors_count, scale);
    multiply_all(bottom, &divisor, divisors_count, -scale);
    bool is_good = mpz_sgn(bottom) != 0;
    if (is_good) {
        mpz_fdiv_q(root, top, bottom);
        mpz_sqrt(root, root);
        mpz_mul(bottom, bottom, root);
        mpz_mul(bottom, bottom, root);
        if (rounding == ROUND_UP && mpz_cmp(bottom, top))
            mpz_add_ui(root, root, 1);
        is_good = exact_to_units(root, &wanted);
    }
    assert(decimal_root((struct decimals){ factors, factors_count },
                        (struct decimals){ &divisor, divisors_count }, rounding, &ours) == is_good);
    assert(is_good ? ours.units == wanted : decimal_is_none(ours));
    mpz_clears(top, bottom, root, NULL);
}

/* A sum times a quotient. */
static void
try_wide_step(struct input *input)
{
    uint8_t        counts = input_byte(input);
    size_t         factors_count = counts % 3, divisors_count = counts / 3 % 3;
    enum rounding  rounding = take_rounding(input);
    struct decimal unit = counts & 0x80 ? decimal_unit : take_unit(input);
    struct decimal factors[2], divisors[2], ours = DECIMAL_NONE, wanted;
    struct wide    sums[2] = { wide_zero, wide_zero };
    int            scale = (int)divisors_count - (int)factors_count - 1;
    mpz_t          top, bottom, product;

    take_decimals(input, factors, factors_count);
    take_decimals(input, divisors, divisors_count);
    for (int i = 0; i < SUM_STEPS_MAX && input_left(input); i++)
        change_sum(input, &sums[i % 2], &sums[1 - i % 2]);
    mpz_inits(top, bottom, product, NULL);
    wide_exactly(top, sums[0]);
    multiply_all(product, factors, factors_count, scale);
    mpz_mul(top, top, product);
    multiply_all(bottom, divisors, divisors_count, -scale);
    bool is_good = round_exactly(top, bottom, rounding, unit, &wanted);
    assert(wide_step(sums[0], (struct decimals){ factors, factors_count },
                     (struct decimals){ divisors, divisors_count }, rounding, unit,
                     &ours) == is_good);
    assert(is_good ? ours.units == wanted.units : decimal_is_none(ours));
    mpz_clears(top, bottom, product, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct input input = { bytes, bytes + count };

    switch (input_byte(&input) % 6) {
    case 0:
        if (count <= TEXT_MAX) {
            try_text((const char *)input.at, input_left(&input));
            try_quoted((const char *)input.at, input_left(&input));
        }
        break;
    case 1:
        try_step(&input);
        break;
    case 2:
        try_sums(&input);
        break;
    case 3:
        try_wide(&input);
        break;
    case 4:
        try_root(&input);
        break;
    case 5:
        try_wide_step(&input);
        break;
    }
    return 0;
}
