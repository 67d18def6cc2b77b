"""The HTTP server alone (tests/support/echo_server.c), and a client that speaks raw bytes to it.

The program is taken from the build folder in USHER_BUILD.
"""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def build_folder():
    given = os.environ.get("USHER_BUILD")
    candidates = [Path(given)] if given else [ROOT / "build/test", ROOT / "build/http"]
    for folder in candidates:
        if (folder / "tests/support/echo_server").exists():
            return folder
    raise RuntimeError("no echo_server is built; set USHER_BUILD to a build folder")


class Server:
    def __init__(self, port=0, **settings):
        environment = dict(os.environ)
        # h2o keeps a few free buffers for each thread and never gives them back.
        suppressions = ROOT / "tests/support/leaks.txt"
        environment["LSAN_OPTIONS"] = f"suppressions={suppressions}:print_suppressions=0"
        for name, value in settings.items():
            environment["ECHO_" + name.upper()] = str(value)
        self.process = subprocess.Popen(
            [str(build_folder() / "tests/support/echo_server"), str(port)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True)
        line = self.process.stdout.readline()
        self.port = int(line.split()[1]) if line.startswith("port ") else 0
        self.host = settings.get("host", "127.0.0.1")

    def connect(self, timeout=10):
        peer = socket.create_connection((self.host, self.port), timeout=timeout)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return peer

    def stop(self):
        """Ends it gracefully; what it or a sanitizer has to complain about fails the test."""
        self.process.send_signal(signal.SIGTERM)
        _, complaints = self.process.communicate(timeout=30)
        assert complaints == ""
        assert self.process.returncode == 0

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


@pytest.fixture
def make_server():
    servers = []

    def make(**settings):
        servers.append(Server(**settings))
        assert servers[-1].port, servers[-1].process.stderr.read()
        return servers[-1]

    yield make
    try:
        for server in servers:
            if server.process.poll() is None:
                server.stop()
    finally:
        for server in servers:
            server.kill()


@pytest.fixture
def server(make_server):
    return make_server()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Reader:
    """Takes answers off a connection, one by one."""

    def __init__(self, peer):
        self.peer, self.held = peer, bytearray()

    def more(self):
        part = self.peer.recv(1 << 20)
        self.held += part
        return bool(part)

    def answer(self, head_only=False):
        while b"\r\n\r\n" not in self.held:
            if not self.more():
                raise EOFError(bytes(self.held))
        end = self.held.index(b"\r\n\r\n")
        first, *lines = self.held[:end].decode().split("\r\n")
        del self.held[:end + 4]
        version, status, *_ = first.split(" ")
        assert version == "HTTP/1.1"
        headers = {}
        for line in lines:
            name, value = line.split(": ", 1)
            assert name.lower() not in headers
            headers[name.lower()] = value
        size = 0 if head_only else int(headers.get("content-length", 0))
        while len(self.held) < size:
            if not self.more():
                raise EOFError(bytes(self.held[:1000]))
        body = bytes(self.held[:size])
        del self.held[:size]
        return Answer(int(status), headers, body)

    def closed(self):
        """Does the server end the connection, with nothing more to say?"""
        try:
            while self.more():
                pass
        except ConnectionResetError:
            pass
        return self.held == b""


def request(method="GET", target="/echo", headers="", body=b""):
    length = f"Content-Length: {len(body)}\r\n" if body or method == "POST" else ""
    return f"{method} {target} HTTP/1.1\r\nHost: a\r\n{headers}{length}\r\n".encode() + body


def ask(server, data, **options):
    with server.connect() as peer:
        peer.sendall(data)
        return Reader(peer).answer(**options)


def assert_refused(server, data, status, code):
    with server.connect() as peer:
        peer.sendall(data)
        reader = Reader(peer)
        started = time.monotonic()
        answer = reader.answer()
        assert answer.status == status, data[:200]
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["connection"] == "close"
        assert 1 <= len(answer.headers["x-request-id"]) <= 64
        assert answer.json() == {"errorCode": code}
        assert reader.closed()
        assert time.monotonic() - started < 1, "a refusal does not wait for a deadline"

# Where a request's head begins for a test that writes the rest itself.
POST = b"POST /echo HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
