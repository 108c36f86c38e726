/* The liquidation of one pair: so much of a debt is repaid, so much of a collateral seized.
 * rules.md 4 (Close size to Bad debt). It is computed whatever the account's status is: what it
 * would be. */
#ifndef RISK_LIQUIDATION_H
#define RISK_LIQUIDATION_H

#include "risk/health.h"

/* Computed; nothing to liquidate; the rules refuse the wish; a figure does not fit. */
enum liquidation_status {
    LIQUIDATION_COMPUTED,
    LIQUIDATION_NO_DEBT,
    LIQUIDATION_NO_COLLATERAL,
    LIQUIDATION_NO_POSITION,
    LIQUIDATION_EXCEEDS_CLOSE_SIZE,
    LIQUIDATION_EXCEEDS_COLLATERAL,
    LIQUIDATION_LEAVES_DUST,
    LIQUIDATION_ZERO_QUANTITY,
    LIQUIDATION_EXCEEDS_POSITION,
    LIQUIDATION_OVERFLOW,
};

const char *liquidation_code(enum liquidation_status status);   /* "exceeds_close_size" */

/* All legs of one asset together. The debt may be the account's negative cash: then it is a debt of
 * the quote, at price 1, weight 1, in quote.unit. */
struct side {
    const char    *name;
    size_t         asset;                         /* in the position; not of cash */
    bool           is_cash;
    struct decimal price, unit, quantity;
    struct decimal value;                         /* collateral down, debt up, to quote.unit */
};

struct liquidation_pair { struct side collateral, debt; };

/* Which collateral and which debt: the wish's, else the largest of each by value; of equals the
 * first, of a debt and cash the debt. wish may be NULL. NO_DEBT: none, none of that name, or of
 * quantity 0. NO_COLLATERAL: none, or none of that name; the debt is there. */
enum liquidation_status pair_choose(const struct position *position,
                                    const struct valuation *valuation,
                                    const struct liquidator *wish, struct liquidation_pair *out);

struct shares { struct decimal liquidator, protocol, insurance; };

struct pair_outcome {
    struct liquidation_pair pair;
    struct multiplier       multiplier;
    struct decimal          repay_max;            /* the close size */
    struct decimal          close_rate;           /* of the debt; in the window what that says */
    struct decimal          repay;
    struct decimal          repay_delivered;      /* to be sent of a token that keeps a fee; up */
    struct decimal          seize;
    int                     limited_by;           /* enum limited_by */
    struct decimal          bonus;                /* what was seized beyond what was paid for */
    struct decimal          penalty_amount;       /* its value in the quote, up */
    struct shares           split;                /* of what was seized; exact */
    struct decimal          repay_value, seize_value;   /* in the quote, down */
    bool                    collateral_exhausted; /* of the whole account */
    struct amount           bad_debts[LEGS_MAX + 1];    /* then, every debt that remains */
    size_t                  bad_debts_count;
    struct decimal          bad_debt;             /* their value in the quote, up */
    struct decimal          ltv_after;            /* up; none where no collateral is left */
};

/* The pair as pair_choose gave it, the multiplier as health_multiplier gave it for its collateral.
 * wish: NULL, or with neither repay nor seize: as much as the rules allow; seize goes before repay.
 * depth_quantity: the most of the collateral that depth sells within the tolerance; none: no cut.
 * Except for EXCEEDS..., LEAVES_DUST and OVERFLOW every member of `out` is set. */
enum liquidation_status pair_liquidate(const struct position *position,
                                       const struct valuation *valuation,
                                       const struct liquidation_pair *pair,
                                       const struct liquidator *wish, struct multiplier multiplier,
                                       struct decimal depth_quantity, struct pair_outcome *out);

/* The same repayment at another multiplier, whatever the close rule would say there: the last round
 * of a penalty that depends on the amount. Seized and split anew; cut only to the collateral. */
enum liquidation_status pair_reprice(const struct position *position,
                                     const struct valuation *valuation,
                                     const struct pair_outcome *round, struct multiplier multiplier,
                                     struct pair_outcome *out);

/* What is left of an account that holds no collateral: nothing is repaid, every debt is a bad one.
 * False: overflow. */
bool pair_without_collateral(const struct position *position, const struct valuation *valuation,
                             const struct liquidation_pair *pair, struct pair_outcome *out);

/* min(limit, value / price) to the unit: what does not fit, or has no price, is beyond a limit. */
struct decimal quantity_worth(struct decimal value, struct decimal price, enum rounding rounding,
                              struct decimal unit, struct decimal limit);

#endif
