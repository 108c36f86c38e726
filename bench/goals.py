#!/usr/bin/env python3
"""The goals of speed, one row each: measured, goal, met or not.

usage: bench/goals.py BUILD [SECONDS a point] [ROUNDS] [ENTRIES of the longest log]

Services with PostgreSQLs of their own, a constant server, the peers and the load, all on this
machine. What is compared is loaded in turn, round after round, and the median of the rounds counts:
only ratios are goals, since absolute figures swing with what else the machine does. About ten
minutes as it stands (3 seconds, 3 rounds, a million entries), three with 1 1 100000.
"""
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers"))

import peers
from compare import compare as compare_answers
from loads import ACCOUNT, Constant, Load, NotMeasured, compare, question, state
from service import Postgres, Service, instant, psql

MARKETS = 1000
FLAT = 1.25
WARM_S = 4                  # a peer's compiler needs some thousands of requests

# Penalties are asked for on the peers' market, whose rule is fixed, in a state without volatility.
# Full previews on one with the optimal penalty, where the account is near enough to its liquidation
# for all of the suggestions: no sample market's previews cost more.
OPTIMAL = "optimal"
OPTIMAL_DOCUMENT = peers.DOCUMENT | {
    "close": {"rule": "target_health", "health": "1.1"}, "execution": {},
    "penalty": {"rule": "optimal", "form": "bonus", "equity_cap": True, "rate_unit": "0.000001"}}


def fixed(**more):
    asked = question(market=peers.MARKET) | more
    asked["state"].pop("volatility", None)
    return asked


def fresh():
    """In a state that nobody has asked about before: it must be recorded too."""
    asked = fixed()
    asked["state"]["depth"]["ETH"][1]["asks"][-1][1] = "7.COUNTED"
    return asked


def full(levels_count=50, **more):
    return question(levels_count) | {"market": OPTIMAL} | more

# Decisions as the writer and the sequencer leave them, from number {first} on: bodies of 1.1 KB,
# and what they are found by. Their indexes are out of the sequencer's way.
FILL = """
SELECT audit.leaf_partitions_make({offset} + {first}, {offset} + {last});
INSERT INTO audit.body (day, inst, iseq, salt, record)
 SELECT (now() AT TIME ZONE 'UTC')::date, '00000000-0000-4000-8000-000000000000', i,
  sha256(i::text::bytea), convert_to('{{"id":"dec_' || i || '","pad":"' || repeat('0123456789', 107)
  || '"}}', 'UTF8') FROM generate_series({first}, {last}) i;
INSERT INTO audit.leaf (idx, inst, iseq, day, leaf_hash)
 SELECT {offset} + i, '00000000-0000-4000-8000-000000000000', i, (now() AT TIME ZONE 'UTC')::date,
  sha256(i::text::bytea) FROM generate_series({first}, {last}) i;
INSERT INTO audit.search (idx, kind, id, operation, market, account, ts, parameters_version, status)
 SELECT {offset} + i, 'decision', 'dec_' || i, 'preview', 'eth-usd', 'acct-' || i % 1000,
  extract(epoch FROM now()) * 1000000, 1, 'healthy' FROM generate_series({first}, {last}) i;
"""
OFFSET = 1 << 40

ADD_MARKETS = """
INSERT INTO breakwater.market SELECT 'bench-' || i, title, version, epoch, created_at
 FROM breakwater.market, generate_series(1, {count}) i WHERE market = 'optimal';
INSERT INTO breakwater.parameters SELECT 'bench-' || i, version, sha256, document, who, why,
  created_at, active_at
 FROM breakwater.parameters, generate_series(1, {count}) i WHERE market = 'optimal';
"""


class Table:
    def __init__(self):
        self.rows = []

    def add(self, name, measured, goal, is_met, form="{:.0%}", rates=()):
        met = {True: "yes", False: "NO", None: "-"}[is_met]
        self.rows.append((name, form.format(measured), goal, met))
        print("{}: {} ({}): {}".format(*self.rows[-1]), *(f"{rate:.0f}/s" for rate in rates),
              file=sys.stderr, flush=True)

    def print(self):
        print("| goal | measured | goal | met |\n|---|---|---|---|")
        for row in self.rows:
            print("| {} | {} | {} | {} |".format(*row))


class Bench:
    """What is open, and closes in the end; and how long a point takes."""
    def __init__(self, stack, build, seconds, rounds):
        self.stack, self.build, self.seconds, self.rounds = stack, build, seconds, rounds
        self.table = Table()
        self.on = self.open(Service(build))
        self.on.add_market(peers.MARKET, peers.DOCUMENT)
        self.on.add_market(OPTIMAL, OPTIMAL_DOCUMENT)
        self.directory = self.on.directory
        self.postgres = self.open(Postgres())
        self.points = 0

    def open(self, one):
        self.stack.callback(one.close)
        return one

    def load(self, server, path, body, key=None):
        self.points += 1
        return Load(self.directory, f"body-{self.points}", server, path, body, key)

    def compare(self, loads, connections=64):
        return compare(loads, connections, self.seconds, self.rounds)


def push(service, market):
    """The state of the questions as three sources would send it; its hash."""
    now = instant(time.time())
    prices = {asset: [{"source": f"s{i}", "price": price, "confidence": "0.0005",
                       "observed_at": now} for i in (1, 2, 3)]
              for asset, price in state(0)["prices"].items()}
    rest = {"depth": state(50)["depth"]}
    if market == OPTIMAL:
        rest["volatility"] = state(50)["volatility"]
    return service.call("PUT", f"/v1/markets/{market}/snapshot",
                        {"observed_at": now, "prices": prices} | rest,
                        service.keys["feed"])["sha256"]


def ratios(bench):
    """Returns the load of penalties."""
    on = bench.on
    answer = json.dumps(on.call("POST", "/v1/penalties", fixed()), separators=(",", ":"))
    with contextlib.ExitStack() as stack:
        constant = Constant(bench.build, len(answer))
        stack.callback(constant.close)
        off = Service(bench.build, {"BREAKWATER_RECORD": "off"})
        stack.callback(off.close)
        off.add_market(peers.MARKET, peers.DOCUMENT)
        by_hash = fixed(state={"snapshot": push(on, peers.MARKET)})
        loads = {
            "penalty": bench.load(on, "/v1/penalties", fixed()),
            "unrecorded": bench.load(off, "/v1/penalties", fixed()),
            "constant": bench.load(constant, "/v1/penalties", fixed()),
            "fresh": bench.load(on, "/v1/penalties", fresh()),
            "preview": bench.load(on, "/v1/previews", full()),
            "by_hash": bench.load(on, "/v1/penalties", by_hash),
            "constant_small": bench.load(constant, "/v1/penalties", by_hash),
        }
        loads["penalty"].run(64, 1)
        rate = dict(zip(loads, bench.compare(loads.values())))
    for name, of, to, goal in (
            ("audited penalties against not recorded", "penalty", "unrecorded", 0.70),
            ("audited penalties against a constant", "penalty", "constant", 0.25),
            ("full previews against penalties", "preview", "penalty", 0.50),
            ("penalties by snapshot against a constant", "by_hash", "constant_small", 0.35),
            ("penalties in a new state each against those in one state", "fresh", "penalty", 0)):
        ratio = rate[of] / rate[to]
        bench.table.add(name, ratio, f"at least {goal:.0%}" if goal else "-",
                        ratio >= goal if goal else None, rates=(rate[of], rate[to]))
    return loads["penalty"]


def against_peers(bench, penalty):
    """Their answers first: a peer that says something else does other work. Of Fastify the better
    of one process and two counts."""
    with contextlib.ExitStack() as stack:
        others = []
        for opened in (lambda: peers.fastify(bench.postgres, 1),
                       lambda: peers.fastify(bench.postgres, 2),
                       lambda: peers.net_http(bench.build, bench.postgres)):
            others.append(opened())
            stack.callback(others[-1].close)
        compare_answers(bench.on, others[1:], cases=200)
        loads = [penalty] + [bench.load(peer, "/v1/penalties", fixed()) for peer in others]
        for load in loads:
            load.run(64, WARM_S)
        ours, *rates = bench.compare(loads)
    print(f"Fastify: {rates[0]:.0f}/s with one process, {rates[1]:.0f}/s with two", file=sys.stderr)
    for name, rate, goal in (("Fastify + pg + decimal.js", max(rates[:2]), 12),
                             ("Go net/http + pgx", rates[2], 8)):
        bench.table.add(f"the peers' work against {name}", ours / rate, f"at least {goal}",
                        ours / rate >= goal, "{:.1f}", (ours, rate))


class Watch:
    """The most memory that the service has while this is entered."""
    def __init__(self, service):
        self.service, self.most_kib, self.is_over = service, 0, threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self):
        while not self.is_over.wait(0.05):
            self.most_kib = max(self.most_kib, self.service.memory_kib())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()


def connections(bench, load):
    points = {c: [] for c in (64, 128, 256, 384, 1000)}
    most_kib = 0
    for _ in range(bench.rounds):
        for count, runs in points.items():
            with Watch(load.server) as watch:
                runs.append(load.run(count, bench.seconds))
            most_kib = max(most_kib, watch.most_kib if count == 1000 else 0)
    middle = {c: [statistics.median(column) for column in zip(*runs)] for c, runs in points.items()}
    for c in (64, 256):
        tail = middle[c][2] / middle[c][1]
        bench.table.add(f"p99 / p50 at {c} connections", tail, "at most 3", tail <= 3, "{:.1f}")
    for c in (128, 256, 384, 1000):
        rate = middle[c][0] / middle[64][0]
        bench.table.add(f"rate at {c} connections against 64", rate, "at least 80%", rate >= 0.8,
                        rates=(middle[c][0], middle[64][0]))
    time.sleep(1)
    for name, kib in (("while 1,000 connections are open", most_kib),
                      ("after them", load.server.memory_kib())):
        bench.table.add(f"memory {name}, MB", kib / 1024, "at most 64", kib / 1024 <= 64, "{:.0f}")


def batches(bench):
    by_hash = {"market": OPTIMAL, "state": {"snapshot": push(bench.on, OPTIMAL)}}
    single = bench.load(bench.on, "/v1/previews", by_hash | {"account": ACCOUNT})
    whole = bench.load(bench.on, "/v1/previews/batch",
                       by_hash | {"items": [{"account": ACCOUNT}] * 1000})
    runs = [(whole.run(2, 6 * bench.seconds)[0], single.run(64, bench.seconds)[0])
            for _ in range(bench.rounds)]
    batch, alone = (statistics.median(rates) for rates in zip(*runs))
    bench.table.add("previews in batches of 1,000 against single ones, by snapshot",
                    1000 * batch / alone, "at least 3", 1000 * batch / alone >= 3, "{:.1f}",
                    (1000 * batch, alone))


def levels(bench):
    """Linear: ten times the levels cost at most ten times as much, and a level ever less."""
    rates = compare([bench.load(bench.on, "/v1/previews", full(count // 2))
                     for count in (10, 100, 1000, 10000)], 8, bench.seconds, bench.rounds)
    steepest = max(fewer / more for fewer, more in zip(rates, rates[1:]))
    bench.table.add("ten times the levels (10 to 10,000), times the cost of a preview", steepest,
                    "at most 11", steepest <= 11, "{:.1f}", rates)


def commits(service):
    url = f"http://127.0.0.1:{service.port}/metrics"
    text = urllib.request.urlopen(url).read().decode()
    def value(name):
        return float(next(line.split()[-1] for line in text.splitlines()
                          if line.startswith(name + " ") or line.startswith(name + "{")))
    return (value("breakwater_writer_commits_total"),
            value("breakwater_writer_commit_microseconds_total"))


def against_commits(bench, load, count, name):
    """The rate over what a closed loop on its commits allows, c / (2 L)."""
    runs = []
    for _ in range(bench.rounds):
        before = commits(load.server)
        rate = load.run(count, bench.seconds)[0]
        after = commits(load.server)
        commit_s = (after[1] - before[1]) / (after[0] - before[0]) / 1e6
        runs.append((rate / (count / (2 * commit_s)), commit_s))
    ratio, commit_s = sorted(runs)[len(runs) // 2]
    bench.table.add(f"rate at {count} connections{name} against c / (2 L), L = "
                    f"{commit_s * 1e3:.2f} ms", ratio, "at least 80%", ratio >= 0.8,
                    rates=(rate,))
    return commit_s


def slow_flush(bench):
    library = os.path.join(bench.directory, "slow_flush.so")
    subprocess.run(["cc", "-std=c17", "-D_GNU_SOURCE", "-O2", "-shared", "-fPIC", "-o", library,
                    "bench/preload/slow_flush.c"], check=True)
    os.chmod(library, 0o755)
    with contextlib.ExitStack() as stack:
        postgres = Postgres(preload=library)
        stack.callback(postgres.close)
        slow = Service(bench.build, {"BREAKWATER_DATABASE_URL": postgres.url()})
        stack.callback(slow.close)
        slow.add_market(peers.MARKET, peers.DOCUMENT)
        load = bench.load(slow, "/v1/penalties", fixed(), slow.keys["preview"])
        load.run(64, 1)
        if against_commits(bench, load, 64, ", 4 ms more a flush,") < 0.004:
            raise NotMeasured("a flush was not slower: PostgreSQL has not loaded the library")


def start_and_markets(bench):
    """On a database that is there: how soon the first answer comes, against one psql that asks 1;
    and the rate of previews with a thousand markets, against the service that has three."""
    bench.postgres.ask("CREATE DATABASE existing")
    url = bench.postgres.url("existing")
    settings = {"BREAKWATER_DATABASE_URL": url,
                "BREAKWATER_STATE": os.path.join(bench.directory, "existing")}    # the log's key

    def start():
        return Service(bench.build, settings, pause_s=0.002)

    service = start()
    service.add_market(OPTIMAL, OPTIMAL_DOCUMENT)
    service.close()
    asked, started = [], []
    for _ in range(2 * bench.rounds + 1):
        begun = time.monotonic()
        psql(url, "select 1")
        asked.append(time.monotonic() - begun)
        service = start()
        started.append(service.ready_s)
        service.close()
    start_s = statistics.median(started)
    ratio = start_s / statistics.median(asked)
    bench.table.add(f"start to first answer, {start_s * 1e3:.0f} ms, against one psql", ratio,
                    "at most 10", ratio <= 10, "{:.1f}")
    psql(url, ADD_MARKETS.format(count=MARKETS))
    service = start()
    try:
        key = service.keys["preview"]
        many, few = bench.compare([
            bench.load(service, "/v1/previews", full(market=f"bench-{MARKETS // 2}"), key),
            bench.load(bench.on, "/v1/previews", full(), bench.on.keys["preview"])])
    finally:
        service.close()
    bench.table.add(f"cost of a preview with {MARKETS} markets, times that with 3", few / many,
                    f"flat: at most {FLAT}", few / many <= FLAT, "{:.2f}",
                    (many, few))


def log_sizes(bench, entries):
    """A service with a short log, loaded in turn, takes out what the machine does meanwhile."""
    bench.postgres.ask("CREATE DATABASE log")
    url = bench.postgres.url("log")
    service = Service(bench.build, {"BREAKWATER_DATABASE_URL": url})
    try:
        service.add_market(OPTIMAL, OPTIMAL_DOCUMENT)
        loads = [bench.load(server, "/v1/previews", full(), server.keys["preview"])
                 for server in (service, bench.on)]
        size, costs, first = 10000, [], 0
        while size <= entries:
            psql(url, FILL.format(first=first, last=size - 1, offset=OFFSET))
            for statement in ("VACUUM ANALYZE audit.body, audit.leaf, audit.search", "CHECKPOINT"):
                psql(url, statement)
            loads[0].run(64, 1)
            rate, other = bench.compare(loads)
            costs.append((size, other / rate, rate, other))
            size, first = 10 * size, size
    finally:
        service.close()
    for size, cost, *rates in costs[1:]:
        ratio = cost / costs[0][1]
        bench.table.add(f"cost of a preview with {size:,} entries, times that with 10,000", ratio,
                        f"flat: at most {FLAT}", ratio <= FLAT, "{:.2f}", rates)


def measure(bench, entries):
    penalty = ratios(bench)
    for part in (lambda: connections(bench, penalty), lambda: against_peers(bench, penalty),
                 lambda: batches(bench), lambda: levels(bench),
                 lambda: against_commits(bench, penalty, 8, ""), lambda: slow_flush(bench),
                 lambda: start_and_markets(bench), lambda: log_sizes(bench, entries)):
        try:
            part()
        except NotMeasured as why:
            bench.table.add("not measured", str(why), "", False, "{}")


def main(build, seconds=3, rounds=3, entries=1000000):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    with contextlib.ExitStack() as stack:
        bench = Bench(stack, build, seconds, rounds)
        try:
            measure(bench, entries)
        except NotMeasured as why:
            sys.exit(str(why))
        finally:
            bench.table.print()


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 5:
        sys.exit(__doc__)
    main(sys.argv[1], *(int(word) for word in sys.argv[2:]))
