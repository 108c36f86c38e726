/* Settings from an environment that the tests make. */
#include "server/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/suite.h"

enum { VARIABLES_MAX = 8 };

struct outcome {
    struct arena    arena;
    struct settings settings;
    struct faults   faults, warnings;
    bool            is_good;
};

static void
read_environment(struct outcome *outcome, const char *const variables[])
{
    char  *environment[VARIABLES_MAX + 1] = { NULL };
    size_t count = 0;

    arena_open(&outcome->arena, 1 << 20);
    faults_open(&outcome->faults, FAULTS_MAX);
    faults_open(&outcome->warnings, FAULTS_MAX);
    for (; variables[count]; count++)
        environment[count] = arena_copy(&outcome->arena, variables[count],
                                        strlen(variables[count]));
    outcome->is_good = settings_read(environment, &outcome->arena, &outcome->settings,
                                     &outcome->faults, &outcome->warnings);
    ck_assert(outcome->is_good == (outcome->faults.count == 0));
}

#define READ(outcome, ...) read_environment(outcome, (const char *const[]){ __VA_ARGS__, NULL })

START_TEST(without_an_environment_there_are_defaults)
{
    struct outcome outcome;

    READ(&outcome, "HOME=/home/someone");
    ck_assert(outcome.is_good);
    ck_assert_uint_eq(outcome.warnings.count, 0);
    ck_assert_str_eq(outcome.settings.listen, "127.0.0.1:8080");
    ck_assert_ptr_null(outcome.settings.database_url);
    ck_assert_str_eq(outcome.settings.origin, "localhost/audit");
    ck_assert_ptr_null(outcome.settings.cors_origins);
    ck_assert_int_eq(outcome.settings.threads, 2);
    ck_assert_int_eq(outcome.settings.workers, 4);
    ck_assert_int_eq(outcome.settings.connections_max, 2000);
    ck_assert_int_eq(outcome.settings.streams_max, 1000);
    ck_assert_int_eq(outcome.settings.idle_s, 30);
    ck_assert_int_eq(outcome.settings.bodies_bytes_max, INT64_C(256) * 1024 * 1024);
    ck_assert_int_eq(outcome.settings.queue_max, 10000);
    ck_assert_int_eq(outcome.settings.log, LOG_REQUESTS);
    ck_assert_int_eq(outcome.settings.record, RECORDING_ON);
    arena_close(&outcome.arena);
}
END_TEST

START_TEST(each_variable_sets_its_member)
{
    struct outcome outcome;

    READ(&outcome, "BREAKWATER_LISTEN=[::1]:9", "BREAKWATER_DATABASE_URL=postgresql://a:b@c/d?x=y",
         "BREAKWATER_THREADS=8", "BREAKWATER_LOG=none", "BREAKWATER_RECORD=off",
         "BREAKWATER_STATE=/x", "BREAKWATER_CORS_ORIGINS=https://a,https://b");
    ck_assert(outcome.is_good);
    ck_assert_str_eq(outcome.settings.listen, "[::1]:9");
    ck_assert_str_eq(outcome.settings.database_url, "postgresql://a:b@c/d?x=y");
    ck_assert_int_eq(outcome.settings.threads, 8);
    ck_assert_int_eq(outcome.settings.log, LOG_NONE);
    ck_assert_int_eq(outcome.settings.record, RECORDING_OFF);
    ck_assert_str_eq(outcome.settings.state, "/x");
    ck_assert_str_eq(outcome.settings.cors_origins, "https://a,https://b");
    arena_close(&outcome.arena);
}
END_TEST

START_TEST(an_empty_variable_is_not_set)
{
    struct outcome outcome;

    READ(&outcome, "HOME=/h", "BREAKWATER_DATABASE_URL=", "BREAKWATER_THREADS=");
    ck_assert(outcome.is_good);
    ck_assert_ptr_null(outcome.settings.database_url);
    ck_assert_int_eq(outcome.settings.threads, 2);
    arena_close(&outcome.arena);
}
END_TEST

/* What is said must hold the variable's name and its bounds, and no secret. */
static const struct { const char *variable, *pointer, *detail; } refusals[] = {
    { "BREAKWATER_THREADS=0",            "BREAKWATER_THREADS", "from 1 to 64" },
    { "BREAKWATER_THREADS=65",           "BREAKWATER_THREADS", "from 1 to 64" },
    { "BREAKWATER_THREADS=two",          "BREAKWATER_THREADS", "an integer" },
    { "BREAKWATER_THREADS= 2",           "BREAKWATER_THREADS", "an integer" },
    { "BREAKWATER_QUEUE_MAX=-1",         "BREAKWATER_QUEUE_MAX", "from 1 to 1000000" },
    { "BREAKWATER_IDLE_S=99999999999999999999", "BREAKWATER_IDLE_S", "from 1 to 3600" },
    { "BREAKWATER_LOG=loud",             "BREAKWATER_LOG", "\"none\", \"events\" or \"requests\"" },
    { "BREAKWATER_RECORD=true",          "BREAKWATER_RECORD", "\"off\" or \"on\"" },
    { "BREAKWATER_DATABASE_URL=secret\xFF", "BREAKWATER_DATABASE_URL", "UTF-8" },
    { "BREAKWATER_DATABASE_URL_FILE=/nowhere/at/all", "BREAKWATER_DATABASE_URL_FILE",
      "/nowhere/at/all: No such file" },
};

START_TEST(each_refusal_names_its_variable)
{
    struct outcome outcome;

    READ(&outcome, "HOME=/h", refusals[_i].variable);
    ck_assert(!outcome.is_good);
    ck_assert_uint_eq(outcome.faults.count, 1);
    ck_assert_str_eq(outcome.faults.items[0].pointer, refusals[_i].pointer);
    ck_assert_msg(strstr(outcome.faults.items[0].detail, refusals[_i].detail) != NULL, "%s",
                  outcome.faults.items[0].detail);
    ck_assert_ptr_null(strstr(outcome.faults.items[0].detail, "secret"));
    arena_close(&outcome.arena);
}
END_TEST

START_TEST(unknown_variables_are_warned_of)
{
    struct outcome outcome;

    READ(&outcome, "HOME=/h", "BREAKWATER_THREAD=4", "BREAKWATERS=1", "BREAKWATER_",
         "BREAKWATER_LISTEN_FILES=1");
    ck_assert(outcome.is_good);
    ck_assert_uint_eq(outcome.warnings.count, 3);
    ck_assert_str_eq(outcome.warnings.items[0].pointer, "BREAKWATER_THREAD");
    ck_assert_str_eq(outcome.warnings.items[1].pointer, "BREAKWATER_");
    ck_assert_str_eq(outcome.warnings.items[2].pointer, "BREAKWATER_LISTEN_FILES");
    arena_close(&outcome.arena);
}
END_TEST

static void
write_file(char path[static 32], const char *bytes, size_t count)
{
    snprintf(path, 32, "/tmp/settings.XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    for (size_t written = 0; written < count;) {
        ssize_t more = write(fd, bytes + written, count - written);
        ck_assert_int_gt((int)more, 0);
        written += (size_t)more;
    }
    close(fd);
}

static void
read_with_file(struct outcome *outcome, const char *bytes, size_t count, const char *beside)
{
    char path[32], variable[80];

    write_file(path, bytes, count);
    snprintf(variable, sizeof variable, "BREAKWATER_DATABASE_URL_FILE=%s", path);
    READ(outcome, "HOME=/h", variable, beside);
    unlink(path);
}

START_TEST(a_file_may_hold_the_value)
{
    struct outcome outcome;

    read_with_file(&outcome, "host=h password=p\r\n\n", 20, NULL);
    ck_assert(outcome.is_good);
    ck_assert_str_eq(outcome.settings.database_url, "host=h password=p");
    arena_close(&outcome.arena);
}
END_TEST

START_TEST(a_variable_and_its_file_do_not_stand_together)
{
    struct outcome outcome;

    read_with_file(&outcome, "a", 1, "BREAKWATER_DATABASE_URL=b");
    ck_assert(!outcome.is_good);
    ck_assert_str_eq(outcome.faults.items[0].pointer, "BREAKWATER_DATABASE_URL");
    ck_assert_ptr_nonnull(strstr(outcome.faults.items[0].detail, "BREAKWATER_DATABASE_URL_FILE"));
    arena_close(&outcome.arena);
}
END_TEST

START_TEST(a_file_has_a_bound)
{
    struct outcome outcome;
    char          *bytes = calloc(1, 20000);

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 'x', 20000);
    read_with_file(&outcome, bytes, 16384, NULL);   /* within the file's, past the variable's */
    ck_assert(!outcome.is_good);
    ck_assert_ptr_nonnull(strstr(outcome.faults.items[0].detail, "1 to 4096 bytes"));
    arena_close(&outcome.arena);
    read_with_file(&outcome, bytes, 20000, NULL);
    ck_assert(!outcome.is_good);
    ck_assert_ptr_nonnull(strstr(outcome.faults.items[0].detail, "more than 16384 bytes"));
    arena_close(&outcome.arena);
    free(bytes);
}
END_TEST

START_TEST(an_empty_file_is_refused)
{
    struct outcome outcome;

    read_with_file(&outcome, "\n", 1, NULL);
    ck_assert(!outcome.is_good);
    ck_assert_str_eq(outcome.faults.items[0].pointer, "BREAKWATER_DATABASE_URL_FILE");
    arena_close(&outcome.arena);
}
END_TEST

START_TEST(the_state_has_a_folder_of_its_own)
{
    static const struct { const char *xdg, *home, *expect; } rows[] = {
        { "XDG_STATE_HOME=/s", "HOME=/h", "/s/breakwater" },
        { "XDG_STATE_HOME=s", "HOME=/h", "/h/.local/state/breakwater" },
        { "XDG_STATE_HOME=", "HOME=/h", "/h/.local/state/breakwater" },
        { "A=", "HOME=", NULL },
    };
    struct outcome outcome;

    READ(&outcome, rows[_i].xdg, rows[_i].home);
    if (geteuid() == 0)
        ck_assert_str_eq(outcome.settings.state, "/var/lib/breakwater");
    else
        ck_assert_pstr_eq(outcome.settings.state, rows[_i].expect);
    ck_assert(outcome.is_good == (outcome.settings.state != NULL));
    arena_close(&outcome.arena);
}
END_TEST

Suite *
settings_suite(void)
{
    Suite *suite = suite_create("settings");
    TCase *tcase = tcase_create("settings");

    tcase_add_test(tcase, without_an_environment_there_are_defaults);
    tcase_add_test(tcase, each_variable_sets_its_member);
    tcase_add_test(tcase, an_empty_variable_is_not_set);
    tcase_add_loop_test(tcase, each_refusal_names_its_variable, 0, (int)COUNT_OF(refusals));
    tcase_add_test(tcase, unknown_variables_are_warned_of);
    tcase_add_test(tcase, a_file_may_hold_the_value);
    tcase_add_test(tcase, a_variable_and_its_file_do_not_stand_together);
    tcase_add_test(tcase, a_file_has_a_bound);
    tcase_add_test(tcase, an_empty_file_is_refused);
    tcase_add_loop_test(tcase, the_state_has_a_folder_of_its_own, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}
