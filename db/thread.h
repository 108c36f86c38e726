/* Threads that leave the process's signals to the one that waits for them. Only for db/. */
#ifndef DB_THREAD_H
#define DB_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

bool thread_start(pthread_t *thread, void *(*run)(void *context), void *context);

/* Conditions that wait by the monotonic clock. */
void condition_open(pthread_cond_t *condition);
void condition_wait_ms(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t patience_ms);

#endif
