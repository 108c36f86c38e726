#!/usr/bin/env python3
"""Faults under load, and what must hold after each of them.

usage: tests/faults/run.py BUILD [COUNT] [NAME ...]

COUNT: so many of each fault, instead of the full number. NAME: only these. Each fault strikes a
service that concurrent clients ask for decisions. After it every acknowledged decision is in the
database once, with the bytes that were answered, and is read again; none is there twice; what was
asked again with its idempotency key is the same decision; the log holds everything and
`breakwater verify` finds it good; the service recovered by itself (as systemd would, the driver
starts a process that ended) within the stated time. In the end the service's own check of the whole
log says so, too. Exit status 1 where anything else is found.
"""
import os
import signal
import sys
import tempfile
import time
import traceback

from machine import Failure, guard, kill_all_in
from proxy import CommitCut
from scene import Scene, make_template

FAULTS = []                               # name, full count, function


def fault(name, count):
    def add(function):
        FAULTS.append((name, count, function))
        return function
    return add


class Kit:
    """Where things are, for a fault's scenes."""
    def __init__(self, build, template, directory):
        self.build, self.template, self.directory = build, template, directory
        self.current = None

    def scene(self, **more):
        self.current = Scene(self.build, self.template, self.directory, **more)
        return self.current


@fault("kill -9 of the service", 100)
def kill_service(kit, times):
    """On the embedded PostgreSQL, which goes on."""
    scene = kit.scene(is_embedded=True)
    for _ in range(times):
        scene.round(scene.service.kill, 10)


@fault("kill -9 of PostgreSQL", 50)
def kill_postgres(kit, times):
    """All of its processes; the service starts its embedded one again."""
    scene = kit.scene(is_embedded=True)
    for _ in range(times):
        scene.round(scene.postgres.kill, 15)


@fault("restart of PostgreSQL", 20)
def restart_postgres(kit, times):
    """By its operator: fast and immediate in turn, and up again after a second."""
    scene = kit.scene()
    def restart(how):
        scene.postgres.stop(how)
        time.sleep(1)
        scene.postgres.start()
    for i in range(times):
        scene.round(lambda i=i: restart((signal.SIGINT, signal.SIGQUIT)[i % 2]), 15)


def cut_commits(kit, times, how, recovers_s):
    """Two of three are the writer's, the third is the sequencer's."""
    scene = kit.scene(is_proxied=True)
    def cut(is_of_writer):
        scene.proxy.fault = commit_cut = CommitCut(how, is_of_writer)
        scene.wait_fired(commit_cut)
        scene.proxy.fault = None
    for i in range(times):
        scene.round(lambda i=i: cut(i % 3 < 2), recovers_s)


@fault("COMMIT cut off before the server sees it", 50)
def cut_before(kit, times):
    cut_commits(kit, times, "before", 5)


@fault("COMMIT's answer cut off", 50)
def cut_after(kit, times):
    cut_commits(kit, times, "after", 5)


@fault("COMMIT delivered after the client is cut off", 20)
def cut_late(kit, times):
    cut_commits(kit, times, "late", 8)


@fault("COMMIT's answer never comes", 5)
def cut_silent(kit, times):
    cut_commits(kit, min(times, 2 if times < 5 else 5), "silent", 20)


def strike(kit, name, times, function):
    """A row of the table, and what went wrong; None: nothing."""
    begun, why = time.monotonic(), None
    kit.current = None
    try:
        function(kit, times)
        kit.current.check_whole()
    except (Failure, OSError) as failure:
        why = f"{name}: {failure}"
    except Exception:                     # a mistake of the driver's is a failure, too
        why = f"{name}: {traceback.format_exc()}"
    scene = kit.current
    if not scene:
        return (name, 0, 0, 0, 0, 0, 0), why or f"{name}: it does not start"
    row = (name, scene.rounds, scene.ledger.count, scene.lost, scene.doubled,
           scene.ledger.outage_s, time.monotonic() - begun)
    scene.close()
    return row, why


def print_table(rows):
    print("| fault | times | acknowledged | lost | doubled | longest outage, s | took, s |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print("| {} | {} | {} | {} | {} | {:.2f} | {:.0f} |".format(*row))


def main(arguments):
    build = os.path.abspath(arguments[0])
    count = int(arguments[1]) if len(arguments) > 1 and arguments[1] else None
    names = arguments[2:]
    rows, whys = [], []
    with tempfile.TemporaryDirectory(prefix="breakwater-") as directory:
        os.chmod(directory, 0o711)        # PostgreSQL runs as another user where this is root
        guard(directory)
        kit = Kit(build, make_template(build, directory), directory)
        for name, full, function in FAULTS:
            if names and not any(part in name for part in names):
                continue
            row, why = strike(kit, name, min(count or full, full), function)
            print(f"{name}: {row[1]} times, {row[6]:.0f} s" + (": FAILED" if why else ""),
                  file=sys.stderr, flush=True)
            rows.append(row)
            whys += [why] if why else []
        kill_all_in(directory)
    print_table(rows)
    for why in whys:
        print(why, file=sys.stderr)
    return 1 if whys or not rows else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
