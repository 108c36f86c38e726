/* The tables themselves: what the compiler cannot see in a record and its readers rely on. */
#include "record/record.h"

#include <stdio.h>
#include <string.h>

#include "record/instant.h"
#include "record/json.h"
#include "risk/account.h"
#include "risk/adaptive.h"
#include "risk/candles.h"
#include "risk/figures.h"
#include "risk/market_memory.h"
#include "risk/oracle.h"
#include "risk/parameters.h"
#include "risk/state.h"
#include "server/document.h"
#include "server/settings.h"
#include "tests/sample.h"
#include "tests/suite.h"

enum { RECORDS_DEEP_MAX = 12 };

static const struct record *const records[] = {
    &sample_record, &account_record, &liquidator_record, &parameters_record, &state_record,
    &problem_document_record, &settings_record, &figures_record,
    &source_price_record, &oracle_settings_record, &adaptive_settings_record,
    &market_memory_record, &candle_series_record,
};

static void check_record(const struct record *record, int depth);

static bool
is_identifier(const char *name)
{
    size_t count = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return count > 0 && count <= KEY_BYTES_MAX && name[count] == '\0' && (name[0] < '0' || name[0] > '9');
}

static void
check_initial(const struct record *record, const struct field *field)
{
    struct arena  arena;
    struct faults faults;
    _Alignas(16) char out[4096];

    if (!field->initial)
        return;
    ck_assert_msg(field->optional, "%s.%s has an initial value and must not be left out", record->name,
                  field->name);
    ck_assert_uint_le(record->size, sizeof out);
    arena_open(&arena, 1 << 16);
    faults_open(&faults, 1);
    ck_assert_msg(field_read_text(field, field->initial, &arena, out, &faults), "%s.%s: %s: %s",
                  record->name, field->name, field->initial, faults.items[0].detail);
    arena_close(&arena);
}

/* Bounds that let something in, and only where they mean something. */
static void
check_bounds(const struct record *record, const struct field *field)
{
    const struct decimal *lowest = field->at_least ? field->at_least : field->above;

    ck_assert_msg(field->min <= field->max, "%s.%s: min above max", record->name, field->name);
    ck_assert_msg(!lowest || !field->at_most || decimal_compare(*lowest, *field->at_most) < 0,
                  "%s.%s: bounds that let nothing in", record->name, field->name);
    ck_assert_msg(!lowest || field->kind == FIELD_DECIMAL, "%s.%s", record->name, field->name);
    ck_assert_msg(!field->at_most || field->kind == FIELD_DECIMAL, "%s.%s", record->name, field->name);
    switch (field->kind) {
    case FIELD_INTEGER:
        ck_assert_msg(field->min >= -INTEGER_MAX && field->max <= INTEGER_MAX && field->min < field->max,
                      "%s.%s: not the bounds of an integer", record->name, field->name);
        break;
    case FIELD_TEXT:
        ck_assert_msg(field->form == TEXT_SHA256 || (field->min >= 0 && field->max > 0),
                      "%s.%s: a text needs a maximum", record->name, field->name);
        break;
    case FIELD_LIST:
    case FIELD_MAP:
        ck_assert_msg(field->min >= 0 && field->max > 0, "%s.%s: a list needs a maximum", record->name,
                      field->name);
        break;
    case FIELD_DECIMAL:
    case FIELD_FLAG:
    case FIELD_INSTANT:
    case FIELD_CHOICE:
    case FIELD_RECORD:
    case FIELD_OBJECT:
        ck_assert_msg(field->min == 0 && field->max == 0, "%s.%s: min and max mean nothing here",
                      record->name, field->name);
        break;
    }
}

static void
check_choices(const struct record *record, const struct field *field)
{
    ck_assert_msg((field->kind == FIELD_CHOICE) == (field->choices != NULL), "%s.%s", record->name,
                  field->name);
    for (size_t i = 0; field->choices && field->choices[i]; i++)
        ck_assert_msg(is_identifier(field->choices[i]), "%s.%s: %s", record->name, field->name,
                      field->choices[i]);
}

static void
check_field(const struct record *record, const struct field *field, int depth)
{
    bool has_items = field->kind == FIELD_RECORD || field->kind == FIELD_LIST || field->kind == FIELD_MAP;

    ck_assert_msg(is_identifier(field->name), "%s.%s", record->name, field->name);
    ck_assert_msg(field->offset < record->size, "%s.%s", record->name, field->name);
    ck_assert_msg(!field->pointer || field->kind == FIELD_RECORD, "%s.%s", record->name, field->name);
    ck_assert_msg(has_items == (field->items != NULL), "%s.%s", record->name, field->name);
    check_bounds(record, field);
    check_choices(record, field);
    check_initial(record, field);
    if (field->items)
        check_record(field->items, depth + 1);
}

static void
check_fields(const struct record *record, const char *tag, int depth)
{
    ck_assert_msg(record->count <= FIELDS_MAX, "%s has too many fields", record->name);
    for (size_t i = 0; i < record->count; i++) {
        check_field(record, &record->fields[i], depth);
        ck_assert_msg(!tag || strcmp(tag, record->fields[i].name), "%s.%s is its tag", record->name, tag);
        for (size_t k = 0; k < i; k++)
            ck_assert_msg(strcmp(record->fields[i].name, record->fields[k].name), "%s.%s stands twice",
                          record->name, record->fields[i].name);
    }
}

static void
check_cases(const struct record *record, int depth)
{
    ck_assert_msg(is_identifier(record->tag), "%s", record->name);
    ck_assert_msg(record->cases_count > 0 && record->cases_count <= FIELDS_MAX, "%s", record->name);
    ck_assert_msg(record->tag_offset + sizeof(int) <= record->size, "%s", record->name);
    for (size_t i = 0; i < record->cases_count; i++) {
        const struct record *chosen = record->cases[i].record;
        ck_assert_msg(is_identifier(record->cases[i].name), "%s: %s", record->name, record->cases[i].name);
        ck_assert_msg(chosen->size == record->size, "%s: %s is another struct's", record->name,
                      record->cases[i].name);
        ck_assert_msg(!chosen->tag && !chosen->tuple && !chosen->bare, "%s: %s", record->name,
                      record->cases[i].name);
        check_fields(chosen, record->tag, depth);
    }
}

static void
check_record(const struct record *record, int depth)
{
    ck_assert_msg(depth < RECORDS_DEEP_MAX, "%s lies too deep for a reader of %d", record->name,
                  JSON_DEPTH_MAX);
    ck_assert_msg(!record->bare || record->count == 1, "%s is bare and has not one member", record->name);
    ck_assert_msg(!record->tuple || record->count > 0, "%s is an empty tuple", record->name);
    if (record->tag)
        check_cases(record, depth);
    else
        check_fields(record, NULL, depth);
}

START_TEST(tables_hold_what_their_readers_rely_on)
{
    check_record(records[_i], 0);
}
END_TEST

Suite *
record_suite(void)
{
    Suite *suite = suite_create("record");
    TCase *tests = tcase_create("record");

    tcase_add_loop_test(tests, tables_hold_what_their_readers_rely_on, 0, COUNT_OF(records));
    suite_add_tcase(suite, tests);
    return suite;
}
