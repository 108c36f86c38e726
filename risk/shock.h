/* The move of one factor at which an account's balance turns: model.md 5 (several legs). */
#ifndef RISK_SHOCK_H
#define RISK_SHOCK_H

#include <stdbool.h>
#include <stddef.h>

/* One factor moves every leg: P_i (1 + beta_i x) or P_i e^(beta_i x). The balance is the sum of the
 * legs' values, already weighted and signed (collateral +, debt -), and of `constant`. */
struct shock_leg { double value, beta; };
struct shock {
    const struct shock_leg *legs;
    size_t legs_count;
    double constant;
};

/* The x nearest to 0, in the direction of the sign, at which the balance turns negative; false: it
 * does not, down to where every leg is worth nothing (linear; a leg stays at 0 there), or within
 * |x| <= 20 (logarithmic). A balance that is negative at 0 turns at 0. */
bool shock_linear(const struct shock *shock, int direction, double *x);
bool shock_logarithmic(const struct shock *shock, int direction, double *x);

#endif
