/* The parameter document: its members, their bounds and defaults. rules.md 2. */
#include "risk/parameters.h"

#include <string.h>

#include "risk/adaptive.h"
#include "risk/governance.h"
#include "risk/oracle.h"

/* Bounds that are neither 0, 1 nor 1e-18. */
static const struct decimal hundredth     = DECIMAL_MICRO_OF(10000);
static const struct decimal half          = DECIMAL_MICRO_OF(500000);
static const struct decimal most_unsure   = DECIMAL_MICRO_OF(950000);
static const struct decimal most_certain  = DECIMAL_MICRO_OF(999900);
static const struct decimal two           = DECIMAL_OF(2);
static const struct decimal ten           = DECIMAL_OF(10);
static const struct decimal minus_ten     = DECIMAL_OF(-10);
static const struct decimal hundred       = DECIMAL_OF(100);
static const struct decimal minus_hundred = DECIMAL_OF(-100);
static const struct decimal thousand      = DECIMAL_OF(1000);
static const struct decimal hour          = DECIMAL_OF(3600);

enum { DAY_S = 86400, YEAR_S = 31536000 };

#define OTHERWISE(text)   .optional = true, .initial = text
#define ABSENT_IS_NONE    .optional = true
#define NOT_NEGATIVE      .at_least = &decimal_zero
#define POSITIVE          .above = &decimal_zero
#define FRACTION          .at_least = &decimal_zero, .at_most = &decimal_one
#define POSITIVE_FRACTION .above = &decimal_zero, .at_most = &decimal_one
#define UP_TO_HALF        .at_least = &decimal_zero, .at_most = &half
#define UP_TO_TEN         .at_least = &decimal_zero, .at_most = &ten
#define UP_TO_HUNDRED     .at_least = &decimal_zero, .at_most = &hundred
#define WITHIN_TEN        .at_least = &minus_ten, .at_most = &ten
#define SMALLEST          "0.000000000000000001"

/* One case of a variant: a record of the variant's struct, under a name of its own. */
#define CASE(case_name, type, list) \
    { .name = case_name, .size = sizeof(struct type), .fields = list, .count = COUNT_OF(list) }

static const struct field quote_fields[] = {
    NAME_FIELD   (quote, asset,          OTHERWISE("USD")),
    DECIMAL_FIELD(quote, unit,           POSITIVE_FRACTION, OTHERWISE(SMALLEST)),
    FLAG_FIELD   (quote, round_weighted, OTHERWISE("false")),
};
static const struct record quote_record = RECORD(quote, quote_fields);

static const struct field bracket_fields[] = {
    DECIMAL_FIELD(bracket, from_notional, NOT_NEGATIVE),
    DECIMAL_FIELD(bracket, rate,          FRACTION),
    DECIMAL_FIELD(bracket, deduction,     NOT_NEGATIVE, ABSENT_IS_NONE),
};
static const struct record bracket_record = RECORD(bracket, bracket_fields);

static const struct field ramp_fields[] = {
    DECIMAL_FIELD(ramp, initial_threshold, FRACTION),
    INSTANT_FIELD(ramp, start_at),
    INTEGER_FIELD(ramp, duration_s, .min = 1, .max = YEAR_S),
};
static const struct record ramp_record = RECORD(ramp, ramp_fields);

static const struct field category_fields[] = {
    DECIMAL_FIELD(category, opening_weight, FRACTION, ABSENT_IS_NONE),
    DECIMAL_FIELD(category, threshold,      FRACTION, ABSENT_IS_NONE),
    DECIMAL_FIELD(category, penalty_rate,   FRACTION, ABSENT_IS_NONE),
    POINTER_FIELD(category, ramp, ramp, .optional = true),
};
static const struct record category_record = RECORD(category, category_fields);

static const struct field pre_liquidation_fields[] = {
    DECIMAL_FIELD(pre_liquidation, threshold,          NOT_NEGATIVE),
    DECIMAL_FIELD(pre_liquidation, close_start_rate,   NOT_NEGATIVE),
    DECIMAL_FIELD(pre_liquidation, close_end_rate,     NOT_NEGATIVE),
    DECIMAL_FIELD(pre_liquidation, penalty_start_rate, NOT_NEGATIVE, OTHERWISE("0")),
    DECIMAL_FIELD(pre_liquidation, penalty_end_rate,   NOT_NEGATIVE, OTHERWISE("0")),
    POINTER_FIELD(pre_liquidation, ramp, ramp, .optional = true),
};
static const struct record pre_liquidation_record = RECORD(pre_liquidation, pre_liquidation_fields);

static const struct field asset_fields[] = {
    DECIMAL_FIELD(asset, unit,              POSITIVE_FRACTION, OTHERWISE(SMALLEST)),
    DECIMAL_FIELD(asset, price_unit,        POSITIVE, OTHERWISE(SMALLEST)),
    DECIMAL_FIELD(asset, opening_weight,    FRACTION, OTHERWISE("0")),
    DECIMAL_FIELD(asset, threshold,         FRACTION, OTHERWISE("0")),
    DECIMAL_FIELD(asset, borrow_factor,     .at_least = &decimal_one, .at_most = &hundred,
                  OTHERWISE("1")),
    DECIMAL_FIELD(asset, penalty_rate,      FRACTION, OTHERWISE("0")),
    DECIMAL_FIELD(asset, closing_fee_rate,  UP_TO_HALF, OTHERWISE("0")),
    DECIMAL_FIELD(asset, transfer_fee_rate, UP_TO_HALF, OTHERWISE("0")),
    LIST_FIELD   (asset, brackets, bracket, .max = BRACKETS_MAX, .optional = true),
    MAP_FIELD    (asset, categories, category, name, .max = CATEGORIES_MAX, .optional = true),
    POINTER_FIELD(asset, pre_liquidation, pre_liquidation, .optional = true),
    POINTER_FIELD(asset, ramp, ramp, .optional = true),
    DECIMAL_FIELD(asset, volatility_floor,  UP_TO_HUNDRED, OTHERWISE("0")),
    DECIMAL_FIELD(asset, volatility_cap,    UP_TO_HUNDRED, OTHERWISE("100")),
    INTEGER_FIELD(asset, price_age_max_s,   .min = 1, .max = DAY_S, OTHERWISE("3600")),
    DECIMAL_FIELD(asset, beta,              WITHIN_TEN, OTHERWISE("1")),
    DECIMAL_FIELD(asset, borrow_rate,       UP_TO_TEN, OTHERWISE("0")),
};
static const struct record asset_record = RECORD(asset, asset_fields);

static const char *const maintenance_prices[] = { "mark", "entry", "liquidation", NULL };
static const char *const closing_fee_prices[] = { "liquidation", "bankruptcy", NULL };
static const char *const roundings[]          = { "up", "down", NULL };

static const struct field trigger_fields[] = {
    CHOICE_FIELD (trigger, maintenance_price,    .choices = maintenance_prices,
                  OTHERWISE("liquidation")),
    CHOICE_FIELD (trigger, closing_fee_price,    .choices = closing_fee_prices,
                  OTHERWISE("liquidation")),
    CHOICE_FIELD (trigger, maintenance_rounding, .choices = roundings, OTHERWISE("up")),
    DECIMAL_FIELD(trigger, reward,               NOT_NEGATIVE, OTHERWISE("0")),
};
static const struct record trigger_below_record       = CASE("trigger_below", trigger,
                                                             trigger_fields);
static const struct record trigger_at_or_below_record = CASE("trigger_at_or_below", trigger,
                                                             trigger_fields);
static const struct record_case trigger_cases[] = {
    [TRIGGER_BELOW]       = { "below",       &trigger_below_record },
    [TRIGGER_AT_OR_BELOW] = { "at_or_below", &trigger_at_or_below_record },
};
static const struct record trigger_record = VARIANT(trigger, rule, trigger_cases);

static const char *const excesses[]   = { "cut", "refuse", NULL };
static const char *const shortfalls[] = { "cut_repay", "repay_in_full", NULL };
static const char *const steps[]      = { "exact", "quantity", "value", NULL };
static const char *const scopes[]     = { "leg", "account", NULL };
static const char *const ofs[]        = { "leg", "position", NULL };

#define CLOSE_FIELDS \
    CHOICE_FIELD (close, excess,             .choices = excesses, OTHERWISE("cut")), \
    CHOICE_FIELD (close, shortfall,          .choices = shortfalls, OTHERWISE("cut_repay")), \
    CHOICE_FIELD (close, steps,              .choices = steps, OTHERWISE("exact")), \
    CHOICE_FIELD (close, repay_rounding,     .choices = roundings, OTHERWISE("up")), \
    INTEGER_FIELD(close, seize_margin_units, .min = 0, .max = 1000, OTHERWISE("0"))

static const struct field close_full_fields[] = {
    CLOSE_FIELDS,
    CHOICE_FIELD(close, scope, .choices = scopes, OTHERWISE("leg")),
};
static const struct field close_fraction_fields[] = {
    CLOSE_FIELDS,
    DECIMAL_FIELD(close, rate,             POSITIVE_FRACTION),
    CHOICE_FIELD (close, of,               .choices = ofs, OTHERWISE("leg")),
    DECIMAL_FIELD(close, full_at_health,   FRACTION, OTHERWISE("0")),
    DECIMAL_FIELD(close, full_below_value, NOT_NEGATIVE, OTHERWISE("0")),
    DECIMAL_FIELD(close, minimum_value,    NOT_NEGATIVE, OTHERWISE("0")),
};
static const struct field close_target_health_fields[] = {
    CLOSE_FIELDS,
    DECIMAL_FIELD(close, health, .at_least = &decimal_one, .at_most = &ten),
};
static const struct field close_within_slippage_fields[] = { CLOSE_FIELDS };

static const struct record close_full_record          = CASE("close_full", close,
                                                             close_full_fields);
static const struct record close_fraction_record      = CASE("close_fraction", close,
                                                             close_fraction_fields);
static const struct record close_target_health_record =
    CASE("close_target_health", close, close_target_health_fields);
static const struct record close_within_slippage_record =
    CASE("close_within_slippage", close, close_within_slippage_fields);
static const struct record_case close_cases[] = {
    [CLOSE_FULL]            = { "full",            &close_full_record },
    [CLOSE_FRACTION]        = { "fraction",        &close_fraction_record },
    [CLOSE_TARGET_HEALTH]   = { "target_health",   &close_target_health_record },
    [CLOSE_WITHIN_SLIPPAGE] = { "within_slippage", &close_within_slippage_record },
};
static const struct record close_record = VARIANT(close, rule, close_cases);

static const char *const short_requests[] = { "refuse", "raise", NULL };

static const struct field dust_fields[] = {
    DECIMAL_FIELD(dust, debt_value,            NOT_NEGATIVE, OTHERWISE("0")),
    DECIMAL_FIELD(dust, collateral_value,      NOT_NEGATIVE, OTHERWISE("0")),
    DECIMAL_FIELD(dust, debt_rate,             FRACTION, OTHERWISE("0")),
    CHOICE_FIELD (dust, short_request,         .choices = short_requests, OTHERWISE("refuse")),
    FLAG_FIELD   (dust, waived_when_insolvent, OTHERWISE("false")),
};
static const struct record dust_none_record          = CASE("dust_none", dust, dust_fields);
static const struct record dust_refuse_record        = CASE("dust_refuse", dust, dust_fields);
static const struct record dust_full_record          = CASE("dust_full", dust, dust_fields);
static const struct record dust_leave_minimum_record = CASE("dust_leave_minimum", dust,
                                                            dust_fields);
static const struct record_case dust_cases[] = {
    [DUST_NONE]          = { "none",          &dust_none_record },
    [DUST_REFUSE]        = { "refuse",        &dust_refuse_record },
    [DUST_FULL]          = { "full",          &dust_full_record },
    [DUST_LEAVE_MINIMUM] = { "leave_minimum", &dust_leave_minimum_record },
};
static const struct record dust_record = VARIANT(dust, rule, dust_cases);

static const char *const forms[] = { "bonus", "discount", NULL };

#define PENALTY_FIELDS \
    CHOICE_FIELD (penalty, form,       .choices = forms, OTHERWISE("bonus")), \
    DECIMAL_FIELD(penalty, rate_unit,  POSITIVE, .at_most = &hundredth, OTHERWISE(SMALLEST)), \
    DECIMAL_FIELD(penalty, floor_rate, FRACTION, OTHERWISE("0")), \
    DECIMAL_FIELD(penalty, cap_rate,   FRACTION, OTHERWISE("1")), \
    FLAG_FIELD   (penalty, equity_cap, OTHERWISE("false"))

static const struct field penalty_fixed_fields[] = { PENALTY_FIELDS };
static const struct field penalty_from_threshold_fields[] = {
    PENALTY_FIELDS,
    DECIMAL_FIELD(penalty, slope, POSITIVE_FRACTION),
};
static const struct field penalty_by_health_fields[] = {
    PENALTY_FIELDS,
    DECIMAL_FIELD(penalty, health_for_max, .at_least = &minus_hundred, .at_most = &decimal_one),
    DECIMAL_FIELD(penalty, minimum_factor, FRACTION, OTHERWISE("0")),
};
static const struct field penalty_optimal_fields[] = {
    PENALTY_FIELDS,
    DECIMAL_FIELD(penalty, equity_weight,   POSITIVE, .at_most = &half, OTHERWISE("0.05")),
    DECIMAL_FIELD(penalty, bad_debt_weight, NOT_NEGATIVE, .at_most = &thousand, OTHERWISE("1")),
    DECIMAL_FIELD(penalty, hurdle_rate,     FRACTION, OTHERWISE("0.0005")),
};
static const struct record penalty_fixed_record = CASE("penalty_fixed", penalty,
                                                       penalty_fixed_fields);
static const struct record penalty_from_threshold_record =
    CASE("penalty_from_threshold", penalty, penalty_from_threshold_fields);
static const struct record penalty_by_health_record =
    CASE("penalty_by_health", penalty, penalty_by_health_fields);
static const struct record penalty_optimal_record = CASE("penalty_optimal", penalty,
                                                         penalty_optimal_fields);
static const struct record_case penalty_cases[] = {
    [PENALTY_FIXED]          = { "fixed",          &penalty_fixed_record },
    [PENALTY_FROM_THRESHOLD] = { "from_threshold", &penalty_from_threshold_record },
    [PENALTY_BY_HEALTH]      = { "by_health",      &penalty_by_health_record },
    [PENALTY_OPTIMAL]        = { "optimal",        &penalty_optimal_record },
};
static const struct record penalty_record = VARIANT(penalty, rule, penalty_cases);

static const char *const split_ofs[] = { "bonus", "whole", NULL };

static const struct field split_fields[] = {
    DECIMAL_FIELD(split, protocol_rate,  FRACTION, OTHERWISE("0")),
    CHOICE_FIELD (split, protocol_of,    .choices = split_ofs, OTHERWISE("bonus")),
    DECIMAL_FIELD(split, insurance_rate, FRACTION, OTHERWISE("0")),
    CHOICE_FIELD (split, insurance_of,   .choices = split_ofs, OTHERWISE("bonus")),
};
static const struct record split_record = RECORD(split, split_fields);

static const struct field execution_fields[] = {
    DECIMAL_FIELD(execution, slippage_tolerance_rate, POSITIVE_FRACTION, OTHERWISE("0.02")),
    DECIMAL_FIELD(execution, maximum_slice_value,     NOT_NEGATIVE, ABSENT_IS_NONE),
    INTEGER_FIELD(execution, latency_s,               .min = 0, .max = DAY_S, OTHERWISE("60")),
    DECIMAL_FIELD(execution, block_time_s,            POSITIVE, .at_most = &hour, OTHERWISE("12")),
    DECIMAL_FIELD(execution, inclusion_probability,   POSITIVE_FRACTION, OTHERWISE("0.9")),
    DECIMAL_FIELD(execution, gas,                     NOT_NEGATIVE, OTHERWISE("0")),
    DECIMAL_FIELD(execution, depth_uncertainty_rate,
                  .at_least = &decimal_zero, .at_most = &most_unsure, OTHERWISE("0.2")),
    DECIMAL_FIELD(execution, confidence,              .above = &half, .at_most = &most_certain,
                  OTHERWISE("0.99")),
    DECIMAL_FIELD(execution, spread_rate,             FRACTION, OTHERWISE("0")),
    DECIMAL_FIELD(execution, spread_volatility,       FRACTION, OTHERWISE("0")),
    DECIMAL_FIELD(execution, spread_multiplier,       UP_TO_TEN, OTHERWISE("3")),
    DECIMAL_FIELD(execution, impact_coefficient,      UP_TO_HUNDRED, OTHERWISE("1")),
    DECIMAL_FIELD(execution, impact_exponent,         POSITIVE, .at_most = &two, OTHERWISE("1")),
    POINTER_FIELD(execution, adaptive, adaptive_settings, .optional = true),
};
static const struct record execution_record = RECORD(execution, execution_fields);

static const struct field suggestions_fields[] = {
    INTEGER_FIELD(suggestions, horizon_s,              .min = 60, .max = YEAR_S,
                  OTHERWISE("86400")),
    DECIMAL_FIELD(suggestions, target_probability,     POSITIVE, .at_most = &half,
                  OTHERWISE("0.02")),
    DECIMAL_FIELD(suggestions, target_health,          .at_least = &decimal_one, .at_most = &ten,
                  OTHERWISE("1.1")),
    DECIMAL_FIELD(suggestions, capital_rate,           UP_TO_TEN, OTHERWISE("0")),
    FLAG_FIELD   (suggestions, hedge,                  OTHERWISE("false")),
    DECIMAL_FIELD(suggestions, hedge_fee_rate,         UP_TO_HALF, OTHERWISE("0.0005")),
    DECIMAL_FIELD(suggestions, hedge_half_spread_rate, UP_TO_HALF, OTHERWISE("0")),
    DECIMAL_FIELD(suggestions, funding_rate,           WITHIN_TEN, OTHERWISE("0")),
};
static const struct record suggestions_record = RECORD(suggestions, suggestions_fields);

static const char *const statuses[]       = { "open", "paused", "retired", NULL };
static const char *const applies_to_all[] = { "all", "ramp", "new_only", NULL };

static const struct field parameters_fields[] = {
    CHOICE_FIELD (parameters, status, .choices = statuses, .optional = true),
    CHOICE_FIELD (parameters, applies_to, .choices = applies_to_all, .optional = true),
    INTEGER_FIELD(parameters, ramp_s, .min = 60, .max = YEAR_S, .optional = true),
    RECORD_FIELD(parameters, quote, quote, .optional = true),
    MAP_FIELD   (parameters, assets, asset, name, .max = ASSETS_MAX),
    RECORD_FIELD(parameters, trigger, trigger),
    RECORD_FIELD(parameters, close, close),
    RECORD_FIELD(parameters, dust, dust),
    RECORD_FIELD(parameters, penalty, penalty),
    RECORD_FIELD(parameters, split, split, .optional = true),
    RECORD_FIELD(parameters, execution, execution, .optional = true),
    RECORD_FIELD(parameters, suggestions, suggestions, .optional = true),
    POINTER_FIELD(parameters, oracle, oracle_settings, .optional = true),
    POINTER_FIELD(parameters, governance, governance, .optional = true),
};
const struct record parameters_record = RECORD(parameters, parameters_fields);

const struct asset *
parameters_asset(const struct parameters *parameters, const char *name)
{
    for (size_t i = 0; i < parameters->assets_count; i++)
        if (!strcmp(parameters->assets[i].name, name))
            return &parameters->assets[i];
    return NULL;
}
