/* Attacks on a market's prices, through the API: each with the outcome that oracle.h states. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/instant.h"
#include "record/record.h"
#include "tests/api.h"
#include "tests/suite.h"

enum { REPORTS_MAX = 8, BODY_MAX = 8192 };

struct report { const char *source, *price, *confidence; int64_t ago_ms; };

struct push {
    int64_t       ago_ms;                     /* when the state was taken */
    struct report reports[REPORTS_MAX];       /* of ETH; ended by one without a source */
    const char   *rest;                       /* further members, with a comma in front */
};

#define BOOK ",'volatility':{'ETH':'0.8'},'depth':{'ETH':[{'venue':'book','kind':'book','fee_rate':'0.001'," \
             "'bids':[['1999','20'],['1985','50']%s],'asks':[['2001','20'],['2010','50']]}]}"

static void
add_report(char *body, const struct report *report, const char *comma)
{
    char   at[INSTANT_TEXT_MAX];
    size_t count = strlen(body);

    instant_format(clock_now_us() - report->ago_ms * 1000, at);
    snprintf(body + count, BODY_MAX - count,
             "%s{'source':'%s','price':'%s','confidence':'%s','observed_at':'%s'}", comma,
             report->source, report->price, report->confidence ? report->confidence : "0.5", at);
}

static void
add(char *body, const char *text)
{
    size_t count = strlen(body);

    snprintf(body + count, BODY_MAX - count, "%s", text);
}

/* What the service answered; USDC is reported by the same sources at 1. */
static void
push(const struct push *push, int status, struct api_answer *answer)
{
    char body[BODY_MAX], at[INSTANT_TEXT_MAX];

    instant_format(clock_now_us() - push->ago_ms * 1000, at);
    snprintf(body, sizeof body, "{'observed_at':'%s','prices':{'ETH':[", at);
    for (const struct report *report = push->reports; report->source; report++)
        add_report(body, report, report == push->reports ? "" : ",");
    add(body, "],'USDC':[");
    for (int i = 0; i < 3; i++) {
        char          name[] = { (char)('a' + i), '\0' };
        struct report dollar = { name, "1", "0.0005", push->ago_ms };
        add_report(body, &dollar, i ? "," : "");
    }
    add(body, "]}");
    add(body, push->rest ? push->rest : "");
    add(body, "}");
    char              *text = api_text(body);
    struct api_request request = { .method = "PUT", .path = "/v1/markets/eth-usd/snapshot",
                                   .key = ROLE_FEED, .body = text };
    api_call(&request, answer);
    ck_assert_msg(answer->http.status == status, "%d, not %d: %.1000s", answer->http.status, status,
                  answer->http.body);
    free(text);
}

static void
pushed(const struct push *one)
{
    struct api_answer answer;

    push(one, 200, &answer);
    api_forget(&answer);
}

/* A preview by the latest snapshot: ten ether against this much. */
static void
preview(const char *debt, struct api_answer *answer)
{
    char question[512];

    snprintf(question, sizeof question,
             "{'market':'eth-usd','account':{'collateral':[{'asset':'ETH','quantity':'10'}],"
             "'debt':[{'asset':'USDC','quantity':'%s'}]}}", debt);
    char              *text = api_text(question);
    struct api_request request = { .method = "POST", .path = "/v1/previews", .key = ROLE_PREVIEW,
                                   .body = text };
    api_call(&request, answer);
    ck_assert_msg(answer->http.status == 201, "%d: %.1000s", answer->http.status, answer->http.body);
    free(text);
}

static const json_t *
of_oracle(const struct api_answer *answer, const char *member)
{
    return json_object_get(json_object_get(answer->json, "oracle"), member);
}

static double
number_of(const json_t *text)
{
    ck_assert(json_is_string(text));
    return strtod(json_string_value(text), NULL);
}

static const json_t *
price_of(const struct api_answer *answer, const char *asset)
{
    size_t  i;
    json_t *price;

    json_array_foreach(json_object_get(answer->json, "prices"), i, price)
        if (!strcmp(json_string_value(json_object_get(price, "asset")), asset))
            return price;
    ck_abort_msg("no price of %s", asset);
}

static bool
is_warned(const struct api_answer *answer, const char *code)
{
    size_t  i;
    json_t *warning;

    json_array_foreach(json_object_get(answer->json, "warnings"), i, warning)
        if (!strcmp(json_string_value(json_object_get(warning, "code")), code))
            return true;
    return false;
}

/* NULL: null. */
static void
judged(const struct api_answer *answer, const char *verdict, const char *reason)
{
    const char *found = json_string_value(of_oracle(answer, "verdict"));
    const char *why = json_string_value(of_oracle(answer, "reason"));

    ck_assert(json_is_true(of_oracle(answer, "judged")));
    ck_assert_str_eq(found, verdict);
    ck_assert_msg(reason ? why && !strcmp(why, reason) : !why, "%s, not %s", why, reason);
}

#define HONEST { "a", "2000", "0.5", 1000 }, { "b", "2001", "0.5", 1000 }, { "c", "1999", "0.5", 1000 }
#define CALM   { .ago_ms = 90000, .reports = { { "a", "2000", "0.5", 90000 }, { "b", "2001", "0.5", 90000 }, \
                 { "c", "1999", "0.5", 90000 }, { "d", "2000", "0.5", 90000 } } }

static void
opened_in_calm(void)
{
    api_open_another(true);
    pushed(&(struct push)CALM);
}

/* One source of ether does not count, and is named. */
static void
dropped_alone(const struct api_answer *answer, const char *source, const char *fate)
{
    const json_t *dropped = json_object_get(price_of(answer, "ETH"), "dropped");
    const json_t *first = json_array_get(dropped, 0);

    ck_assert_int_eq((int)json_array_size(dropped), 1);
    ck_assert_str_eq(json_string_value(json_object_get(first, "source")), source);
    ck_assert_str_eq(json_string_value(json_object_get(first, "fate")), fate);
}

START_TEST(one_liar_of_five_moves_nothing)
{
    struct api_answer answer;

    opened_in_calm();
    pushed(&(struct push){ 1000, { HONEST, { "d", "2002", "0.5", 1000 }, { "e", "3000", "0.5", 1000 } }, NULL });
    preview("12000", &answer);
    double price = number_of(json_object_get(price_of(&answer, "ETH"), "price"));
    ck_assert(price >= 1999 && price <= 2002);
    judged(&answer, "accept", NULL);
    ck_assert_str_eq(json_string_value(json_object_get(price_of(&answer, "ETH"), "basis")), "weighted_median");
    ck_assert_int_eq((int)json_array_size(json_object_get(price_of(&answer, "ETH"), "sources")), 5);
    ck_assert(json_is_string(json_object_get(price_of(&answer, "ETH"), "observed_at")));
    api_forget(&answer);
    api_close();
}
END_TEST

/* One that is certain to a millionth of a dollar does not own the median; one that is not certain of
 * anything is left out, by name. */
START_TEST(absurd_confidence_buys_no_weight)
{
    struct api_answer answer;

    opened_in_calm();
    push(&(struct push){ 1000, { HONEST, { "sure", "2300", "0.000001", 1000 }, { "lost", "2500", "900", 1000 } },
                         NULL }, 200, &answer);
    ck_assert_ptr_nonnull(strstr(answer.http.body, "{\"source\":\"lost\",\"fate\":\"unsure\"}"));
    ck_assert_ptr_nonnull(strstr(answer.http.body, "{\"source\":\"sure\",\"fate\":\"used\"}"));
    api_forget(&answer);
    preview("12000", &answer);
    dropped_alone(&answer, "lost", "unsure");
    double price = number_of(json_object_get(price_of(&answer, "ETH"), "price"));
    ck_assert(price >= 1999 && price <= 2001);
    judged(&answer, "accept", NULL);
    api_forget(&answer);
    api_close();
}
END_TEST

/* One source of several that reads a pool: the median stays. As the only source: no quorum. */
START_TEST(flash_loan_in_one_pool_is_outvoted)
{
    struct api_answer answer;

    opened_in_calm();
    pushed(&(struct push){ 1000, { HONEST, { "pool", "900", "0.5", 1000 } }, NULL });
    preview("15000", &answer);
    ck_assert(number_of(json_object_get(price_of(&answer, "ETH"), "price")) >= 1999);
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(answer.json, "health"), "status")), "healthy");
    api_forget(&answer);
    pushed(&(struct push){ 500, { { "pool", "900", "0.5", 500 } }, NULL });
    preview("15000", &answer);
    judged(&answer, "reject", "no_quorum");
    ck_assert(is_warned(&answer, "oracle_rejected"));
    api_forget(&answer);
    api_close();
}
END_TEST

/* Half of the sources jump: deferred, for a stated time, and the preview is answered all the same. */
START_TEST(jump_that_too_few_confirm_is_deferred)
{
    struct api_answer answer;

    opened_in_calm();
    pushed(&(struct push){ 1000, { { "a", "2000", "0.5", 1000 }, { "b", "1999", "0.5", 1000 },
                                   { "c", "1500", "0.5", 1000 }, { "d", "1501", "0.5", 1000 } },
                           ",'volatility':{'ETH':'0.8'}" });
    preview("12000", &answer);
    judged(&answer, "defer", "unconfirmed_deviation");
    json_int_t retry_after_s = json_integer_value(of_oracle(&answer, "retry_after_s"));
    ck_assert(retry_after_s >= 1 && retry_after_s <= 1800);
    ck_assert_str_eq(json_string_value(of_oracle(&answer, "asset")), "ETH");
    ck_assert(is_warned(&answer, "oracle_deferred"));
    ck_assert(number_of(of_oracle(&answer, "slice_rate")) == 0);
    api_forget(&answer);
    api_close();
}
END_TEST

/* All of them jump: a crash. Accepted, in smaller slices, no smaller than the floor. */
START_TEST(crash_that_all_confirm_is_accepted)
{
    struct api_answer answer;

    opened_in_calm();
    pushed(&(struct push){ 1000, { { "a", "1500", "0.5", 1000 }, { "b", "1501", "0.5", 1000 },
                                   { "c", "1499", "0.5", 1000 } }, ",'volatility':{'ETH':'0.8'}" });
    preview("14000", &answer);
    judged(&answer, "accept", "confirmed_deviation");
    double slice = number_of(of_oracle(&answer, "slice_rate"));
    ck_assert(slice >= 0.1 && slice < 1);
    ck_assert_int_eq((int)json_integer_value(of_oracle(&answer, "confirming_count")), 3);
    ck_assert(is_warned(&answer, "oracle_smaller_slices"));
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(answer.json, "health"), "status")),
                     "liquidatable");
    api_forget(&answer);
    api_close();
}
END_TEST

/* The feed knows of positions worth more than the push within the bound costs. */
START_TEST(attack_that_pays_is_deferred)
{
    struct api_answer answer;
    char              rest[512];

    opened_in_calm();
    snprintf(rest, sizeof rest, BOOK ",'gains':{'ETH':'%s'}", "", "5000000");
    pushed(&(struct push){ 2000, { { "a", "1998", "0.5", 2000 }, { "b", "1998", "0.5", 2000 },
                                   { "c", "1998", "0.5", 2000 } }, rest });
    preview("12000", &answer);
    judged(&answer, "defer", "attack_pays");
    ck_assert(number_of(of_oracle(&answer, "attack_gain")) == 5000000);
    api_forget(&answer);
    snprintf(rest, sizeof rest, BOOK ",'gains':{'ETH':'%s'}", "", "0");
    pushed(&(struct push){ 1000, { { "a", "1998", "0.5", 1000 }, { "b", "1998", "0.5", 1000 },
                                   { "c", "1998", "0.5", 1000 } }, rest });
    preview("12000", &answer);
    judged(&answer, "accept", NULL);
    api_forget(&answer);
    api_close();
}
END_TEST

/* Two of three stand still: too old to count, and too few are left. */
START_TEST(stalled_sources_are_a_reject)
{
    struct api_answer answer;

    opened_in_calm();
    push(&(struct push){ 1000, { { "a", "2000", "0.5", 1000 }, { "b", "2000", "0.5", 300000 },
                                 { "c", "2000", "0.5", 300000 } }, NULL }, 200, &answer);
    ck_assert_ptr_nonnull(strstr(answer.http.body, "{\"source\":\"b\",\"fate\":\"stale\"}"));
    api_forget(&answer);
    preview("12000", &answer);
    judged(&answer, "reject", "stale");
    api_forget(&answer);
    api_close();
}
END_TEST

/* A source whose clock is ahead would never grow old; a whole state that is, would keep out all. */
START_TEST(clock_that_runs_ahead_counts_for_nothing)
{
    struct api_answer answer;

    opened_in_calm();
    push(&(struct push){ 1000, { HONEST, { "d", "2500", "0.5", -60000 } }, NULL }, 200, &answer);
    ck_assert_ptr_nonnull(strstr(answer.http.body, "{\"source\":\"d\",\"fate\":\"from_the_future\"}"));
    api_forget(&answer);
    push(&(struct push){ -60000, { HONEST }, NULL }, 422, &answer);
    ck_assert_ptr_nonnull(strstr(answer.http.body, "\"from_the_future\""));
    api_forget(&answer);
    api_close();
}
END_TEST

/* A level far below the book, however large, makes no push dearer and no exit better. */
START_TEST(giant_far_level_counts_for_nothing)
{
    struct api_answer with, without;
    char              rest[2][512];

    for (int i = 0; i < 2; i++) {
        snprintf(rest[i], sizeof rest[i], BOOK, i ? ",['1','1000000000']" : "");
        opened_in_calm();
        pushed(&(struct push){ 1000, { { "a", "1990", "0.5", 1000 }, { "b", "1990", "0.5", 1000 },
                                       { "c", "1990", "0.5", 1000 } }, rest[i] });
        preview("16700", i ? &with : &without);
        api_close();
    }
    ck_assert(number_of(of_oracle(&without, "manipulation_cost")) > 0);
    ck_assert(json_equal(of_oracle(&with, "manipulation_cost"), of_oracle(&without, "manipulation_cost")));
    ck_assert(json_equal(json_object_get(with.json, "liquidation"), json_object_get(without.json, "liquidation")));
    api_forget(&with);
    api_forget(&without);
}
END_TEST

/* Two feeds that race: the state that was taken first, or at the same time, comes too late. */
START_TEST(slower_feed_comes_too_late)
{
    struct api_answer answer;

    opened_in_calm();
    pushed(&(struct push){ 1000, { HONEST }, NULL });
    push(&(struct push){ 3000, { { "a", "1000", "0.5", 3000 }, { "b", "1000", "0.5", 3000 },
                                 { "c", "1000", "0.5", 3000 } }, NULL }, 409, &answer);
    ck_assert_ptr_nonnull(strstr(answer.http.body, "\"snapshot_not_newer\""));
    api_forget(&answer);
    preview("12000", &answer);
    ck_assert(number_of(json_object_get(price_of(&answer, "ETH"), "price")) >= 1999);
    api_forget(&answer);
    api_close();
}
END_TEST

/* A state of a request is the caller's word: it is not judged, and remembers nothing. */
START_TEST(state_of_a_request_is_not_judged)
{
    struct api_answer  answer;
    char              *text = api_text("{'market':'eth-usd','account':{'collateral':[{'asset':'ETH','quantity':'1'}],"
                                       "'debt':[{'asset':'USDC','quantity':'1000'}]},"
                                       "'state':{'prices':{'ETH':'2000','USDC':'1'}}}");
    struct api_request request = { .method = "POST", .path = "/v1/penalties", .key = ROLE_PREVIEW, .body = text };

    api_open_another(true);
    api_call(&request, &answer);
    ck_assert_int_eq(answer.http.status, 201);
    ck_assert(json_is_false(of_oracle(&answer, "judged")));
    ck_assert_str_eq(json_string_value(of_oracle(&answer, "reason")), "state_of_request");
    ck_assert_str_eq(json_string_value(of_oracle(&answer, "deviation_reason")), "state_of_request");
    ck_assert(json_is_null(of_oracle(&answer, "deviation")));
    ck_assert_str_eq(json_string_value(json_object_get(price_of(&answer, "ETH"), "basis")), "request");
    ck_assert(json_is_null(json_object_get(price_of(&answer, "ETH"), "observed_at")));
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(answer.json, "effective"), "reason")),
                     "no_memory");
    free(text);
    api_forget(&answer);
    api_close();
}
END_TEST

/* At a volatility past the far end every bound is reached: threshold 1 - 1.05 * 0.17 = 0.8215; and
 * what the account can bear is computed with it, 20000 * 0.8215. */
START_TEST(stress_raises_what_is_kept_back)
{
    struct api_answer answer;

    api_open_another(true);
    pushed(&(struct push){ 1000, { HONEST }, ",'volatility':{'ETH':'3'}" });
    preview("12000", &answer);
    const json_t *effective = json_object_get(answer.json, "effective");
    ck_assert_str_eq(json_string_value(json_object_get(effective, "reason")), "volatility");
    ck_assert_str_eq(json_string_value(json_object_get(effective, "stress")), "1");
    ck_assert_str_eq(json_string_value(json_object_get(effective, "slice_rate")), "0.25");
    const json_t *ether = json_array_get(json_object_get(effective, "assets"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(ether, "asset")), "ETH");
    ck_assert_str_eq(json_string_value(json_object_get(ether, "maintenance_multiplier")), "1.05");
    ck_assert_str_eq(json_string_value(json_object_get(ether, "threshold")), "0.8215");
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(answer.json, "health"), "support")),
                     "16430");
    api_forget(&answer);
    api_close();
}
END_TEST

Suite *
attack_suite(void)
{
    Suite *suite = suite_create("attack");
    TCase *tcase = tcase_create("attacks");

    tcase_add_unchecked_fixture(tcase, api_prepare, NULL);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, one_liar_of_five_moves_nothing);
    tcase_add_test(tcase, absurd_confidence_buys_no_weight);
    tcase_add_test(tcase, flash_loan_in_one_pool_is_outvoted);
    tcase_add_test(tcase, jump_that_too_few_confirm_is_deferred);
    tcase_add_test(tcase, crash_that_all_confirm_is_accepted);
    tcase_add_test(tcase, attack_that_pays_is_deferred);
    tcase_add_test(tcase, stalled_sources_are_a_reject);
    tcase_add_test(tcase, clock_that_runs_ahead_counts_for_nothing);
    tcase_add_test(tcase, giant_far_level_counts_for_nothing);
    tcase_add_test(tcase, slower_feed_comes_too_late);
    tcase_add_test(tcase, state_of_a_request_is_not_judged);
    tcase_add_test(tcase, stress_raises_what_is_kept_back);
    suite_add_tcase(suite, tcase);
    return suite;
}
