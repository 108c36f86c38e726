/* A bucket that empties at a steady rate, kept as the time at which it will be empty (GCRA). */
#include "handlers/limiter.h"

/* FNV-1a. */
static uint32_t
slot_of(const char *caller)
{
    uint32_t hash = 2166136261u;
    for (; *caller; caller++)
        hash = (hash ^ (unsigned char)*caller) * 16777619u;
    return hash % LIMITER_SLOTS;
}

bool
limiter_take(struct limiter *limiter, const char *caller, int64_t interval_us, int64_t burst, int64_t now_us, int64_t *wait_us)
{
    _Atomic int64_t *slot = &limiter->empty_at_us[slot_of(caller)];
    int64_t          was = atomic_load(slot);

    for (;;) {
        int64_t next_us = (was > now_us ? was : now_us) + interval_us;
        *wait_us = next_us - burst * interval_us - now_us;
        if (*wait_us > 0)
            return false;
        if (atomic_compare_exchange_weak(slot, &was, next_us))
            return true;
    }
}
