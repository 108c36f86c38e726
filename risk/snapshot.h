/* A market's state as a feed pushes it and as it is kept: prices by source, what is derived from
 * them, and what of the past it remembers.
 *
 * All that a decision needs stands in the canonical bytes, and the decision names their SHA-256. What
 * is derived is derived once, when the snapshot is accepted: the price of each asset, the weighted
 * median of its usable reports (oracle.h); the volatility, from candles where it is not stated
 * (candles.h); the memory (market_memory.h), with the hash of the snapshot before. A state that came
 * in a request is kept as it is; it reads as a snapshot that has nothing but the state. */
#ifndef RISK_SNAPSHOT_H
#define RISK_SNAPSHOT_H

#include "record/fault.h"
#include "record/record.h"
#include "risk/candles.h"
#include "risk/market_memory.h"
#include "risk/oracle.h"
#include "risk/parameters.h"
#include "risk/state.h"

struct asset_reports { const char *asset; struct source_price *reports; size_t reports_count; };

/* What moving the asset's price would gain an attacker, where the feed knows more than one account
 * can tell: all that it would make liquidatable, what could be borrowed against it. In the quote. */
struct asset_gain { const char *asset; struct decimal gain; };

/* What a feed sends; `volatility` and `candles` are two ways to say the same of an asset. */
struct snapshot_push {
    int64_t                  observed_at;         /* when the state was taken */
    struct asset_reports    *prices;
    size_t                   prices_count;
    struct asset_volatility *volatility;
    size_t                   volatility_count;
    struct asset_volume     *volume;
    size_t                   volume_count;
    struct asset_depth      *depth;
    size_t                   depth_count;
    struct candle_series    *candles;
    size_t                   candles_count;
    struct asset_gain       *gains;
    size_t                   gains_count;
};

/* A report, and what became of it. */
struct judged_report {
    const char    *source;
    struct decimal price, confidence;
    int64_t        observed_at;
    int            fate;                          /* enum source_fate */
};

struct asset_sources { const char *asset; struct judged_report *reports; size_t reports_count; };

struct snapshot {
    struct state          state;                  /* what is computed with */
    const char           *market;                 /* NULL: a request's own state, and nothing below */
    int64_t               observed_at, accepted_at;       /* whole milliseconds, in microseconds */
    const char           *parameters_sha256;      /* of the rules that it was accepted under */
    struct asset_sources *sources;
    size_t                sources_count;
    struct candle_series *candles;
    size_t                candles_count;
    struct asset_gain    *gains;
    size_t                gains_count;
    struct market_memory *memory;
};

extern const struct record snapshot_push_record, snapshot_record;

/* Where an accepted snapshot's derived lists are. */
struct snapshot_room {
    struct asset_price      prices[STATE_ASSETS_MAX];
    struct asset_volatility volatility[STATE_ASSETS_MAX];
    struct asset_sources    sources[STATE_ASSETS_MAX];
    struct judged_report    reports[STATE_ASSETS_MAX][SOURCES_MAX];
    struct market_memory    memory;
    struct price_memory     memories[STATE_ASSETS_MAX];
    struct memory_span      spans[STATE_ASSETS_MAX][SPANS_MAX];
};

/* The market and its rules, and the snapshot that is the latest until now (NULL: none). */
struct snapshot_before {
    const char              *market, *parameters_sha256;
    const struct parameters *parameters;
    const struct snapshot   *snapshot;
    const char              *snapshot_sha256;
};

enum snapshot_fault {
    SNAPSHOT_GOOD,
    SNAPSHOT_NOT_NEWER,                   /* not taken after the one before */
    SNAPSHOT_REFUSED                      /* `faults` say why, with pointers into the push */
};

/* Faults: from_the_future (past the clock skew), no_usable_report (no asset has a price),
 * volatility_twice, those of state_accept and of candles_accept. An asset of which no report is
 * usable has no price, and keeps its memory. Assets that the rules do not know are kept too. Borrows
 * from all that it is given; rows of size zero are dropped from the push. Pure. */
enum snapshot_fault snapshot_accept(const struct snapshot_before *before, struct snapshot_push *push,
                                    int64_t now_us, struct snapshot_room *room,
                                    struct snapshot *out, struct faults *faults);

/* What the price of an asset is made of; NULL: it has no sources. */
const struct asset_sources *snapshot_sources(const struct snapshot *snapshot, const char *asset);

/* What it remembers of an asset; NULL: nothing. */
const struct price_memory *snapshot_memory(const struct snapshot *snapshot, const char *asset);

const struct decimal *snapshot_gain(const struct snapshot *snapshot, const char *asset);    /* NULL: none */

/* When the oldest report was observed that counts in the asset's price; INSTANT_NONE: no report
 * does. */
int64_t snapshot_price_at(const struct snapshot *snapshot, const char *asset);

#endif
