/* Going down the merged net price curve of several venues, from breakpoint to breakpoint, in
 * double: model.md 1.
 *
 * Between two breakpoints a set of pools is active, and with x = sqrt(net price) each of them
 * trades  dq = a |1/x - 1/x0|  for dR = x x0 dq,  a = sqrt(XY/g): differences, so that nothing
 * cancels however deep the pool. At the price of a book's level the pools rest and the level
 * trades. So every segment is either a level or a stretch of the pools that are active. */
#ifndef RISK_SWEEP_H
#define RISK_SWEEP_H

#include <stdint.h>

#include "risk/depth.h"

/* What a venue has next; prices are net of its fee. */
struct stop {
    bool           is_done;                 /* the venue has no more */
    bool           is_pool, is_active;
    double         net_start, net_end;      /* a pool's stretch; both are a level's price */
    double         x_start, x_end;          /* of a pool: their square roots */
    double         a;                       /* of a pool */
    double         size;                    /* of a level, and exactly: */
    struct decimal exact_size;
    size_t         row;                     /* of the level or range after this one */
    double         traded;                  /* by a pool's stretches before this one */
    int128         book_units;              /* of a book's levels taken so far, exactly */
    double         ratio;                   /* reference / price */
    double         keep;                    /* 1 - fee, or 1 + fee where a book is bought from */
    double         fee_weight;              /* fee / (1 - fee) */
};

struct sweep {
    const struct depth *depth;
    int                 sign;               /* 1: sells, so net prices fall; -1: buys */
    struct stop         stops[VENUES_MAX];
    double              net, x;             /* where it stands; x only while pools are active */
    double              a, a_fees;          /* sums over active pools, the latter by fee_weight */
    double              quantity, proceeds; /* so far */
    double              fees;               /* proceeds * fee_weight, summed over all trades */
    double              pool_quantity;      /* the pools' part of the quantity */
    int128              book_units;         /* the books' part, exactly */
};

struct segment {
    bool   is_level;
    size_t venue;                           /* whose level it is, or whose breakpoint ends it */
    double quantity, proceeds;              /* of the whole; an endless stretch: infinite */
    double net_end;
    double x0, x1, a;                       /* of a stretch */
    int    sign;
};

enum { SWEEP_ALL_VENUES = (1 << VENUES_MAX) - 1 };

/* `venues`: the set that takes part, a bit each. */
void sweep_open(struct sweep *sweep, const struct depth *depth, uint32_t venues);

/* The next segment, which begins where the sweep stands; false: the depth is exhausted. */
bool sweep_next(struct sweep *sweep, struct segment *segment);
void sweep_pass(struct sweep *sweep, const struct segment *segment);

/* The proceeds of the first `quantity` of a segment, and back (0 <= it <= the whole). */
double segment_proceeds(const struct segment *segment, double quantity);
double segment_quantity(const struct segment *segment, double proceeds);
/* Proceeds of its first `quantity`, each weighted by f / (1 - f). */
double segment_fees(const struct sweep *sweep, const struct segment *segment, double quantity);
double segment_x(const struct segment *segment, double quantity);

/* What an active or passed pool has traded when the price is at x. */
double sweep_pool_quantity(const struct sweep *sweep, size_t venue, double x);

#endif
