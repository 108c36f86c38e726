#!/usr/bin/env python3
"""Writes tests/golden/depth.txt: walks through depth, computed from model.md 1 with exact fractions and integers.

The split is found by bisection on the net price with 60 digits (the program goes from breakpoint to breakpoint in double); the money
is then whole numbers of 1e-18. Real books and the tick map are read from the shared folder: tests/oracle/depth.py SHARED.
"""
import json
import sys
from decimal import Decimal, getcontext
from fractions import Fraction
from math import isqrt

getcontext().prec = 60
UNIT = 10**18


def units(text):
    value = Fraction(text) * UNIT
    assert value.denominator == 1, text
    return int(value)


def ceil_div(a, b):
    return -(-a // b)


def root(square, up):
    """The root of a fraction of squared units, down or up to a unit."""
    low = isqrt(square.numerator // square.denominator)
    return low + 1 if up and low * low < square else low


def text(x):
    sign = '-' if x < 0 else ''
    whole, rest = divmod(abs(x), UNIT)
    return f'{sign}{whole}' + (f'.{rest:018d}'.rstrip('0') if rest else '')


class Level:
    def __init__(self, order, price, size):
        self.order, self.price, self.size = order, price, size


class Pool:
    """Virtual reserves in units, rounded against the trader; capacity None: endless."""
    def __init__(self, base, quote, capacity, fee, sells):
        self.base, self.quote, self.capacity, self.sells = base, quote, capacity, sells
        self.keep = UNIT - fee

    def trade(self, q):
        if q == 0:
            return 0
        if self.sells:
            return self.keep * self.quote * q // (self.base * UNIT + self.keep * q)
        return ceil_div(self.quote * q * UNIT, (self.base - q) * self.keep)

    def quantity_at(self, price):
        """Until its marginal net price is `price` (a Decimal)."""
        x, y, g = Decimal(self.base) / UNIT, Decimal(self.quote) / UNIT, Decimal(self.keep) / UNIT
        if self.sells:
            q = ((x * y / g) / price).sqrt() - x / g
        else:
            q = x - ((x * y / g) / price).sqrt()
        q = max(q, Decimal(0))
        return q if self.capacity is None else min(q, Decimal(self.capacity) / UNIT)


class Case:
    def __init__(self, side, price, reference, scale, lot, unit):
        self.sells = side == 'sell'
        self.price, self.reference = units(price), units(reference)
        self.scale, self.lot, self.unit = units(scale), units(lot), units(unit)

    def size(self, x):
        return x * self.scale // UNIT

    def pools(self, venue):
        up, fee = self.sells, units(venue.get('fee_rate', '0'))
        p, r = self.price, self.reference
        if venue['kind'] == 'constant_product':
            x, y = self.size(units(venue['base'])), self.size(units(venue['quote']))
            base = root(Fraction(x * x * p, r), up)
            quote = root(Fraction(y * y * r, p), not up)
            return [Pool(base, quote, None if up else base - base // 10000, fee, up)]
        if venue['kind'] == 'quoted':
            d = units(venue['slippage_rate'])
            y = self.size(units(venue['notional']) * (UNIT - d if up else UNIT + d) // d)
            base = ceil_div(y * UNIT, p) if up else y * UNIT // p
            quote = y * r // p if up else ceil_div(y * r, p)
            return [Pool(base, quote, None if up else base - base // 10000, fee, up)]
        pools = []
        current = units(venue['price']) * r // p if up else ceil_div(units(venue['price']) * r, p)
        for one in reversed(venue['ranges']) if up else venue['ranges']:
            low, high, l = units(one['lower']), units(one['upper']), self.size(units(one['liquidity']))
            start, end = (min(current, high), low) if up else (max(current, low), high)
            if l == 0 or (start <= end if up else start >= end):
                continue
            base = root(Fraction(l * l * UNIT, start), up)
            quote = root(Fraction(l * l * start, UNIT), not up)
            far = root(Fraction(l * l * UNIT, end), not up)
            capacity = (far - base) * UNIT // (UNIT - fee) if up else base - far
            pools.append(Pool(base, quote, max(capacity, 0), fee, up))
        return pools

    def levels(self, number, venue):
        fee = units(venue['fee_rate'])
        rows = [(units(a), units(b)) for a, b in venue['bids' if self.sells else 'asks']]
        keep = UNIT - fee if self.sells else UNIT + fee
        return [Level(number, Fraction(p * keep * self.reference, UNIT * UNIT * self.price), self.size(n))
                for p, n in rows if self.size(n) > 0]

    def settle(self, venue, q):
        """(filled, money) of one venue alone."""
        if venue['kind'] == 'book':
            gross, left = 0, q
            for price, size in [(units(a), self.size(units(b))) for a, b in venue['bids' if self.sells else 'asks']]:
                part = min(size, left)
                gross, left = gross + price * part, left - part
            fee = units(venue['fee_rate'])
            exact = Fraction(gross * (UNIT - fee if self.sells else UNIT + fee) * self.reference, UNIT * UNIT * self.price)
            money = exact / self.unit
            return q - left, (money.numerator // money.denominator if self.sells else ceil_div(money.numerator, money.denominator)) * self.unit
        money, left = 0, q
        for pool in self.pools(venue):
            part = left if pool.capacity is None else min(left, pool.capacity)
            money, left = money + pool.trade(part), left - part
        return q - left, (money // self.unit if self.sells else ceil_div(money, self.unit)) * self.unit

    def split(self, venues, quantity):
        """Exact quantities by venue; the book level where it stops takes the rest, else the first active pool."""
        levels = sorted((level for i, v in enumerate(venues) if v['kind'] == 'book' for level in self.levels(i, v)),
                        key=lambda level: (-level.price if self.sells else level.price, level.order))
        pools = [(i, pool) for i, v in enumerate(venues) if v['kind'] != 'book' for pool in self.pools(v)]

        def taken_by_pools(price):
            return sum(pool.quantity_at(price) for _, pool in pools)

        want = Decimal(quantity) / UNIT
        parts, before, marginal, stop = [0] * len(venues), 0, None, None
        for level in levels:
            price = Decimal(level.price.numerator) / Decimal(level.price.denominator)
            if Decimal(before) / UNIT + (taken_by_pools(price) if pools else 0) >= want:
                break                                       # among the pools, above this level
            if Decimal(before + level.size) / UNIT + (taken_by_pools(price) if pools else 0) >= want:
                marginal, stop = level.order, price
                break
            parts[level.order] += level.size
            before += level.size
        if marginal is None and pools and self.room(pools, before) >= quantity:
            low, high = (Decimal('1e-30'), Decimal('1e30'))
            for _ in range(400):
                middle = (low * high).sqrt()
                enough = Decimal(before) / UNIT + taken_by_pools(middle) >= want
                if enough == self.sells:
                    low = middle
                else:
                    high = middle
            stop = low
            marginal = next((i for i, pool in pools if self.is_active(pool, stop)), None)
        if stop is not None:
            for i, pool in pools:
                parts[i] += int(pool.quantity_at(stop) * UNIT)
        elif quantity > before:
            for i, pool in pools:
                parts[i] += pool.capacity if pool.capacity is not None else quantity
        parts = [part // self.lot * self.lot for part in parts]
        if marginal is not None:
            parts[marginal] = 0
            parts[marginal] = quantity - sum(parts)
        return parts

    @staticmethod
    def room(pools, before):
        return float('inf') if any(pool.capacity is None for _, pool in pools) else before + sum(pool.capacity for _, pool in pools)

    @staticmethod
    def is_active(pool, price):
        q = pool.quantity_at(price)
        return q > 0 and (pool.capacity is None or q < Decimal(pool.capacity) / UNIT)

    def walk(self, venues, quantity):
        left = asked = quantity // self.lot * self.lot
        fills = []
        for venue, part in zip(venues, self.split(venues, asked)):
            filled, money = self.settle(venue, min(part, left))
            if filled % self.lot:
                filled, money = self.settle(venue, filled // self.lot * self.lot)
            left -= filled
            if filled:
                fills.append((venue['venue'], filled, money))
        filled = sum(f[1] for f in fills)
        money = sum(f[2] for f in fills)
        if filled == 0:
            return f'0 {text(quantity)} 0 none none'
        average = Fraction(money * UNIT, filled)
        part = Fraction(money * UNIT * UNIT, filled * self.reference)
        if self.sells:
            average, slippage = int(average // 1), UNIT - int(part // 1)
        else:
            average, slippage = int(-(-average // 1)), int(-(-part // 1)) - UNIT
        return ' '.join([text(filled), text(quantity - filled), text(money), text(average), text(slippage)] +
                        [f'{name} {text(q)} {text(m)}' for name, q, m in fills])


BOOK_A = '{"venue":"book","kind":"book","fee_rate":"0","bids":[["100","10"],["99","20"],["98","30"]],"asks":[["101","10"],["102","20"],["104","30"]]}'
BOOK_5 = ('{"venue":"book","kind":"book","fee_rate":"0.0005","bids":[["100","10"],["99","20"],["98","30"],["95","50"]],'
          '"asks":[["100.5","10"],["101","20"],["103","30"]]}')
CP = '{"venue":"cp","kind":"constant_product","fee_rate":"0.003","base":"1000","quote":"100000"}'
V3 = '{"venue":"v3","kind":"concentrated","fee_rate":"0.0005","price":"100","ranges":[{"lower":"90","upper":"110","liquidity":"50000"}]}'
GAPS = ('{"venue":"gaps","kind":"concentrated","fee_rate":"0.003","price":"100","ranges":[{"lower":"60","upper":"70","liquidity":"3000"},'
        '{"lower":"85","upper":"95","liquidity":"20000"},{"lower":"95","upper":"105","liquidity":"40000"},{"lower":"112","upper":"130","liquidity":"9000"}]}')
DESK = '{"venue":"desk","kind":"quoted","notional":"1000000","slippage_rate":"0.02"}'
TIES = ('{"venue":"x","kind":"book","fee_rate":"0.001","bids":[["100.1","1"],["99","5"]],"asks":[["100.2","1"]]},'
        '{"venue":"y","kind":"book","fee_rate":"0","bids":[["99.9999","1"],["98.901","5"]],"asks":[["100.3002","1"]]}')
ODD = '{"venue":"odd","kind":"book","fee_rate":"0.0004","bids":[["99.87","0.123456789"],["99.5","0.777777777"],["99.1","3.3"]],"asks":[]}'

# side, price, reference, scale, lot, unit, quantity, venues
CASES = [
    ('sell', '100.5', '100.5', '1', '0.00000001', '0.000001', q, BOOK_A) for q in ('25', '60', '70', '0', '0.000000001', '10', '30.5')
] + [
    ('buy', '100.5', '100.5', '1', '0.00000001', '0.000001', q, BOOK_A) for q in ('25', '60', '61')
] + [
    ('sell', '100', '100', '1', '0.00000001', '0.000000000000000001', q, CP) for q in ('50', '0.00000001', '100000', '1000')
] + [
    ('buy', '100', '100', '1', '0.00000001', '0.000000000000000001', q, CP) for q in ('50', '999', '999.9', '999.95', '2000')
] + [
    (s, '100', '100', '1', '0.00000001', '0.01', q, V3) for s in ('sell', 'buy') for q in ('100', '0.5', '300')
] + [
    (s, '100', '100', '1', '0.00000001', '0.00000001', q, ','.join([BOOK_5, CP, V3])) for s in ('sell', 'buy')
    for q in ('5', '10', '40', '150', '600', '2000')
] + [
    (s, '100', r, '1', '0.00000001', '0.00000001', q, ','.join([BOOK_5, CP, V3])) for s in ('sell', 'buy')
    for r in ('80', '93', '111.7') for q in ('40', '150')
] + [
    (s, '100', r, u, '0.00000001', '0.00000001', q, ','.join([GAPS, DESK, BOOK_5])) for s in ('sell', 'buy')
    for r, u in (('100', '1'), ('100', '0.8'), ('90', '1.2'), ('65', '1'), ('125', '1')) for q in ('25', '333.33333333')
] + [
    (s, '100', '100', '1', '0.00000001', '0.00000001', q, GAPS) for s in ('sell', 'buy') for q in ('50', '200', '100000')
] + [
    (s, '100', '100', '1', '0.00000001', '0.00000001', q, DESK) for s in ('sell', 'buy') for q in ('10000', '1')
] + [
    ('sell', '100', '97.3', '1', '0.001', '0.01', q, TIES) for q in ('0.5', '1.5', '2', '7', '12', '13')
] + [
    ('buy', '100', '100', '1', '0.001', '0.01', '1.5', TIES),
    ('sell', '100', '100', '0.7', '0.01', '0.01', '2.5', ODD), ('sell', '100', '100', '1', '0.1', '0.01', '5', ODD),
    ('sell', '100', '100', '1', '0.1', '0.01', '4.2', ','.join([ODD, CP])),
    ('sell', '1', '3', '1', '1', '1', '7', '{"venue":"a","kind":"book","fee_rate":"0.1","bids":[["0.333333333333333333","100"]]}'),
]

OKX, BITSTAMP = 'orderbooks/okx_BTC-USDT_books_2022-05-13.json', 'orderbooks/bitstamp_ETHUSD_full_2022-01-05.json'
AKRO, DYDX = 'orderbooks/binance_usdm_AKROUSDT_depth1000_2021-07-22.json', 'orderbooks/dydx_v3_ETH-USD_orderbook_2021-10-28.json'
TICKS = 'amm/univ3_mainnet_WBTC-WETH-03_block24407242_ticks.json'
REAL = [
    (s, '30243.45', r, '1', '0.00000001', '0.000001', q, OKX) for s in ('sell', 'buy') for r in ('30243.45', '27000') for q in ('0.5', '25', '500')
] + [
    (s, '3804', '3804', '1', '0.00000001', '0.01', q, BITSTAMP) for s in ('sell', 'buy') for q in ('3', '1000', '20000')
] + [
    (s, '0.017315', '0.017315', '1', '1', '0.000001', q, AKRO) for s in ('sell', 'buy') for q in ('1000000', '100000000', '2000000000')
] + [
    (s, '4215.55', '4215.55', '1', '0.001', '0.01', q, DYDX) for s in ('sell', 'buy') for q in ('1', '300')
] + [
    (s, '33.1', r, '1', '0.00000001', '0.000000000000000001', q, TICKS) for s in ('sell', 'buy') for r in ('33.1', '31') for q in ('1', '150', '2500')
]


def read_book(contents):
    rows = {}
    for side in ('bids', 'asks'):
        rows[side] = [[r['price'], r['size']] if isinstance(r, dict) else r[:2] for r in contents[side]]
        rows[side].sort(key=lambda r: Fraction(r[0]), reverse=side == 'bids')
    return [{'venue': 'file', 'kind': 'book', 'fee_rate': '0.0005', **rows}]


def read_ticks(contents):
    """Prices of WBTC (8 decimals) in WETH (18), down to 1e-18: 1.0001^tick / 1e10; liquidity in whole tokens: / 1e13."""
    ranges, liquidity = [], 0
    ticks = sorted((int(tick), row[1]) for tick, row in contents['tick_data'].items())
    for (tick, net), (next_tick, _) in zip(ticks, ticks[1:]):
        liquidity += net
        if liquidity > 0 and tick >= 240000 and next_tick <= 290000:
            ranges.append({'lower': text(int(Decimal('1.0001') ** tick * 10**8)), 'upper': text(int(Decimal('1.0001') ** next_tick * 10**8)),
                           'liquidity': text(liquidity * 10**5)})
    root_price = Decimal(contents['scalars']['sqrt_price_x96']) / 2**96
    return [{'venue': 'file', 'kind': 'concentrated', 'fee_rate': '0.003', 'price': text(int(root_price * root_price * 10**8)), 'ranges': ranges}]


def read_file(shared, name):
    contents = json.load(open(f'{shared}/data/{name}'))
    if 'tick_data' in contents:
        return read_ticks(contents)
    return read_book(contents['data'][0] if 'data' in contents else contents.get('contents', contents))


def main():
    print('# Written by tests/oracle/depth.py: side, price, reference, scale, lot, unit, quantity; venues or a file of the shared folder;')
    print('# filled, unfilled, proceeds, average, slippage; then venue, quantity, proceeds of each fill.')
    for side, price, reference, scale, lot, unit, quantity, venues in CASES:
        walk = Case(side, price, reference, scale, lot, unit).walk(json.loads(f'[{venues}]'), units(quantity))
        print(side, price, reference, scale, lot, unit, quantity, '|', f'[{venues}]', '|', walk)
    for side, price, reference, scale, lot, unit, quantity, name in REAL:
        walk = Case(side, price, reference, scale, lot, unit).walk(read_file(sys.argv[1], name), units(quantity))
        print(side, price, reference, scale, lot, unit, quantity, '|', name, '|', walk)


main()
