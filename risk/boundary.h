/* The least amount that suffices, to the last unit, when how much suffices can only be tried.
 *
 * The trials are few where each can tell about how far it is off (Newton's step); where that
 * misleads, bisection bounds them. */
#ifndef RISK_BOUNDARY_H
#define RISK_BOUNDARY_H

#include <stdbool.h>

#include "record/decimal.h"

/* One amount tried, in units. excess: about how many units more than needed it is, below 0 less;
 * only a guide. reach: from the amount tried to this one, below it where it fits, above it where
 * not, all are known to do as it does; a trial that knows no others leaves it alone. */
struct trial { bool fits; double excess; int128 reach; };

struct boundary {
    bool  (*try)(void *context, int128 units, struct trial *trial);   /* false: stop */
    void   *context;
    int128  most;                               /* >= 0: no more can be tried */
    double  certain;                            /* a trial that fits with an excess below this is
                                                   the least: one unit less need not be tried */
    int128  certain_to;                         /* that holds of amounts up to this */
};

enum boundary_end { BOUNDARY_FOUND, BOUNDARY_NONE, BOUNDARY_STOPPED };

/* `found` fits and one unit less does not (it may be 0). Where fitting is not monotone, one such
 * amount near the guess. NONE: `most` does not fit either. */
enum boundary_end boundary_find(const struct boundary *boundary, int128 guess, int128 *found);

#endif
