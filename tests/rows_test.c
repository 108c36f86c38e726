/* Books as they are read row by row: whatever a row's spelling, the state's canonical form is that
 * of its values. */
#include <stdio.h>
#include <string.h>

#include "record/json.h"
#include "risk/state.h"
#include "tests/suite.h"

enum { ARENA_BYTES_MAX = 16 << 20, TEXT_BYTES_MAX = 4 << 20, ROWS_MAX = 300 };

/* How a client may write a number, and how RFC 8785 and the API's decimals have it. */
struct spelled { const char *given, *canonical; };

static const struct spelled spelled[] = {
    { "1", "1" }, { "10", "10" }, { "100", "100" }, { "1234567", "1234567" },
    { "0.5", "0.5" }, { "0.50", "0.5" }, { "1.0", "1" }, { "20.000", "20" }, { "1.0000000", "1" },
    { "1.1000000", "1.1" }, { "7.1234567", "7.1234567" }, { "7.12345678", "7.12345678" },
    { "7.10000000", "7.1" }, { "7.00000000", "7" }, { "7.000000001", "7.000000001" },
    { "3.1234567890", "3.123456789" }, { "3.0000000000000000", "3" },
    { "3.123456789012345678", "3.123456789012345678" },
    { "3.123456789012345670", "3.12345678901234567" },
    { "3.000000000000000000", "3" }, { "1234567.123456789012345678", "1234567.123456789012345678" },
    { "12345678", "12345678" }, { "12345678.10", "12345678.1" },
    { "123456789012345678901.0", "123456789012345678901" }, { "\\u0031.50", "1.5" },
};

static const char *const separators[] = { ",", ", ", " , ", ",  ", "\n\t,\r\n" };

struct book { struct arena arena; struct text given, wanted; struct faults faults; };

static void
open_book(struct book *book)
{
    arena_open(&book->arena, ARENA_BYTES_MAX);
    text_open(&book->given, &book->arena, 1024, TEXT_BYTES_MAX);
    text_open(&book->wanted, &book->arena, 1024, TEXT_BYTES_MAX);
    faults_open(&book->faults, FAULTS_MAX);
    text_add_string(&book->given, "{\"prices\":{\"ETH\":\"1\"},\"depth\":{\"ETH\":[{\"kind\":\"book\","
                                  "\"venue\":\"a\",\"fee_rate\":\"0\",\"bids\":[");
    text_add_string(&book->wanted, "{\"depth\":{\"ETH\":[{\"asks\":[],\"bids\":[");
}

static void
add_row(struct book *book, const char *separator, const struct spelled *price,
        const struct spelled *size)
{
    const char *given_between  = book->given.bytes[book->given.count - 1] == '[' ? "" : separator;
    const char *wanted_between = book->wanted.bytes[book->wanted.count - 1] == '[' ? "" : ",";

    text_format(&book->given, "%s[\"%s\"%s\"%s\"]", given_between, price->given, separator,
                size->given);
    text_format(&book->wanted, "%s[\"%s\",\"%s\"]", wanted_between, price->canonical,
                size->canonical);
}

/* The book, read and, where it is asked for, accepted, against what it should be; closes it. */
static void
check_book(struct book *book, const char *end, bool is_accepted)
{
    struct state state;
    struct text  out;

    text_add_string(&book->given, end);
    text_add_string(&book->wanted, "],\"fee_rate\":\"0\",\"kind\":\"book\",\"venue\":\"a\"}]},"
                                   "\"prices\":{\"ETH\":\"1\"},\"volatility\":{},\"volume\":{}}");
    text_add(&book->wanted, "", 1);
    ck_assert_msg(json_read(&state_record, book->given.bytes, book->given.count, &book->arena,
                            &state, &book->faults), "%s %s: %.*s", book->faults.items[0].pointer,
                  book->faults.items[0].detail, (int)book->given.count, book->given.bytes);
    if (is_accepted)
        ck_assert(state_accept(&state, "", &book->faults));
    text_open(&out, &book->arena, 1024, TEXT_BYTES_MAX);
    json_write(&state_record, &state, JSON_CANONICAL, &out);
    text_add(&out, "", 1);
    ck_assert_str_eq(out.bytes, book->wanted.bytes);
    arena_close(&book->arena);
}

/* Each spelling beside each other, at the text's end and far from it. */
START_TEST(each_spelling_is_kept_as_its_value)
{
    static const char *const ends[] = { "]}]}}", "]}]}}                                           "
        "                                                                                         "
        "                                                                                         " };
    const struct spelled *price = &spelled[_i];

    for (size_t i = 0; i < COUNT_OF(spelled); i++)
        for (size_t j = 0; j < COUNT_OF(separators); j++)
            for (size_t k = 0; k < COUNT_OF(ends); k++) {
                struct book book;
                open_book(&book);
                add_row(&book, separators[j], price, &spelled[i]);
                add_row(&book, separators[j], &spelled[i], price);
                check_book(&book, ends[k], false);
            }
}
END_TEST

START_TEST(a_long_book_is_kept_whole)
{
    static const size_t counts[] = { 0, 1, 63, 64, 65, 128, 129, ROWS_MAX };
    const char         *separator = separators[_i];

    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct book book;
        open_book(&book);
        for (size_t j = 0; j < counts[i]; j++)
            add_row(&book, separator, &spelled[20 - j / 16 % 20], &spelled[j % 20]);
        check_book(&book, "]}]}}", false);
    }
}
END_TEST

/* One that is read in another way, in the middle of others. */
START_TEST(an_unusual_row_stands_between_others)
{
    static const struct spelled integer = { "12345678901", "12345678901" };
    struct book book;

    open_book(&book);
    for (int i = 0; i < 200; i++)
        add_row(&book, ",", i == _i ? &integer : &spelled[0], &spelled[5]);
    check_book(&book, "]}]}}", false);
}
END_TEST

START_TEST(rows_without_a_size_are_dropped_from_it)
{
    static const struct spelled none[] = { { "0", "" }, { "0.00", "" }, { "-0", "" } };
    struct book book;

    open_book(&book);
    for (int i = 0; i < 100; i++)
        if (i == _i)
            text_format(&book.given, "%s[\"1\",\"%s\"]", i ? "," : "", none[i % 3].given);
        else
            add_row(&book, ",", &spelled[0], &spelled[4]);
    check_book(&book, "]}]}}", true);
}
END_TEST

/* The fault is told at its row, and only one. */
START_TEST(a_bad_row_has_its_fault_at_its_place)
{
    static const struct { const char *row, *code, *at; } bad[] = {
        { "[\"0\",\"1\"]", "out_of_bounds", "0" },    { "[\"1\",\"-1\"]", "out_of_bounds", "1" },
        { "[\"1\"]", "too_few", NULL },               { "[\"1\",\"1\",\"1\"]", "too_many", NULL },
        { "[\"01\",\"1\"]", "not_a_decimal", "0" },   { "[\"1\",\"1.\"]", "not_a_decimal", "1" },
        { "[\".1\",\"1\"]", "not_a_decimal", "0" },   { "[\"1\",\"1e1\"]", "not_a_decimal", "1" },
        { "[\"1\" \"1\"]", "not_json", NULL },        { "[\"1\",]", "not_json", "1" },
        { "[,\"1\",\"1\"]", "not_json", "0" },        { "[\"1\",\"1\"}", "not_json", NULL },
        { "[\"1\",\"1.0000000000000000001\"]", "not_a_decimal", "1" },
        { "[\"170141183460469231732\",\"1\"]", "overflow", "0" },
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct book  book;
        struct state state;
        char         pointer[FAULT_POINTER_MAX];
        open_book(&book);
        for (int j = 0; j < 150; j++)
            if (j == _i)
                text_format(&book.given, "%s%s", j ? "," : "", bad[i].row);
            else
                add_row(&book, ",", &spelled[0], &spelled[1]);
        text_add_string(&book.given, "]}]}}");
        snprintf(pointer, sizeof pointer, "/depth/ETH/0/bids/%d%s%s", _i, bad[i].at ? "/" : "",
                 bad[i].at ? bad[i].at : "");
        ck_assert(!json_read(&state_record, book.given.bytes, book.given.count, &book.arena, &state,
                             &book.faults));
        ck_assert_str_eq(book.faults.items[0].code, bad[i].code);
        ck_assert_str_eq(book.faults.items[0].pointer, pointer);
        ck_assert_uint_eq(book.faults.count, 1);
        arena_close(&book.arena);
    }
}
END_TEST

Suite *
rows_suite(void)
{
    Suite *suite = suite_create("rows");
    TCase *tcase = tcase_create("rows");

    tcase_add_loop_test(tcase, each_spelling_is_kept_as_its_value, 0, COUNT_OF(spelled));
    tcase_add_loop_test(tcase, a_long_book_is_kept_whole, 0, COUNT_OF(separators));
    tcase_add_loop_test(tcase, an_unusual_row_stands_between_others, 60, 68);
    tcase_add_loop_test(tcase, rows_without_a_size_are_dropped_from_it, 0, 100);
    tcase_add_loop_test(tcase, a_bad_row_has_its_fault_at_its_place, 0, 150);
    suite_add_tcase(suite, tcase);
    return suite;
}
