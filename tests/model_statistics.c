/* Sections 2, 4 and 6 of the risk model: liquidity-adjusted loss, latency, first passage and
 * volatility. */
#include "risk/elementary.h"
#include "risk/latency.h"
#include "risk/passage.h"
#include "risk/schedule.h"
#include "risk/volatility.h"
#include "tests/model.h"

#define YEARS(seconds) ((seconds) / SECONDS_PER_YEAR)

/* Section 2: V = 1e6, sigma 0.8, 99 %, no drift; spread 20 bp, deviation 10 bp, factor 3, which
 * is a stressed half-spread of 25 bp; S = 1.5 %. */
#define UNWIND(seconds) (struct unwind){ .position_value = 1e6, .sigma = 0.8, \
    .time_years = YEARS(seconds), .confidence = 0.99, \
    .half_spread_rate = stressed_half_spread(0.002, 0.001, 3), .slippage_rate = 0.015 }

/* k, beta and z as given; Q/ADV = 2e-5 years, sigma 0.8. */
#define Z_99 2.326347874040841
#define PACE(k, beta, z) (struct unwind_pace){ .impact = (k), .volume_years = 2e-5, \
    .impact_exponent = (beta), .risk_weight = (z), .sigma = 0.8 }

static double
optimal_s(struct unwind_pace pace)
{
    return optimal_unwind_years(&pace, 1e-9, 10) * SECONDS_PER_YEAR;
}

static double
optimal_cost(struct unwind_pace pace)
{
    return unwind_cost(&pace, optimal_unwind_years(&pace, 1e-9, 10));
}

/* X, T and lambda as given; eta = 0.02, sigma 1.5, no permanent impact. */
static struct trajectory_cost
trajectory_of(double quantity, double time_years, double risk_aversion)
{
    struct trajectory trajectory = {
        .quantity = quantity, .time_years = time_years, .temporary_impact = 0.02,
        .sigma_price = 1.5, .risk_aversion = risk_aversion,
    };
    return optimal_trajectory(&trajectory);
}

/* Section 4: C = 100, K = 99.5, sigma 0.9, blocks of 12 s. */
static const struct exposure near_trigger = {
    .collateral = 100, .obligation = 99.5, .sigma = 0.9,
};

static struct shortfall
after_blocks(int blocks)
{
    return shortfall_after(&near_trigger, YEARS(blocks * 12.0));
}

static struct shortfall
by_block(double block_s, double inclusion_probability)
{
    return shortfall_by_block(&near_trigger, YEARS(block_s), inclusion_probability);
}

static double
buffer_of(int blocks, double loss_probability)
{
    return loss_buffer(0.9, YEARS(blocks * 12.0), loss_probability);
}

#define MINUTE_RATE (SECONDS_PER_YEAR / 60)

/* Section 6: P = 2000; barrier, drift and sigma as given. `driftless` has no drift of ln P. */
static struct passage
passage_to(double barrier, double drift, double sigma)
{
    return (struct passage){
        .log_distance = real_log(barrier / 2000), .sigma = sigma,
        .log_drift = log_drift_of(drift, sigma),
    };
}

#define WEEK  YEARS(7 * 86400.0)
#define HOUR  YEARS(3600.0)
#define TO_1700    &(struct passage[]){ passage_to(1700, 0, 0.8) }[0]
#define DRIFT_1700 &(struct passage[]){ passage_to(1700, 0.5, 0.8) }[0]
#define LEVEL_1700 &(struct passage[]){ passage_to(1700, 0.32, 0.8) }[0]
#define TO_1980    &(struct passage[]){ passage_to(1980, 0, 1) }[0]
#define TO_1000    &(struct passage[]){ passage_to(1000, -0.3, 0.6) }[0]
#define STEEP      &(struct passage[]){ { -0.5, 0.1, -5 } }[0]

static double
watched_probability(void)
{
    struct passage watched = passage_watched_every(TO_1980, YEARS(60.0));
    return passage_probability(&watched, HOUR);
}

static const struct candle hours[] = {
    { 100, 103, 99, 102 }, { 102, 102.5, 98, 98.5 }, { 98.5, 101, 97.5, 100.5 },
    { 100.5, 104, 100, 103.5 }, { 103.5, 105, 101, 101.5 },
};
#define HOURS hours, sizeof hours / sizeof *hours, 8760

#define CASES(CASE) \
    CASE("2.a.bangia", bangia_day, bangia_lvar(&UNWIND(86400), 1)) \
    CASE("2.b.lvar", var_day, liquidity_var(&UNWIND(86400))) \
    CASE("2.b.les", es_day, liquidity_es(&UNWIND(86400))) \
    CASE("2.c.lvar_10min", var_10_min, liquidity_var(&UNWIND(600))) \
    CASE("2.c.les_10min", es_10_min, liquidity_es(&UNWIND(600))) \
    CASE("2.c2.lvar_T0", var_at_once, liquidity_var(&UNWIND(0))) \
    CASE("2.d.Tstar_s", linear_s, optimal_s(PACE(1, 1, Z_99))) \
    CASE("2.d.cost", linear_cost, optimal_cost(PACE(1, 1, Z_99))) \
    CASE("2.e.Tstar_s", root_s, optimal_s(PACE(0.8, 0.5, Z_99))) \
    CASE("2.e.cost", root_cost, optimal_cost(PACE(0.8, 0.5, Z_99))) \
    CASE("2.f.Tstar_s", calm_s, optimal_s(PACE(1, 1, 1))) \
    CASE("2.f.cost", calm_cost, optimal_cost(PACE(1, 1, 1))) \
    CASE("2.g.E", slow_mean, trajectory_of(1000, 0.5, 1e-4).mean) \
    CASE("2.g.Var", slow_variance, trajectory_of(1000, 0.5, 1e-4).variance) \
    CASE("2.g.half_inv", slow_half, trajectory_of(1000, 0.5, 1e-4).half_time_quantity) \
    CASE("2.h.E", averse_mean, trajectory_of(500, 2, 1e-3).mean) \
    CASE("2.h.Var", averse_variance, trajectory_of(500, 2, 1e-3).variance) \
    CASE("2.h.half_inv", averse_half, trajectory_of(500, 2, 1e-3).half_time_quantity) \
    CASE("2.i.E", even_mean, trajectory_of(1000, 0.5, 1e-12).mean) \
    CASE("2.i.Var", even_variance, trajectory_of(1000, 0.5, 1e-12).variance) \
    CASE("2.i.half_inv", even_half, trajectory_of(1000, 0.5, 1e-12).half_time_quantity) \
    CASE("4.a.ploss_k1", loss_1, after_blocks(1).loss_probability) \
    CASE("4.a.put_k1", put_1, after_blocks(1).expected_shortfall) \
    CASE("4.b.ploss_k5", loss_5, after_blocks(5).loss_probability) \
    CASE("4.b.put_k5", put_5, after_blocks(5).expected_shortfall) \
    CASE("4.c.ploss_k50", loss_50, after_blocks(50).loss_probability) \
    CASE("4.c.put_k50", put_50, after_blocks(50).expected_shortfall) \
    CASE("4.d.ploss_k300", loss_300, after_blocks(300).loss_probability) \
    CASE("4.d.put_k300", put_300, after_blocks(300).expected_shortfall) \
    CASE("4.e.ploss_geo_p0.9", loss_included_9, by_block(12, 0.9).loss_probability) \
    CASE("4.e.put_geo_p0.9", put_included_9, by_block(12, 0.9).expected_shortfall) \
    CASE("4.f.ploss_geo_p0.5", loss_included_5, by_block(12, 0.5).loss_probability) \
    CASE("4.f.put_geo_p0.5", put_included_5, by_block(12, 0.5).expected_shortfall) \
    CASE("4.g.ploss_geo_p0.1", loss_included_1, by_block(12, 0.1).loss_probability) \
    CASE("4.g.put_geo_p0.1", put_included_1, by_block(12, 0.1).expected_shortfall) \
    CASE("4.i.put_geo_0.25s_blocks", put_short_blocks, \
        by_block(0.25, 0.25 / 60).expected_shortfall) \
    CASE("4.h.ploss_exp60s", loss_minute, \
        shortfall_by_rate(&near_trigger, MINUTE_RATE).loss_probability) \
    CASE("4.h.put_exp60s", put_minute, \
        shortfall_by_rate(&near_trigger, MINUTE_RATE).expected_shortfall) \
    CASE("4.h.phit_exp60s", touch_minute, touch_probability(&near_trigger, MINUTE_RATE)) \
    CASE("4.j.buffer", buffer_5, buffer_of(5, 0.001)) \
    CASE("4.j.mmr", margin_5, buffer_margin_rate(buffer_of(5, 0.001))) \
    CASE("4.k.buffer", buffer_25, buffer_of(25, 0.001)) \
    CASE("4.k.mmr", margin_25, buffer_margin_rate(buffer_of(25, 0.001))) \
    CASE("4.l.buffer", buffer_25_loose, buffer_of(25, 0.01)) \
    CASE("4.l.mmr", margin_25_loose, buffer_margin_rate(buffer_of(25, 0.01))) \
    CASE("6.a.phit", touch_1700, passage_probability(TO_1700, WEEK)) \
    CASE("6.a.E_min_tau_h_s", limited_1700, \
        SECONDS_PER_YEAR * passage_limited_mean_years(TO_1700, WEEK)) \
    CASE("6.a.E_tau_s", mean_1700, SECONDS_PER_YEAR * passage_mean_years(TO_1700)) \
    CASE("6.b.phit", touch_drift, passage_probability(DRIFT_1700, WEEK)) \
    CASE("6.b.E_min_tau_h_s", limited_drift, \
        SECONDS_PER_YEAR * passage_limited_mean_years(DRIFT_1700, WEEK)) \
    CASE("6.b.p_ever", ever_drift, passage_ever_probability(DRIFT_1700)) \
    CASE("6.c.phit", touch_1980, passage_probability(TO_1980, HOUR)) \
    CASE("6.c.E_min_tau_h_s", limited_1980, \
        SECONDS_PER_YEAR * passage_limited_mean_years(TO_1980, HOUR)) \
    CASE("6.c.E_tau_s", mean_1980, SECONDS_PER_YEAR * passage_mean_years(TO_1980)) \
    CASE("6.d.phit", touch_1000, passage_probability(TO_1000, 1)) \
    CASE("6.d.E_min_tau_h_s", limited_1000, \
        SECONDS_PER_YEAR * passage_limited_mean_years(TO_1000, 1)) \
    CASE("6.d.E_tau_s", mean_1000, SECONDS_PER_YEAR * passage_mean_years(TO_1000)) \
    CASE("6.e.phit_driftless_log", touch_level, passage_probability(LEVEL_1700, WEEK)) \
    CASE("6.f.median_s", median_level, \
        SECONDS_PER_YEAR * passage_quantile_years(LEVEL_1700, 0.5)) \
    CASE("6.f.t10pct_s", tenth_level, \
        SECONDS_PER_YEAR * passage_quantile_years(LEVEL_1700, 0.1)) \
    CASE("6.g.phit_cont", touch_unwatched, passage_probability(TO_1980, HOUR)) \
    CASE("6.g.phit_disc60s", touch_watched, watched_probability()) \
    CASE("6.h.dist", distance_day, passage_distance(0.8, -0.32, YEARS(86400.0), 0.05)) \
    CASE("6.i.dist", distance_week, passage_distance(0.8, -0.32, WEEK, 0.01)) \
    CASE("6.j.dist", distance_level, passage_distance(0.8, 0, WEEK, 0.01)) \
    CASE("6.k.parkinson", parkinson, parkinson_volatility(HOURS)) \
    CASE("6.k.gk", garman_klass, garman_klass_volatility(HOURS)) \
    CASE("6.k.rs", rogers_satchell, rogers_satchell_volatility(HOURS)) \
    CASE("6.k.cc", open_close, open_close_volatility(HOURS)) \
    CASE("6.l.ewma94", ewma_94, ewma_volatility(HOURS, 0.94)) \
    CASE("6.l.ewma_hl2", ewma_half, ewma_volatility(HOURS, decay_of_half_life(2))) \
    CASE("6.l.ewma_gk94", ewma_gk, ewma_garman_klass_volatility(HOURS, 0.94)) \
    CASE("6.m.phit_safe", touch_steep, passage_probability(STEEP, 1 / 12.0))

#define FUNCTION(key, name, expression) static double name(void) { return expression; }
CASES(FUNCTION)
#undef FUNCTION

const struct model_case statistics_cases[] = {
#define ROW(key, name, expression) { key, name, 0, NULL },
    CASES(ROW)
#undef ROW
};
const size_t statistics_cases_count = sizeof statistics_cases / sizeof *statistics_cases;
