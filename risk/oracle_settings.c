/* What governance says about prices: the guard's settings and the reports it judges, as records. */
#include <stdio.h>

#include "risk/oracle.h"
#include "risk/reckoning.h"

static const struct decimal millionth = DECIMAL_MICRO_OF(1);
static const struct decimal hundredth = DECIMAL_MICRO_OF(10000);
static const struct decimal ten       = DECIMAL_OF(10);
static const struct decimal hundred   = DECIMAL_OF(100);
static const struct decimal thousand  = DECIMAL_OF(1000);

enum { HOUR_S = 3600, DAY_S = 86400, MONTH_S = 30 * DAY_S, YEAR_S = 365 * DAY_S };

#define OTHERWISE(text) .optional = true, .initial = text

static const struct field source_price_fields[] = {
    NAME_FIELD   (source_price, source),
    DECIMAL_FIELD(source_price, price),
    DECIMAL_FIELD(source_price, confidence, OTHERWISE("0")),
    INSTANT_FIELD(source_price, observed_at),
};
const struct record source_price_record = RECORD(source_price, source_price_fields);

static const struct field source_weight_fields[] = {
    DECIMAL_FIELD(source_weight, weight, .above = &decimal_zero, .at_most = &thousand),
};
static const struct record source_weight_record = BARE(source_weight, source_weight_fields);

static const struct field oracle_settings_fields[] = {
    INTEGER_FIELD(oracle_settings, age_max_s, .min = 1, .max = DAY_S, OTHERWISE("60")),
    INTEGER_FIELD(oracle_settings, clock_skew_s, .max = 60, OTHERWISE("2")),
    DECIMAL_FIELD(oracle_settings, confidence_max_rate, .above = &decimal_zero,
                  .at_most = &decimal_one, OTHERWISE("0.01")),
    DECIMAL_FIELD(oracle_settings, confidence_floor_rate, .at_least = &millionth,
                  .at_most = &hundredth, OTHERWISE("0.0001")),
    INTEGER_FIELD(oracle_settings, quorum, .min = QUORUM_MIN, .max = SOURCES_MAX, OTHERWISE("3")),
    INTEGER_FIELD(oracle_settings, window_s, .min = 60, .max = DAY_S, OTHERWISE("1800")),
    INTEGER_FIELD(oracle_settings, volatility_half_life_s, .min = 60, .max = MONTH_S,
                  OTHERWISE("43200")),
    INTEGER_FIELD(oracle_settings, volatility_long_half_life_s, .min = DAY_S, .max = YEAR_S,
                  OTHERWISE("2592000")),
    DECIMAL_FIELD(oracle_settings, deviation_z, .at_least = &decimal_one, .at_most = &ten,
                  OTHERWISE("4")),
    DECIMAL_FIELD(oracle_settings, safety_factor, .at_least = &decimal_one, .at_most = &hundred,
                  OTHERWISE("2")),
    DECIMAL_FIELD(oracle_settings, slice_floor_rate, .at_least = &hundredth,
                  .at_most = &decimal_one, OTHERWISE("0.1")),
    INTEGER_FIELD(oracle_settings, retry_s, .min = 1, .max = HOUR_S, OTHERWISE("60")),
    MAP_FIELD    (oracle_settings, sources, source_weight, source, .optional = true,
                  .max = SOURCES_MAX),
};
const struct record oracle_settings_record = RECORD(oracle_settings, oracle_settings_fields);

/* Adds a fault at `at` + member where `is_wrong`; returns whether all is well. */
static bool
demand(struct faults *faults, bool is_wrong, const char *at, const char *member, const char *code,
       const char *detail)
{
    char pointer[FAULT_POINTER_MAX];

    if (!is_wrong)
        return true;
    snprintf(pointer, sizeof pointer, "%s/%s", at, member);
    fault_add(faults, pointer, code, "%s", detail);
    return false;
}

bool
oracle_settings_accept(const struct oracle_settings *settings, const char *at,
                       struct faults *faults)
{
    bool is_good = true;

    is_good &= demand(faults, is_below(settings->confidence_max_rate,
                                       settings->confidence_floor_rate),
                      at, "confidence_floor_rate", "confidence_bounds",
                      "the floor is not above the maximum");
    is_good &= demand(faults, settings->volatility_long_half_life_s <
                              settings->volatility_half_life_s,
                      at, "volatility_long_half_life_s", "half_life_order",
                      "the long half-life is not shorter than the other");
    is_good &= demand(faults, settings->sources_count > 0 &&
                              (int64_t)settings->sources_count < settings->quorum,
                      at, "quorum", "quorum_above_sources",
                      "there are at least as many sources as the quorum");
    return is_good;
}
