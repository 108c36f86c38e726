/* Suggestions through the engine itself: the model's worked numbers, and what must always hold. */
#include <stdio.h>

#include "risk/statistic.h"
#include "tests/model.h"
#include "tests/near.h"
#include "tests/plight.h"
#include "tests/suite.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

#define POOL "{'venue':'p','kind':'constant_product','fee_rate':'0.003','base':'5000','quote':'10000000'}"
#define CALM "{'venue':'b','kind':'book','fee_rate':'0.0005','bids':[['1980','1000']]}"

/* rules: members of `suggestions`, each before a comma; gas of `execution`. */
struct terms { const char *rules, *gas, *venue, *volatility, *wallet, *health; };

static struct plight *
loan(struct terms terms)
{
    char more[512];
    char prices[512];
    char account[256];

    snprintf(more, sizeof more,
             ",'execution':{'gas':'%s'},'suggestions':{%s'horizon_s':86400,'target_probability':'0.02',"
             "'target_health':'%s'}", terms.gas, terms.rules, terms.health);
    snprintf(prices, sizeof prices,
             "{'ETH':'2000','USDC':'1','DAI':'1'},'volatility':{%s},'depth':{'ETH':[%s]}", terms.volatility,
             terms.venue);
    snprintf(account, sizeof account,
             "{'collateral':[{'asset':'ETH','quantity':'100'}],'debt':[{'asset':'USDC','quantity':'150000'}],"
             "'wallet':[%s]}", terms.wallet);
    return plight_open((struct scene_text){ .assets = "{'ETH':{'threshold':'0.8'},'USDC':{'borrow_rate':'0.05'},"
                                                      "'DAI':{'threshold':'0.9'}}",
                                            .more = more, .account = account, .prices = prices },
                       "ETH");
}

#define PLAIN .gas = "0", .rules = "", .venue = POOL, .volatility = "'ETH':'0.8'", .wallet = "", .health = "1"
#define CARRY .gas = "5", .rules = "'capital_rate':'0.08',", .venue = POOL, .volatility = "'ETH':'0.8'", \
    .health = "1", .wallet = "{'asset':'DAI','quantity':'10000'},{'asset':'USDC','quantity':'10000'}," \
                             "{'asset':'ETH','quantity':'100'}"
#define HEDGED(fee) .gas = "0", .rules = "'hedge':true,'hedge_fee_rate':'" fee "',", .venue = POOL, \
    .volatility = "'ETH':'0.8'", .wallet = "", .health = "1"
/* A health of 1.25 at the mark, no volatility, a slippage of 1 % and a fee of 5 bp. */
#define FIXED .gas = "0", .rules = "", .venue = CALM, .volatility = "", .wallet = "", .health = "1.25"

enum figure { QUANTITY, COST, AVOIDED, NET };

static double
number_of(const struct suggestion *suggestion, enum figure figure)
{
    struct decimal figures[] = { suggestion->quantity, suggestion->cost, suggestion->avoided_cost,
                                 suggestion->net_benefit };

    return decimal_is_none(figures[figure]) ? -1 : statistic_of(figures[figure]);
}

/* The liquidation costs 6.5 % of the debt. */
static double
way_out(struct terms terms, enum action action, const char *asset, enum figure figure)
{
    struct cost_of_liquidation cost = { decimal_of("9750"), decimal_zero, decimal_zero };
    struct plight *plight = loan(terms);
    const struct suggestion *suggestion;
    double number;

    plight_suggest(plight, &cost);
    suggestion = plight_find(plight, action, asset);
    number = suggestion ? number_of(suggestion, figure) : -1;
    plight_close(plight);
    return number;
}

/* Of the cheapest way, which is the mix where there is one: how much of a part, and the cost. */
static double
cheapest(struct terms terms, int action, bool cost)
{
    struct plight *plight = loan(terms);
    const struct suggestion *best = NULL;
    double number = 0;

    plight_suggest(plight, NULL);
    for (size_t i = 0; i < plight->figures.suggestions_count; i++) {
        const struct suggestion *one = &plight->figures.suggestions[i];
        if (one->available && (!best || decimal_compare(one->cost, best->cost) < 0))
            best = one;
    }
    if (best->action == action)
        number = statistic_of(best->quantity);
    for (size_t i = 0; i < best->parts_count; i++)
        if (best->parts[i].action == action)
            number = statistic_of(best->parts[i].quantity);
    if (cost)
        number = statistic_of(best->cost);
    plight_close(plight);
    return number;
}

/* model.md 7 and the vectors 7.*, to 15 digits. */
static const struct {
    const char *key;
    struct terms terms;
    enum action action;
    const char *asset;
    enum figure figure;
    double expected;
} worked[] = {
    { "7.0.need", { PLAIN }, ACTION_REPAY, "USDC", QUANTITY, 4962.20547491294 },
    { "7.a.add_collateral", { PLAIN }, ACTION_ADD_COLLATERAL, "ETH", QUANTITY, 3.42131889909194 },
    { "7.a.cost", { CARRY }, ACTION_ADD_COLLATERAL, "ETH", COST, 6.49975622973893 },
    { "7.b.add_stable", { CARRY }, ACTION_ADD_STABLE, "DAI", QUANTITY, 5513.56163879216 },
    { "7.b.cost", { CARRY }, ACTION_ADD_STABLE, "DAI", COST, 6.20845186603664 },
    { "7.c.repay", { CARRY }, ACTION_REPAY, "USDC", QUANTITY, 4962.20547491294 },
    { "7.c.cost", { CARRY }, ACTION_REPAY, "USDC", COST, 5.40785250478736 },
    { "7.d.reduce_q", { PLAIN }, ACTION_REDUCE, "ETH", QUANTITY, 9.18969686582286 },
    { "7.d.cost", { PLAIN }, ACTION_REDUCE, "ETH", COST, 88.6545990022561 },
    { "7.e.swap_q", { PLAIN }, ACTION_SWAP, "ETH", QUANTITY, 14.6378062618876 },
    { "7.e.cost", { PLAIN }, ACTION_SWAP, "ETH", COST, 172.771585986510 },
    { "7.f.hedge_n", { HEDGED("0.0012") }, ACTION_HEDGE, "ETH", QUANTITY, 26.5319466878492 },
    { "7.f.cost", { HEDGED("0.0012") }, ACTION_HEDGE, "ETH", COST, 63.6766720508380 },
    { "7.j.net_benefit_repay", { CARRY }, ACTION_REPAY, "USDC", NET, 1046.99855570180 },
    { "7.l.reduce_const_slip", { FIXED }, ACTION_REDUCE, "ETH", QUANTITY, 31.4730833607531 },
    { "7.l.repay", { FIXED }, ACTION_REPAY, "USDC", QUANTITY, 22000 },
    { "7.l.add", { FIXED }, ACTION_ADD_COLLATERAL, "ETH", QUANTITY, 17.1875 },
};

START_TEST(single_actions_are_the_models)
{
    double ours = way_out(worked[_i].terms, worked[_i].action, worked[_i].asset, worked[_i].figure);

    ck_assert_msg(is_near(ours, worked[_i].expected, MODEL_CLOSED_FORM), "%s: %.15g, not %.15g",
                  worked[_i].key, ours, worked[_i].expected);
}
END_TEST

/* 7.g, 7.h, 7.i: the hedge at 9, 15 and 100 basis points. */
static const struct {
    struct terms terms;
    double sold, hedged, cost;
} mixes[] = {
    { { HEDGED("0.0009") }, 0, 26.5319466878492, 47.7575040381285 },
    { { HEDGED("0.0015") }, 3.36979143505155, 16.7612962666184, 75.0145910839218 },
    { { HEDGED("0.01") }, 9.18969686582286, 0, 88.6545990022561 },
};

START_TEST(the_cheapest_way_is_the_models)
{
    double sold = cheapest(mixes[_i].terms, ACTION_REDUCE, false);
    double hedged = cheapest(mixes[_i].terms, ACTION_HEDGE, false);
    double cost = cheapest(mixes[_i].terms, ACTION_HEDGE, true);

    ck_assert_near(sold, mixes[_i].sold, MODEL_CLOSED_FORM);
    ck_assert_near(hedged, mixes[_i].hedged, MODEL_CLOSED_FORM);
    ck_assert_near(cost, mixes[_i].cost, MODEL_CLOSED_FORM);
}
END_TEST

Suite *
suggest_suite(void)
{
    Suite *suite = suite_create("suggest");
    TCase *model = tcase_create("the model");

    tcase_add_loop_test(model, single_actions_are_the_models, 0, COUNT(worked));
    tcase_add_loop_test(model, the_cheapest_way_is_the_models, 0, COUNT(mixes));
    suite_add_tcase(suite, model);
    return suite;
}
