/* Snapshots in the database: the latest, other instances, two feeds at once, what is kept and for how long. */
#include "db/snapshots.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "db/housekeeper.h"
#include "record/instant.h"
#include "record/json.h"
#include "tests/opened.h"
#include "tests/suite.h"

enum { ARENA_BYTES = 32 << 20, WAIT_MS_MAX = 5000 };

#define SECOND_US INT64_C(1000000)

static void
open_sampled(struct opened *opened)
{
    char why[DATABASE_WHY_MAX] = "";

    opened_fresh(opened);
    ck_assert_msg(samples_load(&opened->connection, why), "%s", why);
    ck_assert(market_cache_reload(database_markets(opened->database), &opened->connection));
}

/* As a feed would, of a state taken at that time; `out` gets the text of its hash. */
static enum snapshot_put
put(struct database *database, struct connection *connection, int64_t at_us, int price, char out[static DIGEST_TEXT_MAX])
{
    struct arena                arena;
    struct snapshot_push        push;
    struct faults               faults;
    const struct kept_snapshot *kept;
    char                        json[512], at[INSTANT_TEXT_MAX];

    arena_open(&arena, ARENA_BYTES);
    instant_format(at_us, at);
    snprintf(json, sizeof json,
             "{\"observed_at\":\"%s\",\"prices\":"
             "{\"ETH\":[{\"source\":\"a\",\"price\":\"%d\",\"observed_at\":\"%s\"}]}}", at, price, at);
    faults_open(&faults, 1);
    ck_assert(json_read(&snapshot_push_record, json, strlen(json), &arena, &push, &faults));
    const struct markets *markets = markets_hold(database_markets(database));
    enum snapshot_put     done = snapshot_put(database_snapshots(database), connection, market_find(markets, "eth-usd"), &push,
                                              clock_now_us(), &arena, &kept, &faults);
    markets_release(database_markets(database), markets);
    if (done == SNAPSHOT_PUT) {
        snprintf(out, DIGEST_TEXT_MAX, "%s", kept->sha256_text);
        snapshot_release(kept);
    }
    arena_close(&arena);
    return done;
}

/* Is this the latest in that memory? */
static bool
has(struct database *database, const char *sha256)
{
    const struct kept_snapshot *latest = snapshot_hold(database_snapshots(database), "eth-usd");
    bool                        is_it = latest && !strcmp(latest->sha256_text, sha256);

    snapshot_release(latest);
    return is_it;
}

START_TEST(latest_is_kept_and_read_again)
{
    struct opened opened;
    char          one[DIGEST_TEXT_MAX], two[DIGEST_TEXT_MAX], why[DATABASE_WHY_MAX];
    int64_t       now_us = clock_now_us();

    open_sampled(&opened);
    ck_assert_ptr_null(snapshot_hold(database_snapshots(opened.database), "eth-usd"));
    ck_assert_int_eq(put(opened.database, &opened.connection, now_us - 2 * SECOND_US, 2000, one), SNAPSHOT_PUT);
    ck_assert(has(opened.database, one));
    ck_assert_int_eq(put(opened.database, &opened.connection, now_us - SECOND_US, 2001, two), SNAPSHOT_PUT);
    ck_assert(has(opened.database, two));
    ck_assert_int_eq(put(opened.database, &opened.connection, now_us - SECOND_US, 2002, one), SNAPSHOT_PUT_NOT_NEWER);
    ck_assert(has(opened.database, two));

    /* Another process start finds it. */
    struct database_settings settings = { .url = opened.url };
    struct database         *again = database_open(&settings, why);
    ck_assert_ptr_nonnull(again);
    ck_assert(has(again, two));
    database_close(again);
    opened_close(&opened);
}
END_TEST

/* While one holds a snapshot, the next comes and the one is freed by its last holder only. */
START_TEST(held_snapshot_outlives_its_place)
{
    struct opened               opened;
    char                        one[DIGEST_TEXT_MAX], two[DIGEST_TEXT_MAX];
    const struct kept_snapshot *held;

    open_sampled(&opened);
    put(opened.database, &opened.connection, clock_now_us() - SECOND_US, 2000, one);
    held = snapshot_hold(database_snapshots(opened.database), "eth-usd");
    put(opened.database, &opened.connection, clock_now_us(), 2001, two);
    ck_assert_str_eq(held->sha256_text, one);
    struct digest sha256 = digest_of(held->bytes, held->count);
    ck_assert(digest_equal(&sha256, &held->sha256));
    snapshot_release(held);
    opened_close(&opened);
}
END_TEST

START_TEST(other_instance_sees_it_within_a_second)
{
    struct opened            opened;
    char                     one[DIGEST_TEXT_MAX], why[DATABASE_WHY_MAX];
    int                      waited_ms = 0;
    struct database_settings settings = { .url = opened.url };

    open_sampled(&opened);
    struct database    *other = database_open(&settings, why);
    struct housekeeper *keeper = housekeeper_open(other);
    while (!housekeeper_is_up(keeper) && waited_ms++ < WAIT_MS_MAX)
        usleep(1000);
    usleep(300000);
    ck_assert_int_eq(put(opened.database, &opened.connection, clock_now_us(), 2000, one), SNAPSHOT_PUT);
    for (waited_ms = 0; !has(other, one) && waited_ms < WAIT_MS_MAX; waited_ms++)
        usleep(1000);
    ck_assert_int_lt(waited_ms, 1000);
    housekeeper_close(keeper);
    database_close(other);
    opened_close(&opened);
}
END_TEST

struct feed { struct database *database; int count; int64_t since_us; };

static void *
push_on(void *context)
{
    struct feed      *feed = context;
    struct connection connection;
    char              unused[DIGEST_TEXT_MAX];

    if (!connection_open(&connection, feed->database))
        return NULL;
    for (int i = 0; i < 20; i++)
        feed->count += put(feed->database, &connection, feed->since_us + i * 1000, 2000 + i, unused) == SNAPSHOT_PUT;
    connection_close(&connection);
    return NULL;
}

/* Two feeds push the same twenty moments: each moment is accepted once, and every snapshot names the
 * one before it. */
START_TEST(two_feeds_make_one_chain)
{
    struct opened opened;
    struct feed   feeds[2];
    pthread_t     threads[2];

    open_sampled(&opened);
    for (size_t i = 0; i < 2; i++) {
        feeds[i] = (struct feed){ opened.database, 0, clock_now_us() / 1000 * 1000 - SECOND_US };
        if (i)
            feeds[1].since_us = feeds[0].since_us;
    }
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, push_on, &feeds[i]), 0);
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    int64_t count = postgres_number(opened.url, "SELECT count(*) FROM breakwater.snapshot");
    ck_assert_int_eq(count, feeds[0].count + feeds[1].count);
    ck_assert_int_eq(count, postgres_number(opened.url, "SELECT count(DISTINCT observed_at) FROM breakwater.snapshot"));
    ck_assert_int_eq(count - 1, postgres_number(opened.url,
        "SELECT count(*) FROM (SELECT convert_from(bytes, 'UTF8')::json -> 'memory' ->> 'previous_sha256' AS previous,"
        " lag(encode(sha256, 'hex')) OVER (ORDER BY observed_at) AS before FROM breakwater.snapshot) AS chain"
        " WHERE previous = before"));
    opened_close(&opened);
}
END_TEST

START_TEST(unnamed_snapshot_is_pruned_but_not_the_latest)
{
    struct opened               opened;
    char                        one[DIGEST_TEXT_MAX], two[DIGEST_TEXT_MAX];
    struct digest               sha256;
    const struct kept_snapshot *found;
    int64_t                     pruned;

    open_sampled(&opened);
    put(opened.database, &opened.connection, clock_now_us() - SECOND_US, 2000, one);
    put(opened.database, &opened.connection, clock_now_us(), 2001, two);
    ck_assert(snapshots_prune(&opened.connection, clock_now_us() - 60 * SECOND_US, &pruned));
    ck_assert_int_eq(pruned, 0);
    ck_assert_int_eq(postgres_number(opened.url, "SELECT count(*) FROM breakwater.snapshot"), 2);
    ck_assert(snapshots_prune(&opened.connection, clock_now_us() + SECOND_US, &pruned));
    ck_assert_int_eq(pruned, 1);
    ck_assert(digest_parse(one, &sha256));
    ck_assert_int_eq(snapshot_find(&opened.connection, &sha256, &found), SNAPSHOT_UNKNOWN);
    ck_assert(digest_parse(two, &sha256));
    ck_assert_int_eq(snapshot_find(&opened.connection, &sha256, &found), SNAPSHOT_FOUND);
    snapshot_release(found);
    opened_close(&opened);
}
END_TEST

/* A document of parameters is kept in the same table, and is no state. */
START_TEST(what_is_no_state_is_not_found)
{
    struct opened               opened;
    const struct kept_snapshot *found;
    struct digest               sha256 = digest_of("{\"assets\":{}}", 13);

    open_sampled(&opened);
    postgres_run(opened.url, "INSERT INTO breakwater.kept VALUES (sha256('{\"assets\":{}}'), '{\"assets\":{}}', 0)");
    ck_assert_int_eq(snapshot_find(&opened.connection, &sha256, &found), SNAPSHOT_UNKNOWN);
    opened_close(&opened);
}
END_TEST

Suite *
snapshots_suite(void)
{
    Suite *suite = suite_create("snapshots");
    TCase *tcase = tcase_create("snapshots");

    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, latest_is_kept_and_read_again);
    tcase_add_test(tcase, held_snapshot_outlives_its_place);
    tcase_add_test(tcase, other_instance_sees_it_within_a_second);
    tcase_add_test(tcase, two_feeds_make_one_chain);
    tcase_add_test(tcase, unnamed_snapshot_is_pruned_but_not_the_latest);
    tcase_add_test(tcase, what_is_no_state_is_not_found);
    suite_add_tcase(suite, tcase);
    return suite;
}
