/* What can be sold or bought through an asset's venues at once, and at what price: model.md 1.
 *
 * Every venue is a row of pieces with a net price (after its fee) that only gets worse: the levels
 * of a book, a constant product, a concentrated pool's ranges, a desk's quote as a virtual constant
 * product. The best split takes from all of them down to one net price; it is found without
 * iteration by going from breakpoint to breakpoint. Which part of an order goes where is decided by
 * books exactly and by pools in double; then the fills are fixed, floored to the lot, and all money
 * is computed from them again in whole numbers: received down, paid up.
 *
 * Nothing beyond a finite depth is made up: what could not be traded is `unfilled`. The arrays of
 * the state are read in place. */
#ifndef RISK_DEPTH_H
#define RISK_DEPTH_H

#include "record/decimal.h"
#include "risk/figures.h"
#include "risk/state.h"

enum depth_side { DEPTH_SELL, DEPTH_BUY };  /* into the bids; from the asks */

/* Prices, scale, lot and unit are above 0. */
struct depth {
    const struct venue   *venues;
    size_t                venues_count;
    enum depth_side       side;
    struct decimal        price;            /* that the state was taken at */
    struct decimal        reference;        /* that is computed at, and slippage measured from */
    struct decimal        scale;            /* of all sizes: 1 +- the uncertainty of the depth */
    struct decimal        lot, quote_unit;  /* smallest steps of quantities and of money */
    const struct decimal *costs;            /* fixed, of using a venue (gas); NULL: none */
};

/* The depth at another price than the state's: books and desks move with the price (their sizes
 * stay, "proportional"); pools keep their constant and are centred again at the price moved by the
 * same factor ("pool_constant"). Opens at the state's price; `reference`, `scale` and `costs` may
 * be set afterwards. `found` NULL: nothing can be traded. */
void depth_open(struct depth *depth, const struct asset_depth *found, enum depth_side side,
                struct decimal price, struct decimal lot, struct decimal quote_unit);

enum depth_model depth_model(const struct asset_depth *found);

/* Then orders are split exactly, and a smaller one never brings, nor costs, more. */
bool depth_is_of_books(const struct depth *depth);

/* Of a desk's quote: the virtual constant product's quote reserve, when trading `notional` (valued
 * at mid) moves the average price by slippage_rate: notional * (1 - rate) / rate where one sells,
 * notional * (1 + rate) / rate where one buys; down to 1e-18. This definition is called "at_mid".
 * False: it does not fit. */
bool depth_quoted_reserve(const struct venue *desk, enum depth_side side, struct decimal *reserve);

struct walk {
    struct decimal filled, unfilled;        /* they add up to what was asked */
    struct decimal proceeds;                /* net of fees: received, down, or paid, up */
    struct decimal rest;                    /* what that rounding took at the venue which the last
                                               of the quantity went to; 0 where it is not known,
                                               since not all venues are books */
    struct decimal costs;                   /* fixed ones, of the venues used */
    struct decimal average_price;           /* proceeds / filled; none without a fill */
    struct decimal slippage_rate;           /* none without a fill; may be negative */
    struct fill    fills[VENUES_MAX];       /* in the venues' order, only those used */
    size_t         fills_count;
    bool           is_greedy;               /* the set of venues was not proven best */
};

/* slippage_rate is 1 - average / reference when sold, average / reference - 1 when bought, rounded
 * up; a book above the reference price is reported as it is. average_price: down when sold, up when
 * bought. */

/* The best split of `quantity` (>= 0; cut down to a multiple of the lot, the rest is unfilled).
 * Where venues have fixed costs, over the sets of them too: all sets up to VENUES_ENUMERATED_MAX
 * costed venues, past that by dropping one after another. A constant product lends at most 9,999 of
 * 10,000 parts of its base to buyers. False: a figure does not fit a decimal. */
enum { VENUES_ENUMERATED_MAX = 12 };
bool depth_walk(const struct depth *depth, struct decimal quantity, struct walk *walk);

/* The largest quantity, a multiple of the lot and at most `most`, whose slippage_rate (depth_walk's,
 * exactly) is at most `tolerance`; one lot more, or as many as one quote_unit buys, is too much.
 * Fixed costs aside. Less than `most` also where the depth ends. False: a figure does not fit. */
bool depth_largest(const struct depth *depth, struct decimal tolerance, struct decimal most,
                   struct decimal *quantity);

#endif
