/* A batch: its state is read, accepted and hashed once, then each account is computed alone. */
#include "handlers/batch.h"

#include <stdio.h>
#include <string.h>

#include "db/decisions.h"
#include "handlers/computation.h"
#include "handlers/cost.h"
#include "handlers/decide.h"
#include "handlers/service.h"
#include "handlers/stored.h"
#include "record/scan.h"
#include "server/document.h"

enum {
    ITEMS_MAX      = GROUP_MAX,
    ITEM_BYTES_MAX = 96 << 10,        /* of the arena, for one account */
    TEXT_MAX       = 64 << 20,
    ITEM_SHELL     = 64,              /* "status" and brackets */
    STORED_DEPTH   = 8,
};

struct preview_batch_item { struct account account; struct liquidator *liquidator; };

struct preview_batch {
    const char                *market;        /* or parameters, not both */
    struct parameters         *parameters;
    struct state              *state;         /* NULL: the market's latest snapshot */
    int                        at;
    int64_t                    horizon_s;
    struct preview_batch_item *items;
    size_t                     items_count;
};

static const struct field item_fields[] = {
    RECORD_FIELD (preview_batch_item, account, account),
    POINTER_FIELD(preview_batch_item, liquidator, liquidator, .optional = true),
};
static const struct record preview_batch_item_record = RECORD(preview_batch_item, item_fields);

static const char *const at_names[] = { "trigger", "mark", NULL };

static const struct field batch_fields[] = {
    NAME_FIELD   (preview_batch, market, .optional = true),
    POINTER_FIELD(preview_batch, parameters, parameters, .optional = true),
    { .name = "state", .kind = FIELD_RECORD, .pointer = true, .optional = true,
      .offset = offsetof(struct preview_batch, state), .items = &state_request_record },
    CHOICE_FIELD (preview_batch, at, .choices = at_names, .optional = true, .initial = "trigger"),
    INTEGER_FIELD(preview_batch, horizon_s, .optional = true, .min = 60, .max = 31536000),
    LIST_FIELD   (preview_batch, items, preview_batch_item, .min = 1, .max = ITEMS_MAX),
};
const struct record preview_batch_record = RECORD(preview_batch, batch_fields);

struct preview_batch_result {
    int64_t                  status;
    struct answer           *preview;
    struct problem_document *problem;
};

static const struct field result_fields[] = {
    INTEGER_FIELD(preview_batch_result, status, .min = 201, .max = 599),
    { .name = "preview", .kind = FIELD_RECORD, .pointer = true, .optional = true,
      .offset = offsetof(struct preview_batch_result, preview), .items = &preview_record },
    { .name = "problem", .kind = FIELD_RECORD, .pointer = true, .optional = true,
      .offset = offsetof(struct preview_batch_result, problem),
      .items = &problem_document_record },
};
static const struct record preview_batch_result_record =
    RECORD(preview_batch_result, result_fields);

struct preview_batch_answer { struct preview_batch_result *items; size_t items_count; };

static const struct field answer_fields[] = {
    LIST_FIELD(preview_batch_answer, items, preview_batch_result, .max = ITEMS_MAX),
};
const struct record preview_batch_answer_record = RECORD(preview_batch_answer, answer_fields);

/* An item that was computed, or why it was not: its place in the answer. */
struct outcome_of_item { struct computation computation; struct text refusal; };

struct course {
    const struct preview_batch *batch;
    struct ruling               ruling;
    struct given                given;
    struct computation_room    *room;
    struct reply               *reply;        /* of the item at hand */
    struct outcome_of_item     *items;
    size_t                      items_count;
    struct decision            *first, *last; /* of those that were computed */
    struct text                 refusals;     /* a JSON array by item: null, or its refusal */
};

/* Pointers into the item become pointers into the request. */
static void
place_in_item(struct faults *faults, size_t index)
{
    char item[32];

    snprintf(item, sizeof item, "/items/%zu", index);
    for (size_t i = 0; i < faults->count; i++)
        if (!strncmp(faults->items[i].pointer, "/account", 8) ||
            !strncmp(faults->items[i].pointer, "/liquidator", 11))
            fault_place_below(&faults->items[i], item);
}

static enum problem
refuse(struct request *request, struct course *course, enum problem problem, size_t index)
{
    struct text *out = &course->items[index].refusal;

    if (problem == PROBLEM_INTERNAL)
        return problem;
    place_in_item(&course->reply->faults, index);
    text_open(out, request->arena, ITEM_SHELL + 512, TEXT_MAX);
    text_format(out, "{\"status\":%u,\"problem\":", problem_info(problem)->status);
    document_write(problem, request, course->reply, out);
    text_add_string(out, "}");
    return out->is_full ? PROBLEM_INTERNAL : PROBLEM_NONE;
}

static void
link_up(struct course *course, struct decision *decision)
{
    if (course->first) {
        course->last->next = decision;
        course->first->followers++;
    } else {
        course->first = decision;
    }
    course->last = decision;
}

static enum problem
decide_item(struct request *request, struct course *course, size_t index)
{
    const struct preview_batch      *batch = course->batch;
    const struct preview_batch_item *item = &batch->items[index];
    struct computation              *computation = &course->items[index].computation;
    struct ruling                    ruling = course->ruling;
    struct question                  question = {
        .market     = batch->market,
        .parameters = batch->parameters,
        .account    = item->account,
        .state      = (struct state *)course->given.state,     /* accepted: it is only read */
        .snapshot   = course->given.snapshot,
        .at         = batch->at,
        .horizon_s  = batch->horizon_s,
        .liquidator = item->liquidator,
    };
    enum problem                     problem;

    reply_open(course->reply);
    if ((problem = ruling_for_account(&ruling, &item->account, course->reply)))
        return refuse(request, course, problem, index);
    if (!ruling_foresee(&ruling, request->now_us, request->fleeting, &question))
        return PROBLEM_INTERNAL;
    if ((problem = given_check(request, &course->given, ruling.market, &question,
                               course->reply)) ||
        (problem = computation_make(request, &preview_kind, &ruling, &course->given, &question,
                                    course->room, computation, course->reply)))
        return refuse(request, course, problem, index);
    link_up(course, &computation->decision);
    return PROBLEM_NONE;
}

/* What a repeated request needs beside the records. */
static bool
write_refusals(struct request *request, struct course *course)
{
    struct text *out = &course->refusals;

    text_open(out, request->arena, course->items_count * 8, TEXT_MAX);
    for (size_t i = 0; i < course->items_count; i++) {
        const struct text *refusal = &course->items[i].refusal;
        text_add_string(out, i ? "," : "[");
        text_add(out, refusal->bytes ? refusal->bytes : "null",
                 refusal->bytes ? refusal->count : 4);
    }
    text_add_string(out, "]");
    return !out->is_full;
}

static bool
add_preview(struct request *request, struct computation *computation, struct reply *reply,
            struct text *out)
{
    text_add_string(out, "{\"status\":201,\"preview\":");
    bool is_whole = computation_answer(request, computation, reply, out);
    text_add_string(out, "}");
    return is_whole;
}

static enum problem
answer(struct request *request, struct course *course, struct reply *reply)
{
    struct text out;
    size_t      bytes = ITEM_SHELL;

    for (size_t i = 0; i < course->items_count; i++) {
        const struct outcome_of_item *item = &course->items[i];
        bytes += item->refusal.bytes ? item->refusal.count + 1
               : item->computation.figures.count + ANSWER_HEAD_BYTES;
    }
    text_open(&out, request->arena, bytes, TEXT_MAX);
    text_add_string(&out, "{\"items\":[");
    for (size_t i = 0; i < course->items_count; i++) {
        struct outcome_of_item *item = &course->items[i];
        text_add(&out, ",", i > 0);
        if (item->refusal.bytes)
            text_add(&out, item->refusal.bytes, item->refusal.count);
        else if (!add_preview(request, &item->computation, reply, &out))
            return PROBLEM_INTERNAL;
    }
    text_add_string(&out, "]}");
    reply->bytes = out.bytes;
    reply->count = out.count;
    return out.is_full ? PROBLEM_INTERNAL : PROBLEM_NONE;
}

static const char *
next_refusal(struct scan *scan, bool is_first)
{
    if (scan_next(scan, ']', is_first) != SCAN_ITEM)
        return NULL;
    const char *start = scan->at;
    return scan_value(scan, STORED_DEPTH) ? start : NULL;
}

/* The records of a batch follow one another. */
static enum problem
add_stored(struct request *request, const char *first_id, size_t place, struct reply *reply,
           struct text *out)
{
    struct stored_decision stored;
    char                   inst[INST_TEXT_MAX], id[DECISION_ID_MAX];
    int64_t                day, iseq;

    if (!decision_id_parse(first_id, &day, inst, &iseq))
        return PROBLEM_INTERNAL;
    decision_id_format(day, inst, iseq + (int64_t)place, id);
    enum problem problem = stored_decision_find(request, id, preview_kind.kind, &stored);
    if (problem)
        return problem;
    text_add_string(out, "{\"status\":201,\"preview\":");
    if (!stored_answer_write(request, &stored, NULL, reply, out))
        return PROBLEM_INTERNAL;
    text_add_string(out, "}");
    return PROBLEM_NONE;
}

/* The answer that was given to this idempotency key, made again. On a worker. */
static enum problem
replay(struct request *request, struct reply *reply)
{
    struct stored_answer found;
    struct text          out;
    const char          *refusal;
    size_t               place = 0;
    enum problem         problem = stored_answer_find(request, &found);

    if (problem)
        return problem;
    if (found.workings_count < 2)
        return PROBLEM_KEY_REUSED;
    struct scan scan = { found.workings, found.workings + 1,
                         found.workings + found.workings_count, NULL };
    text_open(&out, request->arena, found.workings_count + ITEM_SHELL, TEXT_MAX);
    text_add_string(&out, "{\"items\":[");
    for (bool is_first = true; (refusal = next_refusal(&scan, is_first)); is_first = false) {
        text_add(&out, ",", !is_first);
        if (*refusal == '{')
            text_add(&out, refusal, (size_t)(scan.at - refusal));
        else if ((problem = add_stored(request, found.decision_id, place++, reply, &out)))
            return problem;
    }
    text_add_string(&out, "]}");
    reply->pending = NULL;
    reply->status  = 201;
    reply->bytes   = out.bytes;
    reply->count   = out.count;
    reply_add_header(reply, "Idempotent-Replayed", "true");
    return out.is_full ? PROBLEM_INTERNAL : PROBLEM_NONE;
}

/* Wide enough for each version that an account may be under, and for those that are coming. */
static struct computation_room *
open_room(struct request *request, const struct ruling *ruling, const struct snapshot *snapshot)
{
    const struct market     *market = ruling->market;
    size_t                   kept_count = market ? market->editions_count : 0;
    size_t                   count = kept_count + (market ? market->scheduled_count : 0);
    const struct parameters *widest = ruling->parameters;
    struct edition          *editions = arena_alloc(request->fleeting, count + 1,
                                                    sizeof *editions);

    if (!editions)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        editions[i] = i < kept_count ? market->editions[i] : market->scheduled[i - kept_count];
        if (effective_room_bytes(editions[i].parameters) > effective_room_bytes(widest))
            widest = editions[i].parameters;
    }
    editions[count].parameters = widest;
    const struct question question = { .snapshot = snapshot, .scheduled = editions,
                                       .scheduled_count = count + 1 };
    return computation_room_open(widest, &question, request->fleeting);
}

static struct course *
course_open(struct request *request, const struct preview_batch *batch,
            const struct ruling *ruling, const struct given *given)
{
    struct course *course;

    request->arena->used_max    += batch->items_count * ITEM_BYTES_MAX;
    request->fleeting->used_max += batch->items_count * ITEM_BYTES_MAX;
    if (!(course = arena_alloc(request->arena, 1, sizeof *course)))
        return NULL;
    course->batch       = batch;
    course->ruling      = *ruling;
    course->given       = *given;
    course->items_count = batch->items_count;
    course->items       = arena_alloc(request->arena, batch->items_count, sizeof *course->items);
    course->reply       = arena_alloc(request->arena, 1, sizeof *course->reply);
    course->room        = open_room(request, ruling, given->snapshot);
    return course->items && course->reply && course->room ? course : NULL;
}

static const struct account *
account_at(const void *items, size_t index)
{
    return &((const struct preview_batch_item *)items)[index].account;
}

static enum problem
decide_all(struct request *request, const struct markets *markets, struct reply *reply)
{
    const struct preview_batch *batch = request->body;
    struct ruling               ruling;
    struct given                given;
    struct course              *course;
    enum problem                problem;

    if ((problem = decide_begin(request, reply)) ||
        (problem = ruling_find(request, markets, batch->market, batch->parameters, &ruling,
                               reply)) ||
        (problem = given_find(request, batch->state, ruling.market, &given, reply)))
        return problem;
    if ((reply->waits = given.must_load))
        return PROBLEM_NONE;
    limits_owe(request, (int64_t)batch->items_count - 1);
    bool is_dear;
    if ((problem = cost_check_batch(request, given.state, account_at, batch->items,
                                    batch->items_count, &is_dear, reply)))
        return problem;
    if (is_dear && !service_admit_dear(request))
        return PROBLEM_OVERLOADED;
    if (!(course = course_open(request, batch, &ruling, &given)))
        return PROBLEM_INTERNAL;
    for (size_t i = 0; i < batch->items_count; i++)
        if ((problem = decide_item(request, course, i)))
            return problem;
    if (!course->first) {
        reply->status = 200;
        return answer(request, course, reply);
    }
    if (request->idempotency_key && !write_refusals(request, course))
        return PROBLEM_INTERNAL;
    course->first->workings = course->refusals.count ? &course->refusals : NULL;
    return decide_await(request, course->first, course, replay, reply) ? PROBLEM_NONE
                                                                      : PROBLEM_INTERNAL;
}

enum problem
create_preview_batch(struct request *request, struct reply *reply)
{
    const struct markets *markets = markets_hold(request->service->markets);
    enum problem          problem = decide_all(request, markets, reply);
    markets_release(request->service->markets, markets);
    return problem;
}

enum problem
complete_preview_batch(struct request *request, struct reply *reply)
{
    const struct awaited *awaited = reply->pending;

    return awaited ? answer(request, awaited->subject, reply) : PROBLEM_NONE;
}
