/* The listener, over real sockets: requests that wait, connections that are many, and its end. */
#include "server/listener.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "tests/http.h"
#include "tests/listener_service.h"
#include "tests/suite.h"

#define HOST      "Host: here\r\n"
#define JSON      "Content-Type: application/json\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

START_TEST(again_runs_the_handler_anew_at_most_three_times)
{
    static const int   statuses[] = { 200, 200, 200, 200, 503, 503 };
    struct service     service;
    struct http_answer answer;

    service_open(&service, NULL);
    service.agains = (size_t)_i;
    http_call(service.port, GET("/again"), &answer);
    ck_assert_int_eq(answer.status, statuses[_i]);
    ck_assert_uint_eq(service.handled, _i < 4 ? (size_t)_i + 1 : 4);
    http_forget(&answer);
    service_close(&service);
}
END_TEST

START_TEST(what_is_not_taken_is_answered_with_its_problem)
{
    struct service     service;
    struct http_answer answer;

    service_open(&service, NULL);
    service.is_full = true;
    http_call(service.port, GET("/work"), &answer);
    ck_assert_int_eq(answer.status, 503);
    ck_assert_ptr_nonnull(strstr(answer.body, "overloaded"));
    http_forget(&answer);
    service_close(&service);
}
END_TEST

START_TEST(many_requests_wait_and_are_resumed)
{
    enum { MANY = 100 };
    struct service     service;
    struct http_client clients[MANY];
    struct http_answer answer;

    service_open(&service, NULL);
    for (int round = 0; round < 5; round++) {
        service_hold(&service, true);
        for (size_t i = 0; i < MANY; i++) {
            if (round == 0)
                http_connect(&clients[i], service.port);
            ck_assert(http_send(&clients[i], i % 2 ? GET("/waits") : GET("/work")));
        }
        ck_assert(service_wait_for_taken(&service, MANY));
        ck_assert_uint_eq(listener_in_flight(service.listener), MANY);
        service_hold(&service, false);
        for (size_t i = 0; i < MANY; i++) {
            http_receive(&clients[i], false, &answer);
            ck_assert_int_eq(answer.status, 200);
            ck_assert_str_eq(answer.body, i % 2 ? "durable" : "worked");
            http_forget(&answer);
        }
    }
    for (size_t i = 0; i < MANY; i++)
        http_close(&clients[i]);
    ck_assert(service_wait_for_ended(&service, 5 * MANY));
    service_close(&service);
}
END_TEST

START_TEST(clients_that_go_away_while_they_wait_leave_nothing_behind)
{
    enum { MANY = 20 };
    struct service     service;
    struct http_client client;

    service_open(&service, NULL);
    service_hold(&service, true);
    for (size_t i = 0; i < MANY; i++) {
        http_connect(&client, service.port);
        ck_assert(http_send(&client, i % 2 ? GET("/waits") : GET("/work")));
        ck_assert(service_wait_for_taken(&service, i + 1));
        http_close(&client);
    }
    ck_assert_uint_eq(service.ended, 0);
    service_hold(&service, false);
    ck_assert(service_wait_for_ended(&service, MANY));
    ck_assert_uint_eq(listener_in_flight(service.listener), 0);
    service_close(&service);
}
END_TEST

START_TEST(no_number_of_ready_connections_stalls)
{
    static const size_t     numbers[] = { 127, 128, 256, 384 };
    struct service           service;
    struct http_client       clients[384];
    struct http_answer       answer;
    struct timespec          start, stop;
    struct listener_settings settings = service_settings();

    settings.threads = 1;
    service_open(&service, &settings);
    for (size_t i = 0; i < numbers[_i]; i++)
        http_connect(&clients[i], service.port);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int round = 0; round < 10; round++) {
        for (size_t i = 0; i < numbers[_i]; i++)
            ck_assert(http_send(&clients[i], GET("/ping")));
        for (size_t i = 0; i < numbers[_i]; i++) {
            http_receive(&clients[i], false, &answer);
            ck_assert_int_eq(answer.status, 200);
            http_forget(&answer);
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &stop);
    ck_assert_int_lt(stop.tv_sec - start.tv_sec, 8);       /* a stall is a second or more a round */
    for (size_t i = 0; i < numbers[_i]; i++)
        http_close(&clients[i]);
    service_close(&service);
}
END_TEST

START_TEST(idle_and_stalled_connections_are_closed_but_not_those_that_wait)
{
    static const char *const starts[] = { "", "GET /ping HTTP/1.1\r\nHo", "POST /notes HTTP/1.1\r\n"
                                          HOST JSON "Content-Length: 23\r\n\r\n{" };
    struct service           service;
    struct http_client       clients[COUNT_OF(starts)], waiting;
    struct http_answer       answer;
    struct listener_settings settings = service_settings();

    settings.idle_s = 1;
    service_open(&service, &settings);
    service_hold(&service, true);
    http_connect(&waiting, service.port);
    ck_assert(http_send(&waiting, GET("/waits")));
    ck_assert(service_wait_for_taken(&service, 1));
    nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL);
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        http_connect(&clients[i], service.port);
        http_send(&clients[i], starts[i]);
    }
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        ck_assert(http_is_closed(&clients[i]));
        http_close(&clients[i]);
    }
    service_hold(&service, false);
    http_receive(&waiting, false, &answer);
    ck_assert_int_eq(answer.status, 200);
    http_forget(&answer);
    http_close(&waiting);
    service_close(&service);
}
END_TEST

START_TEST(a_quiet_listener_finishes_what_it_has)
{
    struct service     service;
    struct http_client client, late;
    struct http_answer answer;
    char               connection[32];

    service_open(&service, NULL);
    service_hold(&service, true);
    http_connect(&client, service.port);
    ck_assert(http_send(&client, GET("/waits")));
    ck_assert(service_wait_for_taken(&service, 1));
    listener_quiesce(service.listener);
    listener_quiesce(service.listener);
    ck_assert(!http_try_connect(&late, service.port));
    http_close(&late);
    ck_assert_uint_eq(listener_in_flight(service.listener), 1);
    service_hold(&service, false);
    http_receive(&client, false, &answer);
    ck_assert_int_eq(answer.status, 200);
    http_header(&answer, "Connection", connection, sizeof connection);
    ck_assert_str_eq(connection, "close");
    ck_assert(http_is_closed(&client));
    http_forget(&answer);
    http_close(&client);
    service_close(&service);
}
END_TEST

START_TEST(closing_waits_for_what_was_taken)
{
    struct service     service;
    struct http_client client;

    service_open(&service, NULL);
    http_connect(&client, service.port);
    for (int i = 0; i < 50; i++)
        ck_assert(http_send(&client, GET("/waits")));
    service_close(&service);
    http_close(&client);
}
END_TEST

Suite *
waiting_suite(void)
{
    Suite *suite = suite_create("waiting");
    TCase *tcase = tcase_create("waiting");

    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, again_runs_the_handler_anew_at_most_three_times, 0, 6);
    tcase_add_test(tcase, what_is_not_taken_is_answered_with_its_problem);
    tcase_add_test(tcase, many_requests_wait_and_are_resumed);
    tcase_add_test(tcase, clients_that_go_away_while_they_wait_leave_nothing_behind);
    tcase_add_loop_test(tcase, no_number_of_ready_connections_stalls, 0, 4);
    tcase_add_test(tcase, idle_and_stalled_connections_are_closed_but_not_those_that_wait);
    tcase_add_test(tcase, a_quiet_listener_finishes_what_it_has);
    tcase_add_test(tcase, closing_waits_for_what_was_taken);
    suite_add_tcase(suite, tcase);
    return suite;
}
