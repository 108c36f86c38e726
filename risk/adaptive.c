/* Parameters that follow the market within bounds. */
#include "risk/adaptive.h"

#include <assert.h>
#include <stdio.h>

#include "risk/reckoning.h"

static const struct decimal stress_unit   = DECIMAL_UNITS_OF(1000000);      /* 1e-12 */
static const struct decimal millionth     = DECIMAL_MICRO_OF(1);
static const struct decimal hundredth     = DECIMAL_MICRO_OF(10000);
static const struct decimal most_of_one   = DECIMAL_MICRO_OF(900000);
static const struct decimal ten           = DECIMAL_OF(10);
static const struct decimal volatile_most = DECIMAL_OF(1000);

enum { WEEK_S = 7 * 86400 };

#define SECOND_US INT64_C(1000000)
#define OTHERWISE(text) .optional = true, .initial = text

static const struct field adaptive_settings_fields[] = {
    DECIMAL_FIELD(adaptive_settings, volatility_calm, .at_least = &decimal_zero,
                  .at_most = &volatile_most, OTHERWISE("1")),
    DECIMAL_FIELD(adaptive_settings, volatility_stressed, .at_least = &decimal_zero,
                  .at_most = &volatile_most, OTHERWISE("3")),
    DECIMAL_FIELD(adaptive_settings, depth_deep, .optional = true, .above = &decimal_zero),
    DECIMAL_FIELD(adaptive_settings, depth_thin, .optional = true, .at_least = &decimal_zero),
    DECIMAL_FIELD(adaptive_settings, band, .at_least = &decimal_zero, .at_most = &most_of_one,
                  OTHERWISE("0.1")),
    INTEGER_FIELD(adaptive_settings, rise_s, .max = WEEK_S, OTHERWISE("3600")),
    INTEGER_FIELD(adaptive_settings, fall_s, .max = WEEK_S, OTHERWISE("14400")),
    DECIMAL_FIELD(adaptive_settings, maintenance_multiplier_max, .at_least = &decimal_one,
                  .at_most = &ten, OTHERWISE("1")),
    DECIMAL_FIELD(adaptive_settings, penalty_floor_rate_max, .at_least = &decimal_zero,
                  .at_most = &decimal_one, OTHERWISE("0")),
    DECIMAL_FIELD(adaptive_settings, slice_rate_min, .at_least = &hundredth,
                  .at_most = &decimal_one, OTHERWISE("1")),
};
const struct record adaptive_settings_record = RECORD(adaptive_settings, adaptive_settings_fields);

#define STRESS .at_least = &decimal_zero, .at_most = &decimal_one

static const struct field stress_fields[] = {
    DECIMAL_FIELD(stress, volatility, STRESS),
    DECIMAL_FIELD(stress, depth,      STRESS),
    DECIMAL_FIELD(stress, held,       STRESS),
};
const struct record stress_record = RECORD(stress, stress_fields);

static bool
refuse(struct faults *faults, const char *at, const char *member, const char *code,
       const char *detail)
{
    char pointer[FAULT_POINTER_MAX];

    snprintf(pointer, sizeof pointer, "%s/%s", at, member);
    fault_add(faults, pointer, code, "%s", detail);
    return false;
}

bool
adaptive_settings_accept(const struct adaptive_settings *settings, const char *at,
                         struct faults *faults)
{
    bool has_thin = !decimal_is_none(settings->depth_thin);
    bool has_deep = !decimal_is_none(settings->depth_deep);
    bool is_good = true;

    if (!is_below(settings->volatility_calm, settings->volatility_stressed))
        is_good = refuse(faults, at, "volatility_stressed", "adaptive_volatility_order",
                         "a stressed volatility is above a calm one");
    if (has_thin != has_deep)
        is_good = refuse(faults, at, has_thin ? "depth_thin" : "depth_deep", "adaptive_depth_pair",
                         "a thin and a deep depth are given together or not at all");
    else if (has_deep && !is_below(settings->depth_thin, settings->depth_deep))
        is_good = refuse(faults, at, "depth_thin", "adaptive_depth_order",
                         "a thin depth is below a deep one");
    return is_good;
}

/* (a - b) / (c - b) within 0..1, up to 1e-12; b and c differ, and a lies on c's side of b or counts
 * as b. All are >= 0, so that no difference overflows. */
static struct decimal
part_of_way(struct decimal a, struct decimal b, struct decimal c)
{
    struct decimal done = { a.units - b.units };
    struct decimal whole = { c.units - b.units };
    struct decimal part = decimal_zero;
    bool fits;

    if (whole.units < 0) {
        done = decimal_negate(done);
        whole = decimal_negate(whole);
    }
    if (decimal_sign(done) <= 0)
        return decimal_zero;
    if (!is_below(done, whole))
        return decimal_one;
    fits = decimal_step(PRODUCT(done), PRODUCT(whole), ROUND_UP, stress_unit, &part);
    assert(fits);
    return part;
}

/* So much of the way from 0 to 1 can be gone in the time, up to 1e-12; at most all of it. */
static struct decimal
reach(int64_t elapsed_us, int64_t whole_s)
{
    struct decimal elapsed = { elapsed_us };
    struct decimal whole = { whole_s * SECOND_US };

    return part_of_way(elapsed, decimal_zero, whole);
}

/* What is held, drawn by the raw stress x: max(x, min(held, x + band)), no faster than allowed. */
static struct decimal
hold(const struct adaptive_settings *settings, struct decimal held, struct decimal raw,
     int64_t elapsed_us)
{
    struct decimal slack = { raw.units + settings->band.units };
    struct decimal target = greatest(raw, least(held, slack));

    if (settings->rise_s > 0) {
        struct decimal highest = { held.units + reach(elapsed_us, settings->rise_s).units };
        target = least(target, highest);
    }
    if (settings->fall_s > 0) {
        struct decimal lowest = { held.units - reach(elapsed_us, settings->fall_s).units };
        target = greatest(target, lowest);
    }
    return target;
}

static struct decimal
raw_of(const struct stress *stress)
{
    return greatest(stress->volatility, stress->depth);
}

void
stress_follow(const struct adaptive_settings *settings, const struct stress *previous,
              struct decimal volatility, struct decimal depth_value, int64_t elapsed_us,
              struct stress *next)
{
    struct stress now = previous ? *previous
                                 : (struct stress){ decimal_zero, decimal_zero, decimal_zero };

    assert(elapsed_us >= 0);
    if (!decimal_is_none(volatility))
        now.volatility = part_of_way(volatility, settings->volatility_calm,
                                     settings->volatility_stressed);
    if (decimal_is_none(settings->depth_deep))
        now.depth = decimal_zero;
    else if (!decimal_is_none(depth_value))
        now.depth = part_of_way(depth_value, settings->depth_deep, settings->depth_thin);
    now.held = previous ? hold(settings, previous->held, raw_of(&now), elapsed_us) : raw_of(&now);
    *next = now;
}

const char *
adaptive_reason_name(enum adaptive_reason reason)
{
    switch (reason) {
    case ADAPTIVE_CALM:       return "calm";
    case ADAPTIVE_VOLATILITY: return "volatility";
    case ADAPTIVE_DEPTH:      return "depth";
    case ADAPTIVE_HELD:       return "held";
    }
    return "calm";
}

static enum adaptive_reason
reason_of(const struct stress *stress)
{
    if (is_below(raw_of(stress), stress->held))
        return ADAPTIVE_HELD;
    return is_below(stress->volatility, stress->depth) ? ADAPTIVE_DEPTH : ADAPTIVE_VOLATILITY;
}

/* distance * past / (1 - band), rounded as said; all of them >= 0, the quotient at most 1. */
static struct decimal
share_of(struct decimal distance, struct decimal past, struct decimal most, enum rounding rounding,
         struct decimal unit)
{
    struct decimal share = decimal_zero;

    if (decimal_sign(distance) == 0 || decimal_sign(past) == 0)
        return share;
    bool fits = decimal_step(PRODUCT(distance, past), PRODUCT(most), rounding, unit, &share);
    assert(fits);
    return share;
}

void
adaptive_effective(const struct adaptive_settings *settings, const struct stress *stress,
                   struct decimal floor_rate, struct adaptive *out)
{
    struct decimal top = settings->maintenance_multiplier_max;
    struct decimal highest = greatest(settings->penalty_floor_rate_max, floor_rate);
    struct decimal lowest = settings->slice_rate_min;
    struct decimal most = { DECIMAL_ONE_UNITS - settings->band.units };
    struct decimal past = { stress->held.units - settings->band.units };
    struct decimal added;

    past = least(greatest(past, decimal_zero), most);
    out->reason = decimal_sign(past) > 0 ? reason_of(stress) : ADAPTIVE_CALM;
    out->stress = share_of(decimal_one, past, most, ROUND_DOWN, stress_unit);
    added = share_of((struct decimal){ top.units - DECIMAL_ONE_UNITS }, past, most, ROUND_UP,
                     millionth);
    out->maintenance_multiplier = least((struct decimal){ DECIMAL_ONE_UNITS + added.units }, top);
    added = share_of((struct decimal){ highest.units - floor_rate.units }, past, most, ROUND_UP,
                     millionth);
    out->penalty_floor_rate = least((struct decimal){ floor_rate.units + added.units }, highest);
    added = share_of((struct decimal){ DECIMAL_ONE_UNITS - lowest.units }, past, most, ROUND_UP,
                     millionth);
    out->slice_rate = greatest((struct decimal){ DECIMAL_ONE_UNITS - added.units }, lowest);
}
