"""What bench/goals.py loads: requests, the servers that they go to, and wrk."""
import json
import os
import socket
import statistics
import subprocess
import time

from service import START_S_MAX, end_with_parent, free_port

ACCOUNT = {"id": "acct-1", "collateral": [{"asset": "ETH", "quantity": "10"}],
           "debt": [{"asset": "USDC", "quantity": "15500"}],
           "wallet": [{"asset": "USDC", "quantity": "2000"}]}


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
    given = {"state": state(levels)} if levels else {}
    return {"market": "eth-usd", "account": ACCOUNT} | given | more


class NotMeasured(Exception):
    pass


class Constant:
    """bench/constant.c: answers every POST with so many bytes."""
    def __init__(self, build, count):
        self.port = free_port()
        self.process = subprocess.Popen([os.path.join(build, "bench/constant"), str(self.port),
                                         str(count)], stdin=subprocess.PIPE,
                                        preexec_fn=end_with_parent())
        for _ in range(START_S_MAX * 20):
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        self.close()
        raise NotMeasured("the constant server does not answer")

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


class Load:
    """One point: a server, a path, a body, and whose key it comes with."""
    def __init__(self, directory, name, server, path, body, key=None):
        self.server, self.path, self.key = server, path, key
        self.file = os.path.join(directory, name)
        with open(self.file, "w", encoding="utf-8") as file:
            json.dump(body, file, separators=(",", ":"))

    def run(self, connections, seconds):
        """A second: requests; p50 and p99 in ms."""
        environment = {"BENCH_PATH": self.path, "BENCH_BODY": self.file}
        if self.key:
            environment["BENCH_KEY"] = self.key
        output = subprocess.run(
            ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s",
             "bench/load.lua", f"http://127.0.0.1:{self.server.port}"],
            env=os.environ | environment, check=True, capture_output=True, text=True,
            preexec_fn=end_with_parent()).stdout
        line = next(line for line in output.splitlines() if line.startswith("measured")).split()
        if line[5] != "0":
            raise NotMeasured(f"{self.path}: {line[5]} answers were not 2xx")
        if float(line[1]) == 0:
            raise NotMeasured(f"{self.path}: no answer in {seconds} s")
        return float(line[1]), float(line[2]), float(line[3])


def compare(loads, connections, seconds, rounds):
    """In turn: the median rate of each."""
    rates = [[] for _ in loads]
    for _ in range(rounds):
        for load, rate in zip(loads, rates):
            rate.append(load.run(connections, seconds)[0])
    return [statistics.median(rate) for rate in rates]
