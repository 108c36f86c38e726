/* What must hold between the members of a parameter document: rules.md 3. All that is wrong is
 * collected. */
#include <stdio.h>

#include "risk/adaptive.h"
#include "risk/governance.h"
#include "risk/multiplier.h"
#include "risk/oracle.h"
#include "risk/parameters.h"
#include "risk/reckoning.h"

#define GIVEN_AWAY "a discount of 1 gives the collateral away, it is under 1"

/* Where the check stands, and whom it tells. */
struct inspection {
    const struct parameters *parameters;
    struct faults           *violations, *warnings;
    size_t                   found;
    bool is_given_away; /* a discount may come to 1: there is no M to judge by */
    char                     at[FAULT_POINTER_MAX];     /* the object that is looked at */
};

static void
refuse(struct inspection *inspection, const char *member, const char *code, const char *detail)
{
    char pointer[FAULT_POINTER_MAX + 64];

    snprintf(pointer, sizeof pointer, "%s%s", inspection->at, member);
    fault_add(inspection->violations, pointer, code, "%s", detail);
    inspection->found++;
}

/* The same with the value and the bound that it breaks. */
static void
refuse_value(struct inspection *inspection, const char *member, const char *code,
             const char *detail, struct decimal value, struct decimal bound)
{
    char with_values[FAULT_DETAIL_MAX];
    char of_value[DECIMAL_TEXT_MAX], of_bound[DECIMAL_TEXT_MAX];

    decimal_format(value, of_value);
    decimal_format(bound, of_bound);
    snprintf(with_values, sizeof with_values, "%s: %s, bound %s", detail, of_value, of_bound);
    refuse(inspection, member, code, with_values);
}

/* The asset with the weights of one of its categories. */
static struct asset
with_category(const struct asset *asset, const struct category *category)
{
    struct asset result = *asset;

    if (!decimal_is_none(category->opening_weight))
        result.opening_weight = category->opening_weight;
    if (!decimal_is_none(category->threshold))
        result.threshold = category->threshold;
    if (!decimal_is_none(category->penalty_rate))
        result.penalty_rate = category->penalty_rate;
    return result;
}

/* Of an asset, or of it in a category. */
static void
inspect_weights(struct inspection *inspection, const struct asset *asset)
{
    const struct penalty *penalty = &inspection->parameters->penalty;
    struct multiplier m;

    if (decimal_sign(asset->threshold) > 0 && is_below(asset->threshold, asset->opening_weight))
        refuse_value(inspection, "", "opening_above_threshold",
                     "the opening weight is at most the threshold", asset->opening_weight,
                     asset->threshold);
    if (penalty->form == FORM_DISCOUNT && !is_below(asset->penalty_rate, decimal_one)) {
        refuse_value(inspection, "/penalty_rate", "discount_is_whole", GIVEN_AWAY,
                     asset->penalty_rate, decimal_one);
        return;
    }
    if (inspection->is_given_away)
        return;
    m = multiplier_of(penalty, asset, decimal_one, DECIMAL_NONE, DECIMAL_NONE, DECIMAL_NONE);
    if (decimal_compare_products(asset->threshold, m.numerator, decimal_one, m.denominator) > 0)
        fault_add(inspection->warnings, inspection->at, "penalty_exceeds_equity",
                  "a liquidation at the threshold leaves bad debt: the threshold times the penalty "
                  "is more than 1");
}

/* deduction[n] = deduction[n-1] + from[n] * (rate[n] - rate[n-1]), so that maintenance is
 * continuous. A document may state it rounded: each bracket before this one allows half a unit. */
static void
inspect_deduction(struct inspection *inspection, struct bracket *bracket, struct decimal continuous,
                  size_t count)
{
    int128 difference = bracket->deduction.units - continuous.units;

    if (!decimal_is_none(bracket->deduction) &&
        (difference > (int128)count || -difference > (int128)count))
        refuse_value(inspection, "", "brackets_discontinuous",
                     "maintenance would jump where this bracket begins; left out, it is computed",
                     bracket->deduction, continuous);
    bracket->deduction = continuous;
}

static void
inspect_brackets(struct inspection *inspection, struct asset *asset)
{
    struct reckoning reckoning = { false };
    struct decimal deduction = decimal_zero;
    struct decimal rate = decimal_zero;

    for (size_t i = 0; i < asset->brackets_count; i++) {
        struct bracket *bracket = &asset->brackets[i];
        struct decimal rise = reckon_subtract(&reckoning, bracket->rate, rate);
        snprintf(inspection->at, sizeof inspection->at, "/assets/%s/brackets/%zu", asset->name, i);
        if (i == 0 && decimal_sign(bracket->from_notional) != 0)
            refuse_value(inspection, "", "brackets_first_not_zero",
                         "the first bracket begins at 0", bracket->from_notional, decimal_zero);
        if (i > 0 && !is_below(asset->brackets[i - 1].from_notional, bracket->from_notional))
            refuse_value(inspection, "", "brackets_order",
                         "each bracket begins above the one before", bracket->from_notional,
                         asset->brackets[i - 1].from_notional);
        if (is_below(bracket->rate, rate))
            refuse_value(inspection, "", "brackets_rate_order",
                         "the rate does not fall from one bracket to the next", bracket->rate,
                         rate);
        if (!is_below(bracket->rate, decimal_one))
            refuse_value(inspection, "", "brackets_rate_too_high", "the rate is under 1",
                         bracket->rate, decimal_one);
        reckon_sum(&reckoning, &deduction,
                   reckon_multiply(&reckoning, bracket->from_notional, rise, ROUND_HALF_UP));
        inspect_deduction(inspection, bracket, deduction, asset->brackets_count);
        rate = bracket->rate;
    }
}

/* 1 / threshold - 1, down: the most that pre-liquidation may take. */
static struct decimal
highest_penalty(struct decimal threshold)
{
    struct reckoning reckoning = { false };

    if (decimal_sign(threshold) <= 0)
        return decimal_zero;
    return reckon_subtract(&reckoning, reckon_divide(&reckoning, decimal_one, threshold,
                                                     ROUND_DOWN), decimal_one);
}

static void
inspect_window(struct inspection *inspection, const struct asset *asset)
{
    const struct pre_liquidation *pre = asset->pre_liquidation;
    struct decimal most = decimal_zero;

    snprintf(inspection->at, sizeof inspection->at, "/assets/%s/pre_liquidation", asset->name);
    if (!is_below(pre->threshold, asset->threshold))
        refuse_value(inspection, "/threshold", "pre_window_empty",
                     "the window begins below the asset's own threshold", pre->threshold,
                     asset->threshold);
    if (is_below(pre->close_end_rate, pre->close_start_rate))
        refuse_value(inspection, "/close_end_rate", "pre_close_decreasing",
                     "the close rate does not fall through the window", pre->close_end_rate,
                     pre->close_start_rate);
    if (is_below(decimal_one, pre->close_start_rate))
        refuse_value(inspection, "/close_start_rate", "pre_close_above_one",
                     "the close rate begins at 1 or less", pre->close_start_rate, decimal_one);
    if (is_below(pre->penalty_end_rate, pre->penalty_start_rate))
        refuse_value(inspection, "/penalty_end_rate", "pre_penalty_decreasing",
                     "the penalty does not fall through the window", pre->penalty_end_rate,
                     pre->penalty_start_rate);
    if (!decimal_add(decimal_one, pre->penalty_end_rate, &most) ||
        decimal_compare_products(asset->threshold, most, decimal_one, decimal_one) > 0)
        refuse_value(inspection, "/penalty_end_rate", "pre_penalty_exceeds_equity",
                     "threshold * (1 + penalty) is at most 1, or pre-liquidation leaves bad debt",
                     pre->penalty_end_rate, highest_penalty(asset->threshold));
}

static void
inspect_asset(struct inspection *inspection, struct asset *asset)
{
    snprintf(inspection->at, sizeof inspection->at, "/assets/%s", asset->name);
    inspect_weights(inspection, asset);
    if (is_below(asset->volatility_cap, asset->volatility_floor))
        refuse_value(inspection, "/volatility_floor", "volatility_bounds",
                     "the floor is not above the cap", asset->volatility_floor,
                     asset->volatility_cap);
    for (size_t i = 0; i < asset->categories_count; i++) {
        struct asset in_category = with_category(asset, &asset->categories[i]);
        snprintf(inspection->at, sizeof inspection->at, "/assets/%s/categories/%s", asset->name,
                 asset->categories[i].name);
        inspect_weights(inspection, &in_category);
    }
    inspect_brackets(inspection, asset);
    if (asset->pre_liquidation)
        inspect_window(inspection, asset);
}

/* A floor and a cap in order; and a discount that stays under 1 whatever the rule makes of it. */
static void
inspect_penalty(struct inspection *inspection, const struct penalty *penalty)
{
    bool is_up_to_cap = penalty->rule == PENALTY_OPTIMAL || penalty->rule == PENALTY_FROM_THRESHOLD;
    struct decimal highest = is_up_to_cap ? penalty->cap_rate : penalty->floor_rate;

    if (is_below(penalty->cap_rate, penalty->floor_rate))
        refuse_value(inspection, "/penalty", "penalty_bounds", "the floor is not above the cap",
                     penalty->floor_rate, penalty->cap_rate);
    inspection->is_given_away = penalty->form == FORM_DISCOUNT && !is_below(highest, decimal_one);
    if (inspection->is_given_away)
        refuse_value(inspection, is_up_to_cap ? "/penalty/cap_rate" : "/penalty/floor_rate",
                     "discount_is_whole", GIVEN_AWAY, highest, decimal_one);
}

static void
inspect_split(struct inspection *inspection, const struct split *split)
{
    struct reckoning reckoning = { false };
    struct decimal both = reckon_add(&reckoning, split->protocol_rate, split->insurance_rate);

    if (split->protocol_of == split->insurance_of && is_below(decimal_one, both))
        refuse_value(inspection, "/split", "split_exceeds_one",
                     "shares of the same base sum to at most 1", both, decimal_one);
}

static void
inspect_ramp(struct inspection *inspection, const struct parameters *parameters)
{
    bool has_duration = parameters->ramp_s != INTEGER_NONE && parameters->ramp_s != 0;

    if ((parameters->applies_to == APPLIES_TO_RAMP) == has_duration)
        return;
    refuse(inspection, "/ramp_s", "ramp_duration",
           has_duration ? "only a document that applies to `ramp` has a ramp_s"
                        : "a document that applies to `ramp` says over how many seconds");
}

bool
parameters_accept(struct parameters *parameters, struct faults *violations, struct faults *warnings)
{
    struct inspection inspection = { .parameters = parameters,
                                     .violations = violations,
                                     .warnings = warnings };

    inspect_penalty(&inspection, &parameters->penalty);
    for (size_t i = 0; i < parameters->assets_count; i++)
        inspect_asset(&inspection, &parameters->assets[i]);
    inspection.at[0] = '\0';
    inspect_split(&inspection, &parameters->split);
    inspect_ramp(&inspection, parameters);
    bool is_good = inspection.found == 0;
    if (parameters->oracle)
        is_good &= oracle_settings_accept(parameters->oracle, "/oracle", violations);
    if (parameters->execution.adaptive)
        is_good &= adaptive_settings_accept(parameters->execution.adaptive, "/execution/adaptive",
                                            violations);
    if (parameters->governance)
        is_good &= governance_accept(parameters->governance, "/governance", violations);
    return is_good;
}
