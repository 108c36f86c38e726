/* An impact's outcome as the answer that is written. */
#include "handlers/impact_answer.h"

#include <string.h>

#define ALWAYS .optional = true, .nullable = true
#define COUNTS .min = 0, .max = IMPACT_ACCOUNTS_MAX
#define HASH   .form = TEXT_SHA256, .min = 64, .max = 64

static const char *const state_names[] = { "recorded", "latest", NULL };

static const struct field impact_shock_fields[] = {
    DECIMAL_FIELD(impact_shock, shock_rate),
    INTEGER_FIELD(impact_shock, liquidatable_before, COUNTS),
    INTEGER_FIELD(impact_shock, liquidatable_after, COUNTS),
    INTEGER_FIELD(impact_shock, newly_liquidatable, COUNTS),
    INTEGER_FIELD(impact_shock, no_longer_liquidatable, COUNTS),
    DECIMAL_FIELD(impact_shock, newly_liquidatable_debt, ALWAYS),
    DECIMAL_FIELD(impact_shock, newly_liquidatable_collateral, ALWAYS),
};
static const struct record impact_shock_record = RECORD(impact_shock, impact_shock_fields);

static const struct field impact_quantile_fields[] = {
    DECIMAL_FIELD(impact_quantile, quantile),
    DECIMAL_FIELD(impact_quantile, change),
};
static const struct record impact_quantile_record = RECORD(impact_quantile,
                                                           impact_quantile_fields);

static const struct field impact_change_fields[] = {
    INTEGER_FIELD(impact_change, accounts, COUNTS),
    LIST_FIELD   (impact_change, quantiles, impact_quantile, .max = IMPACT_QUANTILES),
};
static const struct record impact_change_record = RECORD(impact_change, impact_change_fields);

static const struct field impact_state_figures_fields[] = {
    CHOICE_FIELD (impact_state_figures, state, .choices = state_names),
    INTEGER_FIELD(impact_state_figures, accounts, COUNTS),
    INTEGER_FIELD(impact_state_figures, unvalued, COUNTS),
    LIST_FIELD   (impact_state_figures, shocks, impact_shock, .max = IMPACT_SHOCKS),
    RECORD_FIELD (impact_state_figures, liquidation_price, impact_change),
    RECORD_FIELD (impact_state_figures, penalty_rate, impact_change),
};
static const struct record impact_state_figures_record = RECORD(impact_state_figures,
                                                                impact_state_figures_fields);

static const struct field impact_account_fields[] = {
    NAME_FIELD   (impact_account, account, ALWAYS),
    NAME_FIELD   (impact_account, decision, ALWAYS),
    NAME_FIELD   (impact_account, asset, ALWAYS),
    DECIMAL_FIELD(impact_account, shock_rate, ALWAYS),
    DECIMAL_FIELD(impact_account, debt),
    DECIMAL_FIELD(impact_account, collateral),
    DECIMAL_FIELD(impact_account, health_ratio_before, ALWAYS),
    DECIMAL_FIELD(impact_account, health_ratio_after, ALWAYS),
    DECIMAL_FIELD(impact_account, liquidation_price_before, ALWAYS),
    DECIMAL_FIELD(impact_account, liquidation_price_after, ALWAYS),
    DECIMAL_FIELD(impact_account, penalty_rate_before, ALWAYS),
    DECIMAL_FIELD(impact_account, penalty_rate_after, ALWAYS),
};
static const struct record impact_account_record = RECORD(impact_account, impact_account_fields);

static const struct field impact_answer_fields[] = {
    NAME_FIELD   (impact_answer, proposal),
    NAME_FIELD   (impact_answer, market),
    INTEGER_FIELD(impact_answer, base_version, .min = 1, .max = INTEGER_MAX),
    TEXT_FIELD   (impact_answer, parameters_sha256, HASH),
    TEXT_FIELD   (impact_answer, snapshot_sha256, HASH, ALWAYS),
    INTEGER_FIELD(impact_answer, decisions, COUNTS),
    INTEGER_FIELD(impact_answer, repeated, COUNTS),
    LIST_FIELD   (impact_answer, states, impact_state_figures, .max = IMPACT_STATES),
    LIST_FIELD   (impact_answer, worst, impact_account, .max = IMPACT_WORST_MAX),
};
const struct record impact_answer_record = RECORD(impact_answer, impact_answer_fields);

static bool
fill_change(const struct impact_spread *spread, struct arena *arena, struct impact_change *out)
{
    out->accounts        = spread->count;
    out->quantiles_count = spread->count ? IMPACT_QUANTILES : 0;
    out->quantiles       = arena_alloc(arena, IMPACT_QUANTILES, sizeof *out->quantiles);
    for (size_t i = 0; out->quantiles && i < out->quantiles_count; i++)
        out->quantiles[i] = (struct impact_quantile){ impact_quantiles[i], spread->values[i] };
    return out->quantiles;
}

static bool
fill_state(const struct impact_outcome *outcome, enum impact_state state, struct arena *arena,
           struct impact_state_figures *out)
{
    out->state        = (int)state;
    out->accounts     = outcome->totals.accounts[state];
    out->unvalued     = outcome->totals.unvalued[state];
    out->shocks_count = IMPACT_SHOCKS;
    out->shocks       = arena_alloc(arena, IMPACT_SHOCKS, sizeof *out->shocks);
    for (size_t i = 0; out->shocks && i < IMPACT_SHOCKS; i++) {
        const struct impact_tally *tally = &outcome->totals.tallies[state][i];
        out->shocks[i] = (struct impact_shock){
            impact_shocks[i], tally->liquidatable_before, tally->liquidatable_after,
            tally->newly_liquidatable, tally->no_longer_liquidatable, tally->newly_debt,
            tally->newly_collateral,
        };
    }
    return out->shocks &&
           fill_change(&outcome->price_change[state], arena, &out->liquidation_price) &&
           fill_change(&outcome->penalty_change[state], arena, &out->penalty_rate);
}

static const char *
or_null(const char *name)
{
    return *name ? name : NULL;
}

static void
fill_account(const struct impact_case *one, bool with_names, struct impact_account *out)
{
    *out = (struct impact_account){
        .account = with_names ? or_null(one->account) : NULL,
        .decision = with_names ? or_null(one->decision) : NULL,
        .asset = or_null(one->asset),
        .shock_rate = one->shock < IMPACT_SHOCKS ? impact_shocks[one->shock] : DECIMAL_NONE,
        .debt = one->debt, .collateral = one->collateral,
        .health_ratio_before = one->health_ratio[0], .health_ratio_after = one->health_ratio[1],
        .liquidation_price_before = one->liquidation_price[0],
        .liquidation_price_after = one->liquidation_price[1],
        .penalty_rate_before = one->penalty_rate[0], .penalty_rate_after = one->penalty_rate[1],
    };
}

bool
impact_answer_fill(const struct impact_outcome *outcome, bool has_latest, bool with_names,
                   struct arena *arena, struct impact_answer *answer)
{
    answer->decisions    = outcome->decisions;
    answer->repeated     = outcome->repeated;
    answer->states_count = has_latest ? IMPACT_STATES : 1;
    answer->states       = arena_alloc(arena, IMPACT_STATES, sizeof *answer->states);
    answer->worst_count  = outcome->totals.worst_count;
    answer->worst        = arena_alloc(arena, IMPACT_WORST_MAX, sizeof *answer->worst);
    if (!answer->states || !answer->worst)
        return false;
    for (size_t i = 0; i < answer->worst_count; i++)
        fill_account(&outcome->totals.worst[i], with_names, &answer->worst[i]);
    for (size_t state = 0; state < answer->states_count; state++)
        if (!fill_state(outcome, (enum impact_state)state, arena, &answer->states[state]))
            return false;
    return true;
}
