/* From a question, with its rules and its state, to a record's draft; and from what the writer gave
 * to the answer. */
#include "handlers/computation.h"

#include <string.h>

#include "audit/draft.h"
#include "handlers/receipts.h"
#include "handlers/service.h"
#include "record/json.h"
#include "risk/edition.h"
#include "risk/preview.h"
#include "risk/workings.h"

enum { TEXT_ROOM = 4096, INPUTS_ROOM = 1024, TEXT_MAX = 8 << 20 };

static enum problem
problem_of(enum risk_status status)
{
    switch (status) {
    case RISK_OK:          return PROBLEM_NONE;
    case RISK_MEANINGLESS: return PROBLEM_MEANINGLESS;
    case RISK_OVERFLOW:    return PROBLEM_OVERFLOW;
    case RISK_REFUSED:     return PROBLEM_LIQUIDATION_REFUSED;
    }
    return PROBLEM_INTERNAL;
}

enum risk_status
figures_write(const struct answer_kind *kind, const struct parameters *parameters,
              const struct question *question, int64_t eval_us, struct arena *arena,
              struct computation_room *room, struct text *figures, struct text *workings,
              struct faults *faults)
{
    enum risk_status status = preview_compute(parameters, question, eval_us, kind->parts,
                                              &room->figures, &room->answer.figures, faults);

    *figures  = (struct text){ .is_full = status != RISK_OK };
    *workings = (struct text){ .count = 0 };
    if (status)
        return status;
    text_open(figures, arena, TEXT_ROOM, TEXT_MAX);
    json_write(kind->figures, &room->answer, JSON_CANONICAL, figures);
    if (question->workings) {
        text_open(workings, arena, TEXT_ROOM, TEXT_MAX);
        workings_write(question, eval_us, &room->answer.figures, kind->figures, workings);
    }
    return RISK_OK;
}

/* Figures, and the rules under stress: of the market, and of each version that is coming. */
struct computation_room *
computation_room_open(const struct parameters *parameters, const struct question *question,
                      struct arena *arena)
{
    struct computation_room *room = arena_room(arena, 1, sizeof *room);
    size_t                   bytes = 0;

    if (!room)
        return NULL;
    room->figures.rules = room->figures.scheduled_rules = NULL;
    memset(&room->answer, 0, sizeof room->answer);
    if (effective_differs(parameters, question->snapshot) &&
        !(room->figures.rules = arena_room(arena, 1, effective_room_bytes(parameters))))
        return NULL;
    for (size_t i = 0; i < question->scheduled_count; i++) {
        const struct parameters *scheduled = question->scheduled[i].parameters;
        size_t wanted = effective_differs(scheduled, question->snapshot)
                      ? effective_room_bytes(scheduled) : 0;
        if (wanted > bytes)
            bytes = wanted;
    }
    if (bytes && !(room->figures.scheduled_rules = arena_room(arena, 1, bytes)))
        return NULL;
    return room;
}

/* They are part of the answer, and of no record. */
static bool
keep_workings(struct request *request, struct text *workings)
{
    if (workings->count)
        workings->bytes = arena_copy(request->arena, workings->bytes, workings->count);
    return !workings->is_full && (workings->bytes || !workings->count);
}

static enum problem
compute(struct request *request, const struct ruling *ruling, const struct question *question,
        struct computation_room *room, struct text *figures, struct computation *out,
        struct reply *reply)
{
    faults_open(&reply->faults, FAULTS_MAX);
    enum risk_status status =
        figures_write(out->kind, ruling->parameters, question, request->now_us, request->fleeting,
                      room, figures, &out->workings, &reply->faults);
    if (status)
        return problem_of(status);
    return figures->is_full || !keep_workings(request, &out->workings) ? PROBLEM_INTERNAL
                                                                         : PROBLEM_NONE;
}

/* The request without its state and parameters, which are kept by their hashes. */
static bool
write_inputs(struct request *request, const struct question *question, const struct given *given,
             struct text *inputs, struct computation *out)
{
    text_open(inputs, request->fleeting, INPUTS_ROOM, TEXT_MAX);
    json_write(&inputs_record, question, JSON_CANONICAL, inputs);
    out->snapshot = given->sha256;
    digest_format(&out->snapshot, out->snapshot_sha256);
    out->decision.snapshot = (struct kept){ out->snapshot, given->bytes, given->count };
    return !inputs->is_full;
}

static bool
draft(struct request *request, const struct ruling *ruling, const struct text *figures,
      const struct text *inputs, struct computation *out)
{
    const struct service *service = request->service;
    const struct market  *market = ruling->market;

    digest_format(&ruling->sha256, out->parameters_sha256);
    out->head = (struct decision_head){
        .kind               = out->kind->kind,
        .market             = market ? arena_copy(request->arena, market->market,
                                                  strlen(market->market)) : NULL,
        .decided_at         = request->now_us,
        .parameters_version = ruling->version,
        .parameters_sha256  = out->parameters_sha256,
        .snapshot_sha256    = out->snapshot_sha256,
        .engine             = { service->engine_version, service->engine_build },
    };
    struct decision_facts facts = {
        .actor              = request->caller.key_id,
        .market             = out->head.market,
        .operation          = out->kind->kind,
        .ts_us              = request->now_us,
        .eval_ts_us         = request->now_us,
        .engine_version     = service->engine_version,
        .engine_build       = service->engine_build,
        .figures            = figures,
        .inputs             = inputs,
        .parameters_version = market ? ruling->version : 0,
        .parameters_sha256  = ruling->sha256,
        .snapshot_sha256    = &out->snapshot,
    };
    if (!draft_decision(&facts, writer_inst(service->writer), request->fleeting, request->arena,
                        &out->decision.draft))
        return false;
    out->figures = (struct span){ .bytes = out->decision.draft.figures,
                                   .count = figures->count };
    return true;
}

enum problem
computation_make(struct request *request, const struct answer_kind *kind,
                 const struct ruling *ruling, const struct given *given,
                 const struct question *question, struct computation_room *room,
                 struct computation *out, struct reply *reply)
{
    struct decision *decision = &out->decision;
    const char      *account = question->account.id;      /* let go with the question */
    struct text      figures, inputs;
    enum problem     problem;

    *out = (struct computation){ .kind = kind };
    if ((problem = compute(request, ruling, question, room, &figures, out, reply)))
        return problem;
    if (!write_inputs(request, question, given, &inputs, out) ||
        !draft(request, ruling, &figures, &inputs, out))
        return PROBLEM_INTERNAL;
    decision->market = out->head.market;
    decision->epoch  = ruling->market ? ruling->market->epoch : 0;
    decision->caller = request->caller.key_id ? request->caller.key_id : "";
    decision->now_us = request->now_us;
    if (account && !(account = arena_copy(request->arena, account, strlen(account))))
        return PROBLEM_INTERNAL;
    decision->terms  = (struct search_terms){
        .operation          = kind->kind,
        .account            = account,
        .status             = health_status_names[room->answer.figures.health.status],
        .parameters_version = ruling->market ? ruling->version : INTEGER_NONE,
    };
    if (!ruling->market)
        decision->parameters = (struct kept){ ruling->sha256, ruling->document.bytes,
                                              ruling->document.count };
    return PROBLEM_NONE;
}

bool
answer_write(struct request *request, const struct decision_head *head,
             const struct sealed *sealed, struct span figures, const struct text *workings,
             struct reply *reply, struct text *out)
{
    char              record_sha256[DIGEST_TEXT_MAX], salt[DIGEST_TEXT_MAX];
    char              commitment[DIGEST_TEXT_MAX];
    struct audit_head audit = { record_sha256, salt, commitment, NULL };

    if (!receipt_make(request, &sealed->commitment, reply, &audit.receipt))
        return false;
    digest_format(&sealed->record_sha256, record_sha256);
    digest_format(&sealed->salt, salt);
    digest_format(&sealed->commitment, commitment);
    text_add_string(out, "{\"decision\":");
    json_write(&decision_head_record, head, JSON_DECLARED, out);
    text_add_string(out, ",\"audit\":");
    json_write(&audit_head_record, &audit, JSON_DECLARED, out);
    text_add_string(out, ",");
    text_add(out, figures.bytes + 1, figures.count - 2);
    if (workings && workings->count) {
        text_add_string(out, ",\"workings\":");
        text_add(out, workings->bytes, workings->count);
    }
    text_add_string(out, "}");
    return !out->is_full;
}

bool
computation_answer(struct request *request, struct computation *computation, struct reply *reply,
                   struct text *out)
{
    computation->head.id = computation->decision.id;
    return answer_write(request, &computation->head, &computation->decision.sealed,
                        computation->figures, &computation->workings, reply, out);
}
