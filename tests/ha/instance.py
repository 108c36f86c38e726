"""One running instance of the service, and calls to it that come back with their status whatever it is."""
import ctypes
import http.client
import json
import os
import signal
import subprocess
import time

from postgres import free_port

START_S_MAX = 60
STOP_S_MAX = 30
CALL_S_MAX = 30


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Instance:
    def __init__(self, build, directory, name, url, environment=None):
        self.name = name
        self.state = os.path.join(directory, name)
        self.port = free_port()
        self.build = build
        self.environment = {"BREAKWATER_STATE": self.state, "BREAKWATER_DATABASE_URL": url,
                            "BREAKWATER_LISTEN": f"127.0.0.1:{self.port}", "BREAKWATER_LOG": "events",
                            **(environment or {})}
        self.process = None
        os.makedirs(self.state, 0o700, exist_ok=True)

    def command(self, *words, timeout_s=60):
        """Another command of the program on the same settings: status, output."""
        done = subprocess.run([os.path.join(self.build, "breakwater"), *words], env=self.whole_environment(),
                              text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout_s, check=False)
        return done.returncode, done.stdout

    def whole_environment(self):
        others = {name: value for name, value in os.environ.items() if not name.startswith("BREAKWATER_")}
        return others | self.environment

    def output_path(self):
        return os.path.join(self.state, "output")

    def output(self):
        with open(self.output_path(), encoding="utf-8") as file:
            return file.read()

    def launch(self):
        with open(self.output_path(), "a", encoding="utf-8") as output:
            self.process = subprocess.Popen([os.path.join(self.build, "breakwater"), "serve"],
                                            env=self.whole_environment(), stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=output, preexec_fn=die_with_parent)

    def start(self):
        self.launch()
        self.wait_ready()
        return self

    def wait_ready(self, seconds=START_S_MAX):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if self.call("GET", "/readyz")[0] == 200:
                return
            time.sleep(0.05)
        raise RuntimeError(f"{self.name} is not ready: {self.output()}")

    def call(self, method, path, body=None, headers=None, connection=None, timeout_s=CALL_S_MAX):
        """Status and body; status 0 where there was no answer."""
        mine = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        fields = {"Content-Type": "application/json"} if body is not None else {}
        try:
            mine.request(method, path, body=json.dumps(body).encode() if isinstance(body, dict) else body,
                         headers=fields | (headers or {}))
            answer = mine.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            mine.close()
            return 0, b""
        finally:
            if not connection:
                mine.close()

    def stop(self):
        """Its exit status; None where it does not run."""
        if not self.process:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S_MAX)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        status = self.process.returncode
        self.process = None
        return status
