/* The normal distribution for statistics: the same bytes on every machine. Total: NaN gives NaN,
 * infinities give limits. Errors are measured against MPFR (tests/elementary_test.c). */
#ifndef RISK_NORMAL_H
#define RISK_NORMAL_H

/* phi(x) = e^(-x^2/2) / sqrt(2 pi); 2 ulp. */
double normal_density(double x);

/* Phi(x) = erfc(-x / sqrt 2) / 2; 2 ulp, in the far tail too. */
double normal_cdf(double x);

/* Phi^-1(p), within 4 ulp of the root; -infinity at 0, infinity at 1, NaN outside [0, 1]. */
double normal_quantile(double p);

/* Mills' ratio Phi(-u) / phi(u), without overflow for large u (about 1/u); 4 ulp. Infinite below
 * -38.6. */
double mills_ratio(double u);

#endif
