/* The whole answer for one account: the order in which the parts of risk/ depend on each other. Pure: no clock, no heap. */
#ifndef RISK_PREVIEW_H
#define RISK_PREVIEW_H

#include "risk/figures.h"
#include "risk/question.h"

enum risk_status { RISK_OK, RISK_MEANINGLESS, RISK_OVERFLOW, RISK_REFUSED };

/* Which parts are wanted; what others need is computed too. */
enum {
    PART_PRICES = 1, PART_LIQUIDATION = 2, PART_RISK = 4, PART_SUGGESTIONS = 8,
    PARTS_ALL = PART_PRICES | PART_LIQUIDATION | PART_RISK | PART_SUGGESTIONS
};

/* `parameters` was accepted, the question's state too. `now_us` is the time that the rules see (ramps).
 * RISK_MEANINGLESS, RISK_REFUSED: `faults` names what does not fit, or what the rules refuse, with pointers into the
 * request. RISK_OVERFLOW: a figure past what a decimal holds, and nobody is named. */
enum risk_status preview_compute(const struct parameters *parameters, const struct question *question, int64_t now_us,
                                 unsigned parts, struct figures_room *room, struct figures *figures, struct faults *faults);

#endif
