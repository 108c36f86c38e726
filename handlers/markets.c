/* Markets and parameters, from memory. */
#include "handlers/markets.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "db/decisions.h"
#include "db/markets.h"
#include "handlers/governance.h"
#include "handlers/service.h"
#include "record/instant.h"
#include "record/json.h"

enum { MARKETS_LIMIT = 100, MARKETS_LIMIT_MAX = 1000 };

struct market_query { int64_t limit; const char *cursor; };

static const struct field market_query_fields[] = {
    INTEGER_FIELD(market_query, limit, .optional = true, .initial = "100", .min = 1, .max = MARKETS_LIMIT_MAX),
    NAME_FIELD   (market_query, cursor, .optional = true),
};
const struct record market_query_record = RECORD(market_query, market_query_fields);

struct asset_name { const char *asset; };

static const struct field asset_name_fields[] = {
    NAME_FIELD(asset_name, asset),
};
static const struct record asset_name_record = BARE(asset_name, asset_name_fields);

struct market_summary {
    const char        *market, *title, *quote;
    struct asset_name *assets;
    size_t             assets_count;
    int64_t            parameters_version;
    const char        *parameters_sha256;
    int64_t            active_at;
};

static const struct field market_summary_fields[] = {
    NAME_FIELD   (market_summary, market),
    TEXT_FIELD   (market_summary, title, .form = TEXT_ANY, .max = 256),
    NAME_FIELD   (market_summary, quote),
    LIST_FIELD   (market_summary, assets, asset_name, .max = ASSETS_MAX),
    INTEGER_FIELD(market_summary, parameters_version, .min = 1, .max = INT64_C(9007199254740991)),
    TEXT_FIELD   (market_summary, parameters_sha256, .form = TEXT_SHA256, .min = 64, .max = 64),
    INSTANT_FIELD(market_summary, active_at),
};
const struct record market_summary_record = RECORD(market_summary, market_summary_fields);

struct market_list {
    struct market_summary *items;
    size_t                 items_count;
    const char            *next_cursor;
};

static const struct field market_list_fields[] = {
    LIST_FIELD(market_list, items, market_summary, .max = MARKETS_LIMIT_MAX),
    NAME_FIELD(market_list, next_cursor, .optional = true, .nullable = true),
};
const struct record market_list_record = RECORD(market_list, market_list_fields);

struct parameters_query { int64_t version, at; };

static const struct field parameters_query_fields[] = {
    INTEGER_FIELD(parameters_query, version, .optional = true, .min = 1, .max = INT64_C(9007199254740991)),
    INSTANT_FIELD(parameters_query, at, .optional = true),
};
const struct record parameters_query_record = RECORD(parameters_query, parameters_query_fields);

/* Only for openapi.yaml and the tests: the answer is written around the document's own bytes. */
struct parameters_answer {
    const char       *market;
    int64_t           version;
    const char       *sha256;
    int64_t           active_at;
    struct parameters parameters;
};

static const struct field parameters_answer_fields[] = {
    NAME_FIELD   (parameters_answer, market),
    INTEGER_FIELD(parameters_answer, version, .min = 1, .max = INT64_C(9007199254740991)),
    TEXT_FIELD   (parameters_answer, sha256, .form = TEXT_SHA256, .min = 64, .max = 64),
    INSTANT_FIELD(parameters_answer, active_at),
    RECORD_FIELD (parameters_answer, parameters, parameters),
};
const struct record parameters_answer_record = RECORD(parameters_answer, parameters_answer_fields);

/* Texts are copied: the market may be replaced while the answer is sent. */
static const char *
keep(struct arena *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}

static bool
summarise(const struct market *market, struct arena *arena, struct market_summary *out)
{
    size_t count  = market->parameters.assets_count;
    char  *sha256 = arena_alloc(arena, 1, DIGEST_TEXT_MAX);

    *out = (struct market_summary){
        .market             = keep(arena, market->market),
        .title              = keep(arena, market->title),
        .quote              = keep(arena, market->parameters.quote.asset),
        .assets             = arena_alloc(arena, count, sizeof *out->assets),
        .assets_count       = count,
        .parameters_version = market->version,
        .parameters_sha256  = sha256,
        .active_at          = market->active_at,
    };
    if (!out->market || !out->title || !out->quote || !out->assets || !sha256)
        return false;
    digest_format(&market->sha256, sha256);
    for (size_t i = 0; i < count; i++)
        if (!(out->assets[i].asset = keep(arena, market->parameters.assets[i].name)))
            return false;
    return true;
}

static enum problem
list(struct request *request, const struct markets *markets, struct reply *reply)
{
    const struct market_query *query = request->query;
    struct market_list        *answer = arena_alloc(request->arena, 1, sizeof *answer);
    size_t                     first = 0;

    while (query->cursor && first < markets->count && strcmp(markets->items[first].market, query->cursor) <= 0)
        first++;
    size_t left  = markets->count - first;
    size_t count = left < (size_t)query->limit ? left : (size_t)query->limit;
    if (!answer || !(answer->items = arena_alloc(request->arena, count, sizeof *answer->items)))
        return PROBLEM_INTERNAL;
    answer->items_count = count;
    for (size_t i = 0; i < count; i++)
        if (!summarise(&markets->items[first + i], request->arena, &answer->items[i]))
            return PROBLEM_INTERNAL;
    answer->next_cursor = count < left ? answer->items[count - 1].market : NULL;
    reply->answer = answer;
    return PROBLEM_NONE;
}

static enum problem
no_such_market(struct request *request, struct reply *reply)
{
    snprintf(reply->detail, sizeof reply->detail, "there is no market \"%.64s\"; GET /v1/markets lists them", request->args[0]);
    return PROBLEM_NO_SUCH_MARKET;
}

static enum problem
get(struct request *request, const struct markets *markets, struct reply *reply)
{
    const struct market   *market = market_find(markets, request->args[0]);
    struct market_summary *answer = arena_alloc(request->arena, 1, sizeof *answer);

    if (!market)
        return no_such_market(request, reply);
    if (!answer || !summarise(market, request->arena, answer))
        return PROBLEM_INTERNAL;
    reply->answer = answer;
    return PROBLEM_NONE;
}

/* A version as it is answered, from memory or as it is stored. */
struct answered {
    const char   *market;
    int64_t       version, active_at;
    struct digest sha256;
    const char   *document;
    size_t        document_count;
};

static bool
write_parameters(struct request *request, const struct answered *answered, struct reply *reply)
{
    char        active_at[INSTANT_TEXT_MAX], sha256[DIGEST_TEXT_MAX];
    struct text out;

    instant_format(answered->active_at, active_at);
    digest_format(&answered->sha256, sha256);
    text_open(&out, request->arena, answered->document_count + 512,
              answered->document_count + 512);
    text_format(&out, "{\"market\":\"%s\",\"version\":%" PRId64 ",\"sha256\":\"%s\","
                      "\"active_at\":\"%s\",\"parameters\":",
                answered->market, answered->version, sha256, active_at);
    text_add(&out, answered->document, answered->document_count);
    text_add_string(&out, "}");
    reply->bytes = out.bytes;
    reply->count = out.count;
    return !out.is_full;
}

/* By its number it is kept for ever; what is in force, or was at a time, may be asked for again. */
static enum problem
answer_version(struct request *request, const struct answered *answered, struct reply *reply)
{
    const struct parameters_query *query = request->query;
    char                          *tag = arena_alloc(request->arena, 1, TAG_MAX);

    if (!tag)
        return PROBLEM_INTERNAL;
    version_tag(answered->version, &answered->sha256, tag);
    reply_add_header(reply, "ETag", tag);
    reply_add_header(reply, "Cache-Control",
                     query->version == INTEGER_NONE ? "no-cache"
                                                    : "public, max-age=31536000, immutable");
    if (request->if_none_match && strstr(request->if_none_match, tag)) {
        reply->status = 304;
        reply->bytes  = "";
        return PROBLEM_NONE;
    }
    return write_parameters(request, answered, reply) ? PROBLEM_NONE : PROBLEM_INTERNAL;
}

static enum problem
no_such_version(struct request *request, struct reply *reply)
{
    snprintf(reply->detail, sizeof reply->detail,
             "the market \"%.64s\" has no such version; GET .../parameters/versions lists them",
             request->args[0]);
    return PROBLEM_NO_SUCH_VERSION;
}

/* Another version than the one in force. On a worker. */
static enum problem
stored_parameters(struct request *request, struct reply *reply)
{
    const struct parameters_query *query = request->query;
    struct stored_version          stored;
    int64_t version = query->version == INTEGER_NONE ? 0 : query->version;
    enum find found = version_find(service_connection(request), request->args[0], version,
                                   query->at, request->arena, &stored);

    if (found != FOUND)
        return found == FIND_AWAY ? PROBLEM_DATABASE_AWAY : no_such_version(request, reply);
    struct answered answered = {
        request->args[0], stored.version, stored.active_at, stored.sha256, stored.document.bytes,
        stored.document.count,
    };
    return answer_version(request, &answered, reply);
}

static enum problem
parameters(struct request *request, const struct markets *markets, struct reply *reply)
{
    const struct parameters_query *query = request->query;
    const struct market           *market = market_find(markets, request->args[0]);
    struct visit                  *visit = service_visit(request);

    if (!market)
        return no_such_market(request, reply);
    if (!visit)
        return PROBLEM_INTERNAL;
    if (query->version == INTEGER_NONE ? query->at != INSTANT_NONE
                                       : query->version != market->version) {
        visit->later = stored_parameters;
        reply->waits = true;
        return PROBLEM_NONE;
    }
    struct answered answered = { market->market, market->version, market->active_at,
                                 market->sha256, market->document, market->document_count };
    return answer_version(request, &answered, reply);
}

static enum problem
held(struct request *request, struct reply *reply,
     enum problem (*answer)(struct request *, const struct markets *, struct reply *))
{
    const struct markets *markets = markets_hold(request->service->markets);
    enum problem          problem = answer(request, markets, reply);
    markets_release(request->service->markets, markets);
    return problem;
}

enum problem
list_markets(struct request *request, struct reply *reply)
{
    return held(request, reply, list);
}

enum problem
get_market(struct request *request, struct reply *reply)
{
    return held(request, reply, get);
}

enum problem
get_parameters(struct request *request, struct reply *reply)
{
    return held(request, reply, parameters);
}
