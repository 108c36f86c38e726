/* Whole accounts and sales: Gearbox's and Compound's own numbers, and sums by hand. */
#include "risk/account_liquidation.h"

#include <stdio.h>

#include "risk/sale.h"
#include "tests/scene.h"
#include "tests/suite.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

#define GEARBOX(discount, fee) \
    .assets = "{'V':{'unit':'0.000001','penalty_rate':'" discount "'}," \
              "'principal':{'unit':'0.000001'},'fees':{'unit':'0.000001'}}", \
    .penalty = "{'rule':'fixed','form':'discount'}", \
    .more = ",'split':{'protocol_rate':'" fee "','protocol_of':'whole'}," \
                                              "'quote':{'unit':'0.000001'}", \
    .prices = "{'V':'1','principal':'1','fees':'1'}"
#define OWES(principal, fees) \
    "{'collateral':[{'asset':'V','quantity':'10000'}],'debt':[{'asset':'principal','quantity':'" \
    principal "'},{'asset':'fees','quantity':'" fees "'}]}"
#define BASE "{'A':{'penalty_rate':'0.1'},'B':{'penalty_rate':'0.2'},'base':{'unit':'0.000001'}}"
#define COMET \
    .penalty = "{'rule':'fixed','form':'discount'}", \
    .more = ",'split':{'protocol_rate':'0.5'},'quote':{'unit':'0.00000001'}"

static const struct {
    struct scene_text text;
    const char *credit, *gross, *surplus, *fee, *bad_debt, *last_paid, *surplus_amount;
} rows[] = {
    /* Gearbox, CreditLogic test_U_CL_04: pool, remaining funds, profit = fees + fee, loss. */
    { { GEARBOX("0.04", "0.015"), .account = OWES("7000", "1000") },
      "9600", "8150", "1450", "150", "0", "1000", "1600" },
    { { GEARBOX("0.04", "0.015"), .account = OWES("10000", "1500") },
      "9600", "9600", "0", "0", "1900", "0", "0" },
    { { GEARBOX("0.02", "0.01"), .account = OWES("7000", "1000") },
      "9800", "8100", "1700", "100", "0", "1000", "1800" },
    { { GEARBOX("0.02", "0.01"), .account = OWES("8800", "1000") },
      "9800", "9800", "0", "0", "0", "1000", "0" },
    /* Compound: 10 * 10 * 0.9 + 5 * 20 * 0.8 = 170 of 200 against 75 * 2; a half of the 30. */
    { { COMET, .assets = BASE, .prices = "{'A':'10','B':'20','base':'2'}",
        .account = "{'collateral':[{'asset':'A','quantity':'10'},{'asset':'B','quantity':'5'}],"
                   "'debt':[{'asset':'base','quantity':'75'}]}" },
      "170", "150", "20", "15", "0", "75", "10" },
    /* Negative cash is paid last: 170 - 150 leaves 20 of 25. */
    { { COMET, .assets = BASE, .prices = "{'A':'10','B':'20','base':'2'}",
        .account = "{'cash':'-25','collateral':[{'asset':'A','quantity':'10'},"
                   "{'asset':'B','quantity':'5'}],'debt':[{'asset':'base','quantity':'75'}]}" },
      "170", "170", "0", "15", "5", "20", "0" },
    /* The token keeps 2 %: 170 * 0.98 = 166.6 arrive, 150 of them need 153.06122449. */
    { { COMET, .prices = "{'A':'10','B':'20','T':'2'}",
        .assets = "{'A':{'penalty_rate':'0.1'},'B':{'penalty_rate':'0.2'},"
                  "'T':{'unit':'0.000001','transfer_fee_rate':'0.02'}}",
        .account = "{'collateral':[{'asset':'A','quantity':'10'},{'asset':'B','quantity':'5'}],"
                   "'debt':[{'asset':'T','quantity':'75'}]}" },
      "170", "153.06122449", "16.93877551", "15", "0", "75", "8.3" },
};

START_TEST(everything_is_taken_at_once)
{
    struct scene scene;
    struct account_outcome outcome;

    scene_open(&scene, rows[_i].text);
    ck_assert_int_eq(account_liquidate(&scene.position, &scene.valuation, DECIMAL_NONE, &outcome),
                     LIQUIDATION_COMPUTED);
    check_decimal(outcome.credit, rows[_i].credit);
    check_decimal(outcome.gross, rows[_i].gross);
    check_decimal(outcome.surplus, rows[_i].surplus);
    check_decimal(outcome.fee, rows[_i].fee);
    check_decimal(outcome.bad_debt, rows[_i].bad_debt);
    check_decimal(outcome.paid[outcome.paid_count - 1].quantity, rows[_i].last_paid);
    check_decimal(outcome.surplus_amount.quantity, rows[_i].surplus_amount);
    ck_assert(outcome.gross.units + outcome.surplus.units == outcome.credit.units);
    scene_close(&scene);
}
END_TEST

START_TEST(nothing_to_take_says_so)
{
    struct scene scene;
    struct account_outcome outcome;

    scene_open(&scene, (struct scene_text){ COMET, .assets = BASE, .prices = "{'A':'1','base':'2'}",
        .account = "{'collateral':[{'asset':'A','quantity':'10'}]}" });
    ck_assert_int_eq(account_liquidate(&scene.position, &scene.valuation, DECIMAL_NONE, &outcome),
                     LIQUIDATION_NO_DEBT);
    scene_close(&scene);
    scene_open(&scene, (struct scene_text){ COMET, .assets = BASE, .prices = "{'A':'1','base':'2'}",
        .account = "{'debt':[{'asset':'base','quantity':'10'}]}" });
    ck_assert_int_eq(account_liquidate(&scene.position, &scene.valuation, DECIMAL_NONE, &outcome),
                     LIQUIDATION_NO_COLLATERAL);
    check_decimal(outcome.bad_debt, "20");
    check_decimal(outcome.paid[0].quantity, "0");
    scene_close(&scene);
}
END_TEST

/* Compound's quoteCollateral and buyCollateral; then a bonus by hand: 9 / 1.1 = 8.18181818. */
static const struct {
    const char *penalty, *rate, *kept, *price, *pay, *buyer_price, *quantity;
} sales[] = {
    { "discount", "0.2", "0.5", "9", "810", "8.1", "100" },
    { "discount", "0.2", "0.5", "1", "50", "0.9", "55.555555555555555555" },
    { "discount", "0", "0", "200", "0", "200", "0" },
    { "bonus", "0.2", "0.5", "9", "90", "8.18181818", "11.000000002444444444" },
};

START_TEST(a_buyer_gets_a_part_of_the_penalty)
{
    struct scene scene;
    struct faults faults;
    struct sale sale;
    char assets[160];
    char penalty[64];
    char more[64];
    char prices[64];
    size_t sold;
    size_t paid;

    snprintf(assets, sizeof assets, "{'C':{'price_unit':'0.00000001','penalty_rate':'%s'},'B':{}}",
             sales[_i].rate);
    snprintf(penalty, sizeof penalty, "{'rule':'fixed','form':'%s'}", sales[_i].penalty);
    snprintf(more, sizeof more, ",'split':{'protocol_rate':'%s'}", sales[_i].kept);
    snprintf(prices, sizeof prices, "{'C':'%s','B':'1'}", sales[_i].price);
    scene_open(&scene, (struct scene_text){ .assets = assets, .penalty = penalty, .more = more,
                                            .prices = prices });
    faults_open(&faults, 1);
    ck_assert(position_add_asset(&scene.position, "C", &scene.state, "", &sold, &faults));
    ck_assert(position_add_asset(&scene.position, "B", &scene.state, "", &paid, &faults));
    ck_assert(sale_compute(&scene.position, sold, paid, decimal_of(sales[_i].pay), DECIMAL_NONE,
                           &sale));
    check_decimal(sale.price, sales[_i].buyer_price);
    check_decimal(sale.quantity, sales[_i].quantity);
    position_reprice(&scene.position, sold, decimal_zero);
    ck_assert(!sale_compute(&scene.position, sold, paid, decimal_one, DECIMAL_NONE, &sale));
    scene_close(&scene);
}
END_TEST

Suite *
account_liquidation_suite(void)
{
    Suite *suite = suite_create("account_liquidation");
    TCase *tcase = tcase_create("account_liquidation");

    tcase_add_loop_test(tcase, everything_is_taken_at_once, 0, COUNT(rows));
    tcase_add_test(tcase, nothing_to_take_says_so);
    tcase_add_loop_test(tcase, a_buyer_gets_a_part_of_the_penalty, 0, COUNT(sales));
    suite_add_tcase(suite, tcase);
    return suite;
}
