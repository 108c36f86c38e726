/* The private PostgreSQL: made, found again, taken over, shared, stopped. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/embedded.h"
#include "tests/opened.h"
#include "tests/suite.h"

enum { HOME_MAX = POSTGRES_PATH_MAX + 32 };

static struct embedded *
start(const char *home, enum embedded_use use)
{
    char             why[DATABASE_WHY_MAX] = "";
    struct embedded *embedded = embedded_start(home, use, why);
    ck_assert_msg(embedded != NULL, "%s", why);
    return embedded;
}

static void
assert_refused(const char *home, enum embedded_use use, const char *says)
{
    char why[DATABASE_WHY_MAX] = "";
    ck_assert_ptr_null(embedded_start(home, use, why));
    ck_assert_msg(strstr(why, says) != NULL, "\"%s\" does not say \"%s\"", why, says);
}

static void
make_home(char home[static HOME_MAX])
{
    char scratch[POSTGRES_PATH_MAX];

    postgres_scratch(scratch);
    snprintf(home, HOME_MAX, "%s/a/state", scratch);
}

static pid_t
server_of(const char *home)
{
    char  path[HOME_MAX + 64];
    long  pid = 0;
    snprintf(path, sizeof path, "%s/postgres/data/postmaster.pid", home);
    FILE *file = fopen(path, "r");

    if (file && fscanf(file, "%ld", &pid) != 1)
        pid = 0;
    if (file)
        fclose(file);
    return (pid_t)pid;
}

START_TEST(it_keeps_its_data_and_is_out_of_reach)
{
    char        home[HOME_MAX], path[HOME_MAX + 32];
    struct stat status;

    make_home(home);
    struct embedded *embedded = start(home, EMBEDDED_OWN);
    postgres_run(embedded_url(embedded), "CREATE TABLE t AS SELECT 7 AS x");
    ck_assert_int_eq(postgres_number(embedded_url(embedded), "SELECT count(*) FROM pg_settings WHERE name = 'listen_addresses' AND"
                                                             " setting = ''"), 1);
    ck_assert_int_ne(getsid(server_of(home)), getsid(0));
    snprintf(path, sizeof path, "%s/postgres", home);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0700);
    embedded_stop(embedded);
    ck_assert_int_eq(server_of(home), 0);
    embedded = start(home, EMBEDDED_OWN);
    ck_assert_int_eq(postgres_number(embedded_url(embedded), "SELECT x FROM t"), 7);
    embedded_stop(embedded);
}
END_TEST

/* A service that was killed: its server goes on, its lock does not. */
static void
start_and_die(const char *home)
{
    int   status;
    pid_t pid = fork();

    if (!pid) {
        char why[DATABASE_WHY_MAX];
        if (!embedded_start(home, EMBEDDED_OWN, why))
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status));
}

START_TEST(one_that_a_killed_service_left_behind_is_taken_over)
{
    char home[HOME_MAX];

    make_home(home);
    start_and_die(home);
    pid_t before = server_of(home);
    ck_assert_int_gt(before, 1);
    struct embedded *embedded = start(home, EMBEDDED_OWN);
    ck_assert_int_eq(server_of(home), before);
    ck_assert_int_eq(postgres_number(embedded_url(embedded), "SELECT 1"), 1);

    assert_refused(home, EMBEDDED_OWN, "another breakwater runs on this state directory");
    struct embedded *shared = start(home, EMBEDDED_SHARE);
    embedded_stop(shared);
    ck_assert_int_eq(postgres_number(embedded_url(embedded), "SELECT 1"), 1);
    embedded_stop(embedded);
    ck_assert_int_eq(server_of(home), 0);
}
END_TEST

START_TEST(one_that_was_killed_or_left_a_stale_number_is_started_again)
{
    char  home[HOME_MAX], path[HOME_MAX + 64];
    FILE *file;

    make_home(home);
    struct embedded *embedded = start(home, EMBEDDED_OWN);
    postgres_run(embedded_url(embedded), "CREATE TABLE t AS SELECT 7 AS x");
    kill(server_of(home), SIGKILL);
    embedded_stop(embedded);
    embedded = start(home, EMBEDDED_OWN);
    ck_assert_int_eq(postgres_number(embedded_url(embedded), "SELECT x FROM t"), 7);
    embedded_stop(embedded);

    snprintf(path, sizeof path, "%s/postgres/data/postmaster.pid", home);
    file = fopen(path, "w");
    fprintf(file, "%d\n", (int)getppid());    /* a number that is another program's by now */
    fclose(file);
    embedded = start(home, EMBEDDED_OWN);
    ck_assert_int_eq(postgres_number(embedded_url(embedded), "SELECT x FROM t"), 7);
    embedded_stop(embedded);
}
END_TEST

START_TEST(one_that_dies_under_its_owner_is_started_again)
{
    char home[HOME_MAX];

    make_home(home);
    struct embedded *embedded = start(home, EMBEDDED_OWN);
    pid_t            before = server_of(home);
    kill(before, SIGKILL);
    for (int ms = 0; server_of(home) == before || !postgres_answers(embedded_url(embedded)); ms += 50) {
        ck_assert_int_lt(ms, 20000);
        usleep(50000);
    }
    embedded_stop(embedded);
    ck_assert_int_eq(server_of(home), 0);
}
END_TEST

START_TEST(what_cannot_work_is_said_in_words)
{
    char scratch[POSTGRES_PATH_MAX], home[HOME_MAX], path[HOME_MAX + 200];

    make_home(home);
    snprintf(path, sizeof path, "%s/%0120d", home, 0);
    assert_refused(path, EMBEDDED_OWN, "too long for a socket");
    assert_refused("/proc/nowhere", EMBEDDED_OWN, "/proc/nowhere");
    if (geteuid())
        return;
    postgres_scratch(scratch);
    ck_assert_int_eq(chmod(scratch, 0700), 0);        /* ours, and closed to the server's user */
    snprintf(home, sizeof home, "%s/state", scratch);
    assert_refused(home, EMBEDDED_OWN, "Permission denied");
}
END_TEST

START_TEST(the_state_directory_is_the_setting_or_the_users)
{
    char path[HOME_MAX];

    setenv("BREAKWATER_STATE", "/x/y", 1);
    ck_assert(state_directory(path, sizeof path));
    ck_assert_str_eq(path, "/x/y");
    ck_assert(!state_directory(path, 4));
    unsetenv("BREAKWATER_STATE");
    if (!geteuid()) {
        ck_assert(state_directory(path, sizeof path));
        ck_assert_str_eq(path, "/var/lib/breakwater");
        return;
    }
    setenv("XDG_STATE_HOME", "/s", 1);
    ck_assert(state_directory(path, sizeof path));
    ck_assert_str_eq(path, "/s/breakwater");
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", "/h", 1);
    ck_assert(state_directory(path, sizeof path));
    ck_assert_str_eq(path, "/h/.local/state/breakwater");
}
END_TEST

Suite *
embedded_suite(void)
{
    Suite *suite = suite_create("embedded");
    TCase *tcase = tcase_create("embedded");
    tcase_set_timeout(tcase, 90);
    tcase_add_test(tcase, it_keeps_its_data_and_is_out_of_reach);
    tcase_add_test(tcase, one_that_a_killed_service_left_behind_is_taken_over);
    tcase_add_test(tcase, one_that_was_killed_or_left_a_stale_number_is_started_again);
    tcase_add_test(tcase, one_that_dies_under_its_owner_is_started_again);
    tcase_add_test(tcase, what_cannot_work_is_said_in_words);
    tcase_add_test(tcase, the_state_directory_is_the_setting_or_the_users);
    suite_add_tcase(suite, tcase);
    return suite;
}
