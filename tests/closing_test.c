/* Prices through the depth: against the closed form, and what must always hold. */
#include "risk/closing.h"

#include <math.h>
#include <string.h>

#include "risk/shock.h"
#include "risk/statistic.h"
#include "tests/near.h"
#include "tests/suite.h"
#include "tests/venues.h"

#define POOL \
    "{'venue':'cp','kind':'constant_product','fee_rate':'0.003','base':'1000','quote':'2000000'}"
#define BOOK \
    "{'venue':'b','kind':'book','fee_rate':'0.001','bids':[['1990','50'],['1950','200']]," \
    "'asks':[['2010','50'],['2050','200']]}"
#define RANGE \
    "{'venue':'v3','kind':'concentrated','fee_rate':'0.0005','price':'2000'," \
    "'ranges':[{'lower':'1500','upper':'2500','liquidity':'20000'}]}"

static struct decimal
price_through(const char *venues, enum depth_side side, const char *scale, const char *quantity,
              const char *obligation, enum reason *reason)
{
    struct market market;
    struct depth depth;
    struct closing closing;
    struct decimal price;

    market_open(&market, venues);
    depth = depth_at(&market, side, "2000");
    depth.scale = number(scale);
    closing = (struct closing){ &depth, number(quantity), number(obligation), number("0.0005"),
                                number("0.01") };
    *reason = closing_price(&closing, number("0.01"), &price);
    market_close(&market);
    return price;
}

START_TEST(a_pool_alone_has_the_closed_form)
{
    static const struct {
        const char *quantity, *obligation;
    } rows[] = {
        { "0.001", "1" },     { "1", "1900" },     { "100", "157520" }, { "500", "787520" },
        { "4000", "900000" }, { "100", "400000" }, { "0.5", "10" },
    };
    struct market market;
    struct depth depth;

    market_open(&market, "[" POOL "]");
    depth = depth_at(&market, DEPTH_SELL, "2000");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct closing closing = { &depth, number(rows[i].quantity), number(rows[i].obligation),
                                   decimal_zero, decimal_zero };
        double expected = closing_price_of_pool(statistic_of(closing.quantity),
                                                  statistic_of(closing.obligation), 2e9, 0.003);
        struct decimal price;
        ck_assert_int_eq(closing_price(&closing, decimal_unit, &price), REASON_NONE);
        ck_assert_near(statistic_of(price), expected, 1e-10);
    }
    market_close(&market);
}
END_TEST

static const struct {
    const char *venues, *quantity, *obligation;
    enum depth_side side;
    enum reason reason;
} rows[] = {
    { "[" BOOK "]", "100", "180000", DEPTH_SELL, REASON_NONE },
    { "[" BOOK "]", "100", "210000", DEPTH_BUY, REASON_NONE },
    { "[" BOOK "," POOL "]", "300", "500000", DEPTH_SELL, REASON_NONE },
    { "[" BOOK "," POOL "]", "300", "700000", DEPTH_BUY, REASON_NONE },
    { "[" BOOK "," POOL "," RANGE "]", "300", "500000", DEPTH_SELL, REASON_NONE },
    { "[" BOOK "]", "251", "180000", DEPTH_SELL, REASON_DEPTH_EXHAUSTED },
    { "[" BOOK "]", "100", "0", DEPTH_SELL, REASON_NEVER },
    { "[" BOOK "]", "100", "-5", DEPTH_SELL, REASON_NEVER },
};

START_TEST(where_there_is_no_price_it_says_why)
{
    enum reason reason;
    struct decimal price = price_through(rows[_i].venues, rows[_i].side, "1", rows[_i].quantity,
                                         rows[_i].obligation, &reason);

    ck_assert_int_eq(reason, rows[_i].reason);
    ck_assert_int_eq(decimal_is_none(price), reason != REASON_NONE);
}
END_TEST

START_TEST(a_penalty_of_the_whole_has_no_price)
{
    struct market market;
    struct depth depth;
    struct closing closing;
    struct decimal price;

    market_open(&market, "[" BOOK "]");
    depth = depth_at(&market, DEPTH_SELL, "2000");
    closing =
        (struct closing){ &depth, number("10"), number("100"), decimal_zero, number("0.995") };
    ck_assert_int_eq(closing_price(&closing, decimal_unit, &price), REASON_PENALTY_EXCEEDS_VALUE);
    depth.venues_count = 0;
    ck_assert_int_eq(closing_price(&closing, decimal_unit, &price), REASON_NO_DEPTH);
    market_close(&market);
}
END_TEST

/* At the price the closing covers the obligation exactly; one tick on the other side it does not.
 */
START_TEST(a_tick_further_no_longer_covers)
{
    int sign = rows[_i].side == DEPTH_SELL ? 1 : -1;
    enum reason reason;
    struct decimal price = price_through(rows[_i].venues, rows[_i].side, "1", rows[_i].quantity,
                                         rows[_i].obligation, &reason);
    struct market market;

    if (reason != REASON_NONE)
        return;
    market_open(&market, rows[_i].venues);
    for (int ticks = 0; ticks <= 1; ticks++) {
        struct depth depth = depth_at(&market, rows[_i].side, "2000");
        struct walk walk;
        double left;
        depth.reference.units = price.units - sign * ticks * (DECIMAL_ONE_UNITS / 100);
        walk = walk_of(&depth, rows[_i].quantity);
        left = statistic_of(walk.proceeds) * (1 - sign * 0.0005) -
               sign * 0.01 * statistic_of(walk.filled) * statistic_of(depth.reference) -
               statistic_of(number(rows[_i].obligation));
        ck_assert_msg((left * sign >= 0) == (ticks == 0), "%d ticks: %.9g is left", ticks, left);
    }
    market_close(&market);
}
END_TEST

/* Thinner depth moves a long's price up and a short's down. */
START_TEST(less_depth_is_nearer)
{
    static const char *const scales[] = { "5", "1.2", "1", "0.95" };
    int sign = rows[_i].side == DEPTH_SELL ? 1 : -1;
    struct decimal before = { 0 };

    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        enum reason reason;
        struct decimal price = price_through(rows[_i].venues, rows[_i].side, scales[i],
                                             rows[_i].quantity, rows[_i].obligation, &reason);
        if (reason != REASON_NONE)
            return;
        ck_assert(i == 0 || decimal_compare(price, before) * sign >= 0);
        before = price;
    }
}
END_TEST

START_TEST(the_maintenance_that_is_needed_adds_up)
{
    const struct maintenance_need need = { 0.012, 0.0005, 0.01, 0.004, 0.001 };

    ck_assert_near(maintenance_needed(&need), 1 - 0.988 * 0.9995 + 0.015, 1e-15);
}
END_TEST

/* value, beta twice; constant; the direction; where the balance turns. */
static const struct {
    struct shock_leg legs[2];
    double constant;
    int direction;
    bool turns;
    double linear, logarithmic;
} shocks[] = {
    { { { 100, 1 }, { -50, 0 } }, 0, -1, true, -0.5, -0.6931471805599453 },
    { { { 100, 2 }, { -50, 0 } }, 0, -1, true, -0.25, -0.34657359027997264 },
    { { { 100, 1 }, { -50, 0 } }, 0, 1, false, 0, 0 },
    { { { -100, 1 }, { 150, 0 } }, 0, 1, true, 0.5, 0.4054651081081644 },
    { { { 100, 1 }, { 0, 0 } }, 10, -1, false, 0, 0 },
    { { { 100, 1 }, { -120, 0 } }, 0, -1, true, 0, 0 },
};

START_TEST(a_shock_turns_the_balance)
{
    struct shock shock = { shocks[_i].legs, 2, shocks[_i].constant };
    double linear;
    double logarithmic;

    ck_assert_int_eq(shock_linear(&shock, shocks[_i].direction, &linear), shocks[_i].turns);
    ck_assert_int_eq(shock_logarithmic(&shock, shocks[_i].direction, &logarithmic),
                     shocks[_i].turns);
    if (shocks[_i].turns) {
        ck_assert(fabs(linear - shocks[_i].linear) < 1e-12);
        ck_assert(fabs(logarithmic - shocks[_i].logarithmic) < 1e-12);
    }
}
END_TEST

/* Past -1/2 the second leg is worth nothing and only the first falls on: 100(1 + x) = 30. */
START_TEST(a_leg_that_is_worth_nothing_stays_there)
{
    const struct shock_leg legs[] = { { 100, 1 }, { 40, 2 } };
    struct shock shock = { legs, 2, -30 };
    double x;

    ck_assert(shock_linear(&shock, -1, &x));
    ck_assert_near(x, -0.7, 1e-14);
}
END_TEST

Suite *
closing_suite(void)
{
    Suite *suite = suite_create("closing");
    TCase *tcase = tcase_create("closing");

    tcase_add_test(tcase, a_pool_alone_has_the_closed_form);
    tcase_add_loop_test(tcase, where_there_is_no_price_it_says_why, 0, sizeof rows / sizeof *rows);
    tcase_add_test(tcase, a_penalty_of_the_whole_has_no_price);
    tcase_add_loop_test(tcase, a_tick_further_no_longer_covers, 0, sizeof rows / sizeof *rows);
    tcase_add_loop_test(tcase, less_depth_is_nearer, 0, sizeof rows / sizeof *rows);
    tcase_add_test(tcase, the_maintenance_that_is_needed_adds_up);
    tcase_add_loop_test(tcase, a_shock_turns_the_balance, 0, sizeof shocks / sizeof *shocks);
    tcase_add_test(tcase, a_leg_that_is_worth_nothing_stays_there);
    suite_add_tcase(suite, tcase);
    return suite;
}
