/* The service behind the listener's tests. */
#include "tests/listener_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <check.h>

struct note { const char *text; int64_t count; };

static const struct field note_fields[] = {
    TEXT_FIELD   (note, text, .form = TEXT_ANY, .max = 1 << 20),
    INTEGER_FIELD(note, count, .optional = true, .min = 0, .max = 10, .initial = "7"),
};
static const struct record note_record = RECORD(note, note_fields);

static const struct field page_fields[] = {
    INTEGER_FIELD(note, count, .optional = true, .min = 1, .max = 100, .initial = "20"),
};
static const struct record page_record = RECORD(note, page_fields);

static enum problem
get_ping(struct request *request, struct reply *reply)
{
    (void)request;
    reply->bytes = "pong";
    reply->count = 4;
    return PROBLEM_NONE;
}

static enum problem
post_note(struct request *request, struct reply *reply)
{
    reply->answer = request->body;
    return PROBLEM_NONE;
}

static enum problem
post_raw(struct request *request, struct reply *reply)
{
    char *count = arena_alloc(request->arena, 1, 32);

    ck_assert_ptr_nonnull(count);
    reply->count = (size_t)snprintf(count, 32, "%zu", request->body_count);
    reply->bytes = count;
    return PROBLEM_NONE;
}

static enum problem
get_thing(struct request *request, struct reply *reply)
{
    reply->bytes = request->args[0];
    reply->count = strlen(reply->bytes);
    return PROBLEM_NONE;
}

static enum problem
get_page(struct request *request, struct reply *reply)
{
    const struct note *query = request->query;
    struct note       *note  = arena_alloc(request->arena, 1, sizeof *note);

    ck_assert_ptr_nonnull(note);
    *note = (struct note){ "page", query->count };
    reply->answer = note;
    return PROBLEM_NONE;
}

static enum problem
get_refused(struct request *request, struct reply *reply)
{
    (void)request;
    snprintf(reply->detail, sizeof reply->detail, "the number %d does not fit", 5);
    fault_add(&reply->faults, "/a/b", "overflow", "too large");
    reply_add_header(reply, "ETag", "\"not of a problem\"");
    return PROBLEM_OVERFLOW;
}

static enum problem
get_busy(struct request *request, struct reply *reply)
{
    (void)request;
    reply->retry_after_s = 7;
    return PROBLEM_DATABASE_AWAY;
}

static enum problem
get_large(struct request *request, struct reply *reply)
{
    reply->bytes = request->service->large;
    reply->count = LARGE_BYTES;
    return PROBLEM_NONE;
}

static enum problem
get_empty(struct request *request, struct reply *reply)
{
    (void)request;
    reply_add_header(reply, "Cache-Control", "public, max-age=60");
    reply_add_header(reply, "Location", "/elsewhere");
    return PROBLEM_NONE;
}

static enum problem
wait(struct request *request, struct reply *reply)
{
    request->service->handled++;
    reply->bytes = "durable";
    reply->count = 7;
    reply->waits = true;
    return PROBLEM_NONE;
}

static enum problem
complete(struct request *request, struct reply *reply)
{
    request->service->completed++;
    reply->bytes = "complete";
    reply->count = 8;
    return PROBLEM_NONE;
}

static enum problem
work(struct request *request, struct reply *reply)
{
    ck_assert(pthread_equal(pthread_self(), request->service->thread));
    reply->bytes = "worked";
    reply->count = 6;
    return PROBLEM_NONE;
}

static enum problem
see_loopback(struct request *request, struct reply *reply)
{
    char *seen = arena_alloc(request->arena, 1, 64);

    ck_assert_ptr_nonnull(seen);
    reply->count = (size_t)snprintf(seen, 64, "%d %s %s", request->caller.is_loopback,
                                    request->host ? request->host : "-",
                                    request->forwarded ? request->forwarded : "-");
    reply->bytes = seen;
    return PROBLEM_NONE;
}

#define TEXT_PLAIN .media_type = "text/plain", .status = 200

const struct route service_routes[] = {
    { .method = "GET", .path = "/ping", TEXT_PLAIN, .handle = get_ping, .operation = "getPing" },
    { .method = "GET", .path = "/probe", TEXT_PLAIN, .handle = get_ping, .operation = "getProbe",
      .is_unmetered = true },
    { .method = "GET", .path = "/public", TEXT_PLAIN, .handle = get_ping, .operation = "getPublic",
      .any_origin = true },
    { .method = "POST", .path = "/notes", .body = &note_record, .body_bytes_max = 200,
      .answer = &note_record, .status = 201, .handle = post_note, .operation = "postNote" },
    { .method = "POST", .path = "/keyed", .body = &note_record, .body_bytes_max = 200,
      .answer = &note_record, .status = 201, .handle = post_note, .operation = "postKeyed",
      .idempotency_key_required = true },
    { .method = "POST", .path = "/raw", .body_bytes_max = 1 << 20, TEXT_PLAIN, .handle = post_raw,
      .operation = "postRaw" },
    { .method = "GET", .path = "/things/{id}", TEXT_PLAIN, .handle = get_thing,
      .operation = "getThing" },
    { .method = "PUT", .path = "/things/{id}", TEXT_PLAIN, .handle = get_thing,
      .operation = "putThing" },
    { .method = "GET", .path = "/page", .query = &page_record, .answer = &note_record,
      .status = 200, .handle = get_page, .operation = "getPage" },
    { .method = "GET", .path = "/refused", .status = 200, .handle = get_refused,
      .operation = "getRefused" },
    { .method = "GET", .path = "/busy", .status = 200, .handle = get_busy, .operation = "getBusy" },
    { .method = "GET", .path = "/large", TEXT_PLAIN, .handle = get_large, .operation = "getLarge" },
    { .method = "GET", .path = "/empty", .status = 204, .handle = get_empty,
      .operation = "getEmpty" },
    { .method = "GET", .path = "/key", .role = ROLE_AUDIT, TEXT_PLAIN, .handle = get_ping,
      .operation = "getKey" },
    { .method = "POST", .path = "/key", .role = ROLE_AUDIT, .body_bytes_max = 1 << 20, TEXT_PLAIN,
      .handle = post_raw, .operation = "postKey" },
    { .method = "GET", .path = "/waits", TEXT_PLAIN, .handle = wait, .operation = "getWaits" },
    { .method = "GET", .path = "/completes", TEXT_PLAIN, .handle = wait, .complete = complete,
      .operation = "getCompletes" },
    { .method = "GET", .path = "/again", TEXT_PLAIN, .handle = wait, .operation = "getAgain" },
    { .method = "GET", .path = "/unknown", TEXT_PLAIN, .handle = wait, .complete = complete,
      .operation = "getUnknown" },
    { .method = "GET", .path = "/work", TEXT_PLAIN, .runs_on = RUNS_ON_WORKER, .handle = work,
      .operation = "getWork" },
    { .method = "GET", .path = "/seen", TEXT_PLAIN, .handle = see_loopback,
      .operation = "getSeen" },
    { .path = NULL },
};

static enum problem
begin(struct request *request, struct reply *reply)
{
    (void)reply;
    request->service->begun++;
    request->caller.key_id = request->authorization ? "k1" : NULL;
    if (request->route->role != ROLE_ANYONE && !request->authorization)
        return PROBLEM_KEY_UNKNOWN;
    return PROBLEM_NONE;
}

static enum problem
take(struct request *request, struct reply *reply)
{
    struct service *service = request->service;
    enum problem    problem = PROBLEM_NONE;

    pthread_mutex_lock(&service->mutex);
    if (service->is_full || service->count == TAKEN_MAX)
        problem = PROBLEM_OVERLOADED;
    else
        service->queue[service->count++] = (struct taken){ request, reply };
    pthread_cond_broadcast(&service->changed);
    pthread_mutex_unlock(&service->mutex);
    return problem;
}

static void
end(struct request *request, const struct reply *reply, unsigned status, int64_t elapsed_us)
{
    (void)reply;
    ck_assert_int_ge(elapsed_us, 0);
    request->service->status_last = status;
    request->service->ended++;
}

static void
settle(struct service *service, const struct taken *taken)
{
    struct request *request = taken->request;
    enum problem    problem = PROBLEM_NONE;
    enum resumption how     = RESUME_DONE;

    if (request->route->runs_on == RUNS_ON_WORKER)
        problem = request->route->handle(request, taken->reply);
    if (!strcmp(request->path, "/unknown"))
        problem = PROBLEM_OUTCOME_UNKNOWN;
    if (!strcmp(request->path, "/again") && service->agains > 0) {
        service->agains--;
        how = RESUME_AGAIN;
    }
    exchange_resume(request, how, problem);
}

static void *
run(void *argument)
{
    struct service *service = argument;

    pthread_mutex_lock(&service->mutex);
    while (!service->is_ending) {
        if (service->count == 0 || service->is_held) {
            pthread_cond_wait(&service->changed, &service->mutex);
            continue;
        }
        struct taken taken = service->queue[--service->count];
        pthread_mutex_unlock(&service->mutex);
        settle(service, &taken);
        pthread_mutex_lock(&service->mutex);
    }
    pthread_mutex_unlock(&service->mutex);
    return NULL;
}

struct listener_settings
service_settings(void)
{
    return (struct listener_settings){
        .address          = "127.0.0.1:0",
        .threads          = 2,
        .connections_max  = 600,
        .idle_s           = 5,
        .bodies_bytes_max = 4 << 20,
        .log_fd           = -1,
    };
}

void
service_open(struct service *service, const struct listener_settings *settings)
{
    char               why[160] = "";
    const struct hooks hooks    = { .service = service, .begin = begin, .take = take, .end = end };
    const struct listener_settings usual = service_settings();

    memset(service, 0, sizeof *service);
    service->large = malloc(LARGE_BYTES);
    ck_assert_ptr_nonnull(service->large);
    for (size_t i = 0; i < LARGE_BYTES; i++)
        service->large[i] = (char)('a' + i % 23);
    pthread_mutex_init(&service->mutex, NULL);
    pthread_cond_init(&service->changed, NULL);
    ck_assert_int_eq(pthread_create(&service->thread, NULL, run, service), 0);
    service->listener = listener_open(settings ? settings : &usual, service_routes, &hooks, why);
    ck_assert_msg(service->listener != NULL, "%s", why);
    service->port = listener_port(service->listener);
}

void
service_close(struct service *service)
{
    service_hold(service, false);
    listener_close(service->listener);
    pthread_mutex_lock(&service->mutex);
    service->is_ending = true;
    pthread_cond_broadcast(&service->changed);
    pthread_mutex_unlock(&service->mutex);
    pthread_join(service->thread, NULL);
    pthread_cond_destroy(&service->changed);
    pthread_mutex_destroy(&service->mutex);
    free(service->large);
    ck_assert_uint_eq(service->begun, service->ended);
}

void
service_hold(struct service *service, bool is_held)
{
    pthread_mutex_lock(&service->mutex);
    service->is_held = is_held;
    pthread_cond_broadcast(&service->changed);
    pthread_mutex_unlock(&service->mutex);
}

size_t
service_taken(struct service *service)
{
    pthread_mutex_lock(&service->mutex);
    size_t count = service->count;
    pthread_mutex_unlock(&service->mutex);
    return count;
}

static void
pause_1ms(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

bool
service_wait_for_taken(struct service *service, size_t count)
{
    for (int i = 0; i < 5000 && service_taken(service) != count; i++)
        pause_1ms();
    return service_taken(service) == count;
}

bool
service_wait_for_ended(struct service *service, size_t count)
{
    for (int i = 0; i < 5000 && service->ended != count; i++)
        pause_1ms();
    return service->ended == count;
}
