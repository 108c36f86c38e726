/* The records behind the log's entries, for auditors. */
#include "handlers/log.h"

#include <stdio.h>
#include <string.h>

#include "audit/base64.h"
#include "db/log_records.h"
#include "handlers/service.h"
#include "handlers/stored.h"

enum { RECORD_LINE_ROOM = 256, RECORDS_COUNT_MAX = 100000 };

/* An answer ends early where it would grow past this: the next request goes on where it ended. */
enum { RECORDS_BYTES_MAX = 3 << 20 };

struct log_records_query { int64_t from, count; const char *id; };

static const struct field log_records_query_fields[] = {
    INTEGER_FIELD(log_records_query, from, .optional = true, .min = 0, .max = INTEGER_MAX),
    INTEGER_FIELD(log_records_query, count, .optional = true, .min = 1, .max = RECORDS_COUNT_MAX,
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

/* Without the newline. */
static void
write_record(const struct stored_record *record, struct text *out)
{
    text_format(out, "{\"index\":%lld,", (long long)record->index);
    if (!record->record) {
        text_add_string(out, "\"pruned\":true}");
        return;
    }
    text_add_string(out, "\"salt\":\"");
    text_add_hex(out, record->salt.bytes, DIGEST_BYTES);
    text_add_string(out, "\",\"record\":\"");
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

static bool
take(void *context, const struct stored_record *record)
{
    struct text *out = context;
    size_t       before = out->count;

    if (before && before + record->record_count / 3 * 4 + RECORD_LINE_ROOM > RECORDS_BYTES_MAX)
        return false;
    write_record(record, out);
    text_add(out, "\n", 1);
    return !out->is_full;
}

static enum problem
answer_range(struct request *request, int64_t from, int64_t to, struct reply *reply)
{
    struct text out;
    int64_t     next = from;

    /* At once: an answer that grew by doubling would not have its room in the request's arena. */
    text_open(&out, request->arena, to - from > 1 ? RECORDS_BYTES_MAX : 0, RECORDS_BYTES_MAX);
    for (int64_t at = from; at < to; at = next) {
        if (log_records_find(service_connection(request), at, to, take, &out, &next) != FOUND)
            return connection_is_up(service_connection(request)) ? PROBLEM_INTERNAL
                                                                 : PROBLEM_DATABASE_AWAY;
        if (next == at)
            break;
    }
    reply_add_header(reply, "Content-Type", "application/x-ndjson");
    reply->bytes = out.count ? out.bytes : "";
    reply->count = out.count;
    return out.is_full ? PROBLEM_INTERNAL : PROBLEM_NONE;
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
    return answer_range(request, query->from, query->from + (query->count < left ? query->count
                                                                               : left), reply);
}
