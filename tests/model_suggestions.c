/* Section 7 of the risk model: what a holder can do before a liquidation. */
#include "risk/elementary.h"
#include "risk/passage.h"
#include "risk/remedy.h"
#include "tests/model.h"
#include "tests/venues.h"

#define DAY_YEARS (1.0 / 365)

/* 100 at 2000, threshold 0.8, debt 150,000, volatility 0.8, one day, 2 %. */
enum wanted { QUANTITY, COST, PROCEEDS, RELIEF };

static double
distance(void)
{
    return passage_distance(0.8, log_drift_of(0, 0.8), DAY_YEARS, 0.02);
}

static double
stress_price(void)
{
    return 2000 * real_exp(-distance());
}

static double
need(void)
{
    return 150000 - 100 * 0.8 * stress_price();
}

static double
probability(void)
{
    struct passage passage = { real_log(150000.0 / (100 * 0.8) / 2000), 0.8, log_drift_of(0, 0.8) };

    return passage_probability(&passage, DAY_YEARS);
}

static struct remedy_terms
terms_with_gas(double gas)
{
    return (struct remedy_terms){ .price = 2000,
                                  .stress_price = stress_price(),
                                  .threshold = 0.8,
                                  .target_health = 1,
                                  .horizon_years = DAY_YEARS,
                                  .capital_rate = 0.08,
                                  .gas = gas };
}

static double
pick(const struct remedy *remedy, enum wanted wanted)
{
    switch (wanted) {
    case QUANTITY:
        return remedy->quantity;
    case COST:
        return remedy->cost;
    case PROCEEDS:
        return remedy->proceeds;
    case RELIEF:
        return remedy->relief;
    }
    return 0;
}

static double
linear(struct linear_remedy action, enum wanted wanted)
{
    struct remedy remedy;

    return remedy_linear(&action, need(), &remedy) ? pick(&remedy, wanted) : -1;
}

static struct linear_remedy
add_collateral(void)
{
    struct remedy_terms terms = terms_with_gas(5);

    return remedy_add_collateral(&terms, REAL_INFINITY);
}

static struct linear_remedy
add_stable(void)
{
    struct remedy_terms terms = terms_with_gas(5);

    return remedy_add_stable(&terms, 0.9, REAL_INFINITY);
}

static struct linear_remedy
repay(void)
{
    struct remedy_terms terms = terms_with_gas(5);

    return remedy_repay(&terms, 0.05, 150000);
}

static struct linear_remedy
hedge(double fee_rate)
{
    struct remedy_terms terms = terms_with_gas(0);

    return remedy_hedge(&terms, fee_rate);
}

#define POOL(base, quote) \
    "[{'venue':'cp','kind':'constant_product','fee_rate':'0.003','base':'" base \
    "','quote':'" quote "'}]"

/* stable_threshold 0: reduce; else swap. hedge_rate 0: the sale alone; `sale` wanted, else hedge.
 */
struct sale_case {
    const char *venues;
    double stable_threshold, hedge_rate;
};

static double
sell(struct sale_case of, bool is_hedge_wanted, enum wanted wanted)
{
    struct remedy_terms terms = terms_with_gas(0);
    struct linear_remedy action = hedge(of.hedge_rate);
    struct mixed_remedy mix = { .cost = -1 };
    struct market market;
    struct depth depth;
    struct sale_remedy sale;

    market_open(&market, of.venues);
    depth = depth_at(&market, DEPTH_SELL, "2000");
    sale = of.stable_threshold > 0 ? remedy_swap(&terms, &depth, of.stable_threshold, 100)
                                   : remedy_reduce(&terms, &depth, 100);
    if (of.hedge_rate > 0)
        remedy_mix(&sale, &action, 1, need(), &mix);
    else
        remedy_sale(&sale, need(), &mix.sale);
    market_close(&market);
    if (of.hedge_rate > 0 && wanted == COST)
        return mix.cost;
    return pick(is_hedge_wanted ? &mix.linear[0] : &mix.sale, wanted);
}

static const struct sale_case reduce = { POOL("5000", "10000000"), 0, 0 };
static const struct sale_case swap = { POOL("5000", "10000000"), 0.9, 0 };
static const struct sale_case thin = { POOL("20", "40000"), 0, 0 };
static const struct sale_case g = { POOL("5000", "10000000"), 0, 0.0009 };
static const struct sale_case h = { POOL("5000", "10000000"), 0, 0.0015 };
static const struct sale_case i = { POOL("5000", "10000000"), 0, 0.01 };

/* Penalty, slippage and gas are 6.5 % of the debt. */
static double
loss_before(void)
{
    return remedy_expected_loss(probability(), 0.065, 150000);
}

static double
loss_after(void)
{
    return remedy_expected_loss(0.02, 0.065, 150000 - linear(repay(), QUANTITY));
}

/* Health 1.25 at the mark; 1 % slippage, 5 bp: whatever is sold brings 0.99 * 0.9995 of it. */
static double
for_health(char action)
{
    struct remedy_terms terms = { .price = 2000,
                                  .stress_price = 2000,
                                  .threshold = 0.8,
                                  .target_health = 1.25 };
    struct linear_remedy add = remedy_add_collateral(&terms, REAL_INFINITY);
    struct linear_remedy pay = remedy_repay(&terms, 0, 150000);
    struct sale_remedy sale = remedy_reduce(&terms, NULL, 100);
    double wanted = 1.25 * 150000 - 100 * 2000 * 0.8;
    struct remedy remedy = { 0 };

    sale.price = 2000 * 0.99 * 0.9995;
    if (action == 'a')
        remedy_linear(&add, wanted, &remedy);
    if (action == 'r')
        remedy_linear(&pay, wanted, &remedy);
    if (action == 's')
        remedy_sale(&sale, wanted, &remedy);
    return remedy.quantity;
}

static double
a_quantity(void)
{
    return linear(add_collateral(), QUANTITY);
}
static double
a_cost(void)
{
    return linear(add_collateral(), COST);
}
static double
b_quantity(void)
{
    return linear(add_stable(), QUANTITY);
}
static double
b_cost(void)
{
    return linear(add_stable(), COST);
}
static double
c_quantity(void)
{
    return linear(repay(), QUANTITY);
}
static double
c_cost(void)
{
    return linear(repay(), COST);
}
static double
d_quantity(void)
{
    return sell(reduce, false, QUANTITY);
}
static double
d_proceeds(void)
{
    return sell(reduce, false, PROCEEDS);
}
static double
d_cost(void)
{
    return sell(reduce, false, COST);
}
static double
e_quantity(void)
{
    return sell(swap, false, QUANTITY);
}
static double
e_cost(void)
{
    return sell(swap, false, COST);
}
static double
f_quantity(void)
{
    return linear(hedge(0.0012), QUANTITY);
}
static double
f_cost(void)
{
    return linear(hedge(0.0012), COST);
}
static double
g_sale(void)
{
    return sell(g, false, QUANTITY);
}
static double
g_hedge(void)
{
    return sell(g, true, QUANTITY);
}
static double
g_cost(void)
{
    return sell(g, false, COST);
}
static double
h_sale(void)
{
    return sell(h, false, QUANTITY);
}
static double
h_hedge(void)
{
    return sell(h, true, QUANTITY);
}
static double
h_cost(void)
{
    return sell(h, false, COST);
}
static double
i_sale(void)
{
    return sell(i, false, QUANTITY);
}
static double
i_hedge(void)
{
    return sell(i, true, QUANTITY);
}
static double
i_cost(void)
{
    return sell(i, false, COST);
}
static double
j_benefit(void)
{
    return loss_before() - loss_after() - c_cost();
}
static double
k_relief(void)
{
    return sell(thin, false, RELIEF);
}
static double
l_reduce(void)
{
    return for_health('s');
}
static double
l_repay(void)
{
    return for_health('r');
}
static double
l_add(void)
{
    return for_health('a');
}

const struct model_case suggestions_cases[] = {
    { "7.0.phit_before", probability, 0, NULL },
    { "7.0.dist", distance, 0, NULL },
    { "7.0.stress_price", stress_price, 0, NULL },
    { "7.0.need", need, 0, NULL },
    { "7.a.add_collateral", a_quantity, 0, NULL },
    { "7.a.cost", a_cost, 0, NULL },
    { "7.b.add_stable", b_quantity, 0, NULL },
    { "7.b.cost", b_cost, 0, NULL },
    { "7.c.repay", c_quantity, 0, NULL },
    { "7.c.cost", c_cost, 0, NULL },
    { "7.d.reduce_q", d_quantity, 0, NULL },
    { "7.d.proceeds", d_proceeds, 0, NULL },
    { "7.d.cost", d_cost, 0, NULL },
    { "7.e.swap_q", e_quantity, 0, NULL },
    { "7.e.cost", e_cost, 0, NULL },
    { "7.f.hedge_n", f_quantity, 0, NULL },
    { "7.f.cost", f_cost, 0, NULL },
    { "7.g.mix_q", g_sale, 0, NULL },
    { "7.g.mix_n", g_hedge, 0, NULL },
    { "7.g.mix_cost", g_cost, 0, NULL },
    { "7.h.mix_q", h_sale, MODEL_NESTED_ROOT, NULL },
    { "7.h.mix_n", h_hedge, MODEL_NESTED_ROOT, NULL },
    { "7.h.mix_cost", h_cost, MODEL_NESTED_ROOT, NULL },
    { "7.i.mix_q", i_sale, 0, NULL },
    { "7.i.mix_n", i_hedge, 0, NULL },
    { "7.i.mix_cost", i_cost, 0, NULL },
    { "7.j.EL_before", loss_before, 0, NULL },
    { "7.j.EL_after_repay", loss_after, 0, NULL },
    { "7.j.net_benefit_repay", j_benefit, 0, NULL },
    { "7.k.thin_pool_peak_relief", k_relief, 0, NULL },
    { "7.l.reduce_const_slip", l_reduce, 0, NULL },
    { "7.l.repay", l_repay, 0, NULL },
    { "7.l.add", l_add, 0, NULL },
};
const size_t suggestions_cases_count = sizeof suggestions_cases / sizeof *suggestions_cases;
