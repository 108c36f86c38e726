/* How often a caller may do something: so many at once, then so many a second (a token bucket). From any
 * thread; of this process alone. */
#ifndef HANDLERS_LIMITER_H
#define HANDLERS_LIMITER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/request.h"

enum { LIMITER_SETS = 1024, LIMITER_WAYS = 8, RATE_MAX = 1000000 };

/* per_second 0: as often as one likes. Up to RATE_MAX each. */
struct rate { int64_t per_second, burst; };

/* A caller is remembered until its bucket is full again, in one of the places of its set; where all
 * are taken by others who still owe, it shares one. Zero is fresh; `seed` keeps callers from choosing
 * their set. */
struct limiter {
    uint64_t seed;
    struct bucket { _Atomic uint64_t owner; _Atomic int64_t empty_at_ns; }
        buckets[LIMITER_SETS][LIMITER_WAYS];
};

/* Takes `units` where at least one is left: what it takes beyond that is owed, and waited for by the
 * next. False: none is left; `wait_us` says for how long. `quota`: what is left then. `now_us` is of
 * a clock that never goes back. */
bool limiter_take(struct limiter *limiter, const void *caller, size_t caller_bytes,
                  const struct rate *rate, int64_t units, int64_t now_us, struct quota *quota,
                  int64_t *wait_us);
/* Takes them, whatever is left. */
void limiter_owe(struct limiter *limiter, const void *caller, size_t caller_bytes,
                 const struct rate *rate, int64_t units, int64_t now_us, struct quota *quota);

#endif
