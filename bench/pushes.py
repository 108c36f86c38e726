#!/usr/bin/env python3
"""What a feed leaves of the previews' throughput.

usage: bench/pushes.py BUILD [SECONDS a point] [ROUNDS]

One service with a private PostgreSQL. wrk asks for previews by the market's latest snapshot at 64
connections, in turn with and without a feed that pushes ten assets with 1000-level books on either
side, ten times a second. Prints both medians and their ratio. Without the feed's pushes the snapshot
is as large: the last one that was pushed.
"""
import http.client
import json
import statistics
import subprocess
import sys
import threading
import time

from service import Service, decimal, instant

ASSETS, LEVELS, PUSHES_A_SECOND, CONNECTIONS = 10, 1000, 10, 64
MARKET_PATH = "/v1/markets/eth-usd/snapshot"


def books():
    """The depth of all assets: the market's own two, and eight that its rules do not name."""
    depth, prices = {}, {"USDC": 1.0}
    for number in range(ASSETS):
        asset = ("ETH", "BTC")[number] if number < 2 else f"ASSET-{number}"
        price = prices[asset] = (2000.0, 60000.0)[number] if number < 2 else 10.0 * number
        def side(sign):
            return [[decimal(price * (1 + sign * (level + 1) / 20000)), decimal(1 + level % 17 / 4)]
                    for level in range(LEVELS)]
        depth[asset] = [{"venue": "book", "kind": "book", "fee_rate": "0.001", "bids": side(-1),
                         "asks": side(1)}]
    return depth, prices


class Feed:
    def __init__(self, service):
        self.service = service
        depth, self.prices = books()
        self.rest = json.dumps({"volatility": {"ETH": "0.8", "BTC": "0.6"}, "depth": depth})[1:]
        self.connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        self.accepted, self.refused, self.is_stopping = 0, [], False

    def push(self):
        now = time.time()
        prices = {asset: [{"source": f"exchange-{i}", "price": decimal(price),
                           "confidence": decimal(price / 2000), "observed_at": instant(now - 0.05)}
                          for i in (1, 2, 3)] for asset, price in self.prices.items()}
        body = (f'{{"observed_at":"{instant(now)}","prices":' + json.dumps(prices) + ","
                + self.rest).encode()
        self.connection.request("PUT", MARKET_PATH, body, {
            "Content-Type": "application/json",
            "Authorization": "Bearer " + self.service.keys["feed"]})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status == 200:
            self.accepted += 1
        else:
            self.refused.append(f"{answer.status} {text[:200].decode()}")

    def run(self):
        due = time.monotonic()
        while not self.is_stopping:
            self.push()
            due += 1 / PUSHES_A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))


def load(service, seconds):
    """Previews a second."""
    out = subprocess.run(
        ["wrk", "-t", "2", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--timeout", "10s", "-s",
         "bench/by_snapshot.lua", f"http://127.0.0.1:{service.port}"],
        check=True, capture_output=True, text=True).stdout
    words = next(line for line in out.splitlines() if line.startswith("measured")).split()
    if words[5] != "0" or words[6] != "0":
        sys.exit("answers were not 2xx, or connections failed:\n" + out)
    return float(words[1])


def load_with_feed(service, seconds):
    """Previews a second, and pushes a second that were accepted."""
    feed = Feed(service)
    thread = threading.Thread(target=feed.run)
    begun = time.monotonic()
    thread.start()
    rate = load(service, seconds)
    feed.is_stopping = True
    thread.join()
    if feed.refused:
        sys.exit(f"{len(feed.refused)} pushes were refused: {feed.refused[0]}")
    return rate, feed.accepted / (time.monotonic() - begun)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    build = sys.argv[1]
    seconds, rounds = (int(text) for text in (sys.argv[2:] + ["5", "5"][len(sys.argv) - 2:])[:2])
    service = Service(build)
    alone, fed = [], []
    try:
        Feed(service).push()
        load(service, 1)
        for _ in range(rounds):
            alone.append(load(service, seconds))
            fed.append(load_with_feed(service, seconds))
    finally:
        service.close()
    without, beside = statistics.median(alone), statistics.median(rate for rate, _ in fed)
    print(f"previews by snapshot a second: {without:.0f} alone, {beside:.0f} beside "
          f"{statistics.median(rate for _, rate in fed):.1f} pushes a second of {ASSETS} assets with "
          f"2 x {LEVELS} levels: {100 * beside / without:.0f} %")


main()
