/* What an account is worth, what it needs, and whether it may be liquidated.
 * rules.md 4 (Health, Status, Window). */
#ifndef RISK_HEALTH_H
#define RISK_HEALTH_H

#include "risk/figures.h"
#include "risk/multiplier.h"
#include "risk/position.h"
#include "risk/reckoning.h"

/* The figures, and of each leg (in the position's order) what it puts into them. */
struct valuation {
    struct health  health;
    struct decimal collateral[LEGS_MAX], support[LEGS_MAX];   /* value; weighted by threshold */
    struct decimal debt[LEGS_MAX], requirement[LEGS_MAX];     /* value; by borrow factor */
    struct decimal profit[LEGS_MAX], maintenance[LEGS_MAX], closing_fee[LEGS_MAX];   /* perps */
};

/* support     = cash+ + sum(value * threshold) + unrealised profit
 * requirement = cash- + sum(debt * borrow factor) + sum(maintenance + closing fee),
 *               + reward where that is not 0
 * Collateral and profit down, debts, maintenance (as the document says) and fees up, to quote.unit;
 * weighted values to 1e-18, or to quote.unit where round_weighted. ratio down, ltv and usage up; a
 * quotient that does not exist or does not fit is none, with its reason. Status compares support
 * and requirement themselves. False: a sum or a value overflows. */
bool health_compute(const struct position *position, struct valuation *out);

/* M of what is seized, at this health, inside the window where there is one. optimal_rate: of the
 * risk model, for rule optimal; none: the floor. */
struct multiplier health_multiplier(const struct position *position, const struct health *health,
                                    size_t asset, struct decimal optimal_rate);

/* The same of a perp, and where everything is taken (scope account): there is no window. */
struct multiplier health_multiplier_outside_window(const struct position *position,
                                                   const struct health *health, size_t asset,
                                                   struct decimal optimal_rate);

/* quantity * price to quote.unit. */
struct decimal quote_value(struct reckoning *reckoning, const struct parameters *parameters,
                           struct decimal quantity, struct decimal price, enum rounding rounding);

/* |quantity| * price * rate - deduction of its bracket, >= 0, to quote.unit as the document's
 * maintenance_rounding says. */
struct decimal maintenance_of(struct reckoning *reckoning, const struct parameters *parameters,
                              const struct asset *asset, struct decimal quantity,
                              struct decimal price);

/* The price that a perp's maintenance is taken at now: its entry, or the mark. */
struct decimal maintenance_price_of(const struct position *position,
                                    const struct position_perp *perp);

/* Of one collateral, what could leave with the account still at ratio 1: what the others do not
 * cover stays, up to the asset's unit. False: overflow. */
bool withdrawable_compute(const struct position *position, const struct valuation *valuation,
                          size_t asset, struct decimal *quantity);

#endif
