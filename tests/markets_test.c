/* Markets: made with their record in the log, loaded into memory, and held while they change. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "db/decisions.h"
#include "db/markets.h"
#include "tests/opened.h"
#include "tests/suite.h"

START_TEST(samples_are_loaded_once_and_can_be_computed_with)
{
    struct opened opened;
    char          why[DATABASE_WHY_MAX] = "";

    opened_fresh(&opened);
    ck_assert_msg(samples_load(&opened.connection, why), "%s", why);
    ck_assert_msg(samples_load(&opened.connection, why), "%s", why);
    ck_assert(market_cache_reload(database_markets(opened.database), &opened.connection));
    const struct markets *markets = markets_hold(database_markets(opened.database));
    ck_assert_uint_eq(markets->count, 2);
    ck_assert_str_eq(markets->items[0].market, "btc-usd-perp");
    const struct market *market = market_find(markets, "eth-usd");
    ck_assert_ptr_nonnull(market);
    ck_assert_int_eq(market->version, 1);
    ck_assert_int_eq(market->epoch, 1);
    ck_assert_uint_eq(market->parameters.assets_count, 3);
    ck_assert_ptr_nonnull(parameters_asset(&market->parameters, "ETH"));
    ck_assert_ptr_null(market_find(markets, "eth-usd2"));
    ck_assert_ptr_null(market_find(markets, ""));
    markets_release(database_markets(opened.database), markets);
    opened_close(&opened);
}
END_TEST

static const char document[] = "{\"x\":1}";

START_TEST(a_new_market_is_in_the_log_before_anybody_can_name_it)
{
    struct opened     opened;
    struct new_market market = { "m", "M", document, sizeof document - 1, "0123456789abcdef", "a \"reason\"" };

    opened_fresh(&opened);
    ck_assert_int_eq(market_create(&opened.connection, &market), OUTCOME_OK);
    ck_assert_int_eq(market_create(&opened.connection, &market), OUTCOME_CONFLICT);
    market.market = "n";
    ck_assert_int_eq(market_create(&opened.connection, &market), OUTCOME_OK);
    connection_close(&opened.connection);
    /* open, parameters of m, parameters of n, close: the refused one left no gap. */
    ck_assert_int_eq(postgres_number(opened.url, "SELECT (string_agg(kind, ',' ORDER BY iseq) = 'open,parameters,parameters,close'"
                                                 " AND max(iseq) = 3)::integer FROM audit.event GROUP BY inst"), 1);
    ck_assert_int_eq(log_check(opened.url), 0);
    database_close(opened.database);
}
END_TEST

Suite *
markets_suite(void)
{
    Suite *suite = suite_create("markets");
    TCase *tcase = tcase_create("markets");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, samples_are_loaded_once_and_can_be_computed_with);
    tcase_add_test(tcase, a_new_market_is_in_the_log_before_anybody_can_name_it);
    suite_add_tcase(suite, tcase);
    return suite;
}
