/* The tests' own arithmetic on decimals: integers of any size, and numbers drawn from a fixed seed. */
#ifndef TESTS_EXACT_H
#define TESTS_EXACT_H

#include <gmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "record/decimal.h"

static inline void
exact_of(mpz_t z, int128 x)
{
    uint128 positive = x < 0 ? -(uint128)x : (uint128)x;
    uint64_t limbs[2] = { (uint64_t)positive, (uint64_t)(positive >> 64) };

    mpz_import(z, 2, -1, sizeof *limbs, 0, 0, limbs);
    if (x < 0)
        mpz_neg(z, z);
}

static inline void
exact_multiply(mpz_t product, int128 factor)
{
    mpz_t z;

    mpz_init(z);
    exact_of(z, factor);
    mpz_mul(product, product, z);
    mpz_clear(z);
}

/* False: z is not a decimal's units. */
static inline bool
exact_to_units(const mpz_t z, int128 *x)
{
    uint64_t limbs[2] = { 0, 0 };
    uint128 positive;

    if (mpz_sizeinbase(z, 2) > 127)
        return false;
    mpz_export(limbs, NULL, -1, sizeof *limbs, 0, 0, z);
    positive = (uint128)limbs[1] << 64 | limbs[0];
    *x = mpz_sgn(z) < 0 ? -(int128)positive : (int128)positive;
    return true;
}

/* quotient = round(numerator / denominator), denominator of either sign. */
static inline void
exact_divide(mpz_t quotient, const mpz_t numerator, const mpz_t denominator, enum rounding rounding)
{
    mpz_t top;
    mpz_t bottom;

    mpz_init_set(top, numerator);
    mpz_init_set(bottom, denominator);
    switch (rounding) {
    case ROUND_DOWN:
        mpz_fdiv_q(quotient, top, bottom);
        break;
    case ROUND_UP:
        mpz_cdiv_q(quotient, top, bottom);
        break;
    case ROUND_HALF_UP:                 /* floor(x + 1/2) */
        mpz_mul_2exp(top, top, 1);
        mpz_add(top, top, bottom);
        mpz_mul_2exp(bottom, bottom, 1);
        mpz_fdiv_q(quotient, top, bottom);
        break;
    }
    mpz_clears(top, bottom, NULL);
}

/* Vigna's splitmix64. */
static inline uint64_t
draw(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Every magnitude alike: 0 to 127 bits. */
static inline struct decimal
draw_decimal(uint64_t *seed)
{
    uint128 bits = (uint128)draw(seed) << 64 | draw(seed);
    unsigned shift = 1 + (unsigned)(draw(seed) % 127);
    int128 units = (int128)(bits >> shift);

    return (struct decimal){ draw(seed) & 1 ? -units : units };
}

#endif
