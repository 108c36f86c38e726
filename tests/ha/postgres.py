"""PostgreSQLs for the tests of fail-over: on loopback, on free ports, in a temporary directory, as the user
postgres where this is root. Everything that was started is ended by stop(), by its process id."""
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time

WAIT_S_MAX = 30
USER = "postgres"


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def programs():
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    newest = max(found, key=lambda path: int(path.split("/")[4])) if found else shutil.which("initdb")
    return os.path.dirname(newest)


def as_server(*words, **options):
    """A program of PostgreSQL's, as the user that it must run as; its output where it fails."""
    prefix = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
    done = subprocess.run(prefix + [os.path.join(programs(), words[0]), *words[1:]], cwd="/", text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=4 * WAIT_S_MAX, check=False, **options)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stdout}")
    return done.stdout


class Postgres:
    """One server. Made by initdb, or as a copy of another one, which it then follows."""

    def __init__(self, directory, name):
        self.name = name
        self.directory = os.path.join(directory, name)
        self.data = os.path.join(self.directory, "data")
        self.port = free_port()
        os.mkdir(self.directory, 0o700)
        if os.geteuid() == 0:
            user = pwd.getpwnam(USER)
            os.chown(self.directory, user.pw_uid, user.pw_gid)

    def make(self, *settings):
        as_server("initdb", "-D", self.data, "-A", "trust", "-U", "breakwater", "-E", "UTF8",
                  "--locale=C.UTF-8", "--data-checksums", "-N")
        self.configure("wal_level = replica", "max_wal_senders = 8", "wal_keep_size = 256MB",
                       "max_connections = 100", "timezone = UTC", *settings)

    def copy(self, primary):
        as_server("pg_basebackup", "-D", self.data, "-d", primary.url("postgres"), "-R", "-X", "stream", "-c", "fast")

    def configure(self, *lines):
        text = "".join(line + "\n" for line in lines)
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as file:
            file.write(text)

    def start(self, *options):
        words = ["-c", "listen_addresses=127.0.0.1", "-p", str(self.port), "-k", self.directory, *options]
        as_server("pg_ctl", "start", "-w", "-t", str(WAIT_S_MAX), "-s", "-D", self.data, "-l",
                  os.path.join(self.directory, "log"), "-o", " ".join(words))

    def stop(self, mode="fast"):
        if self.pid():
            as_server("pg_ctl", "stop", "-w", "-t", str(WAIT_S_MAX), "-s", "-m", mode, "-D", self.data)

    def pid(self):
        try:
            with open(os.path.join(self.data, "postmaster.pid"), encoding="utf-8") as file:
                pid = int(file.readline())
            return pid if os.path.realpath(f"/proc/{pid}/cwd") == os.path.realpath(self.data) else 0
        except (OSError, ValueError):
            return 0

    def processes(self):
        """The postmaster and its children: all stand in the data directory."""
        found = []
        for path in glob.glob("/proc/[0-9]*/cwd"):
            try:
                if os.readlink(path) == os.path.realpath(self.data):
                    found.append(int(path.split("/")[2]))
            except OSError:
                pass
        return found

    def kill(self):
        """kill -9 of all its processes at once, as a power cut would."""
        for pid in [self.pid(), *self.processes()]:
            try:
                if pid:
                    os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        deadline = time.monotonic() + WAIT_S_MAX
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.02)

    def promote(self):
        as_server("pg_ctl", "promote", "-w", "-t", str(WAIT_S_MAX), "-s", "-D", self.data)

    def url(self, database):
        return f"host=127.0.0.1 port={self.port} user=breakwater dbname={database}"

    def query(self, sql, database="postgres"):
        """Rows of text."""
        done = subprocess.run([os.path.join(programs(), "psql"), "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d",
                               self.url(database), "-c", sql], text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=4 * WAIT_S_MAX, check=False)
        if done.returncode:
            raise RuntimeError(f"{self.name}: {sql}: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def number(self, sql, database="postgres"):
        return int(self.query(sql, database)[0][0])

    def set_synchronous(self, names):
        """Which standbys each commit waits for; empty: none. Works on a standby, too, for the time after."""
        self.query(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        self.query("SELECT pg_reload_conf()")

    def follow(self, primary):
        """After a fail-over: the old primary, stopped, becomes the new one's standby."""
        as_server("pg_rewind", "-D", self.data, "--source-server", primary.url("postgres"), "-R")

    def wait_streaming(self):
        deadline = time.monotonic() + WAIT_S_MAX
        sql = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state IN ('sync', 'quorum')"
        while not self.number(sql):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name}: no synchronous standby streams")
            time.sleep(0.1)
