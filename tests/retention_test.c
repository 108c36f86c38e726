/* Bodies go by days and one at a time; what stays proves the rest, and says what went. log.md 9. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "db/caretaker.h"
#include "db/decisions.h"
#include "db/integrate.h"
#include "db/log.h"
#include "db/log_check.h"
#include "db/retention.h"
#include "record/json_member.h"
#include "record/record.h"
#include "tests/opened.h"
#include "tests/suite.h"

#define ORIGIN "breakwater.test/audit"
#define INST   "aaaaaaaa-0000-4000-8000-000000000001"

enum { OLD_DAY = 20000, DECISIONS = 300 };       /* 2024-10-04 */

static struct opened     opened;
static struct signer     signer;
static struct integrator integrator;

static void
open_log(void)
{
    opened_log(&opened, ORIGIN, &signer, &integrator);
}

static void
close_log(void)
{
    opened_close(&opened);
}

/* Decisions of one day, queued on the day `queued`. */
static void
decide(int64_t day, int64_t queued, int64_t first, int64_t count)
{
    char sql[2048];

    snprintf(sql, sizeof sql,
             "SELECT audit.partitions_make(%" PRId64 "::integer + date '1970-01-01', %" PRId64
             "::integer + date '1970-01-01');"
             "WITH r AS (SELECT i, convert_to(format('{\"actor\":null,\"inputs\":{\"account\":{\"id\":"
             "\"acct-%%s\"}},\"inst\":\"" INST "\",\"iseq\":%%s,\"kind\":\"decision\",\"market\":\"eth-usd\","
             "\"ts\":%%s}', i, i, %" PRId64 "::bigint * 86400000000 + i), 'UTF8') AS record,"
             "  sha256(convert_to(i::text, 'UTF8')) AS salt"
             "  FROM generate_series(%" PRId64 "::bigint, %" PRId64 "::bigint) i),"
             " b AS (INSERT INTO audit.body (day, inst, iseq, salt, record) SELECT %" PRId64
             "::integer + date '1970-01-01', '" INST "', i, salt, record FROM r)"
             " INSERT INTO audit.pending (inst, iseq, entry, queued_at) SELECT '" INST "', i,"
             "  '\\x01'::bytea || sha256(convert_to(E'audit-commit/v1\\n', 'UTF8') || salt || record),"
             "  to_timestamp(%" PRId64 "::bigint * 86400 + 5) FROM r",
             day, day, day, first, first + count - 1, day, queued);
    postgres_run(opened.url, sql);
}

static void
integrate_all(void)
{
    enum integration result;

    while ((result = integrate(&opened.connection, &integrator, 4096)) == INTEGRATED)
        continue;
    ck_assert_msg(result == INTEGRATION_IDLE, "%d: %s", result, integrator.why);
}

static int64_t
number(const char *sql)
{
    return postgres_number(opened.url, sql);
}

static enum log_check
check_log(char why[static DATABASE_WHY_MAX])
{
    const struct log_check_settings settings = { .key = &signer.key };
    int64_t                         size;

    return log_check_all(&opened.connection, &settings, &size, why);
}

static void
must_be_good(void)
{
    char why[DATABASE_WHY_MAX];

    ck_assert_msg(check_log(why) == LOG_CHECK_GOOD, "%s", why);
}

/* What the prune record of the day must say, from the entries themselves. */
static void
check_prune_record(const struct pruned *pruned)
{
    char sql[512];

    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM (SELECT convert_from(record, 'UTF8')::json AS r FROM audit.event"
             " WHERE kind = 'prune') p, (SELECT encode(sha256(string_agg(substr(data, (idx %% 256)::integer"
             " * 35 + 3, 33), ''::bytea ORDER BY idx)), 'hex') AS h FROM audit.leaf JOIN audit.bundle"
             " ON n = idx / 256 WHERE day IS NOT NULL AND idx <= %" PRId64 ") e WHERE r->>'day' ="
             " '2024-10-04' AND r->>'count' = '300' AND r->>'first_index' = '0' AND r->>'last_index' ="
             " '299' AND r->>'entries_sha256' = e.h", pruned->last_index);
    ck_assert_int_eq(number(sql), 1);
}

START_TEST(day_is_dropped_with_a_record)
{
    struct pruned        pruned;
    struct stored_record stored;
    struct arena         arena;
    int64_t              deleted;

    decide(OLD_DAY, OLD_DAY, 0, DECISIONS);
    decide(OLD_DAY + 1, OLD_DAY + 1, DECISIONS, 10);
    ck_assert_int_eq(day_prune(&opened.connection, OLD_DAY + 1, &pruned), RETENTION_NOT_YET);
    integrate_all();
    ck_assert_int_eq(day_prune(&opened.connection, OLD_DAY, &pruned), RETENTION_NOTHING);
    ck_assert_int_eq(day_prune(&opened.connection, OLD_DAY + 1, &pruned), RETENTION_DONE);
    ck_assert_int_eq(pruned.count, DECISIONS);
    ck_assert_int_eq(day_prune(&opened.connection, OLD_DAY + 1, &pruned), RETENTION_NOTHING);
    pruned.last_index = DECISIONS - 1;
    check_prune_record(&pruned);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.body"), 10);
    ck_assert(search_prune(&opened.connection, &deleted));
    ck_assert_int_eq(deleted, DECISIONS);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.search WHERE account = 'acct-7'"), 0);
    integrate_all();
    must_be_good();
    arena_open(&arena, 1 << 16);
    ck_assert_int_eq(log_record_find(&opened.connection, 7, &arena, &stored), FOUND);
    ck_assert_ptr_null(stored.record);
    ck_assert_int_eq(log_record_find(&opened.connection, DECISIONS, &arena, &stored), FOUND);
    ck_assert_ptr_nonnull(stored.record);
    arena_close(&arena);
}
END_TEST

/* A day that nobody decided on goes without a record. */
START_TEST(empty_day_goes_without_a_word)
{
    struct pruned pruned;

    postgres_run(opened.url, "SELECT audit.partitions_make('2024-10-04', '2024-10-04')");
    ck_assert_int_eq(day_prune(&opened.connection, OLD_DAY + 1, &pruned), RETENTION_DONE);
    ck_assert_int_eq(pruned.count, 0);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.event WHERE kind = 'prune'"), 0);
}
END_TEST

START_TEST(one_decision_is_erased)
{
    char    id[DECISION_ID_MAX], why[DATABASE_WHY_MAX];
    int64_t index;

    decide(OLD_DAY, OLD_DAY, 0, 5);
    decision_id_format(OLD_DAY, INST, 3, id);
    ck_assert_int_eq(decision_erase(&opened.connection, NULL, id, "by order", &index), RETENTION_NOT_YET);
    integrate_all();
    ck_assert_int_eq(decision_erase(&opened.connection, NULL, id, "by \"order\" 7", &index), RETENTION_DONE);
    ck_assert_int_eq(index, 3);
    ck_assert_int_eq(decision_erase(&opened.connection, NULL, id, "again", &index), RETENTION_NOTHING);
    ck_assert_int_eq(decision_erase(&opened.connection, NULL, "dec_none", "x", &index), RETENTION_NOTHING);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.body"), 4);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.search WHERE idx = 3"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.event WHERE kind = 'prune' AND"
                            " convert_from(record, 'UTF8')::json->>'reason' = 'by \"order\" 7'"), 1);
    integrate_all();
    must_be_good();
    postgres_run(opened.url, "DELETE FROM audit.body WHERE iseq = 2");         /* by nobody's word */
    ck_assert_int_eq(check_log(why), LOG_CHECK_BAD);
    ck_assert_ptr_nonnull(strstr(why, "record 2: it is gone"));
}
END_TEST

/* A clock that stood days behind, or was stepped back: the record's day is not that of its queueing. */
START_TEST(clock_stepped_back_loses_nothing)
{
    decide(OLD_DAY + 9, OLD_DAY + 9, 0, 10);
    decide(OLD_DAY, OLD_DAY + 9, 10, 10);
    decide(OLD_DAY + 20, OLD_DAY + 2, 20, 10);    /* the database's own clock stepped back */
    integrate_all();
    ck_assert_int_eq(number("SELECT size FROM audit.head"), 30);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.leaf WHERE iseq = idx"), 30);
    must_be_good();
}
END_TEST

/* Every column of the log's tables, touched by another hand, is found by name. */
static const struct { const char *sql, *expect; } spoils[] = {
    { "UPDATE audit.head SET root = sha256(root)", "head: " },
    { "UPDATE audit.bundle SET data = overlay(data PLACING '\\xff' FROM 40)", "leaf 1: " },
    { "UPDATE audit.bundle SET data = overlay(data PLACING '\\x02' FROM 38)", "entry 1: " },
    { "UPDATE audit.bundle SET data = substr(data, 1, length(data) - 35)", "tile/entries/0: " },
    { "DELETE FROM audit.bundle", "tile/entries/0: " },
    { "UPDATE audit.bundle SET n = n + 1", "tile/entries/0: " },
    { "UPDATE audit.tile SET data = overlay(data PLACING '\\x00' FROM 40)", "tile/0/0: " },
    { "UPDATE audit.tile SET n = n + 1", "tile/0/0: " },
    { "UPDATE audit.tile SET level = 1", "tile/0/0: " },
    { "UPDATE audit.leaf SET leaf_hash = sha256(leaf_hash) WHERE idx = 4", "leaf 4: " },
    { "UPDATE audit.leaf SET idx = 100 WHERE idx = 4", "leaf 4: " },
    { "UPDATE audit.leaf SET inst = '" INST "' WHERE idx = 4; UPDATE audit.leaf SET iseq = 3 WHERE idx = 4",
      "record 4: " },
    { "UPDATE audit.leaf SET day = day + 1 WHERE idx = 4", "record 4: " },
    { "UPDATE audit.checkpoint SET root = sha256(root)", "checkpoint 10: " },
    { "UPDATE audit.checkpoint SET note = replace(note, E'\\n10\\n', E'\\n11\\n')", "checkpoint 10: " },
    { "UPDATE audit.body SET record = record || ' ' WHERE iseq = 5", "record 5: " },
    { "UPDATE audit.body SET salt = sha256(salt) WHERE iseq = 5", "record 5: " },
    { "UPDATE audit.body SET iseq = 50 WHERE iseq = 5", "record 5: " },
    { "UPDATE audit.search SET kind = 'key' WHERE idx = 6", "search row 6: its kind" },
    { "UPDATE audit.search SET id = 'x' WHERE idx = 6", "search row 6: its id" },
    { "UPDATE audit.search SET operation = 'x' WHERE idx = 6", "search row 6: its operation" },
    { "UPDATE audit.search SET market = 'x' WHERE idx = 6", "search row 6: its market" },
    { "UPDATE audit.search SET account = 'x' WHERE idx = 6", "search row 6: its account" },
    { "UPDATE audit.search SET actor = 'x' WHERE idx = 6", "search row 6: its actor" },
    { "UPDATE audit.search SET status = 'x' WHERE idx = 6", "search row 6: its status" },
    { "UPDATE audit.search SET ts = ts + 1 WHERE idx = 6", "search row 6: its ts" },
    { "UPDATE audit.search SET parameters_version = 1 WHERE idx = 6", "search row 6: its parameters_version" },
    { "DELETE FROM audit.search WHERE idx = 6", "search row 6: its kind" },
};

START_TEST(touched_column_is_found_by_name)
{
    char sql[512], why[DATABASE_WHY_MAX];

    decide(OLD_DAY, OLD_DAY, 0, 10);
    integrate_all();
    must_be_good();
    snprintf(sql, sizeof sql, "SET session_replication_role = replica; %s", spoils[_i].sql);
    postgres_run(opened.url, sql);
    ck_assert_int_eq(check_log(why), LOG_CHECK_BAD);
    ck_assert_msg(!strncmp(why, spoils[_i].expect, strlen(spoils[_i].expect)), "%s, not %s", why,
                  spoils[_i].expect);
}
END_TEST

/* The thread: drops what is too old by itself, checks the whole log, and stops its signing over a fault. */
START_TEST(caretaker_prunes_and_checks)
{
    char                      folder[POSTGRES_PATH_MAX], state[160], why[DATABASE_WHY_MAX];
    struct log_keys           keys = { .log = signer };
    struct sequencer_settings settings = { .origin = ORIGIN, .keys = &keys, .state_path = state };
    struct sequencer_status   status = { .is_halted = false };

    postgres_scratch(folder);
    snprintf(state, sizeof state, "%s/caretaken.%d", folder, getpid());
    decide(OLD_DAY, OLD_DAY, 0, 20);
    integrate_all();
    struct sequencer *sequencer = sequencer_open(opened.database, &settings, why);
    ck_assert_msg(sequencer != NULL, "%s", why);
    struct caretaker_settings care = { .retention_days = 30, .check_every_s = 1, .sequencer = sequencer,
                                       .key = &signer.key };
    struct caretaker *caretaker = caretaker_open(opened.database, &care);
    ck_assert_ptr_nonnull(caretaker);
    for (int i = 0; i < 300 && number("SELECT count(*) FROM audit.search WHERE kind = 'prune'") < 1; i++)
        usleep(50000);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.body"), 0);
    sequencer_status(sequencer, &status);
    ck_assert(!status.is_halted);
    postgres_run(opened.url, "SET session_replication_role = replica;"
                             " UPDATE audit.search SET ts = ts + 1 WHERE kind = 'prune'");
    for (int i = 0; i < 300 && !status.is_halted; i++) {
        usleep(50000);
        sequencer_status(sequencer, &status);
    }
    ck_assert(status.is_halted);
    ck_assert_ptr_nonnull(strstr(status.why, "its ts is not the record's"));
    caretaker_close(caretaker);
    sequencer_close(sequencer);
}
END_TEST

Suite *
retention_suite(void)
{
    Suite *suite = suite_create("retention");
    TCase *tcase = tcase_create("retention");

    tcase_add_checked_fixture(tcase, open_log, close_log);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, day_is_dropped_with_a_record);
    tcase_add_test(tcase, empty_day_goes_without_a_word);
    tcase_add_test(tcase, one_decision_is_erased);
    tcase_add_test(tcase, clock_stepped_back_loses_nothing);
    tcase_add_test(tcase, caretaker_prunes_and_checks);
    tcase_add_loop_test(tcase, touched_column_is_found_by_name, 0, (int)COUNT_OF(spoils));
    suite_add_tcase(suite, tcase);
    return suite;
}
