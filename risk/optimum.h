/* The optimal liquidation penalty from volatility, depth and latency: model.md 3.
 *
 * A liquidator repays d and receives collateral worth d(1 + L) at the reference price P. It comes
 * where selling that through the depth, while the price moves by e^X, brings d(1 + g) back. Per
 * unit of debt the optimum minimises
 *     J(L) = E[(Y - 1 - L)+] + w L + b E[(1 + L - e^X' / LTV)+],   Y = (P/d) R^-1(d (1+g) e^-X):
 * what a backstop must add when L is too small for anyone to come, the borrower's equity that it
 * takes, and the bad debt that it makes where it eats past that equity. It solves, nondecreasing,
 *     G(L) = w - P(Y > 1+L) + b P(e^X' / LTV < 1+L) = 0.
 *
 * Statistics in double, but for penalty_bound, where the optimum becomes a rate: the only crossing.
 * Total: volatility or time 0 are limits; no NaN comes out. */
#ifndef RISK_OPTIMUM_H
#define RISK_OPTIMUM_H

#include "risk/depth.h"
#include "risk/parameters.h"

/* Rates per unit of debt, times in years of 365 days, money in the quote. */
struct penalty_terms {
    const struct depth *depth; /* a sale; NULL or empty: endless depth at the reference price */
    double debt;               /* d > 0: all that is sold at once, not one slice of it */
    double gas, hurdle_rate;   /* g = gas / d + hurdle_rate, both >= 0 */
    double volatility;         /* >= 0, a year's: of the collateral in units of the debt */
    double execution_years;    /* T: until the liquidator has sold; latency + a third of a
                                * uniform execution */
    double latency_years;      /* T': from the trigger until the debt is repaid */
    double ltv;                /* at the trigger; 0: no debt to lose, term 3 is 0 */
    double equity_weight;      /* w, 0 < w < 1 */
    double bad_debt_weight;    /* b >= 0 */
};

/* The optimum and what it consists of; the parts add up to `rate`. */
struct optimum {
    double rate;              /* L*, -1/2 .. PENALTY_RATE_MOST; may be negative */
    bool is_depth_infeasible; /* no L brings anyone with probability 1 - w: all of the depth
                               * sells for too little */
    double hurdle, gas;       /* of g */
    double volatility;        /* (1+g)(e^(v T / 2 + z s) - 1): the price's way over time */
    double fee, slippage;     /* of the venues; of the depth */
    double bad_debt;          /* by how much term 3 lowers it, <= 0 */
    double proceeds_slippage; /* S of selling d(1+L)/P, fees included */
};

/* Past it G is taken as still negative: an optimum is never reported as more. */
#define PENALTY_RATE_MOST 10.0

void penalty_optimum(const struct penalty_terms *terms, struct optimum *optimum);

/* E[(Y - 1 - L)+]: what a backstop must add per unit of debt at this rate; never more than the debt
 * itself, as Y is cut at 2 + L. */
double penalty_subsidy(const struct penalty_terms *terms, double rate);

/* J(L). */
double penalty_cost(const struct penalty_terms *terms, double rate);

/* The most debt, sold at once, for which someone comes at this rate with probability 1 - w: for which
 * the optimum without term 3 is at most the rate. 0: none. Infinite where the depth is endless and
 * the rate suffices. `debt`, term 3 and its weight are not looked at. */
double penalty_largest_slice(const struct penalty_terms *terms, double rate);

/* The largest LTV at which the penalty leaves no bad debt but with the probability whose quantile z
 * is given: e^(m' - z s') / (1 + L). */
double penalty_ltv_most(const struct penalty_terms *terms, double rate, double quantile);

/* Which bound decided. */
enum penalty_limit { PENALTY_FREE, PENALTY_AT_FLOOR, PENALTY_AT_CAP, PENALTY_AT_EQUITY };

struct bounded_penalty {
    struct decimal rate;         /* min(max(floor, min(optimal_rate, cap)), equity), >= 0 */
    struct decimal optimal_rate; /* L* up to 1e-6, then up to rate_unit */
    enum penalty_limit limit;
    bool is_short; /* rate < L*: nobody will come; the backstop adds the subsidy */
};

/* Bounds an optimum by floor_rate, cap_rate and, with equity_cap, by 1/ltv - 1 (down to 1e-18; 0 at
 * an ltv of 1 and more; ltv none, no collateral, counts as such), which wins over the floor. */
void penalty_bound(const struct penalty *rules, const struct optimum *optimum, struct decimal ltv,
                   struct bounded_penalty *bounded);

/* What the rate consists of: hurdle, gas, volatility, fee, slippage, bad_debt,
 * bound (what the floor adds or the cap and the equity take away), rounding; each to 1e-9, those of
 * 0 left out. They add up to the rate exactly. Returns how many. */
size_t penalty_parts(const struct optimum *optimum, const struct bounded_penalty *bounded,
                     struct penalty_part parts[static PARTS_MAX]);

#endif
