"""The HTTP server alone, spoken to with raw bytes: what is answered, and what is refused."""

import os
import random
import socket
import threading
import time

import pytest

from support.echo import CHUNKED, POST, Reader, ask, assert_refused, request
from support.echo import make_server, server  # noqa: F401  (fixtures)

SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))


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
