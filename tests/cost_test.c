/* The units of a request, counted by hand. */
#include "handlers/cost.h"

#include "tests/suite.h"

static struct level levels[100];
static struct range ranges[10];

static struct venue books[] = {
    { .kind = VENUE_BOOK, .bids = levels, .bids_count = 60, .asks = levels, .asks_count = 40 },
    { .kind = VENUE_BOOK, .bids = levels, .bids_count = 100 },
};
static struct venue pools[] = {
    { .kind = VENUE_CONCENTRATED, .ranges = ranges, .ranges_count = 10 },
    { .kind = VENUE_CONSTANT_PRODUCT },
    { .kind = VENUE_QUOTED },
};
static struct asset_depth depth[] = {
    { "ETH", books, 2 },                      /* 2 * 2 * 4 + 200 * 2 * 3 / 20 = 76 */
    { "BTC", pools, 3 },                      /* 3 * 3 * 4 + 10 * 13 = 166 */
    { "SOL", NULL, 0 },
};
static const struct state state = { .depth = depth, .depth_count = 3 };

static struct leg  eth[] = { { .asset = "ETH" }, { .asset = "ETH" } };
static struct leg  both[] = { { .asset = "ETH" }, { .asset = "BTC" } };
static struct leg  others[] = { { .asset = "SOL" }, { .asset = "USDC" } };
static struct perp perps[] = { { .asset = "BTC" } };

static const struct { struct account account; int64_t units; const char *dearest; } rows[] = {
    { { .id = NULL }, 150, NULL },
    { { .debt = others, .debt_count = 2 }, 154, NULL },
    { { .collateral = eth, .collateral_count = 1 }, 228, "ETH" },
    { { .collateral = eth, .collateral_count = 2 }, 230, "ETH" },          /* once */
    { { .debt = eth, .debt_count = 1, .wallet = eth, .wallet_count = 1 }, 230, "ETH" },
    { { .perps = perps, .perps_count = 1 }, 318, "BTC" },
    { { .collateral = both, .collateral_count = 2, .debt = others, .debt_count = 2,
        .perps = perps, .perps_count = 1, .wallet = eth, .wallet_count = 2 },
      150 + 7 * 2 + 76 + 166, "BTC" },
};

START_TEST(units_are_those_of_the_assets_that_the_account_has)
{
    struct cost_table table;
    const char       *dearest;

    cost_table_make(&state, &table);
    ck_assert_int_eq(cost_of(&table, &rows[_i].account, &dearest), rows[_i].units);
    ck_assert_pstr_eq(dearest, rows[_i].dearest);
}
END_TEST

Suite *
cost_suite(void)
{
    Suite *suite = suite_create("cost");
    TCase *tcase = tcase_create("cost");

    tcase_add_loop_test(tcase, units_are_those_of_the_assets_that_the_account_has, 0,
                        sizeof rows / sizeof *rows);
    suite_add_tcase(suite, tcase);
    return suite;
}
