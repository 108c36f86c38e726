#!/usr/bin/env python3
"""What is served under twice the load that can be carried.

usage: bench/overload.py BUILD [SECONDS a point] [ROUNDS]

One service with a private PostgreSQL, both on the first processor alone, whose queue holds no more than CONNECTIONS
decisions; the generator has the others. wrk asks for previews, in turn at CONNECTIONS connections, as fast as the
answers come, and then bench/offer from eight times as many, each on its own clock, together twice the rate of before: what
is refused is 503 at once. Meanwhile /livez and /readyz are asked on connections of their own.

Beside the rates, the processor's time that service and PostgreSQL take is counted: for a decision at the best rate, and for
one that is served under twice the load, with all that is refused beside it. The first over the second is what share of the
best rate would be left if the processor had no rest at either; it says so too where others have the machine. In the end, a
service whose queue holds one decision tells what a refusal takes by itself. Prints these and the longest wait of a probe;
exits with 1 where the median of the rates is less than nine tenths, or one of the two did not answer 200 within a second.
"""
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from loads import Load, question
from service import Service, end_with_parent

PROCESSORS = sorted(os.sched_getaffinity(0))
CONNECTIONS, TIMES, PROBE_PAUSE_S, PROBE_S_MAX, SHARE_MIN = 64, 8, 0.05, 1.0, 0.9
REFUSED_RATE = 20000


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


def pin(processors):
    """What is started from now on runs there."""
    os.sched_setaffinity(0, processors)


def processor_s(pid):
    """Of a process and all that it started, also of those that ended; seconds."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    taken = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
            taken += sum(processor_s(int(child)) for child in file.read().split())
    return taken


def spent_s(service):
    """By the service and its PostgreSQL, which is no child of it."""
    with open(os.path.join(service.state, "postgres", "data", "postmaster.pid"), encoding="ascii") as file:
        return processor_s(service.process.pid) + processor_s(int(file.readline()))


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


class Measured:
    """Served and refused, a second; the processor's time of one that was served, with all beside it."""
    def __init__(self, service, run):
        before, spent_before_s, began = counts(service), spent_s(service), time.monotonic()
        self.found = run()
        took_s, of_this_s = time.monotonic() - began, spent_s(service) - spent_before_s
        after = counts(service)
        self.counts = {group: after[group] - before[group] for group in after}
        self.served, self.refused = self.counts["2xx"] / took_s, self.counts["5xx"] / took_s
        self.served_us = 1e6 * of_this_s / self.counts["2xx"]


def request(path, file, directory):
    """All that is sent, in a file."""
    with open(file, "rb") as body:
        content = body.read()
    whole = os.path.join(directory, "request")
    with open(whole, "wb") as out:
        out.write(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                  f"Content-Length: {len(content)}\r\n\r\n".encode() + content)
    return whole


def offer(service, load, rate, seconds):
    """What bench/offer counted, which is what the service counted, too."""
    file = request(load.path, load.file, os.path.dirname(load.file))
    def run():
        return json.loads(subprocess.run(
            [os.path.join(sys.argv[1], "bench/offer"), str(service.port), file, str(CONNECTIONS * TIMES), f"{rate:.0f}",
             str(seconds)], check=True, capture_output=True, text=True, timeout=60 + seconds,
            preexec_fn=end_with_parent()).stdout)
    measured = Measured(service, run)
    found = {f"{group}xx": sum(count for status, count in measured.found["statuses"].items() if status[0] == group)
             for group in "25"}
    if found != measured.counts and not measured.found["failed"] + measured.found["unanswered"]:
        sys.exit(f"the service counted {measured.counts}, the generator {found}")
    return measured


def overload(service, load, seconds):
    """The share that is served, by the processor's time and by the clock."""
    best = Measured(service, lambda: load.run(CONNECTIONS, seconds))
    probe = Probe(service.port)
    probe.start()
    under = offer(service, load, 2 * best.served, seconds)
    probe.is_stopping = True
    probe.join(30)
    print(f"best {best.served:.0f}/s of {best.served_us:.0f} us; offered {2 * best.served:.0f}/s: served"
          f" {under.served:.0f}/s of {under.served_us:.0f} us, refused {under.refused:.0f}/s; {json.dumps(under.found)};"
          f" /livez and /readyz {probe.asked} times, at most {probe.longest_s * 1000:.0f} ms, failed {probe.failed[:3]}",
          flush=True)
    if probe.failed or probe.longest_s > PROBE_S_MAX:
        sys.exit("a probe was not answered in time")
    return best.served_us / under.served_us, under.served / best.served, best.served_us


def started(queue_max):
    """On the first processor; what comes then is on the others."""
    first, *others = PROCESSORS
    pin([first])
    service = Service(sys.argv[1], {"BREAKWATER_QUEUE_MAX": str(queue_max)})
    pin(others or [first])
    return service


def refusal_us(directory, seconds, decision_us):
    """Of the processor's time, where nearly all that comes is refused."""
    service = started(1)
    try:
        load = Load(directory, "refused", service, "/v1/previews", question())
        under = offer(service, load, REFUSED_RATE, seconds)
        return (under.served_us - decision_us) * under.served / under.refused
    finally:
        service.close()


def main():
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    service = started(CONNECTIONS)
    with tempfile.TemporaryDirectory(prefix="breakwater-") as directory:
        load = Load(directory, "question", service, "/v1/previews", question())
        try:
            load.run(CONNECTIONS, 1)
            shares = [overload(service, load, seconds) for _ in range(rounds)]
        finally:
            service.close()
        share, by_clock, best_us = (statistics.median(column) for column in zip(*shares))
        refused_us = refusal_us(directory, seconds, best_us)
    print(f"a refusal takes {refused_us:.0f} us, so that one beside each decision leaves"
          f" {best_us / (best_us + refused_us):.0%}")
    print(f"served under twice the load: {by_clock:.0%} of the best rate (at least {SHARE_MIN:.0%}); by the processor's"
          f" time {share:.0%}")
    sys.exit(by_clock < SHARE_MIN)


if __name__ == "__main__":
    main()
