/* When a price first touches a barrier: the probability of a liquidation within a horizon, and
 * its time.
 *
 * Statistics: doubles in natural units (years of 365 days, volatility per square root of a year
 * as a fraction). Total on the ranges stated: a volatility or a time of 0 is a limit, never an
 * error; no NaN comes out. Formulas: Harrison, Brownian Motion and Stochastic Flow Systems
 * (1985), by reflection. */
#ifndef RISK_PASSAGE_H
#define RISK_PASSAGE_H

/* log_distance b = ln(barrier / price), -100 to 100: below 0 the barrier is below (a long),
 * above 0 above (a short), at 0 it has been touched sigma 0 to 100 log_drift m, of ln price per
 * year, -10000 to 10000: log_drift_of(drift, sigma) */
struct passage {
    double log_distance;
    double sigma;
    double log_drift;
};

/* m = drift - sigma^2 / 2, for the drift of the price itself (0 for a martingale). */
double log_drift_of(double drift, double sigma);

/* That it is touched by horizon_years (0 to 1e6), watched without a pause:
 *   Phi((b - mh)/v) + e^(2mb/sigma^2) Phi((b + mh)/v),  v = sigma sqrt h, for b < 0. */
double passage_probability(const struct passage *passage, double horizon_years);

/* That it is ever touched: 1, or e^(2mb/sigma^2) where the drift leads away. */
double passage_ever_probability(const struct passage *passage);

/* The mean time to the touch, b/m; infinite where the drift does not lead there. It misleads on
 * its own: give the probability, the limited mean and the median beside it. Years. */
double passage_mean_years(const struct passage *passage);

/* The mean of the earlier of the touch and the horizon (0 to 1e6 years); 0 to horizon_years. */
double passage_limited_mean_years(const struct passage *passage, double horizon_years);

/* The time by which it is touched with the probability given, in (0, 1): 0.5 for the median.
 * Infinite where that never happens, or not within a million years. */
double passage_quantile_years(const struct passage *passage, double probability);

/* The same barrier watched only every interval_years (>= 0) acts like one that lies 0.5825971579
 * sigma sqrt(interval) farther off (Broadie, Glasserman and Kou 1997). */
struct passage passage_watched_every(const struct passage *passage, double interval_years);

/* The |log distance| at which a barrier below is touched within the horizon with the probability
 * given, in (0, 1); a barrier above has the distance of one below under -log_drift. At most 20,
 * which is returned where even that is too near. */
double passage_distance(double sigma, double log_drift, double horizon_years, double probability);

#endif
