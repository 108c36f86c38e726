#!/usr/bin/env python3
"""Two instances on a synchronous PostgreSQL pair: the primary is killed with -9 under load, the standby promoted.

usage: failover.py BUILD [--rounds N] [--seconds S]

Counts what was acknowledged, and holds it against the database, the log and both instances: nothing acknowledged is
lost, errors end within a second of the promotion, the log has no fork, the same key has one decision. Then the old
primary comes back by itself, ready to take writes: no instance goes to it. Loopback only; nothing is left behind."""
import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../outside"))

import verify  # noqa: E402  (a neighbour folder's)
from instance import Instance  # noqa: E402
from load import Load  # noqa: E402
from postgres import Postgres  # noqa: E402
from question import make_key, make_market  # noqa: E402

ORIGIN = "pair.example/audit"
# What a watcher of the primary takes: decisions may wait for a quick one, and are refused during a slow one.
DETECTIONS_S = [0.3, 3.0]
AFTER_PROMOTION_S_MAX = 1.0
WATCH_S = 0.1
AGREE_S_MAX = 20


class Failed(Exception):
    pass


def must(is_so, what):
    if not is_so:
        raise Failed(what)


class Watcher:
    """Every checkpoint that an instance ever serves."""

    def __init__(self, instances):
        self.instances = instances
        self.notes = set()
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.is_over.wait(WATCH_S):
            for instance in self.instances:
                status, note = instance.call("GET", "/log/checkpoint", timeout_s=2)
                if status == 200:
                    self.notes.add(note)

    def stop(self):
        self.is_over.set()
        self.thread.join()


class Pair:
    def __init__(self, build, directory):
        self.build, self.directory = build, directory
        self.primary, self.standby = Postgres(directory, "a"), Postgres(directory, "b")
        self.first, self.second = self.primary, self.standby
        self.instances = []
        self.key = self.audit_key = None

    def url(self, *servers):
        servers = servers or (self.first, self.second)
        return (f"host={','.join('127.0.0.1' for _ in servers)} port={','.join(str(s.port) for s in servers)}"
                " user=breakwater dbname=breakwater target_session_attrs=read-write connect_timeout=2")

    def instance(self, name, url):
        return Instance(self.build, self.directory, name, url, {
            "BREAKWATER_ORIGIN": ORIGIN, "BREAKWATER_LOG_KEY": os.path.join(self.directory, "log.key")})

    def open(self):
        self.primary.make()
        self.primary.start()
        self.primary.query("CREATE DATABASE breakwater")
        self.standby.copy(self.primary)
        self.standby.start()
        self.primary.set_synchronous("*")
        self.primary.wait_streaming()
        self.instances = [self.instance(name, self.url()) for name in ("one", "two")]
        for instance in self.instances:
            instance.start()
        make_market(self.instances[0])
        self.key = make_key(self.instances[0], "preview,audit", "tester")
        self.audit_key = self.key
        time.sleep(1.5)                       # the other instance hears of the key and the market

    def fail_over(self, detection_s):
        """Seconds on the monotonic clock: of the kill, and of the standby's promotion."""
        killed = time.monotonic()
        self.primary.kill()
        time.sleep(detection_s)
        self.standby.set_synchronous("")      # it will be alone
        self.standby.promote()
        promoted = time.monotonic()
        self.primary, self.standby = self.standby, self.primary
        return killed, promoted

    def heal(self):
        self.standby.stop("immediate")
        self.standby.start()                  # its recovery makes it fit for pg_rewind
        self.standby.stop()
        self.primary.query("CHECKPOINT")
        self.standby.follow(self.primary)
        self.standby.start()
        self.primary.set_synchronous("*")
        self.primary.wait_streaming()

    def close(self):
        for instance in self.instances:
            instance.stop()
        for server in (self.first, self.second):
            if os.path.isdir(server.data):
                server.stop("immediate")


def check_errors(load, instances, killed, promoted, window):
    """The last refusal, and the first answer after the promotion, of each instance."""
    for which, instance in enumerate(instances):
        errors = [error for error in load.errors if error[1] == which and window[0] <= error[0] <= window[1]]
        answers = [at for at, by in load.answers if by == which and promoted <= at <= window[1]]
        must(answers, f"{instance.name} never answered after the promotion")
        last = max((error[0] for error in errors), default=killed)
        print(f"  {instance.name}: {len(errors)} refusals, the last {last - promoted:+.2f} s from the promotion, "
              f"the first answer {min(answers) - promoted:+.2f} s")
        must(last <= promoted + AFTER_PROMOTION_S_MAX,
             f"{instance.name} refused {last - promoted:.2f} s after the promotion: {errors[-1:]}")


def check_present(server, load):
    """Each acknowledged decision once, in the log's queue or its tree; each key once."""
    bodies = server.number("SELECT count(*) FROM audit.body", "breakwater")
    found = {row[0]: int(row[1]) for row in server.query(
        "SELECT convert_from(record, 'UTF8')::json ->> 'id', count(*) FROM audit.body GROUP BY 1", "breakwater")}
    acknowledged = set(load.acknowledged.values())
    lost = [decision for decision in acknowledged if found.get(decision) != 1]
    print(f"  {len(load.acknowledged)} acknowledged ({load.twice} of them asked of both instances at once), "
          f"{len(lost)} lost; {bodies} decisions in the database")
    must(not lost, f"acknowledged and not there exactly once: {lost[:3]}")
    must(len(acknowledged) == len(load.acknowledged), "two keys have one decision")
    keys = server.query("SELECT key, count(*), min(decision) FROM breakwater.idempotency GROUP BY key", "breakwater")
    must(all(count == "1" for _, count, _ in keys), "a key has two decisions")
    must(bodies == len(keys), f"{bodies} decisions were recorded for {len(keys)} keys")


def wait_agreed(pair):
    """Until nothing waits and both serve the same checkpoint."""
    deadline = time.monotonic() + AGREE_S_MAX
    while time.monotonic() < deadline:
        waiting = pair.primary.number("SELECT count(*) FROM audit.pending", "breakwater")
        notes = {instance.call("GET", "/log/checkpoint")[1] for instance in pair.instances}
        size = pair.primary.number("SELECT size FROM audit.head", "breakwater")
        if not waiting and len(notes) == 1 and int(next(iter(notes)).split(b"\n")[1]) == size:
            return
        time.sleep(0.2)
    raise Failed(f"the instances do not agree: {[note.split(b'---')[0] for note in notes]}, {waiting} wait")


def check_log(pair, watcher):
    """The log whole from each instance; every checkpoint that was ever served is a prefix of it."""
    vkey_path = os.path.join(pair.directory, "log.key.pub")
    with open(vkey_path, encoding="utf-8") as file:
        vkey = file.read()
    key = verify.read_vkey(vkey)
    token = os.path.join(pair.directory, "token")
    with open(token, "w", encoding="utf-8") as file:
        file.write(pair.audit_key + "\n")
    for instance in pair.instances:
        url = f"http://127.0.0.1:{instance.port}"
        replayed = [] if instance is pair.instances[0] else ["--no-replay"]
        done = subprocess.run([os.path.join(pair.build, "breakwater"), "verify", url, "--key", vkey_path,
                               "--token-file", token, *replayed], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120, check=False)
        print(f"  {instance.name}: {done.stdout.strip().splitlines()[-1]}")
        must(done.returncode == 0, f"breakwater verify: {done.stdout}")
    log = verify.Log(url, pair.audit_key)
    size = max(int(note.split(b"\n")[1]) for note in watcher.notes)
    leaves = [verify.leaf_hash(entry) for entry in verify.read_entries(log, size)]
    for note in watcher.notes:
        prefix, root = verify.open_checkpoint(note.decode(), key)
        must(verify.root_of(leaves[:prefix]) == root, f"a fork: {note.decode()}")
    print(f"  {len(watcher.notes)} checkpoints were served, all prefixes of the log of {size} entries")


def check_stale_primary(pair, load, seconds):
    """The old primary comes back by itself and would take writes: everything goes to the new one."""
    stale = pair.standby
    stale.start("-c", "synchronous_standby_names=''")
    count = "SELECT count(*) FROM audit.body"
    before, others = stale.number(count, "breakwater"), pair.primary.number(count, "breakwater")
    begun = time.monotonic()
    restarted = pair.instances[0 if stale is pair.first else 1]
    restarted.stop()
    restarted.start()                         # the stale one may stand first in its list of hosts
    time.sleep(seconds)
    refused = [error for error in load.errors if error[0] > begun and error[1] != pair.instances.index(restarted)]
    print(f"  a stale primary beside the new one for {time.monotonic() - begun:.1f} s: "
          f"{stale.number(count, 'breakwater') - before} decisions at the stale one, "
          f"{pair.primary.number(count, 'breakwater') - others} at the new one, {len(refused)} refusals")
    must(stale.number(count, "breakwater") == before, "decisions went to the stale primary")
    must(pair.primary.number(count, "breakwater") > others, "no decision went to the new primary")
    must(not refused, f"refused beside a stale primary: {refused[:3]}")


def check_alone(pair):
    """An instance that finds nothing but the stale primary does not start; nor does it sign where its memory of the
    newer one was removed: the log is shorter than what was served."""
    stale = pair.standby
    alone = pair.instances[1]
    whole = alone.environment["BREAKWATER_DATABASE_URL"]
    alone.stop()
    alone.environment["BREAKWATER_DATABASE_URL"] = pair.url(stale)
    alone.launch()
    status = alone.process.wait(30)
    must(status == 1 and "left behind" in alone.output(), f"it started on a stale primary: {alone.output()[-400:]}")
    os.remove(os.path.join(alone.state, "primary"))
    alone.start()
    ready = alone.call("GET", "/readyz")[1].decode()
    must('"halted"' in ready and "rolled back" in ready, f"a log that was rolled back is signed: {ready}")
    print("  alone with the stale primary: refused; its memory removed: the log is halted, as one that was rolled back")
    alone.stop()
    os.remove(os.path.join(alone.state, "primary"))
    alone.environment["BREAKWATER_DATABASE_URL"] = whole
    alone.start()


def run_round(pair, number, seconds):
    print(f"round {number}: {pair.primary.name} is killed, {pair.standby.name} promoted")
    watcher = Watcher(pair.instances)
    load = Load(pair.instances, pair.key).start()
    try:
        time.sleep(seconds)
        before = list(load.acknowledged)
        must(before, f"nothing was acknowledged: {load.errors[:3]}")
        killed, promoted = pair.fail_over(DETECTIONS_S[(number - 1) % len(DETECTIONS_S)])
        print(f"  promoted {promoted - killed:.2f} s after the kill, {len(before)} decisions before it")
        time.sleep(seconds)
        window = (killed, time.monotonic())
        check_errors(load, pair.instances, killed, promoted, window)
        check_stale_primary(pair, load, seconds)
    finally:
        load.stop()
    load.repeat(before[-20:] + list(load.acknowledged)[-5:])
    must(not load.faults, "; ".join(load.faults[:3]))
    wait_agreed(pair)
    watcher.stop()
    return load, watcher


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))     # what runs is ended, then
    build = os.path.abspath(options.build)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="breakwater-ha-") as directory:
        os.chmod(directory, 0o711)            # PostgreSQL runs as another user where this is root
        pair = Pair(build, directory)
        try:
            pair.open()
            for number in range(1, options.rounds + 1):
                load, watcher = run_round(pair, number, options.seconds)
                check_present(pair.primary, load)
                check_log(pair, watcher)
                check_alone(pair)
                if number < options.rounds:
                    pair.heal()
        except (Failed, RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"failed: {error}")
            for instance in pair.instances:
                print(f"-- {instance.name}\n{instance.output()[-3000:]}")
            return 1
        finally:
            pair.close()
    print(f"all of it holds ({time.monotonic() - begun:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
