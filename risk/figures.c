/* The names under which figures are written, and their records. */
#include "risk/figures.h"

#include <string.h>

static const char *const reason_names[] = {
    "no_debt", "no_collateral", "no_position", "no_price", "no_depth", "no_volatility", "no_volume", "never",
    "already_liquidatable", "depth_exhausted", "penalty_exceeds_value", "no_counterpart", "not_this_rule", "infeasible",
    "wallet_too_small", "not_needed", "no_benefit", "not_recognised", "overflow", "state_of_request",
    "no_guard", "no_history", "no_quorum", NULL
};
const char *const health_status_names[] = { "healthy", "pre_liquidatable", "liquidatable", NULL };
static const char *const direction_names[] = { "below", "above", NULL };
static const char *const at_names[] = { "trigger", "mark", NULL };
static const char *const depth_model_names[] = { "proportional", "pool_constant", "mixed", "none", NULL };
static const char *const limited_by_names[] = {
    "debt", "close_factor", "target_health", "maximum_slice", "depth", "request", "dust", "collateral", "account",
    "position", NULL
};
static const char *const action_names[] = {
    "add_collateral", "add_stable", "repay", "reduce", "swap", "hedge", "mix", NULL
};

#define ALWAYS    .optional = true, .nullable = true     /* null where there is none */
#define SOMETIMES .optional = true                       /* left out where there is none */
#define REASON_FIELD(type, member) CHOICE_FIELD(type, member, .choices = reason_names, ALWAYS)

static const struct field health_fields[] = {
    CHOICE_FIELD (health, status, .choices = health_status_names),
    DECIMAL_FIELD(health, ratio, ALWAYS),
    REASON_FIELD (health, ratio_reason),
    DECIMAL_FIELD(health, support),
    DECIMAL_FIELD(health, pre_support),
    DECIMAL_FIELD(health, requirement),
    DECIMAL_FIELD(health, equity),
    DECIMAL_FIELD(health, collateral),
    DECIMAL_FIELD(health, debt),
    DECIMAL_FIELD(health, maintenance),
    DECIMAL_FIELD(health, unrealised_profit),
    DECIMAL_FIELD(health, opening),
    DECIMAL_FIELD(health, borrowable),
    DECIMAL_FIELD(health, headroom),
    DECIMAL_FIELD(health, ltv, ALWAYS),
    REASON_FIELD (health, ltv_reason),
    DECIMAL_FIELD(health, usage, ALWAYS),
    REASON_FIELD (health, usage_reason),
    DECIMAL_FIELD(health, window, ALWAYS),
};
const struct record health_record = RECORD(health, health_fields);

static const struct field price_range_fields[] = {
    DECIMAL_FIELD(price_range, best, ALWAYS),
    DECIMAL_FIELD(price_range, worst, ALWAYS),
};
static const struct record price_range_record = RECORD(price_range, price_range_fields);

static const struct field liquidation_price_fields[] = {
    NAME_FIELD   (liquidation_price, asset),
    CHOICE_FIELD (liquidation_price, direction, .choices = direction_names, ALWAYS),
    DECIMAL_FIELD(liquidation_price, price, ALWAYS),
    REASON_FIELD (liquidation_price, price_reason),
    DECIMAL_FIELD(liquidation_price, distance_rate, ALWAYS),
    DECIMAL_FIELD(liquidation_price, bankruptcy_price, ALWAYS),
    REASON_FIELD (liquidation_price, bankruptcy_price_reason),
    DECIMAL_FIELD(liquidation_price, execution_price, ALWAYS),
    REASON_FIELD (liquidation_price, execution_price_reason),
    RECORD_FIELD (liquidation_price, range, price_range),
};
const struct record liquidation_price_record = RECORD(liquidation_price, liquidation_price_fields);

static const struct field withdrawable_fields[] = {
    NAME_FIELD   (withdrawable, asset),
    DECIMAL_FIELD(withdrawable, quantity),
};
const struct record withdrawable_record = RECORD(withdrawable, withdrawable_fields);

static const struct field amount_fields[] = {
    NAME_FIELD   (amount, asset),
    DECIMAL_FIELD(amount, quantity),
};
static const struct record amount_record = RECORD(amount, amount_fields);

static const struct field fill_fields[] = {
    NAME_FIELD   (fill, venue),
    DECIMAL_FIELD(fill, quantity),
    DECIMAL_FIELD(fill, proceeds),
};
static const struct record fill_record = RECORD(fill, fill_fields);

static const struct field account_liquidation_fields[] = {
    DECIMAL_FIELD(account_liquidation, credit),
    DECIMAL_FIELD(account_liquidation, fee),
    DECIMAL_FIELD(account_liquidation, surplus),
    LIST_FIELD   (account_liquidation, paid, amount, .max = LEGS_MAX + 1),
    LIST_FIELD   (account_liquidation, surplus_amounts, amount, .max = 1),
};
static const struct record account_liquidation_record = RECORD(account_liquidation, account_liquidation_fields);

static const struct field perp_liquidation_fields[] = {
    NAME_FIELD   (perp_liquidation, asset),
    DECIMAL_FIELD(perp_liquidation, quantity),
    DECIMAL_FIELD(perp_liquidation, quantity_max),
    DECIMAL_FIELD(perp_liquidation, notional_max),
    DECIMAL_FIELD(perp_liquidation, limit_price),
    DECIMAL_FIELD(perp_liquidation, bankruptcy_proceeds),
    DECIMAL_FIELD(perp_liquidation, proceeds, ALWAYS),
    DECIMAL_FIELD(perp_liquidation, insurance_fee, ALWAYS),
    DECIMAL_FIELD(perp_liquidation, insurance_delta, ALWAYS),
};
static const struct record perp_liquidation_record = RECORD(perp_liquidation, perp_liquidation_fields);

static const struct field sale_fields[] = {
    DECIMAL_FIELD(sale, price),
    DECIMAL_FIELD(sale, quantity),
};
static const struct record sale_record = RECORD(sale, sale_fields);

static const struct field liquidation_fields[] = {
    CHOICE_FIELD (liquidation, at, .choices = at_names),
    CHOICE_FIELD (liquidation, depth_model, .choices = depth_model_names),
    REASON_FIELD (liquidation, reason),
    NAME_FIELD   (liquidation, collateral, ALWAYS),
    NAME_FIELD   (liquidation, debt, ALWAYS),
    DECIMAL_FIELD(liquidation, repay, ALWAYS),
    DECIMAL_FIELD(liquidation, repay_max, ALWAYS),
    DECIMAL_FIELD(liquidation, repay_delivered, ALWAYS),
    DECIMAL_FIELD(liquidation, seize, ALWAYS),
    DECIMAL_FIELD(liquidation, close_rate, ALWAYS),
    CHOICE_FIELD (liquidation, limited_by, .choices = limited_by_names, ALWAYS),
    DECIMAL_FIELD(liquidation, average_price, ALWAYS),
    DECIMAL_FIELD(liquidation, slippage_rate, ALWAYS),
    LIST_FIELD   (liquidation, fills, fill, .max = VENUES_MAX),
    DECIMAL_FIELD(liquidation, unfilled, ALWAYS),
    DECIMAL_FIELD(liquidation, bad_debt, ALWAYS),
    LIST_FIELD   (liquidation, bad_debts, amount, .max = LEGS_MAX + 1),
    FLAG_FIELD   (liquidation, collateral_exhausted),
    DECIMAL_FIELD(liquidation, ltv_after, ALWAYS),
    POINTER_FIELD(liquidation, account, account_liquidation, SOMETIMES),
    POINTER_FIELD(liquidation, perp, perp_liquidation, SOMETIMES),
    POINTER_FIELD(liquidation, sale, sale, SOMETIMES),
};
const struct record liquidation_record = RECORD(liquidation, liquidation_fields);

static const struct field flag_fields[] = {
    NAME_FIELD(flag, flag),
};
static const struct record flag_record = BARE(flag, flag_fields);

static const struct field penalty_part_fields[] = {
    NAME_FIELD   (penalty_part, name),
    DECIMAL_FIELD(penalty_part, rate),
};
static const struct record penalty_part_record = RECORD(penalty_part, penalty_part_fields);

static const struct field penalty_split_fields[] = {
    DECIMAL_FIELD(penalty_split, liquidator, ALWAYS),
    DECIMAL_FIELD(penalty_split, insurance, ALWAYS),
    DECIMAL_FIELD(penalty_split, protocol, ALWAYS),
    DECIMAL_FIELD(penalty_split, borrower, ALWAYS),
};
static const struct record penalty_split_record = RECORD(penalty_split, penalty_split_fields);

static const struct field penalty_figures_fields[] = {
    DECIMAL_FIELD(penalty_figures, rate, ALWAYS),
    DECIMAL_FIELD(penalty_figures, amount, ALWAYS),
    DECIMAL_FIELD(penalty_figures, form_rate, ALWAYS),
    DECIMAL_FIELD(penalty_figures, optimal_rate, ALWAYS),
    REASON_FIELD (penalty_figures, optimal_rate_reason),
    DECIMAL_FIELD(penalty_figures, subsidy_rate, ALWAYS),
    DECIMAL_FIELD(penalty_figures, largest_slice, ALWAYS),
    LIST_FIELD   (penalty_figures, flags, flag, .max = FLAGS_MAX),
    LIST_FIELD   (penalty_figures, parts, penalty_part, .max = PARTS_MAX),
    RECORD_FIELD (penalty_figures, split, penalty_split),
};
const struct record penalty_figures_record = RECORD(penalty_figures, penalty_figures_fields);

static const struct field block_loss_fields[] = {
    INTEGER_FIELD(block_loss, block, .min = 1, .max = 1000000),
    DECIMAL_FIELD(block_loss, probability),
    DECIMAL_FIELD(block_loss, expected_shortfall),
};
static const struct record block_loss_record = RECORD(block_loss, block_loss_fields);

static const struct field buffer_fields[] = {
    NAME_FIELD   (buffer, tier),
    DECIMAL_FIELD(buffer, distance_rate),
    DECIMAL_FIELD(buffer, price, ALWAYS),
};
static const struct record buffer_record = RECORD(buffer, buffer_fields);

static const struct field schedule_fields[] = {
    DECIMAL_FIELD(schedule, duration_s, ALWAYS),
    REASON_FIELD (schedule, duration_s_reason),
    DECIMAL_FIELD(schedule, cost_rate, ALWAYS),
};
static const struct record schedule_record = RECORD(schedule, schedule_fields);

static const struct field risk_figures_fields[] = {
    NAME_FIELD   (risk_figures, asset, ALWAYS),
    INTEGER_FIELD(risk_figures, horizon_s, .min = 60, .max = 31536000),
    DECIMAL_FIELD(risk_figures, volatility, ALWAYS),
    REASON_FIELD (risk_figures, volatility_reason),
    DECIMAL_FIELD(risk_figures, liquidation_probability, ALWAYS),
    REASON_FIELD (risk_figures, liquidation_probability_reason),
    DECIMAL_FIELD(risk_figures, joint_shock_rate, ALWAYS),
    REASON_FIELD (risk_figures, joint_shock_rate_reason),
    DECIMAL_FIELD(risk_figures, expected_time_s, ALWAYS),
    DECIMAL_FIELD(risk_figures, median_time_s, ALWAYS),
    REASON_FIELD (risk_figures, median_time_s_reason),
    DECIMAL_FIELD(risk_figures, loss_probability, ALWAYS),
    DECIMAL_FIELD(risk_figures, expected_shortfall, ALWAYS),
    REASON_FIELD (risk_figures, loss_probability_reason),
    LIST_FIELD   (risk_figures, blocks, block_loss, .max = BLOCKS_MAX),
    LIST_FIELD   (risk_figures, buffers, buffer, .max = TIERS_MAX),
    DECIMAL_FIELD(risk_figures, liquidity_adjusted_var, ALWAYS),
    DECIMAL_FIELD(risk_figures, liquidity_adjusted_shortfall, ALWAYS),
    REASON_FIELD (risk_figures, liquidity_adjusted_var_reason),
    RECORD_FIELD (risk_figures, schedule, schedule),
};
const struct record risk_figures_record = RECORD(risk_figures, risk_figures_fields);

static const struct field after_fields[] = {
    DECIMAL_FIELD(after, health_ratio, ALWAYS),
    DECIMAL_FIELD(after, liquidation_price, ALWAYS),
    DECIMAL_FIELD(after, liquidation_probability, ALWAYS),
};
static const struct record after_record = RECORD(after, after_fields);

static const struct field mix_part_fields[] = {
    CHOICE_FIELD (mix_part, action, .choices = action_names),
    NAME_FIELD   (mix_part, asset),
    DECIMAL_FIELD(mix_part, quantity),
    DECIMAL_FIELD(mix_part, cost),
};
static const struct record mix_part_record = RECORD(mix_part, mix_part_fields);

static const struct field suggestion_fields[] = {
    CHOICE_FIELD (suggestion, action, .choices = action_names),
    NAME_FIELD   (suggestion, asset, ALWAYS),
    DECIMAL_FIELD(suggestion, quantity, ALWAYS),
    REASON_FIELD (suggestion, quantity_reason),
    FLAG_FIELD   (suggestion, available),
    REASON_FIELD (suggestion, available_reason),
    DECIMAL_FIELD(suggestion, cost, ALWAYS),
    DECIMAL_FIELD(suggestion, avoided_cost, ALWAYS),
    DECIMAL_FIELD(suggestion, net_benefit, ALWAYS),
    RECORD_FIELD (suggestion, after, after),
    LIST_FIELD   (suggestion, parts, mix_part, .max = MIX_MAX),
};
const struct record suggestion_record = RECORD(suggestion, suggestion_fields);

static const struct field upcoming_fields[] = {
    INTEGER_FIELD(upcoming, parameters_version, .min = 1, .max = INTEGER_MAX),
    TEXT_FIELD   (upcoming, parameters_sha256, .form = TEXT_SHA256, .min = 64, .max = 64),
    INSTANT_FIELD(upcoming, active_at),
    INSTANT_FIELD(upcoming, full_at),
    DECIMAL_FIELD(upcoming, health_ratio, ALWAYS),
    REASON_FIELD (upcoming, health_ratio_reason),
    DECIMAL_FIELD(upcoming, liquidation_price, ALWAYS),
    REASON_FIELD (upcoming, liquidation_price_reason),
};
const struct record upcoming_record = RECORD(upcoming, upcoming_fields);

static const struct field warning_fields[] = {
    NAME_FIELD(warning, code),
    TEXT_FIELD(warning, detail, .form = TEXT_ANY, .min = 1, .max = 256),
};
const struct record warning_record = RECORD(warning, warning_fields);

static const struct field working_fields[] = {
    TEXT_FIELD(working, figure, .form = TEXT_ANY, .min = 1, .max = 128),
    TEXT_FIELD(working, formula, .form = TEXT_ANY, .min = 1, .max = WORKING_TEXT_MAX),
    TEXT_FIELD(working, numbers, .form = TEXT_ANY, .min = 1, .max = WORKING_TEXT_MAX),
    TEXT_FIELD(working, basis, .form = TEXT_ANY, .min = 1, .max = 128),
};
const struct record working_record = RECORD(working, working_fields);

static const char *const basis_names[] = { "request", "weighted_median", NULL };
static const char *const verdict_names[] = { "accept", "defer", "reject", NULL };
/* enum oracle_reason, but for the usual, which is null; then why there is no verdict. */
static const char *const oracle_reason_names[] = {
    "no_history", "confirmed_deviation", "sequencer_down", "unconfirmed_deviation", "attack_pays", "stale", "no_quorum",
    "state_of_request", "no_guard", NULL
};
_Static_assert(COUNT_OF(oracle_reason_names) == GUARD_NO_GUARD + 2, "a name for each reason");
_Static_assert((int)PRICE_SOURCES_MAX == (int)SOURCES_MAX, "room for each source");

static const struct field price_source_fields[] = {
    NAME_FIELD(price_source, source),
};
static const struct record price_source_record = BARE(price_source, price_source_fields);

static const struct field dropped_source_fields[] = {
    NAME_FIELD  (dropped_source, source),
    CHOICE_FIELD(dropped_source, fate, .choices = source_fate_names),
};
static const struct record dropped_source_record = RECORD(dropped_source, dropped_source_fields);

static const struct field price_figure_fields[] = {
    NAME_FIELD   (price_figure, asset),
    DECIMAL_FIELD(price_figure, price),
    CHOICE_FIELD (price_figure, basis, .choices = basis_names),
    LIST_FIELD   (price_figure, sources, price_source, .max = PRICE_SOURCES_MAX),
    LIST_FIELD   (price_figure, dropped, dropped_source, .max = PRICE_SOURCES_MAX),
    INSTANT_FIELD(price_figure, observed_at, ALWAYS),
};
const struct record price_figure_record = RECORD(price_figure, price_figure_fields);

#define COUNTED .optional = true, .nullable = true, .max = PRICE_SOURCES_MAX

static const struct field oracle_figures_fields[] = {
    CHOICE_FIELD (oracle_figures, verdict, .choices = verdict_names),
    CHOICE_FIELD (oracle_figures, reason, .choices = oracle_reason_names, ALWAYS),
    FLAG_FIELD   (oracle_figures, judged),
    NAME_FIELD   (oracle_figures, asset, ALWAYS),
    INTEGER_FIELD(oracle_figures, retry_after_s, ALWAYS, .min = 1, .max = 86400),
    DECIMAL_FIELD(oracle_figures, slice_rate),
    INTEGER_FIELD(oracle_figures, used_count, COUNTED),
    INTEGER_FIELD(oracle_figures, quorum, COUNTED),
    DECIMAL_FIELD(oracle_figures, time_weighted_price, ALWAYS),
    DECIMAL_FIELD(oracle_figures, deviation, ALWAYS),
    DECIMAL_FIELD(oracle_figures, bound, ALWAYS),
    INTEGER_FIELD(oracle_figures, confirming_count, COUNTED),
    REASON_FIELD (oracle_figures, deviation_reason),
    DECIMAL_FIELD(oracle_figures, manipulation_cost, ALWAYS),
    REASON_FIELD (oracle_figures, manipulation_cost_reason),
    DECIMAL_FIELD(oracle_figures, attack_gain, ALWAYS),
    REASON_FIELD (oracle_figures, attack_gain_reason),
};
const struct record oracle_figures_record = RECORD(oracle_figures, oracle_figures_fields);

static const struct field figures_fields[] = {
    LIST_FIELD  (figures, prices, price_figure, .max = ASSETS_MAX),
    { .name = "oracle", .kind = FIELD_RECORD, .offset = offsetof(struct figures, oracle),
      .items = &oracle_figures_record },
    POINTER_FIELD(figures, effective, effective, SOMETIMES),
    RECORD_FIELD(figures, health, health),
    LIST_FIELD  (figures, liquidation_prices, liquidation_price, .max = PRICES_MAX),
    LIST_FIELD  (figures, withdrawable, withdrawable, .max = LEGS_MAX),
    RECORD_FIELD(figures, liquidation, liquidation),
    { .name = "penalty", .kind = FIELD_RECORD, .offset = offsetof(struct figures, penalty),
      .items = &penalty_figures_record },
    { .name = "risk", .kind = FIELD_RECORD, .offset = offsetof(struct figures, risk), .items = &risk_figures_record },
    LIST_FIELD  (figures, suggestions, suggestion, .max = SUGGESTIONS_MAX),
    LIST_FIELD  (figures, upcoming, upcoming, .max = UPCOMING_MAX),
    LIST_FIELD  (figures, warnings, warning, .max = WARNINGS_MAX),
};
const struct record figures_record = RECORD(figures, figures_fields);

/* Walks a record's members and sets each number to none, each choice to none, each list to empty. */
static void
clear(const struct record *record, char *out)
{
    for (size_t i = 0; i < record->count; i++) {
        const struct field *field = &record->fields[i];
        char               *member = out + field->offset;
        if (field->kind == FIELD_DECIMAL)
            *(struct decimal *)(void *)member = DECIMAL_NONE;
        else if (field->kind == FIELD_CHOICE && field->optional)
            *(int *)(void *)member = -1;
        else if (field->kind == FIELD_RECORD && !field->pointer)
            clear(field->items, member);
    }
}

void
figures_open(struct figures *figures, struct figures_room *room)
{
    memset(figures, 0, sizeof *figures);
    clear(&figures_record, (char *)figures);
    figures->prices                     = room->prices;
    figures->liquidation_prices         = room->liquidation_prices;
    figures->withdrawable               = room->withdrawable;
    figures->liquidation.fills          = room->fills;
    figures->liquidation.bad_debts      = room->bad_debts;
    figures->penalty.flags              = room->flags;
    figures->penalty.parts              = room->parts;
    figures->risk.blocks                = room->blocks;
    figures->risk.buffers               = room->buffers;
    figures->suggestions                = room->suggestions;
    figures->upcoming                   = room->upcoming;
    figures->warnings                   = room->warnings;
    figures->liquidation.depth_model    = DEPTH_NONE;
}

void
figures_warn(struct figures *figures, const char *code, const char *detail)
{
    for (size_t i = 0; i < figures->warnings_count; i++)
        if (!strcmp(figures->warnings[i].code, code))
            return;
    if (figures->warnings_count < WARNINGS_MAX)
        figures->warnings[figures->warnings_count++] = (struct warning){ code, detail };
}
