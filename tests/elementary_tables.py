#!/usr/bin/env python3
"""Writes risk/elementary_tables.c to its standard output. Needs mpmath."""
import mpmath
from mpmath import mp, mpf

mp.dps = 60


def double(x):
    return float(x)  # correctly rounded


def pair(x):
    high = double(x)
    return high, double(x - mpf(high))


def text(x):
    return float.hex(x)


def chebyshev_to_powers(f, degree):
    """Powers' coefficients of f's interpolant on [-1, 1] at degree + 1 Chebyshev points."""
    n = degree + 1
    angles = [mp.pi * (k + mpf(1) / 2) / n for k in range(n)]
    values = [f(mp.cos(a)) for a in angles]
    series = [2 / mpf(n) * sum(v * mp.cos(j * a) for v, a in zip(values, angles)) for j in range(n)]
    series[0] /= 2
    powers = [mpf(0)] * n
    before, now = [mpf(1)], [mpf(0), mpf(1)]
    for j, c in enumerate(series):
        basis = before if j == 0 else now
        for i, b in enumerate(basis):
            powers[i] += c * b
        if j >= 1:
            after = [mpf(0)] + [2 * b for b in now]
            for i, b in enumerate(before):
                after[i] -= b
            before, now = now, after
    return powers


def scaled_tail(u):
    return mp.exp(u * u / 2) * mp.erfc(u / mp.sqrt(2)) / 2


print("/* Constants of risk/elementary.c, written by tests/elementary_tables.py. */")
print('#include "risk/elementary_tables.h"\n')

print("const struct pair power_table[POWER_COUNT] = {")
for i in range(-32, 33):
    print("    { %s, %s }," % tuple(map(text, pair(mpf(2) ** (mpf(i) / 64) - 1))))
print("};\n")

print("const struct logarithm log_table[LOG_COUNT] = {")
for j in range(45, 91):
    c = mp.nint(mpf(64) / j * 2048) / 2048
    print("    { %s, { %s, %s } }," % ((text(double(c)),) + tuple(map(text, pair(-mp.log(c))))))
print("};\n")

print("const double scaled_tail_table[TAIL_OCTAVES * TAIL_STEPS][TAIL_WORDS] = {")
for octave in range(-2, 6):
    for step in range(8):
        middle = mpf(2) ** octave * (1 + (step + mpf(1) / 2) / 8) - mpf(1) / 4
        half = mpf(2) ** octave / 16
        powers = chebyshev_to_powers(lambda t: scaled_tail(middle + half * t), 11)
        words = list(pair(powers[0])) + [double(c / half ** (j + 1)) for j, c in enumerate(powers[1:])]
        lines = [", ".join(map(text, words[i:i + 3])) for i in range(0, 13, 3)]
        print("    { " + ",\n      ".join(lines) + " },")
print("};")
