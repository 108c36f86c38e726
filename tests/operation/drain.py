"""SIGTERM under load: who was told 201 finds the decision, nobody who asked on an open connection is
left without an answer, and the private PostgreSQL is shut down in order."""
import http.client
import json
import os
import socket
import threading
import time

from load import Caller, question
from machine import AS_ROOT, Failure
from scene import Scene

CLIENTS, LOAD_S, DRAIN_S_MAX = 16, 1.5, 10


class Asker(threading.Thread):
    """Keeps its connection, and asks until it is told that the connection closes."""
    def __init__(self, port, key, number):
        super().__init__(daemon=True)
        self.port, self.key, self.number = port, key, number
        self.told, self.refused, self.cut = [], 0, 0
        self.was_told_to_close = False

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.connect()
        connection.auto_open = 0
        for count in range(1 << 30):
            account = f"drain-{self.number}-{count}"
            try:
                connection.request("POST", "/v1/penalties", json.dumps(question(account)),
                                   {"Content-Type": "application/json",
                                    "Authorization": "Bearer " + self.key})
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                self.cut += 1
                return
            if answer.status == 201:
                self.told.append((account, json.loads(text)["decision"]["id"]))
            else:
                self.refused += 1
            if answer.headers["Connection"] == "close":
                self.was_told_to_close = True
                return


def check_clean_end(scene, what):
    with open(os.path.join(scene.state, "postgres", "log"), encoding="utf-8", errors="replace") as file:
        log = file.read()
    if "database system is shut down" not in log[-2000:]:
        raise Failure(f"{what}: PostgreSQL was not stopped in order: {log[-300:]}")


def check_load(build, template, directory):
    scene = Scene(build, template, directory, is_embedded=True)
    askers = [Asker(scene.service.port, scene.keys["preview"], number) for number in range(CLIENTS)]
    for asker in askers:
        asker.start()
    time.sleep(LOAD_S)
    begun = time.monotonic()
    scene.service.stop()                  # a Failure where it does not end with 0
    took_s = time.monotonic() - begun
    for asker in askers:
        asker.join(20)
    if took_s > DRAIN_S_MAX:
        raise Failure(f"the stop took {took_s:.1f} s")
    cut = sum(asker.cut for asker in askers)
    untold = sum(not asker.was_told_to_close for asker in askers)
    refused = sum(asker.refused for asker in askers)
    told = [pair for asker in askers for pair in asker.told]
    if cut or untold or not told:
        raise Failure(f"of {CLIENTS} connections {cut} were cut without an answer, {untold} were not"
                      f" told that they close; {len(told)} decisions, {refused} refused")
    check_clean_end(scene, "under load")
    scene.service.start()
    scene.service.wait()
    sql = "SELECT convert_from(record, 'UTF8')::json ->> 'id' FROM audit.body"
    found = {row[0] for row in scene.postgres.rows(sql)}
    lost = [decision for _, decision in told if decision not in found]
    scene.close()
    if lost:
        raise Failure(f"{len(lost)} of {len(told)} acknowledged decisions are lost: {lost[:3]}")
    return (f"{len(told)} acknowledged, 0 lost, {refused} refused, 0 of {CLIENTS} connections cut,"
            f" {took_s:.2f} s")


def read_to_end(connection):
    text = b""
    while more := connection.recv(65536):
        text += more
    return text


def ask_raw(port, path):
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return connection


def check_order(build, template, directory):
    """/readyz says 503 while connections are still taken; then they are refused. Who watches hears a
    last word."""
    scene = Scene(build, template, directory, is_embedded=True,
                  settings={"BREAKWATER_FAREWELL_S": "2"})
    port = scene.service.port
    watcher = ask_raw(port, "/v1/markets/eth-usd/parameters/stream")
    head = watcher.recv(65536)
    begun = time.monotonic()
    scene.service.process.terminate()
    time.sleep(0.5)
    ready = Caller(port, None).ask("GET", "/readyz")
    alive = Caller(port, None).ask("GET", "/livez")
    if ready[0] != 503 or b'"stopping"' not in ready[2] or alive[0] != 200:
        raise Failure(f"while it says farewell: {ready} {alive}")
    if ready[1]["Connection"] != "close":
        raise Failure("an answer while it stops keeps the connection")
    text = head + read_to_end(watcher)
    if scene.service.process.wait(20):
        raise Failure("it does not end with 0")
    took_s = time.monotonic() - begun
    if b"event: stopping\ndata: {}\n\n" not in text or not text.endswith(b"0\r\n\r\n"):
        raise Failure(f"the last word of a stream: {text[-200:]!r}")
    with socket.socket() as probe:
        if not probe.connect_ex(("127.0.0.1", port)):
            raise Failure("connections are taken after the end")
    if took_s > DRAIN_S_MAX:
        raise Failure(f"the stop took {took_s:.1f} s")
    check_clean_end(scene, "with a farewell" + (", as root" if AS_ROOT else ""))
    return f"{took_s:.2f} s with a farewell of 2 s"
