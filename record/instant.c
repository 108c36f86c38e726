/* RFC 3339 times. Days are counted as in Howard Hinnant's "chrono-compatible low-level date
 * algorithms": years begin in March, so that the leap day is the last. */
#include "record/instant.h"

#include <assert.h>

enum { DAY_S = 86400, SECOND_US = 1000000 };
enum { YEAR_FIRST = 1970, DATE_BYTES = 20 };      /* 2026-01-31T23:59:59Z */
/* from 0000-03-01 to 1970-01-01 */
enum { ERA_YEARS = 400, ERA_DAYS = 146097, EPOCH_DAYS = 719468 };

struct date { int64_t year, month, day; };        /* months and days count from 1 */

static bool
is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t
month_days(int64_t year, int64_t month)
{
    static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Years of at least 1970, so that no quotient is negative. */
static int64_t
days_of_date(struct date date)
{
    int64_t year     = date.month <= 2 ? date.year - 1 : date.year;
    int64_t march    = date.month > 2 ? date.month - 3 : date.month + 9;
    int64_t in_era   = year % ERA_YEARS;
    int64_t year_day = (153 * march + 2) / 5 + date.day - 1;

    return year / ERA_YEARS * ERA_DAYS + in_era * 365 + in_era / 4 - in_era / 100 + year_day -
           EPOCH_DAYS;
}

static struct date
date_of_days(int64_t days)
{
    int64_t day      = days + EPOCH_DAYS;
    int64_t era      = day / ERA_DAYS;
    int64_t era_day  = day % ERA_DAYS;
    int64_t in_era   = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
    int64_t year_day = era_day - (365 * in_era + in_era / 4 - in_era / 100);
    int64_t march    = (5 * year_day + 2) / 153;
    int64_t month    = march < 10 ? march + 3 : march - 9;

    return (struct date){ era * ERA_YEARS + in_era + (month <= 2), month,
                          year_day - (153 * march + 2) / 5 + 1 };
}

static bool
read_digits(const char *text, size_t count, int64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *number = *number * 10 + (text[i] - '0');
    }
    return true;
}

static bool
read_date(const char *text, struct date *date)
{
    return read_digits(text, 4, &date->year) && text[4] == '-' &&
           read_digits(text + 5, 2, &date->month) && text[7] == '-' &&
           read_digits(text + 8, 2, &date->day) && date->year >= YEAR_FIRST && date->month >= 1 &&
           date->month <= 12 && date->day >= 1 && date->day <= month_days(date->year, date->month);
}

static bool
read_second(const char *text, int64_t *second)
{
    int64_t hours, minutes, seconds;
    if (!read_digits(text, 2, &hours) || text[2] != ':' || !read_digits(text + 3, 2, &minutes) ||
        text[5] != ':' || !read_digits(text + 6, 2, &seconds))
        return false;
    *second = hours * 3600 + minutes * 60 + seconds;
    return hours < 24 && minutes < 60 && seconds < 60;
}

/* "", or "." and 1 to 6 digits. */
static bool
read_fraction(const char *text, size_t bytes, int64_t *fraction_us)
{
    *fraction_us = 0;
    if (bytes == 0)
        return true;
    if (bytes < 2 || bytes > 7 || text[0] != '.' ||
        !read_digits(text + 1, bytes - 1, fraction_us))
        return false;
    for (size_t digits = bytes - 1; digits < 6; digits++)
        *fraction_us *= 10;
    return true;
}

bool
instant_parse(const char *text, size_t bytes, int64_t *instant_us)
{
    struct date date;
    int64_t     second, fraction_us;

    if (bytes < DATE_BYTES || text[10] != 'T' || text[bytes - 1] != 'Z' ||
        !read_date(text, &date) || !read_second(text + 11, &second) ||
        !read_fraction(text + DATE_BYTES - 1, bytes - DATE_BYTES, &fraction_us))
        return false;
    *instant_us = (days_of_date(date) * DAY_S + second) * SECOND_US + fraction_us;
    return true;
}

static char *
put_digits(char *at, int64_t number, int count)
{
    for (int i = count; i-- > 0; number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + count;
}

static char *
put_date(char *at, struct date date)
{
    at    = put_digits(at, date.year, 4);
    *at++ = '-';
    at    = put_digits(at, date.month, 2);
    *at++ = '-';
    return put_digits(at, date.day, 2);
}

void
instant_format(int64_t instant_us, char text[static INSTANT_TEXT_MAX])
{
    assert(instant_us >= 0);
    assert(instant_us <= INSTANT_MAX);
    int64_t second = instant_us / SECOND_US;
    int64_t in_day = second % DAY_S;

    char *at = put_date(text, date_of_days(second / DAY_S));
    *at++    = 'T';
    at       = put_digits(at, in_day / 3600, 2);
    *at++    = ':';
    at       = put_digits(at, in_day / 60 % 60, 2);
    *at++    = ':';
    at       = put_digits(at, in_day % 60, 2);
    *at++    = '.';
    at       = put_digits(at, instant_us % SECOND_US / 1000, 3);
    *at++    = 'Z';
    *at      = '\0';
}
