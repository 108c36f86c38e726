/* Everything is taken at once (close full, scope account). rules.md 4 (scope account). */
#ifndef RISK_ACCOUNT_LIQUIDATION_H
#define RISK_ACCOUNT_LIQUIDATION_H

#include "risk/liquidation.h"

/* In the quote, but for the amounts. gross: what of the credit is paid out, to the debts before the
 * token's transfer fee, and the fee where that is of the whole; credit = gross + surplus. */
struct account_outcome {
    struct decimal credit;                        /* collateral at value / M, down */
    struct decimal bonus;                         /* what that leaves of the collateral's value */
    struct decimal gross, surplus;                /* the surplus is the borrower's */
    struct decimal fee;                           /* the protocol's */
    struct amount  paid[LEGS_MAX + 1];            /* of each debt, in the account's order */
    size_t         paid_count;
    struct amount  surplus_amount;                /* what is left in units of the last debt; none */
    struct amount  bad_debts[LEGS_MAX + 1];
    size_t         bad_debts_count;
    struct decimal bad_debt;                      /* their value in the quote, up */
};

/* Debts are paid in the account's order (senior first), negative cash last. optimal_rate: for rule
 * optimal; none: the floor. NO_DEBT: nothing is set. NO_COLLATERAL: all is set, nothing is paid. */
enum liquidation_status account_liquidate(const struct position *position,
                                          const struct valuation *valuation,
                                          struct decimal optimal_rate, struct account_outcome *out);

#endif
