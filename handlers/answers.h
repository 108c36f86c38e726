/* The answers to decisions: figures, whole or in part, with what the writer gives in front of them. */
#ifndef HANDLERS_ANSWERS_H
#define HANDLERS_ANSWERS_H

#include "record/record.h"
#include "risk/edition.h"
#include "risk/figures.h"

struct engine { const char *version, *build; };

struct decision_head {
    const char   *id, *kind, *market;         /* market NULL: the request gave its parameters */
    int64_t       decided_at, parameters_version;   /* version INTEGER_NONE likewise */
    const char   *parameters_sha256, *snapshot_sha256;
    struct engine engine;
};

/* receipt: a signed note, NULL where none was asked for */
struct audit_head { const char *record_sha256, *salt, *commitment, *receipt; };

struct answer {
    struct decision_head decision;
    struct audit_head    audit;
    struct figures       figures;
    struct working      *workings;
    size_t               workings_count;
};

/* One a kind of decision: `answer` is the operation's answer; `figures` is the part of it that is recorded, over the same
 * struct answer; `parts` is what must be computed for it. */
struct answer_kind {
    const char          *kind;                /* of the decision: "preview" ... */
    const struct record *answer, *figures;
    unsigned             parts;
};

extern const struct record engine_record, decision_head_record, audit_head_record;
extern const struct record preview_record, penalty_answer_record, liquidation_price_answer_record,
                           suggestion_answer_record;
extern const struct answer_kind preview_kind, penalty_kind, liquidation_price_kind, suggestion_kind;

#endif
