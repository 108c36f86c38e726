/* The optimal penalty for an amount, and the figures that show what it consists of. */
#include "risk/preview_penalty.h"

#include "risk/elementary.h"
#include "risk/normal.h"
#include "risk/statistic.h"

static const double year_s = 31536000.0;

struct penalty
penalty_rules_of(const struct parameters *parameters)
{
    struct penalty rules = parameters->penalty;

    if (rules.rule == PENALTY_OPTIMAL)
        return rules;
    rules.equity_weight   = (struct decimal)DECIMAL_MICRO_OF(50000);
    rules.bad_debt_weight = decimal_one;
    rules.hurdle_rate     = (struct decimal)DECIMAL_MICRO_OF(500);
    rules.rate_unit       = (struct decimal)DECIMAL_MICRO_OF(1);
    return rules;
}

static void
set_times_and_weights(const struct parameters *parameters, struct penalty_terms *terms)
{
    struct penalty rules = penalty_rules_of(parameters);

    terms->gas             = statistic_of(parameters->execution.gas);
    terms->hurdle_rate     = statistic_of(rules.hurdle_rate);
    terms->execution_years = (double)parameters->execution.latency_s / year_s;
    terms->latency_years   = terms->execution_years;
    terms->equity_weight   = statistic_of(rules.equity_weight);
    terms->bad_debt_weight = statistic_of(rules.bad_debt_weight);
}

bool
penalty_terms_of(const struct situation *situation, size_t asset, const struct way_out *way_out,
                 struct decimal debt, struct penalty_terms *terms)
{
    const struct position_asset *seized = &situation->then.assets[asset];
    const struct health         *health = &situation->valuation_then.health;
    struct decimal               volatility = volatility_of(&seized->asset, situation->state);

    if (decimal_is_none(volatility) || decimal_sign(debt) <= 0)
        return false;
    *terms = (struct penalty_terms){
        .depth      = way_out->exists ? &way_out->depth : NULL,
        .debt       = statistic_of(debt),
        .volatility = statistic_of(volatility),
        .ltv        = decimal_is_none(health->ltv) ? 0.0 : statistic_of(health->ltv),
    };
    set_times_and_weights(situation->parameters, terms);
    return true;
}

void
penalty_price_pair(const struct situation *situation, size_t asset, const struct way_out *way_out,
                   struct decimal debt, struct priced_penalty *out)
{
    struct penalty rules = penalty_rules_of(situation->parameters);

    *out = (struct priced_penalty){ .reason = REASON_NO_VOLATILITY };
    if (decimal_sign(debt) <= 0)
        out->reason = REASON_NOT_NEEDED;
    if (!penalty_terms_of(situation, asset, way_out, debt, &out->terms))
        return;
    out->reason = REASON_NONE;
    penalty_optimum(&out->terms, &out->optimum);
    penalty_bound(&rules, &out->optimum, situation->valuation_then.health.ltv, &out->bounded);
}

/* A perp's equity is its collateral less its debt, as an LTV: 1 - equity / notional; down to 0. */
static struct decimal
ltv_of_perp(const struct health *health, struct decimal notional)
{
    struct decimal part, ltv;

    if (decimal_sign(health->equity) <= 0)
        return decimal_one;
    if (!decimal_step(PRODUCT(health->equity), PRODUCT(notional), ROUND_DOWN, decimal_unit,
                      &part) ||
        !decimal_subtract(decimal_one, part, &ltv))
        return decimal_zero;
    return decimal_sign(ltv) < 0 ? decimal_zero : ltv;
}

/* The closed form without bad debt, at a given slippage (model.md 3): who takes over a long sells it,
 *   1 + L = (1+g) e^(v T / 2 + z s) / (1 - S);
 * who takes over a short buys it back, and log prices drift down:
 *   1 + L = (1+g) e^(-v T / 2 + z s) (1 + S). */
void
penalty_price_perp(const struct situation *situation, size_t asset, bool is_long,
                   struct decimal notional, struct decimal slippage_rate,
                   struct priced_penalty *out)
{
    struct penalty       rules = penalty_rules_of(situation->parameters);
    struct decimal       volatility = volatility_of(&situation->then.assets[asset].asset,
                                                    situation->state);
    struct penalty_terms *terms = &out->terms;

    *out = (struct priced_penalty){ .reason = REASON_NO_VOLATILITY, .is_perp = true };
    if (decimal_is_none(volatility) || decimal_sign(notional) <= 0)
        return;
    double slippage = decimal_is_none(slippage_rate) ? 0.0 : statistic_of(slippage_rate);
    if (slippage >= 1.0) {
        out->reason = REASON_DEPTH_EXHAUSTED;
        return;
    }
    out->reason = REASON_NONE;
    *terms = (struct penalty_terms){ .debt = statistic_of(notional),
                                     .volatility = statistic_of(volatility) };
    set_times_and_weights(situation->parameters, terms);
    double s = terms->volatility * real_sqrt(terms->execution_years);
    double z = normal_quantile(1.0 - terms->equity_weight);
    double way = real_exp((is_long ? s * s : -s * s) / 2.0 + z * s);
    double g = terms->gas / terms->debt + terms->hurdle_rate;
    double kept = is_long ? 1.0 / (1.0 - slippage) : 1.0 + slippage;
    out->optimum = (struct optimum){
        .rate       = (1.0 + g) * way * kept - 1.0,
        .hurdle     = terms->hurdle_rate,
        .gas        = terms->gas / terms->debt,
        .volatility = (1.0 + g) * (way - 1.0),
        .slippage   = (1.0 + g) * way * (kept - 1.0),
        .proceeds_slippage = slippage,
    };
    penalty_bound(&rules, &out->optimum, ltv_of_perp(&situation->valuation_then.health, notional),
                  &out->bounded);
}

static void
add_flag(struct penalty_figures *penalty, const char *flag)
{
    if (penalty->flags_count < FLAGS_MAX)
        penalty->flags[penalty->flags_count++] = (struct flag){ flag };
}

static void
flag_bounds(const struct priced_penalty *priced, struct penalty_figures *penalty)
{
    switch (priced->bounded.limit) {
    case PENALTY_FREE:      break;
    case PENALTY_AT_FLOOR:  add_flag(penalty, "floored"); break;
    case PENALTY_AT_CAP:    add_flag(penalty, "capped_by_policy"); break;
    case PENALTY_AT_EQUITY: add_flag(penalty, "capped_by_equity"); break;
    }
    if (priced->optimum.is_depth_infeasible)
        add_flag(penalty, "depth_infeasible");
}

static struct decimal
shown(double x, struct decimal unit, enum rounding rounding)
{
    struct decimal out;
    return decimal_of_rate(x, unit, rounding, &out) ? out : DECIMAL_NONE;
}

/* Too low a penalty brings nobody: what the backstop must add, and how much would be worth
 * coming for. */
static void
fill_shortfall(const struct parameters *parameters, const struct priced_penalty *priced,
               struct figures *figures)
{
    static const struct decimal million = DECIMAL_UNITS_OF(1000000000000);
    struct penalty_figures     *penalty = &figures->penalty;
    double                      rate = statistic_of(penalty->rate);
    bool is_short = decimal_compare(penalty->rate, penalty->optimal_rate) < 0;

    if (is_short)
        figures_warn(figures, "penalty_below_optimum",
                     "at this penalty no liquidator is expected to come in time: the backstop "
                     "must add the subsidy");
    if (priced->is_perp)
        return;
    penalty->subsidy_rate = is_short ? shown(penalty_subsidy(&priced->terms, rate), million,
                                             ROUND_UP) : decimal_zero;
    penalty->largest_slice = shown(penalty_largest_slice(&priced->terms,
                                                         statistic_of(parameters->penalty.cap_rate)),
                                   parameters->quote.unit, ROUND_DOWN);
}

void
penalty_fill(const struct parameters *parameters, struct multiplier multiplier,
             const struct priced_penalty *priced, struct figures *figures)
{
    struct penalty_figures *penalty = &figures->penalty;

    penalty->rate      = multiplier_rate(multiplier);
    penalty->form_rate = multiplier_form_rate(multiplier,
                                              (enum penalty_form)parameters->penalty.form);
    penalty->optimal_rate_reason = priced ? priced->reason : REASON_NOT_THIS_RULE;
    if (penalty->optimal_rate_reason == REASON_NONE) {
        penalty->optimal_rate = priced->bounded.optimal_rate;
        fill_shortfall(parameters, priced, figures);
    }
    if (parameters->penalty.rule == PENALTY_OPTIMAL &&
        penalty->optimal_rate_reason == REASON_NONE) {
        flag_bounds(priced, penalty);
        penalty->parts_count = penalty_parts(&priced->optimum, &priced->bounded, penalty->parts);
        return;
    }
    penalty->parts[penalty->parts_count++] = (struct penalty_part){ "policy", penalty->rate };
}
