/* A database of the release before the log had its tree (migrations 0001 and 0002, breakwater
 * 0.2.0), dumped as that program had left it: two instances, one killed with -9, six decisions.
 * Today's program migrates it, and all that it holds lives on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/api.h"
#include "tests/outside.h"
#include "tests/suite.h"

#define DUMP "tests/upgrade/release_0.2.sql"

/* As that release was asked, to the byte: an idempotency key compares bytes. */
#define QUESTION "{\"market\":\"eth-usd\",\"account\":{\"id\":\"acct-previews\"," \
    "\"collateral\":[{\"asset\":\"ETH\",\"quantity\":\"10\"}]," \
    "\"debt\":[{\"asset\":\"USDC\",\"quantity\":\"15500\"}]," \
    "\"wallet\":[{\"asset\":\"USDC\",\"quantity\":\"2000\"}]},\"state\":{" \
    "\"prices\":{\"ETH\":\"2000\",\"USDC\":\"1\"},\"volatility\":{\"ETH\":\"0.8\"}," \
    "\"depth\":{\"ETH\":[{\"venue\":\"book\",\"kind\":\"book\",\"fee_rate\":\"0.001\"," \
    "\"bids\":[[\"1999.5\",\"3.2\"],[\"1999\",\"8\"],[\"1997\",\"20\"]]," \
    "\"asks\":[[\"2000.5\",\"4\"]]},{\"venue\":\"pool\",\"kind\":\"constant_product\"," \
    "\"fee_rate\":\"0.003\",\"base\":\"1000\",\"quote\":\"2000000\"}]}}}"

enum {
    DUMP_BYTES_MAX = 1 << 20,
    DECISIONS = 6,
    ENTRIES_OLD = 20,
    SAID_MAX = 65536,
    PATH_ROOM = 160,
};

static const char first_id[] = "dec_512d8f836ebba686407798ecba47f03ccfa8000000000001";

static void
load_dump(const char *url)
{
    char *sql = calloc(1, DUMP_BYTES_MAX);
    FILE *file = fopen(DUMP, "re");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_lt(fread(sql, 1, DUMP_BYTES_MAX - 1, file), DUMP_BYTES_MAX - 1);
    fclose(file);
    postgres_run(url, sql);
    /* Keys are kept for a day: as if it had been dumped just now. */
    postgres_run(url, "UPDATE breakwater.idempotency SET created_at ="
                 " (extract(epoch FROM clock_timestamp()) * 1e6)::bigint");
    free(sql);
}

static void
open_upgraded(void)
{
    api_prepare();
    struct api_service *service = api_service_new(true);
    ck_assert_ptr_nonnull(service);
    load_dump(service->url);
    ck_assert_msg(api_service_start(service), "%s", service->why);
    api_switch(service);
}

static void
get(const char *path, struct api_answer *answer)
{
    struct api_request request = { .method = "GET", .path = path, .key = ROLE_AUDIT };

    api_call(&request, answer);
    ck_assert_msg(answer->http.status == 200, "%s: %d %.600s", path, answer->http.status,
                  answer->http.body);
}

/* Their records were in the queue that nobody emptied then. */
START_TEST(its_records_go_into_the_log)
{
    api_await_log(ENTRIES_OLD);
    ck_assert_int_eq(postgres_number(api_running()->url,
                                     "SELECT count(*) FROM audit.leaf WHERE day IS NOT NULL"),
                     DECISIONS);
    ck_assert_int_eq(postgres_number(api_running()->url,
                                     "SELECT count(*) FROM audit.pending JOIN audit.body"
                                     " USING (inst, iseq)"), 0);
    outside_check(api_running());
}
END_TEST

/* What that release recorded comes out the same; all that differs are members that came later. */
static void
only_grew(const struct api_answer *again)
{
    const json_t *differences = json_object_get(again->json, "differences");

    ck_assert_uint_gt(json_array_size(differences), 0);
    ck_assert(json_is_null(json_object_get(again->json, "reason")));
    for (size_t i = 0; i < json_array_size(differences); i++) {
        const json_t *one = json_array_get(differences, i);
        const char   *pointer = json_string_value(json_object_get(one, "pointer"));
        ck_assert_msg(json_is_null(json_object_get(one, "recorded")), "%.1000s",
                      again->http.body);
        ck_assert_msg(!strcmp(pointer, "/figures/oracle") || !strcmp(pointer, "/figures/prices") ||
                      !strcmp(pointer, "/figures/upcoming"), "%s", pointer);
    }
}

START_TEST(its_decisions_are_found_and_computed_again)
{
    struct api_answer list, again;
    char              path[PATH_ROOM];
    bool              is_first_there = false;

    api_await_log(ENTRIES_OLD);
    get("/v1/decisions?market=eth-usd&limit=100", &list);
    const json_t *items = json_object_get(list.json, "items");
    ck_assert_uint_eq(json_array_size(items), DECISIONS);
    for (size_t i = 0; i < json_array_size(items); i++) {
        const char *id = json_string_value(json_object_get(json_array_get(items, i), "id"));
        is_first_there |= !strcmp(id, first_id);
        snprintf(path, sizeof path, "/v1/decisions/%s/replay", id);
        get(path, &again);
        only_grew(&again);
        api_forget(&again);
    }
    ck_assert(is_first_there);
    api_forget(&list);
}
END_TEST

/* Answered as that release recorded it, without the members that came later. */
START_TEST(its_idempotency_keys_hold)
{
    struct http_answer answer;
    char               text[2048];
    size_t             count = sizeof QUESTION - 1;

    snprintf(text, sizeof text, "POST /v1/previews HTTP/1.1\r\nHost: localhost\r\n"
             "Content-Type: application/json\r\nIdempotency-Key: old-previews\r\n"
             "Content-Length: %zu\r\nConnection: close\r\n\r\n%s", count, QUESTION);
    http_call(api_running()->port, text, &answer);
    ck_assert_msg(answer.status == 201, "%d %s", answer.status, answer.body);
    ck_assert_msg(strstr(answer.body, first_id), "%s", answer.body);
    http_forget(&answer);
}
END_TEST

/* `breakwater replay` without a file reads the database. */
START_TEST(the_program_replays_all_of_it)
{
    const char *program = getenv("BREAKWATER_PROGRAM");
    char        line[1024];
    char       *said = calloc(1, SAID_MAX);

    api_await_log(ENTRIES_OLD);
    snprintf(line, sizeof line, "BREAKWATER_DATABASE_URL='%s' %s replay 2>&1", api_running()->url,
             program ? program : "build/breakwater");
    FILE *pipe = popen(line, "r");
    ck_assert_ptr_nonnull(pipe);
    ck_assert_uint_gt(fread(said, 1, SAID_MAX - 1, pipe), 0);
    int status = pclose(pipe);
    ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status), "%s", said);
    ck_assert_msg(strstr(said, "\n6 of an earlier release come out the same in all that they "
                         "recorded"), "%s", said);
    ck_assert_msg(strstr(said, "\n6 decisions: 0 identical, 0 different, 0 that cannot"), "%s",
                  said);
    free(said);
}
END_TEST

Suite *
upgrade_suite(void)
{
    Suite *suite = suite_create("upgrade");
    TCase *tcase = tcase_create("upgrade");

    tcase_add_unchecked_fixture(tcase, open_upgraded, api_close);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, its_records_go_into_the_log);
    tcase_add_test(tcase, its_decisions_are_found_and_computed_again);
    tcase_add_test(tcase, its_idempotency_keys_hold);
    tcase_add_test(tcase, the_program_replays_all_of_it);
    suite_add_tcase(suite, tcase);
    return suite;
}
