#!/usr/bin/env python3
"""A verifier of the log that shares nothing with the service: Python's standard library only, written
from RFC 6962, RFC 8032, C2SP (tlog-tiles, tlog-checkpoint, signed-note, tlog-proof) and the log's own
specification. It checks every path, byte, header and cache rule that they give.

usage: verify.py URL VKEY_FILE [--token-file FILE] [--origin NAME] [--mirror DIR]

The token file holds an API key with the role audit, alone or on a line "audit KEY". Exit status: 0,
all checks passed; 1, one failed, and its name is the last line; 2, it was misused. A mirror holds
what was fetched, by its paths, and all lines of records in DIR/log/records."""

import argparse
import base64
import hashlib
import http.client
import json
import os
import sys
import urllib.parse

WIDTH = 256
FOR_EVER = "public, max-age=31536000, immutable"
INVALID_PATHS = [
    "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/64/000", "tile/-1/000",
    "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p",
    "tile/0/x000/000", "tile/0/x000", "tile/0/001/002", "tile/0/x001/x002", "tile/0/1", "tile/0",
    "tile/", "tile/entries/0", "tile/entries/000/", "tile/0/000/", "tile/0/%30%30%30", "tile/x/000",
    "tile/0/000.p/1/", "tile/entries/000.p/-1",
]
checks = 0


class Wrong(Exception):
    """A check that failed."""


def must(is_so, check, detail=""):
    """One check: its name, and what was seen."""
    global checks
    checks += 1
    if not is_so:
        raise Wrong(f"{check}: {detail}")


# Ed25519, RFC 8032 section 5.1, verification only.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    """Points in extended coordinates (section 5.1.4)."""
    s = (a[1] - a[0]) * (b[1] - b[0]) % P
    t = (a[1] + a[0]) * (b[1] + b[0]) % P
    u = 2 * a[3] * b[3] * D % P
    v = 2 * a[2] * b[2] % P
    e, f, g, h = t - s, v - u, v + u, t + s
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    """By double and add."""
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def recover_x(y, sign):
    """Section 5.1.3; None: no such point."""
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def decompress(data):
    """A point of 32 bytes; None: it is none."""
    number = int.from_bytes(data, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def ed25519_verifies(public, message, signature):
    """Section 5.1.7."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, r = decompress(public), decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or r is None or s >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    left = multiply(s, BASE)
    right = add(r, multiply(int.from_bytes(digest, "little") % ORDER, key))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and \
           (left[1] * right[2] - right[1] * left[2]) % P == 0


def try_ed25519():
    """RFC 8032 section 7.1, test 2, and the same with one bit otherwise."""
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                              "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
    must(ed25519_verifies(public, b"\x72", signature), "own Ed25519", "a good signature")
    must(not ed25519_verifies(public, b"\x73", signature), "own Ed25519", "another message")


# The Merkle tree, RFC 6962 section 2.1.

def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(count):
    """The largest power of two below count."""
    return 1 << (count - 1).bit_length() - 1


def root_of(leaves):
    """MTH, by its definition."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(root_of(leaves[:k]), root_of(leaves[k:]))


def path_of(index, leaves):
    """PATH, section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return path_of(index, leaves[:k]) + [root_of(leaves[k:])]
    return path_of(index - k, leaves[k:]) + [root_of(leaves[:k])]


def consistency_of(first, leaves, is_whole=True):
    """SUBPROOF, section 2.1.2."""
    if first == len(leaves):
        return [] if is_whole else [root_of(leaves)]
    k = split(len(leaves))
    if first <= k:
        return consistency_of(first, leaves[:k], is_whole) + [root_of(leaves[k:])]
    return consistency_of(first - k, leaves[k:], False) + [root_of(leaves[:k])]


def encode(data):
    return base64.b64encode(data).decode()


class Log:
    """The service, asked over one connection."""

    def __init__(self, url, token, mirror=None):
        self.mirror = mirror
        self.url = urllib.parse.urlsplit(url)
        self.prefix = self.url.path.rstrip("/")
        self.token = token
        self.connection = None

    def ask(self, path, method="GET", headers=None):
        """Status, header fields (lower case), body."""
        if self.connection is None:
            kind = http.client.HTTPSConnection if self.url.scheme == "https" \
                else http.client.HTTPConnection
            self.connection = kind(self.url.netloc, timeout=30)
        self.connection.putrequest(method, f"{self.prefix}/log/{path}", skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            self.connection.putheader(name, value)
        self.connection.endheaders()
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.will_close:
            self.connection.close()
            self.connection = None
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    def keep(self, path, body):
        """For good, beside the others: a path that is a file is none of a folder's."""
        if self.mirror:
            name = os.path.join(self.mirror, "log", path)
            os.makedirs(os.path.dirname(name), exist_ok=True)
            with open(name, "ab" if path == "records" else "wb") as file:
                file.write(body)

    def get(self, path, check):
        status, headers, body = self.ask(path)
        must(status == 200, check, f"{path}: status {status}")
        if path == "checkpoint" or path.startswith("tile/"):
            self.keep(path, body)
        return headers, body

    def records(self, path):
        return self.ask(path, headers={"Authorization": f"Bearer {self.token}"})


def read_vkey(line):
    """name+hex key ID+base64(type || key)."""
    name, key_id, key = line.strip().split("+", 2)
    key = base64.b64decode(key, validate=True)
    must(key[:1] == b"\1" and len(key) == 33, "vkey type", line)
    wanted = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex()
    must(key_id == wanted, "vkey key ID", f"{key_id}, not {wanted}")
    return name, bytes.fromhex(key_id), key[1:]


def open_checkpoint(note, vkey):
    """Size and root of a signed note."""
    name, key_id, public = vkey
    text, blank, signatures = note.partition("\n\n")
    must(blank == "\n\n" and signatures.endswith("\n"), "checkpoint form", repr(note))
    text += "\n"
    lines = text.split("\n")
    must(len(lines) == 4, "checkpoint of three lines", repr(text))
    must(lines[0] == name, "checkpoint origin", lines[0])
    must(lines[1].isdigit() and str(int(lines[1])) == lines[1], "checkpoint size", lines[1])
    root = base64.b64decode(lines[2], validate=True)
    must(len(root) == 32 and encode(root) == lines[2], "checkpoint root", lines[2])
    found = 0
    for line in signatures[:-1].split("\n"):
        dash, signer, blob = line.split(" ")
        must(dash == "\u2014", "signature line", line)
        blob = base64.b64decode(blob, validate=True)
        if signer == name and blob[:4] == key_id:
            must(len(blob) == 68 and ed25519_verifies(public, text.encode(), blob[4:]),
                 "checkpoint signature", line)
            found += 1
    must(found == 1, "checkpoint signature", f"{found} of the key")
    return int(lines[1]), root


def check_checkpoint(log, vkey):
    headers, body = log.get("checkpoint", "checkpoint")
    must(headers.get("content-type") == "text/plain; charset=utf-8", "checkpoint media type",
         headers.get("content-type"))
    must(headers.get("cache-control") == "no-cache", "checkpoint cache rule",
         headers.get("cache-control"))
    must(headers.get("access-control-allow-origin") == "*", "checkpoint for browsers", headers)
    return open_checkpoint(body.decode(), vkey), body.decode()


def check_vkey(log, line):
    headers, body = log.get("vkey", "vkey")
    must(body.decode() == line.strip() + "\n", "vkey served", body)
    must(headers.get("content-type", "").startswith("text/plain"), "vkey media type", headers)


def number_path(number):
    """1234067 is x001/x234/067."""
    text = f"{number % 1000:03}"
    while number >= 1000:
        number //= 1000
        text = f"x{number % 1000:03}/{text}"
    return text


def tile_path(level, number, width):
    return f"tile/{level}/{number_path(number)}" + ("" if width == WIDTH else f".p/{width}")


def check_tile_headers(headers, path):
    must(headers.get("content-type") == "application/octet-stream", "tile media type",
         f"{path}: {headers.get('content-type')}")
    must(headers.get("cache-control") == FOR_EVER, "tile cache rule",
         f"{path}: {headers.get('cache-control')}")
    must(headers.get("access-control-allow-origin") == "*", "tile for browsers", path)
    must("content-encoding" not in headers, "tile not compressed", path)


def get_tile(log, level, number, width, item_bytes):
    path = tile_path(level, number, width)
    headers, body = log.get(path, "tile")
    check_tile_headers(headers, path)
    must(len(body) == width * item_bytes, "tile length", f"{path}: {len(body)}")
    return body


def read_entries(log, size):
    """All bundles."""
    entries = []
    for number in range((size + WIDTH - 1) // WIDTH):
        width = min(WIDTH, size - number * WIDTH)
        body = get_tile(log, "entries", number, width, 35)
        for i in range(width):
            must(body[35 * i:35 * i + 3] == b"\0\x21\1", "entry format", len(entries))
            entries.append(body[35 * i + 2:35 * i + 35])
    return entries


def check_tiles(log, leaves):
    """Each hash of each level, from the leaves' own."""
    level, hashes = 0, leaves
    while hashes:
        for number in range((len(hashes) + WIDTH - 1) // WIDTH):
            part = hashes[number * WIDTH:(number + 1) * WIDTH]
            body = get_tile(log, level, number, len(part), 32)
            for i, wanted in enumerate(part):
                must(body[32 * i:32 * i + 32] == wanted, "tile hash",
                     f"level {level}, hash {number * WIDTH + i}")
        hashes = [root_of(hashes[i:i + WIDTH]) for i in range(0, len(hashes) - WIDTH + 1, WIDTH)]
        level += 1


def check_partial_tiles(log, leaves):
    """Each width up to the published one is the tile's prefix; full tiles keep theirs."""
    for number in {0, (len(leaves) - 1) // WIDTH}:
        there = min(WIDTH, len(leaves) - number * WIDTH)
        for width in sorted({1, 2, there // 2, there - 1} - {0, -1}):
            body = get_tile(log, 0, number, width, 32)
            must(body == b"".join(leaves[number * WIDTH:number * WIDTH + width]),
                 "partial tile is a prefix", f"tile {number}, width {width}")


def check_refusals(log, size):
    """One name for one resource, and nothing that is not published (far off: the log may grow)."""
    beyond = [tile_path(0, size // WIDTH + 1000, 1), tile_path(0, size // WIDTH + 1000, WIDTH),
              tile_path("entries", size // WIDTH + 1000, 1), tile_path(7, 0, 1),
              f"checkpoint/{size + 100000}"]
    for path in INVALID_PATHS + beyond:
        status, headers, _ = log.ask(path)
        must(status in (400, 404), "name that is none", f"{path}: status {status}")
        must("max-age=31536000" not in headers.get("cache-control", ""), "404 is not kept", path)


def check_methods(log):
    """HEAD as GET, 405 for the rest; a client that takes gzip gets none."""
    path = tile_path("entries", 0, 1)
    status, headers, body = log.ask(path, "HEAD")
    must(status == 200 and body == b"", "HEAD", f"{status}, {len(body)} bytes")
    must(headers.get("content-length") == "35", "HEAD's length", headers)
    check_tile_headers(headers, path)
    for method in ("POST", "PUT", "DELETE"):
        status, headers, _ = log.ask(path, method, {"Content-Length": "0"})
        must(status == 405, "405", f"{method}: {status}")
        must("GET" in headers.get("allow", ""), "405 names what is allowed", headers)
    _, headers, body = log.ask(path, headers={"Accept-Encoding": "gzip"})
    must("content-encoding" not in headers and len(body) == 35, "never gzip", headers)


def check_proofs(log, leaves):
    size = len(leaves)
    for index in sorted({0, size // 3, size - 1}):
        for of in sorted({index + 1, size}):
            _, body = log.get(f"proof/inclusion?index={index}&size={of}", "inclusion proof")
            must(json.loads(body) == {
                "leaf_index": index, "tree_size": of, "leaf_hash": encode(leaves[index]),
                "audit_path": [encode(h) for h in path_of(index, leaves[:of])],
            }, "inclusion proof", f"{index} of {of}")
    for first in sorted({0, 1, size // 2, size}):
        _, body = log.get(f"proof/consistency?first={first}&second={size}", "consistency proof")
        wanted = [] if first == 0 else [encode(h) for h in consistency_of(first, leaves)]
        must(json.loads(body) == {"first": first, "second": size, "consistency": wanted},
             "consistency proof", f"{first} to {size}")
    for path, statuses in ((f"proof/inclusion?index={size}&size={size}", (400,)),
                           (f"proof/inclusion?index=0&size={size + 100000}", (404,)),
                           (f"proof/consistency?first={size}&second=1", (400,)),
                           ("proof/inclusion?index=00", (400,)),
                           ("proof/inclusion?index=-1", (400,))):
        status, _, _ = log.ask(path)
        must(status in statuses, "proof that is none", f"{path}: status {status}")


def check_tlog_proof(log, leaves, vkey):
    """What a client files away; it must verify without asking again."""
    index = len(leaves) // 2
    headers, body = log.get(f"proof/{index}.tlog-proof", "tlog-proof")
    must(headers.get("content-type", "").startswith("text/plain"), "tlog-proof media type", headers)
    head, _, note = body.decode().partition("\n\n")
    lines = head.split("\n")
    must(lines[:2] == ["c2sp.org/tlog-proof@v1", f"index {index}"], "tlog-proof head", lines[:2])
    size, root = open_checkpoint(note, vkey)
    must(size <= len(leaves) + 100000 and size > index, "tlog-proof size", size)
    if size <= len(leaves):
        must(root == root_of(leaves[:size]), "tlog-proof root", size)
        must(lines[2:] == [encode(h) for h in path_of(index, leaves[:size])], "tlog-proof path", index)


def check_record(record, entry, chains):
    """Each instance's records follow each other."""
    inst, iseq, prev = record["inst"], record["iseq"], record["prev"]
    wanted_iseq, wanted_prev = chains.get(inst, (0, "0" * 64))
    must(iseq == wanted_iseq, "record counter", f"{inst}: {iseq}, not {wanted_iseq}")
    must(prev == wanted_prev, "record before", f"{inst}, record {iseq}")
    must(iseq > 0 or record["kind"] == "open", "first record", inst)
    chains[inst] = iseq + 1, entry[1:].hex()


def check_parameters(record, logged, index):
    if record["kind"] == "parameters":
        logged[record["market"], record["version"]] = record["sha256"]
    if record["kind"] == "decision" and record["parameters"]["version"] is not None:
        key = record["market"], record["parameters"]["version"]
        must(logged.get(key) == record["parameters"]["sha256"], "parameters logged before", index)


def check_records(log, entries):
    """Salt and record give the entry. Pruned records end what can be said of their chains."""
    index, chains, logged, pruned = 0, {}, {}, 0
    while index < len(entries):
        status, headers, body = log.records(f"records?from={index}&count={len(entries) - index}")
        must(status == 200, "records", f"status {status}")
        must(headers.get("content-type") == "application/x-ndjson", "records media type", headers)
        log.keep("records", body)
        lines = body.decode().splitlines()
        must(lines, "records", f"none from {index} on")
        for line in lines[:len(entries) - index]:
            item = json.loads(line)
            must(item["index"] == index, "record index", line[:80])
            if item.get("pruned"):
                pruned += 1
            else:
                data = base64.b64decode(item["record"], validate=True)
                salt = bytes.fromhex(item["salt"])
                commitment = hashlib.sha256(b"audit-commit/v1\n" + salt + data).digest()
                must(entries[index] == b"\1" + commitment, "record's commitment", index)
                record = json.loads(data)
                must(len(salt) == 32 and record["v"] == 1, "record form", index)
                if not pruned:
                    check_record(record, entries[index], chains)
                check_parameters(record, logged, index)
            index += 1
    status, _, _ = log.ask("records?from=0&count=1")
    must(status in (200, 401, 403), "records without a key", status)


def check_all(log, line, origin):
    try_ed25519()
    vkey = read_vkey(line)
    must(origin is None or vkey[0] == origin, "origin", vkey[0])
    check_vkey(log, line)
    (size, root), note = check_checkpoint(log, vkey)
    must(size > 0, "a log to look at", "it is empty")
    entries = read_entries(log, size)
    leaves = [leaf_hash(entry) for entry in entries]
    must(root_of(leaves) == root, "root from the entries", size)
    check_tiles(log, leaves)
    check_partial_tiles(log, leaves)
    check_refusals(log, size)
    check_methods(log)
    check_proofs(log, leaves)
    check_tlog_proof(log, leaves, vkey)
    _, again = log.get(f"checkpoint/{size}", "past checkpoint")
    must(open_checkpoint(again.decode(), vkey) == (size, root), "past checkpoint", note)
    if log.token:
        check_records(log, entries)
    return size


def read_token(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for line in lines:
        if line.startswith("audit "):
            return line[6:].strip()
    return lines[0].strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("vkey_file")
    parser.add_argument("--token-file")
    parser.add_argument("--origin")
    parser.add_argument("--mirror")
    options = parser.parse_args()
    if not os.path.exists(options.vkey_file):
        parser.error(f"{options.vkey_file} is not there")
    with open(options.vkey_file, encoding="utf-8") as file:
        line = file.read()
    log = Log(options.url, read_token(options.token_file) if options.token_file else None,
              options.mirror)
    try:
        size = check_all(log, line, options.origin)
    except Wrong as wrong:
        print(f"outside: {wrong}")
        return 1
    except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
        print(f"outside: {type(error).__name__}: {error}")
        return 1
    print(f"outside: {size} entries, {checks} checks passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
