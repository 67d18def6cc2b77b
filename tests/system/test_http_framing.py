"""The HTTP server alone, spoken to with raw bytes: framing, limits, time-outs, graceful end.

It runs tests/support/echo_server from the build folder in USHER_BUILD.
"""

import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
REQUEST_MS = 1500
pytestmark = pytest.mark.sanitize


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


# --- Answers ---


def test_a_request_arrives_whole(server):
    answer = ask(server, request("POST", "/echo?a=b&c", "X-Test: 1\r\nx-TEST: 2\r\n", b"hello"))
    assert answer.status == 200
    got = answer.json()
    assert got["method"] == "POST"
    assert (got["path"], got["query"]) == ("/echo", "a=b&c")
    assert (got["peer"], got["host"]) == ("127.0.0.1", "a")
    assert (got["x_test"], got["x_test_count"]) == ("1", 2)
    assert bytes.fromhex(got["body_hex"]) == b"hello"
    assert answer.headers["x-echo"] == "yes"


def test_no_answer_names_the_server_or_its_library(server):
    for data in (request(), request("POST", "/later", body=b"x"), b"garbage\r\n\r\n"):
        answer = ask(server, data)
        assert "server" not in answer.headers
        assert "h2o" not in str(answer.headers).lower()


def test_an_absolute_target_of_the_same_host_is_a_path(server):
    data = b"GET http://a/b?c HTTP/1.1\r\nHost: A\r\n\r\n"
    got = ask(server, data).json()
    assert (got["path"], got["query"]) == ("/b", "c")


def test_methods_are_told_apart(server):
    for method in ("GET", "POST", "PATCH", "DELETE", "OPTIONS"):
        assert ask(server, request(method)).json()["method"] == method
    for method in ("PUT", "TRACE", "get", "BREW"):
        assert ask(server, request(method)).json()["method"] == "OTHER"


@pytest.mark.parametrize("path", ["/echo", "/later", "/shared?100000"])
def test_head_has_the_length_and_no_body(server, path):
    with server.connect() as peer:
        reader = Reader(peer)
        peer.sendall(request("GET", path))
        size = len(reader.answer().body)
        peer.sendall(request("HEAD", path) + request("GET", path))
        answer = reader.answer(head_only=True)
        assert (answer.status, int(answer.headers["content-length"])) == (200, size)
        assert len(reader.answer().body) == size


@pytest.mark.parametrize("path,status", [("/empty", 204), ("/not-modified", 304)])
def test_an_answer_without_body_keeps_the_connection(server, path, status):
    with server.connect() as peer:
        reader = Reader(peer)
        for _ in range(3):
            peer.sendall(request("GET", path))
            answer = reader.answer()
            assert answer.status == status
            assert "content-length" not in answer.headers
            assert "transfer-encoding" not in answer.headers


@pytest.mark.parametrize("path", ["/echo", "/later"])
def test_a_connection_serves_many_requests(server, path):
    with server.connect() as peer:
        reader = Reader(peer)
        for number in range(200):
            body = b"x" * (number * 37 % 5000)
            peer.sendall(request("POST" if number % 2 else "GET", path, body=body))
            assert reader.answer().json()["body_size"] == len(body)


def test_http_1_0_closes_unless_asked_to_stay(server):
    with server.connect() as peer:
        peer.sendall(b"GET /echo HTTP/1.0\r\n\r\n")
        reader = Reader(peer)
        assert reader.answer().status == 200
        assert reader.closed()
    with server.connect() as peer:
        reader = Reader(peer)
        for _ in range(2):
            peer.sendall(b"GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert reader.answer().status == 200


def test_connection_close_is_obeyed(server):
    with server.connect() as peer:
        peer.sendall(request("GET", "/later", "Connection: close\r\n"))
        reader = Reader(peer)
        assert reader.answer().headers["connection"] == "close"
        assert reader.closed()


def test_an_upgrade_is_ignored(server):
    headers = "Connection: Upgrade, keep-alive\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    assert ask(server, request(headers=headers)).status == 200


def test_a_client_that_has_ended_its_side_is_answered(server):
    for path in ("/echo", "/later?100"):
        with server.connect() as peer:
            peer.sendall(request("POST", path, body=b"x"))
            peer.shutdown(socket.SHUT_WR)
            assert Reader(peer).answer().status == 200


@pytest.mark.parametrize("sent", ["a", "A.b_c-9", "x" * 64])
def test_a_sane_request_id_comes_back(server, sent):
    for data in (request(headers=f"X-Request-Id: {sent}\r\n"),
                 f"GET / HTTP/1.1\r\nX-Request-Id: {sent}\r\n\r\n".encode()):
        assert ask(server, data).headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", 'a"b', "é"])
def test_any_other_request_id_is_replaced_by_a_new_one(server, sent):
    ids = set()
    for _ in range(20):
        answer = ask(server, request(headers=f"X-Request-Id: {sent}\r\n"))
        ids.add(answer.headers["x-request-id"])
    assert sent not in ids
    assert len(ids) == 20


def test_an_ipv4_client_of_an_ipv6_listener_has_its_ipv4_name(make_server):
    server = make_server(host="::")
    server.host = "127.0.0.1"
    assert ask(server, request()).json()["peer"] == "127.0.0.1"


def test_a_shared_body_arrives_whole(server):
    size = 5_000_000
    wanted = (b"abcdefghijklmnopqrstuvwxyz" * (size // 26 + 1))[:size]
    with server.connect() as peer:
        reader = Reader(peer)
        peer.sendall(request("GET", f"/shared?{size}") * 3)
        time.sleep(0.2)
        for _ in range(3):
            assert reader.answer().body == wanted


def test_ipv6_is_served(make_server):
    try:
        server = make_server(host="::1")
    except AssertionError:
        pytest.fail("no IPv6 loopback on this machine")
    assert ask(server, request()).json()["peer"] == "::1"


# --- Framing that is fine, however it is cut ---


def test_chunked_bodies_arrive_whole(server):
    body = b"4\r\nwiki\r\nA\r\n0123456789\r\n0\r\n\r\n"
    head = b"POST /later HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    trailed = body[:-2] + b"X-Trailer: dropped\r\n\r\n"
    with server.connect() as peer:
        peer.sendall((head + body + head + trailed) * 10)
        reader = Reader(peer)
        for _ in range(20):
            got = reader.answer().json()
            assert bytes.fromhex(got["body_hex"]) == b"wiki0123456789"


@pytest.mark.parametrize("path", ["/echo", "/later"])
def test_fifty_requests_in_one_packet_are_answered_in_order(server, path):
    data = b"".join(
        request("POST" if n % 3 else "GET", path, f"X-Test: {n}\r\n", b"b" * n if n % 3 else b"")
        for n in range(50))
    with server.connect() as peer:
        peer.sendall(data)
        reader = Reader(peer)
        for number in range(50):
            got = reader.answer().json()
            assert got["x_test"] == str(number)
            assert got["body_size"] == (number if number % 3 else 0)


@pytest.mark.parametrize("path", ["/echo", "/later"])
def test_bytes_may_come_one_by_one(server, path):
    chunked = (b"POST " + path.encode() + b" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked"
               b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    for data, size in ((request("POST", path, body=b"hello"), 5), (chunked, 3),
                       (request("GET", path), 0)):
        with server.connect() as peer:
            for _ in range(2):
                for byte in data:
                    peer.sendall(bytes([byte]))
                    time.sleep(0.0005)
                reader = Reader(peer)
                assert reader.answer().json()["body_size"] == size


@pytest.mark.parametrize("encoding", ["length", "chunked"])
def test_expect_100_continue_is_answered_before_the_body(server, encoding):
    with server.connect() as peer:
        reader = Reader(peer)
        for path in ("/echo", "/later", "/echo"):
            how = "Content-Length: 5" if encoding == "length" else "Transfer-Encoding: chunked"
            peer.sendall(f"POST {path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n{how}\r\n\r\n"
                         .encode())
            assert reader.answer().status == 100
            peer.sendall(b"hello" if encoding == "length" else b"5\r\nhello\r\n")
            if encoding == "chunked":
                time.sleep(0.05)
                peer.sendall(b"0\r\n\r\n")
            assert reader.answer().json()["body_size"] == 5


def test_a_bad_chunk_after_100_continue_is_refused(server):
    with server.connect() as peer:
        reader = Reader(peer)
        peer.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n")
        assert reader.answer().status == 100
        peer.sendall(b"0x5\r\nhello\r\n0\r\n\r\n")
        assert reader.answer().status == 400
        assert reader.closed()


def fragments_client(server, seed, failures):
    """Pipelined requests in random fragments; one client in five leaves midway."""
    try:
        draw = random.Random(seed)
        wanted, data = [], b""
        for _ in range(draw.randrange(1, 60)):
            path = draw.choice(["/echo", "/later", "/later"])
            size = draw.choice([0, 0, 1, 200, 3000, 9000])
            body = draw.randbytes(size)
            if size and draw.random() < 0.3:
                cut = draw.randrange(size + 1)
                chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part)
                                  for part in (body[:cut], body[cut:]) if part)
                data += (f"POST {path} HTTP/1.1\r\nHost: a\r\nX-Test: {len(wanted)}\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n").encode() + chunks + b"0\r\n\r\n"
            else:
                data += request("POST" if size else "GET", path, f"X-Test: {len(wanted)}\r\n", body)
            wanted.append(size)
        leaves = draw.random() < 0.2
        with server.connect(timeout=60) as peer:

            def send():
                start = 0
                end = draw.randrange(len(data)) if leaves else len(data)
                try:
                    while start < end:
                        step = draw.choice([1, 7, 100, 1000, 5000, 70000])
                        peer.sendall(data[start:min(end, start + step)])
                        start += step
                        if draw.random() < 0.2:
                            time.sleep(draw.random() / 500)
                    if leaves:
                        peer.close()
                except OSError:
                    if not leaves:
                        raise

            if leaves:
                send()
                return
            sender = threading.Thread(target=send)
            sender.start()
            reader = Reader(peer)
            for number, size in enumerate(wanted):
                got = reader.answer().json()
                assert got["x_test"] == str(number)
                assert got["body_size"] == size
            sender.join()
    except Exception as failure:  # pylint: disable=broad-except
        failures.append((seed, repr(failure)))


def test_random_fragments_on_many_connections_with_vanishing_clients(server):
    print(f"SEED={SEED}")
    failures = []
    clients = [threading.Thread(target=fragments_client, args=(server, SEED + number, failures))
               for number in range(120)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert failures == [], f"SEED={SEED}"
    assert ask(server, request("POST", "/later", body=b"x")).status == 200


# --- Framing that is refused ---

POST = b"POST /echo HTTP/1.1\r\nHost: a\r\n"
REFUSED_HEADS = [
    POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    POST + b"Content-Length: 5\r\nContent-Length: 60\r\n\r\nhello",
    POST + b"Content-Length: 60\r\nContent-Length: 5\r\n\r\nhello",
    POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
    POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: xchunked\r\n\r\nhello",
    POST + b"Transfer-Encoding: chunked, identity\r\n\r\nhello",
    POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    POST + b"Content-Length: +5\r\n\r\nhello",
    POST + b"Content-Length: 0x5\r\n\r\nhello",
    POST + b"Expect: something\r\nContent-Length: 5\r\n\r\nhello",
    b"GET /echo HTTP/1.1\r\n\r\n",
    b"GET /echo HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    b"GET /echo HTTP/1.1\r\nHost : a\r\n\r\n",
    b"GET /echo HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n",
    b"GET /echo HTTP/1.1\r\nHost: a\r\nX-A: b\rc\r\n\r\n",
    b"GET /echo HTTP/1.1\r\nHost: a\r\nX-A: b\nX-B: c\r\n\r\n",
    b"GET /echo HTTP/1.1\nHost: a\n\n",
    b"GET /echo HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\n\r\n",
    b"GET /ec\0ho HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://b/echo HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /echo HTTP/3.0\r\nHost: a\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"garbage\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
REFUSED_CHUNKS = [
    b"0x5\r\nhello\r\n0\r\n\r\n",
    b"5;a=b\r\nhello\r\n0\r\n\r\n",
    b"5 \r\nhello\r\n0\r\n\r\n",
    b"5\nhello\r\n0\r\n\r\n",
    b"5\r\nhello0\r\n\r\n",
    b"-5\r\nhello\r\n0\r\n\r\n",
    b"FFFFFFFFFFFFFFFFF\r\nhello",
    b"0\r\nX: y\n\r\n",
]


@pytest.mark.parametrize("head", REFUSED_HEADS)
def test_a_head_with_two_meanings_is_refused_and_ends_the_connection(server, head):
    assert_refused(server, head + request() * 2, 400, "BAD_REQUEST")


@pytest.mark.parametrize("chunks", REFUSED_CHUNKS)
def test_an_odd_chunk_is_refused_and_ends_the_connection(server, chunks):
    assert_refused(server, CHUNKED + chunks + request() * 2, 400, "BAD_REQUEST")


def test_an_odd_chunk_that_comes_later_is_refused(server):
    with server.connect() as peer:
        for part in (CHUNKED, b"5\r\nhel", b"lo\r", b"\n5", b";a\r\nhello\r\n0\r\n\r\n"):
            peer.sendall(part)
            time.sleep(0.03)
        reader = Reader(peer)
        assert reader.answer().status == 400
        assert reader.closed()


@pytest.mark.parametrize("path", ["/echo", "/later"])
@pytest.mark.parametrize("bad", [REFUSED_HEADS[0], REFUSED_HEADS[11], CHUNKED + REFUSED_CHUNKS[0]])
def test_a_pipelined_bad_request_is_refused_after_the_good_ones(server, path, bad):
    good = request("POST", path, body=b"hello")
    with server.connect() as peer:
        peer.sendall(good * 3 + bad + good)
        reader = Reader(peer)
        for _ in range(3):
            assert reader.answer().status == 200
        answer = reader.answer()
        assert (answer.status, answer.headers["connection"]) == (400, "close")
        assert reader.closed()


def test_a_client_may_finish_sending_what_was_refused(server):
    with server.connect() as peer:
        peer.sendall(POST + b"Content-Length: 200000\r\n\r\n")
        reader = Reader(peer)
        assert reader.answer().status == 413
        for _ in range(20):
            peer.sendall(b"x" * 10000)
            time.sleep(0.01)
        assert reader.closed()


# --- Limits ---


def test_a_long_request_line_is_refused(server):
    line = b"GET /" + b"a" * (4096 - 14) + b" HTTP/1.1"
    assert ask(server, line + b"\r\nHost: a\r\n\r\n").status == 200
    longer = line.replace(b"/a", b"/aa") + b"\r\nHost: a\r\n\r\n"
    assert_refused(server, longer, 431, "HEADERS_TOO_LARGE")
    assert_refused(server, b"GET /" + b"a" * 100_000, 431, "HEADERS_TOO_LARGE")


def test_a_large_header_block_is_refused(server):
    assert ask(server, request(headers="X-A: " + "a" * 16000 + "\r\n")).status == 200
    for size in (16384, 100_000, 600_000):
        data = request(headers="X-A: " + "a" * size + "\r\n")
        assert_refused(server, data, 431, "HEADERS_TOO_LARGE")
    endless = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-A: b\r\n" * 50 + b"X-B: " + b"c" * 30000
    assert_refused(server, endless, 431, "HEADERS_TOO_LARGE")


def test_many_fields_are_refused(server):
    assert ask(server, request(headers="X-A: b\r\n" * 63)).status == 200
    for count in (64, 99, 200, 1000):
        data = request(headers="X-A: b\r\n" * count)
        assert_refused(server, data, 431, "HEADERS_TOO_LARGE")


@pytest.mark.parametrize("path,limit", [("/echo", 16384), ("/api/payments/webhook/momo", 65536)])
def test_a_large_body_is_refused(server, path, limit):
    fitting = b"x" * limit
    start = f"POST {path} HTTP/1.1\r\nHost: a\r\n"
    chunked = start.encode() + b"Transfer-Encoding: chunked\r\n\r\n"
    assert ask(server, request("POST", path, body=fitting)).json()["body_size"] == limit
    whole = ask(server, chunked + b"%x\r\n%s\r\n0\r\n\r\n" % (limit, fitting))
    assert whole.json()["body_size"] == limit
    small = b"".join(b"%x\r\n%s\r\n" % (100, b"y" * 100) for _ in range(limit // 100))
    assert ask(server, chunked + small + b"0\r\n\r\n").json()["body_size"] == limit // 100 * 100

    # By what it declares, before it comes.
    for size in (limit + 1, 100_000_000, 10 ** 30):
        data = f"{start}Content-Length: {size}\r\n\r\n".encode()
        assert_refused(server, data, 413, "BODY_TOO_LARGE")
        data = f"{start}Expect: 100-continue\r\nContent-Length: {size}\r\n\r\n".encode()
        assert_refused(server, data, 413, "BODY_TOO_LARGE")
    assert_refused(server, chunked + b"%x\r\n" % (limit + 1), 413, "BODY_TOO_LARGE")
    # By what has come of it.
    assert_refused(server, chunked + small + small[:20000], 413, "BODY_TOO_LARGE")
    assert_refused(server, request("POST", path, body=b"x" * 5_000_00), 413, "BODY_TOO_LARGE")


def test_one_connection_too_many_is_told_so_at_once(make_server):
    server = make_server(loops=1, connections=5)
    peers = [server.connect() for _ in range(5)]
    for peer in peers:
        peer.sendall(request())
        assert Reader(peer).answer().status == 200
    for _ in range(3):
        with server.connect() as peer:
            reader = Reader(peer)
            answer = reader.answer()
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            assert answer.json() == {"errorCode": "OVERLOADED"}
            assert reader.closed()
    peers.pop().close()
    time.sleep(0.1)
    assert ask(server, request()).status == 200
    for peer in peers:
        peer.sendall(request())
        assert Reader(peer).answer().status == 200
        peer.close()


def cpu_seconds(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_running_out_of_descriptors_neither_stops_nor_spins_the_server(make_server):
    server = make_server(loops=1, connections=100)
    used = len(os.listdir(f"/proc/{server.process.pid}/fd"))
    subprocess.run(["prlimit", "--pid", str(server.process.pid), f"--nofile={used + 5}:4096"],
                   check=True)
    peers = [server.connect() for _ in range(30)]
    time.sleep(0.2)
    before = cpu_seconds(server.process)
    time.sleep(0.5)
    assert cpu_seconds(server.process) - before < 0.1
    peers[0].sendall(request())
    assert Reader(peers[0]).answer().status == 200
    assert Reader(peers[-1]).closed()
    for peer in peers:
        peer.close()
    time.sleep(0.1)
    assert ask(server, request()).status == 200


# --- Slow clients ---


def time_until_closed(peer):
    started = time.monotonic()
    Reader(peer).closed()
    return time.monotonic() - started


def assert_cut_at_the_deadline(elapsed):
    assert REQUEST_MS / 1000 - 0.2 < elapsed < REQUEST_MS / 1000 + 1.5


@pytest.mark.parametrize("sent", [
    b"", b"GET /echo HT", POST + b"Content-Length: 10\r\n\r\nhel", CHUNKED + b"5\r\nhel"])
def test_a_request_that_does_not_end_is_cut_at_the_deadline(make_server, sent):
    server = make_server(request_ms=REQUEST_MS)
    with server.connect() as peer:
        peer.sendall(sent)
        assert_cut_at_the_deadline(time_until_closed(peer))


@pytest.mark.parametrize("start", [
    b"GET /echo HTTP/1.1\r\nHost: a\r\nX-A: ", POST + b"Content-Length: 1000\r\n\r\n",
    CHUNKED + b"100\r\n"])
def test_dripping_bytes_do_not_move_the_deadline(make_server, start):
    server = make_server(request_ms=REQUEST_MS)
    with server.connect() as peer:
        peer.sendall(start)
        started = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - started < 10:
                peer.sendall(b"x")
                time.sleep(0.1)
        assert_cut_at_the_deadline(time.monotonic() - started)


def test_an_idle_connection_is_ended(make_server):
    server = make_server(request_ms=REQUEST_MS)
    for path in ("/echo", "/later"):
        with server.connect() as peer:
            reader = Reader(peer)
            peer.sendall(request("GET", path))
            assert reader.answer().status == 200
            assert_cut_at_the_deadline(time_until_closed(peer))


def test_the_time_of_a_handler_is_not_the_clients(make_server):
    server = make_server(request_ms=500)
    assert ask(server, request("POST", "/later?1500", body=b"x")).status == 200


def test_a_reader_of_nothing_is_cut(make_server):
    server = make_server(loops=1, connections=1, answer_ms=1000)
    with server.connect() as peer:
        peer.sendall(request("GET", "/shared?50000000"))
        time.sleep(0.3)
        assert ask(server, request()).status == 503
        time.sleep(3)
        assert ask(server, request()).status == 200


# --- Clients that leave ---


def test_a_client_that_leaves_while_it_waits_harms_nobody(server):
    for number in range(100):
        peer = server.connect()
        data = request("POST" if number % 2 else "GET", "/later?50", body=b"x" * (number % 2))
        peer.sendall(data * (1 + number % 3))
        if number % 5 == 0:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.close()
    time.sleep(0.3)
    assert ask(server, request("POST", "/later", body=b"x")).status == 200


def test_a_client_that_leaves_while_it_is_written_to_harms_nobody(server):
    for _ in range(20):
        peer = server.connect()
        peer.sendall(request("GET", "/shared?5000000") * 2)
        peer.recv(10)
        peer.close()
    assert ask(server, request()).status == 200


def test_more_requests_may_come_while_one_waits(server):
    with server.connect() as peer:
        reader = Reader(peer)
        peer.sendall(request("GET", "/later?300", "X-Test: 0\r\n"))
        for number in range(1, 6):
            time.sleep(0.02)
            peer.sendall(request("POST", "/later", f"X-Test: {number}\r\n", b"x" * 9000))
        for number in range(6):
            assert reader.answer().json()["x_test"] == str(number)


# --- The end, and the beginning ---


@pytest.mark.parametrize("loops", [1, 2])
def test_a_graceful_stop_answers_what_is_under_way(make_server, loops):
    server = make_server(loops=loops)
    waiting = []
    for number in range(20):
        peer = server.connect()
        peer.sendall(request("POST" if number % 2 else "GET", "/later?700"))
        waiting.append(peer)
    reading = server.connect()
    reading.sendall(request("GET", "/shared?30000000"))
    idle = [server.connect() for _ in range(5)]
    half = server.connect()
    half.sendall(b"GET /echo HTTP/1.1\r\nHo")
    time.sleep(0.3)
    started = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    for peer in idle:
        assert Reader(peer).closed()
    assert time.monotonic() - started < 0.6, "before the answers that are awaited"
    with pytest.raises(OSError):
        while time.monotonic() - started < 5:
            server.connect().close()
            time.sleep(0.01)
    half.sendall(b"st: a\r\n\r\n")
    for peer in [half, *waiting]:
        reader = Reader(peer)
        answer = reader.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert reader.closed()
        peer.close()
    assert len(Reader(reading).answer().body) == 30000000
    reading.close()
    _, complaints = server.process.communicate(timeout=10)
    assert (server.process.returncode, complaints) == (0, "")
    assert time.monotonic() - started < 4


@pytest.mark.parametrize("attempt", range(5))
def test_a_request_that_came_before_the_stop_is_answered(make_server, attempt):
    server = make_server(loops=1)
    with server.connect() as peer:
        reader = Reader(peer)
        peer.sendall(request())
        assert reader.answer().status == 200
        server.process.send_signal(signal.SIGSTOP)
        server.process.send_signal(signal.SIGTERM)
        peer.sendall(request())
        with server.connect() as late:
            late.sendall(request())
            server.process.send_signal(signal.SIGCONT)
            for one in (reader, Reader(late)):
                assert one.answer().status == 200, attempt
                assert one.closed()


def test_a_client_cannot_make_the_server_buffer_without_end(make_server):
    server = make_server(loops=1)

    def resident_kib(name):
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        return int(status.partition(name)[2].split()[0])

    # The kernel lets the buffer of a fast connection grow; the server takes all that is in it.
    block = request("POST", body=b"y" * 16000) * 4
    with server.connect() as peer:
        sender = threading.Thread(target=lambda: [peer.sendall(block) for _ in range(2000)])
        sender.start()
        reader = Reader(peer)
        for _ in range(8000):
            reader.answer()
        sender.join()
        before = resident_kib("VmRSS:")
        peer.sendall(request("GET", "/later?1000"))
        peer.settimeout(0.5)
        with pytest.raises(TimeoutError):
            for _ in range(1000):
                peer.sendall(block)
        peer.settimeout(5)
        assert reader.answer().status == 200
        assert resident_kib("VmHWM:") - before < 2048


def test_a_stop_does_not_wait_longer_than_it_may(make_server):
    server = make_server(loops=1, grace_ms=300)
    half = server.connect()
    half.sendall(b"GET /echo HTTP/1.1\r\nHo")
    reading = server.connect()
    reading.sendall(request("GET", "/shared?50000000"))
    time.sleep(0.2)
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 3
    half.close()
    reading.close()


def test_a_stop_gives_up_requests_that_nobody_answers(make_server):
    server = make_server(loops=1, grace_ms=200)
    peer = server.connect()
    peer.sendall(request("GET", "/later?1500"))
    time.sleep(0.1)
    server.process.send_signal(signal.SIGTERM)
    _, complaints = server.process.communicate(timeout=10)
    assert server.process.returncode == 0
    assert "requests_cut" in complaints and len(complaints.splitlines()) == 1
    assert Reader(peer).closed()
    peer.close()


@pytest.mark.parametrize("loops", [1, 2])
def test_a_port_in_use_is_told(make_server, loops):
    server = make_server(loops=2)
    second = Server(port=server.port, loops=loops)
    _, complaints = second.process.communicate(timeout=10)
    assert second.process.returncode == 1
    assert complaints == f"port {server.port} is in use\n"


@pytest.mark.parametrize("host,complaint", [
    ("localhost", "the host is not an IPv4 or IPv6 address\n"),
    ("192.0.2.1", "cannot listen on 192.0.2.1 port 0: Cannot assign requested address\n")])
def test_a_host_that_cannot_be_bound_is_told(host, complaint):
    server = Server(host=host)
    _, complaints = server.process.communicate(timeout=10)
    assert (server.process.returncode, complaints) == (1, complaint)
