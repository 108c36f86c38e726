#!/usr/bin/env python3
"""Replays hourly candles through the API: what previews said, hour by hour.

usage: bench/march_2020.py BUILD CANDLES.csv FROM TO OUT   (writes OUT.csv and OUT.svg)

The service runs with a private PostgreSQL in a temporary directory, on a clock that the candles move
(faketime). At the end of each hour the feed pushes the market's state, as three sources would that
agree: the close, the last week's candles, a book. Then an account asks for a preview by the latest
snapshot. The account is opened in the first hour and never touched again.

The candles hold no books. The book here has 60 levels on either side, to 6 % of the mid price, with
the same quantity every hour: BOOK_BTC within 2 %. So what moves in the plot is moved by the candles
alone; books that thinned out, as those of that night did, would move it further.
"""
import csv
import datetime
import os
import sys
import tempfile

from service import Service, decimal

LIBFAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
BOOK_BTC = 300.0
COLLATERAL_BTC = 10
OPENED_AT = 1.35                              # health ratio
LOOK_BACK = 168
HOUR = datetime.timedelta(hours=1)
COLUMNS = ["time", "price", "low", "volatility", "health_ratio", "liquidation_price",
           "liquidation_probability", "penalty_rate", "optimal_rate", "repay", "stress",
           "penalty_floor_rate",
           "maintenance_multiplier", "oracle", "warnings"]


class Clock:
    """The file that the service's clock is read from, and the service's settings for it."""

    def __init__(self, directory, start):
        self.path = os.path.join(directory, "clock")
        self.set(start)
        self.environment = {
            "TZ": "UTC", "LD_PRELOAD": LIBFAKETIME, "FAKETIME_TIMESTAMP_FILE": self.path,
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def set(self, instant):
        with open(self.path + ".new", "w", encoding="ascii") as file:
            file.write(instant.strftime("@%Y-%m-%d %H:%M:%S\n"))
        os.chmod(self.path + ".new", 0o644)
        os.replace(self.path + ".new", self.path)


def book_of(price):
    """60 levels a side, 0.1 % apart; BOOK_BTC stands within 2 %."""
    quantity = decimal(BOOK_BTC / 20)
    steps = [(level + 1) / 1000 for level in range(60)]
    return {"venue": "book", "kind": "book", "fee_rate": "0.001",
            "bids": [[decimal(price * (1 - step), 2), quantity] for step in steps],
            "asks": [[decimal(price * (1 + step), 2), quantity] for step in steps]}


def state_of(candles, now):
    """What the feed pushes at the end of the last of these candles."""
    def at(seconds):
        return (now - datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    close = candles[-1]["close"]
    reports = [{"source": f"exchange-{i}", "price": close, "confidence": decimal(float(close) / 2000),
                "observed_at": at(1)} for i in (1, 2, 3)]
    dollars = [{"source": f"exchange-{i}", "price": "1", "confidence": "0.0005",
                "observed_at": at(1)} for i in (1, 2, 3)]
    return {"observed_at": at(0), "prices": {"BTC": reports, "USDC": dollars},
            "candles": {"BTC": {"period_s": 3600,
                                "rows": [[decimal(float(candle[name])) for name in
                                          ("open", "high", "low", "close")]
                                         for candle in candles[-LOOK_BACK:]]}},
            "depth": {"BTC": [book_of(float(close))]}}


def row_of(candle, now, snapshot, preview):
    health, prices = preview["health"], preview["liquidation_prices"]
    price = next((item for item in prices if item["asset"] == "BTC"), {})
    repay = next((item for item in preview["suggestions"] if item["action"] == "repay"), {})
    effective = preview.get("effective") or {}
    return {
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "price": candle["close"], "low": candle["low"],
        "volatility": snapshot["volatility"]["BTC"], "health_ratio": health["ratio"],
        "liquidation_price": price.get("price"),
        "liquidation_probability": preview["risk"]["liquidation_probability"],
        "penalty_rate": preview["penalty"]["rate"], "optimal_rate": preview["penalty"]["optimal_rate"],
        "repay": repay.get("quantity"), "stress": effective.get("stress"),
        "penalty_floor_rate": effective.get("penalty_floor_rate"),
        "maintenance_multiplier": next((item["maintenance_multiplier"] for item in
                                        effective.get("assets", []) if item["asset"] == "BTC"), None),
        "oracle": preview["oracle"]["verdict"] if preview.get("oracle") else None,
        "warnings": " ".join(item["code"] for item in preview["warnings"])}


def replay(build, candles, first, last, directory):
    rows, debt = [], None
    clock = Clock(directory, first)
    service = Service(build, clock.environment)
    try:
        for index, candle in enumerate(candles):
            now = datetime.datetime.strptime(candle["time"], "%Y-%m-%dT%H:%M:%SZ") + HOUR
            if now < first or now > last:
                continue
            clock.set(now)
            debt = debt or decimal(COLLATERAL_BTC * float(candle["close"]) * 0.78 / OPENED_AT, 2)
            service.call("PUT", "/v1/markets/eth-usd/snapshot",
                         state_of(candles[:index + 1], now), service.keys["feed"])
            snapshot = service.call("GET", "/v1/markets/eth-usd/snapshot", key=service.keys["feed"])
            preview = service.call("POST", "/v1/previews", {
                "market": "eth-usd", "account": {
                    "id": "held", "collateral": [{"asset": "BTC", "quantity": str(COLLATERAL_BTC)}],
                    "debt": [{"asset": "USDC", "quantity": debt}],
                    "wallet": [{"asset": "USDC", "quantity": debt}]}}, service.keys["preview"])
            rows.append(row_of(candle, now, snapshot, preview))
    finally:
        service.close()
    return rows


PANELS = [
    ("price and liquidation price, dollars", [("price", "#1f77b4"), ("low", "#9ecae1"),
                                               ("liquidation_price", "#d62728")]),
    ("volatility, of a year", [("volatility", "#2ca02c")]),
    ("recommended penalty and its floor in force, %", [("optimal_rate", "#9467bd"),
                                                       ("penalty_floor_rate", "#c5b0d5")]),
    ("stress, 0 to 1", [("stress", "#ff7f0e")]),
    ("probability of liquidation within a day, %", [("liquidation_probability", "#d62728")]),
]
WIDTH, PANEL, LEFT, RIGHT, GAP = 900, 130, 70, 40, 38


def number_of(row, name):
    value = row[name]
    if value in (None, ""):
        return None
    return max(0.0, float(value)) * (100 if name in ("optimal_rate", "penalty_floor_rate",
                                           "liquidation_probability") else 1)


def plot(rows, path):
    height = len(PANELS) * (PANEL + GAP) + 30
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
           'font-family="sans-serif" font-size="11">',
           f'<rect width="{WIDTH}" height="{height}" fill="white"/>']
    across = (WIDTH - LEFT - RIGHT) / max(1, len(rows) - 1)
    for number, (title, lines) in enumerate(PANELS):
        top = number * (PANEL + GAP) + 22
        values = [number_of(row, name) for row in rows for name, _ in lines]
        most = max((value for value in values if value is not None), default=1) or 1
        least = min((value for value in values if value is not None), default=0)
        least = 0 if number else least * 0.95
        def y_of(value):
            return top + PANEL - (value - least) / (most - least) * PANEL
        out.append(f'<text x="{LEFT}" y="{top - 6}">{title}: ' + ", ".join(
            f'<tspan fill="{colour}">{name}</tspan>' for name, colour in lines) + "</text>")
        for share in (0, 0.5, 1):
            value = least + share * (most - least)
            out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y_of(value):.1f}" '
                       f'y2="{y_of(value):.1f}" stroke="#ddd"/><text x="{LEFT - 6}" '
                       f'y="{y_of(value) + 4:.1f}" text-anchor="end">{value:.4g}</text>')
        for name, colour in lines:
            points, runs = [], []
            for index, row in enumerate(rows):
                value = number_of(row, name)
                if value is None:
                    runs.append(points)
                    points = []
                else:
                    points.append(f"{LEFT + index * across:.1f},{y_of(value):.1f}")
            for run in runs + [points]:
                if run:
                    out.append(f'<polyline points="{" ".join(run)}" fill="none" stroke="{colour}" '
                               'stroke-width="1.5"/>')
    bottom = len(PANELS) * (PANEL + GAP) + 8
    for index, row in enumerate(rows):
        if row["time"].endswith(("T00:00:00Z", "T12:00:00Z")):
            out.append(f'<text x="{LEFT + index * across:.1f}" y="{bottom}" text-anchor="middle">'
                       f'{row["time"][5:13].replace("T", " ")}h</text>')
    out.append("</svg>")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")


def main():
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    build, path, first, last, out = sys.argv[1:]
    with open(path, encoding="ascii") as file:
        candles = list(csv.DictReader(file))
    first, last = (datetime.datetime.fromisoformat(text) for text in (first, last))
    with tempfile.TemporaryDirectory(prefix="breakwater-") as directory:
        os.chmod(directory, 0o711)
        rows = replay(build, candles, first, last, directory)
    if not rows:
        sys.exit(f"{path} has no candle that ends between {first} and {last}")
    with open(out + ".csv", "w", encoding="ascii", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    plot(rows, out + ".svg")
    print(f"{len(rows)} hours: {out}.csv, {out}.svg")


main()
