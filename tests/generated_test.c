/* Every bad input that a route's record implies, over HTTP: each is 400, with its code and its
 * pointer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/routes.h"
#include "risk/question.h"
#include "risk/snapshot.h"
#include "tests/api.h"
#include "tests/generate.h"
#include "tests/suite.h"

/* Every member that a question has, and each kind of venue: what stands here is spoiled. A market
 * and rules of its own are refused only after the shape. A variant's case can stand once; the
 * others are tried in the rows below. */
#define RULES(trigger, close, dust, penalty) \
    "'parameters':{'quote':{'asset':'USD','unit':'0.01','round_weighted':true}," \
    "'assets':{'ETH':{'unit':'0.001','price_unit':'0.01','opening_weight':'0.7'," \
    "'threshold':'0.8'," \
    "'borrow_factor':'1.1','penalty_rate':'0.05','closing_fee_rate':'0.001'," \
    "'transfer_fee_rate':'0','brackets':[{'from_notional':'0','rate':'0.01','deduction':'0'}]," \
    "'categories':{'stable':{'opening_weight':'0.9','threshold':'0.95','penalty_rate':'0.01'}}," \
    "'pre_liquidation':{'threshold':'0.75','close_start_rate':'0.1','close_end_rate':'0.5'," \
    "'penalty_start_rate':'0.01','penalty_end_rate':'0.02'},'ramp':{'initial_threshold':'0.85'," \
    "'start_at':'2026-01-01T00:00:00Z','duration_s':60},'volatility_floor':'0.1'," \
    "'volatility_cap':'2','price_age_max_s':60,'beta':'1','borrow_rate':'0.05'}}," \
    "'trigger':{" trigger "},'close':{" close "},'dust':{" dust "},'penalty':{" penalty "}," \
    "'split':{'protocol_rate':'0.1','protocol_of':'bonus','insurance_rate':'0.1'," \
    "'insurance_of':'whole'},'execution':{'slippage_tolerance_rate':'0.02'," \
    "'maximum_slice_value':'1000','latency_s':60,'block_time_s':'12'," \
    "'inclusion_probability':'0.9','gas':'5','depth_uncertainty_rate':'0.2','confidence':'0.99'," \
    "'spread_rate':'0','spread_volatility':'0','spread_multiplier':'3','impact_coefficient':'1'," \
    "'impact_exponent':'1','adaptive':{'volatility_calm':'1','volatility_stressed':'3'," \
    "'depth_deep':'2','depth_thin':'1','band':'0.1','rise_s':60,'fall_s':60," \
    "'maintenance_multiplier_max':'1','penalty_floor_rate_max':'0','slice_rate_min':'1'}}," \
    "'oracle':{'age_max_s':60,'clock_skew_s':2,'confidence_max_rate':'0.01'," \
    "'confidence_floor_rate':'0.0001','quorum':3,'window_s':1800," \
    "'volatility_half_life_s':43200,'volatility_long_half_life_s':2592000,'deviation_z':'4'," \
    "'safety_factor':'2','slice_floor_rate':'0.1','retry_s':60,'sources':{'a':'1'}}," \
    "'suggestions':{'horizon_s':60,'target_probability':'0.02'," \
    "'target_health':'1.1','capital_rate':'0','hedge':true,'hedge_fee_rate':'0'," \
    "'hedge_half_spread_rate':'0','funding_rate':'0'}}"
#define TRIGGER(rule) \
    "'rule':'" rule "','maintenance_price':'mark'," \
    "'closing_fee_price':'bankruptcy','maintenance_rounding':'up','reward':'0'"
#define CLOSE(rule) \
    "'rule':'" rule "','excess':'cut','shortfall':'cut_repay','steps':'exact'," \
    "'repay_rounding':'up','seize_margin_units':0"
#define DUST(rule) \
    "'rule':'" rule "','debt_value':'1','collateral_value':'1','debt_rate':'0'," \
    "'short_request':'raise','waived_when_insolvent':true"
#define PENALTY(rule) \
    "'rule':'" rule "','form':'bonus','rate_unit':'0.001','floor_rate':'0'," \
    "'cap_rate':'0.1','equity_cap':true"
#define ACCOUNT \
    "'account':{'id':'a','category':'stable','cash':'1','collateral':[{'asset':'ETH'," \
    "'quantity':'10'}],'debt':[{'asset':'USDC','quantity':'1'}],'perps':[{'asset':'ETH'," \
    "'quantity':'-1','entry_price':'1'}],'wallet':[{'asset':'USDC','quantity':'1'}]}"
#define STATE \
    "'state':{'prices':{'ETH':'2000'},'volatility':{'ETH':'0.8'},'volume':{'ETH':'1'}," \
    "'depth':{'ETH':[{'venue':'a','kind':'book','fee_rate':'0','bids':[['1999','1']]," \
    "'asks':[['2001','1']]},{'venue':'b','kind':'constant_product','fee_rate':'0','base':'1'," \
    "'quote':'2000'},{'venue':'c','kind':'concentrated','fee_rate':'0','price':'2000'," \
    "'ranges':[{'lower':'1','upper':'2','liquidity':'1'}]},{'venue':'d','kind':'quoted'," \
    "'fee_rate':'0','notional':'1','slippage_rate':'0.1'}]}}"
#define WISH \
    "'liquidator':{'collateral':'ETH','debt':'USDC','repay':'1','seize':'1','perp':'ETH'," \
    "'quantity':'1','fill_price':'1','buy_with':'1'}"
#define QUESTION(rules) \
    "{'market':'eth-usd'," rules "," ACCOUNT "," STATE ",'at':'mark','horizon_s':60," WISH "," \
    "'workings':false}"

/* Each case of each variant once; the first is sent to every operation. */
static const char *const questions[] = {
    QUESTION(RULES(TRIGGER("below"), CLOSE("full") ",'scope':'leg'", DUST("none"),
                   PENALTY("fixed"))),
    QUESTION(RULES(TRIGGER("at_or_below"),
                   CLOSE("fraction") ",'rate':'0.5','of':'leg','full_at_health':'0',"
                         "'full_below_value':'0','minimum_value':'0'",
                   DUST("refuse"), PENALTY("from_threshold") ",'slope':'0.3'")),
    QUESTION(RULES(TRIGGER("below"), CLOSE("target_health") ",'health':'1.1'", DUST("full"),
                   PENALTY("by_health") ",'health_for_max':'0.9','minimum_factor':'0'")),
    QUESTION(RULES(TRIGGER("below"), CLOSE("within_slippage"), DUST("leave_minimum"),
                   PENALTY("optimal") ",'equity_weight':'0.05','bad_debt_weight':'1',"
                           "'hurdle_rate':'0'")),
};

/* Of market state; the venues are those of a question. */
#define PUSH \
    "{'observed_at':'2026-01-01T00:00:00Z','prices':{'ETH':[{'source':'a','price':'1'," \
    "'confidence':'0','observed_at':'2026-01-01T00:00:00Z'}]},'volatility':{'BTC':'1'}," \
    "'volume':{'ETH':'1'},'depth':{'ETH':[{'venue':'d','kind':'quoted','fee_rate':'0'," \
    "'notional':'1','slippage_rate':'0.1'}]},'candles':{'ETH':{'period_s':60,'rows':" \
    "[['1','1','1','1'],['1','1','1','1']]}}}"

/* Of governance. */
#define PROPOSAL \
    "{'market':'eth-usd','base_version':1,'patch':{},'confirms':'prp_1','title':'t'," \
    "'rationale':'r','rationale_uri':'u','not_before':'2026-01-01T00:00:00Z'}"
#define GUARDIAN "{'patch':{},'rationale':'r','rationale_uri':'u','duration_s':60}"
#define APPROVAL \
    "{'document_sha256':'0b1977c7a0156061faf883e10d2bd52ac3367977086c17957d2e2633983b06e7'}"
#define ENDING "{'reason':'r'}"

/* Many accounts; the rules are sent bad with a question. */
#define BATCH \
    "{'market':'eth-usd'," STATE ",'at':'mark','horizon_s':60,'items':[{" ACCOUNT "," WISH "}]}"

static const struct { const char *operation, *path, *good; size_t least; } others[] = {
    { "createPreviewBatch", "/v1/previews/batch", BATCH, 300 },
    { "createProposal", "/v1/proposals", PROPOSAL, 40 },
    { "createGuardianAction", "/v1/markets/eth-usd/guardian-actions", GUARDIAN, 20 },
    { "createApproval", "/v1/proposals/prp_1/approvals", APPROVAL, 5 },
    { "createRejection", "/v1/proposals/prp_1/rejection", ENDING, 5 },
    { "createCancellation", "/v1/proposals/prp_1/cancellation", ENDING, 5 },
};

enum { INPUTS_LEAST = 2000, PUSH_INPUTS_LEAST = 300, STRIDE = 7 };

/* One record is read in one way, whoever asks: the other operations get every seventh input. */
struct sending {
    struct http_client client;
    const char        *method, *path;
    size_t             stride, count;
};

static void
send_bad(void *context, const char *text, size_t bytes, const char *code, const char *pointer)
{
    struct sending    *sending = context;
    struct api_request request = {
        .method = sending->method,
        .path = sending->path,
        .key = API_EVERY_ROLE,
        .headers = "Idempotency-Key: generated\r\n",
        .body = text,
        .body_count = bytes,
    };
    struct api_answer answer;

    if (sending->count++ % sending->stride)
        return;
    api_send(&sending->client, &request, &answer);
    const json_t *first = json_array_get(json_object_get(answer.json, "errors"), 0);
    const char   *found = json_string_value(json_object_get(first, "code"));
    const char   *at = json_string_value(json_object_get(first, "pointer"));
    ck_assert_msg(answer.http.status == 400 && found && !strcmp(found, code) && at &&
                      !strcmp(at, pointer),
                  "%d %s at \"%s\", not 400 %s at \"%s\": %.2000s", answer.http.status, found, at,
                  code, pointer, text);
    ck_assert_uint_eq(json_array_size(json_object_get(answer.json, "errors")), 1);
    api_forget(&answer);
}

static void
send_all(const struct route *route, const char *path, size_t stride, const char *question,
         size_t least)
{
    char          *good = api_text(question);
    struct sending sending = { .method = route->method, .path = path, .stride = stride };

    http_connect(&sending.client, api_running()->port);
    generate_bad_inputs(route->body, good, send_bad, &sending);
    http_close(&sending.client);
    ck_assert_uint_gt(sending.count, least);
    free(good);
}

/* By its place among the routes that take a question. */
START_TEST(bad_question_is_refused_by_each_operation)
{
    if (routes[_i].body == &question_record)
        send_all(&routes[_i], routes[_i].path, _i ? STRIDE : 1, questions[0], INPUTS_LEAST);
    if (routes[_i].body == &snapshot_push_record)
        send_all(&routes[_i], "/v1/markets/eth-usd/snapshot", 1, PUSH, PUSH_INPUTS_LEAST);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (!strcmp(routes[_i].operation, others[i].operation))
            send_all(&routes[_i], others[i].path, 1, others[i].good, others[i].least);
}
END_TEST

START_TEST(bad_rules_are_refused)
{
    send_all(&routes[0], routes[0].path, 1, questions[_i], INPUTS_LEAST);
}
END_TEST

/* Else a test of a new one is missing here. */
START_TEST(every_body_is_one_of_these)
{
    ck_assert_ptr_eq(routes[0].body, &question_record);
    for (const struct route *route = routes; route->path; route++) {
        bool is_other = false;
        for (size_t i = 0; i < COUNT_OF(others); i++)
            is_other |= !strcmp(route->operation, others[i].operation);
        ck_assert_msg(!route->body || is_other || route->body == &question_record ||
                          route->body == &snapshot_push_record,
                      "%s takes another body", route->operation);
    }
}
END_TEST

/* The good ones are good: all that is wrong with them is that they name both a market and rules. */
START_TEST(question_is_of_the_shape)
{
    char              *body = api_text(questions[_i]);
    struct api_request request = { .method = "POST",
                                   .path = "/v1/previews",
                                   .key = API_EVERY_ROLE,
                                   .body = body };
    struct api_answer  answer;
    json_t *expected =
        api_json("{'code':'invalid','errors':[{'pointer':'/parameters','code':'unknown_member'}]}");

    api_call(&request, &answer);
    ck_assert_msg(api_contains(answer.json, expected), "%s", answer.http.body);
    json_decref(expected);
    api_forget(&answer);
    free(body);
}
END_TEST

Suite *
generated_suite(void)
{
    Suite *suite = suite_create("generated");
    TCase *tcase = tcase_create("generated");
    int    count = 0;

    while (routes[count].path)
        count++;
    tcase_add_unchecked_fixture(tcase, api_open, api_close);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, every_body_is_one_of_these);
    tcase_add_loop_test(tcase, question_is_of_the_shape, 0, COUNT_OF(questions));
    tcase_add_loop_test(tcase, bad_question_is_refused_by_each_operation, 0, count);
    tcase_add_loop_test(tcase, bad_rules_are_refused, 1, COUNT_OF(questions));
    suite_add_tcase(suite, tcase);
    return suite;
}
