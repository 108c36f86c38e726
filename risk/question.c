/* The request as a record, and the part of it that is recorded. */
#include "risk/question.h"

static const char *const at_names[] = { "trigger", "mark", NULL };

static const struct field question_fields[] = {
    POINTER_FIELD(question, parameters, parameters, .optional = true),
    { .name = "state", .kind = FIELD_RECORD, .pointer = true, .optional = true,
      .offset = offsetof(struct question, state), .items = &state_request_record },
    NAME_FIELD   (question, market, .optional = true),
    RECORD_FIELD (question, account, account),
    CHOICE_FIELD (question, at, .choices = at_names, .optional = true, .initial = "trigger"),
    INTEGER_FIELD(question, horizon_s, .optional = true, .min = 60, .max = 31536000),
    POINTER_FIELD(question, liquidator, liquidator, .optional = true),
    FLAG_FIELD   (question, workings, .optional = true, .initial = "false"),
};
const struct record question_record = RECORD(question, question_fields);

enum { KEPT_BY_HASH = 2 };                    /* the first fields: they are recorded by their hashes */

const struct record inputs_record = {
    .name = "inputs", .size = sizeof(struct question), .fields = question_fields + KEPT_BY_HASH,
    .count = COUNT_OF(question_fields) - KEPT_BY_HASH,
};
