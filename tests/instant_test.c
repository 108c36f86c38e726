/* Times against timegm and the calendar. */
#include "record/instant.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/suite.h"

/* Seconds: `date -u -d TEXT +%s`. */
static const struct { const char *text; int64_t instant_us; const char *written; } good[] = {
    { "1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z" },
    { "1970-01-01T00:00:00.000001Z", 1, "1970-01-01T00:00:00.000Z" },
    { "1970-01-01T00:00:00.9Z", 900000, "1970-01-01T00:00:00.900Z" },
    { "1970-01-01T00:00:00.0019Z", 1900, "1970-01-01T00:00:00.001Z" },
    { "2000-02-29T12:30:45.123456Z", 951827445123456, "2000-02-29T12:30:45.123Z" },
    { "2024-02-29T23:59:59.999Z", 1709251199999000, "2024-02-29T23:59:59.999Z" },
    { "2026-01-31T23:59:59.000Z", 1769903999000000, "2026-01-31T23:59:59.000Z" },
    { "2100-03-01T00:00:00Z", 4107542400000000, "2100-03-01T00:00:00.000Z" },
    { "9999-12-31T23:59:59.999999Z", INSTANT_MAX, "9999-12-31T23:59:59.999Z" },
};

static const char *const bad[] = {
    "", "Z", "2026-01-31", "2026-01-31T23:59:59", "2026-01-31T23:59:59+00:00", "2026-01-31t23:59:59Z",
    "2026-01-31T23:59:59z", "2026-01-31 23:59:59Z", "2026-01-31T23:59:60Z", "2026-01-31T24:00:00Z",
    "2026-01-31T23:60:00Z", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
    "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
    "1969-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "-2026-01-01T00:00:00Z",
    "2026-01-31T23:59:59.Z", "2026-01-31T23:59:59.1234567Z", "2026-01-31T23:59:59,5Z",
    "2026-01-31T23:59:59.-1Z", "2026-01-31T23:59:59.5", "2026-01-31T23:59:59.5 Z", " 2026-01-31T23:59:59Z",
    "2026-1-31T23:59:59Z", "2026-01-31T23:59: 9Z", "2026-01-31T23:59:+9Z", "2026-01-31T23-59-59Z",
    "2026/01/31T23:59:59Z", "2026-01-31T23:59:59ZZ", "2O26-01-31T23:59:59Z",
};

START_TEST(good_times_are_read_and_written)
{
    char    text[INSTANT_TEXT_MAX];
    int64_t instant_us;

    ck_assert_msg(instant_parse(good[_i].text, strlen(good[_i].text), &instant_us), "%s",
                  good[_i].text);
    ck_assert_int_eq(instant_us, good[_i].instant_us);
    instant_format(instant_us, text);
    ck_assert_str_eq(text, good[_i].written);
}
END_TEST

START_TEST(bad_times_are_refused)
{
    int64_t instant_us;
    ck_assert_msg(!instant_parse(bad[_i], strlen(bad[_i]), &instant_us), "%s", bad[_i]);
}
END_TEST

/* Every day of four centuries, and every 97th of the rest. */
START_TEST(the_calendar_is_that_of_timegm)
{
    const int64_t last_day = INSTANT_MAX / 1000000 / 86400;

    for (int64_t day = 0; day <= last_day; day += day < 200 * 366 ? 1 : 97) {
        time_t    second = day * 86400 + day % 86400;
        struct tm parts;
        char      wanted[40], text[INSTANT_TEXT_MAX];
        int64_t   instant_us;
        ck_assert_ptr_nonnull(gmtime_r(&second, &parts));
        strftime(wanted, sizeof wanted, "%Y-%m-%dT%H:%M:%S.007Z", &parts);
        instant_format(second * 1000000 + 7999, text);
        ck_assert_str_eq(text, wanted);
        ck_assert(instant_parse(text, strlen(text), &instant_us));
        ck_assert_int_eq(instant_us, second * 1000000 + 7000);
    }
}
END_TEST

/* Any day of any month: read if and only if timegm gives it back unchanged. */
START_TEST(days_that_do_not_exist_are_refused)
{
    for (int number = 0; number < 260 * 14 * 33; number++) {
        struct tm parts = { .tm_year = number / 14 / 33 + 70, .tm_mon = number / 33 % 14 - 1,
                            .tm_mday = number % 33 };
        struct tm again = parts;
        time_t    second = timegm(&again);
        bool      exists = again.tm_mon == parts.tm_mon && again.tm_mday == parts.tm_mday;
        char      text[64];
        int64_t   instant_us;
        snprintf(text, sizeof text, "%04d-%02d-%02dT00:00:00Z", parts.tm_year + 1900,
                 parts.tm_mon + 1, parts.tm_mday);
        ck_assert_msg(instant_parse(text, strlen(text), &instant_us) == exists, "%s", text);
        if (exists)
            ck_assert_int_eq(instant_us, second * 1000000);
    }
}
END_TEST

Suite *
instant_suite(void)
{
    Suite *suite = suite_create("instant");
    TCase *tests = tcase_create("instant");

    tcase_add_loop_test(tests, good_times_are_read_and_written, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tests, bad_times_are_refused, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tests, the_calendar_is_that_of_timegm);
    tcase_add_test(tests, days_that_do_not_exist_are_refused);
    suite_add_tcase(suite, tests);
    return suite;
}
