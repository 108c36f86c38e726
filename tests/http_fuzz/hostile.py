"""Requests that are no good HTTP, or barely: each as bytes, and whether it must be answered."""
import json


def deep(depth, closed=True):
    return b'{"market":' + b"[" * depth + (b"]" * depth + b"}" if closed else b"")


def post(path, body, *lines, length=None):
    head = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json",
            f"Content-Length: {len(body) if length is None else length}", "Connection: close", *lines]
    return "\r\n".join(head).encode("latin-1", "replace") + b"\r\n\r\n" + body


def get(target, *lines, method="GET"):
    head = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *lines]
    return "\r\n".join(head).encode("latin-1", "replace") + b"\r\n\r\n"


def chunked(*chunks):
    head = (b"POST /v1/previews HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
    return head + b"".join(chunks)


def whole(body):
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def requests(random, good):
    """Endlessly. good: bodies that a preview takes."""
    body = json.dumps(random.choice(good)).encode()
    size = random.choice([1, 100, 4000, 8000, 20000, 70000])
    cut = random.randrange(len(body) + 1)
    target = random.choice(["/v1/previews", "/v1/markets", "/log/tile/0/000", "/v1/decisions/export", "/readyz"])
    doubled = body[:-1] + b"," + body[1:]
    answered = [
        get(target, method=random.choice(["HEAD", "OPTIONS", "TRACE", "PATCH", "DELETE", "PUT", "QUERY", "A" * 30])),
        get("*", method="OPTIONS"),
        get(target, "Origin: null", "Access-Control-Request-Method: " + random.choice(["POST", "", "X" * 300]),
            method="OPTIONS"),
        get(random.choice(["/v1/markets/..%2f..%2fetc%2fpasswd", "/v1/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
                           "/v1/markets/%00", "/v1/markets/%", "/v1/markets/%zz", "/v1/markets/%c0%ae", "//", "/.",
                           "/log/tile/0/../../x", "/v1/presets/breakwater.json%2f..", "/v1/markets/" + "a" * 200,
                           "/v1/markets/eth%2Dusd", "/V1/MARKETS", "/v1/markets/", "/v1/markets//parameters",
                           "/log/tile/0/x001/x000/000", "/log/tile/entries/000.p/0", "/log/proof/-1.tlog-proof",
                           "/log/checkpoint/99999999999999999999", "http://localhost/v1/markets",
                           "https://user:pw@else.example/v1/markets?limit=1"])),
        get("/v1/markets?" + random.choice(["limit=1&limit=2", "limit=%31", "limit=+1", "a[]=1", "&&&&", "limit", "=",
                                             "limit=1;cursor=x", "cursor=%ff%fe", "limit=" + "9" * 300, "x=%00"])),
        get(target, "X-Filler: " + "a" * size),
        get(target, *[f"X-{i}: {i}" for i in range(random.choice([50, 99, 100, 101, 300]))]),
        get("/" + "a" * size),
        get(target, "Host: other"),
        get(target, "Authorization: " + random.choice(["Bearer", "Bearer ", "Basic Og==", "Bearer " + "a" * 5000,
                                                         "Bearer a b", "bearer x", "Bearer \x7f"])),
        get(target, "If-None-Match: " + random.choice(['"', "*", 'W/"x"', '"a","b"', "," * 1000])),
        get(target, "Accept: " + random.choice(["*/*;q=0", ";", ",,,", "text/csv;q=9e9", "application/" + "x" * 3000])),
        get(target, "traceparent: " + random.choice(["00-" + "0" * 32 + "-" + "0" * 16 + "-00", "ff-x", "\xff" * 55])),
        get(target, "Last-Event-ID: " + random.choice(["-1", "9" * 40, "\xff"])),
        get(target, "Forwarded: for=\"[::1]\";host=x", "X-Forwarded-For: " + "1.2.3.4, " * random.choice([1, 500])),
        get(target, "Range: bytes=0-1,2-3"),
        get(target, "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
        post("/v1/previews", body, "Idempotency-Key: " + random.choice(["", "a" * 256, "\xff", "a b", "k" * 255])),
        post("/v1/previews", body, "Expect: " + random.choice(["100-continue", "200-ok", ""])),
        post("/v1/previews", body, "Content-Encoding: gzip"),
        post("/v1/previews", body, "Content-Type: text/plain"),
        post("/v1/previews", body, "Prefer: " + random.choice(["receipt", "receipt=1", '"', "a" * 2000])),
        post("/v1/previews", body[:cut]),
        post("/v1/previews", body[:cut] + bytes([random.randrange(256)]) + body[cut:]),
        post("/v1/previews", body[:cut] + random.choice([b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"\xef\xbb\xbf"])
             + body[cut:]),
        post("/v1/previews", deep(random.choice([10, 31, 32, 33, 1000, 100000]), random.random() < 0.5)),
        post("/v1/previews", doubled),
        post("/v1/previews", b'{"market":"\\ud800","account":{}}'),
        post("/v1/previews", b"[" + b"1," * random.choice([10, 100000]) + b"1]"),
        post("/v1/previews", b'{"account":{"id":"' + b"\\u0041" * random.choice([10, 50000]) + b'"}}'),
        post("/v1/previews", b" " * random.choice([0, 1, 100000])),
        post("/v1/previews", random.randbytes(random.randrange(300))),
        post("/v1/markets/eth-usd/snapshot", body),
        post("/v1/nowhere", body),
        chunked(whole(body)),
        chunked(*[b"1\r\n%c\r\n" % byte for byte in body[:500]], b"0\r\n\r\n"),
        chunked(b"%x;ext=\"a\"\r\n%s\r\n0\r\nTrailer: x\r\n\r\n" % (len(body), body)),
        get("/livez").replace(b"Connection: close\r\n", b"") * random.choice([2, 5, 20]) + get("/livez"),
        post("/v1/previews", body).replace(b"Connection: close\r\n", b"") + get("/livez"),
    ]
    unanswered = [
        post("/v1/previews", body, length=len(body) + 10),
        post("/v1/previews", body, length=random.choice(["-1", "1e3", "0x10", "", "99999999999999999999", "1, 1", "+5"])),
        post("/v1/previews", body, "Content-Length: 3"),
        post("/v1/previews", body, "Transfer-Encoding: " + random.choice(["chunked", "gzip, chunked", "identity", "\x0bchunked"])),
        chunked(random.choice([b"zz\r\n", b"ffffffffffffffffff\r\nx", b"-1\r\n", b"5\r\nab", b"5\nabcde\n0\n\n", b"\r\n",
                               b"1\r\nabc\r\n", b"0" * 5000])),
        b"GET /livez HTTP/1.1\r\n\r\n",
        b"GET /livez HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GET /livez\r\n\r\n",
        b"GET  /livez  HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /livez HTTP/1.1\nHost: a\n\n",
        b"GET /livez HTTP/1.1\r\nHost : a\r\nConnection: close\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\n folded: b\r\nConnection: close\r\n\r\n",
        b"GET /li\0vez HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nX: a\0b\r\nConnection: close\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nNoColon\r\n\r\n",
        b"GET /livez HTTP/1.1\r\n: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + random.randbytes(100),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\r\n" * random.choice([1, 3, 1000]) + get("/livez"),
        random.randbytes(random.randrange(1, 2000)),
        b"GET /" + b"\xff" * 100 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"A" * random.choice([100, 100000]),
    ]
    while True:
        yield from ((item, True) for item in random.sample(answered, 3))
        mutated = bytearray(random.choice(answered)[:20000])
        for _ in range(random.randrange(1, 6)):
            at = random.randrange(len(mutated))
            if random.random() < 0.5:
                mutated[at] = random.randrange(256)
            else:
                mutated[at:at + random.randrange(4)] = random.choice([b"\r\n", b"\0", b":", b" ", b"\r", b"\n", b"HTTP/1.1"])
        yield bytes(mutated), False
        yield random.choice(unanswered), False
        return
