/* A decision from the request to the stored record and its answer. */
#include "handlers/decide.h"

#include <stdio.h>
#include <string.h>

#include "audit/draft.h"
#include "db/decisions.h"
#include "db/markets.h"
#include "db/sequencer.h"
#include "db/writer.h"
#include "handlers/answers.h"
#include "handlers/given.h"
#include "handlers/receipts.h"
#include "handlers/service.h"
#include "record/json.h"
#include "record/json_member.h"
#include "record/value.h"
#include "risk/edition.h"
#include "risk/preview.h"
#include "risk/workings.h"

enum { TEXT_ROOM = 4096, TEXT_MAX = 8 << 20 };

/* A decision on its way: what the writer needs until it is settled, and what the answer needs afterwards. In the request's arena. */
struct work {
    struct decision           decision;
    const struct answer_kind *kind;
    struct decision_head      head;
    struct text               figures, inputs, workings;
    char                      parameters_sha256[DIGEST_TEXT_MAX], snapshot_sha256[DIGEST_TEXT_MAX];
    struct digest             snapshot;
    struct answer             answer;
    struct figures_room      *room;           /* not zeroed */
};

/* The rules that the question is put to: a market's, in force now, or a document of the request's own. */
struct rules {
    const struct parameters *parameters;
    const struct market     *market;          /* NULL: a document of the request's */
    struct text              document;        /* its canonical bytes, then */
    struct digest            sha256;
};

static enum problem
refuse(struct reply *reply, enum problem problem, const char *pointer, const char *code, const char *detail)
{
    faults_open(&reply->faults, FAULTS_MAX);
    fault_add(&reply->faults, pointer, code, "%s", detail);
    return problem;
}

/* Faults of a document are told by pointers into it; here it is a member of the request. */
static void
place_below(struct faults *faults, const char *member)
{
    for (size_t i = 0; i < faults->count; i++) {
        char pointer[FAULT_POINTER_MAX];
        int  count = snprintf(pointer, sizeof pointer, "%s%s", member, faults->items[i].pointer);
        if (count > 0 && (size_t)count < sizeof pointer)
            memcpy(faults->items[i].pointer, pointer, (size_t)count + 1);
    }
}

static enum problem
rules_of_document(struct request *request, const struct question *question, struct rules *rules, struct reply *reply)
{
    if (!(request->caller.roles & 1u << ROLE_PROPOSE)) {
        snprintf(reply->detail, sizeof reply->detail, "parameters in a request need a key with the role propose");
        return PROBLEM_ROLE_MISSING;
    }
    struct faults warnings;
    faults_open(&warnings, FAULTS_MAX);
    faults_open(&reply->faults, FAULTS_MAX);
    if (!parameters_accept(question->parameters, &reply->faults, &warnings)) {
        place_below(&reply->faults, "/parameters");
        return PROBLEM_PARAMETERS_REFUSED;
    }
    text_open(&rules->document, request->arena, TEXT_ROOM, TEXT_MAX);
    json_write(&parameters_record, question->parameters, JSON_CANONICAL, &rules->document);
    if (rules->document.is_full)
        return PROBLEM_INTERNAL;
    rules->sha256     = digest_of(rules->document.bytes, rules->document.count);
    rules->parameters = question->parameters;
    return PROBLEM_NONE;
}

static enum problem
rules_of_market(const struct markets *markets, const struct question *question, struct rules *rules, struct reply *reply)
{
    rules->market = market_find(markets, question->market);
    if (!rules->market) {
        snprintf(reply->detail, sizeof reply->detail, "there is no market \"%s\"; GET /v1/markets lists them",
                 question->market);
        return PROBLEM_NO_SUCH_MARKET;
    }
    rules->parameters = &rules->market->parameters;
    rules->sha256     = rules->market->sha256;
    return PROBLEM_NONE;
}

static enum problem
rules_find(struct request *request, const struct markets *markets, const struct question *question, struct rules *rules,
           struct reply *reply)
{
    if (!question->market == !question->parameters)
        return refuse(reply, PROBLEM_INVALID, question->market ? "/parameters" : "/market",
                      question->market ? "unknown_member" : "missing_member",
                      "name a market, or give a whole parameters document in its place, not both");
    return question->market ? rules_of_market(markets, question, rules, reply)
                            : rules_of_document(request, question, rules, reply);
}

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

/* Figures, and the rules under stress: of the market, and of each version that is coming. */
static bool
open_room(struct request *request, const struct parameters *parameters,
          const struct question *question, struct work *work)
{
    size_t bytes = 0;

    if (!(work->room = arena_room(request->arena, 1, sizeof *work->room)))
        return false;
    work->room->rules = work->room->scheduled_rules = NULL;
    if (effective_differs(parameters, question->snapshot) &&
        !(work->room->rules = arena_room(request->arena, 1, effective_room_bytes(parameters))))
        return false;
    for (size_t i = 0; i < question->scheduled_count; i++) {
        const struct parameters *scheduled = question->scheduled[i].parameters;
        size_t wanted = effective_differs(scheduled, question->snapshot)
                      ? effective_room_bytes(scheduled) : 0;
        if (wanted > bytes)
            bytes = wanted;
    }
    return !bytes || (work->room->scheduled_rules = arena_room(request->arena, 1, bytes));
}

static enum problem
compute(struct request *request, const struct rules *rules, const struct question *question, struct work *work,
        struct reply *reply)
{
    faults_open(&reply->faults, FAULTS_MAX);
    if (!open_room(request, rules->parameters, question, work))
        return PROBLEM_INTERNAL;
    enum risk_status status = preview_compute(rules->parameters, question, request->now_us,
                                              work->kind->parts, work->room, &work->answer.figures,
                                              &reply->faults);
    if (status)
        return problem_of(status);

    text_open(&work->figures, request->arena, TEXT_ROOM, TEXT_MAX);
    json_write(work->kind->figures, &work->answer, JSON_CANONICAL, &work->figures);
    text_open(&work->workings, request->arena, TEXT_ROOM, TEXT_MAX);
    if (question->workings)
        workings_write(question, request->now_us, &work->answer.figures,
                       work->kind->figures, &work->workings);
    return work->figures.is_full || work->workings.is_full ? PROBLEM_INTERNAL : PROBLEM_NONE;
}

/* The request without its state and parameters, which are kept by their hashes. */
static bool
write_inputs(struct request *request, const struct question *question, const struct given *given, struct work *work)
{
    text_open(&work->inputs, request->arena, TEXT_ROOM, TEXT_MAX);
    json_write(&inputs_record, question, JSON_CANONICAL, &work->inputs);
    work->snapshot = given->sha256;
    digest_format(&work->snapshot, work->snapshot_sha256);
    work->decision.snapshot = (struct kept){ work->snapshot, given->bytes, given->count };
    return !work->inputs.is_full;
}

static bool
draft(struct request *request, const struct rules *rules, struct work *work)
{
    const struct service *service = request->service;

    digest_format(&rules->sha256, work->parameters_sha256);
    work->head = (struct decision_head){
        .kind               = work->kind->kind,
        .market             = rules->market ? arena_copy(request->arena, rules->market->market, strlen(rules->market->market))
                                            : NULL,
        .decided_at         = request->now_us,
        .parameters_version = rules->market ? rules->market->version : INTEGER_NONE,
        .parameters_sha256  = work->parameters_sha256,
        .snapshot_sha256    = work->snapshot_sha256,
        .engine             = { service->engine_version, service->engine_build },
    };
    struct decision_facts facts = {
        .actor              = request->caller.key_id,
        .market             = work->head.market,
        .operation          = work->kind->kind,
        .ts_us              = request->now_us,
        .eval_ts_us         = request->now_us,
        .engine_version     = service->engine_version,
        .engine_build       = service->engine_build,
        .figures            = &work->figures,
        .inputs             = &work->inputs,
        .parameters_version = rules->market ? rules->market->version : 0,
        .parameters_sha256  = rules->sha256,
        .snapshot_sha256    = &work->snapshot,
    };
    return draft_decision(&facts, writer_inst(service->writer), request->arena, &work->decision.draft);
}

static void
submit_later(struct request *request, const struct rules *rules, struct work *work, struct reply *reply)
{
    struct decision *decision = &work->decision;

    decision->market          = work->head.market;
    decision->epoch           = rules->market ? rules->market->epoch : 0;
    decision->caller          = request->caller.key_id ? request->caller.key_id : "";
    decision->idempotency_key = request->idempotency_key;
    decision->now_us          = request->now_us;
    decision->workings        = work->workings.count ? &work->workings : NULL;
    if (request->idempotency_key)
        decision->body_sha256 = digest_of(request->body_bytes, request->body_count);
    if (!rules->market)
        decision->parameters = (struct kept){ rules->sha256, rules->document.bytes, rules->document.count };
    reply->pending = work;
    reply->waits   = true;
}

static enum problem
decide(struct request *request, const struct answer_kind *kind, const struct markets *markets, struct reply *reply)
{
    struct question question = *(const struct question *)request->body;
    struct rules    rules = { 0 };
    struct given    given;
    struct work    *work = arena_alloc(request->arena, 1, sizeof *work);
    enum problem    problem;

    if (!work)
        return PROBLEM_INTERNAL;
    if (sequencer_is_overrun(request->service->sequencer)) {
        snprintf(reply->detail, sizeof reply->detail,
                 "more records wait for their place in the log than may; decisions are not recorded without it");
        return PROBLEM_OVERLOADED;
    }
    work->kind = kind;
    if ((problem = rules_find(request, markets, &question, &rules, reply)) ||
        (problem = given_find(request, &question, rules.market, &given, reply)))
        return problem;
    if ((reply->waits = given.must_load))
        return PROBLEM_NONE;
    question.state    = (struct state *)given.state;  /* accepted: it is only read from here on */
    question.snapshot = given.snapshot;
    if ((problem = compute(request, &rules, &question, work, reply)))
        return problem;
    if (!write_inputs(request, &question, &given, work) || !draft(request, &rules, work))
        return PROBLEM_INTERNAL;
    submit_later(request, &rules, work, reply);
    return PROBLEM_NONE;
}

static enum problem
decide_held(struct request *request, const struct answer_kind *kind, struct reply *reply)
{
    const struct markets *markets = markets_hold(request->service->markets);
    enum problem          problem = decide(request, kind, markets, reply);
    markets_release(request->service->markets, markets);
    return problem;
}

enum problem
create_preview(struct request *request, struct reply *reply)
{
    return decide_held(request, &preview_kind, reply);
}

enum problem
create_penalty(struct request *request, struct reply *reply)
{
    return decide_held(request, &penalty_kind, reply);
}

enum problem
create_liquidation_price(struct request *request, struct reply *reply)
{
    return decide_held(request, &liquidation_price_kind, reply);
}

enum problem
create_suggestion(struct request *request, struct reply *reply)
{
    return decide_held(request, &suggestion_kind, reply);
}

/* The answer's text: what the writer gave, then the figures exactly as they were recorded, then the workings. */
static bool
answer_write(struct request *request, const struct decision_head *head, const struct sealed *sealed, const char *figures,
             size_t figures_count, const struct text *workings, struct reply *reply)
{
    char              record_sha256[DIGEST_TEXT_MAX], salt[DIGEST_TEXT_MAX], commitment[DIGEST_TEXT_MAX];
    struct audit_head audit = { record_sha256, salt, commitment, NULL };
    struct text       out;

    if (!receipt_make(request, &sealed->commitment, reply, &audit.receipt))
        return false;

    digest_format(&sealed->record_sha256, record_sha256);
    digest_format(&sealed->salt, salt);
    digest_format(&sealed->commitment, commitment);
    text_open(&out, request->arena, figures_count + (workings ? workings->count : 0) + 2048, TEXT_MAX);
    text_add_string(&out, "{\"decision\":");
    json_write(&decision_head_record, head, JSON_DECLARED, &out);
    text_add_string(&out, ",\"audit\":");
    json_write(&audit_head_record, &audit, JSON_DECLARED, &out);
    text_add_string(&out, ",");
    text_add(&out, figures + 1, figures_count - 2);
    if (workings && workings->count) {
        text_add_string(&out, ",\"workings\":");
        text_add(&out, workings->bytes, workings->count);
    }
    text_add_string(&out, "}");
    reply->bytes = out.bytes;
    reply->count = out.count;
    return !out.is_full;
}

static bool
add_location(struct request *request, const char *id, struct reply *reply)
{
    struct text location;
    text_open(&location, request->arena, 128, 128);
    text_format(&location, "/v1/decisions/%s", id);
    text_add(&location, "", 1);
    if (location.is_full)
        return false;
    reply_add_header(reply, "Location", location.bytes);
    return true;
}

enum problem
complete_decision(struct request *request, struct reply *reply)
{
    struct work *work = reply->pending;

    if (!work)                                /* answered from what was stored: the idempotency key was used before */
        return PROBLEM_NONE;
    work->head.id = work->decision.id;
    if (!answer_write(request, &work->head, &work->decision.sealed, work->figures.bytes, work->figures.count,
                      &work->workings, reply) ||
        !add_location(request, work->decision.id, reply))
        return PROBLEM_INTERNAL;
    return PROBLEM_NONE;
}

/* Bytes of a stored record as a text of the arena; NULL: there is no such member, or it is null. */
static const char *
stored_text(struct request *request, struct span object, const char *name)
{
    struct span text;
    return json_member_text(object.bytes, object.count, name, &text) ? arena_copy(request->arena, text.bytes, text.count) : NULL;
}

static int64_t
stored_integer(struct span object, const char *name)
{
    struct span value;
    int64_t     integer;
    return json_member(object.bytes, object.count, name, &value) && integer_parse(value.bytes, value.count, &integer)
        ? integer : INTEGER_NONE;
}

/* What complete_decision answered, made again from the record's own bytes. */
static bool
answer_stored(struct request *request, const struct stored_decision *stored, const struct text *workings,
              struct reply *reply)
{
    struct span          record = { .bytes = stored->record, .count = stored->record_count };
    struct span          parameters = { 0 }, snapshot = { 0 }, engine = { 0 }, figures;
    struct decision_head head = { .id = stored->id };

    if (!json_member(record.bytes, record.count, "figures", &figures) ||
        !json_member(record.bytes, record.count, "parameters", &parameters) ||
        !json_member(record.bytes, record.count, "snapshot", &snapshot) ||
        !json_member(record.bytes, record.count, "engine", &engine))
        return false;
    head.kind               = stored_text(request, record, "operation");
    head.market             = stored_text(request, record, "market");
    head.decided_at         = stored_integer(record, "ts");
    head.parameters_version = stored_integer(parameters, "version");
    head.parameters_sha256  = stored_text(request, parameters, "sha256");
    head.snapshot_sha256    = stored_text(request, snapshot, "sha256");
    head.engine             = (struct engine){ stored_text(request, engine, "version"), stored_text(request, engine, "build") };
    return head.kind && head.parameters_sha256 && head.decided_at != INTEGER_NONE &&
           answer_write(request, &head, &stored->sealed, figures.bytes, figures.count, workings, reply);
}

bool
decision_may_be_read(const struct request *request, const struct stored_decision *stored)
{
    struct span actor;
    if (request->caller.roles & 1u << ROLE_AUDIT)
        return true;
    if (!json_member_text(stored->record, stored->record_count, "actor", &actor))
        return !request->caller.key_id;
    return request->caller.key_id && strlen(request->caller.key_id) == actor.count &&
           !memcmp(request->caller.key_id, actor.bytes, actor.count);
}

enum problem
problem_of_find(enum find found, enum problem nothing)
{
    switch (found) {
    case FOUND:         return PROBLEM_NONE;
    case FOUND_NOTHING: return nothing;
    case FIND_AWAY:     return PROBLEM_DATABASE_AWAY;
    }
    return PROBLEM_INTERNAL;
}

enum problem
get_decision(struct request *request, struct reply *reply)
{
    struct stored_decision stored;
    enum problem           problem = problem_of_find(
        decision_find(service_connection(request), request->args[0], request->arena, &stored), PROBLEM_NO_SUCH_DECISION);

    if (problem)
        return problem;
    if (!decision_may_be_read(request, &stored))
        return PROBLEM_NO_SUCH_DECISION;
    return answer_stored(request, &stored, NULL, reply) ? PROBLEM_NONE : PROBLEM_INTERNAL;
}

static bool
is_of_kind(const struct stored_decision *stored, const char *kind)
{
    struct span operation;
    return json_member_text(stored->record, stored->record_count, "operation", &operation) &&
           strlen(kind) == operation.count && !memcmp(kind, operation.bytes, operation.count);
}

/* The idempotency key was used before: the same body, sent to the same operation, gets the stored answer. On a worker. */
static enum problem
replay_decision(struct request *request, struct reply *reply)
{
    struct connection     *connection = service_connection(request);
    const struct work     *work = reply->pending;
    struct stored_answer   answer;
    struct stored_decision stored;
    struct text            workings = { 0 };
    enum problem           problem;

    if ((problem = problem_of_find(idempotency_find(connection, work->decision.caller, request->idempotency_key,
                                                    request->arena, &answer), PROBLEM_KEY_IN_FLIGHT)))
        return problem;
    if (!digest_equal(&answer.body_sha256, &work->decision.body_sha256))
        return PROBLEM_KEY_REUSED;
    if ((problem = problem_of_find(decision_find(connection, answer.decision_id, request->arena, &stored),
                                   PROBLEM_NO_SUCH_DECISION)))
        return problem;
    if (!is_of_kind(&stored, work->kind->kind))
        return PROBLEM_KEY_REUSED;
    text_open(&workings, request->arena, answer.workings_count, TEXT_MAX);
    text_add(&workings, answer.workings, answer.workings_count);
    reply->pending = NULL;
    reply->status  = 201;
    reply_add_header(reply, "Idempotent-Replayed", "true");
    return answer_stored(request, &stored, &workings, reply) && add_location(request, stored.id, reply) ? PROBLEM_NONE
                                                                                                       : PROBLEM_INTERNAL;
}

static enum problem
problem_of_settlement(enum settlement settlement)
{
    switch (settlement) {
    case SETTLED_DURABLE:
    case SETTLED_STALE:
    case SETTLED_DUPLICATE: return PROBLEM_NONE;
    case SETTLED_REFUSED:   return PROBLEM_INTERNAL;
    case SETTLED_AWAY:      return PROBLEM_DATABASE_AWAY;
    case SETTLED_UNKNOWN:   return PROBLEM_OUTCOME_UNKNOWN;
    }
    return PROBLEM_INTERNAL;
}

/* On the writer's thread. */
static void
settled(struct decision *decision)
{
    struct visit *visit = decision->context;

    if (decision->settlement == SETTLED_DUPLICATE)
        service_run_on_worker(visit, replay_decision);
    else
        exchange_resume(visit->request, decision->settlement == SETTLED_STALE ? RESUME_AGAIN : RESUME_DONE,
                        problem_of_settlement(decision->settlement));
}

enum problem
submit_decision(struct visit *visit)
{
    struct writer *writer = visit->request->service->writer;
    struct work   *work = visit->reply->pending;

    if (visit->wanted) {
        service_run_on_worker(visit, given_load);
        return PROBLEM_NONE;
    }
    work->decision.settled = settled;
    work->decision.context = visit;
    if (writer_submit(writer, &work->decision))
        return PROBLEM_NONE;
    return writer_is_up(writer) ? PROBLEM_OVERLOADED : PROBLEM_DATABASE_AWAY;
}
