"""System calls of one thread of the service that fail: strace's injection."""
import os
import subprocess

from machine import Failure, wait_until

ATTACHED_S_MAX = 10
CALLS_MAX = 40
# What the writer calls, and what each may say. An interrupted poll or a full socket is no fault of
# the connection; the others end it. After EPIPE libpq waits for the server's last word, which does
# not come from one that is well: the writer's patience ends that, after eight seconds.
CALLS = (("sendto", "EPIPE"), ("sendto", "EINTR"), ("sendto", "EAGAIN"),
         ("recvfrom", "ECONNRESET"), ("recvfrom", "EINTR"), ("recvfrom", "ENOMEM"),
         ("poll", "EINTR"), ("poll", "ENOMEM"), ("socket", "EMFILE"), ("connect", "ECONNREFUSED"),
         ("getsockopt", "ENOBUFS"), ("fcntl", "EINVAL"), ("getrandom", "EINTR"))


def thread_of(pid, name):
    """The number of the thread that bears the name; None: none does."""
    for number in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{number}/comm", encoding="ascii") as file:
                if file.read().strip() == name:
                    return int(number)
        except OSError:
            pass
    return None


class Injection:
    """The n-th of these calls from now fails with the error. A connection that is made again calls
    what one that is there does not: there a recvfrom fails first, so that one is made."""
    def __init__(self, service, call, error, n, output):
        self.what = f"{call} {n}: {error}"
        self.output = output
        rules = [f"inject={call}:error={error}:when={n}"]
        if call in ("socket", "connect", "getsockopt", "fcntl"):
            rules.append("inject=recvfrom:error=ECONNRESET:when=1")
        number = wait_until(lambda: thread_of(service.process.pid, "writer"), 10,
                            "the writer's thread")
        arguments = [word for rule in rules for word in ("-e", rule)]
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "strace", "-qq", "-o", output, "-p", str(number),
             "-e", "trace=" + ",".join({call, "recvfrom"}), *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: self.is_attached(number), ATTACHED_S_MAX, "strace is attached", 0.005)
        self.call, self.error = call, error

    def is_attached(self, number):
        if self.process.poll() is not None:
            raise Failure("strace: " + self.process.stderr.read())
        with open(f"/proc/{number}/status", encoding="ascii") as file:
            return f"TracerPid:\t{self.process.pid}" in file.read()

    def disarm(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stderr.close()

    @property
    def has_fired(self):
        with open(self.output, encoding="utf-8", errors="replace") as file:
            return any("(INJECTED)" in line and line.startswith(self.call) and
                       self.error in line for line in file)

    def __str__(self):
        return self.what
