"""Faults of the running server, made by strace, which makes a system call late, or fail, without
the program's knowledge. The server forbids to be traced: only root (CAP_SYS_PTRACE) may attach.
"""

import re
import subprocess
import time

ATTACH_LIMIT_S = 20


class Fault:
    """A fault of the running server, until it is lifted."""

    def __init__(self, server, *expressions):
        arguments = []
        for expression in expressions:
            arguments += ["-e", expression]
        self.output = server.folder / "strace.log"
        self.file = open(self.output, "w")
        self.strace = subprocess.Popen(
            ["strace", "-f", "-p", str(server.process.pid), *arguments],
            stdin=subprocess.DEVNULL, stdout=self.file, stderr=self.file)
        limit_s = time.monotonic() + ATTACH_LIMIT_S
        while not re.search(r"Process \d+ attached with \d+ threads", self.output.read_text()):
            text = self.output.read_text()
            assert self.strace.poll() is None and time.monotonic() < limit_s, text
            time.sleep(0.01)

    def lift(self):
        if self.strace.poll() is None:
            self.strace.terminate()
        self.strace.wait(ATTACH_LIMIT_S)
        self.file.close()


def late_flush(delay_us):
    """Every flush takes this long."""
    return "trace=fdatasync,fsync", f"inject=fdatasync,fsync:delay_enter={delay_us}"


def late_write(delay_us):
    """Every write to a file takes so much longer: a commit's beginning and end are apart."""
    return "trace=pwrite64", f"inject=pwrite64:delay_enter={delay_us}"
