/* Log lines and metrics, of requests that were really made. */
#include "server/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "server/metrics.h"
#include "tests/http.h"
#include "tests/listener_service.h"
#include "tests/suite.h"

#define HOST "Host: here\r\n"
#define NOTE "{\"text\":\"a secret of the body\"}"

/* What came through the pipe up to now. */
static void
drain(int fd, char *bytes, size_t room)
{
    ssize_t count = read(fd, bytes, room - 1);

    ck_assert_int_ge((int)count, 0);
    bytes[count] = '\0';
}

static const struct {
    const char *send;
    const char *level, *method, *path, *operation, *code, *key_id;
    int         status, bytes_in, bytes_out;
} rows[] = {
    { "GET /ping HTTP/1.1\r\n" HOST "Authorization: Bearer the-secret\r\n\r\n",
      "info", "GET", "/ping", "getPing", NULL, "k1", 200, 0, 4 },
    { "HEAD /ping HTTP/1.1\r\n" HOST "\r\n", "info", "HEAD", "/ping", "getPing", NULL, NULL, 200, 0,
      0 },
    { "GET /page?count=1000&the-secret=1 HTTP/1.1\r\n" HOST "\r\n",
      "info", "GET", "/page", "getPage", "query_invalid", NULL, 400, 0, -1 },
    { "GET /n%22one HTTP/1.1\r\n" HOST "\r\n", "info", "GET", "/n%22one", NULL, "no_such_route",
      NULL, 404, 0, -1 },
    { "GET /n\"one HTTP/1.1\r\n" HOST "\r\n", "info", "GET", "/n\"one", NULL, "no_such_route", NULL,
      404, 0, -1 },
    { "GET /busy HTTP/1.1\r\n" HOST "\r\n", "warning", "GET", "/busy", "getBusy", "database_away",
      NULL, 503, 0, -1 },
    { "POST /notes HTTP/1.1\r\n" HOST "Content-Type: application/json\r\nContent-Length: 31\r\n\r\n"
      NOTE, "info", "POST", "/notes", "postNote", NULL, NULL, 201, 31, 41 },
    { "POST /notes HTTP/1.1\r\n" HOST "Content-Type: text/the-secret\r\nContent-Length: 31\r\n\r\n"
      NOTE, "info", "POST", "/notes", "postNote", "wrong_content_type", NULL, 415, 31, -1 },
};

static void
check_text(const json_t *line, const char *name, const char *expect)
{
    ck_assert_pstr_eq(json_string_value(json_object_get(line, name)), expect);
}

static void
check_number(const json_t *line, const char *name, int expect)
{
    const json_t *number = json_object_get(line, name);

    ck_assert(json_is_integer(number));
    if (expect >= 0)
        ck_assert_int_eq((int)json_integer_value(number), expect);
    else
        ck_assert_int_gt((int)json_integer_value(number), 100);
}

START_TEST(each_request_is_a_line)
{
    struct service           service;
    struct http_answer       answer;
    struct listener_settings settings = service_settings();
    int                      pipes[2];
    char                     bytes[4096];

    ck_assert_int_eq(pipe(pipes), 0);
    settings.log_fd = pipes[1];
    service_open(&service, &settings);
    http_call(service.port, rows[_i].send, &answer);
    http_forget(&answer);
    service_close(&service);
    drain(pipes[0], bytes, sizeof bytes);
    ck_assert_ptr_null(strstr(bytes, "secret"));
    ck_assert_ptr_eq(strchr(bytes, '\n'), bytes + strlen(bytes) - 1);
    json_t *line = json_loads(bytes, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(line);
    check_text(line, "level", rows[_i].level);
    check_text(line, "method", rows[_i].method);
    check_text(line, "path", rows[_i].path);
    check_text(line, "operation", rows[_i].operation);
    check_text(line, "code", rows[_i].code);
    check_text(line, "address", "127.0.0.1");
    check_text(line, "key_id", rows[_i].key_id);
    check_number(line, "status", rows[_i].status);
    check_number(line, "bytes_in", rows[_i].bytes_in);
    check_number(line, "bytes_out", rows[_i].bytes_out);
    ck_assert(json_is_integer(json_object_get(line, "elapsed_us")));
    ck_assert_uint_eq(json_string_length(json_object_get(line, "trace_id")), 32);
    ck_assert_uint_eq(json_string_length(json_object_get(line, "time")), 24);
    json_decref(line);
    close(pipes[0]);
    close(pipes[1]);
}
END_TEST

START_TEST(events_are_lines)
{
    int  pipes[2];
    char bytes[4096];

    ck_assert_int_eq(pipe(pipes), 0);
    log_event(-1, LOG_LEVEL_ERROR, "nothing", "is written");
    log_event(pipes[1], LOG_LEVEL_WARNING, "database_away", "cannot reach \"%s\"\n", "h");
    drain(pipes[0], bytes, sizeof bytes);
    json_t *line = json_loads(bytes, 0, NULL);
    ck_assert_ptr_nonnull(line);
    check_text(line, "level", "warning");
    check_text(line, "event", "database_away");
    check_text(line, "detail", "cannot reach \"h\"\n");
    json_decref(line);
    close(pipes[0]);
    close(pipes[1]);
}
END_TEST

START_TEST(requests_are_counted)
{
    static const char *const expect[] = {
        "# TYPE breakwater_requests_total counter\n",
        "breakwater_requests_total{operation=\"getPing\",class=\"2xx\"} 3\n",
        "breakwater_requests_total{operation=\"none\",class=\"4xx\"} 1\n",
        "breakwater_requests_total{operation=\"postNote\",class=\"2xx\"} 1\n",
        ("breakwater_request_duration_seconds_bucket{operation=\"getPing\",class=\"2xx\",le=\"+Inf\"}"
        " 3\n"),
        "breakwater_request_duration_seconds_count{operation=\"getPing\",class=\"2xx\"} 3\n",
        "breakwater_refusals_total{code=\"no_such_route\"} 1\n",
        "breakwater_requests_in_flight 0\n",
        "breakwater_body_bytes_total{direction=\"in\"} 31\n",
    };
    struct service           service;
    struct http_answer       answer;
    struct listener_settings settings = service_settings();
    struct arena             arena;
    struct text              text;

    settings.metrics = metrics_open(service_routes);
    ck_assert_ptr_nonnull(settings.metrics);
    service_open(&service, &settings);
    for (int i = 0; i < 5; i++) {
        http_call(service.port, i < 3 ? "GET /ping HTTP/1.1\r\n" HOST "\r\n" : i == 3
                  ? rows[6].send : rows[3].send, &answer);
        http_forget(&answer);
    }
    service_close(&service);
    arena_open(&arena, 1 << 20);
    text_open(&text, &arena, 1024, 1 << 19);
    metrics_write(settings.metrics, &text);
    text_add(&text, "", 1);
    ck_assert(!text.is_full);
    for (size_t i = 0; i < COUNT_OF(expect); i++)
        ck_assert_msg(strstr(text.bytes, expect[i]) != NULL, "%s is not in\n%s", expect[i],
                      text.bytes);
    ck_assert_ptr_null(strstr(text.bytes, "getLarge"));
    arena_close(&arena);
    metrics_close(settings.metrics);
}
END_TEST

START_TEST(durations_fall_in_their_buckets)
{
    static const struct { int64_t us; const char *expect; } durations[] = {
        { 0, "le=\"0.0001\"} 1\n" },
        { 100, "le=\"0.0001\"} 1\n" },
        { 101, "le=\"0.0001\"} 0\n" },
        { 101, "le=\"0.00025\"} 1\n" },
        { 10000000, "le=\"10\"} 1\n" },
        { 10000001, "le=\"10\"} 0\n" },
        { 10000001, "le=\"+Inf\"} 1\n" },
        { 10000001, "_sum{operation=\"getPing\",class=\"5xx\"} 10.000001\n" },
        { 42, "_sum{operation=\"getPing\",class=\"5xx\"} 0.000042\n" },
    };
    struct metrics *metrics = metrics_open(service_routes);
    struct arena    arena;
    struct text     text;

    ck_assert_ptr_nonnull(metrics);
    metrics_begin(metrics);
    metrics_end(metrics, &(struct metrics_request){ .route = service_routes, .status = 503,
                                                    .problem = PROBLEM_OVERLOADED,
                                                    .elapsed_us = durations[_i].us });
    arena_open(&arena, 1 << 20);
    text_open(&text, &arena, 1024, 1 << 19);
    metrics_write(metrics, &text);
    text_add(&text, "", 1);
    ck_assert_msg(strstr(text.bytes, durations[_i].expect) != NULL, "%s is not in\n%s",
                  durations[_i].expect, text.bytes);
    arena_close(&arena);
    metrics_close(metrics);
}
END_TEST

Suite *
log_suite(void)
{
    Suite *suite = suite_create("log");
    TCase *tcase = tcase_create("log");

    tcase_add_loop_test(tcase, each_request_is_a_line, 0, (int)COUNT_OF(rows));
    tcase_add_test(tcase, events_are_lines);
    tcase_add_test(tcase, requests_are_counted);
    tcase_add_loop_test(tcase, durations_fall_in_their_buckets, 0, 9);
    suite_add_tcase(suite, tcase);
    return suite;
}
