/* States that requests have in common. */
#include "handlers/states.h"

#include <string.h>

#include "tests/suite.h"

START_TEST(a_state_is_held_once_until_the_last_lets_go)
{
    enum { COUNT = 1000 };                          /* more than there are chains */
    struct states     *states = states_open();
    struct held_state *held[COUNT], *again[COUNT];
    char               bytes[16];

    ck_assert_ptr_nonnull(states);
    for (unsigned i = 0; i < COUNT; i++) {
        memset(bytes, (int)(i % 251), sizeof bytes);
        memcpy(bytes, &i, sizeof i);
        struct digest sha256 = digest_of(bytes, sizeof bytes);
        held[i]  = state_hold(states, &sha256, bytes, sizeof bytes);
        again[i] = state_hold(states, &sha256, bytes, sizeof bytes);
        ck_assert_ptr_nonnull(held[i]);
        ck_assert_ptr_eq(held[i], again[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        ck_assert(i == 0 || held[i] != held[i - 1]);
        state_release(states, held[i]);
        memset(bytes, (int)(i % 251), sizeof bytes);
        memcpy(bytes, &i, sizeof i);
        ck_assert_mem_eq(state_bytes(again[i]), bytes, sizeof bytes);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        ck_assert(!states_close(states));
        state_release(states, again[i]);
    }
    state_release(states, NULL);
    ck_assert(states_close(states));
    ck_assert(states_close(NULL));
}
END_TEST

Suite *
states_suite(void)
{
    Suite *suite = suite_create("states");
    TCase *tcase = tcase_create("states");

    tcase_add_test(tcase, a_state_is_held_once_until_the_last_lets_go);
    suite_add_tcase(suite, tcase);
    return suite;
}
