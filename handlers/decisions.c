/* Decisions searched page by page. A cursor is a place in the log, which never changes, and says
 * which filters it is of. */
#include "handlers/decisions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/log.h"
#include "handlers/service.h"
#include "handlers/stored.h"
#include "record/instant.h"

enum { DECISIONS_LIMIT_MAX = 1000, CURSOR_MAX = 48 };
enum order { ORDER_DESC, ORDER_ASC };

static const char *const kind_names[] = {
    "any", "preview", "penalty", "liquidation_price", "suggestion", NULL
};
static const char *const order_names[] = { "desc", "asc", NULL };

#define FILTERS \
    CHOICE_FIELD (decisions_query, kind, .choices = kind_names, .optional = true, \
                  .initial = "any"), \
    NAME_FIELD   (decisions_query, market, .optional = true), \
    NAME_FIELD   (decisions_query, account, .optional = true), \
    NAME_FIELD   (decisions_query, status, .optional = true), \
    INTEGER_FIELD(decisions_query, parameters_version, .optional = true, .min = 1, \
                  .max = INTEGER_MAX), \
    INSTANT_FIELD(decisions_query, from, .optional = true), \
    INSTANT_FIELD(decisions_query, to, .optional = true)

static const struct field decisions_query_fields[] = {
    FILTERS,
    INTEGER_FIELD(decisions_query, limit, .optional = true, .min = 1, .max = DECISIONS_LIMIT_MAX,
                  .initial = "100"),
    NAME_FIELD   (decisions_query, cursor, .optional = true),
    CHOICE_FIELD (decisions_query, order, .choices = order_names, .optional = true,
                  .initial = "desc"),
};
const struct record decisions_query_record = RECORD(decisions_query, decisions_query_fields);

static const struct field export_query_fields[] = {
    FILTERS,
    INTEGER_FIELD(decisions_query, from_index, .optional = true, .max = INTEGER_MAX,
                  .initial = "0"),
    FLAG_FIELD   (decisions_query, documents, .optional = true, .initial = "false"),
};
const struct record export_query_record = RECORD(decisions_query, export_query_fields);

/* struct found_decision but for its record */
static const struct field found_fields[] = {
    INTEGER_FIELD(found_decision, index, .max = INTEGER_MAX),
    NAME_FIELD   (found_decision, id),
    NAME_FIELD   (found_decision, kind),
    NAME_FIELD   (found_decision, market, .nullable = true),
    NAME_FIELD   (found_decision, account, .nullable = true),
    NAME_FIELD   (found_decision, actor, .nullable = true),
    INSTANT_FIELD(found_decision, decided_at),
    INTEGER_FIELD(found_decision, parameters_version, .nullable = true, .min = 1,
                  .max = INTEGER_MAX),
    NAME_FIELD   (found_decision, status, .nullable = true),
};
static const struct record found_decision_record = {
    .name = "found_decision", .size = sizeof(struct found_decision), .fields = found_fields,
    .count = COUNT_OF(found_fields),
};

struct decision_list { struct found_decision *items; size_t items_count; const char *next_cursor; };

static const struct field decision_list_fields[] = {
    LIST_FIELD(decision_list, items, found_decision, .max = DECISIONS_LIMIT_MAX),
    NAME_FIELD(decision_list, next_cursor, .nullable = true),
};
const struct record decision_list_record = RECORD(decision_list, decision_list_fields);

void
decisions_filter(const struct decisions_query *query, struct decision_filter *out)
{
    *out = (struct decision_filter){
        .kind    = query->kind ? kind_names[query->kind] : NULL,
        .market  = query->market,
        .account = query->account,
        .status  = query->status,
        .parameters_version = query->parameters_version,
        .from_us = query->from,
        .to_us   = query->to,
    };
}

/* What the filters and the order are, in 16 hexadecimal digits. */
static void
name_search(const struct decisions_query *query, char out[static 17])
{
    char text[640], hex[DIGEST_TEXT_MAX];
    int  count = snprintf(text, sizeof text, "%d|%s|%s|%s|%" PRId64 "|%" PRId64 "|%" PRId64 "|%d",
                          query->kind, query->market ? query->market : "|",
                          query->account ? query->account : "|",
                          query->status ? query->status : "|", query->parameters_version,
                          query->from, query->to, query->order);
    struct digest digest = digest_of(text, (size_t)count);

    digest_format(&digest, hex);
    snprintf(out, 17, "%.16s", hex);
}

/* The range of indexes that is left: behind the cursor. False: it is none of this search. */
static bool
read_cursor(const struct decisions_query *query, int64_t *first, int64_t *end)
{
    char  name[17], expected[CURSOR_MAX];
    char *rest;

    if (!query->cursor)
        return true;
    int64_t index = strtoll(query->cursor, &rest, 10);
    name_search(query, name);
    snprintf(expected, sizeof expected, "%" PRId64 ".%s", index, name);
    if (index < 0 || strcmp(expected, query->cursor) != 0)
        return false;
    if (query->order == ORDER_ASC)
        *first = index + 1;
    else if (index < *end)
        *end = index;
    return true;
}

static enum problem
refuse(struct reply *reply, const char *pointer, const char *code, const char *detail)
{
    fault_add(&reply->faults, pointer, code, "%s", detail);
    return PROBLEM_QUERY_INVALID;
}

static const char *
make_cursor(const struct decisions_query *query, int64_t index, struct arena *arena)
{
    char  name[17];
    char *cursor = arena_alloc(arena, 1, CURSOR_MAX);

    name_search(query, name);
    if (cursor)
        snprintf(cursor, CURSOR_MAX, "%" PRId64 ".%s", index, name);
    return cursor;
}

/* One more than is asked for tells whether there is a next page. */
enum problem
list_decisions(struct request *request, struct reply *reply)
{
    const struct decisions_query *query  = request->query;
    struct decision_list         *answer = arena_alloc(request->arena, 1, sizeof *answer);
    struct decision_filter        filter;
    size_t                        limit = (size_t)query->limit, count;
    int64_t                       first = 0, end = log_published_size(request->service->log);

    if (!read_cursor(query, &first, &end))
        return refuse(reply, "?cursor", "bad_cursor",
                      "this cursor is of another search: filters and order stay as they were");
    if (!answer || !(answer->items = arena_alloc(request->arena, limit + 1, sizeof *answer->items)))
        return PROBLEM_INTERNAL;
    decisions_filter(query, &filter);
    enum problem problem =
        problem_of_find(decisions_find(service_connection(request), &filter, first, end,
                                       query->order == ORDER_DESC, false, limit + 1,
                                       request->arena, answer->items, &count), PROBLEM_INTERNAL);
    if (problem)
        return problem;
    answer->items_count = count < limit ? count : limit;
    if (count > limit &&
        !(answer->next_cursor = make_cursor(query, answer->items[limit - 1].index, request->arena)))
        return PROBLEM_INTERNAL;
    reply->answer = answer;
    return PROBLEM_NONE;
}
