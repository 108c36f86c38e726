/* First passage of a price through a barrier. */
#include "risk/passage.h"

#include "risk/elementary.h"
#include "risk/normal.h"

static const double monitoring_shift     = 0.5825971579;    /* -zeta(1/2) / sqrt(2 pi) */
static const double distance_max         = 20;
static const double horizon_max_years    = 1e6;
static const double out_of_reach         = 39;              /* phi(39) = 0 */
static const double drift_reach_min      = 1e-6;            /* of |m| sqrt h / sigma */
static const double drift_reach_measured = 1e-3;
static const double horizon_root_max     = 1e12;            /* 1 / sqrt of the shortest horizon */
static const double step_least           = 0x1p-50;
enum { STEPS_MAX = 200 };

/* The same passage with its barrier below: ln price and its drift change signs together. */
static struct passage
below(const struct passage *passage)
{
    int sign = passage->log_distance > 0 ? -1 : 1;
    return (struct passage){
        .log_distance = sign * passage->log_distance,
        .sigma = passage->sigma,
        .log_drift = sign * passage->log_drift,
    };
}

/* e^(2mb/sigma^2) Phi((b + mh)/v): the paths that were reflected. For b + mh <= 0 it equals
 * phi((b - mh)/v) M(-(b + mh)/v), Mills' ratio M, where the exponential could overflow; else m >
 * 0 and it cannot. */
static double
reflected(struct passage below, double horizon)
{
    double b = below.log_distance;
    double m = below.log_drift;
    double v = below.sigma * real_sqrt(horizon);
    double reach = b + m * horizon;
    if (reach <= 0)
        return normal_density((b - m * horizon) / v) * mills_ratio(-reach / v);
    return real_exp(2 * m / below.sigma * (b / below.sigma)) * normal_cdf(reach / v);
}

double
log_drift_of(double drift, double sigma)
{
    return drift - sigma * sigma / 2;
}

double
passage_probability(const struct passage *passage, double horizon_years)
{
    struct passage p = below(passage);
    double v = p.sigma * real_sqrt(horizon_years);
    if (p.log_distance == 0)
        return 1;
    if (v == 0)
        return p.log_drift * horizon_years <= p.log_distance ? 1 : 0;
    double terminal = normal_cdf((p.log_distance - p.log_drift * horizon_years) / v);
    return real_min(terminal + reflected(p, horizon_years), 1);
}

double
passage_ever_probability(const struct passage *passage)
{
    struct passage p = below(passage);
    if (p.log_distance == 0 || p.log_drift < 0)
        return 1;
    if (p.sigma == 0)
        return 0;
    if (p.log_drift == 0)
        return 1;
    return real_exp(2 * p.log_drift / p.sigma * (p.log_distance / p.sigma));
}

double
passage_mean_years(const struct passage *passage)
{
    struct passage p = below(passage);
    if (p.log_distance == 0)
        return 0;
    return p.log_drift < 0 ? p.log_distance / p.log_drift : REAL_INFINITY;
}

/* Without drift, a = |b|/sigma, d = a/sqrt h: h (1 - 2 Phi(-d)) + 2 a sqrt h phi(d) - 2 a^2
 * Phi(-d), the integral of the survival. */
static double
limited_mean_without_drift(struct passage below, double horizon)
{
    double a = -below.log_distance / below.sigma;
    double root = real_sqrt(horizon);
    double d = a / root;
    if (d > out_of_reach)
        return horizon;
    double touched = 2 * normal_cdf(-d);
    double mean = horizon * (1 - touched) + a * (2 * root * normal_density(d) - a * touched);
    return real_min(real_max(mean, 0), horizon);
}

/* By optional stopping m E[min] = b P(hit) + E[X_h; not hit], with E[X_h; not hit] = mh Phi((mh
 * - b)/v) - (2b + mh) reflected. */
static double
limited_mean_with_drift(struct passage below, double horizon)
{
    double b = below.log_distance;
    double m = below.log_drift;
    double v = below.sigma * real_sqrt(horizon);
    double tail = reflected(below, horizon);
    double hit = normal_cdf((b - m * horizon) / v) + tail;
    double left = m * horizon * normal_cdf((m * horizon - b) / v) - (2 * b + m * horizon) * tail;
    double mean = (b * hit + left) / m;
    double most = m < 0 ? real_min(b / m, horizon) : horizon;
    return real_min(real_max(mean, 0), most);
}

/* Nearly no drift: the quotient above would cancel. The mean is smooth in m; the line through
 * two drifts that are large enough gives its slope at 0, and what is left out is of second order
 * in |m| sqrt h / sigma < 1e-6. */
static double
limited_mean_with_faint_drift(struct passage below, double horizon)
{
    double m = drift_reach_measured * below.sigma / real_sqrt(horizon);
    struct passage up = { below.log_distance, below.sigma, m };
    struct passage down = { below.log_distance, below.sigma, -m };
    double rise = limited_mean_with_drift(up, horizon) - limited_mean_with_drift(down, horizon);
    double mean = limited_mean_without_drift(below, horizon) + below.log_drift / m * (rise / 2);
    return real_min(real_max(mean, 0), horizon);
}

double
passage_limited_mean_years(const struct passage *passage, double horizon_years)
{
    struct passage p = below(passage);
    double root = real_sqrt(horizon_years);
    if (p.log_distance == 0 || horizon_years == 0)
        return 0;
    if (p.sigma * root == 0)
        return real_min(passage_mean_years(&p), horizon_years);
    if (p.log_drift == 0)
        return limited_mean_without_drift(p, horizon_years);
    if (real_abs(p.log_drift) * root / p.sigma < drift_reach_min)
        return limited_mean_with_faint_drift(p, horizon_years);
    return limited_mean_with_drift(p, horizon_years);
}

/* A probability that falls with `at`, its derivative, and what is sought. */
struct fall { double probability, slope; };

/* Newton's step for ln of the probability, which is nearly parabolic; where it leaves the bracket
 * (low: too probable, high: not too probable), halving. Ends where a step is below the last bits. */
static double
seek(struct fall (*fall_at)(const struct passage *passage, double fixed, double at),
     const struct passage *passage, double fixed, double probability, double low, double high,
     double guess)
{
    double at = guess > low && guess < high ? guess : low + (high - low) / 2;

    for (int i = 0; i < STEPS_MAX; i++) {
        struct fall fall = fall_at(passage, fixed, at);
        if (fall.probability > probability)
            low = at;
        else
            high = at;
        double step = fall.probability > 0 && fall.slope < 0
            ? real_log(fall.probability / probability) * fall.probability / -fall.slope : 0;
        double next = at + step;
        if (fall.slope < 0 && fall.probability > 0 && real_abs(step) <= step_least * at)
            return next;
        if (!(next > low && next < high) || next == at)
            next = low + (high - low) / 2;
        if (next <= low || next >= high)
            return high;
        at = next;
    }
    return high;
}

/* At y = 1 / sqrt h: d P / d h is the density of the passage, |b| / (v h) phi((b - mh)/v). */
static struct fall
fall_with_root(const struct passage *below, double unused, double y)
{
    double horizon = 1 / (y * y);
    double v = below->sigma / y;
    double density = -below->log_distance / (v * horizon) *
                     normal_density((below->log_distance - below->log_drift * horizon) / v);

    (void)unused;
    return (struct fall){ passage_probability(below, horizon), -2 * density * horizon / y };
}

/* Without drift P = 2 Phi(b y / sigma): where the search begins. */
static double
search_horizon(const struct passage *below, double probability)
{
    double least = 1 / real_sqrt(horizon_max_years);
    double guess = normal_quantile(probability / 2) * below->sigma / below->log_distance;
    double y = seek(fall_with_root, below, 0, probability, 0, horizon_root_max, guess);

    return y > least ? 1 / (y * y) : horizon_max_years;
}

double
passage_quantile_years(const struct passage *passage, double probability)
{
    struct passage p = below(passage);
    if (p.log_distance == 0)
        return 0;
    if (p.sigma == 0)
        return passage_mean_years(&p);
    if (p.log_drift == 0) {
        double root = p.log_distance / p.sigma / normal_quantile(probability / 2);
        return root * root <= horizon_max_years ? root * root : REAL_INFINITY;
    }
    if (passage_probability(&p, horizon_max_years) < probability)
        return REAL_INFINITY;
    return search_horizon(&p, probability);
}

struct passage
passage_watched_every(const struct passage *passage, double interval_years)
{
    double shift = monitoring_shift * passage->sigma * real_sqrt(interval_years);
    struct passage farther = *passage;
    if (passage->log_distance != 0)
        farther.log_distance += passage->log_distance > 0 ? shift : -shift;
    return farther;
}

/* Of the distance d = -b: -(2 phi((b - mh)/v) / v + 2m/sigma^2 reflected). */
static struct fall
fall_with_distance(const struct passage *shape, double horizon, double distance)
{
    struct passage passage = { -distance, shape->sigma, shape->log_drift };
    double v = passage.sigma * real_sqrt(horizon);
    double slope = 2 * normal_density((-distance - passage.log_drift * horizon) / v) / v +
                   2 * passage.log_drift / passage.sigma / passage.sigma * reflected(passage, horizon);

    return (struct fall){ passage_probability(&passage, horizon), -slope };
}

double
passage_distance(double sigma, double log_drift, double horizon_years, double probability)
{
    struct passage shape = { -distance_max, sigma, log_drift };
    double v = sigma * real_sqrt(horizon_years);

    if (v == 0)
        return real_min(real_max(-log_drift * horizon_years, 0), distance_max);
    if (passage_probability(&shape, horizon_years) > probability)
        return distance_max;
    return seek(fall_with_distance, &shape, horizon_years, probability, 0, distance_max,
                -v * normal_quantile(probability / 2));
}
