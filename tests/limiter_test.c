/* Buckets: what may be asked at once, what comes back with time, and that callers do not share them. */
#include "handlers/limiter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>

#include "tests/suite.h"

enum { SECOND_US = 1000000, THREADS = 4, TRIES = 20000, BURST = 1000, CALLERS = 1000 };

static bool
ask(struct limiter *limiter, const char *who, const struct rate *rate, int64_t now_us,
    struct quota *quota, int64_t *wait_us)
{
    return limiter_take(limiter, who, strlen(who), rate, 1, now_us, quota, wait_us);
}

static struct limiter *
make(void)
{
    struct limiter *limiter = calloc(1, sizeof *limiter);

    ck_assert_ptr_nonnull(limiter);
    return limiter;
}

/* Ten a second, three at once: by hand. */
START_TEST(burst_is_there_at_once_and_comes_back_at_the_rate)
{
    static const struct rate rate = { .per_second = 10, .burst = 3 };
    static const struct { int64_t at_us; bool is_taken; int64_t left, wait_us, full_s; } steps[] = {
        { 0,       true,  2, 0,      1 },
        { 0,       true,  1, 0,      1 },
        { 0,       true,  0, 0,      1 },
        { 0,       false, 0, 100000, 1 },
        { 99999,   false, 0, 1,      1 },
        { 100000,  true,  0, 0,      1 },
        { 150000,  false, 0, 50000,  1 },
        { 300000,  true,  1, 0,      1 },
        { 400000,  true,  1, 0,      1 },
        { 9000000, true,  2, 0,      1 },
    };
    struct limiter *limiter = make();

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct quota quota;
        int64_t      wait_us;
        ck_assert_int_eq(ask(limiter, "a", &rate, 77 * SECOND_US + steps[i].at_us, &quota,
                             &wait_us), steps[i].is_taken);
        ck_assert_msg(quota.left == steps[i].left, "step %zu: %lld left", i,
                      (long long)quota.left);
        ck_assert_int_eq(wait_us, steps[i].wait_us);
        ck_assert_int_eq(quota.full_s, steps[i].full_s);
        ck_assert_int_eq(quota.burst, 3);
        ck_assert_int_eq(quota.window_s, 1);
    }
    free(limiter);
}
END_TEST

START_TEST(what_is_owed_is_waited_for)
{
    static const struct rate rate = { .per_second = 2, .burst = 10 };
    struct limiter          *limiter = make();
    struct quota             quota;
    int64_t                  wait_us;

    ck_assert(ask(limiter, "a", &rate, SECOND_US, &quota, &wait_us));
    limiter_owe(limiter, "a", 1, &rate, 99, SECOND_US, &quota);
    ck_assert_int_eq(quota.left, 0);
    ck_assert_int_eq(quota.full_s, 50);
    ck_assert_int_eq(quota.window_s, 5);
    ck_assert(!ask(limiter, "a", &rate, SECOND_US, &quota, &wait_us));
    /* 100 at two a second are 50 s; the tenth of ten is free 4.5 s before all are */
    ck_assert_int_eq(wait_us, 45500000);
    ck_assert(!ask(limiter, "a", &rate, SECOND_US + 45499999, &quota, &wait_us));
    ck_assert(ask(limiter, "a", &rate, SECOND_US + 45500000, &quota, &wait_us));
    free(limiter);
}
END_TEST

/* Each has all of its own, while none of them can be forgotten. */
START_TEST(callers_have_buckets_of_their_own)
{
    static const struct rate rate = { .per_second = 1, .burst = 2 };
    struct limiter          *limiter = make();
    struct quota             quota;
    int64_t                  wait_us;
    int                      refused = 0;

    limiter->seed = 4711;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < CALLERS; i++) {
            char who[16];
            snprintf(who, sizeof who, "caller %d", i);
            refused += !ask(limiter, who, &rate, SECOND_US, &quota, &wait_us);
        }
    ck_assert_int_eq(refused, 0);
    free(limiter);
}
END_TEST

/* More than there is room for: then they share, and no bucket gives more than it has. */
START_TEST(crowd_gets_no_more_than_the_buckets_hold)
{
    static const struct rate rate = { .per_second = 1, .burst = 2 };
    struct limiter          *limiter = make();
    struct quota             quota;
    int64_t                  wait_us;
    int64_t                  taken = 0;

    for (int i = 0; i < 10 * LIMITER_SETS * LIMITER_WAYS; i++)
        taken += limiter_take(limiter, &i, sizeof i, &rate, 1, SECOND_US, &quota, &wait_us);
    ck_assert_int_le(taken, rate.burst * LIMITER_SETS * LIMITER_WAYS);
    ck_assert_int_ge(taken, rate.burst * LIMITER_SETS * LIMITER_WAYS / 2);
    /* all of it is forgotten when it has come back */
    ck_assert(ask(limiter, "new", &rate, 9 * SECOND_US, &quota, &wait_us));
    ck_assert_int_eq(quota.left, 1);
    free(limiter);
}
END_TEST

static void *
take_many(void *context)
{
    static const struct rate rate = { .per_second = 1, .burst = BURST };
    struct limiter          *limiter = context;
    struct quota             quota;
    int64_t                  wait_us;
    intptr_t                 taken = 0;

    for (int i = 0; i < TRIES; i++)
        taken += ask(limiter, "a", &rate, SECOND_US, &quota, &wait_us);
    return (void *)taken;
}

START_TEST(threads_share_one_bucket_without_losing_any)
{
    struct limiter *limiter = make();
    pthread_t       threads[THREADS];
    intptr_t        taken = 0;

    /* it is known before they race for it */
    struct quota quota;
    int64_t      wait_us;
    static const struct rate rate = { .per_second = 1, .burst = BURST };
    ck_assert(ask(limiter, "a", &rate, SECOND_US, &quota, &wait_us));
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_many, limiter), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        taken += (intptr_t)result;
    }
    ck_assert_int_eq(taken, BURST - 1);
    free(limiter);
}
END_TEST

Suite *
limiter_suite(void)
{
    Suite *suite = suite_create("limiter");
    TCase *tcase = tcase_create("limiter");

    tcase_add_test(tcase, burst_is_there_at_once_and_comes_back_at_the_rate);
    tcase_add_test(tcase, what_is_owed_is_waited_for);
    tcase_add_test(tcase, callers_have_buckets_of_their_own);
    tcase_add_test(tcase, crowd_gets_no_more_than_the_buckets_hold);
    tcase_add_test(tcase, threads_share_one_bucket_without_losing_any);
    suite_add_tcase(suite, tcase);
    return suite;
}
