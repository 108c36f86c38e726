"""Who may read a record, by every path that gives one out: the caller who made it, and auditors."""
import json

from load import question
from machine import Failure
from scene import Scene

CANARY = "canary-account-7f3a"
ROLES  = ["preview", "feed", "propose", "approve", "guard", "audit", "admin", None]


def paths_of(decision, snapshot, index):
    """path, and the roles (beside the one who asked) that may see what it gives."""
    auditors = {"audit"}
    return [(f"/v1/decisions/{decision}", auditors),
            (f"/v1/decisions/{decision}/proof", auditors),
            (f"/v1/decisions/{decision}/replay", auditors),
            ("/v1/decisions", auditors),
            (f"/v1/decisions?account={CANARY}", auditors),
            ("/v1/decisions/export", auditors),
            ("/v1/decisions/export?documents=true", auditors),
            ("/log/records?from=0&count=100", auditors),
            (f"/log/records/{index}", auditors),
            (f"/log/tile/entries/000.p/{index + 1}", None),
            (f"/log/proof/inclusion?index={index}", None),
            (f"/log/proof/{index}.tlog-proof", None),
            ("/log/checkpoint", None), ("/metrics", None), ("/readyz", None), ("/version", None),
            ("/v1/markets", None), ("/v1/markets/eth-usd", None),
            ("/v1/markets/eth-usd/parameters", None)]


def check(build, template, directory):
    # a second key of the role preview, of another holder
    scene = Scene(build, template, directory, is_embedded=True)
    made = scene.service.run("key", "create", "--role", "preview", "--holder", "another")
    if made.returncode:
        raise Failure("key create: " + made.stderr)
    scene.keys["another"] = made.stdout.split()[-1]
    owner = scene.caller("preview")
    asked = question(CANARY)
    status, _, text = owner.ask("POST", "/v1/previews", asked, Idempotency_Key="one")
    if status != 201:
        raise Failure(f"preview: {status} {text[:300]}")
    answer = json.loads(text)
    decision, snapshot = answer["decision"]["id"], answer["decision"]["snapshot_sha256"]
    salt = answer["audit"]["salt"]
    scene.check_log()
    index = json.loads(owner.ask("GET", f"/v1/decisions/{decision}/proof")[2])["proof"]["leaf_index"]
    leaks, seen, refused = [], 0, 0
    callers = {role: scene.caller(role) for role in ROLES if role} | {"another": scene.caller("another")}
    scene.keys["nobody"] = None
    callers["nobody"] = scene.caller("nobody")
    for path, may in paths_of(decision, snapshot, index):
        for role, caller in callers.items():
            status, headers, text = caller.ask("GET", path)
            shows = CANARY.encode() in text or salt.encode() in text or (
                status == 200 and path.endswith("/replay"))
            is_own = role == "preview" and f"/{decision}" in path
            if shows and not is_own and role not in (may or set()):
                leaks.append(f"{role} {path}: {status} {text[:120]!r}")
            if may and (is_own or role in may):
                seen += 1
                if status != 200:
                    leaks.append(f"{role} cannot read {path}: {status} {text[:200]!r}")
            elif may:
                refused += 1
                if status not in (401, 403, 404):
                    leaks.append(f"{role} {path}: {status}, not refused")
    # the same idempotency key, and the same body, of another caller: a decision of their own
    status, headers, text = callers["another"].ask("POST", "/v1/previews", asked, Idempotency_Key="one")
    if status != 201 or headers["Idempotent-Replayed"] or json.loads(text)["decision"]["id"] == decision:
        leaks.append(f"another's idempotency key: {status} {text[:200]!r}")
    # the state of the request, by its hash, which says nothing of who asked: for the role preview,
    # which nobody has here, too, and for auditors
    for role, caller in callers.items():
        status, _, text = caller.ask("GET", f"/v1/snapshots/{snapshot}")
        if role not in ("preview", "another", "audit", "nobody") and status == 200:
            leaks.append(f"{role} reads the state of a request")
    # the version: for who has a key, and on the machine itself
    for role, more, wanted in (("nobody", {}, 200), ("nobody", {"X_Forwarded_For": "192.0.2.1"}, 401),
                               ("nobody", {"Host": "risk.example"}, 401),
                               ("feed", {"X_Forwarded_For": "192.0.2.1"}, 200)):
        status, headers, _ = callers[role].ask("GET", "/version", **more)
        if status != wanted or headers["Server"]:
            leaks.append(f"{role} {more} is told the version: {status}")
    # a batch: each record is its caller's
    batch = {"market": "eth-usd", "state": asked["state"], "items": [{"account": asked["account"]}]}
    status, _, text = owner.ask("POST", "/v1/previews/batch", batch)
    item = json.loads(text)["items"][0]
    of_batch = (item.get("preview") or item)["decision"]["id"]
    for role in ("another", "feed", "approve", "admin"):
        if callers[role].ask("GET", f"/v1/decisions/{of_batch}")[0] == 200:
            leaks.append(f"{role} reads a decision of a batch")
    if owner.ask("GET", f"/v1/decisions/{of_batch}")[0] != 200:
        leaks.append("the caller of a batch cannot read it")
    scene.service.stop()
    scene.close()
    if leaks:
        raise Failure("\n".join(leaks))
    return f"{seen} reads allowed, {refused} refused"
