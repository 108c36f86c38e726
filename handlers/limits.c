/* Which bucket a request takes from. */
#include "handlers/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "handlers/service.h"

enum { SECOND_US = 1000000 };

static const char *const policy_names[LIMITS_COUNT] = {
    [LIMIT_KEY]       = "key",
    [LIMIT_ADDRESS]   = "address",
    [LIMIT_ANONYMOUS] = "anonymous",
};

bool
limiter_seed(struct limiter *limiter)
{
    return getrandom(&limiter->seed, sizeof limiter->seed, 0) == sizeof limiter->seed;
}

int64_t
limits_clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

static enum policy_of_limit
policy_of(const struct request *request)
{
    if (request->caller.key_id)
        return LIMIT_KEY;
    return request->caller.roles ? LIMIT_ANONYMOUS : LIMIT_ADDRESS;
}

static struct rate
rate_of(const struct request *request, enum policy_of_limit policy)
{
    const struct caller *caller = &request->caller;

    if (policy == LIMIT_KEY && caller->rate)
        return (struct rate){ caller->rate, caller->burst };
    return request->service->limits->rates[policy];
}

/* False: none is left. */
static bool
take(struct request *request, int64_t units, bool may_refuse, int64_t *wait_us)
{
    enum policy_of_limit policy = policy_of(request);
    struct rate          rate = rate_of(request, policy);
    struct limiter      *limiter = &request->service->limits->limiter;
    struct { char policy; char id[31]; } name = { .policy = (char)('a' + policy) };

    if (!rate.per_second)
        return true;
    if (policy == LIMIT_KEY) {
        snprintf(name.id, sizeof name.id, "%s", request->caller.key_id);
    } else {
        struct address network = address_network(&request->caller.address);
        memcpy(name.id, network.bytes, sizeof network.bytes);
    }
    request->quota.policy = policy_names[policy];
    if (may_refuse)
        return limiter_take(limiter, &name, sizeof name, &rate, units, limits_clock_us(),
                            &request->quota, wait_us);
    limiter_owe(limiter, &name, sizeof name, &rate, units, limits_clock_us(), &request->quota);
    return true;
}

enum problem
limits_begin(struct request *request, struct reply *reply)
{
    struct limits       *limits = request->service->limits;
    enum policy_of_limit policy = policy_of(request);
    int64_t              wait_us;

    if (!limits || request->route->is_unmetered || take(request, 1, true, &wait_us))
        return PROBLEM_NONE;
    atomic_fetch_add_explicit(&limits->refused[policy], 1, memory_order_relaxed);
    struct rate rate = rate_of(request, policy);
    reply->retry_after_s = (unsigned)((wait_us + SECOND_US - 1) / SECOND_US);
    snprintf(reply->detail, sizeof reply->detail,
             "%s may ask %" PRId64 " times at once, then %" PRId64 " times a second",
             policy == LIMIT_KEY ? "this key" : policy == LIMIT_ADDRESS
             ? "an address without a key" : "an address without a key, for previews,",
             rate.burst, rate.per_second);
    return PROBLEM_TOO_MANY_REQUESTS;
}

void
limits_owe(struct request *request, int64_t units)
{
    int64_t wait_us;

    if (!request->service->limits || request->quota.is_settled)
        return;
    request->quota.is_settled = true;
    if (units > 0)
        take(request, units, false, &wait_us);
}

void
limits_write(const struct limits *limits, struct text *out)
{
    text_add_string(out, "# HELP breakwater_limited_total"
                         " Requests refused because their caller asks too often, by whose limit.\n"
                         "# TYPE breakwater_limited_total counter\n");
    for (size_t i = 0; limits && i < LIMITS_COUNT; i++)
        text_format(out, "breakwater_limited_total{policy=\"%s\"} %" PRIu64 "\n", policy_names[i],
                    atomic_load_explicit(&limits->refused[i], memory_order_relaxed));
}
