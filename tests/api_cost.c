/* Requests at the bound of what they may cost, and what the dearest of them cost. */
#include "tests/api_cost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "handlers/cost.h"
#include "tests/api.h"

#define ACCOUNT "\"collateral\":[{\"asset\":\"ETH\",\"quantity\":\"1000000\"}]," \
                "\"debt\":[{\"asset\":\"USDC\",\"quantity\":\"1550000000\"}]"

enum { BODY_MAX = 4 << 20, TRIES = 3 };

static int64_t
now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* A body, written piece by piece. */
struct body { char *bytes; size_t count; };

#define ADD(body, ...) \
    ((body)->count += (size_t)snprintf((body)->bytes + (body)->count, BODY_MAX - (body)->count, \
                                       __VA_ARGS__))

static struct body
body_open(void)
{
    struct body body = { .bytes = malloc(BODY_MAX) };

    ck_assert_ptr_nonnull(body.bytes);
    return body;
}

/* Ranges between 1000 and 3000, of one pool. */
static void
add_ranges(struct body *body, int count)
{
    ADD(body, "{\"venue\":\"pool\",\"kind\":\"concentrated\",\"fee_rate\":\"0.0005\",\"price\":\"2000\","
              "\"ranges\":[");
    for (int i = 0; i < count; i++)
        ADD(body, "%s{\"lower\":\"%.3f\",\"upper\":\"%.3f\",\"liquidity\":\"50000\"}", i ? "," : "",
            1000 + 2000.0 * i / count, 1000 + 2000.0 * (i + 1) / count);
    ADD(body, "]}");
}

/* Bids below 2000, `levels` of them at each of so many venues. */
static void
add_books(struct body *body, int venues, int levels)
{
    for (int i = 0; i < venues; i++) {
        ADD(body, "%s{\"venue\":\"v%d\",\"kind\":\"book\",\"fee_rate\":\"0.001\",\"bids\":[", i ? "," : "",
            i);
        for (int level = 0; level < levels; level++)
            ADD(body, "%s[\"%.6f\",\"1.5\"]", level ? "," : "",
                1999.9 - 0.001 * i - 25.0 * level / levels);
        ADD(body, "]}");
    }
}

static void
add_state(struct body *body, int ranges, int venues, int levels)
{
    ADD(body, "\"state\":{\"prices\":{\"ETH\":\"2000\",\"USDC\":\"1\"},\"volatility\":{\"ETH\":\"0.8\"},"
              "\"depth\":{\"ETH\":[");
    if (ranges)
        add_ranges(body, ranges);
    add_books(body, venues, levels);
    ADD(body, "]}}");
}

static struct body
question(int ranges, int venues, int levels)
{
    struct body body = body_open();

    ADD(&body, "{\"market\":\"eth-usd\",\"account\":{" ACCOUNT "},");
    add_state(&body, ranges, venues, levels);
    ADD(&body, "}");
    return body;
}

static struct body
batch(int items, int ranges)
{
    struct body body = body_open();

    ADD(&body, "{\"market\":\"eth-usd\",\"items\":[");
    for (int i = 0; i < items; i++)
        ADD(&body, "%s{\"account\":{" ACCOUNT "}}", i ? "," : "");
    ADD(&body, "],");
    add_state(&body, ranges, 0, 0);
    ADD(&body, "}");
    return body;
}

static void
ask(const char *path, struct body *body, int status, const char *pointer)
{
    struct api_request request = { .method = "POST", .path = path, .body = body->bytes,
                                   .body_count = body->count };
    struct api_answer  answer;

    api_call(&request, &answer);
    ck_assert_msg(answer.http.status == status, "%d, not %d: %.500s", answer.http.status, status,
                  answer.http.body);
    if (pointer) {
        const json_t *error = json_array_get(json_object_get(answer.json, "errors"), 0);
        ck_assert_str_eq(json_string_value(json_object_get(answer.json, "code")), "too_costly");
        ck_assert_str_eq(json_string_value(json_object_get(error, "pointer")), pointer);
    }
    api_forget(&answer);
    free(body->bytes);
}

/* 150 for the account, 2 for each of two legs, 4 for a venue, 13 for each range: 158 + 13 * 64. */
static void
bound_of_64_ranges(struct api_service *service)
{
    service->cost_max = 990;
}

static const char *const paths[] = { "/v1/previews", "/v1/penalties", "/v1/liquidation-prices",
                                     "/v1/suggestions" };

START_TEST(account_is_answered_up_to_the_bound)
{
    api_open_prepared(true, bound_of_64_ranges);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct body below = question(63, 0, 0), at = question(64, 0, 0), above = question(65, 0, 0);
        ask(paths[i], &below, 201, NULL);
        ask(paths[i], &at, 201, NULL);
        ask(paths[i], &above, 422, "/state/depth/ETH");
    }
    api_close();
}
END_TEST

/* 20 times 990 are 19,800: 20 accounts at the bound. */
START_TEST(batch_is_answered_up_to_its_bound)
{
    api_open_prepared(true, bound_of_64_ranges);
    struct body at = batch(20, 64), above = batch(21, 64), small = batch(100, 3),
                dear_item = batch(2, 65);
    ask("/v1/previews/batch", &at, 201, NULL);
    ask("/v1/previews/batch", &above, 422, "/items/20");
    ask("/v1/previews/batch", &small, 201, NULL);
    ask("/v1/previews/batch", &dear_item, 422, "/state/depth/ETH");
    api_close();
}
END_TEST

static int64_t
best_us(int ranges, int venues, int levels)
{
    int64_t best = INT64_MAX;

    for (int i = 0; i < TRIES; i++) {
        struct body body = question(ranges, venues, levels);
        int64_t     began_us = now_us();
        ask("/v1/previews", &body, 201, NULL);
        int64_t took_us = now_us() - began_us;
        if (took_us < best)
            best = took_us;
    }
    return best;
}

/* The dearest that are allowed, of either kind: of 50,000 units where a small one has 162. The weights are
 * right where they take about as long, and no longer than their units say. */
START_TEST(dearest_that_is_allowed_is_bounded_by_its_units)
{
    enum { SMALL_UNITS = 162, TIMES = COST_MAX / SMALL_UNITS, ALIKE = 8 };

    api_open_another(true);
    int64_t small_us  = best_us(0, 1, 20);
    int64_t ranges_us = best_us(3830, 0, 0);
    int64_t books_us  = best_us(0, 16, 1250);
    printf("a small preview: %lld us; the dearest: %lld us of ranges, %lld us of levels\n",
           (long long)small_us, (long long)ranges_us, (long long)books_us);
    ck_assert_int_lt(ranges_us, TIMES * small_us);
    ck_assert_int_lt(books_us, TIMES * small_us);
    ck_assert_int_lt(ranges_us, ALIKE * books_us);
    ck_assert_int_lt(books_us, ALIKE * ranges_us);
    api_close();
}
END_TEST

/* More dear ones at once than may be: some are refused, and the threads that listen are not held. */
START_TEST(dear_requests_do_not_hold_the_listener)
{
    enum { MANY = 40, SECOND_US = 1000000 };
    struct http_client       clients[MANY];
    const struct api_request livez = { .method = "GET", .path = "/livez", .is_direct = true };
    struct http_answer       answer;
    struct api_answer        alive;
    int64_t                  longest_us = 0;
    int                      served = 0, refused = 0;
    char                     head[160];

    api_open_another(true);
    struct body body = question(3000, 0, 0);
    for (int i = 0; i < MANY; i++) {
        http_connect(&clients[i], api_running()->port);
        snprintf(head, sizeof head, "POST /v1/previews HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type:"
                 " application/json\r\nContent-Length: %zu\r\n\r\n", body.count);
        ck_assert(http_send(&clients[i], head));
        ck_assert(http_send_bytes(&clients[i], body.bytes, body.count));
    }
    for (int i = 0; i < MANY; i++) {
        int64_t began_us = now_us();
        api_call(&livez, &alive);
        ck_assert_int_eq(alive.http.status, 200);
        api_forget(&alive);
        if (now_us() - began_us > longest_us)
            longest_us = now_us() - began_us;
        http_receive(&clients[i], false, &answer);
        served  += answer.status == 201;
        refused += answer.status == 503;
        http_forget(&answer);
        http_close(&clients[i]);
    }
    printf("%d dear previews at once: %d served, %d refused; /livez within %lld us\n", (int)MANY,
           served, refused, (long long)longest_us);
    ck_assert_int_eq(served + refused, MANY);
    ck_assert_int_ge(served, COST_DEAR_REQUESTS_MAX);
    ck_assert_int_lt(longest_us, SECOND_US);
    free(body.bytes);
    body = question(3000, 0, 0);              /* and their places are free again */
    ask("/v1/previews", &body, 201, NULL);
    api_close();
}
END_TEST

void
api_cost_add_apart(TCase *tcase)
{
    tcase_add_test(tcase, account_is_answered_up_to_the_bound);
    tcase_add_test(tcase, batch_is_answered_up_to_its_bound);
    tcase_add_test(tcase, dearest_that_is_allowed_is_bounded_by_its_units);
    tcase_add_test(tcase, dear_requests_do_not_hold_the_listener);
}
