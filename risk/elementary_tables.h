/* Constants that risk/elementary.c looks up; tests/elementary_tables.py writes their values. */
#ifndef RISK_ELEMENTARY_TABLES_H
#define RISK_ELEMENTARY_TABLES_H

/* An unevaluated sum, |low| at most half a unit in the last place of high: some 106 bits. */
struct pair { double high; double low; };

/* A divisor's short reciprocal (12 bits) and its logarithm: -ln(reciprocal). */
struct logarithm { double reciprocal; struct pair value; };

enum {
    POWER_COUNT  = 65,      /* 2^(i/64) - 1, i from -32 to 32 */
    LOG_FIRST    = 45,      /* reciprocal of j/64, j from 45 to 90 */
    LOG_COUNT    = 46,
    ERFC_OCTAVES = 7,       /* e^(x^2) erfc(x) from 2^-2 up to 2^5, */
    ERFC_STEPS   = 8,       /* each octave in 8 equal steps, */
    ERFC_WORDS   = 14       /* each a polynomial in t, -1 <= t <= 1: c0 as a pair, then c1 to c12 */
};

extern const struct pair      power_table[POWER_COUNT];
extern const struct logarithm log_table[LOG_COUNT];
extern const double           scaled_erfc_table[ERFC_OCTAVES * ERFC_STEPS][ERFC_WORDS];

#endif
