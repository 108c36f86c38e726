#!/usr/bin/env python3
"""The maintenance rate that tests/execution_price_test.c expects, in 40 digits: slippage + penalty + gas /
notional + 1 - e^-b, the buffer b = z s + s^2 / 2 of a wait of 72 s at a volatility of 0.8, up to 1e-6."""
from decimal import Decimal, ROUND_CEILING, getcontext

getcontext().prec = 40
z = Decimal("2.326347874040841100885606163346911723")      # of 99 %
s = Decimal("0.8") * (Decimal(72) / Decimal(31536000)).sqrt()
rate = Decimal("0.05") + Decimal("0.05") + Decimal(20) / Decimal(20000) + 1 - (-(z * s + s * s / 2)).exp()
print(rate.quantize(Decimal("0.000001"), ROUND_CEILING))
