/* exp, log and their kin, reproducible to the bit. */
#include "risk/elementary.h"

#include <stdint.h>
#include <string.h>

#include "risk/pair.h"

/* ln 2 / 64 and ln 2, each as a short number (36 and 40 bits, so that a multiple of it is exact)
 * and the rest. */
static const double step_high        = 0x1.62e42fefap-7;
static const double step_low         = 0x1.cf79abc9e3b3ap-46;
static const double steps_per_unit   = 0x1.71547652b82fep+6;
static const double nearest_whole    = 0x1.8p52;  /* added and taken away, it rounds */
static const double log_two_high     = 0x1.62e42fefa2p-1;
static const double log_two_low      = 0x1.9ef35793c7673p-41;

static const double exp_infinite     = 709.79;     /* from here on e^x > DBL_MAX */
static const double exp_zero         = -745.14;    /* from here down e^x < 2^-1075 */
static const double exp_swallows_one = 45;         /* e^x - 1 rounds to e^x, and e^-x - 1 to -1 */

/* 2^exponent, -1022 <= exponent <= 1023 */
static double
power_of_two(int exponent)
{
    uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

double
pair_scale(double mantissa, int exponent)
{
    int half = exponent / 2;
    if (exponent > 1000 || exponent < -1000)    /* only the second product rounds */
        return mantissa * power_of_two(half) * power_of_two(exponent - half);
    return mantissa * power_of_two(exponent);
}

double
scaled_round(struct scaled a)
{
    return pair_scale(a.mantissa.high + a.mantissa.low, a.exponent);
}

/* e^x = 2^exponent (1 + step) (1 + high + rest) */
struct reduction { int exponent; struct pair step; double high; double rest; };

/* x = (64 q + i) ln 2 / 64 + r, |r| <= ln 2 / 128, e^x = 2^q 2^(i/64) e^r, 2^(i/64) - 1 from the
 * table. e^r - 1 to r^7: the next term is below 2^-75. Where the subtraction's first part is the
 * smaller, both are below 2^-29, and what r loses is below 2^-82. */
static struct reduction
reduce(struct pair x)
{
    double k = (x.high * steps_per_unit + nearest_whole) - nearest_whole;
    unsigned index = (unsigned)((int)k + 32 + 64 * 4096);
    struct pair r = pair_difference(x.high - k * step_high, k * step_low);
    r.low += x.low;
    double h = r.high;
    double square = h * h;
    double quartic = (1.0 / 24 + h * (1.0 / 120)) + square * (1.0 / 720 + h * (1.0 / 5040));
    return (struct reduction){
        .exponent = (int)(index / 64) - 4096,
        .step = power_table[index % 64],
        .high = h,
        .rest = r.low + h * r.low + square * ((0.5 + h * (1.0 / 6)) + square * quartic),
    };
}

/* With t = 2^(i/64) - 1 and e = e^r - 1 the fraction is t + e + t e. */
struct power
pair_exp(struct pair x)
{
    struct reduction a = reduce(x);
    struct pair t = a.step;
    struct pair fraction = pair_ordered_sum(t.high, a.high);
    fraction.low += t.low + (a.rest + t.high * (a.high + a.rest));
    return (struct power){ a.exponent, pair_ordered_sum(fraction.high, fraction.low) };
}

struct scaled
scaled_exp(struct pair x)
{
    struct reduction a = reduce(x);
    struct pair mantissa = pair_ordered_sum(1, a.step.high);
    mantissa.low += a.step.low + mantissa.high * (a.high + a.rest);
    return (struct scaled){ mantissa, a.exponent };
}

/* x = 2^e m with m about 1; j/64 is the nearest to m, c its short reciprocal, m c = 1 + r
 * exactly, |r| < 2^-6.4: ln x = e ln 2 - ln c + ln(1 + r). The squares of r as pairs, the rest
 * to r^11, below 2^-68 of r. */
struct pair
pair_log(struct pair x)
{
    int e = 0;
    if (x.high < DBL_MIN) {
        x.high *= 0x1p54;
        x.low *= 0x1p54;
        e = -54;
    }
    uint64_t bits;
    memcpy(&bits, &x.high, sizeof bits);
    e += (int)(bits >> 52) - 1023;
    bits = (bits & UINT64_C(0x000fffffffffffff)) | UINT64_C(0x3ff0000000000000);
    double m;
    memcpy(&m, &bits, sizeof m);
    double unit = m / x.high;                   /* a power of two, as e is the exponent of x.high */
    if (m >= 90.5 / 64) {
        m /= 2;
        unit /= 2;
        e++;
    }
    const struct logarithm *near = &log_table[(int)(m * 64 + 0.5) - LOG_FIRST];
    double c = near->reciprocal;
    double upper = pair_upper_half(m);
    struct pair r = pair_sum(upper * c - 1, (m - upper) * c);
    r.low += x.low * unit * c;
    r = pair_sum(r.high, r.low);
    double h = r.high;
    struct pair square = pair_product(h, h);
    double tail = h * h * h * (1.0 / 3 - h * (1.0 / 4 - h * (1.0 / 5 - h * (1.0 / 6 - h *
        (1.0 / 7 - h * (1.0 / 8 - h * (1.0 / 9 - h * (1.0 / 10 - h / 11))))))));
    struct pair a = pair_sum(e * log_two_high, near->value.high);
    struct pair b = pair_sum(a.high, h);
    struct pair d = pair_sum(b.high, -square.high / 2);
    double low = e * log_two_low + near->value.low + a.low + b.low + d.low +
        (r.low - h * r.low - square.low / 2 + tail);
    return pair_sum(d.high, low);
}

double
real_exp(double x)
{
    if (x != x)
        return x;
    if (x > exp_infinite)
        return REAL_INFINITY;
    if (x < exp_zero)
        return 0;
    return scaled_round(scaled_exp((struct pair){ x, 0 }));
}

/* 2^q (1 + f) - 1 = (2^q - 1) + 2^q f */
double
real_expm1(double x)
{
    if (x != x || x == 0)
        return x;
    if (x > exp_swallows_one)
        return real_exp(x);
    if (x < -exp_swallows_one)
        return -1;
    struct power y = pair_exp((struct pair){ x, 0 });
    double unit = power_of_two(y.exponent);
    struct pair whole = pair_sum(unit, -1);
    struct pair sum = pair_sum(whole.high, unit * y.fraction.high);
    return sum.high + (sum.low + whole.low + unit * y.fraction.low);
}

double
real_log(double x)
{
    if (x != x || x < 0)
        return REAL_NAN;
    if (x == 0)
        return -REAL_INFINITY;
    if (x == REAL_INFINITY)
        return x;
    struct pair y = pair_log((struct pair){ x, 0 });
    return y.high + y.low;
}

double
real_log1p(double x)
{
    if (x != x || x < -1)
        return REAL_NAN;
    if (x == -1)
        return -REAL_INFINITY;
    if (x == REAL_INFINITY || real_abs(x) < 0x1p-54)
        return x;
    struct pair y = pair_log(pair_sum(1, x));
    return y.high + y.low;
}

double
real_pow(double x, double y)
{
    if (y == 0 || x == 1)
        return 1;
    if (x != x || y != y || x < 0)
        return REAL_NAN;
    if (x == 0)
        return y > 0 ? 0 : REAL_INFINITY;
    if (x == REAL_INFINITY)
        return y > 0 ? REAL_INFINITY : 0;
    struct pair l = pair_log((struct pair){ x, 0 });
    double estimate = y * l.high;
    if (estimate > exp_infinite)
        return REAL_INFINITY;
    if (estimate < exp_zero)
        return 0;
    if (real_abs(estimate) < 0x1p-60)
        return 1;
    return scaled_round(scaled_exp(pair_times((struct pair){ y, 0 }, l)));
}

double
real_sqrt(double x)
{
    return __builtin_sqrt(x);
}
