/* Versions listed and compared. */
#include "handlers/versions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/versions.h"
#include "handlers/governance.h"
#include "handlers/service.h"
#include "record/difference.h"
#include "record/json.h"

enum { VERSIONS_MAX = 200, WHY_MAX = 4000, CHANGES_BYTES_MAX = 4 << 20 };

static const char *const orders[] = { "asc", "desc", NULL };

struct versions_query { int64_t limit; const char *cursor; int order; };

static const struct field versions_query_fields[] = {
    INTEGER_FIELD(versions_query, limit, .optional = true, .initial = "50", .min = 1,
                  .max = VERSIONS_MAX),
    NAME_FIELD   (versions_query, cursor, .optional = true),
    CHOICE_FIELD (versions_query, order, .choices = orders, .optional = true, .initial = "desc"),
};
const struct record versions_query_record = RECORD(versions_query, versions_query_fields);

static const struct field version_listed_fields[] = {
    INTEGER_FIELD(version_listed, version, .min = 1, .max = INTEGER_MAX),
    TEXT_FIELD   (version_listed, sha256, .form = TEXT_SHA256, .min = 64, .max = 64),
    INSTANT_FIELD(version_listed, created_at),
    INSTANT_FIELD(version_listed, active_at),
    NAME_FIELD   (version_listed, proposal, .nullable = true),
    NAME_FIELD   (version_listed, holder, .nullable = true),
    TEXT_FIELD   (version_listed, why, .form = TEXT_ANY, .max = WHY_MAX, .nullable = true),
};
const struct record version_listed_record = RECORD(version_listed, version_listed_fields);

struct version_list {
    struct version_listed *items;
    size_t                 items_count;
    const char            *next_cursor;
};

static const struct field version_list_fields[] = {
    LIST_FIELD(version_list, items, version_listed, .max = VERSIONS_MAX),
    NAME_FIELD(version_list, next_cursor, .optional = true, .nullable = true),
};
const struct record version_list_record = RECORD(version_list, version_list_fields);

static enum problem
no_such_market(struct request *request, struct reply *reply)
{
    snprintf(reply->detail, sizeof reply->detail,
             "there is no market \"%.64s\"; GET /v1/markets lists them", request->args[0]);
    return PROBLEM_NO_SUCH_MARKET;
}

/* One more than is asked for tells whether there are more. */
static enum problem
answer_list(struct request *request, struct version_listed *items, size_t count,
            struct reply *reply)
{
    const struct versions_query *query = request->query;
    struct version_list         *answer = arena_alloc(request->arena, 1, sizeof *answer);
    char                        *cursor = arena_alloc(request->arena, 1, ARG_INTEGER_MAX);
    bool                         has_more = count > (size_t)query->limit;

    if (!answer || !cursor)
        return PROBLEM_INTERNAL;
    answer->items       = items;
    answer->items_count = has_more ? (size_t)query->limit : count;
    if (has_more) {
        snprintf(cursor, ARG_INTEGER_MAX, "%" PRId64, items[answer->items_count - 1].version);
        answer->next_cursor = cursor;
    }
    reply->answer = answer;
    return PROBLEM_NONE;
}

enum problem
list_versions(struct request *request, struct reply *reply)
{
    const struct versions_query *query = request->query;
    struct versions_wanted       wanted = { .market = request->args[0], .limit = query->limit + 1,
                                            .is_ascending = query->order == 0 };
    struct version_listed       *items = NULL;
    size_t                       count = 0;
    char                        *end = NULL;

    if (query->cursor) {
        wanted.beyond = strtoll(query->cursor, &end, 10);
        if (*end || wanted.beyond < 1) {
            faults_open(&reply->faults, 1);
            fault_add(&reply->faults, "?cursor", "bad_text",
                      "a cursor is the next_cursor of an answer");
            return PROBLEM_QUERY_INVALID;
        }
    }
    switch (versions_list(service_connection(request), &wanted, request->arena, &items, &count)) {
    case FOUND:         return answer_list(request, items, count, reply);
    case FOUND_NOTHING: return wanted.beyond ? answer_list(request, items, 0, reply)
                                             : no_such_market(request, reply);
    case FIND_AWAY:     return PROBLEM_DATABASE_AWAY;
    }
    return PROBLEM_INTERNAL;
}

struct diff_query { int64_t from, to; };

static const struct field diff_query_fields[] = {
    INTEGER_FIELD(diff_query, from, .min = 1, .max = INTEGER_MAX),
    INTEGER_FIELD(diff_query, to, .min = 1, .max = INTEGER_MAX),
};
const struct record diff_query_record = RECORD(diff_query, diff_query_fields);

struct parameters_diff {
    const char *market;
    int64_t     from, to;
    const char *changes;
};

static const struct field parameters_diff_fields[] = {
    NAME_FIELD   (parameters_diff, market),
    INTEGER_FIELD(parameters_diff, from, .min = 1, .max = INTEGER_MAX),
    INTEGER_FIELD(parameters_diff, to, .min = 1, .max = INTEGER_MAX),
    OBJECT_FIELD (parameters_diff, changes),
};
const struct record parameters_diff_record = RECORD(parameters_diff, parameters_diff_fields);

static enum problem
read_version(struct request *request, struct reply *reply, int64_t number,
             struct parameters **parameters)
{
    struct stored_version version;
    struct faults         warnings;
    enum find found = version_find(service_connection(request), request->args[0], number, 0,
                                   request->arena, &version);

    if (found == FOUND_NOTHING)
        snprintf(reply->detail, sizeof reply->detail,
                 "the market \"%.64s\" has no version %" PRId64, request->args[0], number);
    if (found != FOUND)
        return found == FIND_AWAY ? PROBLEM_DATABASE_AWAY : PROBLEM_NO_SUCH_VERSION;
    *parameters = document_read(version.document.bytes, version.document.count, request->arena,
                                &warnings);
    return *parameters ? PROBLEM_NONE : PROBLEM_INTERNAL;
}

static bool
write_diff(struct request *request, const struct changes *changes, struct reply *reply)
{
    const struct diff_query *query = request->query;
    struct text              out;

    text_open(&out, request->arena, 1024, CHANGES_BYTES_MAX);
    if (request->accept && strstr(request->accept, "text/markdown")) {
        changes_write_table(changes, &out);
        reply->media_type = "text/markdown; charset=utf-8";
    } else {
        text_format(&out, "{\"market\":\"%s\",\"from\":%" PRId64 ",\"to\":%" PRId64
                          ",\"changes\":", request->args[0], query->from, query->to);
        changes_write(changes, &out);
        text_add_string(&out, "}");
    }
    reply->bytes = out.bytes;
    reply->count = out.count;
    return !out.is_full;
}

/* Versions never change, and so neither does what differs between two. */
enum problem
diff_versions(struct request *request, struct reply *reply)
{
    const struct diff_query *query = request->query;
    struct parameters       *from, *to;
    struct changes           changes;
    enum problem             problem;

    if ((problem = read_version(request, reply, query->from, &from)) ||
        (problem = read_version(request, reply, query->to, &to)))
        return problem;
    if (!difference(&parameters_record, from, to, request->arena, &changes) ||
        !write_diff(request, &changes, reply))
        return PROBLEM_INTERNAL;
    reply_add_header(reply, "Cache-Control", "public, max-age=31536000, immutable");
    reply_add_header(reply, "Vary", "Accept");
    return PROBLEM_NONE;
}
