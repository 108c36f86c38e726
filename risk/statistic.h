/* Where money and statistics meet: the only crossings between struct decimal and double. Integer
 * arithmetic on the double's bits: the same number gives the same bytes on every machine, whatever its
 * floating-point mode. */
#ifndef RISK_STATISTIC_H
#define RISK_STATISTIC_H

#include <stdbool.h>

#include "record/decimal.h"

enum { STATISTIC_DIGITS = 12 };

/* The double nearest to the value, ties to the even one. */
double statistic_of(struct decimal value);

/* A statistic as the API shows it: at most 12 significant digits and 18 decimal places of the exact
 * binary value, ties away from zero. False: NaN, infinite, or past a decimal's range; then `out` is
 * left alone. */
bool decimal_of_statistic(double x, struct decimal *out);

/* The exact binary value of x, rounded to a multiple of `unit` (> 0) in the direction named: a raw
 * optimum that becomes a penalty rate, up to 1e-6. False as above. */
bool decimal_of_rate(double x, struct decimal unit, enum rounding rounding, struct decimal *out);

#endif
