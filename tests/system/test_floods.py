"""More clients than the server has time or room for: the others are served as ever.

What is refused and when the HTTP server alone shows in test_http_limits.py; here the whole
server sells seats meanwhile.
"""

import resource
import selectors
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from support import process

IDLE = 10000
SLOW = 200  # Of each kind.
ADDRESSES = [f"127.0.0.{number}" for number in range(2, 7)]  # One may have 3000 connections.
FILES_WANTED = IDLE + 4 * SLOW + 1000
CUT_WITHIN_S = 40  # The limit is 10 s; the machine may be busy.
IDLE_SIZE_MAX = 16 * 1024  # Of the server's memory, for each.
FLOOD_S = 3
FLOODERS = 60
FLOOD_RSS_MAX_KB = 40 * 1024
FILES_MIN = 256  # Of the server.
SERVED_WITHIN_S = 3  # Milliseconds, but for a busy machine.

# Requests that never end, by what they send first and then drop by drop.
DRIPS = {
    "heads": (b"GET /api/movies HTTP/1.1\r\nHost: a\r\nX-Slow: ", b"a"),
    "bodies": (b"POST /api/bookings/hold HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
               b"Content-Length: 1000\r\n\r\n", b" "),
    "chunks": (b"POST /api/bookings/hold HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
               b"Transfer-Encoding: chunked\r\n\r\n100\r\n", b" "),
}
BLOCK = b"x" * 65536
FLOODS = [
    b"GET /" + BLOCK,
    b"GET /api/movies HTTP/1.1\r\nHost: a\r\nX-Long: " + BLOCK,
    b"GET /api/movies HTTP/1.1\r\nHost: a\r\n" + b"X-Many: b\r\n" * 5000,
    b"POST /api/bookings/hold HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Content-Length: 100000000\r\n\r\n" + BLOCK,
    b"POST /api/payments/webhook/momo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n1000\r\n" + b"y" * 4096 + b"\r\n10000\r\n" + BLOCK,
]


def allow_files(count):
    """This process may open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))


class Crowd:
    """Connections that give the server nothing to do; it may close them."""

    def __init__(self, port):
        self.port = port
        self.selector = selectors.DefaultSelector()
        self.peers = []

    def add(self, data=b"", drop=b"", half=False):
        peer = socket.socket()
        peer.bind((ADDRESSES[len(self.peers) % len(ADDRESSES)], 0))
        peer.settimeout(20)
        peer.connect(("127.0.0.1", self.port))
        if data:
            peer.sendall(data)
        if half:
            peer.shutdown(socket.SHUT_WR)
        peer.setblocking(False)
        self.peers.append(peer)
        self.selector.register(peer, selectors.EVENT_READ, (peer, drop))

    def live(self):
        """Notices those that were closed; gives the others."""
        for key, _ in self.selector.select(0):
            peer, _ = key.data
            try:
                if peer.recv(65536):
                    continue
            except OSError:
                pass
            self.selector.unregister(peer)
            peer.close()
        return [key.data for key in self.selector.get_map().values()]

    def drip(self):
        for peer, drop in self.live():
            try:
                if drop:
                    peer.send(drop)
            except OSError:
                pass

    def close(self):
        self.selector.close()
        for peer in self.peers:
            peer.close()


def seat_number(number):
    """A seat of the big screen, a different one each time."""
    return f"{'CDEFGH'[number // 50]}{1 + number % 50}"


def sell_one(server, showtime, seat):
    """Everything a customer does, on a connection of his own; gives how long the slowest answer
    took."""
    customer, slowest_s = server.api.customer(), 0

    def timed(call):
        nonlocal slowest_s
        began_s = time.monotonic()
        answer = call()
        slowest_s = max(slowest_s, time.monotonic() - began_s)
        return answer

    timed(lambda: customer.get(f"/api/showtimes/{showtime}/seats")).expect(200)
    held = timed(lambda: customer.hold(showtime, [seat])).expect(201).json
    paid = timed(lambda: customer.pay(held["booking_id"])).expect(201).json
    timed(lambda: server.api.tell(paid, held["final_amount"])).expect(200)
    assert customer.booking(held["booking_id"]).json["status"] == "confirmed"
    customer.close()
    return slowest_s


def test_ten_thousand_idle_and_slow_clients_are_cut_and_others_are_served(launch):
    """Slowloris, half-closed requests and idle connections: all end when their time is over."""
    allow_files(FILES_WANTED)
    content, (showtime,) = process.pool(1, screen_id="BIG")
    server = launch(content, RATE_LIMIT=None)
    sell_one(server, showtime, "B1")
    before_kb = server.rss_kb()
    crowd = Crowd(server.port)
    try:
        for _ in range(IDLE):
            crowd.add()
        for data, drop in DRIPS.values():
            for _ in range(SLOW):
                crowd.add(data, drop)
        for _ in range(SLOW):
            crowd.add(b"GET /api/movies HTTP/1.1\r\nHos", half=True)
        began_s, slowest_s, served, most = time.monotonic(), 0, 0, 0
        while live := len(crowd.live()):
            most = max(most, live)
            assert time.monotonic() - began_s < CUT_WITHIN_S, f"{live} connections are still open"
            crowd.drip()
            slowest_s = max(slowest_s, sell_one(server, showtime, seat_number(served)))
            served += 1
            if served == 1:
                each = (server.rss_kb() - before_kb) * 1024 / live
            time.sleep(0.4)
    finally:
        crowd.close()
    print(f"{most} connections of {each:.0f} bytes were cut after"
          f" {time.monotonic() - began_s:.1f} s; {served} customers bought meanwhile, the slowest"
          f" answer took {slowest_s * 1000:.0f} ms")
    assert most > IDLE and served > 5
    assert each < IDLE_SIZE_MAX
    assert slowest_s < SERVED_WITHIN_S
    sell_one(server, showtime, "B2")


class Flood:
    """Threads that send what is refused as fast as it goes."""

    def __init__(self, port):
        self.port = port
        self.ending = threading.Event()
        self.refusals = {}
        self.sent = 0
        self.threads = [threading.Thread(target=self._send, args=(FLOODS[number % len(FLOODS)],))
                        for number in range(FLOODERS)]
        for thread in self.threads:
            thread.start()

    def _send(self, data):
        while not self.ending.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as peer:
                    peer.sendall(data)
                    for _ in range(16):  # More of it, until the server has had enough.
                        peer.sendall(BLOCK)
                        self.sent += len(BLOCK)
            except OSError:
                pass
            self._ask(data)
            time.sleep(0.05)

    def _ask(self, data):
        """The same, but listening for the refusal."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as peer:
                peer.sendall(data)
                status = peer.recv(4096).split(b" ")[1]
                self.refusals[status] = self.refusals.get(status, 0) + 1
        except (OSError, IndexError):
            pass

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()


def test_floods_of_heads_and_bodies_are_refused_and_others_are_served(launch):
    content, (showtime,) = process.pool(1, screen_id="BIG")
    server = launch(content)
    sell_one(server, showtime, "B1")
    before_kb = server.rss_kb()
    flood = Flood(server.port)
    slowest_s, most_kb, served = 0, 0, 0
    began_s = time.monotonic()
    while time.monotonic() - began_s < FLOOD_S or served < 3:
        slowest_s = max(slowest_s, sell_one(server, showtime, seat_number(served)))
        most_kb = max(most_kb, server.rss_kb() - before_kb)
        served += 1
        time.sleep(0.1)
    flood.stop()
    print(f"{flood.sent / 1e6:.0f} MB, refusals {flood.refusals}; the server grew by {most_kb} KB;"
          f" {served} customers bought meanwhile, the slowest answer took"
          f" {slowest_s * 1000:.0f} ms")
    assert set(flood.refusals) == {b"413", b"431"} and sum(flood.refusals.values()) > 100
    assert most_kb < FLOOD_RSS_MAX_KB
    assert slowest_s < SERVED_WITHIN_S


# --- File descriptors ---


def files_at_rest(identity):
    """How many files the process has open, when it has closed those of clients who are gone."""
    counts = []
    while len(counts) < 10 or len(set(counts[-10:])) > 1:
        assert len(counts) < 500, counts
        counts.append(len(list(Path(f"/proc/{identity}/fd").iterdir())))
        time.sleep(0.03)
    return counts[-1]


def test_without_a_free_descriptor_who_is_connected_is_served(launch):
    content, showtimes = process.pool(3)
    server = launch(content)
    api = server.api
    customer, staff = api.customer(), api.staff()
    customer.held(showtimes[0], ["C3"])
    staff.journal().expect(200)
    api.public.get("/health").expect(200)
    identity = server.process.pid
    used = files_at_rest(identity)
    soft, hard = resource.prlimit(identity, resource.RLIMIT_NOFILE)
    resource.prlimit(identity, resource.RLIMIT_NOFILE, (used, hard))
    for showtime in showtimes:  # The second and third are read from the file now.
        held = customer.hold(showtime, ["D1"]).expect(201).json
        api.tell(customer.paying(held["booking_id"]), held["final_amount"]).expect(200)
        assert api.statuses(showtime)["D1"] == "booked"
    staff.cancel_showtime(showtimes[2]).expect(202)
    staff.refunds().expect(200)
    refused = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(20)]
    for peer in refused:
        try:
            assert peer.recv(100) == b"", "closed, and nothing else"
        except ConnectionResetError:
            pass
        peer.close()
    customer.hold(showtimes[1], ["D2"]).expect(201)
    server.assert_well()
    resource.prlimit(identity, resource.RLIMIT_NOFILE, (soft, hard))
    time.sleep(1.2)  # It looks every second whether there is room again.
    server.api.customer().held(showtimes[1], ["D3"])


@pytest.mark.parametrize("files", [8, 14, 24, 100, FILES_MIN - 1])
def test_too_few_files_are_told_before_anything_starts(launch, files):
    server = launch(process.pool(1)[0], start=False)
    done = subprocess.run(
        ["prlimit", f"--nofile={files}:{files}", str(process.BINARY), "serve"],
        env=process.clean_environment(**server.settings), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2, done
    assert f"only {files} files" in done.stderr and "LimitNOFILE" in done.stderr


def test_as_few_files_as_are_asked_for_are_enough_for_the_most_loops(launch):
    content, showtimes = process.pool(20)
    server = launch(content, start=False, USHER_LOOPS="16")
    server.wrapper = ["prlimit", f"--nofile={FILES_MIN}:{FILES_MIN}"]
    server.start()
    assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (FILES_MIN, FILES_MIN)
    assert server.events("serving")[-1]["loops"] == 16
    api = server.api
    customers = [api.customer() for _ in showtimes]  # Of several loops, each with its reader.
    for customer, showtime in zip(customers, showtimes):
        held = customer.hold(showtime, ["D1"]).expect(201).json
        api.tell(customer.paying(held["booking_id"]), held["final_amount"]).expect(200)
        assert api.statuses(showtime)["D1"] == "booked"
    server.assert_well()
