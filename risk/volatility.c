/* Volatility from candles. */
#include "risk/volatility.h"

#include <stdbool.h>

#include "risk/elementary.h"

static const double price_min = 1e-100;
static const double price_max = 1e100;
static const double log_two   = 0x1.62e42fefa39efp-1;

/* A candle's share of the variance of its period. */
typedef double variance_of(const struct candle *candle);

const char *
candle_fault_name(enum candle_fault fault)
{
    switch (fault) {
    case CANDLE_GOOD:            return "good";
    case CANDLE_NOT_POSITIVE:    return "candle_not_positive";
    case CANDLE_LOW_ABOVE_BODY:  return "candle_low_above_body";
    case CANDLE_HIGH_BELOW_BODY: return "candle_high_below_body";
    }
    return "good";
}

/* NaN is not in it. */
static bool
is_price(double price)
{
    return price >= price_min && price <= price_max;
}

static enum candle_fault
check(const struct candle *candle)
{
    if (!is_price(candle->open) || !is_price(candle->high))
        return CANDLE_NOT_POSITIVE;
    if (!is_price(candle->low) || !is_price(candle->close))
        return CANDLE_NOT_POSITIVE;
    if (candle->low > real_min(candle->open, candle->close))
        return CANDLE_LOW_ABOVE_BODY;
    if (candle->high < real_max(candle->open, candle->close))
        return CANDLE_HIGH_BELOW_BODY;
    return CANDLE_GOOD;
}

enum candle_fault
candles_check(const struct candle *candles, size_t count, size_t *at)
{
    for (size_t i = 0; i < count; i++) {
        enum candle_fault fault = check(&candles[i]);
        if (fault == CANDLE_GOOD)
            continue;
        *at = i;
        return fault;
    }
    return CANDLE_GOOD;
}

/* ln(a/b), without losing the digits of a small difference. */
static double
log_ratio(double a, double b)
{
    double ratio = a / b;
    return ratio > 0.5 && ratio < 2 ? real_log1p((a - b) / b) : real_log(ratio);
}

static double
square_of(double x)
{
    return x * x;
}

static double
open_close_variance(const struct candle *candle)
{
    return square_of(log_ratio(candle->close, candle->open));
}

static double
parkinson_variance(const struct candle *candle)
{
    return square_of(log_ratio(candle->high, candle->low)) / (4 * log_two);
}

/* As |ln(C/O)| <= ln(H/L) this is at least (1.5 - 2 ln 2) ln^2(H/L). */
static double
garman_klass_variance(const struct candle *candle)
{
    return square_of(log_ratio(candle->high, candle->low)) / 2
        - (2 * log_two - 1) * square_of(log_ratio(candle->close, candle->open));
}

static double
rogers_satchell_variance(const struct candle *candle)
{
    return log_ratio(candle->high, candle->close) * log_ratio(candle->high, candle->open)
        + log_ratio(candle->low, candle->close) * log_ratio(candle->low, candle->open);
}

static double
mean_volatility(variance_of *variance, const struct candle *candles, size_t count, double per_year)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += variance(&candles[i]);
    return count ? real_sqrt(sum / (double)count * per_year) : 0;
}

static double
weighted_volatility(variance_of *variance, const struct candle *candles, size_t count,
                    double per_year, double decay)
{
    if (!count)
        return 0;
    double mean = variance(&candles[0]);
    for (size_t i = 1; i < count; i++)
        mean = decay * mean + (1 - decay) * variance(&candles[i]);
    return real_sqrt(mean * per_year);
}

double
open_close_volatility(const struct candle *candles, size_t count, double candles_per_year)
{
    return mean_volatility(open_close_variance, candles, count, candles_per_year);
}

double
parkinson_volatility(const struct candle *candles, size_t count, double candles_per_year)
{
    return mean_volatility(parkinson_variance, candles, count, candles_per_year);
}

double
garman_klass_volatility(const struct candle *candles, size_t count, double candles_per_year)
{
    return mean_volatility(garman_klass_variance, candles, count, candles_per_year);
}

double
rogers_satchell_volatility(const struct candle *candles, size_t count, double candles_per_year)
{
    return mean_volatility(rogers_satchell_variance, candles, count, candles_per_year);
}

double
ewma_volatility(const struct candle *candles, size_t count, double candles_per_year, double decay)
{
    return weighted_volatility(open_close_variance, candles, count, candles_per_year, decay);
}

double
ewma_garman_klass_volatility(const struct candle *candles, size_t count, double candles_per_year,
                             double decay)
{
    return weighted_volatility(garman_klass_variance, candles, count, candles_per_year, decay);
}

double
decay_of_half_life(double half_life_candles)
{
    return real_exp(-log_two / half_life_candles);
}

double
recommended_volatility(double ewma_garman_klass, double volatility_floor, double long_run)
{
    return real_max(ewma_garman_klass, real_max(volatility_floor, long_run / 2));
}
