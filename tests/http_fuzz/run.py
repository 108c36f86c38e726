#!/usr/bin/env python3
"""The service against openapi.yaml: requests that are good, nearly good, and hostile.

usage: tests/http_fuzz/run.py BUILD [--seconds N] [--seed N]

Every operation that the document has, with bodies, parameters and header fields made from its schemas
and examples, in the same order for the same seed. What must hold: the status is one that the document
names; the answer is what its schema says; a body that its schema does not take is refused; nothing is
500, hangs, or ends without an answer, unless it was no HTTP; and the service lives, ends well when it
is asked to, and neither it nor a sanitizer has anything to report. Exit status 1 otherwise. Prints how
often each operation was answered with which status.
"""
import argparse
import collections
import http.client
import json
import os
import random
import re
import socket
import subprocess
import sys
import time

import yaml

import hostile
from schema import EDGES, Schemas, spoil

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))
from service import Service                                          # noqa: E402


class Asked(Service):
    """Its log is read; and a key more than it makes by itself."""
    def __init__(self, build):
        super().__init__(build, {"BREAKWATER_LOG": "requests"})
        made = subprocess.run(
            [os.path.join(build, "breakwater"), "key", "create", "--role", "preview,propose", "--holder", "fuzz"],
            env=dict(os.environ, BREAKWATER_STATE=self.state), check=True, capture_output=True, text=True)
        self.keys["preview,propose"] = made.stdout.strip()


ANSWER_S_MAX = 30
LINES_SHOWN = 20
BODY_BYTES_MAX = 64 << 20
METHODS = ("get", "put", "post", "delete")
# Before it is known which operation is asked, a request may be refused with these.
ALWAYS = {400, 404, 405, 414, 431}
NAMES = ["ETH", "BTC", "USDC", "WETH", "X"]
HEADERS = {"If-Match": ["*", '"0"', '"1-x"', "", '"' + "a" * 300 + '"'],
           "Idempotency-Key": ["", "a", "\x01", "k" * 256],
           "If-None-Match": ["*", '"x"', ""], "Accept": ["text/csv", "text/markdown", "text/plain", "*/*;q=0"],
           "Last-Event-ID": ["0", "1", "x", "99999999999999999999"], "Prefer": ["receipt", "wait=9"],
           "traceparent": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x"]}


class Found(Exception):
    """What does not hold."""


class Operation:
    def __init__(self, schemas, method, path, item):
        self.method, self.path, self.name = method.upper(), path, item["operationId"]
        self.parameters = [schemas.resolve(each) for each in item.get("parameters", [])]
        self.responses = {int(status): schemas.resolve(answer) for status, answer in item["responses"].items()}
        self.roles = [role for way in item.get("security", []) for role in way.get("key", [])]
        body = item.get("requestBody", {}).get("content", {}).get("application/json", {})
        self.body = body.get("schema")
        self.examples = [schemas.resolve(each)["value"] for each in body.get("examples", {}).values()]


class Fuzzer:
    def __init__(self, service, document, seed):
        self.service, self.random = service, random.Random(seed)
        self.schemas = Schemas(document)
        self.operations = [Operation(self.schemas, method, path, item[method])
                           for path, item in document["paths"].items() for method in METHODS if method in item]
        self.seen = collections.Counter()
        self.counts = collections.Counter()
        self.known = {"market": ["eth-usd", "btc-usd-perp"], "name": ["breakwater", "aave-v3"],
                      "slug": ["not-json", "invalid"], "index": ["0", "1", "2"], "size": ["1", "2"],
                      "rest": ["0/000.p/1", "entries/000.p/1", "0/000"]}
        self.tags = {}
        self.documents = {}
        self.made = 0
        self.connection = None

    # what is asked

    def argument(self, parameter, is_good):
        name = parameter["name"]
        if not is_good and self.random.random() < 0.3:
            return self.random.choice(["%00", "%zz", "..", "a" * 70, "%ff", "-1", "99999999999999999999", "'", "%2F"])
        if self.known.get(name) and self.random.random() < 0.9:
            return self.random.choice(self.known[name][-20:])
        return http_quoted(str(self.schemas.make(parameter["schema"], self.random, NAMES)))

    def target(self, operation, is_good):
        path, query = operation.path, []
        for parameter in operation.parameters:
            if parameter["in"] == "path":
                path = re.sub(r"\{%s\*?\}" % re.escape(parameter["name"]),
                              lambda _, each=parameter: self.argument(each, is_good), path)
            elif parameter["in"] == "query" and (parameter.get("required") or self.random.random() < 0.3):
                value = self.schemas.make(parameter["schema"], self.random, NAMES)
                if not is_good and self.random.random() < 0.5:
                    value = self.random.choice(EDGES)
                text = json.dumps(value) if not isinstance(value, str) else value
                query.append(f"{parameter['name']}={http_quoted(text)}")
        if not is_good and self.random.random() < 0.1:
            query.append(self.random.choice(["x=1", "limit=1&limit=2", "%", "a=%ff", "=", "&"]))
        return path + ("?" + "&".join(query) if query else "")

    def header(self, operation, target, is_good):
        fields = {}
        role = self.random.choice(operation.roles) if operation.roles else None
        if role == "preview":                 # may also give rules of its own
            role = "preview,propose"
        if role and self.random.random() < 0.97:
            fields["Authorization"] = "Bearer " + self.service.keys.get(role, "")
        if not is_good and self.random.random() < 0.1:
            fields["Authorization"] = self.random.choice(["Bearer x", "Basic x", "", *(
                "Bearer " + key for key in self.service.keys.values())])
        for parameter in operation.parameters:
            if parameter["in"] != "header" or (is_good and not parameter.get("required")
                                               and self.random.random() < 0.7):
                continue
            if is_good or self.random.random() < 0.6:
                value = str(parameter.get("example", "a"))
            else:
                value = self.random.choice(HEADERS.get(parameter["name"], [""]))
            if parameter["name"] == "Idempotency-Key" and is_good:
                self.made += 1
                value = f"fuzz-{self.made if self.random.random() < 0.9 else 1}"
            if parameter["name"] == "If-Match" and is_good:
                value = self.tags.get(target.split("?")[0].rsplit("/", 1)[0], "*")
            if parameter["name"] == "Accept" and is_good and self.random.random() < 0.5:
                value = self.random.choice(["application/json", "text/markdown", "text/csv", "text/plain"])
            fields[parameter["name"]] = value
        return fields

    def good_body(self, operation):
        if operation.examples and self.random.random() < 0.6:
            return self.random.choice(operation.examples)
        body = self.schemas.make(operation.body, self.random, NAMES)
        if "document_sha256" in body and self.documents:
            body["document_sha256"] = self.random.choice(list(self.documents.values())[-5:])
        if operation.name == "createProposal" and self.random.random() < 0.5:
            self.made += 1
            body = {"market": f"fuzz-{self.made}", "base_version": 0, "rationale": "to see what happens",
                    "patch": self.rules} if self.random.random() < 0.5 else \
                   {"market": self.random.choice(self.known["market"]), "base_version": 1, "rationale": "likewise",
                    "patch": spoil({"assets": {"ETH": {"threshold": "0.82"}}}, self.random)}
        if operation.name == "putSnapshot":
            now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + ".%03dZ" % (time.time() * 1000 % 1000)
            body = {"observed_at": now, "volatility": {"ETH": "0.8"},
                    "prices": {name: [{"source": source, "price": price, "observed_at": now} for source in "abc"]
                               for name, price in (("ETH", "2000"), ("BTC", "60000"), ("USDC", "1"))}}
        return body

    @property
    def rules(self):
        return {**self.own_rules, "governance": {"approvals_required": 1, "delay_s": 0}}

    # what is answered

    def ask(self, operation, target, fields, data, is_head=False):
        """Status, header and bytes of one request on the connection that is kept."""
        is_new = self.connection is None
        if is_new:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=ANSWER_S_MAX)
        method = "HEAD" if is_head else operation.method
        try:
            self.connection.request(method, target, body=data, headers={
                name: value.encode("latin-1", "replace") for name, value in fields.items()})
            answer = self.connection.getresponse()
            is_stream = answer.getheader("Content-Type", "").startswith("text/event-stream")
            content = b"" if is_stream else answer.read(BODY_BYTES_MAX)
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            self.connection = None
            if not is_new and isinstance(error, ConnectionError):
                self.counts["closed between two requests"] += 1      # as any server may
                return self.ask(operation, target, fields, data, is_head)
            raise Found(f"{method} {target}: no answer: {error!r}") from error
        if is_stream or answer.getheader("Connection") == "close":
            self.connection.close()
            self.connection = None
        return answer, content

    def check(self, operation, answer, content, what):
        """The document's word for the answer."""
        status = answer.status
        self.seen[operation.name, status] += 1
        if status not in operation.responses and status not in ALWAYS:
            raise Found(f"{what}: {status} is not documented: {content[:300]}")
        if status == 500:
            raise Found(f"{what}: 500")
        if status in (429, 503) and operation.name != "getReadyz" and not answer.getheader("Retry-After"):
            raise Found(f"{what}: {status} without Retry-After")
        offers = operation.responses.get(status, {}).get("content", {})
        kind = answer.getheader("Content-Type", "").split(";")[0]
        if status >= 400 and operation.name != "getReadyz":
            offers = offers or {kind: {"schema": {"$ref": "#/components/schemas/Problem"}}}
            if kind != "application/problem+json":
                raise Found(f"{what}: {status} as {kind}")
        if content and offers and kind not in offers:
            raise Found(f"{what}: {kind} is not documented")
        if content and re.search(r"[/+]json$", kind) and "schema" in offers.get(kind, {}):
            try:
                value = json.loads(content.decode("utf-8"))
            except ValueError as error:
                raise Found(f"{what}: the answer is no JSON: {error}: {content[:400]!r}") from error
            why = self.schemas.check(offers[kind]["schema"], value, False)
            if why:
                raise Found(f"{what}: the answer is not as documented: {why}")

    def learn(self, operation, answer, content, target):
        """Names to ask for later."""
        if operation.name == "createProposal" and answer.status == 201:
            made = json.loads(content)
            self.known.setdefault("proposal", []).append(made["id"])
            self.documents[made["id"]] = made["document_sha256"]
        if answer.getheader("ETag"):
            place = answer.getheader("Location") or target.split("?")[0]
            self.tags[place] = answer.getheader("ETag")
        if answer.status == 201 and b'"decision"' in content:
            for name in re.findall(rb'"id":"(dec_[^"]*)"', content)[:1]:
                self.known.setdefault("decision", []).append(name.decode())
            for name in re.findall(rb'"snapshot_sha256":"([0-9a-f]{64})"', content)[:1]:
                self.known.setdefault("sha256", []).append(name.decode())

    # one request of each kind

    def documented(self, operation, is_good):
        target = self.target(operation, is_good)
        fields = self.header(operation, target, is_good)
        data, why = None, None
        if operation.body:
            body = self.good_body(operation)
            for _ in range(0 if is_good else self.random.randrange(1, 3)):
                body = spoil(body, self.random)
            why = self.schemas.check(operation.body, body, True)
            data = json.dumps(body, ensure_ascii=self.random.random() < 0.5).encode("utf-8", "surrogatepass")
            fields["Content-Type"] = "application/json"
        is_head = operation.method == "GET" and self.random.random() < 0.05
        answer, content = self.ask(operation, target, fields, data, is_head)
        fields.pop("Authorization", None)
        what = f"{operation.method} {target} {fields} {(data or b'')[:2000]}"
        self.check(operation, answer, content, what)
        if why and answer.status < 400:
            raise Found(f"{what}: taken, but {why}")
        if is_head and content:
            raise Found(f"{what}: HEAD has a body")
        self.counts["refused by the schema, and refused" if why else "taken by the schema"] += 1
        self.counts["taken by the schema, and 400"] += not why and bool(data) and answer.status == 400
        self.learn(operation, answer, content, target)

    def bad_http(self):
        good = next(each for each in self.operations if each.name == "createPreview").examples
        for data, is_answered in hostile.requests(self.random, good):
            self.counts["hostile"] += 1
            received = self.exchange(data, ends=not is_answered)
            status = re.match(rb"HTTP/1\.[01] ([0-9]{3}) ", received)
            if is_answered and not status:
                raise Found(f"{data[:300]!r}: no answer: {received[:100]!r}")
            if received and not status:
                raise Found(f"{data[:300]!r}: no HTTP: {received[:100]!r}")
            if status:
                self.seen["(hostile)", int(status[1])] += 1
            for number in re.findall(rb"(?:^|\r\n\r\n)HTTP/1\.[01] (5[0-9]{2}) ", received):
                if number not in (b"501", b"503", b"505"):
                    raise Found(f"{data[:300]!r}: {number.decode()}")

    def exchange(self, data, ends):
        """All that is answered until the connection is closed. ends: no more will come, as TCP says it;
        libmicrohttpd takes that for the end of the connection, and may not answer."""
        received = bytearray()
        with socket.create_connection(("127.0.0.1", self.service.port), timeout=ANSWER_S_MAX) as stream:
            try:
                stream.sendall(data)
                if ends:
                    stream.shutdown(socket.SHUT_WR)
            except OSError:
                pass                          # refused before it was all read
            try:
                while part := stream.recv(1 << 16):
                    received += part
            except TimeoutError as error:
                raise Found(f"{data[:300]!r}: hangs") from error
            except OSError:
                pass
        return bytes(received)

    def run(self, seconds):
        until = time.monotonic() + seconds
        own = next(each for each in self.operations if each.name == "createPreview").examples
        self.own_rules = next(each["parameters"] for each in own if "parameters" in each)
        while time.monotonic() < until:
            for operation in self.operations:
                for _ in range(3 if operation.body else 1):
                    self.documented(operation, is_good=True)
                    self.documented(operation, is_good=False)
                if self.service.process.poll() is not None:
                    raise Found("the service ended")
                if time.monotonic() > until:
                    break
            for _ in range(8):
                self.bad_http()

    def report(self):
        for operation in [each.name for each in self.operations] + ["(hostile)"]:
            statuses = {status: count for (name, status), count in sorted(self.seen.items()) if name == operation}
            print(f"{operation:24}", *(f"{status}: {count}" for status, count in statuses.items()))
        documented = {(each.name, status) for each in self.operations for status in each.responses}
        print(f"{sum(self.seen.values())} requests; {len(documented & set(self.seen))} of {len(documented)} documented "
              "answers were seen; " + ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items())))


def http_quoted(text):
    return "".join(chr(byte) if chr(byte).isalnum() and byte < 128 or chr(byte) in "-._:/" else f"%{byte:02X}"
                   for byte in text.encode("utf-8", "surrogatepass"))


def last_lines(service):
    service.output.seek(0)
    return service.output.readlines()[-LINES_SHOWN:]


def check_output(service):
    """What the service and a sanitizer wrote."""
    service.output.seek(0)
    for line in service.output.read().splitlines():
        if re.search(r"Sanitizer|runtime error|Assertion|\"status\":500|\"level\":\"error\"", line):
            raise Found(f"the service says: {line}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with open(os.path.join(ROOT, "openapi.yaml"), encoding="utf-8") as file:
        document = yaml.safe_load(file)
    service = Asked(given.build)
    fuzzer = Fuzzer(service, document, given.seed)
    try:
        fuzzer.run(given.seconds)
        service.process.terminate()
        if service.process.wait(60):
            raise Found(f"the service ended with {service.process.returncode}")
        check_output(service)
    except Found as found:
        fuzzer.report()
        print("http_fuzz: the service's last lines:\n" + "".join(last_lines(service)), file=sys.stderr)
        print(f"http_fuzz: {found}", file=sys.stderr)
        return 1
    finally:
        service.close()
    fuzzer.report()
    return 0


if __name__ == "__main__":
    sys.exit(main())
