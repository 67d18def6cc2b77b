"""The HTTP server alone: answers that go on, their slow and vanishing clients, and their end."""

import signal
import socket
import time

import pytest

from support.echo import Reader, ask, request
from support.echo import make_server, server  # noqa: F401  (fixtures)


class Listener:
    """A client of a stream that reads when told."""

    def __init__(self, server, target, version="1.1", buffer=None):
        self.peer = socket.socket()
        if buffer is not None:
            self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.peer.settimeout(10)
        self.peer.connect((server.host, server.port))
        self.peer.sendall(f"GET {target} HTTP/{version}\r\nHost: a\r\n\r\n".encode())
        self.held = b""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.peer.close()

    def read_until(self, text):
        """What came up to and with `text`."""
        while text not in self.held:
            part = self.peer.recv(1 << 16)
            assert part, f"closed after {self.held[-200:]!r}"
            self.held += part
        end = self.held.index(text) + len(text)
        found, self.held = self.held[:end], self.held[end:]
        return found

    def rest(self):
        """Everything up to the server's close."""
        try:
            while part := self.peer.recv(1 << 16):
                self.held += part
        except ConnectionResetError:
            self.held += b"<reset>"
        return self.held


def open_streams(server):
    return ask(server, request(target="/streams")).json()


def wait_for_streams(server, count, limit_s=5.0):
    began_s = time.monotonic()
    while open_streams(server) != count:
        assert time.monotonic() - began_s < limit_s, open_streams(server)
        time.sleep(0.01)
    return time.monotonic() - began_s


def test_a_stream_is_chunked_and_goes_on(server):
    with Listener(server, "/stream?5") as listener:
        head = listener.read_until(b"\r\n\r\n").lower()
        assert b"200 ok" in head and b"\r\ntransfer-encoding: chunked\r\n" in head
        assert b"\r\nx-stream: yes\r\n" in head and b"\r\nconnection: close\r\n" in head
        assert b"content-length" not in head
        assert listener.read_until(b"\n\r\n") == b"6\r\nbegin\n\r\n"
        for _ in range(3):
            assert listener.read_until(b"e\r\n") == b"5\r\nabcde\r\n"
        wait_for_streams(server, 1)


def test_before_http_1_1_a_stream_ends_with_its_connection(server):
    with Listener(server, "/stream?5", version="1.0") as listener:
        head = listener.read_until(b"\r\n\r\n").lower()
        assert b"transfer-encoding" not in head
        assert listener.read_until(b"abcdeabcde") == b"begin\nabcdeabcde"


def test_head_of_a_stream_is_its_head(server):
    with server.connect() as peer:
        peer.sendall(request("HEAD", "/stream?5"))
        reader = Reader(peer)
        answer = reader.answer(head_only=True)
        assert (answer.status, answer.headers["x-stream"]) == (200, "yes")
        assert reader.closed()
    assert open_streams(server) == 0


@pytest.mark.parametrize("size", [0, 1000])
def test_a_listener_who_leaves_is_noticed_at_once(server, size):
    listeners = [Listener(server, f"/stream?{size}") for _ in range(20)]
    for listener in listeners:
        listener.read_until(b"begin\n\r\n")
    wait_for_streams(server, 20)
    for listener in listeners[:10]:
        listener.peer.close()
    for listener in listeners[10:]:  # With bytes unread, or a reset.
        listener.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        listener.peer.close()
    assert wait_for_streams(server, 0) < 2


def test_what_a_listener_says_is_never_answered_and_costs_nothing(server):
    with Listener(server, "/stream?0") as listener:
        listener.read_until(b"begin\n\r\n")
        listener.peer.sendall(request() * 100)
        cpu_before = cpu_s(server)
        time.sleep(0.5)
        assert cpu_s(server) - cpu_before < 0.2, "the loop runs in circles"
        wait_for_streams(server, 1)
        listener.peer.settimeout(0.1)
        with pytest.raises(TimeoutError):
            listener.peer.recv(1)


def cpu_s(server):
    with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_who_takes_nothing_is_cut_while_others_listen(make_server):
    server = make_server(answer_ms=1000)
    with Listener(server, "/stream?30000", buffer=4096) as slow:
        with Listener(server, "/stream?30000") as quick, Listener(server, "/stream?0") as idle:
            slow.read_until(b"begin\n\r\n")
            idle.read_until(b"begin\n\r\n")
            began_s = time.monotonic()
            while time.monotonic() - began_s < 4:
                quick.read_until(b"abc")
            assert open_streams(server) == 2, "the slow one is gone, the idle one is not"
            idle.peer.close()
            quick.peer.close()
            wait_for_streams(server, 0)
            taken = slow.rest()
            print(f"{len(taken)} bytes were on their way to a client who takes nothing")
            assert len(taken) < 400000


def test_streams_end_at_once_with_the_server(make_server):
    server = make_server(grace_ms=10000)
    listeners = [Listener(server, f"/stream?{size}") for size in (0, 0, 5, 5)]
    slow = Listener(server, "/stream?1000000", buffer=4096)
    for listener in listeners:
        listener.read_until(b"begin\n\r\n")
    slow.read_until(b"begin\n\r\n")
    time.sleep(0.5)
    began_s = time.monotonic()
    server.stop()
    assert time.monotonic() - began_s < 2
    for listener in listeners:
        assert listener.rest().endswith(b"0\r\n\r\n"), "the end is told"
    slow.rest()


def test_a_stream_may_begin_later(server):
    with Listener(server, "/stream-later?100") as listener:
        listener.read_until(b"begin\n\r\n")
        listener.read_until(b"abc")
        wait_for_streams(server, 1)
        listener.peer.close()
        assert wait_for_streams(server, 0) < 2


def test_a_stream_that_begins_while_the_server_ends_is_short(make_server):
    server = make_server(grace_ms=10000)
    with Listener(server, "/stream-later?1000") as listener:
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        began_s = time.monotonic()
        head = listener.read_until(b"\r\n\r\n").lower()
        assert b"\r\ncontent-length: 6\r\n" in head and b"\r\nconnection: close\r\n" in head
        assert listener.rest() == b"begin\n"
        assert time.monotonic() - began_s < 3
