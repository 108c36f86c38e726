/* What auditors do with decisions: find them, take them away, compute them again. */
#include "tests/api_decisions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "db/decisions_find.h"
#include "record/record.h"
#include "record/instant.h"
#include "tests/api.h"
#include "tests/opened.h"

#define ASK(account, debt) \
    "{'market':'eth-usd','account':{'id':'" account "','collateral':[{'asset':'ETH'," \
    "'quantity':'10'}],'debt':[{'asset':'USDC','quantity':'" debt "'}]}," \
    "'state':{'prices':{'ETH':'2000','USDC':'1'},'volatility':{'ETH':'0.8'}}}"
#define FOLDER "/v1/decisions"

enum { MADE = 12, PATH_ROOM = 512, SAID_MAX = 8192 };

static const struct { const char *path, *body, *kind, *account; } made[MADE] = {
    { "/v1/previews", ASK("a", "12000"), "preview", "a" },
    { "/v1/penalties", ASK("a", "12000"), "penalty", "a" },
    { "/v1/previews", ASK("b", "12000"), "preview", "b" },
    { "/v1/suggestions", ASK("b", "12000"), "suggestion", "b" },
    { "/v1/previews", ASK("c", "19000"), "preview", "c" },
    { "/v1/liquidation-prices", ASK("c", "19000"), "liquidation_price", "c" },
    { "/v1/previews", ASK("a", "11000"), "preview", "a" },
    { "/v1/previews", ASK("a", "10000"), "preview", "a" },
    { "/v1/previews", ASK("d", "12000"), "preview", "d" },
    { "/v1/penalties", ASK("d", "19000"), "penalty", "d" },
    { "/v1/previews", ASK("d", "19000"), "preview", "d" },
    { "/v1/previews", ASK("e", "12000"), "preview", "e" },
};

static void
fetch(const char *path, int key, const char *headers, int status, struct api_answer *answer)
{
    struct api_request request = { .method = "GET", .path = path, .key = key, .headers = headers,
                                   .is_direct = true };

    api_call(&request, answer);
    ck_assert_msg(answer->http.status == status, "%s: %d, not %d: %.500s", path,
                  answer->http.status, status, answer->http.body);
}

static void
decide(size_t i, char id[static DECISION_ID_MAX])
{
    char              *body    = api_text(made[i].body);
    struct api_request request = { .method = "POST", .path = made[i].path, .key = ROLE_PREVIEW,
                                   .body = body, .is_direct = true };
    struct api_answer  answer;

    api_call(&request, &answer);
    ck_assert_msg(answer.http.status == 201, "%.500s", answer.http.body);
    snprintf(id, DECISION_ID_MAX, "%s",
             json_string_value(json_object_get(json_object_get(answer.json, "decision"), "id")));
    api_forget(&answer);
    free(body);
}

/* The items of a page; a new reference. */
static json_t *
list(const char *query, char cursor[static 65])
{
    char              path[PATH_ROOM];
    struct api_answer answer;

    snprintf(path, sizeof path, FOLDER "%s", query);
    fetch(path, ROLE_AUDIT, NULL, 200, &answer);
    json_t     *items = json_incref(json_object_get(answer.json, "items"));
    const char *next  = json_string_value(json_object_get(answer.json, "next_cursor"));
    snprintf(cursor, 65, "%s", next ? next : "");
    api_forget(&answer);
    return items;
}

/* Waits until the log holds as many. */
static void
wait_for(size_t count)
{
    char cursor[65];

    for (int i = 0; i < 200; i++) {
        json_t *items = list("?limit=1000", cursor);
        size_t  found = json_array_size(items);
        json_decref(items);
        if (found >= count)
            return;
        nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
    }
    ck_abort_msg("the log does not hold %zu decisions", count);
}

static void
open_with_decisions(char ids[static MADE][DECISION_ID_MAX])
{
    api_open_another(false);
    for (size_t i = 0; i < MADE; i++)
        decide(i, ids[i]);
    wait_for(MADE);
}

static const struct { const char *query; size_t count; } searches[] = {
    { "?market=eth-usd", MADE },
    { "?market=btc-usd-perp", 0 },
    { "?kind=preview", 8 },
    { "?kind=penalty&market=eth-usd", 2 },
    { "?account=a", 4 },
    { "?account=a&kind=preview&order=asc", 3 },
    { "?status=liquidatable", 4 },
    { "?status=healthy&account=c", 0 },
    { "?parameters_version=1", MADE },
    { "?parameters_version=2", 0 },
    { "?from=2026-01-01T00:00:00Z", MADE },
    { "?to=2026-01-01T00:00:00Z", 0 },
    { "?from=2026-01-01T00:00:00Z&to=2526-01-01T00:00:00Z&account=d&status=liquidatable", 2 },
};

START_TEST(decisions_are_found_by_each_filter)
{
    char ids[MADE][DECISION_ID_MAX], cursor[65];

    open_with_decisions(ids);
    for (size_t i = 0; i < COUNT_OF(searches); i++) {
        json_t *items = list(searches[i].query, cursor);
        ck_assert_msg(json_array_size(items) == searches[i].count, "%s: %zu", searches[i].query,
                      json_array_size(items));
        json_decref(items);
    }
    json_t *items = list("?order=asc", cursor);
    for (size_t i = 0; i < MADE; i++) {
        const json_t *item = json_array_get(items, i);
        ck_assert_str_eq(json_string_value(json_object_get(item, "id")), ids[i]);
        ck_assert_str_eq(json_string_value(json_object_get(item, "kind")), made[i].kind);
        ck_assert_str_eq(json_string_value(json_object_get(item, "account")), made[i].account);
    }
    json_decref(items);
    api_close();
}
END_TEST

/* Pages of five, while decisions are added: each of the first twelve once, none of the new ones
 * among them where the newest come first. */
START_TEST(pages_hold_still_while_the_log_grows)
{
    char    ids[MADE][DECISION_ID_MAX], cursor[65] = "", query[PATH_ROOM], other[DECISION_ID_MAX];
    bool    is_ascending = _i;
    size_t  seen         = 0;

    open_with_decisions(ids);
    do {
        snprintf(query, sizeof query, "?limit=5&order=%s%s%s", is_ascending ? "asc" : "desc",
                 *cursor ? "&cursor=" : "", cursor);
        json_t *items = list(query, cursor);
        for (size_t i = 0; i < json_array_size(items) && seen < MADE; i++, seen++)
            ck_assert_str_eq(json_string_value(json_object_get(json_array_get(items, i), "id")),
                             ids[is_ascending ? seen : MADE - 1 - seen]);
        json_decref(items);
        decide(0, other);
        wait_for(MADE + (seen + 4) / 5);
    } while (*cursor && seen < MADE);
    ck_assert_uint_eq(seen, MADE);
    api_close();
}
END_TEST

START_TEST(cursor_of_another_search_is_refused)
{
    char              ids[MADE][DECISION_ID_MAX], cursor[65], path[PATH_ROOM];
    struct api_answer answer;

    open_with_decisions(ids);
    json_decref(list("?limit=2&account=a", cursor));
    ck_assert_str_ne(cursor, "");
    static const char *const others[] = { "account=b", "account=a&order=asc", "kind=preview", "" };
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        snprintf(path, sizeof path, FOLDER "?%s&cursor=%s", others[i], cursor);
        fetch(path, ROLE_AUDIT, NULL, 400, &answer);
        api_forget(&answer);
    }
    snprintf(path, sizeof path, FOLDER "?limit=9&account=a&cursor=%s", cursor);
    fetch(path, ROLE_AUDIT, NULL, 200, &answer);
    ck_assert_uint_eq(json_array_size(json_object_get(answer.json, "items")), 2);
    api_forget(&answer);
    api_close();
}
END_TEST

/* The line after `at`, without its end; NULL: no more. */
static char *
next_line(char **at)
{
    char *line = *at, *end = line ? strchr(line, '\n') : NULL;

    if (!end)
        return NULL;
    *end = '\0';
    *at  = end + 1;
    return line;
}

START_TEST(export_holds_each_record_and_ends_with_a_trailer)
{
    char              ids[MADE][DECISION_ID_MAX], path[PATH_ROOM];
    struct api_answer answer, one;
    size_t            decisions = 0, documents = 0, trailers = 0;
    int64_t           half = 0;

    open_with_decisions(ids);
    fetch(FOLDER "/export?documents=true", ROLE_AUDIT, NULL, 200, &answer);
    char *at = answer.http.body;
    for (char *line; (line = next_line(&at));) {
        ck_assert_uint_eq(trailers, 0);
        json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_msg(json != NULL, "%s", line);
        documents += json_object_get(json, "document") != NULL;
        trailers  += json_object_get(json, "trailer") != NULL;
        if (json_object_get(json, "record")) {
            ck_assert_str_eq(json_string_value(json_object_get(json, "id")), ids[decisions]);
            const json_t *record = json_object_get(json, "record");
            ck_assert_str_eq(json_string_value(json_object_get(record, "id")), ids[decisions]);
            ck_assert_uint_eq(strlen(json_string_value(json_object_get(json, "salt"))), 64);
            decisions++;
            if (decisions == MADE / 2)
                half = json_integer_value(json_object_get(json, "index"));
        }
        if (trailers)
            ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(json, "trailer"),
                                                                "count")), MADE);
        json_decref(json);
    }
    ck_assert_uint_eq(decisions, MADE);
    ck_assert_uint_eq(documents, 2);          /* one version of parameters, one state */
    ck_assert_uint_eq(trailers, 1);
    api_forget(&answer);
    snprintf(path, sizeof path, FOLDER "/export?from_index=%lld", (long long)half + 1);
    fetch(path, ROLE_AUDIT, NULL, 200, &one);
    ck_assert_ptr_null(strstr(one.http.body, ids[MADE / 2 - 1]));
    ck_assert_ptr_nonnull(strstr(one.http.body, ids[MADE / 2]));
    ck_assert_ptr_nonnull(strstr(one.http.body, "{\"trailer\":{\"count\":6,"));
    api_forget(&one);
    api_close();
}
END_TEST

/* It has no version of parameters. */
START_TEST(decision_under_rules_of_its_own_is_found_and_exported)
{
    struct api_answer preset, answer;
    char              cursor[65];

    api_open_another(false);
    fetch("/v1/presets/breakwater", ROLE_ANYONE, NULL, 200, &preset);
    size_t room = preset.http.count + 256;
    char  *body = malloc(room);
    ck_assert_ptr_nonnull(body);
    snprintf(body, room, "{\"parameters\":%s,\"account\":{\"id\":\"own\",\"cash\":\"1\"},"
                         "\"state\":{\"prices\":{\"ETH\":\"1\"}}}", preset.http.body);
    struct api_request request = { .method = "POST", .path = "/v1/previews", .key = API_EVERY_ROLE,
                                   .body = body, .is_direct = true };
    api_call(&request, &answer);
    ck_assert_msg(answer.http.status == 201, "%.500s", answer.http.body);
    api_forget(&answer);
    wait_for(1);
    json_t *items = list("?account=own", cursor);
    ck_assert_uint_eq(json_array_size(items), 1);
    ck_assert(json_is_null(json_object_get(json_array_get(items, 0), "parameters_version")));
    json_decref(items);
    fetch(FOLDER "/export", ROLE_AUDIT, NULL, 200, &answer);
    ck_assert_ptr_nonnull(strstr(answer.http.body, "\"parameters_version\":null"));
    ck_assert_ptr_nonnull(strstr(answer.http.body, "{\"trailer\":{\"count\":1,"));
    api_forget(&answer);
    fetch(FOLDER "/export", ROLE_AUDIT, "Accept: text/csv\r\n", 200, &answer);
    ck_assert_ptr_nonnull(strstr(answer.http.body, "# count=1 "));
    api_forget(&answer);
    api_forget(&preset);
    free(body);
    api_close();
}
END_TEST

START_TEST(cells_that_a_spreadsheet_would_run_are_escaped)
{
    char              ids[MADE][DECISION_ID_MAX];
    struct api_answer answer;

    open_with_decisions(ids);
    postgres_run(api_running()->url,
                 "ALTER TABLE audit.search DISABLE TRIGGER ALL;"
                 "UPDATE audit.search SET account = '=HYPERLINK(\"x\",1)' WHERE account = 'e';"
                 "UPDATE audit.search SET account = '-1' WHERE account = 'b'");
    fetch(FOLDER "/export", ROLE_AUDIT, "Accept: text/csv\r\n", 200, &answer);
    ck_assert_msg(!strncmp(answer.http.body, "index,id,kind,market,account,", 29), "%s",
                  answer.http.body);
    ck_assert_ptr_nonnull(strstr(answer.http.body, ",eth-usd,\"'=HYPERLINK(\"\"x\"\",1)\","));
    ck_assert_ptr_nonnull(strstr(answer.http.body, ",eth-usd,'-1,"));
    ck_assert_ptr_nonnull(strstr(answer.http.body, "\r\n# count=12 tree_size="));
    api_forget(&answer);
    api_close();
}
END_TEST

START_TEST(each_decision_is_computed_again_to_the_byte)
{
    char              ids[MADE][DECISION_ID_MAX], path[PATH_ROOM];
    struct api_answer answer;

    open_with_decisions(ids);
    for (size_t i = 0; i < MADE; i++) {
        snprintf(path, sizeof path, FOLDER "/%.64s/replay", ids[i]);
        fetch(path, i % 2 ? ROLE_AUDIT : ROLE_PREVIEW, NULL, 200, &answer);
        ck_assert_msg(json_is_true(json_object_get(answer.json, "identical")), "%s",
                      answer.http.body);
        ck_assert_uint_eq(json_array_size(json_object_get(answer.json, "differences")), 0);
        api_forget(&answer);
    }
    fetch(path, API_OTHER, NULL, 404, &answer);
    api_forget(&answer);
    api_close();
}
END_TEST

/* The record is changed behind the service's back: what it says now is not what the rules give. */
START_TEST(replay_names_what_differs_and_the_engine)
{
    char              ids[MADE][DECISION_ID_MAX], path[PATH_ROOM];
    struct api_answer answer;

    open_with_decisions(ids);
    postgres_run(api_running()->url,
                 "ALTER TABLE audit.body DISABLE TRIGGER ALL; UPDATE audit.body SET record ="
                 " convert_to(replace(replace(convert_from(record, 'UTF8'),"
                 " '\"status\":\"healthy\"', '\"status\":\"frail\"'), '\"build\":\"test\"',"
                 " '\"build\":\"older\"'), 'UTF8')");
    snprintf(path, sizeof path, FOLDER "/%.64s/replay", ids[0]);
    fetch(path, ROLE_AUDIT, NULL, 200, &answer);
    json_t *expected = api_json("{'identical':false,'recorded_by':{'build':'older'},"
                                "'replayed_by':{'build':'test'},'differences':[{'pointer':"
                                "'/figures/health/status','recorded':'\\'frail\\'',"
                                "'replayed':'\\'healthy\\''}]}");
    ck_assert_msg(api_contains(answer.json, expected), "%s", answer.http.body);
    json_decref(expected);
    api_forget(&answer);
    api_close();
}
END_TEST

START_TEST(decisions_without_their_state_cannot_be_computed_again)
{
    char              ids[MADE][DECISION_ID_MAX], path[PATH_ROOM];
    struct api_answer answer;

    open_with_decisions(ids);
    postgres_run(api_running()->url, "DELETE FROM breakwater.kept");
    snprintf(path, sizeof path, FOLDER "/%.64s/replay", ids[0]);
    fetch(path, ROLE_AUDIT, NULL, 404, &answer);
    api_forget(&answer);
    api_close();
}
END_TEST

/* The exit status of the command, and all that it said. */
static int
run_replay(const char *environment, const char *arguments, char said[static SAID_MAX])
{
    const char *program = getenv("BREAKWATER_PROGRAM");
    char        line[PATH_ROOM * 2];

    snprintf(line, sizeof line, "%s %s replay %s 2>&1", environment,
             program ? program : "build/breakwater", arguments);
    FILE *pipe = popen(line, "r");
    ck_assert_ptr_nonnull(pipe);
    size_t count = fread(said, 1, SAID_MAX - 1, pipe);
    said[count] = '\0';
    return WEXITSTATUS(pclose(pipe));
}

static void
write_file(const char *path, const char *bytes, size_t count)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
    fclose(file);
}

START_TEST(command_computes_an_export_again_without_a_database)
{
    char              ids[MADE][DECISION_ID_MAX], scratch[POSTGRES_PATH_MAX], path[PATH_ROOM];
    char              said[SAID_MAX], environment[PATH_ROOM];
    struct api_answer answer;

    open_with_decisions(ids);
    postgres_scratch(scratch);
    snprintf(path, sizeof path, "%s/export.ndjson", scratch);
    snprintf(environment, sizeof environment, "BREAKWATER_DATABASE_URL='%s'",
             api_running()->url);
    fetch(FOLDER "/export?documents=true", ROLE_AUDIT, NULL, 200, &answer);
    write_file(path, answer.http.body, answer.http.count);
    ck_assert_msg(run_replay("", path, said) == 0, "%s", said);
    ck_assert_msg(strstr(said, "12 decisions: 12 identical, 0 different, 0 that") != NULL, "%s",
                  said);
    ck_assert_msg(run_replay(environment, "--threads 3", said) == 0, "%s", said);
    ck_assert_msg(strstr(said, "12 decisions: 12 identical") != NULL, "%s", said);
    ck_assert_msg(run_replay(environment, "--to 2026-01-01T00:00:00Z", said) == 0, "%s", said);
    ck_assert_msg(strstr(said, "\n0 decisions") || !strncmp(said, "0 decisions", 11), "%s", said);

    write_file(path, answer.http.body, answer.http.count - 40);       /* cut off in its trailer */
    ck_assert_msg(run_replay("", path, said) == 1, "%s", said);
    ck_assert_msg(strstr(said, "no trailer") != NULL, "%s", said);

    char *ratio = strstr(answer.http.body, "\"status\":\"healthy\"},\"liquidation_prices\"");
    ratio = ratio ? ratio : strstr(answer.http.body, "\"maintenance\":\"");
    ck_assert_ptr_nonnull(ratio);
    ratio[1] = 'x';
    write_file(path, answer.http.body, answer.http.count);
    ck_assert_msg(run_replay("", path, said) == 1, "%s", said);
    ck_assert_msg(strstr(said, "11 identical, 1 different") != NULL, "%s", said);
    ck_assert_msg(strstr(said, "/figures/") != NULL, "%s", said);
    api_forget(&answer);

    fetch(FOLDER "/export", ROLE_AUDIT, NULL, 200, &answer);          /* without documents */
    write_file(path, answer.http.body, answer.http.count);
    ck_assert_msg(run_replay("", path, said) == 1, "%s", said);
    ck_assert_msg(strstr(said, "12 that cannot be computed again") != NULL, "%s", said);
    api_forget(&answer);
    api_close();
}
END_TEST

/* A step of a plan that sorts, and how many rows it was given. */
static void
see_step(const char *const *values, void *context)
{
    const char *sort = strstr(values[0], "Sort");
    const char *rows = strstr(values[0], "rows=");

    if (sort && !strstr(values[0], "Sort Key") && !strstr(values[0], "Sort Method") && rows)
        *(double *)context += strtod(rows + 5, NULL);
}

enum { FLAGS = 7, EXPLAIN_MAX = 2 * DECISIONS_SQL_MAX };

/* The argument $which of a search with these filters. */
static const char *
argument(unsigned bits, long which)
{
    static const char *const fixed[]        = { "0", "150000", "101" };
    static const char *const values[FLAGS] = { "'preview'", "'m1'", "'a77'", "'liquidatable'", "2",
                                               "1000000", "140000000000" };
    long seen = 3;

    if (which <= seen)
        return fixed[which - 1];
    for (int flag = 0; flag < FLAGS; flag++)
        if (bits >> flag & 1 && ++seen == which)
            return values[flag];
    ck_abort_msg("there is no $%ld", which);
}

static void
fill_in(const char *sql, unsigned bits, char explain[static EXPLAIN_MAX])
{
    size_t count = (size_t)snprintf(explain, EXPLAIN_MAX, "EXPLAIN ");

    while (*sql) {
        size_t plain = strcspn(sql, "$");
        count += (size_t)snprintf(explain + count, EXPLAIN_MAX - count, "%.*s", (int)plain, sql);
        sql += plain;
        if (!*sql)
            break;
        char *end;
        long  which = strtol(sql + 1, &end, 10);
        count += (size_t)snprintf(explain + count, EXPLAIN_MAX - count, "%s",
                                  argument(bits, which));
        sql = end;
    }
}

/* 150,000 rows, of which no search sorts more than a tenth: what matches many comes in the index's
 * order, what matches few is sorted. */
START_TEST(no_search_sorts_everything)
{
    enum { ROWS = 150000 };
    struct opened opened;
    char          sql[DECISIONS_SQL_MAX], explain[EXPLAIN_MAX];

    opened_fresh(&opened);
    postgres_run(opened.url,
        "INSERT INTO audit.search (idx, kind, id, operation, market, account, actor, ts,"
        " parameters_version, status) SELECT i, 'decision', 'dec_' || i,"
        " (ARRAY['preview','penalty'])[1 + i % 2], 'm' || i % 3, 'a' || i % 5000, 'k',"
        " i * 1000000::bigint,"
        " 1 + i / 50000, (ARRAY['healthy','healthy','healthy','healthy','liquidatable'])[1 + i % 5]"
        " FROM generate_series(0, 149999) i; ANALYZE audit.search");
    for (unsigned bits = 0; bits < 1u << FLAGS; bits++) {
        struct decision_filter filter = {
            .kind    = bits & 1 ? "preview" : NULL,
            .market  = bits & 2 ? "m1" : NULL,
            .account = bits & 4 ? "a77" : NULL,
            .status  = bits & 8 ? "liquidatable" : NULL,
            .parameters_version = bits & 16 ? 2 : INTEGER_NONE,
            .from_us = bits & 32 ? 1000000 : INSTANT_NONE,
            .to_us   = bits & 64 ? INT64_C(140000000000) : INSTANT_NONE,
        };
        decisions_sql(&filter, bits % 2, false, sql);
        fill_in(sql, bits, explain);
        double sorted = 0;
        postgres_rows(opened.url, explain, see_step, &sorted);
        ck_assert_msg(sorted < ROWS / 10.0, "%u sorts %.0f rows: %s", bits, sorted, explain);
    }
    opened_close(&opened);
}
END_TEST

void
api_decisions_add_apart(TCase *tcase)
{
    tcase_add_test(tcase, decisions_are_found_by_each_filter);
    tcase_add_loop_test(tcase, pages_hold_still_while_the_log_grows, 0, 2);
    tcase_add_test(tcase, cursor_of_another_search_is_refused);
    tcase_add_test(tcase, export_holds_each_record_and_ends_with_a_trailer);
    tcase_add_test(tcase, decision_under_rules_of_its_own_is_found_and_exported);
    tcase_add_test(tcase, cells_that_a_spreadsheet_would_run_are_escaped);
    tcase_add_test(tcase, each_decision_is_computed_again_to_the_byte);
    tcase_add_test(tcase, replay_names_what_differs_and_the_engine);
    tcase_add_test(tcase, decisions_without_their_state_cannot_be_computed_again);
    tcase_add_test(tcase, command_computes_an_export_again_without_a_database);
    tcase_add_test(tcase, no_search_sorts_everything);
}
