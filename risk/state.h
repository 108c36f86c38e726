/* The state of a market at one moment: prices, volatility, volume, depth, in the market's quote. contract.md (The request). */
#ifndef RISK_STATE_H
#define RISK_STATE_H

#include "record/fault.h"
#include "record/record.h"

enum { STATE_ASSETS_MAX = 128, VENUES_MAX = 16, LEVELS_MAX = 20000, RANGES_MAX = 4096 };

struct asset_price      { const char *asset; struct decimal price; };              /* >= 0; 0 is "worthless" */
struct asset_volatility { const char *asset; struct decimal volatility; };         /* a year's, 0.8 = 80 % */
struct asset_volume     { const char *asset; struct decimal volume; };             /* a day's traded notional */

struct level { struct decimal price, size; };                                      /* ["1999.5", "3.2"] */

/* lower < upper; liquidity L: base = L / sqrt(P), quote = L * sqrt(P). */
struct range { struct decimal lower, upper, liquidity; };

enum venue_kind { VENUE_BOOK, VENUE_CONSTANT_PRODUCT, VENUE_CONCENTRATED, VENUE_QUOTED };

struct venue {
    int            kind;                          /* enum venue_kind */
    const char    *venue;                         /* its name; unique among an asset's venues */
    struct decimal fee_rate;                      /* 0 <= fee < 1 */
    struct level  *bids;                          /* book: descending */
    size_t         bids_count;
    struct level  *asks;                          /* book: ascending, the best above the best bid */
    size_t         asks_count;
    struct spelling bids_spelling, asks_spelling;
    struct decimal base, quote;                   /* constant_product: reserves > 0 */
    struct decimal price;                         /* concentrated: the current one */
    struct range  *ranges;                        /* concentrated: ascending, not overlapping; gaps allowed */
    size_t         ranges_count;
    struct decimal notional, slippage_rate;       /* quoted: so much of the quote moves the price by so much, from mid */
};

struct asset_depth { const char *asset; struct venue *venues; size_t venues_count; };

struct state {
    const char              *snapshot;            /* of a request: its SHA-256 in place of the rest; or NULL */
    struct asset_price      *prices;
    size_t                   prices_count;
    struct asset_volatility *volatility;
    size_t                   volatility_count;
    struct asset_volume     *volume;
    size_t                   volume_count;
    struct asset_depth      *depth;
    size_t                   depth_count;
};

/* As it is kept; and as a request gives it, where it may name a kept one in place of its prices. */
extern const struct record state_record, state_request_record;
extern const struct record asset_price_record, asset_volatility_record, asset_volume_record, asset_depth_record;

/* What one field cannot say: book_unsorted, book_crossed, ranges_unsorted, duplicate_venue, too_many (levels over all
 * venues); each with its pointer below `at`. Zero-size rows are allowed, and dropped in place before a book is judged.
 * False: at least one fault. */
bool state_accept(struct state *state, const char *at, struct faults *faults);

const struct decimal     *state_price(const struct state *state, const char *asset);         /* NULL: none */
const struct decimal     *state_volatility(const struct state *state, const char *asset);
const struct decimal     *state_volume(const struct state *state, const char *asset);
const struct asset_depth *state_depth(const struct state *state, const char *asset);

#endif
