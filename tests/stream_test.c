/* Streamed replies, over real sockets: slow readers, cut connections, a thousand who watch, the end
 * of the service while they stream. */
#include "server/stream.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "server/listener.h"
#include "server/metrics.h"
#include "server/watchers.h"
#include "tests/http.h"
#include "tests/suite.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: here\r\n\r\n"

enum { PRODUCERS = 4, BLOCK_BYTES = 8 << 10, HEADS = 400, LONG_BLOCKS = 1000, WATCHED_MAX = 1000 };

struct service {
    struct listener *listener;
    struct watchers *watchers;
    struct metrics  *metrics;
    unsigned         port;
    pthread_mutex_t  lock;
    pthread_cond_t   changed;
    pthread_t        threads[PRODUCERS];
    struct request  *queue[16];
    struct reply    *replies[16];
    size_t           count;
    bool             is_ending;
    _Atomic size_t   begun, ended;
    _Atomic int64_t  written;             /* by the last producer */
    _Atomic bool     was_refused;         /* its last write */
};

static void
fill(char block[static BLOCK_BYTES], int number)
{
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        block[i] = (char)('a' + ((size_t)number + i) % 26);
}

/* Each handler of a producer: the blocks that its path asks for, then well or badly. */
static enum problem
produce(struct request *request, struct reply *reply)
{
    struct service *service = request->service;
    struct stream  *stream;
    int             blocks = (int)strtol(request->args[0], NULL, 10);
    char            block[BLOCK_BYTES];

    if (blocks > LONG_BLOCKS * 100) {
        snprintf(reply->detail, sizeof reply->detail, "too many");
        return PROBLEM_INVALID;
    }
    reply->bytes = "first\n";
    reply->count = 6;
    enum problem problem = stream_begin(request, &stream);
    if (problem)
        return problem;
    request->context = stream;
    service->written = 0;
    for (int i = 0; i < blocks; i++) {
        fill(block, i);
        service->was_refused = !stream_write(stream, block, sizeof block);
        if (service->was_refused)
            break;
        service->written += BLOCK_BYTES;
    }
    return strstr(request->path, "fails") ? PROBLEM_INTERNAL : PROBLEM_NONE;
}

static enum problem
watch(struct request *request, struct reply *reply)
{
    struct service *service = request->service;
    struct text     first;
    enum problem    problem = PROBLEM_NONE;

    text_open(&first, request->arena, 256, 4096);
    event_write_retry(&first, 1000);
    if (request->last_event_id)
        event_write(&first, request->last_event_id, "again", "", 0);
    enum joined joined = watchers_join(service->watchers, request, reply, request->args[0],
                                       watchers_turn(service->watchers), 3, &first, &problem);
    ck_assert_int_ne(joined, JOINED_NOT);
    return problem;
}

static const struct route stream_routes[] = {
    { .method = "GET", .path = "/ping", .status = 204, .handle = NULL, .operation = "getPing" },
    { .method = "GET", .path = "/blocks/{count}", .media_type = "text/plain", .status = 200,
      .runs_on = RUNS_ON_PRODUCER, .handle = produce, .operation = "getBlocks" },
    { .method = "GET", .path = "/fails/{count}", .media_type = "text/plain", .status = 200,
      .runs_on = RUNS_ON_PRODUCER, .handle = produce, .operation = "getFails" },
    { .method = "GET", .path = "/events/{topic}", .status = 200, .handle = watch,
      .operation = "getEvents" },
    { .path = NULL },
};

static enum problem
begin(struct request *request, struct reply *reply)
{
    (void)reply;
    request->service->begun++;
    return PROBLEM_NONE;
}

static enum problem
take(struct request *request, struct reply *reply)
{
    struct service *service = request->service;
    enum problem    problem = PROBLEM_NONE;

    pthread_mutex_lock(&service->lock);
    if (service->count == COUNT_OF(service->queue))
        problem = PROBLEM_OVERLOADED;
    else {
        service->replies[service->count] = reply;
        service->queue[service->count++] = request;
    }
    pthread_cond_signal(&service->changed);
    pthread_mutex_unlock(&service->lock);
    return problem;
}

static void
end(struct request *request, const struct reply *reply, unsigned status, int64_t elapsed_us)
{
    (void)reply, (void)status, (void)elapsed_us;
    request->service->ended++;
}

static void *
run(void *context)
{
    struct service *service = context;

    pthread_mutex_lock(&service->lock);
    while (!service->is_ending) {
        if (!service->count) {
            pthread_cond_wait(&service->changed, &service->lock);
            continue;
        }
        struct request *request = service->queue[--service->count];
        struct reply   *reply   = service->replies[service->count];
        pthread_mutex_unlock(&service->lock);
        enum problem problem = request->route->handle(request, reply);
        if (request->context)
            stream_leave(request->context, problem != PROBLEM_NONE);
        else
            exchange_resume(request, RESUME_DONE, problem);
        pthread_mutex_lock(&service->lock);
    }
    pthread_mutex_unlock(&service->lock);
    return NULL;
}

static void
open_slow(struct service *service, size_t streams_max, unsigned idle_s, unsigned slow_s)
{
    const struct hooks hooks = { .service = service, .begin = begin, .take = take, .end = end };
    char               why[160];

    memset(service, 0, sizeof *service);
    pthread_mutex_init(&service->lock, NULL);
    pthread_cond_init(&service->changed, NULL);
    service->watchers = watchers_open();
    service->metrics  = metrics_open(stream_routes);
    ck_assert_ptr_nonnull(service->watchers);
    for (size_t i = 0; i < PRODUCERS; i++)
        ck_assert_int_eq(pthread_create(&service->threads[i], NULL, run, service), 0);
    service->listener = listener_open(&(struct listener_settings){
        .address = "127.0.0.1:0", .threads = 2, .connections_max = 2100, .idle_s = idle_s,
        .slow_s = slow_s,
        .bodies_bytes_max = 1 << 20, .streams_max = streams_max, .log_fd = -1,
        .metrics = service->metrics,
    }, stream_routes, &hooks, why);
    ck_assert_msg(service->listener != NULL, "%s", why);
    service->port = listener_port(service->listener);
}

static void
open_service(struct service *service, size_t streams_max, unsigned idle_s)
{
    open_slow(service, streams_max, idle_s, 0);
}

static void
close_service(struct service *service)
{
    listener_close(service->listener);
    pthread_mutex_lock(&service->lock);
    service->is_ending = true;
    pthread_cond_broadcast(&service->changed);
    pthread_mutex_unlock(&service->lock);
    for (size_t i = 0; i < PRODUCERS; i++)
        pthread_join(service->threads[i], NULL);
    ck_assert_uint_eq(watchers_count(service->watchers), 0);
    watchers_close(service->watchers);
    metrics_close(service->metrics);
    ck_assert_uint_eq(service->begun, service->ended);
}

static void
pause_ms(int ms)
{
    nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

static bool
wait_for_ended(struct service *service, size_t count)
{
    for (int i = 0; i < 5000 && service->ended != count; i++)
        pause_ms(1);
    return service->ended == count;
}

static bool
wait_for_watchers(struct service *service, size_t count)
{
    for (int i = 0; i < 5000 && watchers_count(service->watchers) != count; i++)
        pause_ms(1);
    return watchers_count(service->watchers) == count;
}

/* Who has hung up is noticed when something is sent. */
static void
publish_until(struct service *service, size_t count)
{
    for (int i = 0; i < 500 && watchers_count(service->watchers) != count; i++) {
        watchers_publish(service->watchers, "a", 0, "more\n", 5);
        pause_ms(10);
    }
    ck_assert_uint_eq(watchers_count(service->watchers), count);
}

/* Has a stream ended so, as often? */
static void
check_ending(struct service *service, const char *ending, int count)
{
    struct arena arena;
    struct text  text;
    char         line[96];

    arena_open(&arena, 1 << 20);
    text_open(&text, &arena, 4096, 1 << 19);
    metrics_write(service->metrics, &text);
    text_add(&text, "", 1);
    snprintf(line, sizeof line, "breakwater_streams_ended_total{ending=\"%s\"} %d\n", ending, count);
    ck_assert_msg(strstr(text.bytes, line) != NULL, "no %s in %s", line, text.bytes);
    arena_close(&arena);
}

static void
check_blocks(const char *bytes, size_t count, int blocks)
{
    char block[BLOCK_BYTES];

    ck_assert_uint_eq(count, 6 + (size_t)blocks * BLOCK_BYTES);
    ck_assert_mem_eq(bytes, "first\n", 6);
    for (int i = 0; i < blocks; i++) {
        fill(block, i);
        ck_assert_mem_eq(bytes + 6 + (size_t)i * BLOCK_BYTES, block, BLOCK_BYTES);
    }
}

START_TEST(a_producer_s_bytes_arrive_whole_and_the_connection_lives_on)
{
    static const int   blocks[] = { 0, 1, 3, 200, 1000 };
    struct service     service;
    struct http_client client;
    struct http_answer answer;
    char               send[128], coding[16], length[16];

    open_service(&service, 10, 5);
    http_connect(&client, service.port);
    snprintf(send, sizeof send, "GET /blocks/%d HTTP/1.1\r\nHost: here\r\n\r\n", blocks[_i]);
    for (int round = 0; round < 2; round++) {
        http_send(&client, send);
        http_receive(&client, false, &answer);
        ck_assert_int_eq(answer.status, 200);
        http_header(&answer, "Transfer-Encoding", coding, sizeof coding);
        http_header(&answer, "Content-Length", length, sizeof length);
        ck_assert_str_eq(coding, "chunked");
        ck_assert_str_eq(length, "");
        ck_assert_ptr_nonnull(strstr(answer.head, "Content-Type: text/plain\r\n"));
        check_blocks(answer.body, answer.count, blocks[_i]);
        http_forget(&answer);
    }
    http_close(&client);
    ck_assert(wait_for_ended(&service, 2));
    check_ending(&service, "complete", 2);
    close_service(&service);
}
END_TEST

START_TEST(a_producer_may_still_answer_with_a_problem)
{
    struct service     service;
    struct http_answer answer;

    open_service(&service, 10, 5);
    http_call(service.port, GET("/blocks/9999999"), &answer);
    ck_assert_int_eq(answer.status, 400);
    ck_assert_ptr_nonnull(strstr(answer.body, "too many"));
    http_forget(&answer);
    close_service(&service);
}
END_TEST

START_TEST(a_producer_that_fails_cuts_the_stream)
{
    struct service     service;
    struct http_client client;
    struct http_answer answer;

    open_service(&service, 10, 5);
    http_connect(&client, service.port);
    http_send(&client, GET("/fails/2"));
    http_receive(&client, false, &answer);
    ck_assert_int_eq(answer.status, 0);
    http_forget(&answer);
    ck_assert(wait_for_ended(&service, 1));
    check_ending(&service, "failed", 1);
    http_close(&client);
    close_service(&service);
}
END_TEST

START_TEST(http_1_0_gets_the_bytes_and_the_end_of_the_connection)
{
    struct service     service;
    struct http_client client;
    struct http_answer answer;

    open_service(&service, 10, 5);
    http_connect(&client, service.port);
    http_send(&client, "GET /blocks/100 HTTP/1.0\r\n\r\n");
    http_receive_head(&client, &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_ptr_null(strstr(answer.head, "chunked"));
    ck_assert(!http_wait_for(&client, "no such text"));
    check_blocks(client.bytes, client.count, 100);
    http_close(&client);
    close_service(&service);
}
END_TEST

START_TEST(head_streams_nothing)
{
    struct service     service;
    struct http_client client;
    struct http_answer answer;

    open_service(&service, 10, 5);
    for (int i = 0; i < HEADS; i++) {          /* the producer finds no reader before the head is sent, or after */
        http_connect(&client, service.port);
        http_send(&client, i % 2 ? "HEAD /events/a HTTP/1.1\r\nHost: here\r\n\r\n"
                             : "HEAD /fails/1000 HTTP/1.1\r\nHost: here\r\n\r\n");
        http_receive(&client, true, &answer);
        ck_assert_int_eq(answer.status, 200);
        ck_assert_ptr_nonnull(strstr(answer.head, i % 2 ? "text/event-stream" : "text/plain"));
        http_forget(&answer);
        ck_assert(http_is_closed(&client));
        http_close(&client);
    }
    ck_assert(wait_for_ended(&service, HEADS));
    ck_assert_int_eq(service.written, 0);
    close_service(&service);
}
END_TEST

START_TEST(a_slow_reader_holds_the_producer_and_gets_everything)
{
    struct service     service;
    struct http_client client;
    struct http_answer answer;
    int64_t            before;

    open_service(&service, 10, 5);
    http_connect(&client, service.port);
    http_send(&client, GET("/blocks/5000"));
    do {
        before = service.written;
        pause_ms(200);
    } while (service.written > before);
    ck_assert_int_lt(service.written, INT64_C(5000) * BLOCK_BYTES);
    http_receive(&client, false, &answer);
    ck_assert_int_eq(answer.status, 200);
    check_blocks(answer.body, answer.count, 5000);
    http_forget(&answer);
    http_close(&client);
    close_service(&service);
}
END_TEST

/* A kilobyte now and then is a sign of life to the library, and holds a producer. */
START_TEST(a_reader_that_trickles_is_cut_off_and_frees_the_producer)
{
    enum { READERS = 2, STEP_MS = 50, LATEST_MS = 8000 };
    struct service     service;
    struct http_client clients[READERS];
    char               bytes[1024];
    int                ms = 0;

    open_slow(&service, 10, 30, 1);
    for (size_t i = 0; i < READERS; i++) {    /* the second's producer is done before its reader */
        http_connect(&clients[i], service.port);
        setsockopt(clients[i].fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4096 }, sizeof(int));
        http_send(&clients[i], i ? GET("/blocks/700") : GET("/blocks/50000"));
    }
    for (; service.ended < READERS && ms < LATEST_MS; ms += STEP_MS) {
        for (size_t i = 0; i < READERS; i++)
            (void)!recv(clients[i].fd, bytes, i ? 0 : 64, MSG_DONTWAIT);
        pause_ms(STEP_MS);
    }
    ck_assert_uint_eq(service.ended, READERS);
    ck_assert_int_ge(ms, 900);
    for (size_t i = 0; i < READERS; i++)
        http_close(&clients[i]);
    close_service(&service);
}
END_TEST

START_TEST(a_client_that_hangs_up_frees_the_producer)
{
    struct service     service;
    struct http_client client;

    open_service(&service, 10, 5);
    for (size_t i = 1; i <= 5; i++) {
        http_connect(&client, service.port);
        http_send(&client, GET("/blocks/50000"));
        ck_assert(http_wait_for(&client, "first"));
        http_close(&client);
        ck_assert(wait_for_ended(&service, i));
        ck_assert(service.was_refused);
    }
    check_ending(&service, "client_gone", 5);
    close_service(&service);
}
END_TEST

START_TEST(a_client_that_stands_still_is_given_up)
{
    struct service     service;
    struct http_client client;

    open_service(&service, 10, 1);
    http_connect(&client, service.port);
    http_send(&client, GET("/blocks/50000"));
    ck_assert(http_wait_for(&client, "first"));
    ck_assert(wait_for_ended(&service, 1));
    ck_assert(service.was_refused);
    http_close(&client);
    close_service(&service);
}
END_TEST

START_TEST(past_the_bound_there_is_503)
{
    struct service     service;
    struct http_client clients[2];
    struct http_answer answer;

    open_service(&service, 2, 5);
    for (size_t i = 0; i < 2; i++) {
        http_connect(&clients[i], service.port);
        http_send(&clients[i], i ? GET("/events/a") : GET("/blocks/50000"));
        ck_assert(http_wait_for(&clients[i], i ? "retry" : "first"));
    }
    http_call(service.port, GET("/blocks/1"), &answer);
    ck_assert_int_eq(answer.status, 503);
    ck_assert_ptr_nonnull(strstr(answer.head, "Retry-After"));
    http_forget(&answer);
    http_call(service.port, GET("/events/a"), &answer);
    ck_assert_int_eq(answer.status, 503);
    http_forget(&answer);
    for (size_t i = 0; i < 2; i++)
        http_close(&clients[i]);
    close_service(&service);
}
END_TEST

START_TEST(events_arrive_in_order_after_what_came_first)
{
    struct service     service;
    struct http_client client;
    struct http_answer answer;

    open_service(&service, 10, 1);
    http_connect(&client, service.port);
    http_send(&client, "GET /events/a HTTP/1.1\r\nHost: here\r\nLast-Event-ID: 3\r\n\r\n");
    http_receive_head(&client, &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_ptr_nonnull(strstr(answer.head, "Content-Type: text/event-stream\r\n"));
    ck_assert(http_wait_for(&client, "retry: 1000\n\nid: 3\nevent: again\ndata: \n\n"));
    ck_assert(wait_for_watchers(&service, 1));
    watchers_publish(service.watchers, "a", 3, "three\n", 6);   /* it has that */
    watchers_publish(service.watchers, "b", 4, "other\n", 6);
    watchers_publish(service.watchers, "a", 4, "four\n", 5);
    watchers_publish(service.watchers, "a", 4, "twice\n", 6);
    watchers_publish(service.watchers, "a", 0, "any\n", 4);
    ck_assert(http_wait_for(&client, "any\n"));
    pause_ms(2500);                           /* longer than a connection may be idle */
    watchers_publish(service.watchers, "a", 5, "five\n", 5);
    ck_assert(http_wait_for(&client, "five\n"));
    client.bytes[client.count - 1] = '\0';
    ck_assert_ptr_null(strstr(client.bytes, "three"));
    ck_assert_ptr_null(strstr(client.bytes, "other"));
    ck_assert_ptr_null(strstr(client.bytes, "twice"));
    http_close(&client);
    publish_until(&service, 0);
    close_service(&service);
}
END_TEST

START_TEST(who_joins_at_a_turn_that_passed_asks_again)
{
    struct service service;
    enum problem   problem = PROBLEM_NONE;

    open_service(&service, 10, 5);
    uint64_t turn = watchers_turn(service.watchers);
    watchers_publish(service.watchers, "a", 1, "x", 1);
    ck_assert_uint_ne(watchers_turn(service.watchers), turn);
    ck_assert_int_eq(watchers_join(service.watchers, &(struct request){ 0 }, NULL, "a", turn, 0,
                                   NULL, &problem), JOINED_NOT);
    close_service(&service);
}
END_TEST

START_TEST(a_watcher_that_does_not_read_is_cut_and_holds_nobody)
{
    enum { EVENTS = 4000 };
    struct service     service;
    struct http_client slow, quick;
    static char        event[4096];

    open_service(&service, 10, 5);
    memset(event, 'e', sizeof event - 1);
    event[sizeof event - 1] = '\n';
    http_connect(&slow, service.port);
    http_connect(&quick, service.port);
    setsockopt(slow.fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4096 }, sizeof(int));
    http_send(&slow, GET("/events/a"));
    http_send(&quick, GET("/events/a"));
    ck_assert(wait_for_watchers(&service, 2));
    for (int i = 0; i < EVENTS && watchers_count(service.watchers) == 2; i++) {
        watchers_publish(service.watchers, "a", 0, event, sizeof event);
        ck_assert(http_wait_for(&quick, "e\n"));
        quick.count = 0;
    }
    ck_assert(wait_for_watchers(&service, 1));
    watchers_publish(service.watchers, "a", 0, "end\n", 4);
    ck_assert(http_wait_for(&quick, "end\n"));
    check_ending(&service, "too_slow", 1);
    http_close(&slow);
    http_close(&quick);
    close_service(&service);
}
END_TEST

START_TEST(a_thousand_watch_and_each_gets_each_event)
{
    static struct http_client clients[WATCHED_MAX];
    struct service            service;
    struct rlimit             limit;
    char                      event[32];

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    open_service(&service, WATCHED_MAX, 5);
    for (size_t i = 0; i < WATCHED_MAX; i++) {
        http_connect(&clients[i], service.port);
        http_send(&clients[i], GET("/events/a"));
    }
    ck_assert(wait_for_watchers(&service, WATCHED_MAX));
    for (int round = 4; round < 24; round++) {
        snprintf(event, sizeof event, "event %d;", round);
        watchers_publish(service.watchers, "a", round, event, strlen(event));
    }
    for (size_t i = 0; i < WATCHED_MAX; i++) {
        ck_assert(http_wait_for(&clients[i], "event 4;"));
        ck_assert(http_wait_for(&clients[i], "event 23;"));
    }
    for (size_t i = 0; i < WATCHED_MAX / 2; i++)
        http_close(&clients[i]);
    publish_until(&service, WATCHED_MAX / 2);
    listener_quiesce(service.listener);
    for (size_t i = WATCHED_MAX / 2; i < WATCHED_MAX; i++) {
        ck_assert(http_wait_for(&clients[i], "\r\n0\r\n\r\n"));
        http_close(&clients[i]);
    }
    ck_assert(wait_for_ended(&service, WATCHED_MAX));
    check_ending(&service, "stopping", WATCHED_MAX / 2);
    close_service(&service);
}
END_TEST

START_TEST(the_service_may_stop_while_it_streams)
{
    struct service     service;
    struct http_client clients[6];

    open_service(&service, 10, 30);
    for (size_t i = 0; i < 6; i++) {
        http_connect(&clients[i], service.port);
        http_send(&clients[i], i < 4 ? GET("/blocks/90000") : GET("/events/a"));
        ck_assert(http_wait_for(&clients[i], i < 4 ? "first" : "retry"));
    }
    listener_quiesce(service.listener);
    ck_assert(wait_for_ended(&service, 6));
    for (size_t i = 0; i < 4; i++)
        ck_assert(!http_wait_for(&clients[i], "\r\n0\r\n\r\n"));
    for (size_t i = 4; i < 6; i++) {
        ck_assert(http_wait_for(&clients[i], "event: stopping\ndata: {}\n\n"));
        ck_assert(http_wait_for(&clients[i], "\r\n0\r\n\r\n"));
    }
    check_ending(&service, "stopping", 6);
    close_service(&service);
    for (size_t i = 0; i < 6; i++)
        http_close(&clients[i]);
}
END_TEST

/* A producer and its client in step: a wake-up that was lost would hold one of them for ever. */
START_TEST(no_wake_up_is_lost)
{
    struct service     service;
    struct http_client client;
    struct http_answer answer;
    char               event[32];

    open_service(&service, 10, 5);
    http_connect(&client, service.port);
    http_send(&client, GET("/events/a"));
    http_receive_head(&client, &answer);
    ck_assert(wait_for_watchers(&service, 1));
    for (int i = 4; i < 3000; i++) {
        snprintf(event, sizeof event, "<%d>", i);
        watchers_publish(service.watchers, "a", i, event, strlen(event));
        ck_assert(http_wait_for(&client, event));
        client.count = 0;
    }
    http_close(&client);
    close_service(&service);
}
END_TEST

START_TEST(an_event_s_text_is_fields_by_line)
{
    struct arena arena;
    struct text  text;

    arena_open(&arena, 1 << 16);
    text_open(&text, &arena, 128, 4096);
    event_write(&text, "7", "parameters", "{\"a\":1}", 7);
    event_write(&text, NULL, NULL, "one\ntwo\r\nthree\rfour", 19);
    event_write(&text, "8", NULL, "", 0);
    text_add(&text, "", 1);
    ck_assert_str_eq(text.bytes, "id: 7\nevent: parameters\ndata: {\"a\":1}\n\n"
                                 "data: one\ndata: two\ndata: three\ndata: four\n\n"
                                 "id: 8\ndata: \n\n");
    arena_close(&arena);
}
END_TEST

Suite *
stream_suite(void)
{
    Suite *suite = suite_create("stream");
    TCase *tcase = tcase_create("streams");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_producer_s_bytes_arrive_whole_and_the_connection_lives_on, 0, 5);
    tcase_add_test(tcase, a_producer_may_still_answer_with_a_problem);
    tcase_add_test(tcase, a_producer_that_fails_cuts_the_stream);
    tcase_add_test(tcase, http_1_0_gets_the_bytes_and_the_end_of_the_connection);
    tcase_add_test(tcase, head_streams_nothing);
    tcase_add_test(tcase, a_slow_reader_holds_the_producer_and_gets_everything);
    tcase_add_test(tcase, a_reader_that_trickles_is_cut_off_and_frees_the_producer);
    tcase_add_test(tcase, a_client_that_hangs_up_frees_the_producer);
    tcase_add_test(tcase, a_client_that_stands_still_is_given_up);
    tcase_add_test(tcase, past_the_bound_there_is_503);
    tcase_add_test(tcase, events_arrive_in_order_after_what_came_first);
    tcase_add_test(tcase, who_joins_at_a_turn_that_passed_asks_again);
    tcase_add_test(tcase, a_watcher_that_does_not_read_is_cut_and_holds_nobody);
    tcase_add_test(tcase, a_thousand_watch_and_each_gets_each_event);
    tcase_add_test(tcase, the_service_may_stop_while_it_streams);
    tcase_add_test(tcase, no_wake_up_is_lost);
    tcase_add_test(tcase, an_event_s_text_is_fields_by_line);
    suite_add_tcase(suite, tcase);
    return suite;
}
