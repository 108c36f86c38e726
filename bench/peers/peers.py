"""The peers: two programs that do what `POST /v1/penalties` does on a market with the fixed rule,
and the document of that market, in both forms. Node: Fastify, pg, decimal.js. Go: net/http, pgx."""
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from service import START_S_MAX, end_with_parent, free_port

MARKET = "peers"
UNIT = {6: "0.000001", 8: "0.00000001", 18: "0.000000000000000001"}
ASSETS = {
    name: {"unit_places": places, "price_unit_places": 8, "threshold": threshold,
           "penalty_rate": rate}
    for name, places, threshold, rate in (("ETH", 18, "0.83", "0.05"),
                                          ("BTC", 8, "0.7825", "0.0625"),
                                          ("USDC", 6, "0.77", "0.045"))}
QUOTE_PLACES = 8

# Nothing that adapts, no dust, no split, no cut for slippage: what the peers do, and no more.
DOCUMENT = {
    "quote": {"asset": "USD", "unit": UNIT[QUOTE_PLACES]},
    "assets": {name: {"unit": UNIT[rules["unit_places"]],
                      "price_unit": UNIT[rules["price_unit_places"]],
                      "threshold": rules["threshold"], "penalty_rate": rules["penalty_rate"]}
               for name, rules in ASSETS.items()},
    "trigger": {"rule": "below"}, "close": {"rule": "full"}, "dust": {"rule": "none"},
    "penalty": {"rule": "fixed", "form": "bonus"}, "execution": {"slippage_tolerance_rate": "1"},
}
TABLE = """CREATE TABLE decisions (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    decided_at timestamptz NOT NULL DEFAULT now(), record text NOT NULL)"""


class Peer:
    """One program on a free port, with a database of its own in the PostgreSQL."""
    def __init__(self, name, command, postgres, pool):
        self.name, self.postgres, self.port = name, postgres, free_port()
        postgres.ask(f"CREATE DATABASE {name}")
        postgres.ask(TABLE, name)
        market = os.path.join(postgres.temporary.name, name + "-market.json")
        with open(market, "w", encoding="utf-8") as file:
            json.dump({"quote_places": QUOTE_PLACES, "assets": ASSETS}, file)
        url = f"{postgres.url(name)} pool_max_conns={pool}"
        self.process = subprocess.Popen(
            [*command[:1], *command[1], str(self.port), url, market, *command[2]],
            stdin=subprocess.PIPE, preexec_fn=end_with_parent())
        try:
            self.wait_ready()
        except BaseException:
            self.close()
            raise

    def wait_ready(self):
        for _ in range(START_S_MAX * 10):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5)
            except urllib.error.HTTPError:
                return
            except OSError:
                if self.process.poll() is not None:
                    break
            time.sleep(0.1)
        sys.exit(f"the peer {self.name} is not ready")

    def rows(self):
        return int(self.postgres.ask("SELECT count(*) FROM decisions", self.name))

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def fastify(postgres, processes=2, pool=16):
    """Of one process, or clustered."""
    modules = os.path.join(HERE, "node", "node_modules")
    lock = os.path.join(HERE, "node", "package-lock.json")
    mark = os.path.join(modules, ".package-lock.json")
    if not os.path.exists(mark) or os.path.getmtime(mark) < os.path.getmtime(lock):
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--prefix",
                        os.path.join(HERE, "node")], check=True, stdout=sys.stderr)
    return Peer(f"fastify_{processes}", ["node", [os.path.join(HERE, "node", "server.js")], [str(processes)]],
                postgres, pool // processes)


def net_http(build, postgres, pool=16):
    program = os.path.abspath(os.path.join(build, "bench", "go-peer"))
    cache = os.path.abspath(os.path.join(build, "bench", "go-cache"))
    subprocess.run(["go", "build", "-o", program, "."], check=True, cwd=os.path.join(HERE, "go"),
                   env=os.environ | {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode",
                                     "GOFLAGS": "", "GOCACHE": cache})
    return Peer("net_http", [program, [], []], postgres, pool)
