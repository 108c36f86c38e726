/* Query strings, read through a record. */
#include "server/query.h"

#include <stdlib.h>
#include <string.h>

#include "tests/suite.h"

struct page {
    int64_t        limit;
    const char    *cursor, *market;
    int            order;
    bool           deep;
    struct decimal above;
    int64_t        at;
};

static const char *const orders[] = { "desc", "asc", NULL };

static const struct field page_fields[] = {
    INTEGER_FIELD(page, limit, .optional = true, .min = 1, .max = 500, .initial = "50"),
    TEXT_FIELD   (page, cursor, .optional = true, .form = TEXT_ANY, .min = 1, .max = 40),
    NAME_FIELD   (page, market),
    CHOICE_FIELD (page, order, .optional = true, .choices = orders, .initial = "desc"),
    FLAG_FIELD   (page, deep, .optional = true),
    DECIMAL_FIELD(page, above, .optional = true),
    INSTANT_FIELD(page, at, .optional = true),
};
static const struct record page_record = RECORD(page, page_fields);

static bool
read(const struct record *record, const char *text, struct arena *arena, struct page *page, struct faults *faults)
{
    char *query = arena_copy(arena, text, strlen(text));

    ck_assert_ptr_nonnull(query);
    memset(page, 0xA5, sizeof *page);
    faults_open(faults, FAULTS_MAX);
    return query_read(record, query, arena, page, faults);
}

START_TEST(parameters_become_members)
{
    struct arena  arena;
    struct page   page;
    struct faults faults;

    arena_open(&arena, 1 << 16);
    ck_assert(read(&page_record, "market=eth-usd&limit=500&order=asc&deep=true&above=-0.5&cursor=%C3%A9%26%3D+&at=1970-01-01T00:00:01Z",
                   &arena, &page, &faults));
    ck_assert_int_eq(page.limit, 500);
    ck_assert_str_eq(page.market, "eth-usd");
    ck_assert_str_eq(page.cursor, "\xC3\xA9&=+");
    ck_assert_int_eq(page.order, 1);
    ck_assert(page.deep);
    ck_assert(page.above.units == -DECIMAL_ONE_UNITS / 2);
    ck_assert_int_eq(page.at, 1000000);
    arena_close(&arena);
}
END_TEST

START_TEST(what_is_left_out_has_its_initial_value)
{
    static const char *const texts[] = { "market=m", "&market=m", "market=m&", "&&market=m&&" };
    struct arena             arena;
    struct page              page;
    struct faults            faults;

    arena_open(&arena, 1 << 16);
    ck_assert(read(&page_record, texts[_i], &arena, &page, &faults));
    ck_assert_int_eq(page.limit, 50);
    ck_assert_str_eq(page.market, "m");
    ck_assert_ptr_null(page.cursor);
    ck_assert_int_eq(page.order, 0);
    ck_assert(!page.deep);
    ck_assert(decimal_is_none(page.above));
    arena_close(&arena);
}
END_TEST

static const struct { const char *query, *pointer, *code; } refusals[] = {
    { "",                           "?market", "missing_parameter" },
    { "limit=5",                    "?market", "missing_parameter" },
    { "market=",                    "?market", "out_of_bounds" },
    { "market",                     "?market", "out_of_bounds" },
    { "market=a%20b",               "?market", "bad_text" },
    { "market=a&market=a",          "?market", "duplicate_parameter" },
    { "market=a&limit=1&limit=2",   "?limit",  "duplicate_parameter" },
    { "market=a&mark%65t=a",        "?market", "duplicate_parameter" },
    { "market=a&limit=0",           "?limit",  "out_of_bounds" },
    { "market=a&limit=501",         "?limit",  "out_of_bounds" },
    { "market=a&limit=99999999999999999999", "?limit", "out_of_bounds" },
    { "market=a&limit=1.0",         "?limit",  "wrong_type" },
    { "market=a&limit=+1",          "?limit",  "wrong_type" },
    { "market=a&limit=",            "?limit",  "wrong_type" },
    { "market=a&order=up",          "?order",  "unknown_choice" },
    { "market=a&deep=1",            "?deep",   "wrong_type" },
    { "market=a&above=1e3",         "?above",  "not_a_decimal" },
    { "market=a&at=yesterday",      "?at",     "not_an_instant" },
    { "market=a&b=c",               "?b",      "unknown_parameter" },
    { "market=a&Limit=1",           "?Limit",  "unknown_parameter" },
    { "market=a&%22%3Cscript%3E=c", "?",       "unknown_parameter" },
    { "market=a&=c",                "?",       "unknown_parameter" },
    { "market=a&cursor=%",          "?",       "bad_encoding" },
    { "market=a&cursor=%00",        "?",       "bad_encoding" },
    { "market=a&cursor=%FF",        "?cursor", "bad_text" },
    { "market=a&%zz=1",             "?",       "bad_encoding" },
};

START_TEST(each_refusal_names_its_parameter)
{
    struct arena  arena;
    struct page   page;
    struct faults faults;

    arena_open(&arena, 1 << 16);
    ck_assert(!read(&page_record, refusals[_i].query, &arena, &page, &faults));
    ck_assert_uint_eq(faults.count, 1);
    ck_assert_str_eq(faults.items[0].pointer, refusals[_i].pointer);
    ck_assert_str_eq(faults.items[0].code, refusals[_i].code);
    arena_close(&arena);
}
END_TEST

START_TEST(all_faults_are_named)
{
    struct arena  arena;
    struct page   page;
    struct faults faults;

    arena_open(&arena, 1 << 16);
    ck_assert(!read(&page_record, "limit=0&order=up&x=y", &arena, &page, &faults));
    ck_assert_uint_eq(faults.count, 4);
    ck_assert_str_eq(faults.items[0].pointer, "?limit");
    ck_assert_str_eq(faults.items[1].pointer, "?order");
    ck_assert_str_eq(faults.items[2].pointer, "?x");
    ck_assert_str_eq(faults.items[3].pointer, "?market");
    arena_close(&arena);
}
END_TEST

START_TEST(without_a_record_there_are_no_parameters)
{
    struct arena  arena;
    struct page   page;
    struct faults faults;

    arena_open(&arena, 1 << 16);
    faults_open(&faults, FAULTS_MAX);
    ck_assert(query_read(NULL, NULL, &arena, NULL, &faults));
    ck_assert(read(NULL, "", &arena, &page, &faults));
    ck_assert(!read(NULL, "limit=1", &arena, &page, &faults));
    ck_assert_str_eq(faults.items[0].pointer, "?limit");
    ck_assert_str_eq(faults.items[0].code, "unknown_parameter");
    arena_close(&arena);
}
END_TEST

Suite *
query_suite(void)
{
    Suite *suite = suite_create("query");
    TCase *tcase = tcase_create("queries");

    tcase_add_test(tcase, parameters_become_members);
    tcase_add_loop_test(tcase, what_is_left_out_has_its_initial_value, 0, 4);
    tcase_add_loop_test(tcase, each_refusal_names_its_parameter, 0, (int)COUNT_OF(refusals));
    tcase_add_test(tcase, all_faults_are_named);
    tcase_add_test(tcase, without_a_record_there_are_no_parameters);
    suite_add_tcase(suite, tcase);
    return suite;
}
