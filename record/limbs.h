/* What decimal.c, step.c, wide.c and the crossing from double share: the last rounding, 256 bits in
 * registers, naturals of up to 512 on the stack. Everybody else takes decimal.h. */
#ifndef RECORD_LIMBS_H
#define RECORD_LIMBS_H

#include <assert.h>
#include <gmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "record/decimal.h"

#define ONE_UNITS ((uint64_t)DECIMAL_ONE_UNITS)

static inline uint128
magnitude(int128 x)
{
    return x < 0 ? -(uint128)x : (uint128)x;
}

/* Of x > 0. */
static inline int
leading_zeros(uint128 x)
{
    uint64_t high = (uint64_t)(x >> 64);

    return high != 0 ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)x);
}

/* What was cut off behind a whole quotient, as much of it as a rounding asks. */
enum tail { TAIL_NONE, TAIL_BELOW_HALF, TAIL_HALF, TAIL_ABOVE_HALF };

/* The tail of (rest + t) / divisor, where 0 <= rest < divisor are whole and t, 0 <= t < 1, has the
 * tail `of_rest`: so a quotient of a quotient is cut twice and yet rounded once. */
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
    /* rest + t against (rest + missing) / 2: where missing = rest + 1, that is t against 1/2. */
    return missing - rest == 1 && of_rest != TAIL_NONE ? of_rest : TAIL_BELOW_HALF;
}

/* Whether a magnitude that was cut grows by one. Halves go toward
 * plus infinity: a negative stays. */
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

/* +-(units + tail) * 1e-18, rounded to a multiple of `unit` (> 0); false if it does not fit. */
static inline bool
round_units(bool negative, uint128 units, enum tail tail, enum rounding rounding,
            struct decimal unit, struct decimal *out)
{
    uint128 unit_units = (uint128)unit.units;
    uint128 multiple = units;

    assert(unit.units > 0);
    if (unit_units != 1) {
        multiple = units / unit_units;
        tail = tail_of(units - multiple * unit_units, unit_units, tail);
    }
    if (multiple > (uint128)DECIMAL_MAX_UNITS)      /* hence the next line cannot wrap */
        return false;
    multiple += rounds_away(negative, tail, rounding);
    if (unit_units != 1 && __builtin_mul_overflow(multiple, unit_units, &multiple))
        return false;
    if (multiple > (uint128)DECIMAL_MAX_UNITS)
        return false;
    out->units = negative ? -(int128)multiple : (int128)multiple;
    return true;
}

/* 256 bits, unsigned. */
struct uint256 { uint128 high, low; };

static inline struct uint256
multiply(uint128 a, uint128 b)
{
    uint64_t a1 = (uint64_t)(a >> 64);
    uint64_t a0 = (uint64_t)a;
    uint64_t b1 = (uint64_t)(b >> 64);
    uint64_t b0 = (uint64_t)b;
    uint128 low = (uint128)a0 * b0;
    uint128 middle = (uint128)a1 * b0 + (uint64_t)(low >> 64);
    uint128 other = (uint128)a0 * b1 + (uint64_t)middle;

    return (struct uint256){ (uint128)a1 * b1 + (uint64_t)(middle >> 64) + (uint64_t)(other >> 64),
                          other << 64 | (uint64_t)low };
}

/* x *= factor; false: 256 bits do not hold it. */
static inline bool
multiply_into(struct uint256 *x, uint128 factor)
{
    struct uint256 product = multiply(x->low, factor);
    uint128 carried;

    if (x->high != 0 && (__builtin_mul_overflow(x->high, factor, &carried) ||
                         __builtin_add_overflow(product.high, carried, &product.high)))
        return false;
    *x = product;
    return true;
}

struct quotient { uint128 whole, rest; };

/* 1e18 with its top bit set, and 2^64 less than its reciprocal floor((2^128 - 1) / d): Moeller and
 * Granlund, Improved division by invariant integers, IEEE Transactions on Computers 60 (2011). */
enum { ONE_SHIFT = 4 };
#define ONE_NORMAL     (ONE_UNITS << ONE_SHIFT)
#define ONE_RECIPROCAL ((uint64_t)(~(uint128)0 / ONE_NORMAL - ((uint128)1 << 64)))

_Static_assert(ONE_NORMAL >> 63 == 1, "1e18 << 4 has its top bit set");
_Static_assert(ONE_NORMAL >> ONE_SHIFT == ONE_UNITS, "and loses none");

/* (high : low) / d for high < d = ONE_NORMAL: their algorithm 4. With B = 2^64, v the
 * reciprocal, q0 the estimate's low limb and k = B^2 - (B + v) d, the first remainder is
 * (high k + low (B - d) + q0 d) / B - d. As k and B - d are below d / 2, that is less than d,
 * and their last correction is never needed. */
#define ONE_EXCESS (-(((uint128)1 << 64) + ONE_RECIPROCAL) * ONE_NORMAL)

_Static_assert(ONE_EXCESS < ONE_NORMAL / 2, "k < d / 2");
_Static_assert(UINT64_MAX - ONE_NORMAL < ONE_NORMAL / 2, "B - d <= d / 2");

static inline uint64_t
divide_by_one_normal(uint64_t high, uint64_t low, uint64_t *rest)
{
    uint128 estimate = (uint128)ONE_RECIPROCAL * high + ((uint128)high << 64 | low);
    uint64_t quotient = (uint64_t)(estimate >> 64) + 1;
    uint64_t remainder = low - quotient * ONE_NORMAL;

    if (remainder > (uint64_t)estimate) {
        quotient--;
        remainder += ONE_NORMAL;
    }
    *rest = remainder;
    return quotient;
}

/* (high * 2^128 + low) / 1e18 for high < 1e18. */
static inline struct quotient
divide_by_one(uint64_t high, uint128 low)
{
    uint64_t top = high << ONE_SHIFT | (uint64_t)(low >> (128 - ONE_SHIFT));
    uint128 shifted = low << ONE_SHIFT;
    uint64_t rest;
    uint64_t first = divide_by_one_normal(top, (uint64_t)(shifted >> 64), &rest);
    uint64_t second = divide_by_one_normal(rest, (uint64_t)shifted, &rest);

    return (struct quotient){ (uint128)first << 64 | second, rest >> ONE_SHIFT };
}

/* x / 1e18; in one step where the quotient has one limb, as nearly always. */
static inline struct quotient
split_by_one(uint128 x)
{
    uint64_t high = (uint64_t)(x >> (64 - ONE_SHIFT));
    uint64_t rest;
    uint64_t whole;

    if (x >> 64 >= ONE_UNITS)
        return divide_by_one(0, x);
    whole = divide_by_one_normal(high, (uint64_t)(x << ONE_SHIFT), &rest);
    return (struct quotient){ whole, rest >> ONE_SHIFT };
}

/* x + tail is divided by 1e18, and cut. */
static inline void
divide_by_one_into(struct uint256 *x, enum tail *tail)
{
    struct quotient first = split_by_one(x->high);
    struct quotient second = divide_by_one((uint64_t)first.rest, x->low);

    *x = (struct uint256){ first.whole, second.whole };
    *tail = tail_of(second.rest, ONE_UNITS, *tail);
}

/* A natural number, least limb first, `count` without leading zeros. The widest is 6 limbs: the
 * product of three decimals. */
enum { NATURAL_LIMBS = 8 };

struct natural { mp_limb_t limbs[NATURAL_LIMBS]; mp_size_t count; };

_Static_assert(GMP_NUMB_BITS == 64, "a limb is 64 bits");

struct natural natural_of(uint128 x);
void natural_multiply(struct natural *x, uint128 factor);   /* the product must fit */
int  natural_compare(const struct natural *a, const struct natural *b);

/* The magnitude of round(+-numerator / denominator); denominator > 0. */
void natural_divide(bool negative, const struct natural *numerator,
                    const struct natural *denominator, enum rounding rounding,
                    struct natural *quotient);

/* +-multiple * unit; false if it does not fit. */
bool natural_times_unit(bool negative, const struct natural *multiple, struct decimal unit,
                        struct decimal *out);

/* decimal_step without its short ways: what the tests hold against it. */
bool decimal_step_general(struct decimals factors, struct decimals divisors, enum rounding rounding,
                          struct decimal unit, struct decimal *out);
/* And wide_step. */
bool wide_step_general(struct wide sum, struct decimals factors, struct decimals divisors,
                       enum rounding rounding, struct decimal unit, struct decimal *out);

#endif
