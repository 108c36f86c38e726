/* exp, log and their kin for statistics: the same bytes on every machine.
 *
 * Built from + - * / and the square root alone, because libm picks its variants by processor.
 * Every function is total: NaN gives NaN; where a limit exists it is returned; no errno. Errors
 * are measured against MPFR (tests/elementary_test.c) in units in the last place of the result,
 * subnormal results included. */
#ifndef RISK_ELEMENTARY_H
#define RISK_ELEMENTARY_H

/* e^x; 2 ulp. Infinite above ln(DBL_MAX) = 709.78..., 0 below -745.13... */
double real_exp(double x);

/* e^x - 1 without cancellation near 0; 2 ulp. */
double real_expm1(double x);

/* ln x; 2 ulp. -infinity at 0, NaN below. */
double real_log(double x);

/* ln(1 + x) without cancellation near 0; 2 ulp. -infinity at -1, NaN below. */
double real_log1p(double x);

/* x^y for x >= 0; 2 ulp. NaN for x < 0, even where y is whole. x^0 and 1^y are 1, also with an
 * infinite partner; 0^y is 0 for y > 0 and infinite for y < 0. */
double real_pow(double x, double y);

/* The square root, correctly rounded (IEEE 754); NaN below 0. */
double real_sqrt(double x);

/* The absolute value, and the largest and the smallest of two numbers (neither of them NaN). */
static inline double real_abs(double x) { return __builtin_fabs(x); }
static inline double real_max(double a, double b) { return a > b ? a : b; }
static inline double real_min(double a, double b) { return a < b ? a : b; }

/* Time inside risk/ is in years of 365 days. */
#define SECONDS_PER_YEAR 31536000.0

#define REAL_INFINITY __builtin_inf()
#define REAL_NAN      __builtin_nan("")

#endif
