#!/usr/bin/env python3
"""Our answers beside the peers', figure by figure and digit by digit.

usage: bench/peers/compare.py BUILD [CASES] [SEED]

Hundreds of generated requests, the same bytes to each: accounts that are healthy and that are not,
of several collaterals and debts, with and without depth, shallow and deep books, decimals of up to
18 places; and requests that all must refuse with one status. The first difference ends it, with the
case.
"""
import json
import os
import random
import sys
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import peers
from service import Postgres, Service

HEALTH = ("status", "ratio", "support", "requirement", "collateral", "debt", "equity", "ltv")
PRICE = ("asset", "direction", "price", "price_reason")
LIQUIDATION = ("at", "reason", "collateral", "debt", "repay", "seize", "limited_by", "bad_debt",
               "average_price", "slippage_rate", "unfilled", "fills")
PENALTY = ("rate", "amount")


def text(units, places):
    """units of 10^-places as the API writes them."""
    whole, part = divmod(units, 10 ** places)
    return f"{whole}.{part:0{places}d}".rstrip("0").rstrip(".") if places else str(whole)


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def decimal(self, low, high, places_max):
        """Between the two; of few digits or of many."""
        places = self.random.choice([0, 2, places_max // 2, places_max])
        unit = 10 ** places
        return text(max(1, self.random.randint(int(low * unit), int(high * unit))), places)

    def side(self, mid, sign, levels, places):
        price, rows = int(mid * 10 ** 9), []
        for _ in range(levels):
            price += sign * self.random.choice([0, 1, 250, 10 ** 6,
                                                self.random.randrange(1, 10 ** 8)])
            rows.append([text(price, 9), self.decimal(0.01, self.random.choice([1, 30]), places)])
        return rows

    def venues(self, mid, places):
        fees = [self.random.choice(["0", "0.001", "0.001", "0.00075", "0.000123456789012345"])
                for _ in range(self.random.choice([1, 2, 2, 2, 3]))]
        return [{"venue": f"venue-{i}", "kind": "book", "fee_rate": fee,
                 "bids": self.side(mid * 0.9999, -1, self.random.choice([0, 1, 5, 50, 200]),
                                   places),
                 "asks": self.side(mid * 1.0001, 1, self.random.choice([0, 1, 5, 50]), places)}
                for i, fee in enumerate(fees)]

    def state(self):
        prices = {"ETH": self.decimal(500, 5000, 18), "BTC": self.decimal(20000, 90000, 14),
                  "USDC": self.random.choice(["1", "0.9998", "1.000123456789012345"])}
        depth = {asset: self.venues(float(prices[asset]), peers.ASSETS[asset]["unit_places"])
                 for asset in ("ETH", "BTC") if self.random.random() < 0.8}
        return {"prices": prices, "depth": depth, "volatility": {
            asset: self.decimal(0.2, 2, 12) for asset in ("ETH", "BTC")
            if self.random.random() < 0.8}}

    def legs(self, assets, prices, worth):
        """Worth so much in sum, in shares by chance."""
        shares = [self.random.uniform(0.1, 1) for _ in assets]
        out = []
        for asset, share in zip(assets, shares):
            places = peers.ASSETS[asset]["unit_places"]
            quantity = worth * share / sum(shares) / float(prices[asset])
            finer = 10 ** max(0, places - 9)
            units = int(quantity * 10 ** min(places, 9)) * finer + self.random.randrange(finer)
            out.append({"asset": asset, "quantity": text(units, places)})
        return out

    def account(self, prices):
        """Of a health between 0.5 and 2, and now and then without a debt or a collateral."""
        assets = self.random.sample(sorted(peers.ASSETS), 3)
        held = assets[:self.random.choice([1, 1, 2])]
        owed = assets[len(held):len(held) + self.random.choice([1, 1, 2])]
        if self.random.random() < 0.1:
            owed[0] = held[0]
        worth = 10 ** self.random.uniform(1, 6)
        account = {"id": f"acct-{self.random.randrange(10 ** 6)}",
                   "collateral": self.legs(held, prices, worth),
                   "debt": self.legs(owed, prices, worth * 0.8 / self.random.uniform(0.5, 2))}
        if self.random.random() < 0.05:
            del account[self.random.choice(["collateral", "debt"])]
        return account

    def question(self):
        state = self.state()
        out = {"market": peers.MARKET, "account": self.account(state["prices"]), "state": state}
        if self.random.random() < 0.5:
            out["at"] = self.random.choice(["mark", "trigger"])
        return out


def refused(generator):
    """Each of these is no question; and what all three must answer to it."""
    def changed(change):
        state = {"prices": {"ETH": "2000", "USDC": "1"},
                 "depth": {"ETH": generator.venues(2000.0, 18)}}
        venue = state["depth"]["ETH"][0]
        venue["bids"] = [["1999", "1"], ["1998", "1"]]
        venue["asks"] = [["2001", "1"], ["2002", "1"]]
        body = {"market": peers.MARKET, "state": state, "account": {
            "id": "a", "collateral": [{"asset": "ETH", "quantity": "1"}],
            "debt": [{"asset": "USDC", "quantity": "1000"}]}}
        change(body, state, venue)
        return body
    return [
        (422, changed(lambda body, state, venue: venue["bids"].insert(0, ["2001", "1"]))),
        (422, changed(lambda body, state, venue: venue["bids"].append(["1998.5", "1"]))),
        (422, changed(lambda body, state, venue: venue["asks"].append(["2001.5", "1"]))),
        (422, changed(lambda body, state, venue: state["depth"]["ETH"].append(dict(venue)))),
        (422, changed(lambda body, state, venue: state["prices"].pop("ETH"))),
        (422, changed(lambda body, state, venue: body["account"]["debt"].append(
            {"asset": "NONE", "quantity": "1"}))),
        (400, changed(lambda body, state, venue: venue["bids"][0].__setitem__(0, 1999.5))),
        (400, changed(lambda body, state, venue: venue["bids"][0].__setitem__(0, "1e3"))),
        (400, changed(lambda body, state, venue: venue["bids"][0].__setitem__(1, "-1"))),
        (400, changed(lambda body, state, venue: venue["bids"][0].append("1"))),
        (400, changed(lambda body, state, venue: venue.__setitem__("fee_rate", "1"))),
        (400, changed(lambda body, state, venue: body["account"].__setitem__("unknown", "1"))),
        (400, changed(lambda body, state, venue: body.__setitem__("at", "noon"))),
    ]


def ask(port, path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method="POST", data=body,
                                     headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def figures(answer, rows):
    """What all of them say."""
    return {"health": {name: answer["health"][name] for name in HEALTH},
            "liquidation_prices": [{name: row[name] for name in PRICE} for row in rows],
            "liquidation": {name: answer["liquidation"][name] or None for name in LIQUIDATION},
            "penalty": {name: answer["penalty"][name] for name in PENALTY}}


def differences(ours, theirs, at=""):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [found for name in ours
                for found in differences(ours[name], theirs.get(name), f"{at}/{name}")]
    return [] if ours == theirs else [f"{at}: ours {ours}, theirs {theirs}"]


def compare_one(service, others, question):
    """Whether it was answered; ends with the first difference."""
    body = json.dumps(question, separators=(",", ":")).encode()
    status, ours = ask(service.port, "/v1/penalties", body)
    rows = []
    if status == 201:
        rows = ask(service.port, "/v1/liquidation-prices", body)[1]["liquidation_prices"]
    for other in others:
        their_status, theirs = ask(other.port, "/v1/penalties", body)
        found = []
        if their_status != status:
            found = [f"status: ours {status} ({ours}), theirs {their_status} ({theirs})"]
        elif status == 201:
            found = differences(figures(ours, rows),
                                figures(theirs, theirs["liquidation_prices"]))
        if found:
            sys.exit(f"{other.name} differs:\n" + "\n".join(found) + "\n" + body.decode())
    return status, ours


def compare(service, others, cases=400, seed=1):
    """Ends with the first difference, or says what was compared."""
    generator = Generator(seed)
    seen = {}
    before = [other.rows() for other in others]
    for _ in range(cases):
        status, ours = compare_one(service, others, generator.question())
        if status != 201:
            sys.exit(f"a generated question was refused: {ours}")
        liquidation = ours["liquidation"]
        kind = (ours["health"]["status"], liquidation["at"],
                liquidation["reason"] or "limited by " + liquidation["limited_by"])
        seen[kind] = seen.get(kind, 0) + 1
    for expected, question in refused(generator):
        status, _ = compare_one(service, others, question)
        if status != expected:
            sys.exit(f"{status} in place of {expected}: {json.dumps(question)}")
    for other, count in zip(others, before):
        if other.rows() != count + cases:
            sys.exit(f"{other.name} recorded {other.rows() - count} of {cases} answers")
    for kind, count in sorted(seen.items()):
        print(f"{count:5} {', '.join(kind)}", file=sys.stderr)
    print(f"the peers agree: {cases} answers digit by digit, "
          f"{len(refused(generator))} refusals", file=sys.stderr)


def main():
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    build, opened = sys.argv[1], []
    try:
        opened.append(Postgres())
        opened.append(peers.fastify(opened[0]))
        opened.append(peers.net_http(build, opened[0]))
        opened.append(Service(build))
        opened[3].add_market(peers.MARKET, peers.DOCUMENT)
        compare(opened[3], opened[1:3], *(int(word) for word in sys.argv[2:]))
    finally:
        for one in reversed(opened):
            one.close()


if __name__ == "__main__":
    main()
