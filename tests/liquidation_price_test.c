/* Liquidation prices: worked numbers of model.md 5 and of the peers, and what must hold of all. */
#include "risk/liquidation_price.h"

#include <stdio.h>
#include <string.h>

#include "tests/scene.h"
#include "tests/suite.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

#define TIERS "{'X':{'price_unit':'%s','brackets':[{'from_notional':'0','rate':'0.004'}," \
              "{'from_notional':'50000','rate':'0.005'},{'from_notional':'250000','rate':'0.01'}," \
              "{'from_notional':'1000000','rate':'0.025'},{'from_notional':'10000000'," \
              "'rate':'0.05'}]}}"
#define FINE   "0.000000000000000001"
#define MANY   "{'ETH':{'threshold':'0.8'},'BTC':{'threshold':'0.75'},'USDC':{'threshold':'0.9'}," \
               "'DAI':{},'LINK':{}}"
#define MANY_ACCOUNT \
    "{'collateral':[{'asset':'ETH','quantity':'10'},{'asset':'BTC','quantity':'0.5'}," \
    "{'asset':'USDC','quantity':'1000'}]," \
    "'debt':[{'asset':'DAI','quantity':'20000'},{'asset':'LINK','quantity':'200'}]}"

static void
open_perp(struct scene *scene, const char *price_unit, const char *cash, const char *quantity,
          const char *entry)
{
    char assets[512];
    char account[256];
    char prices[64];

    snprintf(assets, sizeof assets, TIERS, price_unit);
    snprintf(account, sizeof account, "{'cash':'%s','perps':[{'asset':'X','quantity':'%s',"
                                      "'entry_price':'%s'}]}", cash,
             quantity, entry);
    snprintf(prices, sizeof prices, "{'X':'%s'}", entry);
    scene_open(scene, (struct scene_text){ .assets = assets, .account = account,
                                           .prices = prices });
}

/* model.md 5: 12 digits. A margin of more than the notional: never. */
static const struct {
    const char *cash, *quantity, *entry;
    int direction;
    const char *price, *bankruptcy;
} tiered[] = {
    { "20000",  "10",  "20000", DIRECTION_BELOW, "18085.4271357", "18000" },
    { "20000",  "-10", "20000", DIRECTION_ABOVE, "21895.5223881", "22000" },
    { "150000", "100", "20000", DIRECTION_BELOW, "18807.1794872", "18500" },
    { "30000",  "1",   "20000", DIRECTION_NONE,  NULL,            NULL },
};

START_TEST(a_perp_is_liquidated_in_the_bracket_of_that_price)
{
    struct scene scene;
    struct liquidation_price rows[PRICES_MAX];
    size_t count;

    open_perp(&scene, FINE, tiered[_i].cash, tiered[_i].quantity, tiered[_i].entry);
    ck_assert(liquidation_prices(&scene.position, &scene.valuation, rows, &count));
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(rows[0].asset, "X");
    ck_assert_int_eq(rows[0].direction, tiered[_i].direction);
    if (tiered[_i].price) {
        check_near(rows[0].price, tiered[_i].price, "0.00000005");
        check_decimal(rows[0].bankruptcy_price, tiered[_i].bankruptcy);
        ck_assert_int_eq(rows[0].price_reason, REASON_NONE);
    } else {
        check_decimal(rows[0].price, "none");
        ck_assert_int_eq(rows[0].price_reason, REASON_NEVER);
    }
    scene_close(&scene);
}
END_TEST

/* model.md 5, several legs: support without the asset = requirement, of each in turn. */
START_TEST(each_asset_of_many_has_its_own_price)
{
    static const struct { const char *asset; int direction; const char *price; } expected[] = {
        { "ETH", DIRECTION_BELOW, "887.5" }, { "BTC", DIRECTION_BELOW, "16266.666666666666666667" },
        { "USDC", DIRECTION_NONE, "none" }, { "DAI", DIRECTION_ABOVE, "1.445" },
        { "LINK", DIRECTION_ABOVE, "59.5" },
    };
    struct scene scene;
    struct liquidation_price rows[PRICES_MAX];
    size_t count;

    scene_open(&scene, (struct scene_text){ .assets = MANY, .account = MANY_ACCOUNT,
                                            .prices = "{'ETH':'2000','BTC':'40000','USDC':'1',"
                                                      "'DAI':'1','LINK':'15'}" });
    ck_assert(liquidation_prices(&scene.position, &scene.valuation, rows, &count));
    ck_assert_uint_eq(count, COUNT(expected));
    for (size_t i = 0; i < count; i++) {
        ck_assert_str_eq(rows[i].asset, expected[i].asset);
        ck_assert_int_eq(rows[i].direction, expected[i].direction);
        check_decimal(rows[i].price, expected[i].price);
    }
    check_decimal(rows[0].distance_rate, "-0.55625");
    check_decimal(rows[4].distance_rate, "2.966666666666666667");
    scene_close(&scene);
}
END_TEST

/* One asset on both sides, and the rules that move the root; f by hand above each. */
static const struct {
    const char *assets, *trigger, *more, *account, *prices;
    int direction;
    const char *price, *bankruptcy;
} rows[] = {
    /* Collateral 10 at 0.8, debt 4 of the same: 8 P - 4 P - 100. */
    { "{'A':{'threshold':'0.8'},'B':{}}", NULL, NULL,
      "{'collateral':[{'asset':'A','quantity':'10'}],'debt':[{'asset':'A','quantity':'4'},"
      "{'asset':'B','quantity':'100'}]}",
      "{'A':'100','B':'1'}", DIRECTION_BELOW, "25", "16.666666666666666667" },
    /* The debt weighs more: 100 + 4 P - 5 P. */
    { "{'A':{'threshold':'0.8'}}", NULL, NULL,
      "{'cash':'100','collateral':[{'asset':'A','quantity':'5'}],'debt':[{'asset':'A',"
      "'quantity':'5'}]}",
      "{'A':'10'}", DIRECTION_ABOVE, "100", "none" },
    /* A reward of 10: 8 P - 100 - 10; up to the tick. */
    { "{'A':{'threshold':'0.8','price_unit':'0.5'},'B':{}}", "{'rule':'below','reward':'10'}", NULL,
      "{'collateral':[{'asset':'A','quantity':'10'}],'debt':[{'asset':'B','quantity':'100'}]}",
      "{'A':'100','B':'1'}",
      DIRECTION_BELOW, "14", "10" },
    /* round_weighted: 1.5 * 0.33 = 0.495 counts as 0.49 of unit 0.01: P = 100 / 0.49. */
    { "{'A':{'threshold':'0.33','unit':'0.01'},'B':{}}", NULL,
      ",'quote':{'unit':'0.000001','round_weighted':true}",
      "{'collateral':[{'asset':'A','quantity':'1.5'}],'debt':[{'asset':'B','quantity':'100'}]}",
      "{'A':'1000','B':'1'}",
      DIRECTION_BELOW, "204.081632653061224490", "66.666666666666666667" },
    /* Short: down to the tick. 5000 - 2 (P - 1000) - 0.01 * 2 P. */
    { "{'A':{'price_unit':'0.1','brackets':[{'from_notional':'0','rate':'0.01'}]}}", NULL, NULL,
      "{'cash':'5000','perps':[{'asset':'A','quantity':'-2','entry_price':'1000'}]}",
      "{'A':'1000'}",
      DIRECTION_ABOVE, "3465.3", "3500" },
    /* Maintenance at the entry, 20; fee 0.1 of the notional at the bankruptcy price, 500 / 1.8:
     * 55.55.. of 2. Long 2 from 1000, cash 1500: 1500 + 2 P - 2000 - 20 - 55.55.. = 0. */
    { "{'A':{'closing_fee_rate':'0.1','price_unit':'0.01','brackets':[{'from_notional':'0',"
      "'rate':'0.01'}]}}",
      "{'rule':'at_or_below','maintenance_price':'entry','closing_fee_price':'bankruptcy'}", NULL,
      "{'cash':'1500','perps':[{'asset':'A','quantity':'2','entry_price':'1000'}]}", "{'A':'1000'}",
      DIRECTION_BELOW, "287.78", "277.78" },
    /* The mark's maintenance, 40 of a mark of 2000, stands still: 1500 + 2 P - 2000 - 40. */
    { "{'A':{'price_unit':'0.01','brackets':[{'from_notional':'0','rate':'0.01'}]}}",
      "{'rule':'below','maintenance_price':'mark'}", NULL,
      "{'cash':'1500','perps':[{'asset':'A','quantity':'2','entry_price':'1000'}]}", "{'A':'2000'}",
      DIRECTION_BELOW, "270", "250" },
};

START_TEST(the_rules_move_the_root)
{
    struct scene scene;
    struct liquidation_price found[PRICES_OF_ASSET_MAX];
    size_t count;

    scene_open(&scene, (struct scene_text){ .assets = rows[_i].assets, .trigger = rows[_i].trigger,
                                            .more = rows[_i].more,
                                            .account = rows[_i].account,
                                            .prices = rows[_i].prices });
    ck_assert(liquidation_price_of(&scene.position, &scene.valuation, 0, found, &count));
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(found[0].direction, rows[_i].direction);
    ck_assert(found[0].price.units == decimal_of(rows[_i].price).units);
    check_decimal(found[0].bankruptcy_price, rows[_i].bankruptcy);
    scene_close(&scene);
}
END_TEST

/* A hedged perp whose legs both pass into a steep bracket: f rises, then falls. */
START_TEST(an_asset_may_have_a_price_on_each_side)
{
    struct scene scene;
    struct liquidation_price found[PRICES_OF_ASSET_MAX];
    size_t count;

    scene_open(&scene, (struct scene_text){
        .assets = "{'A':{'threshold':'0.9','brackets':[{'from_notional':'0','rate':'0'},"
                  "{'from_notional':'500','rate':'0.95'}]},'B':{}}",
        .account = "{'cash':'-100','collateral':[{'asset':'A','quantity':'10'}],"
                   "'perps':[{'asset':'A','quantity':'10','entry_price':'1'},{'asset':'A',"
                   "'quantity':'-10','entry_price':'1'}]}",
        .prices = "{'A':'20'}" });
    /* Under P = 50: 9 P - 100. Over it both legs take 9.5 (P - 50): 850 - 10 P. */
    ck_assert(liquidation_price_of(&scene.position, &scene.valuation, 0, found, &count));
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(found[0].direction, DIRECTION_BELOW);
    check_decimal(found[0].price, "11.111111111111111112");
    check_decimal(found[0].bankruptcy_price, "10");
    ck_assert_int_eq(found[1].direction, DIRECTION_ABOVE);
    check_decimal(found[1].price, "85");
    check_decimal(found[1].bankruptcy_price, "none");
    ck_assert_int_eq(found[1].bankruptcy_price_reason, REASON_NEVER);
    scene_close(&scene);
}
END_TEST

START_TEST(without_a_price_there_is_a_reason)
{
    static const struct { const char *account, *prices, *price; int reason; } cases[] = {
        { "{'collateral':[{'asset':'A','quantity':'10'}]}", "{'A':'1'}", "none", REASON_NO_DEBT },
        { "{'cash':'1','debt':[{'asset':'B','quantity':'1'}],'collateral':[{'asset':'A',"
          "'quantity':'0'}]}",
          "{'A':'1','B':'1'}", "none", REASON_NEVER },
        { "{'debt':[{'asset':'B','quantity':'1'}],'collateral':[{'asset':'A','quantity':'0'}]}",
          "{'A':'1','B':'1'}",
          "none", REASON_ALREADY_LIQUIDATABLE },
        { "{'debt':[{'asset':'B','quantity':'1'}],'collateral':[{'asset':'A','quantity':'1'}]}",
          "{'A':'1','B':'1'}",
          "1.25", REASON_ALREADY_LIQUIDATABLE },
        { "{'debt':[{'asset':'B','quantity':'1'}],'collateral':[{'asset':'A','quantity':'1'}]}",
          "{'A':'2','B':'1'}",
          "1.25", REASON_NONE },
        /* A price that no decimal holds is never reached. */
        { "{'debt':[{'asset':'B','quantity':'1000'}],'collateral':[{'asset':'A',"
          "'quantity':'0.000000000000000001'}],"
          "'cash':'2000'}", "{'A':'1','B':'1'}", "none", REASON_NEVER },
    };
    struct scene scene;
    struct liquidation_price found[PRICES_MAX];
    size_t count;

    for (size_t i = 0; i < COUNT(cases); i++) {
        scene_open(&scene, (struct scene_text){ .assets = "{'A':{'threshold':'0.8'},'B':{}}",
                                                .account = cases[i].account,
                                                .prices = cases[i].prices });
        ck_assert(liquidation_price_of(&scene.position, &scene.valuation, 0, found, &count));
        check_decimal(found[0].price, cases[i].price);
        ck_assert_int_eq(found[0].price_reason, cases[i].reason);
        scene_close(&scene);
    }
}
END_TEST

static struct liquidation_price
price_of_perp(struct scene *scene, const char *cash, const char *quantity)
{
    struct liquidation_price found[PRICES_OF_ASSET_MAX];
    size_t count;

    open_perp(scene, "0.01", cash, quantity, "20000");
    ck_assert(liquidation_price_of(&scene->position, &scene->valuation, 0, found, &count));
    return found[0];
}

static enum status
status_at(struct scene *scene, int128 price_units)
{
    position_reprice(&scene->position, 0, (struct decimal){ price_units });
    ck_assert(health_compute(&scene->position, &scene->valuation));
    return (enum status)scene->valuation.health.status;
}

/* At the price itself the account still stands; a tick further on it does not. */
START_TEST(a_tick_decides)
{
    static const int quantities[] = { 1, -1, 3, -3, 13, -13, 60, -60, 700, -700 };
    const int128 tick = DECIMAL_ONE_UNITS / 100;
    struct scene scene;
    char cash[32];
    char quantity[32];

    for (size_t i = 0; i < COUNT(quantities); i++)
        for (int margin = 1; margin < 20; margin++) {
            bool is_long = quantities[i] > 0;
            snprintf(quantity, sizeof quantity, "%d", quantities[i]);
            snprintf(cash, sizeof cash, "%d", (is_long ? 997 : -997) * quantities[i] * margin);
            struct liquidation_price row = price_of_perp(&scene, cash, quantity);
            int128 beyond = row.direction == DIRECTION_BELOW ? -tick : tick;
            ck_assert_int_eq(row.direction, is_long ? DIRECTION_BELOW : DIRECTION_ABOVE);
            ck_assert_int_eq(status_at(&scene, row.price.units), STATUS_HEALTHY);
            ck_assert_int_eq(status_at(&scene, row.price.units - beyond), STATUS_HEALTHY);
            ck_assert_int_eq(status_at(&scene, row.price.units + beyond), STATUS_LIQUIDATABLE);
            scene_close(&scene);
        }
}
END_TEST

/* A dollar more of margin moves the price by 1 / (q * (1 - rate)) at most, and never nearer: no
 * bracket's edge is a step. */
START_TEST(more_margin_is_never_nearer_and_edges_are_no_steps)
{
    /* 1 / (60 * 0.95), and two ticks. */
    const int128 most = DECIMAL_ONE_UNITS / 50 + 2 * (DECIMAL_ONE_UNITS / 100);
    struct scene scene;
    struct decimal before = DECIMAL_NONE;
    char cash[32];

    for (int margin = 200000; margin < 1190000; margin += 1) {
        if (margin % 9973 > 20)                   /* runs of 20, over every edge up to 1 million */
            continue;
        snprintf(cash, sizeof cash, "%d", margin);
        struct liquidation_price row = price_of_perp(&scene, cash, "60");
        if (margin % 9973 > 0 && !decimal_is_none(before)) {
            ck_assert(row.price.units <= before.units);
            ck_assert(before.units - row.price.units <= most);
        }
        before = row.price;
        scene_close(&scene);
    }
}
END_TEST

/* Quantity, debts and brackets times ten leave the price. */
START_TEST(size_does_not_matter_without_brackets)
{
    static const char *const accounts[] = {
        "{'collateral':[{'asset':'A','quantity':'7'}],'debt':[{'asset':'B','quantity':'3.1'}]}",
        "{'collateral':[{'asset':'A','quantity':'70'}],'debt':[{'asset':'B','quantity':'31'}]}",
        "{'collateral':[{'asset':'A','quantity':'700'}],'debt':[{'asset':'B','quantity':'310'}]}",
    };
    struct scene scene;
    struct liquidation_price found[PRICES_OF_ASSET_MAX];
    struct decimal first = DECIMAL_NONE;
    size_t count;

    for (size_t i = 0; i < COUNT(accounts); i++) {
        scene_open(&scene, (struct scene_text){ .assets = "{'A':{'threshold':'0.77'},'B':{}}",
                                                .account = accounts[i],
                                                .prices = "{'A':'1','B':'1.3'}" });
        ck_assert(liquidation_price_of(&scene.position, &scene.valuation, 0, found, &count));
        if (i == 0)
            first = found[0].price;
        ck_assert(found[0].price.units == first.units);
        scene_close(&scene);
    }
    check_near(first, "0.747680890538033395", "0.000000000000000001");   /* 4.03 / 5.39 */
}
END_TEST

Suite *
liquidation_price_suite(void)
{
    Suite *suite = suite_create("liquidation_price");
    TCase *tcase = tcase_create("liquidation_price");

    tcase_add_loop_test(tcase, a_perp_is_liquidated_in_the_bracket_of_that_price, 0, COUNT(tiered));
    tcase_add_test(tcase, each_asset_of_many_has_its_own_price);
    tcase_add_loop_test(tcase, the_rules_move_the_root, 0, COUNT(rows));
    tcase_add_test(tcase, an_asset_may_have_a_price_on_each_side);
    tcase_add_test(tcase, without_a_price_there_is_a_reason);
    tcase_add_test(tcase, a_tick_decides);
    tcase_add_test(tcase, more_margin_is_never_nearer_and_edges_are_no_steps);
    tcase_add_test(tcase, size_does_not_matter_without_brackets);
    suite_add_tcase(suite, tcase);
    return suite;
}
