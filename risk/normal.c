/* The normal distribution, reproducible to the bit. */
#include "risk/normal.h"

#include <stdint.h>
#include <string.h>

#include "risk/elementary.h"
#include "risk/pair.h"

static const struct pair two_over_sqrt_pi  = { 0x1.20dd750429b6dp+0, 0x1.1ae3a914fed80p-56 };
static const struct pair one_over_sqrt_2pi = { 0x1.9884533d43651p-2, -0x1.cbc0d30ebfd15p-56 };
static const struct pair one_over_sqrt_2   = { 0x1.6a09e667f3bcdp-1, -0x1.bdd3413b26456p-55 };
static const struct pair sqrt_half_pi      = { 0x1.40d931ff62706p+0, -0x1.a6a0d6f814637p-54 };

static const double central_square = 1.0 / 16;     /* x^2 of erfc, or u^2/2 of Phi: a series */
static const double central_probability = 0.14;    /* |p - 1/2| of a central root, |x| < 0.36 */
static const double erfc_zero      = 27.3;         /* from here on erfc(x) < 2^-1075 */
static const double tail_zero      = 38.6;         /* from here on Phi(-u) < 2^-1075 */
static const double mills_table    = 45;           /* from here on the asymptotic series serves */

/* mantissa 2^exponent */
struct scaled { struct pair mantissa; int exponent; };

/* slope x (1 - w/3 + w^2/10 - w^3/42 + ...): erf(x) with slope 2/sqrt(pi), w = x^2; Phi(x) - 1/2
 * with slope 1/sqrt(2 pi), w = x^2/2. For w <= 1/16 the next term is below 2^-58; the factors
 * are n! (2n + 1). */
static struct pair
central(double x, struct pair slope, double w)
{
    if (real_abs(x) < 0x1p-900)
        return (struct pair){ x * slope.high, 0 };
    double series = -w * (1.0 / 3 - w * (1.0 / 10 - w * (1.0 / 42 - w * (1.0 / 216 - w *
        (1.0 / 1320 - w * (1.0 / 9360 - w * (1.0 / 75600 - w * (1.0 / 685440 - w / 6894720))))))));
    struct pair product = pair_product(x, slope.high);
    product.low += x * slope.low + product.high * series;
    return pair_sum(product.high, product.low);
}

/* e^(z^2) erfc(z) for 1/4 <= z < 32, z.low included, with a relative error below 2^-56. */
static struct pair
scaled_erfc(struct pair z)
{
    uint64_t bits;
    memcpy(&bits, &z.high, sizeof bits);
    int octave = (int)(bits >> 52) - 1023;
    int step = (int)(bits >> 49 & 7);
    double unit = 1.0 / 64;                     /* half a step, in the octave of 1/4 */
    for (int i = -2; i < octave; i++)
        unit *= 2;
    double t = ((z.high - unit * (17 + 2 * step)) + z.low) / unit;
    const double *c = scaled_erfc_table[(octave + 2) * ERFC_STEPS + step];
    double sum = c[ERFC_WORDS - 1];
    for (int i = ERFC_WORDS - 2; i >= 2; i--)
        sum = c[i] + t * sum;
    struct pair value = pair_sum(c[0], t * sum);
    return (struct pair){ value.high, value.low + c[1] };
}

/* e^-square (that of a number below 40) times factor */
static struct scaled
gaussian(struct pair square, struct pair factor)
{
    struct power e = pair_exp((struct pair){ -square.high, -square.low });
    struct pair mantissa = pair_sum(1, e.fraction.high);
    mantissa.low += e.fraction.low;
    return (struct scaled){ pair_times(mantissa, factor), e.exponent };
}

static double
round_scaled(struct scaled a)
{
    return pair_scale(a.mantissa.high + a.mantissa.low, a.exponent);
}

/* u^2 / 2 */
static struct pair
half_square(double u)
{
    struct pair square = pair_product(u, u);
    return (struct pair){ square.high / 2, square.low / 2 };
}

/* Phi(-u) for u > 0 outside the centre, u < 45: erfc(u / sqrt 2) / 2. */
static struct scaled
upper_tail(double u)
{
    struct pair z = pair_times((struct pair){ u, 0 }, one_over_sqrt_2);
    struct scaled tail = gaussian(half_square(u), scaled_erfc(z));
    tail.exponent--;
    return tail;
}

double
real_erfc(double x)
{
    if (x != x)
        return x;
    if (x > erfc_zero)
        return 0;
    if (x < -6)
        return 2;
    if (x * x < central_square) {
        struct pair erf = central(x, two_over_sqrt_pi, x * x);
        struct pair sum = pair_sum(1, -erf.high);
        return sum.high + (sum.low - erf.low);
    }
    double z = real_abs(x);
    struct scaled tail = gaussian(pair_product(z, z), scaled_erfc((struct pair){ z, 0 }));
    return x > 0 ? round_scaled(tail) : 2 - round_scaled(tail);
}

double
normal_density(double x)
{
    if (x != x)
        return x;
    if (real_abs(x) > tail_zero + 0.1)
        return 0;
    if (real_abs(x) < 0x1p-30)
        return one_over_sqrt_2pi.high;
    return round_scaled(gaussian(half_square(x), one_over_sqrt_2pi));
}

double
normal_cdf(double x)
{
    if (x != x)
        return x;
    if (real_abs(x) > tail_zero)
        return x > 0 ? 1 : 0;
    if (x * x / 2 < central_square) {
        struct pair above = central(x, one_over_sqrt_2pi, x * x / 2);
        struct pair sum = pair_sum(0.5, above.high);
        return sum.high + (sum.low + above.low);
    }
    double tail = round_scaled(upper_tail(real_abs(x)));
    return x < 0 ? tail : 1 - tail;
}

/* 1/u (1 - 1/u^2 + 3/u^4 - 15/u^6 + ...) */
static double
mills_far(double u)
{
    double w = 1 / u / u;
    return (1 - w * (1 - w * 3 * (1 - w * 5 * (1 - w * 7 * (1 - w * 9 * (1 - w * 11)))))) / u;
}

/* sqrt(pi/2) e^(u^2/2) erfc(u / sqrt 2), for 0.36 <= u <= 45 */
static double
scaled_mills(double u)
{
    struct pair z = pair_times((struct pair){ u, 0 }, one_over_sqrt_2);
    struct pair ratio = pair_times(scaled_erfc(z), sqrt_half_pi);
    return ratio.high + ratio.low;
}

double
mills_ratio(double u)
{
    if (u != u)
        return u;
    if (u > mills_table)
        return mills_far(u);
    if (u < -tail_zero)
        return REAL_INFINITY;
    if (u > 0.36)
        return scaled_mills(u);
    /* Phi(-u) sqrt(2 pi) e^(u^2/2) */
    struct power e = pair_exp(real_abs(u) < 0x1p-30 ? (struct pair){ 0, 0 } : half_square(u));
    double cdf = normal_cdf(-u);
    return pair_scale((1 + e.fraction.high) * cdf * sqrt_half_pi.high, e.exponent + 1);
}

/* Newton's step on an accurate Phi, corrected for curvature (Halley): from x with Phi(x) - p =
 * residual phi(x). */
static double
halley(double x, double residual)
{
    return x - residual / (1 + x * residual / 2);
}

/* Near p = 1/2, from the series of the root in y = sqrt(2 pi) (p - 1/2). */
static double
central_quantile(double p)
{
    double y = (p - 0.5) / one_over_sqrt_2pi.high;
    double s = y * y;
    double x = y * (1 + s * (1.0 / 6 + s * (7.0 / 120 + s * 127 / 5040)));
    for (int i = 0; i < 2; i++) {
        struct pair above = central(x, one_over_sqrt_2pi, x * x / 2);
        x = halley(x, ((above.high - (p - 0.5)) + above.low) / normal_density(x));
    }
    return x;
}

/* The u > 0 with Phi(-u) = p, from a rational start within 4.5e-4 (Abramowitz and Stegun,
 * 26.2.23). Phi(-u) and p are compared before the power of two that could make them subnormal. */
static double
tail_quantile(double p)
{
    double t = real_sqrt(-2 * real_log(p));
    double u = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
        (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    for (int i = 0; i < 2; i++) {
        struct scaled tail = upper_tail(u);
        double target = p * pair_scale(1, -tail.exponent - 60) * 0x1p60;
        double excess = (tail.mantissa.high - target + tail.mantissa.low) / tail.mantissa.high;
        u = -halley(-u, excess * scaled_mills(u));
    }
    return u;
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
    if (real_abs(p - 0.5) < central_probability)
        return central_quantile(p);
    return p < 0.5 ? -tail_quantile(p) : tail_quantile(1 - p);     /* 1 - p is exact for p >= 1/2 */
}
