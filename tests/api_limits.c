/* Rates by key and by address, and who may preview without a key, over HTTP. */
#include "tests/api_limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/database.h"
#include "db/keys.h"
#include "handlers/routes.h"
#include "tests/api.h"

#define ACCOUNT "'account':{'collateral':[{'asset':'ETH','quantity':'10'}]}"
#define STATE   "'state':{'prices':{'ETH':'2000','USDC':'1'}}"
#define GOOD    "{'market':'eth-usd'," ACCOUNT "," STATE "}"
#define ITEM    "{" ACCOUNT "}"
#define BATCH3  "{'market':'eth-usd','items':[" ITEM "," ITEM "," ITEM "]," STATE "}"

enum { TRIES_MAX = 4, FIELD_MAX = 120 };

static int
ask(const struct api_request *request, struct api_answer *answer)
{
    struct api_request sent = *request;
    char              *body = request->body ? api_text(request->body) : NULL;

    sent.body = body;
    api_call(&sent, answer);
    free(body);
    return answer->http.status;
}

static int
status_of(const struct api_request *request)
{
    struct api_answer answer;
    int               status = ask(request, &answer);

    api_forget(&answer);
    return status;
}

static void
is_field(const struct api_answer *answer, const char *name, const char *expected)
{
    char value[FIELD_MAX];

    http_header(&answer->http, name, value, sizeof value);
    ck_assert_str_eq(value, expected);
}

static void
one_at_a_time(struct api_service *service)
{
    for (size_t i = 0; i < LIMITS_COUNT; i++)
        service->rates[i] = (struct rate){ .per_second = 1, .burst = 1 };
}

/* "/v1/markets/{market}" with something in place of each name. */
static void
example_path(const char *path, char *out, size_t room)
{
    size_t count = 0;

    for (; *path && count + 1 < room; path++) {
        if (*path == '{')
            path = strchr(path, '}');
        out[count++] = *path == '}' ? '1' : *path;
    }
    out[count] = '\0';
}

START_TEST(every_operation_has_its_limit)
{
    api_open_prepared(true, one_at_a_time);
    for (size_t i = 0; routes[i].path; i++) {
        char               path[128];
        struct api_request request = { .method = routes[i].method, .path = path,
                                       .key = API_EVERY_ROLE };
        int                status = 0;
        example_path(routes[i].path, path, sizeof path);
        for (int tries = 0; tries < TRIES_MAX && status != 429; tries++) {
            struct api_answer answer;
            status = ask(&request, &answer);
            if (status == 429) {
                is_field(&answer, "Retry-After", "1");
                is_field(&answer, "RateLimit-Policy", "\"key\";q=1;w=1");
                is_field(&answer, "RateLimit", "\"key\";r=0;t=1");
            } else if (routes[i].is_unmetered) {
                is_field(&answer, "RateLimit-Policy", "");
            }
            api_forget(&answer);
        }
        ck_assert_msg((status == 429) != routes[i].is_unmetered, "%s: %d", routes[i].operation,
                      status);
    }
    api_close();
}
END_TEST

static void
one_connection(struct api_service *service)
{
    service->connections_address_max = 1;
}

/* The one connection that there may be is open: what comes over others is refused, but for who asks how
 * the service is. */
START_TEST(every_operation_but_probes_needs_a_place)
{
    struct http_client held;

    api_open_prepared(true, one_connection);
    http_connect(&held, api_running()->port);
    for (size_t i = 0; routes[i].path; i++) {
        char               path[128];
        struct api_request request = { .method = routes[i].method, .path = path,
                                       .key = API_EVERY_ROLE };
        example_path(routes[i].path, path, sizeof path);
        int status = status_of(&request);
        ck_assert_msg(status == (routes[i].is_unmetered ? 200 : 503), "%s: %d",
                      routes[i].operation, status);
    }
    http_close(&held);
    api_close();
}
END_TEST

static void
few_at_once(struct api_service *service)
{
    service->rates[LIMIT_KEY]       = (struct rate){ .per_second = 1, .burst = 8 };
    service->rates[LIMIT_ADDRESS]   = (struct rate){ .per_second = 1, .burst = 5 };
    service->rates[LIMIT_ANONYMOUS] = (struct rate){ .per_second = 1, .burst = 3 };
}

/* Nothing has come back yet, at one a second; else the machine was held up, and it is not known what
 * is left. */
static bool
is_in_time(int64_t began_us)
{
    enum { SOONER_THAN_US = 900000 };
    bool is_soon = limits_clock_us() - began_us < SOONER_THAN_US;

    if (!is_soon)
        printf("limits: the machine was too slow, so what was left says nothing\n");
    return is_soon;
}

START_TEST(each_policy_has_a_bucket_of_its_own)
{
    static const struct api_request keyed   = { .method = "GET", .path = "/v1/presets",
                                                .key = ROLE_PREVIEW };
    static const struct api_request other   = { .method = "GET", .path = "/v1/presets",
                                                .key = API_OTHER };
    static const struct api_request open    = { .method = "GET", .path = "/v1/presets" };
    static const struct api_request preview = { .method = "POST", .path = "/v1/previews",
                                                .body = GOOD };
    static const struct { const struct api_request *request; int status;
                          const char *left; } rows[] = {
        { &keyed, 200, "\"key\";r=7;t=1" },
        { &keyed, 200, "\"key\";r=6;t=2" },
        { &other, 200, "\"key\";r=7;t=1" },
        { &open, 200, "\"address\";r=4;t=1" },
        { &preview, 201, "\"anonymous\";r=2;t=1" },
        { &preview, 201, "\"anonymous\";r=1;t=2" },
        { &open, 200, "\"address\";r=3;t=2" },
        { &keyed, 200, "\"key\";r=5;t=3" },
    };

    api_open_prepared(true, few_at_once);
    int64_t began_us = limits_clock_us();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct api_answer answer;
        ck_assert_int_eq(ask(rows[i].request, &answer), rows[i].status);
        if (is_in_time(began_us))
            is_field(&answer, "RateLimit", rows[i].left);
        api_forget(&answer);
    }
    api_close();
}
END_TEST

START_TEST(batch_counts_as_many_as_it_has_items)
{
    static const struct api_request batch = { .method = "POST", .path = "/v1/previews/batch",
                                              .key = ROLE_PREVIEW, .body = BATCH3 };
    struct api_answer answer;

    /* The third time two are left, and one is owed; then that one, and one to ask. */
    static const struct { int status; const char *field, *value; } rows[] = {
        { 201, "RateLimit", "\"key\";r=5;t=3" },
        { 201, "RateLimit", "\"key\";r=2;t=6" },
        { 201, "RateLimit", "\"key\";r=0;t=9" },
        { 429, "Retry-After", "2" },
        { 429, "RateLimit", "\"key\";r=0;t=9" },
    };

    api_open_prepared(true, few_at_once);
    int64_t began_us = limits_clock_us();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int status = ask(&batch, &answer);
        if (is_in_time(began_us)) {
            ck_assert_int_eq(status, rows[i].status);
            is_field(&answer, rows[i].field, rows[i].value);
        }
        if (status == 429)
            ck_assert_ptr_nonnull(strstr(answer.http.body, "this key may ask 8 times at once"));
        api_forget(&answer);
    }
    api_close();
}
END_TEST

START_TEST(who_guesses_keys_is_stopped)
{
    static const struct api_request guess = { .method = "GET", .path = "/v1/presets",
                                              .key = API_UNKNOWN };
    static const struct api_request keyed = { .method = "GET", .path = "/v1/presets",
                                              .key = ROLE_PREVIEW };

    api_open_prepared(false, few_at_once);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(status_of(&guess), 401);
    ck_assert_int_eq(status_of(&guess), 429);
    ck_assert_int_eq(status_of(&keyed), 200);
    api_close();
}
END_TEST

static void
behind_a_proxy(struct api_service *service)
{
    one_at_a_time(service);
    snprintf(service->trusted_proxies, sizeof service->trusted_proxies, "127.0.0.0/8,10.0.0.0/8");
}

static const struct { const char *headers; int status; } hops[] = {
    { "X-Forwarded-For: 192.0.2.1\r\n", 200 },
    { "X-Forwarded-For: 192.0.2.1\r\n", 429 },
    { "X-Forwarded-For: 192.0.2.2\r\n", 200 },
    { "X-Forwarded-For: 198.51.100.9, 192.0.2.2\r\n", 429 },
    { "X-Forwarded-For: 198.51.100.9\r\nX-Forwarded-For: 192.0.2.2\r\n", 429 },
    { "X-Forwarded-For: 192.0.2.3\r\nX-Forwarded-For: 10.0.0.1\r\n", 200 },
    { "x-forwarded-for: 192.0.2.3\r\n", 429 },
    { "Forwarded: for=192.0.2.3\r\n", 429 },
    { "Forwarded: for=\"[2001:db8:1:2::3]\"\r\n", 200 },
    { "Forwarded: for=\"[2001:db8:1:2:3::4]:80\"\r\n", 429 },
    { "Forwarded: for=\"[2001:db8:1:3::3]\"\r\n", 200 },
};

START_TEST(clients_behind_a_proxy_are_told_apart)
{
    api_open_prepared(true, behind_a_proxy);
    for (size_t i = 0; i < sizeof hops / sizeof *hops; i++) {
        struct api_request request = { .method = "GET", .path = "/v1/presets",
                                       .headers = hops[i].headers };
        int                status = status_of(&request);
        ck_assert_msg(status == hops[i].status, "%s: %d", hops[i].headers, status);
    }
    /* without its word, the proxy is the client, and no preview is anonymous */
    struct api_request bare = { .method = "GET", .path = "/v1/presets" };
    struct api_request preview = { .method = "POST", .path = "/v1/previews", .body = GOOD };
    ck_assert_int_eq(status_of(&bare), 200);
    ck_assert_int_eq(status_of(&preview), 429);
    api_close();
}
END_TEST

START_TEST(nobody_is_believed_who_is_not_trusted)
{
    api_open_prepared(true, one_at_a_time);
    struct api_request request = { .method = "GET", .path = "/v1/presets",
                                   .headers = "X-Forwarded-For: 192.0.2.1\r\n" };
    ck_assert_int_eq(status_of(&request), 200);
    request.headers = "X-Forwarded-For: 192.0.2.2\r\n";
    ck_assert_int_eq(status_of(&request), 429);
    api_close();
}
END_TEST

/* The embedded default's previews without a key: from here, by a Host that means here, with nothing
 * in between. */
static const struct { const char *headers; int status; } strangers[] = {
    { "", 201 },
    { "Host: localhost\r\n", 201 },
    { "Host: LOCALHOST:80\r\n", 201 },
    { "Host: [::1]:80\r\n", 201 },
    { "Host: breakwater.example\r\n", 401 },
    { "Host: localhost.example\r\n", 401 },
    { "Host: 127.0.0.1.example\r\n", 401 },
    { "Host: 127.0.0.2\r\n", 401 },
    { "Host: 0.0.0.0\r\n", 401 },
    { "X-Forwarded-For: 127.0.0.1\r\n", 401 },
    { "X-Forwarded-For: \r\n", 401 },
    { "Forwarded: for=127.0.0.1\r\n", 401 },
    { "X-Forwarded-Host: localhost\r\n", 401 },
    { "X-Forwarded-Proto: http\r\n", 401 },
    { "X-Forwarded-Port: 80\r\n", 401 },
    { "X-Forwarded-Server: a\r\n", 401 },
    { "X-Real-IP: 127.0.0.1\r\n", 401 },
    { "X-Client-IP: 127.0.0.1\r\n", 401 },
    { "True-Client-IP: 127.0.0.1\r\n", 401 },
    { "CF-Connecting-IP: 127.0.0.1\r\n", 401 },
    { "Via: 1.1 proxy\r\n", 401 },
};

START_TEST(preview_without_a_key_is_for_this_machine_alone)
{
    api_open_another(true);
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        struct api_request request = { .method = "POST", .path = "/v1/previews", .body = GOOD,
                                       .headers = strangers[i].headers, .is_direct = true };
        int                status = status_of(&request);
        ck_assert_msg(status == strangers[i].status, "%s: %d", strangers[i].headers, status);
    }
    api_close();
}
END_TEST

static void
proxied(struct api_service *service)
{
    snprintf(service->trusted_proxies, sizeof service->trusted_proxies, "127.0.0.1");
}

START_TEST(preview_through_a_proxy_needs_a_key)
{
    struct api_request request = { .method = "POST", .path = "/v1/previews", .body = GOOD };

    api_open_prepared(true, proxied);
    ck_assert_int_eq(status_of(&request), 401);
    request.key = ROLE_PREVIEW;
    ck_assert_int_eq(status_of(&request), 201);
    api_close();
}
END_TEST

START_TEST(refusals_are_counted_by_policy)
{
    static const struct api_request open = { .method = "GET", .path = "/v1/presets" };
    static const struct api_request metrics = { .method = "GET", .path = "/metrics" };
    struct api_answer answer;

    api_open_prepared(true, one_at_a_time);
    for (int i = 0; i < 3; i++)
        status_of(&open);
    ck_assert_int_eq(ask(&metrics, &answer), 200);
    ck_assert_ptr_nonnull(strstr(answer.http.body,
                                 "breakwater_limited_total{policy=\"address\"} 2\n"));
    ck_assert_ptr_nonnull(strstr(answer.http.body,
                                 "breakwater_limited_total{policy=\"key\"} 0\n"));
    ck_assert_ptr_nonnull(strstr(answer.http.body,
                                 "breakwater_refusals_total{code=\"too_many_requests\"} 2\n"));
    api_forget(&answer);
    api_close();
}
END_TEST

/* How long it takes until the answers of both instances are these, in milliseconds. */
static int64_t
wait_for_both(struct api_service *const both[2], int key, int status)
{
    enum { LONGEST_MS = 5000 };
    struct api_request request = { .method = "GET", .path = "/v1/markets/eth-usd/snapshot",
                                   .key = key };
    int64_t            began_us = limits_clock_us();
    bool               is_done[2] = { false, false };

    while (!is_done[0] || !is_done[1]) {
        ck_assert_msg(limits_clock_us() - began_us < LONGEST_MS * 1000, "not %d within 5 s",
                      status);
        for (int i = 0; i < 2; i++) {
            api_switch(both[i]);
            is_done[i] = status_of(&request) == status;
        }
        usleep(5000);
    }
    return (limits_clock_us() - began_us) / 1000;
}

static void
id_of(const struct api_service *service, int key, char id[static KEY_ID_MAX])
{
    snprintf(id, KEY_ID_MAX, "%.16s", service->secrets[key] + 3);
}

/* 404: there is no state, but the key is good. */
START_TEST(change_of_a_key_is_on_every_instance_within_a_second)
{
    enum { SECOND_MS = 1000, GOOD_KEY = 404 };
    struct api_service *both[2];
    char                id[KEY_ID_MAX], why[DATABASE_WHY_MAX], before[KEY_SECRET_MAX];
    struct connection   connection;
    bool                was_there;

    api_open_another(false);
    both[0] = api_running();
    both[1] = api_service_beside(both[0]);
    ck_assert_msg(api_service_start(both[1]), "%s", both[1]->why);
    struct database_settings settings = { .url = both[0]->url };
    struct database         *database = database_open(&settings, why);
    ck_assert_ptr_nonnull(database);
    ck_assert(connection_open(&connection, database));
    wait_for_both(both, ROLE_FEED, GOOD_KEY);

    /* expired, and not any more */
    id_of(both[0], ROLE_FEED, id);
    ck_assert(!key_expire(&connection, NULL, id, clock_now_us(), &was_there));
    int64_t expired_ms = wait_for_both(both, ROLE_FEED, 401);
    ck_assert(!key_expire(&connection, NULL, id, 0, &was_there));
    int64_t good_ms = wait_for_both(both, ROLE_FEED, GOOD_KEY);

    /* replaced: the new secret is good at once, the old one until its time has come */
    memcpy(before, both[0]->secrets[ROLE_FEED], sizeof before);
    ck_assert(!key_rotate(&connection, NULL, id, clock_now_us() + 1500000,
                          both[0]->secrets[API_UNKNOWN], &was_there));
    memcpy(both[1]->secrets[API_UNKNOWN], both[0]->secrets[API_UNKNOWN], KEY_SECRET_MAX);
    wait_for_both(both, ROLE_FEED, GOOD_KEY);
    int64_t rotated_ms = wait_for_both(both, API_UNKNOWN, GOOD_KEY);
    wait_for_both(both, ROLE_FEED, 401);
    wait_for_both(both, API_UNKNOWN, GOOD_KEY);
    struct api_request request = { .method = "GET", .path = "/v1/markets/eth-usd/snapshot",
                                   .key = ROLE_FEED };
    struct api_answer  answer;
    ck_assert_int_eq(ask(&request, &answer), 401);
    ck_assert_str_eq(json_string_value(json_object_get(answer.json, "code")), "key_expired");
    ck_assert_ptr_nonnull(strstr(answer.http.body, "this secret was good until 2"));
    api_forget(&answer);

    /* revoked */
    id_of(both[0], API_OTHER, id);
    wait_for_both(both, API_OTHER, GOOD_KEY);
    ck_assert(!key_revoke(&connection, NULL, id, &was_there));
    int64_t revoked_ms = wait_for_both(both, API_OTHER, 401);
    printf("a key on two instances: revoked in %lld ms, expired in %lld, replaced in %lld\n",
           (long long)revoked_ms, (long long)expired_ms, (long long)rotated_ms);
    ck_assert_int_lt(expired_ms, SECOND_MS);
    ck_assert_int_lt(good_ms, SECOND_MS);
    ck_assert_int_lt(rotated_ms, SECOND_MS);
    ck_assert_int_lt(revoked_ms, SECOND_MS);

    connection_close(&connection);
    database_close(database);
    api_switch(both[0]);
    ck_assert(api_service_stop(both[1]));
    api_service_free(both[1]);
    api_close();
}
END_TEST

static void
short_queue(struct api_service *service)
{
    service->queue_max = 4;
}

/* Every COMMIT waits for a standby that nobody has, until it is said that there need be none. */
static void
stall(bool is_stalled)
{
    const char *url = api_running()->url;

    postgres_run(url, is_stalled ? "ALTER SYSTEM SET synchronous_standby_names TO 'nobody'"
                                 : "ALTER SYSTEM RESET synchronous_standby_names");
    postgres_run(url, "SELECT pg_reload_conf()");
    usleep(500000);                           /* until its processes have read it */
}

static void
send_preview(struct http_client *client)
{
    char *body = api_text(GOOD), head[256];

    http_connect(client, api_running()->port);
    snprintf(head, sizeof head, "POST /v1/previews HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type:"
             " application/json\r\nContent-Length: %zu\r\n\r\n", strlen(body));
    ck_assert(http_send(client, head));
    ck_assert(http_send(client, body));
    free(body);
}

static int64_t
queued(void)
{
    static const struct api_request metrics = { .method = "GET", .path = "/metrics" };
    static const char               name[] = "\nbreakwater_writer_queue ";
    struct api_answer               answer;

    ck_assert_int_eq(ask(&metrics, &answer), 200);
    const char *at = strstr(answer.http.body, name);
    ck_assert_ptr_nonnull(at);
    int64_t count = strtoll(at + strlen(name), NULL, 10);
    api_forget(&answer);
    return count;
}

static void
wait_for_queue(int64_t count)
{
    for (int tries = 0; queued() != count; tries++) {
        ck_assert_msg(tries < 500, "%lld are queued, not %lld", (long long)queued(),
                      (long long)count);
        usleep(10000);
    }
}

/* The database takes nothing for a while: who has a place waits, who has none is told so at once, and what
 * says that the service lives, says so. */
START_TEST(what_cannot_be_held_is_refused_at_once)
{
    enum { HELD = 5, SOON_US = 1000000 };
    static const char *const probes[] = { "/livez", "/readyz" };
    struct http_client       clients[HELD];
    struct api_request       preview = { .method = "POST", .path = "/v1/previews", .body = GOOD,
                                         .is_direct = true };
    struct api_answer        answer;
    char                     wait_s[FIELD_MAX];

    api_open_prepared(true, short_queue);
    ck_assert_int_eq(status_of(&preview), 201);
    stall(true);
    for (int i = 0; i < HELD; i++) {          /* the first is being written, then four wait */
        send_preview(&clients[i]);
        if (i == 0)
            usleep(300000);
        wait_for_queue(i);
    }
    int64_t began_us = limits_clock_us();
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(ask(&preview, &answer), 503);
        http_header(&answer.http, "Retry-After", wait_s, sizeof wait_s);
        ck_assert(wait_s[0] >= '1' && wait_s[0] <= '3' && !wait_s[1]);
        api_forget(&answer);
    }
    preview.body = "not even JSON";           /* refused before it is read */
    ck_assert_int_eq(status_of(&preview), 503);
    for (size_t i = 0; i < 2; i++) {
        struct api_request probe = { .method = "GET", .path = probes[i], .is_direct = true };
        ck_assert_int_eq(status_of(&probe), 200);
    }
    ck_assert_int_lt(limits_clock_us() - began_us, SOON_US);
    stall(false);
    for (int i = 0; i < HELD; i++) {
        http_receive(&clients[i], false, &answer.http);
        ck_assert_int_eq(answer.http.status, 201);
        http_forget(&answer.http);
        http_close(&clients[i]);
    }
    preview.body = GOOD;
    ck_assert_int_eq(status_of(&preview), 201);
    api_close();
}
END_TEST

void
api_limits_add_apart(TCase *tcase)
{
    tcase_add_test(tcase, every_operation_has_its_limit);
    tcase_add_test(tcase, every_operation_but_probes_needs_a_place);
    tcase_add_test(tcase, each_policy_has_a_bucket_of_its_own);
    tcase_add_test(tcase, batch_counts_as_many_as_it_has_items);
    tcase_add_test(tcase, who_guesses_keys_is_stopped);
    tcase_add_test(tcase, clients_behind_a_proxy_are_told_apart);
    tcase_add_test(tcase, nobody_is_believed_who_is_not_trusted);
    tcase_add_test(tcase, preview_without_a_key_is_for_this_machine_alone);
    tcase_add_test(tcase, preview_through_a_proxy_needs_a_key);
    tcase_add_test(tcase, refusals_are_counted_by_policy);
    tcase_add_test(tcase, what_cannot_be_held_is_refused_at_once);
    tcase_add_test(tcase, change_of_a_key_is_on_every_instance_within_a_second);
}
