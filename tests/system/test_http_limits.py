"""The HTTP server alone: sizes, slow and vanishing clients, its graceful end and its beginning."""

import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from support import process, sockets
from support.echo import CHUNKED, POST, Reader, Server, ask, assert_refused, request
from support.echo import make_server, server  # noqa: F401  (fixtures)

REQUEST_MS = 1500


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


@pytest.mark.parametrize("path,limit", [("/echo", 16384), ("/api/payments/webhook/momo", 65536),
                                        ("/api/cinemas", 65536)])
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
    sockets.wait_until_closed(server.port)
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
    sockets.wait_until_closed(server.port)
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
        process.stand_still(server.process)
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
