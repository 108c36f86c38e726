/* How often a caller may do something: so many times at once, then one each interval. From any thread. */
#ifndef HANDLERS_LIMITER_H
#define HANDLERS_LIMITER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { LIMITER_SLOTS = 1024 };

/* Zero is fresh. Callers whose names fall into one slot share it. */
struct limiter { _Atomic int64_t empty_at_us[LIMITER_SLOTS]; };

/* False: not now; `wait_us` says for how long. */
bool limiter_take(struct limiter *limiter, const char *caller, int64_t interval_us, int64_t burst, int64_t now_us, int64_t *wait_us);

#endif
