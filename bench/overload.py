#!/usr/bin/env python3
"""What is served under twice the load that can be carried.

usage: bench/overload.py BUILD [SECONDS a point] [ROUNDS]

One service with a private PostgreSQL, whose queue holds no more than CONNECTIONS decisions. wrk asks for previews, in turn
at CONNECTIONS connections, as fast as the answers come, and then from eight times as many, each on its own clock,
together twice the rate of before: what is refused is 503 at once. Meanwhile /livez and /readyz are asked on connections
of their own. Prints both medians, what was refused, and the longest wait; exits with 1 where less than nine tenths of
the best rate were served, or one of the two did not answer 200 within a second.
"""
import http.client
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from loads import Load, question
from service import Service, end_with_parent

CONNECTIONS, TIMES, PROBE_PAUSE_S, PROBE_S_MAX, SHARE_MIN = 64, 8, 0.05, 1.0, 0.9


class Probe(threading.Thread):
    """Asks as a balancer does: a connection each time."""
    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.longest_s, self.asked, self.failed, self.is_stopping = port, 0.0, 0, [], False

    def ask(self, path):
        began = time.monotonic()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            connection.request("GET", path)
            status = connection.getresponse().status
            connection.close()
        except OSError as error:
            status = error
        self.longest_s = max(self.longest_s, time.monotonic() - began)
        self.asked += 1
        if status != 200:
            self.failed.append((path, status))

    def run(self):
        while not self.is_stopping:
            self.ask("/livez")
            self.ask("/readyz")
            time.sleep(PROBE_PAUSE_S)


def counts(service):
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    found = {"2xx": 0, "5xx": 0}
    for line in lines:
        for group in found:
            if line.startswith(f'breakwater_requests_total{{operation="createPreview",class="{group}"'):
                found[group] = int(line.split()[1])
    return found


def offer(service, file, rate, seconds):
    """Served and refused, a second."""
    connections = CONNECTIONS * TIMES
    before, began = counts(service), time.monotonic()
    subprocess.run(["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s",
                    "bench/offer.lua", f"http://127.0.0.1:{service.port}"], check=True,
                   env={"PATH": "/usr/bin:/bin", "BENCH_BODY": file, "BENCH_PATH": "/v1/previews",
                        "BENCH_PAUSE_MS": str(round(1000 * connections / rate))},
                   stdout=subprocess.DEVNULL, preexec_fn=end_with_parent())
    after, took_s = counts(service), time.monotonic() - began
    return [(after[group] - before[group]) / took_s for group in ("2xx", "5xx")]


def main():
    build = sys.argv[1]
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    service = Service(build, {"BREAKWATER_QUEUE_MAX": str(CONNECTIONS)})
    with tempfile.TemporaryDirectory(prefix="breakwater-") as directory:
        load = Load(directory, "question", service, "/v1/previews", question())
        try:
            load.run(CONNECTIONS, 1)
            best, served, refused = [], [], []
            for _ in range(rounds):
                best.append(load.run(CONNECTIONS, seconds)[0])
                probe = Probe(service.port)
                probe.start()
                of_this = offer(service, load.file, 2 * best[-1], seconds)
                probe.is_stopping = True
                probe.join(30)
                served.append(of_this[0] / best[-1])
                refused.append(of_this[1])
                print(f"best {best[-1]:.0f}/s; offered {2 * best[-1]:.0f}/s: served {of_this[0]:.0f}/s, refused"
                      f" {of_this[1]:.0f}/s; /livez and /readyz {probe.asked} times, at most"
                      f" {probe.longest_s * 1000:.0f} ms, failed {probe.failed[:3]}")
                if probe.failed or probe.longest_s > PROBE_S_MAX:
                    sys.exit("a probe was not answered in time")
        finally:
            service.close()
    share = statistics.median(served)
    print(f"served under twice the load: {share:.0%} of the best rate (at least {SHARE_MIN:.0%})")
    sys.exit(share < SHARE_MIN)


if __name__ == "__main__":
    main()
