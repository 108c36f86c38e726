/* Liquidity-adjusted loss, the time-optimal unwind, and the optimal trajectory. */
#include "risk/schedule.h"

#include "risk/elementary.h"
#include "risk/normal.h"

static const double trajectory_series = 1e-2;   /* k T below which sinh 2kT - 2kT would cancel */

double
exposure_years(double latency_years, double execution_years)
{
    return latency_years + execution_years / 3;
}

double
stressed_half_spread(double mean_rate, double deviation_rate, double factor)
{
    return (mean_rate + factor * deviation_rate) / 2;
}

double
bangia_lvar(const struct unwind *unwind, double theta)
{
    double z = normal_quantile(unwind->confidence);
    double s = unwind->sigma * real_sqrt(unwind->time_years);
    double price_loss_rate = -real_expm1(-z * theta * s);
    return unwind->position_value * (price_loss_rate + unwind->half_spread_rate);
}

/* V (1 - e^log_return (1 - half_spread) (1 - slippage)), with no digits lost where the loss is
 * small. */
static double
loss_after_costs(const struct unwind *unwind, double log_return)
{
    double log_kept = real_log1p(-unwind->half_spread_rate) + real_log1p(-unwind->slippage_rate);
    return -unwind->position_value * real_expm1(log_return + log_kept);
}

double
liquidity_var(const struct unwind *unwind)
{
    double z = normal_quantile(unwind->confidence);
    double s = unwind->sigma * real_sqrt(unwind->time_years);
    return loss_after_costs(unwind, unwind->log_drift * unwind->time_years - z * s);
}

/* As phi(z + s) = phi(z) e^(-zs - s^2/2), with Mills' ratio M and 1 - confidence = Phi(-z)
 * e^(s^2/2) Phi(-z - s) / (1 - confidence) = e^(-zs) M(z + s) / M(z), and M falls: the factor
 * beyond that of the value at risk is at most 1. 1/M(z) = phi(z) / Phi(-z) does not overflow. */
double
liquidity_es(const struct unwind *unwind)
{
    double z = normal_quantile(unwind->confidence);
    double s = unwind->sigma * real_sqrt(unwind->time_years);
    double beyond = s > 0 ? mills_ratio(z + s) * (normal_density(z) / normal_cdf(-z)) : 1;
    double log_return = unwind->log_drift * unwind->time_years - z * s;
    return loss_after_costs(unwind, log_return + real_log(real_min(beyond, 1)));
}

double
unwind_cost(const struct unwind_pace *pace, double time_years)
{
    double impact = pace->impact * real_pow(pace->volume_years / time_years, pace->impact_exponent);
    return impact + pace->risk_weight * pace->sigma * real_sqrt(time_years / 3);
}

double
optimal_unwind_years(const struct unwind_pace *pace, double least_years, double most_years)
{
    double beta = pace->impact_exponent;
    double impact = pace->impact * real_pow(pace->volume_years, beta);
    double risk = pace->risk_weight * pace->sigma;
    if (impact <= 0)
        return least_years;
    if (risk <= 0)
        return most_years;
    double best_years = real_pow(2 * real_sqrt(3) * beta * impact / risk, 1 / (beta + 0.5));
    return real_min(real_max(best_years, least_years), most_years);
}

/* mean = eta X^2/T e, variance = sigma^2 X^2 T v. With x = kT and q = e^(-2x) e = x (sinh 2x +
 * 2x) / (4 sinh^2 x) = x ((1 - q^2)/2 + 2xq) / (1 - q)^2 v = (sinh 2x - 2x) / (4 x sinh^2 x) =
 * ((1 - q^2)/2 - 2xq) / (x (1 - q)^2) which cannot overflow; for small x the series e = 1 +
 * x^4/45 and v = (1 - 2x^2/15 + 2x^4/105) / 3. x(T/2) = X / (2 cosh(x/2)). */
struct trajectory_cost
optimal_trajectory(const struct trajectory *trajectory)
{
    double quantity = trajectory->quantity;
    double time = trajectory->time_years;
    double sigma = trajectory->sigma_price;
    double x = sigma * real_sqrt(trajectory->risk_aversion / trajectory->temporary_impact) * time;
    double q = real_exp(-2 * x);
    double rest = -real_expm1(-2 * x);
    double half = -real_expm1(-4 * x) / 2;
    double mean = x * (half + 2 * x * q) / (rest * rest);
    double variance = (half - 2 * x * q) / (x * (rest * rest));
    if (x < trajectory_series) {
        mean = 1 + x * x * (x * x) / 45;
        variance = (1 - x * x * (2.0 / 15 - x * x * (2.0 / 105))) / 3;
    }
    double root = real_exp(-x / 2);
    double pace_cost = trajectory->temporary_impact * quantity / time;
    double fixed_cost = trajectory->permanent_impact * quantity / 2 + trajectory->fixed_cost;
    return (struct trajectory_cost){
        .mean = quantity * (pace_cost * mean + fixed_cost),
        .variance = sigma * quantity * (sigma * quantity) * time * variance,
        .half_time_quantity = quantity * root / (1 + root * root),
    };
}
