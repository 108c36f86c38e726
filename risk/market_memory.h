/* What a market state remembers of the ones before it: a time-weighted price, how much prices have
 * moved, the stress that is held (adaptive.h). One memory for each asset.
 *
 * A pure function: the memory before and an observation give the next memory. It is computed once,
 * when a snapshot is accepted, and stands in that snapshot's canonical bytes, beside the hash of
 * the snapshot before; so a decision needs no history, and an auditor recomputes the chain one link
 * at a time. To make that exact, what is stored is what is computed with: prices as they are, times
 * in whole milliseconds, statistics as decimals of 12 significant digits; and it is bounded,
 * however long the chain.
 *
 * The price between two snapshots is the first one's: a snapshot's own price weighs nothing in its
 * own memory, and no price of a single moment ever does. A snapshot that the oracle guard defers is
 * still remembered, for the window must take in what stands. */
#ifndef RISK_MARKET_MEMORY_H
#define RISK_MARKET_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "record/decimal.h"
#include "record/record.h"
#include "risk/adaptive.h"
#include "risk/oracle.h"

/* The window is kept in so many parts, and the rest of one that is leaving it. */
enum { WINDOW_PARTS = 10, SPANS_MAX = WINDOW_PARTS + 1 };

/* From begun_at to the next one's begin (the last: to observed_at): the mean of ln price. */
struct memory_span { int64_t begun_at; struct decimal log_price; };

struct price_memory {
    const char         *asset;            /* the key; the memory of another asset is another's */
    int64_t             begun_at;         /* of the first snapshot; microseconds, as all times */
    int64_t             observed_at;      /* of this snapshot */
    struct decimal      price;            /* in it, > 0 */
    struct memory_span *spans;            /* oldest first, at most SPANS_MAX; none at first */
    size_t              spans_count;
    struct decimal      time_weighted_price;      /* geometric, of the window before this price; */
    struct decimal      window_s;                 /* what of the window was there to weigh, > 0; */
    struct decimal      gap_s;                    /* how long ago the snapshot before was; none at
                                                   * first, all three */
    struct decimal      variance;         /* a year's, exponentially weighted; none at first */
    struct decimal      long_variance;    /* with the long half-life */
    struct stress       stress;
};

extern const struct record price_memory_record;

/* The group in a snapshot: one memory for each asset by name, and the SHA-256 of the canonical
 * bytes of the snapshot before, left out in the first. */
struct market_memory {
    const char          *previous_sha256;
    struct price_memory *assets;
    size_t               assets_count;
};

extern const struct record market_memory_record;

/* What an accepted snapshot says of one asset. */
struct memory_observation {
    int64_t        observed_at;           /* when the state was taken; cut to milliseconds */
    struct decimal price;                 /* > 0, of the oracle guard where sources are given */
    struct decimal volatility;            /* a year's, within the market's bounds; none: the
                                           * memory's own is taken, within no bounds */
    struct decimal depth_value;           /* that sells within the slippage tolerance; or none */
};

enum memory_fault {
    MEMORY_GOOD,
    MEMORY_NOT_NEWER,                     /* not after the snapshot before: two feeds race, and the
                                           * older state came second; or it is the same again */
    MEMORY_FROM_THE_FUTURE,               /* past the clock skew: taken in, it would keep out every
                                           * honest one until then */
    MEMORY_PRICE_NOT_POSITIVE             /* no logarithm: the asset's memory ends, to begin anew */
};

const char *memory_fault_name(enum memory_fault fault);  /* "good", "snapshot_not_newer", ... */

/* The next memory after `previous` (NULL: the asset's first) under the settings given, as of our
 * own clock `now_us`. `spans` is where next->spans will be; neither may be previous's. Anything but
 * MEMORY_GOOD leaves both alone.
 *
 *   time-weighted price  e^(mean of ln price over the last window_s), held between snapshots; older
 *       parts are kept as means of a tenth of the window, and the one which is leaving it counts in
 *       proportion: exact but for at most a fortieth of what the price moved within that part. A
 *       change of window_s holds from the next snapshot on.
 *   variance             the mean of r^2 / t over the snapshots, r = ln(price / price before) and t
 *       the time between, each weighted by its time and by 2^(-age / half-life); at most 1e6.
 *       Prices that bounce between a bid and an ask bias it up, never down.
 *   stress               stress_follow over the time between. */
enum memory_fault memory_next(const struct oracle_settings *oracle,
                              const struct adaptive_settings *adaptive,
                              const struct price_memory *previous,
                              const struct memory_observation *observation, int64_t now_us,
                              struct memory_span spans[static SPANS_MAX],
                              struct price_memory *next);

/* What the guard compares a price with: this memory's time-weighted price, if there is one. */
struct oracle_reference memory_reference(const struct price_memory *memory);

/* The volatility that the prices themselves show, a year's: the recommended one (volatility.h) of
 * the two half-lives, without a floor. None at first. volatility_within (candles.h) bounds it. */
struct decimal memory_volatility(const struct price_memory *memory);

/* The mean of numbers that held for so many seconds each; count >= 1, seconds >= 0 and not all 0.
 * Of logarithms of prices: the logarithm of the geometric time-weighted price. */
struct held_number { double number, seconds; };
double time_weighted_mean(const struct held_number *held, size_t count);

#endif
