#!/usr/bin/env python3
"""docker/backup.sh under load, docker/restore.sh into an empty PostgreSQL, and what the log says of it.

usage: backup.py BUILD [--seconds S]

The restored log is a prefix of the one that went on, every decision that was acknowledged before the copy was begun
is in it and comes out the same, and an instance that remembers more refuses to sign it. Then the way out: the log is
sealed, and one of another origin quotes it. Loopback only; nothing is left behind."""
import argparse
import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../..")
sys.path.insert(0, os.path.join(HERE, "../outside"))

import verify  # noqa: E402  (a neighbour folder's)
from instance import Instance  # noqa: E402
from load import Load  # noqa: E402
from postgres import Postgres  # noqa: E402
from question import fields, make_key, make_market, preview  # noqa: E402

ORIGIN = "backup.example/audit"
LOG_WAIT_S = 20


class Failed(Exception):
    pass


def must(is_so, what):
    if not is_so:
        raise Failed(what)


def run_script(name, file, url):
    done = subprocess.run([os.path.join(ROOT, "docker", name), file], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False,
                          env=os.environ | {"BREAKWATER_DATABASE_URL": url})
    return done.returncode, done.stdout.strip()


def checkpoint_of(instance):
    status, note = instance.call("GET", "/log/checkpoint")
    must(status == 200, f"{instance.name}: no checkpoint: {status}")
    return note.decode()


def size_of(note):
    return int(note.split("\n")[1])


def wait_log(instance, size):
    deadline = time.monotonic() + LOG_WAIT_S
    while size_of(checkpoint_of(instance)) < size:
        must(time.monotonic() < deadline, f"the log stands at {size_of(checkpoint_of(instance))}, not {size}")
        time.sleep(0.1)


def leaves_of(instance, key):
    log = verify.Log(f"http://127.0.0.1:{instance.port}", key)
    return [verify.leaf_hash(entry) for entry in verify.read_entries(log, size_of(checkpoint_of(instance)))]


def verify_log(instance, directory, *options):
    """Exit status and last line of `breakwater verify`."""
    done = subprocess.run([os.path.join(instance.build, "breakwater"), "verify",
                           f"http://127.0.0.1:{instance.port}", "--key", os.path.join(directory, "log.key.pub"),
                           "--token-file", os.path.join(directory, "token"), *options],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
    return done.returncode, done.stdout.strip().splitlines()[-1]


class Test:
    def __init__(self, build, directory, seconds):
        self.build, self.directory, self.seconds = build, directory, seconds
        self.servers, self.instances = [], []
        self.file = os.path.join(directory, "copy")
        self.key = self.first = None

    def server(self, name):
        server = Postgres(self.directory, name)
        self.servers.append(server)
        server.make()
        server.start()
        server.query("CREATE DATABASE breakwater")
        return server

    def instance(self, name, server, origin=ORIGIN, log_key="log.key"):
        instance = Instance(self.build, self.directory, name, server.url("breakwater"), {
            "BREAKWATER_ORIGIN": origin, "BREAKWATER_LOG_KEY": os.path.join(self.directory, log_key)})
        self.instances.append(instance)
        return instance

    def close(self):
        for instance in self.instances:
            instance.stop()
        for server in self.servers:
            server.stop("immediate")

    def back_up(self):
        """Under load. What was acknowledged before it was begun, and the leaves in the end."""
        self.first = self.instance("first", self.server("a")).start()
        make_market(self.first)
        self.key = make_key(self.first, "preview,audit", "tester")
        with open(os.path.join(self.directory, "token"), "w", encoding="utf-8") as file:
            file.write(self.key + "\n")
        time.sleep(1.5)
        load = Load([self.first], self.key, clients=4).start()
        try:
            time.sleep(self.seconds)
            before = dict(load.acknowledged)
            status, said = run_script("backup.sh", self.file, self.first.environment["BREAKWATER_DATABASE_URL"])
            must(status == 0, f"backup.sh: {said}")
            print(f"  {said.replace(self.directory + '/', '')}")
            time.sleep(self.seconds)
        finally:
            load.stop()
        must(not load.faults and not load.errors, f"{(load.faults + load.errors)[:3]}")
        must(before, "nothing was acknowledged before the copy")
        print(f"  {len(before)} decisions were acknowledged before it, {len(load.acknowledged)} in the end")
        status, _ = run_script("backup.sh", self.file, self.first.environment["BREAKWATER_DATABASE_URL"])
        must(status == 1, "a file that is there was overwritten")
        return before, load

    def restore(self):
        server = self.server("b")
        url = server.url("breakwater")
        status, said = run_script("restore.sh", self.file, url)
        must(status == 0, f"restore.sh: {said}")
        print(f"  {said}")
        status, again = run_script("restore.sh", self.file, url)
        must(status == 1 and "not empty" in again, f"restored into a database that is not empty: {again}")
        return server

    def refuse_spoiled(self):
        """A copy that was touched is refused, before anything is written."""
        spoiled = os.path.join(self.directory, "spoiled")
        with open(self.file, "rb") as file:
            data = bytearray(file.read())
        data[len(data) // 2] ^= 1
        with open(spoiled, "wb") as file:
            file.write(data)
        with open(self.file + ".sha256", encoding="utf-8") as file, \
                open(spoiled + ".sha256", "w", encoding="utf-8") as other:
            other.write(file.read().replace("copy", "spoiled"))
        server = self.servers[-1]
        server.query("CREATE DATABASE other")
        status, said = run_script("restore.sh", spoiled, server.url("other"))
        must(status == 1 and "FAILED" in said, f"a spoiled copy was restored: {said}")

    def check_prefix(self, server, leaves):
        """Before anything runs on it."""
        size, root = server.query("SELECT size, encode(root, 'hex') FROM audit.head", "breakwater")[0]
        must(0 < int(size) < len(leaves), f"the copy's log has {size} of {len(leaves)} entries")
        must(verify.root_of(leaves[:int(size)]).hex() == root, "the restored log is no prefix of the one that went on")
        print(f"  its log of {size} entries is a prefix of the one that went on, of {len(leaves)}")

    def check_memory(self, server, final):
        """On the machine that remembers more: served, and not signed. An auditor who remembers more says so, too."""
        remembering = self.instance("remembering", server)
        shutil.copy(os.path.join(self.first.state, "audit-state"), remembering.state)
        remembering.start()
        ready = json.loads(remembering.call("GET", "/readyz")[1])
        must(ready["log"] == "halted" and "rolled back" in ready["log_detail"], f"it signs a log that is older: {ready}")
        size = size_of(checkpoint_of(remembering))
        status, said = verify_log(remembering, self.directory, "--state", os.path.join(self.directory, "auditor"))
        must(status == 1, f"an auditor who knows {size_of(final)} entries takes {size}: {said}")
        time.sleep(1)
        must(size_of(checkpoint_of(remembering)) == size, "a log that was rolled back grew")
        print(f"  remembered {size_of(final)} entries: halted at {size}; the auditor: {said}")
        remembering.stop()
        return remembering

    def check_alone(self, server, before):
        """Where nobody was told of more: it goes on, and nothing of the copy is missing."""
        second = self.instance("second", server).start()
        headers = fields(self.key, "after the restore")
        status, answer = second.call("POST", "/v1/previews", preview(1), headers)
        must(status == 201, f"no decision on the restored database: {status} {answer.decode()}")
        wait_log(second, server.number("SELECT count(*) FROM audit.body", "breakwater"))
        time.sleep(1.5)
        must(json.loads(second.call("GET", "/readyz")[1])["log"] == "signed", "the log is not signed")
        status, said = verify_log(second, self.directory)
        must(status == 0, f"verify of the restored log: {said}")
        print(f"  {said}")
        for key, decision in before.items():
            status, answer = second.call("GET", f"/v1/decisions/{decision}", None, fields(self.key))
            must(status == 200, f"{decision} is not in the copy: {status} {answer.decode()}")
        key, decision = next(iter(before.items()))
        status, answer = second.call("POST", "/v1/previews", preview(self.load.numbers[key]), fields(self.key, key))
        must(status == 201 and json.loads(answer)["decision"]["id"] == decision, "a key of before has another decision")
        print(f"  all {len(before)} that were acknowledged before the copy are in it; their keys hold")
        second.stop()

    def check_seal(self, remembering, final):
        """The way out: no more signatures under the old name; entry 0 of the new one quotes what was known."""
        status, said = remembering.command("seal")
        must(status == 0, f"seal: {said}")
        after = self.instance("remembering", self.server("c"), origin=ORIGIN + "/2", log_key="log2.key").start()
        make_market(after)
        key = make_key(after, "audit", "auditor")
        time.sleep(1.5)                       # the instance hears of the key
        wait_log(after, 1)
        status, answer = after.call("GET", "/log/records?from=0&count=1", None, fields(key))
        must(status == 200, f"entry 0 is not given: {status} {answer.decode()}")
        record = json.loads(base64.b64decode(json.loads(answer)["record"]))
        quoted = record.get("predecessor", "")
        # It ended with a record of its own.
        must(record["kind"] == "open" and quoted.startswith(ORIGIN + "\n") and size_of(quoted) >= size_of(final),
             f"entry 0 does not quote it: {record}")
        print(f"  sealed; entry 0 of {ORIGIN}/2 quotes the checkpoint of {size_of(quoted)} entries")

    def run(self):
        print("a copy under load")
        before, self.load = self.back_up()
        time.sleep(1.5)
        wait_log(self.first, self.servers[0].number("SELECT count(*) FROM audit.body", "breakwater"))
        status, said = verify_log(self.first, self.directory, "--no-replay", "--state",
                                  os.path.join(self.directory, "auditor"))
        must(status == 0, f"verify: {said}")
        final = checkpoint_of(self.first)
        leaves = leaves_of(self.first, self.key)
        self.first.stop()
        print("restored into an empty PostgreSQL")
        server = self.restore()
        self.refuse_spoiled()
        self.check_prefix(server, leaves)
        remembering = self.check_memory(server, final)
        self.check_alone(server, before)
        self.check_seal(remembering, final)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))     # what runs is ended, then
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="breakwater-ha-") as directory:
        os.chmod(directory, 0o711)            # PostgreSQL runs as another user where this is root
        test = Test(os.path.abspath(options.build), directory, options.seconds)
        try:
            test.run()
        except (Failed, RuntimeError, verify.Wrong) as error:
            print(f"failed: {error}")
            for instance in test.instances:
                print(f"-- {instance.name}\n{instance.output()[-2000:]}")
            return 1
        finally:
            test.close()
    print(f"all of it holds ({time.monotonic() - begun:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
