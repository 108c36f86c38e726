/* Liquidating one pair: worked numbers of Aave v3 and v4, Euler, model.md; dust, cuts, splits by
 * hand; and what must hold of all. */
#include "risk/liquidation.h"

#include <stdio.h>
#include <string.h>

#include "tests/scene.h"
#include "tests/suite.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* One collateral C, one debt D. */
#define C_D(c, d) "{'C':{" c "},'D':{" d "}}"
#define HOLDS(c, d) \
    "{'collateral':[{'asset':'C','quantity':'" c "'}],'debt':[{'asset':'D','quantity':'" d "'}]}"
#define AT(c, d) "{'C':'" c "','D':'" d "'}"
#define PLAIN    C_D("'threshold':'0.8','penalty_rate':'0.05'", "")

#define AAVE_V3 \
    .close = "{'rule':'fraction','of':'position','rate':'0.5','full_at_health':'0.95'," \
             "'full_below_value':'2000','steps':'quantity'}", \
    .dust = "{'rule':'refuse','debt_value':'1000','collateral_value':'1000'}", \
    .more = ",'split':{'protocol_rate':'0.1'},'quote':{'unit':'0.00000001'}"
#define AAVE_ETH \
    C_D("'threshold':'0.86','opening_weight':'0.825','penalty_rate':'0.05'", "'unit':'0.000001'")
#define AAVE_BTC \
    C_D("'threshold':'0.86','penalty_rate':'0.05','unit':'0.00000001'", "'unit':'0.000001'")
#define EULER \
    .trigger = "{'rule':'at_or_below'}", \
    .close = "{'rule':'full','excess':'refuse','steps':'value','repay_rounding':'down'}", \
    .penalty = "{'rule':'by_health','form':'discount','health_for_max':'0.8'}", \
    .more = ",'quote':{'round_weighted':true}"
#define DUST(rule) "{'rule':'" rule "','debt_value':'100','collateral_value':'10'}"
#define SPLIT(protocol, insurance, of) \
    ",'split':{'protocol_rate':'" protocol "','insurance_rate':'" insurance "','protocol_of':'" of \
    "','insurance_of':'" of "'}"

struct expected {
    enum liquidation_status status;
    const char *repay, *seize;
    enum limited_by limited_by;
    const char *protocol, *insurance, *bad_debt, *ltv_after;    /* NULL: not looked at */
};

static const struct {
    struct scene_text text;
    const char *depth;
    struct expected expected;
} rows[] = {
    /* Aave v3: half of the position; all under 0.95; a leftover that would be dust. */
    { { AAVE_V3, .assets = AAVE_ETH, .account = HOLDS("100", "159606.185567"),
        .prices = AT("1800", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "79803.092783", "46.551804123416666666", LIMITED_BY_CLOSE_FACTOR,
        "0.221675257730555556", "0", "0", NULL } },
    { { AAVE_V3, .assets = AAVE_BTC, .account = HOLDS("1", "23500"), .prices = AT("27000", "1") },
      NULL, { LIQUIDATION_COMPUTED, "11750", "0.45694443", LIMITED_BY_CLOSE_FACTOR, "0.00217593",
              "0", "0", NULL } },
    { { AAVE_V3, .assets = AAVE_BTC, .account = HOLDS("1", "25000"), .prices = AT("27000", "1") },
      NULL, { LIQUIDATION_COMPUTED, "25000", "0.97222221", LIMITED_BY_DEBT, "0.00462963", "0", "0",
              NULL } },
    { { AAVE_V3, .assets = AAVE_BTC, .account = HOLDS("1", "25000"), .prices = AT("27000", "1"),
        .liquidator = "{'repay':'24500'}" }, NULL, { .status = LIQUIDATION_LEAVES_DUST } },
    /* Aave v4: (1.25 * 10000 - 8000) / (1.25 - 1.5 * 0.5). */
    { { .assets = C_D("'threshold':'0.5','penalty_rate':'0.5'", "'unit':'1'"),
        .close = "{'rule':'target_health','health':'1.25'}", .account = HOLDS("16000", "10000"),
        .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "9000", "13500", LIMITED_BY_TARGET_HEALTH, NULL, NULL, "0",
        "0.4" } },
    /* model.md 3, close amount: 8.2 / 0.21; repaid up, seized down. */
    { { .assets = PLAIN, .close = "{'rule':'target_health','health':'1.05'}",
        .account = HOLDS("100", "84"), .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "39.04761904761904762", "41.000000000000000001",
        LIMITED_BY_TARGET_HEALTH, NULL, NULL, "0", NULL } },
    /* Healthy beyond the target: 0. No repayment reaches it: all. */
    { { .assets = PLAIN, .close = "{'rule':'target_health','health':'1.05'}",
        .account = HOLDS("100", "70"), .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "0", "0", LIMITED_BY_TARGET_HEALTH, NULL, NULL, "0", "0.7" } },
    { { .assets = C_D("'threshold':'0.99','penalty_rate':'0.1'", ""),
        .close = "{'rule':'target_health','health':'1'}", .account = HOLDS("100", "99.5"),
        .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "90.909090909090909091", "100", LIMITED_BY_COLLATERAL, NULL,
        NULL, "8.590909090909090909", "none" } },
    /* Euler: 40 of collateral against 45.9: the discount 1 - 39.6 / 45.9 gives all of it for
     * 40 * 0.862745098039215686; and a worthless collateral goes for nothing. */
    { { EULER, .assets = C_D("'threshold':'0.99','penalty_rate':'0.2'", ""),
        .account = HOLDS("100", "17"), .prices = AT("0.4", "2.7") }, NULL,
      { LIQUIDATION_COMPUTED, "12.781408859840232385", "100", LIMITED_BY_COLLATERAL, NULL, NULL,
        NULL, "none" } },
    { { EULER, .assets = C_D("'threshold':'0.3','penalty_rate':'0.2'", ""),
        .account = HOLDS("100", "5"), .prices = AT("0", "2.2") }, NULL,
      { LIQUIDATION_COMPUTED, "0", "100", LIMITED_BY_COLLATERAL, NULL, NULL, "11", "none" } },
    { { EULER, .assets = C_D("'threshold':'0.8','penalty_rate':'0.2'", ""),
        .account = HOLDS("100", "90"), .prices = AT("1", "1"), .liquidator = "{'repay':'91'}" },
      NULL, { .status = LIQUIDATION_EXCEEDS_CLOSE_SIZE } },
    /* The cuts: by the slice, by the depth (floor(21 / 1.05)), by the wish, in that order. */
    { { .assets = PLAIN, .more = ",'execution':{'maximum_slice_value':'30'}",
        .account = HOLDS("100", "84"), .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "30", "31.5", LIMITED_BY_MAXIMUM_SLICE, NULL, NULL, "0", NULL } },
    { { .assets = PLAIN, .more = ",'execution':{'maximum_slice_value':'30'}",
        .account = HOLDS("100", "84"), .prices = AT("1", "1") }, "21",
      { LIQUIDATION_COMPUTED, "20", "21", LIMITED_BY_DEPTH, NULL, NULL, "0", NULL } },
    { { .assets = PLAIN, .account = HOLDS("100", "84"), .prices = AT("1", "1"),
        .liquidator = "{'repay':'10'}" }, "21",
      { LIQUIDATION_COMPUTED, "10", "10.5", LIMITED_BY_REQUEST, NULL, NULL, "0", NULL } },
    { { .assets = PLAIN, .account = HOLDS("100", "84"), .prices = AT("1", "1"),
        .liquidator = "{'repay':'50'}" }, "21",
      { LIQUIDATION_COMPUTED, "20", "21", LIMITED_BY_DEPTH, NULL, NULL, "0", NULL } },
    { { .assets = PLAIN, .account = HOLDS("100", "84"), .prices = AT("1", "1") }, "0",
      { LIQUIDATION_COMPUTED, "0", "0", LIMITED_BY_DEPTH, NULL, NULL, "0", "0.84" } },
    { { .assets = PLAIN, .close = "{'rule':'within_slippage'}", .account = HOLDS("100", "84"),
        .prices = AT("1", "1") }, "42",
      { LIQUIDATION_COMPUTED, "40", "42", LIMITED_BY_DEPTH, NULL, NULL, "0", NULL } },
    /* A wish in collateral: ceil(10 / 1.05) is repaid. More than there is. */
    { { .assets = PLAIN, .account = HOLDS("100", "84"), .prices = AT("1", "1"),
        .liquidator = "{'seize':'10'}" }, NULL,
      { LIQUIDATION_COMPUTED, "9.52380952380952381", "10", LIMITED_BY_REQUEST, NULL, NULL, "0",
        NULL } },
    { { .assets = PLAIN, .account = HOLDS("100", "84"), .prices = AT("1", "1"),
        .liquidator = "{'seize':'101'}" }, NULL, { .status = LIQUIDATION_EXCEEDS_COLLATERAL } },
    /* The shortfall is cut from the repayment, or borne by the repayer. */
    { { .assets = PLAIN, .account = HOLDS("84", "100"), .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "80", "84", LIMITED_BY_COLLATERAL, NULL, NULL, "20", "none" } },
    { { .assets = PLAIN, .close = "{'rule':'full','shortfall':'repay_in_full'}",
        .account = HOLDS("84", "100"), .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "100", "84", LIMITED_BY_COLLATERAL, NULL, NULL, "0", "none" } },
    /* Parts: of the leg half up to the unit; at least the minimum; whole where a side is small. */
    { { .assets = C_D("'threshold':'0.01','penalty_rate':'0.05'", "'unit':'1'"),
        .close = "{'rule':'fraction','rate':'0.5'}", .account = HOLDS("1000", "85"),
        .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "43", "45.15", LIMITED_BY_CLOSE_FACTOR, NULL, NULL, "0", NULL } },
    { { .assets = PLAIN, .close = "{'rule':'fraction','rate':'0.1','minimum_value':'30'}",
        .account = HOLDS("100", "84"), .prices = AT("1", "2") }, NULL,
      { LIQUIDATION_COMPUTED, "15", "31.5", LIMITED_BY_CLOSE_FACTOR, NULL, NULL, "0", NULL } },
    { { .assets = PLAIN, .close = "{'rule':'fraction','rate':'0.1','full_below_value':'85'}",
        .account = HOLDS("100", "84"), .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "84", "88.2", LIMITED_BY_DEBT, NULL, NULL, "0", NULL } },
    /* Debt dust, 50 of 1000 under 100: refused, swept up with or against the wish, left larger. */
    { { .assets = PLAIN, .dust = DUST("refuse"), .account = HOLDS("2000", "1000"),
        .prices = AT("1", "1"), .liquidator = "{'repay':'950'}" }, NULL,
      { .status = LIQUIDATION_LEAVES_DUST } },
    { { .assets = PLAIN, .dust = DUST("full"), .account = HOLDS("2000", "1000"),
        .prices = AT("1", "1"), .liquidator = "{'repay':'950'}" }, NULL,
      { .status = LIQUIDATION_LEAVES_DUST } },
    { { .assets = PLAIN, .dust = "{'rule':'full','debt_value':'100','short_request':'raise'}",
        .account = HOLDS("2000", "1000"), .close = "{'rule':'fraction','rate':'0.95'}",
        .prices = AT("1", "1"), .liquidator = "{'repay':'950'}" }, NULL,
      { LIQUIDATION_COMPUTED, "1000", "1050", LIMITED_BY_DUST, NULL, NULL, "0", NULL } },
    { { .assets = PLAIN, .dust = DUST("leave_minimum"), .account = HOLDS("2000", "1000"),
        .prices = AT("1", "1"), .liquidator = "{'repay':'950'}" }, NULL,
      { LIQUIDATION_COMPUTED, "900", "945", LIMITED_BY_DUST, NULL, NULL, "0", NULL } },
    { { .assets = PLAIN, .dust = "{'rule':'full','debt_rate':'0.1'}",
        .account = HOLDS("2000", "1000"),
        .close = "{'rule':'fraction','rate':'0.91'}", .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "1000", "1050", LIMITED_BY_DUST, NULL, NULL, "0", NULL } },
    { { .assets = PLAIN, .dust = "{'rule':'full','debt_rate':'0.1','waived_when_insolvent':true}",
        .account = HOLDS("1000", "1000"), .close = "{'rule':'fraction','rate':'0.91'}",
        .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "910", "955.5", LIMITED_BY_CLOSE_FACTOR, NULL, NULL, "0", NULL } },
    /* Collateral dust: 105 - 100.8 is under 10: all of it, for the 100 that it pays. */
    { { .assets = PLAIN, .dust = DUST("full"), .account = HOLDS("105", "200"),
        .close = "{'rule':'fraction','rate':'0.48'}", .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "100", "105", LIMITED_BY_DUST, NULL, NULL, "100", "none" } },
    { { .assets = PLAIN, .dust = DUST("leave_minimum"), .account = HOLDS("105", "200"),
        .close = "{'rule':'fraction','rate':'0.48'}", .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "90.476190476190476191", "95", LIMITED_BY_DUST, NULL, NULL, "0",
        NULL } },
    /* Shares of a bonus of 5 and of the whole 105, each up to the unit 0.01. */
    { { .assets = C_D("'penalty_rate':'0.05','unit':'0.01'", ""),
        .more = SPLIT("0.333", "0.2", "bonus"),
        .account = HOLDS("1000", "100"), .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "100", "105", LIMITED_BY_DEBT, "1.67", "1", "0", NULL } },
    { { .assets = C_D("'penalty_rate':'0.05','unit':'0.01'", ""),
        .more = SPLIT("0.0333", "0.02", "whole"),
        .account = HOLDS("1000", "100"), .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "100", "105", LIMITED_BY_DEBT, "3.5", "2.1", "0", NULL } },
    /* The window, half way: 0.2 + 0.5 * 0.4 of 85, at 1 + 0.01 + 0.5 * 0.02. */
    { { .assets = C_D("'threshold':'0.9','pre_liquidation':{'threshold':'0.8','close_start_rate':"
                      "'0.2','close_end_rate':'0.6','penalty_start_rate':'0.01',"
                      "'penalty_end_rate':'0.03'}", ""),
        .account = HOLDS("100", "85"), .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "34", "34.68", LIMITED_BY_CLOSE_FACTOR, NULL, NULL, "0", NULL } },
    /* Negative cash is a debt of the quote; the larger of two is taken, or the one named. */
    { { .assets = PLAIN, .account = "{'cash':'-50','collateral':[{'asset':'C','quantity':'100'}],"
                                    "'debt':[{'asset':'D','quantity':'49'}]}",
        .prices = AT("1", "1") }, NULL,
      { LIQUIDATION_COMPUTED, "50", "52.5", LIMITED_BY_DEBT, NULL, NULL, "0", NULL } },
    { { .assets = PLAIN, .account = "{'cash':'-50','collateral':[{'asset':'C','quantity':'100'}],"
                                    "'debt':[{'asset':'D','quantity':'49'}]}",
        .prices = AT("1", "1"), .liquidator = "{'debt':'D'}" }, NULL,
      { LIQUIDATION_COMPUTED, "49", "51.45", LIMITED_BY_DEBT, NULL, NULL, "0", NULL } },
    { { .assets = PLAIN, .account = "{'cash':'-50','collateral':[{'asset':'C','quantity':'21'}],"
                                    "'debt':[{'asset':'D','quantity':'49'}]}",
        .prices = AT("1", "1"), .liquidator = "{'debt':'USD'}" }, NULL,
      { LIQUIDATION_COMPUTED, "20", "21", LIMITED_BY_COLLATERAL, NULL, NULL, "79", "none" } },
    /* Legs of one asset are one. */
    { { .assets = PLAIN, .prices = AT("1", "1"),
        .account = "{'collateral':[{'asset':'C','quantity':'60'},{'asset':'C','quantity':'45'}],"
                   "'debt':[{'asset':'D','quantity':'80'},{'asset':'D','quantity':'40'}]}" }, NULL,
      { LIQUIDATION_COMPUTED, "100", "105", LIMITED_BY_COLLATERAL, NULL, NULL, "20", "none" } },
    /* Nothing to liquidate. */
    { { .assets = PLAIN, .account = "{'collateral':[{'asset':'C','quantity':'60'}]}",
        .prices = AT("1", "1") }, NULL, { .status = LIQUIDATION_NO_DEBT } },
    { { .assets = PLAIN, .account = HOLDS("60", "0"), .prices = AT("1", "1") }, NULL,
      { .status = LIQUIDATION_NO_DEBT } },
    { { .assets = PLAIN, .account = "{'debt':[{'asset':'D','quantity':'60'}]}",
        .prices = AT("1", "1") }, NULL, { .status = LIQUIDATION_NO_COLLATERAL } },
    { { .assets = PLAIN, .account = HOLDS("60", "10"), .prices = AT("1", "1"),
        .liquidator = "{'collateral':'D'}" }, NULL, { .status = LIQUIDATION_NO_COLLATERAL } },
};

static enum liquidation_status
liquidate(struct scene *scene, const char *depth, struct pair_outcome *out)
{
    struct liquidation_pair pair;
    enum liquidation_status status = pair_choose(&scene->position, &scene->valuation,
                                                 &scene->liquidator, &pair);
    struct multiplier m;

    if (status != LIQUIDATION_COMPUTED)
        return status;
    m = health_multiplier(&scene->position, &scene->valuation.health, pair.collateral.asset,
                          DECIMAL_NONE);
    return pair_liquidate(&scene->position, &scene->valuation, &pair, &scene->liquidator, m,
                          decimal_of(depth ? depth : "none"), out);
}

static void
check_number(struct decimal number, const char *expected)
{
    if (expected)
        check_decimal(number, expected);
}

START_TEST(a_pair_is_liquidated)
{
    const struct expected *expected = &rows[_i].expected;
    struct scene scene;
    struct pair_outcome outcome;

    scene_open(&scene, rows[_i].text);
    ck_assert_str_eq(liquidation_code(liquidate(&scene, rows[_i].depth, &outcome)),
                     liquidation_code(expected->status));
    if (expected->status == LIQUIDATION_COMPUTED) {
        check_number(outcome.repay, expected->repay);
        check_number(outcome.seize, expected->seize);
        ck_assert_int_eq(outcome.limited_by, (int)expected->limited_by);
        check_number(outcome.split.protocol, expected->protocol);
        check_number(outcome.split.insurance, expected->insurance);
        check_number(outcome.bad_debt, expected->bad_debt);
        check_number(outcome.ltv_after, expected->ltv_after);
        ck_assert(outcome.split.liquidator.units + outcome.split.protocol.units +
                  outcome.split.insurance.units == outcome.seize.units);
    }
    scene_close(&scene);
}
END_TEST

START_TEST(an_account_without_collateral_leaves_every_debt)
{
    struct scene scene;
    struct liquidation_pair pair;
    struct pair_outcome outcome;

    scene_open(&scene, (struct scene_text){
        .assets = PLAIN, .account = "{'cash':'-5','debt':[{'asset':'D','quantity':'60'}]}",
        .prices = AT("1", "2") });
    ck_assert_int_eq(pair_choose(&scene.position, &scene.valuation, NULL, &pair),
                     LIQUIDATION_NO_COLLATERAL);
    ck_assert(pair_without_collateral(&scene.position, &scene.valuation, &pair, &outcome));
    ck_assert_uint_eq(outcome.bad_debts_count, 2);
    ck_assert_str_eq(outcome.bad_debts[0].asset, "D");
    check_decimal(outcome.bad_debts[0].quantity, "60");
    ck_assert_str_eq(outcome.bad_debts[1].asset, "USD");
    check_decimal(outcome.bad_debt, "125");
    check_decimal(outcome.repay, "0");
    scene_close(&scene);
}
END_TEST

/* A token that keeps 2 %: 98 arrive of 100. A margin of 2 units is left with the account. */
START_TEST(what_is_sent_and_what_is_understated)
{
    struct scene scene;
    struct pair_outcome outcome;

    scene_open(&scene, (struct scene_text){
        .assets = C_D("'penalty_rate':'0.05','unit':'0.01'", "'transfer_fee_rate':'0.02'"),
        .close = "{'rule':'full','seize_margin_units':2}", .account = HOLDS("1000", "98"),
        .prices = AT("1", "1") });
    ck_assert_int_eq(liquidate(&scene, NULL, &outcome), LIQUIDATION_COMPUTED);
    check_decimal(outcome.repay, "98");
    check_decimal(outcome.repay_delivered, "100");
    check_decimal(outcome.seize, "102.88");
    check_decimal(outcome.bonus, "4.9");
    check_decimal(outcome.penalty_amount, "4.9");
    check_decimal(outcome.close_rate, "1");
    scene_close(&scene);
}
END_TEST

/* What is left after repaying to a target is at the target, not under it and hardly over. */
START_TEST(a_target_is_met)
{
    static const char *const targets[] = { "1", "1.05", "1.25" };
    static const char *const prices[] = { "0.9", "1.07", "1.3333" };
    struct scene scene;
    struct scene after;
    struct pair_outcome outcome;
    char close[64];
    char price[64];
    char account[256];
    char held[DECIMAL_TEXT_MAX];
    char owed[DECIMAL_TEXT_MAX];

    for (size_t i = 0; i < COUNT(targets) * COUNT(prices); i++) {
        const char *target = targets[i / COUNT(prices)];
        snprintf(close, sizeof close, "{'rule':'target_health','health':'%s'}", target);
        snprintf(price, sizeof price, "{'C':'1','D':'%s'}", prices[i % COUNT(prices)]);
        scene_open(&scene, (struct scene_text){ .assets = PLAIN, .close = close, .prices = price,
                                                .account = HOLDS("130", "97") });
        ck_assert_int_eq(liquidate(&scene, NULL, &outcome), LIQUIDATION_COMPUTED);
        if (outcome.limited_by == LIMITED_BY_TARGET_HEALTH && decimal_sign(outcome.repay) > 0) {
            decimal_format((struct decimal){ decimal_of("130").units - outcome.seize.units }, held);
            decimal_format((struct decimal){ decimal_of("97").units - outcome.repay.units }, owed);
            snprintf(account, sizeof account, "{'collateral':[{'asset':'C','quantity':'%s'}],"
                     "'debt':[{'asset':'D','quantity':'%s'}]}", held, owed);
            scene_open(&after, (struct scene_text){ .assets = PLAIN, .account = account,
                                                    .prices = price });
            ck_assert(after.valuation.health.ratio.units >= decimal_of(target).units - 1);
            check_near(after.valuation.health.ratio, target, "0.000000000000001");
            scene_close(&after);
        }
        scene_close(&scene);
    }
}
END_TEST

/* Over all orders of rounding, both roundings and odd prices: nothing is seized that was not paid
 * for, nobody pays twice, a larger wish never seizes less. */
START_TEST(rounding_never_favours_the_liquidator)
{
    static const char *const steps[] = { "exact", "quantity", "value" };
    static const char *const prices[] = { AT("3", "7"), AT("0.0011", "1999.9"),
                                          AT("31337", "0.3") };
    struct scene scene;
    struct pair_outcome outcome;
    char close[96];
    char wish[64];

    for (size_t i = 0; i < COUNT(steps) * COUNT(prices); i++) {
        struct decimal before = decimal_zero;
        snprintf(close, sizeof close, "{'rule':'full','steps':'%s'}", steps[i / COUNT(prices)]);
        for (int repay = 1; repay < 100; repay += 7) {
            snprintf(wish, sizeof wish, "{'repay':'%d.%d'}", repay / 10, repay % 10);
            scene_open(&scene, (struct scene_text){
                .assets = C_D("'penalty_rate':'0.07','unit':'0.001'", "'unit':'0.1'"),
                .close = close, .account = HOLDS("100000000", "10"), .liquidator = wish,
                .prices = prices[i % COUNT(prices)], .more = ",'quote':{'unit':'0.000001'}" });
            ck_assert_int_eq(liquidate(&scene, NULL, &outcome), LIQUIDATION_COMPUTED);
            /* seize * price_c <= repay * price_d * 1.07 */
            struct decimal most;
            ck_assert(decimal_step(PRODUCT(outcome.repay, outcome.pair.debt.price,
                                           decimal_of("1.07")), NOTHING, ROUND_DOWN, decimal_unit,
                                   &most));
            ck_assert_int_le(decimal_compare_products(outcome.seize, outcome.pair.collateral.price,
                                                      most, decimal_one), 0);
            ck_assert(outcome.seize.units >= before.units);
            before = outcome.seize;
            scene_close(&scene);
        }
    }
}
END_TEST

Suite *
liquidation_suite(void)
{
    Suite *suite = suite_create("liquidation");
    TCase *tcase = tcase_create("liquidation");

    tcase_add_loop_test(tcase, a_pair_is_liquidated, 0, COUNT(rows));
    tcase_add_test(tcase, an_account_without_collateral_leaves_every_debt);
    tcase_add_test(tcase, what_is_sent_and_what_is_understated);
    tcase_add_test(tcase, a_target_is_met);
    tcase_add_test(tcase, rounding_never_favours_the_liquidator);
    suite_add_tcase(suite, tcase);
    return suite;
}
