/* The course of a request: opened, run, perhaps resumed, closed. */
#include "server/exchange.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "record/json.h"
#include "server/document.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/query.h"
#include "server/streams.h"

int64_t
exchange_clock_us(int clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* "http://host/path" is the same request as "/path" (RFC 9112 section 3.2.2). */
static const char *
skip_authority(const char *target)
{
    if (strncmp(target, "http://", 7) && strncmp(target, "https://", 8))
        return target;
    const char *path = strchr(strstr(target, "//") + 2, '/');
    return path ? path : "/";
}

/* Printable ASCII without a fragment, which clients keep to themselves. */
static bool
is_target(const char *text)
{
    while (*text > ' ' && *text <= '~' && *text != '#')
        text++;
    return *text == '\0';
}

/* Path and query apart, each in a copy of its own: route and query
 * readers cut theirs into pieces. */
static void
take_target(struct exchange *exchange, const char *target)
{
    struct arena *arena = &exchange->arena;

    exchange->request.path = "";
    if (!is_target(target)) {
        exchange->problem = PROBLEM_MALFORMED;
        return;
    }
    if (strlen(target) > URI_BYTES_MAX) {
        exchange->problem = PROBLEM_URI_TOO_LONG;
        return;
    }
    target = skip_authority(target);
    size_t count = strcspn(target, "?");
    char  *path  = arena_copy(arena, target, count);
    exchange->target = arena_copy(arena, target, count);
    exchange->query  = target[count]
                       ? arena_copy(arena, target + count + 1, strlen(target + count + 1)) : NULL;
    if (path)
        exchange->request.path = path;
    if (!path || !exchange->target || (target[count] && !exchange->query))
        exchange->problem = PROBLEM_INTERNAL;
}

struct exchange *
exchange_open(struct listener *listener, const char *target)
{
    struct exchange *exchange = spare_take(listener);

    if (!exchange)
        return NULL;
    memset(exchange, 0, offsetof(struct exchange, room_lent));
    reply_open(&exchange->reply);
    arena_open_in_blocks(&exchange->arena, ARENA_BLOCK_BYTES, ARENA_BYTES_LEAST);
    arena_lend(&exchange->arena, exchange->room_lent, sizeof exchange->room_lent);
    arena_open_in_blocks(&exchange->fleeting, FLEETING_BLOCK_BYTES, ARENA_BYTES_LEAST);
    exchange->listener         = listener;
    exchange->request.arena    = &exchange->arena;
    exchange->request.fleeting = &exchange->fleeting;
    exchange->request.exchange = exchange;
    exchange->request.service  = listener->hooks.service;
    take_target(exchange, target);
    return exchange;
}

static enum problem
read_query(struct exchange *exchange)
{
    const struct record *record = exchange->request.route->query;
    void                *query  = record ? arena_alloc(&exchange->arena, 1, record->size) : NULL;

    if (record && !query)
        return PROBLEM_INTERNAL;
    exchange->request.query = query;
    return query_read(record, exchange->query, &exchange->arena, query, &exchange->reply.faults)
        ? PROBLEM_NONE : PROBLEM_QUERY_INVALID;
}

static enum problem
problem_of_body(const struct faults *faults)
{
    assert(faults->count > 0);
    const char *code = faults->items[0].code;
    if (!strcmp(code, "not_json"))
        return PROBLEM_NOT_JSON;
    return strcmp(code, "out_of_memory") ? PROBLEM_INVALID : PROBLEM_BODY_TOO_LARGE;
}

static enum problem
read_body(struct exchange *exchange)
{
    struct request      *request = &exchange->request;
    const struct record *record  = request->route->body;

    if (!request->body_bytes)
        request->body_bytes = "";
    if (!record)
        return PROBLEM_NONE;
    void *body = arena_alloc(request->fleeting, 1, record->size);
    if (!body)
        return PROBLEM_INTERNAL;
    request->body = body;
    return json_read(record, request->body_bytes, request->body_count, request->fleeting, body,
                     &exchange->reply.faults)
        ? PROBLEM_NONE : problem_of_body(&exchange->reply.faults);
}

static enum next
handle(struct exchange *exchange)
{
    const struct route *route = exchange->request.route;

    if (route->runs_on != RUNS_ON_LISTENER)
        return NEXT_HAND_OVER;
    exchange->problem = route->handle(&exchange->request, &exchange->reply);
    return !exchange->problem && exchange->reply.waits ? NEXT_HAND_OVER : NEXT_ANSWER;
}

enum next
exchange_run(struct exchange *exchange)
{
    if (!exchange->problem && exchange->has_body)
        exchange->request.now_us = exchange_clock_us(CLOCK_REALTIME);
    if (!exchange->problem)
        exchange->problem = read_query(exchange);
    if (!exchange->problem)
        exchange->problem = read_body(exchange);
    return exchange->problem ? NEXT_ANSWER : handle(exchange);
}

enum next
exchange_go_on(struct exchange *exchange)
{
    const struct route *route = exchange->request.route;

    exchange->problem = exchange->resumed_with;
    if (exchange->problem)
        return NEXT_ANSWER;
    if (exchange->resumption == RESUME_AGAIN) {
        reply_open(&exchange->reply);
        exchange->problem = exchange->reruns++ < RERUNS_MAX ? PROBLEM_NONE : PROBLEM_OVERLOADED;
        if (!exchange->problem && !exchange->request.body)
            exchange->problem = read_body(exchange);
        return exchange->problem ? NEXT_ANSWER : handle(exchange);
    }
    if (exchange->reply.waits && route->complete)
        exchange->problem = route->complete(&exchange->request, &exchange->reply);
    return NEXT_ANSWER;
}

static size_t
bytes_out(const struct exchange *exchange)
{
    bool is_bare = exchange->status == 204 || exchange->status == 304 ||
                   !strcmp(exchange->request.method, "HEAD");

    return is_bare ? 0 : exchange->count + (exchange->stream ? (size_t)exchange->stream->sent : 0);
}

/* A request whose header was not complete is none. */
static void
report(struct exchange *exchange, int64_t elapsed_us)
{
    const struct listener *listener = exchange->listener;
    const struct request  *request  = &exchange->request;
    char                   code[PROBLEM_CODE_MAX], address[ADDRESS_TEXT_MAX];

    address_format(&request->caller.address, address);
    if (exchange->problem)
        problem_code(exchange->problem, code);
    struct log_request line = {
        .time       = request->now_us,
        .trace_id   = request->trace_id,
        .method     = request->method,
        .path       = request->path,
        .operation  = request->route ? request->route->operation : NULL,
        .status     = exchange->status,
        .code       = exchange->problem ? code : NULL,
        .elapsed_us = elapsed_us,
        .address    = address,
        .key_id     = request->caller.key_id,
        .bytes_in   = (int64_t)(request->body_count + exchange->discarded),
        .bytes_out  = (int64_t)bytes_out(exchange),
        .ending     = exchange->stream ? ending_names[exchange->stream->ending] : NULL,
    };
    log_request(listener->settings.log_fd, &line, &exchange->arena);
    if (listener->settings.metrics)
        metrics_end(listener->settings.metrics, &(struct metrics_request){
            .route      = request->route,
            .status     = exchange->status,
            .problem    = exchange->problem,
            .elapsed_us = elapsed_us,
            .bytes_in   = (size_t)line.bytes_in,
            .bytes_out  = (size_t)line.bytes_out,
        });
}

void
exchange_close(struct exchange *exchange)
{
    struct listener *listener = exchange->listener;

    if (exchange->stage != STAGE_HEAD) {
        int64_t elapsed_us = exchange_clock_us(CLOCK_MONOTONIC) - exchange->started_us;
        report(exchange, elapsed_us);
        if (exchange->is_begun)
            listener->hooks.end(&exchange->request, &exchange->reply, exchange->status, elapsed_us);
        atomic_fetch_sub(&listener->bodies_bytes, exchange->reserved);
        atomic_fetch_sub(&listener->in_flight, 1);
    }
    if (exchange->stream)
        stream_free(exchange->stream);
    arena_close(&exchange->arena);
    arena_close(&exchange->fleeting);
    spare_give_back(exchange);
}

void
exchange_complete(struct exchange *exchange)
{
    if (exchange->stream)
        stream_detach(exchange->stream);
    else
        exchange_close(exchange);
}
