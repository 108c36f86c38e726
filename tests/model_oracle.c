/* Section 10 of the risk model: the oracle guard. */
#include <stdio.h>

#include "risk/elementary.h"
#include "risk/manipulation.h"
#include "risk/market_memory.h"
#include "risk/oracle.h"
#include "risk/statistic.h"
#include "tests/model.h"
#include "tests/reading.h"
#include "tests/venues.h"

#define NOW_US INT64_C(1700000000000000)

/* What a source says, and how long ago. */
struct said { const char *source, *price, *confidence; int64_t age_s; };

static const struct said liar[] = {
    { "a", "2000", "1", 2 }, { "b", "2003", "0.5", 5 }, { "c", "1998", "2", 1 },
    { "d", "2300", "0.000001", 3 }, { "e", "2001", "1", 200 },
};
static const struct said pair[] = { { "a", "100", "1", 0 }, { "b", "102", "1", 0 } };
static const struct said three[] = {
    { "a", "100", "1", 0 }, { "b", "101", "1", 0 }, { "c", "102", "1", 0 },
};
static const struct said four[] = {
    { "a", "100", "1", 0 }, { "b", "102", "1", 40 }, { "c", "103", "1", 0 }, { "d", "104", "3", 0 },
};

/* Volatility 0.8, at most 60 s old, confidences from 1 bp, none too wide; c is trusted twice. */
static const char settings_text[] =
    "{'age_max_s':60,'confidence_floor_rate':'0.0001','confidence_max_rate':'1',"
    "'sources':{'a':'1','b':'1','c':'2','d':'1','e':'1'}}";

static struct aggregate
aggregate_of(const struct said *said, size_t count, bool is_listed)
{
    struct arena arena;
    struct oracle_settings settings;
    struct source_price reports[SOURCES_MAX];
    struct aggregate aggregate;

    reading_open(&arena, &oracle_settings_record, settings_text, &settings);
    if (!is_listed)
        settings.sources_count = 0;
    for (size_t i = 0; i < count; i++)
        reports[i] = (struct source_price){ said[i].source, number(said[i].price),
                                            number(said[i].confidence),
                                            NOW_US - said[i].age_s * 1000000 };
    oracle_aggregate(&settings, reports, count, 0.8, NOW_US, &aggregate);
    arena_close(&arena);
    return aggregate;
}

#define AGGREGATE(list)        aggregate_of(list, sizeof list / sizeof *list, false)
#define AGGREGATE_LISTED(list) aggregate_of(list, sizeof list / sizeof *list, true)

static double a_median(void)  { return statistic_of(AGGREGATE(liar).price); }
static double a_used(void)    { return (double)AGGREGATE(liar).used_count; }
static double a_weight(void)  { return AGGREGATE(liar).weight; }
static double b_median(void)  { return statistic_of(AGGREGATE(pair).price); }
static double b3_median(void) { return statistic_of(AGGREGATE_LISTED(four).price); }
static double b3_weight(void) { return AGGREGATE_LISTED(four).weight; }
static double b2_median(void) { return statistic_of(AGGREGATE(three).price); }

static const char *
c_median(void)
{
    static const struct said stale[] = { { "a", "100", "1", 61 }, { "b", "0", "1", 0 } };

    return decimal_is_none(AGGREGATE(stale).price) ? "none" : "a price";
}

static double d_bound(void) { return deviation_bound(4, 0.8, 1800, 0, 0); }
static double e_bound(void) { return deviation_bound(3, 0.8, 600, 0, 0); }
static double f_bound(void) { return deviation_bound(4, 1.5, 1800, 0, 0); }

/* 2000 for 600 s, 2010 for 300 s, 1990 for 900 s. */
static double
g_arithmetic(void)
{
    static const struct held_number held[] = { { 2000, 600 }, { 2010, 300 }, { 1990, 900 } };

    return time_weighted_mean(held, 3);
}

static double
g_geometric(void)
{
    const struct held_number held[] = {
        { real_log(2000), 600 }, { real_log(2010), 300 }, { real_log(1990), 900 },
    };

    return real_exp(time_weighted_mean(held, 3));
}

static double g_deviation(void) { return real_log(2050 / g_geometric()); }

static const struct twap_pool arithmetic = { 1e7, 0, 150, TWAP_ARITHMETIC };
static const struct twap_pool geometric  = { 1e7, 0, 150, TWAP_GEOMETRIC };

#define LEAST(name, pool, shift) \
    static double name##_cost(void)   { return twap_cheapest_attack(&pool, shift).cost; } \
    static double name##_blocks(void) { return (double)twap_cheapest_attack(&pool, shift).blocks; }
LEAST(h_arithmetic, arithmetic, 0.05)
LEAST(h_geometric, geometric, 0.05)
LEAST(i_arithmetic, arithmetic, 0.5)
LEAST(i_geometric, geometric, 0.5)
LEAST(j_arithmetic, arithmetic, 2)
LEAST(j_geometric, geometric, 2)

static double h_one(void) { return twap_push_cost(&arithmetic, 0.05, 1); }
static double h_all(void) { return twap_push_cost(&arithmetic, 0.05, 150); }
static double i_one(void) { return twap_push_cost(&arithmetic, 0.5, 1); }
static double i_all(void) { return twap_push_cost(&arithmetic, 0.5, 150); }
static double j_one(void) { return twap_push_cost(&arithmetic, 2, 1); }
static double j_all(void) { return twap_push_cost(&arithmetic, 2, 150); }

static double k_cost(void)    { return pool_push_cost(1e7, 0.003, real_log(1.5)); }
static double k_capital(void) { return pool_push_capital(1e7, 0.003, real_log(1.5)); }
static double l_half(void)    { return flash_round_trip_cost(1e7, 0.003, real_log(1.5)); }
static double l_tenth(void)   { return flash_round_trip_cost(1e7, 0.003, real_log(1.1)); }
static double l_double(void)  { return flash_round_trip_cost(1e7, 0.003, real_log(2)); }

const struct model_case oracle_cases[] = {
    { "10.a.median", a_median, 0, NULL },
    { "10.a.used", a_used, 0, NULL },
    { "10.a.W", a_weight, 0, NULL },
    { "10.b.median", b_median, 0, NULL },
    { "10.b3.median", b3_median, 0, NULL },
    { "10.b3.W", b3_weight, 0, NULL },
    { "10.b2.median", b2_median, 0, NULL },
    { "10.c.median", NULL, 0, c_median },
    { "10.d.bound", d_bound, 0, NULL },
    { "10.e.bound", e_bound, 0, NULL },
    { "10.f.bound", f_bound, 0, NULL },
    { "10.g.gtwap", g_geometric, 0, NULL },
    { "10.g.atwap", g_arithmetic, 0, NULL },
    { "10.g.dev_2050", g_deviation, 0, NULL },
    { "10.h.arith_min", h_arithmetic_cost, 0, NULL },
    { "10.h.arith_m", h_arithmetic_blocks, 0, NULL },
    { "10.h.arith_m1", h_one, 0, NULL },
    { "10.h.arith_mN", h_all, 0, NULL },
    { "10.h.geom_min", h_geometric_cost, 0, NULL },
    { "10.h.geom_m", h_geometric_blocks, 0, NULL },
    { "10.i.arith_min", i_arithmetic_cost, 0, NULL },
    { "10.i.arith_m", i_arithmetic_blocks, 0, NULL },
    { "10.i.arith_m1", i_one, 0, NULL },
    { "10.i.arith_mN", i_all, 0, NULL },
    { "10.i.geom_min", i_geometric_cost, 0, NULL },
    { "10.i.geom_m", i_geometric_blocks, 0, NULL },
    { "10.j.arith_min", j_arithmetic_cost, 0, NULL },
    { "10.j.arith_m", j_arithmetic_blocks, 0, NULL },
    { "10.j.arith_m1", j_one, 0, NULL },
    { "10.j.arith_mN", j_all, 0, NULL },
    { "10.j.geom_min", j_geometric_cost, 0, NULL },
    { "10.j.geom_m", j_geometric_blocks, 0, NULL },
    { "10.k.c1_fee", k_cost, 0, NULL },
    { "10.k.capital", k_capital, 0, NULL },
    { "10.l.flash_roundtrip", l_half, 0, NULL },
    { "10.l.flash_a1.1", l_tenth, 0, NULL },
    { "10.l.flash_a2", l_double, 0, NULL },
};
const size_t oracle_cases_count = sizeof oracle_cases / sizeof *oracle_cases;
