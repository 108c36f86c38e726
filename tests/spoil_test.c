/* The log's tables, touched by another hand: every column of every table, a row taken out, a row put in.
 * Each is found by a named check, of the service's own (db/log_check) or of `breakwater verify`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "db/log_check.h"
#include "db/log_keys.h"
#include "record/record.h"
#include "tests/api.h"
#include "tests/outside.h"
#include "tests/suite.h"

#define WAITS  "cccccccc-0000-4000-8000-000000000003"
#define OTHER  "dddddddd-0000-4000-8000-000000000004"
#define LAST   "(SELECT max(idx) FROM audit.leaf WHERE day IS NOT NULL)"
#define EVENT_1 "(inst, iseq) = (SELECT inst, iseq FROM audit.leaf WHERE idx = 1)"
#define OF_LAST(table) "(" table ".inst, " table ".iseq) = (SELECT inst, iseq FROM audit.leaf WHERE idx = " LAST ")"

enum { DECISIONS = 20, SQL_MAX = 1200, COLUMNS_MAX = 128 };

static const char *const tables[] = { "head", "leaf", "tile", "bundle", "checkpoint", "cosignature",
                                      "witness_state", "search", "body", "event", "pending",
                                      "instance" };

static void
run_sql(const char *sql)
{
    char whole[SQL_MAX + 64];

    snprintf(whole, sizeof whole, "SET session_replication_role = replica; %s", sql);
    postgres_run(api_running()->url, whole);
}

/* As a witness's line is laid down: name, 4 bytes of key ID, 8 of time, 64 of signature. */
static const char witnessed[] =
    "INSERT INTO audit.cosignature (size, witness, key_id, line, witnessed_at)"
    " SELECT min(size), 'witness.example/w1', '\\x01020304', U&'\\2014 witness.example/w1 ' ||"
    " encode('\\x010203040000000065530000'::bytea || decode(repeat('00', 64), 'hex'), 'base64'),"
    " to_timestamp(x'65530000'::int) FROM audit.checkpoint WHERE size > 0;"
    "UPDATE audit.cosignature SET line = replace(line, E'\\n', '');"
    "INSERT INTO audit.witness_state (witness, size) SELECT witness, size FROM audit.cosignature";

/* One record that waits, of an instance of its own. */
static const char waiting[] =
    "INSERT INTO audit.event (inst, iseq, kind, salt, record) SELECT '" WAITS "', 0, 'open', sha256('x'),"
    " convert_to(format('{\"inst\":\"" WAITS "\",\"iseq\":0,\"kind\":\"open\",\"ts\":%s}',"
    " (extract(epoch FROM now()) * 1000000)::bigint), 'UTF8');"
    "INSERT INTO audit.instance (inst) VALUES ('" WAITS "');"
    "INSERT INTO audit.pending (inst, iseq, entry) SELECT inst, iseq, '\\x01'::bytea ||"
    " sha256(convert_to(E'audit-commit/v1\\n', 'UTF8') || salt || record) FROM audit.event"
    " WHERE inst = '" WAITS "'";

/* The good rows stand beside the log's own; each test begins with them. */
static void
keep(void)
{
    char sql[SQL_MAX];

    run_sql("CREATE SCHEMA spare");
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        snprintf(sql, sizeof sql, "CREATE TABLE spare.%s AS TABLE audit.%s", tables[i], tables[i]);
        run_sql(sql);
    }
}

static void
put_back(void)
{
    char   sql[SQL_MAX] = "";
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(tables); i++)
        count += (size_t)snprintf(sql + count, sizeof sql - count,
                                  "DELETE FROM audit.%s; INSERT INTO audit.%s TABLE spare.%s; ",
                                  tables[i], tables[i], tables[i]);
    ck_assert_uint_lt(count, sizeof sql);
    run_sql(sql);
}

static void
settle_log(void)
{
    api_await_log(postgres_number(api_running()->url, "SELECT (SELECT count(*) FROM audit.body)"
                                                      " + (SELECT count(*) FROM audit.event)"));
}

/* Decisions, an instance that is closed, a cosignature; served on. */
static void
open_live(void)
{
    api_open();
    outside_decide(DECISIONS);
    settle_log();
    api_restart();
    outside_decide(2);
    settle_log();
    keep();
}

/* The same, at rest, with a record that waits. */
static void
open_at_rest(void)
{
    api_open();
    outside_decide(DECISIONS);
    settle_log();
    api_restart();
    outside_decide(2);
    settle_log();
    ck_assert(api_service_stop(api_running()));
    run_sql("UPDATE audit.checkpoint SET published_at = signed_at WHERE published_at IS NULL");
    run_sql(witnessed);
    run_sql(waiting);
    keep();
}

static void
close_at_rest(void)
{
    api_service_free(api_running());
}

/* What is done to `column` of `table`; "+" is a row more, "-" one less. No SQL: why nothing can be
 * found, or nothing can be done. */
static const struct { const char *table, *column, *sql, *expect; } spoils[] = {
    { "head", "one", NULL, "its constraint allows one value" },
    { "head", "origin", "UPDATE audit.head SET origin = 'other/audit'", "head: its origin" },
    { "head", "size", "UPDATE audit.head SET size = size - 1", "head: " },
    { "head", "root", "UPDATE audit.head SET root = sha256(root)", "head: its root" },
    { "head", "frontier",
      "UPDATE audit.head SET frontier = overlay(frontier PLACING '\\x0000' FROM 3)",
      "head: its frontier" },
    { "head", "epoch", "UPDATE audit.head SET epoch = epoch + 1", "head: its epoch" },
    { "head", "updated_at",
      "UPDATE audit.head SET updated_at = updated_at - interval '1 day'", "head: its time" },
    { "head", "-", "DELETE FROM audit.head", "head: there is none" },
    { "head", "+", NULL, "its primary key allows one row" },
    { "leaf", "idx", "UPDATE audit.leaf SET idx = 100 WHERE idx = 4", "leaf 4: " },
    { "leaf", "inst", "UPDATE audit.leaf SET inst = '" OTHER "' WHERE idx = 4", "record 4: " },
    { "leaf", "iseq", "UPDATE audit.leaf SET iseq = iseq + 1000 WHERE idx = 4", "record 4: " },
    { "leaf", "day", "UPDATE audit.leaf SET day = day + 1 WHERE idx = " LAST, "record " },
    { "leaf", "leaf_hash",
      "UPDATE audit.leaf SET leaf_hash = sha256(leaf_hash) WHERE idx = 4", "leaf 4: " },
    { "leaf", "-", "DELETE FROM audit.leaf WHERE idx = 4", "leaf 4: " },
    { "leaf", "+",
      "INSERT INTO audit.leaf SELECT idx + 1000, inst, iseq, day, leaf_hash FROM audit.leaf"
      " WHERE idx = 4",
      "leaf: it is past the head" },
    { "tile", "level", "UPDATE audit.tile SET level = 3", "tile/0/0: " },
    { "tile", "n", "UPDATE audit.tile SET n = 1", "tile/0/0: " },
    { "tile", "data",
      "UPDATE audit.tile SET data = overlay(data PLACING '\\x0000' FROM 40)", "tile/0/0: " },
    { "tile", "-", "DELETE FROM audit.tile", "tile/0/0: " },
    { "tile", "+", "INSERT INTO audit.tile SELECT 5, 0, data FROM audit.tile", "tile: the level" },
    { "bundle", "n", "UPDATE audit.bundle SET n = 1", "tile/entries/0: " },
    { "bundle", "data",
      "UPDATE audit.bundle SET data = overlay(data PLACING '\\x0000' FROM 40)", "leaf 1: " },
    { "bundle", "-", "DELETE FROM audit.bundle", "tile/entries/0: " },
    { "bundle", "+", "INSERT INTO audit.bundle SELECT 9, data FROM audit.bundle", "bundle: " },
    { "checkpoint", "size",
      "UPDATE audit.checkpoint SET size = size + 1000 WHERE size = (SELECT max(size) FROM"
      " audit.checkpoint)",
      "head: its size" },
    { "checkpoint", "root", "UPDATE audit.checkpoint SET root = sha256(root)", "checkpoint " },
    { "checkpoint", "note",
      "UPDATE audit.checkpoint SET note = replace(note, E'\\n\\n', E'\\nx\\n\\n')", "checkpoint " },
    { "checkpoint", "signed_at",
      "UPDATE audit.checkpoint SET signed_at = signed_at + interval '1 day' WHERE size ="
      " (SELECT min(size) FROM audit.checkpoint)",
      "checkpoint: it was signed before" },
    { "checkpoint", "published_at",
      "UPDATE audit.checkpoint SET published_at = published_at - interval '1 day'",
      "checkpoint: it was published before" },
    { "checkpoint", "-",
      "DELETE FROM audit.checkpoint WHERE size = (SELECT min(size) FROM audit.checkpoint)",
      "head: its epoch" },
    { "checkpoint", "+",
      "INSERT INTO audit.checkpoint (size, root, note) SELECT 3, root, note FROM"
      " audit.checkpoint LIMIT 1",
      "checkpoint 3: " },
    { "cosignature", "size",
      "UPDATE audit.cosignature SET size = -1", "cosignature: it is of no checkpoint" },
    { "cosignature", "witness",
      "UPDATE audit.cosignature SET witness = 'w2'", "cosignature: its witness" },
    { "cosignature", "key_id",
      "UPDATE audit.cosignature SET key_id = '\\x00000000'", "cosignature: its witness" },
    { "cosignature", "line",
      "UPDATE audit.cosignature SET line = replace(line, 'AQID', 'AQIE')",
      "cosignature: its witness" },
    { "cosignature", "witnessed_at",
      "UPDATE audit.cosignature SET witnessed_at = witnessed_at + interval '1 second'",
      "cosignature: its witness" },
    { "cosignature", "-",
      NULL, "what a witness said is the witness's to keep: the log is as good without it" },
    { "cosignature", "+",
      "INSERT INTO audit.cosignature SELECT size, 'w2', key_id, line, witnessed_at FROM"
      " audit.cosignature",
      "cosignature: its witness" },
    { "witness_state", "witness",
      "UPDATE audit.witness_state SET witness = 'w2'", "witness: it cosigned more" },
    { "witness_state", "size",
      "UPDATE audit.witness_state SET size = 100000", "witness: it cosigned a larger" },
    { "witness_state", "last_try", NULL, "a note for the operator" },
    { "witness_state", "last_error", NULL, "a note for the operator" },
    { "witness_state", "-", "DELETE FROM audit.witness_state", "witness: it cosigned more" },
    { "witness_state", "+",
      "INSERT INTO audit.witness_state (witness, size) VALUES ('w2', 100000)",
      "witness: it cosigned a larger" },
    { "search", "idx",
      "UPDATE audit.search SET idx = idx + 1000 WHERE idx = 6", "search row 6: its kind" },
    { "search", "kind",
      "UPDATE audit.search SET kind = 'x' WHERE idx = 6", "search row 6: its kind" },
    { "search", "id", "UPDATE audit.search SET id = 'x' WHERE idx = 6", "search row 6: its id" },
    { "search", "operation",
      "UPDATE audit.search SET operation = 'x' WHERE idx = 6", "search row 6: its operation" },
    { "search", "market",
      "UPDATE audit.search SET market = 'x' WHERE idx = 6", "search row 6: its market" },
    { "search", "account",
      "UPDATE audit.search SET account = 'x' WHERE idx = 6", "search row 6: its account" },
    { "search", "actor",
      "UPDATE audit.search SET actor = 'x' WHERE idx = 6", "search row 6: its actor" },
    { "search", "ts", "UPDATE audit.search SET ts = ts + 1 WHERE idx = 6", "search row 6: its ts" },
    { "search", "parameters_version",
      "UPDATE audit.search SET parameters_version = 99 WHERE idx = 6",
      "search row 6: its parameters_version" },
    { "search", "status",
      "UPDATE audit.search SET status = 'x' WHERE idx = 6", "search row 6: its status" },
    { "search", "-", "DELETE FROM audit.search WHERE idx = 6", "search row 6: its kind" },
    { "search", "+",
      "INSERT INTO audit.search (idx, kind, ts) VALUES (100000, 'decision', 1)",
      "search row: it is past the head" },
    { "body", "day", "UPDATE audit.body SET day = day + 1 WHERE " OF_LAST("body"), "record " },
    { "body", "inst",
      "UPDATE audit.body SET inst = '" OTHER "' WHERE " OF_LAST("body"), "record " },
    { "body", "iseq",
      "UPDATE audit.body SET iseq = iseq + 1000 WHERE " OF_LAST("body"), "record " },
    { "body", "salt",
      "UPDATE audit.body SET salt = sha256(salt) WHERE " OF_LAST("body"), "record " },
    { "body", "record",
      "UPDATE audit.body SET record = record || ' ' WHERE " OF_LAST("body"), "record " },
    { "body", "-", "DELETE FROM audit.body WHERE " OF_LAST("body"), "record " },
    { "body", "+",
      "INSERT INTO audit.body SELECT day + 1, inst, iseq, salt, record FROM audit.body WHERE "
      OF_LAST("body"), "body: the day has more" },
    { "event", "inst",
      "UPDATE audit.event SET inst = '" OTHER "' WHERE (inst, iseq) = (SELECT inst, iseq FROM"
      " audit.leaf WHERE idx = 1)",
      "record 1: " },
    { "event", "iseq",
      "UPDATE audit.event SET iseq = iseq + 1000 WHERE (inst, iseq) = (SELECT inst, iseq FROM"
      " audit.leaf WHERE idx = 1)",
      "record 1: " },
    { "event", "kind",
      "UPDATE audit.event SET kind = 'x' WHERE (inst, iseq) = (SELECT inst, iseq FROM"
      " audit.leaf WHERE idx = 1)",
      "event: its instance, counter or kind" },
    { "event", "salt",
      "UPDATE audit.event SET salt = sha256(salt) WHERE (inst, iseq) = (SELECT inst, iseq FROM"
      " audit.leaf WHERE idx = 1)",
      "record 1: " },
    { "event", "record",
      "UPDATE audit.event SET record = record || ' ' WHERE (inst, iseq) = (SELECT inst, iseq"
      " FROM audit.leaf WHERE idx = 1)",
      "record 1: " },
    { "event", "-",
      "DELETE FROM audit.event WHERE (inst, iseq) = (SELECT inst, iseq FROM audit.leaf WHERE"
      " idx = 1)",
      "record 1: " },
    { "event", "+",
      "INSERT INTO audit.event SELECT '" OTHER "', 1, kind, salt, convert_to('{\"inst\":\""
      OTHER "\",\"iseq\":1,\"kind\":\"open\"}', 'UTF8') FROM audit.event WHERE inst = '" WAITS "'",
      "queue: a record waits nowhere" },
    { "pending", "inst", "UPDATE audit.pending SET inst = '" OTHER "'", "queue: the entry" },
    { "pending", "iseq", "UPDATE audit.pending SET iseq = 1", "queue: the entry" },
    { "pending", "iseq",
      "UPDATE audit.pending SET iseq = 1::bigint << 48", "queue: no instance counts that far" },
    { "pending", "entry",
      "UPDATE audit.pending SET entry = '\\x01'::bytea || sha256(entry)", "queue: the entry" },
    { "pending", "terms",
      "UPDATE audit.pending SET terms = E'20000\\tpreview\\t\\t\\t\\t\\t1\\t\\n'",
      "queue: what the record is searched by" },
    { "pending", "queued_at",
      "UPDATE audit.pending SET queued_at = queued_at - interval '1 day'", "queue: its time" },
    { "pending", "-", "DELETE FROM audit.pending", "queue: a record waits nowhere" },
    { "pending", "+",
      "INSERT INTO audit.pending SELECT inst, 7, entry FROM audit.pending", "queue: the entry" },
    { "instance", "inst",
      "UPDATE audit.instance SET inst = '" OTHER "' WHERE inst = '" WAITS "'",
      "instance: it is not there" },
    { "instance", "next_iseq",
      "UPDATE audit.instance SET next_iseq = 1 WHERE inst = '" WAITS "'",
      "instance: its next record" },
    { "instance", "started_at",
      "UPDATE audit.instance SET started_at = started_at - interval '1 day'",
      "instance: its beginning" },
    { "instance", "closed_at",
      "UPDATE audit.instance SET closed_at = NULL", "instance: it is closed without" },
    { "instance", "closed_at",
      "UPDATE audit.instance SET closed_at = closed_at - interval '1 day'",
      "instance: it was closed before" },
    { "instance", "-",
      "DELETE FROM audit.instance WHERE inst = '" WAITS "'", "instance: it is not there" },
    { "instance", "+",
      "INSERT INTO audit.instance (inst) VALUES ('" OTHER "')", "instance: it has no record" },
};

static enum log_check
check_log(char why[static DATABASE_WHY_MAX])
{
    struct log_keys           keys;
    struct database_settings  database_settings = { .url = api_running()->url };
    struct log_check_settings settings = { .key = &keys.log.key };
    struct connection         connection;
    char                      path[200];
    int64_t                   size;

    snprintf(path, sizeof path, "%s/log.key", api_running()->state);
    ck_assert_msg(log_keys_open(path, LOG_ORIGIN, false, &keys, why), "%s", why);
    struct database *database = database_open(&database_settings, why);
    ck_assert_msg(database != NULL, "%s", why);
    ck_assert(connection_open(&connection, database));
    enum log_check result = log_check_all(&connection, &settings, &size, why);
    connection_close(&connection);
    database_close(database);
    return result;
}

START_TEST(rows_at_rest_are_good)
{
    char why[DATABASE_WHY_MAX];

    put_back();
    ck_assert_msg(check_log(why) == LOG_CHECK_GOOD, "%s", why);
}
END_TEST

START_TEST(touched_row_is_found)
{
    char why[DATABASE_WHY_MAX];

    if (!spoils[_i].sql) {
        printf("%s %s: %s\n", spoils[_i].table, spoils[_i].column, spoils[_i].expect);
        return;
    }
    put_back();
    run_sql(spoils[_i].sql);
    ck_assert_msg(check_log(why) == LOG_CHECK_BAD, "%s %s: %s", spoils[_i].table, spoils[_i].column,
                  why);
    printf("%s %s: %s\n", spoils[_i].table, spoils[_i].column, why);
    ck_assert_msg(!strncmp(why, spoils[_i].expect, strlen(spoils[_i].expect)), "%s %s: %s, not %s",
                  spoils[_i].table, spoils[_i].column, why, spoils[_i].expect);
}
END_TEST

static void
must_stand(const char *const *values, void *context)
{
    int *count = context;

    ++*count;
    for (size_t i = 0; i < COUNT_OF(spoils); i++)
        if (!strcmp(spoils[i].table, values[0]) && !strcmp(spoils[i].column, values[1]))
            return;
    ck_abort_msg("no row of the table spoils %s %s", values[0], values[1]);
}

/* Each column that the schema has, and for each table a row more and a row less. */
START_TEST(every_column_is_spoiled)
{
    int count = 0;

    postgres_rows(api_running()->url,
                  "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
                  " WHERE c.relnamespace = 'audit'::regnamespace AND c.relkind IN ('r', 'p')"
                  " AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped"
                  " UNION ALL SELECT c.relname, x FROM pg_class c, unnest(ARRAY['+', '-']) AS x"
                  " WHERE c.relnamespace = 'audit'::regnamespace AND c.relkind IN ('r', 'p')"
                  " AND NOT c.relispartition", must_stand, &count);
    ck_assert_int_ge(count, 80);
}
END_TEST

/* What can be seen from outside, by `breakwater verify` on the live service. */
static const struct { const char *name, *sql, *expect; } seen[] = {
    { "nothing", "SELECT 1", NULL },
    { "commitment of an entry", "UPDATE audit.bundle SET data = overlay(data PLACING '\\x0000' FROM 40)",
      "entry 1: tile_differs: " },
    { "format of an entry", "UPDATE audit.bundle SET data = overlay(data PLACING '\\x02' FROM 38)",
      "entry 1: entry_format: " },
    { "entries out of order", "UPDATE audit.bundle SET data = substr(data, 1, 35) || substr(data, 71, 35) ||"
      " substr(data, 36, 35) || substr(data, 106)",
      "entry 1: tile_differs: " },
    { "bundle cut off", "UPDATE audit.bundle SET data = substr(data, 1, length(data) - 35)",
      ": unreadable: " },
    { "bundle gone", "DELETE FROM audit.bundle", ": unreadable: " },
    { "hash of a tile", "UPDATE audit.tile SET data = overlay(data PLACING '\\x0000' FROM 40)",
      "entry 1: tile_differs: " },
    { "tile cut off", "UPDATE audit.tile SET data = substr(data, 1, length(data) - 32)",
      ": unreadable: " },
    { "tile gone", "DELETE FROM audit.tile", ": unreadable: " },
    { "record of a decision",
      "UPDATE audit.body SET record = record || ' ' WHERE " OF_LAST("body"), ": record_differs: " },
    { "salt of a decision",
      "UPDATE audit.body SET salt = sha256(salt) WHERE " OF_LAST("body"), ": record_differs: " },
    { "decision gone", "DELETE FROM audit.body WHERE " OF_LAST("body"), ": pruned_unexplained: " },
    { "record of an event", "UPDATE audit.event SET record = record || ' ' WHERE " EVENT_1,
      "entry 1: record_differs: " },
    { "salt of an event", "UPDATE audit.event SET salt = sha256(salt) WHERE " EVENT_1,
      "entry 1: record_differs: " },
    { "open record gone", "DELETE FROM audit.event WHERE iseq = 0", ": chain_counter: " },
    { "leaf of another record", "UPDATE audit.leaf SET (inst, iseq, day) ="
      " (SELECT inst, iseq, day FROM audit.leaf WHERE idx = 1) WHERE idx = 4",
      "entry 4: record_differs: " },
    { "leaf gone", "DELETE FROM audit.leaf WHERE idx = 4", "breakwater: " },
};

START_TEST(touched_row_is_seen_from_outside)
{
    char said[OUTSIDE_SAID_MAX];

    put_back();
    run_sql(seen[_i].sql);
    int status = outside_program(api_running(), "verify", "--full --quiet", said);
    printf("%s: %s", seen[_i].name, said);
    ck_assert_msg(status == (seen[_i].expect != NULL), "%s: exit status %d, %s", seen[_i].name, status,
                  said);
    ck_assert_msg(!seen[_i].expect || strstr(said, seen[_i].expect), "%s: %s, not %s", seen[_i].name,
                  said, seen[_i].expect);
    put_back();
}
END_TEST

Suite *
spoil_suite(void)
{
    Suite *suite = suite_create("spoil");
    TCase *at_rest = tcase_create("at_rest");
    TCase *live = tcase_create("live");

    tcase_add_unchecked_fixture(at_rest, open_at_rest, close_at_rest);
    tcase_set_timeout(at_rest, 30);
    tcase_add_test(at_rest, rows_at_rest_are_good);
    tcase_add_test(at_rest, every_column_is_spoiled);
    tcase_add_loop_test(at_rest, touched_row_is_found, 0, COUNT_OF(spoils));
    suite_add_tcase(suite, at_rest);
    tcase_add_unchecked_fixture(live, open_live, api_close);
    tcase_set_timeout(live, 30);
    tcase_add_loop_test(live, touched_row_is_seen_from_outside, 0, COUNT_OF(seen));
    suite_add_tcase(suite, live);
    return suite;
}
