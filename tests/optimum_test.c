/* The optimal penalty: its limits and directions, its cost by another road, its bounds and parts.
 */
#include "risk/optimum.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "risk/statistic.h"
#include "tests/near.h"
#include "tests/suite.h"
#include "tests/venues.h"

#define SECONDS_IN_YEAR 31536000.0

/* The model's case a without its depth. */
static struct penalty_terms
usual_terms(const struct depth *depth)
{
    return (struct penalty_terms){
        .depth = depth,
        .debt = 1e5,
        .hurdle_rate = 0.0005,
        .volatility = 0.8,
        .execution_years = 60 / SECONDS_IN_YEAR,
        .latency_years = 600 / SECONDS_IN_YEAR,
        .ltv = 0.97,
        .equity_weight = 0.05,
        .bad_debt_weight = 1,
    };
}

#define POOL(fee, base, quote) \
    "{'venue':'cp','kind':'constant_product','fee_rate':'" fee "','base':'" base \
    "','quote':'" quote "'}"
#define BOOK \
    "{'venue':'book','kind':'book','fee_rate':'0.0005'," \
    "'bids':[['99.9','300'],['99.5','400'],['99','700'],['97','1500'],['90','9000']]}"

static const char *const depths[] = {
    "[" POOL("0.003", "50000", "5000000") "]",
    "[" BOOK "]",
    "[" BOOK "," POOL("0.003", "20000", "2000000") "]",
    "[" V3_5 "," BOOK "," POOL("0.01", "5000", "500000") "]",
};
enum { DEPTHS_COUNT = sizeof depths / sizeof *depths };

static double
rate_of(const struct penalty_terms *terms)
{
    struct optimum optimum;

    penalty_optimum(terms, &optimum);
    ck_assert(optimum.rate >= -0.5);
    ck_assert(optimum.rate <= PENALTY_RATE_MOST);
    ck_assert_near(optimum.hurdle + optimum.gas + optimum.volatility + optimum.fee +
                       optimum.slippage + optimum.bad_debt - optimum.rate + 1,
                   1, 1e-12);
    return optimum.rate;
}

/* A term that is moved in the direction in which the optimum must not fall. */
struct mover {
    const char *name;
    void (*move)(struct penalty_terms *terms, double factor);
};

/* Volatility moves both ends: with bad debt weighed it may also lower the optimum. */
static void
more_volatility(struct penalty_terms *terms, double factor)
{
    terms->volatility *= factor;
    terms->bad_debt_weight = 0;
}

static void
more_time(struct penalty_terms *terms, double factor)
{
    terms->execution_years *= factor;
}
static void
more_hurdle(struct penalty_terms *terms, double factor)
{
    terms->hurdle_rate *= factor;
}
static void
more_gas(struct penalty_terms *terms, double factor)
{
    terms->gas += 100 * (factor - 1);
}
static void
less_equity_weight(struct penalty_terms *terms, double factor)
{
    terms->equity_weight /= factor;
}
static void
less_bad_debt(struct penalty_terms *terms, double factor)
{
    terms->bad_debt_weight /= factor;
}
static void
more_debt(struct penalty_terms *terms, double factor)
{
    terms->debt *= factor;
}

static const struct mover movers[] = {
    { "volatility", more_volatility },
    { "time", more_time },
    { "hurdle", more_hurdle },
    { "gas", more_gas },
    { "weight", less_equity_weight },
    { "bad debt", less_bad_debt },
    { "debt", more_debt },
};

START_TEST(the_optimum_moves_the_right_way)
{
    static const double factors[] = { 1, 1.001, 1.1, 2, 5, 30 };
    static const double weights[] = { 0.01, 0.05, 0.3 };
    size_t risen_count = 0;

    for (size_t m = 0; m < DEPTHS_COUNT; m++)
        for (size_t w = 0; w < sizeof weights / sizeof *weights; w++) {
            struct market market;
            struct depth depth;
            double before = -1;
            market_open(&market, depths[m]);
            depth = depth_at(&market, DEPTH_SELL, "100");
            for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
                struct penalty_terms terms = usual_terms(&depth);
                double rate;
                terms.equity_weight = weights[w];
                movers[_i].move(&terms, factors[i]);
                rate = rate_of(&terms);
                ck_assert_msg(rate >= before - 1e-13, "%s: %.17g after %.17g", movers[_i].name,
                              rate, before);
                risen_count += i > 0 && rate > before;
                before = rate;
            }
            market_close(&market);
        }
    ck_assert_uint_gt(risen_count, 0);
}
END_TEST

/* A deeper market and a smaller fee never raise it. */
START_TEST(depth_lowers_it_and_a_fee_raises_it)
{
    static const char *const scales[] = { "0.4", "0.8", "1", "1.2", "5", "1000" };
    static const char *const fees[] = {
        "[" POOL("0", "50000", "5000000") "]",
        "[" POOL("0.0005", "50000", "5000000") "]",
        "[" POOL("0.003", "50000", "5000000") "]",
        "[" POOL("0.05", "50000", "5000000") "]",
    };
    double before = -1;

    for (size_t m = 0; m < DEPTHS_COUNT; m++) {
        struct market market;
        double last = PENALTY_RATE_MOST;
        market_open(&market, depths[m]);
        for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
            struct depth depth = depth_at(&market, DEPTH_SELL, "100");
            struct penalty_terms terms = usual_terms(&depth);
            double rate;
            depth.scale = number(scales[i]);
            rate = rate_of(&terms);
            ck_assert(rate <= last + 1e-13);
            last = rate;
        }
        market_close(&market);
    }
    for (size_t i = 0; i < sizeof fees / sizeof *fees; i++) {
        struct market market;
        struct depth depth;
        struct penalty_terms terms;
        double rate;
        market_open(&market, fees[i]);
        depth = depth_at(&market, DEPTH_SELL, "100");
        terms = usual_terms(&depth);
        rate = rate_of(&terms);
        ck_assert(rate > before);
        before = rate;
        market_close(&market);
    }
}
END_TEST

/* Neither side of the optimum costs less. */
START_TEST(the_optimum_costs_least)
{
    static const double steps[] = { 1e-5, 1e-4, 1e-3, 1e-2 };
    static const double bad_debt_weights[] = { 0, 1, 20 };

    for (size_t m = 0; m < DEPTHS_COUNT; m++)
        for (size_t b = 0; b < 3; b++) {
            struct market market;
            struct depth depth;
            struct penalty_terms terms;
            double rate;
            double cost;
            market_open(&market, depths[m]);
            depth = depth_at(&market, DEPTH_SELL, "100");
            terms = usual_terms(&depth);
            terms.bad_debt_weight = bad_debt_weights[b];
            terms.debt = 3e4;
            rate = rate_of(&terms);
            cost = penalty_cost(&terms, rate);
            for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
                ck_assert(penalty_cost(&terms, rate + steps[i]) > cost);
                ck_assert(penalty_cost(&terms, rate - steps[i]) > cost);
            }
            market_close(&market);
        }
}
END_TEST

/* R of a constant product at price 100 and of BOOK, and their inverses by halving: the test's own.
 */
static double
pool_proceeds(double quantity)
{
    return 0.997 * 5e6 * quantity / (5e4 + 0.997 * quantity);
}

static double
book_proceeds(double quantity)
{
    static const double prices[] = { 99.9, 99.5, 99, 97, 90 };
    static const double sizes[] = { 300, 400, 700, 1500, 9000 };
    double proceeds = 0;

    for (size_t i = 0; i < 5; i++) {
        double part = quantity < sizes[i] ? quantity : sizes[i];
        proceeds += 0.9995 * prices[i] * part;
        quantity -= part;
    }
    return proceeds;
}

static double
inverse(double (*proceeds_of)(double), double proceeds, double most)
{
    double low = 0;
    double high = most;

    if (proceeds_of(most) < proceeds)
        return most;
    for (int i = 0; i < 200; i++) {
        double middle = (low + high) / 2;
        *(proceeds_of(middle) < proceeds ? &low : &high) = middle;
    }
    return high;
}

/* E[(min(Y, 2 + L) - 1 - L)+] by the rule of Simpson over z, from where Y passes 1 + L to where it
 * passes 2 + L; beyond, it is 1. */
static double
subsidy_by_simpson(double (*proceeds_of)(double), const struct penalty_terms *terms, double rate)
{
    enum { STEPS = 4800 };
    double s = terms->volatility * sqrt(terms->execution_years);
    double base = terms->debt / 100;
    double needed = terms->debt * (1 + terms->hurdle_rate) * exp(s * s / 2);
    double low = fmax(-12, fmin(12, log(proceeds_of(base * (1 + rate)) / needed) / s));
    double high = fmax(-12, fmin(12, log(proceeds_of(base * (2 + rate)) / needed) / s));
    double sum = 0;

    for (int i = 0; i <= STEPS; i++) {
        double z = low + (high - low) * i / STEPS;
        double sold = inverse(proceeds_of, needed * exp(s * z), base * (2 + rate));
        double weight = i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2;
        sum += weight * (sold / base - 1 - rate) * exp(-z * z / 2);
    }
    return sum * (high - low) / STEPS / 3 / sqrt(2 * acos(-1)) + erfc(high / sqrt(2)) / 2;
}

START_TEST(the_subsidy_is_what_another_quadrature_gives)
{
    static const double rates[] = { 0, 0.01, 0.024, 0.03, 0.1 };
    static const double volatilities[] = { 0.8, 20, 150 };
    static const struct {
        double (*proceeds_of)(double);
        size_t market;
    } rows[] = {
        { pool_proceeds, 0 },
        { book_proceeds, 1 },
    };

    for (size_t m = 0; m < 2; m++)
        for (size_t v = 0; v < 3; v++)
            for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
                struct market market;
                struct depth depth;
                struct penalty_terms terms;
                double expected;
                double ours;
                market_open(&market, depths[rows[m].market]);
                depth = depth_at(&market, DEPTH_SELL, "100");
                terms = usual_terms(&depth);
                terms.volatility = volatilities[v];
                expected = subsidy_by_simpson(rows[m].proceeds_of, &terms, rates[r]);
                ours = penalty_subsidy(&terms, rates[r]);
                ck_assert_msg(fabs(ours - expected) <= 1e-8 * expected + 1e-13,
                              "market %zu, volatility %g, rate %g: %.12g, expected %.12g", m,
                              volatilities[v], rates[r], ours, expected);
                market_close(&market);
            }
}
END_TEST

/* A book of so many levels that they must be thinned: price 100 - 0.001 i, size 3. */
enum { LEVELS = 5000 };

static double
ladder_proceeds(double quantity)
{
    double proceeds = 0;

    for (int i = 0; i < LEVELS && quantity > 0; i++) {
        double part = quantity < 3 ? quantity : 3;
        proceeds += (100 - 0.001 * i) * part;
        quantity -= part;
    }
    return proceeds;
}

static double
phi(double x)
{
    return erfc(-x / sqrt(2)) / 2;
}

/* G from its definition, on the test's own curve. */
static double
condition(const struct penalty_terms *terms, double rate)
{
    double s = terms->volatility * sqrt(terms->execution_years);
    double s_latency = terms->volatility * sqrt(terms->latency_years);
    double needed = log(terms->debt * (1 + terms->hurdle_rate) + terms->gas) + s * s / 2;
    double unmet = phi((needed - log(ladder_proceeds(terms->debt * (1 + rate) / 100))) / s);
    double lost = phi((log((1 + rate) * terms->ltv) + s_latency * s_latency / 2) / s_latency);

    return terms->equity_weight - unmet + terms->bad_debt_weight * lost;
}

START_TEST(it_solves_its_condition_over_many_levels)
{
    static const double debts[] = { 100, 2e4, 3e5, 9e5 };
    static const double bad_debt_weights[] = { 0, 1e-9, 0.01, 1, 30, 900 };
    static const double ltvs[] = { 0.97, 1.3 }; /* the latter: the root is far below */
    struct level *levels = calloc(LEVELS, sizeof *levels);
    struct venue venue = { .kind = VENUE_BOOK, .venue = "a", .bids = levels, .bids_count = LEVELS };
    struct asset_depth found = { "A", &venue, 1 };
    struct depth depth;

    ck_assert_ptr_nonnull(levels);
    for (int i = 0; i < LEVELS; i++)
        levels[i] =
            (struct level){ { (int128)(100000 - i) * (DECIMAL_ONE_UNITS / 1000) }, number("3") };
    depth_open(&depth, &found, DEPTH_SELL, number("100"), decimal_unit, decimal_unit);
    for (size_t i = 0; i < 4 * sizeof debts / sizeof *debts; i++)
        for (size_t b = 0; b < sizeof bad_debt_weights / sizeof *bad_debt_weights; b++) {
            struct penalty_terms terms = usual_terms(&depth);
            double rate;
            terms.debt = debts[i / 4];
            terms.volatility = i / 2 % 2 ? 30 : 0.8;
            terms.ltv = ltvs[i % 2];
            terms.gas = 3;
            terms.bad_debt_weight = bad_debt_weights[b];
            rate = rate_of(&terms);
            ck_assert_msg(condition(&terms, rate - 1e-9) < 0 && condition(&terms, rate + 1e-9) > 0,
                          "debt %g, b %g: rate %.15g, G %g", debts[i / 4], bad_debt_weights[b],
                          rate, condition(&terms, rate));
        }
    free(levels);
}
END_TEST

/* Without volatility or time only the sale decides; at w = 1/2 the median cost does. */
START_TEST(limits_are_limits)
{
    struct market market;
    struct depth depth;
    struct penalty_terms terms;
    struct optimum optimum;
    double sale;

    market_open(&market, depths[0]);
    depth = depth_at(&market, DEPTH_SELL, "100");
    terms = usual_terms(&depth);
    terms.bad_debt_weight = 0;
    sale = 1.0005 / (0.997 * (1 - 1.0005 * 1e5 / 5e6)) - 1;
    terms.volatility = 0;
    ck_assert_near(rate_of(&terms), sale, 1e-12);
    terms.bad_debt_weight = 1;
    ck_assert_near(rate_of(&terms), sale, 1e-9);
    terms.volatility = 0.8;
    terms.execution_years = 0;
    terms.bad_debt_weight = 0;
    ck_assert_near(rate_of(&terms), sale, 1e-12);
    terms.execution_years = 60 / SECONDS_IN_YEAR;
    terms.equity_weight = 0.5;
    terms.debt = 1e5;
    sale = 1.0005 * exp(0.64 * 60 / SECONDS_IN_YEAR / 2);
    ck_assert_near(rate_of(&terms), sale / (0.997 * (1 - sale * 1e5 / 5e6)) - 1, 1e-12);

    terms.debt = 5e6;
    penalty_optimum(&terms, &optimum);
    ck_assert(optimum.is_depth_infeasible);
    ck_assert(optimum.rate == PENALTY_RATE_MOST);
    terms.debt = 4.9e6;
    penalty_optimum(&terms, &optimum);
    ck_assert(!optimum.is_depth_infeasible);
    market_close(&market);

    market_open(&market, depths[1]);
    depth = depth_at(&market, DEPTH_SELL, "100");
    terms = usual_terms(&depth);
    terms.debt = 1.1e6; /* all bids together bring 1,094,022.71 */
    penalty_optimum(&terms, &optimum);
    ck_assert(optimum.is_depth_infeasible);
    ck_assert(optimum.rate < 1); /* as the debt's loss weighs against it */
    market_close(&market);
}
END_TEST

/* With it the optimum is the rate that was asked for, and a little more debt needs more. */
START_TEST(the_largest_slice_is_the_one_whose_optimum_is_the_rate)
{
    static const double rates[] = { 0.005, 0.01, 0.02, 0.05 };
    static const double gases[] = { 0, 20 };
    size_t met_count = 0;

    for (size_t m = 0; m < DEPTHS_COUNT; m++)
        for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)
            for (size_t i = 0; i < 2; i++) {
                struct market market;
                struct depth depth;
                struct penalty_terms terms;
                market_open(&market, depths[m]);
                depth = depth_at(&market, DEPTH_SELL, "100");
                terms = usual_terms(&depth);
                terms.gas = gases[i];
                terms.bad_debt_weight = 0;
                terms.debt = penalty_largest_slice(&terms, rates[r]);
                if (terms.debt > 0) {
                    ck_assert_near(rate_of(&terms), rates[r], 1e-9);
                    terms.debt *= 1.001;
                    ck_assert(rate_of(&terms) > rates[r]);
                    met_count++;
                } else {
                    terms.debt = 1000;
                    ck_assert(rate_of(&terms) > rates[r]);
                }
                market_close(&market);
            }
    ck_assert_uint_gt(met_count, 20);
}
END_TEST

static const struct {
    const char *rate, *unit, *floor, *cap, *ltv; /* ltv NULL: no equity cap */
    const char *expected, *optimal;
    enum penalty_limit limit;
    bool is_short;
} bounds[] = {
    { "0.025899784467", "0.000001", "0.01", "0.15", "0.86", "0.0259", "0.0259", PENALTY_FREE,
      false },
    { "0.0258000000001", "0.0001", "0", "1", NULL, "0.0259", "0.0259", PENALTY_FREE, false },
    { "0.025900000001", "0.000001", "0", "1", NULL, "0.025901", "0.025901", PENALTY_FREE, false },
    { "0.25739651012", "0.000001", "0.01", "0.15", "0.86", "0.15", "0.257397", PENALTY_AT_CAP,
      true },
    { "0.25739651012", "0.000001", "0.01", "0.15", "0.93", "0.075268817204301075", "0.257397",
      PENALTY_AT_EQUITY, true },
    { "0.025899784467", "0.000001", "0.01", "0.15", "1.02", "0", "0.0259", PENALTY_AT_EQUITY,
      true },
    { "0.025899784467", "0.000001", "0.01", "0.15", "1", "0", "0.0259", PENALTY_AT_EQUITY, true },
    { "0.0019995", "0.000001", "0.01", "0.15", "0.86", "0.01", "0.002", PENALTY_AT_FLOOR, false },
    { "0.0019995", "0.000001", "0.01", "0.15", "0.995", "0.005025125628140703", "0.002",
      PENALTY_AT_EQUITY, false },
    { "-0.3000005", "0.000001", "0", "0.15", NULL, "0", "-0.3", PENALTY_AT_FLOOR, false },
    { "10", "0.000001", "0", "1", "0", "1", "10", PENALTY_AT_CAP, true },
};

START_TEST(bounds_hold_in_their_order)
{
    struct penalty rules = {
        .rate_unit = number(bounds[_i].unit),
        .floor_rate = number(bounds[_i].floor),
        .cap_rate = number(bounds[_i].cap),
        .equity_cap = bounds[_i].ltv != NULL,
    };
    struct optimum optimum = { .rate = strtod(bounds[_i].rate, NULL) };
    struct bounded_penalty bounded;

    penalty_bound(&rules, &optimum, bounds[_i].ltv ? number(bounds[_i].ltv) : DECIMAL_NONE,
                  &bounded);
    ck_assert(bounded.rate.units == number(bounds[_i].expected).units);
    ck_assert(bounded.optimal_rate.units == number(bounds[_i].optimal).units);
    ck_assert_int_eq(bounded.limit, bounds[_i].limit);
    ck_assert_int_eq(bounded.is_short, bounds[_i].is_short);
}
END_TEST

START_TEST(without_collateral_there_is_no_equity)
{
    struct penalty rules = { .rate_unit = decimal_unit,
                             .cap_rate = decimal_one,
                             .equity_cap = true };
    struct optimum optimum = { .rate = 0.02 };
    struct bounded_penalty bounded;

    penalty_bound(&rules, &optimum, DECIMAL_NONE, &bounded);
    ck_assert(bounded.rate.units == 0);
    ck_assert_int_eq(bounded.limit, PENALTY_AT_EQUITY);
}
END_TEST

START_TEST(parts_add_up_exactly)
{
    static const double debts[] = { 1, 1e4, 1e5, 9e5, 3e6 };
    static const char *const caps[] = { "0.003", "0.05", "1" };
    static const char *const ltvs[] = { "0.5", "0.9", "0.97", "1.1" };

    for (size_t m = 0; m < DEPTHS_COUNT; m++)
        for (size_t i = 0; i < 5 * 3 * 4; i++) {
            struct market market;
            struct depth depth;
            struct penalty_terms terms;
            struct optimum optimum;
            struct bounded_penalty bounded;
            struct penalty_part parts[PARTS_MAX];
            struct penalty rules = { .rate_unit = number("0.000001"),
                                     .floor_rate = number("0.001"),
                                     .cap_rate = number(caps[i / 5 % 3]),
                                     .equity_cap = true };
            struct decimal sum = decimal_zero;
            size_t count;
            market_open(&market, depths[m]);
            depth = depth_at(&market, DEPTH_SELL, "100");
            terms = usual_terms(&depth);
            terms.debt = debts[i % 5];
            terms.gas = i % 2 ? 2 : 0;
            penalty_optimum(&terms, &optimum);
            penalty_bound(&rules, &optimum, number(ltvs[i / 15]), &bounded);
            count = penalty_parts(&optimum, &bounded, parts);
            ck_assert_uint_le(count, PARTS_MAX);
            for (size_t j = 0; j < count; j++) {
                ck_assert(parts[j].rate.units != 0);
                ck_assert(decimal_add(sum, parts[j].rate, &sum));
            }
            ck_assert(sum.units == bounded.rate.units);
            market_close(&market);
        }
}
END_TEST

/* A sale that only loses a fee: 1 / (1 - f) - 1 of what is needed. */
START_TEST(a_fee_is_told_from_slippage)
{
    static const char venues[] =
        "[{'venue':'a','kind':'book','fee_rate':'0.002','bids':[['100','1000000']]}]";
    struct market market;
    struct depth depth;
    struct penalty_terms terms;
    struct optimum optimum;

    market_open(&market, venues);
    depth = depth_at(&market, DEPTH_SELL, "100");
    terms = usual_terms(&depth);
    terms.gas = 50;
    terms.bad_debt_weight = 0;
    penalty_optimum(&terms, &optimum);
    ck_assert_near(optimum.hurdle, 0.0005, 1e-15);
    ck_assert_near(optimum.gas, 0.0005, 1e-15);
    ck_assert_near(optimum.fee, (1.001 + optimum.volatility) * 0.002 / 0.998, 1e-12);
    ck_assert(fabs(optimum.slippage) < 1e-12);
    ck_assert_near(optimum.proceeds_slippage, 0.002, 1e-10);
    market_close(&market);
}
END_TEST

Suite *
optimum_suite(void)
{
    Suite *suite = suite_create("optimum");
    TCase *tcase = tcase_create("optimum");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, the_optimum_moves_the_right_way, 0, sizeof movers / sizeof *movers);
    tcase_add_test(tcase, depth_lowers_it_and_a_fee_raises_it);
    tcase_add_test(tcase, the_optimum_costs_least);
    tcase_add_test(tcase, the_subsidy_is_what_another_quadrature_gives);
    tcase_add_test(tcase, it_solves_its_condition_over_many_levels);
    tcase_add_test(tcase, limits_are_limits);
    tcase_add_test(tcase, the_largest_slice_is_the_one_whose_optimum_is_the_rate);
    tcase_add_loop_test(tcase, bounds_hold_in_their_order, 0, sizeof bounds / sizeof *bounds);
    tcase_add_test(tcase, without_collateral_there_is_no_equity);
    tcase_add_test(tcase, parts_add_up_exactly);
    tcase_add_test(tcase, a_fee_is_told_from_slippage);
    suite_add_tcase(suite, tcase);
    return suite;
}
