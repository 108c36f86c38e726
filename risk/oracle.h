/* One price from several sources, and whether to act on it: model.md 10.
 *
 * Two steps. oracle_aggregate throws out the reports that cannot be used and takes the weighted
 * median of the rest; oracle_judge holds that price against the time-weighted one and against what
 * it would cost to make it up, and accepts, defers or rejects, each with its reason. The price is
 * exact: one of the sources' own decimals, or the midpoint of two. Weights, deviations and costs
 * are statistics.
 *
 * Pure and total: time is an argument, and the same reports in another order give the same bytes.
 *
 * What is guarded against, and with what outcome:
 *   one source of five that lies             the median stays within what the honest ones say
 *   a confidence that is absurdly small      counts as the floor, and no more than the lower-median
 *                                            weight: it never owns the median
 *   a confidence that is absurdly large      dropped
 *   a feed that stands still                 its reports grow old: less weight, then dropped; too
 *                                            many of them: reject, stale
 *   a clock that runs ahead                  dropped: it would never grow old
 *   a name given twice                       its newest report counts, once; two of the same time
 *                                            that differ: none
 *   a name that nobody knows                 dropped, where the market lists its sources
 *   one pool pushed by a flash loan          one source of several, and only for a moment: the
 *                                            median stays; as the only source: no quorum
 *   a price that jumps                       beyond the bound it is deferred, until as many sources
 *                                            as the quorum have each moved as far: then it is a
 *                                            crash, accepted with smaller slices
 *   a push that stays within the bound       deferred where it gains more than it costs
 * What is not: sources of which the better half of the weight lies; and a push that is held for a
 * whole window, which has become the reference (twap_cheapest_attack says what that costs). */
#ifndef RISK_ORACLE_H
#define RISK_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/decimal.h"
#include "record/fault.h"
#include "record/record.h"
#include "risk/manipulation.h"
#include "risk/state.h"

enum { SOURCES_MAX = 32, QUORUM_MIN = 3 };

/* What one source says. Any decimals are read: one source's nonsense must not cost the others
 * their say. */
struct source_price {
    const char    *source;
    struct decimal price;                 /* in the market's quote */
    struct decimal confidence;            /* +- so much, in the quote [0: it does not say] */
    int64_t        observed_at;           /* microseconds, by the source's clock */
};

extern const struct record source_price_record;

/* How much governance trusts a source beside the others: 0 < weight <= 1000 [1]. */
struct source_weight { const char *source; struct decimal weight; };

/* Bounds and defaults in brackets. */
struct oracle_settings {
    int64_t        age_max_s;             /* 1..86400 [60]: an older report is dropped */
    int64_t        clock_skew_s;          /* 0..60 [2]: so far ahead of our clock counts as now */
    struct decimal confidence_max_rate;   /* >0..1 [0.01]: of the price; a wider one is dropped */
    struct decimal confidence_floor_rate; /* 1e-6..0.01 [0.0001]: a narrower one counts as this */
    int64_t        quorum;                /* 3..32 [3]: sources that count; that confirm a crash */
    int64_t        window_s;              /* 60..86400 [1800]: of the time-weighted price, W */
    int64_t        volatility_half_life_s;        /* 60..2592000 [43200]: market_memory.h */
    int64_t        volatility_long_half_life_s;   /* 86400..31536000 [2592000] */
    struct decimal deviation_z;           /* 1..10 [4]: standard deviations that are still usual */
    struct decimal safety_factor;         /* 1..100 [2]: a gain above cost / this is deferred */
    struct decimal slice_floor_rate;      /* 0.01..1 [0.1]: the smallest slice in a crash */
    int64_t        retry_s;               /* 1..3600 [60]: where nothing says how long it lasts */
    struct source_weight *sources;        /* at most 32; none: every name counts, with weight 1 */
    size_t         sources_count;
};

extern const struct record oracle_settings_record;

/* What one field cannot say: confidence_bounds (the floor is above the maximum), half_life_order
 * (the long one is shorter), quorum_above_sources. `at` is the settings' pointer. */
bool oracle_settings_accept(const struct oracle_settings *settings, const char *at,
                            struct faults *faults);

/* Why a report counts or does not, in the order of judgement: the first that fits. */
enum source_fate {
    SOURCE_USED,
    SOURCE_UNKNOWN,                       /* the market lists its sources, and not this one */
    SOURCE_FROM_THE_FUTURE,               /* past the clock skew */
    SOURCE_SUPERSEDED,                    /* the same name has a newer one, or this one again */
    SOURCE_CONTRADICTORY,                 /* the same name and time, another price or confidence */
    SOURCE_NOT_POSITIVE,
    SOURCE_STALE,
    SOURCE_UNSURE                         /* a confidence below 0, or above its maximum */
};

/* "used", "from_the_future", ...; ended by NULL */
extern const char *const source_fate_names[];
const char *source_fate_name(enum source_fate fate);

/* The weight is that in the median, capped; 0 where the report does not count. */
struct source_judgement { enum source_fate fate; double weight; };

struct aggregate {
    struct decimal          price;            /* none: no report counts */
    double                  confidence_rate;  /* of the price, the lower median of those used */
    double                  weight;           /* the sum */
    size_t                  used_count, stale_count;
    struct source_judgement judgements[SOURCES_MAX];      /* in the order of the reports */
};

/* Of at most SOURCES_MAX reports. Each weighs
 *     trust / (max(c, floor * p)^2 + p^2 sigma^2 age)
 * where sigma is the asset's volatility (a year's, 0 to 1000) and the age is in years: what a
 * price may have moved since enters as variance. Weights above the lower median of all weights are
 * cut to it, so that with three sources or more none has half of the sum. Then the lowest price at
 * which half of the weight is reached; where it is reached exactly, the midpoint with the next
 * price (down to 1e-18). */
void oracle_aggregate(const struct oracle_settings *settings, const struct source_price *reports,
                      size_t count, double volatility, int64_t now_us, struct aggregate *out);

/* How far ln(price / time-weighted price) goes by itself: z sigma sqrt(V) + confidence. For a
 * Brownian path V = W/3 with a window of W; where the last price before this one is `gap_s` old,
 * the window holds it for that long and V = g + (W - g)^3 / (3 W^2), which is g from g = W on.
 * sigma a year's; window_s > 0, gap_s >= 0. */
double deviation_bound(double z, double volatility, double window_s, double gap_s,
                       double confidence_rate);

/* The time-weighted price before this one; market_memory.h keeps it. */
struct oracle_reference {
    struct decimal price;                 /* none: the market has no history yet */
    double         window_s, gap_s;       /* > 0, what the history covers of the window; >= 0 */
};

/* What an attacker would gain, in the quote. */
struct oracle_gain {
    double         account;               /* from this account, liquidated at the price: its penalty
                                           * and what the order of transactions brings; >= 0 */
    bool           was_liquidatable;      /* at the reference price it is liquidatable too: the
                                           * price made no difference to it, `account` is no gain */
    struct decimal trigger_price;         /* at which it becomes so; none: not known */
    double         feed;                  /* what the feed knows of all the market: penalties of
                                           * all that the price made liquidatable, what could be
                                           * borrowed against it, positions elsewhere; 0: nothing */
};

struct oracle_question {
    const struct source_price *reports;
    size_t                     reports_count;
    double                     volatility;          /* a year's, within the market's bounds */
    struct oracle_reference    reference;
    const struct asset_depth  *depth;               /* NULL: none known */
    struct oracle_gain         gain;
    bool                       sequencer_down;      /* the chain's, where it has one */
    int64_t                    now;                 /* microseconds */
};

enum oracle_verdict { ORACLE_ACCEPT, ORACLE_DEFER, ORACLE_REJECT };

enum oracle_reason {
    ORACLE_USUAL,                         /* accept: nothing to say */
    ORACLE_NO_HISTORY,                    /* accept: nothing to compare with yet */
    ORACLE_CONFIRMED_DEVIATION,           /* accept: a crash, in smaller slices */
    ORACLE_SEQUENCER_DOWN,                /* defer */
    ORACLE_UNCONFIRMED_DEVIATION,         /* defer */
    ORACLE_ATTACK_PAYS,                   /* defer */
    ORACLE_STALE,                         /* reject: with the reports that were too old there were
                                           * enough */
    ORACLE_NO_QUORUM                      /* reject */
};

const char *oracle_verdict_name(enum oracle_verdict verdict);     /* "accept", "defer", "reject" */
const char *oracle_reason_name(enum oracle_reason reason);        /* NULL for the usual */

struct oracle_answer {
    enum oracle_verdict verdict;
    enum oracle_reason  reason;
    int64_t             retry_after_s;    /* defer: at least 1; else 0 */
    struct decimal      slice_rate;       /* accept: the part of the usual slice, up to 1; else 0 */
    struct aggregate    aggregate;
    bool                has_reference;    /* else the three that follow are 0 and mean nothing */
    double              deviation, bound; /* ln(price / reference); what is usual */
    size_t              confirming_count; /* sources past the bound themselves, on the same side */
    bool                has_cost;         /* depth is known, and a reference; else it is 0 */
    struct depth_push   push;             /* of the deviation: from the reference to the price */
    double              gain;             /* the larger of the account's and the feed's */
};

/* In this order:
 *   reject  fewer usable sources than the quorum
 *   defer   the sequencer is down, for retry_s
 *   accept  without a reference
 *   defer   |deviation| > bound, and fewer sources than the quorum confirm it: for
 *           W (1 - bound / |deviation|), after which the window has taken it in if it stands
 *   accept  |deviation| > bound and confirmed. A guard that stops liquidations in a crash is the
 *           failure it was meant to prevent; so only the slice shrinks, to
 *           min(bound / |deviation|, cost / (safety * gain)), down to 1e-6, no less than its floor
 *   defer   within the bound, gain > cost / safety: until the window would reach the trigger,
 *           W ln(trigger / reference) / deviation, or for W where that is not known
 *   accept
 * The cost is that of pushing the present depth away from the price, as far and in the same
 * direction as the price is from the reference: what an attacker has bought up is no longer there,
 * so the depth behind stands for it. Without depth the two tests of cost are not made. */
void oracle_judge(const struct oracle_settings *settings, const struct oracle_question *question,
                  struct oracle_answer *answer);

#endif
