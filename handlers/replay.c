/* Decisions made again, and compared with what was recorded. */
#include "handlers/replay.h"

#include <stdio.h>
#include <string.h>

#include "handlers/computation.h"
#include "handlers/service.h"
#include "handlers/stored.h"
#include "record/instant.h"
#include "record/json.h"
#include "record/json_difference.h"
#include "record/json_member.h"
#include "record/value.h"
#include "risk/edition.h"
#include "risk/snapshot.h"
#include "risk/preview.h"

enum { VALUE_BYTES_MAX = 1 << 16 };

/* What is read of a record, on the way to the figures. */
struct again {
    const struct replay_source *source;
    struct arena               *arena;
    struct replay              *out;
    struct span                 record, figures;
    const struct answer_kind   *kind;
    struct question             question;
    struct snapshot             snapshot;
    struct parameters           parameters;
    int64_t                     eval_ts_us;
    struct edition              scheduled[UPCOMING_MAX];
};

static struct span
member(struct span object, const char *name)
{
    struct span value;

    return object.bytes && json_member(object.bytes, object.count, name, &value)
         ? value : (struct span){ 0 };
}

static struct span
text_member(struct span object, const char *name)
{
    struct span text;

    return object.bytes && json_member_text(object.bytes, object.count, name, &text)
         ? text : (struct span){ 0 };
}

static int64_t
integer_member(struct span object, const char *name)
{
    struct span value = member(object, name);
    int64_t     integer;

    return value.bytes && integer_parse(value.bytes, value.count, &integer) ? integer
                                                                            : INTEGER_NONE;
}

static const char *
keep(struct again *again, struct span text)
{
    return text.bytes ? arena_copy(again->arena, text.bytes, text.count) : NULL;
}

static enum replayed
incomplete(struct again *again, const char *what, const char *sha256)
{
    snprintf(again->out->why, sizeof again->out->why, "%s %s", what, sha256 ? sha256 : "");
    return REPLAY_INCOMPLETE;
}

/* The document whose hash is `sha256`, read as its record and put to `read`. */
static enum replayed
load(struct again *again, const char *sha256, struct stored_document *document)
{
    struct digest wanted, found;

    if (!sha256 || !digest_parse(sha256, &wanted))
        return incomplete(again, "the record names no hash", NULL);
    switch (again->source->find(again->source->context, &wanted, again->arena, document)) {
    case FOUND:         break;
    case FOUND_NOTHING: return incomplete(again, "it is not kept any more:", sha256);
    case FIND_AWAY:     return REPLAY_AWAY;
    }
    found = digest_of(document->bytes, document->count);
    return digest_equal(&found, &wanted) ? REPLAY_IDENTICAL
                                         : incomplete(again, "its bytes have another hash:", sha256);
}

static enum replayed
load_parameters(struct again *again, const char *sha256, struct parameters *out)
{
    struct stored_document document = { .bytes = NULL };
    struct faults          faults, warnings;
    enum replayed          loaded = load(again, sha256, &document);

    if (loaded)
        return loaded;
    faults_open(&faults, 1);
    faults_open(&warnings, 1);
    return json_read(&parameters_record, document.bytes, document.count, again->arena, out,
                     &faults) && parameters_accept(out, &faults, &warnings)
         ? REPLAY_IDENTICAL : incomplete(again, "these parameters cannot be read:", sha256);
}

static enum replayed
load_state(struct again *again, const char *sha256)
{
    struct stored_document document;
    struct faults          faults;
    enum replayed          loaded = load(again, sha256, &document);

    if (loaded)
        return loaded;
    faults_open(&faults, 1);
    if (!json_read(&snapshot_record, document.bytes, document.count, again->arena, &again->snapshot,
                   &faults) || !state_accept(&again->snapshot.state, "", &faults))
        return incomplete(again, "this state cannot be read:", sha256);
    again->question.state    = &again->snapshot.state;
    again->question.snapshot = again->snapshot.market ? &again->snapshot : NULL;
    return REPLAY_IDENTICAL;
}

/* What was coming to the account stands in its figures, by hash. */
static enum replayed
load_scheduled(struct again *again)
{
    struct span upcoming = member(again->figures, "upcoming");
    struct scan scan     = { .start = upcoming.bytes, .at = upcoming.bytes + 1,
                             .end = upcoming.bytes + upcoming.count };
    size_t      count    = 0;

    if (upcoming.count < 2)
        return REPLAY_IDENTICAL;
    for (; count < UPCOMING_MAX && scan_next(&scan, ']', count == 0) == SCAN_ITEM; count++) {
        struct span item = { .bytes = scan.at };
        if (!scan_value(&scan, JSON_DEPTH_MAX))
            break;
        item.count = (size_t)(scan.at - item.bytes);
        struct parameters *parameters = arena_alloc(again->arena, 1, sizeof *parameters);
        struct edition    *edition    = &again->scheduled[count];
        struct span        at         = text_member(item, "active_at");
        edition->version    = integer_member(item, "parameters_version");
        edition->sha256     = keep(again, text_member(item, "parameters_sha256"));
        edition->parameters = parameters;
        if (!parameters || !at.bytes || !instant_parse(at.bytes, at.count, &edition->active_at))
            return incomplete(again, "the record's \"upcoming\" cannot be read", NULL);
        enum replayed loaded = load_parameters(again, edition->sha256, parameters);
        if (loaded)
            return loaded;
    }
    again->question.scheduled       = again->scheduled;
    again->question.scheduled_count = count;
    return REPLAY_IDENTICAL;
}

static const struct answer_kind *
find_kind(struct span name)
{
    static const struct answer_kind *const kinds[] = {
        &preview_kind, &penalty_kind, &liquidation_price_kind, &suggestion_kind,
        NULL,
    };

    for (size_t i = 0; kinds[i]; i++)
        if (strlen(kinds[i]->kind) == name.count &&
            !memcmp(kinds[i]->kind, name.bytes, name.count))
            return kinds[i];
    return NULL;
}

static size_t
add_name(struct span object, const char *member_name, struct digest *out, size_t count)
{
    char        text[DIGEST_TEXT_MAX];
    struct span name = text_member(object, member_name);

    if (name.count != DIGEST_TEXT_MAX - 1)
        return count;
    memcpy(text, name.bytes, name.count);
    text[name.count] = '\0';
    return count + digest_parse(text, &out[count]);
}

size_t
replay_names(const char *record, size_t record_count, struct digest out[static REPLAY_NAMES_MAX])
{
    struct span whole    = { .bytes = record, .count = record_count };
    struct span upcoming = member(member(whole, "figures"), "upcoming");
    struct scan scan     = { .start = upcoming.bytes, .at = upcoming.bytes + 1,
                             .end = upcoming.bytes + upcoming.count };
    size_t      count    = add_name(member(whole, "parameters"), "sha256", out, 0);

    count = add_name(member(whole, "snapshot"), "sha256", out, count);
    if (upcoming.count < 2)
        return count;
    for (bool is_first = true; count < REPLAY_NAMES_MAX &&
                               scan_next(&scan, ']', is_first) == SCAN_ITEM; is_first = false) {
        struct span item = { .bytes = scan.at };
        if (!scan_value(&scan, JSON_DEPTH_MAX))
            break;
        item.count = (size_t)(scan.at - item.bytes);
        count = add_name(item, "parameters_sha256", out, count);
    }
    return count;
}

static bool
read_record(struct again *again)
{
    struct span   record    = again->record;
    struct span   operation = text_member(record, "operation");
    struct span   inputs    = member(record, "inputs"), engine = member(record, "engine");
    struct faults faults;

    again->kind       = operation.bytes ? find_kind(operation) : NULL;
    again->figures    = member(record, "figures");
    again->eval_ts_us = integer_member(record, "eval_ts");
    again->out->engine.version = keep(again, text_member(engine, "version"));
    again->out->engine.build   = keep(again, text_member(engine, "build"));
    faults_open(&faults, 1);
    return again->kind && again->figures.bytes && inputs.bytes &&
           again->eval_ts_us != INTEGER_NONE && again->out->engine.version &&
           again->out->engine.build &&
           json_read(&inputs_record, inputs.bytes, inputs.count, again->arena, &again->question,
                     &faults);
}

/* Pointers are into the record: its figures are compared. */
static enum replayed
compare(struct again *again, const struct text *figures)
{
    struct changes *differences = &again->out->differences;
    struct span     now         = { .bytes = figures->bytes, .count = figures->count };

    if (now.count == again->figures.count && !memcmp(now.bytes, again->figures.bytes, now.count))
        return REPLAY_IDENTICAL;
    if (!json_difference(again->figures, now, again->arena, differences))
        snprintf(again->out->why, sizeof again->out->why, "too much differs to be told");
    for (size_t i = 0; i < differences->count; i++) {
        struct text path;
        text_open(&path, again->arena, 64, 2048);
        text_format(&path, "/figures%s", differences->items[i].path);
        text_add(&path, "", 1);
        if (!path.is_full)
            differences->items[i].path = path.bytes;
    }
    return REPLAY_DIFFERENT;
}

static enum replayed
compute(struct again *again)
{
    struct computation_room *room;
    struct text              figures, workings;
    struct faults            faults;

    again->question.workings = false;         /* they are no part of a record */
    faults_open(&faults, FAULTS_MAX);
    room = computation_room_open(&again->parameters, &again->question, again->arena);
    if (!room)
        return REPLAY_AWAY;
    enum risk_status status =
        figures_write(again->kind, &again->parameters, &again->question, again->eval_ts_us,
                      again->arena, room, &figures, &workings, &faults);
    if (status == RISK_OK)
        return figures.is_full ? REPLAY_AWAY : compare(again, &figures);
    snprintf(again->out->why, sizeof again->out->why, "it is refused now: %.100s",
             faults.count ? faults.items[0].detail : "overflow");
    return REPLAY_DIFFERENT;
}

enum replayed
replay_record(const char *record, size_t count, const struct replay_source *source,
              struct arena *arena, struct replay *out)
{
    struct again *again = arena_alloc(arena, 1, sizeof *again);
    enum replayed loaded;

    *out = (struct replay){ .why = "" };
    if (!again)
        return REPLAY_AWAY;
    again->source = source;
    again->arena  = arena;
    again->out    = out;
    again->record = (struct span){ .bytes = record, .count = count };
    if (!read_record(again))
        return REPLAY_NOT_A_DECISION;
    again->question.market = keep(again, text_member(again->record, "market"));
    const char *parameters = keep(again, text_member(member(again->record, "parameters"), "sha256"));
    const char *state      = keep(again, text_member(member(again->record, "snapshot"), "sha256"));
    if ((loaded = load_parameters(again, parameters, &again->parameters)) ||
        (loaded = load_state(again, state)) || (loaded = load_scheduled(again)))
        return loaded;
    return compute(again);
}

enum find
replay_find_stored(void *connection, const struct digest *sha256, struct arena *arena,
                   struct stored_document *out)
{
    return document_find(connection, sha256, arena, out);
}

struct replay_difference { const char *pointer, *recorded, *replayed; };

struct replay_answer {
    const char               *decision;
    bool                      identical;
    const char               *reason;         /* of a difference that is none of members */
    struct engine             recorded_by, replayed_by;
    struct replay_difference *differences;
    size_t                    differences_count;
};

static const struct field replay_difference_fields[] = {
    TEXT_FIELD(replay_difference, pointer, .form = TEXT_ANY, .max = 2048),
    TEXT_FIELD(replay_difference, recorded, .form = TEXT_ANY, .nullable = true,
               .max = VALUE_BYTES_MAX),
    TEXT_FIELD(replay_difference, replayed, .form = TEXT_ANY, .nullable = true,
               .max = VALUE_BYTES_MAX),
};
static const struct record replay_difference_record =
    RECORD(replay_difference, replay_difference_fields);

static const struct field replay_answer_fields[] = {
    NAME_FIELD  (replay_answer, decision),
    FLAG_FIELD  (replay_answer, identical),
    TEXT_FIELD  (replay_answer, reason, .form = TEXT_ANY, .nullable = true,
                 .max = REPLAY_WHY_MAX),
    RECORD_FIELD(replay_answer, recorded_by, engine),
    RECORD_FIELD(replay_answer, replayed_by, engine),
    LIST_FIELD  (replay_answer, differences, replay_difference, .max = JSON_DIFFERENCES_MAX),
};
const struct record replay_answer_record = RECORD(replay_answer, replay_answer_fields);

static enum problem
tell(struct request *request, const struct replay *replay, bool is_identical, struct reply *reply)
{
    const struct service *service = request->service;
    const struct changes *changes = &replay->differences;
    struct replay_answer *answer  = arena_alloc(request->arena, 1, sizeof *answer);

    if (!answer)
        return PROBLEM_INTERNAL;
    *answer = (struct replay_answer){
        .decision    = request->args[0],
        .identical   = is_identical,
        .reason      = replay->why[0] ? replay->why : NULL,
        .recorded_by = replay->engine,
        .replayed_by = { service->engine_version, service->engine_build },
        .differences = arena_alloc(request->arena, changes->count + 1, sizeof *answer->differences),
        .differences_count = changes->count,
    };
    if (!answer->differences)
        return PROBLEM_INTERNAL;
    for (size_t i = 0; i < changes->count; i++)
        answer->differences[i] = (struct replay_difference){
            changes->items[i].path, changes->items[i].from, changes->items[i].to };
    reply->answer = answer;
    return PROBLEM_NONE;
}

enum problem
get_decision_replay(struct request *request, struct reply *reply)
{
    struct stored_decision stored;
    struct replay         *replay = arena_alloc(request->arena, 1, sizeof *replay);
    enum problem           problem = named_decision_find(request, &stored);

    if (problem || !replay)
        return problem ? problem : PROBLEM_INTERNAL;
    const struct replay_source source = { replay_find_stored, service_connection(request) };
    request->arena->used_max += REPLAY_ARENA_BYTES;
    switch (replay_record(stored.record, stored.record_count, &source, request->arena, replay)) {
    case REPLAY_IDENTICAL: return tell(request, replay, true, reply);
    case REPLAY_DIFFERENT: return tell(request, replay, false, reply);
    case REPLAY_INCOMPLETE:
        snprintf(reply->detail, sizeof reply->detail, "%s", replay->why);
        return PROBLEM_NO_SUCH_SNAPSHOT;
    case REPLAY_NOT_A_DECISION: return PROBLEM_INTERNAL;
    case REPLAY_AWAY:           return PROBLEM_DATABASE_AWAY;
    }
    return PROBLEM_INTERNAL;
}
