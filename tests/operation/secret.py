"""Canaries: the database's password, keys' secrets, the log's signing keys, a TLS key, what a caller asked.
After everything that can go wrong they are in no output; and what memory holds is out of reach."""
import glob
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import time

from load import Caller, question
from machine import AS_ROOT, Failure, start, wait_until
from scene import Scene

PASSWORD = "swordfish-3f9a1c77"
ACCOUNT  = "canary-account-51b2e0"
HBA      = "local all all scram-sha-256\n"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def secrets_of(scene, tls_key):
    """name: what must not be seen. Of a key its secret half, of a PEM file its lines."""
    found = {"the database's password": [PASSWORD.encode()]}
    for role, key in scene.service.keys().items():
        found[f"the key of {role}"] = [key.split("_", 2)[2].encode()]
    for name in ("log.key", "log.key.receipt"):
        # "PRIVATE+KEY+name+id+base64", whose base64 may have a + of its own
        found[name] = [read(os.path.join(scene.state, name)).strip().split(b"+", 4)[4]]
    found["the TLS key"] = [line for line in read(tls_key).splitlines() if len(line) > 40]
    if not all(secret and all(len(part) > 15 for part in secret) for secret in found.values()):
        raise Failure("a canary is too short to be told")
    return found


def look(what, text, secrets):
    for name, parts in secrets.items():
        if any(part in text for part in parts):
            raise Failure(f"{name} is in {what}")


def make_certificate(directory):
    cert, key = os.path.join(directory, "cert.pem"), os.path.join(directory, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out",
                    cert, "-subj", "/CN=localhost", "-days", "2"], check=True, capture_output=True)
    os.chmod(key, 0o600)
    return cert, key


def with_password(scene, directory):
    """PostgreSQL asks for a password from now on."""
    scene.postgres.rows(f"ALTER USER breakwater PASSWORD '{PASSWORD}'")
    scene.postgres.stop(signal.SIGINT)
    hba = os.path.join(directory, "hba")
    with open(hba, "w", encoding="ascii") as file:
        file.write(HBA)
    os.chmod(hba, 0o644)
    scene.postgres.options += ["-c", f"hba_file={hba}", "-c", "log_error_verbosity=terse",
                               "-c", "log_min_error_statement=panic"]
    scene.postgres.start()
    time.sleep(1)
    wait_until(scene.postgres.answers, 60, "PostgreSQL answers")


def bad_starts(scene, cert, key, directory):
    """Settings that cannot work, each with a secret in it: what the program says about them."""
    server, good = scene.postgres.server, scene.service.settings["BREAKWATER_DATABASE_URL"]
    torn, open_key = os.path.join(directory, "torn.pem"), os.path.join(directory, "open.pem")
    with open(torn, "wb") as file:
        file.write(read(key).replace(b"A", b"B", 3) + PASSWORD.encode())
    with open(open_key, "wb") as file:
        file.write(read(key))
    os.chmod(torn, 0o600)
    os.chmod(open_key, 0o644)
    log_key = os.path.join(directory, "bad.log.key")
    with open(log_key, "wb") as file:
        file.write(b"PRIVATE+KEY+" + PASSWORD.encode() + b"\n")
    os.chmod(log_key, 0o600)
    tls = {"BREAKWATER_TLS_CERT": cert}
    urls = [f"host={server} user=breakwater dbname=postgres password=wrong-{PASSWORD}",
            f"host={server} user=nobody dbname=postgres password={PASSWORD}",
            f"host={server} user=breakwater dbname=nothing password={PASSWORD}",
            f"host=/nowhere password={PASSWORD}",
            f"host={server} password=a {PASSWORD}", f"host={server} password='{PASSWORD}",
            f"postgresql://breakwater:a@{PASSWORD}@localhost/x",
            f"postgresql://breakwater:a/{PASSWORD}@localhost/x",
            f"postgresql://breakwater:%{PASSWORD}@localhost/x",
            f"postgresql://breakwater:{PASSWORD}@[::1/x", f"postgresql://localhost/x?{PASSWORD}"]
    bad = [{"BREAKWATER_DATABASE_URL": url} for url in urls]
    bad += [tls | {"BREAKWATER_TLS_KEY": torn}, tls | {"BREAKWATER_TLS_KEY": open_key},
            {"BREAKWATER_LOG_KEY": log_key},
            {"BREAKWATER_DATABASE_URL": good, "BREAKWATER_DATABASE_URL_FILE": log_key},
            {"BREAKWATER_DATABASE_URL": good + PASSWORD * 400},
            {"BREAKWATER_LISTEN": "127.0.0.1:1", "BREAKWATER_THREADS": "no"}]
    said = []
    for settings in bad:
        environment = dict(scene.service.settings)
        if "BREAKWATER_DATABASE_URL_FILE" not in settings:
            environment.pop("BREAKWATER_DATABASE_URL_FILE", None)
        for command in (["serve"], ["key", "list"], ["migrate"]):
            done = subprocess.run([scene.service.program, *command], check=False, capture_output=True,
                                  timeout=60, env=scene.service.others | environment | settings)
            if command == ["serve"] and not done.returncode:
                raise Failure(f"it starts with {settings}")
            said.append(done.stdout + done.stderr)
    return b"\n".join(said)


class SecureCaller(Caller):
    def ask(self, method, path, body=None, **more):
        if not self.connection:
            self.connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=20, context=ssl._create_unverified_context())
        status, headers, text = super().ask(method, path, body, **more)
        return status, headers, (str(headers).encode() + text)


def talk_raw(port, text):
    """Bytes over TLS, and all that comes back."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        with ssl._create_unverified_context().wrap_socket(plain) as secure:
            try:
                secure.sendall(text)
                while more := secure.recv(65536):
                    answer += more
            except (TimeoutError, ssl.SSLError, OSError):
                pass
    return answer


def bad_requests(scene):
    """Callers with good and bad keys, and bodies that go wrong in each way: all that comes back."""
    port, keys, said = scene.service.port, scene.service.keys(), []
    good, asked = keys["preview"], question(ACCOUNT)
    callers = [SecureCaller(port, key) for key in (good, keys["feed"], good[:-1] + "!", good + "x", None)]
    bodies = [asked, asked | {"unknown": 1}, asked | {"market": "none"}, asked | {"state": {}},
              {"account": {"id": ACCOUNT}}, [], "x" * 200, asked | {"at": PASSWORD[:9]}]
    for caller in callers:
        for body in bodies:
            for path in ("/v1/previews", "/v1/penalties", "/v1/proposals", "/nowhere"):
                said.append(caller.ask("POST", path, body, Idempotency_Key=f"i{len(said)}",
                                       If_Match='"x"')[2])
        for path in ("/metrics", "/readyz", "/version", "/v1/decisions", "/v1/decisions/export",
                     "/log/records", "/log/checkpoint", "/log/vkey", "/v1/markets", "/openapi.yaml"):
            said.append(caller.ask("GET", path)[2])
    lines = [b"POST /v1/previews HTTP/1.1", b"GET /v1/markets HTTP/1.1", b"POST /v1/previews HTTP/9.9",
             b"GARBAGE", b"\x00\xff"]
    for line in lines:
        for more in (b"Content-Length: 5\r\n\r\n{bad}", b"Content-Length: x\r\n\r\n",
                     b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"Bad Header\r\n\r\n",
                     b"X: " + b"y" * 40000 + b"\r\n\r\n"):
            said.append(talk_raw(port, line + b"\r\nHost: localhost\r\nConnection: close\r\n"
                                 b"Authorization: Bearer " + good.encode() + b"\r\n" + more))
    return b"\n".join(said)


def arguments_in(state):
    """Of the service's processes, as `ps` shows them."""
    return b"\n".join(read(path) for path in glob.glob("/proc/[0-9]*/cmdline")
                      if os.path.exists(path) and not path.startswith(f"/proc/{os.getpid()}/"))


def check_outputs(build, template, directory):
    scene = Scene(build, template, directory)
    cert, key = make_certificate(directory)
    secrets = secrets_of(scene, key)
    scene.service.stop()
    with_password(scene, directory)
    url = scene.url() + f" password={PASSWORD}"
    scene.service.settings |= {"BREAKWATER_DATABASE_URL": url, "BREAKWATER_LOG": "requests"}
    look("what commands say", bad_starts(scene, cert, key, directory), secrets)
    broken = os.path.join(directory, "served.pem")
    with open(broken, "wb") as file:
        file.write(read(key))
    os.chmod(broken, 0o600)
    scene.service.start(BREAKWATER_TLS_CERT=cert, BREAKWATER_TLS_KEY=broken)
    scene.service.wait()
    asked = bad_requests(scene)
    look("the arguments of a process", arguments_in(scene.state), secrets)
    with open(broken, "ab") as file:
        file.truncate(600)
    scene.service.process.send_signal(signal.SIGHUP)
    scene.postgres.stop(signal.SIGINT)
    asked += SecureCaller(scene.service.port, scene.service.keys()["preview"]).ask(
        "POST", "/v1/penalties", question(ACCOUNT))[2]
    asked += SecureCaller(scene.service.port, None).ask("GET", "/metrics")[2]
    wait_until(lambda: b'"not reloaded"' in read(scene.service.output), 10, "the key is read again")
    scene.postgres.start()
    wait_until(scene.postgres.answers, 60, "PostgreSQL answers")
    scene.service.stop()
    log = read(scene.service.output)
    look("an answer", asked, secrets)
    # what the HTTP library answers itself, too (not HTTP at all): no server and no version is named
    told = re.search(rb"(?i)\r\n(server|via|x-powered-by):|(libmicrohttpd|openssl|gnutls|postgresql)/? ?[0-9]", asked)
    if told:
        raise Failure(f"an answer tells of the server: {told.group()}")
    bodies = secrets | {"a request's body": [ACCOUNT.encode()]}
    look("the service's log", log, bodies)
    kept = [path for path in glob.glob(scene.state + "/**", recursive=True) if os.path.isfile(path)
            and "/postgres/data/" not in path and os.path.basename(path) not in
            ("keys", "log.key", "log.key.receipt")]
    for path in kept:
        look(path, read(path), bodies)
    if b'"status":201' not in log or b'"status":503' not in log or b'"status":401' not in log:
        raise Failure("what should go wrong did not")
    scene.close()
    return f"{len(secrets) + 1} canaries, {len(log) + len(asked)} bytes of output"


def image_of(pid):
    """What root sees of a process's memory."""
    pieces = []
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            place, rights = line.split()[:2]
            first, last = (int(end, 16) for end in place.split("-"))
            if rights[0] == "r" and "[v" not in line:
                try:
                    memory.seek(first)
                    pieces.append(memory.read(last - first))
                except OSError:
                    pass
    return b"".join(pieces)


def may_look(pid, user):
    """Another process of the same user."""
    as_user = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"] if user else []
    return not subprocess.run([*as_user, "head", "-c", "1", f"/proc/{pid}/environ"], check=False,
                              capture_output=True).returncode


def run_as_user(scene, **more):
    """The service as somebody who is not root, as its unit runs it."""
    service, user = scene.service, "postgres" if AS_ROOT else None
    if user:
        subprocess.run(["chown", "-R", user, scene.state], check=True)
    with open(service.output, "ab") as output:
        service.process = start([service.program, "serve"], "KILL", output,
                                service.others | service.settings | more, user=user)
    service.wait()
    return user


def leaves_core(scene, place):
    """As a crash does; the pattern of most systems puts it where the process stands."""
    with open(f"/proc/{scene.service.process.pid}/limits", encoding="ascii") as file:
        limit = next(line for line in file if line.startswith("Max core file size")).split()[4]
    scene.service.process.send_signal(signal.SIGABRT)
    scene.service.process.wait(20)
    return limit != "0" or glob.glob(place + "/core*")


def check_memory(build, template, directory):
    scene = Scene(build, template, directory, is_embedded=True)
    scene.service.stop()
    user = run_as_user(scene, BREAKWATER_CORES="on")
    if not may_look(scene.service.process.pid, user):
        raise Failure("with BREAKWATER_CORES=on it cannot be debugged")
    scene.service.stop()
    run_as_user(scene)
    pid, keys = scene.service.process.pid, scene.service.keys()
    if may_look(pid, user) and user:
        raise Failure("another process of the same user may look into it")
    for role in ("preview", "feed", "audit"):
        for body in (question(ACCOUNT), None):
            caller = Caller(scene.service.port, keys[role])
            caller.ask("POST" if body else "GET", "/v1/penalties" if body else "/v1/decisions", body)
            caller.close()
    found = "not looked into: only root may"
    if AS_ROOT:
        time.sleep(0.5)
        image = image_of(pid)
        left = [role for role in ("preview", "feed", "audit") if keys[role].split("_", 2)[2].encode() in image]
        if left:
            raise Failure(f"keys that were used are still in memory: {left}")
        found = f"{len(image) >> 20} MB hold no key that was used"
    if leaves_core(scene, scene.state):
        raise Failure("a crash leaves a core dump")
    scene.close()
    return found
