/* What decimal.c, wide.c and the crossing from double share: the last rounding, and naturals of up to 512 bits on
 * the stack. Inside the numbers only; everybody else takes decimal.h. */
#ifndef RECORD_LIMBS_H
#define RECORD_LIMBS_H

#include <gmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "record/decimal.h"

static inline uint128
magnitude(int128 x)
{
    return x < 0 ? -(uint128)x : (uint128)x;
}

/* What was cut off behind a whole quotient, as much of it as a rounding asks. */
enum tail { TAIL_NONE, TAIL_BELOW_HALF, TAIL_HALF, TAIL_ABOVE_HALF };

/* The tail of (rest + t) / divisor, where 0 <= rest < divisor are whole and 0 <= t < 1 has the tail `of_rest`. */
static inline enum tail
tail_of(uint128 rest, uint128 divisor, enum tail of_rest)
{
    uint128 missing = divisor - rest;

    if (rest == 0 && of_rest == TAIL_NONE)
        return TAIL_NONE;
    if (rest > missing)
        return TAIL_ABOVE_HALF;
    if (rest == missing)
        return of_rest == TAIL_NONE ? TAIL_HALF : TAIL_ABOVE_HALF;
    /* rest + t against (rest + missing) / 2: with missing = rest + 1 it is t against 1/2; further off, below. */
    return missing - rest == 1 && of_rest != TAIL_NONE ? of_rest : TAIL_BELOW_HALF;
}

/* Whether a magnitude that was cut is to grow by one: halves go toward plus infinity, so a negative half stays. */
static inline bool
rounds_away(bool negative, enum tail tail, enum rounding rounding)
{
    switch (rounding) {
    case ROUND_DOWN:
        return negative && tail != TAIL_NONE;
    case ROUND_UP:
        return !negative && tail != TAIL_NONE;
    case ROUND_HALF_UP:
        return negative ? tail > TAIL_HALF : tail >= TAIL_HALF;
    }
    __builtin_unreachable();
}

/* The number of magnitude (units + tail) * 1e-18, rounded to a multiple of `unit`; false if it does not fit. */
bool round_units(bool negative, uint128 units, enum tail tail, enum rounding rounding,
                 struct decimal unit, struct decimal *out);

/* A natural number, least limb first; the limb below `count` is not 0. Widest: 6 limbs, the product of 3 decimals. */
enum { NATURAL_LIMBS = 8 };

struct natural { mp_limb_t limbs[NATURAL_LIMBS]; mp_size_t count; };

_Static_assert(GMP_NUMB_BITS == 64, "a limb is 64 bits");

struct natural natural_of(uint128 x);
void natural_multiply(struct natural *x, uint128 factor);   /* the product must fit */
int  natural_compare(const struct natural *a, const struct natural *b);

/* round(+-numerator / denominator), as a magnitude; denominator > 0. */
void natural_divide(bool negative, const struct natural *numerator, const struct natural *denominator,
                    enum rounding rounding, struct natural *quotient);

/* multiple * unit with the sign given; false if it does not fit. */
bool natural_times_unit(bool negative, const struct natural *multiple, struct decimal unit, struct decimal *out);

/* decimal_step without its short ways, which the tests hold against it. */
bool decimal_step_general(struct decimals factors, struct decimals divisors, enum rounding rounding,
                          struct decimal unit, struct decimal *out);

#endif
