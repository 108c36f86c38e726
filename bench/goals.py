#!/usr/bin/env python3
"""The goals of speed, one row each: measured, goal, met or not.

usage: bench/goals.py BUILD [SECONDS a point] [ROUNDS]

Services with private PostgreSQLs, a constant server and the load, all on this machine. What is
compared is loaded in turn, round after round, and the median of the rounds counts: only ratios are
goals, since absolute figures swing with what else the machine does. About 7 minutes as it stands.
"""
import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

from service import Service, instant

ACCOUNT = {"id": "acct-1", "collateral": [{"asset": "ETH", "quantity": "10"}],
           "debt": [{"asset": "USDC", "quantity": "12000"}],
           "wallet": [{"asset": "USDC", "quantity": "2000"}]}
SLOW_FLUSH = {"PGOPTIONS": "-c commit_delay=4000 -c commit_siblings=0"}


def side(first, step, levels):
    return [[f"{first + step * i:.4f}", f"{0.5 + 0.137 * i:.4f}"] for i in range(levels)]


def state(levels):
    def venue(name, spread):
        step = 0.25 if levels <= 100 else 25 / levels
        return {"venue": name, "kind": "book", "fee_rate": "0.001",
                "bids": side(2000 - spread, -step, levels),
                "asks": side(2000 + spread, step, levels)}
    return {"prices": {"ETH": "2000", "USDC": "1"}, "volatility": {"ETH": "0.8"},
            "depth": {"ETH": [venue("one", 0.25), venue("two", 0.5)]}}


def question(levels=50, **more):
    return {"market": "eth-usd", "account": ACCOUNT} | ({"state": state(levels)} if levels else {}) | more


class Constant:
    def __init__(self, build, count):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen([os.path.join(build, "bench/constant"), str(self.port),
                                         str(count)], stdin=subprocess.PIPE)
        time.sleep(0.3)

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


class Load:
    """One point: a server, a path, a body."""
    def __init__(self, directory, name, server, path, body):
        self.server, self.path = server, path
        self.file = os.path.join(directory, name)
        with open(self.file, "w", encoding="utf-8") as file:
            json.dump(body, file, separators=(",", ":"))

    def run(self, connections, seconds):
        """A second: requests; p50 and p99 in ms. Ends where an answer is not 2xx."""
        output = subprocess.run(
            ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s",
             "bench/load.lua", f"http://127.0.0.1:{self.server.port}"],
            env=os.environ | {"BENCH_PATH": self.path, "BENCH_BODY": self.file},
            check=True, capture_output=True, text=True).stdout
        line = next(line for line in output.splitlines() if line.startswith("measured")).split()
        if line[5] != "0":
            sys.exit(f"{self.path}: {line[5]} answers were not 2xx")
        return float(line[1]), float(line[2]), float(line[3])


def compare(loads, connections, seconds, rounds):
    """In turn: the median rate of each."""
    rates = [[] for _ in loads]
    for _ in range(rounds):
        for load, rate in zip(loads, rates):
            rate.append(load.run(connections, seconds)[0])
    return [statistics.median(rate) for rate in rates]


def commits(service):
    text = urllib.request.urlopen(f"http://127.0.0.1:{service.port}/metrics").read().decode()
    def value(name):
        return float(next(line.split()[-1] for line in text.splitlines()
                          if line.startswith(name + " ") or line.startswith(name + "{")))
    return (value("breakwater_writer_commits_total"),
            value("breakwater_writer_commit_microseconds_total"))


def against_commits(load, connections, seconds):
    """The rate over what a closed loop on its commits allows, c / (2 L)."""
    before = commits(load.server)
    rate = load.run(connections, seconds)[0]
    after = commits(load.server)
    commit_s = (after[1] - before[1]) / (after[0] - before[0]) / 1e6
    return rate / (connections / (2 * commit_s)), commit_s


class Table:
    def __init__(self):
        self.rows = []

    def add(self, name, measured, goal, is_met, form="{:.0%}"):
        self.rows.append((name, form.format(measured), goal, "yes" if is_met else "NO"))
        print("{}: {} ({}): {}".format(*self.rows[-1]), file=sys.stderr, flush=True)

    def print(self):
        print("| goal | measured | at least | met |\n|---|---|---|---|")
        for row in self.rows:
            print("| {} | {} | {} | {} |".format(*row))


def ratios(table, loads, seconds, rounds):
    names = ("penalty", "unrecorded", "constant", "preview", "by_hash", "constant_small")
    rate = dict(zip(names, compare([loads[name] for name in names], 64, seconds, rounds)))
    for name, of, to, goal in (
            ("audited penalties against not recorded", "penalty", "unrecorded", 0.70),
            ("audited penalties against a constant", "penalty", "constant", 0.25),
            ("full previews against penalties", "preview", "penalty", 0.50),
            ("penalties by snapshot against a constant", "by_hash", "constant_small", 0.35)):
        table.add(name, rate[of] / rate[to], f"{goal:.0%}", rate[of] / rate[to] >= goal)


def connections(table, load, seconds, rounds):
    points = {c: [] for c in (64, 128, 256, 384, 1000)}
    for _ in range(rounds):
        for count, runs in points.items():
            runs.append(load.run(count, seconds))
    middle = {c: [statistics.median(column) for column in zip(*runs)] for c, runs in points.items()}
    for c in (64, 256):
        tail = middle[c][2] / middle[c][1]
        table.add(f"p99 / p50 at {c} connections", tail, "at most 3", tail <= 3, "{:.1f}")
    for c in (128, 256, 384, 1000):
        rate = middle[c][0] / middle[64][0]
        table.add(f"rate at {c} connections against 64", rate, "80%", rate >= 0.8)
    memory = load.server.memory_kib() / 1024
    table.add("memory after 1,000 connections, MB", memory, "at most 64", memory <= 64, "{:.0f}")


def batches(table, loads, seconds, rounds):
    batch, alone = compare([loads["batch"], loads["preview_by_hash"]], 8, 3 * seconds, rounds)
    table.add("previews in batches of 1,000 against single ones, by snapshot", 1000 * batch / alone,
              "3", 1000 * batch / alone >= 3, "{:.1f}")


def levels(table, directory, service, seconds):
    """Linear: ten times the levels cost at most ten times as much, and a level ever less."""
    per_request = []
    for count in (10, 100, 1000, 10000):
        load = Load(directory, f"levels-{count}", service, "/v1/previews", question(count // 2))
        per_request.append(1 / load.run(8, 2 * seconds)[0])
    steepest = max(b / a for a, b in zip(per_request, per_request[1:]))
    table.add("ten times the levels (10 to 10,000), times the cost", steepest, "at most 11",
              steepest <= 11, "{:.1f}")


def start_time(table, build):
    """From the program's start to its first answer, against a psql that asks 1 of the same database."""
    url = os.environ.get("BENCH_DATABASE_URL")
    if not url:
        return
    begun = time.monotonic()
    process = subprocess.run(["psql", url, "-Atc", "select 1"], check=True, capture_output=True)
    asked = time.monotonic() - begun
    del process
    service = Service(build, {"BREAKWATER_DATABASE_URL": url})
    service.close()
    begun = time.monotonic()
    service = Service(build, {"BREAKWATER_DATABASE_URL": url}, pause_s=0.005)
    ratio = (time.monotonic() - begun) / asked
    service.close()
    table.add("start to first answer against one psql", ratio, "at most 10", ratio <= 10, "{:.1f}")


def main(build, seconds, rounds):
    table = Table()
    on, off = Service(build), Service(build, {"BREAKWATER_RECORD": "off"})
    directory = on.directory
    key = {"key": on.keys["feed"]}
    now = instant(time.time())
    rest = {name: value for name, value in state(50).items() if name != "prices"}
    latest = on.call("PUT", "/v1/markets/eth-usd/snapshot", {
        "observed_at": now, "prices": {asset: [
            {"source": f"s{i}", "price": price, "confidence": "0.0005", "observed_at": now}
            for i in (1, 2, 3)] for asset, price in (("ETH", "2000"), ("USDC", "1"))}} | rest, **key)
    by_hash = {"state": {"snapshot": latest["sha256"]}}
    answer = len(json.dumps(on.call("POST", "/v1/penalties", question()), separators=(",", ":")))
    constant = Constant(build, answer)

    def load(name, server, path, body):
        return Load(directory, name, server, path, body)

    loads = {
        "penalty": load("penalty", on, "/v1/penalties", question()),
        "unrecorded": load("unrecorded", off, "/v1/penalties", question()),
        "constant": load("constant", constant, "/v1/penalties", question()),
        "preview": load("preview", on, "/v1/previews", question()),
        "by_hash": load("by_hash", on, "/v1/penalties", question(0, **by_hash)),
        "constant_small": load("constant_small", constant, "/v1/penalties",
                               question(0, **by_hash)),
        "preview_by_hash": load("preview_by_hash", on, "/v1/previews", question(0, **by_hash)),
        "batch": load("batch", on, "/v1/previews/batch", {"market": "eth-usd"} | by_hash | {
            "items": [{"account": ACCOUNT}] * 1000}),
    }
    loads["penalty"].run(64, 1)
    ratios(table, loads, seconds, rounds)
    connections(table, loads["penalty"], seconds, rounds)
    batches(table, loads, seconds, rounds)
    levels(table, directory, on, seconds)
    ratio, commit_s = against_commits(loads["penalty"], 8, seconds)
    table.add(f"rate at 8 connections against c / (2 L), L = {commit_s * 1e3:.2f} ms", ratio, "80%",
              ratio >= 0.8)
    off.close()
    slow = Service(build, SLOW_FLUSH)
    ratio, commit_s = against_commits(load("slow", slow, "/v1/penalties", question()), 64, seconds)
    table.add(f"the same at 64, 4 ms more a flush, L = {commit_s * 1e3:.2f} ms", ratio, "80%",
              ratio >= 0.8)
    slow.close()
    start_time(table, build)
    constant.close()
    on.close()
    table.print()


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3,
         int(sys.argv[3]) if len(sys.argv) > 3 else 3)
