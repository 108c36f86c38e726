/* Which operation a method and a path name. */
#include "server/route.h"

#include <stdio.h>
#include <string.h>

#include "server/percent.h"
#include "tests/suite.h"

static const struct route table[] = {
    { .method = "GET",    .path = "/",                          .operation = "root" },
    { .method = "POST",   .path = "/v1/previews",               .operation = "preview" },
    { .method = "POST",   .path = "/v1/previews/batch",         .operation = "batch" },
    { .method = "GET",    .path = "/v1/decisions",              .operation = "list" },
    { .method = "GET",    .path = "/v1/decisions/export",       .operation = "export" },
    { .method = "GET",    .path = "/v1/decisions/{id}",         .operation = "decision" },
    { .method = "GET",    .path = "/v1/decisions/{id}/replay",  .operation = "replay" },
    { .method = "GET",    .path = "/v1/markets/{market}/x/{b}", .operation = "two" },
    { .method = "PUT",    .path = "/v1/snapshots/{market}",     .operation = "put" },
    { .method = "GET",    .path = "/v1/snapshots/{sha256}",     .operation = "get" },
    { .method = "POST",   .path = "/v1/snapshots/{market}",     .operation = "post" },
    { .method = "GET",    .path = "/log/tile/{rest*}",          .operation = "tile" },
    { .path = NULL },
};

static const struct {
    const char  *method, *path;
    enum problem problem;
    const char  *operation;               /* or, of WRONG_METHOD, what is allowed */
    const char  *first, *second;
} rows[] = {
    { "GET",  "/",                          PROBLEM_NONE, "root", NULL, NULL },
    { "HEAD", "/",                          PROBLEM_NONE, "root", NULL, NULL },
    { "POST", "/v1/previews",               PROBLEM_NONE, "preview", NULL, NULL },
    { "POST", "/v1/previews/batch",         PROBLEM_NONE, "batch", NULL, NULL },
    { "GET",  "/v1/decisions/export",       PROBLEM_NONE, "export", NULL, NULL },
    { "GET",  "/v1/decisions/exports",      PROBLEM_NONE, "decision", "exports", NULL },
    { "GET",  "/v1/decisions/dec_1",        PROBLEM_NONE, "decision", "dec_1", NULL },
    { "GET",  "/v1/decisions/dec_1/replay", PROBLEM_NONE, "replay", "dec_1", NULL },
    { "GET",  "/v1/markets/eth-usd/x/y",    PROBLEM_NONE, "two", "eth-usd", "y" },
    { "GET",  "/v1/markets/%65th/x/a%2fb",  PROBLEM_NONE, "two", "eth", "a/b" },
    { "GET",  "/log/tile/0/x001/067.p/8",   PROBLEM_NONE, "tile", "0/x001/067.p/8", NULL },
    { "GET",  "/log/tile/0",                PROBLEM_NONE, "tile", "0", NULL },
    { "PUT",  "/v1/snapshots/m",            PROBLEM_NONE, "put", "m", NULL },
    { "POST", "/v1/snapshots/m",            PROBLEM_NONE, "post", "m", NULL },
    { "GET",  "",                           PROBLEM_NO_SUCH_ROUTE, NULL, NULL, NULL },
    { "GET",  "*",                          PROBLEM_NO_SUCH_ROUTE, NULL, NULL, NULL },
    { "GET",  "/v1",                        PROBLEM_NO_SUCH_ROUTE, NULL, NULL, NULL },
    { "GET",  "/v1/decisions/",             PROBLEM_NO_SUCH_ROUTE, NULL, NULL, NULL },
    { "GET",  "/v1/decisions//replay",      PROBLEM_NO_SUCH_ROUTE, NULL, NULL, NULL },
    { "GET",  "/v1/decisions/a/b",          PROBLEM_NO_SUCH_ROUTE, NULL, NULL, NULL },
    { "GET",  "/v1/decisions/a/replay/",    PROBLEM_NO_SUCH_ROUTE, NULL, NULL, NULL },
    { "GET",  "/log/tile/",                 PROBLEM_NO_SUCH_ROUTE, NULL, NULL, NULL },
    { "GET",  "/V1/decisions",              PROBLEM_NO_SUCH_ROUTE, NULL, NULL, NULL },
    { "GET",  "/v1/decisions/a%zz",         PROBLEM_NO_SUCH_ROUTE, NULL, NULL, NULL },
    { "GET",  "/v1/decisions/a%",           PROBLEM_NO_SUCH_ROUTE, NULL, NULL, NULL },
    { "GET",  "/v1/decisions/a%00",         PROBLEM_NO_SUCH_ROUTE, NULL, NULL, NULL },
    { "GET",  "/v1/decisions/a%ff",         PROBLEM_NO_SUCH_ROUTE, NULL, NULL, NULL },
    { "GET",  "/log/tile/%ed%a0%80",        PROBLEM_NO_SUCH_ROUTE, NULL, NULL, NULL },
    { "GET",  "/log/tile/%c3%a9",           PROBLEM_NONE, "tile", "\xC3\xA9", NULL },
    { "get",  "/",                          PROBLEM_WRONG_METHOD, "GET, HEAD", NULL, NULL },
    { "GET",  "/v1/previews",               PROBLEM_WRONG_METHOD, "POST", NULL, NULL },
    { "HEAD", "/v1/previews",               PROBLEM_WRONG_METHOD, "POST", NULL, NULL },
    { "POST", "/v1/decisions/export",       PROBLEM_WRONG_METHOD, "GET, HEAD", NULL, NULL },
    { "DELETE", "/v1/snapshots/m",          PROBLEM_WRONG_METHOD, "PUT, GET, HEAD, POST", NULL, NULL },
};

static void
check_arg(const char *found, const char *expected)
{
    if (expected)
        ck_assert_pstr_eq(found, expected);
    else
        ck_assert_ptr_null(found);
}

START_TEST(each_path_finds_its_row)
{
    const char  *args[ROUTE_ARGS_MAX];
    char         path[64], allow[64];
    enum problem problem;

    snprintf(path, sizeof path, "%s", rows[_i].path);
    const struct route *route = route_find(table, rows[_i].method, path, args, allow, sizeof allow, &problem);
    ck_assert_int_eq(problem, rows[_i].problem);
    if (problem == PROBLEM_NONE) {
        ck_assert_str_eq(route->operation, rows[_i].operation);
        check_arg(args[0], rows[_i].first);
        check_arg(args[1], rows[_i].second);
        return;
    }
    ck_assert_ptr_null(route);
    if (problem == PROBLEM_WRONG_METHOD)
        ck_assert_str_eq(allow, rows[_i].operation);
}
END_TEST

START_TEST(a_short_buffer_cuts_what_is_allowed)
{
    const char  *args[ROUTE_ARGS_MAX];
    char         path[] = "/v1/snapshots/m", allow[9];
    enum problem problem;

    ck_assert_ptr_null(route_find(table, "DELETE", path, args, allow, sizeof allow, &problem));
    ck_assert_str_eq(allow, "PUT, GET");
}
END_TEST

START_TEST(each_problem_is_found_by_its_slug)
{
    for (int i = PROBLEM_NONE + 1; i < PROBLEM_COUNT; i++) {
        const struct problem_info *info = problem_info((enum problem)i);
        ck_assert_ptr_eq(problem_find(info->slug), info);
        ck_assert_uint_ge(info->status, 400);
        ck_assert_uint_lt(info->status, 600);
        ck_assert_uint_gt(strlen(info->slug), 0);
        ck_assert_uint_lt(strlen(info->slug), 40);
        ck_assert_uint_eq(strspn(info->slug, "abcdefghijklmnopqrstuvwxyz-"), strlen(info->slug));
        ck_assert_uint_gt(strlen(info->title), 10);
    }
    ck_assert_ptr_null(problem_find(""));
    ck_assert_ptr_null(problem_find("none"));
}
END_TEST

START_TEST(each_role_has_a_name)
{
    for (int i = 0; i < ROLE_COUNT; i++)
        ck_assert_ptr_nonnull(role_names[i]);
    ck_assert_ptr_null(role_names[ROLE_COUNT]);
    ck_assert_str_eq(role_names[ROLE_GUARD], "guard");
}
END_TEST

START_TEST(percent_encoding_is_decoded)
{
    static const struct { const char *text, *expect; } texts[] = {
        { "", "" }, { "abc", "abc" }, { "a+b", "a+b" }, { "%41%7a%7E", "Az~" }, { "%25%32%35", "%25" }, { "%C3%A9", "\xC3\xA9" },
        { "%", NULL }, { "%4", NULL }, { "%4g", NULL }, { "%g4", NULL }, { "a%00", NULL }, { "%%41", NULL },
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        char text[16];
        snprintf(text, sizeof text, "%s", texts[i].text);
        ck_assert_msg(percent_decode(text) == (texts[i].expect != NULL), "%s", texts[i].text);
        if (texts[i].expect)
            ck_assert_str_eq(text, texts[i].expect);
    }
}
END_TEST

Suite *
route_suite(void)
{
    Suite *suite = suite_create("route");
    TCase *tcase = tcase_create("routes");

    tcase_add_loop_test(tcase, each_path_finds_its_row, 0, (int)COUNT_OF(rows));
    tcase_add_test(tcase, a_short_buffer_cuts_what_is_allowed);
    tcase_add_test(tcase, each_problem_is_found_by_its_slug);
    tcase_add_test(tcase, each_role_has_a_name);
    tcase_add_test(tcase, percent_encoding_is_decoded);
    suite_add_tcase(suite, tcase);
    return suite;
}
