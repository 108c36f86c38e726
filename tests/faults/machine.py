"""What is broken here: a PostgreSQL and a service on it, children of this process that do not
outlive it."""
import glob
import os
import shutil
import signal
import socket
import subprocess
import time

START_S_MAX = 60
SOCKET = ".s.PGSQL.5432"
AS_ROOT = os.geteuid() == 0


class Failure(Exception):
    """Something is not as it must be; the text says what."""


def wait_until(is_done, seconds, what, pause_s=0.02):
    """What is_done() returned when it was true; Failure past the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        done = is_done()
        if done:
            return done
        if time.monotonic() > deadline:
            raise Failure(f"not within {seconds} s: {what}")
        time.sleep(pause_s)


def start(arguments, last_signal, output, environment=None, user=None):
    """A child that gets last_signal when this process ends. Only from the main thread: the kernel
    means the parent's thread."""
    as_user = ["--reuid", user, "--regid", user, "--clear-groups"] if user else []
    return subprocess.Popen(["setpriv", *as_user, "--pdeathsig", last_signal, *arguments],
                            env=environment, stdin=subprocess.DEVNULL, stdout=output,
                            stderr=subprocess.STDOUT, cwd="/")


def processes_in(directory):
    """Whose working directory is there: every process of a PostgreSQL server stands in its data."""
    for link in glob.glob("/proc/[0-9]*/cwd"):
        try:
            if os.readlink(link).startswith(directory + "/"):
                yield int(link.split("/")[2])
        except OSError:
            pass


def kill_all_in(directory):
    for pid in list(processes_in(directory)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def guard(directory, mounts=()):
    """A process that clears the directory once this one is gone, however it ended. Returns the end
    of a pipe that it waits for."""
    there, here = os.pipe()
    if os.fork():
        os.close(there)
        return here
    os.setsid()
    os.close(here)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.read(there, 1)
    for _ in range(50):
        if not list(processes_in(directory)):
            break
        kill_all_in(directory)
        time.sleep(0.1)
    for mount in mounts:
        subprocess.run(["umount", "-l", mount], check=False, stderr=subprocess.DEVNULL)
    shutil.rmtree(directory, ignore_errors=True)
    os._exit(0)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Postgres:
    """On the data directory that an embedded server left behind."""
    def __init__(self, state, options=()):
        self.server = os.path.join(state, "postgres")
        self.data = os.path.join(self.server, "data")
        self.options = list(options)
        self.user = "postgres" if AS_ROOT else None
        self.programs = max(glob.glob("/usr/lib/postgresql/*/bin"),
                            key=lambda path: float(path.split("/")[4]))
        self.process = None

    def start(self):
        with open(os.path.join(self.server, "output"), "ab") as output:
            self.process = start(
                [os.path.join(self.programs, "postgres"), "-D", self.data,
                 "-c", "listen_addresses=", "-c", f"unix_socket_directories={self.server}",
                 "-c", "timezone=UTC", *self.options],
                "QUIT", output, user=self.user)

    def answers(self):
        return subprocess.run([os.path.join(self.programs, "pg_isready"), "-q", "-h", self.server],
                              check=False, timeout=10).returncode == 0

    def wait(self):
        wait_until(self.answers, START_S_MAX, "PostgreSQL answers")

    def kill(self):
        """-9 to all of its processes, whoever started them."""
        kill_all_in(self.server)
        wait_until(lambda: not list(processes_in(self.server)), 10, "PostgreSQL's processes end")
        if self.process:
            self.process.wait(10)

    def stop(self, how):
        """As an operator would: SIGINT is fast, SIGQUIT is immediate."""
        self.process.send_signal(how)
        self.process.wait(60)

    def rows(self, sql):
        done = subprocess.run(["psql", "-XAtq", "-F", "\t", "-h", self.server, "-U", "breakwater",
                               "-d", "postgres", "-c", sql],
                              check=False, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise Failure("psql: " + done.stderr.strip())
        return [line.split("\t") for line in done.stdout.splitlines()]

    def number(self, sql):
        return int(self.rows(sql)[0][0])


class Service:
    """`prefix`: what starts the program, where it is not started as it is."""
    def __init__(self, build, state, settings, prefix=()):
        self.prefix = list(prefix)
        self.program = os.path.abspath(os.path.join(build, "breakwater"))
        self.state = state
        self.port = free_port()
        self.settings = {"BREAKWATER_STATE": state, "BREAKWATER_LOG": "events",
                         "BREAKWATER_KEY_RATE": "0", "BREAKWATER_ADDRESS_RATE": "0",
                         "BREAKWATER_ANONYMOUS_RATE": "0",
                         "BREAKWATER_LISTEN": f"127.0.0.1:{self.port}"} | settings
        self.others = {name: value for name, value in os.environ.items()
                       if not name.startswith("BREAKWATER_")}
        self.output = os.path.join(state, "output")
        self.process = None
        self.crashes = []

    def start(self, **more):
        with open(self.output, "ab") as output:
            self.process = start([*self.prefix, self.program, "serve"], "KILL", output,
                                 self.others | self.settings | more)

    def keys(self):
        with open(os.path.join(self.state, "keys"), encoding="ascii") as file:
            return dict(line.split()[:2] for line in file)

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def has_ended(self):
        """Notes a crash: an end by a signal that nobody here sent."""
        code = self.process.poll()
        if code is not None and code < 0 and code != -signal.SIGKILL:
            self.crashes.append(f"ended by signal {-code}")
        return code is not None

    def wait(self):
        def is_up():
            if self.has_ended():
                raise Failure("the service does not start:\n" + self.last_words())
            return self.listens()
        wait_until(is_up, START_S_MAX, "the service listens")

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        if code:
            raise Failure(f"the service ended with {code}:\n" + self.last_words())

    def last_words(self):
        with open(self.output, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-12:])

    def run(self, *arguments, **settings):
        """Another command of the program."""
        return subprocess.run([self.program, *arguments], check=False, capture_output=True,
                              text=True, timeout=120, env=self.others | self.settings | settings)
