/* The least amount that suffices, found by trials. */
#include "risk/boundary.h"

#include "tests/suite.h"

/* Amounts do as their steps do, `tread` units each: from `first` on they fit. A guess of the step's
 * height is all that a trial tells of how far it is off. */
struct stair { int128 tread, first; bool tells_reach; int trials_count; };

static bool
climb(void *context, int128 units, struct trial *trial)
{
    struct stair *stair = context;
    int128        step = units / stair->tread;

    stair->trials_count++;
    trial->fits   = step >= stair->first;
    trial->excess = (double)((step - stair->first) * stair->tread);
    if (stair->tells_reach)
        trial->reach = trial->fits ? step * stair->tread : (step + 1) * stair->tread - 1;
    return true;
}

static int128
find(struct stair *stair, int128 guess, int128 most)
{
    struct boundary boundary = { .try = climb, .context = stair, .most = most, .certain = -1 };
    int128          found = -1;

    stair->trials_count = 0;
    return boundary_find(&boundary, guess, &found) == BOUNDARY_FOUND ? found : -1;
}

START_TEST(the_foot_of_a_step_is_found_from_any_guess)
{
    static const int128 treads[] = { 1, 2, 7, 1000 };

    for (size_t i = 0; i < sizeof treads / sizeof *treads; i++)
        for (int128 guess = 0; guess <= 9 * treads[i]; guess += 1 + treads[i] / 5)
            for (int tells = 0; tells < 2; tells++) {
                struct stair stair = { treads[i], 4, tells, 0 };
                ck_assert(find(&stair, guess, 9 * treads[i]) == 4 * treads[i]);
                ck_assert(find(&stair, guess, 4 * treads[i]) == 4 * treads[i]);
                ck_assert(find(&stair, guess, 4 * treads[i] - 1) == -1);
            }
}
END_TEST

/* Bisection of a million units takes twenty. */
START_TEST(amounts_that_are_known_to_do_the_same_are_not_tried)
{
    struct stair told = { 1000000, 4, true, 0 };
    struct stair untold = { 1000000, 4, false, 0 };

    ck_assert(find(&told, 4300000, 9000000) == 4000000);
    ck_assert_int_eq(told.trials_count, 2);
    ck_assert(find(&told, 3300000, 9000000) == 4000000);
    ck_assert_int_eq(told.trials_count, 2);
    ck_assert(find(&untold, 4300000, 9000000) == 4000000);
    ck_assert_int_gt(untold.trials_count, 12);
}
END_TEST

Suite *
boundary_suite(void)
{
    Suite *suite = suite_create("boundary");
    TCase *cases = tcase_create("boundary");
    tcase_add_test(cases, the_foot_of_a_step_is_found_from_any_guess);
    tcase_add_test(cases, amounts_that_are_known_to_do_the_same_are_not_tried);
    suite_add_tcase(suite, cases);
    return suite;
}
