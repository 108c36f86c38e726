/* What is wrong with a connection string is told, and nothing of it is repeated. */
#include "db/url.h"

#include <string.h>

#include "record/record.h"
#include "tests/suite.h"

static const char *const good[] = {
    "host=/run/postgresql dbname=breakwater user=breakwater password=hunter2",
    "host=a,b port=5432,5433 target_session_attrs=read-write",
    "postgresql://me:hunter2@db.example:5432/breakwater?sslmode=verify-full",
    "postgres://me%40example:hunt%40er%2F2@[::1]/breakwater",
    "postgresql:///breakwater?host=/run/postgresql",
    "breakwater",
};

/* Each repeats a part of the password "hunter2..." or of what stands beside it in libpq's own words. */
static const struct { const char *url, *told; } bad[] = {
    { "postgresql://me:swordfish@hunter2@db.example/x",   "write %40 for @" },
    { "postgresql://me:swordfish/hunter2@db.example/x",   "write %40 for @" },
    { "postgresql://me:pass%hunter2@db.example/x",        "invalid percent-encoded token" },
    { "postgresql://me:pass@[hunter2/x",                  "not well formed" },
    { "postgresql://me@db.example/x?hunter2=1",           "invalid URI query parameter" },
    { "host=db.example password=swordfish hunter2",       "missing" },
    { "host=db.example password='hunter2",                "unterminated quoted string" },
    { "host=db.example hunter2=swordfish",                "invalid connection option" },
    { "host=db.example port=hunter2",                     "host, port or database's name" },
};

START_TEST(good_ones_pass)
{
    char why[DATABASE_WHY_MAX] = "";
    ck_assert_msg(url_check(good[_i], why), "%s: %s", good[_i], why);
}
END_TEST

START_TEST(bad_ones_are_told_without_their_words)
{
    char why[DATABASE_WHY_MAX] = "";

    ck_assert(!url_check(bad[_i].url, why));
    ck_assert_msg(strstr(why, bad[_i].told) != NULL, "%s: %s", bad[_i].url, why);
    ck_assert_msg(!strstr(why, "hunter2") && !strstr(why, "swordfish"), "%s", why);
}
END_TEST

Suite *
url_suite(void)
{
    Suite *suite = suite_create("url");
    TCase *tcase = tcase_create("url");
    tcase_add_loop_test(tcase, good_ones_pass, 0, COUNT_OF(good));
    tcase_add_loop_test(tcase, bad_ones_are_told_without_their_words, 0, COUNT_OF(bad));
    suite_add_tcase(suite, tcase);
    return suite;
}
