/* A bucket that empties at a steady rate, kept as the time at which it will be empty (GCRA). */
#include "handlers/limiter.h"

static const int64_t second_ns = 1000000000;

/* FNV-1a, and MurmurHash3's finalizer, so that each bit depends on each; never 0, which is nobody. */
static uint64_t
hash(uint64_t seed, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    uint64_t             hash = UINT64_C(0xcbf29ce484222325) ^ seed;

    for (size_t i = 0; i < count; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return (hash ^ hash >> 33) | 1;
}

/* The caller's own, or one that nobody needs any more. Two threads that meet here for the first time
 * may take two: the second is forgotten again when it is full. */
static struct bucket *
find_bucket(struct bucket *set, uint64_t owner, int64_t now_ns)
{
    struct bucket *idle = NULL;

    for (size_t i = 0; i < LIMITER_WAYS; i++) {
        if (atomic_load(&set[i].owner) == owner)
            return &set[i];
        if (!idle && atomic_load(&set[i].empty_at_ns) <= now_ns)
            idle = &set[i];
    }
    if (!idle)
        return &set[(owner >> 32) % LIMITER_WAYS];
    atomic_store(&idle->owner, owner);
    return idle;
}

static void
tell(const struct rate *rate, int64_t interval_ns, int64_t owed_ns, struct quota *quota)
{
    int64_t left_ns = rate->burst * interval_ns - owed_ns;

    quota->burst    = rate->burst;
    quota->window_s = (rate->burst + rate->per_second - 1) / rate->per_second;
    quota->left     = left_ns > 0 ? left_ns / interval_ns : 0;
    quota->full_s   = (owed_ns + second_ns - 1) / second_ns;
}

/* False: it would have to wait for `wait_ns` and may not owe. */
static bool
take(struct limiter *limiter, uint64_t owner, const struct rate *rate, int64_t units,
     bool may_refuse, int64_t now_ns, struct quota *quota, int64_t *wait_ns)
{
    int64_t        interval_ns = second_ns / rate->per_second;
    struct bucket *bucket      = find_bucket(limiter->buckets[owner >> 8 & (LIMITER_SETS - 1)],
                                             owner, now_ns);
    int64_t        was         = atomic_load(&bucket->empty_at_ns);

    for (;;) {
        int64_t from_ns = was > now_ns ? was : now_ns;
        *wait_ns = from_ns + interval_ns - rate->burst * interval_ns - now_ns;
        if (may_refuse && *wait_ns > 0) {
            tell(rate, interval_ns, from_ns - now_ns, quota);
            return false;
        }
        int64_t next_ns = from_ns + units * interval_ns;
        if (atomic_compare_exchange_weak(&bucket->empty_at_ns, &was, next_ns)) {
            tell(rate, interval_ns, next_ns - now_ns, quota);
            *wait_ns = 0;
            return true;
        }
    }
}

bool
limiter_take(struct limiter *limiter, const void *caller, size_t caller_bytes,
             const struct rate *rate, int64_t units, int64_t now_us, struct quota *quota,
             int64_t *wait_us)
{
    uint64_t owner = hash(limiter->seed, caller, caller_bytes);
    int64_t  wait_ns;
    bool     is_taken = take(limiter, owner, rate, units, true, now_us * 1000, quota, &wait_ns);

    *wait_us = (wait_ns + 999) / 1000;
    return is_taken;
}

void
limiter_owe(struct limiter *limiter, const void *caller, size_t caller_bytes,
            const struct rate *rate, int64_t units, int64_t now_us, struct quota *quota)
{
    uint64_t owner = hash(limiter->seed, caller, caller_bytes);
    int64_t  wait_ns;

    take(limiter, owner, rate, units, false, now_us * 1000, quota, &wait_ns);
}
