/* How often each caller may ask: with a key, by that key; without, by the address. The counters are this
 * process's own: of two instances each allows as much. */
#ifndef HANDLERS_LIMITS_H
#define HANDLERS_LIMITS_H

#include "handlers/limiter.h"
#include "record/text.h"

/* A key has its own bucket. Without one: what is public, and keys that are not known, by the address;
 * previews on the embedded default, likewise but of their own. */
enum policy_of_limit { LIMIT_KEY, LIMIT_ADDRESS, LIMIT_ANONYMOUS, LIMITS_COUNT };

struct limits {
    struct rate      rates[LIMITS_COUNT];     /* a key may have one of its own */
    struct limiter   limiter;
    _Atomic uint64_t refused[LIMITS_COUNT];
};

/* Of a limiter, once. False: no randomness. */
bool         limiter_seed(struct limiter *limiter);
/* One request of the caller, before its body is received: 429, or none. It fills request->quota. */
enum problem limits_begin(struct request *request, struct reply *reply);
/* So many more, since the request turned out to be worth them: they are owed. Once a request, whatever
 * may be run again. */
void         limits_owe(struct request *request, int64_t units);
/* breakwater_limited_total{policy} */
void         limits_write(const struct limits *limits, struct text *out);

/* Of a clock that never goes back. */
int64_t      limits_clock_us(void);

#endif
