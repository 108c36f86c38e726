/* The listener, over real sockets: each refusal, connections kept
 * and closed, requests that wait. */
#include "server/listener.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/http.h"
#include "tests/listener_service.h"
#include "tests/suite.h"

#define HOST      "Host: here\r\n"
#define JSON      "Content-Type: application/json\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"
#define A50       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A200      A50 A50 A50 A50
#define NOTE      "{\"text\":\"hi\",\"count\":3}"          /* 23 bytes */

/* What is sent, and what must be in the answer's head and body. */
static const struct {
    const char *send;
    int         status;
    const char *head, *body;
} calls[] = {
    { GET("/ping"), 200, "Content-Type: text/plain\r\n", "pong" },
    { GET("/ping"), 200, "X-Content-Type-Options: nosniff\r\n", "pong" },
    { GET("/ping"), 200, "Cache-Control: no-store\r\n", "pong" },
    { "GET http://here/ping HTTP/1.1\r\n" HOST "\r\n", 200, "", "pong" },
    { "GET /ping HTTP/1.0\r\n\r\n", 200, "", "pong" },
    { GET("/none"), 404, "application/problem+json", "\"type\":\"/problems/no-such-route\"" },
    { GET("/none"), 404, "",
      "\"title\":\"no operation has this path\",\"status\":404,\"instance\":\"/none#" },
    { GET("/none"), 404, "", "\"code\":\"no_such_route\",\"errors\":[]}" },
    { GET("/ping/"), 404, "", "no_such_route" },
    { GET("/things/a%2Fb"), 200, "", "a/b" },
    { GET("/things/a%2"), 404, "", "no_such_route" },
    { GET("/things/a%00b"), 404, "", "no_such_route" },
    { "POST /ping HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 405, "Allow: GET, HEAD\r\n",
      "wrong_method" },
    { "DELETE /things/1 HTTP/1.1\r\n" HOST "\r\n", 405, "Allow: GET, HEAD, PUT\r\n",
      "wrong_method" },
    { "OPTIONS /things/1 HTTP/1.1\r\n" HOST "\r\n", 405, "Allow: GET, HEAD, PUT\r\n",
      "wrong_method" },
    { "HEAD /ping HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Length: 4\r\n", "" },
    { "HEAD /none HTTP/1.1\r\n" HOST "\r\n", 404, "application/problem+json", "" },
    { GET("/empty"), 204, "Location: /elsewhere\r\n", "" },
    { GET("/empty"), 204, "Cache-Control: public, max-age=60\r\n", "" },
    /* bodies */
    { "POST /notes HTTP/1.1\r\n" HOST JSON "Content-Length: 23\r\n\r\n" NOTE, 201,
      "Content-Type: application/json\r\n", NOTE },
    { "POST /notes HTTP/1.1\r\n" HOST
      "content-type: Application/JSON ; charset=utf-8\r\nContent-Length: 23\r\n\r\n" NOTE, 201, "",
      NOTE },
    { "POST /notes HTTP/1.1\r\n" HOST "Content-Type: text/plain\r\nContent-Length: 23\r\n\r\n" NOTE,
      415, "", "wrong_content_type" },
    { "POST /notes HTTP/1.1\r\n" HOST
      "Content-Type: application/jsonx\r\nContent-Length: 23\r\n\r\n" NOTE, 415, "",
      "wrong_content_type" },
    { "POST /notes HTTP/1.1\r\n" HOST "Content-Length: 23\r\n\r\n" NOTE, 415, "",
      "wrong_content_type" },
    { "POST /notes HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 400, "",
      "\"code\":\"not_json\"" },
    { "POST /notes HTTP/1.1\r\n" HOST "\r\n", 400, "", "\"code\":\"not_json\"" },
    { "POST /notes HTTP/1.1\r\n" HOST JSON "Content-Length: 4\r\n\r\n{\"a:", 400, "",
      "\"code\":\"not_json\"" },
    { "POST /notes HTTP/1.1\r\n" HOST JSON "Content-Length: 10\r\n\r\n{\"text\":1}",
      400, "", "\"pointer\":\"/text\",\"code\":\"wrong_type\"" },
    { "POST /notes HTTP/1.1\r\n" HOST JSON "Content-Length: 201\r\n\r\n" A200 "b", 413, "",
      "takes up to 200 bytes" },
    { "POST /notes HTTP/1.1\r\n" HOST JSON "Content-Length: 99999999999\r\n\r\n", 413,
      "Connection: close\r\n", "body_too_large" },
    { "POST /notes HTTP/1.1\r\n" HOST JSON "Expect: 100-continue\r\nContent-Length: 201\r\n\r\n",
      413, "Connection: close\r\n", "body_too_large" },
    { "GET /ping HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 413, "", "takes no body" },
    { "GET /ping HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413, "",
      "takes no body" },
    { "POST /notes HTTP/1.1\r\n" HOST JSON
      "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"text\":\r\nf\r\n\"hi\",\"count\":3}\r\n0\r\n\r\n",
      201, "", NOTE },
    { "POST /notes HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n64\r\n" A50 A50
      "\r\n65\r\n" A50 A50 "b\r\n0\r\n\r\n", 413, "", "body_too_large" },
    { "POST /notes HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400,
      "Connection: close\r\n", "malformed" },
    { "POST /raw HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, "", "0" },
    /* the query */
    { GET("/page?count=42"), 200, "", "\"count\":42" },
    { GET("/page"), 200, "", "\"count\":20" },
    { GET("/page?"), 200, "", "\"count\":20" },
    { GET("/page?count=101"), 400, "",
      "\"code\":\"query_invalid\",\"errors\":[{\"pointer\":\"?count\",\"code\":\"out_of_bounds\"" },
    { GET("/page?count=1&count=1"), 400, "",
      "\"pointer\":\"?count\",\"code\":\"duplicate_parameter\"" },
    { GET("/ping?a=b"), 400, "", "\"pointer\":\"?a\",\"code\":\"unknown_parameter\"" },
    /* what handlers refuse */
    { GET("/refused"), 422, "", "\"detail\":\"the number 5 does not fit\"" },
    { GET("/refused"), 422, "",
      "\"errors\":[{\"pointer\":\"/a/b\",\"code\":\"overflow\",\"detail\":\"too large\"}]" },
    { GET("/busy"), 503, "Retry-After: 7\r\n", "database_away" },
    { GET("/key"), 401, "WWW-Authenticate: Bearer\r\n", "key_unknown" },
    { "GET /key HTTP/1.1\r\n" HOST "Authorization: Bearer x\r\n\r\n", 200, "", "pong" },
    { "POST /key HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 401, "", "key_unknown" },
    /* idempotency keys */
    { "POST /keyed HTTP/1.1\r\n" HOST JSON "Content-Length: 23\r\n\r\n" NOTE, 400, "",
      "idempotency_key_invalid" },
    { "POST /keyed HTTP/1.1\r\n" HOST JSON "Idempotency-Key: a b\r\nContent-Length: 23\r\n\r\n"
      NOTE, 201, "", NOTE },
    { "POST /keyed HTTP/1.1\r\n" HOST JSON "Idempotency-Key: " A200 A50
      "123456\r\nContent-Length: 23\r\n\r\n" NOTE, 400, "", "1 to 255" },
    /* header fields */
    { "GET /ping HTTP/1.1\r\n" HOST "Authorization: a\r\nAuthorization: b\r\n\r\n", 400, "",
      "malformed" },
    { "GET /ping HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400, "Connection: close\r\n",
      "no value has" },
    { "GET /p\x80ng HTTP/1.1\r\n" HOST "\r\n", 400, "", "malformed" },
    { "GET /seen HTTP/1.1\r\n" HOST "Via: proxy\r\n\r\n", 200, "", "1 here proxy" },
    { "GET /seen HTTP/1.1\r\n" HOST "x-real-ip: 1.2.3.4\r\n\r\n", 200, "", "1 here 1.2.3.4" },
    { "GET /ping HTTP/1.1\r\n" HOST
      "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n", 200,
      "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n", "pong" },
    { "GET /none HTTP/1.1\r\n" HOST
      "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n", 404, "",
      "\"instance\":\"/none#0af7651916cd43dd8448eb211c80319c\"" },
    /* requests that wait */
    { GET("/waits"), 200, "", "durable" },
    { GET("/completes"), 200, "", "complete" },
    { GET("/unknown"), 503, "Retry-After: 1\r\n", "outcome_unknown" },
    { GET("/work"), 200, "", "worked" },
    { "HEAD /work HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Length: 6\r\n", "" },
};

START_TEST(each_call_has_its_answer)
{
    struct service     service;
    struct http_answer answer;

    service_open(&service, NULL);
    http_call(service.port, calls[_i].send, &answer);
    ck_assert_msg(answer.status == calls[_i].status, "status %d for %s\n%s", answer.status,
                  calls[_i].send, answer.body);
    ck_assert_msg(strstr(answer.head, calls[_i].head) != NULL, "%s: no %s", answer.head,
                  calls[_i].head);
    ck_assert_msg(strstr(answer.body, calls[_i].body) != NULL, "%s: no %s", answer.body,
                  calls[_i].body);
    http_forget(&answer);
    service_close(&service);
}
END_TEST

/* Those that browsers act on stand on every answer: a problem, a document, a preflight. */
START_TEST(browsers_are_told_what_an_answer_is_not)
{
    static const char *const requests[] = {
        GET("/refused"), GET("/ping"), GET("/nowhere"),
    };
    static const struct { const char *name, *value; } guards[] = {
        { "X-Content-Type-Options", "nosniff" },
        { "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'" },
        { "Referrer-Policy", "no-referrer" },
        { "Cache-Control", "no-store" },
        { "Strict-Transport-Security", "" },              /* means something under TLS only */
    };
    struct service     service;
    struct http_answer answer;
    char               value[80];

    service_open(&service, NULL);
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        http_call(service.port, requests[i], &answer);
        for (size_t k = 0; k < COUNT_OF(guards); k++) {
            http_header(&answer, guards[k].name, value, sizeof value);
            ck_assert_str_eq(value, guards[k].value);
        }
        http_forget(&answer);
    }
    service_close(&service);
}
END_TEST

START_TEST(an_answer_leaks_nothing_of_the_server)
{
    static const char *const names[] = { "Server", "X-Powered-By", "Via", "ETag" };
    struct service           service;
    struct http_answer       answer;
    char                     value[64];

    service_open(&service, NULL);
    http_call(service.port, GET("/refused"), &answer);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        http_header(&answer, names[i], value, sizeof value);
        ck_assert_str_eq(value, "");
    }
    http_forget(&answer);
    service_close(&service);
}
END_TEST

/* A problem's status must not close a connection of which everything was read. */
START_TEST(connections_live_on_after_an_answer)
{
    struct service     service;
    struct http_client client;
    struct http_answer answer;

    service_open(&service, NULL);
    http_connect(&client, service.port);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        if (strstr(calls[i].head, "Connection: close") || strstr(calls[i].send, "HTTP/1.0") ||
            !strcmp(calls[i].body, "malformed"))
            continue;
        ck_assert(http_send(&client, calls[i].send));
        http_receive(&client, !strncmp(calls[i].send, "HEAD", 4), &answer);
        ck_assert_msg(answer.status == calls[i].status, "status %d after %s", answer.status,
                      calls[i].send);
        http_forget(&answer);
    }
    http_close(&client);
    service_close(&service);
}
END_TEST

START_TEST(http_1_0_closes_unless_it_is_asked_to_keep)
{
    struct service     service;
    struct http_client client;
    struct http_answer answer;

    service_open(&service, NULL);
    http_connect(&client, service.port);
    for (int i = 0; i < 2; i++) {
        ck_assert(http_send(&client, "GET /ping HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
        http_receive(&client, false, &answer);
        ck_assert_int_eq(answer.status, 200);
        http_forget(&answer);
    }
    ck_assert(http_send(&client, "GET /ping HTTP/1.0\r\n\r\n"));
    http_receive(&client, false, &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert(http_is_closed(&client));
    http_forget(&answer);
    http_close(&client);
    service_close(&service);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
    static const int   statuses[] = { 400, 200, 413, 404, 200, 201 };
    struct service     service;
    struct http_client client;
    struct http_answer answer;

    service_open(&service, NULL);
    http_connect(&client, service.port);
    ck_assert(http_send(&client, "POST /notes HTTP/1.1\r\n" HOST JSON
                        "Content-Length: 4\r\n\r\n{\"a:" GET("/waits") "POST /notes HTTP/1.1\r\n"
                        HOST JSON "Content-Length: 201\r\n\r\n" A200 "b" GET("/none") GET("/work")
                        "POST /notes HTTP/1.1\r\n" HOST JSON "Content-Length: 23\r\n\r\n" NOTE));
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        http_receive(&client, false, &answer);
        ck_assert_int_eq(answer.status, statuses[i]);
        http_forget(&answer);
    }
    http_close(&client);
    service_close(&service);
}
END_TEST

/* Where two readers could see different requests, none that follows
 * on the connection is believed. */
START_TEST(ambiguous_framing_closes_the_connection)
{
    static const char *const starts[] = {
        "POST /raw HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST /raw HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        "POST /raw HTTP/1.1\r\n" HOST
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /raw HTTP/1.1\r\n" HOST
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /ping HTTP/1.1\r\n" HOST
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /ping HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n",
        "GET /ping HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\nabc",
        "GET /ping HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\nabc",
        "GET /ping HTTP/1.1\r\n" HOST "Host: there\r\n\r\n",
        "GET /ping HTTP/1.1\r\n\r\n",
        "GET /ping#part HTTP/1.1\r\n" HOST "\r\n",
        "G\x80T /ping HTTP/1.1\r\n" HOST "\r\n",
        "GET /ping HTTP/1.1\r\n" HOST " folded: line\r\n\r\n",
        "GET /ping HTTP/1.1\r\nHost : here\r\n\r\n",
        "POST /raw HTTP/1.1\r\n" HOST "Content-Length : 3\r\n\r\nabc",
        "POST /raw HTTP/1.1\r\n" HOST
        "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "POST /raw HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    };
    struct service     service;
    struct http_client client;
    struct http_answer answer;

    service_open(&service, NULL);
    http_connect(&client, service.port);
    http_send(&client, starts[_i]);
    http_send(&client, GET("/ping"));
    http_receive(&client, false, &answer);
    ck_assert_int_eq(answer.status, 400);
    http_forget(&answer);
    /* where Content-Length is no number, the library sends the head of its answer twice */
    http_receive(&client, false, &answer);
    if (answer.status == 400) {
        http_forget(&answer);
        http_receive(&client, false, &answer);
    }
    ck_assert_int_eq(answer.status, 0);
    ck_assert(client.count == 0 || !memmem(client.bytes, client.count, "pong", 4));
    http_close(&client);
    service_close(&service);
}
END_TEST

START_TEST(a_body_may_come_byte_by_byte)
{
    struct service     service;
    struct http_client client;
    struct http_answer answer;

    service_open(&service, NULL);
    http_connect(&client, service.port);
    ck_assert(http_send(&client, "POST /notes HTTP/1.1\r\n" HOST JSON
                        "Expect: 100-continue\r\nContent-Length: 23\r\n\r\n"));
    http_receive(&client, false, &answer);
    ck_assert_int_eq(answer.status, 100);
    http_forget(&answer);
    for (size_t i = 0; i < strlen(NOTE); i++) {
        ck_assert(http_send_bytes(&client, &NOTE[i], 1));
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    http_receive(&client, false, &answer);
    ck_assert_int_eq(answer.status, 201);
    ck_assert_str_eq(answer.body, NOTE);
    http_forget(&answer);
    http_close(&client);
    service_close(&service);
}
END_TEST

/* The client sends all of a body that is far too large before it looks for the
 * answer: it must still find it. */
START_TEST(a_large_refused_body_is_answered_after_it)
{
    enum { BYTES = 4 << 20 };
    struct service     service;
    struct http_client client;
    struct http_answer answer;
    char              *bytes = calloc(1, BYTES);

    ck_assert_ptr_nonnull(bytes);
    service_open(&service, NULL);
    http_connect(&client, service.port);
    ck_assert(http_send(&client,
                        "POST /notes HTTP/1.1\r\n" HOST JSON "Content-Length: 4194304\r\n\r\n"));
    ck_assert(http_send_bytes(&client, bytes, BYTES));
    http_receive(&client, false, &answer);
    ck_assert_int_eq(answer.status, 413);
    http_forget(&answer);
    ck_assert(http_send(&client, GET("/ping")));
    http_receive(&client, false, &answer);
    ck_assert_int_eq(answer.status, 200);
    http_forget(&answer);
    http_close(&client);
    free(bytes);
    service_close(&service);
}
END_TEST

START_TEST(large_chunked_bodies_grow_to_the_limit)
{
    enum { BYTES = 1 << 20 };
    struct service     service;
    struct http_client client;
    struct http_answer answer;
    char              *bytes = calloc(1, BYTES + 1);

    ck_assert_ptr_nonnull(bytes);
    service_open(&service, NULL);
    http_connect(&client, service.port);
    for (int more = 0; more < 2; more++) {
        ck_assert(http_send(&client,
                            "POST /raw HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"));
        ck_assert(http_send(&client, more ? "100001\r\n" : "100000\r\n"));
        ck_assert(http_send_bytes(&client, bytes, (size_t)BYTES + (size_t)more));
        ck_assert(http_send(&client, "\r\n0\r\n\r\n"));
        http_receive(&client, false, &answer);
        ck_assert_int_eq(answer.status, more ? 413 : 200);
        if (!more)
            ck_assert_str_eq(answer.body, "1048576");
        http_forget(&answer);
    }
    http_close(&client);
    free(bytes);
    service_close(&service);
}
END_TEST

/* Chunks without an end are cut off: 8 MiB are dropped, no more. */
START_TEST(endless_chunks_are_cut_off)
{
    enum { PIECE = 1 << 16 };
    struct service     service;
    struct http_client client;
    char              *bytes = calloc(1, PIECE);
    int                sent  = 0;

    ck_assert_ptr_nonnull(bytes);
    service_open(&service, NULL);
    http_connect(&client, service.port);
    ck_assert(http_send(&client,
                        "POST /notes HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n"));
    while (sent < 1000 && http_send(&client, "10000\r\n") &&
           http_send_bytes(&client, bytes, PIECE) && http_send(&client, "\r\n"))
        sent++;
    ck_assert_int_lt(sent, 1000);
    http_close(&client);
    ck_assert(service_wait_for_ended(&service, 1));
    ck_assert_uint_eq(service.status_last, 0);
    free(bytes);
    service_close(&service);
}
END_TEST

START_TEST(a_truncated_body_ends_without_an_answer)
{
    struct service     service;
    struct http_client client;

    service_open(&service, NULL);
    http_connect(&client, service.port);
    ck_assert(http_send(&client, "POST /notes HTTP/1.1\r\n" HOST JSON
                        "Content-Length: 23\r\n\r\n{\"text\":"));
    shutdown(client.fd, SHUT_WR);
    ck_assert(http_is_closed(&client));
    http_close(&client);
    ck_assert(service_wait_for_ended(&service, 1));
    ck_assert_uint_eq(service.status_last, 0);
    service_close(&service);
}
END_TEST

START_TEST(a_truncated_header_leaves_nothing_behind)
{
    static const char *const starts[] =
        { "GET", "GET /ping", "GET /ping HTTP/1.1\r\n", "GET /ping HTTP/1.1\r\nHo",
          "GET /ping HTTP/1.1\r\nHost: here\r\n", "\r\n", "nonsense\r\n\r\n", "\x16\x03\x01\x02" };
    struct service           service;
    struct http_client       client;

    service_open(&service, NULL);
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        http_connect(&client, service.port);
        http_send(&client, starts[i]);
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
        http_close(&client);
    }
    ck_assert_uint_eq(listener_in_flight(service.listener), 0);
    service_close(&service);
}
END_TEST

static void
call_with_header(unsigned port, size_t bytes, struct http_answer *answer)
{
    char *request = calloc(1, bytes + 128);

    ck_assert_ptr_nonnull(request);
    int start = snprintf(request, 128, "GET /ping HTTP/1.1\r\n" HOST "X-Long: ");
    memset(request + start, 'x', bytes);
    memcpy(request + (size_t)start + bytes, "\r\n\r\n", 5);
    http_call(port, request, answer);
    free(request);
}

static void
call_with_query(unsigned port, size_t bytes, struct http_answer *answer)
{
    char *request = calloc(1, bytes + 128);

    ck_assert_ptr_nonnull(request);
    int start = snprintf(request, 128, "GET /page?");
    memset(request + start, 'x', bytes);
    snprintf(request + (size_t)start + bytes, 64, " HTTP/1.1\r\n" HOST "\r\n");
    http_call(port, request, answer);
    free(request);
}

START_TEST(long_headers_and_targets_are_refused)
{
    /* Host is 4 + 4 + 4 bytes of the 8,192, "X-Long" 6 + 4; the
     * target is "/page?" and the query. */
    static const struct { bool is_query; size_t bytes; int status; } rows[] = {
        { false, 8192 - 12 - 10, 200 }, { false, 8192 - 12 - 10 + 1, 431 }, { false, 100000, 431 },
        { true, 4096 - 6, 400 }, { true, 4096 - 6 + 1, 414 }, { true, 100000, 414 },
    };
    struct service     service;
    struct http_answer answer;

    service_open(&service, NULL);
    if (rows[_i].is_query)
        call_with_query(service.port, rows[_i].bytes, &answer);
    else
        call_with_header(service.port, rows[_i].bytes, &answer);
    ck_assert_int_eq(answer.status, rows[_i].status);
    http_forget(&answer);
    service_close(&service);
}
END_TEST

/* All that is allowed at once: the library, whose memory for a header is scarce, takes it. */
START_TEST(the_most_of_a_header_is_taken)
{
    /* 99 fields beside Host, of 82 bytes: "X-00", 74 of a value and 4; 62 more are the last one's */
    enum { ROOM = 16384, FIELDS = 99, QUERY_BYTES = 4096 - 6, VALUE_BYTES = 74, LAST_BYTES = VALUE_BYTES + 62 };
    struct service     service;
    struct http_answer answer;
    char              *request = calloc(1, ROOM);
    char               filled[QUERY_BYTES + 1], type[64];
    int                at;

    ck_assert_ptr_nonnull(request);
    memset(filled, 'x', QUERY_BYTES);
    filled[QUERY_BYTES] = '\0';
    at = snprintf(request, ROOM, "GET /page?%s HTTP/1.1\r\n" HOST, filled);
    for (int i = 0; i < FIELDS; i++)
        at += snprintf(request + at, (size_t)(ROOM - at), "X-%02d: %.*s\r\n", i,
                       i < FIELDS - 1 ? VALUE_BYTES : LAST_BYTES, filled);
    memcpy(request + at, "\r\n", 2);
    service_open(&service, NULL);
    http_call(service.port, request, &answer);
    ck_assert_int_eq(answer.status, 400);                 /* for its query: all of it was read */
    http_header(&answer, "Content-Type", type, sizeof type);
    ck_assert_str_eq(type, "application/problem+json");
    http_forget(&answer);
    free(request);
    service_close(&service);
}
END_TEST

#define MEBIBYTE "POST /raw HTTP/1.1\r\n" HOST "Content-Length: 1048576\r\n\r\n"

/* Room is taken by what is received, so that nobody takes it with a promise. */
START_TEST(bodies_share_one_budget)
{
    enum { FULL = 4, MEBIBYTE_BYTES = 1 << 20, TRIES_MAX = 500 };
    struct service     service;
    struct http_client clients[FULL], one;
    struct http_answer answer;
    char              *bytes = calloc(1, MEBIBYTE_BYTES);
    char               wait_s[16];
    int                status = 0;

    service_open(&service, NULL);      /* 4 MiB in all */
    for (size_t i = 0; i < FULL; i++) {
        http_connect(&clients[i], service.port);
        ck_assert(http_send(&clients[i], MEBIBYTE));
    }
    http_call(service.port, "POST /raw HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", &answer);
    ck_assert_int_eq(answer.status, 200);
    http_forget(&answer);
    for (size_t i = 0; i < FULL; i++)
        ck_assert(http_send_bytes(&clients[i], bytes, MEBIBYTE_BYTES - 1));
    for (int tries = 0; tries < TRIES_MAX && status != 503; tries++) {
        usleep(10000);
        http_call(service.port, "POST /raw HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc",
                  &answer);
        status = answer.status;
        http_header(&answer, "Retry-After", wait_s, sizeof wait_s);
        http_forget(&answer);
    }
    ck_assert_int_eq(status, 503);
    ck_assert_str_eq(wait_s, "1");
    for (size_t i = 0; i < FULL; i++) {                       /* and each gives back what it took */
        ck_assert(http_send_bytes(&clients[i], bytes, 1));
        http_receive(&clients[i], false, &answer);
        ck_assert_int_eq(answer.status, 200);
        ck_assert_str_eq(answer.body, "1048576");
        http_forget(&answer);
        http_close(&clients[i]);
    }
    for (int i = 0; i < 2 * FULL; i++) {
        http_connect(&one, service.port);
        ck_assert(http_send(&one, MEBIBYTE));
        ck_assert(http_send_bytes(&one, bytes, MEBIBYTE_BYTES - (i % 2 ? 0 : 1)));
        if (i % 2) {
            http_receive(&one, false, &answer);
            ck_assert_int_eq(answer.status, 200);
            http_forget(&answer);
        }
        http_close(&one);
    }
    free(bytes);
    service_close(&service);
}
END_TEST

START_TEST(large_answers_arrive_whole)
{
    struct service     service;
    struct http_answer answer;

    service_open(&service, NULL);
    http_call(service.port, GET("/large"), &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_uint_eq(answer.count, LARGE_BYTES);
    ck_assert_int_eq(memcmp(answer.body, service.large, LARGE_BYTES), 0);
    http_forget(&answer);
    service_close(&service);
}
END_TEST

/* The epoll mode of libmicrohttpd 0.9.75 stalls when exactly 128,
 * 256 or 384 connections are ready. */
/* Past the limit a connection waits until another one ends. */
/* What was not resumed keeps the listener open; service_close lets it go
 * only after listener_close began. */
static const struct {
    const char *origins, *send;
    int         status;
    const char *header, *value;
} crossings[] = {
#define ORIGIN(origin) HOST "Origin: " origin "\r\n"
#define ASK            "Access-Control-Request-Method: PUT\r\n"
#define ALLOW_ORIGIN   "Access-Control-Allow-Origin"
    { NULL, "GET /ping HTTP/1.1\r\n" ORIGIN("https://a") "\r\n", 200, ALLOW_ORIGIN, "" },
    { "https://a", "GET /ping HTTP/1.1\r\n" ORIGIN("https://a") "\r\n", 200, ALLOW_ORIGIN,
      "https://a" },
    { "https://a", "GET /none HTTP/1.1\r\n" ORIGIN("https://a") "\r\n", 404, ALLOW_ORIGIN,
      "https://a" },
    { "https://a", "GET /ping HTTP/1.1\r\n" ORIGIN("https://a") "\r\n", 200, "Vary", "Origin" },
    { "https://a", "GET /ping HTTP/1.1\r\n" HOST "\r\n", 200, "Vary", "Origin" },
    { "https://a", "GET /ping HTTP/1.1\r\n" ORIGIN("https://b") "\r\n", 200, ALLOW_ORIGIN, "" },
    { "https://ab", "GET /ping HTTP/1.1\r\n" ORIGIN("https://a") "\r\n", 200, ALLOW_ORIGIN, "" },
    { "https://b, https://a", "GET /ping HTTP/1.1\r\n" ORIGIN("https://a") "\r\n", 200,
      ALLOW_ORIGIN, "https://a" },
    { "*", "GET /ping HTTP/1.1\r\n" ORIGIN("https://a") "\r\n", 200, ALLOW_ORIGIN, "https://a" },
    { NULL, "GET /public HTTP/1.1\r\n" ORIGIN("https://a") "\r\n", 200, ALLOW_ORIGIN, "*" },
    { "https://a", "OPTIONS /things/1 HTTP/1.1\r\n" ORIGIN("https://a") ASK "\r\n", 204,
      ALLOW_ORIGIN, "https://a" },
    { "https://a", "OPTIONS /things/1 HTTP/1.1\r\n" ORIGIN("https://a") ASK "\r\n", 204,
      "Access-Control-Allow-Methods", "GET, HEAD, PUT" },
    { "https://a", "OPTIONS /things/1 HTTP/1.1\r\n" ORIGIN("https://b") ASK "\r\n", 405,
      ALLOW_ORIGIN, "" },
    { NULL, "OPTIONS /things/1 HTTP/1.1\r\n" ORIGIN("https://a") ASK "\r\n", 405, ALLOW_ORIGIN,
      "" },
    { "https://a", "OPTIONS /none HTTP/1.1\r\n" ORIGIN("https://a") ASK "\r\n", 404, ALLOW_ORIGIN,
      "https://a" },
    { NULL, "OPTIONS /public HTTP/1.1\r\n"
      ORIGIN("https://a") "Access-Control-Request-Method: GET\r\n\r\n", 204, ALLOW_ORIGIN, "*" },
};

START_TEST(pages_of_allowed_origins_may_read)
{
    struct service           service;
    struct http_answer       answer;
    struct listener_settings settings = service_settings();
    char                     value[128];

    settings.cors_origins = crossings[_i].origins;
    service_open(&service, &settings);
    http_call(service.port, crossings[_i].send, &answer);
    ck_assert_int_eq(answer.status, crossings[_i].status);
    http_header(&answer, crossings[_i].header, value, sizeof value);
    ck_assert_str_eq(value, crossings[_i].value);
    http_forget(&answer);
    service_close(&service);
}
END_TEST

START_TEST(addresses_that_cannot_be_listened_at_are_explained)
{
    static const char *const addresses[] = { "", "8080", "127.0.0.1:", "127.0.0.1:x",
                                             "127.0.0.1:99999", "256.0.0.1:1", "192.0.2.1:0" };
    struct listener_settings settings = service_settings();
    char                     why[160] = "";

    settings.address = addresses[_i];
    ck_assert_ptr_null(listener_open(&settings, service_routes, &(struct hooks){ 0 }, why));
    ck_assert_uint_gt(strlen(why), 0);
}
END_TEST

START_TEST(a_port_in_use_is_explained)
{
    struct service           service;
    struct listener_settings settings = service_settings();
    char                     address[32], why[160] = "";

    service_open(&service, &settings);
    snprintf(address, sizeof address, "127.0.0.1:%u", service.port);
    settings.address = address;
    ck_assert_ptr_null(listener_open(&settings, service_routes, &(struct hooks){ 0 }, why));
    ck_assert_ptr_nonnull(strstr(why, "in use"));
    service_close(&service);
}
END_TEST

Suite *
listener_suite(void)
{
    Suite *suite = suite_create("listener");
    TCase *tcase = tcase_create("requests");

    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, each_call_has_its_answer, 0, (int)COUNT_OF(calls));
    tcase_add_test(tcase, an_answer_leaks_nothing_of_the_server);
    tcase_add_test(tcase, browsers_are_told_what_an_answer_is_not);
    tcase_add_test(tcase, connections_live_on_after_an_answer);
    tcase_add_test(tcase, http_1_0_closes_unless_it_is_asked_to_keep);
    tcase_add_test(tcase, pipelined_requests_are_answered_in_order);
    tcase_add_loop_test(tcase, ambiguous_framing_closes_the_connection, 0, 17);
    tcase_add_test(tcase, a_body_may_come_byte_by_byte);
    tcase_add_test(tcase, a_large_refused_body_is_answered_after_it);
    tcase_add_test(tcase, large_chunked_bodies_grow_to_the_limit);
    tcase_add_test(tcase, endless_chunks_are_cut_off);
    tcase_add_test(tcase, a_truncated_body_ends_without_an_answer);
    tcase_add_test(tcase, a_truncated_header_leaves_nothing_behind);
    tcase_add_loop_test(tcase, long_headers_and_targets_are_refused, 0, 6);
    tcase_add_test(tcase, the_most_of_a_header_is_taken);
    tcase_add_test(tcase, bodies_share_one_budget);
    tcase_add_test(tcase, large_answers_arrive_whole);
    tcase_add_loop_test(tcase, pages_of_allowed_origins_may_read, 0, (int)COUNT_OF(crossings));
    tcase_add_loop_test(tcase, addresses_that_cannot_be_listened_at_are_explained, 0, 7);
    tcase_add_test(tcase, a_port_in_use_is_explained);
    suite_add_tcase(suite, tcase);
    return suite;
}
