/* What an unwind may lose, and how long it should take: liquidity-adjusted value at risk and
 * expected shortfall, the time-optimal schedule, and the optimal trajectory of Almgren and
 * Chriss.
 *
 * Statistics: doubles in natural units (years of 365 days, volatility per square root of a year
 * as a fraction, rates as fractions). Total on the ranges stated: a volatility or a time of 0 is
 * a limit, never an error; no NaN comes out. */
#ifndef RISK_SCHEDULE_H
#define RISK_SCHEDULE_H

/* The time over which the price risk of an unwind counts: all of the latency, and a third of an
 * execution at an even pace (the variance of the average of a Brownian path). Both >= 0. */
double exposure_years(double latency_years, double execution_years);

/* Half the spread at its stressed width, (mean + factor * deviation) / 2 (Bangia, Diebold,
 * Schuermann and Stroughair 1999; factor 2 to 4.5). With slippage measured from the mid price
 * pass mean = 0: its half-spread is in there already. */
double stressed_half_spread(double mean_rate, double deviation_rate, double factor);

/* position_value      > 0, quote
 * sigma               0 to 100
 * time_years          0 to 100
 * log_drift           of ln price, per year, -1000 to 1000: drift - sigma^2 / 2, or 0
 * confidence          1e-300 to 1 - 2^-53, say 0.99
 * half_spread_rate    0 to 1
 * slippage_rate       up to 1; negative where the depth pays more than the reference price */
struct unwind {
    double position_value;
    double sigma;
    double time_years;
    double log_drift;
    double confidence;
    double half_spread_rate;
    double slippage_rate;
};

/* V (1 - e^(-z theta sigma sqrt T)) + V half_spread: Bangia et al., additive; may exceed V.
 * theta corrects the tails, 1 for none. Ignores log_drift and slippage_rate. Quote. */
double bangia_lvar(const struct unwind *unwind, double theta);

/* The loss exceeded with probability 1 - confidence, and the mean loss beyond it, in quote:
 * multiplicative, at most V. V (1 - e^(mT - z s) (1 - half_spread) (1 - slippage)), s = sigma
 * sqrt T V (1 - e^(mT + s^2/2) Phi(-z - s) / (1 - confidence) (1 - half_spread) (1 - slippage))
 * The second is never below the first. */
double liquidity_var(const struct unwind *unwind);
double liquidity_es(const struct unwind *unwind);

/* An unwind at an even pace costs k (Q / (ADV T))^beta in impact, which falls with T, and z
 * sigma sqrt(T/3) in risk, which grows; the sum is convex in ln T. impact k >= 0 volume_years Q
 * / ADV >= 0: the quantity over a year's traded quantity impact_exponent beta: 1 for linear
 * temporary impact, 1/2 for the square-root law; 0.05 to 5 risk_weight z, e.g.
 * normal_quantile(0.99); from 0 down risk does not count sigma >= 0 */
struct unwind_pace {
    double impact;
    double volume_years;
    double impact_exponent;
    double risk_weight;
    double sigma;
};

/* k (Q / (ADV T))^beta + z sigma sqrt(T/3), a fraction of the position's value; time_years > 0. */
double unwind_cost(const struct unwind_pace *pace, double time_years);

/* The time that minimises it, (2 sqrt 3 beta k (Q/ADV)^beta / (z sigma))^(1 / (beta + 1/2)),
 * within the bounds given, 0 < least <= most: the least time where there is no impact, the most
 * where there is no risk. */
double optimal_unwind_years(const struct unwind_pace *pace, double least_years, double most_years);

/* Almgren and Chriss, Optimal Execution of Portfolio Transactions (2000): a position X sold
 * within T at temporary impact eta per unit a year, permanent impact gamma, fixed cost epsilon a
 * unit, sigma in price units, risk aversion lambda. quantity, sigma_price, risk_aversion,
 * permanent_impact, fixed_cost >= 0; temporary_impact and time_years > 0. */
struct trajectory {
    double quantity;
    double time_years;
    double temporary_impact;
    double permanent_impact;
    double fixed_cost;
    double sigma_price;
    double risk_aversion;
};

/* Mean and variance of the cost of the trajectory x(t) = X sinh(k (T - t)) / sinh(k T), k =
 * sqrt(lambda sigma^2 / eta), which minimises mean + lambda * variance; and x(T/2). Without risk
 * aversion that is the even pace. */
struct trajectory_cost {
    double mean;
    double variance;
    double half_time_quantity;
};

struct trajectory_cost optimal_trajectory(const struct trajectory *trajectory);

#endif
