"""Clients that ask for previews without a pause. Each has keys of its own for repetitions, sends what was not answered
again with the same key to the other instance, and remembers what was acknowledged, and when it was refused."""
import http.client
import json
import random
import threading
import time
import uuid

from instance import CALL_S_MAX
from question import fields, preview

RETRY_PAUSE_S = 0.02
TWICE_ONE_IN = 10


class Load:
    def __init__(self, instances, key, clients=8):
        self.instances = instances
        self.key = key
        self.lock = threading.Lock()
        self.acknowledged = {}                # idempotency key: decision
        self.numbers = {}                     # idempotency key: which request it was
        self.errors = []                      # time, instance, status
        self.answers = []                     # time, instance
        self.faults = []                      # what must never be
        self.twice = 0
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(clients)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        """What has begun is asked for until it is answered."""
        self.is_over.set()
        for thread in self.threads:
            thread.join(4 * CALL_S_MAX)
        if any(thread.is_alive() for thread in self.threads):
            self.faults.append("a client never got its answer")

    def run(self, seed):
        source = random.Random(seed)
        connections = [http.client.HTTPConnection("127.0.0.1", instance.port, timeout=CALL_S_MAX)
                       for instance in self.instances]
        while not self.is_over.is_set():
            key, number = str(uuid.uuid4()), source.randrange(1 << 30)
            with self.lock:
                self.numbers[key] = number
            if source.randrange(TWICE_ONE_IN):
                self.ask(connections, source.randrange(len(connections)), key, number)
            else:
                self.ask_twice(connections, key, number)
        for connection in connections:
            connection.close()

    def ask_once(self, connections, which, key, number):
        """The decision's id; None: refused for now."""
        status, body = self.instances[which].call("POST", "/v1/previews", preview(number),
                                                  fields(self.key, key), connections[which])
        now = time.monotonic()
        with self.lock:
            if status != 201:
                self.errors.append((now, which, status, body[:300].decode("utf-8", "replace")))
                if status not in (0, 409, 503):
                    self.faults.append(f"status {status}: {body[:300]}")
                return None
            decision = json.loads(body)["decision"]["id"]
            if self.acknowledged.setdefault(key, decision) != decision:
                self.faults.append(f"key {key} gave {self.acknowledged[key]} and {decision}")
            self.answers.append((now, which))
            return decision

    def ask(self, connections, which, key, number):
        while not self.ask_once(connections, which, key, number):
            which = (which + 1) % len(connections)
            time.sleep(RETRY_PAUSE_S)

    def ask_twice(self, connections, key, number):
        """The same key to every instance at once."""
        others = [threading.Thread(target=self.ask, args=(connections, which, key, number), daemon=True)
                  for which in range(1, len(connections))]
        mine = [http.client.HTTPConnection("127.0.0.1", self.instances[0].port, timeout=CALL_S_MAX), *connections[1:]]
        for other in others:
            other.start()
        while not self.ask_once(mine, 0, key, number):
            time.sleep(RETRY_PAUSE_S)
        for other in others:
            other.join()
        mine[0].close()
        with self.lock:
            self.twice += 1

    def repeat(self, keys):
        """Again, to each instance, what was acknowledged before: the same id."""
        connections = [http.client.HTTPConnection("127.0.0.1", instance.port, timeout=CALL_S_MAX)
                       for instance in self.instances]
        for key in keys:
            for which in range(len(connections)):
                if not self.ask_once(connections, which, key, self.numbers[key]):
                    self.faults.append(f"key {key} was refused afterwards: {self.errors[-1]}")
        for connection in connections:
            connection.close()
