/* The reply as it is sent: the one place where problems become documents and every
 * answer gets its header fields. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "record/json.h"
#include "server/document.h"
#include "server/exchange.h"

static void
add(struct exchange *exchange, const char *name, const char *value)
{
    assert(exchange->headers_count < ANSWER_HEADERS_MAX);
    exchange->headers[exchange->headers_count++] = (struct header){ name, value };
}

/* Is it one of "https://a.example,https://b.example", or are all? Origins are compared byte
 * by byte, as browsers write them. */
static bool
is_allowed(const char *origins, const char *origin)
{
    size_t length = strlen(origin);

    if (!strcmp(origins, "*"))
        return true;
    while (*origins) {
        origins += strspn(origins, ", ");
        size_t count = strcspn(origins, ", ");
        if (count == length && count > 0 && !memcmp(origins, origin, count))
            return true;
        origins += count;
    }
    return false;
}

/* What the answer says about the page that asks. */
static bool
add_origin(struct exchange *exchange, const struct route *route)
{
    const char *origins = exchange->listener->cors_origins;

    if (route && route->any_origin) {
        add(exchange, "Access-Control-Allow-Origin", "*");
        return true;
    }
    if (!origins)
        return false;
    add(exchange, "Vary", "Origin");
    if (!exchange->origin || !is_allowed(origins, exchange->origin))
        return false;
    add(exchange, "Access-Control-Allow-Origin", exchange->origin);
    return true;
}

/* The row that the page is going to ask for; NULL: none. */
static const struct route *
find_requested(struct exchange *exchange)
{
    const char  *args[ROUTE_ARGS_MAX];
    char         allow[ALLOW_BYTES];
    enum problem problem;
    const char  *path = exchange->request.path;
    char        *copy = arena_copy(&exchange->arena, path, strlen(path));

    if (!copy)
        return NULL;
    return route_find(exchange->listener->routes, exchange->request_method, copy, args, allow,
                      sizeof allow, &problem);
}

bool
exchange_answer_preflight(struct exchange *exchange)
{
    if (exchange->problem != PROBLEM_WRONG_METHOD || strcmp(exchange->request.method, "OPTIONS") ||
        !exchange->origin || !exchange->request_method)
        return false;
    if (!add_origin(exchange, find_requested(exchange))) {
        exchange->headers_count = 0;
        return false;
    }
    add(exchange, "Access-Control-Allow-Methods", exchange->allow);
    add(exchange, "Access-Control-Allow-Headers",
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match,"
        " Prefer, traceparent");
    add(exchange, "Access-Control-Max-Age", "600");
    exchange->problem = PROBLEM_NONE;
    exchange->status  = 204;
    return true;
}

/* draft-ietf-httpapi-ratelimit-headers-11: what may be asked in a window, and what is left of it. */
static void
add_quota(struct exchange *exchange)
{
    enum { QUOTA_TEXT_MAX = 120 };
    const struct quota *quota = &exchange->request.quota;

    if (!quota->policy)
        return;
    exchange->arena.used_max += 2 * QUOTA_TEXT_MAX;
    char *policy = arena_alloc(&exchange->arena, QUOTA_TEXT_MAX, 1);
    char *left   = arena_alloc(&exchange->arena, QUOTA_TEXT_MAX, 1);
    if (!policy || !left)
        return;
    snprintf(policy, QUOTA_TEXT_MAX, "\"%s\";q=%" PRId64 ";w=%" PRId64, quota->policy,
             quota->burst, quota->window_s);
    snprintf(left, QUOTA_TEXT_MAX, "\"%s\";r=%" PRId64 ";t=%" PRId64, quota->policy, quota->left,
             quota->full_s);
    add(exchange, "RateLimit-Policy", policy);
    add(exchange, "RateLimit", left);
}

/* Where there was no memory, what was found of the request or its answer may be wrong. */
static void
excuse(struct exchange *exchange)
{
    if (!exchange->problem || !(exchange->arena.is_starved || exchange->fleeting.is_starved))
        return;
    exchange->problem            = PROBLEM_OVERLOADED;
    exchange->reply.faults.count = 0;
    snprintf(exchange->reply.detail, sizeof exchange->reply.detail, "there is no memory for it");
}

static void
render_problem(struct exchange *exchange)
{
    enum { DOCUMENT_BYTES_MAX = 64 << 10 };
    unsigned    status = problem_info(exchange->problem)->status;
    unsigned    wait_s = exchange->reply.retry_after_s;
    struct text text;

    /* Room of its own: the request may have used all that it had. */
    exchange->arena.used_max += 2 * DOCUMENT_BYTES_MAX;
    text_open(&text, &exchange->arena, 512, DOCUMENT_BYTES_MAX);
    document_write(exchange->problem, &exchange->request, &exchange->reply, &text);
    exchange->status     = status;
    exchange->media_type = "application/problem+json";
    exchange->bytes      = text.is_full ? "" : text.bytes;
    exchange->count      = text.is_full ? 0 : text.count;
    if (status == 401)
        add(exchange, "WWW-Authenticate", "Bearer");
    if (status == 405)
        add(exchange, "Allow", exchange->allow);
    if (status == 429 || status == 503 || wait_s) {
        snprintf(exchange->retry_after, sizeof exchange->retry_after, "%u", wait_s ? wait_s : 1);
        add(exchange, "Retry-After", exchange->retry_after);
    }
}

static enum problem
render_reply(struct exchange *exchange)
{
    const struct route *route = exchange->request.route;
    const struct reply *reply = &exchange->reply;
    struct text         text;

    exchange->status     = reply->status ? reply->status : route->status;
    exchange->media_type = reply->media_type ? reply->media_type
                         : route->media_type ? route->media_type : "application/json";
    exchange->bytes      = reply->bytes ? reply->bytes : "";
    exchange->count      = reply->bytes ? reply->count : 0;
    if (reply->answer && !reply->bytes) {
        text_open(&text, &exchange->arena, 1024, ANSWER_BYTES_MAX);
        json_write(route->answer, reply->answer, JSON_DECLARED, &text);
        if (text.is_full)
            return PROBLEM_INTERNAL;
        exchange->bytes = text.bytes;
        exchange->count = text.count;
    }
    for (size_t i = 0; i < reply->headers_count; i++)
        add(exchange, reply->headers[i].name, reply->headers[i].value);
    return PROBLEM_NONE;
}

static bool
has_header(const struct exchange *exchange, const char *name)
{
    for (size_t i = 0; i < exchange->headers_count; i++)
        if (!strcmp(exchange->headers[i].name, name))
            return true;
    return false;
}

/* For browsers: an answer is data, and never a page that runs something, is framed or tells where
 * somebody came from. */
static void
add_guards(struct exchange *exchange)
{
    add(exchange, "X-Content-Type-Options", "nosniff");
    add(exchange, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    add(exchange, "Referrer-Policy", "no-referrer");
    if (exchange->listener->tls_cert)
        add(exchange, "Strict-Transport-Security", "max-age=31536000");
}

void
exchange_render(struct exchange *exchange)
{
    bool is_preflight = exchange_answer_preflight(exchange);

    exchange->is_rendered = true;
    if (!exchange->problem && !is_preflight)
        exchange->problem = render_reply(exchange);
    excuse(exchange);
    if (exchange->problem)
        render_problem(exchange);
    bool has_content = (exchange->count > 0 || exchange->stream) && exchange->status != 204 &&
                       exchange->status != 304;
    if (has_content && !has_header(exchange, "Content-Type"))
        add(exchange, "Content-Type", exchange->media_type);
    if (!has_header(exchange, "Cache-Control"))
        add(exchange, "Cache-Control", "no-store");
    add_guards(exchange);
    add_quota(exchange);
    if (exchange->request.traceparent)
        add(exchange, "traceparent", exchange->request.traceparent);
    if (!is_preflight && add_origin(exchange, exchange->request.route))
        add(exchange, "Access-Control-Expose-Headers",
            "ETag, Idempotent-Replayed, Link, Location, Preference-Applied, RateLimit,"
            " RateLimit-Policy, Retry-After, traceparent");
    /* What follows on a connection is believed only where it is
     * certain that this request has ended. */
    if (atomic_load(&exchange->listener->is_leaving) || exchange->is_cut_short ||
        exchange->problem == PROBLEM_MALFORMED || peer_is_extra(exchange->peer))
        add(exchange, "Connection", "close");
}
