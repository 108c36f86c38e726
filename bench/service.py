"""What a measurement starts: the service, a PostgreSQL, others; each in a temporary directory, on a
free port, and gone with the measurement. And calls to the service."""
import ctypes
import glob
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

START_S_MAX = 60
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def end_with_parent(number=signal.SIGTERM):
    """What a child calls before it becomes another program: it is not left behind."""
    return lambda: LIBC.prctl(PR_SET_PDEATHSIG, number)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def temporary_directory():
    directory = tempfile.TemporaryDirectory(prefix="breakwater-")
    os.chmod(directory.name, 0o711)           # PostgreSQL runs as another user where this is root
    return directory


class Postgres:
    """A PostgreSQL of its own, made and started as the service makes its private one
    (db/embedded.c): durable, with the same settings, on a Unix socket. preload: a library that its
    processes load."""
    OPTIONS = {"listen_addresses": "", "unix_socket_permissions": "0700", "timezone": "UTC",
               "log_timezone": "UTC", "max_wal_size": "4GB", "max_connections": "60"}

    def __init__(self, preload=None):
        programs = os.path.dirname(max(glob.glob("/usr/lib/postgresql/*/bin/initdb"), default="",
                                       key=lambda path: int(path.split("/")[4])))
        self.temporary = temporary_directory()
        self.socket = os.path.join(self.temporary.name, "postgres")
        data = os.path.join(self.socket, "data")
        self.process = None
        self.user = {}
        os.mkdir(self.socket, 0o700)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            self.user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(self.socket, user.pw_uid, user.pw_gid)
        environment = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "PGTZ": "UTC"}
        subprocess.run([os.path.join(programs, "initdb"), "-D", data, "-U", "breakwater", "-E",
                        "UTF8", "--locale=C.UTF-8", "--auth-local=trust", "--auth-host=reject",
                        "--data-checksums"], check=True, stdout=subprocess.DEVNULL, cwd="/",
                       env=environment, **self.user)
        options = [word for name, value in self.OPTIONS.items()
                   for word in ("-c", f"{name}={value}")]
        try:
            with open(os.path.join(self.temporary.name, "log"), "w", encoding="utf-8") as log:
                self.process = subprocess.Popen(
                    [os.path.join(programs, "postgres"), "-D", data, "-k", self.socket, *options],
                    stdout=log, stderr=log, cwd="/", preexec_fn=end_with_parent(signal.SIGINT),
                    env=environment | ({"LD_PRELOAD": preload} if preload else {}), **self.user)
            self.wait_ready()
        except BaseException:
            self.close()
            raise

    def wait_ready(self):
        for _ in range(START_S_MAX * 10):
            if subprocess.run(["pg_isready", "-q", "-h", self.socket], check=False).returncode == 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        with open(os.path.join(self.temporary.name, "log"), encoding="utf-8") as log:
            sys.exit("PostgreSQL is not ready:\n" + log.read())

    def url(self, database="postgres"):
        return f"host={self.socket} dbname={database} user=breakwater"

    def ask(self, statement, database="postgres"):
        """One statement; its rows as text."""
        return psql(self.url(database), statement)

    def close(self):
        if self.process:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        self.temporary.cleanup()


def psql(url, statement):
    return subprocess.run(["psql", url, "-XAtqc", statement], check=True, capture_output=True,
                          text=True).stdout.strip()


class Service:
    def __init__(self, build, environment=None, pause_s=0.2):
        self.temporary = temporary_directory()
        self.directory = self.temporary.name
        self.port = free_port()
        self.state = os.path.join(self.directory, "state")
        mine = {"BREAKWATER_STATE": self.state, "BREAKWATER_LOG": "none",
                "BREAKWATER_LISTEN": f"127.0.0.1:{self.port}",
                "BREAKWATER_KEY_RATE": "0", "BREAKWATER_ADDRESS_RATE": "0",
                "BREAKWATER_ANONYMOUS_RATE": "0"}
        others = {name: value for name, value in os.environ.items()
                  if not name.startswith("BREAKWATER_")}
        self.begun = time.monotonic()
        self.output = open(os.path.join(self.directory, "output"), "w+", encoding="utf-8")
        self.process = subprocess.Popen([os.path.join(build, "breakwater"), "serve"],
                                        env=others | mine | (environment or {}),
                                        stdout=self.output, stderr=self.output,
                                        preexec_fn=end_with_parent())
        try:
            self.wait_ready(pause_s)
            self.ready_s = time.monotonic() - self.begun
            self.keys = self.first_keys(build, others | mine | (environment or {}))
        except BaseException:
            self.close()
            raise

    def first_keys(self, build, environment):
        """By role: those that the service made on its own database; on another one, new ones."""
        path = os.path.join(self.state, "keys")
        if "BREAKWATER_DATABASE_URL" not in environment:
            with open(path, encoding="utf-8") as file:
                return dict(line.split()[:2] for line in file)
        keys = {}
        for roles in (["preview", "feed", "propose", "audit"], ["approve"]):
            key = subprocess.run(
                [os.path.join(build, "breakwater"), "key", "create", "--role", ",".join(roles),
                 "--holder", roles[0]], env=environment, check=True, capture_output=True,
                text=True).stdout.strip()
            keys |= {role: key for role in roles}
        return keys

    def wait_ready(self, pause_s):
        for _ in range(int(START_S_MAX / pause_s)):
            try:
                if self.call("GET", "/readyz")["ready"]:
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
            time.sleep(pause_s)
        self.output.seek(0)
        sys.exit("the service is not ready:\n" + self.output.read())

    def call(self, method, path, body=None, key=None, headers=None):
        """The answer, read; OSError where there is none, or it is a 503."""
        headers = dict(headers or {})
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Authorization"] = "Bearer " + key
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method,
                                         headers=headers, data=data)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            if error.code == 503:
                raise
            sys.exit(f"{method} {path}: {error.code} {error.read().decode()}")

    def add_market(self, market, document):
        """Proposed, approved, and waited for."""
        made = self.call("POST", "/v1/proposals", {
            "market": market, "title": market, "base_version": 0, "rationale": "to measure with",
            "patch": document | {"governance": {"approvals_required": 1, "delay_s": 0}}},
            self.keys["propose"], {"If-Match": "*", "Idempotency-Key": "propose-" + market})
        self.call("POST", f"/v1/proposals/{made['id']}/approvals",
                  {"document_sha256": made["document_sha256"]}, self.keys["approve"],
                  {"If-Match": f'"1-{made["document_sha256"]}"',
                   "Idempotency-Key": "approve-" + market})
        for _ in range(START_S_MAX * 20):
            listed = self.call("GET", "/v1/markets?limit=1000")["items"]
            if any(item["market"] == market for item in listed):
                return
            time.sleep(0.05)
        sys.exit(f"the market {market} does not become active")

    def memory_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.output.close()
        self.temporary.cleanup()


def instant(seconds):
    """Seconds since 1970 as the API writes them."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds * 1000) % 1000:03d}Z"


def decimal(number, places=8):
    """As the API writes it: never an exponent, no trailing zeros."""
    text = f"{number:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
