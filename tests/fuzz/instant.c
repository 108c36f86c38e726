/* Times: a text is read as a regular expression and timegm read it, and a time is written as strftime
 * writes it. */
#include <assert.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "record/instant.h"
#include "tests/fuzz/input.h"

enum { TEXT_MAX = 64, PARTS = 8 };

static int
number_of(const char *text, const regmatch_t *part)
{
    return (int)strtol(text + part->rm_so, NULL, 10);
}

/* Digits of a second's fraction as microseconds. */
static int64_t
fraction_of(const char *text, const regmatch_t *part)
{
    char digits[] = "000000";

    if (part->rm_so >= 0)
        memcpy(digits, text + part->rm_so + 1, (size_t)(part->rm_eo - part->rm_so - 1));
    return strtol(digits, NULL, 10);
}

static bool
read_exactly(const char *text, int64_t *us)
{
    static const char pattern[] =
        "^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(\\.[0-9]{1,6})?Z$";
    static regex_t regex;
    static bool    is_compiled;
    regmatch_t     part[PARTS];

    if (!is_compiled && regcomp(&regex, pattern, REG_EXTENDED))
        abort();
    is_compiled = true;
    if (regexec(&regex, text, PARTS, part, 0))
        return false;
    struct tm wanted = { .tm_year = number_of(text, &part[1]) - 1900,
                         .tm_mon = number_of(text, &part[2]) - 1,
                         .tm_mday = number_of(text, &part[3]), .tm_hour = number_of(text, &part[4]),
                         .tm_min = number_of(text, &part[5]), .tm_sec = number_of(text, &part[6]) };
    struct tm again = wanted;
    *us = timegm(&again) * INT64_C(1000000) + fraction_of(text, &part[7]);
    return again.tm_mon == wanted.tm_mon && again.tm_mday == wanted.tm_mday &&
           again.tm_hour == wanted.tm_hour && again.tm_min == wanted.tm_min &&
           again.tm_sec == wanted.tm_sec && wanted.tm_year >= 70;
}

static void
check_format(int64_t us)
{
    char      ours[INSTANT_TEXT_MAX], wanted[64];
    time_t    second = us / 1000000;
    struct tm parts;
    int64_t   again;

    instant_format(us, ours);
    gmtime_r(&second, &parts);
    size_t count = strftime(wanted, sizeof wanted, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(wanted + count, sizeof wanted - count, ".%03dZ", (int)(us % 1000000 / 1000));
    assert(!strcmp(ours, wanted));
    assert(instant_parse(ours, strlen(ours), &again));
    assert(again == us - us % 1000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct input input = { bytes, bytes + count };
    char         text[TEXT_MAX];
    int64_t      ours, wanted;

    if (count == sizeof ours)
        check_format((int64_t)(input_word(&input) % ((uint64_t)INSTANT_MAX + 1)));
    if (count >= TEXT_MAX || memchr(bytes, '\0', count))
        return 0;
    memcpy(text, bytes, count);
    text[count] = '\0';
    bool is_read = instant_parse((const char *)bytes, count, &ours);
    assert(is_read == read_exactly(text, &wanted));
    assert(!is_read || ours == wanted);
    if (is_read)
        check_format(ours);
    return 0;
}
