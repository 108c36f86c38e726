/* Two more steps (rules.md 0), each rounded once: the square root of a quotient, and a wide sum
 * times a quotient. */
#ifndef RECORD_ROOT_H
#define RECORD_ROOT_H

#include "record/decimal.h"

/* The square root of the product of 1 to 3 factors over the product of 0 to 1 divisors, all >= 0,
 * to 1e-18; ROUND_DOWN or ROUND_UP. False: a divisor is 0, or the answer does not fit. */
bool decimal_root(struct decimals factors, struct decimals divisors, enum rounding rounding,
                  struct decimal *out);

/* sum * factors / divisors, to a multiple of `unit`: 0 to 2 factors and divisors. False: a divisor
 * is 0, or the answer does not fit. */
bool wide_step(struct wide sum, struct decimals factors, struct decimals divisors,
               enum rounding rounding, struct decimal unit, struct decimal *out);

#endif
