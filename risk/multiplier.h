/* The penalty as a ratio: what one unit of repaid value seizes. rules.md 4 (Penalty). */
#ifndef RISK_MULTIPLIER_H
#define RISK_MULTIPLIER_H

#include "risk/parameters.h"

/* M = numerator / denominator >= 1: bonus (1 + rate, 1), discount (1, 1 - rate). A pair, because
 * 1 / (1 - rate) is no finite decimal; it is divided once, in the step that uses it. */
struct multiplier { struct decimal numerator, denominator; };

/* A document that was accepted has denominator > 0 for each of its assets, at any health. Total,
 * and cannot overflow.
 * asset:        the seized one (of a perp: its own), with category and ramp applied
 * ratio:        of health; none counts as 1
 * window:       0..1 while pre-liquidatable, else none; of an asset with a window it replaces the rule
 * optimal_rate: of the risk model, for rule optimal; none counts as 0, so that floor_rate holds
 * ltv:          for equity_cap; none, 0: no cap */
struct multiplier multiplier_of(const struct penalty *penalty, const struct asset *asset,
                                struct decimal ratio, struct decimal window,
                                struct decimal optimal_rate, struct decimal ltv);

/* The penalty as a part of the repaid value: ceil(M) - 1. */
struct decimal multiplier_rate(struct multiplier multiplier);

/* The rate that the document's form speaks of: bonus or discount. */
struct decimal multiplier_form_rate(struct multiplier multiplier, enum penalty_form form);

#endif
