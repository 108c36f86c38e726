/* Reading and writing JSON: single members, rows of texts with the fault they must get, and the way there and back. */
#include "record/json.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/instant.h"
#include "tests/generate.h"
#include "tests/sample.h"
#include "tests/suite.h"

/* The good sample with one member's value replaced (or, with a NULL value, the text that is given whole). */
struct row { const char *text; const char *code; const char *pointer; };

static bool
read_text(const char *text, size_t bytes, struct arena *arena, struct sample *sample, struct faults *faults)
{
    faults_open(faults, 1);
    return json_read(&sample_record, text, bytes, arena, sample, faults);
}

START_TEST(every_kind_of_member_is_read)
{
    struct arena  arena;
    struct faults faults;
    struct sample sample;

    arena_open(&arena, 1 << 20);
    bool is_read = read_text(sample_good, strlen(sample_good), &arena, &sample, &faults);
    ck_assert_msg(is_read, "%s %s %s", faults.items[0].pointer, faults.items[0].code,
                  faults.items[0].detail);
    ck_assert_str_eq(sample.id, "a-1");
    ck_assert_str_eq(sample.title, "T\xC3\xBCtel \"q\" \\ \x01/");
    ck_assert_uint_eq(strlen(sample.sha256), 64);
    ck_assert_int_eq(sample.quantity, -7);
    ck_assert_int_eq(sample.retries, 10);
    ck_assert(sample.rate.units == (int128)DECIMAL_ONE_UNITS / 40);
    ck_assert(sample.fee.units == -3 * (int128)DECIMAL_ONE_UNITS);
    ck_assert(decimal_is_none(sample.ratio));
    ck_assert(sample.urgent);
    ck_assert(!sample.hidden);
    ck_assert_int_eq(sample.made_at, 1769903999000000);
    ck_assert_int_eq(sample.until, 946598400250000);
    ck_assert_int_eq(sample.side, 1);
    ck_assert_int_eq(sample.mode, 2);
    ck_assert_int_eq(sample.limits.tries, 1);
    ck_assert_int_eq(sample.limits.side, 0);
    ck_assert_str_eq(sample.note.text, "n");
    ck_assert_str_eq(sample.remark->text, "r");
    ck_assert_ptr_null(sample.reply);
    ck_assert_uint_eq(sample.points_count, 2);
    ck_assert(sample.points[1].price.units == 2000 * (int128)DECIMAL_ONE_UNITS);
    ck_assert_uint_eq(sample.tags_count, 2);
    ck_assert_str_eq(sample.tags[1].tag, "y");
    ck_assert_uint_eq(sample.prices_count, 3);
    ck_assert_str_eq(sample.prices[2].asset, "BTC");
    ck_assert_uint_eq(sample.groups_count, 2);
    ck_assert_str_eq(sample.groups[0].name, "\xF0\x9F\x98\x80");
    ck_assert_uint_eq(sample.groups[0].shapes_count, 2);
    ck_assert_int_eq(sample.groups[0].shapes[1].kind, 1);
    ck_assert_uint_eq(sample.groups[0].shapes[1].corners_count, 3);
    ck_assert_uint_eq(sample.groups[1].shapes_count, 0);
    ck_assert_int_eq(sample.rule.rule, 1);
    ck_assert_int_eq(sample.rule.steps, 9);
    arena_close(&arena);
}
END_TEST

static void
check_bad_input(void *context, const char *text, size_t bytes, const char *code, const char *pointer)
{
    size_t       *count = context;
    struct arena  arena;
    struct faults faults;
    struct sample sample;

    arena_open(&arena, 1 << 20);
    ck_assert_msg(!read_text(text, bytes, &arena, &sample, &faults), "%s %s: accepted: %.200s", code,
                  pointer, text);
    ck_assert_msg(!strcmp(faults.items[0].code, code), "%s, not %s, %s: %.200s", faults.items[0].code,
                  code, pointer, text);
    ck_assert_msg(!strcmp(faults.items[0].pointer, pointer), "%s, not %s, %s: %.200s",
                  faults.items[0].pointer, pointer, code, text);
    faults_open(&faults, FAULTS_MAX);
    ck_assert(!json_read(&sample_record, text, bytes, &arena, &sample, &faults));
    ck_assert_msg(faults.count == 1, "%zu faults, %s at %s: %s: %s", faults.count, code, pointer,
                  faults.items[1].pointer, text);
    ck_assert_str_eq(faults.items[0].code, code);
    ck_assert_str_eq(faults.items[0].pointer, pointer);
    arena_close(&arena);
    ++*count;
}

START_TEST(each_bad_input_has_its_fault_at_its_place)
{
    size_t count = 0;
    generate_bad_inputs(&sample_record, sample_good, check_bad_input, &count);
    ck_assert_uint_gt(count, 500);
}
END_TEST

Suite *
json_suite(void)
{
    Suite *suite = suite_create("json");
    TCase *tests = tcase_create("json");

    tcase_add_test(tests, every_kind_of_member_is_read);
    tcase_add_test(tests, each_bad_input_has_its_fault_at_its_place);
    suite_add_tcase(suite, tests);
    return suite;
}
