/* What is no HTTP, in every way that the library refuses by itself: the status alone, which says nothing
 * of what answers, and the end of the connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/http.h"
#include "tests/listener_service.h"
#include "tests/suite.h"

#define HOST    "Host: here\r\n"
#define CHUNKED "POST /raw HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

enum { LONG_BYTES = 100 << 10 };

/* `fill` stands LONG_BYTES times between `begin` and `end`, more than a connection's memory; 0: not at
 * all. */
static const struct { const char *begin; char fill; const char *end; int status; } broken[] = {
    { "GET /ping\r\n\r\n", 0, "", 400 },
    { "GET /ping HTTP/x\r\n" HOST "\r\n", 0, "", 400 },
    { "GET /ping HTTP/0.9\r\n" HOST "\r\n", 0, "", 505 },
    { "GET /ping HTTP/3.0\r\n" HOST "\r\n", 0, "", 505 },
    { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, "", 505 },
    { "GET /ping HTTP/1.1\r\n" HOST "field\r\n\r\n", 0, "", 400 },
    { "POST /raw HTTP/1.1\r\n" HOST "Content-Length: x\r\n\r\n", 0, "", 400 },
    { "POST /raw HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", 0, "", 413 },
    { CHUNKED "x\r\n", 0, "", 400 },
    { CHUNKED "3\r\nabcd\r\n", 0, "", 400 },
    { CHUNKED "ffffffffffffffffffff\r\n", 0, "", 413 },
    { CHUNKED "3\r\nabc\r\n0\r\nfooter\r\n\r\n", 0, "", 400 },
    { "GET /", 'a', " HTTP/1.1\r\n" HOST "\r\n", 414 },
    { "GET /ping HTTP/1.1\r\n" HOST "X: ", 'a', "\r\n\r\n", 431 },
    { CHUNKED "3;", 'a', "\r\nabc\r\n0\r\n\r\n", 500 },
    { CHUNKED "3\r\nabc\r\n0\r\nX: ", 'a', "\r\n\r\n", 431 },
};

static void
is_bare(const struct http_answer *answer, int status)
{
    char field[64];

    ck_assert_int_eq(answer->status, status);
    ck_assert_uint_eq(answer->count, 0);
    http_header(answer, "Content-Length", field, sizeof field);
    ck_assert_str_eq(field, "0");
    http_header(answer, "Connection", field, sizeof field);
    ck_assert_str_eq(field, "close");
    http_header(answer, "Cache-Control", field, sizeof field);
    ck_assert_str_eq(field, "no-store");
    http_header(answer, "Server", field, sizeof field);
    ck_assert_str_eq(field, "");
    ck_assert_ptr_null(strchr(answer->head, '<'));
}

START_TEST(what_is_no_http_is_refused_without_a_page)
{
    struct service     service;
    struct http_client client;
    struct http_answer answer;
    char              *filling = malloc(LONG_BYTES);

    ck_assert_ptr_nonnull(filling);
    memset(filling, broken[_i].fill, LONG_BYTES);
    service_open(&service, NULL);
    http_connect(&client, service.port);
    ck_assert(http_send(&client, broken[_i].begin));
    if (broken[_i].fill && http_send_bytes(&client, filling, LONG_BYTES))
        http_send(&client, broken[_i].end);
    http_receive(&client, false, &answer);
    is_bare(&answer, broken[_i].status);
    http_forget(&answer);
    http_close(&client);
    service_close(&service);
    free(filling);
}
END_TEST

Suite *
pages_suite(void)
{
    Suite *suite = suite_create("pages");
    TCase *tcase = tcase_create("pages");

    tcase_add_loop_test(tcase, what_is_no_http_is_refused_without_a_page, 0, COUNT_OF(broken));
    suite_add_tcase(suite, tcase);
    return suite;
}
