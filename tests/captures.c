/* Captured market data of the shared folder as a request's venues. */
#include "tests/captures.h"

#include <check.h>
#include <gmp.h>
#include <jansson.h>
#include <mpfr.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATH_BYTES = 1024,
    TEXT_BYTES = 64,
    FILE_BYTES_MAX = 1 << 20,
    PRECISION = 256,
    TICKS_MAX = 1024,
    TICK_FIRST = 240000, /* prices of WBTC in WETH from 2.6 */
    TICK_LAST = 290000   /* to 392 */
};

static const char *
member_of(const json_t *row, const char *key, size_t index)
{
    return json_string_value(json_is_object(row) ? json_object_get(row, key)
                                                 : json_array_get(row, index));
}

static int
compare_prices(const void *a, const void *b)
{
    double price_a = strtod(member_of(*(json_t *const *)a, "price", 0), NULL);
    double price_b = strtod(member_of(*(json_t *const *)b, "price", 0), NULL);

    return (price_a > price_b) - (price_a < price_b);
}

/* Rows of [price, size]; a capture's need not be in order. */
static json_t *
sorted_rows(const json_t *list, bool descends)
{
    size_t count = json_array_size(list);
    json_t **rows = calloc(count + 1, sizeof *rows);
    json_t *out = json_array();

    ck_assert_ptr_nonnull(rows);
    for (size_t i = 0; i < count; i++)
        rows[i] = json_array_get(list, i);
    qsort(rows, count, sizeof *rows, compare_prices);
    for (size_t i = 0; i < count; i++) {
        const json_t *row = rows[descends ? count - 1 - i : i];
        json_array_append_new(
            out, json_pack("[ss]", member_of(row, "price", 0), member_of(row, "size", 1)));
    }
    free(rows);
    return out;
}

static json_t *
venue_of_book(const json_t *file)
{
    const json_t *book = json_object_get(file, "contents");

    if (!book)
        book =
            json_object_get(file, "data") ? json_array_get(json_object_get(file, "data"), 0) : file;
    return json_pack("{ss ss ss so so}", "venue", "file", "kind", "book", "fee_rate", "0.0005",
                     "bids", sorted_rows(json_object_get(book, "bids"), true), "asks",
                     sorted_rows(json_object_get(book, "asks"), false));
}

/* A whole number of 1e-18 as a decimal's text. */
static const char *
text_of(const mpz_t units, char text[static TEXT_BYTES])
{
    mpz_t whole;
    mpz_t rest;
    mpz_t one;

    mpz_inits(whole, rest, one, NULL);
    mpz_ui_pow_ui(one, 10, 18);
    mpz_fdiv_qr(whole, rest, units, one);
    gmp_snprintf(text, TEXT_BYTES, "%Zd.%018Zd", whole, rest);
    mpz_clears(whole, rest, one, NULL);
    return text;
}

/* A raw price is WETH's smallest unit (1e-18) per WBTC's (1e-8): 1e8 units of 1e-18 WETH a WBTC. */
static const char *
tick_price(long tick, char text[static TEXT_BYTES])
{
    mpfr_t x;
    mpz_t units;

    mpfr_init2(x, PRECISION);
    mpz_init(units);
    mpfr_set_str(x, "1.0001", 10, MPFR_RNDN);
    mpfr_pow_si(x, x, tick, MPFR_RNDN);
    mpfr_mul_ui(x, x, 100000000, MPFR_RNDN);
    mpfr_get_z(units, x, MPFR_RNDD);
    text_of(units, text);
    mpz_clear(units);
    mpfr_clear(x);
    return text;
}

/* (root / 2^96)^2, likewise. */
static const char *
root_price(const char *root_x96, char text[static TEXT_BYTES])
{
    mpz_t units;

    mpz_init(units);
    mpz_set_str(units, root_x96, 10);
    mpz_mul(units, units, units);
    mpz_mul_ui(units, units, 100000000);
    mpz_fdiv_q_2exp(units, units, 192);
    text_of(units, text);
    mpz_clear(units);
    return text;
}

struct tick {
    long tick;
    long net;
};

static int
compare_ticks(const void *a, const void *b)
{
    long tick_a = ((const struct tick *)a)->tick;
    long tick_b = ((const struct tick *)b)->tick;

    return (tick_a > tick_b) - (tick_a < tick_b);
}

static size_t
read_ticks(json_t *by_text, struct tick ticks[static TICKS_MAX])
{
    size_t count = 0;
    const char *key;
    json_t *row;

    json_object_foreach(by_text, key, row)
    {
        ck_assert_uint_lt(count, TICKS_MAX);
        ticks[count++] =
            (struct tick){ strtol(key, NULL, 10), json_integer_value(json_array_get(row, 1)) };
    }
    qsort(ticks, count, sizeof *ticks, compare_ticks);
    return count;
}

/* Liquidity in whole tokens is the raw one over 1e13 = sqrt(1e8 * 1e18). */
static json_t *
ranges_of(json_t *by_text)
{
    struct tick ticks[TICKS_MAX];
    size_t count = read_ticks(by_text, ticks);
    json_t *ranges = json_array();
    long raw = 0;

    for (size_t i = 0; i + 1 < count; i++) {
        char lower[TEXT_BYTES];
        char upper[TEXT_BYTES];
        char liquidity[TEXT_BYTES];
        mpz_t units;
        raw += ticks[i].net;
        if (raw <= 0 || ticks[i].tick < TICK_FIRST || ticks[i + 1].tick > TICK_LAST)
            continue;
        mpz_init_set_si(units, raw);
        mpz_mul_ui(units, units, 100000);
        json_array_append_new(ranges,
                              json_pack("{ss ss ss}", "lower", tick_price(ticks[i].tick, lower),
                                        "upper", tick_price(ticks[i + 1].tick, upper), "liquidity",
                                        text_of(units, liquidity)));
        mpz_clear(units);
    }
    return ranges;
}

static json_t *
venue_of_pool(const json_t *file, const char *root_x96)
{
    char price[TEXT_BYTES];

    return json_pack("{ss ss ss ss so}", "venue", "file", "kind", "concentrated", "fee_rate",
                     "0.003", "price", root_price(root_x96, price), "ranges",
                     ranges_of(json_object_get(file, "tick_data")));
}

/* Cuts out the number behind a key, as Jansson's integers have 64 bits. */
static void
cut_number(char *text, const char *key, char digits[static TEXT_BYTES])
{
    char *at = strstr(text, key);
    size_t count = at ? strspn(at + strlen(key), "0123456789") : 0;

    if (count == 0)
        return;
    ck_assert_uint_lt(count, TEXT_BYTES);
    at += strlen(key);
    memcpy(digits, at, count);
    digits[count] = '\0';
    memset(at, ' ', count);
    *at = '0';
}

/* The whole file, without its two numbers that are too long. */
static char *
read_text(const char *name, char root_x96[static TEXT_BYTES])
{
    const char *shared = getenv("BREAKWATER_SHARED");
    char path[PATH_BYTES];
    char *text = calloc(1, FILE_BYTES_MAX);
    char ignored[TEXT_BYTES];
    FILE *file;

    snprintf(path, sizeof path, "%s/data/%s", shared ? shared : "../shared", name);
    file = fopen(path, "rb");
    ck_assert_ptr_nonnull(text);
    if (!file) {
        printf("depth: skipped, as %s cannot be read\n", path);
        free(text);
        return NULL;
    }
    ck_assert_uint_lt(fread(text, 1, FILE_BYTES_MAX, file), FILE_BYTES_MAX);
    fclose(file);
    cut_number(text, "\"sqrt_price_x96\": ", root_x96);
    cut_number(text, "\"balance_token1\": ", ignored);
    return text;
}

char *
capture_read(const char *name)
{
    char root_x96[TEXT_BYTES] = "0";
    char *text = read_text(name, root_x96);
    json_t *file;
    json_t *venue;
    json_t *venues;
    json_error_t error;

    if (!text)
        return NULL;
    file = json_loads(text, 0, &error);
    ck_assert_msg(file != NULL, "%s:%d: %s", name, error.line, error.text);
    free(text);
    venue =
        json_object_get(file, "tick_data") ? venue_of_pool(file, root_x96) : venue_of_book(file);
    venues = json_pack("[o]", venue);
    ck_assert_ptr_nonnull(venues);
    text = json_dumps(venues, JSON_COMPACT);
    ck_assert_ptr_nonnull(text);
    json_decref(venues);
    json_decref(file);
    return text;
}
