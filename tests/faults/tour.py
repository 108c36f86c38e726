"""One request of each kind, in order; each is asked again until it is done."""
import json
import time

from load import STATE, Caller, question
from machine import Failure

REFUSALS = (429, 500, 503)                     # nothing was done, or it is not known: ask again
TOO_EARLY = (b'"key_in_flight"', b'"not_integrated"')
AGAIN_S = 0.01
STEP_S_MAX = 20


def now():
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"


def reports(price):
    return [{"source": source, "price": price, "observed_at": now()} for source in "abc"]


class Tour:
    """On a scene. `refused` counts what was refused or, status 0, not answered."""
    def __init__(self, scene, answer_s_max):
        self.scene, self.ledger = scene, scene.ledger
        self.callers = {role: Caller(scene.service.port, key, answer_s_max)
                        for role, key in scene.keys.items()}
        self.tag = ""
        self.refused = {}
        self.decision = None              # of the first tour: it is in the log

    def ask(self, wanted, role, method, path, body=None, **more):
        """Asks until the answer is `wanted`; what is neither that nor a refusal is a Failure."""
        deadline = time.monotonic() + STEP_S_MAX
        for attempt in range(1 << 30):
            self.scene.revive()
            try:
                status, headers, text = self.callers[role].ask(
                    method, path, body(attempt) if callable(body) else body, **more)
            except OSError:
                status, headers, text = 0, {}, b""
            if status == wanted:
                break
            is_early = status == 409 and any(code in text for code in TOO_EARLY)
            if status and status not in REFUSALS and not is_early:
                raise Failure(f"{method} {path}: {status} {text[:400]!r}")
            if time.monotonic() > deadline:
                raise Failure(f"{method} {path}: {status} for {STEP_S_MAX} s")
            self.refused[status] = self.refused.get(status, 0) + 1
            time.sleep(AGAIN_S)
        return headers, text

    def decide(self, path, name, is_keyed, **more):
        """Without a key, what was not answered may have been recorded: another attempt is another
        account's."""
        asked = []
        def body(attempt):
            asked.append(f"{self.tag}-{name}" + ("" if is_keyed else str(attempt)))
            return question(asked[-1]) | more
        _, text = self.ask(201, "preview", "POST", path, body,
                           Idempotency_Key=f"{self.tag}-{name}" if is_keyed else None)
        answer = json.loads(text)
        self.ledger.acknowledge(asked[-1], is_keyed, answer)
        return answer["decision"]["id"]

    def decide_many(self):
        accounts = [f"{self.tag}-many{i}" for i in range(3)]
        body = {"market": "eth-usd", "state": STATE,
                "items": [{"account": question(account)["account"]} for account in accounts]}
        _, text = self.ask(201, "preview", "POST", "/v1/previews/batch", body,
                           Idempotency_Key=self.tag + "-many")
        for account, item in zip(accounts, json.loads(text)["items"]):
            self.ledger.acknowledge(account, False, item["preview"])

    def feed(self):
        """What was not answered may have been taken: another attempt is a later snapshot."""
        def body(_):
            return {"observed_at": now(), "volatility": {"ETH": "0.8", "BTC": "0.6"},
                    "prices": {"ETH": reports("2000"), "USDC": reports("1"),
                               "BTC": reports("60000")}}
        self.ask(200, "feed", "PUT", "/v1/markets/eth-usd/snapshot", body)

    def propose(self):
        headers, _ = self.ask(200, "preview", "GET", "/v1/markets/eth-usd/parameters")
        body = {"market": "eth-usd", "base_version": 1, "rationale": self.tag,
                "patch": {"assets": {"ETH": {"threshold": "0.82"}}}}
        headers, text = self.ask(201, "propose", "POST", "/v1/proposals", body,
                                 If_Match=headers["ETag"], Idempotency_Key=self.tag + "-p")
        proposal = "/v1/proposals/" + json.loads(text)["id"]
        self.ask(201, "propose", "POST", proposal + "/cancellation", {}, If_Match=headers["ETag"],
                 Idempotency_Key=self.tag + "-c")

    def read(self, decision):
        for role, path in (
                ("preview", "/v1/decisions/" + decision),
                ("audit", f"/v1/decisions/{decision}/replay"),
                ("audit", "/v1/decisions?limit=2"),
                ("audit", "/v1/decisions/export?from=" + now()),
                ("audit", "/log/records?from=0&count=3"),
                ("preview", "/log/checkpoint"),
                ("preview", "/log/tile/0/000.p/5"),
                ("preview", "/v1/markets"),
                ("preview", "/v1/proposals?limit=1"),
                ("preview", "/metrics"),
                ("preview", "/readyz")):
            self.ask(200, role, "GET", path)
        if self.decision:
            self.ask(200, "audit", "GET", f"/v1/decisions/{self.decision}/proof")

    def go(self, tag):
        self.tag = tag
        decision = self.decide("/v1/penalties", "penalty", True)
        self.decide("/v1/previews", "preview", False, workings=True)
        self.decide_many()
        self.feed()
        self.propose()
        self.read(decision)
        self.decision = self.decision or decision
