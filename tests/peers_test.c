/* Other protocols' own numbers, file by file, through the service's reader, engine and writer. */
#include "tests/peers.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

enum { SECONDS_MAX = 120 };

/* False: passed over, aloud. A folder that was named must hold something. */
static bool
find_folder(char folder[static PEER_PATH_MAX])
{
    if (peer_folder(folder))
        return true;
    ck_assert_msg(!getenv("BREAKWATER_VECTORS"), "no vectors of peers in %s",
                  getenv("BREAKWATER_VECTORS"));
    printf("peers: skipped, as %s has no vectors\n", folder);
    return false;
}

START_TEST(each_case_of_a_file_has_the_peer_s_numbers)
{
    char folder[PEER_PATH_MAX];
    struct peer_tally tally;
    if (!find_folder(folder))
        return;
    if (!peer_run_file(folder, peer_files[_i], true, &tally))
        printf("%s: skipped, as there is no such file in %s\n", peer_files[_i], folder);
    fflush(stdout); /* a failure ends the process without it */
    ck_assert_msg(tally.failed == 0, "%s: %d cases differ", peer_files[_i], tally.failed);
}
END_TEST

/* Each file ran in a process of its own: for the sum they are run again. */
START_TEST(total)
{
    char folder[PEER_PATH_MAX];
    struct peer_tally sum = { 0 };
    if (!find_folder(folder))
        return;
    for (size_t i = 0; peer_files[i]; i++) {
        struct peer_tally tally;
        peer_run_file(folder, peer_files[i], false, &tally);
        sum.passed += tally.passed;
        sum.failed += tally.failed;
        sum.skipped += tally.skipped;
    }
    printf("%d passed, %d failed, %d skipped\n", sum.passed, sum.failed, sum.skipped);
    fflush(stdout);
    ck_assert_msg(sum.passed + sum.failed > 0, "no case was compared");
}
END_TEST

static const struct {
    const char *text, *number;
} notations[] = {
    { "12", "12" },
    { "-0.50", "-1/2" },
    { "2.3E-7", "23/100000000" },
    { "1e+3", "1000" },
    { "24999/50", "24999/50" },
    { "1*8/5", "8/5" },
    { "007.0", "7" },
    { "", NULL },
    { "-", NULL },
    { "1.2.3", NULL },
    { "1/0", NULL },
    { "1e", NULL },
    { "0x10", NULL },
    { "1/", NULL },
    { "HEALTHY", NULL },
    { " 1", NULL },
    { "+1", NULL },
};

START_TEST(notation_of_a_number_is_read)
{
    mpq_t number;
    mpq_init(number);
    bool is_number = number_parse(notations[_i].text, number);
    ck_assert_msg(is_number == !!notations[_i].number, "\"%s\"", notations[_i].text);
    if (is_number) {
        char *text = mpq_get_str(NULL, 10, number);
        ck_assert_str_eq(text, notations[_i].number);
        free(text);
    }
    mpq_clear(number);
}
END_TEST

static const struct {
    const char *expected, *ours, *tolerance;
    bool is_same;
} comparisons[] = {
    { "\"1000\"", "\"1001\"", NULL, true }, /* one smallest unit */
    { "\"1000\"", "\"2003/2\"", NULL, false },
    { "\"0\"", "\"-1\"", NULL, true },
    { "\"1000000000000\"", "\"1000000000002\"", NULL, false },
    { "\"4000000000000\"", "\"4000000000004\"", NULL, true }, /* 1e-12 of it */
    { "\"1114.78\"", "\"111477/100\"", NULL, true },          /* one in the last place */
    { "\"1114.78\"", "\"111476/100\"", NULL, false },
    { "\"1.5E-7\"", "\"16/100000000\"", NULL, true },
    { "\"1.5E-7\"", "\"17/100000000\"", NULL, false },
    { "\"24999/50\"", "\"24999/50\"", NULL, true }, /* no last place */
    { "\"24999/50\"", "\"49997/100\"", NULL, false },
    { "\"1000\"", "\"1010\"", "10", true },
    { "\"1000\"", "\"1011\"", "10", false },
    { "\"1000\"", "\"1001\"", "0.5", false }, /* the case's own is all there is */
    { "\"2\"", "\"2000002/1000000\"", "rel 1e-6 (why)", true },
    { "\"2\"", "\"2000003/1000000\"", "rel 1e-6 (why)", false },
    { "7", "\"7\"", NULL, true },
    { "7", "\"9\"", NULL, false },
    { "null", "null", NULL, true },
    { "null", "\"0\"", NULL, false },
    { "\"0\"", "null", NULL, false },
    { "true", "true", NULL, true },
    { "true", "false", NULL, false },
    { "true", "\"1\"", NULL, false },
    { "\"MustNotLeaveDust\"", "\"MustNotLeaveDust\"", NULL, true },
    { "\"MustNotLeaveDust\"", "\"overflow\"", NULL, false },
    { "\"5\"", "\"overflow\"", NULL, false },
    { "[\"1\", \"5\"]", "[\"1\", \"6\"]", NULL, true },
    { "[\"1\", \"5\"]", "[\"1\", \"7\"]", NULL, false },
    { "[\"1\", \"5\"]", "[\"1\"]", NULL, false },
    { "\"A\"", "[\"B\", \"A\"]", NULL, true },
    { "\"A\"", "[\"B\", \"C\"]", NULL, false },
};

START_TEST(number_is_the_expected_one_within_its_tolerance)
{
    json_t *expected = json_loads(comparisons[_i].expected, JSON_DECODE_ANY, NULL);
    json_t *ours = json_loads(comparisons[_i].ours, JSON_DECODE_ANY, NULL);
    ck_assert_msg(expected && ours, "row %d is not JSON", _i);
    ck_assert_msg(peer_is_same(expected, ours, comparisons[_i].tolerance) ==
                      comparisons[_i].is_same,
                  "%s and %s", comparisons[_i].expected, comparisons[_i].ours);
    json_decref(expected);
    json_decref(ours);
}
END_TEST

Suite *
peers_suite(void)
{
    Suite *suite = suite_create("peers");
    TCase *own = tcase_create("comparison");
    TCase *files = tcase_create("vectors");
    int files_count;
    tcase_add_loop_test(own, notation_of_a_number_is_read, 0, COUNT(notations));
    tcase_add_loop_test(own, number_is_the_expected_one_within_its_tolerance, 0,
                        COUNT(comparisons));
    suite_add_tcase(suite, own);
    tcase_set_timeout(files, SECONDS_MAX);
    for (files_count = 0; peer_files[files_count];)
        files_count++;
    tcase_add_loop_test(files, each_case_of_a_file_has_the_peer_s_numbers, 0, files_count);
    tcase_add_test(files, total);
    suite_add_tcase(suite, files);
    return suite;
}
