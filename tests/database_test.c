/* Connections, outcomes, transactions and migrations, on a private PostgreSQL. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/database.h"
#include "db/migration.h"
#include "tests/opened.h"
#include "tests/suite.h"

static const struct { const char *sql; enum outcome outcome; } outcomes[] = {
    { "SELECT 1", OUTCOME_OK },
    { "INSERT INTO breakwater.market VALUES ('m', 'M', 1, 1, 0)", OUTCOME_OK },
    { "INSERT INTO breakwater.market VALUES ('a', '', 1, 1, 0), ('a', '', 1, 1, 0)",
      OUTCOME_CONFLICT },
    { "INSERT INTO breakwater.parameters VALUES"
      " ('none', 1, decode(repeat('00', 32), 'hex'), '', NULL, NULL, 0, 0)", OUTCOME_CONFLICT },
    { "INSERT INTO breakwater.market VALUES ('not a name', '', 1, 1, 0)", OUTCOME_REFUSED },
    { "INSERT INTO breakwater.market VALUES ('a', NULL, 1, 1, 0)", OUTCOME_REFUSED },
    { "SELECT 'x'::bigint", OUTCOME_REFUSED },
    { "SELECT 1 / 0", OUTCOME_REFUSED },
    { "this is not SQL", OUTCOME_REFUSED },
    /* two statements in one: not with arguments */
    { "SET statement_timeout = 1; SELECT pg_sleep(5)", OUTCOME_REFUSED },
    { "DO $$ BEGIN RAISE EXCEPTION SQLSTATE '40001'; END $$", OUTCOME_RETRY },
    { "DO $$ BEGIN RAISE EXCEPTION SQLSTATE '53100'; END $$", OUTCOME_CLOSED },
    { "DO $$ BEGIN RAISE EXCEPTION SQLSTATE '25006'; END $$", OUTCOME_CLOSED },
    { "DELETE FROM audit.event", OUTCOME_REFUSED },
    { "UPDATE audit.event SET kind = 'x'", OUTCOME_REFUSED },
    { "TRUNCATE audit.body", OUTCOME_REFUSED },
    { "DELETE FROM breakwater.parameters", OUTCOME_REFUSED },
    { "SELECT pg_terminate_backend(pg_backend_pid())", OUTCOME_AWAY },
};

START_TEST(answers_are_few_outcomes)
{
    struct opened opened;

    opened_fresh(&opened);
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        enum outcome outcome = run_command(&opened.connection, outcomes[i].sql, NULL, 0, NULL);
        ck_assert_msg(outcome == outcomes[i].outcome, "%s: %d, not %d (%s)", outcomes[i].sql,
                      (int)outcome, (int)outcomes[i].outcome, opened.connection.why);
    }
    ck_assert(!connection_is_up(&opened.connection));
    ck_assert_int_eq(run_command(&opened.connection, "SELECT 1", NULL, 0, NULL), OUTCOME_AWAY);
    opened_close(&opened);
}
END_TEST

START_TEST(a_statement_that_takes_too_long_is_cut_off)
{
    char              why[DATABASE_WHY_MAX] = "";
    char              url[POSTGRES_URL_MAX];
    struct connection connection;

    postgres_fresh(url);
    struct database_settings settings = { .url = url, .statement_ms = 2000 };
    struct database         *database = database_open(&settings, why);
    ck_assert_msg(database != NULL, "%s", why);
    ck_assert(connection_open(&connection, database));
    ck_assert_int_eq(run_command(&connection, "SET statement_timeout = 50", NULL, 0, NULL),
                     OUTCOME_OK);
    ck_assert_int_eq(run_command(&connection, "SELECT pg_sleep(5)", NULL, 0, NULL), OUTCOME_CLOSED);
    ck_assert(connection_is_up(&connection));
    connection_close(&connection);
    database_close(database);
}
END_TEST

START_TEST(a_rolled_back_transaction_leaves_nothing)
{
    struct opened      opened;
    struct connection *connection = &opened.connection;

    opened_fresh(&opened);
    ck_assert(!transaction_begin(connection));
    ck_assert(!run_command(connection, "INSERT INTO breakwater.market VALUES ('m', 'M', 1, 1, 0)",
                           NULL, 0, NULL));
    transaction_rollback(connection);
    ck_assert(!transaction_begin(connection));
    ck_assert(run_command(connection, "SELECT 1 / 0", NULL, 0, NULL));
    ck_assert_int_eq(transaction_commit(connection), OUTCOME_REFUSED);
    ck_assert_int_eq(postgres_number(opened.url, "SELECT count(*) FROM breakwater.market"), 0);
    opened_close(&opened);
}
END_TEST

START_TEST(no_server_is_said_in_words)
{
    struct database_settings settings = { .url = "host=/nowhere dbname=x" };
    char                     why[DATABASE_WHY_MAX] = "";

    ck_assert_ptr_null(database_open(&settings, why));
    ck_assert_ptr_nonnull(strstr(why, "/nowhere"));
    settings.url = "nonsense=1";
    ck_assert_ptr_null(database_open(&settings, why));
    ck_assert_msg(strstr(why, "invalid connection option") != NULL, "%s", why);
}
END_TEST

START_TEST(an_unsafe_server_is_refused)
{
    char                     url[POSTGRES_URL_MAX], why[DATABASE_WHY_MAX] = "";
    struct database_settings settings = { .url = url };
    struct database         *database = NULL;

    postgres_fresh(url);
    postgres_run(url, "ALTER SYSTEM SET full_page_writes = off");
    postgres_run(url, "SELECT pg_reload_conf()");
    for (int attempt = 0; attempt < 50 && !strstr(why, "full_page_writes = off"); attempt++) {
        database_close(database);            /* the reload takes a moment to arrive */
        database = database_open(&settings, why);
    }
    postgres_run(url, "ALTER SYSTEM RESET full_page_writes");
    postgres_run(url, "SELECT pg_reload_conf()");
    ck_assert_ptr_nonnull(strstr(why, "full_page_writes = off"));
    ck_assert_ptr_null(database);
}
END_TEST

START_TEST(partitions_reach_a_week_ahead_and_are_of_the_right_make)
{
    struct opened opened;

    opened_fresh(&opened);
    ck_assert_int_ge(postgres_number(opened.url, "SELECT count(*) FROM pg_inherits"
                                     " WHERE inhparent = 'audit.body'::regclass"), 9);
    ck_assert_int_eq(postgres_number(opened.url, "SELECT count(*) FROM pg_class"
                                     " WHERE oid = to_regclass('audit.body_' ||"
                                     " to_char((now() AT TIME ZONE 'UTC')::date + 7, 'YYYYMMDD'))"
                                     " AND reloptions @> '{toast_tuple_target=8160}'"), 1);
    ck_assert_int_eq(postgres_number(opened.url, "SELECT count(*) FROM pg_attribute"
                                     " WHERE attrelid = to_regclass('audit.body_' ||"
                                     " to_char((now() AT TIME ZONE 'UTC')::date, 'YYYYMMDD'))"
                                     " AND attname = 'record'"
                                     " AND attcompression = 'l'"), 1);
    ck_assert_int_eq(postgres_number(opened.url, "SELECT audit.partitions_make(date '2100-01-01',"
                                     " date '2100-01-03')"), 3);
    ck_assert_int_eq(postgres_number(opened.url, "SELECT audit.partitions_make(date '2100-01-02',"
                                     " date '2100-01-04')"), 1);
    opened_close(&opened);
}
END_TEST

/* The tests' own migrations. */
static const struct asset_file first[] = {
    { "migrations/0001_begin.sql",
      "CREATE TABLE public.a (x int); INSERT INTO public.a VALUES (1);", 63 },
    { "migrations/samples/x.json", "{}", 2 },
};
static const struct asset_file second[] = {
    { "migrations/0001_begin.sql",
      "CREATE TABLE public.a (x int); INSERT INTO public.a VALUES (1);", 63 },
    { "migrations/0003_more.sql", "ALTER TABLE public.a ADD y int;", 31 },
};
static const struct asset_file changed[] =
    { { "migrations/0001_begin.sql", "CREATE TABLE public.a (x text);", 31 } };
static const struct asset_file between[] = {
    { "migrations/0001_begin.sql",
      "CREATE TABLE public.a (x int); INSERT INTO public.a VALUES (1);", 63 },
    { "migrations/0002_late.sql", "SELECT 1;", 9 },
    { "migrations/0003_more.sql", "ALTER TABLE public.a ADD y int;", 31 },
};
static const struct asset_file renamed[] = {
    { "migrations/0001_start.sql",
      "CREATE TABLE public.a (x int); INSERT INTO public.a VALUES (1);", 63 },
    { "migrations/0003_more.sql", "ALTER TABLE public.a ADD y int;", 31 },
};
static const struct asset_file broken[] = {
    { "migrations/0001_begin.sql",
      "CREATE TABLE public.a (x int); INSERT INTO public.a VALUES (1);", 63 },
    { "migrations/0003_more.sql", "ALTER TABLE public.a ADD y int;", 31 },
    { "migrations/0004_bad.sql", "CREATE TABLE public.b (x int); SELECT nonsense;", 47 },
};

START_TEST(migrations_run_once_in_order)
{
    struct opened opened;
    char          why[DATABASE_WHY_MAX] = "";
    size_t        done;

    opened_fresh(&opened);
    struct connection *connection = &opened.connection;
    ck_assert(!run_command(connection, "DELETE FROM public.breakwater_migration", NULL, 0, NULL));
    ck_assert_msg(migrate_files(connection, first, 2, &done, why), "%s", why);
    ck_assert_uint_eq(done, 1);
    ck_assert(migrate_files(connection, first, 2, &done, why));
    ck_assert_uint_eq(done, 0);
    ck_assert(migrate_files(connection, second, 2, &done, why));
    ck_assert_uint_eq(done, 1);
    ck_assert_int_eq(postgres_number(opened.url, "SELECT count(y) + count(*) FROM public.a"), 1);
    opened_close(&opened);
}
END_TEST

static const struct refusal {
    const struct asset_file *files;
    size_t                   count;
    const char              *says;
} refusals[] = {
    { changed, 1, "0001_begin.sql was changed" },
    { first, 1, "newer than this program: it has run 0003_more.sql" },
    { between, 3, "0002_late.sql was added before 0003_more.sql" },
    { renamed, 2, "0001_begin.sql was run on this database, but" },
    { broken, 3, "0004_bad.sql: column \"nonsense\" does not exist" },
};

START_TEST(migrations_that_do_not_fit_are_refused_by_name)
{
    struct opened opened;
    char          why[DATABASE_WHY_MAX] = "";
    size_t        done;

    opened_fresh(&opened);
    struct connection *connection = &opened.connection;
    ck_assert(!run_command(connection, "DELETE FROM public.breakwater_migration", NULL, 0, NULL));
    ck_assert(migrate_files(connection, second, 2, &done, why));
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        why[0] = '\0';
        ck_assert(!migrate_files(connection, refusals[i].files, refusals[i].count, &done, why));
        ck_assert_msg(strstr(why, refusals[i].says) != NULL, "\"%s\" does not say \"%s\"", why,
                      refusals[i].says);
    }
    ck_assert_int_eq(postgres_number(opened.url,
                                     "SELECT count(*) FROM public.breakwater_migration"), 2);
    ck_assert_int_eq(postgres_number(opened.url, "SELECT count(*) FROM pg_class"
                                     " WHERE oid = to_regclass('public.b')"), 0);
    ck_assert_msg(migrate_files(connection, second, 2, &done, why), "%s", why);
    opened_close(&opened);
}
END_TEST

Suite *
database_suite(void)
{
    Suite *suite = suite_create("database");
    TCase *tcase = tcase_create("database");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, answers_are_few_outcomes);
    tcase_add_test(tcase, a_statement_that_takes_too_long_is_cut_off);
    tcase_add_test(tcase, a_rolled_back_transaction_leaves_nothing);
    tcase_add_test(tcase, no_server_is_said_in_words);
    tcase_add_test(tcase, an_unsafe_server_is_refused);
    tcase_add_test(tcase, partitions_reach_a_week_ahead_and_are_of_the_right_make);
    tcase_add_test(tcase, migrations_run_once_in_order);
    tcase_add_test(tcase, migrations_that_do_not_fit_are_refused_by_name);
    suite_add_tcase(suite, tcase);
    return suite;
}
