/* risk/manipulation: costs against trades made one by one, depth that counts and depth that does
 * not, and what must always hold. The worked numbers are in model_oracle.c. */
#include "risk/manipulation.h"

#include "risk/elementary.h"
#include "risk/statistic.h"
#include "tests/near.h"
#include "tests/suite.h"
#include "tests/venues.h"

#define LENGTH(list) ((int)(sizeof(list) / sizeof *(list)))

static const double fees[]   = { 0, 1e-4, 0.003, 0.05, 0.5 };
static const double pushes[] = { 1e-6, 1e-3, 0.05, 0.4, 1, 5, 50 };

/* Reserves X = 1, Y (price Y): bought with the fee until the reserves stand at the pushed price,
 * and valued at the old one. */
START_TEST(cost_is_what_was_paid_above_the_fair_price)
{
    for (int i = 2; i < LENGTH(pushes) - 1; i++)
        for (int f = 0; f < LENGTH(fees); f++) {
            double quote = 3000;
            double after = quote * real_exp(pushes[i] / 2);
            double paid = (after - quote) / (1 - fees[f]);
            double bought = 1 - quote / after;
            ck_assert_near(pool_push_cost(quote, fees[f], pushes[i]), paid - bought * quote, 1e-9);
            ck_assert_near(pool_push_capital(quote, fees[f], pushes[i]), paid, 1e-12);
        }
}
END_TEST

/* For a small push x without fees: Y x^2 / 4, to all digits. */
START_TEST(small_push_loses_no_digits)
{
    for (double push = 1e-9; push < 1e-6; push *= 10)
        ck_assert_near(pool_push_cost(1e7, 0, push), 1e7 * push * push / 4, 1e-6);
}
END_TEST

START_TEST(cost_grows_with_depth_push_and_fee)
{
    for (int i = 0; i < LENGTH(pushes); i++)
        for (int f = 0; f < LENGTH(fees); f++) {
            double cost = pool_push_cost(1e7, fees[f], pushes[i]);
            double capital = pool_push_capital(1e7, fees[f], pushes[i]);
            ck_assert(cost > 0);
            ck_assert(capital > cost);
            ck_assert(cost == pool_push_cost(1e7, fees[f], -pushes[i]));
            ck_assert_near(pool_push_cost(2e7, fees[f], pushes[i]), 2 * cost, 1e-15);
            if (i > 0)
                ck_assert(cost > pool_push_cost(1e7, fees[f], pushes[i - 1]));
            if (f > 0)
                ck_assert(cost > pool_push_cost(1e7, fees[f - 1], pushes[i]));
        }
    ck_assert(pool_push_cost(1e7, 0.003, 0) == 0);
}
END_TEST

/* Pushed and pushed back in a pool that keeps its fees outside: what is left is the fees. Without
 * fees a flash loan moves a pool for nothing. */
START_TEST(flash_loan_costs_fees_alone)
{
    for (int i = 2; i < LENGTH(pushes) - 1; i++)
        for (int f = 0; f < LENGTH(fees); f++) {
            double g = 1 - fees[f];
            double quote = 3000;
            double after = quote * real_exp(pushes[i] / 2);
            double bought = 1 - quote / after;
            double back = after - quote / (1 - bought + g * bought);
            double lost = (after - quote) / g - back;
            double ours = flash_round_trip_cost(quote, fees[f], pushes[i]);
            ck_assert(real_abs(ours - lost) <= 1e-9 * after);
            ck_assert(fees[f] > 0 ? ours > 0 : ours == 0);
        }
}
END_TEST

/* All numbers of blocks at once against the least one found, down to where a mean cannot go. */
START_TEST(cheapest_attack_is_the_least_of_all)
{
    static const double shifts[] = { -0.9, -0.5, -0.05, 0.01, 0.3, 3, 20 };

    for (int i = 0; i < LENGTH(shifts); i++)
        for (int f = 0; f < LENGTH(fees); f++)
            for (int mean = TWAP_ARITHMETIC; mean <= TWAP_GEOMETRIC; mean++) {
                struct twap_pool pool = { 1e7, fees[f], 120, (enum twap_mean)mean };
                struct twap_attack best = twap_cheapest_attack(&pool, shifts[i]);
                double deeper = 0;
                ck_assert(best.cost > 0);
                ck_assert(best.cost < REAL_INFINITY);
                for (int64_t m = 1; m <= 120; m++)
                    ck_assert(twap_push_cost(&pool, shifts[i], m) >= best.cost);
                ck_assert(twap_push_cost(&pool, shifts[i], best.blocks) == best.cost);
                pool.quote_reserve *= 3;
                deeper = twap_cheapest_attack(&pool, shifts[i]).cost;
                ck_assert(deeper > best.cost);
            }
    /* -0.5 of 120 blocks' mean within 60 of them or fewer would be a price of 0 or less. */
    ck_assert(twap_push_cost(&(struct twap_pool){ 1, 0, 120, TWAP_ARITHMETIC }, -0.5, 60) ==
              REAL_INFINITY);
    ck_assert(twap_push_cost(&(struct twap_pool){ 1, 0, 120, TWAP_ARITHMETIC }, -0.5, 61) <
              REAL_INFINITY);
}
END_TEST

static struct depth_push
push_of(const char *venues, const char *price, double log_push)
{
    struct market market;
    struct depth_push push;

    market_open(&market, venues);
    push = depth_push_cost(market.depth, number(price), log_push);
    market_close(&market);
    return push;
}

#define CP(name, base, quote) \
    "{'venue':'" name "','kind':'constant_product','fee_rate':'0.003','base':'" base \
    "','quote':'" quote "'}"
#define BOOK(name, far_asks, far_bids) \
    "{'venue':'" name "','kind':'book','fee_rate':'0.001'," \
    "'bids':[['99','10'],['98','20']" far_bids "],'asks':[['101','10'],['102','20']" far_asks "]}"
#define DESK "{'venue':'desk','kind':'quoted','notional':'1000000000','slippage_rate':'0.01'}"

#define UP   0.02955880224154443   /* ln 1.03: to 103 */
#define DOWN (-0.030459207484708546)   /* ln 0.97: to 97 */

/* By hand: 10 * (101 * 1.001 - 100) + 20 * (102 * 1.001 - 100) = 11.01 + 42.04;
 * 10 * (100 - 99 * 0.999) + 20 * (100 - 98 * 0.999) = 10.99 + 41.96. */
START_TEST(book_costs_its_levels_within_the_push)
{
    ck_assert_near(push_of("[" BOOK("b", "", "") "]", "100", UP).cost, 53.05, 1e-12);
    ck_assert_near(push_of("[" BOOK("b", "", "") "]", "100", DOWN).cost, 52.95, 1e-12);
    ck_assert_near(push_of("[" BOOK("b", "", "") "]", "100", UP).capital, 3053.05, 1e-12);
    ck_assert_near(push_of("[" BOOK("b", "", "") "]", "100", DOWN).capital, 3000, 1e-12);
    ck_assert_near(push_of("[" BOOK("b", "", "") "]", "100", UP / 2).cost, 11.01, 1e-12);
}
END_TEST

/* One giant level at the end of a push, or past it, need not be traded: it adds nothing. */
START_TEST(giant_far_level_counts_for_nothing)
{
    static const char *const books[] = {
        "[" BOOK("b", ",['103.1','1000000']", ",['96.9','1000000']") "]",
        "[" BOOK("b", ",['500','100000000000']", ",['1','100000000000']") "]",
    };

    for (int i = 0; i < LENGTH(books); i++) {
        ck_assert(push_of(books[i], "100", UP).cost ==
                  push_of("[" BOOK("b", "", "") "]", "100", UP).cost);
        ck_assert(push_of(books[i], "100", DOWN).cost ==
                  push_of("[" BOOK("b", "", "") "]", "100", DOWN).cost);
        /* It is there: a push through it pays for it. */
        ck_assert(push_of(books[i], "100", 3).cost > 1e6);
    }
}
END_TEST

/* A level better than the fair price is nobody's cost; a side without levels costs nothing. */
START_TEST(stale_and_empty_books_cost_nothing)
{
    struct depth_push push;

    ck_assert(push_of("[" BOOK("b", "", "") "]", "110", UP).cost == 0);
    push = push_of("[{'venue':'b','kind':'book','fee_rate':'0','bids':[['99','10']]}]", "100", UP);
    ck_assert(push.cost == 0);
    ck_assert_uint_eq(push.venues_count, 1);
}
END_TEST

START_TEST(pools_cost_what_their_formula_says)
{
    struct depth_push pool = push_of("[" CP("p", "1000", "100000") "]", "100", UP);
    struct depth_push other = push_of("[" CP("p", "500", "200000") "]", "100", UP);
    struct depth_push range = push_of(
        "[{'venue':'v','kind':'concentrated','fee_rate':'0.003','price':'100','ranges':["
        "{'lower':'50','upper':'100.5','liquidity':'10000'},"
        "{'lower':'100.5','upper':'200','liquidity':'10000'}]}]", "100", UP);

    ck_assert_near(pool.cost, pool_push_cost(100000, 0.003, UP), 1e-12);
    ck_assert_near(pool.capital, pool_push_capital(100000, 0.003, UP), 1e-12);
    /* The same constant at another price: centred at the fair one. */
    ck_assert_near(other.cost, pool.cost, 1e-12);
    /* L = sqrt(1000 * 100000), in two ranges that meet. */
    ck_assert_near(range.cost, pool.cost, 1e-10);
    ck_assert_near(range.capital, pool.capital, 1e-10);
    ck_assert_near(push_of("[{'venue':'v','kind':'concentrated','fee_rate':'0.003','price':'100',"
                           "'ranges':[{'lower':'50','upper':'200','liquidity':'10000'}]}]",
                           "100", DOWN).cost,
                   pool_push_cost(100000, 0.003, DOWN), 1e-10);
}
END_TEST

/* A gap in a pool's ranges is crossed for nothing. */
START_TEST(gaps_are_free)
{
    static const char gap[] =
        "[{'venue':'v','kind':'concentrated','fee_rate':'0.003','price':'100','ranges':["
        "{'lower':'90','upper':'101','liquidity':'10000'},"
        "{'lower':'150','upper':'200','liquidity':'10000'}]}]";

    ck_assert(push_of(gap, "100", 0.02).cost == push_of(gap, "100", 0.4).cost);
    ck_assert(push_of(gap, "100", 0.5).cost > push_of(gap, "100", 0.4).cost);
}
END_TEST

/* More than half of the venues have to move, the cheapest first; desks are not asked. */
START_TEST(cheapest_majority_pays)
{
    double one = pool_push_cost(1e5, 0.003, UP);

    ck_assert_near(push_of("[" CP("a", "1000", "100000") "," CP("b", "2000", "200000") "]", "100",
                           UP).cost, 3 * one, 1e-12);
    ck_assert_near(push_of("[" CP("c", "4000", "400000") "," CP("a", "1000", "100000") ","
                           CP("b", "2000", "200000") "]", "100", UP).cost, 3 * one, 1e-12);
    ck_assert_near(push_of("[" DESK "," CP("a", "1000", "100000") "]", "100", UP).cost, one,
                   1e-12);
    ck_assert_uint_eq(push_of("[" DESK "]", "100", UP).venues_count, 0);
    ck_assert_uint_eq(depth_push_cost(NULL, decimal_one, UP).venues_count, 0);
}
END_TEST

/* The same venues in any order, to the bit. */
START_TEST(order_of_venues_does_not_matter)
{
    struct depth_push before = push_of("[" BOOK("b", "", "") "," CP("a", "777", "77777") ","
                                       CP("c", "1000", "333333") "]", "100", UP);
    struct depth_push after = push_of("[" CP("c", "1000", "333333") "," CP("a", "777", "77777") ","
                                      BOOK("b", "", "") "]", "100", UP);

    ck_assert(before.cost == after.cost);
    ck_assert(before.capital == after.capital);
}
END_TEST

START_TEST(cost_grows_with_the_push)
{
    static const char venues[] = "[" BOOK("b", ",['130','50']", ",['60','50']") ","
                                 CP("a", "777", "77777") "," DESK "]";

    for (int sign = -1; sign <= 1; sign += 2) {
        double before = 0;
        for (double push = 0.001; push < 2; push *= 1.2) {
            double cost = push_of(venues, "100", sign * push).cost;
            ck_assert(cost > before);
            before = cost;
        }
    }
    ck_assert(push_of(venues, "100", 0).cost == 0);
    ck_assert(push_of(venues, "100", 100).cost < REAL_INFINITY);
    ck_assert(push_of(venues, "100", -100).cost < REAL_INFINITY);
}
END_TEST

Suite *
manipulation_suite(void)
{
    Suite *suite = suite_create("manipulation");
    TCase *cases = tcase_create("manipulation");

    tcase_add_test(cases, cost_is_what_was_paid_above_the_fair_price);
    tcase_add_test(cases, small_push_loses_no_digits);
    tcase_add_test(cases, cost_grows_with_depth_push_and_fee);
    tcase_add_test(cases, flash_loan_costs_fees_alone);
    tcase_add_test(cases, cheapest_attack_is_the_least_of_all);
    tcase_add_test(cases, book_costs_its_levels_within_the_push);
    tcase_add_test(cases, giant_far_level_counts_for_nothing);
    tcase_add_test(cases, stale_and_empty_books_cost_nothing);
    tcase_add_test(cases, pools_cost_what_their_formula_says);
    tcase_add_test(cases, gaps_are_free);
    tcase_add_test(cases, cheapest_majority_pays);
    tcase_add_test(cases, order_of_venues_does_not_matter);
    tcase_add_test(cases, cost_grows_with_the_push);
    suite_add_tcase(suite, cases);
    return suite;
}
