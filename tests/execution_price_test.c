/* Execution prices of accounts: the closing leaves nothing, to the last unit. */
#include "risk/execution_price.h"

#include <stdio.h>
#include <string.h>

#include "risk/depth.h"
#include "risk/joint_shock.h"
#include "risk/statistic.h"
#include "tests/near.h"
#include "tests/plight.h"
#include "tests/suite.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

#define LEVEL \
    "{'venue':'b','kind':'book','fee_rate':'0','bids':[['1900','1000']],'asks':[['2100','1000']]}"
#define BOOK \
    "{'venue':'b','kind':'book','fee_rate':'0.001'," \
    "'bids':[['1999.5','3.2'],['1998','4'],['1990','12.5'],['1950','60'],['1900','200']]," \
    "'asks':[['2000.5','1.1'],['2003','8'],['2010','20'],['2050','300']]}"
#define POOL \
    "{'venue':'p','kind':'constant_product','fee_rate':'0.003','base':'1000','quote':'2000000'}"
#define RANGE \
    "{'venue':'v3','kind':'concentrated','fee_rate':'0.0005','price':'2000'," \
    "'ranges':[{'lower':'500','upper':'1950','liquidity':'9000'},{'lower':'1950'," \
    "'upper':'4600','liquidity':'20000'}]}"
#define DESK "{'venue':'d','kind':'quoted','notional':'500000','slippage_rate':'0.01'}"
#define ASSETS "{'ETH':{'threshold':'0.8','price_unit':'0.01'},'USDC':{'threshold':'0.9'}}"
#define MARKET(venues) \
    "{'ETH':'2000','USDC':'1'},'volatility':{'ETH':'0.8'},'depth':{'ETH':[" venues "]}"
#define LOAN \
    "{'collateral':[{'asset':'ETH','quantity':'100'}],'debt':[{'asset':'USDC'," \
    "'quantity':'133000'}]}"
#define OWED \
    "{'collateral':[{'asset':'USDC','quantity':'300000'}],'debt':[{'asset':'ETH'," \
    "'quantity':'100'}]}"
#define PERP(quantity, cash) \
    "{'cash':'" cash "','perps':[{'asset':'ETH','quantity':'" quantity "','entry_price':'2000'}]}"
#define GAS ",'execution':{'gas':'20','depth_uncertainty_rate':'0.25'}"

static const struct liquidation_price *
fill(struct plight *plight, const char *penalty)
{
    ck_assert(
        execution_prices(&plight->situation, decimal_of(penalty), &plight->figures, &plight->room));
    return plight->situation.main;
}

/* A level at 95 % of the price:
 *   100 P 0.95 = 133000 * 1.05 + 20               P = 139670 / 95 = 1470.2105..
 *   10 P (0.95 - 0.05) = 10 * 2000 - 1000 + 20    P = 19020 / 9 = 2113.33..
 *   10 P (1.05 + 0.05) = 1000 + 20000 - 20        P = 20980 / 11 = 1907.2727..
 *   100 P (1.05 + 0.05) = 300000 - 20             P = 299980 / 110 = 2727.0909.. */
static const struct {
    const char *account, *penalty, *expected;
    enum reason reason;
} rows[] = {
    { LOAN, "0.05", "1470.22", REASON_NONE },
    { PERP("10", "1000"), "0.05", "2113.34", REASON_NONE },
    { PERP("-10", "1000"), "0.05", "1907.27", REASON_NONE },
    { OWED, "0.05", "2727.09", REASON_NONE },
    /* 0.95 - 0.95 of the notional is left. */
    { PERP("10", "1000"), "0.95", "none", REASON_PENALTY_EXCEEDS_VALUE },
    { PERP("10", "20021"), "0.05", "none", REASON_NEVER },
    { PERP("1001", "900000"), "0.05", "none", REASON_DEPTH_EXHAUSTED },
    { "{'collateral':[{'asset':'ETH','quantity':'3'}],'debt':[{'asset':'ETH','quantity':'3'}]}",
      "0.05", "none", REASON_NO_POSITION },
};

START_TEST(by_hand)
{
    struct plight *plight = plight_open(
        (struct scene_text){
            .assets = ASSETS, .more = GAS, .account = rows[_i].account, .prices = MARKET(LEVEL) },
        "ETH");
    const struct liquidation_price *row = fill(plight, rows[_i].penalty);

    check_decimal(row->execution_price, rows[_i].expected);
    ck_assert_int_eq(row->execution_price_reason, rows[_i].reason);
    plight_close(plight);
}
END_TEST

/* What closing all of the asset at a price leaves of the account, exactly. */
static struct decimal
left_at(const struct plight *plight, struct decimal price, const char *scale, const char *penalty)
{
    struct position position = plight->situation.now;
    size_t asset = (size_t)plight->situation.main_asset;
    struct decimal left = plight->situation.parameters->execution.gas;
    struct decimal net = decimal_zero;
    struct decimal fined = decimal_zero;
    struct decimal part;
    struct depth depth;
    struct walk walk;

    left.units = position.cash.units - left.units;
    for (size_t i = 0; i < position.collateral_count; i++) {
        if (position.collateral[i].asset == asset)
            net.units += position.collateral[i].quantity.units;
        else
            left.units += plight->situation.valuation_now.collateral[i].units;
    }
    for (size_t i = 0; i < position.debt_count; i++) {
        struct decimal value = plight->situation.valuation_now.debt[i];
        if (position.debt[i].asset == asset) {
            net.units -= position.debt[i].quantity.units;
            ck_assert(decimal_step(PRODUCT(position.debt[i].quantity, price), NOTHING, ROUND_UP,
                                   decimal_unit, &value));
        } else {
            left.units -= value.units;
        }
        fined.units += value.units;
    }
    for (size_t i = 0; i < position.perps_count; i++) {
        net.units += position.perps[i].quantity.units;
        ck_assert(decimal_step(PRODUCT(position.perps[i].quantity, position.perps[i].entry_price),
                               NOTHING, ROUND_UP, decimal_unit, &part));
        left.units -= part.units;
        ck_assert(decimal_step(PRODUCT(decimal_magnitude(position.perps[i].quantity), price),
                               NOTHING, ROUND_UP, decimal_unit, &part));
        fined.units += part.units;
    }
    depth_open(&depth, state_depth(plight->situation.state, "ETH"),
               net.units > 0 ? DEPTH_SELL : DEPTH_BUY, position.assets[asset].price, decimal_unit,
               decimal_unit);
    depth.reference = price;
    depth.scale = decimal_of(scale);
    ck_assert(depth_walk(&depth, decimal_magnitude(net), &walk));
    ck_assert_int_eq(decimal_sign(walk.unfilled), 0);
    ck_assert(
        decimal_step(PRODUCT(fined, decimal_of(penalty)), NOTHING, ROUND_UP, decimal_unit, &part));
    left.units += (net.units > 0 ? walk.proceeds.units : -walk.proceeds.units) - part.units;
    return left;
}

static const struct {
    const char *account, *venues;
} closings[] = {
    { LOAN, BOOK },
    { LOAN, POOL },
    { LOAN, RANGE },
    { LOAN, DESK },
    { LOAN, BOOK "," POOL "," RANGE "," DESK },
    { OWED, BOOK },
    { OWED, POOL },
    { OWED, BOOK "," POOL "," RANGE "," DESK },
    { PERP("70", "9000"), BOOK "," POOL },
    { PERP("-70", "9000"), BOOK "," POOL },
    { PERP("70", "9000"), BOOK "," DESK },
    { PERP("-70", "9000"), RANGE "," POOL },
};

/* At the price something is left or just nothing, and one unit of price nearer to the bankruptcy
 * not; for the depth as it is, and for its best and worst. */
START_TEST(closing_leaves_nothing)
{
    static const char *const scales[] = { "1", "1.25", "0.75" };
    char prices[2048];
    struct plight *plight;
    const struct liquidation_price *row;

    snprintf(prices, sizeof prices, MARKET("%s"), closings[_i].venues);
    plight = plight_open(
        (struct scene_text){
            .assets = ASSETS, .more = GAS, .account = closings[_i].account, .prices = prices },
        "ETH");
    row = fill(plight, "0.03");
    ck_assert_int_eq(row->execution_price_reason, REASON_NONE);
    for (size_t i = 0; i < COUNT(scales); i++) {
        struct decimal price = i == 0   ? row->execution_price
                               : i == 1 ? row->range.best
                                        : row->range.worst;
        int128 nearer = row->direction == DIRECTION_BELOW ? -1 : 1;
        struct decimal unit = decimal_of("0.01");
        ck_assert(!decimal_is_none(price));
        ck_assert_int_ge(decimal_sign(left_at(plight, price, scales[i], "0.03")), 0);
        price.units += nearer * unit.units;
        ck_assert_int_lt(decimal_sign(left_at(plight, price, scales[i], "0.03")), 0);
    }
    plight_close(plight);
}
END_TEST

/* A deeper depth is closed nearer to the bankruptcy. */
START_TEST(the_range_holds_the_price)
{
    char prices[2048];
    struct plight *plight;
    const struct liquidation_price *row;
    int side;

    snprintf(prices, sizeof prices, MARKET("%s"), closings[_i].venues);
    plight = plight_open(
        (struct scene_text){
            .assets = ASSETS, .more = GAS, .account = closings[_i].account, .prices = prices },
        "ETH");
    row = fill(plight, "0.03");
    side = row->direction == DIRECTION_BELOW ? 1 : -1;
    ck_assert_int_le(decimal_compare(row->range.best, row->execution_price) * side, 0);
    ck_assert_int_le(decimal_compare(row->execution_price, row->range.worst) * side, 0);
    ck_assert_int_ge(decimal_compare(row->execution_price, row->bankruptcy_price) * side, 0);
    plight_close(plight);
}
END_TEST

/* model.md 5: 500 ETH with 750000 of debt through a pool of k = 2e9 are liquidated at 1875, and
 * closed without loss only above 2451.70802998. */
START_TEST(a_large_loan_is_liquidated_too_late)
{
    struct plight *plight = plight_open(
        (struct scene_text){ .assets = ASSETS,
                             .more = ",'execution':{'gas':'20'}",
                             .account = "{'collateral':[{'asset':'ETH','quantity':'500'}],"
                                        "'debt':[{'asset':'USDC','quantity':'750000'}]}",
                             .prices = MARKET(POOL) },
        "ETH");
    const struct liquidation_price *row = fill(plight, "0.05");

    check_decimal(row->execution_price, "2451.71");
    check_decimal(row->price, "1875");
    ck_assert_uint_eq(plight->figures.warnings_count, 1);
    ck_assert_str_eq(plight->figures.warnings[0].code, "maintenance_below_cost");
    ck_assert_ptr_nonnull(strstr(plight->figures.warnings[0].detail, "ETH"));
    plight_close(plight);
}
END_TEST

/* Slippage 5 %, penalty 5 %, gas 20 of 20000, and 72 s at 99 %: tests/oracle/maintenance.py. */
START_TEST(the_warning_names_the_rate)
{
    struct plight *plight = plight_open(
        (struct scene_text){ .assets = "{'ETH':{'brackets':[{'from_notional':'0',"
                                       "'rate':'0.005'}]}}",
                             .more = ",'execution':{'gas':'20'}",
                             .account = PERP("10", "1000"),
                             .prices = MARKET(LEVEL) },
        "ETH");

    fill(plight, "0.05");
    ck_assert_uint_eq(plight->figures.warnings_count, 1);
    ck_assert_ptr_nonnull(strstr(plight->figures.warnings[0].detail, "0.103809"));
    plight_close(plight);
}
END_TEST

/* With enough margin there is no warning. */
START_TEST(a_covering_margin_is_quiet)
{
    struct plight *plight = plight_open(
        (struct scene_text){
            .assets = ASSETS, .more = GAS, .account = LOAN, .prices = MARKET(LEVEL) },
        "ETH");

    fill(plight, "0.05");
    ck_assert_uint_eq(plight->figures.warnings_count, 0);
    plight_close(plight);
}
END_TEST

START_TEST(without_depth_there_is_none)
{
    struct plight *plight = plight_open(
        (struct scene_text){
            .assets = ASSETS, .account = LOAN, .prices = "{'ETH':'2000','USDC':'1'}" },
        "ETH");
    const struct liquidation_price *row = fill(plight, "0.05");

    ck_assert(decimal_is_none(row->execution_price));
    ck_assert_int_eq(row->execution_price_reason, REASON_NO_DEPTH);
    plight_close(plight);
}
END_TEST

/* model.md 5: beta 1, 0.8, 0, 0, 1.3. */
START_TEST(the_joint_shock_is_the_models)
{
    struct plight *plight = plight_open(
        (struct scene_text){
            .assets =
                "{'ETH':{'threshold':'0.8'},'BTC':{'threshold':'0.75','beta':'0.8'},"
                "'USDC':{'threshold':'0.9','beta':'0'},'DAI':{'beta':'0'},'LINK':{'beta':'1.3'}}",
            .account =
                "{'collateral':[{'asset':'ETH','quantity':'10'},{'asset':'BTC','quantity':'0.5'},"
                "{'asset':'USDC','quantity':'1000'}],'debt':[{'asset':'DAI','quantity':'20000'},"
                "{'asset':'LINK','quantity':'200'}]}",
            .prices =
                "{'ETH':'2000','BTC':'40000','USDC':'1','DAI':'1','LINK':'15'},"
                "'volatility':{'ETH':'0.8','BTC':'0.6','LINK':'1','DAI':'0.01','USDC':'0.01'}" },
        "ETH");
    struct decimal shock;

    ck_assert(joint_shock(&plight->situation, &shock));
    ck_assert_near(statistic_of(shock), -0.369294605809129, 1e-11);
    plight_close(plight);
}
END_TEST

Suite *
execution_price_suite(void)
{
    Suite *suite = suite_create("execution_price");
    TCase *cases = tcase_create("accounts");

    tcase_add_loop_test(cases, by_hand, 0, COUNT(rows));
    tcase_add_loop_test(cases, closing_leaves_nothing, 0, COUNT(closings));
    tcase_add_loop_test(cases, the_range_holds_the_price, 0, COUNT(closings));
    tcase_add_test(cases, a_large_loan_is_liquidated_too_late);
    tcase_add_test(cases, the_warning_names_the_rate);
    tcase_add_test(cases, a_covering_margin_is_quiet);
    tcase_add_test(cases, without_depth_there_is_none);
    tcase_add_test(cases, the_joint_shock_is_the_models);
    suite_add_tcase(suite, cases);
    return suite;
}
