"""The service for a measurement: private, in a temporary directory, on a free port; and calls to it."""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

START_S_MAX = 60


class Service:
    def __init__(self, build, environment=None, pause_s=0.2):
        self.temporary = tempfile.TemporaryDirectory(prefix="breakwater-")
        self.directory = self.temporary.name
        os.chmod(self.directory, 0o711)       # PostgreSQL runs as another user where this is root
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.state = os.path.join(self.directory, "state")
        mine = {"BREAKWATER_STATE": self.state, "BREAKWATER_LOG": "none",
                "BREAKWATER_LISTEN": f"127.0.0.1:{self.port}"}
        others = {name: value for name, value in os.environ.items()
                  if not name.startswith("BREAKWATER_")}
        self.output = open(os.path.join(self.directory, "output"), "w+", encoding="utf-8")
        self.process = subprocess.Popen([os.path.join(build, "breakwater"), "serve"],
                                        env=others | mine | (environment or {}),
                                        stdout=self.output, stderr=self.output)
        try:
            self.wait_ready(pause_s)
            with open(os.path.join(self.state, "keys"), encoding="utf-8") as file:
                self.keys = dict(line.split()[:2] for line in file)
        except BaseException:
            self.close()
            raise

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

    def call(self, method, path, body=None, key=None):
        """The answer, read; OSError where there is none, or it is a 503."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
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

    def memory_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
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
