/* Accounts that were previewed, under a proposal that lowers their threshold: all at once, and each
 * in its own preview. */
#include "tests/api_impact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/api.h"

enum { PATH_MAX_BYTES = 160, BODY_MAX_BYTES = 1024 };

static void
get(const char *path, int key, const char *headers, int status, struct api_answer *answer)
{
    struct api_request request = { .method = "GET", .path = path, .key = key, .headers = headers };

    api_call(&request, answer);
    ck_assert_msg(answer->http.status == status, "GET %s: %d, not %d: %.1500s", path,
                  answer->http.status, status, answer->http.body);
}

static void
post(const char *path, int key, const char *headers, const char *body, int status,
     struct api_answer *answer)
{
    char              *json = api_text(body);
    struct api_request request = { .method = "POST", .path = path, .key = key, .headers = headers,
                                   .body = json };

    api_call(&request, answer);
    ck_assert_msg(answer->http.status == status, "POST %s: %d, not %d: %.1500s", path,
                  answer->http.status, status, answer->http.body);
    free(json);
}

/* Ten ether at 2000 weigh 16,600, and 15,000 under the proposal: the threshold falls to 0.75. */
static void
propose(char path[static PATH_MAX_BYTES])
{
    struct api_answer answer;
    char              location[96];

    post("/v1/proposals", ROLE_PROPOSE, "If-Match: *\r\nIdempotency-Key: impact\r\n",
         "{'market':'eth-usd','base_version':1,'rationale':'a test says so','patch':{'assets':{"
         "'ETH':{'threshold':'0.75','opening_weight':'0.7'}}}}", 201, &answer);
    http_header(&answer.http, "Location", location, sizeof location);
    snprintf(path, PATH_MAX_BYTES, "%s/impact", location);
    api_forget(&answer);
}

static void
preview(const char *account, int debt)
{
    struct api_answer answer;
    char              body[BODY_MAX_BYTES];

    snprintf(body, sizeof body, "{'market':'eth-usd','account':{'id':'%s','collateral':[{'asset':"
             "'ETH','quantity':'10'}],'debt':[{'asset':'USDC','quantity':'%d'}]},'state':{'prices':"
             "{'ETH':'2000','USDC':'1'},'volatility':{'ETH':'0.8'}}}", account, debt);
    post("/v1/previews", ROLE_PREVIEW, NULL, body, 201, &answer);
    api_forget(&answer);
}

static void
says(const struct api_answer *answer, const char *part)
{
    json_t *wanted = api_json(part);

    ck_assert_msg(api_contains(answer->json, wanted), "%s is not in %.3000s", part,
                  answer->http.body);
    json_decref(wanted);
}

/* Of those that owe 10,000, 15,100 and 16,700: the last is liquidatable before; the second becomes so,
 * and is before, too, after -10 % (14,940); the first is not at all (11,620 and 10,500 after -30 %). */
START_TEST(impact_counts_who_becomes_liquidatable)
{
    struct api_answer answer;
    char              path[PATH_MAX_BYTES];

    api_open_another(false);
    propose(path);
    get(path, ROLE_APPROVE, NULL, 200, &answer);
    says(&answer, "{'decisions':0,'repeated':0,'base_version':1,'snapshot_sha256':null,"
                  "'worst':[],'states':[{'state':'recorded','accounts':0,'liquidation_price':{"
                  "'accounts':0,'quantiles':[]}}]}");
    api_forget(&answer);
    preview("twice", 9000);
    preview("safe", 10000);
    preview("third", 16700);
    preview("second", 15100);
    preview("twice", 10000);
    int64_t size = api_await_log(1);
    for (int i = 0; i < 100; i++) {             /* until all five are in the log */
        get(path, ROLE_PROPOSE, NULL, 200, &answer);
        int64_t decisions = json_integer_value(json_object_get(answer.json, "decisions"));
        if (decisions == 5)
            break;
        api_forget(&answer);
        size = api_await_log(size + 1);
    }
    says(&answer, "{'decisions':5,'repeated':1,'states':[{'accounts':4,'unvalued':0,'shocks':["
                  "{'shock_rate':'0','liquidatable_before':1,'liquidatable_after':2,"
                  "'newly_liquidatable':1,'no_longer_liquidatable':0,"
                  "'newly_liquidatable_debt':'15100','newly_liquidatable_collateral':'20000'},"
                  "{'liquidatable_before':2,'newly_liquidatable':0},{'liquidatable_before':2},"
                  "{'shock_rate':'-0.3','liquidatable_before':2,'liquidatable_after':2}],"
                  "'penalty_rate':{'accounts':4}}]}");
    const json_t *worst = json_array_get(json_object_get(answer.json, "worst"), 0);
    ck_assert(json_is_null(json_object_get(worst, "account")));
    ck_assert(json_is_null(json_object_get(worst, "decision")));
    ck_assert_str_eq(json_string_value(json_object_get(worst, "debt")), "15100");
    ck_assert_str_eq(json_string_value(json_object_get(worst, "shock_rate")), "0");
    api_forget(&answer);

    get(path, ROLE_AUDIT, NULL, 200, &answer);
    worst = json_array_get(json_object_get(answer.json, "worst"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(worst, "account")), "second");
    ck_assert(!strncmp(json_string_value(json_object_get(worst, "decision")), "dec_", 4));
    api_forget(&answer);

    get(path, ROLE_PROPOSE, "Accept: text/event-stream\r\n", 200, &answer);
    ck_assert_ptr_nonnull(strstr(answer.http.body, "event: impact\ndata: {\"proposal\":\"prp_"));
    api_forget(&answer);
    api_close();
}
END_TEST

/* As another instance that computes one, for two seconds; returns once it does. */
static pid_t
hold_turn(void)
{
    const char *url = api_running()->url;
    pid_t       other = fork();

    ck_assert_int_ge(other, 0);
    if (!other) {
        postgres_run(url, "SELECT pg_advisory_lock(7241, 5), pg_sleep(2)");
        _exit(0);
    }
    for (int i = 0; i < 200; i++, usleep(10000))
        if (postgres_number(url, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                                 " AND classid = 7241 AND objid = 5"))
            return other;
    ck_abort_msg("the other does not begin");
}

START_TEST(impact_is_computed_one_at_a_time)
{
    struct api_answer answer;
    char              path[PATH_MAX_BYTES], too_many[PATH_MAX_BYTES + 32], after[16];

    api_open_another(false);
    propose(path);
    pid_t other = hold_turn();
    get(path, ROLE_AUDIT, NULL, 429, &answer);
    says(&answer, "{'code':'impact_running'}");
    http_header(&answer.http, "Retry-After", after, sizeof after);
    ck_assert_str_eq(after, "5");
    api_forget(&answer);
    ck_assert_int_eq(waitpid(other, NULL, 0), other);
    get(path, ROLE_AUDIT, NULL, 200, &answer);
    api_forget(&answer);

    snprintf(too_many, sizeof too_many, "%s?decisions=100001", path);
    get(too_many, ROLE_AUDIT, NULL, 400, &answer);
    api_forget(&answer);
    get("/v1/proposals/prp_00000000000000000000000000000000/impact", ROLE_AUDIT, NULL, 404,
        &answer);
    says(&answer, "{'code':'no_such_proposal'}");
    api_forget(&answer);

    postgres_stop();
    for (int i = 0; i < 100; i++) {
        struct api_request request = { .method = "GET", .path = path, .key = ROLE_AUDIT };
        api_call(&request, &answer);
        int status = answer.http.status;
        api_forget(&answer);
        if (status == 503)
            break;
        ck_assert_int_lt(i, 99);
    }
    postgres_start();
    api_close();
}
END_TEST

/* A proposal that the service holds for long, scheduled. */
static void
schedule(void)
{
    struct api_answer answer;
    char              location[96], path[128], headers[192], tag[128], body[128];

    post("/v1/proposals", ROLE_PROPOSE, "If-Match: *\r\nIdempotency-Key: coming\r\n",
         "{'market':'eth-usd','base_version':1,'rationale':'a test says so','not_before':"
         "'2099-01-01T00:00:00Z','patch':{'applies_to':'ramp','ramp_s':86400,'assets':{'ETH':{"
         "'threshold':'0.75','opening_weight':'0.7'}}}}", 201, &answer);
    http_header(&answer.http, "Location", location, sizeof location);
    http_header(&answer.http, "ETag", tag, sizeof tag);
    snprintf(path, sizeof path, "%s/approvals", location);
    snprintf(headers, sizeof headers, "If-Match: %s\r\nIdempotency-Key: yes\r\n", tag);
    snprintf(body, sizeof body, "{'document_sha256':'%s'}",
             json_string_value(json_object_get(answer.json, "document_sha256")));
    api_forget(&answer);
    post(path, ROLE_APPROVE, headers, body, 201, &answer);
    says(&answer, "{'state':'scheduled'}");
    api_forget(&answer);
}

/* What was coming is no part of the decision's own rules, and is found again all the same. */
static void
is_replayed_alike(const struct api_answer *made)
{
    const json_t     *decision = json_object_get(made->json, "decision");
    char              path[160];
    struct api_answer answer;

    snprintf(path, sizeof path, "/v1/decisions/%.64s/replay",
             json_string_value(json_object_get(decision, "id")));
    api_call(&(struct api_request){ .method = "GET", .path = path, .key = ROLE_AUDIT,
                                    .is_direct = true }, &answer);
    says(&answer, "{'identical':true}");
    api_forget(&answer);
}

/* 12,000 owed on 20,000: 16,600 today; 15,000 after, which is 1.25, and 12,000 / (10 * 0.75). */
START_TEST(preview_shows_what_is_coming_to_the_account)
{
    static const char question[] =
        "{'market':'eth-usd','account':{'opened_version':1,'collateral':[{'asset':'ETH',"
        "'quantity':'10'}],'debt':[{'asset':'USDC','quantity':'12000'}]},"
        "'state':{'prices':{'ETH':'2000','USDC':'1'}}}";
    static const char too_new[] =
        "{'market':'eth-usd','account':{'opened_version':2,'cash':'1'},"
        "'state':{'prices':{'ETH':'2000','USDC':'1'}}}";
    struct api_answer answer;

    api_open_another(false);
    post("/v1/previews", ROLE_PREVIEW, NULL, question, 201, &answer);
    says(&answer, "{'upcoming':[],'decision':{'parameters_version':1}}");
    api_forget(&answer);
    schedule();
    for (int i = 0; i < 100; i++, usleep(50000)) {
        post("/v1/previews", ROLE_PREVIEW, NULL, question, 201, &answer);
        if (json_array_size(json_object_get(answer.json, "upcoming")))
            break;
        api_forget(&answer);
        ck_assert_int_lt(i, 99);
    }
    says(&answer, "{'decision':{'parameters_version':1},'health':{'ratio':'1.383333333333333333'},"
                  "'upcoming':[{'parameters_version':2,'active_at':'2099-01-01T00:00:00.000Z',"
                  "'full_at':'2099-01-02T00:00:00.000Z','health_ratio':'1.25',"
                  "'health_ratio_reason':null,'liquidation_price':'1600',"
                  "'liquidation_price_reason':null}]}");
    is_replayed_alike(&answer);
    api_forget(&answer);
    post("/v1/previews", ROLE_PREVIEW, NULL, too_new, 422, &answer);
    says(&answer, "{'code':'meaningless','errors':[{'pointer':'/account/opened_version',"
                  "'code':'unknown_version'}]}");
    api_forget(&answer);
    api_close();
}
END_TEST

void
api_impact_add_apart(TCase *tcase)
{
    tcase_add_test(tcase, impact_counts_who_becomes_liquidatable);
    tcase_add_test(tcase, impact_is_computed_one_at_a_time);
    tcase_add_test(tcase, preview_shows_what_is_coming_to_the_account);
}
