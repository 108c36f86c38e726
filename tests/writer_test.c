/* The writer: group commit, fence, idempotency, and what becomes of decisions
 * when the database dies under it. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/decisions.h"
#include "db/kept.h"
#include "db/markets.h"
#include "db/writer.h"
#include "tests/opened.h"
#include "tests/proxy.h"
#include "tests/suite.h"

enum { QUEUE_MAX = 20000, ARENA_BYTES = 512 << 20, WAIT_MS_MAX = 20000 };

/* Decisions of one test, and how many of them were settled. */
struct made {
    struct opened   opened;
    struct proxy   *proxy;                /* NULL: none */
    struct writer  *writer;
    struct arena    arena;
    pthread_mutex_t lock;
    _Atomic size_t  settled_count;
};

static void
open_writer(struct made *made)
{
    struct writer_settings settings = { .queue_max = QUEUE_MAX };

    made->writer = writer_open(made->opened.database, &settings);
    ck_assert_ptr_nonnull(made->writer);
    ck_assert(writer_is_up(made->writer));
    arena_open(&made->arena, ARENA_BYTES);
    pthread_mutex_init(&made->lock, NULL);
    made->settled_count = 0;
}

static void
open_made(struct made *made)
{
    made->proxy = NULL;
    opened_fresh(&made->opened);
    open_writer(made);
}

/* The writer's connections go through a proxy; the others as well, but they never say COMMIT. */
static void
open_proxied(struct made *made)
{
    char                     url[2 * POSTGRES_URL_MAX], why[DATABASE_WHY_MAX] = "";
    struct database_settings settings = { .url = url };

    opened_fresh(&made->opened);
    opened_close(&made->opened);
    made->proxy = proxy_open();
    proxy_url(made->proxy, made->opened.url, url, sizeof url);
    made->opened.database = database_open(&settings, why);
    ck_assert_msg(made->opened.database != NULL, "%s", why);
    ck_assert(connection_open(&made->opened.connection, made->opened.database));
    open_writer(made);
}

static void
close_made(struct made *made)
{
    writer_close(made->writer);
    opened_close(&made->opened);
    if (made->proxy)
        proxy_close(made->proxy);
    arena_close(&made->arena);
    pthread_mutex_destroy(&made->lock);
}

static void
note_settled(struct decision *decision)
{
    struct made *made = decision->context;
    atomic_fetch_add(&made->settled_count, 1);
}

static struct text
text_of(const char *string, struct arena *arena)
{
    struct text text;
    text_open(&text, arena, strlen(string), 8 << 20);
    text_add_string(&text, string);
    return text;
}

/* A decision that says `number`, so that each can be told apart in the log. */
static struct decision *
make(struct made *made, int number)
{
    char json[64];
    snprintf(json, sizeof json, "{\"number\":%d}", number);

    pthread_mutex_lock(&made->lock);
    struct decision *decision = arena_alloc(&made->arena, 1, sizeof *decision);
    struct text      figures = text_of("{\"x\":\"1\"}", &made->arena);
    struct text      inputs = text_of(json, &made->arena);
    ck_assert_ptr_nonnull(decision);
    struct decision_facts facts = {
        .operation = "preview", .ts_us = clock_now_us(), .eval_ts_us = clock_now_us(),
        .engine_version = "0", .engine_build = "0",
        .figures = &figures, .inputs = &inputs,
    };
    ck_assert(draft_decision(&facts, writer_inst(made->writer), &made->arena, &made->arena,
                             &decision->draft));
    pthread_mutex_unlock(&made->lock);
    decision->caller     = "";
    decision->now_us     = clock_now_us();
    decision->settled    = note_settled;
    decision->context    = made;
    decision->settlement = SETTLED_UNKNOWN;
    return decision;
}

static void
wait_settled(struct made *made, size_t count)
{
    for (int ms = 0; made->settled_count < count; ms++) {
        ck_assert_msg(ms < WAIT_MS_MAX, "%zu of %zu are settled", (size_t)made->settled_count,
                      count);
        usleep(1000);
    }
}

static enum settlement
write_one(struct made *made, struct decision *decision)
{
    size_t before = made->settled_count;

    ck_assert(writer_submit(made->writer, decision));
    wait_settled(made, before + 1);
    return decision->settlement;
}

static void
wait_up(struct made *made)
{
    for (int ms = 0; !writer_is_up(made->writer); ms++) {
        ck_assert_msg(ms < WAIT_MS_MAX, "the writer does not come back");
        usleep(1000);
    }
}

enum { THREADS = 8, EACH = 125, ALL = THREADS * EACH };

struct submitter { struct made *made; struct decision *decisions[EACH]; };

static void *
submit_all(void *context)
{
    struct submitter *submitter = context;

    for (int i = 0; i < EACH; i++)
        if (!writer_submit(submitter->made->writer, submitter->decisions[i]))
            return "refused";
    return NULL;
}

START_TEST(a_thousand_decisions_of_eight_threads_are_there_once_and_chained)
{
    struct made      made;
    struct submitter submitters[THREADS];
    pthread_t        threads[THREADS];

    open_made(&made);
    for (int i = 0; i < THREADS; i++) {
        submitters[i].made = &made;
        for (int j = 0; j < EACH; j++)
            submitters[i].decisions[j] = make(&made, i * EACH + j);
        ck_assert_int_eq(pthread_create(&threads[i], NULL, submit_all, &submitters[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    wait_settled(&made, ALL);
    for (int i = 0; i < ALL; i++)
        ck_assert_int_eq(submitters[i / EACH].decisions[i % EACH]->settlement, SETTLED_DURABLE);
    ck_assert_int_eq(log_check(made.opened.url), ALL);
    ck_assert_int_eq(postgres_number(made.opened.url, "SELECT count(DISTINCT convert_from(record,"
                                     " 'UTF8')::json -> 'inputs' ->> 'number')"
                                     " FROM audit.body"), ALL);
    ck_assert_int_lt(postgres_number(made.opened.url,
                                     "SELECT count(DISTINCT xmin::text) FROM audit.body"), ALL / 2);
    close_made(&made);
}
END_TEST

START_TEST(a_decision_is_found_by_its_id_as_it_was_sealed)
{
    struct made            made;
    struct stored_decision stored;

    open_made(&made);
    struct decision *decision = make(&made, 7);
    ck_assert_int_eq(write_one(&made, decision), SETTLED_DURABLE);
    ck_assert_uint_eq(strlen(decision->id), 52);
    ck_assert_int_eq(decision->iseq, 1);
    ck_assert_int_eq(decision_find(&made.opened.connection, decision->id, &made.arena, &stored),
                     FOUND);
    ck_assert_mem_eq(&stored.sealed, &decision->sealed, sizeof stored.sealed);
    ck_assert_ptr_nonnull(strstr(stored.record, decision->id));
    ck_assert_ptr_nonnull(strstr(stored.record, "{\"number\":7}"));
    decision->id[51] = decision->id[51] == '5' ? '6' : '5';
    ck_assert_int_eq(decision_find(&made.opened.connection, decision->id, &made.arena, &stored),
                     FOUND_NOTHING);
    ck_assert_int_eq(decision_find(&made.opened.connection, "dec_1", &made.arena, &stored),
                     FOUND_NOTHING);
    close_made(&made);
}
END_TEST

START_TEST(an_instance_opens_and_closes_its_records)
{
    struct made made;
    char        url[POSTGRES_URL_MAX];

    open_made(&made);
    memcpy(url, made.opened.url, sizeof url);
    ck_assert_int_eq(write_one(&made, make(&made, 1)), SETTLED_DURABLE);
    close_made(&made);
    ck_assert_int_eq(log_check(url), 1);
    ck_assert_int_eq(postgres_number(url, "SELECT iseq FROM audit.event WHERE kind = 'close'"), 2);
    ck_assert_int_eq(postgres_number(url, "SELECT count(*) FROM audit.event WHERE kind = 'open' AND"
                                     " convert_from(record, 'UTF8')::json ->> 'fsync' = 'on'"), 1);
    ck_assert_int_eq(postgres_number(url, "SELECT count(*) FROM audit.instance"), 1);
}
END_TEST

static void
add_market(struct made *made)
{
    postgres_run(made->opened.url, "INSERT INTO breakwater.market VALUES ('m', 'M', 1, 5, 0)");
}

static struct decision *
make_fenced(struct made *made, int number, int64_t epoch)
{
    struct decision *decision = make(made, number);
    decision->market = "m";
    decision->epoch  = epoch;
    return decision;
}

START_TEST(a_decision_of_another_epoch_is_stale_and_holds_up_no_other)
{
    struct made made;

    open_made(&made);
    add_market(&made);
    struct decision *decisions[] = { make_fenced(&made, 0, 5), make_fenced(&made, 1, 4),
                                     make(&made, 2), make_fenced(&made, 3, 5) };
    decisions[3]->market = "none";
    for (size_t i = 0; i < 4; i++)
        ck_assert(writer_submit(made.writer, decisions[i]));
    wait_settled(&made, 4);
    ck_assert_int_eq(decisions[0]->settlement, SETTLED_DURABLE);
    ck_assert_int_eq(decisions[1]->settlement, SETTLED_STALE);
    ck_assert_int_eq(decisions[2]->settlement, SETTLED_DURABLE);
    ck_assert_int_eq(decisions[3]->settlement, SETTLED_STALE);
    ck_assert_int_eq(log_check(made.opened.url), 2);
    close_made(&made);
}
END_TEST

static struct decision *
make_keyed(struct made *made, int number, const char *caller, const char *key)
{
    struct decision *decision = make(made, number);
    decision->caller          = caller;
    decision->idempotency_key = key;
    decision->body_sha256     = digest_of(key, strlen(key));
    return decision;
}

START_TEST(a_key_is_taken_once_by_each_caller)
{
    struct made          made;
    struct stored_answer answer;

    open_made(&made);
    struct decision *decisions[] = { make_keyed(&made, 0, "a", "k"), make_keyed(&made, 1, "a", "k"),
                                     make_keyed(&made, 2, "b", "k"), make_keyed(&made, 3, "a", "l"),
                                     make(&made, 4) };
    struct text      workings = text_of("{\"w\":1}", &made.arena);
    decisions[0]->workings = &workings;
    decisions[1]->workings = &workings;
    for (size_t i = 0; i < 5; i++)
        ck_assert(writer_submit(made.writer, decisions[i]));
    wait_settled(&made, 5);
    ck_assert_int_eq((decisions[0]->settlement == SETTLED_DURABLE) +
                     (decisions[1]->settlement == SETTLED_DURABLE), 1);
    ck_assert_int_eq((decisions[0]->settlement == SETTLED_DUPLICATE) +
                     (decisions[1]->settlement == SETTLED_DUPLICATE), 1);
    for (size_t i = 2; i < 5; i++)
        ck_assert_int_eq(decisions[i]->settlement, SETTLED_DURABLE);
    ck_assert_int_eq(write_one(&made, make_keyed(&made, 5, "a", "k")), SETTLED_DUPLICATE);
    ck_assert_int_eq(log_check(made.opened.url), 4);

    const struct decision *winner = decisions[decisions[0]->settlement != SETTLED_DURABLE];
    ck_assert_int_eq(idempotency_find(&made.opened.connection, "a", "k", &made.arena, &answer),
                     FOUND);
    ck_assert_str_eq(answer.decision_id, winner->id);
    ck_assert(digest_equal(&answer.body_sha256, &winner->body_sha256));
    ck_assert_uint_eq(answer.workings_count, 7);
    ck_assert_mem_eq(answer.workings, "{\"w\":1}", 7);
    ck_assert_int_eq(idempotency_find(&made.opened.connection, "b", "k", &made.arena, &answer),
                     FOUND);
    ck_assert_ptr_null(answer.workings);
    ck_assert_int_eq(idempotency_find(&made.opened.connection, "b", "l", &made.arena, &answer),
                     FOUND_NOTHING);
    close_made(&made);
}
END_TEST

START_TEST(a_key_that_another_instance_is_writing_is_taken_and_delays_little)
{
    struct made        made;
    struct connection *other = &made.opened.connection;

    open_made(&made);
    ck_assert(!transaction_begin(other));
    ck_assert(!run_command(other, "INSERT INTO breakwater.idempotency VALUES ('a', 'k',"
                           " decode(repeat('00', 32), 'hex'), 'd', NULL, 0)", NULL, 0, NULL));
    struct decision *held = make_keyed(&made, 0, "a", "k");
    struct decision *free_one = make_keyed(&made, 1, "a", "l");
    ck_assert(writer_submit(made.writer, held));
    ck_assert(writer_submit(made.writer, free_one));
    wait_settled(&made, 2);
    ck_assert_int_eq(held->settlement, SETTLED_DUPLICATE);
    ck_assert_int_eq(free_one->settlement, SETTLED_DURABLE);
    transaction_rollback(other);
    ck_assert_int_eq(write_one(&made, make_keyed(&made, 2, "a", "k")), SETTLED_DURABLE);
    ck_assert_int_eq(log_check(made.opened.url), 2);
    close_made(&made);
}
END_TEST

START_TEST(states_are_kept_once_by_their_hash)
{
    struct made            made;
    struct stored_document stored;
    static const char      state[] = "{\"prices\":{}}";
    struct digest          sha256 = digest_of(state, sizeof state - 1);

    open_made(&made);
    for (int i = 0; i < 20; i++) {
        struct decision *decision = make(&made, i);
        decision->snapshot = (struct kept){ sha256, state, sizeof state - 1 };
        ck_assert(writer_submit(made.writer, decision));
    }
    wait_settled(&made, 20);
    ck_assert_int_eq(postgres_number(made.opened.url, "SELECT count(*) FROM breakwater.kept"), 1);
    ck_assert_int_eq(document_find(&made.opened.connection, &sha256, &made.arena, &stored), FOUND);
    ck_assert_uint_eq(stored.count, sizeof state - 1);
    ck_assert_mem_eq(stored.bytes, state, sizeof state - 1);
    sha256.bytes[0] ^= 1;
    ck_assert_int_eq(document_find(&made.opened.connection, &sha256, &made.arena, &stored),
                     FOUND_NOTHING);
    close_made(&made);
}
END_TEST

static void
write_named(struct made *made, const char *state, int64_t now_us)
{
    struct decision *decision = make(made, 1);

    decision->now_us   = now_us;
    decision->snapshot = (struct kept){ digest_of(state, strlen(state)), state, strlen(state) };
    ck_assert_int_eq(write_one(made, decision), SETTLED_DURABLE);
}

static int64_t
kept_at(struct made *made, const char *state)
{
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT kept_at FROM breakwater.kept WHERE sha256 = sha256('%s')",
             state);
    return postgres_number(made->opened.url, sql);
}

/* It is sent again by the first decision of a day that names it, and by no other; so one that is
 * named again outlives one that is not, and what the writer knows to be there is there. */
START_TEST(a_state_is_kept_as_long_as_the_last_decision_that_names_it)
{
    struct made made;
    int64_t     today_us = clock_now_us();
    int64_t     day_us = INT64_C(86400000000);
    int64_t     begin_us, pruned;

    open_made(&made);
    write_named(&made, "once", today_us);
    write_named(&made, "again", today_us);
    write_named(&made, "again", today_us + 1);
    ck_assert_int_eq(kept_at(&made, "again"), today_us);
    write_named(&made, "again", today_us + 2 * day_us);
    ck_assert_int_eq(kept_at(&made, "once"), today_us);
    ck_assert_int_eq(kept_at(&made, "again"), today_us + 2 * day_us);
    ck_assert(decisions_begin(&made.opened.connection, &begin_us));
    ck_assert_int_eq(begin_us % day_us, 0);
    ck_assert_int_le(begin_us, today_us);
    ck_assert(kept_prune(&made.opened.connection, begin_us, &pruned));
    ck_assert_int_eq(pruned, 0);
    ck_assert(kept_prune(&made.opened.connection, (today_us / day_us + 2) * day_us, &pruned));
    ck_assert_int_eq(pruned, 1);
    ck_assert_int_eq(postgres_number(made.opened.url, "SELECT count(*) FROM breakwater.kept"), 1);
    write_named(&made, "once", today_us + 2 * day_us + 1);
    write_named(&made, "again", today_us);
    ck_assert_int_eq(kept_at(&made, "once"), today_us + 2 * day_us + 1);
    ck_assert_int_eq(kept_at(&made, "again"), today_us + 2 * day_us);
    close_made(&made);
}
END_TEST

/* The days of which no partition is left are over. */
START_TEST(decisions_begin_with_the_oldest_day_that_is_kept)
{
    struct made made;
    int64_t     begin_us;

    open_made(&made);
    postgres_run(made.opened.url, "SELECT audit.partitions_make('2020-03-12', '2020-03-13')");
    ck_assert(decisions_begin(&made.opened.connection, &begin_us));
    ck_assert_int_eq(begin_us, INT64_C(1583971200000000));
    postgres_run(made.opened.url, "DROP TABLE audit.body_20200312");
    ck_assert(decisions_begin(&made.opened.connection, &begin_us));
    ck_assert_int_eq(begin_us, INT64_C(1584057600000000));
    close_made(&made);
}
END_TEST

/* The largest that a request may bring, among small ones. */
START_TEST(a_state_of_four_megabytes_is_written_with_the_others)
{
    struct made            made;
    struct stored_document stored;
    enum { BIG = 4 << 20, COUNT = 5 };
    struct decision *decisions[COUNT];
    char            *state = malloc(BIG);

    open_made(&made);
    for (size_t i = 0; i < BIG; i++)
        state[i] = (char)('a' + (i * i >> 7) % 26);
    for (int i = 0; i < COUNT; i++)
        decisions[i] = make(&made, i);
    decisions[2]->snapshot = (struct kept){ digest_of(state, BIG), state, BIG };
    for (int i = 0; i < COUNT; i++)
        ck_assert(writer_submit(made.writer, decisions[i]));
    wait_settled(&made, COUNT);
    for (int i = 0; i < COUNT; i++)
        ck_assert_int_eq(decisions[i]->settlement, SETTLED_DURABLE);
    ck_assert_int_eq(document_find(&made.opened.connection, &decisions[2]->snapshot.sha256,
                                   &made.arena, &stored), FOUND);
    ck_assert_uint_eq(stored.count, BIG);
    ck_assert_mem_eq(stored.bytes, state, BIG);
    ck_assert_int_eq(log_check(made.opened.url), COUNT);
    free(state);
    close_made(&made);
}
END_TEST

/* As when its wait for a standby is cut off: the server says COMMIT, and
 * that it is not what was asked for. */
START_TEST(a_commit_with_a_warning_is_not_acknowledged)
{
    struct made made;

    open_made(&made);
    postgres_run(made.opened.url, "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS"
                                  " $$ BEGIN RAISE WARNING 'not replicated'; RETURN NULL; END $$");
    postgres_run(made.opened.url, "CREATE CONSTRAINT TRIGGER warn AFTER INSERT"
                 " ON audit.pending DEFERRABLE INITIALLY DEFERRED"
                 " FOR EACH ROW EXECUTE FUNCTION warn()");
    ck_assert_int_eq(write_one(&made, make(&made, 1)), SETTLED_UNKNOWN);
    postgres_run(made.opened.url, "DROP TRIGGER warn ON audit.pending");
    wait_up(&made);
    ck_assert_int_eq(write_one(&made, make(&made, 2)), SETTLED_DURABLE);
    ck_assert_int_eq(log_check(made.opened.url), 2);
    close_made(&made);
}
END_TEST

START_TEST(one_bad_row_fails_alone)
{
    struct made made;
    enum { COUNT = 40, BAD = 23 };
    struct decision *decisions[COUNT];

    open_made(&made);
    postgres_run(made.opened.url, "ALTER TABLE audit.body ADD CHECK"
                 " (position('{\"number\":23}'::bytea IN record) = 0)");
    for (int i = 0; i < COUNT; i++)
        decisions[i] = make(&made, i);
    for (int i = 0; i < COUNT; i++)
        ck_assert(writer_submit(made.writer, decisions[i]));
    wait_settled(&made, COUNT);
    for (int i = 0; i < COUNT; i++)
        ck_assert_int_eq(decisions[i]->settlement, i == BAD ? SETTLED_REFUSED : SETTLED_DURABLE);
    ck_assert_int_eq(log_check(made.opened.url), COUNT - 1);
    close_made(&made);
}
END_TEST

/* Decisions from `from` on as one request's; returns the first. */
static struct decision *
make_group(struct made *made, int from, size_t count, struct decision *decisions[static GROUP_MAX])
{
    for (size_t i = 0; i < count; i++) {
        decisions[i] = make(made, from + (int)i);
        if (i)
            decisions[i - 1]->next = decisions[i];
    }
    decisions[0]->followers = count - 1;
    return decisions[0];
}

START_TEST(a_group_of_a_thousand_is_one_commit_and_one_wake_up)
{
    struct made      made;
    struct decision *decisions[GROUP_MAX];

    open_made(&made);
    ck_assert_int_eq(write_one(&made, make_group(&made, 0, GROUP_MAX, decisions)),
                     SETTLED_DURABLE);
    ck_assert_int_eq(write_one(&made, make(&made, GROUP_MAX)), SETTLED_DURABLE);
    ck_assert_uint_eq(made.settled_count, 2);
    for (int i = 0; i < GROUP_MAX; i++)
        ck_assert_int_eq(decisions[i]->iseq, 1 + i);
    ck_assert_int_eq(log_check(made.opened.url), GROUP_MAX + 1);
    ck_assert_int_eq(postgres_number(made.opened.url,
                                     "SELECT count(DISTINCT xmin::text) FROM audit.body"), 2);
    close_made(&made);
}
END_TEST

/* Its epoch moved, its key is taken, one of its rows is refused: nothing of the group is written,
 * and it holds up no other. */
static const struct {
    enum settlement settlement;
    int64_t         epoch;
    const char     *key;
    int             from;
} ungrouped[] = {
    { SETTLED_STALE,     4, NULL, 100 },
    { SETTLED_DUPLICATE, 5, "k",  100 },
    { SETTLED_REFUSED,   5, NULL, 20 },
};

START_TEST(a_group_is_written_whole_or_not_at_all)
{
    enum { COUNT = 10 };
    struct made      made;
    struct decision *group[GROUP_MAX], *before, *after;

    open_made(&made);
    add_market(&made);
    postgres_run(made.opened.url, "ALTER TABLE audit.body ADD CHECK"
                 " (position('{\"number\":23}'::bytea IN record) = 0)");
    ck_assert_int_eq(write_one(&made, make_keyed(&made, 1, "", "k")), SETTLED_DURABLE);
    before = make(&made, 2);
    after  = make(&made, 3);
    make_group(&made, ungrouped[_i].from, COUNT, group);
    for (int i = 0; i < COUNT; i++) {
        group[i]->market = "m";
        group[i]->epoch  = ungrouped[_i].epoch;
    }
    group[0]->idempotency_key = ungrouped[_i].key;
    postgres_pause(true);
    ck_assert(writer_submit(made.writer, make(&made, 4)));
    ck_assert(writer_submit(made.writer, before));
    ck_assert(writer_submit(made.writer, group[0]));
    ck_assert(writer_submit(made.writer, after));
    postgres_pause(false);
    wait_settled(&made, 5);
    ck_assert_int_eq(group[0]->settlement, ungrouped[_i].settlement);
    ck_assert_int_eq(before->settlement, SETTLED_DURABLE);
    ck_assert_int_eq(after->settlement, SETTLED_DURABLE);
    ck_assert_uint_eq(made.settled_count, 5);
    ck_assert_int_eq(log_check(made.opened.url), 4);
    close_made(&made);
}
END_TEST

START_TEST(a_day_without_a_partition_gets_one)
{
    struct made made;

    open_made(&made);
    struct decision *decision = make(&made, 1);
    /* the clock went on, the housekeeper did not */
    decision->now_us += INT64_C(30) * 86400 * 1000000;
    ck_assert_int_eq(write_one(&made, decision), SETTLED_DURABLE);
    ck_assert_int_eq(write_one(&made, make(&made, 2)), SETTLED_DURABLE);
    ck_assert_int_eq(log_check(made.opened.url), 2);
    close_made(&made);
}
END_TEST

START_TEST(a_database_that_may_not_be_written_settles_as_away)
{
    struct made made;

    open_made(&made);
    postgres_run(made.opened.url, "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS"
                 " $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$");
    postgres_run(made.opened.url, "CREATE TRIGGER no_room BEFORE INSERT"
                 " ON audit.pending EXECUTE FUNCTION no_room()");
    ck_assert_int_eq(write_one(&made, make(&made, 1)), SETTLED_AWAY);
    postgres_run(made.opened.url, "DROP TRIGGER no_room ON audit.pending");
    wait_up(&made);
    ck_assert_int_eq(write_one(&made, make(&made, 2)), SETTLED_DURABLE);
    ck_assert_int_eq(log_check(made.opened.url), 1);
    close_made(&made);
}
END_TEST

START_TEST(a_lost_connection_is_opened_again_without_anybody_noticing)
{
    struct made made;

    open_made(&made);
    ck_assert_int_eq(write_one(&made, make(&made, 1)), SETTLED_DURABLE);
    postgres_run(made.opened.url, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                 " WHERE application_name = 'breakwater' AND datname = current_database()");
    ck_assert_int_eq(write_one(&made, make(&made, 2)), SETTLED_DURABLE);
    ck_assert_int_eq(log_check(made.opened.url), 2);
    close_made(&made);
}
END_TEST

/* Submits until the writer refuses; what was taken is settled one way or the other. */
struct stream {
    struct made     *made;
    struct decision *decisions[QUEUE_MAX];
    int              count;
    atomic_bool      is_stopping;
};

static void *
stream_on(void *context)
{
    struct stream *stream = context;

    while (!stream->is_stopping && stream->count < QUEUE_MAX) {
        struct decision *decision = make(stream->made, stream->count);
        if (writer_submit(stream->made->writer, decision))
            stream->decisions[stream->count++] = decision;
        else
            usleep(1000);                     /* each takes memory: a server may be long away */
        usleep(stream->count % 10 ? 0 : 1000);
    }
    return NULL;
}

static void
count_number(const char *const *values, void *context)
{
    unsigned *counts = context;
    counts[strtol(values[0], NULL, 10)]++;
}

/* How often each decision of the stream stands in the log. */
static unsigned *
counts_of(struct made *made)
{
    unsigned *counts = calloc(QUEUE_MAX, sizeof *counts);

    ck_assert_ptr_nonnull(counts);
    postgres_rows(made->opened.url, "SELECT convert_from(record, 'UTF8')::json -> 'inputs' ->>"
                  " 'number' FROM audit.body", count_number, counts);
    return counts;
}

START_TEST(what_was_acknowledged_survives_kill_9_of_the_server_under_load)
{
    struct made     made;
    struct stream  *stream = calloc(1, sizeof *stream);
    pthread_t       thread;

    open_made(&made);
    stream->made = &made;
    ck_assert_int_eq(pthread_create(&thread, NULL, stream_on, stream), 0);
    for (int round = 0; round < 2; round++) {
        usleep(100000);
        postgres_kill();
        usleep(50000);
        ck_assert(!writer_is_up(made.writer) || made.settled_count < (size_t)stream->count);
        postgres_start();
        wait_up(&made);
    }
    usleep(50000);
    stream->is_stopping = true;
    pthread_join(thread, NULL);
    wait_settled(&made, (size_t)stream->count);

    unsigned *counts = counts_of(&made);
    int64_t   durable = 0;
    for (int i = 0; i < stream->count; i++) {
        enum settlement settlement = stream->decisions[i]->settlement;
        ck_assert(settlement == SETTLED_DURABLE || settlement == SETTLED_AWAY ||
                  settlement == SETTLED_UNKNOWN);
        if (settlement != SETTLED_UNKNOWN)
            ck_assert_uint_eq(counts[i], settlement == SETTLED_DURABLE);
        ck_assert_uint_le(counts[i], 1);
        durable += settlement == SETTLED_DURABLE;
    }
    ck_assert_int_gt(durable, 100);
    ck_assert_int_ge(log_check(made.opened.url), durable);
    free(counts);
    close_made(&made);
    free(stream);
}
END_TEST

/* What a lost COMMIT did is found out, and the decision stands in the log exactly once. */
static const struct { enum cut cut; bool has_key; } cuts[] = {
    { CUT_BEFORE_COMMIT, false }, { CUT_AFTER_COMMIT, false }, { CUT_AND_COMMIT_LATE, false },
    { CUT_BEFORE_COMMIT, true },  { CUT_AFTER_COMMIT, true },  { CUT_AND_COMMIT_LATE, true },
};

START_TEST(a_lost_commit_is_found_out)
{
    struct made made;

    open_proxied(&made);
    ck_assert_int_eq(write_one(&made, make(&made, 0)), SETTLED_DURABLE);
    proxy_arm(made.proxy, cuts[_i].cut, false);
    struct decision *decision = cuts[_i].has_key ? make_keyed(&made, 1, "a", "k") : make(&made, 1);
    ck_assert_int_eq(write_one(&made, decision), SETTLED_DURABLE);
    ck_assert(proxy_has_cut(made.proxy));
    ck_assert_int_eq(decision->iseq, 2);
    ck_assert_int_eq(write_one(&made, make(&made, 2)), SETTLED_DURABLE);
    unsigned *counts = counts_of(&made);
    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(counts[i], 1);
    ck_assert_int_eq(log_check(made.opened.url), 3);
    free(counts);
    close_made(&made);
}
END_TEST

/* Too late for an answer: it is unknown then, and known before anything new is numbered. */
static const struct { enum cut cut; unsigned count; } unknowns[] = {
    { CUT_BEFORE_COMMIT, 0 }, { CUT_AFTER_COMMIT, 1 }
};

START_TEST(a_commit_that_cannot_be_found_out_is_unknown_and_leaves_no_gap)
{
    struct made made;

    open_proxied(&made);
    proxy_arm(made.proxy, unknowns[_i].cut, true);
    ck_assert_int_eq(write_one(&made, make(&made, 1)), SETTLED_UNKNOWN);
    ck_assert(!writer_is_up(made.writer));
    ck_assert(!writer_submit(made.writer, make(&made, 2)));
    proxy_accept(made.proxy);
    wait_up(&made);
    ck_assert_int_eq(write_one(&made, make(&made, 3)), SETTLED_DURABLE);
    unsigned *counts = counts_of(&made);
    ck_assert_uint_eq(counts[1], unknowns[_i].count);
    ck_assert_uint_eq(counts[3], 1);
    ck_assert_int_eq(log_check(made.opened.url), 1 + unknowns[_i].count);
    free(counts);
    close_made(&made);
}
END_TEST

START_TEST(while_the_database_is_away_decisions_are_refused_at_once)
{
    struct made made;

    open_made(&made);
    postgres_stop();
    for (int ms = 0; writer_is_up(made.writer); ms++) {
        ck_assert_int_lt(ms, WAIT_MS_MAX);
        usleep(1000);
    }
    ck_assert(!writer_submit(made.writer, make(&made, 1)));
    postgres_start();
    wait_up(&made);
    ck_assert_int_eq(write_one(&made, make(&made, 2)), SETTLED_DURABLE);
    ck_assert_int_eq(log_check(made.opened.url), 1);
    close_made(&made);
}
END_TEST

START_TEST(a_full_queue_refuses)
{
    struct made            made;
    struct writer_settings settings = { .queue_max = 3 };

    open_made(&made);
    writer_close(made.writer);
    made.writer = writer_open(made.opened.database, &settings);
    postgres_pause(true);
    size_t taken = 0;
    for (int i = 0; i < 20; i++)
        taken += writer_submit(made.writer, make(&made, i));
    postgres_pause(false);
    ck_assert_uint_lt(taken, 20);
    wait_settled(&made, taken);
    ck_assert_int_eq(log_check(made.opened.url), (int64_t)taken);
    close_made(&made);
}
END_TEST

START_TEST(without_recording_everything_is_settled_and_nothing_written)
{
    struct made            made;
    struct writer_settings settings = { .queue_max = QUEUE_MAX, .record_left_out = true };

    open_made(&made);
    writer_close(made.writer);
    made.writer = writer_open(made.opened.database, &settings);
    ck_assert_int_eq(write_one(&made, make(&made, 1)), SETTLED_DURABLE);
    ck_assert_int_eq(log_check(made.opened.url), 0);
    close_made(&made);
}
END_TEST

#define OUTCOME_OF(statement) "DO $x$ BEGIN SET LOCAL ROLE audit_writer; " statement "; END $x$"
#define DENIED(statement) OUTCOME_OF("BEGIN " statement "; RAISE EXCEPTION 'it may'; " \
                                     "EXCEPTION WHEN insufficient_privilege THEN NULL; END")

/* What the role of the decisions' connection may do, and may not. */
static const char *const rights[] = {
    OUTCOME_OF("PERFORM 1 FROM breakwater.market FOR SHARE"),
    OUTCOME_OF("INSERT INTO audit.pending (inst, iseq, entry) SELECT gen_random_uuid(), 0,"
               " entry FROM audit.pending LIMIT 1"),
    OUTCOME_OF("INSERT INTO audit.body SELECT day, inst, iseq + 1000000, salt, record"
               " FROM audit.body LIMIT 1"),
    OUTCOME_OF("PERFORM audit.partitions_make('2031-01-01', '2031-01-02')"),
    DENIED("UPDATE audit.body SET record = ''"),
    DENIED("DELETE FROM audit.body"),
    DENIED("TRUNCATE audit.body"),
    DENIED("DROP TABLE audit.body"),
    DENIED("CREATE TABLE audit.mine (id integer)"),
    DENIED("UPDATE audit.event SET record = ''"),
    DENIED("DELETE FROM audit.event"),
    DENIED("UPDATE audit.pending SET entry = entry"),
    DENIED("DELETE FROM audit.pending"),
    DENIED("UPDATE audit.instance SET next_iseq = 0"),
    DENIED("DELETE FROM audit.instance"),
    DENIED("UPDATE breakwater.idempotency SET decision = ''"),
    DENIED("DELETE FROM breakwater.idempotency"),
    DENIED("UPDATE breakwater.kept SET bytes = ''"),
    DENIED("DELETE FROM breakwater.kept"),
    DENIED("UPDATE breakwater.market SET version = 1"),
    DENIED("DELETE FROM breakwater.market"),
    DENIED("INSERT INTO breakwater.parameters SELECT * FROM breakwater.parameters"),
    DENIED("PERFORM 1 FROM breakwater.api_key"),
    DENIED("PERFORM 1 FROM audit.checkpoint"),
    DENIED("INSERT INTO audit.leaf SELECT * FROM audit.leaf"),
};

START_TEST(the_role_of_the_writer_inserts_and_nothing_else)
{
    struct made made;

    open_made(&made);
    ck_assert_int_eq(write_one(&made, make(&made, 7)), SETTLED_DURABLE);
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
        postgres_run(made.opened.url, rights[i]);
    postgres_run(made.opened.url, "DELETE FROM audit.pending WHERE iseq = 0 AND inst NOT IN"
                                  " (SELECT inst FROM audit.instance)");
    postgres_run(made.opened.url, "DELETE FROM audit.body WHERE iseq >= 1000000");
    close_made(&made);
}
END_TEST

/* It has no right but those of the role: without one, nothing is written. */
START_TEST(the_writer_takes_its_role)
{
    struct made made;

    open_made(&made);
    ck_assert_int_eq(write_one(&made, make(&made, 1)), SETTLED_DURABLE);
    postgres_run(made.opened.url, "REVOKE INSERT ON audit.body FROM audit_writer");
    ck_assert_int_ne(write_one(&made, make(&made, 2)), SETTLED_DURABLE);
    postgres_run(made.opened.url, "GRANT INSERT ON audit.body TO audit_writer");
    ck_assert_int_eq(write_one(&made, make(&made, 3)), SETTLED_DURABLE);
    close_made(&made);
}
END_TEST

Suite *
writer_suite(void)
{
    Suite *suite = suite_create("writer");
    TCase *tcase = tcase_create("writer");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_thousand_decisions_of_eight_threads_are_there_once_and_chained);
    tcase_add_test(tcase, a_decision_is_found_by_its_id_as_it_was_sealed);
    tcase_add_test(tcase, an_instance_opens_and_closes_its_records);
    tcase_add_test(tcase, a_decision_of_another_epoch_is_stale_and_holds_up_no_other);
    tcase_add_test(tcase, a_key_is_taken_once_by_each_caller);
    tcase_add_test(tcase, a_key_that_another_instance_is_writing_is_taken_and_delays_little);
    tcase_add_test(tcase, a_group_of_a_thousand_is_one_commit_and_one_wake_up);
    tcase_add_loop_test(tcase, a_group_is_written_whole_or_not_at_all, 0, COUNT_OF(ungrouped));
    tcase_add_test(tcase, states_are_kept_once_by_their_hash);
    tcase_add_test(tcase, a_state_is_kept_as_long_as_the_last_decision_that_names_it);
    tcase_add_test(tcase, decisions_begin_with_the_oldest_day_that_is_kept);
    tcase_add_test(tcase, a_state_of_four_megabytes_is_written_with_the_others);
    tcase_add_test(tcase, a_commit_with_a_warning_is_not_acknowledged);
    tcase_add_test(tcase, one_bad_row_fails_alone);
    tcase_add_test(tcase, a_day_without_a_partition_gets_one);
    tcase_add_test(tcase, a_database_that_may_not_be_written_settles_as_away);
    tcase_add_test(tcase, a_lost_connection_is_opened_again_without_anybody_noticing);
    tcase_add_test(tcase, what_was_acknowledged_survives_kill_9_of_the_server_under_load);
    tcase_add_loop_test(tcase, a_lost_commit_is_found_out, 0, sizeof cuts / sizeof *cuts);
    tcase_add_loop_test(tcase, a_commit_that_cannot_be_found_out_is_unknown_and_leaves_no_gap, 0,
                        2);
    tcase_add_test(tcase, while_the_database_is_away_decisions_are_refused_at_once);
    tcase_add_test(tcase, a_full_queue_refuses);
    tcase_add_test(tcase, without_recording_everything_is_settled_and_nothing_written);
    tcase_add_test(tcase, the_role_of_the_writer_inserts_and_nothing_else);
    tcase_add_test(tcase, the_writer_takes_its_role);
    suite_add_tcase(suite, tcase);
    return suite;
}
