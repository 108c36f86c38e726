/* Section 3 of the risk model: the optimal penalty. */
#include "risk/elementary.h"
#include "risk/multiplier.h"
#include "risk/optimum.h"
#include "risk/statistic.h"
#include "tests/model.h"
#include "tests/venues.h"

#define SECONDS_IN_YEAR 31536000.0

/* Price 100; 50,000 against 5,000,000 at 0.3 %. */
#define POOL \
    "[{'venue':'cp','kind':'constant_product','fee_rate':'0.003','base':'50000','quote':'5000000'}]"

/* sigma, seconds, debt, g, w; T' and the LTV of term 3, whose weight is b. */
struct inputs {
    const char *venues;
    double volatility, execution_s, debt, hurdle_rate, equity_weight;
    double bad_debt_weight, ltv, latency_s;
    int scale;
};

static const struct inputs a = { POOL, 0.8, 60, 1e5, 0.0005, 0.05, 0, 0, 0, 1 };
static const struct inputs b = { POOL, 1.2, 600, 2.5e5, 0.0005, 0.05, 0, 0, 0, 1 };
static const struct inputs c = { POOL, 0.8, 60, 1e4, 0.005, 0.25, 0, 0, 0, 1 };
static const struct inputs d = { POOL, 0.8, 60, 1e6, 0.0005, 0.05, 0, 0, 0, 1 };
static const struct inputs e = { NULL, 0.8, 600, 1, 0.001, 0.05, 0, 0, 0, 1 };
static const struct inputs g = { POOL, 0.8, 60, 1e5, 0.0005, 0.05, 1, 0.97, 600, 1 };
static const struct inputs h = { POOL, 0.8, 60, 1e5, 0.0005, 0.05, 5, 0.965, 3600, 1 };
static const struct inputs n = { THREE, 0.8, 60, 2e4, 0.0005, 0.05, 0, 0, 0, 10 };
static const struct inputs n2 = { THREE, 0.8, 60, 1e5, 0.0005, 0.05, 0, 0, 0, 10 };
static const struct inputs n3 = { THREE, 0.8, 60, 2.5e5, 0.0005, 0.05, 0, 0, 0, 10 };
static const struct inputs s = { NULL, 1.2, 600, 1, 0.001, 0.05, 0, 0, 0, 1 };

/* Headlines: Y, f; the base at price 100. */
#define HEADLINE(fee, base, quote) \
    "[{'venue':'cp','kind':'constant_product','fee_rate':'" fee "','base':'" base \
    "','quote':'" quote "'}]"
static const struct inputs o = {
    HEADLINE("0", "200000", "20000000"), 0.6, 30, 5e4, 2e-4, 0.01, 0, 0, 0, 1
};
static const struct inputs p = {
    HEADLINE("0.003", "20000", "2000000"), 1.5, 3600, 5e4, 0.001, 0.05, 0, 0, 0, 1
};
static const struct inputs q = {
    HEADLINE("0.0001", "500000", "50000000"), 0.05, 3600, 1e6, 1e-4, 0.1, 0, 0, 0, 1
};

enum wanted { RATE, COST, SLIPPAGE, KAPPA, SUBSIDY_AT_HALF_PERCENT, SLICE_AT_5_PERCENT };

static double
pick(const struct penalty_terms *terms, enum wanted wanted)
{
    struct optimum optimum;

    penalty_optimum(terms, &optimum);
    switch (wanted) {
    case RATE:
        return optimum.rate;
    case COST:
        return penalty_cost(terms, optimum.rate);
    case SLIPPAGE:
        return optimum.proceeds_slippage;
    case KAPPA:
        return 1 + optimum.hurdle + optimum.gas + optimum.volatility;
    case SUBSIDY_AT_HALF_PERCENT:
        return penalty_subsidy(terms, 0.005);
    case SLICE_AT_5_PERCENT:
        return penalty_largest_slice(terms, 0.05);
    }
    return 0;
}

static double
of(const struct inputs *inputs, enum wanted wanted)
{
    struct market market;
    struct depth depth;
    struct penalty_terms terms = {
        .debt = inputs->debt,
        .hurdle_rate = inputs->hurdle_rate,
        .volatility = inputs->volatility,
        .execution_years = inputs->execution_s / SECONDS_IN_YEAR,
        .latency_years = inputs->latency_s / SECONDS_IN_YEAR,
        .ltv = inputs->ltv,
        .equity_weight = inputs->equity_weight,
        .bad_debt_weight = inputs->bad_debt_weight,
    };
    double figure;

    if (!inputs->venues)
        return pick(&terms, wanted);
    market_open(&market, inputs->venues);
    depth = depth_at(&market, DEPTH_SELL, "100");
    depth.scale = (struct decimal){ inputs->scale * (int128)DECIMAL_ONE_UNITS };
    terms.depth = &depth;
    figure = pick(&terms, wanted);
    market_close(&market);
    return figure;
}

/* Floor 1 %, cap 15 %, not rounded: the rounding up to 1e-6 is taken off again. */
static double
bounded(double rate, const char *ltv, const char *floor, const char *cap)
{
    struct penalty rules = {
        .rate_unit = decimal_unit,
        .floor_rate = number(floor),
        .cap_rate = number(cap),
        .equity_cap = true,
    };
    struct optimum optimum = { .rate = rate };
    struct bounded_penalty result;

    penalty_bound(&rules, &optimum, number(ltv), &result);
    if (result.limit == PENALTY_FREE && statistic_of(result.rate) - rate < 1e-6)
        return rate;
    return statistic_of(result.rate);
}

/* e^(-c sigma / sqrt(l / d)) / (1 + beta); the model's drift is not in it. */
static double
ltv_most(double c_risk, double sigma, double depth_per_debt, double beta)
{
    double deviation = sigma / real_sqrt(depth_per_debt);
    struct penalty_terms terms = { .volatility = sigma, .latency_years = 1 / depth_per_debt };

    return penalty_ltv_most(&terms, beta, c_risk - deviation / 2);
}

static double
smart_ltv(double c_risk, double sigma, double depth_per_debt, double beta)
{
    return real_max(0, ltv_most(c_risk, sigma, depth_per_debt, beta) * (1 + beta) - beta);
}

static double
morpho(const char *threshold)
{
    struct penalty rules = { .rule = PENALTY_FROM_THRESHOLD,
                             .rate_unit = decimal_unit,
                             .cap_rate = number("0.15"),
                             .slope = number("0.3") };
    struct asset asset = { .threshold = number(threshold) };
    struct multiplier multiplier =
        multiplier_of(&rules, &asset, DECIMAL_NONE, DECIMAL_NONE, DECIMAL_NONE, DECIMAL_NONE);

    return 1 + statistic_of(multiplier_rate(multiplier));
}

/* Debt 92 against 100: repaying 10 at 10 % takes 11. */
static double
toxic_before(void)
{
    return 92.0 / 100;
}
static double
toxic_after(void)
{
    return (92.0 - 10) / (100 - 10 * 1.1);
}

/* Debt 84 against 100, threshold 0.8, 5 %, target 1.05. */
static double
close_amount(void)
{
    return (1.05 * 84 - 100 * 0.8) / (1.05 - 0.8 * 1.05);
}
static double
close_factor(void)
{
    return close_amount() / 84;
}

#define CASE(name, inputs, wanted) \
    static double name(void) \
    { \
        return of(&inputs, wanted); \
    }
CASE(a_rate, a, RATE)
CASE(a_cost, a, COST)
CASE(a_slippage, a, SLIPPAGE)
CASE(b_rate, b, RATE)
CASE(b_cost, b, COST)
CASE(b_slippage, b, SLIPPAGE)
CASE(c_rate, c, RATE)
CASE(c_cost, c, COST)
CASE(c_slippage, c, SLIPPAGE)
CASE(d_rate, d, RATE)
CASE(d_cost, d, COST)
CASE(d_slippage, d, SLIPPAGE)
CASE(e_rate, e, RATE)
CASE(e_cost, e, COST)
CASE(g_rate, g, RATE)
CASE(h_rate, h, RATE)
CASE(i_slice, a, SLICE_AT_5_PERCENT)
CASE(n_rate, n, RATE)
CASE(n2_rate, n2, RATE)
CASE(n3_rate, n3, RATE)
CASE(o_rate, o, RATE)
CASE(o_kappa, o, KAPPA)
CASE(p_rate, p, RATE)
CASE(p_kappa, p, KAPPA)
CASE(q_rate, q, RATE)
CASE(q_kappa, q, KAPPA)
CASE(s_subsidy, s, SUBSIDY_AT_HALF_PERCENT)

static double
f_equity(void)
{
    return bounded(1, "0.86", "0", "1");
}
static double
g_equity(void)
{
    return bounded(1, "0.97", "0", "1");
}
static double
h_equity(void)
{
    return bounded(1, "0.965", "0", "1");
}
static double
clamp1(void)
{
    return bounded(a_rate(), "0.86", "0.01", "0.15");
}
static double
clamp2(void)
{
    return bounded(d_rate(), "0.86", "0.01", "0.15");
}
static double
clamp3(void)
{
    return bounded(d_rate(), "0.93", "0.01", "0.15");
}
static double
clamp4(void)
{
    return bounded(a_rate(), "1.02", "0.01", "0.15");
}
static double
morpho1(void)
{
    return morpho("0.385");
}
static double
morpho2(void)
{
    return morpho("0.77");
}
static double
morpho3(void)
{
    return morpho("0.86");
}
static double
morpho4(void)
{
    return morpho("0.945");
}
static double
smart1(void)
{
    return smart_ltv(2.5, 0.05, 2, 0.05);
}
static double
smart2(void)
{
    return smart_ltv(2.5, 0.05, 0.5, 0.05);
}
static double
smart3(void)
{
    return smart_ltv(1.2, 0.03, 4, 0.1);
}
static double
ltv4(void)
{
    return ltv_most(2.5, 0.05, 2, 0.05);
}

const struct model_case penalty_cases[] = {
    { "3.a.Lstar", a_rate, 0, NULL },
    { "3.a.J", a_cost, 0, NULL },
    { "3.a.impact", a_slippage, 0, NULL },
    { "3.b.Lstar", b_rate, 0, NULL },
    { "3.b.J", b_cost, 0, NULL },
    { "3.b.impact", b_slippage, 0, NULL },
    { "3.c.Lstar", c_rate, 0, NULL },
    { "3.c.J", c_cost, 0, NULL },
    { "3.c.impact", c_slippage, 0, NULL },
    { "3.d.Lstar", d_rate, 0, NULL },
    { "3.d.J", d_cost, 0, NULL },
    { "3.d.impact", d_slippage, 0, NULL },
    { "3.e.Lstar_flat", e_rate, 0, NULL },
    { "3.e.J_flat", e_cost, 0, NULL },
    { "3.f.Lstar", a_rate, 0, NULL },
    { "3.f.equity_cap", f_equity, 0, NULL },
    { "3.g.Lstar", g_rate, 0, NULL },
    { "3.g.equity_cap", g_equity, 0, NULL },
    { "3.h.Lstar", h_rate, 0, NULL },
    { "3.h.equity_cap", h_equity, 0, NULL },
    { "3.i.dmax_at_5pct", i_slice, 0, NULL },
    { "3.j.morphoLIF_0.385", morpho1, 0, NULL },
    { "3.j.morphoLIF_0.77", morpho2, 0, NULL },
    { "3.j.morphoLIF_0.86", morpho3, 0, NULL },
    { "3.j.morphoLIF_0.945", morpho4, 0, NULL },
    { "3.k.smartltv", smart1, 0, NULL },
    { "3.k2.smartltv", smart2, 0, NULL },
    { "3.k3.smartltv", smart3, 0, NULL },
    { "3.k4.noBadDebtLTV", ltv4, 0, NULL },
    { "3.l.toxic_ltv_before", toxic_before, 0, NULL },
    { "3.l.toxic_ltv_after", toxic_after, 0, NULL },
    { "3.m.close_amount", close_amount, 0, NULL },
    { "3.m.close_factor", close_factor, 0, NULL },
    { "3.n.Lstar", n_rate, 0, NULL },
    { "3.n2.Lstar", n2_rate, 0, NULL },
    { "3.n3.Lstar", n3_rate, 0, NULL },
    { "3.o.Lstar", o_rate, 0, NULL },
    { "3.o.kappa", o_kappa, 0, NULL },
    { "3.p.Lstar", p_rate, 0, NULL },
    { "3.p.kappa", p_kappa, 0, NULL },
    { "3.q.Lstar", q_rate, 0, NULL },
    { "3.q.kappa", q_kappa, 0, NULL },
    { "3.r.clamp1", clamp1, 0, NULL },
    { "3.r.clamp2", clamp2, 0, NULL },
    { "3.r.clamp3", clamp3, 0, NULL },
    { "3.r.clamp4", clamp4, 0, NULL },
    { "3.s.subsidy", s_subsidy, 0, NULL },
};
const size_t penalty_cases_count = sizeof penalty_cases / sizeof *penalty_cases;
