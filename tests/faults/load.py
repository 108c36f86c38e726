"""Clients that ask for decisions and remember what they were told."""
import http.client
import json
import threading
import time

ANSWER_S_MAX = 20
RETRY_S = 0.02
MAY_BE_ASKED_AGAIN = (409, 429, 503)      # 409: its first attempt is still being written
STATE = {"prices": {"ETH": "2000", "USDC": "1"}, "volatility": {"ETH": "0.8"}}


def question(account):
    return {"market": "eth-usd", "state": STATE,
            "account": {"id": account, "collateral": [{"asset": "ETH", "quantity": "10"}],
                        "debt": [{"asset": "USDC", "quantity": "12000"}]}}


class Caller:
    """One connection, opened again where it is gone. OSError: no answer."""
    def __init__(self, port, key, answer_s_max=ANSWER_S_MAX):
        self.port, self.key, self.answer_s_max = port, key, answer_s_max
        self.connection = None

    def ask(self, method, path, body=None, **more):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self.key:
            headers["Authorization"] = "Bearer " + self.key
        headers |= {name.replace("_", "-"): value for name, value in more.items() if value}
        try:
            if not self.connection:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                             timeout=self.answer_s_max)
            self.connection.request(method, path, headers=headers,
                                    body=None if body is None else json.dumps(body).encode())
            answer = self.connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except (OSError, http.client.HTTPException) as fault:
            self.close()
            raise OSError(str(fault)) from fault

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Ledger:
    """What was acknowledged, what was asked, and when."""
    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged = {}            # account: (decision's id, its record's hash, is keyed)
        self.count = 0                    # of all rounds
        self.times = []
        self.outage_s = 0
        self.wrong = []

    def acknowledge(self, account, is_keyed, answer):
        with self.lock:
            self.acknowledged[account] = (answer["decision"]["id"],
                                          answer["audit"]["record_sha256"], is_keyed)
            self.count += 1
            self.times.append(time.monotonic())

    def complain(self, what):
        with self.lock:
            self.wrong.append(what)

    def since(self, when):
        with self.lock:
            return sum(1 for time_s in self.times if time_s > when)

    def turn(self):
        """What this round acknowledged; its longest silence counts. The next round begins."""
        with self.lock:
            gaps = [after - before for before, after in zip(self.times, self.times[1:])]
            self.outage_s = max([self.outage_s, *gaps])
            acknowledged, self.acknowledged, self.times = self.acknowledged, {}, []
        return acknowledged


class Client(threading.Thread):
    """One question after the other; every second one has an idempotency key, and is asked until
    it is acknowledged."""
    def __init__(self, load, number):
        super().__init__(daemon=True)
        self.load, self.number = load, number
        self.caller = Caller(load.port, load.key)

    def run(self):
        for count in range(1 << 30):
            if self.load.is_stopping.is_set():
                break
            account = f"{self.load.tag}{self.number}-{count}"
            while not self.ask(account, account if count % 2 else None):
                time.sleep(RETRY_S)
                if not count % 2 or time.monotonic() > self.load.deadline:
                    break
        self.caller.close()

    def ask(self, account, key):
        """True: acknowledged."""
        try:
            status, headers, text = self.caller.ask("POST", "/v1/penalties", question(account),
                                                    Idempotency_Key=key)
        except OSError:
            return False
        if status == 201:
            answer = json.loads(text)
            if headers["Location"] != "/v1/decisions/" + answer["decision"]["id"]:
                self.load.ledger.complain(f"Location {headers['Location']}")
            self.load.ledger.acknowledge(account, key is not None, answer)
        elif status not in MAY_BE_ASKED_AGAIN or (status == 409 and not key):
            self.load.ledger.complain(f"{status}: {text[:300]!r}")
        return status == 201


class Load:
    """From its start to stop(), which waits until every question with a key is acknowledged."""
    def __init__(self, port, key, ledger, tag, clients, seconds_max):
        self.port, self.key, self.ledger, self.tag = port, key, ledger, tag
        self.deadline = time.monotonic() + seconds_max
        self.is_stopping = threading.Event()
        self.clients = [Client(self, number) for number in range(clients)]
        for client in self.clients:
            client.start()

    def stop(self):
        self.is_stopping.set()
        for client in self.clients:
            client.join(max(0.1, self.deadline + ANSWER_S_MAX - time.monotonic()))
            if client.is_alive():
                self.ledger.complain("a client hangs")

