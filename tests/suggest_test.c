/* Suggestions through the engine itself: the model's worked numbers, and what must always hold. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "risk/depth.h"
#include "risk/elementary.h"
#include "risk/liquidation_price.h"
#include "risk/passage.h"
#include "risk/preview_risk.h"
#include "risk/statistic.h"
#include "tests/captures.h"
#include "tests/model.h"
#include "tests/near.h"
#include "tests/plight.h"
#include "tests/suite.h"
#include "tests/venues.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

#define POOL \
    "{'venue':'p','kind':'constant_product','fee_rate':'0.003','base':'5000','quote':'10000000'}"
#define CALM "{'venue':'b','kind':'book','fee_rate':'0.0005','bids':[['1980','1000']]}"

/* rules: members of `suggestions`, each before a comma; gas of `execution`. */
struct terms {
    const char *rules, *gas, *venue, *volatility, *wallet, *health;
};

static struct plight *
loan(struct terms terms)
{
    char more[512];
    char prices[512];
    char account[256];

    snprintf(
        more, sizeof more,
        ",'execution':{'gas':'%s'},'suggestions':{%s'horizon_s':86400,'target_probability':'0.02',"
        "'target_health':'%s'}",
        terms.gas, terms.rules, terms.health);
    snprintf(prices, sizeof prices,
             "{'ETH':'2000','USDC':'1','DAI':'1'},'volatility':{%s},'depth':{'ETH':[%s]}",
             terms.volatility, terms.venue);
    snprintf(
        account, sizeof account,
        "{'collateral':[{'asset':'ETH','quantity':'100'}],'debt':[{'asset':'USDC',"
        "'quantity':'150000'}],"
        "'wallet':[%s]}",
        terms.wallet);
    return plight_open(
        (struct scene_text){ .assets = "{'ETH':{'threshold':'0.8'},'USDC':{'borrow_rate':'0.05'},"
                                       "'DAI':{'threshold':'0.9'}}",
                             .more = more,
                             .account = account,
                             .prices = prices },
        "ETH");
}

#define PLAIN \
    .gas = "0", .rules = "", .venue = POOL, .volatility = "'ETH':'0.8'", .wallet = "", .health = "1"
#define CARRY \
    .gas = "5", .rules = "'capital_rate':'0.08',", .venue = POOL, .volatility = "'ETH':'0.8'", \
    .health = "1", \
    .wallet = "{'asset':'DAI','quantity':'10000'},{'asset':'USDC','quantity':'10000'}," \
              "{'asset':'ETH','quantity':'100'}"
#define HEDGED(fee) \
    .gas = "0", .rules = "'hedge':true,'hedge_fee_rate':'" fee "',", .venue = POOL, \
    .volatility = "'ETH':'0.8'", .wallet = "", .health = "1"
/* A health of 1.25 at the mark, no volatility, a slippage of 1 % and a fee of 5 bp. */
#define FIXED \
    .gas = "0", .rules = "", .venue = CALM, .volatility = "", .wallet = "", .health = "1.25"

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

#define BOOK \
    "{'venue':'b','kind':'book','fee_rate':'0.001'," \
    "'bids':[['1999.5','3.2'],['1998','4'],['1990','12.5'],['1950','60'],['1900','200']]," \
    "'asks':[['2000.5','1.1'],['2003','8'],['2010','20'],['2050','300']]}"
#define DESK "{'venue':'d','kind':'quoted','notional':'500000','slippage_rate':'0.01'}"
#define RANGE \
    "{'venue':'v3','kind':'concentrated','fee_rate':'0.0005','price':'2000'," \
    "'ranges':[{'lower':'1500','upper':'1950','liquidity':'9000'},{'lower':'1950'," \
    "'upper':'2600','liquidity':'20000'}]}"
#define TIERS \
    "'brackets':[{'from_notional':'0','rate':'0.01'},{'from_notional':'50000','rate':'0.02'}," \
    "{'from_notional':'150000','rate':'0.05'}],'closing_fee_rate':'0.0005'"
#define ETH(more) "'ETH':{'threshold':'0.8'" more "}"
#define COINS \
    ETH("") \
    ",'USDC':{'unit':'0.000001','threshold':'0.9','beta':'0'},'DAI':{'beta':'0','threshold':'0.75'}"
#define PRICES "'ETH':'2000','USDC':'1.0003','DAI':'0.9991'"
#define MARKET(prices, venues) \
    "{" prices "},'volatility':{'ETH':'0.8'},'depth':{'ETH':[" venues "]}"
#define GAS \
    ",'execution':{'gas':'3'},'suggestions':{'capital_rate':'0.06','hedge':true," \
    "'hedge_fee_rate':'0.0015'}"
#define WALLET \
    ",'wallet':[{'asset':'USDC','quantity':'1500'},{'asset':'DAI','quantity':'900'}," \
    "{'asset':'ETH','quantity':'0.7'}]"
#define LOAN(eth, usdc) \
    "{'collateral':[{'asset':'ETH','quantity':'" eth \
    "'}],'debt':[{'asset':'USDC','quantity':'" usdc "'}]"
#define PERP(quantity, cash) \
    "{'cash':'" cash "','perps':[{'asset':'ETH','quantity':'" quantity "','entry_price':'1990'}]"

/* Accounts that need help, each in a market of its own. */
static const struct {
    const char *name;
    struct scene_text text;
} plights[] = {
    { "a book",
      { .assets = "{" COINS "}",
        .more = GAS,
        .account = LOAN("50", "73000") WALLET "}",
        .prices = MARKET(PRICES, BOOK) } },
    { "a pool",
      { .assets = "{" COINS "}",
        .more = GAS,
        .account = LOAN("50", "73000") WALLET "}",
        .prices = MARKET(PRICES, POOL) } },
    { "book, pool, range and desk",
      { .assets = "{" COINS "}",
        .more = GAS,
        .account = LOAN("100", "148000") WALLET "}",
        .prices = MARKET(PRICES, BOOK "," POOL "," RANGE "," DESK) } },
    { "liquidatable",
      { .assets = "{" COINS "}",
        .more = GAS,
        .account = LOAN("30", "49000") WALLET "}",
        .prices = MARKET(PRICES, BOOK "," POOL) } },
    { "rounded values",
      { .assets =
            "{'ETH':{'threshold':'0.8','unit':'0.0001','price_unit':'0.01'},"
            "'USDC':{'unit':'0.000001','threshold':'0.9','beta':'0'},'DAI':{'beta':'0',"
            "'threshold':'0.75'}}",
        .trigger = "{'rule':'at_or_below'}",
        .more = GAS ",'quote':{'unit':'0.00000001','round_weighted':true}",
        .account = LOAN("50", "73000") WALLET "}",
        .prices = MARKET(PRICES, BOOK "," POOL) } },
    { "a borrow factor, a reward, a token's fee",
      { .assets = "{" ETH(
            ",'transfer_fee_rate':'0.003'") ",'USDC':{'unit':'0.000001',"
            "'threshold':'0.9','beta':'0',"
                                            "'borrow_factor':'1.1',"
            "'transfer_fee_rate':'0.001','borrow_rate':'0.04'},"
            "'DAI':{'beta':'0','threshold':'0.75'}}",
        .trigger = "{'rule':'below','reward':'25'}",
        .more = GAS,
        .account = LOAN("50", "66000") WALLET "}",
        .prices = MARKET(PRICES, BOOK) } },
    { "two coins that move together",
      { .assets = "{" COINS ",'BTC':{'threshold':'0.7','beta':'0.8'}}",
        .more = GAS,
        .account =
            "{'collateral':[{'asset':'ETH','quantity':'20'},{'asset':'BTC','quantity':'0.5'}],"
            "'debt':[{'asset':'USDC','quantity':'41800'},{'asset':'DAI','quantity':'500'}]" WALLET
            "}",
        .prices = "{" PRICES
                  ",'BTC':'40000'},'volatility':{'ETH':'0.8','BTC':'0.6'},'depth':{'ETH':[" BOOK
                  "]}" } },
    { "negative cash",
      { .assets = "{" COINS "}",
        .more = GAS,
        .account = "{'cash':'-29500','collateral':[{'asset':'ETH','quantity':'20'}]" WALLET "}",
        .prices = MARKET(PRICES, BOOK "," POOL) } },
    { "no volatility",
      { .assets = "{" COINS "}",
        .more = GAS,
        .account = LOAN("50", "73000") WALLET "}",
        .prices = "{" PRICES "},'depth':{'ETH':[" BOOK "," POOL "]}" } },
    { "a long perp",
      { .assets = "{'ETH':{" TIERS "}}",
        .more = GAS,
        .account = PERP("60", "11000") ",'wallet':[]}",
        .prices = MARKET("'ETH':'2000'", BOOK) } },
    { "a short perp",
      { .assets = "{'ETH':{" TIERS "}}",
        .more = GAS,
        .account = PERP("-60", "11500") ",'wallet':[]}",
        .prices = MARKET("'ETH':'2000'", BOOK "," POOL) } },
    { "maintenance of the entry",
      { .assets = "{'ETH':{" TIERS "}}",
        .more = GAS,
        .trigger = "{'rule':'at_or_below','maintenance_price':'entry',"
                   "'closing_fee_price':'bankruptcy'}",
        .account = PERP("60", "11000") ",'wallet':[]}",
        .prices = MARKET("'ETH':'2000'", BOOK) } },
    { "maintenance of the mark",
      { .assets = "{'ETH':{" TIERS "}}",
        .more = GAS,
        .trigger = "{'rule':'below','maintenance_price':'mark'}",
        .account = PERP("60", "11000") ",'wallet':[]}",
        .prices = MARKET("'ETH':'2000'", POOL) } },
    { "a coin that is owed",
      { .assets = "{" COINS "}",
        .more = GAS,
        .account = "{'collateral':[{'asset':'USDC','quantity':'97000'}],"
                   "'debt':[{'asset':'ETH','quantity':'40'}]" WALLET "}",
        .prices = MARKET(PRICES, BOOK "," POOL) } },
};

/* What is expected of an account, priced anew from its legs. */
struct verdict {
    bool is_safe;
    struct decimal ratio, price, probability;
};

static struct decimal
stress_price(const struct plight *plight, size_t asset, struct decimal volatility)
{
    const struct situation *situation = &plight->situation;
    const struct position_asset *held = &situation->now.assets[asset];
    bool is_long = situation->main->direction == DIRECTION_BELOW;
    double sigma = statistic_of(volatility);
    double drift = is_long ? log_drift_of(0, sigma) : -log_drift_of(0, sigma);
    double distance = passage_distance(sigma, drift,
                                       (double)situation->horizon_s / SECONDS_PER_YEAR, 0.02);
    double beta = state_volatility(situation->state, held->asset.name)
                      ? statistic_of(held->asset.beta)
                      : 0;
    struct decimal price;

    if (beta == 0)
        return held->price;
    ck_assert(
        decimal_of_rate(statistic_of(held->price) * real_exp((is_long ? -beta : beta) * distance),
                        held->asset.price_unit, is_long ? ROUND_DOWN : ROUND_UP, &price));
    return price;
}

/* Neither liquidatable at the stress prices, with a maintenance of the mark kept, nor with a
 * liquidation price beyond the stress price. */
static bool
stands_stress(const struct plight *plight, const struct position *position,
              struct decimal volatility)
{
    bool is_long = plight->situation.main->direction == DIRECTION_BELOW;
    size_t main = (size_t)plight->situation.main_asset;
    struct position moved = *position;
    struct decimal target = stress_price(plight, main, volatility);
    struct liquidation_price rows[PRICES_OF_ASSET_MAX];
    struct valuation valuation;
    struct valuation before;
    size_t count;
    int128 margin;

    for (size_t i = 0; i < plight->situation.now.assets_count; i++)
        if (i != main)
            position_reprice(&moved, i, stress_price(plight, i, volatility));
    ck_assert(health_compute(&moved, &before));
    ck_assert(liquidation_price_of(&moved, &before, main, rows, &count));
    for (size_t i = 0; i < count; i++)
        if (rows[i].direction == (is_long ? DIRECTION_BELOW : DIRECTION_ABOVE) &&
            decimal_compare(target, rows[i].price) * (is_long ? 1 : -1) < 0)
            return false;
    position_reprice(&moved, main, target);
    ck_assert(health_compute(&moved, &valuation));
    margin = valuation.health.support.units - valuation.health.requirement.units;
    if (position->parameters->trigger.maintenance_price == MAINTENANCE_AT_MARK)
        margin += valuation.health.maintenance.units - before.health.maintenance.units;
    return margin > 0 || (margin == 0 && position->parameters->trigger.rule == TRIGGER_BELOW);
}

static struct verdict
judge(const struct plight *plight, const struct position *position)
{
    const struct situation *situation = &plight->situation;
    size_t main = (size_t)situation->main_asset;
    bool is_long = situation->main->direction == DIRECTION_BELOW;
    struct decimal volatility = volatility_of(&situation->now.assets[main].asset, situation->state);
    struct verdict verdict = { .price = DECIMAL_NONE, .probability = DECIMAL_NONE };
    struct liquidation_price rows[PRICES_OF_ASSET_MAX];
    struct valuation valuation;
    size_t count;

    ck_assert(health_compute(position, &valuation));
    ck_assert(liquidation_price_of(position, &valuation, main, rows, &count));
    for (size_t i = 0; i < count; i++)
        if (rows[i].direction == (is_long ? DIRECTION_BELOW : DIRECTION_ABOVE))
            verdict.price = rows[i].price;
    verdict.ratio = valuation.health.ratio;
    if (!decimal_is_none(volatility))
        verdict.probability = decimal_is_none(verdict.price)
                                  ? decimal_zero
                                  : touch_statistic(position->assets[main].price, verdict.price,
                                                    volatility, situation->horizon_s);
    verdict.is_safe = decimal_compare(verdict.ratio,
                                      situation->parameters->suggestions.target_health) >= 0 &&
                      (decimal_is_none(volatility) || stands_stress(plight, position, volatility));
    return verdict;
}

static size_t
asset_of(const struct plight *plight, struct position *position, const char *name)
{
    size_t index;
    struct faults faults;

    faults_open(&faults, 1);
    ck_assert(position_add_asset(position, name, plight->situation.state, "", &index, &faults));
    return index;
}

static struct decimal
plus(struct decimal a, struct decimal b)
{
    ck_assert(decimal_add(a, b, &a));
    return a;
}

static struct decimal
minus(struct decimal a, struct decimal b)
{
    ck_assert(decimal_subtract(a, b, &a));
    return a;
}

static struct decimal
step(struct decimals factors, struct decimals divisors, enum rounding rounding, struct decimal unit)
{
    struct decimal out;

    ck_assert(decimal_step(factors, divisors, rounding, unit, &out));
    return out;
}

/* The largest leg of an asset, or of all (a value; SIZE_MAX); NULL: none. */
static struct position_leg *
largest(struct position *position, struct position_leg *legs, size_t count, size_t asset,
        size_t but)
{
    struct position_leg *best = NULL;
    struct decimal best_value = decimal_zero;

    for (size_t i = 0; i < count; i++) {
        struct decimal value = step(
            PRODUCT(legs[i].quantity, position->assets[legs[i].asset].price), NOTHING, ROUND_DOWN,
            decimal_unit);
        if ((asset != SIZE_MAX && legs[i].asset != asset) || legs[i].asset == but ||
            decimal_compare(value, best_value) <= 0)
            continue;
        best = &legs[i];
        best_value = value;
    }
    return best;
}

static void
hold(struct position *position, size_t asset, struct decimal quantity)
{
    struct position_leg *leg = largest(position, position->collateral, position->collateral_count,
                                       asset, SIZE_MAX);

    if (!leg) {
        leg = &position->collateral[position->collateral_count++];
        *leg = (struct position_leg){ asset, decimal_zero };
    }
    leg->quantity = plus(leg->quantity, quantity);
}

static struct decimal
after_fee(const struct asset *asset, struct decimal quantity)
{
    return minus(quantity,
                 step(PRODUCT(quantity, asset->transfer_fee_rate), NOTHING, ROUND_UP, asset->unit));
}

static void
repay(struct position *position, struct decimal quantity)
{
    struct position_leg *debt = largest(position, position->debt, position->debt_count, SIZE_MAX,
                                        SIZE_MAX);

    if (!debt)
        position->cash = plus(position->cash, quantity);
    else
        debt->quantity = minus(debt->quantity,
                               after_fee(&position->assets[debt->asset].asset, quantity));
}

static void
close_perp(struct position *position, struct decimal quantity, struct decimal money)
{
    struct position_perp *perp = &position->perps[0];
    bool is_long = decimal_sign(perp->quantity) > 0;
    struct decimal entry = step(PRODUCT(quantity, perp->entry_price), NOTHING,
                                is_long ? ROUND_UP : ROUND_DOWN, decimal_unit);

    perp->quantity = is_long ? minus(perp->quantity, quantity) : plus(perp->quantity, quantity);
    position->cash = plus(position->cash, is_long ? minus(money, entry) : minus(entry, money));
}

/* Sells (buys back) the main asset; in money. */
static struct decimal
trade(const struct plight *plight, bool is_sale, struct decimal quantity)
{
    const struct position_asset *main = &plight->situation.now.assets[plight->situation.main_asset];
    struct depth depth;
    struct walk walk;

    depth_open(&depth, state_depth(plight->situation.state, main->asset.name),
               is_sale ? DEPTH_SELL : DEPTH_BUY, main->price, main->asset.unit,
               plight->situation.parameters->quote.unit);
    ck_assert(depth_walk(&depth, quantity, &walk));
    ck_assert_int_eq(decimal_sign(walk.unfilled), 0);
    return walk.proceeds;
}

static void
reduce(const struct plight *plight, struct position *position, struct decimal quantity)
{
    size_t main = (size_t)plight->situation.main_asset;
    bool is_long = plight->situation.main->direction == DIRECTION_BELOW;
    struct decimal money = trade(plight, is_long, quantity);
    struct position_leg *sold = largest(position, position->collateral, position->collateral_count,
                                        main, SIZE_MAX);
    struct position_leg *debt = largest(position, position->debt, position->debt_count,
                                        is_long ? SIZE_MAX : main, SIZE_MAX);
    struct position_leg *payer = largest(position, position->collateral, position->collateral_count,
                                         SIZE_MAX, main);

    if (position->perps_count > 0) {
        close_perp(position, quantity, money);
    } else if (is_long) {
        sold->quantity = minus(sold->quantity, quantity);
        if (!debt)
            position->cash = plus(position->cash, money);
        else
            debt->quantity = minus(
                debt->quantity, step(PRODUCT(money), PRODUCT(position->assets[debt->asset].price),
                                     ROUND_DOWN, position->assets[debt->asset].asset.unit));
    } else {
        debt->quantity = minus(debt->quantity, quantity);
        payer->quantity = minus(payer->quantity,
                                step(PRODUCT(money), PRODUCT(position->assets[payer->asset].price),
                                     ROUND_UP, position->assets[payer->asset].asset.unit));
    }
}

/* USDC has the best threshold of those that do not move. */
static void
swap(const struct plight *plight, struct position *position, struct decimal quantity)
{
    size_t stable = asset_of(plight, position, "USDC");
    size_t main = (size_t)plight->situation.main_asset;
    struct decimal money = trade(plight, true, quantity);
    struct position_leg *sold = largest(position, position->collateral, position->collateral_count,
                                        main, SIZE_MAX);

    sold->quantity = minus(sold->quantity, quantity);
    hold(position, stable,
         step(PRODUCT(money), PRODUCT(position->assets[stable].price), ROUND_DOWN,
              position->assets[stable].asset.unit));
}

static void
hedge(const struct plight *plight, struct position *position, struct decimal quantity)
{
    size_t main = (size_t)plight->situation.main_asset;
    bool is_long = plight->situation.main->direction == DIRECTION_BELOW;

    position->perps[position->perps_count++] = (struct position_perp){
        main,
        { is_long ? -quantity.units : quantity.units },
        position->assets[main].price,
    };
}

static void
act(const struct plight *plight, struct position *position, int action, const char *asset,
    struct decimal quantity)
{
    switch ((enum action)action) {
    case ACTION_ADD_COLLATERAL:
    case ACTION_ADD_STABLE:
        if (!strcmp(asset, "USD")) {
            position->cash = plus(position->cash, quantity);
            return;
        }
        hold(position, asset_of(plight, position, asset),
             after_fee(parameters_asset(position->parameters, asset), quantity));
        return;
    case ACTION_REPAY:
        repay(position, quantity);
        return;
    case ACTION_REDUCE:
        reduce(plight, position, quantity);
        return;
    case ACTION_SWAP:
        swap(plight, position, quantity);
        return;
    case ACTION_HEDGE:
        hedge(plight, position, quantity);
        return;
    case ACTION_MIX:
        break;
    }
    ck_abort_msg("a mix is its parts");
}

static struct decimal
unit_of(const struct plight *plight, const char *asset)
{
    const struct asset *listed = parameters_asset(plight->situation.parameters, asset);

    return listed ? listed->unit : plight->situation.parameters->quote.unit;
}

/* The account after the suggestion, its last part less `units` of its unit. */
static struct position
after_suggestion(const struct plight *plight, const struct suggestion *suggestion, int units)
{
    struct position position = plight->situation.now;
    struct decimal quantity = suggestion->quantity;

    for (size_t i = 0; i + 1 < suggestion->parts_count; i++)
        act(plight, &position, suggestion->parts[i].action, suggestion->parts[i].asset,
            suggestion->parts[i].quantity);
    if (suggestion->parts_count > 0) {
        const struct mix_part *last = &suggestion->parts[suggestion->parts_count - 1];
        quantity.units = last->quantity.units - units * unit_of(plight, last->asset).units;
        act(plight, &position, last->action, last->asset, quantity);
        return position;
    }
    quantity.units -= units * unit_of(plight, suggestion->asset).units;
    act(plight, &position, suggestion->action, suggestion->asset, quantity);
    return position;
}

static void
check_suggestion(const struct plight *plight, const struct suggestion *suggestion, const char *name)
{
    struct position after = after_suggestion(plight, suggestion, 0);
    struct position nearly = after_suggestion(plight, suggestion, 1);
    struct verdict verdict = judge(plight, &after);

    ck_assert_msg(verdict.is_safe, "%s: action %d does not meet the target", name,
                  suggestion->action);
    ck_assert_msg(!judge(plight, &nearly).is_safe, "%s: action %d is more than needed", name,
                  suggestion->action);
    ck_assert_msg(
        decimal_compare(verdict.ratio, suggestion->after.health_ratio) == 0 &&
            decimal_compare(verdict.price, suggestion->after.liquidation_price) == 0 &&
            decimal_compare(verdict.probability, suggestion->after.liquidation_probability) == 0,
        "%s: action %d leads elsewhere than it says", name, suggestion->action);
    if (!decimal_is_none(verdict.probability) && strcmp(name, "two coins that move together"))
        ck_assert_msg(statistic_of(verdict.probability) <= 0.02 * (1 + 1e-11),
                      "%s: action %d: %.15g", name, suggestion->action,
                      statistic_of(verdict.probability));
}

START_TEST(the_least_that_meets_the_target)
{
    struct plight *plight = plight_open(plights[_i].text, "ETH");
    size_t checked = 0;

    plight_suggest(plight, NULL);
    for (size_t i = 0; i < plight->figures.suggestions_count; i++) {
        const struct suggestion *suggestion = &plight->figures.suggestions[i];
        if (decimal_is_none(suggestion->quantity) && suggestion->parts_count == 0)
            continue;
        check_suggestion(plight, suggestion, plights[_i].name);
        checked++;
    }
    ck_assert_msg(checked >= 2, "%s: %zu suggestions", plights[_i].name, checked);
    plight_close(plight);
}
END_TEST

/* Wallets bound what is available; of a mix every part. */
START_TEST(what_is_available_is_in_the_wallet)
{
    struct plight *plight = plight_open(plights[_i].text, "ETH");
    const struct account *account = &plight->scene.account;

    plight_suggest(plight, NULL);
    for (size_t i = 0; i < plight->figures.suggestions_count; i++) {
        const struct suggestion *one = &plight->figures.suggestions[i];
        for (size_t n = 0; n < one->parts_count || n == 0; n++) {
            int action = one->parts_count ? one->parts[n].action : one->action;
            const char *asset = one->parts_count ? one->parts[n].asset : one->asset;
            struct decimal quantity = one->parts_count ? one->parts[n].quantity : one->quantity;
            struct decimal held = decimal_zero;
            if (action > ACTION_REPAY || decimal_is_none(quantity))
                continue;
            for (size_t w = 0; w < account->wallet_count; w++)
                if (!strcmp(account->wallet[w].asset, asset))
                    held = account->wallet[w].quantity;
            ck_assert_msg(one->available == (decimal_compare(quantity, held) <= 0), "%s: %d of %s",
                          plights[_i].name, action, asset);
            ck_assert_int_eq(one->available_reason,
                             one->available ? REASON_NONE : REASON_WALLET_TOO_SMALL);
        }
    }
    plight_close(plight);
}
END_TEST

/* A mix is only given where it costs less than every single way that is available, and its cost is
 * that of its parts. */
START_TEST(a_mix_is_cheaper_than_its_parts_alone)
{
    struct plight *plight = plight_open(plights[_i].text, "ETH");
    const struct suggestion *mix;

    plight_suggest(plight, NULL);
    mix = plight_find(plight, ACTION_MIX, NULL);
    for (size_t i = 0; mix && i < plight->figures.suggestions_count; i++) {
        const struct suggestion *one = &plight->figures.suggestions[i];
        if (one != mix && one->available)
            ck_assert_int_lt(decimal_compare(mix->cost, one->cost), 0);
    }
    if (mix) {
        struct decimal sum = decimal_zero;
        for (size_t i = 0; i < mix->parts_count; i++)
            sum = plus(sum, mix->parts[i].cost);
        ck_assert_uint_ge(mix->parts_count, 2);
        ck_assert(decimal_compare(sum, mix->cost) == 0);
    }
    plight_close(plight);
}
END_TEST

/* Available ones first, by what they are worth; then those that the wallet lacks; then those that
 * do not suffice, with a reason and no number. */
START_TEST(the_list_is_ranked)
{
    struct cost_of_liquidation cost = { decimal_of("9000"), decimal_of("700"), decimal_of("3") };
    struct plight *plight = plight_open(plights[_i].text, "ETH");
    int group = 0;

    plight_suggest(plight, &cost);
    for (size_t i = 0; i < plight->figures.suggestions_count; i++) {
        const struct suggestion *one = &plight->figures.suggestions[i];
        bool is_empty = decimal_is_none(one->quantity) && one->parts_count == 0;
        int own = one->available ? 0 : is_empty ? 2 : 1;
        ck_assert_int_ge(own, group);
        if (i > 0 && own == group && own < 2) {
            int order = decimal_compare(one[-1].net_benefit, one->net_benefit);
            ck_assert(order > 0 || (order == 0 && decimal_compare(one[-1].cost, one->cost) <= 0));
        }
        ck_assert_int_eq(is_empty, one->quantity_reason != REASON_NONE);
        ck_assert_int_eq(is_empty, decimal_is_none(one->cost));
        ck_assert_int_eq(one->available, one->available_reason == REASON_NONE);
        if (!is_empty && !decimal_is_none(one->avoided_cost))
            ck_assert(decimal_compare(minus(one->avoided_cost, one->cost), one->net_benefit) == 0);
        group = own;
    }
    plight_close(plight);
}
END_TEST

static struct plight *
loan_through(const char *venues, const char *debt, const char *more)
{
    char prices[1024];
    char account[256];

    snprintf(prices, sizeof prices, "{" PRICES "},'volatility':{'ETH':'0.8'}%s%s%s",
             *venues ? ",'depth':{'ETH':[" : "", venues, *venues ? "]}" : "");
    snprintf(account, sizeof account, LOAN("50", "%s") "}", debt);
    return plight_open(
        (struct scene_text){
            .assets = "{" COINS "}", .more = more, .account = account, .prices = prices },
        "ETH");
}

/* Each market is deeper than the one before. */
START_TEST(deeper_depth_needs_less_and_costs_less)
{
    static const char *const markets[] = {
        "{'venue':'p','kind':'constant_product','fee_rate':'0.003','base':'1000',"
        "'quote':'2000000'}",
        POOL,
        POOL "," DESK,
        POOL "," DESK "," BOOK,
    };
    static const enum action actions[] = { ACTION_REDUCE, ACTION_SWAP };
    struct suggestion before[COUNT(actions)];

    for (size_t i = 0; i < COUNT(markets); i++) {
        struct plight *plight = loan_through(markets[i], "73000", GAS);
        plight_suggest(plight, NULL);
        for (size_t n = 0; n < COUNT(actions); n++) {
            const struct suggestion *one = plight_find(plight, actions[n], "ETH");
            ck_assert(!decimal_is_none(one->quantity));
            if (i > 0) {
                ck_assert_int_le(decimal_compare(one->quantity, before[n].quantity), 0);
                ck_assert_int_le(decimal_compare(one->cost, before[n].cost), 0);
            }
            before[n] = *one;
        }
        plight_close(plight);
    }
}
END_TEST

/* 40000 of quote in the pool relieve at most 866 of 4962 (7.k); a book of 5 ends first; of no depth
 * nothing can be said. */
static const struct {
    const char *venues;
    enum reason reason;
} ends[] = {
    { "{'venue':'p','kind':'constant_product','fee_rate':'0.003','base':'20','quote':'40000'}",
      REASON_INFEASIBLE },
    { "{'venue':'b','kind':'book','fee_rate':'0','bids':[['2000','0.5']]}",
      REASON_DEPTH_EXHAUSTED },
    { "", REASON_NO_DEPTH },
};

START_TEST(a_sale_that_does_not_suffice_says_why)
{
    struct plight *plight = loan_through(ends[_i].venues, "75000", GAS);
    const struct suggestion *one;

    plight_suggest(plight, NULL);
    one = plight_find(plight, ACTION_REDUCE, "ETH");
    ck_assert_ptr_nonnull(one);
    ck_assert(decimal_is_none(one->quantity));
    ck_assert_int_eq(one->quantity_reason, ends[_i].reason);
    ck_assert(!one->available);
    plight_close(plight);
}
END_TEST

START_TEST(nothing_is_suggested_where_nothing_is_needed)
{
    struct plight *plight = loan_through(POOL, "60000", GAS);

    plight_suggest(plight, NULL);
    ck_assert_uint_eq(plight->figures.suggestions_count, 0);
    plight_close(plight);
}
END_TEST

START_TEST(a_hedge_counts_only_where_the_market_says_so)
{
    struct plight *plight = loan_through(POOL, "73000", ",'suggestions':{'hedge':false}");
    const struct suggestion *one;

    plight_suggest(plight, NULL);
    one = plight_find(plight, ACTION_HEDGE, "ETH");
    ck_assert(!one->available);
    ck_assert_int_eq(one->available_reason, REASON_NOT_RECOGNISED);
    plight_close(plight);
}
END_TEST

/* The borrower's saving is more than the capital costs: 0, and the gas. */
START_TEST(a_cost_is_never_below_the_gas)
{
    struct plight *plight = plight_open(
        (struct scene_text){
            .assets = "{" ETH(
                "") ",'USDC':{'unit':'0.000001','threshold':'0.9','borrow_rate':'0.5','beta':'0'}}",
            .more = GAS,
            .account = LOAN("50", "73000") "}",
            .prices = "{'ETH':'2000','USDC':'1'},'volatility':{'ETH':'0.8'}" },
        "ETH");

    plight_suggest(plight, NULL);
    check_decimal(plight_find(plight, ACTION_REPAY, "USDC")->cost, "3");
    plight_close(plight);
}
END_TEST

/* Too much to be written: a reason, and the others stay as they are. */
START_TEST(an_amount_that_does_not_fit_has_a_reason)
{
    struct plight *plight = plight_open(
        (struct scene_text){
            .assets = "{'ETH':{'threshold':'0.8'},'USDC':{'beta':'0'},"
                      "'DAI':{'threshold':'0.000000000000000001','beta':'0'}}",
            .account = LOAN("50", "73000") ",'wallet':[{'asset':'DAI','quantity':'5'}]}",
            .prices = "{'ETH':'2000','USDC':'1','DAI':'1000'},'volatility':{'ETH':'0.8'}" },
        "ETH");
    const struct suggestion *stable;

    plight_suggest(plight, NULL);
    stable = plight_find(plight, ACTION_ADD_STABLE, "DAI");
    ck_assert(decimal_is_none(stable->quantity));
    ck_assert_int_eq(stable->quantity_reason, REASON_OVERFLOW);
    check_suggestion(plight, plight_find(plight, ACTION_REPAY, "USDC"), "after an overflow");
    check_suggestion(plight, plight_find(plight, ACTION_ADD_COLLATERAL, "ETH"),
                     "after an overflow");
    plight_close(plight);
}
END_TEST

static const char *const captures[] = {
    "orderbooks/bitstamp_ETHUSD_full_2022-01-05.json",
    "orderbooks/dydx_v3_ETH-USD_orderbook_2021-10-28.json",
    "orderbooks/okx_BTC-USDT_books_2022-05-13.json",
};

/* 50 ETH against a real book, its mark between bid and ask. */
START_TEST(a_real_book_settles_to_the_unit)
{
    char *venues = capture_read(captures[_i]);
    struct market market;
    struct plight *plight;
    char account[256];
    char prices[128];
    size_t checked = 0;

    if (!venues)
        return;
    market_open(&market, venues);
    const struct venue *book = &market.depth->venues[0];
    char bid[DECIMAL_TEXT_MAX];
    decimal_format(book->bids[0].price, bid);
    snprintf(prices, sizeof prices, "{'ETH':'%s','USDC':'1','DAI':'1'},'volatility':{'ETH':'0.8'}",
             bid);
    snprintf(account, sizeof account, LOAN("50", "%.2f") "}",
             36.5 * statistic_of(book->bids[0].price));
    plight = plight_open(
        (struct scene_text){
            .assets = "{" COINS "}", .more = GAS, .account = account, .prices = prices },
        "ETH");
    struct asset_depth depth = { "ETH", market.depth->venues, market.depth->venues_count };
    plight->scene.state.depth = &depth;
    plight->scene.state.depth_count = 1;
    plight_suggest(plight, NULL);
    for (size_t i = 0; i < plight->figures.suggestions_count; i++)
        if (!decimal_is_none(plight->figures.suggestions[i].quantity)) {
            check_suggestion(plight, &plight->figures.suggestions[i], captures[_i]);
            checked++;
        }
    ck_assert_uint_ge(checked, 4);
    plight_close(plight);
    market_close(&market);
    free(venues);
}
END_TEST

Suite *
suggest_suite(void)
{
    Suite *suite = suite_create("suggest");
    TCase *model = tcase_create("the model");
    TCase *anew = tcase_create("priced anew");

    tcase_add_loop_test(model, single_actions_are_the_models, 0, COUNT(worked));
    tcase_add_loop_test(model, the_cheapest_way_is_the_models, 0, COUNT(mixes));
    suite_add_tcase(suite, model);
    tcase_add_loop_test(anew, the_least_that_meets_the_target, 0, COUNT(plights));
    tcase_add_loop_test(anew, what_is_available_is_in_the_wallet, 0, COUNT(plights));
    tcase_add_loop_test(anew, a_mix_is_cheaper_than_its_parts_alone, 0, COUNT(plights));
    tcase_add_loop_test(anew, the_list_is_ranked, 0, COUNT(plights));
    tcase_add_test(anew, deeper_depth_needs_less_and_costs_less);
    tcase_add_loop_test(anew, a_sale_that_does_not_suffice_says_why, 0, COUNT(ends));
    tcase_add_test(anew, nothing_is_suggested_where_nothing_is_needed);
    tcase_add_test(anew, a_hedge_counts_only_where_the_market_says_so);
    tcase_add_test(anew, a_cost_is_never_below_the_gas);
    tcase_add_test(anew, an_amount_that_does_not_fit_has_a_reason);
    tcase_add_loop_test(anew, a_real_book_settles_to_the_unit, 0, COUNT(captures));
    suite_add_tcase(suite, anew);
    return suite;
}
