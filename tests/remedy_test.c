/* What a holder can do: each action meets the need, and no cheaper mix is missed. */
#include "risk/remedy.h"

#include <math.h>
#include <string.h>

#include "risk/statistic.h"
#include "tests/near.h"
#include "tests/scene.h"
#include "tests/suite.h"
#include "tests/venues.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

#define POOL(base, quote) \
    "{'venue':'cp','kind':'constant_product','fee_rate':'0.003','base':'" base "','quote':'" quote \
    "'}"
#define BOOK \
    "{'venue':'b','kind':'book','fee_rate':'0.0005'," \
    "'bids':[['2001','2'],['1998','6'],['1980','15'],['1900','40']]}"

/* Each is deeper than the one before. */
static const char *const markets[] = {
    "[" POOL("1000", "2000000") "]",
    "[" POOL("1000", "2000000") "," BOOK "]",
    "[" POOL("5000", "10000000") "," BOOK "]",
};

static const struct remedy_terms usual = {
    .price = 2000,
    .stress_price = 1810,
    .threshold = 0.8,
    .target_health = 1,
    .horizon_years = 1.0 / 365,
    .capital_rate = 0.08,
    .gas = 0,
};

static struct sale_remedy
sale_of(const struct depth *depth, bool is_swap)
{
    return is_swap ? remedy_swap(&usual, depth, 0.9, 100) : remedy_reduce(&usual, depth, 100);
}

START_TEST(a_sale_relieves_the_need_and_depth_makes_it_cheaper)
{
    static const double needs[] = { 1, 500, 3000, 6000 };

    for (size_t n = 0; n < COUNT(needs); n++)
        for (int is_swap = 0; is_swap <= 1; is_swap++) {
            struct remedy before = { .quantity = 1e9, .cost = 1e9 };
            for (size_t m = 0; m < COUNT(markets); m++) {
                struct market market;
                struct depth depth;
                struct sale_remedy sale;
                struct remedy remedy;
                market_open(&market, markets[m]);
                depth = depth_at(&market, DEPTH_SELL, "2000");
                sale = sale_of(&depth, is_swap);
                if (remedy_sale(&sale, needs[n], &remedy)) {
                    ck_assert_near(remedy.relief, needs[n], 1e-10);
                    ck_assert(remedy.quantity <= before.quantity * (1 + 1e-12));
                    ck_assert(remedy.cost <= before.cost + 1e-9);
                    before = remedy;
                }
                market_close(&market);
            }
            ck_assert(before.quantity < 1e9);
        }
}
END_TEST

/* Past the peak more is less: at it neither a little more nor less relieves as much. */
START_TEST(more_than_the_peak_cannot_be_relieved)
{
    struct market market;
    struct depth depth;
    struct sale_remedy sale;
    struct remedy peak;
    struct remedy other;

    market_open(&market, markets[0]);
    depth = depth_at(&market, DEPTH_SELL, "2000");
    sale = remedy_reduce(&usual, &depth, 1e6);
    ck_assert(!remedy_sale(&sale, 1e6, &peak));
    sale.most = peak.quantity * 0.99;
    ck_assert(!remedy_sale(&sale, 1e6, &other));
    ck_assert(other.relief < peak.relief);
    ck_assert_near(other.quantity, sale.most, 1e-12);
    sale.most = 1e6;
    ck_assert(remedy_sale(&sale, peak.relief * 0.999999, &other));
    ck_assert(!remedy_sale(&sale, peak.relief * 1.000001, &other));
    market_close(&market);
}
END_TEST

/* The cheapest of a grid: so much by each linear action, the rest by the sale. */
static double
cheapest_of_grid(const struct sale_remedy *sale, const struct linear_remedy *linear, double need)
{
    enum { STEPS = 60 };
    double best = INFINITY;

    for (int first = 0; first <= STEPS; first++)
        for (int second = 0; first + second <= STEPS; second++) {
            double by_first = need * first / STEPS;
            double by_second = need * second / STEPS;
            double by_sale = need - by_first - by_second;
            struct remedy parts[3];
            if (!remedy_linear(&linear[0], by_first, &parts[0]) ||
                !remedy_linear(&linear[1], by_second, &parts[1]) ||
                !remedy_sale(sale, by_sale < 1e-9 ? 0 : by_sale, &parts[2]))
                continue;
            best = fmin(best, parts[0].cost + parts[1].cost + parts[2].cost);
        }
    return best;
}

START_TEST(no_mix_of_a_grid_is_cheaper)
{
    static const double gases[] = { 0, 3, 40 };
    static const double hedge_rates[] = { 0.0008, 0.002, 0.01 };
    static const double wallets[] = { 0, 1500, 1e6 };
    struct market market;
    struct depth depth;

    market_open(&market, markets[1]);
    depth = depth_at(&market, DEPTH_SELL, "2000");
    for (size_t i = 0; i < 27; i++) {
        struct remedy_terms terms = usual;
        struct linear_remedy linear[2];
        struct sale_remedy sale = remedy_reduce(&terms, &depth, 100);
        struct mixed_remedy mix;
        double need = 5000;
        double single = INFINITY;
        struct remedy alone;
        terms.gas = gases[i % 3];
        terms.capital_rate = 3; /* so that repaying costs something */
        linear[0] = remedy_hedge(&terms, hedge_rates[i / 3 % 3]);
        linear[1] = remedy_repay(&terms, 0, wallets[i / 9]);
        sale.gas = gases[i / 3 % 3] / 2;
        ck_assert(remedy_mix(&sale, linear, 2, need, &mix));
        ck_assert_near(mix.relief, need, 1e-9);
        ck_assert_near(mix.cost, mix.sale.cost + mix.linear[0].cost + mix.linear[1].cost, 1e-12);
        ck_assert(mix.cost <= cheapest_of_grid(&sale, linear, need) + 1e-9);
        for (size_t j = 0; j < 2; j++)
            if (remedy_linear(&linear[j], need, &alone))
                single = fmin(single, alone.cost);
        if (remedy_sale(&sale, need, &alone))
            single = fmin(single, alone.cost);
        ck_assert(mix.cost <= single + 1e-9);
    }
    market_close(&market);
}
END_TEST

START_TEST(what_does_not_suffice_together_says_so)
{
    struct remedy_terms terms = usual;
    struct linear_remedy linear[2] = { remedy_repay(&terms, 0, 100),
                                       remedy_add_stable(&terms, 0.9, 50) };
    struct mixed_remedy mix;

    ck_assert(!remedy_mix(NULL, linear, 2, 200, &mix));
    ck_assert_near(mix.relief, 145, 1e-12);
    ck_assert(remedy_mix(NULL, linear, 2, 145, &mix));
    ck_assert(!remedy_mix(NULL, linear, 0, 1, &mix));
}
END_TEST

/* An account that is to be healthy at a stress price, and one of its quantities. */
struct trial {
    const struct scene *scene;
    char action; /* 'a': add collateral; 'r': repay */
};

static bool
is_healthy(const void *context, struct decimal quantity)
{
    const struct trial *trial = context;
    struct position position = trial->scene->position;
    struct valuation valuation;

    if (trial->action == 'a')
        position.collateral[0].quantity.units += quantity.units;
    else
        position.debt[0].quantity.units -= quantity.units;
    ck_assert(health_compute(&position, &valuation));
    return decimal_compare(valuation.health.support, valuation.health.requirement) >= 0;
}

/* The rules themselves, with all their roundings, say when it is enough. */
START_TEST(the_exact_amount_is_enough_and_a_unit_less_is_not)
{
    static const char *const units[] = { "0.000000000000000001", "0.00000001", "0.01", "1" };
    static const char *const prices[] = { "1812.972431563594", "1800", "1499.99", "1" };

    for (size_t i = 0; i < 2 * COUNT(units) * COUNT(prices); i++) {
        struct trial trial = { .action = i % 2 ? 'a' : 'r' };
        struct remedy_terms terms = { .threshold = 0.8, .target_health = 1 };
        struct scene scene;
        struct linear_remedy action;
        struct remedy estimate;
        struct decimal unit = number(units[i / 2 % COUNT(units)]);
        struct decimal most = number("149000");
        struct decimal quantity;
        double need;
        scene_open(&scene, (struct scene_text){
                               .assets = "{'ETH':{'threshold':'0.8'},'USDC':{}}",
                               .account = "{'collateral':[{'asset':'ETH','quantity':'100'}],"
                                          "'debt':[{'asset':'USDC','quantity':'150000'}]}",
                               .prices = "{'ETH':'2000','USDC':'1'}",
                               .more = ",'quote':{'unit':'0.000001'}" });
        position_reprice(&scene.position, scene.position.collateral[0].asset,
                         number(prices[i / 2 / COUNT(units)]));
        trial.scene = &scene;
        terms.price = terms.stress_price = statistic_of(number(prices[i / 2 / COUNT(units)]));
        need = 150000 - 80 * terms.stress_price;
        action = trial.action == 'a' ? remedy_add_collateral(&terms, 1e18)
                                     : remedy_repay(&terms, 0, 1e18);
        ck_assert(remedy_linear(&action, need, &estimate));
        if (trial.action == 'a')
            most = number("1000000");
        if (remedy_finish(is_healthy, &trial, estimate.quantity, unit, most, &quantity)) {
            ck_assert(quantity.units % unit.units == 0);
            ck_assert(is_healthy(&trial, quantity));
            ck_assert(!is_healthy(&trial, (struct decimal){ quantity.units - unit.units }));
        } else {
            ck_assert(!is_healthy(&trial, most));
        }
        scene_close(&scene);
    }
}
END_TEST

static bool
reaches(const void *context, struct decimal quantity)
{
    return decimal_compare(quantity, *(const struct decimal *)context) >= 0;
}

/* However wrong the estimate is. */
START_TEST(the_exact_amount_is_found_from_any_estimate)
{
    static const double estimates[] = { 0, -5, 0.9999, 1, 7, 1e6, 1e30 };
    static const char *const goals[] = {
        "0", "0.000001", "1", "999.123456", "1000", "1000.000001"
    };

    for (size_t i = 0; i < COUNT(estimates); i++)
        for (size_t j = 0; j < COUNT(goals); j++) {
            struct decimal goal = number(goals[j]);
            struct decimal quantity = DECIMAL_NONE;
            bool found = remedy_finish(reaches, &goal, estimates[i], number("0.000001"),
                                       number("1000"), &quantity);
            ck_assert_int_eq(found, decimal_compare(goal, number("1000")) <= 0);
            if (found)
                ck_assert(quantity.units == goal.units);
        }
}
END_TEST

Suite *
remedy_suite(void)
{
    Suite *suite = suite_create("remedy");
    TCase *tcase = tcase_create("remedy");

    tcase_add_test(tcase, a_sale_relieves_the_need_and_depth_makes_it_cheaper);
    tcase_add_test(tcase, more_than_the_peak_cannot_be_relieved);
    tcase_add_test(tcase, no_mix_of_a_grid_is_cheaper);
    tcase_add_test(tcase, what_does_not_suffice_together_says_so);
    tcase_add_test(tcase, the_exact_amount_is_enough_and_a_unit_less_is_not);
    tcase_add_test(tcase, the_exact_amount_is_found_from_any_estimate);
    suite_add_tcase(suite, tcase);
    return suite;
}
