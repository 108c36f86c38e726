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
    TAIL_OCTAVES = 8,       /* e^(u^2/2) Phi(-u), u + TAIL_SHIFT from 2^-2 up to 2^6, */
    TAIL_STEPS   = 8,       /* each octave in 8 equal steps, each a polynomial in the distance */
    TAIL_WORDS   = 13       /* from the step's middle: c0 as a pair, then c1 to c11 */
};

#define TAIL_SHIFT 0.25

extern const struct pair      power_table[POWER_COUNT];
extern const struct logarithm log_table[LOG_COUNT];
extern const double           scaled_tail_table[TAIL_OCTAVES * TAIL_STEPS][TAIL_WORDS];

#endif
