/* Captured markets as requests: real books, brought in as a user would send them, and real
 * maintenance brackets. What is expected of the books was computed by tests/oracle/depth.py in
 * exact fractions (rows of tests/golden/depth.txt). */
#include <gmp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"
#include "risk/preview.h"
#include "tests/captures.h"
#include "tests/suite.h"

enum { ARENA_MAX = 64 << 20, REQUEST_MAX = 1 << 20, PATH_BYTES = 1024 };

struct asked {
    struct arena        arena;
    struct question     question;
    struct figures      figures;
    struct figures_room room;
    struct faults       faults, warnings;
    enum risk_status    status;
};

/* A perp of one asset, X, as its only position. `rules` are the asset's members. */
static struct asked *
ask(const char *rules, const char *quote_unit, const char *cash, const char *quantity,
    const char *entry, const char *price,
    const char *venues)
{
    struct asked *asked = calloc(1, sizeof *asked);
    char         *text = malloc(REQUEST_MAX);

    ck_assert_ptr_nonnull(asked);
    ck_assert_ptr_nonnull(text);
    int count = snprintf(text, REQUEST_MAX,
        "{\"parameters\":{\"quote\":{\"unit\":\"%s\"},\"assets\":{\"X\":{%s}},\"trigger\":{\"rule\":\"at_or_below\"},"
        "\"close\":{\"rule\":\"full\"},\"dust\":{\"rule\":\"none\"},\"penalty\":{\"rule\":\"fixed\"},"
        "\"execution\":{\"slippage_tolerance_rate\":\"1\"}},"
        "\"account\":{\"cash\":\"%s\",\"perps\":[{\"asset\":\"X\",\"quantity\":\"%s\",\"entry_price\":\"%s\"}]},"
        "\"state\":{\"prices\":{\"X\":\"%s\"},\"depth\":{\"X\":%s}},\"at\":\"mark\"}",
        quote_unit, rules, cash, quantity, entry, price, venues);
    ck_assert_int_lt(count, REQUEST_MAX);
    arena_open(&asked->arena, ARENA_MAX);
    faults_open(&asked->faults, FAULTS_MAX);
    faults_open(&asked->warnings, FAULTS_MAX);
    ck_assert_msg(json_read(&question_record, text, (size_t)count, &asked->arena, &asked->question,
                            &asked->faults) &&
                  parameters_accept(asked->question.parameters, &asked->faults, &asked->warnings) &&
                  state_accept(asked->question.state, "/state", &asked->faults),
                  "%s %s", asked->faults.items[0].pointer, asked->faults.items[0].code);
    asked->status = preview_compute(asked->question.parameters, &asked->question, 0, PARTS_ALL,
                                    &asked->room,
                                    &asked->figures, &asked->faults);
    free(text);
    return asked;
}

static void
asked_close(struct asked *asked)
{
    arena_close(&asked->arena);
    free(asked);
}

static void
assert_number(const char *what, struct decimal number, const char *expected)
{
    char text[DECIMAL_TEXT_MAX] = "none";
    if (!decimal_is_none(number))
        decimal_format(number, text);
    ck_assert_msg(!strcmp(text, expected), "%s is %s, not %s", what, text, expected);
}

#define OKX      "orderbooks/okx_BTC-USDT_books_2022-05-13.json"
#define BITSTAMP "orderbooks/bitstamp_ETHUSD_full_2022-01-05.json"
#define AKRO     "orderbooks/binance_usdm_AKROUSDT_depth1000_2021-07-22.json"
#define DYDX     "orderbooks/dydx_v3_ETH-USD_orderbook_2021-10-28.json"

static const struct { const char *file, *lot, *unit, *price, *quantity, *average, *slippage,
                      *unfilled; } books[] = {
    { OKX, "0.00000001", "0.000001", "30243.45", "25", "30200.95605524", "0.001405062741188588",
      "0" },
    { OKX, "0.00000001", "0.000001", "30243.45", "500", "30113.749777861548632452",
      "0.004288539241999553", "380.35265918" },
    { OKX, "0.00000001", "0.000001", "30243.45", "-25", "30288.89322192", "0.001502580622250438",
      "0" },
    { BITSTAMP, "0.00000001", "0.01", "3804", "1000", "3776.28464", "0.007285846477392219", "0" },
    { BITSTAMP, "0.00000001", "0.01", "3804", "-1000", "3830.59739", "0.006991953207150369", "0" },
    { AKRO, "1", "0.000001", "0.017315", "1000000", "0.017283883095", "0.001797106843777072", "0" },
    { AKRO, "1", "0.000001", "0.017315", "2000000000", "0.001755416291027284",
      "0.898618753044915709", "1081414650" },
    { AKRO, "1", "0.000001", "0.017315", "-2000000000", "0.022626128915861642",
      "0.306735715614302122", "1929983992" },
    { DYDX, "0.001", "0.01", "4215.55", "300", "4213.392233333333333333", "0.000511858871717016",
      "0" },
};

START_TEST(captured_book_is_walked_exactly)
{
    char *venues = capture_read(books[_i].file);
    char  rules[128];

    if (!venues)
        return;
    snprintf(rules, sizeof rules, "\"unit\":\"%s\"", books[_i].lot);
    struct asked *asked = ask(rules, books[_i].unit, "0", books[_i].quantity, books[_i].price,
                              books[_i].price, venues);
    ck_assert_int_eq(asked->status, RISK_OK);
    assert_number("the average price", asked->figures.liquidation.average_price, books[_i].average);
    assert_number("the slippage", asked->figures.liquidation.slippage_rate, books[_i].slippage);
    assert_number("what is unfilled", asked->figures.liquidation.unfilled, books[_i].unfilled);
    asked_close(asked);
    free(venues);
}
END_TEST

#define DESK "[{\"venue\":\"desk\",\"kind\":\"quoted\",\"notional\":\"1000\",\"slippage_rate\":\"0.01\"}]"

static json_t *
read_brackets(void)
{
    const char *shared = getenv("BREAKWATER_SHARED");
    char        path[PATH_BYTES];

    snprintf(path, sizeof path, "%s/data/brackets/usdm_brackets_2024-10.json",
             shared ? shared : "../shared");
    json_t *brackets = json_load_file(path, 0, NULL);
    if (!brackets)
        printf("captured: skipped: %s is not there\n", path);
    return brackets;
}

static void
set(mpq_t out, const json_t *row, const char *name)
{
    char        digits[64] = "";
    const char *text = json_string_value(json_object_get(row, name));
    const char *point = strchr(text, '.');

    snprintf(digits, sizeof digits, "%.*s%s/1%.*s",
             point ? (int)(point - text) : (int)strlen(text), text, point ? point + 1 : "",
             point ? (int)strlen(point + 1) : 0, "000000000000000000");
    ck_assert_int_eq(mpq_set_str(out, digits, 10), 0);
    mpq_canonicalize(out);
}

/* The brackets of a symbol as a document writes them: without their deductions, which are
 * computed, or with them. */
static char *
rules_of(const json_t *rows, bool with_deductions)
{
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        json_t       *one = json_object();
        json_object_set(one, "from_notional", json_object_get(row, "from_notional"));
        json_object_set(one, "rate", json_object_get(row, "maintenance_rate"));
        if (with_deductions)
            json_object_set(one, "deduction", json_object_get(row, "deduction"));
        json_array_append_new(list, one);
    }
    char *brackets = json_dumps(list, JSON_COMPACT);
    char *rules = malloc(strlen(brackets) + 64);
    snprintf(rules, strlen(brackets) + 64, "\"price_unit\":\"0.00000001\",\"brackets\":%s",
             brackets);
    free(brackets);
    json_decref(list);
    return rules;
}

/* The venue's own deductions, of 14 symbols, are the ones that the recurrence gives. */
START_TEST(captured_deductions_obey_the_recurrence)
{
    json_t     *brackets = read_brackets();
    const char *symbol;
    json_t     *rows;

    json_object_foreach(brackets, symbol, rows) {
        char         *stated = rules_of(rows, true);
        char         *computed = rules_of(rows, false);
        struct asked *a = ask(stated, "0.00000001", "1000", "1", "1000", "1000", DESK);
        struct asked *b = ask(computed, "0.00000001", "1000", "1", "1000", "1000", DESK);
        for (size_t i = 0; i < json_array_size(rows); i++)
            ck_assert_msg(!decimal_compare(a->question.parameters->assets[0].brackets[i].deduction,
                                           b->question.parameters->assets[0].brackets[i].deduction),
                          "%s, bracket %zu", symbol, i);
        asked_close(a);
        asked_close(b);
        free(stated);
        free(computed);
    }
    json_decref(brackets);
}
END_TEST

/* An account whose margin is such that it is liquidated exactly where its notional passes from
 * one bracket to the next: both brackets give the same price there, N / q. Entry 2 N, q = 1:
 * cash M with N - 2 N + M = N r - a. */
START_TEST(captured_price_is_continuous_at_each_edge)
{
    json_t     *brackets = read_brackets();
    const char *symbol;
    json_t     *rows;

    json_object_foreach(brackets, symbol, rows) {
        char *rules = rules_of(rows, true);
        for (size_t i = 1; i < json_array_size(rows); i++) {
            mpq_t notional, rate, deduction, cash;
            char  cash_text[64], entry_text[64], price_text[64];
            mpq_inits(notional, rate, deduction, cash, NULL);
            set(notional, json_array_get(rows, i), "from_notional");
            set(rate, json_array_get(rows, i), "maintenance_rate");
            set(deduction, json_array_get(rows, i), "deduction");
            mpq_mul(cash, notional, rate);
            mpq_sub(cash, cash, deduction);
            mpq_add(cash, cash, notional);
            ck_assert_msg(!mpz_cmp_ui(mpq_denref(notional), 1), "a whole notional");
            gmp_snprintf(entry_text, sizeof entry_text, "%Zd", mpq_numref(notional));
            snprintf(price_text, sizeof price_text, "%s", entry_text);
            mpq_add(notional, notional, notional);
            gmp_snprintf(entry_text, sizeof entry_text, "%Zd", mpq_numref(notional));
            mpz_mul_ui(mpq_numref(cash), mpq_numref(cash), 1000000);
            mpz_divexact(mpq_numref(cash), mpq_numref(cash), mpq_denref(cash));
            gmp_snprintf(cash_text, sizeof cash_text, "%Zd", mpq_numref(cash));
            size_t digits = strlen(cash_text);
            ck_assert_uint_gt(digits, 6);
            memmove(cash_text + digits - 5, cash_text + digits - 6, 7);
            cash_text[digits - 6] = '.';
            struct asked *asked = ask(rules, "0.000000000000000001", cash_text, "1", entry_text,
                                      entry_text, DESK);
            assert_number(symbol, asked->figures.liquidation_prices[0].price, price_text);
            asked_close(asked);
            mpq_clears(notional, rate, deduction, cash, NULL);
        }
        free(rules);
    }
    json_decref(brackets);
}
END_TEST

Suite *
captured_suite(void)
{
    Suite *suite = suite_create("captured");
    TCase *tests = tcase_create("captured");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, captured_book_is_walked_exactly, 0, (int)COUNT_OF(books));
    tcase_add_test(tests, captured_deductions_obey_the_recurrence);
    tcase_add_test(tests, captured_price_is_continuous_at_each_edge);
    suite_add_tcase(suite, tests);
    return suite;
}
