/* Parameter documents: what is refused and where, what is filled in. Expected values: rules.md 2
 * and 3. */
#include <stdio.h>
#include <string.h>

#include "record/arena.h"
#include "record/json.h"
#include "risk/account.h"
#include "risk/parameters.h"
#include "tests/suite.h"

enum { TEXT_MAX = 4096, ARENA_MAX = 1 << 20 };

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* A document of which a case gives some groups and the rest is plain. */
struct groups { const char *assets, *trigger, *close, *dust, *penalty, *more; };

static const char *
or_else(const char *given, const char *otherwise)
{
    return given ? given : otherwise;
}

static bool
read_document(struct groups groups, struct arena *arena, struct parameters *parameters,
              struct faults *faults)
{
    char text[TEXT_MAX];
    int count = snprintf(text, sizeof text,
                         "{\"assets\":%s,\"trigger\":%s,\"close\":%s,\"dust\":%s,\"penalty\":%s%s}",
                         or_else(groups.assets, "{}"),
                         or_else(groups.trigger, "{\"rule\":\"below\"}"),
                         or_else(groups.close, "{\"rule\":\"full\"}"),
                         or_else(groups.dust, "{\"rule\":\"none\"}"),
                         or_else(groups.penalty, "{\"rule\":\"fixed\"}"),
                         or_else(groups.more, ""));

    ck_assert_int_lt(count, TEXT_MAX);
    arena_open(arena, ARENA_MAX);
    faults_open(faults, FAULTS_MAX);
    return json_read(&parameters_record, text, (size_t)count, arena, parameters, faults);
}

static void
check_decimal(struct decimal number, const char *expected)
{
    char text[DECIMAL_TEXT_MAX] = "none";

    if (!decimal_is_none(number))
        decimal_format(number, text);
    ck_assert_str_eq(text, expected);
}

static const struct { struct groups groups; const char *code, *pointer; } misshapen[] = {
    { { .more = ",\"colour\":1" }, "unknown_member", "/colour" },
    { { .assets = "{\"A\":{\"tresh\":\"1\"}}" }, "unknown_member", "/assets/A/tresh" },
    { { .assets = "{\"A\":{\"brackets\":[{\"rate\":\"0.1\"}]}}" }, "missing_member",
      "/assets/A/brackets/0/from_notional" },
    { { .close = "{\"rule\":\"fraction\"}" }, "missing_member", "/close/rate" },
    { { .close = "{\"rule\":\"target_health\"}" }, "missing_member", "/close/health" },
    { { .penalty = "{\"rule\":\"from_threshold\"}" }, "missing_member", "/penalty/slope" },
    { { .penalty = "{\"rule\":\"by_health\"}" }, "missing_member", "/penalty/health_for_max" },
    { { .penalty = "{\"rule\":\"fixed\",\"equity_cap\":1}" }, "wrong_type", "/penalty/equity_cap" },
    { { .assets = "{\"A\":{\"threshold\":0.8}}" }, "not_a_decimal", "/assets/A/threshold" },
    { { .assets = "{\"A\":{\"threshold\":\"1.1\"}}" }, "out_of_bounds", "/assets/A/threshold" },
    { { .assets = "{\"A\":{\"unit\":\"0\"}}" }, "out_of_bounds", "/assets/A/unit" },
    { { .assets = "{\"A\":{\"borrow_factor\":\"0.9\"}}" }, "out_of_bounds",
      "/assets/A/borrow_factor" },
    { { .assets = "{\"A\":{\"closing_fee_rate\":\"0.51\"}}" }, "out_of_bounds",
      "/assets/A/closing_fee_rate" },
    { { .assets = "{\"A\":{\"price_age_max_s\":86401}}" }, "out_of_bounds",
      "/assets/A/price_age_max_s" },
    { { .assets = "{\"A\":{\"pre_liquidation\":{\"threshold\":\"0.8\",\"close_start_rate\":\"0\","
                  "\"close_end_rate\":\"1\","
                  "\"penalty_start_rate\":\"-0.01\"}}}" },
      "out_of_bounds", "/assets/A/pre_liquidation/penalty_start_rate" },
    { { .close = "{\"rule\":\"full\",\"scope\":\"legs\"}" }, "unknown_choice", "/close/scope" },
    { { .trigger = "{\"rule\":\"under\"}" }, "unknown_rule", "/trigger/rule" },
    { { .dust = "{}" }, "unknown_rule", "/dust/rule" },
    { { .close = "{\"rule\":\"full\",\"rate\":\"0.5\"}" }, "unknown_member", "/close/rate" },
    { { .penalty = "{\"rule\":\"fixed\",\"rate_unit\":\"0.02\"}" }, "out_of_bounds",
      "/penalty/rate_unit" },
    { { .more = ",\"execution\":{\"depth_uncertainty_rate\":\"0.96\"}" }, "out_of_bounds",
      "/execution/depth_uncertainty_rate" },
    { { .more = ",\"execution\":{\"confidence\":\"0.5\"}" }, "out_of_bounds",
      "/execution/confidence" },
    { { .more = ",\"suggestions\":{\"horizon_s\":59}" }, "out_of_bounds",
      "/suggestions/horizon_s" },
};

START_TEST(a_misshapen_document_is_refused_where_it_is_wrong)
{
    struct arena arena;
    struct faults faults;
    struct parameters parameters;

    ck_assert(!read_document(misshapen[_i].groups, &arena, &parameters, &faults));
    ck_assert_str_eq(faults.items[0].code, misshapen[_i].code);
    ck_assert_str_eq(faults.items[0].pointer, misshapen[_i].pointer);
    ck_assert_uint_eq(faults.count, 1);
    arena_close(&arena);
}
END_TEST

#define WINDOW(threshold, pre, close_start, close_end, start, end) \
    "{\"A\":{\"threshold\":\"" threshold "\",\"pre_liquidation\":{\"threshold\":\"" pre \
    "\",\"close_start_rate\":\"" close_start \
    "\",\"close_end_rate\":\"" close_end "\",\"penalty_start_rate\":\"" start \
    "\",\"penalty_end_rate\":\"" end "\"}}}"
#define BRACKET(from, rate)              "{\"from_notional\":\"" from "\",\"rate\":\"" rate "\"}"
#define DEDUCTED(from, rate, deduction) \
    "{\"from_notional\":\"" from "\",\"rate\":\"" rate "\",\"deduction\":\"" deduction "\"}"
#define BRACKETS(list)                   "{\"ETH\":{\"brackets\":[" list "]}}"
#define DISCOUNT(rule)                   "{\"rule\":\"" rule "\",\"form\":\"discount\""

static const struct { struct groups groups; const char *code, *pointer; } contradictions[] = {
    { { .assets = "{\"A\":{\"opening_weight\":\"0.81\",\"threshold\":\"0.8\"}}" },
      "opening_above_threshold", "/assets/A" },
    { { .assets = "{\"A\":{\"opening_weight\":\"0.7\",\"threshold\":\"0.8\","
                  "\"categories\":{\"c\":{\"threshold\":\"0.6\"}}}}" },
      "opening_above_threshold", "/assets/A/categories/c" },
    { { .assets = BRACKETS(BRACKET("1", "0.1")) }, "brackets_first_not_zero",
      "/assets/ETH/brackets/0" },
    { { .assets = BRACKETS(BRACKET("0", "0.1") "," BRACKET("5", "0.2") "," BRACKET("5", "0.3")) },
      "brackets_order", "/assets/ETH/brackets/2" },
    { { .assets = BRACKETS(BRACKET("0", "0.2") "," BRACKET("5", "0.1")) }, "brackets_rate_order",
      "/assets/ETH/brackets/1" },
    { { .assets = BRACKETS(BRACKET("0", "1")) }, "brackets_rate_too_high",
      "/assets/ETH/brackets/0" },
    { { .assets = BRACKETS(DEDUCTED("0", "0.004", "0") "," DEDUCTED("50000", "0.005", "51")) },
      "brackets_discontinuous", "/assets/ETH/brackets/1" },
    { { .assets = BRACKETS(DEDUCTED("0", "0.004", "1")) }, "brackets_discontinuous",
      "/assets/ETH/brackets/0" },
    { { .assets = WINDOW("0.86", "0.86", "0.2", "0.8", "0.01", "0.05") },
      "pre_window_empty", "/assets/A/pre_liquidation/threshold" },
    { { .assets = WINDOW("0.86", "0.8", "0.9", "0.8", "0.01", "0.05") },
      "pre_close_decreasing", "/assets/A/pre_liquidation/close_end_rate" },
    { { .assets = WINDOW("0.86", "0.8", "1.1", "1.2", "0.01", "0.05") },
      "pre_close_above_one", "/assets/A/pre_liquidation/close_start_rate" },
    { { .assets = WINDOW("0.86", "0.8", "0.2", "0.8", "0.06", "0.05") },
      "pre_penalty_decreasing", "/assets/A/pre_liquidation/penalty_end_rate" },
    { { .assets = WINDOW("0.86", "0.8", "0.2", "0.8", "0.01", "0.2") },
      "pre_penalty_exceeds_equity", "/assets/A/pre_liquidation/penalty_end_rate" },
    { { .assets = WINDOW("0.86", "0.8", "0.2", "0.8", "0.01", "170000000000000000000") },
      "pre_penalty_exceeds_equity", "/assets/A/pre_liquidation/penalty_end_rate" },
    { { .penalty = "{\"rule\":\"fixed\",\"floor_rate\":\"0.2\",\"cap_rate\":\"0.1\"}" },
      "penalty_bounds", "/penalty" },
    { { .assets = "{\"A\":{\"penalty_rate\":\"1\"}}", .penalty = DISCOUNT("fixed") "}" },
      "discount_is_whole", "/assets/A/penalty_rate" },
    { { .assets = "{\"A\":{\"categories\":{\"c\":{\"penalty_rate\":\"1\"}}}}",
        .penalty = DISCOUNT("fixed") "}" },
      "discount_is_whole", "/assets/A/categories/c/penalty_rate" },
    { { .penalty = DISCOUNT("optimal") "}" }, "discount_is_whole", "/penalty/cap_rate" },
    { { .penalty = DISCOUNT("from_threshold") ",\"slope\":\"1\"}" }, "discount_is_whole",
      "/penalty/cap_rate" },
    { { .penalty = DISCOUNT("fixed") ",\"floor_rate\":\"1\"}" }, "discount_is_whole",
      "/penalty/floor_rate" },
    { { .more = ",\"split\":{\"protocol_rate\":\"0.6\",\"insurance_rate\":\"0.5\"}" },
      "split_exceeds_one", "/split" },
    { { .assets = "{\"A\":{\"volatility_floor\":\"2\",\"volatility_cap\":\"1\"}}" },
      "volatility_bounds", "/assets/A/volatility_floor" },
};

START_TEST(members_that_contradict_each_other_are_refused)
{
    struct arena arena;
    struct faults faults;
    struct faults warnings;
    struct parameters parameters;

    faults_open(&warnings, FAULTS_MAX);
    ck_assert(read_document(contradictions[_i].groups, &arena, &parameters, &faults));
    ck_assert(!parameters_accept(&parameters, &faults, &warnings));
    ck_assert_str_eq(faults.items[0].code, contradictions[_i].code);
    ck_assert_str_eq(faults.items[0].pointer, contradictions[_i].pointer);
    ck_assert_uint_eq(faults.count, 1);
    arena_close(&arena);
}
END_TEST

START_TEST(all_that_is_wrong_is_collected)
{
    static const struct groups groups = {
        .assets = "{\"A\":{\"opening_weight\":\"0.9\",\"threshold\":\"0.8\","
                  "\"volatility_floor\":\"2\",\"volatility_cap\":\"1\"},"
                  "\"B\":{\"brackets\":[" BRACKET("1", "0.2") "," BRACKET("0", "0.1") "]}}",
        .penalty = "{\"rule\":\"fixed\",\"floor_rate\":\"1\",\"cap_rate\":\"0.5\","
                   "\"form\":\"discount\"}",
    };
    static const char *const codes[] = {
        "penalty_bounds", "discount_is_whole", "opening_above_threshold", "volatility_bounds",
        "brackets_first_not_zero", "brackets_order", "brackets_rate_order",
    };
    struct arena arena;
    struct faults faults;
    struct faults warnings;
    struct parameters parameters;

    faults_open(&warnings, FAULTS_MAX);
    ck_assert(read_document(groups, &arena, &parameters, &faults));
    ck_assert(!parameters_accept(&parameters, &faults, &warnings));
    ck_assert_uint_eq(faults.count, COUNT(codes));
    for (size_t i = 0; i < COUNT(codes); i++)
        ck_assert_str_eq(faults.items[i].code, codes[i]);
    arena_close(&arena);
}
END_TEST

/* Accepted, each at the edge of what is refused; the last column is the warning, if any. */
static const struct { struct groups groups; const char *warning; } acceptable[] = {
    { { .assets = "{\"A\":{\"opening_weight\":\"0.8\",\"threshold\":\"0.8\"}}" }, NULL },
    { { .assets = "{\"A\":{\"opening_weight\":\"0.8\"}}" }, NULL },
    { { .assets = WINDOW("0.8", "0.79", "1", "1.2", "0.25", "0.25") }, NULL },
    { { .assets = "{\"A\":{\"threshold\":\"0.8\",\"penalty_rate\":\"0.25\"}}" }, NULL },
    { { .assets = "{\"A\":{\"threshold\":\"0.8\",\"penalty_rate\":\"0.26\"}}" }, "/assets/A" },
    { { .assets = "{\"A\":{\"threshold\":\"0.8\",\"penalty_rate\":\"0.2\","
                  "\"categories\":{\"c\":{\"threshold\":\"0.9\"}}}}" },
      "/assets/A/categories/c" },
    { { .assets = "{\"A\":{\"threshold\":\"0.8\",\"penalty_rate\":\"0.2\"}}",
        .penalty = DISCOUNT("fixed") "}" }, NULL },
    { { .assets = "{\"A\":{\"threshold\":\"0.8\",\"penalty_rate\":\"0.21\"}}",
        .penalty = DISCOUNT("fixed") "}" }, "/assets/A" },
    { { .assets = "{\"A\":{}}", .penalty = "{\"rule\":\"from_threshold\",\"slope\":\"1\"}" },
      NULL },
    { { .more = ",\"split\":{\"protocol_rate\":\"0.6\",\"insurance_rate\":\"0.4\"}" }, NULL },
    { { .more = ",\"split\":{\"protocol_rate\":\"0.6\",\"insurance_rate\":\"0.9\","
                "\"insurance_of\":\"whole\"}" }, NULL },
};

START_TEST(the_edge_is_accepted)
{
    struct arena arena;
    struct faults faults;
    struct faults warnings;
    struct parameters parameters;

    faults_open(&warnings, FAULTS_MAX);
    ck_assert(read_document(acceptable[_i].groups, &arena, &parameters, &faults));
    ck_assert(parameters_accept(&parameters, &faults, &warnings));
    ck_assert_uint_eq(warnings.count, acceptable[_i].warning != NULL);
    if (acceptable[_i].warning) {
        ck_assert_str_eq(warnings.items[0].code, "penalty_exceeds_equity");
        ck_assert_str_eq(warnings.items[0].pointer, acceptable[_i].warning);
    }
    arena_close(&arena);
}
END_TEST

/* Binance's table, whose deductions ("maintenance amounts") the exchange publishes. */
START_TEST(deductions_are_computed_where_they_are_left_out)
{
    static const struct groups groups = {
        .assets = BRACKETS(BRACKET("0", "0.004") "," BRACKET("50000", "0.005") ","
                           BRACKET("600000", "0.0065") "," BRACKET("3000000", "0.01") ","
                           BRACKET("12000000", "0.02")),
    };
    static const char *const deductions[] = { "0", "50", "950", "11450", "131450" };
    struct arena arena;
    struct faults faults;
    struct parameters parameters;

    ck_assert(read_document(groups, &arena, &parameters, &faults));
    ck_assert(parameters_accept(&parameters, &faults, &faults));
    for (size_t i = 0; i < COUNT(deductions); i++)
        check_decimal(parameters.assets[0].brackets[i].deduction, deductions[i]);
    arena_close(&arena);
}
END_TEST

START_TEST(what_is_left_out_has_its_default)
{
    struct arena arena;
    struct faults faults;
    struct parameters parameters;
    const struct asset *asset;

    ck_assert(read_document((struct groups){ .assets = "{\"A\":{}}",
                                             .penalty = "{\"rule\":\"optimal\"}" }, &arena,
                            &parameters, &faults));
    asset = parameters_asset(&parameters, "A");
    ck_assert_ptr_nonnull(asset);
    ck_assert_ptr_null(parameters_asset(&parameters, "B"));
    ck_assert_str_eq(parameters.quote.asset, "USD");
    check_decimal(parameters.quote.unit, "0.000000000000000001");
    check_decimal(asset->borrow_factor, "1");
    check_decimal(asset->volatility_cap, "100");
    check_decimal(asset->beta, "1");
    ck_assert_int_eq(asset->price_age_max_s, 3600);
    ck_assert_ptr_null(asset->pre_liquidation);
    ck_assert_ptr_null(asset->ramp);
    ck_assert_int_eq(parameters.trigger.maintenance_price, MAINTENANCE_AT_LIQUIDATION);
    check_decimal(parameters.penalty.cap_rate, "1");
    check_decimal(parameters.penalty.equity_weight, "0.05");
    check_decimal(parameters.penalty.hurdle_rate, "0.0005");
    check_decimal(parameters.execution.maximum_slice_value, "none");
    check_decimal(parameters.execution.slippage_tolerance_rate, "0.02");
    check_decimal(parameters.execution.depth_uncertainty_rate, "0.2");
    check_decimal(parameters.execution.confidence, "0.99");
    check_decimal(parameters.execution.spread_multiplier, "3");
    check_decimal(parameters.suggestions.target_health, "1.1");
    check_decimal(parameters.suggestions.hedge_fee_rate, "0.0005");
    ck_assert_int_eq(parameters.suggestions.horizon_s, 86400);
    arena_close(&arena);
}
END_TEST

static const struct { const char *text, *code, *pointer; } accounts[] = {
    { "{\"collateral\":[{\"asset\":\"ETH\",\"quantity\":\"-1\"}]}", "out_of_bounds",
      "/collateral/0/quantity" },
    { "{\"perps\":[{\"asset\":\"ETH\",\"quantity\":\"-1\",\"entry_price\":\"0\"}]}",
      "out_of_bounds", "/perps/0/entry_price" },
    { "{\"debt\":[{\"asset\":\"E/H\",\"quantity\":\"1\"}]}", "bad_text", "/debt/0/asset" },
    { "{\"debt\":[{\"asset\":\"ETH\"}]}", "missing_member", "/debt/0/quantity" },
};

START_TEST(an_account_is_refused_where_it_is_wrong)
{
    struct arena arena;
    struct faults faults;
    struct account account;

    arena_open(&arena, ARENA_MAX);
    faults_open(&faults, 1);
    ck_assert(!json_read(&account_record, accounts[_i].text, strlen(accounts[_i].text), &arena,
                         &account, &faults));
    ck_assert_str_eq(faults.items[0].code, accounts[_i].code);
    ck_assert_str_eq(faults.items[0].pointer, accounts[_i].pointer);
    arena_close(&arena);
}
END_TEST

Suite *
parameters_suite(void)
{
    Suite *suite = suite_create("parameters");
    TCase *tcase = tcase_create("parameters");
    tcase_add_loop_test(tcase, a_misshapen_document_is_refused_where_it_is_wrong, 0,
                        COUNT(misshapen));
    tcase_add_loop_test(tcase, members_that_contradict_each_other_are_refused, 0,
                        COUNT(contradictions));
    tcase_add_test(tcase, all_that_is_wrong_is_collected);
    tcase_add_loop_test(tcase, the_edge_is_accepted, 0, COUNT(acceptable));
    tcase_add_test(tcase, deductions_are_computed_where_they_are_left_out);
    tcase_add_test(tcase, what_is_left_out_has_its_default);
    tcase_add_loop_test(tcase, an_account_is_refused_where_it_is_wrong, 0, COUNT(accounts));
    suite_add_tcase(suite, tcase);
    return suite;
}
