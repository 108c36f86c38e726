/* Events `parameters`, one a version, whose id is its number; and `scheduled`, without an id, whenever
 * what is to come has changed. Fed by whoever reloads the cache of markets: no thread a client. */
#include "handlers/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/markets.h"
#include "db/versions.h"
#include "handlers/service.h"
#include "handlers/versions.h"
#include "record/instant.h"
#include "record/json.h"

enum { EVENT_ROOM = 1024, EVENTS_BYTES_MAX = 4 << 20, RETRY_MS = 2000, VERSIONS_MAX = 200 };

static void
write_version(struct text *out, struct arena *arena, const struct version_listed *version)
{
    char        id[ARG_INTEGER_MAX];
    struct text data;

    text_open(&data, arena, EVENT_ROOM, EVENTS_BYTES_MAX);
    json_write(&version_listed_record, version, JSON_DECLARED, &data);
    snprintf(id, sizeof id, "%" PRId64, version->version);
    event_write(out, id, "parameters", data.bytes, data.count);
    out->is_full |= data.is_full;
}

static void
write_scheduled(struct text *out, struct arena *arena, const struct market *market)
{
    struct text data;

    text_open(&data, arena, EVENT_ROOM, EVENTS_BYTES_MAX);
    text_add_string(&data, "{\"scheduled\":[");
    for (size_t i = 0; i < market->scheduled_count; i++) {
        const struct edition *edition = &market->scheduled[i];
        char                  active_at[INSTANT_TEXT_MAX];
        instant_format(edition->active_at, active_at);
        text_format(&data, "%s{\"version\":%" PRId64 ",\"document_sha256\":\"%s\","
                           "\"due_at\":\"%s\"}",
                    i ? "," : "", edition->version, edition->sha256, active_at);
    }
    text_add_string(&data, "]}");
    event_write(out, NULL, "scheduled", data.bytes, data.count);
    out->is_full |= data.is_full;
}

static void
publish_version(struct watchers *watchers, const char *market, const struct version_listed *version)
{
    struct arena arena;
    struct text  event;

    arena_open(&arena, 4 * EVENTS_BYTES_MAX);
    text_open(&event, &arena, EVENT_ROOM, EVENTS_BYTES_MAX);
    write_version(&event, &arena, version);
    if (!event.is_full)
        watchers_publish(watchers, market, version->version, event.bytes, event.count);
    arena_close(&arena);
}

static void
tell(void *context, const struct market_news *news)
{
    struct service *service = context;
    struct arena    arena;
    struct text     event;

    for (size_t i = 0; i < news->versions_count; i++)
        publish_version(service->watchers, news->market->market, &news->versions[i]);
    arena_open(&arena, 4 * EVENTS_BYTES_MAX);
    text_open(&event, &arena, EVENT_ROOM, EVENTS_BYTES_MAX);
    write_scheduled(&event, &arena, news->market);
    if (!event.is_full)
        watchers_publish(service->watchers, news->market->market, 0, event.bytes, event.count);
    arena_close(&arena);
}

void
watch_open(struct service *service)
{
    market_cache_observe(service->markets, tell, service);
}

/* The version after which the client has seen none; without Last-Event-ID the one before that in
 * force, so that it is told first. False: it is no number of ours. */
static bool
begin_after(const struct request *request, const struct market *market, int64_t *version)
{
    const char *last = request->last_event_id;

    *version = market->version - 1;
    if (!last || !*last)
        return true;
    if (strspn(last, "0123456789") != strlen(last) || strlen(last) > 15)
        return false;
    *version = strtoll(last, NULL, 10);
    return true;
}

/* What it has not seen, and what is scheduled. `version` becomes the newest that is told. */
static enum problem
write_first(struct request *request, const struct market *market, int64_t *version,
            struct text *first)
{
    struct versions_wanted wanted = { .market = market->market, .beyond = *version,
                                      .limit = VERSIONS_MAX, .is_ascending = true };
    struct version_listed *items = NULL;
    size_t                 count = 0;

    if (versions_list(service_connection(request), &wanted, request->arena, &items, &count) ==
        FIND_AWAY)
        return PROBLEM_DATABASE_AWAY;
    text_open(first, request->arena, EVENT_ROOM, EVENTS_BYTES_MAX);
    event_write_retry(first, RETRY_MS);
    for (size_t i = 0; i < count; i++)
        write_version(first, request->arena, &items[i]);
    if (count)
        *version = items[count - 1].version;
    write_scheduled(first, request->arena, market);
    return first->is_full ? PROBLEM_INTERNAL : PROBLEM_NONE;
}

static enum problem
join(struct request *request, const struct market *market, struct reply *reply,
     enum joined *joined)
{
    struct watchers *watchers = request->service->watchers;
    uint64_t         turn = watchers_turn(watchers);
    struct text      first;
    int64_t          version;
    enum problem     problem;

    if (!begin_after(request, market, &version)) {
        snprintf(reply->detail, sizeof reply->detail, "Last-Event-ID is the number of a version");
        return PROBLEM_MALFORMED;
    }
    if ((problem = write_first(request, market, &version, &first)))
        return problem;
    *joined = watchers_join(watchers, request, reply, request->args[0], turn, version, &first,
                            &problem);
    return problem;
}

/* Where something was published in between it looks again. */
enum problem
watch_parameters(struct request *request, struct reply *reply)
{
    struct service *service = request->service;
    enum joined     joined = JOINED_NOT;
    enum problem    problem = PROBLEM_NONE;

    reply_add_header(reply, "Cache-Control", "no-cache");
    for (int i = 0; joined == JOINED_NOT && !problem && i < WATCHERS_TURNS_MAX; i++) {
        const struct markets *markets = markets_hold(service->markets);
        const struct market  *market = market_find(markets, request->args[0]);
        problem = market ? join(request, market, reply, &joined) : PROBLEM_NO_SUCH_MARKET;
        markets_release(service->markets, markets);
    }
    return problem || joined == JOINED ? problem : PROBLEM_OVERLOADED;
}
