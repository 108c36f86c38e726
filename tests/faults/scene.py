"""A service and its database in a directory of their own, the load on them, and what must hold
after each fault."""
import json
import os
import random
import shutil
import subprocess
import time

from load import Caller, Ledger, Load, question
from machine import Failure, Postgres, Service, wait_until
from proxy import Proxy

CLIENTS = 8
ROUND_S_MAX = 90
INTEGRATED_S_MAX = 30
BEFORE, AFTER = 40, 40                    # acknowledged decisions around a fault
READ_AGAIN = 10                           # of a round, by GET and by asking again


def make_template(build, directory):
    """What a first start makes: the cluster, the sample markets, the keys. Others start on copies."""
    state = os.path.join(directory, "template")
    os.mkdir(state, 0o711)
    service = Service(build, state, {})
    service.start()
    service.wait()
    service.stop()
    return state


class Scene:
    """Embedded: the service keeps the PostgreSQL; else it is a child of ours. Proxied: the service
    reaches it through a proxy."""
    def __init__(self, build, template, directory, is_embedded=False, is_proxied=False,
                 settings=None, postgres_options=(), prefix=()):
        self.build, self.directory, self.is_embedded = build, directory, is_embedded
        self.state = os.path.join(directory, "state")
        shutil.rmtree(self.state, ignore_errors=True)
        subprocess.run(["cp", "-a", template, self.state], check=True)
        self.postgres = Postgres(self.state, postgres_options)
        self.proxy = None
        if is_proxied:
            self.proxy = Proxy(os.path.join(directory, "proxy"), self.postgres.server)
        self.service = Service(build, self.state,
                               ({} if is_embedded else {"BREAKWATER_DATABASE_URL": self.url()})
                               | (settings or {}), prefix)
        self.keys = self.service.keys()
        self.ledger = Ledger()
        self.random = random.Random(8)
        self.rounds = self.lost = self.doubled = 0
        if not is_embedded:
            self.postgres.start()
            self.postgres.wait()
        self.service.start()
        self.service.wait()

    def url(self, is_direct=False):
        host = self.proxy.directory if self.proxy and not is_direct else self.postgres.server
        return f"host={host} dbname=postgres user=breakwater"

    def close(self):
        if self.proxy:
            self.proxy.close()
        if self.service.process.poll() is None:
            self.service.kill()
        self.postgres.kill()
        shutil.rmtree(self.state, ignore_errors=True)

    def caller(self, role):
        return Caller(self.service.port, self.keys[role])

    def revive(self):
        """As systemd would: what ended is started again."""
        if not self.is_embedded and self.postgres.process.poll() is not None:
            self.postgres.start()
        if self.service.has_ended():
            self.service.start()

    def wait_fired(self, fault):
        wait_until(lambda: fault.has_fired, 20, "the fault strikes", 0.005)

    def wait_acknowledged(self, count, since, seconds, what):
        def is_enough():
            self.revive()
            return self.ledger.since(since) >= count
        wait_until(is_enough, seconds, what)

    def round(self, fault, recovers_s):
        """Load, a fault at some moment of it, load again within recovers_s; then all checks."""
        tag = f"r{self.rounds}-"
        self.rounds += 1
        load = Load(self.service.port, self.keys["preview"], self.ledger, tag, CLIENTS, ROUND_S_MAX)
        try:
            self.wait_acknowledged(BEFORE, 0, 30, "decisions before the fault")
            time.sleep(self.random.random() * 0.2)
            fault()
            self.wait_acknowledged(AFTER, time.monotonic(), recovers_s, "decisions after the fault")
        finally:
            load.stop()
        self.check(tag, self.ledger.turn())

    def check(self, tag, acknowledged):
        self.check_rows(tag, acknowledged)
        self.check_answers(acknowledged)
        self.check_log()
        if self.service.crashes or self.ledger.wrong:
            raise Failure("; ".join(self.service.crashes + self.ledger.wrong[:5]) + "\n"
                          + self.service.last_words())

    def check_rows(self, tag, acknowledged):
        """In the database: what was acknowledged once, with those bytes; nothing twice."""
        rows = self.postgres.rows(
            "SELECT r ->> 'id', encode(sha256(record), 'hex'), r -> 'inputs' -> 'account' ->> 'id'"
            " FROM (SELECT record, convert_from(record, 'UTF8')::json AS r FROM audit.body"
            f" WHERE position('\"id\":\"{tag}'::bytea IN record) > 0) AS x")
        found = {}
        for decision, sha256, account in rows:
            found.setdefault(account, []).append((decision, sha256))
        lost = [account for account, (decision, sha256, _) in acknowledged.items()
                if (decision, sha256) not in found.get(account, [])]
        doubled = [account for account, decisions in found.items() if len(decisions) > 1]
        self.lost    += len(lost)
        self.doubled += len(doubled)
        if lost or doubled:
            raise Failure(f"lost: {lost[:5]}, doubled: {doubled[:5]}")

    def check_answers(self, acknowledged):
        """Over HTTP: each is read, and the same key again answers with the same decision."""
        preview = self.caller("preview")
        some = self.random.sample(sorted(acknowledged.items()),
                                  min(READ_AGAIN, len(acknowledged)))
        for account, (decision, sha256, is_keyed) in some:
            answers = [preview.ask("GET", "/v1/decisions/" + decision)]
            if is_keyed:
                answers.append(preview.ask("POST", "/v1/penalties", question(account),
                                           Idempotency_Key=account))
            for status, _, text in answers:
                answer = json.loads(text)
                if status not in (200, 201) or answer["decision"]["id"] != decision or \
                        answer["audit"]["record_sha256"] != sha256:
                    raise Failure(f"{decision} reads {status}: {text[:300]!r}")
        preview.close()

    def check_log(self, *more):
        """All that was written is in the log, and the log verifies from outside."""
        sql = ("SELECT count(*) FROM (SELECT FROM audit.body UNION ALL SELECT FROM audit.event) x")
        def is_integrated():
            return (self.postgres.number("SELECT size FROM audit.head") ==
                    self.postgres.number(sql) ==
                    json.loads(self.caller("audit").ask("GET", "/log/checkpoint")[2]
                               .split(b"\n")[1]))
        wait_until(is_integrated, INTEGRATED_S_MAX, "the log holds everything", 0.1)
        done = self.service.run("verify", f"http://127.0.0.1:{self.service.port}", "--key",
                                os.path.join(self.state, "log.key.pub"), "--token-file",
                                os.path.join(self.state, "keys"), "--state",
                                os.path.join(self.state, "verified"), "--quiet", *more)
        if done.returncode:
            raise Failure("verify: " + done.stderr)

    def check_whole(self):
        """Once, in the end: everything again, and the check that the service makes once a day."""
        self.check_log("--full")
        program = os.path.join(self.build, "tests/faults/log_check")
        done = subprocess.run([program, self.url(True), os.path.join(self.state, "log.key.pub")], check=False,
                              capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise Failure("the daily check: " + done.stderr)
        self.service.stop()
