"""Between the service and PostgreSQL, on a unix socket: it reads the messages of the protocol
(PostgreSQL 15, chapter 55) and breaks one of them."""
import os
import socket
import struct
import threading
import time

from machine import SOCKET

CHUNK = 1 << 16
LATE_S = 0.5


class Cut(Exception):
    """Both ends are closed."""


def sql_of(kind, payload):
    """What a Query or a Parse says; None for others."""
    if kind == b"Q":
        return payload[:-1]
    if kind == b"P":
        return payload.split(b"\0", 2)[1]
    return None


def message(kind, payload):
    return kind + struct.pack("!I", 4 + len(payload)) + payload


class Frames:
    """Whole messages out of a stream of bytes."""
    def __init__(self, first_is_untyped):
        self.rest, self.is_untyped = b"", first_is_untyped

    def add(self, data):
        self.rest += data
        while True:
            head = 0 if self.is_untyped else 1
            if len(self.rest) < head + 4:
                return
            end = head + struct.unpack("!I", self.rest[head:head + 4])[0]
            if len(self.rest) < end:
                return
            kind, payload = self.rest[:head], self.rest[head + 4:end]
            self.rest, self.is_untyped = self.rest[end:], False
            yield kind, payload


class Fault:
    """Armed on a proxy."""
    proxy = None

    def disarm(self):
        self.proxy.fault = None


class CommitCut(Fault):
    """The writer's next COMMIT, or that of any other connection. before: the server never sees it. after: it commits, and the client does not
    hear of it. late: the client is cut off, and the server sees it half a second later. silent: it
    commits, and the client waits in vain."""
    def __init__(self, how, is_of_writer):
        self.how, self.is_of_writer, self.has_fired = how, is_of_writer, False

    def to_server(self, link, kind, payload):
        if not self.has_fired and sql_of(kind, payload) == b"COMMIT" and \
                link.is_writer == self.is_of_writer:
            self.has_fired = True
            if self.how == "before":
                raise Cut
            if self.how == "late":
                link.client.shutdown(socket.SHUT_WR)
                time.sleep(LATE_S)
            link.is_mute = True
            link.is_cut_when_done = self.how in ("after", "late")
        return message(kind, payload)


class QueryFault(Fault):
    """The n-th statement from now, of whichever connection. An SQLSTATE: the server refuses it (it
    is told something else, and its answer gets this code); "close": the connection is cut."""
    def __init__(self, n, how):
        self.n, self.how = n, how
        self.count = 0
        self.what = None
        self.lock = threading.Lock()

    def __str__(self):
        return f"query {self.n}, {self.how}, {self.what}"

    @property
    def has_fired(self):
        return self.what is not None

    def to_server(self, link, kind, payload):
        is_prepared = kind == b"B" and payload.split(b"\0", 2)[1]
        if not is_prepared and kind not in (b"Q", b"P"):
            return message(kind, payload)
        with self.lock:
            self.count += 1
            is_it = self.count == self.n
        if not is_it:
            return message(kind, payload)
        self.what = payload[:60]
        if self.how == "close":
            raise Cut
        link.code = self.how.encode()
        if kind == b"Q":
            return message(kind, b"SELECT no_such_thing\0")
        if kind == b"P":
            return message(kind, payload.split(b"\0", 1)[0] + b"\0SELECT no_such_thing\0\0\0")
        portal, _, rest = payload.split(b"\0", 2)
        return message(kind, portal + b"\0no_such_statement\0" + rest)


def with_code(payload, code):
    """An ErrorResponse with another SQLSTATE."""
    fields = payload.split(b"\0")
    return b"\0".join(b"C" + code if field[:1] == b"C" else field for field in fields)


class Link:
    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.is_mute = self.is_cut_when_done = False
        self.is_writer = False            # it prepares the statement that writes decisions
        self.code = None

    def close_client(self):
        try:
            self.client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self):
        self.close_client()
        try:
            self.server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def carry_to_server(self):
        frames = Frames(True)
        try:
            while data := self.client.recv(CHUNK):
                self.server.sendall(b"".join(self.pass_on(kind, payload)
                                             for kind, payload in frames.add(data)))
        except (OSError, Cut):
            pass
        if not self.is_cut_when_done:
            self.close()

    def pass_on(self, kind, payload):
        if not kind:
            return struct.pack("!I", 4 + len(payload)) + payload
        self.is_writer |= b"INSERT INTO audit.body (day, inst, iseq, salt, record) SELECT" in payload
        fault = self.proxy.fault
        return fault.to_server(self, kind, payload) if fault else message(kind, payload)

    def carry_to_client(self):
        frames = Frames(False)
        try:
            while data := self.server.recv(CHUNK):
                out = b"".join(self.pass_back(*frame) for frame in frames.add(data))
                if not self.is_mute:
                    self.client.sendall(out)
        except (OSError, Cut):
            pass
        self.close()
        self.client.close()
        self.server.close()
        self.proxy.links.discard(self)

    def pass_back(self, kind, payload):
        if kind == b"Z" and self.is_cut_when_done:
            raise Cut
        if kind == b"E" and self.code:
            payload, self.code = with_code(payload, self.code), None
        return message(kind, payload)


class Proxy:
    def __init__(self, directory, server):
        self.directory, self.to = directory, os.path.join(server, SOCKET)
        self.fault = None
        self.links = set()
        os.makedirs(directory, exist_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(directory, SOCKET))
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, fault):
        fault.proxy, self.fault = self, fault
        return fault

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.to)
            except OSError:
                client.close()
                server.close()
                continue
            link = Link(self, client, server)
            self.links.add(link)
            for carry in (link.carry_to_server, link.carry_to_client):
                threading.Thread(target=carry, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(os.path.join(self.directory, SOCKET))
        for link in list(self.links):
            link.close()
