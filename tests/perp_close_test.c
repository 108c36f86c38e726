/* Closing perps: dYdX v4's own numbers, and the cuts by hand. */
#include "risk/perp_close.h"

#include <stdio.h>

#include "tests/scene.h"
#include "tests/suite.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* dYdX: BTC at 50000, maintenance 10 %, spread 10 % of it; cash = quote balance + q * price. */
#define BTC "{'BTC':{'unit':'0.0000000001','price_unit':'0.000001','penalty_rate':'0.01'," \
            "'brackets':[{'from_notional':'0','rate':'0.1'}]}," \
            "'ETH':{'unit':'0.0000000001','brackets':[{'from_notional':'0','rate':'0.1'}]}}"
#define BY_HEALTH(worst) "{'rule':'by_health','form':'discount','health_for_max':'" worst "'}"
#define INSURANCE(rate) \
    ",'split':{'insurance_rate':'" rate "','insurance_of':'whole'},'quote':{'unit':'0.000001'}"
#define BTC_PERP(cash, quantity) \
    "{'cash':'" cash "','perps':[{'asset':'BTC','quantity':'" quantity "','entry_price':'50000'}]}"
#define PRICES "{'BTC':'50000','ETH':'3000'}"

static const struct {
    const char *penalty, *insurance, *account, *quantity, *fill_price;
    const char *limit_price, *bankruptcy_proceeds, *insurance_fee, *insurance_delta;
} rows[] = {
    /* TestGetFillablePrice: equity 499 of 500, adjustment 1 and 2; at and below bankruptcy. */
    { BY_HEALTH("0"), INSURANCE("0"), BTC_PERP("499", "-0.1"), NULL, NULL,
      "50001", "-5499", NULL, NULL },
    { BY_HEALTH("0.5"), INSURANCE("0"), BTC_PERP("499", "-0.1"), NULL, NULL,
      "50002", "-5499", NULL, NULL },
    { BY_HEALTH("0"), INSURANCE("0"), BTC_PERP("0", "0.1"), "0.05", NULL,
      "49500", "2500", NULL, NULL },
    { BY_HEALTH("0"), INSURANCE("0"), BTC_PERP("-500", "0.1"), NULL, NULL,
      "49500", "5500", NULL, NULL },
    { BY_HEALTH("0"), INSURANCE("0"), BTC_PERP("-500", "-0.1"), NULL, NULL,
      "50500", "-4500", NULL, NULL },
    /* TestGetLiquidationInsuranceFundDelta: a fee of the proceeds, at most what is left. */
    { BY_HEALTH("0"), INSURANCE("0.005"), BTC_PERP("-100", "0.1"), NULL, "56100",
      "49500", "5100", "28.05", "28.05" },
    { BY_HEALTH("0"), INSURANCE("0.025"), BTC_PERP("-100", "0.1"), NULL, "56100",
      "49500", "5100", "140.25", "140.25" },
    { BY_HEALTH("0"), INSURANCE("1"), BTC_PERP("-100", "0.1"), NULL, "56100",
      "49500", "5100", "510", "510" },
    { BY_HEALTH("0"), INSURANCE("0.005"), BTC_PERP("-100", "0.1"), NULL, "51051",
      "49500", "5100", "5.1", "5.1" },
    { BY_HEALTH("0"), INSURANCE("0.005"), BTC_PERP("-100", "-0.1"), NULL, "49000",
      "50500", "-4900", "0", "0" },
    { BY_HEALTH("0"), INSURANCE("0.005"), BTC_PERP("-100", "-0.1"), NULL, "49010",
      "50500", "-4900", "0", "-1" },
};

static enum liquidation_status
close_perp(struct scene *scene, const char *quantity, const char *depth, struct perp_outcome *out)
{
    size_t perp;
    struct multiplier m;

    if (perp_choose(&scene->position, &scene->valuation, scene->liquidator.perp, &perp) !=
        LIQUIDATION_COMPUTED)
        return LIQUIDATION_NO_POSITION;
    m = health_multiplier_outside_window(&scene->position, &scene->valuation.health,
                                         scene->position.perps[perp].asset, DECIMAL_NONE);
    return perp_close(&scene->position, &scene->valuation, perp, m,
                      decimal_of(quantity ? quantity : "none"), decimal_of(depth ? depth : "none"),
                      out);
}

START_TEST(a_perp_is_closed)
{
    struct scene scene;
    struct perp_outcome outcome;
    struct decimal proceeds;

    scene_open(&scene, (struct scene_text){ .assets = BTC, .penalty = rows[_i].penalty,
                                            .more = rows[_i].insurance, .prices = PRICES,
                                            .account = rows[_i].account });
    ck_assert_int_eq(close_perp(&scene, rows[_i].quantity, NULL, &outcome), LIQUIDATION_COMPUTED);
    check_decimal(outcome.limit_price, rows[_i].limit_price);
    check_decimal(outcome.bankruptcy_proceeds, rows[_i].bankruptcy_proceeds);
    check_decimal(outcome.insurance_delta, "none");
    if (rows[_i].fill_price) {
        ck_assert(perp_proceeds(&scene.position, &outcome, decimal_of(rows[_i].fill_price),
                                &proceeds));
        ck_assert(perp_settle(&scene.position, proceeds, &outcome));
        check_decimal(outcome.insurance_fee, rows[_i].insurance_fee);
        check_decimal(outcome.insurance_delta, rows[_i].insurance_delta);
    }
    scene_close(&scene);
}
END_TEST

/* A share of the bonus is a share of what is left: 510 * 0.1. */
START_TEST(insurance_of_the_bonus_is_of_what_is_left)
{
    struct scene scene;
    struct perp_outcome outcome;

    scene_open(&scene, (struct scene_text){
        .assets = BTC, .more = ",'split':{'insurance_rate':'0.1','insurance_of':'bonus'}",
        .prices = PRICES, .account = BTC_PERP("-100", "0.1") });
    ck_assert_int_eq(close_perp(&scene, NULL, NULL, &outcome), LIQUIDATION_COMPUTED);
    ck_assert(perp_settle(&scene.position, decimal_of("5610"), &outcome));
    check_decimal(outcome.insurance_fee, "51");
    scene_close(&scene);
}
END_TEST

static const struct {
    const char *close, *more, *quantity, *depth;
    enum liquidation_status status;
    const char *closed, *notional_max;
    enum limited_by limited_by;
} sizes[] = {
    { "{'rule':'full'}", NULL, NULL, NULL, LIQUIDATION_COMPUTED, "2", "100000",
      LIMITED_BY_POSITION },
    /* dYdX's rule: a half, the minimum, no more than all. */
    { "{'rule':'fraction','rate':'0.5','minimum_value':'0.0001'}", NULL, NULL, NULL,
      LIQUIDATION_COMPUTED, "1", "50000", LIMITED_BY_CLOSE_FACTOR },
    { "{'rule':'fraction','rate':'0.000000000000000001','minimum_value':'100'}", NULL, NULL, NULL,
      LIQUIDATION_COMPUTED, "0.002", "100", LIMITED_BY_CLOSE_FACTOR },
    { "{'rule':'fraction','rate':'0.1','minimum_value':'1000000'}", NULL, NULL, NULL,
      LIQUIDATION_COMPUTED, "2", "100000", LIMITED_BY_POSITION },
    /* Hyperliquid: a fifth, and all of one under 100000. */
    { "{'rule':'fraction','rate':'0.2','full_below_value':'100000'}", NULL, NULL, NULL,
      LIQUIDATION_COMPUTED, "0.4", "20000", LIMITED_BY_CLOSE_FACTOR },
    { "{'rule':'fraction','rate':'0.2','full_below_value':'100001'}", NULL, NULL, NULL,
      LIQUIDATION_COMPUTED, "2", "100000", LIMITED_BY_POSITION },
    { "{'rule':'full'}", ",'execution':{'maximum_slice_value':'30000'}", NULL, NULL,
      LIQUIDATION_COMPUTED, "0.6", "30000", LIMITED_BY_MAXIMUM_SLICE },
    { "{'rule':'full'}", NULL, NULL, "0.12345678909", LIQUIDATION_COMPUTED, "0.123456789",
      "6172.83945", LIMITED_BY_DEPTH },
    { "{'rule':'full'}", NULL, "0.5", NULL, LIQUIDATION_COMPUTED, "0.5", "100000",
      LIMITED_BY_REQUEST },
    { "{'rule':'fraction','rate':'0.5'}", NULL, "1.5", NULL, LIQUIDATION_COMPUTED, "1", "50000",
      LIMITED_BY_CLOSE_FACTOR },
    { "{'rule':'fraction','rate':'0.5','excess':'refuse'}", NULL, "1.5", NULL,
      LIQUIDATION_EXCEEDS_CLOSE_SIZE, NULL, NULL, LIMITED_BY_NONE },
    { "{'rule':'full'}", NULL, "2.1", NULL, LIQUIDATION_EXCEEDS_POSITION, NULL, NULL,
      LIMITED_BY_NONE },
    { "{'rule':'full'}", NULL, "0", NULL, LIQUIDATION_ZERO_QUANTITY, NULL, NULL, LIMITED_BY_NONE },
};

START_TEST(a_perp_is_closed_by_so_much)
{
    struct scene scene;
    struct perp_outcome outcome;

    scene_open(&scene, (struct scene_text){ .assets = BTC, .close = sizes[_i].close,
                                            .more = sizes[_i].more, .prices = PRICES,
                                            .account = BTC_PERP("9000", "2") });
    ck_assert_int_eq(close_perp(&scene, sizes[_i].quantity, sizes[_i].depth, &outcome),
                     sizes[_i].status);
    if (sizes[_i].status == LIQUIDATION_COMPUTED) {
        check_decimal(outcome.quantity, sizes[_i].closed);
        check_decimal(outcome.notional_max, sizes[_i].notional_max);
        ck_assert_int_eq(outcome.limited_by, (int)sizes[_i].limited_by);
    }
    scene_close(&scene);
}
END_TEST

START_TEST(the_leg_that_needs_most_is_closed)
{
    static const struct { const char *wish, *asset, *quantity; } cases[] = {
        { "{}", "ETH", "30" }, { "{'perp':'ETH'}", "ETH", "30" }, { "{'perp':'BTC'}", "BTC", "1" },
    };
    struct scene scene;
    struct perp_outcome outcome;

    for (size_t i = 0; i < COUNT(cases); i++) {
        scene_open(&scene, (struct scene_text){
            .assets = BTC, .prices = PRICES, .liquidator = cases[i].wish,
            .account = "{'perps':[{'asset':'BTC','quantity':'1','entry_price':'50000'},"
                       "{'asset':'ETH','quantity':'-30','entry_price':'3000'},"
                       "{'asset':'ETH','quantity':'20','entry_price':'3000'}]}" });
        ck_assert_int_eq(close_perp(&scene, NULL, NULL, &outcome), LIQUIDATION_COMPUTED);
        ck_assert_str_eq(outcome.asset, cases[i].asset);
        check_decimal(outcome.quantity, cases[i].quantity);
        scene_close(&scene);
    }
    scene_open(&scene, (struct scene_text){ .assets = BTC, .prices = PRICES,
                                            .account = BTC_PERP("9000", "0") });
    ck_assert_int_eq(close_perp(&scene, NULL, NULL, &outcome), LIQUIDATION_NO_POSITION);
    scene_close(&scene);
}
END_TEST

/* Equity is shared by maintenance: a half of the leg takes a half of it. */
START_TEST(slices_share_the_equity)
{
    struct scene scene;
    struct perp_outcome whole;
    struct perp_outcome half;

    scene_open(&scene, (struct scene_text){ .assets = BTC, .prices = PRICES,
                                            .account = BTC_PERP("9000", "2") });
    ck_assert_int_eq(close_perp(&scene, NULL, NULL, &whole), LIQUIDATION_COMPUTED);
    ck_assert_int_eq(close_perp(&scene, "1", NULL, &half), LIQUIDATION_COMPUTED);
    check_decimal(whole.bankruptcy_proceeds, "91000");
    check_decimal(half.bankruptcy_proceeds, "45500");
    scene_close(&scene);
}
END_TEST

Suite *
perp_close_suite(void)
{
    Suite *suite = suite_create("perp_close");
    TCase *tcase = tcase_create("perp_close");

    tcase_add_loop_test(tcase, a_perp_is_closed, 0, COUNT(rows));
    tcase_add_test(tcase, insurance_of_the_bonus_is_of_what_is_left);
    tcase_add_loop_test(tcase, a_perp_is_closed_by_so_much, 0, COUNT(sizes));
    tcase_add_test(tcase, the_leg_that_needs_most_is_closed);
    tcase_add_test(tcase, slices_share_the_equity);
    suite_add_tcase(suite, tcase);
    return suite;
}
