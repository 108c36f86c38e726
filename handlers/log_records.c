/* The records behind the log's entries, for auditors. */
#include "handlers/log.h"

#include <stdio.h>
#include <string.h>

#include "audit/base64.h"
#include "db/log_records.h"
#include "handlers/service.h"
#include "handlers/stored.h"

/* A line without its record; base64 that is sent at once, of so many bytes, which must be a
 * multiple of three. */
enum { RECORD_LINE_ROOM = 256, FLUSH_BYTES = 32 << 10, PIECE_BYTES = 12 << 10 };

_Static_assert(PIECE_BYTES % 3 == 0 && PIECE_BYTES / 3 * 4 + RECORD_LINE_ROOM <= FLUSH_BYTES,
               "a piece has room after what was not sent yet, and no padding but at its end");

struct log_records_query { int64_t from, count; const char *id; };

static const struct field log_records_query_fields[] = {
    INTEGER_FIELD(log_records_query, from, .optional = true, .min = 0, .max = INTEGER_MAX),
    INTEGER_FIELD(log_records_query, count, .optional = true, .min = 1, .max = INTEGER_MAX,
                  .initial = "256"),
    NAME_FIELD   (log_records_query, id, .optional = true),
};
const struct record log_records_query_record = RECORD(log_records_query, log_records_query_fields);

/* Salt and record, or pruned. */
struct log_record { int64_t index; const char *salt, *record; bool pruned; };

static const struct field log_record_fields[] = {
    INTEGER_FIELD(log_record, index, .min = 0, .max = INTEGER_MAX),
    TEXT_FIELD   (log_record, salt, .optional = true, .form = TEXT_SHA256, .min = 64, .max = 64),
    TEXT_FIELD   (log_record, record, .optional = true, .form = TEXT_ANY, .min = 4,
                  .max = 16 << 20),
    FLAG_FIELD   (log_record, pruned, .optional = true),
};
const struct record log_record_record = RECORD(log_record, log_record_fields);

static void
write_begin(const struct stored_record *record, struct text *out)
{
    text_format(out, "{\"index\":%lld,", (long long)record->index);
    if (!record->record) {
        text_add_string(out, "\"pruned\":true}");
        return;
    }
    text_add_string(out, "\"salt\":\"");
    text_add_hex(out, record->salt.bytes, DIGEST_BYTES);
    text_add_string(out, "\",\"record\":\"");
}

/* Without a newline. */
static void
write_record(const struct stored_record *record, struct text *out)
{
    write_begin(record, out);
    if (!record->record)
        return;
    base64_add(out, record->record, record->record_count);
    text_add_string(out, "\"}");
}

/* One record, in an answer of its own or on a line. */
static enum problem
answer_one(struct request *request, int64_t index, const char *after, struct reply *reply)
{
    int64_t              published_size = log_published_size(request->service->log);
    struct stored_record record;
    struct text          out;

    if (index >= published_size)
        return log_not_covered(reply, published_size);
    enum problem problem = problem_of_find(log_record_find(service_connection(request), index,
                                                           request->arena, &record),
                                           PROBLEM_INTERNAL);
    if (problem)
        return problem;
    size_t room = record.record_count / 3 * 4 + RECORD_LINE_ROOM;
    text_open(&out, request->arena, room, room);
    write_record(&record, &out);
    text_add_string(&out, after);
    reply->bytes = out.bytes;
    reply->count = out.count;
    return out.is_full ? PROBLEM_INTERNAL : PROBLEM_NONE;
}

enum problem
get_log_record(struct request *request, struct reply *reply)
{
    int64_t      index;
    enum problem problem = log_path_integer(request, reply, &index);

    return problem ? problem : answer_one(request, index, "", reply);
}

/* Also of a record that was pruned: where it stood is known from its leaf. */
static enum problem
answer_decision(struct request *request, const char *id, struct reply *reply)
{
    char         inst[INST_TEXT_MAX];
    int64_t      day, iseq, index;
    enum problem problem = PROBLEM_NO_SUCH_DECISION;

    if (decision_id_parse(id, &day, inst, &iseq))
        problem = problem_of_find(log_index_of_record(service_connection(request), inst, iseq,
                                                      &index), PROBLEM_NOT_IN_LOG);
    return problem ? problem : answer_one(request, index, "\n", reply);
}

/* A range on its way to the client, which sets the pace: lines are collected in `text`, and sent
 * where they have become enough. */
struct range {
    struct request *request;
    struct stream  *stream;               /* NULL: not begun */
    struct text     text;
    bool            is_over;              /* nobody takes it any more */
    enum problem    problem;
};

static bool
begin(struct range *range)
{
    if (!range->stream)
        range->problem = service_stream(range->request, &range->stream);
    return !range->problem;
}

static bool
flush(struct range *range)
{
    if (range->text.is_full)
        range->problem = PROBLEM_INTERNAL;
    range->is_over    = range->problem || !stream_write(range->stream, range->text.bytes,
                                                        range->text.count);
    range->text.count = 0;
    return !range->is_over;
}

/* In pieces, so that a large record takes no more room than a small one. */
static bool
send_record(struct range *range, const struct stored_record *record)
{
    struct text *text = &range->text;

    for (size_t at = 0; at < record->record_count; at += PIECE_BYTES) {
        size_t left = record->record_count - at;
        base64_add(text, record->record + at, left < PIECE_BYTES ? left : PIECE_BYTES);
        if (text->count > FLUSH_BYTES && !flush(range))
            return false;
    }
    text_add_string(text, "\"}");
    return true;
}

/* The stream begins with the first record: until then a fault of the database is a problem, not a
 * cut. */
static bool
take(void *context, const struct stored_record *record)
{
    struct range *range = context;

    if (!begin(range))
        return false;
    write_begin(record, &range->text);
    if (record->record && !send_record(range, record))
        return false;
    text_add(&range->text, "\n", 1);
    return range->text.count <= FLUSH_BYTES || flush(range);
}

static enum problem
answer_range(struct request *request, int64_t from, int64_t to)
{
    struct connection *connection = service_connection(request);
    struct range       range = { .request = request };
    int64_t            next = from;

    text_open(&range.text, request->arena, 2 * FLUSH_BYTES, 2 * FLUSH_BYTES);
    for (int64_t at = from; at < to; at = next) {
        if (log_records_find(connection, at, to, take, &range, &next) != FOUND)
            return connection_is_up(connection) ? PROBLEM_INTERNAL : PROBLEM_DATABASE_AWAY;
        if (range.problem || range.is_over)
            return range.problem;
    }
    if (begin(&range))
        flush(&range);
    return range.problem;
}

enum problem
list_log_records(struct request *request, struct reply *reply)
{
    const struct log_records_query *query = request->query;
    int64_t                         published_size = log_published_size(request->service->log);

    if (!query->id == (query->from == INTEGER_NONE))
        return log_refuse_query(reply, "?from", query->id ? "unknown_parameter"
                                                          : "missing_parameter",
                                "ask from an index on, or for the record of a decision's id");
    if (query->id)
        return answer_decision(request, query->id, reply);
    if (query->from > published_size)
        return log_not_covered(reply, published_size);
    int64_t left = published_size - query->from;
    return answer_range(request, query->from,
                        query->from + (query->count < left ? query->count : left));
}
