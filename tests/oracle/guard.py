#!/usr/bin/env python3
"""Writes tests/golden/guard.txt and tests/golden/memory.txt: what model.md 10 says of reports, prices and histories.

Weights and medians are exact fractions; logarithms and roots have 50 digits. A history is integrated over its whole path each time,
nothing is carried from one state to the next. With the shared folder it also prints what tests/adaptive_test.c expects of real candles.
Needs mpmath.  tests/oracle/guard.py [SHARED]
"""
import csv
import json
import random
import sys
from fractions import Fraction

from mpmath import mp, mpf, log, sqrt, exp, ceil

mp.dps = 50
YEAR = 31536000
rng = random.Random(20200312)


def real(x):
    x = Fraction(x)
    return mpf(x.numerator) / x.denominator


# ---- reports -------------------------------------------------------------------------------------------------------------------

SETTINGS = dict(age_max_s=60, clock_skew_s=2, confidence_max_rate='0.01', confidence_floor_rate='0.0001', quorum=3, window_s=1800,
                deviation_z='4', safety_factor='2', slice_floor_rate='0.1', retry_s=60)
TRUST = dict(a='1', b='1', c='1', d='1', e='2', f='0.5', g='1', h='3')


def fates(reports):
    out = []
    for i, (name, price, confidence, age) in enumerate(reports):
        own = [(j, r) for j, r in enumerate(reports) if r[0] == name and j != i and r[3] >= -1000 * SETTINGS['clock_skew_s']]
        same = [(j, r) for j, r in own if r[3] == age]
        if name not in TRUST:
            out.append('unknown')
        elif age < -1000 * SETTINGS['clock_skew_s']:
            out.append('from_the_future')
        elif any(r[3] < age for _, r in own):
            out.append('superseded')
        elif any(Fraction(r[1]) != Fraction(price) or Fraction(r[2]) != Fraction(confidence) for _, r in same):
            out.append('contradictory')
        elif any(j < i for j, _ in same):
            out.append('superseded')
        elif Fraction(price) <= 0:
            out.append('not_positive')
        elif age > 1000 * SETTINGS['age_max_s']:
            out.append('stale')
        elif Fraction(confidence) < 0 or Fraction(confidence) > Fraction(price) * Fraction(SETTINGS['confidence_max_rate']):
            out.append('unsure')
        else:
            out.append('used')
    return out


def lower_median(numbers):
    return sorted(numbers)[(len(numbers) - 1) // 2]


def weights_of(used, volatility):
    floor = Fraction(SETTINGS['confidence_floor_rate'])
    weights = []
    for name, price, confidence, age in used:
        p = Fraction(price)
        width = max(Fraction(confidence), floor * p)
        variance = width ** 2 + p ** 2 * Fraction(volatility) ** 2 * Fraction(max(age, 0), 1000 * YEAR)
        weights.append(Fraction(TRUST[name]) / variance)
    cap = lower_median(weights)
    return [min(w, cap) for w in weights]


def text(x):
    units = x * 10 ** 18
    units = units.numerator // units.denominator
    whole, rest = divmod(units, 10 ** 18)
    return f'{whole}' + (f'.{rest:018d}'.rstrip('0') if rest else '')


def aggregate(reports, volatility):
    """Price, used, confidence rate. None where two halves are so near that a double could take either."""
    judged = fates(reports)
    used = [r for r, fate in zip(reports, judged) if fate == 'used']
    if not used:
        return 'none', judged, None
    weights = weights_of(used, volatility)
    order = sorted(range(len(used)), key=lambda i: (Fraction(used[i][1]), weights[i]))
    total = sum(weights)
    price = None
    below = Fraction(0)
    for place, i in enumerate(order):
        below += weights[i]
        if 2 * below != total and abs(2 * below / total - 1) < Fraction(1, 10 ** 9):
            return None, judged, None
        if 2 * below == total:
            price = (Fraction(used[i][1]) + Fraction(used[order[place + 1]][1])) / 2
            break
        if 2 * below > total:
            price = Fraction(used[i][1])
            break
    floor = Fraction(SETTINGS['confidence_floor_rate'])
    rate = lower_median([max(Fraction(r[2]) / Fraction(r[1]), floor) for r in used])
    return text(price), judged, rate


# ---- depth ---------------------------------------------------------------------------------------------------------------------

def push_costs(venues, fair, log_push):
    """Cost of each venue that can be pushed, from what is paid and what that is worth at the fair price."""
    pushed = fair * exp(log_push)
    is_up = log_push > 0
    costs = []
    for venue in venues:
        fee = real(venue.get('fee_rate', '0'))
        paid = worth = mpf(0)
        if venue['kind'] == 'book':
            for price, size in venue['asks' if is_up else 'bids']:
                price, size = real(price), real(size)
                if is_up and fair < price * (1 + fee) and price < pushed:
                    paid += size * price * (1 + fee)
                    worth += size * fair
                if not is_up and price * (1 - fee) < fair and price > pushed:
                    paid += size * fair
                    worth += size * price * (1 - fee)
        elif venue['kind'] == 'constant_product':
            k = real(venue['base']) * real(venue['quote'])
            x0, x1 = sqrt(k / fair), sqrt(k / pushed)
            y0, y1 = sqrt(k * fair), sqrt(k * pushed)
            paid = (y1 - y0) / (1 - fee) if is_up else (x1 - x0) * fair / (1 - fee)
            worth = (x0 - x1) * fair if is_up else y0 - y1
        elif venue['kind'] == 'concentrated':
            for r in venue['ranges']:
                low = max(real(r['lower']), min(fair, pushed))
                high = min(real(r['upper']), max(fair, pushed))
                if low < high:
                    liquidity = real(r['liquidity'])
                    quote = liquidity * (sqrt(high) - sqrt(low))
                    base = liquidity * (1 / sqrt(low) - 1 / sqrt(high))
                    paid += quote / (1 - fee) if is_up else base * fair / (1 - fee)
                    worth += base * fair if is_up else quote
        else:
            continue
        costs.append(paid - worth)
    return sorted(costs)


BOOK = {'venue': 'book', 'kind': 'book', 'fee_rate': '0.001',
        'bids': [['1999', '10'], ['1990', '40'], ['1970', '100'], ['1900', '500'], ['1000', '1000000']],
        'asks': [['2001', '10'], ['2010', '40'], ['2030', '100'], ['2100', '500'], ['4000', '1000000']]}
POOL = {'venue': 'pool', 'kind': 'constant_product', 'fee_rate': '0.003', 'base': '5000', 'quote': '10000000'}
THIN = {'venue': 'thin', 'kind': 'constant_product', 'fee_rate': '0', 'base': '10', 'quote': '20000'}
RANGES = {'venue': 'v3', 'kind': 'concentrated', 'fee_rate': '0.0005', 'price': '2000',
          'ranges': [{'lower': '1500', 'upper': '1950', 'liquidity': '90000'},
                     {'lower': '1960', 'upper': '2040', 'liquidity': '200000'},
                     {'lower': '2040', 'upper': '2500', 'liquidity': '50000'}]}
DESK = {'venue': 'desk', 'kind': 'quoted', 'notional': '1000000', 'slippage_rate': '0.01'}
MARKETS = [[], [BOOK], [POOL], [RANGES], [DESK], [BOOK, POOL], [BOOK, POOL, RANGES], [THIN, BOOK, POOL, RANGES, DESK]]


# ---- the verdict ---------------------------------------------------------------------------------------------------------------

def judge(reports, volatility, reference, window, gap, venues, account, was, trigger, feed, down):
    price, judged, rate = aggregate(reports, volatility)
    if price is None:
        return None
    used = sum(f == 'used' for f in judged)
    stale = sum(f == 'stale' for f in judged)
    quorum = SETTINGS['quorum']
    out = dict(verdict='reject', reason='no_quorum', retry=0, slice='0', deviation=mpf(0), bound=mpf(0), confirming=0, cost=mpf(0))
    if used < quorum:
        if used + stale >= quorum:
            out['reason'] = 'stale'
        return price, judged, out
    safety = real(SETTINGS['safety_factor'])
    gain = max(mpf(0) if was else real(account), real(feed))
    if reference != 'none':
        dev = log(real(price) / real(reference))
        w, g = mpf(window), mpf(gap)
        variance = g + (max(w - g, 0)) ** 3 / (3 * w ** 2)
        bound = real(SETTINGS['deviation_z']) * real(volatility) * sqrt(variance / YEAR) + real(rate)
        out['deviation'], out['bound'] = dev, bound
        side = -1 if dev < 0 else 1
        distances = [side * log(real(r[1]) / real(reference)) for r, f in zip(reports, judged) if f == 'used']
        if any(abs(d - bound) < mpf(10) ** -9 for d in distances + [abs(dev)]):
            return None
        out['confirming'] = sum(d > bound for d in distances)
        costs = push_costs(venues, real(price), dev) if dev else [mpf(0) for v in venues if v['kind'] != 'quoted']
        cost = sum(costs[:len(costs) // 2 + 1]) if costs else None
        out['cost'] = mpf(0) if cost is None else cost
        pays = cost is not None and gain * safety > cost
    if down:
        out.update(verdict='defer', reason='sequencer_down', retry=SETTINGS['retry_s'])
    elif reference == 'none':
        out.update(verdict='accept', reason='no_history', slice='1')
    elif abs(dev) > bound and out['confirming'] < quorum:
        out.update(verdict='defer', reason='unconfirmed_deviation', retry=max(1, int(ceil(w * (1 - bound / abs(dev))))))
    elif abs(dev) > bound:
        part = bound / abs(dev)
        if pays:
            part = min(part, cost / (gain * safety))
        part = Fraction(int(part * 10 ** 6), 10 ** 6)
        out.update(verdict='accept', reason='confirmed_deviation', slice=text(max(part, Fraction(SETTINGS['slice_floor_rate']))))
    elif pays:
        wait = w
        if trigger != 'none' and dev:
            part = log(real(trigger) / real(reference)) / dev
            if 0 < part < 1:
                wait = w * part
        out.update(verdict='defer', reason='attack_pays', retry=max(1, int(ceil(wait))))
    else:
        out.update(verdict='accept', reason='usual', slice='1')
    return price, judged, out


def some_reports(centre, spread):
    names = list('abcdefgh')
    rng.shuffle(names)
    reports = []
    for name in names[:rng.choice([1, 2, 3, 3, 4, 5, 5, 6, 7, 8])]:
        if rng.random() < 0.04:
            name = 'z'
        price = f'{centre * (1 + rng.gauss(0, spread)):.2f}'
        if rng.random() < 0.05:
            price = rng.choice(['0', '-1', '0.000000000000000001', '100000000000000000000'])
        confidence = rng.choice(['0', '0.1', '0.5', '1', '2', '5'])
        if rng.random() < 0.06:
            confidence = rng.choice(['0.000000000000000001', '-1', '400', '100000000000000000000'])
        age = rng.choice([0, 0, 1, 500, 2000, 5000, 12000, 30000, 59999, 60000])
        if rng.random() < 0.06:
            age = rng.choice([60001, 3600000, -1999, -2000, -2001, -86400000])
        reports.append((name, price, confidence, age))
        if rng.random() < 0.08:
            other = rng.choice([price, f'{centre:.2f}'])
            reports.append((name, other, confidence, rng.choice([age, age, 0, 1, 30000, -5000])))
    return reports


def rows():
    # Exact halves, whatever a double makes of a third of a weight.
    yield [('a', '100', '1', 0), ('b', '102', '1', 0)], '0.8', 'none', 0, 0, [], '0', 0, 'none', '0', 0
    for count in (4, 6, 8):
        yield [(name, str(1990 + 3 * i), '0.7', 0) for i, name in enumerate('abcdgzyx'[:count])], '0.8', 'none', 0, 0, [], '0', 0, \
            'none', '0', 0
    yield [('a', '0.000000000000000001', '0', 0), ('b', '0.000000000000000002', '0', 0), ('c', '0.000000000000000002', '0', 0),
           ('d', '0.000000000000000003', '0', 0)], '0', 'none', 0, 0, [], '0', 0, 'none', '0', 0
    yield [(name, '2000', '0', 0) for name in 'abcd'], '0.8', '2000', 1800, 12, [BOOK], '0', 0, 'none', '0', 0
    while True:
        move = rng.choice([0, 0.0005, -0.0005, 0.002, -0.003, 0.01, -0.01, 0.02, -0.02, 0.05, -0.08, -0.3, 0.5])
        reports = some_reports(2000, rng.choice([0.0002, 0.001, 0.01]))
        reference = 'none' if rng.random() < 0.05 else f'{2000 / (1 + move):.12g}'
        window = rng.choice([1800, 1800, 1800, 600, 30])
        gap = rng.choice([1, 12, 60, 600, 1800, 5000])
        trigger = rng.choice(['none', f'{2000 / (1 + move / 2):.6f}', '1', '5000', reference])
        yield (reports, rng.choice(['0', '0.05', '0.8', '2.5']), reference, window, gap, rng.choice(MARKETS),
               rng.choice(['0', '10', '500', '20000', '3000000']), int(rng.random() < 0.2), trigger,
               rng.choice(['0', '0', '0', '100', '1000000']), int(rng.random() < 0.03))


def write_guard():
    with open('tests/golden/guard.txt', 'w') as file:
        print('# Written by tests/oracle/guard.py: reports (source price confidence age_ms); volatility, reference, window_s, gap_s;',
              file=file)
        print('# market; account gain, was liquidatable, trigger, feed gain, sequencer down; expected: price, fates;', file=file)
        print('# verdict reason retry_after_s slice_rate confirming; deviation bound cost. Before them the markets by number.',
              file=file)
        for number, venues in enumerate(MARKETS):
            print('market', number, json.dumps(venues, separators=(',', ':')), file=file)
        seen = {}
        written = 0
        for row in rows():
            answer = judge(*row)
            if answer is None:
                continue
            price, judged, out = answer
            key = out['reason']
            if written > 40 and seen.get(key, 0) >= 30:
                if len(seen) == 8 and all(n >= 12 for n in seen.values()):
                    break
                continue
            seen[key] = seen.get(key, 0) + 1
            written += 1
            reports, volatility, reference, window, gap, venues, account, was, trigger, feed, down = row
            print(' | '.join([
                ' '.join(' '.join(map(str, r)) for r in reports),
                f'{volatility} {reference} {window} {gap}',
                str(MARKETS.index(venues)),
                f'{account} {was} {trigger} {feed} {down}',
                f'{price} ' + ' '.join(judged),
                f"{out['verdict']} {out['reason']} {out['retry']} {out['slice']} {out['confirming']}",
                ' '.join(mp.nstr(out[x], 17) for x in ('deviation', 'bound', 'cost'))]), file=file)
        print(written, seen)


# ---- histories -----------------------------------------------------------------------------------------------------------------

PARTS = 10


def window_mean(path, begun, window, to):
    """Mean of ln price over the window before `to`; in the part of the grid that is leaving the window its mean counts."""
    part = window / PARTS
    oldest = max(to - window, begun)
    total = mpf(0)
    grid = (oldest // part) * part
    while grid < to:
        begin, end = max(grid, begun), min(grid + part, to)
        integral = mpf(0)
        for (t, p), following in zip(path, path[1:] + [(to, None)]):
            low, high = max(t, begin), min(following[0], end, to)
            if low < high:
                integral += log(real(p)) * real(high - low)
        total += integral / real(end - begin) * real(end - max(begin, oldest))
        grid += part
    return total / real(to - oldest)


def variance(path, half_life):
    now = path[-1][0]
    top = bottom = mpf(0)
    for (t0, p0), (t1, p1) in zip(path, path[1:]):
        weight = 2 ** (-real(now - t1) / half_life) * (1 - 2 ** (-real(t1 - t0) / half_life))
        top += weight * log(real(p1) / real(p0)) ** 2 / (real(t1 - t0) / YEAR)
        bottom += weight
    return min(top / bottom, mpf(10) ** 6)


def write_memory():
    window, half, long_half = Fraction(1800), 3600, 86400
    with open('tests/golden/memory.txt', 'w') as file:
        print('# Written by tests/oracle/guard.py: milliseconds since the first snapshot, its price; time-weighted price, window_s,',
              file=file)
        print('# gap_s, variance, long variance. Window 1800 s, half-lives 3600 s and 86400 s.', file=file)
        path = []
        now = Fraction(1583971200123, 1000)         # not on the grid
        begun = now
        price = Fraction(7900)
        for i in range(160):
            path.append((now, price))
            figures = 'none none none none none'
            if i:
                mean = window_mean(path[:-1], begun, window, now)
                figures = ' '.join([mp.nstr(exp(mean), 15), text(min(now - begun, window)), text(now - path[-2][0]),
                                    mp.nstr(variance(path, half), 15), mp.nstr(variance(path, long_half), 15)])
            print(int((now - begun) * 1000), text(price), figures, file=file)
            now += Fraction(rng.choice([1, 250, 1000, 12000, 12000, 60000, 61234, 180000, 400000, 1800000, 7200000]
                                       if i % 20 == 19 else [1, 250, 1000, 12000, 12000, 12000, 60000, 61234, 180000]), 1000)
            price = Fraction(f'{float(price) * (1 + rng.gauss(0, 0.004)):.2f}')


# ---- candles -------------------------------------------------------------------------------------------------------------------

def turns(path):
    signs = [b > a for a, b in zip(path, path[1:]) if a != b]
    return sum(a != b for a, b in zip(signs, signs[1:]))


def print_candles(shared, month):
    """Hour by hour: exponentially weighted Garman-Klass with a half-life of 12 h; the stress between 1 and 3, its play 0.1, an hour up
    and four hours down."""
    rows = list(csv.DictReader(open(f'{shared}/data/candles/btcusdt_1h_{month}.csv')))
    decay = mpf(2) ** (-mpf(1) / 12)
    variance, held = None, None
    raws, helds, peak = [], [], (0, 0)
    for i, row in enumerate(rows):
        o, h, l, c = (real(row[x]) for x in ('open', 'high', 'low', 'close'))
        own = log(h / l) ** 2 / 2 - (2 * log(mpf(2)) - 1) * log(c / o) ** 2
        variance = own if variance is None else decay * variance + (1 - decay) * own
        sigma = sqrt(variance * 8760)
        peak = max(peak, (sigma, i))
        raw = min(max((sigma - 1) / 2, mpf(0)), mpf(1))
        if held is None:
            held = raw
        else:
            target = max(raw, min(held, raw + mpf(1) / 10))
            held = min(max(target, held - mpf(1) / 4), held + 1)
        raws.append(raw)
        helds.append(max(held - mpf(1) / 10, 0) / mpf('0.9'))
        if row['time'][8:] in ('12T09:00:00Z', '12T12:00:00Z', '13T03:00:00Z', '14T00:00:00Z', '19T13:00:00Z', '20T12:00:00Z'):
            print(month, i, row['time'], mp.nstr(sigma, 13), mp.nstr(raw, 13), mp.nstr(helds[-1], 13))
    print(month, 'rows', len(rows), 'peak', mp.nstr(peak[0], 13), rows[peak[1]]['time'], 'turns', turns(raws), turns(helds))


if len(sys.argv) > 1:
    for month in ('2020-03', '2021-05'):
        print_candles(sys.argv[1], month)
else:
    write_guard()
    write_memory()
