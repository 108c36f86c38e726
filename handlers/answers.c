/* The tables of the answers. */
#include "handlers/answers.h"

#include "record/instant.h"
#include "risk/preview.h"

static const struct field engine_fields[] = {
    TEXT_FIELD(engine, version, .form = TEXT_ANY, .min = 1, .max = 64),
    TEXT_FIELD(engine, build, .form = TEXT_ANY, .min = 1, .max = 64),
};
const struct record engine_record = RECORD(engine, engine_fields);

#define HASH .form = TEXT_SHA256, .min = 64, .max = 64
#define ALWAYS .optional = true, .nullable = true

static const struct field decision_head_fields[] = {
    NAME_FIELD   (decision_head, id),
    NAME_FIELD   (decision_head, kind),
    NAME_FIELD   (decision_head, market, ALWAYS),
    INSTANT_FIELD(decision_head, decided_at),
    INTEGER_FIELD(decision_head, parameters_version, ALWAYS, .min = 1, .max = INT64_C(9007199254740991)),
    TEXT_FIELD   (decision_head, parameters_sha256, HASH),
    TEXT_FIELD   (decision_head, snapshot_sha256, ALWAYS, HASH),
    RECORD_FIELD (decision_head, engine, engine),
};
const struct record decision_head_record = RECORD(decision_head, decision_head_fields);

static const struct field audit_head_fields[] = {
    TEXT_FIELD(audit_head, record_sha256, HASH),
    TEXT_FIELD(audit_head, salt, HASH),
    TEXT_FIELD(audit_head, commitment, HASH),
    TEXT_FIELD(audit_head, receipt, .optional = true, .form = TEXT_ANY, .min = 1, .max = 1024),
};
const struct record audit_head_record = RECORD(audit_head, audit_head_fields);

/* A member of answer.figures, under its own name. */
#define FIGURE(member, record_of) \
    { .name = #member, .kind = FIELD_RECORD, .offset = offsetof(struct answer, figures.member), .items = &record_of }
#define FIGURE_LIST(member, record_of, most) \
    { .name = #member, .kind = FIELD_LIST, .offset = offsetof(struct answer, figures.member), .items = &record_of, \
      .count_offset = offsetof(struct answer, figures.member##_count), .max = most }
#define HEAD \
    RECORD_FIELD(answer, decision, decision_head), \
    RECORD_FIELD(answer, audit, audit_head)
#define PRICES \
    FIGURE_LIST(prices, price_figure_record, ASSETS_MAX), \
    FIGURE(oracle, oracle_figures_record), \
    { .name = "effective", .kind = FIELD_RECORD, .pointer = true, .offset = offsetof(struct answer, figures.effective), \
      .items = &effective_record, .optional = true }
#define TAIL \
    FIGURE_LIST(warnings, warning_record, WARNINGS_MAX), \
    LIST_FIELD(answer, workings, working, .optional = true, .max = WORKINGS_MAX)

static const struct field preview_fields[] = {
    HEAD,
    PRICES,
    FIGURE(health, health_record),
    FIGURE_LIST(liquidation_prices, liquidation_price_record, PRICES_MAX),
    FIGURE_LIST(withdrawable, withdrawable_record, LEGS_MAX),
    FIGURE(liquidation, liquidation_record),
    FIGURE(penalty, penalty_figures_record),
    FIGURE(risk, risk_figures_record),
    FIGURE_LIST(suggestions, suggestion_record, SUGGESTIONS_MAX),
    FIGURE_LIST(upcoming, upcoming_record, UPCOMING_MAX),
    TAIL,
};
static const struct field penalty_answer_fields[] = {
    HEAD,
    PRICES,
    FIGURE(health, health_record),
    FIGURE(liquidation, liquidation_record),
    FIGURE(penalty, penalty_figures_record),
    TAIL,
};
static const struct field liquidation_price_answer_fields[] = {
    HEAD,
    PRICES,
    FIGURE(health, health_record),
    FIGURE_LIST(liquidation_prices, liquidation_price_record, PRICES_MAX),
    TAIL,
};
static const struct field suggestion_answer_fields[] = {
    HEAD,
    PRICES,
    FIGURE(health, health_record),
    FIGURE_LIST(suggestions, suggestion_record, SUGGESTIONS_MAX),
    TAIL,
};

/* The figures stand between the two heads and the workings. */
#define ANSWER(title, list)  { .name = title, .size = sizeof(struct answer), .fields = list, .count = COUNT_OF(list) }
#define FIGURES(title, list) { .name = title, .size = sizeof(struct answer), .fields = list + 2, \
                               .count = COUNT_OF(list) - 3 }

const struct record preview_record = ANSWER("preview", preview_fields);
const struct record penalty_answer_record = ANSWER("penalty_answer", penalty_answer_fields);
const struct record liquidation_price_answer_record = ANSWER("liquidation_price_answer", liquidation_price_answer_fields);
const struct record suggestion_answer_record = ANSWER("suggestion_answer", suggestion_answer_fields);

static const struct record preview_figures = FIGURES("preview_figures", preview_fields);
static const struct record penalty_figures = FIGURES("penalty_figures", penalty_answer_fields);
static const struct record liquidation_price_figures =
    FIGURES("liquidation_price_figures", liquidation_price_answer_fields);
static const struct record suggestion_figures = FIGURES("suggestion_figures", suggestion_answer_fields);

const struct answer_kind preview_kind = { "preview", &preview_record, &preview_figures, PARTS_ALL };
const struct answer_kind penalty_kind = { "penalty", &penalty_answer_record, &penalty_figures, PART_LIQUIDATION };
const struct answer_kind liquidation_price_kind = {
    "liquidation_price", &liquidation_price_answer_record, &liquidation_price_figures, PART_PRICES
};
const struct answer_kind suggestion_kind = {
    "suggestion", &suggestion_answer_record, &suggestion_figures, PARTS_ALL
};
