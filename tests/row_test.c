/* Rows to structs and back, on PostgreSQL's own text forms. */
#include <stdio.h>
#include <string.h>

#include <check.h>

#include "db/row.h"
#include "record/instant.h"
#include "tests/opened.h"
#include "tests/suite.h"

static const char *const colours[] = { "red", "green", NULL };

struct thing {
    const char    *name, *note;
    int64_t        number, at, later;
    struct decimal price, limit;
    bool           is_on;
    int            colour;
};

static const struct field thing_fields[] = {
    TEXT_FIELD   (thing, name),
    TEXT_FIELD   (thing, note, .nullable = true),
    INTEGER_FIELD(thing, number),
    INSTANT_FIELD(thing, at),
    INSTANT_FIELD(thing, later, .nullable = true),
    DECIMAL_FIELD(thing, price),
    DECIMAL_FIELD(thing, limit, .optional = true),
    FLAG_FIELD   (thing, is_on),
    CHOICE_FIELD (thing, colour, .choices = colours),
};
static const struct record thing_record = RECORD(thing, thing_fields);

#define COLUMNS "name, note, number, at, later, price, \"limit\", is_on, colour"
#define TYPES "$1::text, $2::text, $3::bigint, $4::bigint, $5::bigint, $6::numeric, $7::numeric, $8::boolean, $9::text"

START_TEST(what_is_written_is_read_back)
{
    static const struct thing things[] = {
        { "a'b\n\xc3\xa9", NULL, INT64_C(-9007199254740991), INT64_C(1767225600000001), INSTANT_NONE,
          DECIMAL_UNITS_OF(-1), DECIMAL_OF(0), true, 1 },
        { "", "", 0, 0, 1, { DECIMAL_MAX_UNITS }, DECIMAL_MICRO_OF(1500000), false, 0 },
    };
    struct opened opened;

    opened_fresh(&opened);
    for (size_t i = 0; i < 2; i++) {
        struct row        row;
        struct thing      read;
        struct pg_result *rows;
        row_write(&thing_record, &things[i], &row);
        ck_assert_msg(!run(&opened.connection, "SELECT * FROM (VALUES (" TYPES ")) AS t (" COLUMNS ")", row.args, thing_record.count,
                           &rows), "%s", opened.connection.why);
        ck_assert(row_read(&thing_record, rows, 0, &read));
        ck_assert_str_eq(read.name, things[i].name);
        ck_assert_pstr_eq(read.note, things[i].note);
        ck_assert_int_eq(read.number, things[i].number);
        ck_assert_int_eq(read.at, things[i].at);
        ck_assert_int_eq(read.later, things[i].later);
        ck_assert_int_eq(decimal_compare(read.price, things[i].price), 0);
        ck_assert_int_eq(decimal_compare(read.limit, things[i].limit), 0);
        ck_assert_int_eq(read.is_on, things[i].is_on);
        ck_assert_int_eq(read.colour, things[i].colour);
        rows_free(rows);
    }
    opened_close(&opened);
}
END_TEST

/* A column in the place of another's, and whether the row can be read then. */
static const struct { const char *columns; bool is_good; } rows_read[] = {
    { "'a' AS name, NULL AS note, 1 AS number, 2 AS at, NULL AS later, 1.50 AS price, NULL AS \"limit\", true AS is_on, 'red' AS colour",
      true },
    { "'a' AS name, NULL AS note, 1 AS number, 2 AS at, NULL AS later, 1.50 AS price, NULL AS \"limit\", true AS is_on", false },
    { "NULL AS name, NULL AS note, 1 AS number, 2 AS at, NULL AS later, 1 AS price, NULL AS \"limit\", true AS is_on, 'red' AS colour",
      false },
    { "'a' AS name, NULL AS note, 1.5 AS number, 2 AS at, NULL AS later, 1 AS price, NULL AS \"limit\", true AS is_on, 'red' AS colour",
      false },
    { "'a' AS name, NULL AS note, '' AS number, 2 AS at, NULL AS later, 1 AS price, NULL AS \"limit\", true AS is_on, 'red' AS colour",
      false },
    { "'a' AS name, NULL AS note, 1 AS number, 2 AS at, NULL AS later, 1e30 AS price, NULL AS \"limit\", true AS is_on, 'red' AS colour",
      false },
    { "'a' AS name, NULL AS note, 1 AS number, 2 AS at, NULL AS later, 1 AS price, NULL AS \"limit\", 1 AS is_on, 'red' AS colour", false },
    { "'a' AS name, NULL AS note, 1 AS number, 2 AS at, NULL AS later, 1 AS price, NULL AS \"limit\", true AS is_on, 'blue' AS colour",
      false },
};

START_TEST(a_row_of_another_shape_is_refused)
{
    struct opened opened;

    opened_fresh(&opened);
    for (size_t i = 0; i < sizeof rows_read / sizeof *rows_read; i++) {
        char              sql[256];
        struct thing      read;
        struct pg_result *rows;
        snprintf(sql, sizeof sql, "SELECT %s", rows_read[i].columns);
        ck_assert_msg(!run(&opened.connection, sql, NULL, 0, &rows), "%s", opened.connection.why);
        ck_assert_msg(row_read(&thing_record, rows, 0, &read) == rows_read[i].is_good, "%s", sql);
        rows_free(rows);
    }
    opened_close(&opened);
}
END_TEST

Suite *
row_suite(void)
{
    Suite *suite = suite_create("row");
    TCase *tcase = tcase_create("row");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, what_is_written_is_read_back);
    tcase_add_test(tcase, a_row_of_another_shape_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
