/* Arithmetic on unevaluated sums of two doubles (some 106 bits), for risk/elementary.c and
 * risk/normal.c.
 *
 * The sums and the product are exact (Knuth, The Art of Computer Programming 2, 4.2.2; Dekker
 * 1971), provided that nothing overflows and no product of the parts falls below 2^-1074, and
 * that the compiler neither reorders nor contracts (-ffp-contract=off, no -ffast-math). No fused
 * multiply-add: not every machine has one. */
#ifndef RISK_PAIR_H
#define RISK_PAIR_H

#include <float.h>

#include "risk/elementary_tables.h"

_Static_assert(FLT_EVAL_METHOD == 0, "a double must be computed as a double");

/* 2^exponent (1 + fraction) */
struct power { int exponent; struct pair fraction; };

/* 2^exponent (high + low), low at most 1/64 of high */
struct scaled { struct pair mantissa; int exponent; };

/* e^x for |x.high| < 1100, with a relative error below 2^-60; fraction lies in [-0.3, 0.5]. */
struct power pair_exp(struct pair x);

/* The same, cheaper where e^x is wanted and not e^x - 1: high lies in [0.7, 1.5]. */
struct scaled scaled_exp(struct pair x);

/* ln x for a finite x.high > 0, with a relative error below 2^-64. */
struct pair pair_log(struct pair x);

/* mantissa * 2^exponent, rounded once; 1/4 <= |mantissa| <= 4, exponent at least -1500 and at
 * most 1500. */
double pair_scale(double mantissa, int exponent);

/* The double nearest to it, within 2^-52 of an ulp more; the exponent as above. */
double scaled_round(struct scaled a);

/* a + b */
static inline struct pair
pair_sum(double a, double b)
{
    double high = a + b;
    double rest = high - a;
    return (struct pair){ high, (a - (high - rest)) + (b - rest) };
}

/* a + b for |a| >= |b| or a = 0 */
static inline struct pair
pair_ordered_sum(double a, double b)
{
    double high = a + b;
    return (struct pair){ high, b - (high - a) };
}

/* a - b for |a| >= |b| or a = 0 */
static inline struct pair
pair_difference(double a, double b)
{
    double high = a - b;
    return (struct pair){ high, (a - high) - b };
}

/* The upper 26 bits, so that the product of two such halves is exact; |a| < 2^995. */
static inline double
pair_upper_half(double a)
{
    double shifted = a * 134217729.0;   /* 2^27 + 1 */
    return shifted - (shifted - a);
}

/* a b */
static inline struct pair
pair_product(double a, double b)
{
    double high    = a * b;
    double a_upper = pair_upper_half(a);
    double b_upper = pair_upper_half(b);
    double a_lower = a - a_upper;
    double b_lower = b - b_upper;
    double rest    = a_upper * b_upper - high + a_upper * b_lower + a_lower * b_upper;
    return (struct pair){ high, rest + a_lower * b_lower };
}

/* a b, to some 2^-104 */
static inline struct pair
pair_times(struct pair a, struct pair b)
{
    struct pair product = pair_product(a.high, b.high);
    product.low += a.high * b.low + a.low * b.high;
    return product;
}

#endif
