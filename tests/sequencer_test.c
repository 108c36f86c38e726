/* The log is integrated: every record gets its place once, whatever happens on the way, and what was
 * rolled back or touched is not signed. log.md 6, 7, 10. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/receipt.h"
#include "db/chain.h"
#include "db/integrate.h"
#include "db/log.h"
#include "db/log_keys.h"
#include "db/log_seal.h"
#include "db/sequencer.h"
#include "record/record.h"
#include "tests/opened.h"
#include "tests/proxy.h"
#include "tests/suite.h"

#define ORIGIN "breakwater.test/audit"

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

/* So many records of one instance, each queued, as connections log them. */
static void
log_records(int count)
{
    for (int i = 0; i < count; i++) {
        struct draft_member members[] = { { "n", "1" } };
        ck_assert_int_eq(transaction_begin(&opened.connection), OUTCOME_OK);
        ck_assert_int_eq(chain_record(&opened.connection, "key", NULL, NULL, members, 1), OUTCOME_OK);
        ck_assert_int_eq(transaction_commit(&opened.connection), OUTCOME_OK);
    }
}

/* Records by the thousand, made in the database: each names its own number. */
static void
fill_queue(const char *inst, int64_t first, int64_t count)
{
    char sql[2048];

    snprintf(sql, sizeof sql,
             "WITH r AS (SELECT i, convert_to(format('{\"actor\":null,\"inst\":\"%s\",\"iseq\":%%s,"
             "\"kind\":\"key\",\"ts\":1}', i), 'UTF8') AS record, sha256(convert_to(i::text, 'UTF8')) AS salt"
             "  FROM generate_series(%" PRId64 "::bigint, %" PRId64 "::bigint) i),"
             " e AS (INSERT INTO audit.event (inst, iseq, kind, salt, record)"
             "  SELECT '%s', i, 'key', salt, record FROM r)"
             " INSERT INTO audit.pending (inst, iseq, entry) SELECT '%s', i, '\\x01'::bytea ||"
             "  sha256(convert_to(E'audit-commit/v1\\n', 'UTF8') || salt || record) FROM r",
             inst, first, first + count - 1, inst, inst);
    postgres_run(opened.url, sql);
}

/* One commit of `count` decisions of today from number 0 on, with lines of what they are searched by. Their
 * bodies have another account each: only those without a good line are read. */
static void
fill_told(const char *inst, int64_t count, const char *lines)
{
    char sql[2048];

    snprintf(sql, sizeof sql,
             "SELECT audit.partitions_make(current_date, current_date);"
             "WITH r AS (SELECT i, convert_to(format('{\"actor\":null,\"id\":\"dec_of_body\",\"inputs\":"
             "{\"account\":{\"id\":\"body-%%s\"}},\"kind\":\"decision\",\"ts\":1}', i), 'UTF8') AS record,"
             " sha256(convert_to(i::text, 'UTF8')) AS salt FROM generate_series(0, %" PRId64 "::bigint - 1) i),"
             " b AS (INSERT INTO audit.body (day, inst, iseq, salt, record)"
             "  SELECT current_date, '%s', i, salt, record FROM r)"
             " INSERT INTO audit.pending (inst, iseq, entry, terms) SELECT '%s', 0, string_agg('\\x01'::bytea ||"
             "  sha256(convert_to(E'audit-commit/v1\\n', 'UTF8') || salt || record), '' ORDER BY i),"
             "  replace(E'%s', '@', (current_date - date '1970-01-01')::text) FROM r",
             count, inst, inst, lines);
    postgres_run(opened.url, sql);
}

#define INST_A "aaaaaaaa-0000-4000-8000-000000000001"
#define INST_B "bbbbbbbb-0000-4000-8000-000000000002"

static void
integrate_until_idle(int64_t rows_max)
{
    enum integration result;

    while ((result = integrate(&opened.connection, &integrator, rows_max)) == INTEGRATED)
        continue;
    ck_assert_msg(result == INTEGRATION_IDLE, "%d: %s", result, integrator.why);
}

static int64_t
number(const char *sql)
{
    return postgres_number(opened.url, sql);
}

/* Every record is in the tree once, in its instance's order; root and tiles by the test's own Merkle
 * tree; the checkpoint is signed. */
static void
check_whole(int64_t size)
{
    struct stored_checkpoint stored;
    struct checkpoint        checkpoint;
    struct arena             arena;
    struct note              note;

    ck_assert_int_eq(number("SELECT size FROM audit.head"), size);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.leaf"), size);
    ck_assert_int_eq(number("SELECT count(DISTINCT (inst, iseq)) FROM audit.leaf"), size);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.search"), size);
    ck_assert_int_eq(number("SELECT count(*) FROM (SELECT iseq, row_number() OVER (PARTITION BY inst"
                            " ORDER BY idx) - 1 AS n FROM audit.leaf) t WHERE iseq <> n"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.leaf l JOIN audit.event e USING (inst, iseq)"
                            " WHERE leaf_hash = sha256('\\x0001'::bytea || sha256(convert_to("
                            "E'audit-commit/v1\\n', 'UTF8') || e.salt || e.record))"), size);
    arena_open(&arena, 1 << 20);
    ck_assert_int_eq(log_checkpoint_find(&opened.connection, size, false, &arena, &stored), FOUND);
    ck_assert_int_eq(checkpoint_open(stored.note, stored.note_count, &signer.key, &note, &checkpoint),
                     VERDICT_GOOD);
    ck_assert_int_eq(checkpoint.size, size);
    struct tile_reader reader = log_tile_reader(&opened.connection);
    struct digest      root;
    ck_assert(tree_root(&reader, size, &root));
    ck_assert(digest_equal(&root, &checkpoint.root));
    arena_close(&arena);
}

/* Around the edges of tiles: each record its own transaction of the sequencer's, then many at once. */
START_TEST(sizes_around_a_tile)
{
    static const int64_t sizes[] = { 1, 2, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537 };
    int64_t              size = 0;

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        fill_queue(INST_A, size, sizes[i] - size);
        integrate_until_idle(sizes[i] < 1000 ? 100 : 100000);
        size = sizes[i];
        check_whole(size);
    }
    ck_assert_int_eq(number("SELECT count(*) FROM audit.tile WHERE level = 2"), 1);
    ck_assert_int_eq(number("SELECT length(data) FROM audit.tile WHERE level = 0 AND n = 256"), 32);
    ck_assert_int_eq(number("SELECT length(data) FROM audit.bundle WHERE n = 255"), 8960);
}
END_TEST

START_TEST(records_of_connections_are_integrated)
{
    log_records(3);
    integrate_until_idle(4096);
    check_whole(4);                           /* with the `open` before them */
    ck_assert_int_eq(number("SELECT count(*) FROM audit.search WHERE kind = 'open'"), 1);
    ck_assert_int_eq(integrate(&opened.connection, &integrator, 10), INTEGRATION_IDLE);
}
END_TEST

/* A row that was taken out of the queue: its instance stops there, the others go on. */
START_TEST(gap_blocks_its_instance_alone)
{
    fill_queue(INST_A, 0, 10);
    fill_queue(INST_B, 0, 10);
    postgres_run(opened.url, "DELETE FROM audit.pending WHERE inst = '" INST_A "' AND iseq = 4");
    ck_assert_int_eq(integrate(&opened.connection, &integrator, 100), INTEGRATION_AGAIN);
    ck_assert_ptr_nonnull(strstr(integrator.why, INST_A ", record 5"));
    integrate_until_idle(100);
    check_whole(10);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.leaf WHERE inst = '" INST_A "'"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.pending WHERE inst = '" INST_A "'"), 9);
}
END_TEST

/* A record that is not the one that was committed to, or none at all. */
START_TEST(record_that_differs_blocks_its_instance)
{
    static const char *const spoil[] = {
        "UPDATE audit.event SET record = record || ' ' WHERE iseq = 2",
        "UPDATE audit.event SET salt = sha256(salt) WHERE iseq = 2",
        "DELETE FROM audit.event WHERE iseq = 2",
        "UPDATE audit.pending SET entry = '\\x01'::bytea || sha256(entry) WHERE iseq = 2",
    };

    fill_queue(INST_A, 0, 5);
    postgres_run(opened.url, "ALTER TABLE audit.event DISABLE TRIGGER ALL");
    postgres_run(opened.url, spoil[_i]);
    ck_assert_int_eq(integrate(&opened.connection, &integrator, 100), INTEGRATION_AGAIN);
    ck_assert_ptr_nonnull(strstr(integrator.why, INST_A ", record 2"));
    ck_assert_int_eq(number("SELECT size FROM audit.head"), 0);
}
END_TEST

#define TOLD(account) "@\\tpenalty\\teth-usd\\t" account "\\t0123456789abcdef\\tliquidatable\\t7\\t3\\n"

/* What the queue tells is what they are found by; of the others the record says it. */
START_TEST(what_the_queue_tells_is_not_read_again)
{
    fill_told(INST_A, 5, TOLD("a") TOLD("b") "\\n@\\tpenalty\\n" TOLD("e"));
    integrate_until_idle(100);
    ck_assert_int_eq(number("SELECT size FROM audit.head"), 5);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.search WHERE (kind, operation, market, actor, status, ts,"
                            " parameters_version) = ('decision', 'penalty', 'eth-usd', '0123456789abcdef',"
                            " 'liquidatable', 7, 3) AND (idx, account) IN ((0, 'a'), (1, 'b'), (4, 'e'))"), 3);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.search WHERE (idx, account, id, ts) IN"
                            " ((2, 'body-2', 'dec_of_body', 1), (3, 'body-3', 'dec_of_body', 1))"), 2);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.search WHERE id = 'dec_' ||"
                            " lpad(to_hex(current_date - date '1970-01-01'), 4, '0') ||"
                            " replace('" INST_A "', '-', '') || lpad(to_hex(idx), 12, '0')"), 3);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.leaf JOIN audit.body USING (day, inst, iseq)"), 5);
}
END_TEST

/* Days and counters that no decision has, columns too many: as if nothing were told. */
START_TEST(what_the_queue_cannot_mean_is_found_in_the_record)
{
    static const char *const lines[] = {
        "-1\\tpenalty\\t\\t\\t\\t\\t7\\t\\n", "65536\\tpenalty\\t\\t\\t\\t\\t7\\t\\n",
        "@\\tpenalty\\t\\t\\t\\t\\t7\\t\\t\\n", "@\\t\\t\\t\\t\\t\\t7\\t\\n",
        "@\\tpenalty\\t\\t\\t\\t\\t\\t\\n", "no end",
    };

    fill_told(INST_A, 1, lines[_i]);
    integrate_until_idle(100);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.search WHERE account = 'body-0'"), 1);
}
END_TEST

/* A counter that no id has room for, and the last that one has room for; both with their bodies. */
START_TEST(counter_past_every_id_blocks_its_instance)
{
    fill_told(INST_A, 2, TOLD("a") TOLD("b"));
    postgres_run(opened.url, "ALTER TABLE audit.body DISABLE TRIGGER ALL;"
                             "UPDATE audit.body SET iseq = iseq + 281474976710655;"
                             "UPDATE audit.pending SET iseq = 281474976710655;"
                             "INSERT INTO audit.instance (inst, next_iseq)"
                             " VALUES ('" INST_A "', 281474976710655)");
    fill_queue(INST_B, 0, 10);
    ck_assert_int_eq(integrate(&opened.connection, &integrator, 100), INTEGRATION_AGAIN);
    ck_assert_msg(strstr(integrator.why, INST_A ", record 281474976710656: no instance counts"),
                  "%s", integrator.why);
    integrate_until_idle(100);
    check_whole(10);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.pending WHERE inst = '" INST_A "'"), 1);
}
END_TEST

/* The head, its checkpoint, its frontier, a tile of the right edge: touched by another hand, and
 * nothing is signed any more. */
START_TEST(touched_edge_is_not_signed)
{
    static const char *const spoil[] = {
        "UPDATE audit.head SET size = size + 1",
        "UPDATE audit.head SET root = sha256(root)",
        "UPDATE audit.head SET frontier = frontier || root",
        "UPDATE audit.head SET origin = 'other/audit'",
        "UPDATE audit.checkpoint SET root = sha256(root)",
        "UPDATE audit.checkpoint SET size = size - 1",
        "DELETE FROM audit.checkpoint",
        "UPDATE audit.tile SET data = substr(data, 1, length(data) - 32)",
        "DELETE FROM audit.tile",
        "DELETE FROM audit.bundle",
        "UPDATE audit.bundle SET n = n + 1",
    };

    fill_queue(INST_A, 0, 5);
    integrate_until_idle(100);
    postgres_run(opened.url, "ALTER TABLE audit.checkpoint DISABLE TRIGGER ALL");
    postgres_run(opened.url, "ALTER TABLE audit.tile DISABLE TRIGGER ALL");
    postgres_run(opened.url, "ALTER TABLE audit.bundle DISABLE TRIGGER ALL");
    postgres_run(opened.url, spoil[_i]);
    fill_queue(INST_A, 5, 5);
    ck_assert_msg(integrate(&opened.connection, &integrator, 100) == INTEGRATION_HALTED, "%s",
                  integrator.why);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.pending"), 5);
    ck_assert_int_le(number("SELECT count(*) FROM audit.checkpoint"), 1);
}
END_TEST

/* An older dump is restored: the log is shorter than what was signed; and a log that was rewritten
 * behind our back to the same size, or grew from another root. */
START_TEST(rolled_back_log_is_not_signed)
{
    struct integrator before;

    fill_queue(INST_A, 0, 300);
    integrate_until_idle(1000);
    before = integrator;
    if (_i == 0)
        before.seen.size = 301;               /* somebody has seen more than there is */
    else if (_i == 1)
        before.seen.root.bytes[0] ^= 1;
    else
        before.seen = (struct seen){ true, 200, { { 1 } } };
    integrator = before;
    fill_queue(INST_A, 300, 5);
    ck_assert_int_eq(integrate(&opened.connection, &integrator, 100), INTEGRATION_HALTED);
    ck_assert_int_eq(number("SELECT size FROM audit.head"), 300);
    ck_assert_int_eq(integrate_check(&opened.connection, &integrator), INTEGRATION_HALTED);
}
END_TEST

/* Six processes at once without the advisory lock: every record once, one history. */
START_TEST(safety_does_not_need_the_lock)
{
    enum { PROCESSES = 6, RECORDS = 3000 };
    pid_t pids[PROCESSES];

    fill_queue(INST_A, 0, RECORDS);
    fill_queue(INST_B, 0, RECORDS);
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        ck_assert_int_ge(pids[i], 0);
        if (pids[i] == 0) {
            struct connection own;
            struct integrator mine = { .origin = ORIGIN, .signers = &signer, .signers_count = 1,
                                       .is_publishing = true, .lock_left_out = true };
            bool              is_good = connection_open(&own, opened.database);
            for (int round = 0; is_good && round < 1000; round++) {
                enum integration result = integrate(&own, &mine, 100);
                is_good = result != INTEGRATION_HALTED;
                if (result == INTEGRATION_IDLE)
                    break;
            }
            _exit(is_good ? 0 : 1);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        waitpid(pids[i], &status, 0);
        ck_assert_int_eq(status, 0);
    }
    integrate_until_idle(1000);
    check_whole(2 * RECORDS);
}
END_TEST

static void
die_at(void *context, enum integration_step step)
{
    if ((int)step == *(int *)context)
        kill(getpid(), SIGKILL);
}

/* kill -9 at each step: what was committed is there, what was not is integrated by the next one. */
START_TEST(killed_at_each_step)
{
    fill_queue(INST_A, 0, 300);
    integrate_until_idle(1000);
    fill_queue(INST_A, 300, 300);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct connection own;
        int               step = _i;
        struct integrator mine = { .origin = ORIGIN, .signers = &signer, .signers_count = 1,
                                   .is_publishing = true, .at_step = die_at, .context = &step };
        if (connection_open(&own, opened.database))
            integrate(&own, &mine, 1000);
        _exit(0);
    }
    int status;
    waitpid(pid, &status, 0);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(number("SELECT size FROM audit.head"), _i == STEP_COMMITTED ? 600 : 300);
    enum integration result = INTEGRATION_BUSY;
    for (int i = 0; i < 100 && result != INTEGRATION_IDLE; i++) {      /* until the dead one's lock is free */
        result = integrate(&opened.connection, &integrator, 1000);
        ck_assert_int_ne(result, INTEGRATION_HALTED);
        if (result != INTEGRATED && result != INTEGRATION_IDLE)
            usleep(20000);
    }
    check_whole(600);
}
END_TEST

/* One that stood still while another went on: its transaction comes to nothing. */
static struct integrator other;
static void
overtake(void *context, enum integration_step step)
{
    struct connection *second = context;

    if (step == STEP_TAKEN)
        postgres_run(opened.url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state ="
                                 " 'idle in transaction' AND datname = current_database()");
    if (step == STEP_TAKEN) {
        other = integrator;
        other.at_step = NULL;
        enum integration result = INTEGRATION_BUSY;
        for (int i = 0; i < 500 && result == INTEGRATION_BUSY; i++) {      /* until the dead one's lock is free */
            result = integrate(second, &other, 1000);
            usleep(10000);
        }
        ck_assert_int_eq(result, INTEGRATED);
    }
}

START_TEST(paused_sequencer_comes_too_late)
{
    struct connection second;

    ck_assert(connection_open(&second, opened.database));
    fill_queue(INST_A, 0, 50);
    integrator.at_step = overtake;
    integrator.context = &second;
    ck_assert_int_eq(integrate(&opened.connection, &integrator, 1000), INTEGRATION_AWAY);
    integrator.at_step = NULL;
    connection_close(&opened.connection);
    ck_assert(connection_open(&opened.connection, opened.database));
    integrate_until_idle(1000);
    check_whole(50);
    connection_close(&second);
}
END_TEST

/* COMMIT's answer is lost: nothing is taken for signed before the head was read again. */
static const struct { enum cut cut; int64_t size_then; } cuts[] = {
    { CUT_BEFORE_COMMIT, 0 }, { CUT_AFTER_COMMIT, 50 }, { CUT_AND_COMMIT_LATE, -1 }
};

START_TEST(lost_commit_is_found_out)
{
    char                     url[2 * POSTGRES_URL_MAX], why[DATABASE_WHY_MAX];
    struct proxy            *proxy = proxy_open();
    struct database_settings settings = { .url = url };
    struct connection        proxied;

    proxy_url(proxy, opened.url, url, sizeof url);
    struct database *database = database_open(&settings, why);
    ck_assert_msg(database != NULL, "%s", why);
    ck_assert(connection_open(&proxied, database));
    fill_queue(INST_A, 0, 50);
    proxy_arm(proxy, cuts[_i].cut, false);
    ck_assert_int_eq(integrate(&proxied, &integrator, 1000), INTEGRATION_AWAY);
    ck_assert(proxy_has_cut(proxy));
    ck_assert(!integrator.seen.is_there);
    if (cuts[_i].size_then >= 0)
        ck_assert_int_eq(number("SELECT size FROM audit.head"), cuts[_i].size_then);
    enum integration result = INTEGRATION_BUSY;
    for (int i = 0; i < 200 && result != INTEGRATION_IDLE; i++) {      /* the cut transaction may hold the lock */
        result = integrate(&opened.connection, &integrator, 1000);
        ck_assert_int_ne(result, INTEGRATION_HALTED);
        usleep(20000);
    }
    check_whole(50);
    connection_close(&proxied);
    database_close(database);
    proxy_close(proxy);
}
END_TEST

static void
write_text(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    chmod(path, mode);
}

/* Keys are made once, found again, and refused where they are not what they must be. */
START_TEST(key_files_are_checked)
{
    char            folder[POSTGRES_PATH_MAX], path[160], why[DATABASE_WHY_MAX];
    struct log_keys keys, same;

    postgres_scratch(folder);
    snprintf(path, sizeof path, "%s/log.key.%d", folder, getpid());
    ck_assert(!log_keys_open(path, ORIGIN, false, &keys, why));
    ck_assert_msg(log_keys_open(path, ORIGIN, true, &keys, why), "%s", why);
    ck_assert_msg(log_keys_open(path, ORIGIN, true, &same, why), "%s", why);
    ck_assert_mem_eq(keys.log.key.public_bytes, same.log.key.public_bytes, KEY_BYTES);
    ck_assert_str_eq(keys.receipt.key.name, ORIGIN "/receipt");
    ck_assert(!log_keys_open(path, "other.test/audit", false, &same, why));
    ck_assert_ptr_nonnull(strstr(why, "BREAKWATER_ORIGIN"));
    chmod(path, 0640);
    ck_assert(!log_keys_open(path, ORIGIN, false, &same, why));
    ck_assert_ptr_nonnull(strstr(why, "chmod 600"));
    write_text(path, "PRIVATE+KEY+" ORIGIN "+00000000+AQcDAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", 0600);
    ck_assert(!log_keys_open(path, ORIGIN, false, &same, why));
    write_text(path, "nonsense\n", 0600);
    ck_assert(!log_keys_open(path, ORIGIN, false, &same, why));
}
END_TEST

/* The thread: what is logged is in the published checkpoint soon; after a restart it goes on from the
 * state file; and with a state file from a longer log it signs nothing. */
START_TEST(thread_publishes_and_remembers)
{
    char                      folder[POSTGRES_PATH_MAX], state[160], why[DATABASE_WHY_MAX], receipt[256];
    struct log_keys           keys = { .log = signer };
    struct sequencer_settings settings = { .origin = ORIGIN, .keys = &keys, .state_path = state };
    struct sequencer_status   status;
    struct checkpoint         kept;

    ck_assert(receipt_name(ORIGIN, receipt));
    keys.receipt = signer_of(KEY_NOTE, receipt, opened_seed);
    postgres_scratch(folder);
    snprintf(state, sizeof state, "%s/audit-state.%d", folder, getpid());
    for (int64_t size = 100; size <= 300; size += 100) {
        struct sequencer *sequencer = sequencer_open(opened.database, &settings, why);
        ck_assert_msg(sequencer != NULL, "%s", why);
        fill_queue(INST_A, size - 100, 100);
        for (int i = 0; i < 200 && log_published_size(database_log(opened.database)) < size; i++)
            usleep(20000);
        sequencer_status(sequencer, &status);
        ck_assert_int_eq(status.published_size, size);
        ck_assert(!status.is_halted);
        sequencer_close(sequencer);
        ck_assert(log_state_read(state, &signer.key, &kept, why));
        ck_assert_int_eq(kept.size, size);
        check_whole(size);
    }
    struct arena arena;
    struct text  note;
    kept.size = 400;
    arena_open(&arena, 1 << 16);
    text_open(&note, &arena, 1024, 4096);
    checkpoint_sign(&kept, &signer, 1, &note);
    ck_assert(log_state_write(state, note.bytes, note.count, why));
    arena_close(&arena);
    fill_queue(INST_A, 300, 5);
    struct sequencer *sequencer = sequencer_open(opened.database, &settings, why);
    ck_assert_msg(sequencer != NULL, "%s", why);
    usleep(500000);
    sequencer_status(sequencer, &status);
    ck_assert(status.is_halted);
    ck_assert_ptr_nonnull(strstr(status.why, "rolled back"));
    sequencer_close(sequencer);
    ck_assert_int_eq(number("SELECT size FROM audit.head"), 300);
}
END_TEST

/* A key takes another's place: both sign for a while, then it signs alone; one that comes of a sudden is
 * refused. Each is named in a record. */
START_TEST(key_takes_anothers_place)
{
    static const uint8_t      other_seed[KEY_BYTES] = { 8 };
    char                      folder[POSTGRES_PATH_MAX], state[160], why[DATABASE_WHY_MAX], receipt[256];
    struct log_keys           keys = { .log = signer };
    struct sequencer_settings settings = { .origin = ORIGIN, .keys = &keys, .state_path = state };
    struct sequencer         *sequencer;

    ck_assert(receipt_name(ORIGIN, receipt));
    keys.receipt = signer_of(KEY_NOTE, receipt, opened_seed);
    keys.next    = signer_of(KEY_NOTE, ORIGIN, other_seed);
    postgres_scratch(folder);
    snprintf(state, sizeof state, "%s/rotated.%d", folder, getpid());
    for (int round = 0; round < 3; round++) {
        keys.has_next = round == 1;
        if (round == 2)
            keys.log = keys.next;
        ck_assert_int_eq(log_keys_record(&opened.connection, &keys), OUTCOME_OK);
        fill_queue(INST_A, round * 10, 10);
        sequencer = sequencer_open(opened.database, &settings, why);
        ck_assert_msg(sequencer != NULL, "%s", why);
        for (int i = 0; i < 400 && number("SELECT count(*) FROM audit.pending") > 0; i++)
            usleep(20000);
        sequencer_close(sequencer);
    }
    ck_assert_int_eq(number("SELECT max(size) FROM audit.checkpoint"), 34);    /* open, three keys */
    ck_assert_int_eq(number("SELECT count(*) FROM audit.search WHERE kind = 'key' AND idx > 0"
                            " AND ts > 1"), 3);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.checkpoint WHERE note LIKE E'%\n\n%\n%\n'"), 1);
    keys.log = signer;                        /* the old one again */
    ck_assert_ptr_null(sequencer_open(opened.database, &settings, why));
    ck_assert_ptr_nonnull(strstr(why, "BREAKWATER_LOG_KEY_NEXT"));
}
END_TEST

/* A log that was sealed, and the one after it, whose entry 0 quotes the last good checkpoint. */
START_TEST(sealed_log_is_quoted_by_the_next)
{
    char              folder[POSTGRES_PATH_MAX], state[160], path[160], why[DATABASE_WHY_MAX];
    static char       note[SEAL_BYTES_MAX];
    struct checkpoint last = { .origin = ORIGIN, .size = 7 };
    struct arena      arena;
    struct text       text;

    postgres_scratch(folder);
    snprintf(state, sizeof state, "%s/sealed-state.%d", folder, getpid());
    snprintf(path, sizeof path, "%s/seal.%d", folder, getpid());
    ck_assert_int_eq(log_seal_read(path, ORIGIN, note, why), SEAL_NONE);
    ck_assert(!log_seal_write(path, state, &signer.key, why));
    arena_open(&arena, 1 << 16);
    text_open(&text, &arena, 1024, 4096);
    checkpoint_sign(&last, &signer, 1, &text);
    ck_assert(log_state_write(state, text.bytes, text.count, why));
    ck_assert_msg(log_seal_write(path, state, &signer.key, why), "%s", why);
    ck_assert(!log_seal_write(path, state, &signer.key, why));
    ck_assert_int_eq(log_seal_read(path, ORIGIN, note, why), SEAL_OF_THIS);
    ck_assert_int_eq(log_seal_read(path, ORIGIN "/2", note, why), SEAL_OF_ANOTHER);
    ck_assert_uint_eq(strlen(note), text.count);
    ck_assert_mem_eq(note, text.bytes, text.count);
    arena_close(&arena);
    log_records(2);                           /* something waits already */
    for (int i = 0; i < 2; i++)               /* once, however often it is started */
        ck_assert_int_eq(log_seal_quote(&opened.connection, note), OUTCOME_OK);
    integrate_until_idle(100);
    check_whole(4);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.leaf JOIN audit.event USING (inst, iseq)"
                            " WHERE idx = 0 AND convert_from(record, 'UTF8')::json->>'predecessor' LIKE '"
                            ORIGIN "%'"), 1);
    ck_assert_int_eq(log_seal_quote(&opened.connection, note), OUTCOME_OK);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.pending"), 0);
}
END_TEST

Suite *
sequencer_suite(void)
{
    Suite *suite = suite_create("sequencer");
    TCase *tcase = tcase_create("integration");

    tcase_add_checked_fixture(tcase, open_log, close_log);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, sizes_around_a_tile);
    tcase_add_test(tcase, records_of_connections_are_integrated);
    tcase_add_test(tcase, gap_blocks_its_instance_alone);
    tcase_add_loop_test(tcase, record_that_differs_blocks_its_instance, 0, 4);
    tcase_add_test(tcase, what_the_queue_tells_is_not_read_again);
    tcase_add_loop_test(tcase, what_the_queue_cannot_mean_is_found_in_the_record, 0, 6);
    tcase_add_test(tcase, counter_past_every_id_blocks_its_instance);
    tcase_add_loop_test(tcase, touched_edge_is_not_signed, 0, 11);
    tcase_add_loop_test(tcase, rolled_back_log_is_not_signed, 0, 3);
    tcase_add_test(tcase, safety_does_not_need_the_lock);
    tcase_add_loop_test(tcase, killed_at_each_step, 0, STEP_COUNT);
    tcase_add_test(tcase, paused_sequencer_comes_too_late);
    tcase_add_loop_test(tcase, lost_commit_is_found_out, 0, (int)COUNT_OF(cuts));
    tcase_add_test(tcase, key_files_are_checked);
    tcase_add_test(tcase, thread_publishes_and_remembers);
    tcase_add_test(tcase, key_takes_anothers_place);
    tcase_add_test(tcase, sealed_log_is_quoted_by_the_next);
    suite_add_tcase(suite, tcase);
    return suite;
}
