/* Section 1 of the risk model: execution cost from real depth. */
#include <string.h>

#include "risk/pool.h"
#include "risk/statistic.h"
#include "tests/model.h"
#include "tests/venues.h"

/* What a case wants of a walk. */
enum wanted { PROCEEDS, PROCEEDS_UNITS, SLIPPAGE, UNFILLED, FILLED, MARGIN, NET, FILL_BOOK, FILL_CP, FILL_V3 };

static double
fill_of(const struct walk *walk, const char *venue)
{
    for (size_t i = 0; i < walk->fills_count; i++)
        if (!strcmp(walk->fills[i].venue, venue))
            return statistic_of(walk->fills[i].quantity);
    return 0;
}

static double
pick(const struct depth *depth, const struct walk *walk, enum wanted wanted)
{
    switch (wanted) {
    case PROCEEDS:
        return statistic_of(walk->proceeds);
    case PROCEEDS_UNITS:
        return (double)walk->proceeds.units;
    case SLIPPAGE:
        return statistic_of(walk->slippage_rate);
    case UNFILLED:
        return statistic_of(walk->unfilled);
    case FILLED:
        return statistic_of(walk->filled);
    case MARGIN:
        return margin_of(depth, statistic_of(walk->filled));
    case NET:
        return statistic_of(walk->proceeds) - statistic_of(walk->costs);
    case FILL_BOOK:
        return fill_of(walk, "book");
    case FILL_CP:
        return fill_of(walk, "cp");
    case FILL_V3:
        return fill_of(walk, "v3");
    }
    return 0;
}

static double
sell(const char *venues, const char *price, const char *quantity, enum wanted wanted)
{
    struct market market;
    struct depth depth;
    struct walk walk;
    double figure;

    market_open(&market, venues);
    depth = depth_at(&market, DEPTH_SELL, price);
    walk = walk_of(&depth, quantity);
    figure = pick(&depth, &walk, wanted);
    market_close(&market);
    return figure;
}

static double
largest(const char *venues, const char *price, const char *tolerance)
{
    struct market market;
    struct depth depth;
    struct decimal quantity;
    bool fits;

    market_open(&market, venues);
    depth = depth_at(&market, DEPTH_SELL, price);
    fits = depth_largest(&depth, number(tolerance), number("1000000"), &quantity);
    market_close(&market);
    return fits ? statistic_of(quantity) : -1;
}

/* Gas: the constant product 30, the concentrated pool 20. */
static struct walk
sell_with_gas(struct market *market, const char *quantity)
{
    static const struct decimal costs[] = { DECIMAL_OF(0), DECIMAL_OF(30), DECIMAL_OF(20) };
    struct depth depth;

    market_open(market, THREE);
    depth = depth_at(market, DEPTH_SELL, "100");
    depth.costs = costs;
    return walk_of(&depth, quantity);
}

static double
net_of_gas(const char *quantity)
{
    struct market market;
    struct walk walk = sell_with_gas(&market, quantity);

    market_close(&market);
    return pick(NULL, &walk, NET);
}

static const char *
venues_of(const char *quantity)
{
    struct market market;
    struct walk walk = sell_with_gas(&market, quantity);
    unsigned used = 0;
    static const char *const names[] = { "none", "book", "cp", "book+cp", "v3", "book+v3", "cp+v3", "book+cp+v3" };

    used += fill_of(&walk, "book") > 0 ? 1 : 0;
    used += fill_of(&walk, "cp") > 0 ? 2 : 0;
    used += fill_of(&walk, "v3") > 0 ? 4 : 0;
    market_close(&market);
    return names[used];
}

static double
virtual_reserve(bool is_base)
{
    struct market market;
    struct depth depth;
    struct pool pool = { 0 };

    market_open(&market, "[" V3_5 "]");
    depth = depth_at(&market, DEPTH_SELL, "100");
    if (!pool_of_range(&depth, &depth.venues[0], &depth.venues[0].ranges[0], &pool))
        pool = (struct pool){ 0 };
    market_close(&market);
    return statistic_of(is_base ? pool.base : pool.quote);
}

static double
quoted(const char *notional)
{
    struct venue desk = { .kind = VENUE_QUOTED, .notional = number(notional), .slippage_rate = number("0.02") };
    struct decimal reserve = DECIMAL_NONE;

    return depth_quoted_reserve(&desk, DEPTH_SELL, &reserve) ? statistic_of(reserve) : -1;
}

static double book_25(void)          { return sell("[" BOOK_A "]", "100.5", "25", PROCEEDS); }
static double book_25_slippage(void) { return sell("[" BOOK_A "]", "100.5", "25", SLIPPAGE); }
static double book_60(void)          { return sell("[" BOOK_A "]", "100.5", "60", PROCEEDS); }
static double book_70_unfilled(void) { return sell("[" BOOK_A "]", "100.5", "70", UNFILLED); }
static double cp_50(void)            { return sell("[" CP_30 "]", "100", "50", PROCEEDS); }
static double cp_50_slippage(void)   { return sell("[" CP_30 "]", "100", "50", SLIPPAGE); }
static double cp_50_units(void)      { return sell("[" CP_30 "]", "100", "50", PROCEEDS_UNITS); }
static double v3_100(void)           { return sell("[" V3_5 "]", "100", "100", PROCEEDS); }
static double v3_100_price(void)     { return sell("[" V3_5 "]", "100", "100", MARGIN) / (1 - 0.0005); }
static double v3_capacity(void)      { return sell("[" V3_5 "]", "100", "1000", FILLED); }

#define SPLIT(name, quantity) \
    static double name##_proceeds(void) { return sell(THREE, "100", quantity, PROCEEDS); } \
    static double name##_margin(void)   { return sell(THREE, "100", quantity, MARGIN); } \
    static double name##_book(void)     { return sell(THREE, "100", quantity, FILL_BOOK); } \
    static double name##_cp(void)       { return sell(THREE, "100", quantity, FILL_CP); } \
    static double name##_v3(void)       { return sell(THREE, "100", quantity, FILL_V3); } \
    static double name##_slippage(void) { return sell(THREE, "100", quantity, SLIPPAGE); }
SPLIT(split_150, "150")
SPLIT(split_40, "40")
SPLIT(split_600, "600")

#define SPLIT_CASES(key, name) \
    { key ".R", name##_proceeds, 0, NULL }, { key ".lambda", name##_margin, 0, NULL }, \
    { key ".q_book", name##_book, 0, NULL }, { key ".q_cp", name##_cp, 0, NULL }, \
    { key ".q_v3", name##_v3, 0, NULL }, { key ".S", name##_slippage, 0, NULL }

static double largest_cp(void)      { return largest("[" CP_30 "]", "100", "0.02"); }
static double largest_three(void)   { return largest(THREE, "100", "0.02"); }
static double largest_small(void)   { return largest(THREE, "100", "0.001"); }
static double largest_book(void)    { return largest("[" BOOK_A "]", "100.5", "0.01"); }
static double virtual_base(void)    { return virtual_reserve(true); }
static double virtual_quote(void)   { return virtual_reserve(false); }

static double gas_10(void)               { return net_of_gas("10"); }
static double gas_60(void)               { return net_of_gas("60"); }
static double gas_250(void)              { return net_of_gas("250"); }
static const char *gas_10_venues(void)   { return venues_of("10"); }
static const char *gas_60_venues(void)   { return venues_of("60"); }
static const char *gas_250_venues(void)  { return venues_of("250"); }

/* What is received, 1e6, is (1 - 2 %) of the notional at mid. */
static double quoted_at_mid(void)   { return quoted("1000000"); }
static double quoted_received(void) { return quoted("1020408.163265306122448979"); }

const struct model_case depth_cases[] = {
    { "1.a.R", book_25, 0, NULL },
    { "1.a.S", book_25_slippage, 0, NULL },
    { "1.a2.R60", book_60, 0, NULL },
    { "1.a3.unfilled70", book_70_unfilled, 0, NULL },
    { "1.b.R", cp_50, 0, NULL },
    { "1.b.S", cp_50_slippage, 0, NULL },
    { "1.b.int18", cp_50_units, 0, NULL },
    { "1.c.R", v3_100, 0, NULL },
    { "1.c.newP", v3_100_price, 0, NULL },
    { "1.c.capacity", v3_capacity, 0, NULL },
    SPLIT_CASES("1.d", split_150),
    SPLIT_CASES("1.d2", split_40),
    SPLIT_CASES("1.d3", split_600),
    { "1.e.qmax_cp_2pct", largest_cp, 0, NULL },
    { "1.e2.qmax_all_2pct", largest_three, 0, NULL },
    { "1.e3.qmax_all_0.1pct", largest_small, 0, NULL },
    { "1.e4.qmax_book_1pct_ref100.5", largest_book, 0, NULL },
    { "1.f.vreserve_x", virtual_base, 0, NULL },
    { "1.f.vreserve_y", virtual_quote, 0, NULL },
    { "1.g.net", gas_10, 0, NULL },
    { "1.g.venues", NULL, 0, gas_10_venues },
    { "1.g2.net", gas_60, 0, NULL },
    { "1.g2.venues", NULL, 0, gas_60_venues },
    { "1.g3.net", gas_250, 0, NULL },
    { "1.g3.venues", NULL, 0, gas_250_venues },
    { "1.h.Y_from_Lq_mid", quoted_at_mid, 0, NULL },
    { "1.h.Y_from_Lq_recv", quoted_received, 0, NULL },
};
const size_t depth_cases_count = sizeof depth_cases / sizeof *depth_cases;
