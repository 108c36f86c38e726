/* Activation: once, whoever does it, whatever dies on the way; and told by the log alone. */
#include "db/activation.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/markets.h"
#include "record/instant.h"
#include "record/record.h"
#include "tests/opened.h"
#include "tests/proxy.h"
#include "tests/suite.h"

enum { RACERS = 4, ARENA_BYTES = 64 << 20, DOCUMENT_MAX = 65536 };

#define SECOND_US INT64_C(1000000)

static void
open_with_samples(struct opened *opened)
{
    char why[DATABASE_WHY_MAX] = "";

    opened_fresh(opened);
    ck_assert_msg(samples_load(&opened->connection, why), "%s", why);
}

/* A change of ether's threshold to `threshold`, on what is in force, due at once. */
static void
schedule(struct connection *connection, const char *threshold, char id[static PROPOSAL_ID_MAX])
{
    static char           document[DOCUMENT_MAX];
    struct arena          arena;
    struct stored_version in_force;
    char                  sha256[DIGEST_TEXT_MAX], base_sha256[DIGEST_TEXT_MAX];
    int64_t               now_us;

    arena_open(&arena, ARENA_BYTES);
    ck_assert(!transaction_begin(connection));
    ck_assert_int_eq(version_in_force(connection, "eth-usd", &arena, &in_force), FOUND);
    ck_assert(proposals_now(connection, &now_us));
    snprintf(document, sizeof document, "%s", in_force.document.bytes);
    char *at = strstr(strstr(document, "\"ETH\":{"), "\"threshold\":\"0.8");
    ck_assert_ptr_nonnull(at);
    memcpy(at + strlen("\"threshold\":\""), threshold, strlen(threshold));
    struct digest digest = digest_of(document, strlen(document));
    digest_format(&digest, sha256);
    digest_format(&in_force.sha256, base_sha256);
    proposal_id_make(id);
    struct proposal proposal = {
        .id = id, .kind = PROPOSAL_CHANGE, .market = "eth-usd", .base_version = in_force.version,
        .base_sha256 = base_sha256, .patch = "{}", .sha256 = sha256, .document = document,
        .rationale = "a test says so", .key = "0123456789abcdef", .holder = "propose",
        .not_before = INSTANT_NONE, .created_at = now_us, .expires_at = now_us + 600 * SECOND_US,
        .due_at = INSTANT_NONE,
    };
    struct move proposed = { .event = "proposed", .state = STATE_PROPOSED, .due_at = INSTANT_NONE,
                             .actor = { proposal.key, proposal.holder } };
    struct move scheduled = { .event = "scheduled", .state = STATE_SCHEDULED, .due_at = now_us,
                              .actor = { proposal.key, proposal.holder } };
    ck_assert(!proposal_insert(connection, &proposal));
    ck_assert(!proposal_move(connection, &proposal, &proposed, now_us));
    ck_assert(!proposal_move(connection, &proposal, &scheduled, now_us));
    ck_assert(!transaction_commit(connection));
    arena_close(&arena);
}

static int64_t
versions(const char *url)
{
    return postgres_number(url, "SELECT count(*) FROM breakwater.parameters"
                                " WHERE market = 'eth-usd'");
}

static int64_t
scheduled(const char *url)
{
    return postgres_number(url, "SELECT count(*) FROM breakwater.proposal"
                                " WHERE state = 'scheduled'");
}

/* Nothing of it is there. */
static void
is_before(const char *url, int64_t version)
{
    ck_assert_int_eq(versions(url), version);
    ck_assert_int_eq(scheduled(url), 1);
    ck_assert_int_eq(postgres_number(url, "SELECT version FROM breakwater.market"
                                          " WHERE market = 'eth-usd'"), version);
    ck_assert_int_eq(postgres_number(url, "SELECT epoch FROM breakwater.market"
                                          " WHERE market = 'eth-usd'"), version);
}

/* All of it is there, once. */
static void
is_after(const char *url, int64_t version)
{
    ck_assert_int_eq(versions(url), version);
    ck_assert_int_eq(scheduled(url), 0);
    ck_assert_int_eq(postgres_number(url, "SELECT version FROM breakwater.market"
                                          " WHERE market = 'eth-usd'"), version);
    ck_assert_int_eq(postgres_number(url, "SELECT epoch FROM breakwater.market"
                                          " WHERE market = 'eth-usd'"), version);
    ck_assert_int_eq(postgres_number(url, "SELECT count(*) FROM breakwater.proposal_event"
                                          " WHERE event = 'active'"), version - 1);
    ck_assert_int_eq(postgres_number(url, "SELECT count(*) FROM audit.event WHERE kind ="
                                          " 'parameters' AND convert_from(record, 'UTF8')"
                                          " LIKE '%\"market\":\"eth-usd\"%'"), version);
    log_check(url);
}

struct racer { struct database *database; pthread_barrier_t *start; pthread_t thread; };

static void *
race(void *context)
{
    struct racer     *racer = context;
    struct connection connection = { .database = racer->database };
    int64_t           wait_us;

    if (!connection_open(&connection, racer->database))
        return NULL;
    pthread_barrier_wait(racer->start);
    bool is_done = governance_tend(&connection, &wait_us);
    connection_close(&connection);
    return is_done ? racer : NULL;
}

START_TEST(racing_instances_activate_once)
{
    struct opened     opened;
    struct racer      racers[RACERS];
    pthread_barrier_t start;
    char              id[PROPOSAL_ID_MAX];
    void             *ended;

    open_with_samples(&opened);
    schedule(&opened.connection, "0.82", id);
    pthread_barrier_init(&start, NULL, RACERS);
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){ .database = opened.database, .start = &start };
        ck_assert(!pthread_create(&racers[i].thread, NULL, race, &racers[i]));
    }
    for (int i = 0; i < RACERS; i++) {
        pthread_join(racers[i].thread, &ended);
        ck_assert_ptr_nonnull(ended);
    }
    pthread_barrier_destroy(&start);
    is_after(opened.url, 2);
    opened_close(&opened);
}
END_TEST

/* Each statement that an activation makes, in its order. */
static const struct { const char *table, *operation; } steps[] = {
    { "breakwater.market", "UPDATE" },
    { "breakwater.parameters", "INSERT" },
    { "audit.event", "INSERT" },
    { "audit.pending", "INSERT" },
    { "breakwater.proposal", "UPDATE" },
    { "breakwater.proposal_event", "INSERT" },
};

/* The server's process of the connection ends, as with kill -9 of the service: its transaction with
 * it. */
START_TEST(activation_that_is_cut_off_leaves_nothing)
{
    static const char *const times[] = { "BEFORE", "AFTER" };
    struct opened opened;
    char          id[PROPOSAL_ID_MAX], sql[512];
    int64_t       wait_us;

    open_with_samples(&opened);
    schedule(&opened.connection, "0.82", id);
    postgres_run(opened.url, "CREATE FUNCTION public.die() RETURNS trigger LANGUAGE plpgsql AS"
                             " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid());"
                             " PERFORM pg_sleep(1); RETURN NULL; END $$");
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        struct connection connection = { .database = opened.database };
        snprintf(sql, sizeof sql, "CREATE TRIGGER dies %s %s ON %s FOR EACH STATEMENT"
                                  " EXECUTE FUNCTION public.die()", times[i],
                 steps[_i].operation, steps[_i].table);
        postgres_run(opened.url, sql);
        ck_assert(connection_open(&connection, opened.database));
        ck_assert(!governance_tend(&connection, &wait_us));
        connection_close(&connection);
        snprintf(sql, sizeof sql, "DROP TRIGGER dies ON %s", steps[_i].table);
        postgres_run(opened.url, sql);
        is_before(opened.url, 1);
    }
    ck_assert(governance_tend(&opened.connection, &wait_us));
    is_after(opened.url, 2);
    opened_close(&opened);
}
END_TEST

/* COMMIT's answer is lost, and the service asks again, as it does after a failover. */
START_TEST(activation_whose_commit_is_unknown_is_done_once)
{
    static const enum cut cuts[] = { CUT_BEFORE_COMMIT, CUT_AFTER_COMMIT, CUT_AND_COMMIT_LATE };
    struct opened            opened;
    struct proxy            *proxy;
    char                     id[PROPOSAL_ID_MAX], url[2 * POSTGRES_URL_MAX];
    char                     why[DATABASE_WHY_MAX];
    struct database_settings settings = { .url = url };
    struct connection        connection;
    int64_t                  wait_us;

    open_with_samples(&opened);
    schedule(&opened.connection, "0.82", id);
    proxy = proxy_open();
    proxy_url(proxy, opened.url, url, sizeof url);
    struct database *proxied = database_open(&settings, why);
    ck_assert_msg(proxied != NULL, "%s", why);
    connection = (struct connection){ .database = proxied };
    ck_assert(connection_open(&connection, proxied));
    proxy_arm(proxy, cuts[_i], false);
    ck_assert(!governance_tend(&connection, &wait_us));
    ck_assert(proxy_has_cut(proxy));
    connection_close(&connection);
    connection = (struct connection){ .database = proxied };
    ck_assert(connection_open(&connection, proxied));
    for (int i = 0; i < 20 && !governance_tend(&connection, &wait_us); i++)
        continue;
    is_after(opened.url, 2);
    connection_close(&connection);
    database_close(proxied);
    proxy_close(proxy);
    opened_close(&opened);
}
END_TEST

/* What a record of kind parameters says, and no more. */
struct told { int64_t version, active_at; char sha256[DIGEST_TEXT_MAX]; };
struct telling { struct told items[16]; size_t count; };

static int64_t
number_of(const char *record, const char *name)
{
    const char *at = strstr(record, name);
    ck_assert_ptr_nonnull(at);
    return strtoll(at + strlen(name), NULL, 10);
}

static void
hear(const char *const *values, void *context)
{
    struct telling *telling = context;
    struct told    *told = &telling->items[telling->count++];
    const char     *sha256 = strstr(values[0], "\"sha256\":\"");

    ck_assert_uint_lt(telling->count, COUNT_OF(telling->items));
    told->version   = number_of(values[0], "\"version\":");
    told->active_at = number_of(values[0], "\"active_at\":");
    snprintf(told->sha256, sizeof told->sha256, "%.64s", sha256 + strlen("\"sha256\":\""));
}

/* The latest that was active by then; NULL: none. */
static const struct told *
in_force_at(const struct telling *telling, int64_t at_us)
{
    const struct told *latest = NULL;

    for (size_t i = 0; i < telling->count; i++) {
        const struct told *told = &telling->items[i];
        if (told->active_at <= at_us && (!latest || told->version > latest->version))
            latest = told;
    }
    return latest;
}

START_TEST(log_alone_tells_what_was_in_force)
{
    static const char *const thresholds[] = { "0.82", "0.81", "0.82", "0.83" };
    struct opened  opened;
    struct telling telling = { .count = 0 };
    struct arena   arena;
    char           id[PROPOSAL_ID_MAX];
    int64_t        wait_us;

    open_with_samples(&opened);
    for (size_t i = 0; i < COUNT_OF(thresholds); i++) {
        schedule(&opened.connection, thresholds[i], id);
        ck_assert(governance_tend(&opened.connection, &wait_us));
    }
    postgres_rows(opened.url, "SELECT convert_from(record, 'UTF8') FROM audit.event"
                              " WHERE kind = 'parameters' AND convert_from(record, 'UTF8')"
                              " LIKE '%\"market\":\"eth-usd\"%' ORDER BY random()", hear,
                  &telling);
    ck_assert_uint_eq(telling.count, COUNT_OF(thresholds) + 1);
    arena_open(&arena, ARENA_BYTES);
    for (size_t i = 0; i < telling.count; i++)
        for (int64_t off_us = -1; off_us <= 1; off_us++) {
            int64_t               at_us = telling.items[i].active_at + off_us;
            struct stored_version stored;
            char                  sha256[DIGEST_TEXT_MAX];
            const struct told    *told = in_force_at(&telling, at_us);
            enum find found = version_find(&opened.connection, "eth-usd", 0, at_us, &arena,
                                           &stored);
            ck_assert_int_eq(found, told ? FOUND : FOUND_NOTHING);
            if (!told)
                continue;
            digest_format(&stored.sha256, sha256);
            ck_assert_int_eq(stored.version, told->version);
            ck_assert_str_eq(sha256, told->sha256);
        }
    arena_close(&arena);
    opened_close(&opened);
}
END_TEST

Suite *
activation_suite(void)
{
    Suite *suite = suite_create("activation");
    TCase *tests = tcase_create("activation");

    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, racing_instances_activate_once);
    tcase_add_loop_test(tests, activation_that_is_cut_off_leaves_nothing, 0, COUNT_OF(steps));
    tcase_add_loop_test(tests, activation_whose_commit_is_unknown_is_done_once, 0, 3);
    tcase_add_test(tests, log_alone_tells_what_was_in_force);
    suite_add_tcase(suite, tests);
    return suite;
}
