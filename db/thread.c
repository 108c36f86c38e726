/* pthreads with the few options that every thread here has. */
#include "db/thread.h"

#include <assert.h>
#include <signal.h>
#include <time.h>

bool
thread_start(pthread_t *thread, void *(*run)(void *context), void *context)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, NULL, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return !failed;
}

void
condition_open(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    int failed = pthread_cond_init(condition, &attributes);
    assert(!failed);
    pthread_condattr_destroy(&attributes);
}

void
condition_wait_ms(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t patience_ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec  += patience_ms / 1000;
    until.tv_nsec += patience_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(condition, lock, &until);
}
