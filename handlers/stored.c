/* Answers from what is stored. */
#include "handlers/stored.h"

#include <string.h>

#include "db/log.h"
#include "handlers/computation.h"
#include "handlers/decide.h"
#include "handlers/service.h"
#include "record/json_member.h"
#include "record/value.h"

enum { TEXT_MAX = 8 << 20 };

/* Bytes of a stored record as a text of the arena; NULL: no such member, or it is null. */
static const char *
stored_text(struct request *request, struct span object, const char *name)
{
    struct span text;
    return json_member_text(object.bytes, object.count, name, &text)
        ? arena_copy(request->arena, text.bytes, text.count) : NULL;
}

static int64_t
stored_integer(struct span object, const char *name)
{
    struct span value;
    int64_t     integer;
    return json_member(object.bytes, object.count, name, &value) &&
           integer_parse(value.bytes, value.count, &integer) ? integer : INTEGER_NONE;
}

bool
stored_answer_write(struct request *request, const struct stored_decision *stored,
                    const struct text *workings, struct reply *reply, struct text *out)
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
    head.engine             = (struct engine){ stored_text(request, engine, "version"),
                                               stored_text(request, engine, "build") };
    if (!head.kind || !head.parameters_sha256 || head.decided_at == INTEGER_NONE)
        return false;
    return answer_write(request, &head, &stored->sealed, figures, workings, reply, out);
}

static enum problem
answer(struct request *request, const struct stored_decision *stored, const struct text *workings,
       struct reply *reply)
{
    struct text out;

    text_open(&out, request->arena, stored->record_count + ANSWER_HEAD_BYTES, TEXT_MAX);
    if (!stored_answer_write(request, stored, workings, reply, &out))
        return PROBLEM_INTERNAL;
    reply->bytes = out.bytes;
    reply->count = out.count;
    return PROBLEM_NONE;
}

static bool
may_be_read(const struct request *request, const struct stored_decision *stored)
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

/* Where there is no record: was there one? */
static bool
is_pruned(const struct request *request)
{
    char    inst[INST_TEXT_MAX];
    int64_t day, iseq, index;

    return decision_id_parse(request->args[0], &day, inst, &iseq) &&
           log_index_of_record(service_connection(request), inst, iseq, &index) == FOUND;
}

enum problem
named_decision_find(struct request *request, struct stored_decision *out)
{
    enum problem problem = problem_of_find(
        decision_find(service_connection(request), request->args[0], request->arena, out),
        PROBLEM_NO_SUCH_DECISION);

    if (problem == PROBLEM_NO_SUCH_DECISION && is_pruned(request))
        return PROBLEM_DECISION_PRUNED;
    return problem || may_be_read(request, out) ? problem : PROBLEM_NO_SUCH_DECISION;
}

enum problem
get_decision(struct request *request, struct reply *reply)
{
    struct stored_decision stored;
    enum problem           problem = named_decision_find(request, &stored);

    return problem ? problem : answer(request, &stored, NULL, reply);
}

static bool
is_of_kind(const struct stored_decision *stored, const char *kind)
{
    struct span operation;
    return json_member_text(stored->record, stored->record_count, "operation", &operation) &&
           strlen(kind) == operation.count && !memcmp(kind, operation.bytes, operation.count);
}

enum problem
stored_answer_find(struct request *request, struct stored_answer *out)
{
    const char    *caller = request->caller.key_id ? request->caller.key_id : "";
    struct digest  body = digest_of(request->body_bytes, request->body_count);
    enum problem   problem = problem_of_find(
        idempotency_find(service_connection(request), caller, request->idempotency_key,
                         request->arena, out), PROBLEM_KEY_IN_FLIGHT);

    return problem || digest_equal(&out->body_sha256, &body) ? problem : PROBLEM_KEY_REUSED;
}

enum problem
stored_decision_find(struct request *request, const char *id, const char *kind,
                     struct stored_decision *out)
{
    enum problem problem = problem_of_find(
        decision_find(service_connection(request), id, request->arena, out),
        PROBLEM_NO_SUCH_DECISION);

    return problem || is_of_kind(out, kind) ? problem : PROBLEM_KEY_REUSED;
}

bool
reply_add_location(struct request *request, const char *id, struct reply *reply)
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
replay_decision(struct request *request, struct reply *reply)
{
    const struct awaited     *awaited = reply->pending;
    const struct computation *computation = awaited->subject;
    struct stored_answer      found;
    struct stored_decision    stored;
    struct text               workings;
    enum problem              problem;

    if ((problem = stored_answer_find(request, &found)) ||
        (problem = stored_decision_find(request, found.decision_id, computation->kind->kind,
                                        &stored)))
        return problem;
    text_open(&workings, request->arena, found.workings_count, TEXT_MAX);
    text_add(&workings, found.workings, found.workings_count);
    reply->pending = NULL;
    reply->status  = 201;
    reply_add_header(reply, "Idempotent-Replayed", "true");
    if ((problem = answer(request, &stored, &workings, reply)))
        return problem;
    return reply_add_location(request, stored.id, reply) ? PROBLEM_NONE : PROBLEM_INTERNAL;
}
