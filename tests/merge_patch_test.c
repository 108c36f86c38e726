/* Merge patches: the examples of RFC 7396's appendix A that are objects on objects, and what is
 * refused. */
#include "record/merge_patch.h"

#include <string.h>

#include "tests/suite.h"

enum { ARENA_MAX = 1 << 20 };

static const struct { const char *target, *patch, *result; } good[] = {
    { "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
    { "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
    { "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
    { "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
    { "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
    { "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
    { "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\"}}", "{\"a\":{\"b\":\"d\"}}" },
    { "{\"a\":{\"b\":\"c\",\"e\":1}}", "{\"a\":{\"b\":\"d\",\"e\":null}}", "{\"a\":{\"b\":\"d\"}}" },
    { "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
    { "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
    { "{}", "{\"a\":{\"bb\":{\"ccc\":true}}}", "{\"a\":{\"bb\":{\"ccc\":true}}}" },
    { "{\"a\":\"text\"}", "{\"a\":{\"b\":9007199254740991}}", "{\"a\":{\"b\":9007199254740991}}" },
    { "{\"\xc3\xb6\":\"1\"}", "{\"\xc3\xb6\":\"\\u00f6\"}", "{\"\xc3\xb6\":\"\xc3\xb6\"}" },
};

START_TEST(a_patch_merges_as_the_rfc_says)
{
    struct arena  arena;
    struct merged merged;
    struct faults faults;

    arena_open(&arena, ARENA_MAX);
    faults_open(&faults, FAULTS_MAX);
    ck_assert(merge_patch(good[_i].target, strlen(good[_i].target), good[_i].patch,
                          strlen(good[_i].patch), &arena, &merged, &faults));
    ck_assert_uint_eq(merged.count, strlen(good[_i].result));
    ck_assert_str_eq(merged.bytes, good[_i].result);
    arena_close(&arena);
}
END_TEST

static const struct { const char *patch, *pointer, *code; } bad[] = {
    { "{\"a\":", "", "not_json" },
    { "{} {}", "", "not_json" },
    { "", "", "not_json" },
    { "[]", "", "wrong_type" },
    { "null", "", "wrong_type" },
    { "{\"a\":1,\"a\":2}", "", "duplicate_member" },
    { "{\"a\":0.5}", "/a", "not_a_decimal" },
    { "{\"a\":{\"b\":[1,2e0]}}", "/a/b/1", "not_a_decimal" },
    { "{\"a\":99999999999999999999999999}", "", "overflow" },
    { "{\"b\":null}", "/b", "unknown_path" },
    { "{\"b\":{\"c/d\":null}}", "/b/c~1d", "unknown_path" },
    { "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
      "/a/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0", "too_deep" },
};

START_TEST(what_is_no_patch_is_refused_where_it_is_wrong)
{
    struct arena  arena;
    struct merged merged;
    struct faults faults;

    arena_open(&arena, ARENA_MAX);
    faults_open(&faults, FAULTS_MAX);
    ck_assert(!merge_patch("{\"a\":\"b\"}", 9, bad[_i].patch, strlen(bad[_i].patch), &arena, &merged,
                           &faults));
    ck_assert_uint_eq(faults.count, 1);
    ck_assert_str_eq(faults.items[0].pointer, bad[_i].pointer);
    ck_assert_str_eq(faults.items[0].code, bad[_i].code);
    arena_close(&arena);
}
END_TEST

START_TEST(a_byte_of_nul_is_no_json)
{
    static const char patch[] = "{\"a\":true\0}";
    struct arena      arena;
    struct merged     merged;
    struct faults     faults;

    arena_open(&arena, ARENA_MAX);
    faults_open(&faults, FAULTS_MAX);
    ck_assert(!merge_patch("{}", 2, patch, sizeof patch - 1, &arena, &merged, &faults));
    ck_assert_str_eq(faults.items[0].code, "not_json");
    arena_close(&arena);
}
END_TEST

START_TEST(all_faults_are_listed)
{
    static const char patch[] = "{\"a\":0.5,\"b\":[1.5],\"c\":{\"d\":1e3}}";
    struct arena  arena;
    struct merged merged;
    struct faults faults;

    arena_open(&arena, ARENA_MAX);
    faults_open(&faults, FAULTS_MAX);
    ck_assert(!merge_patch("{}", 2, patch, sizeof patch - 1, &arena, &merged, &faults));
    ck_assert_uint_eq(faults.count, 3);
    arena_close(&arena);
}
END_TEST

START_TEST(no_memory_is_a_fault)
{
    struct arena  arena;
    struct merged merged;
    struct faults faults;

    arena_open(&arena, 1);
    faults_open(&faults, FAULTS_MAX);
    ck_assert(!merge_patch("{}", 2, "{\"a\":1}", 7, &arena, &merged, &faults));
    ck_assert_str_eq(faults.items[0].code, "out_of_memory");
    arena_close(&arena);
}
END_TEST

Suite *
merge_patch_suite(void)
{
    Suite *suite = suite_create("merge_patch");
    TCase *tcase = tcase_create("merge_patch");
    tcase_add_loop_test(tcase, a_patch_merges_as_the_rfc_says, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tcase, what_is_no_patch_is_refused_where_it_is_wrong, 0,
                        sizeof bad / sizeof *bad);
    tcase_add_test(tcase, a_byte_of_nul_is_no_json);
    tcase_add_test(tcase, all_faults_are_listed);
    tcase_add_test(tcase, no_memory_is_a_fault);
    suite_add_tcase(suite, tcase);
    return suite;
}
