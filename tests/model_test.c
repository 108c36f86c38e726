/* Every worked number of the risk model, by key, against the vectors, computed elsewhere. */
#include "tests/model.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/near.h"
#include "tests/suite.h"

enum { SECTION_LAST = 13, PATH_BYTES = 1024 };

static const struct { const struct model_case *cases; const size_t *count; } tables[] = {
#define TABLE(name) { name##_cases, &name##_cases_count },
#define SECTION(number)
#include "tests/model_tables.def"
#undef TABLE
#undef SECTION
};
enum { TABLES_COUNT = sizeof tables / sizeof *tables };

static const int sections_required[] = {
#define TABLE(name)
#define SECTION(number) number,
#include "tests/model_tables.def"
#undef TABLE
#undef SECTION
};

struct tally { int passed; int failed; int missing; char first[256]; };

static bool
is_required(int section)
{
    for (size_t i = 0; i < sizeof sections_required / sizeof *sections_required; i++)
        if (sections_required[i] == section)
            return true;
    return false;
}

static const struct model_case *
find_case(const char *key)
{
    for (size_t i = 0; i < TABLES_COUNT; i++)
        for (size_t n = 0; n < *tables[i].count; n++)
            if (!strcmp(tables[i].cases[n].key, key))
                return &tables[i].cases[n];
    return NULL;
}

/* NULL, and it says so, where the shared folder is not there. */
static json_t *
load_vectors(void)
{
    const char *folder = getenv("BREAKWATER_VECTORS");
    const char *shared = getenv("BREAKWATER_SHARED");
    char path[PATH_BYTES];
    if (folder)
        snprintf(path, sizeof path, "%s/model/vectors.json", folder);
    else
        snprintf(path, sizeof path, "%s/vectors/model/vectors.json", shared ? shared : "../shared");
    json_t *vectors = json_load_file(path, JSON_DECODE_INT_AS_REAL, NULL);
    if (!vectors)
        printf("model: skipped, as %s cannot be read\n", path);
    return vectors;
}

static void
count_failure(struct tally *tally, const char *key, const char *ours, const char *expected)
{
    if (!tally->failed++)
        snprintf(tally->first, sizeof tally->first, "%s: ours is %s, expected %s", key, ours,
                 expected);
    printf("model %s: ours is %s, expected %s\n", key, ours, expected);
}

static void
compare(const struct model_case *row, const json_t *value, struct tally *tally)
{
    char expected[64];
    if (json_is_string(value))
        snprintf(expected, sizeof expected, "%s", json_string_value(value));
    else
        snprintf(expected, sizeof expected, "%.17g", json_number_value(value));
    if (row->compute_text) {
        const char *text = row->compute_text();
        if (!strcmp(text, expected))
            tally->passed++;
        else
            count_failure(tally, row->key, text, expected);
        return;
    }
    double number = row->compute();
    char *end;
    double wanted = strtod(expected, &end);
    if (!*end && is_near(number, wanted, row->relative > 0 ? row->relative : MODEL_CLOSED_FORM)) {
        tally->passed++;
        return;
    }
    char ours[32];
    snprintf(ours, sizeof ours, "%.15g", number);
    count_failure(tally, row->key, ours, expected);
}

static void
tally_section(json_t *vectors, int section, struct tally *tally)
{
    const char *key;
    json_t *value;
    json_object_foreach(vectors, key, value) {
        if (strtol(key, NULL, 10) != section)
            continue;
        const struct model_case *row = find_case(key);
        if (row) {
            compare(row, value, tally);
            continue;
        }
        tally->missing++;
        if (is_required(section))
            printf("model %s: no case computes it\n", key);
    }
}

START_TEST(each_key_of_a_section_is_reproduced)
{
    json_t *vectors = load_vectors();
    if (!vectors)
        return;
    struct tally tally = { 0 };
    tally_section(vectors, _i, &tally);
    json_decref(vectors);
    if (tally.passed + tally.failed > 0 || is_required(_i))
        printf("model section %d: %d passed, %d failed, %d without a case\n", _i, tally.passed,
               tally.failed, tally.missing);
    fflush(stdout);     /* a failure ends the process without it */
    ck_assert_msg(tally.failed == 0, "%d keys differ; the first is %s", tally.failed, tally.first);
    ck_assert_msg(tally.missing == 0 || !is_required(_i), "section %d: %d keys have no case", _i,
                  tally.missing);
}
END_TEST

/* A key that the vectors have not would be a case that never runs. */
START_TEST(each_case_names_a_key_of_the_vectors)
{
    json_t *vectors = load_vectors();
    if (!vectors)
        return;
    const struct model_case *cases = tables[_i].cases;
    for (size_t n = 0; n < *tables[_i].count; n++) {
        ck_assert_msg(json_object_get(vectors, cases[n].key) != NULL, "no such key: %s",
                      cases[n].key);
        ck_assert_msg(find_case(cases[n].key) == &cases[n], "two cases for %s", cases[n].key);
        ck_assert_msg(!cases[n].compute != !cases[n].compute_text, "%s: a number or a text",
                      cases[n].key);
    }
    json_decref(vectors);
}
END_TEST

Suite *
model_suite(void)
{
    Suite *suite = suite_create("model");
    TCase *cases = tcase_create("vectors");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, each_key_of_a_section_is_reproduced, 1, SECTION_LAST + 1);
    tcase_add_loop_test(cases, each_case_names_a_key_of_the_vectors, 0, TABLES_COUNT);
    suite_add_tcase(suite, cases);
    return suite;
}
