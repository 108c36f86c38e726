/* Workers: a connection for each job, none while the database is away, and a bounded queue. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "db/workers.h"
#include "tests/opened.h"
#include "tests/suite.h"

enum { JOBS = 100 };

struct counted { _Atomic int connected, away; pthread_mutex_t gate; };

static void
count(struct connection *connection, void *context)
{
    struct counted *counted = context;

    pthread_mutex_lock(&counted->gate);
    pthread_mutex_unlock(&counted->gate);
    if (connection && !run_command(connection, "SELECT 1", NULL, 0, NULL))
        counted->connected++;
    else
        counted->away++;
}

static void
wait_for(_Atomic int *count, int wanted)
{
    for (int ms = 0; *count < wanted; ms++) {
        ck_assert_int_lt(ms, 10000);
        usleep(1000);
    }
}

START_TEST(jobs_have_a_connection_unless_the_database_is_away)
{
    struct opened  opened;
    struct counted counted = { .gate = PTHREAD_MUTEX_INITIALIZER };

    opened_fresh(&opened);
    struct workers *workers = workers_open(opened.database, 3, JOBS);
    for (int i = 0; i < JOBS; i++)
        ck_assert(workers_submit(workers, count, &counted));
    wait_for(&counted.connected, JOBS);
    postgres_kill();
    for (int i = 0; i < JOBS; i++)
        ck_assert(workers_submit(workers, count, &counted));
    wait_for(&counted.away, JOBS);
    postgres_start();
    usleep(600000);
    for (int i = 0; i < 3; i++)
        ck_assert(workers_submit(workers, count, &counted));
    wait_for(&counted.connected, JOBS + 3);
    workers_close(workers);
    opened_close(&opened);
}
END_TEST

START_TEST(a_full_queue_refuses_and_closing_runs_what_is_queued)
{
    struct opened  opened;
    struct counted counted = { .gate = PTHREAD_MUTEX_INITIALIZER };
    int            taken = 0;

    opened_fresh(&opened);
    struct workers *workers = workers_open(opened.database, 1, 5);
    pthread_mutex_lock(&counted.gate);
    for (int i = 0; i < 20; i++)
        taken += workers_submit(workers, count, &counted);
    ck_assert_int_ge(taken, 5);
    ck_assert_int_le(taken, 6);               /* one may be with the worker */
    pthread_mutex_unlock(&counted.gate);
    workers_close(workers);
    ck_assert_int_eq(counted.connected, taken);
    opened_close(&opened);
}
END_TEST

static void
forget_transaction(struct connection *connection, void *context)
{
    (void)context;
    transaction_begin(connection);
    run_command(connection, "INSERT INTO breakwater.market VALUES ('m', 'M', 1, 1, 0)", NULL, 0, NULL);
}

START_TEST(a_transaction_that_a_job_left_open_is_rolled_back)
{
    struct opened opened;

    opened_fresh(&opened);
    struct workers *workers = workers_open(opened.database, 1, 5);
    ck_assert(workers_submit(workers, forget_transaction, NULL));
    workers_close(workers);
    ck_assert_int_eq(postgres_number(opened.url, "SELECT count(*) FROM breakwater.market"), 0);
    opened_close(&opened);
}
END_TEST

Suite *
workers_suite(void)
{
    Suite *suite = suite_create("workers");
    TCase *tcase = tcase_create("workers");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, jobs_have_a_connection_unless_the_database_is_away);
    tcase_add_test(tcase, a_full_queue_refuses_and_closing_runs_what_is_queued);
    tcase_add_test(tcase, a_transaction_that_a_job_left_open_is_rolled_back);
    suite_add_tcase(suite, tcase);
    return suite;
}
