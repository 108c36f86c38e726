/* The request's header and body as they come in: all that can be
 * refused before the operation sees it. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "server/exchange.h"
#include "server/forwarded.h"

/* RFC 9110 section 5.6.2. A space before the colon is where readers part ways. */
#define TOKEN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"

/* A body up to this has its place from the beginning. */
enum { ROOM_AT_ONCE = 64 << 10 };

#define HEADER(text, member, once) \
    { text, sizeof text - 1, offsetof(struct exchange, member), once }

/* Where a second value could make two readers of the request disagree, it is refused. */
static const struct known {
    const char *name;
    size_t      count, offset;
    bool        may_stand_once;
} known[] = {
    HEADER("Authorization", request.authorization, true),
    HEADER("Idempotency-Key", request.idempotency_key, true),
    HEADER("If-Match", request.if_match, true),
    HEADER("If-None-Match", request.if_none_match, true),
    HEADER("Accept", request.accept, false),
    HEADER("Prefer", request.prefer, false),
    HEADER("traceparent", request.traceparent, false),
    HEADER("Last-Event-ID", request.last_event_id, true),
    HEADER("Host", request.host, true),
    HEADER("X-Forwarded-Host", request.forwarded, false),
    HEADER("X-Forwarded-Port", request.forwarded, false),
    HEADER("X-Forwarded-Proto", request.forwarded, false),
    HEADER("X-Forwarded-Server", request.forwarded, false),
    HEADER("X-Client-IP", request.forwarded, false),
    HEADER("X-Real-IP", request.forwarded, false),
    HEADER("True-Client-IP", request.forwarded, false),
    HEADER("CF-Connecting-IP", request.forwarded, false),
    HEADER("Via", request.forwarded, false),
    HEADER("Content-Type", content_type, true),
    HEADER("Content-Length", content_length, true),
    HEADER("Transfer-Encoding", transfer_encoding, true),
    HEADER("Expect", expect, true),
    HEADER("Origin", origin, true),
    HEADER("Access-Control-Request-Method", request_method, true),
};

/* Lists, of which each proxy writes its part: more fields of one name are one list (RFC 9110 section
 * 5.3). */
static const struct known lists[] = {
    HEADER("X-Forwarded-For", forwarded_for, false),
    HEADER("Forwarded", forwarded, false),
};

_Static_assert(COUNT_OF(known) <= sizeof ((struct exchange *)0)->is_seen,
               "struct exchange has a flag for each");

static void
refuse(struct exchange *exchange, enum problem problem, const char *detail)
{
    if (exchange->problem)
        return;
    exchange->problem = problem;
    snprintf(exchange->reply.detail, sizeof exchange->reply.detail, "%s", detail);
}

/* True: it is one of them. */
static bool
add_to_list(struct exchange *exchange, const char *name, size_t name_count, const char *value,
            size_t value_count)
{
    size_t i = 0;
    char  *before;

    while (i < COUNT_OF(lists) && (lists[i].count != name_count || strcasecmp(lists[i].name, name)))
        i++;
    if (i == COUNT_OF(lists))
        return false;
    memcpy(&before, (char *)exchange + lists[i].offset, sizeof before);
    size_t before_count = before ? strlen(before) : 0;
    char  *list = arena_alloc(&exchange->arena, before_count + 1 + value_count + 1, 1);
    if (!list) {
        refuse(exchange, PROBLEM_INTERNAL, "");
        return true;
    }
    if (before) {
        memcpy(list, before, before_count);
        list[before_count++] = ',';
    }
    memcpy(list + before_count, value, value_count);
    memcpy((char *)exchange + lists[i].offset, &list, sizeof list);
    exchange->request.forwarded = list;
    return true;
}

void
exchange_add_header(struct exchange *exchange, const char *name, size_t name_count,
                    const char *value, size_t value_count)
{
    static const size_t separators = sizeof ": \r\n" - 1;
    size_t              i          = 0;

    if (name_count == 0 || strspn(name, TOKEN) != name_count)
        refuse(exchange, PROBLEM_MALFORMED,
               "a header field's name has a character that no name has");
    if (memchr(value, '\r', value_count))
        refuse(exchange, PROBLEM_MALFORMED,
               "a header field has a character that no value has");
    exchange->headers_seen++;
    exchange->headers_bytes += name_count + value_count + separators;
    if (exchange->headers_bytes > HEADERS_BYTES_MAX || exchange->headers_seen > HEADERS_COUNT_MAX)
        return;
    if (add_to_list(exchange, name, name_count, value, value_count))
        return;
    while (i < COUNT_OF(known) && (known[i].count != name_count || strcasecmp(known[i].name, name)))
        i++;
    if (i == COUNT_OF(known))
        return;
    if (exchange->is_seen[i]) {
        if (known[i].may_stand_once)
            refuse(exchange, PROBLEM_MALFORMED, "a header field that may stand once stands twice");
        return;
    }
    exchange->is_seen[i] = true;
    const char *copy = arena_copy(&exchange->arena, value, value_count);
    memcpy((char *)exchange + known[i].offset, &copy, sizeof copy);
    if (!copy)
        refuse(exchange, PROBLEM_INTERNAL, "");
}

static bool
read_length(const char *text, size_t *length)
{
    *length = 0;
    for (const char *at = text; *at; at++)
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(*length, 10, length) ||
            __builtin_add_overflow(*length, (size_t)(*at - '0'), length))
            return false;
    return *text != '\0';
}

/* How the body is framed. What two servers could read in two ways is refused, and nothing
 * more is read from the connection. */
static bool
frame(struct exchange *exchange)
{
    exchange->is_chunked = exchange->transfer_encoding != NULL;
    if (exchange->is_chunked &&
        (exchange->content_length || strcasecmp(exchange->transfer_encoding, "chunked"))) {
        refuse(exchange, PROBLEM_MALFORMED,
               "a body is framed by Content-Length, or by chunks and nothing else");
        return false;
    }
    if (exchange->content_length && !read_length(exchange->content_length, &exchange->announced)) {
        refuse(exchange, PROBLEM_MALFORMED, "Content-Length is a number of bytes");
        return false;
    }
    exchange->has_body = exchange->is_chunked || exchange->announced > 0;
    return true;
}

static void
check_sizes(struct exchange *exchange)
{
    if (exchange->headers_bytes > HEADERS_BYTES_MAX || exchange->headers_seen > HEADERS_COUNT_MAX)
        refuse(exchange, PROBLEM_HEADERS_TOO_LARGE, "at most 8192 bytes in 100 fields");
}

static void
find_route(struct exchange *exchange)
{
    enum problem problem;

    exchange->request.route = route_find(exchange->listener->routes, exchange->request.method,
                                         exchange->target, exchange->request.args, exchange->allow,
                                         sizeof exchange->allow, &problem);
    if (problem)
        refuse(exchange, problem, "");
    else
        exchange->arena.used_max = exchange->fleeting.used_max =
            ARENA_BYTES_LEAST + ARENA_BYTES_A_BYTE * exchange->request.route->body_bytes_max;
}

/* Where all places are taken, those of the reserve are for who asks how the service is. */
static void
check_place(struct exchange *exchange)
{
    if (peer_is_extra(exchange->peer) &&
        !(exchange->request.route && exchange->request.route->is_unmetered))
        refuse(exchange, PROBLEM_OVERLOADED, "as many connections as there may be are open");
}

static bool
is_json(const char *content_type)
{
    static const char json[] = "application/json";
    size_t            count  = sizeof json - 1;

    if (!content_type || strncasecmp(content_type, json, count))
        return false;
    content_type += count + strspn(content_type + count, " \t");
    return *content_type == '\0' || *content_type == ';';
}

/* One budget for all bodies, so that many requests, each within its limit,
 * cannot take the memory together. */
static bool
reserve(struct exchange *exchange, size_t bytes)
{
    struct listener *listener = exchange->listener;
    size_t           before   = atomic_fetch_add(&listener->bodies_bytes, bytes);

    if (bytes <= listener->settings.bodies_bytes_max &&
        before <= listener->settings.bodies_bytes_max - bytes) {
        exchange->reserved += bytes;
        return true;
    }
    atomic_fetch_sub(&listener->bodies_bytes, bytes);
    refuse(exchange, PROBLEM_OVERLOADED, "the service holds as many bodies as it may");
    return false;
}

static bool
make_room(struct exchange *exchange, size_t room)
{
    if (!reserve(exchange, room - exchange->room))
        return false;
    char *body = arena_widen(&exchange->arena, exchange->body, exchange->room, room);
    if (!body) {
        refuse(exchange, PROBLEM_OVERLOADED, "there is no memory for the body");
        return false;
    }
    exchange->body = body;
    exchange->room = room;
    return true;
}

static void
refuse_size(struct exchange *exchange)
{
    size_t max = exchange->request.route->body_bytes_max;

    refuse(exchange, PROBLEM_BODY_TOO_LARGE, "");
    if (max)
        snprintf(exchange->reply.detail, sizeof exchange->reply.detail,
                 "this operation takes up to %zu bytes", max);
    else
        snprintf(exchange->reply.detail, sizeof exchange->reply.detail,
                 "this operation takes no body");
}

/* What the header says about the body. */
static void
check_body(struct exchange *exchange)
{
    const struct route *route = exchange->request.route;

    if (exchange->announced > route->body_bytes_max ||
        (exchange->is_chunked && !route->body_bytes_max))
        refuse_size(exchange);
    else if (exchange->has_body && route->body && !is_json(exchange->content_type))
        refuse(exchange, PROBLEM_WRONG_CONTENT_TYPE, "send Content-Type: application/json");
    else if (exchange->announced)
        make_room(exchange, exchange->announced < ROOM_AT_ONCE ? exchange->announced
                                                               : ROOM_AT_ONCE);
}

static void
check_idempotency_key(struct exchange *exchange)
{
    enum { IDEMPOTENCY_KEY_BYTES_MAX = 255 };
    const char *key = exchange->request.idempotency_key;

    if (!key && exchange->request.route->idempotency_key_required)
        refuse(exchange, PROBLEM_IDEMPOTENCY_KEY_INVALID,
               "this operation requires an Idempotency-Key");
    if (!key)
        return;
    size_t count = strlen(key);
    for (size_t i = 0; i < count; i++)
        if (key[i] < ' ' || key[i] > '~')
            refuse(exchange, PROBLEM_IDEMPOTENCY_KEY_INVALID, "a character is not printable ASCII");
    if (count == 0 || count > IDEMPOTENCY_KEY_BYTES_MAX)
        refuse(exchange, PROBLEM_IDEMPOTENCY_KEY_INVALID,
               "an Idempotency-Key has 1 to 255 characters");
}

static bool
is_hex(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(text[i] >= '0' && text[i] <= '9') && !(text[i] >= 'a' && text[i] <= 'f'))
            return false;
    return true;
}

/* W3C Trace Context, version 00: "00-{32 hex}-{16 hex}-{2 hex}", neither id all zero. */
static bool
is_traceparent(const char *text)
{
    static const char zeros[] = "00000000000000000000000000000000";

    return strlen(text) == 55 && !memcmp(text, "00-", 3) && is_hex(text + 3, 32) &&
           text[35] == '-' && is_hex(text + 36, 16) && text[52] == '-' && is_hex(text + 53, 2) &&
           memcmp(text + 3, zeros, 32) && memcmp(text + 36, zeros, 16);
}

static void
trace(struct exchange *exchange)
{
    struct request *request = &exchange->request;

    if (request->traceparent && !is_traceparent(request->traceparent))
        request->traceparent = NULL;
    if (request->traceparent)
        memcpy(request->trace_id, request->traceparent + 3, sizeof request->trace_id - 1);
    else                                   /* an odd factor: differs for each number */
        snprintf(request->trace_id, sizeof request->trace_id, "%016" PRIx64 "%016" PRIx64,
                 exchange->listener->seed, request->number * UINT64_C(0x9E3779B97F4A7C15));
}

/* In the order of the checks: the first to fail is the answer. */
static void
check(struct exchange *exchange)
{
    const struct hooks *hooks = &exchange->listener->hooks;

    check_sizes(exchange);
    if (!exchange->problem)
        find_route(exchange);
    check_place(exchange);
    if (exchange->problem)
        return;
    exchange->is_begun = true;
    exchange->problem  = hooks->begin(&exchange->request, &exchange->reply);
    if (!exchange->problem)
        check_idempotency_key(exchange);
    if (!exchange->problem)
        check_body(exchange);
}

void
exchange_place(struct exchange *exchange, const struct sockaddr *peer)
{
    static const struct address_ranges none = { .count = 0 };
    const struct address_ranges       *proxies = exchange->listener->settings.trusted_proxies;
    struct caller                     *caller = &exchange->request.caller;

    caller->address     = address_of(peer);
    caller->is_loopback = address_is_loopback(&caller->address);
    caller->is_proxied  = proxies && address_ranges_hold(proxies, &caller->address);
    caller->address     = forwarded_client(&caller->address, proxies ? proxies : &none,
                                           exchange->forwarded_for, exchange->forwarded);
}

/* The key was looked at: nothing later needs it, and memory is not to hold it. */
static void
forget_key(struct request *request)
{
    if (request->authorization)
        explicit_bzero((char *)(uintptr_t)request->authorization, strlen(request->authorization));
}

static void
take_method(struct exchange *exchange, const char *method)
{
    size_t count = strlen(method);
    char  *copy  = arena_copy(&exchange->arena, method, count);

    exchange->request.method = "";
    if (!copy)
        refuse(exchange, PROBLEM_INTERNAL, "");
    else if (strspn(method, TOKEN) != count)
        refuse(exchange, PROBLEM_MALFORMED, "the method has a character that no method has");
    else
        exchange->request.method = copy;
}

/* The faster it comes, the longer it may take. */
static void
wait_for_body(struct exchange *exchange)
{
    peer_wait(exchange->peer, WAITING_BODY, exchange->started_us,
              exchange->listener->settings.slow_s,
              exchange->request.body_count + exchange->discarded);
}

/* A refused body is received and dropped, since closing a connection while the client still sends
 * may lose the answer. One that is too long for that is answered at once, as is one that the client
 * holds back until it is asked for. */
enum next
exchange_begin(struct exchange *exchange, const char *method, const char *version)
{
    struct request *request = &exchange->request;

    if (!request->host && strcmp(version, "HTTP/1.0"))
        refuse(exchange, PROBLEM_MALFORMED, "HTTP/1.1 requires Host");

    exchange->stage      = STAGE_BODY;
    exchange->started_us = exchange_clock_us(CLOCK_MONOTONIC);
    request->now_us      = exchange_clock_us(CLOCK_REALTIME);
    request->number      = atomic_fetch_add(&exchange->listener->number, 1) + 1;
    take_method(exchange, method);
    trace(exchange);
    bool is_framed = frame(exchange);
    if (!exchange->problem)
        check(exchange);
    forget_key(request);
    exchange->is_cut_short = exchange->problem &&
                             (!is_framed || peer_is_extra(exchange->peer) ||
                              exchange->announced > DISCARD_BYTES_MAX ||
                              (exchange->has_body && exchange->expect));
    if (exchange->is_cut_short)
        return NEXT_ANSWER;
    wait_for_body(exchange);
    return NEXT_RECEIVE;
}

static bool
discard(struct exchange *exchange, size_t count)
{
    exchange->discarded += count;
    wait_for_body(exchange);
    return exchange->discarded <= DISCARD_BYTES_MAX;
}

/* What is only announced takes no room yet, and chunks do not say how many will come: the room
 * doubles, up to what may come. */
static bool
grow(struct exchange *exchange, size_t least)
{
    enum { ROOM_FIRST = 4 << 10 };
    /* never less than what is here, whatever the library makes of a length that was announced */
    size_t max  = exchange->is_chunked || least > exchange->announced
                ? exchange->request.route->body_bytes_max : exchange->announced;
    size_t room = exchange->room ? exchange->room : ROOM_FIRST;

    while (room < least)
        room *= 2;
    return make_room(exchange, room < max ? room : max);
}

bool
exchange_take(struct exchange *exchange, const char *bytes, size_t count)
{
    struct request *request = &exchange->request;

    assert(count > 0);
    if (exchange_clock_us(CLOCK_MONOTONIC) - exchange->started_us >
        RECEIVE_S_MAX * INT64_C(1000000))
        return false;
    if (exchange->problem)
        return discard(exchange, count);
    if (count > request->route->body_bytes_max - request->body_count) {
        refuse_size(exchange);
        return discard(exchange, count);
    }
    if (request->body_count + count > exchange->room &&
        !grow(exchange, request->body_count + count))
        return discard(exchange, count);
    memcpy(exchange->body + request->body_count, bytes, count);
    request->body_bytes = exchange->body;
    request->body_count += count;
    wait_for_body(exchange);
    return true;
}
