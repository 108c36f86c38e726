/* The normal distribution, reproducible to the bit. */
#include "risk/normal.h"

#include <stdint.h>
#include <string.h>

#include "risk/elementary.h"
#include "risk/pair.h"

static const struct pair one_over_sqrt_2pi = { 0x1.9884533d43651p-2, -0x1.cbc0d30ebfd15p-56 };
static const double sqrt_2pi               = 0x1.40d931ff62706p+1;

static const double central_probability = 0.14;     /* |p - 1/2| of a central root, |x| < 0.36 */
static const double outer_probability   = 0.02425;  /* below: the other rational start */
static const double tail_zero           = 38.6;     /* from here on Phi(-u) < 2^-1075 */
static const double tail_table_end      = 45;       /* from here on the asymptotic series serves */

/* Phi(x) - 1/2 = x/sqrt(2 pi) (1 - w/3 + w^2/10 - w^3/42 + ...), w = x^2/2. For w <= 1/15 the next
 * term is below 2^-58; the factors are n! (2n + 1). */
static struct pair
central(double x)
{
    double w = x * x / 2;
    if (real_abs(x) < 0x1p-900)
        return (struct pair){ x * one_over_sqrt_2pi.high, 0 };
    double series = -w * (1.0 / 3 - w * (1.0 / 10 - w * (1.0 / 42 - w * (1.0 / 216 - w *
        (1.0 / 1320 - w * (1.0 / 9360 - w * (1.0 / 75600 - w * (1.0 / 685440 - w / 6894720))))))));
    struct pair product = pair_product(x, one_over_sqrt_2pi.high);
    product.low += x * one_over_sqrt_2pi.low + product.high * series;
    return pair_sum(product.high, product.low);
}

/* e^(u^2/2) Phi(-u) for 0 <= u < 63, with a relative error below 2^-56: a polynomial in the
 * distance from the middle of the table's step, in pairs of terms. */
static struct pair
scaled_tail(double u)
{
    double shifted = u + TAIL_SHIFT;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    uint64_t step = bits >> 49;                 /* the exponent and 3 bits of the fraction */
    bits = step << 49 | UINT64_C(1) << 48;
    double middle;
    memcpy(&middle, &bits, sizeof middle);
    const double *c = scaled_tail_table[step - TAIL_STEPS * (1023 - 2)];
    double d = u - (middle - TAIL_SHIFT);
    double square = d * d;
    double quartic = square * square;
    double first = (c[2] + d * c[3]) + square * (c[4] + d * c[5]);
    double next = (c[6] + d * c[7]) + square * (c[8] + d * c[9]);
    double last = (c[10] + d * c[11]) + square * c[12];
    struct pair value = pair_ordered_sum(c[0], d * (first + quartic * (next + quartic * last)));
    return (struct pair){ value.high, value.low + c[1] };
}

/* u^2 / 2 */
static struct pair
half_square(double u)
{
    struct pair square = pair_product(u, u);
    return (struct pair){ square.high / 2, square.low / 2 };
}

/* e^(-u^2/2) factor, u^2/2 below 1100 */
static struct scaled
gaussian(double u, struct pair factor)
{
    struct pair half = half_square(u);
    struct scaled e = scaled_exp((struct pair){ -half.high, -half.low });
    return (struct scaled){ pair_times(e.mantissa, factor), e.exponent };
}

/* Phi(-u), 0 <= u < 45 */
static struct scaled
upper_tail(double u)
{
    return gaussian(u, scaled_tail(u));
}

double
normal_density(double x)
{
    if (x != x)
        return x;
    if (real_abs(x) > tail_zero + 0.1)
        return 0;
    return scaled_round(gaussian(x, one_over_sqrt_2pi));
}

double
normal_cdf(double x)
{
    if (x != x)
        return x;
    if (real_abs(x) > tail_zero)
        return x > 0 ? 1 : 0;
    double tail = scaled_round(upper_tail(real_abs(x)));
    return x < 0 ? tail : 1 - tail;
}

/* 1/u (1 - 1/u^2 + 3/u^4 - 15/u^6 + ...) */
static double
mills_far(double u)
{
    double w = 1 / u / u;
    return (1 - w * (1 - w * 3 * (1 - w * 5 * (1 - w * 7 * (1 - w * 9 * (1 - w * 11)))))) / u;
}

/* sqrt(2 pi) e^(u^2/2) Phi(-u) for 0 <= u < 63 */
static double
scaled_mills(double u)
{
    struct pair tail = scaled_tail(u);
    return (tail.high + tail.low) * sqrt_2pi;
}

double
mills_ratio(double u)
{
    if (u != u)
        return u;
    if (u > tail_table_end)
        return mills_far(u);
    if (u < -tail_zero)
        return REAL_INFINITY;
    if (u >= 0)
        return scaled_mills(u);
    /* As Phi(-u) = 1 - Phi(u): sqrt(2 pi) (e^(u^2/2) - e^(u^2/2) Phi(u)). */
    struct pair rest = scaled_tail(-u);
    double whole = scaled_round(scaled_exp(half_square(u)));
    return (whole - rest.high - rest.low) * sqrt_2pi;
}

/* Within 1.15e-9 of Phi^-1(p) <= 0, for 0 < p <= 1/2 (Acklam 2003). */
static double
rational_quantile(double p)
{
    if (p < outer_probability) {
        double t = real_sqrt(-2 * real_log(p));
        double top = 2.938163982698783 + t * (4.374664141464968 + t * (-2.549732539343734 + t *
            (-2.400758277161838 + t * (-0.3223964580411365 - t * 0.007784894002430293))));
        double bottom = 1 + t * (3.754408661907416 + t * (2.445134137142996 + t *
            (0.3224671290700398 + t * 0.007784695709041462)));
        return top / bottom;
    }
    double y = p - 0.5;
    double s = y * y;
    double top = 2.506628277459239 + s * (-30.66479806614716 + s * (138.3577518672690 + s *
        (-275.9285104469687 + s * (220.9460984245205 - s * 39.69683028665376))));
    double bottom = 1 + s * (-13.28068155288572 + s * (66.80131188771972 + s *
        (-155.6989798598866 + s * (161.5858368580409 - s * 54.47609879822406))));
    return y * top / bottom;
}

/* One step of Newton's method, corrected for curvature (Halley), which cubes the start's error:
 * from x with Phi(x) - p = residual phi(x). Phi(x) and p are compared before the power of two that
 * could make them subnormal. */
static double
lower_quantile(double p)
{
    double x = rational_quantile(p);
    double residual;
    if (0.5 - p < central_probability) {
        struct pair above = central(x);
        residual = ((above.high - (p - 0.5)) + above.low) / normal_density(x);
    } else {
        struct scaled tail = upper_tail(-x);
        double target = p * pair_scale(1, -tail.exponent - 60) * 0x1p60;
        double reached = tail.mantissa.high + tail.mantissa.low;
        double excess = tail.mantissa.high - target + tail.mantissa.low;
        residual = excess / reached * scaled_mills(-x);
    }
    return x - residual / (1 + x * residual / 2);
}

double
normal_quantile(double p)
{
    if (p != p || p < 0 || p > 1)
        return REAL_NAN;
    if (p == 0)
        return -REAL_INFINITY;
    if (p == 1)
        return REAL_INFINITY;
    return p <= 0.5 ? lower_quantile(p) : -lower_quantile(1 - p);      /* 1 - p is exact */
}
