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
import subprocess
import sys
import tempfile
import time
import traceback

from machine import Failure, guard, kill_all_in, wait_until
from allocation import Allocations
from proxy import CommitCut, QueryFault
from scene import Scene, make_template
from syscalls import CALLS, CALLS_MAX, Injection
from tour import Tour

TOURS_A_CHECK = 100
DISK_MB, BALLOON_BYTES, SILENCE_S = 160, 1 << 16, 1
QUERY_FAULTS = ("XX000", "53100", "40001", "57014", "close")
FAULTS = []                               # name, full count (None: all there are), function


def fault(name, count):
    def add(function):
        FAULTS.append((name, count, function))
        return function
    return add


class NotHere(Exception):
    """What this machine does not let us do."""


class Kit:
    """Where things are, for a fault's scenes."""
    def __init__(self, build, template, directory):
        self.build, self.template, self.directory = build, template, directory
        self.current = None
        self.disk = os.path.join(directory, "disk")

    def scene(self, directory=None, **more):
        self.current = Scene(self.build, self.template, directory or self.directory, **more)
        return self.current

    def mount(self, megabytes):
        """A disk of that size; None: it may not be mounted."""
        os.makedirs(self.disk, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=711", "none",
                               self.disk], check=False, stderr=subprocess.DEVNULL)
        return None if done.returncode else self.disk

    def unmount(self):
        if os.path.ismount(self.disk):
            subprocess.run(["umount", "-l", self.disk], check=False)


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
        commit_cut = scene.proxy.arm(CommitCut(how, is_of_writer))
        scene.wait_fired(commit_cut)
        commit_cut.disarm()
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


@fault("COMMIT's answer never comes", 10)
def cut_silent(kit, times):
    cut_commits(kit, min(times, 2 if times <= 5 else 10), "silent", 20)


def positions(scene, times, count_all, per_time):
    """Each of them, until one does not strike; or, where a count is asked for, so many spread over
    what one tour comes to."""
    if times is None:
        return range(1, 1 << 30)
    wanted = min(count_all, times * per_time)
    return [1 + i * count_all // wanted for i in range(wanted)]


def tours(scene, tour, numbers, arm):
    """arm(n) gives a fault, or None where all is done. One tour each; now and then all is checked."""
    for n in numbers:
        fault = arm(n)
        group = f"g{scene.rounds // TOURS_A_CHECK}-"
        tour.go(f"{group}{n}-{scene.rounds}-")
        fault.disarm()
        if not fault.has_fired:
            break
        scene.rounds += 1
        if scene.service.crashes:
            raise Failure(f"{fault}: {scene.service.crashes}\n{scene.service.last_words()}")
        if scene.rounds % TOURS_A_CHECK == 0:
            scene.check(group, scene.ledger.turn())
    scene.check(f"g{scene.rounds // TOURS_A_CHECK}-", scene.ledger.turn())


@fault("disk full", 10)
def fill_disk(kit, times):
    """PostgreSQL and the service's state on a small disk of their own, full until decisions are
    refused, and with room again. Where PostgreSQL ends, it is started again, as systemd would."""
    disk = kit.mount(DISK_MB)
    if not disk:
        raise NotHere("no file system may be mounted here")
    balloon = os.path.join(disk, "balloon")
    scene = kit.scene(directory=disk, postgres_options=("-c", "max_wal_size=32MB"))
    def fill():
        with open(balloon, "wb", buffering=0) as file:
            try:
                while file.write(bytes(BALLOON_BYTES)) == BALLOON_BYTES:
                    pass
            except OSError:
                pass
        def is_silent():
            return not scene.ledger.since(time.monotonic() - SILENCE_S)
        try:
            wait_until(is_silent, 30, "decisions are refused on a full disk")
        finally:
            os.unlink(balloon)
    for _ in range(times):
        scene.round(fill, 20)


@fault("system calls of the writer", None)
def fail_calls(kit, times):
    """One after the other, until one does not come."""
    scene = kit.scene()
    output = os.path.join(kit.directory, "strace")
    tour = Tour(scene, 10)
    for call, error in CALLS:
        for n in range(1, CALLS_MAX) if times is None else (1, 3)[:1 + (error != "EPIPE")]:
            fault = Injection(scene.service, call, error, n, output)
            try:
                for i in range(4):
                    tour.tag = f"c{call}-{error}-{n}-{i}"
                    tour.decide("/v1/penalties", "p", i % 2)
            finally:
                fault.disarm()
            if not fault.has_fired:
                break
            scene.rounds += 1
        if scene.service.crashes:
            raise Failure(f"{fault}: {scene.service.crashes}\n{scene.service.last_words()}")
        scene.check(f"c{call}-{error}-", scene.ledger.turn())


@fault("each allocation of a tour", None)
def fail_allocations(kit, times):
    """Of all threads, in a service that runs."""
    allocations = Allocations(kit.build, kit.directory)
    scene = kit.scene(prefix=allocations.prefix)
    tour = Tour(scene, 2)
    for _ in range(2):
        allocations.arm(0)
        tour.go("dry-")
        scene.ledger.turn()
    tours(scene, tour, positions(scene, times, allocations.count, 20), allocations.arm)


@fault("allocations of a start", None)
def fail_start(kit, times):
    """Every third: it ends with a sentence, or it serves."""
    allocations = Allocations(kit.build, kit.directory)
    scene = kit.scene(prefix=allocations.prefix)
    numbers = positions(scene, times, allocations.count, 10)
    tour = Tour(scene, 2)
    for n in numbers[::3] if times is None else numbers:
        scene.service.kill()
        fault = allocations.arm(n)
        scene.service.start()
        tour.decide("/v1/penalties", f"s{n}", True)
        fault.disarm()
        if not fault.has_fired:
            break
        scene.rounds += 1
        if scene.service.crashes:
            raise Failure(f"{fault}: {scene.service.crashes}\n{scene.service.last_words()}")
    scene.check("-s", scene.ledger.turn())


@fault("each query of a tour", None)
def fail_queries(kit, times):
    """Refused by the server in several ways, and the connection cut."""
    scene = kit.scene(is_proxied=True)
    tour = Tour(scene, 10)
    for _ in range(2):
        dry = scene.proxy.arm(QueryFault(0, "close"))
        tour.go("dry-")
        scene.ledger.turn()
    for how in QUERY_FAULTS:
        tours(scene, tour, positions(scene, times, dry.count, 1),
              lambda n, how=how: scene.proxy.arm(QueryFault(n, how)))


@fault("each query of a start", None)
def fail_start_queries(kit, times):
    scene = kit.scene(is_proxied=True)
    tour = Tour(scene, 10)
    for how in QUERY_FAULTS:
        for n in range(1, 1 << 30) if times is None else range(1, 60, 60 // times):
            scene.service.kill()
            fault = scene.proxy.arm(QueryFault(n, how))
            scene.service.start()
            tour.decide("/v1/penalties", f"{how}-{n}", True)
            fault.disarm()
            if not fault.has_fired:
                break
            scene.rounds += 1
    scene.check("-", scene.ledger.turn())


def strike(kit, name, times, function):
    """A row of the table, and what went wrong; None: nothing."""
    begun, why = time.monotonic(), None
    kit.current = None
    try:
        function(kit, times)
        kit.current.check_whole()
    except NotHere as reason:
        print(f"{name}: passed over: {reason}", file=sys.stderr)
        return None, None
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
    kit.unmount()
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
        guard(directory, [os.path.join(directory, "disk")])
        kit = Kit(build, make_template(build, directory), directory)
        for name, full, function in FAULTS:
            if names and not any(part in name for part in names):
                continue
            row, why = strike(kit, name, min(count or full, full) if full else count, function)
            if not row:
                continue
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
