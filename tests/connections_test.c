/* Clients that are slow on purpose, over real sockets: each is cut off after a bounded time, and who is
 * only slow is not; and how many connections an address may have. */
#include "server/connections.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/listener.h"
#include "server/metrics.h"
#include "tests/http.h"
#include "tests/listener_service.h"
#include "tests/suite.h"

#define HEAD "Host: here\r\n"

enum { STEP_MS = 100, IDLE_S = 1, SLOW_S = 1, LATEST_MS = 5000 };

static int64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct listener_settings
impatient(struct metrics *metrics)
{
    struct listener_settings settings = service_settings();

    settings.idle_s  = IDLE_S;
    settings.slow_s  = SLOW_S;
    settings.metrics = metrics;
    return settings;
}

static bool
is_said(const struct metrics *metrics, const char *line)
{
    struct arena arena;
    struct text  text;

    arena_open(&arena, 1 << 20);
    text_open(&text, &arena, 4096, 1 << 19);
    metrics_write(metrics, &text);
    text_add(&text, "", 1);
    bool is_in = strstr(text.bytes, line) != NULL;
    arena_close(&arena);
    return is_in;
}

static void
says(const struct metrics *metrics, const char *line)
{
    ck_assert_msg(is_said(metrics, line), "the metrics do not say %s", line);
}

/* What is closed here is not yet closed there. */
static void
wait_for_connections(const struct metrics *metrics, int count)
{
    char    line[64];
    int64_t began_ms = now_ms();

    snprintf(line, sizeof line, "breakwater_connections %d\n", count);
    while (!is_said(metrics, line) && now_ms() - began_ms < LATEST_MS)
        usleep(1000);
    says(metrics, line);
}

/* False: nothing more can be sent, since the server has closed. */
static bool
send_byte(struct http_client *client, char byte)
{
    char ignored;

    return send(client->fd, &byte, 1, MSG_NOSIGNAL) == 1 &&
           recv(client->fd, &ignored, 1, MSG_DONTWAIT) != 0;
}

/* What is sent at once, what it is answered, and what is sent byte by byte then. A header and a body may
 * take slow_s, here 1; a thread looks twice a second. */
static const struct { const char *begin; int answers; const char *then; } slow[] = {
    { "", 0, "GET /ping HTTP/1.1\r\nHost: here\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
    { "GET /ping HTTP/1.1\r\n" HEAD, 0, "X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
    { "GET /ping HTTP/1.1\r\n" HEAD "\r\n", 1,
      "GET /ping HTTP/1.1\r\nHost: here\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
    { "POST /raw HTTP/1.1\r\n" HEAD "Content-Length: 1000\r\n\r\n", 0,
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
    { "POST /raw HTTP/1.1\r\n" HEAD "Transfer-Encoding: chunked\r\n\r\n3e8\r\n", 0,
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
    { "POST /no/such/route HTTP/1.1\r\n" HEAD "Content-Length: 1000\r\n\r\n", 0,
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
};

static void
expect(struct http_client *client, int status)
{
    struct http_answer answer;

    http_receive(client, false, &answer);
    ck_assert_int_eq(answer.status, status);
    http_forget(&answer);
}

START_TEST(who_sends_a_byte_now_and_then_is_cut_off)
{
    enum { COUNT = COUNT_OF(slow) };
    struct metrics          *metrics = metrics_open(service_routes);
    struct listener_settings settings = impatient(metrics);
    struct service           service;
    struct http_client       clients[COUNT];
    bool                     is_cut[COUNT] = { false };
    size_t                   cut = 0;

    settings.idle_s = 30;
    service_open(&service, &settings);
    for (size_t i = 0; i < COUNT; i++) {
        http_connect(&clients[i], service.port);
        if (*slow[i].begin)
            ck_assert(http_send(&clients[i], slow[i].begin));
        if (slow[i].answers)
            expect(&clients[i], 200);
    }
    int64_t began_ms = now_ms();
    usleep(STEP_MS * 1000);                   /* the sockets' clocks are coarse */
    for (size_t step = 0; cut < COUNT; step++) {
        ck_assert_int_lt(now_ms() - began_ms, LATEST_MS);
        for (size_t i = 0; i < COUNT; i++) {
            if (is_cut[i] || send_byte(&clients[i], slow[i].then[step]))
                continue;
            ck_assert_int_ge(now_ms() - began_ms, 900);
            is_cut[i] = true;
            cut++;
        }
        usleep(STEP_MS * 1000);
    }
    says(metrics, "breakwater_connections_cut_total{waiting=\"request\"} 0\n");
    says(metrics, "breakwater_connections_cut_total{waiting=\"header\"} 3\n");
    says(metrics, "breakwater_connections_cut_total{waiting=\"body\"} 3\n");
    for (size_t i = 0; i < COUNT; i++)
        http_close(&clients[i]);
    service_close(&service);
    metrics_close(metrics);
}
END_TEST

/* Half a header, at once or after a pause, and then nothing: long before a silent connection is closed,
 * which one that asks nothing is not. */
START_TEST(header_that_stops_is_cut_off_and_silence_is_not)
{
    enum { FIRST, SECOND, SILENT, COUNT };
    struct listener_settings settings = impatient(NULL);
    struct service           service;
    struct http_client       clients[COUNT];
    char                     byte;

    settings.idle_s = 30;
    service_open(&service, &settings);
    for (size_t i = 0; i < COUNT; i++) {
        http_connect(&clients[i], service.port);
        if (i != FIRST) {
            ck_assert(http_send(&clients[i], "GET /ping HTTP/1.1\r\n" HEAD "\r\n"));
            expect(&clients[i], 200);
        }
    }
    usleep(STEP_MS * 1000);
    int64_t began_ms = now_ms();
    ck_assert(http_send(&clients[FIRST], "GET /ping HTTP/1.1\r\nHo"));
    ck_assert(http_send(&clients[SECOND], "GET /ping HTTP/1.1\r\nHo"));
    ck_assert(http_is_closed(&clients[FIRST]));
    ck_assert(http_is_closed(&clients[SECOND]));
    ck_assert_int_lt(now_ms() - began_ms, LATEST_MS);
    ck_assert_int_eq((int)recv(clients[SILENT].fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK), -1);
    ck_assert(http_send(&clients[SILENT], "GET /ping HTTP/1.1\r\n" HEAD "\r\n"));
    expect(&clients[SILENT], 200);
    for (size_t i = 0; i < COUNT; i++)
        http_close(&clients[i]);
    service_close(&service);
}
END_TEST

/* A body that comes in pieces, faster than it must, takes longer than slow_s and arrives. */
START_TEST(who_is_only_slow_is_served)
{
    enum { PIECES = 17, PIECE_BYTES = 8 << 10 };
    struct listener_settings settings = impatient(NULL);
    struct service           service;
    struct http_client       client;
    struct http_answer       answer;
    char                     head[128];
    char                    *piece = calloc(1, PIECE_BYTES);

    service_open(&service, &settings);
    http_connect(&client, service.port);
    snprintf(head, sizeof head, "POST /raw HTTP/1.1\r\n" HEAD "Content-Length: %d\r\n\r\n",
             PIECES * PIECE_BYTES);
    ck_assert(http_send(&client, head));
    for (int i = 0; i < PIECES; i++) {
        ck_assert(http_send_bytes(&client, piece, PIECE_BYTES));
        usleep(STEP_MS * 1000);
    }
    http_receive(&client, false, &answer);
    ck_assert_int_eq(answer.status, 200);
    http_forget(&answer);
    http_close(&client);
    free(piece);
    service_close(&service);
}
END_TEST

/* Of an answer that is larger than the sockets' buffers. The library sees each byte as a sign of life. */
START_TEST(who_takes_a_byte_now_and_then_is_cut_off)
{
    struct metrics          *metrics = metrics_open(service_routes);
    struct listener_settings settings = impatient(metrics);
    struct service           service;
    struct http_client       client;
    size_t                   taken = 0;
    char                     bytes[64];

    settings.idle_s = 30;
    service_open(&service, &settings);
    http_connect(&client, service.port);
    setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4096 }, sizeof(int));
    ck_assert(http_send(&client, "GET /large HTTP/1.1\r\n" HEAD "\r\n"));
    int64_t began_ms = now_ms();
    while (service.ended == 0 && now_ms() - began_ms < LATEST_MS) {
        ssize_t got = recv(client.fd, bytes, sizeof bytes, 0);
        taken += got > 0 ? (size_t)got : 0;
        usleep(STEP_MS * 1000);
    }
    ck_assert_uint_eq(service.ended, 1);
    ck_assert_int_ge(now_ms() - began_ms, 900);
    ck_assert_uint_lt(taken, LARGE_BYTES / 2);
    says(metrics, "breakwater_connections_cut_total{waiting=\"reader\"} 1\n");
    http_close(&client);
    service_close(&service);
    metrics_close(metrics);
}
END_TEST

/* 400 KB a second of 8 MB: for longer than slow_s. */
START_TEST(who_takes_its_time_gets_everything)
{
    struct listener_settings settings = impatient(NULL);
    struct service           service;
    struct http_client       client;
    size_t                   taken = 0;
    char                    *bytes = malloc(LARGE_BYTES);
    int64_t                  began_ms = now_ms();

    settings.idle_s = 30;                     /* a third of what the system holds must go in that */
    service_open(&service, &settings);
    http_connect(&client, service.port);
    setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &(int){ 64 << 10 }, sizeof(int));
    ck_assert(http_send(&client, "GET /large HTTP/1.1\r\n" HEAD "Connection: close\r\n\r\n"));
    for (;;) {
        bool    is_early = now_ms() - began_ms < 1800;
        ssize_t got = recv(client.fd, bytes, is_early ? 40 << 10 : LARGE_BYTES, 0);
        if (got <= 0)
            break;
        taken += (size_t)got;
        usleep(is_early ? STEP_MS * 1000 : 0);
    }
    ck_assert_uint_gt(taken, LARGE_BYTES);
    http_close(&client);
    free(bytes);
    service_close(&service);
}
END_TEST

/* Requests one after the other on a connection that lives longer than any of them may take. */
START_TEST(connection_that_goes_on_is_not_cut_off)
{
    struct listener_settings settings = impatient(NULL);
    struct service           service;
    struct http_client       client;
    struct http_answer       answer;
    int64_t                  began_ms = now_ms();

    service_open(&service, &settings);
    http_connect(&client, service.port);
    while (now_ms() - began_ms < 2800) {
        ck_assert(http_send(&client, "GET /ping HTTP/1.1\r\n" HEAD "\r\n"));
        http_receive(&client, false, &answer);
        ck_assert_int_eq(answer.status, 200);
        http_forget(&answer);
        usleep(700000);
    }
    http_close(&client);
    service_close(&service);
}
END_TEST

/* Taken by the service for longer than a client may be slow. */
START_TEST(client_that_waits_is_not_cut_off)
{
    struct listener_settings settings = impatient(NULL);
    struct service           service;
    struct http_client       client;
    struct http_answer       answer;

    service_open(&service, &settings);
    service_hold(&service, true);
    http_connect(&client, service.port);
    ck_assert(http_send(&client, "GET /waits HTTP/1.1\r\n" HEAD "\r\n"));
    ck_assert(service_wait_for_taken(&service, 1));
    usleep(2000000);
    service_hold(&service, false);
    http_receive(&client, false, &answer);
    ck_assert_int_eq(answer.status, 200);
    http_forget(&answer);
    http_close(&client);
    service_close(&service);
}
END_TEST

static bool
is_served(struct http_client *client)
{
    struct http_answer answer;

    if (!http_send(client, "GET /ping HTTP/1.1\r\n" HEAD "\r\n"))
        return false;
    http_receive(client, false, &answer);
    bool is_good = answer.status == 200;
    http_forget(&answer);
    return is_good;
}

/* Over a connection of its own, as a balancer does. */
static int
ask_anew(const struct service *service, const char *path, bool is_last)
{
    struct http_client client;
    struct http_answer answer = { .status = 0 };
    char               text[128], connection[16];

    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" HEAD "\r\n", path);
    http_connect(&client, service->port);
    ck_assert(http_send(&client, text));
    http_receive(&client, false, &answer);
    http_header(&answer, "Connection", connection, sizeof connection);
    ck_assert_str_eq(connection, is_last ? "close" : "");
    http_forget(&answer);
    http_close(&client);
    return answer.status;
}

START_TEST(who_is_silent_the_longest_makes_place)
{
    enum { MAX = 4 };
    struct metrics          *metrics = metrics_open(service_routes);
    struct listener_settings settings = service_settings();
    struct service           service;
    struct http_client       clients[MAX], other;

    settings.connections_max = MAX;
    settings.metrics         = metrics;
    service_open(&service, &settings);
    for (size_t i = 0; i < MAX; i++) {
        http_connect(&clients[i], service.port);
        ck_assert(is_served(&clients[i]));
        ck_assert(service_wait_for_ended(&service, i + 1));
    }
    ck_assert(is_served(&clients[0]));
    ck_assert(service_wait_for_ended(&service, MAX + 1));
    http_connect(&other, service.port);
    ck_assert(is_served(&other));
    ck_assert(http_is_closed(&clients[1]));
    ck_assert(is_served(&clients[0]));
    ck_assert(is_served(&clients[2]));
    ck_assert(is_served(&clients[3]));
    ck_assert(is_served(&other));             /* its place is none of the reserve */
    says(metrics, "breakwater_connections_cut_total{waiting=\"request\"} 1\n");
    for (int i = 0; i < MAX; i++)
        http_close(&clients[i]);
    http_close(&other);
    service_close(&service);
    metrics_close(metrics);
}
END_TEST

/* All places have a request that is not answered yet, and those of the reserve somebody who is silent. */
START_TEST(probes_are_answered_where_every_place_is_taken)
{
    enum { MAX = 64, SILENT = PLACES_RESERVED + 20 };
    struct metrics          *metrics = metrics_open(service_routes);
    struct listener_settings settings = service_settings();
    struct service           service;
    struct http_client       clients[MAX], silent[SILENT];

    settings.connections_max = MAX;
    settings.metrics         = metrics;
    service_open(&service, &settings);
    service_hold(&service, true);
    for (int i = 0; i < MAX; i++) {
        http_connect(&clients[i], service.port);
        ck_assert(http_send(&clients[i], "GET /waits HTTP/1.1\r\n" HEAD "\r\n"));
    }
    ck_assert(service_wait_for_taken(&service, MAX));
    ck_assert_int_eq(ask_anew(&service, "/ping", true), 503);
    ck_assert_int_eq(ask_anew(&service, "/no/such/path", true), 404);
    ck_assert_int_eq(ask_anew(&service, "/probe", true), 200);
    for (int i = 0; i < SILENT; i++)
        http_connect(&silent[i], service.port);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(ask_anew(&service, "/probe", true), 200);
    service_hold(&service, false);
    for (int i = 0; i < MAX; i++)
        expect(&clients[i], 200);
    for (int i = 0; i < SILENT; i++)
        http_close(&silent[i]);
    for (int i = 0; i < MAX; i++)
        http_close(&clients[i]);
    wait_for_connections(metrics, 0);
    ck_assert_int_eq(ask_anew(&service, "/ping", false), 200);
    service_close(&service);
    metrics_close(metrics);
}
END_TEST

START_TEST(address_has_so_many_connections_and_no_more)
{
    enum { MAX = 5 };
    struct metrics          *metrics = metrics_open(service_routes);
    struct listener_settings settings = service_settings();
    struct service           service;
    struct http_client       clients[MAX], silent[ADDRESS_PLACES_RESERVED], other;

    settings.connections_address_max = MAX;
    settings.metrics                 = metrics;
    service_open(&service, &settings);
    for (int i = 0; i < MAX; i++) {
        http_connect(&clients[i], service.port);
        ck_assert(is_served(&clients[i]));
    }
    says(metrics, "breakwater_connections 5\n");
    ck_assert_int_eq(ask_anew(&service, "/ping", true), 503);
    ck_assert_int_eq(ask_anew(&service, "/probe", true), 200);
    says(metrics, "breakwater_connections_refused_total 0\n");
    wait_for_connections(metrics, MAX);
    for (int i = 0; i < ADDRESS_PLACES_RESERVED; i++)
        http_connect(&silent[i], service.port);
    wait_for_connections(metrics, MAX + ADDRESS_PLACES_RESERVED);
    bool is_connected = http_try_connect(&other, service.port);
    ck_assert(!is_connected || http_is_closed(&other));
    http_close(&other);
    says(metrics, "breakwater_connections_refused_total 1\n");
    for (int i = 0; i < ADDRESS_PLACES_RESERVED; i++)
        http_close(&silent[i]);
    ck_assert(is_served(&clients[0]));        /* the others go on */
    http_close(&clients[1]);
    bool is_free = false;
    for (int tries = 0; tries < 100 && !is_free; tries++) {
        is_free = http_try_connect(&other, service.port) && is_served(&other);
        if (!is_free)
            http_close(&other);
    }
    ck_assert(is_free);
    http_close(&other);
    for (int i = 0; i < MAX; i++)
        if (i != 1)
            http_close(&clients[i]);
    service_close(&service);
    says(metrics, "breakwater_connections 0\n");
    metrics_close(metrics);
}
END_TEST

START_TEST(proxy_may_have_more)
{
    enum { MANY = 20 };
    struct address_ranges    proxies;
    struct listener_settings settings = service_settings();
    struct service           service;
    struct http_client       clients[MANY];
    char                     why[ADDRESS_WHY_MAX];

    ck_assert(address_ranges_parse("127.0.0.1", &proxies, why));
    settings.connections_address_max = 5;
    settings.trusted_proxies         = &proxies;
    service_open(&service, &settings);
    for (int i = 0; i < MANY; i++) {
        http_connect(&clients[i], service.port);
        ck_assert(is_served(&clients[i]));
    }
    for (int i = 0; i < MANY; i++)
        http_close(&clients[i]);
    service_close(&service);
}
END_TEST

Suite *
connections_suite(void)
{
    Suite *suite = suite_create("connections");
    TCase *tcase = tcase_create("connections");

    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, who_sends_a_byte_now_and_then_is_cut_off);
    tcase_add_test(tcase, header_that_stops_is_cut_off_and_silence_is_not);
    tcase_add_test(tcase, who_is_only_slow_is_served);
    tcase_add_test(tcase, who_takes_a_byte_now_and_then_is_cut_off);
    tcase_add_test(tcase, who_takes_its_time_gets_everything);
    tcase_add_test(tcase, connection_that_goes_on_is_not_cut_off);
    tcase_add_test(tcase, client_that_waits_is_not_cut_off);
    tcase_add_test(tcase, who_is_silent_the_longest_makes_place);
    tcase_add_test(tcase, probes_are_answered_where_every_place_is_taken);
    tcase_add_test(tcase, address_has_so_many_connections_and_no_more);
    tcase_add_test(tcase, proxy_may_have_more);
    suite_add_tcase(suite, tcase);
    return suite;
}
