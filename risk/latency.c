/* The loss from waiting: after a time, after a random number of blocks, after an exponential
 * wait. */
#include "risk/latency.h"

#include <stdbool.h>

#include "risk/elementary.h"
#include "risk/normal.h"

static const double small_step = 0.05;

/* The geometric law's sum ends when what is left of it is this share of the sum, or this much. */
static const double remainder_share           = 1e-15;
static const double remainder_min             = 1e-30;
static const double inclusion_probability_min = 1e-3;   /* below: the exponential law */

static bool
is_remainder(double waiting, double sum)
{
    return waiting <= remainder_share * sum || waiting < remainder_min;
}

/* What cannot move: a loss or none. */
static struct shortfall
certain_shortfall(double collateral, double obligation)
{
    bool is_short = collateral < obligation;
    return (struct shortfall){ is_short ? 1 : 0, is_short ? obligation - collateral : 0 };
}

/* M(v) - M(v + s), Mills' ratio, v >= 0. For small s the difference would cancel: M'(x) = x M(x)
 * - 1, integrated by Gauss' rule with 3 points (relative error below s^6/10^4). */
static double
mills_drop(double v, double s)
{
    if (s > small_step)
        return mills_ratio(v) - mills_ratio(v + s);
    double middle = v + s / 2;
    double offset = s / 2 * real_sqrt(0.6);
    double outer = (1 - (middle - offset) * mills_ratio(middle - offset)) +
        (1 - (middle + offset) * mills_ratio(middle + offset));
    return s / 18 * (5 * outer + 8 * (1 - middle * mills_ratio(middle)));
}

/* With C' = C e^(drift T), K phi(u) = C' phi(u - s), so that for u < 0 the shortfall is
 * K phi(u) (M(-u) - M(s - u)): no difference of tiny tails. */
static struct shortfall
shortfall_from(const struct exposure *exposure, double log_moneyness, double time_years)
{
    double s = exposure->sigma * real_sqrt(time_years);
    double forward = exposure->collateral * real_exp(exposure->drift * time_years);
    double obligation = exposure->obligation;
    if (s == 0 || forward == 0 || obligation == 0)
        return certain_shortfall(forward, obligation);
    double u = (log_moneyness - exposure->drift * time_years) / s + s / 2;
    double shortfall = u < 0
        ? obligation * normal_density(u) * mills_drop(-u, s)
        : obligation * normal_cdf(u) - forward * normal_cdf(u - s);
    double least = real_max(obligation - forward, 0);
    return (struct shortfall){ normal_cdf(u), real_min(real_max(shortfall, least), obligation) };
}

/* ln(K/C) */
static double
log_moneyness_of(const struct exposure *exposure)
{
    if (exposure->collateral == 0 || exposure->obligation == 0)
        return 0;                               /* not looked at: the outcome is certain */
    double ratio = exposure->obligation / exposure->collateral;
    double excess = exposure->obligation - exposure->collateral;
    bool is_near = ratio > 0.5 && ratio < 2;    /* where the excess is exact */
    return is_near ? real_log1p(excess / exposure->collateral) : real_log(ratio);
}

struct shortfall
shortfall_after(const struct exposure *exposure, double time_years)
{
    return shortfall_from(exposure, log_moneyness_of(exposure), time_years);
}

/* The law of ln(price) at an exponential time of rate nu is a Laplace law with two slopes, m =
 * drift - sigma^2/2: r = sqrt(m^2 + 2 nu sigma^2), up = (r - m)/sigma^2, down = (r + m)/sigma^2.
 * Weights: below 0 lies up/(up + down) = (r - m)/2r. As (r - m)(r + m) = 2 nu sigma^2, neither
 * difference cancels, and up = 2 nu/(r + m), down = 2 nu/(r - m) hold for sigma = 0 as well,
 * where one of them is infinite. */
struct laplace { double up; double down; double below; double above; };

static struct laplace
laplace_of(const struct exposure *exposure, double rate)
{
    double sigma = exposure->sigma;
    double m = exposure->drift - sigma * sigma / 2;
    double product = 2 * rate * sigma * sigma;
    double r = real_sqrt(m * m + product);
    double minus = m < 0 ? r - m : product / (r + m);
    double plus = m < 0 ? product / (r - m) : r + m;
    return (struct laplace){
        .up = 2 * rate / plus,
        .down = 2 * rate / minus,
        .below = minus / r / 2,
        .above = plus / r / 2,
    };
}

/* e^(-slope distance), the slope possibly infinite */
static double
decay(double slope, double distance)
{
    return distance == 0 ? 1 : real_exp(-slope * distance);
}

/* Whether one side is 0, or nothing moves, at random (beyond the smallest double) or with time. */
static bool
is_certain(const struct exposure *exposure)
{
    if (exposure->collateral == 0 || exposure->obligation == 0)
        return true;
    return exposure->sigma * exposure->sigma == 0 && exposure->drift == 0;
}

/* distance = ln(K/C) > 0. Over the law's density below * down e^(down x) for x < 0, above * up
 * e^(-up x) for x > 0: E (K - C e^x)^+ = below (K - C down/(1 + down)) + above (K (1 - e^(-up
 * d)) - C up (e^((1 - up) d) - 1)/(1 - up)). */
static struct shortfall
shortfall_when_under(const struct exposure *exposure, struct laplace law, double distance)
{
    double c = exposure->collateral;
    double k = exposure->obligation;
    double kept_down = 1 / (1 + 1 / law.down);
    double grown = 0;
    if (law.above > 0) {
        double y = (1 - law.up) * distance;
        grown = law.up * (y == 0 ? distance : distance * real_expm1(y) / y);
    }
    double rest = decay(law.up, distance);
    double below = law.below * (k - c * kept_down);
    double above = law.above * (k * (1 - rest) - c * grown);
    double least = exposure->drift <= 0 ? k - c : 0;    /* as the mean price does not rise */
    return (struct shortfall){ 1 - law.above * rest, real_max(below + above, least) };
}

struct shortfall
shortfall_by_rate(const struct exposure *exposure, double rate_per_year)
{
    if (is_certain(exposure))
        return certain_shortfall(exposure->collateral, exposure->obligation);
    struct laplace law = laplace_of(exposure, rate_per_year);
    double distance = log_moneyness_of(exposure);
    if (distance > 0)
        return shortfall_when_under(exposure, law, distance);
    double loss = law.below * decay(law.down, -distance);
    return (struct shortfall){ loss, exposure->obligation * loss / (1 + law.down) };
}

double
touch_probability(const struct exposure *exposure, double rate_per_year)
{
    if (exposure->collateral <= exposure->obligation)
        return 1;
    if (is_certain(exposure))
        return 0;
    return decay(laplace_of(exposure, rate_per_year).down, -log_moneyness_of(exposure));
}

struct shortfall
shortfall_by_block(const struct exposure *exposure, double block_years,
                   double inclusion_probability)
{
    if (block_years == 0)
        return shortfall_after(exposure, 0);
    if (inclusion_probability < inclusion_probability_min)
        return shortfall_by_rate(exposure, inclusion_probability / block_years);
    struct shortfall mean = { 0, 0 };
    double log_moneyness = log_moneyness_of(exposure);
    double waiting = 1;
    for (int k = 1; !is_remainder(waiting, mean.loss_probability); k++) {
        struct shortfall now = shortfall_from(exposure, log_moneyness, k * block_years);
        double weight = inclusion_probability * waiting;
        mean.loss_probability += weight * now.loss_probability;
        mean.expected_shortfall += weight * now.expected_shortfall;
        waiting *= 1 - inclusion_probability;
    }
    return mean;
}

double
loss_buffer(double sigma, double time_years, double loss_probability)
{
    double s = sigma * real_sqrt(time_years);
    return s * (s / 2 - normal_quantile(loss_probability));
}

double
buffer_margin_rate(double buffer)
{
    return -real_expm1(-buffer);
}

void
stage_buffers(double sigma, const struct stage_target targets[static STAGES_COUNT],
              double buffers[static STAGES_COUNT])
{
    double next = 0;
    for (int stage = STAGES_COUNT - 1; stage >= 0; stage--) {
        double own = loss_buffer(sigma, targets[stage].time_years, targets[stage].loss_probability);
        next = real_max(own, next);
        buffers[stage] = next;
    }
}
