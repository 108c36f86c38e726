/* Who asks, and which thread works: the hooks around each request. */
#include "handlers/service.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "db/keys.h"
#include "db/snapshots.h"
#include "db/workers.h"
#include "db/writer.h"
#include "handlers/cost.h"
#include "handlers/decide.h"
#include "handlers/states.h"
#include "record/instant.h"

/* "127.0.0.1:8080", "localhost", "[::1]:8080": a Host that only this machine can mean. */
static bool
is_loopback_host(const char *host)
{
    static const char *const names[] = { "127.0.0.1", "localhost", "[::1]" };

    for (size_t i = 0; host && i < COUNT_OF(names); i++) {
        size_t count = strlen(names[i]);
        if (!strncasecmp(host, names[i], count) && (!host[count] || host[count] == ':'))
            return true;
    }
    return false;
}

bool
service_is_near(const struct request *request)
{
    return request->caller.is_loopback && !request->caller.is_proxied &&
           is_loopback_host(request->host) && !request->forwarded;
}

/* Without a key one may preview only on the embedded default, from this machine, with nothing in between. */
static bool
may_be_anonymous(const struct request *request)
{
    return request->service->is_embedded && service_is_near(request);
}

static enum problem
expired(int64_t until, struct reply *reply)
{
    char text[INSTANT_TEXT_MAX];

    instant_format(until, text);
    snprintf(reply->detail, sizeof reply->detail, "this secret was good until %s", text);
    return PROBLEM_KEY_EXPIRED;
}

static enum problem
recognise(struct request *request, struct reply *reply)
{
    static const char  bearer[] = "Bearer ";
    struct key_cache  *cache = request->service->keys;
    const struct keys *keys;
    const struct caller_key  *key;
    char              *id, *holder;
    int64_t            until;

    if (strncasecmp(request->authorization, bearer, strlen(bearer)))
        return PROBLEM_KEY_UNKNOWN;
    keys = keys_hold(cache);
    key  = key_find(keys, request->authorization + strlen(bearer), &until);
    if (key && until <= request->now_us) {
        keys_release(cache, keys);
        return expired(until, reply);
    }
    id     = key ? arena_copy(request->arena, key->id, strlen(key->id)) : NULL;
    holder = key ? arena_copy(request->arena, key->holder, strlen(key->holder)) : NULL;
    if (id && holder) {
        request->caller.key_id = id;
        request->caller.holder = holder;
        request->caller.roles  = key->roles;
        request->caller.rate   = key->rate;
        request->caller.burst  = key->burst;
        key_used(keys, key, request->now_us);
    }
    keys_release(cache, keys);
    return id && holder ? PROBLEM_NONE : PROBLEM_KEY_UNKNOWN;
}

static enum problem
check_role(const struct request *request, struct reply *reply)
{
    const struct route *route = request->route;

    if (route->role == ROLE_ANYONE || request->caller.roles & 1u << route->role ||
        (route->or_role && request->caller.roles & 1u << route->or_role) ||
        (route->or_third_role && request->caller.roles & 1u << route->or_third_role))
        return PROBLEM_NONE;
    snprintf(reply->detail, sizeof reply->detail, "the operation %s needs the role %s", route->operation,
             role_names[route->role]);
    return PROBLEM_ROLE_MISSING;
}

static enum problem
identify(struct request *request, struct reply *reply)
{
    if (request->authorization) {
        enum problem problem = recognise(request, reply);
        if (problem) {
            reply_add_header(reply, "WWW-Authenticate", "Bearer realm=\"breakwater\", error=\"invalid_token\"");
            return problem;
        }
    } else if (request->route->role != ROLE_ANYONE) {
        if (request->route->role != ROLE_PREVIEW || !may_be_anonymous(request)) {
            snprintf(reply->detail, sizeof reply->detail, "give a key as \"Authorization: Bearer <key>\"");
            reply_add_header(reply, "WWW-Authenticate", "Bearer realm=\"breakwater\"");
            return PROBLEM_KEY_UNKNOWN;
        }
        request->caller.roles = 1u << ROLE_PREVIEW;
    }
    return check_role(request, reply);
}

/* A decision that cannot be recorded is refused before its body is read, and costs next to nothing. Those
 * who are refused together do not come back together. */
static enum problem
shed(const struct request *request, struct reply *reply)
{
    enum { RETRY_S_MAX = 3 };

    struct writer_status status;

    if (!request->route->complete)
        return PROBLEM_NONE;
    writer_status(request->service->writer, &status);
    if (status.queued < status.queue_max)
        return PROBLEM_NONE;
    reply->retry_after_s = 1 + (unsigned)(request->number % RETRY_S_MAX);
    snprintf(reply->detail, sizeof reply->detail,
             "as many decisions as may wait to be recorded, wait");
    return PROBLEM_OVERLOADED;
}

/* Who asks too often is told so before anything else. */
static enum problem
begin(struct request *request, struct reply *reply)
{
    enum problem problem = identify(request, reply);
    enum problem limited = limits_begin(request, reply);

    if (limited || problem)
        return limited ? limited : problem;
    return shed(request, reply);
}

static void
work(struct connection *connection, void *context)
{
    struct visit *visit = context;
    enum problem  problem = PROBLEM_DATABASE_AWAY;

    visit->is_asked_again = false;
    visit->connection     = connection;
    if (connection)
        problem = visit->handle(visit->request, visit->reply);
    visit->connection = NULL;
    /* The operation itself may wait for more, as one on the listener. */
    if (!problem && visit->reply->waits && visit->handle == visit->request->route->handle &&
        !(problem = submit_decision(visit)))
        return;
    if (visit->stream) {
        stream_leave(visit->stream, problem != PROBLEM_NONE);
        return;
    }
    exchange_resume(visit->request, visit->is_asked_again ? RESUME_AGAIN : RESUME_DONE, problem);
}

/* A producer's handler goes over to streaming. */
enum problem
service_stream(struct request *request, struct stream **stream)
{
    struct visit *visit   = request->context;
    enum problem  problem = stream_begin(request, stream);

    if (!problem)
        visit->stream = *stream;
    return problem;
}

void
service_run_on_worker(struct visit *visit, enum problem (*handle)(struct request *, struct reply *))
{
    visit->handle = handle;
    if (!workers_submit(visit->request->service->workers, work, visit))
        exchange_resume(visit->request, RESUME_DONE, PROBLEM_OVERLOADED);
}

struct connection *
service_connection(const struct request *request)
{
    const struct visit *visit = request->context;
    return visit->connection;
}

struct visit *
service_visit(struct request *request)
{
    struct visit *visit = request->context ? request->context : arena_alloc(request->arena, 1, sizeof *visit);

    if (visit)
        visit->request = request;
    request->context = visit;
    return visit;
}

bool
service_admit_dear(struct request *request)
{
    struct visit *visit = service_visit(request);

    if (!visit || visit->is_dear)
        return visit;
    if (atomic_fetch_add(&request->service->dear, 1) >= COST_DEAR_REQUESTS_MAX) {
        atomic_fetch_sub(&request->service->dear, 1);
        return false;
    }
    visit->is_dear = true;
    return true;
}

bool
service_keep_snapshot(struct request *request, const struct kept_snapshot *snapshot)
{
    struct visit *visit = service_visit(request);

    if (visit && visit->snapshot)
        snapshot_release(visit->snapshot);
    if (visit)
        visit->snapshot = snapshot;
    else
        snapshot_release(snapshot);
    return visit;
}

const char *
service_keep_state(struct request *request, const struct digest *sha256, const char *bytes, size_t count)
{
    struct states     *states = request->service->states;
    struct visit      *visit = service_visit(request);
    struct held_state *held = visit ? state_hold(states, sha256, bytes, count) : NULL;

    if (!held) {
        request->arena->is_starved |= visit != NULL;
        return NULL;
    }
    state_release(states, visit->state);          /* of the handler's call before */
    visit->state = held;
    return state_bytes(held);
}

static enum problem
take(struct request *request, struct reply *reply)
{
    struct visit *visit = service_visit(request);

    if (!visit)
        return PROBLEM_INTERNAL;
    visit->reply = reply;
    if (visit->later) {
        service_run_on_worker(visit, visit->later);
        return PROBLEM_NONE;
    }
    if (reply->waits)
        return submit_decision(visit);
    if (request->route->runs_on == RUNS_ON_WORKER) {
        service_run_on_worker(visit, request->route->handle);
        return PROBLEM_NONE;
    }
    visit->handle = request->route->handle;
    return workers_submit(request->service->producers, work, visit) ? PROBLEM_NONE
                                                                    : PROBLEM_OVERLOADED;
}

static void
end(struct request *request, const struct reply *reply, unsigned status, int64_t elapsed_us)
{
    const struct visit *visit = request->context;

    (void)reply, (void)status, (void)elapsed_us;
    if (!visit)
        return;
    snapshot_release(visit->snapshot);
    state_release(request->service->states, visit->state);
    if (visit->is_dear)
        atomic_fetch_sub(&request->service->dear, 1);
}

struct hooks
service_hooks(struct service *service)
{
    return (struct hooks){ .service = service, .begin = begin, .take = take, .end = end };
}
