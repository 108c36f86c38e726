/* Volatility from candles, and the volatility that risk is computed with.
 *
 * Statistics: doubles; volatilities are annualised, as fractions. The market never closes, so
 * there is no term for the night. Range estimators are biased down where few trades make a
 * candle. */
#ifndef RISK_VOLATILITY_H
#define RISK_VOLATILITY_H

#include <stddef.h>

/* Prices over one period of fixed length. */
struct candle { double open, high, low, close; };

enum candle_fault {
    CANDLE_GOOD,
    CANDLE_NOT_POSITIVE,        /* a price that is not a number in (0, 1e100] and at least 1e-100 */
    CANDLE_LOW_ABOVE_BODY,      /* the low above the open or the close */
    CANDLE_HIGH_BELOW_BODY      /* the high below the open or the close */
};

/* "candle_low_above_body" and so on; "good" for none. */
const char *candle_fault_name(enum candle_fault fault);

/* The first fault among them; its candle's index goes to `at`, which is left alone if there is
 * none. */
enum candle_fault candles_check(const struct candle *candles, size_t count, size_t *at);

/* All of these take `count` candles that candles_check found good, oldest first, and how many of
 * them make a year of 365 days (8760 for hours). Without candles they give 0; with constant
 * prices too. */

/* sqrt of the mean of ln^2(C/O). */
double open_close_volatility(const struct candle *candles, size_t count, double candles_per_year);

/* Parkinson 1980: sum of ln^2(H/L) / (4 n ln 2). */
double parkinson_volatility(const struct candle *candles, size_t count, double candles_per_year);

/* Garman and Klass 1980: mean of ln^2(H/L)/2 - (2 ln 2 - 1) ln^2(C/O), which is never negative. */
double garman_klass_volatility(const struct candle *candles, size_t count, double candles_per_year);

/* Rogers and Satchell 1991, free of drift: mean of ln(H/C) ln(H/O) + ln(L/C) ln(L/O). */
double rogers_satchell_volatility(const struct candle *candles, size_t count,
                                  double candles_per_year);

/* Exponentially weighted: v = first variance, then v = decay v + (1 - decay) variance; decay in
 * [0, 1], 0.94 with RiskMetrics. Variances ln^2(C/O) with the first, those of Garman and Klass
 * with the second. */
double ewma_volatility(const struct candle *candles, size_t count, double candles_per_year,
                       double decay);
double ewma_garman_klass_volatility(const struct candle *candles, size_t count,
                                    double candles_per_year, double decay);

/* The decay under which a variance counts half after so many candles (>= 0): 2^(-1/half_life). */
double decay_of_half_life(double half_life_candles);

/* For risk: the largest of the exponentially weighted Garman-Klass, the floor, and half of the
 * long-run volatility. */
double recommended_volatility(double ewma_garman_klass, double volatility_floor, double long_run);

#endif
