/* The whole answer: its parts fit together, and it moves the way that the model says it must. */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/answers.h"
#include "record/json.h"
#include "risk/preview.h"
#include "risk/workings.h"
#include "tests/suite.h"

enum { REQUEST_MAX = 16384, ARENA_MAX = 16 << 20 };

#define NOW_US INT64_C(1767225600000000)   /* 2026-01-01 */

/* 'text' stands for "text": requests are easier to read so. */
static char *
quoted(const char *format, va_list list)
{
    char *text = calloc(1, REQUEST_MAX);

    ck_assert_ptr_nonnull(text);
    ck_assert_int_lt(vsnprintf(text, REQUEST_MAX, format, list), REQUEST_MAX);
    for (char *at = text; *at; at++)
        if (*at == '\'')
            *at = '"';
    return text;
}

/* Puts a request through the service's reader, engine and writer; NULL: refused, `code` says
 * how. */
static json_t *
ask_text(const char *text, char code[static 64])
{
    struct arena         arena;
    struct question      question;
    struct answer       *answer = calloc(1, sizeof *answer);
    struct figures_room *room = memset(malloc(sizeof *room), 0xa5, sizeof *room);
    struct faults       *faults = calloc(2, sizeof *faults);
    struct text          out;
    json_t              *figures = NULL;

    arena_open(&arena, ARENA_MAX);
    faults_open(&faults[0], FAULTS_MAX);
    faults_open(&faults[1], FAULTS_MAX);
    text_open(&out, &arena, 4096, ARENA_MAX);
    if (json_read(&question_record, text, strlen(text), &arena, &question, &faults[0]) &&
        parameters_accept(question.parameters, &faults[0], &faults[1]) &&
        state_accept(question.state, "/state", &faults[0]) &&
        preview_compute(question.parameters, &question, NOW_US, PARTS_ALL, room, &answer->figures,
                        &faults[0]) == RISK_OK) {
        json_write(preview_kind.figures, answer, JSON_DECLARED, &out);
        figures = json_loadb(out.bytes, out.count, 0, NULL);
        if (question.workings) {
            struct text workings;
            text_open(&workings, &arena, 4096, ARENA_MAX);
            workings_write(&question, NOW_US, &answer->figures,
                           preview_kind.figures, &workings);
            json_object_set_new(figures, "workings",
                                json_loadb(workings.bytes, workings.count, 0, NULL));
        }
    }
    snprintf(code, 64, "%s", faults->count ? faults->items[0].code : "");
    arena_close(&arena);
    free(faults);
    free(room);
    free(answer);
    return figures;
}

static json_t *
ask(const char *format, ...)
{
    char    code[64];
    va_list list;

    va_start(list, format);
    char *text = quoted(format, list);
    va_end(list);
    json_t *figures = ask_text(text, code);
    ck_assert_msg(figures, "refused: %s: %s", code, text);
    free(text);
    return figures;
}

/* "health.ratio", "fills.0.venue"; NULL where there is none. */
static const json_t *
at(const json_t *json, const char *path)
{
    while (json && *path) {
        char   name[64];
        size_t count = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)count, path);
        json = json_is_array(json) ? json_array_get(json, (size_t)strtoul(name, NULL, 10))
            : json_object_get(json, name);
        path += count + (path[count] == '.');
    }
    return json;
}

static const char *
text_at(const json_t *json, const char *path)
{
    const char *text = json_string_value(at(json, path));
    return text ? text : "null";
}

static struct decimal
number_at(const json_t *json, const char *path)
{
    struct decimal number;
    const char    *text = text_at(json, path);
    ck_assert_msg(decimal_parse(text, strlen(text), &number) == DECIMAL_GOOD, "%s is %s", path,
                  text);
    return number;
}

#define LENDING \
    "'parameters':{'assets':{'ETH':{'price_unit':'0.00000001','opening_weight':'0.8','threshold':'0.83'," \
    "'penalty_rate':'0.05','volatility_cap':'10'},'USDC':{'unit':'0.000001'}},'trigger':{'rule':'below'}," \
    "'close':{'rule':'full'},'dust':{'rule':'none'},"
#define FIXED   "'penalty':{'rule':'fixed'}},"
#define OPTIMAL "'penalty':{'rule':'optimal','bad_debt_weight':'%s','floor_rate':'0','cap_rate':'1'}," \
                "'execution':{'latency_s':%d,'gas':'5','slippage_tolerance_rate':'%s'}},"
#define HOLDING "'account':{'collateral':[{'asset':'ETH','quantity':'10'}],'debt':[{'asset':'USDC','quantity':'12000'}]},"
#define PRICES  "'prices':{'ETH':'2000','USDC':'1'}"

/* 20000 * 0.83 over 12000; 12000 / 8.3 up to 1e-8; 12000 / 10 (contract.md's account, and
 * division). */
START_TEST(lending_account_has_the_contract_s_figures)
{
    json_t *figures = ask("{" LENDING FIXED HOLDING "'state':{" PRICES "}}");

    ck_assert_str_eq(text_at(figures, "health.support"), "16600");
    ck_assert_str_eq(text_at(figures, "health.requirement"), "12000");
    ck_assert_str_eq(text_at(figures, "health.ratio"), "1.383333333333333333");
    ck_assert_str_eq(text_at(figures, "health.equity"), "8000");
    ck_assert_str_eq(text_at(figures, "liquidation_prices.0.price"), "1445.78313254");
    ck_assert_str_eq(text_at(figures, "liquidation_prices.0.bankruptcy_price"), "1200");
    ck_assert_str_eq(text_at(figures, "liquidation.at"), "trigger");
    ck_assert_str_eq(text_at(figures, "liquidation.repay"), "12000");
    ck_assert_str_eq(text_at(figures, "penalty.rate"), "0.05");
    ck_assert_str_eq(text_at(figures, "penalty.optimal_rate"), "null");
    ck_assert_str_eq(text_at(figures, "penalty.optimal_rate_reason"), "no_volatility");
    ck_assert_str_eq(text_at(figures, "risk.volatility_reason"), "no_volatility");
    /* 12000 / 16600 - 1 */
    ck_assert_str_eq(text_at(figures, "risk.joint_shock_rate"), "-0.277108433735");
    ck_assert_str_eq(text_at(figures, "liquidation.average_price"), "null");
    json_decref(figures);
}
END_TEST

/* 8 ETH at 1500: support 9960 < 12000. Seized for 12000 at 5 %: 12600 / 1500 = 8.4 ETH, all 8
 * are. */
START_TEST(liquidatable_account_is_computed_at_the_mark)
{
    json_t *figures =
        ask("{" LENDING FIXED "'account':{'collateral':[{'asset':'ETH','quantity':'8'}],"
                          "'debt':[{'asset':'USDC','quantity':'12000'}]},'state':{'prices':{'ETH':'1500','USDC':'1'}}}");

    ck_assert_str_eq(text_at(figures, "health.status"), "liquidatable");
    ck_assert_str_eq(text_at(figures, "liquidation.at"), "mark");
    ck_assert_str_eq(text_at(figures, "liquidation.seize"), "8");
    /* 12000 / 1.05, up to 1e-6 */
    ck_assert_str_eq(text_at(figures, "liquidation.repay"), "11428.571429");
    ck_assert_str_eq(text_at(figures, "liquidation.limited_by"), "collateral");
    ck_assert_str_eq(text_at(figures, "liquidation.bad_debt"), "571.428571");
    ck_assert_str_eq(text_at(figures, "liquidation_prices.0.price_reason"), "already_liquidatable");
    ck_assert_str_eq(text_at(figures, "risk.liquidation_probability"), "1");
    json_decref(figures);
}
END_TEST

START_TEST(what_does_not_exist_is_null_with_its_reason)
{
    json_t *figures =
        ask("{" LENDING FIXED "'account':{'collateral':[{'asset':'ETH','quantity':'8'}]},'state':{" PRICES "}}");

    ck_assert_str_eq(text_at(figures, "health.ratio"), "null");
    ck_assert_str_eq(text_at(figures, "health.ratio_reason"), "no_debt");
    ck_assert_str_eq(text_at(figures, "liquidation_prices.0.price_reason"), "no_debt");
    ck_assert_str_eq(text_at(figures, "liquidation.reason"), "no_debt");
    ck_assert_str_eq(text_at(figures, "liquidation.repay"), "null");
    ck_assert_str_eq(text_at(figures, "penalty.rate"), "null");
    json_decref(figures);

    figures =
        ask("{" LENDING FIXED "'account':{'debt':[{'asset':'USDC','quantity':'7'}]},'state':{" PRICES "}}");
    ck_assert_str_eq(text_at(figures, "liquidation.reason"), "no_collateral");
    ck_assert_str_eq(text_at(figures, "liquidation.bad_debt"), "7");
    json_decref(figures);
}
END_TEST

#define PERP "'parameters':{'assets':{'X':{'price_unit':'0.0000001','penalty_rate':'0.01','brackets':[" \
    "{'from_notional':'0','rate':'0.004'},{'from_notional':'50000','rate':'0.005'},{'from_notional':'250000','rate':'0.01'}," \
    "{'from_notional':'1000000','rate':'0.025'},{'from_notional':'10000000','rate':'0.05'}]}},'trigger':{'rule':'at_or_below'}," \
    "'close':{'rule':'full'},'dust':{'rule':'none'},'penalty':{'rule':'fixed','form':'discount'}},"

/* model.md 5: quantity, margin, expected liquidation and bankruptcy price. */
static const struct { const char *quantity, *cash, *price, *bankruptcy; } perps[] = {
    { "10", "20000", "18085.4271357", "18000" },
    { "-10", "20000", "21895.522388", "22000" },
    { "100", "150000", "18807.1794872", "18500" },
    { "1", "30000", "null", "null" },
};

START_TEST(perp_has_the_model_s_prices)
{
    json_t *figures =
        ask("{" PERP "'account':{'cash':'%s','perps':[{'asset':'X','quantity':'%s','entry_price':'20000'}]},"
                          "'state':{'prices':{'X':'20000'}}}", perps[_i].cash, perps[_i].quantity);

    ck_assert_str_eq(text_at(figures, "liquidation_prices.0.price"), perps[_i].price);
    ck_assert_str_eq(text_at(figures, "liquidation_prices.0.bankruptcy_price"),
                     perps[_i].bankruptcy);
    json_decref(figures);
}
END_TEST

/* A book around 2000 whose sizes are multiplied. */
static json_t *
ask_optimal(const char *weight, int latency_s, const char *tolerance, const char *volatility,
            int size)
{
    return ask("{" LENDING OPTIMAL HOLDING "'state':{" PRICES ",'volatility':{'ETH':'%s'},'depth':{'ETH':[{'venue':'a',"
               "'kind':'book','fee_rate':'0.001','bids':[['1999',%d],['1995',%d],['1980',%d],['1950',%d],['1900',%d]],"
               "'asks':[['2001',1]]},{'venue':'p','kind':'constant_product','fee_rate':'0.003','base':%d,'quote':%d}]}}}",
               weight, latency_s, tolerance, volatility, size, size, size, size, size, 40 * size,
                   80000 * size);
}

static const char *const volatilities[] = { "0.1", "0.3", "0.8", "1.5", "3" };
static const int latencies_s[] = { 1, 12, 60, 600, 3600 };
static const int sizes[] = { 2, 3, 5, 20, 200 };

/* model.md 3, without bad debt: the penalty rises with volatility and latency, and falls with
 * depth. */
START_TEST(penalty_answers_volatility_latency_and_depth)
{
    for (size_t i = 0; i < COUNT_OF(volatilities); i++)
        for (size_t j = 0; j < COUNT_OF(latencies_s); j++)
            for (size_t k = 0; k < COUNT_OF(sizes); k++) {
                json_t        *here = ask_optimal("0", latencies_s[j], "1", volatilities[i],
                                                  sizes[k]);
                struct decimal rate = number_at(here, "penalty.optimal_rate");
                json_t        *next[3] = {
                    i ? ask_optimal("0", latencies_s[j], "1", volatilities[i - 1], sizes[k]) : NULL,
                    j ? ask_optimal("0", latencies_s[j - 1], "1", volatilities[i], sizes[k]) : NULL,
                    k ? ask_optimal("0", latencies_s[j], "1", volatilities[i], sizes[k - 1]) : NULL,
                };
                ck_assert(!next[0] ||
                          decimal_compare(number_at(next[0], "penalty.optimal_rate"), rate) < 0);
                ck_assert(!next[1] ||
                          decimal_compare(number_at(next[1], "penalty.optimal_rate"), rate) < 0);
                ck_assert(!next[2] ||
                          decimal_compare(number_at(next[2], "penalty.optimal_rate"), rate) >= 0);
                for (size_t n = 0; n < 3; n++)
                    json_decref(next[n]);
                json_decref(here);
            }
}
END_TEST

/* The slice that fits the tolerance grows with the depth and with the tolerance, up to what the
 * close rule says. */
START_TEST(slice_answers_depth_and_tolerance)
{
    static const char *const tolerances[] = { "0.003", "0.01", "0.03", "0.2" };

    for (size_t i = 0; i < COUNT_OF(tolerances); i++)
        for (size_t k = 1; k < COUNT_OF(sizes); k++) {
            json_t *deep = ask_optimal("0", 60, tolerances[i], "0.8", sizes[k]);
            json_t *thin = ask_optimal("0", 60, tolerances[i], "0.8", sizes[k - 1]);
            json_t *tight = i ? ask_optimal("0", 60, tolerances[i - 1], "0.8", sizes[k]) : NULL;
            struct decimal repay = number_at(deep, "liquidation.repay");
            struct decimal tolerance;
            ck_assert_int_eq(decimal_parse(tolerances[i], strlen(tolerances[i]), &tolerance),
                             DECIMAL_GOOD);
            ck_assert_int_le(decimal_compare(number_at(thin, "liquidation.repay"), repay), 0);
            ck_assert(!tight || decimal_compare(number_at(tight, "liquidation.repay"), repay) <= 0);
            ck_assert_int_le(decimal_compare(number_at(deep, "liquidation.slippage_rate"),
                                             tolerance), 0);
            json_decref(deep);
            json_decref(thin);
            json_decref(tight);
        }
}
END_TEST

static struct decimal
sum_at(const json_t *json, const char *list, const char *member)
{
    struct decimal sum = decimal_zero;
    for (size_t i = 0; i < json_array_size(at(json, list)); i++)
        ck_assert(decimal_add(sum, number_at(json_array_get(at(json, list), i), member), &sum));
    return sum;
}

START_TEST(parts_and_fills_and_shares_add_up)
{
    for (size_t k = 0; k < COUNT_OF(sizes); k++) {
        json_t        *figures = ask_optimal("1", 60, "0.05", "0.8", sizes[k]);
        struct decimal parts = sum_at(figures, "penalty.parts", "rate");
        struct decimal filled = sum_at(figures, "liquidation.fills", "quantity");
        struct decimal shares = number_at(figures, "penalty.split.liquidator");
        ck_assert_int_eq(decimal_compare(parts, number_at(figures, "penalty.rate")), 0);
        ck_assert(decimal_add(filled, number_at(figures, "liquidation.unfilled"), &filled));
        ck_assert_int_eq(decimal_compare(filled, number_at(figures, "liquidation.seize")), 0);
        ck_assert(decimal_add(shares, number_at(figures, "penalty.split.insurance"), &shares));
        ck_assert(decimal_add(shares, number_at(figures, "penalty.split.protocol"), &shares));
        ck_assert_int_eq(decimal_compare(shares, number_at(figures, "liquidation.seize")), 0);
        json_decref(figures);
    }
}
END_TEST

static const struct { const char *request, *code; } refusals[] = {
    { "{" LENDING FIXED "'account':{},'state':{" PRICES "}}", "empty_account" },
    { "{" LENDING FIXED HOLDING "'state':{'prices':{'ETH':'2000'}}}", "no_price" },
    { "{" LENDING FIXED HOLDING "'state':{" PRICES "},'liquidator':{'perp':'ETH'}}",
      "no_position" },
    { "{" LENDING FIXED HOLDING "'state':{" PRICES "},'liquidator':{'seize':'11'}}",
      "exceeds_collateral" },
    { "{" LENDING FIXED "'account':{'collateral':[{'asset':'DOGE','quantity':'1'}]},'state':{" PRICES "}}", "unknown_asset" },
    { "{" LENDING FIXED HOLDING "'state':{" PRICES "},'liquidator':{'buy_with':'1'}}",
      "missing_member" },
};

START_TEST(meaningless_question_is_refused)
{
    char  code[64], text[REQUEST_MAX];

    snprintf(text, sizeof text, "%s", refusals[_i].request);
    for (char *byte = text; *byte; byte++)
        if (*byte == '\'')
            *byte = '"';
    ck_assert_ptr_null(ask_text(text, code));
    ck_assert_str_eq(code, refusals[_i].code);
}
END_TEST

/* Every figure that the holder pays attention to is explained, with the price that it stands on. */
START_TEST(workings_explain_each_figure)
{
    static const char *const explained[] = {
        "/health/support", "/health/requirement", "/health/ratio", "/health/equity",
            "/liquidation_prices/0/price",
        "/liquidation/repay", "/liquidation/seize", "/penalty/rate", "/penalty/split",
            "/risk/liquidation_probability",
    };
    json_t *figures =
        ask("{" LENDING FIXED HOLDING "'state':{" PRICES ",'volatility':{'ETH':'0.8'}},'workings':true}");
    const json_t *workings = at(figures, "workings");

    for (size_t i = 0; i < COUNT_OF(explained); i++) {
        bool is_found = false;
        for (size_t n = 0; n < json_array_size(workings); n++)
            is_found |= !strcmp(text_at(json_array_get(workings, n), "figure"), explained[i]);
        ck_assert_msg(is_found, "%s is not explained", explained[i]);
    }
    ck_assert_str_eq(text_at(workings, "0.numbers"),
                     "10 ETH * 2000 * 0.83, cash = 0, unrealised_profit = 0, support = 16600");
    json_decref(figures);
}
END_TEST

Suite *
preview_suite(void)
{
    Suite *suite = suite_create("preview");
    TCase *tests = tcase_create("preview");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, lending_account_has_the_contract_s_figures);
    tcase_add_test(tests, liquidatable_account_is_computed_at_the_mark);
    tcase_add_test(tests, what_does_not_exist_is_null_with_its_reason);
    tcase_add_loop_test(tests, perp_has_the_model_s_prices, 0, (int)COUNT_OF(perps));
    tcase_add_test(tests, penalty_answers_volatility_latency_and_depth);
    tcase_add_test(tests, slice_answers_depth_and_tolerance);
    tcase_add_test(tests, parts_and_fills_and_shares_add_up);
    tcase_add_loop_test(tests, meaningless_question_is_refused, 0, (int)COUNT_OF(refusals));
    tcase_add_test(tests, workings_explain_each_figure);
    suite_add_tcase(suite, tests);
    return suite;
}
