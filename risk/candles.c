/* Candles as a market state gives them. */
#include "risk/candles.h"

#include <assert.h>
#include <stdio.h>

#include "risk/elementary.h"
#include "risk/statistic.h"
#include "risk/volatility.h"

enum { DAY_S = 86400 };

static const struct field candle_row_fields[] = {
    DECIMAL_FIELD(candle_row, open),
    DECIMAL_FIELD(candle_row, high),
    DECIMAL_FIELD(candle_row, low),
    DECIMAL_FIELD(candle_row, close),
};
static const struct record candle_row_record = TUPLE(candle_row, candle_row_fields);

static const struct field candle_series_fields[] = {
    INTEGER_FIELD(candle_series, period_s, .min = 60, .max = DAY_S),
    LIST_FIELD   (candle_series, rows, candle_row, .min = 2, .max = CANDLES_MAX),
};
const struct record candle_series_record = RECORD(candle_series, candle_series_fields);

static struct candle
candle_of(const struct candle_row *row)
{
    return (struct candle){ statistic_of(row->open), statistic_of(row->high),
                            statistic_of(row->low), statistic_of(row->close) };
}

bool
candles_accept(const struct candle_series *series, const char *at, struct faults *faults)
{
    char pointer[FAULT_POINTER_MAX];
    for (size_t i = 0; i < series->rows_count; i++) {
        struct candle candle = candle_of(&series->rows[i]);
        size_t unused = 0;
        enum candle_fault fault = candles_check(&candle, 1, &unused);
        if (fault == CANDLE_GOOD)
            continue;
        snprintf(pointer, sizeof pointer, "%s/rows/%zu", at, i);
        fault_add(faults, pointer, candle_fault_name(fault), "%s",
                  fault == CANDLE_NOT_POSITIVE      ? "a candle's prices are above 0"
                  : fault == CANDLE_LOW_ABOVE_BODY ? "the low is above the open or the close"
                                                   : "the high is below the open or the close");
        return false;
    }
    return true;
}

struct decimal
volatility_within(struct decimal volatility, struct decimal volatility_floor,
                  struct decimal volatility_cap, enum volatility_limit *limit)
{
    *limit = VOLATILITY_FREE;
    if (decimal_compare(volatility, volatility_cap) > 0) {
        *limit = VOLATILITY_AT_CAP;
        return volatility_cap;
    }
    if (decimal_compare(volatility, volatility_floor) < 0) {
        *limit = VOLATILITY_AT_FLOOR;
        return volatility_floor;
    }
    return volatility;
}

/* Below 1e5: ln(H/L) is at most 90, and a year has at most 525,600 candles. Where Rogers-Satchell
 * cancels to just below 0, its root is no number and stands for 0. */
static struct decimal
shown(double volatility)
{
    struct decimal value = decimal_zero;
    bool fits = decimal_of_statistic(volatility > 0 ? volatility : 0, &value);
    assert(fits);
    return value;
}

void
candles_volatility(const struct candle_series *series, int64_t half_life_s,
                   struct decimal volatility_floor, struct decimal volatility_cap,
                   struct candles_volatility *out)
{
    struct candle candles[CANDLES_MAX];
    size_t count = series->rows_count;
    double per_year = SECONDS_PER_YEAR / (double)series->period_s;
    double decay = decay_of_half_life((double)half_life_s / (double)series->period_s);
    assert(count <= CANDLES_MAX);
    for (size_t i = 0; i < count; i++)
        candles[i] = candle_of(&series->rows[i]);
    double recent = ewma_garman_klass_volatility(candles, count, per_year, decay);
    double long_run = garman_klass_volatility(candles, count, per_year);
    out->ewma_garman_klass = shown(recent);
    out->garman_klass = shown(long_run);
    out->parkinson = shown(parkinson_volatility(candles, count, per_year));
    out->rogers_satchell = shown(rogers_satchell_volatility(candles, count, per_year));
    out->volatility = volatility_within(shown(recommended_volatility(recent, 0, long_run)),
                                        volatility_floor, volatility_cap, &out->limit);
}
