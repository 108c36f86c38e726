/* The crossings between struct decimal and double, by integer arithmetic on a double's bits. */
#include "risk/statistic.h"

#include <assert.h>
#include <float.h>
#include <string.h>

#include "record/limbs.h"

enum {
    FRACTION_BITS = 52,                 /* of a double's 64: 1 sign, 11 exponent, 52 fraction */
    EXPONENT_MAX = 2047,                /* as stored: infinities and NaN */
    EXPONENT_BIAS = 1023,
    WHOLE_BITS_MAX = 68                 /* 2^68 is past a decimal's range */
};

#define HIDDEN_BIT     (UINT64_C(1) << FRACTION_BITS)
#define SHOWN_MAX      UINT64_C(1000000000000)     /* 10 to the power of STATISTIC_DIGITS */
#define SIGN_BIT       (UINT64_C(1) << 63)

_Static_assert(FLT_RADIX == 2, "IEEE 754 binary64");
_Static_assert(DBL_MANT_DIG == FRACTION_BITS + 1, "IEEE 754 binary64");
_Static_assert(DBL_MAX_EXP == EXPONENT_BIAS + 1, "IEEE 754 binary64");

/* units + tail in 1e-18, exactly enough of a double to round it anywhere. */
struct scaled { bool negative; uint128 units; enum tail tail; };

/* |x| * 1e18 = mantissa * 1e18 * 2^-shift, the mantissa of at most 53 bits: 113 bits before the shift,
 * and below 2^68 * 1e18 < 2^128 after one to the left. */
static bool
scale(double x, struct scaled *scaled)
{
    uint64_t bits;
    uint64_t mantissa;
    uint128 product;
    uint128 rest;
    int stored;
    int shift;

    memcpy(&bits, &x, sizeof bits);
    stored = (int)(bits >> FRACTION_BITS & EXPONENT_MAX);
    mantissa = (bits & (HIDDEN_BIT - 1)) | (stored > 0 ? HIDDEN_BIT : 0);
    if (stored >= EXPONENT_BIAS + WHOLE_BITS_MAX)
        return false;
    shift = EXPONENT_BIAS + FRACTION_BITS - (stored > 0 ? stored : 1);
    product = (uint128)mantissa * ONE_UNITS;
    scaled->negative = bits >> 63;
    if (shift <= 0) {
        scaled->units = product << -shift;
        scaled->tail = TAIL_NONE;
    } else if (shift < 127) {
        scaled->units = product >> shift;
        rest = product & (((uint128)1 << shift) - 1);
        scaled->tail = tail_of(rest, (uint128)1 << shift, TAIL_NONE);
    } else {
        scaled->units = 0;
        scaled->tail = mantissa > 0 ? TAIL_BELOW_HALF : TAIL_NONE;
    }
    return true;
}

double
statistic_of(struct decimal value)
{
    uint128 units = magnitude(value.units);
    uint64_t bits = value.units < 0 ? SIGN_BIT : 0;
    uint64_t exponent;
    uint64_t mantissa;
    struct quotient scaled;
    uint128 quotient;
    uint128 rest;
    enum tail tail;
    double result;
    int shift;
    int dropped;

    assert(!decimal_is_none(value));
    if (units == 0)
        return 0;
    /* |value| = (units * 2^shift / 1e18) * 2^-shift; the quotient has 68 or 69 bits, 53 are kept. */
    shift = leading_zeros(units);
    scaled = divide_by_one(0, units << shift);
    quotient = scaled.whole;
    tail = scaled.rest == 0 ? TAIL_NONE : TAIL_BELOW_HALF;
    dropped = 128 - DBL_MANT_DIG - leading_zeros(quotient);
    mantissa = (uint64_t)(quotient >> dropped);
    rest = quotient & (((uint128)1 << dropped) - 1);
    tail = tail_of(rest, (uint128)1 << dropped, tail);
    mantissa += tail == TAIL_ABOVE_HALF || (tail == TAIL_HALF && (mantissa & 1));
    /* A mantissa that grew to 2^53 carries into the exponent, as it should. */
    exponent = (uint64_t)(EXPONENT_BIAS + FRACTION_BITS + dropped - shift);
    bits |= (exponent << FRACTION_BITS) + (mantissa - HIDDEN_BIT);
    memcpy(&result, &bits, sizeof result);
    return result;
}

bool
decimal_of_statistic(double x, struct decimal *out)
{
    struct decimal unit = decimal_unit;
    struct decimal rounded;
    struct scaled scaled;
    uint128 past;

    if (!scale(x, &scaled))
        return false;
    /* Fewer than 10^12 units of the last digit shown. */
    past = scaled.units / SHOWN_MAX;
    while ((uint128)unit.units <= past)
        unit.units *= 10;
    /* Half up on the magnitude is half away from zero. */
    if (!round_units(false, scaled.units, scaled.tail, ROUND_HALF_UP, unit, &rounded))
        return false;
    out->units = scaled.negative ? -rounded.units : rounded.units;
    return true;
}

bool
decimal_of_rate(double x, struct decimal unit, enum rounding rounding, struct decimal *out)
{
    struct scaled scaled;

    assert(unit.units > 0);
    return scale(x, &scaled) &&
           round_units(scaled.negative, scaled.units, scaled.tail, rounding, unit, out);
}
