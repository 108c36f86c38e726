/* Resolving accounts, and support against requirement: by hand from rules.md 1 and 4. */
#include "risk/health.h"

#include <stdio.h>

#include "tests/scene.h"
#include "tests/suite.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

#define ETH_USDC "{'ETH':{'threshold':'0.83','opening_weight':'0.8'},'USDC':{'threshold':'0.9'," \
                 "'opening_weight':'0.88'}}"
#define ODD      "{'A':{'threshold':'0.5','opening_weight':'0.4'},'B':{'borrow_factor':'1.1'}}"
#define WINDOW   "{'A':{'threshold':'0.9','pre_liquidation':{'threshold':'0.8'," \
                 "'close_start_rate':'0.2'," \
                 "'close_end_rate':'0.6'}},'B':{}}"
#define PERP     "{'BTC':{'closing_fee_rate':'0.0005','brackets':[{'from_notional':'0'," \
                 "'rate':'0.004'}," \
                 "{'from_notional':'50000','rate':'0.005'},{'from_notional':'250000'," \
                 "'rate':'0.01'}]}}"
#define A_PAWN(quantity, debt) \
    "{'collateral':[{'asset':'A','quantity':'" quantity "'}]," \
    "'debt':[{'asset':'B','quantity':'" debt "'}]}"
#define A_PERP(cash, quantity, entry) \
    "{'cash':'" cash "','perps':[{'asset':'BTC','quantity':'" quantity "','entry_price':'" entry \
    "'}]}"

/* The account of contract.md without its perp; and it in all its figures. */
START_TEST(a_loan_has_every_figure)
{
    struct scene scene;
    const struct health *health = &scene.valuation.health;

    scene_open(&scene, (struct scene_text){
        .assets = ETH_USDC,
        .account = "{'collateral':[{'asset':'ETH','quantity':'10'}],'debt':[{'asset':'USDC',"
                   "'quantity':'12000'}]}",
        .prices = "{'ETH':'2000','USDC':'1'}",
    });
    ck_assert_int_eq(health->status, STATUS_HEALTHY);
    check_decimal(health->support, "16600");
    check_decimal(health->pre_support, "16600");
    check_decimal(health->requirement, "12000");
    check_decimal(health->ratio, "1.383333333333333333");
    check_decimal(health->equity, "8000");
    check_decimal(health->collateral, "20000");
    check_decimal(health->debt, "12000");
    check_decimal(health->opening, "16000");
    check_decimal(health->borrowable, "4000");
    check_decimal(health->headroom, "4600");
    check_decimal(health->ltv, "0.6");
    check_decimal(health->usage, "0.722891566265060241");       /* up */
    check_decimal(health->window, "none");
    check_decimal(health->maintenance, "0");
    scene_close(&scene);
}
END_TEST

/* model.md 5, several legs. */
START_TEST(legs_of_many_assets_add_up)
{
    struct scene scene;

    scene_open(&scene, (struct scene_text){
        .assets = "{'ETH':{'threshold':'0.8'},'BTC':{'threshold':'0.75'},"
                  "'USDC':{'threshold':'0.9'},'DAI':{},'LINK':{}}",
        .account = "{'collateral':[{'asset':'ETH','quantity':'10'},{'asset':'BTC',"
                   "'quantity':'0.5'},"
                   "{'asset':'USDC','quantity':'1000'}],"
                   "'debt':[{'asset':'DAI','quantity':'20000'},{'asset':'LINK','quantity':'200'}]}",
        .prices = "{'ETH':'2000','BTC':'40000','USDC':'1','DAI':'1','LINK':'15'}",
    });
    check_near(scene.valuation.health.ratio, "1.38695652174", "0.000000000005");
    scene_close(&scene);
}
END_TEST

static const struct {
    const char *assets, *more, *trigger, *account, *prices, *support, *requirement;
    int status;
} rows[] = {
    /* 1.5 * 3.333 = 4.9995; 1 * 2.001 = 2.001: to 0.01 down and up, weights to 1e-18 or to 0.01. */
    { ODD, ",'quote':{'unit':'0.01'}", NULL, A_PAWN("1.5", "1"), "{'A':'3.333','B':'2.001'}",
      "2.495", "2.211", STATUS_HEALTHY },
    { ODD, ",'quote':{'unit':'0.01','round_weighted':true}", NULL, A_PAWN("1.5", "1"),
      "{'A':'3.333','B':'2.001'}",
      "2.49", "2.22", STATUS_HEALTHY },
    /* Equality. */
    { ODD, NULL, "{'rule':'below'}", A_PAWN("22", "10"), "{'A':'1','B':'1'}", "11", "11",
      STATUS_HEALTHY },
    { ODD, NULL, "{'rule':'at_or_below'}", A_PAWN("22", "10"), "{'A':'1','B':'1'}", "11", "11",
      STATUS_LIQUIDATABLE },
    { ODD, NULL, "{'rule':'below','reward':'0.5'}", A_PAWN("22", "10"), "{'A':'1','B':'1'}",
      "11", "11.5", STATUS_LIQUIDATABLE },
    /* Nothing owed: healthy whatever the rule, and no reward. */
    { ODD, NULL, "{'rule':'at_or_below','reward':'0.5'}", A_PAWN("0", "0"), "{'A':'1','B':'1'}",
      "0", "0", STATUS_HEALTHY },
    /* A worthless collateral is a collateral at 0. */
    { ODD, NULL, NULL, A_PAWN("1", "1"), "{'A':'0','B':'1'}", "0", "1.1", STATUS_LIQUIDATABLE },
    /* Cash of either sign. */
    { ODD, NULL, NULL, "{'cash':'5'}", "{'A':'1'}", "5", "0", STATUS_HEALTHY },
    { ODD, NULL, NULL, "{'cash':'-5'}", "{'A':'1'}", "0", "5", STATUS_LIQUIDATABLE },
    /* The window: from 80 to 90 of 100. */
    { WINDOW, NULL, NULL, A_PAWN("100", "80"), "{'A':'1','B':'1'}", "90", "80", STATUS_HEALTHY },
    { WINDOW, NULL, NULL, A_PAWN("100", "85"), "{'A':'1','B':'1'}", "90", "85",
      STATUS_PRE_LIQUIDATABLE },
    { WINDOW, NULL, NULL, A_PAWN("100", "90"), "{'A':'1','B':'1'}", "90", "90",
      STATUS_PRE_LIQUIDATABLE },
    { WINDOW, NULL, NULL, A_PAWN("100", "90.01"), "{'A':'1','B':'1'}", "90", "90.01",
      STATUS_LIQUIDATABLE },
    /* Short 0.5 from 60000 at 61000: -500; 30500 * 0.004 = 122; 30500 * 0.0005 = 15.25. */
    { PERP, NULL, NULL, A_PERP("1000", "-0.5", "60000"), "{'BTC':'61000'}", "500", "137.25",
      STATUS_HEALTHY },
    /* 4 * 50000 = 200000 in the second bracket: 1000 - 50 = 950; fee 100. */
    { PERP, NULL, NULL, A_PERP("1000", "4", "50000"), "{'BTC':'50000'}", "1000", "1050",
      STATUS_LIQUIDATABLE },
    /* At the edge both brackets say 250000 * 0.005 - 50 = 250000 * 0.01 - 1300; fee 125. */
    { PERP, NULL, NULL, A_PERP("0", "5", "50000"), "{'BTC':'50000'}", "0", "1325",
      STATUS_LIQUIDATABLE },
    /* At the entry: 4 * 10000 * 0.004 = 160, fee at the mark 100, profit 160000. */
    { PERP, NULL, "{'rule':'below','maintenance_price':'entry'}", A_PERP("0", "4", "10000"),
      "{'BTC':'50000'}",
      "160000", "260", STATUS_HEALTHY },
    /* 0.333 * 10.01 to 3.33 down, * 0.004 = 0.01332; the fee is 3.33333 * 0.0005. */
    { PERP, ",'quote':{'unit':'0.01'}", NULL, A_PERP("1", "0.333", "10.01"), "{'BTC':'10.01'}",
      "1", "0.03", STATUS_HEALTHY },
    { PERP, ",'quote':{'unit':'0.01'}", "{'rule':'below','maintenance_rounding':'down'}",
      A_PERP("1", "0.333", "10.01"), "{'BTC':'10.01'}", "1", "0.02", STATUS_HEALTHY },
};

START_TEST(support_against_requirement)
{
    struct scene scene;

    scene_open(&scene, (struct scene_text){ .assets = rows[_i].assets, .more = rows[_i].more,
                                            .trigger = rows[_i].trigger,
                                            .account = rows[_i].account,
                                            .prices = rows[_i].prices });
    check_decimal(scene.valuation.health.support, rows[_i].support);
    check_decimal(scene.valuation.health.requirement, rows[_i].requirement);
    ck_assert_int_eq(scene.valuation.health.status, rows[_i].status);
    scene_close(&scene);
}
END_TEST

START_TEST(a_number_that_does_not_exist_says_why)
{
    struct scene scene;
    const struct health *health = &scene.valuation.health;

    scene_open(&scene, (struct scene_text){ .assets = ODD, .account = "{}",
                                            .prices = "{'A':'1'}" });
    check_decimal(health->ratio, "none");
    ck_assert_int_eq(health->ratio_reason, REASON_NO_DEBT);
    check_decimal(health->ltv, "none");
    ck_assert_int_eq(health->ltv_reason, REASON_NO_COLLATERAL);
    check_decimal(health->usage, "none");
    ck_assert_int_eq(health->usage_reason, REASON_NO_COLLATERAL);
    scene_close(&scene);

    scene_open(&scene, (struct scene_text){
        .assets = ODD, .account = A_PAWN("100000000", "0.000000000000000001"),
        .prices = "{'A':'1000','B':'0.5'}" });
    check_decimal(health->ratio, "none");
    ck_assert_int_eq(health->ratio_reason, REASON_OVERFLOW);
    ck_assert_int_eq(health->status, STATUS_HEALTHY);
    scene_close(&scene);
}
END_TEST

START_TEST(the_window_is_measured_between_the_thresholds)
{
    static const struct { const char *account, *window; } cases[] = {
        { A_PAWN("100", "85"), "0.5" },
        { A_PAWN("100", "90"), "1" },
        { A_PAWN("100", "81"), "0.1" },
        { A_PAWN("100", "80"), "none" },
        { A_PAWN("100", "91"), "none" },
        { A_PAWN("300", "250"), "0.333333333333333333" },
    };
    struct scene scene;

    for (size_t i = 0; i < COUNT(cases); i++) {
        scene_open(&scene, (struct scene_text){ .assets = WINDOW, .account = cases[i].account,
                                                .prices = "{'A':'1','B':'1'}" });
        check_decimal(scene.valuation.health.window, cases[i].window);
        scene_close(&scene);
    }
}
END_TEST

/* 10 ETH at 2000 * 0.83 against 12000: 12000 / 1660 must stay, up to the unit. */
START_TEST(what_the_others_do_not_cover_stays)
{
    static const struct { const char *unit, *debt, *quantity; } cases[] = {
        { "0.000000000000000001", "12000", "2.77108433734939759" },
        { "0.01", "12000", "2.77" },                     /* 6 / 0.83 = 7.2289.. is 7.23 */
        { "0.01", "17000", "0" },
        { "0.01", "0", "10" },
    };
    struct scene scene;
    char assets[128];
    char account[192];
    struct decimal quantity;

    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(assets, sizeof assets, "{'ETH':{'threshold':'0.83','unit':'%s'},'USDC':{}}",
                 cases[i].unit);
        snprintf(account, sizeof account, "{'collateral':[{'asset':'ETH','quantity':'10'}],"
                 "'debt':[{'asset':'USDC','quantity':'%s'}]}", cases[i].debt);
        scene_open(&scene, (struct scene_text){ .assets = assets, .account = account,
                                                .prices = "{'ETH':'2000','USDC':'1'}" });
        ck_assert(withdrawable_compute(&scene.position, &scene.valuation, 0, &quantity));
        check_decimal(quantity, cases[i].quantity);
        scene_close(&scene);
    }
}
END_TEST

/* From 0.9 to 0.8 in 100 s, starting at 1000 s; an instant is in microseconds. */
START_TEST(a_threshold_moves_along_its_ramp)
{
    static const struct { int64_t now_us; const char *threshold; } cases[] = {
        { INT64_MIN, "0.9" }, { 0, "0.9" }, { 1000000000, "0.9" }, { 1000999999, "0.9" },
        { 1001000000, "0.899" },
        { 1025000000, "0.875" }, { 1099999999, "0.801" }, { 1100000000, "0.8" },
        { INT64_MAX, "0.8" },
    };
    struct ramp ramp = { decimal_of("0.9"), 1000000000, 100 };
    struct asset asset = { .threshold = decimal_of("0.8"), .ramp = &ramp };

    for (size_t i = 0; i < COUNT(cases); i++)
        check_decimal(threshold_at(&asset, cases[i].now_us), cases[i].threshold);
    ramp.duration_s = 3;
    check_decimal(threshold_at(&asset, 1001000000),
                  "0.866666666666666666");      /* (1.8 + 0.8) / 3, down */
}
END_TEST

START_TEST(a_category_replaces_only_what_it_names)
{
    struct scene scene;

    scene_open(&scene, (struct scene_text){
        .assets = "{'A':{'threshold':'0.5','opening_weight':'0.4','penalty_rate':'0.1',"
                  "'categories':{'stable':{'threshold':'0.9'},'other':{'penalty_rate':'0.2'}}},"
                  "'B':{}}",
        .account = "{'category':'stable','collateral':[{'asset':'A','quantity':'1'}],"
                   "'debt':[{'asset':'B','quantity':'1'}]}",
        .prices = "{'A':'1','B':'1'}" });
    check_decimal(scene.position.assets[0].asset.threshold, "0.9");
    check_decimal(scene.position.assets[0].asset.opening_weight, "0.4");
    check_decimal(scene.position.assets[0].asset.penalty_rate, "0.1");
    check_decimal(scene.valuation.health.support, "0.9");
    scene_close(&scene);
}
END_TEST

static const struct { const char *account, *code, *pointer; } faulty[] = {
    { A_PAWN("1", "1"), "no_price", "/state/prices" },
    { "{'collateral':[{'asset':'A','quantity':'1'},{'asset':'X','quantity':'1'}]}", "unknown_asset",
      "/account/collateral/1/asset" },
    { "{'perps':[{'asset':'X','quantity':'1','entry_price':'1'}]}", "unknown_asset",
      "/account/perps/0/asset" },
};

START_TEST(what_cannot_be_resolved_is_refused)
{
    struct scene scene;
    struct faults faults;

    scene_read(&scene, (struct scene_text){ .assets = ODD, .account = faulty[_i].account,
                                            .prices = "{'A':'1','X':'1'}" });
    faults_open(&faults, FAULTS_MAX);
    ck_assert(!position_open(&scene.parameters, &scene.account, &scene.state, 0, &scene.position,
                             &faults));
    ck_assert_uint_eq(faults.count, 1);
    ck_assert_str_eq(faults.items[0].code, faulty[_i].code);
    ck_assert_str_eq(faults.items[0].pointer, faulty[_i].pointer);
    scene_close(&scene);
}
END_TEST

START_TEST(an_asset_may_be_added_and_repriced)
{
    struct scene scene;
    struct faults faults;
    size_t added;

    scene_open(&scene, (struct scene_text){
        .assets = ODD, .prices = "{'A':'1','B':'7'}",
        .account = "{'collateral':[{'asset':'A','quantity':'1'},{'asset':'A','quantity':'2'}]}" });
    faults_open(&faults, 1);
    ck_assert_int_eq(position_asset(&scene.position, "B"), POSITION_ASSET_NONE);
    ck_assert(position_add_asset(&scene.position, "B", &scene.state, "/liquidator/debt", &added,
                                 &faults));
    ck_assert_int_eq(position_asset(&scene.position, "B"), (int)added);
    check_decimal(scene.position.assets[added].price, "7");
    ck_assert(!position_add_asset(&scene.position, "X", &scene.state, "/liquidator/debt", &added,
                                  &faults));
    ck_assert_str_eq(faults.items[0].pointer, "/liquidator/debt");
    check_decimal(position_collateral(&scene.position, 0), "3");
    check_decimal(position_debt(&scene.position, 0), "0");
    position_reprice(&scene.position, 0, decimal_of("10"));
    ck_assert(health_compute(&scene.position, &scene.valuation));
    check_decimal(scene.valuation.health.support, "15");
    scene_close(&scene);
}
END_TEST

START_TEST(what_does_not_fit_is_reported)
{
    struct scene scene;

    scene_open(&scene,
               (struct scene_text){ .assets = ODD, .account = A_PAWN("100000000000000000000", "1"),
                                            .prices = "{'A':'1','B':'1'}" });
    position_reprice(&scene.position, 0, decimal_of("2"));
    ck_assert(!health_compute(&scene.position, &scene.valuation));
    scene_close(&scene);
}
END_TEST

Suite *
health_suite(void)
{
    Suite *suite = suite_create("health");
    TCase *tcase = tcase_create("health");

    tcase_add_test(tcase, a_loan_has_every_figure);
    tcase_add_test(tcase, legs_of_many_assets_add_up);
    tcase_add_loop_test(tcase, support_against_requirement, 0, COUNT(rows));
    tcase_add_test(tcase, a_number_that_does_not_exist_says_why);
    tcase_add_test(tcase, the_window_is_measured_between_the_thresholds);
    tcase_add_test(tcase, what_the_others_do_not_cover_stays);
    tcase_add_test(tcase, a_threshold_moves_along_its_ramp);
    tcase_add_test(tcase, a_category_replaces_only_what_it_names);
    tcase_add_loop_test(tcase, what_cannot_be_resolved_is_refused, 0, COUNT(faulty));
    tcase_add_test(tcase, an_asset_may_be_added_and_repriced);
    tcase_add_test(tcase, what_does_not_fit_is_reported);
    suite_add_tcase(suite, tcase);
    return suite;
}
