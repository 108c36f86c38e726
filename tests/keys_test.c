/* API keys: what is stored of them, how they are found, and that each change stands in the log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/housekeeper.h"
#include "db/keys.h"
#include "tests/opened.h"
#include "tests/suite.h"

enum { ROLE_PREVIEW_BIT = 1u << 1, ROLE_FEED_BIT = 1u << 2, ROLE_ADMIN_BIT = 1u << 7 };

static const struct { const char *text; bool is_good; unsigned roles; } roles[] = {
    { "preview", true, ROLE_PREVIEW_BIT },
    { "admin,preview", true, ROLE_ADMIN_BIT | ROLE_PREVIEW_BIT },
    { "feed,feed", true, ROLE_FEED_BIT },
    { "", false, 0 }, { ",", false, 0 }, { "preview,", false, 0 }, { ",preview", false, 0 },
    { "previe", false, 0 },
    { "previews", false, 0 }, { "anyone", false, 0 }, { "preview feed", false, 0 },
};

START_TEST(roles_are_read_from_text)
{
    unsigned read = 77;

    ck_assert_int_eq(key_roles_parse(roles[_i].text, &read), roles[_i].is_good);
    ck_assert_uint_eq(read, roles[_i].is_good ? roles[_i].roles : 77);
}
END_TEST

START_TEST(roles_are_written_in_one_order)
{
    char text[KEY_ROLES_TEXT_MAX];

    key_roles_format(ROLE_ADMIN_BIT | ROLE_PREVIEW_BIT, text);
    ck_assert_str_eq(text, "preview,admin");
    key_roles_format(0xfe, text);
    ck_assert_str_eq(text, "preview,feed,propose,approve,guard,audit,admin");
}
END_TEST

static const struct keys *
reload(struct opened *opened)
{
    ck_assert(key_cache_reload(database_keys(opened->database), &opened->connection));
    return keys_hold(database_keys(opened->database));
}

static void
release(struct opened *opened, const struct keys *keys)
{
    keys_release(database_keys(opened->database), keys);
}

START_TEST(a_key_is_found_by_its_secret_alone)
{
    struct opened opened;
    char          secrets[3][KEY_SECRET_MAX], wrong[KEY_SECRET_MAX];
    int64_t       until;
    struct caller_key    made[3];

    opened_fresh(&opened);
    for (int i = 0; i < 3; i++)
        ck_assert(!key_create(&opened.connection, "0123456789abcdef", ROLE_FEED_BIT, "acme",
                              secrets[i], &made[i]));
    const struct keys *keys = reload(&opened);
    ck_assert_uint_eq(keys->count, 3);
    for (int i = 0; i < 3; i++) {
        const struct caller_key *key = key_find(keys, secrets[i], &until);
        ck_assert_ptr_nonnull(key);
        ck_assert_str_eq(key->id, made[i].id);
        ck_assert_str_eq(key->holder, "acme");
        ck_assert_uint_eq(key->roles, ROLE_FEED_BIT);
        ck_assert_uint_eq(strlen(secrets[i]), KEY_SECRET_MAX - 1);
        ck_assert_uint_eq(strspn(secrets[i],
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"),
                          KEY_SECRET_MAX - 1);
        for (size_t at = 0; at < KEY_SECRET_MAX - 1; at++) {
            memcpy(wrong, secrets[i], sizeof wrong);
            wrong[at] = wrong[at] == 'x' ? 'y' : 'x';
            ck_assert_ptr_null(key_find(keys, wrong, &until));
        }
    }
    memcpy(wrong, secrets[0], sizeof wrong);
    /* one key's id with another's secret */
    memcpy(wrong + 20, secrets[1] + 20, sizeof wrong - 20);
    ck_assert_ptr_null(key_find(keys, wrong, &until));
    ck_assert_ptr_null(key_find(keys, "", &until));
    release(&opened, keys);
    opened_close(&opened);
}
END_TEST

START_TEST(only_the_hash_of_a_secret_is_stored)
{
    struct opened opened;
    char          secret[KEY_SECRET_MAX], sql[512];
    struct caller_key    key;

    opened_fresh(&opened);
    ck_assert(!key_create(&opened.connection, NULL, ROLE_FEED_BIT, "acme", secret, &key));
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM breakwater.api_key WHERE sha256 = sha256('%s'::bytea)", secret);
    ck_assert_int_eq(postgres_number(opened.url, sql), 1);
    snprintf(sql, sizeof sql,
             "SELECT (SELECT count(*) FROM breakwater.api_key k WHERE k::text LIKE '%%%s%%') +"
             " (SELECT count(*) FROM audit.event WHERE convert_from(record, 'UTF8') LIKE '%%%s%%')",
             secret + 20, secret + 20);
    ck_assert_int_eq(postgres_number(opened.url, sql), 0);
    opened_close(&opened);
}
END_TEST

START_TEST(a_revoked_key_is_found_no_more)
{
    struct opened opened;
    char          secret[KEY_SECRET_MAX], other[KEY_SECRET_MAX];
    struct caller_key    key, another, *list;
    struct arena  arena;
    size_t        count;
    bool          was_there;
    int64_t       until;

    opened_fresh(&opened);
    ck_assert(!key_create(&opened.connection, NULL, ROLE_FEED_BIT, "acme", secret, &key));
    ck_assert(!key_create(&opened.connection, NULL, ROLE_FEED_BIT, "acme", other, &another));
    ck_assert(!key_revoke(&opened.connection, NULL, key.id, &was_there));
    ck_assert(was_there);
    ck_assert(!key_revoke(&opened.connection, NULL, key.id, &was_there));
    ck_assert(!was_there);
    ck_assert(!key_revoke(&opened.connection, NULL, "no such key, and a long name", &was_there));
    ck_assert(!was_there);
    const struct keys *keys = reload(&opened);
    ck_assert_ptr_null(key_find(keys, secret, &until));
    ck_assert_ptr_nonnull(key_find(keys, other, &until));
    release(&opened, keys);

    arena_open(&arena, 1 << 20);
    ck_assert(!key_list(&opened.connection, &arena, &list, &count));
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(list[0].id, key.id);
    ck_assert_int_gt(list[0].revoked_at, list[0].created_at);
    ck_assert_int_eq(list[1].revoked_at, 0);
    arena_close(&arena);
    opened_close(&opened);
}
END_TEST

START_TEST(every_change_stands_in_the_log)
{
    struct opened opened;
    char          secret[KEY_SECRET_MAX];
    struct caller_key    key;
    bool          was_there;

    opened_fresh(&opened);
    ck_assert(!key_create(&opened.connection, "0123456789abcdef", ROLE_FEED_BIT, "acme", secret,
                          &key));
    ck_assert(!key_revoke(&opened.connection, NULL, key.id, &was_there));
    connection_close(&opened.connection);
    ck_assert_int_eq(postgres_number(opened.url,
                                     "SELECT (string_agg(coalesce(r ->> 'event', r ->> 'kind') ||"
                                     " ':' || coalesce(r ->> 'actor', '-'), ' ' ORDER BY iseq) ="
                                     " 'open:- created:0123456789abcdef"
                                     " revoked:- close:-')::integer"
                                     " FROM (SELECT iseq, convert_from(record,"
                                     " 'UTF8')::json AS r FROM audit.event) AS events"), 1);
    ck_assert_int_eq(log_check(opened.url), 0);
    database_close(opened.database);
}
END_TEST

START_TEST(the_time_of_use_is_saved)
{
    struct opened opened;
    char          secret[KEY_SECRET_MAX];
    struct caller_key    key;
    int64_t       until;

    opened_fresh(&opened);
    ck_assert(!key_create(&opened.connection, NULL, ROLE_FEED_BIT, "acme", secret, &key));
    const struct keys *keys = reload(&opened);
    key_used(keys, key_find(keys, secret, &until), 1234567);
    release(&opened, keys);
    ck_assert(key_cache_save_uses(database_keys(opened.database), &opened.connection));
    ck_assert_int_eq(postgres_number(opened.url, "SELECT used_at FROM breakwater.api_key"),
                     1234567);
    opened_close(&opened);
}
END_TEST

/* All in one statement, the later time wins, and a key that was not used has none. */
START_TEST(times_of_use_are_saved_together)
{
    enum { USED = 50 };
    struct opened     opened;
    char              secret[KEY_SECRET_MAX];
    struct caller_key key;

    opened_fresh(&opened);
    for (int i = 0; i <= USED; i++)
        ck_assert(!key_create(&opened.connection, NULL, ROLE_FEED_BIT, "acme", secret, &key));
    postgres_run(opened.url, "UPDATE breakwater.api_key SET used_at = 2000000 WHERE id ="
                             " (SELECT min(id) FROM breakwater.api_key)");
    const struct keys *keys = reload(&opened);
    for (int i = 0; i < USED; i++)
        key_used(keys, &keys->items[i], 1000000 + i);
    release(&opened, keys);
    ck_assert(key_cache_save_uses(database_keys(opened.database), &opened.connection));
    ck_assert_int_eq(postgres_number(opened.url,
                                     "SELECT sum(used_at) FROM breakwater.api_key"),
                     2000000 + 49 * 1000000 + 49 * 50 / 2);
    ck_assert_int_eq(postgres_number(opened.url, "SELECT count(*) FROM breakwater.api_key"
                                                 " WHERE used_at IS NULL"), 1);
    ck_assert_int_eq(postgres_number(opened.url, "SELECT count(DISTINCT xmin::text)"
                                                 " FROM breakwater.api_key WHERE used_at >= 1000000"
                                                 " AND used_at < 2000000"), 1);
    opened_close(&opened);
}
END_TEST

static int64_t
until_of(struct opened *opened, const char *secret)
{
    int64_t            until = 0;
    const struct keys *keys = reload(opened);
    bool               is_found = key_find(keys, secret, &until);

    release(opened, keys);
    return is_found ? until : 0;
}

START_TEST(key_is_good_until_it_expires)
{
    const struct key_terms terms = { .expires_at = 4000000000000000, .rate = 7, .burst = 9 };
    struct opened          opened;
    char                   secret[KEY_SECRET_MAX];
    struct caller_key      key;
    bool                   was_there;

    opened_fresh(&opened);
    ck_assert(!key_create_on(&opened.connection, NULL, ROLE_FEED_BIT, "acme", &terms, secret,
                             &key));
    const struct keys *keys = reload(&opened);
    ck_assert_int_eq(keys->items[0].rate, 7);
    ck_assert_int_eq(keys->items[0].burst, 9);
    release(&opened, keys);
    ck_assert_int_eq(until_of(&opened, secret), 4000000000000000);
    ck_assert(!key_expire(&opened.connection, NULL, key.id, 3000000000000000, &was_there));
    ck_assert(was_there);
    ck_assert_int_eq(until_of(&opened, secret), 3000000000000000);
    ck_assert(!key_expire(&opened.connection, NULL, key.id, 0, &was_there));
    ck_assert_int_eq(until_of(&opened, secret), INT64_MAX);
    ck_assert(!key_expire(&opened.connection, NULL, "0123456789abcdef", 0, &was_there));
    ck_assert(!was_there);
    opened_close(&opened);
}
END_TEST

START_TEST(secret_is_replaced_and_the_one_before_has_its_time)
{
    struct opened     opened;
    char              first[KEY_SECRET_MAX], second[KEY_SECRET_MAX], third[KEY_SECRET_MAX],
                      none[KEY_SECRET_MAX];
    struct caller_key key;
    bool              was_there;

    opened_fresh(&opened);
    ck_assert(!key_create(&opened.connection, NULL, ROLE_FEED_BIT, "acme", first, &key));
    ck_assert(!key_rotate(&opened.connection, NULL, key.id, 1000000, second, &was_there));
    ck_assert(was_there);
    ck_assert_int_eq(until_of(&opened, second), INT64_MAX);
    ck_assert_int_eq(until_of(&opened, first), 1000000);
    /* whatever comes first */
    ck_assert(!key_expire(&opened.connection, NULL, key.id, 900000, &was_there));
    ck_assert_int_eq(until_of(&opened, first), 900000);
    ck_assert_int_eq(until_of(&opened, second), 900000);
    /* an expired key is not brought back */
    ck_assert(!key_rotate(&opened.connection, NULL, key.id, 2000000, none, &was_there));
    ck_assert(!was_there);
    ck_assert(!key_expire(&opened.connection, NULL, key.id, 0, &was_there));
    ck_assert(!key_rotate(&opened.connection, NULL, key.id, 2000000, third, &was_there));
    ck_assert(was_there);
    ck_assert_int_eq(until_of(&opened, first), 0);
    ck_assert_int_eq(until_of(&opened, second), 2000000);
    ck_assert_int_eq(until_of(&opened, third), INT64_MAX);
    ck_assert(!key_revoke(&opened.connection, NULL, key.id, &was_there));
    ck_assert(!key_rotate(&opened.connection, NULL, key.id, 2000000, none, &was_there));
    ck_assert(!was_there);
    ck_assert_int_eq(until_of(&opened, second) + until_of(&opened, third), 0);
    connection_close(&opened.connection);
    ck_assert_int_eq(postgres_number(opened.url,
                                     "SELECT (string_agg(r ->> 'event', ' ' ORDER BY iseq) ="
                                     " 'created rotated expiry_set expiry_set rotated revoked')"
                                     "::integer FROM (SELECT iseq, convert_from(record,"
                                     " 'UTF8')::json AS r FROM audit.event WHERE kind = 'key')"
                                     " AS events"), 1);
    ck_assert_int_eq(log_check(opened.url), 0);
    database_close(opened.database);
}
END_TEST

/* As an operator runs it. */
static int
run_key(const struct opened *opened, const char *arguments, char said[static 1024])
{
    const char *program = getenv("BREAKWATER_PROGRAM");
    char        line[2048];

    snprintf(line, sizeof line, "BREAKWATER_DATABASE_URL='%s' %s key %s 2>&1", opened->url,
             program ? program : "build/breakwater", arguments);
    FILE *pipe = popen(line, "r");
    ck_assert_ptr_nonnull(pipe);
    said[fread(said, 1, 1023, pipe)] = '\0';
    int status = pclose(pipe);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
copy_secret(const char *said, char secret[static KEY_SECRET_MAX])
{
    const char *at = strstr(said, "bw_");

    ck_assert_ptr_nonnull(at);
    snprintf(secret, KEY_SECRET_MAX, "%.*s", KEY_SECRET_MAX - 1, at);
}

static const struct { const char *arguments, *says; } misuses[] = {
    { "create --role feed", "usage" },
    { "create --role feed --holder a --expires soon", "soon: no instant" },
    { "create --role feed --holder a --rate 5", "given together" },
    { "create --role feed --holder a --rate 0 --burst 5", "given together" },
    { "create --role feed --holder a --rate 5 --burst 1000001", "given together" },
    { "create --role fed --holder a", "no such role" },
    { "rotate 0123456789abcdef", "no key in use" },
    { "rotate 0123456789abcdef --overlap 1w", "1w: no time" },
    { "expire 0123456789abcdef never", "no key in use" },
    { "expire 0123456789abcdef yesterday", "no instant" },
};

START_TEST(operator_makes_replaces_and_ends_keys)
{
    struct opened opened;
    char          said[1024], line[256], first[KEY_SECRET_MAX], second[KEY_SECRET_MAX];

    opened_fresh(&opened);
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        ck_assert_int_eq(run_key(&opened, misuses[i].arguments, said), 1);
        ck_assert_msg(strstr(said, misuses[i].says) != NULL, "%s: %s", misuses[i].arguments, said);
    }
    ck_assert_int_eq(postgres_number(opened.url, "SELECT count(*) FROM breakwater.api_key"), 0);
    ck_assert_int_eq(run_key(&opened, "create --role feed --holder desk --expires"
                                      " 2099-01-31T00:00:00Z --rate 5 --burst 10", said), 0);
    copy_secret(said, first);
    snprintf(line, sizeof line, "rotate %.16s --overlap 2d", first + 3);
    int64_t before_us = clock_now_us();
    ck_assert_int_eq(run_key(&opened, line, said), 0);
    copy_secret(said, second);
    /* 2099-01-31 is day 47147 since 1970 */
    ck_assert_int_eq(until_of(&opened, second), INT64_C(47147) * 86400 * 1000000);
    int64_t overlap_us = until_of(&opened, first) - before_us;
    ck_assert_int_ge(overlap_us, INT64_C(2) * 86400 * 1000000);
    ck_assert_int_lt(overlap_us, INT64_C(2) * 86400 * 1000000 + 10 * 1000000);
    ck_assert_int_eq(run_key(&opened, "list", said), 0);
    ck_assert_ptr_nonnull(strstr(said, "2099-01-31T00:00:00.000Z"));
    ck_assert_ptr_nonnull(strstr(said, "5/s, 10"));
    ck_assert_ptr_null(strstr(said, second + 20));
    snprintf(line, sizeof line, "expire %.16s never", first + 3);
    ck_assert_int_eq(run_key(&opened, line, said), 0);
    ck_assert_int_eq(until_of(&opened, second), INT64_MAX);
    opened_close(&opened);
}
END_TEST

START_TEST(first_keys_are_written_once_for_their_owner_alone)
{
    struct opened opened;
    char          scratch[POSTGRES_PATH_MAX], path[POSTGRES_PATH_MAX + 8],
                  why[DATABASE_WHY_MAX] = "", line[160];
    struct stat   status;
    int           lines = 0;
    int64_t       until;

    opened_fresh(&opened);
    postgres_scratch(scratch);
    snprintf(path, sizeof path, "%s/keys", scratch);
    ck_assert_msg(keys_write_first(&opened.connection, path, why), "%s", why);
    ck_assert_msg(keys_write_first(&opened.connection, path, why), "%s", why);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    const struct keys *keys = reload(&opened);
    ck_assert_uint_eq(keys->count, 7);
    FILE *file = fopen(path, "r");
    while (fgets(line, sizeof line, file)) {
        unsigned role;
        char    *space = strchr(line, ' ');
        line[strcspn(line, "\n")] = '\0';
        *space = '\0';
        ck_assert(key_roles_parse(line, &role));
        ck_assert_uint_eq(key_find(keys, space + 1, &until)->roles, role);
        lines++;
    }
    fclose(file);
    ck_assert_int_eq(lines, 7);
    release(&opened, keys);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert(keys_write_first(&opened.connection, path, why));
    ck_assert_int_ne(access(path, F_OK), 0);      /* the database has keys: no new ones are made */
    opened_close(&opened);
}
END_TEST

START_TEST(first_keys_that_cannot_be_written_are_not_made)
{
    struct opened opened;
    char          why[DATABASE_WHY_MAX] = "";

    opened_fresh(&opened);
    ck_assert(!keys_write_first(&opened.connection, "/nowhere/keys", why));
    ck_assert_ptr_nonnull(strstr(why, "/nowhere/keys"));
    ck_assert_int_eq(postgres_number(opened.url, "SELECT count(*) FROM breakwater.api_key"), 0);
    opened_close(&opened);
}
END_TEST

/* Until the housekeeper has heard: it must be within a second. */
static bool
appears(struct opened *opened, const char *secret)
{
    int64_t until;

    for (int ms = 0; ms < 1000; ms += 10) {
        const struct keys *keys = keys_hold(database_keys(opened->database));
        bool               is_there = key_find(keys, secret, &until);
        release(opened, keys);
        if (is_there)
            return true;
        usleep(10000);
    }
    return false;
}

static void
wait_up(struct housekeeper *keeper)
{
    for (int ms = 0; !housekeeper_is_up(keeper); ms += 10) {
        ck_assert_int_lt(ms, 10000);
        usleep(10000);
    }
}

START_TEST(the_housekeeper_hears_of_a_new_key_within_a_second_also_after_a_restart)
{
    struct opened opened;
    char          secret[KEY_SECRET_MAX];
    struct caller_key    key;

    opened_fresh(&opened);
    struct housekeeper *keeper = housekeeper_open(opened.database);
    wait_up(keeper);
    usleep(100000);
    ck_assert(!key_create(&opened.connection, NULL, ROLE_FEED_BIT, "acme", secret, &key));
    ck_assert(appears(&opened, secret));
    postgres_kill();
    postgres_start();
    connection_close(&opened.connection);
    ck_assert(connection_open(&opened.connection, opened.database));
    usleep(600000);
    wait_up(keeper);
    ck_assert(!key_create(&opened.connection, NULL, ROLE_FEED_BIT, "acme", secret, &key));
    ck_assert(appears(&opened, secret));
    housekeeper_close(keeper);
    opened_close(&opened);
}
END_TEST

START_TEST(the_housekeeper_forgets_idempotency_keys_after_a_day)
{
    struct opened opened;

    opened_fresh(&opened);
    postgres_run(opened.url, "INSERT INTO breakwater.idempotency"
                 " SELECT 'a', n::text, decode(repeat('00', 32), 'hex'), 'd', NULL,"
                 " (extract(epoch FROM now()) * 1000000)::bigint - n * 3600000000::bigint"
                 " FROM generate_series(1, 48) n");
    struct housekeeper *keeper = housekeeper_open(opened.database);
    for (int ms = 0; postgres_number(opened.url, "SELECT count(*) FROM breakwater.idempotency") !=
         23; ms += 20) {
        ck_assert_int_lt(ms, 5000);
        usleep(20000);
    }
    housekeeper_close(keeper);
    opened_close(&opened);
}
END_TEST

Suite *
keys_suite(void)
{
    Suite *suite = suite_create("keys");
    TCase *tcase = tcase_create("keys");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, roles_are_read_from_text, 0, sizeof roles / sizeof *roles);
    tcase_add_test(tcase, roles_are_written_in_one_order);
    tcase_add_test(tcase, a_key_is_found_by_its_secret_alone);
    tcase_add_test(tcase, only_the_hash_of_a_secret_is_stored);
    tcase_add_test(tcase, a_revoked_key_is_found_no_more);
    tcase_add_test(tcase, every_change_stands_in_the_log);
    tcase_add_test(tcase, the_time_of_use_is_saved);
    tcase_add_test(tcase, times_of_use_are_saved_together);
    tcase_add_test(tcase, key_is_good_until_it_expires);
    tcase_add_test(tcase, secret_is_replaced_and_the_one_before_has_its_time);
    tcase_add_test(tcase, operator_makes_replaces_and_ends_keys);
    tcase_add_test(tcase, first_keys_are_written_once_for_their_owner_alone);
    tcase_add_test(tcase, first_keys_that_cannot_be_written_are_not_made);
    tcase_add_test(tcase, the_housekeeper_hears_of_a_new_key_within_a_second_also_after_a_restart);
    tcase_add_test(tcase, the_housekeeper_forgets_idempotency_keys_after_a_day);
    suite_add_tcase(suite, tcase);
    return suite;
}
