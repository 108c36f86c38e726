#!/usr/bin/env python3
"""The impact of a proposal on recorded accounts, through the API and the database: how many a second.
usage: bench/impact.py BUILD [SECONDS of previews that wrk posts before]"""
import json
import os
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
from service import Service

HERE = os.path.dirname(os.path.abspath(__file__))
PATCH = {"assets": {"ETH": {"threshold": "0.8", "opening_weight": "0.7"}}}


def propose(service):
    body = json.dumps({"market": "eth-usd", "base_version": 1, "rationale": "bench", "patch": PATCH})
    request = urllib.request.Request(
        f"http://127.0.0.1:{service.port}/v1/proposals", method="POST", data=body.encode(),
        headers={"Content-Type": "application/json", "If-Match": "*", "Idempotency-Key": "bench",
                 "Authorization": "Bearer " + service.keys["propose"]})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())["id"]


def processor_s(service):
    """Of the service and its PostgreSQL, what has ended too."""
    stats = {}
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
                stats[int(process)] = file.read().rsplit(")", 1)[1].split()
        except OSError:
            pass
    mine = {service.process.pid}
    while more := {pid for pid, fields in stats.items() if int(fields[1]) in mine} - mine:
        mine |= more
    ticks = sum(int(field) for pid in mine for field in stats[pid][11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def settled(service, path):
    """Until the log has taken in all of them."""
    before = -1
    while True:
        time.sleep(2)
        count = service.call("GET", path + "?decisions=100000", key=service.keys["propose"])["decisions"]
        if count == before:
            return
        before = count


def main():
    build = sys.argv[1]
    seconds = sys.argv[2] if len(sys.argv) > 2 else "5"
    service = Service(build)
    try:
        subprocess.run(["wrk", "-t", "2", "-c", "64", "-d", seconds + "s", "-s",
                        os.path.join(HERE, "impact.lua"), f"http://127.0.0.1:{service.port}"],
                       check=True, stdout=subprocess.DEVNULL)
        path = f"/v1/proposals/{propose(service)}/impact"
        settled(service, path)
        for _ in range(3):
            begun, worked = time.monotonic(), processor_s(service)
            answer = service.call("GET", path + "?decisions=100000", key=service.keys["propose"])
            taken, worked = time.monotonic() - begun, processor_s(service) - worked
            count = answer["decisions"]
            print(f"impact: {count} decisions in {taken:.2f} s, {count / taken:.0f} a second; "
                  f"{1e6 * worked / count:.0f} us of CPU each, PostgreSQL's with it, so {2 * count / worked:.0f} on two idle cores; "
                  f"memory {service.memory_kib() / 1024:.0f} MiB")
    finally:
        service.close()


main()
