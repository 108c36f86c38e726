/* Section 5 of the risk model: liquidation prices, naive and through the depth. */
#include <stdio.h>
#include <string.h>

#include "risk/closing.h"
#include "risk/liquidation_price.h"
#include "risk/shock.h"
#include "risk/statistic.h"
#include "tests/model.h"
#include "tests/scene.h"
#include "tests/venues.h"

#define TIERS \
    "{'X':{'brackets':[{'from_notional':'0','rate':'0.004'},{'from_notional':'50000','rate':'0.005'}," \
    "{'from_notional':'250000','rate':'0.01'},{'from_notional':'1000000','rate':'0.025'}," \
    "{'from_notional':'10000000','rate':'0.05'}]}}"

enum wanted { PRICE, BANKRUPTCY, RATIO };

/* Of the asset's first row; -1: none. */
static double
price_of(struct scene_text text, const char *asset, enum wanted wanted)
{
    struct liquidation_price rows[PRICES_MAX];
    struct scene scene;
    size_t count = 0;
    struct decimal figure = DECIMAL_NONE;
    bool fits;

    scene_open(&scene, text);
    fits = liquidation_prices(&scene.position, &scene.valuation, rows, &count);
    for (size_t i = count; fits && i > 0; i--)
        if (!strcmp(rows[i - 1].asset, asset))
            figure = wanted == PRICE ? rows[i - 1].price : rows[i - 1].bankruptcy_price;
    if (wanted == RATIO)
        figure = scene.valuation.health.ratio;
    scene_close(&scene);
    return decimal_is_none(figure) ? -1 : statistic_of(figure);
}

static double
perp(const char *margin, const char *quantity, enum wanted wanted)
{
    char account[256];

    snprintf(account, sizeof account,
             "{'cash':'%s','perps':[{'asset':'X','quantity':'%s','entry_price':'20000'}]}", margin,
             quantity);
    return price_of(
        (struct scene_text){ .assets = TIERS, .account = account, .prices = "{'X':'20000'}" }, "X",
        wanted);
}

static double
loan(enum wanted wanted)
{
    return price_of((struct scene_text){ .assets = "{'ETH':{'threshold':'0.8'},'USDC':{}}",
                                         .account =
                                             "{'collateral':[{'asset':'ETH','quantity':'100'}],"
                                             "'debt':[{'asset':'USDC','quantity':'150000'}]}",
                                         .prices = "{'ETH':'2000','USDC':'1'}" },
                    "ETH", wanted);
}

static double
of_many(const char *asset, enum wanted wanted)
{
    return price_of(
        (struct scene_text){
            .assets =
                "{'ETH':{'threshold':'0.8'},'BTC':{'threshold':'0.75'},'USDC':{'threshold':'0.9'},"
                "'DAI':{},'LINK':{}}",
            .account =
                "{'collateral':[{'asset':'ETH','quantity':'10'},{'asset':'BTC','quantity':'0.5'},"
                "{'asset':'USDC','quantity':'1000'}],"
                "'debt':[{'asset':'DAI','quantity':'20000'},{'asset':'LINK','quantity':'200'}]}",
            .prices = "{'ETH':'2000','BTC':'40000','USDC':'1','DAI':'1','LINK':'15'}" },
        asset, wanted);
}

static double
deduction(size_t row)
{
    struct scene scene;
    double figure;

    scene_read(&scene, (struct scene_text){ .assets = TIERS, .prices = "{'X':'20000'}" });
    figure = statistic_of(scene.parameters.assets[0].brackets[row].deduction);
    scene_close(&scene);
    return figure;
}

/* Closing at fee 5 bp, penalty 1 %; the obligation holds the gas of 25. */
static double
through_book(const char *venues, enum depth_side side, const char *quantity, const char *obligation)
{
    struct market market;
    struct depth depth;
    struct closing closing;
    struct decimal price = DECIMAL_NONE;

    market_open(&market, venues);
    depth = depth_at(&market, side, "20000");
    closing = (struct closing){ &depth, number(quantity), number(obligation), number("0.0005"),
                                number("0.01") };
    if (closing_price(&closing, decimal_unit, &price) != REASON_NONE)
        price.units = -1;
    market_close(&market);
    return statistic_of(price);
}

/* k = 2e9 as it stands at 2000; the obligation is 1.05 debt + 20. */
static double
through_pool(const char *quantity, const char *obligation)
{
    struct market market;
    struct depth depth;
    struct closing closing;
    struct decimal price = DECIMAL_NONE;

    market_open(&market, "[{'venue':'cp','kind':'constant_product','fee_rate':'0.003',"
                         "'base':'1000','quote':'2000000'}]");
    depth = depth_at(&market, DEPTH_SELL, "2000");
    closing = (struct closing){ &depth, number(quantity), number(obligation), decimal_zero,
                                decimal_zero };
    if (closing_price(&closing, decimal_unit, &price) != REASON_NONE)
        price.units = -1;
    market_close(&market);
    return statistic_of(price);
}

#define LEVEL(side, price) \
    "[{'venue':'b','kind':'book','fee_rate':'0','" side "':[['" price "','1000']]}]"
#define REAL_BIDS \
    "[{'venue':'b','kind':'book','fee_rate':'0'," \
    "'bids':[['19990','2'],['19950','3'],['19800','4'],['19500','10']]}]"

static double
book_slippage(void)
{
    struct market market;
    struct depth depth;
    struct walk walk;

    market_open(&market, REAL_BIDS);
    depth = depth_at(&market, DEPTH_SELL, "20000");
    walk = walk_of(&depth, "10");
    market_close(&market);
    return statistic_of(walk.slippage_rate);
}

static const struct shock_leg legs[] = {
    { 10 * 2000 * 0.8, 1 }, { 0.5 * 40000 * 0.75, 0.8 }, { 1000 * 0.9, 0 },
    { -20000, 0 },          { -200 * 15, 1.3 },
};
static const struct shock joint = { legs, sizeof legs / sizeof *legs, 0 };

static double
joint_linear(void)
{
    double x;

    return shock_linear(&joint, -1, &x) ? x : 1;
}

static double
joint_logarithmic(void)
{
    double x;

    return shock_logarithmic(&joint, -1, &x) ? x : 1;
}

static const char *
none_or_some(double price)
{
    return price < 0 ? "none" : "some";
}

static double
deduction_0(void)
{
    return deduction(0);
}
static double
deduction_1(void)
{
    return deduction(1);
}
static double
deduction_2(void)
{
    return deduction(2);
}
static double
deduction_3(void)
{
    return deduction(3);
}
static double
deduction_4(void)
{
    return deduction(4);
}
static double
a_price(void)
{
    return perp("20000", "10", PRICE);
}
static double
a_bankruptcy(void)
{
    return perp("20000", "10", BANKRUPTCY);
}
static double
b_price(void)
{
    return perp("20000", "-10", PRICE);
}
static double
b_bankruptcy(void)
{
    return perp("20000", "-10", BANKRUPTCY);
}
static double
c_price(void)
{
    return perp("150000", "100", PRICE);
}
static double
c_bankruptcy(void)
{
    return perp("150000", "100", BANKRUPTCY);
}
static const char *
d_price(void)
{
    return none_or_some(perp("30000", "1", PRICE));
}
static double
e_price(void)
{
    return through_book(LEVEL("bids", "19760"), DEPTH_SELL, "10", "180025");
}
static double
f_price(void)
{
    return through_book(LEVEL("asks", "20240"), DEPTH_BUY, "10", "219975");
}
static double
g_price(void)
{
    return through_book(LEVEL("bids", "19100"), DEPTH_SELL, "100", "1850025");
}
static double
h_price(void)
{
    return through_book(REAL_BIDS, DEPTH_SELL, "10", "180025");
}
static double
i_price(void)
{
    return through_pool("100", "157520");
}
static double
j_price(void)
{
    return through_pool("10", "15770");
}
static double
k_price(void)
{
    return through_pool("500", "787520");
}
static double
i_naive(void)
{
    return loan(PRICE);
}
static double
i_bankruptcy(void)
{
    return loan(BANKRUPTCY);
}
static double
m_ratio(void)
{
    return of_many("ETH", RATIO);
}
static double
m_eth(void)
{
    return of_many("ETH", PRICE);
}
static double
m_btc(void)
{
    return of_many("BTC", PRICE);
}
static const char *
m_usdc(void)
{
    return none_or_some(of_many("USDC", PRICE));
}
static double
m_dai(void)
{
    return of_many("DAI", PRICE);
}
static double
m_link(void)
{
    return of_many("LINK", PRICE);
}

const struct model_case price_cases[] = {
    { "5.t.deduction_0", deduction_0, 0, NULL },
    { "5.t.deduction_50000", deduction_1, 0, NULL },
    { "5.t.deduction_250000", deduction_2, 0, NULL },
    { "5.t.deduction_1000000", deduction_3, 0, NULL },
    { "5.t.deduction_10000000", deduction_4, 0, NULL },
    { "5.a.pliq", a_price, 0, NULL },
    { "5.a.pbank", a_bankruptcy, 0, NULL },
    { "5.b.pliq", b_price, 0, NULL },
    { "5.b.pbank", b_bankruptcy, 0, NULL },
    { "5.c.pliq", c_price, 0, NULL },
    { "5.c.pbank", c_bankruptcy, 0, NULL },
    { "5.d.pliq", NULL, 0, d_price },
    { "5.e.pexec", e_price, 0, NULL },
    { "5.f.pexec", f_price, 0, NULL },
    { "5.g.pexec", g_price, 0, NULL },
    { "5.h.pexec_book", h_price, 0, NULL },
    { "5.h.S", book_slippage, 0, NULL },
    { "5.i.pexec_cp", i_price, 0, NULL },
    { "5.j.pexec_cp", j_price, 0, NULL },
    { "5.k.pexec_cp", k_price, 0, NULL },
    { "5.i.pnaive_LT80", i_naive, 0, NULL },
    { "5.i.pbank", i_bankruptcy, 0, NULL },
    { "5.m.health", m_ratio, 0, NULL },
    { "5.m.pliq_ETH", m_eth, 0, NULL },
    { "5.m.pliq_BTC", m_btc, 0, NULL },
    { "5.m.pliq_USDC", NULL, 0, m_usdc },
    { "5.m.pliq_DAI", m_dai, 0, NULL },
    { "5.m.pliq_LINK", m_link, 0, NULL },
    { "5.m.joint_x", joint_linear, 0, NULL },
    { "5.m.joint_logx", joint_logarithmic, 0, NULL },
};
const size_t price_cases_count = sizeof price_cases / sizeof *price_cases;
