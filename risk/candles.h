/* Candles as a market state gives them, and the volatility that risk is computed with.
 *
 * A feed sends candles in place of a volatility; the estimates of volatility.h are made from them
 * with one half-life, and the recommended one is held within the market's floor and cap. */
#ifndef RISK_CANDLES_H
#define RISK_CANDLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/decimal.h"
#include "record/fault.h"
#include "record/record.h"

enum { CANDLES_MAX = 1000 };

/* ["open", "high", "low", "close"]. Any decimals are read; candles_accept judges them. */
struct candle_row { struct decimal open, high, low, close; };

/* Of one asset, oldest first, without gaps. */
struct candle_series {
    const char        *asset;
    int64_t            period_s;          /* 60..86400: of one candle */
    struct candle_row *rows;              /* 2..CANDLES_MAX */
    size_t             rows_count;
};

extern const struct record candle_series_record;

/* The first row that is no candle: candle_not_positive, candle_low_above_body or
 * candle_high_below_body (volatility.h), at its pointer below `at`, the series' own. */
bool candles_accept(const struct candle_series *series, const char *at, struct faults *faults);

enum volatility_limit { VOLATILITY_FREE, VOLATILITY_AT_FLOOR, VOLATILITY_AT_CAP };

/* The volatility within the market's bounds, floor <= cap, and which of them it met. */
struct decimal volatility_within(struct decimal volatility, struct decimal volatility_floor,
                                 struct decimal volatility_cap, enum volatility_limit *limit);

/* All a year's, as statistics (12 significant digits). */
struct candles_volatility {
    struct decimal        volatility;     /* the recommended one, within the market's bounds */
    enum volatility_limit limit;
    struct decimal        ewma_garman_klass, parkinson, garman_klass, rogers_satchell;
};

/* Of a series that was accepted. The recommended one is the larger of the exponentially weighted
 * Garman-Klass and half of the long-run volatility, which is Garman-Klass of all the candles. */
void candles_volatility(const struct candle_series *series, int64_t half_life_s,
                        struct decimal volatility_floor, struct decimal volatility_cap,
                        struct candles_volatility *out);

#endif
