"""What the tests ask: a market of the sample's rules, without a delay, and previews of it."""
import json
import os
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
MARKET = "eth-usd"
STATE = {
    "prices": {"ETH": "2000", "USDC": "1"}, "volatility": {"ETH": "0.8"},
    "depth": {"ETH": [{"venue": "book", "kind": "book", "fee_rate": "0.001",
                       "bids": [["1999.5", "3.2"], ["1999", "8"], ["1997", "20"]], "asks": [["2000.5", "4"]]}]},
}


def rules():
    with open(os.path.join(HERE, "../../migrations/samples/eth-usd.json"), encoding="utf-8") as file:
        document = json.load(file)["parameters"]
    document["governance"] = {"approvals_required": 1, "delay_s": 0}
    return document


def preview(number):
    return json.dumps({
        "market": MARKET,
        "account": {"id": f"acct-{number}", "collateral": [{"asset": "ETH", "quantity": "10"}],
                    "debt": [{"asset": "USDC", "quantity": str(12000 + number % 4000)}]},
        "state": STATE,
    }).encode()


def make_key(instance, roles, holder):
    """A key's secret: the first line that `breakwater key create` prints."""
    status, output = instance.command("key", "create", "--role", roles, "--holder", holder)
    secret = next((line for line in output.splitlines() if line.startswith("bw_")), None)
    if status or not secret:
        raise RuntimeError(f"no key: {output}")
    return secret


def fields(key, idempotency_key=None, more=None):
    headers = {"Authorization": f"Bearer {key}"}
    if idempotency_key:
        headers["Idempotency-Key"] = idempotency_key
    return headers | (more or {})


def post(instance, path, body, headers, expected):
    status, answer = instance.call("POST", path, body, headers)
    if status != expected:
        raise RuntimeError(f"POST {path}: {status} {answer.decode()[:500]}")
    return json.loads(answer)


def make_market(instance):
    """By a proposal and its approval, as any market is made."""
    proposer, approver = make_key(instance, "propose", "ann"), make_key(instance, "approve", "bob")
    any_tag = {"If-Match": "*"}
    proposal = post(instance, "/v1/proposals",
                    {"market": MARKET, "base_version": 0, "patch": rules(), "rationale": "The tests need a market"},
                    fields(proposer, str(uuid.uuid4()), any_tag), 201)
    post(instance, f"/v1/proposals/{proposal['id']}/approvals", {"document_sha256": proposal["document_sha256"]},
         fields(approver, str(uuid.uuid4()), any_tag), 201)
    deadline = time.monotonic() + 20
    while instance.call("GET", f"/v1/markets/{MARKET}")[0] != 200:
        if time.monotonic() > deadline:
            raise RuntimeError("the market was not made")
        time.sleep(0.1)
