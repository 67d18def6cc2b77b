"""Listeners of live seat maps: one that reads when told, one in a thread, and thousands.

What comes is judged on the way: its form is that of server-sent events, and versions grow.
"""

import json
import re
import selectors
import socket
import threading
import time
from dataclasses import dataclass

from support import conformance
from support.api import Answer

TIMEOUT_S = 20


@dataclass
class Event:
    """What came in one block; `kind` is `comment` or `retry` for what is no event."""

    kind: str
    version: int
    data: dict
    at_s: float
    text: str


class Closed(Exception):
    """The server has ended the stream."""


def request_bytes(showtime, last_event_id=None):
    last = "" if last_event_id is None else f"Last-Event-ID: {last_event_id}\r\n"
    return (f"GET /api/showtimes/{showtime}/events HTTP/1.1\r\nHost: localhost\r\n"
            f"Accept: text/event-stream\r\n{last}\r\n").encode()


def parse(text):
    """A block without its empty line."""
    now_s = time.monotonic()
    if text.startswith(":"):
        return Event("comment", 0, {}, now_s, text)
    if text == "retry: 2000":
        return Event("retry", 0, {}, now_s, text)
    found = re.fullmatch(r"id: (\d+)\nevent: (snapshot|seats)\ndata: (\{.*\})", text)
    assert found, f"no event: {text[:300]!r}"
    data = json.loads(found[3])
    assert data["version"] == int(found[1])
    conformance.check_event(found[2], found[3])
    return Event(found[2], int(found[1]), data, now_s, text)


class Decoder:
    """Bytes of an answer to events."""

    def __init__(self):
        self.held = b""
        self.head = None
        self.text = b""
        self.ended = False

    def feed(self, part):
        """The events that are whole now."""
        self.held += part
        if self.head is None:
            if b"\r\n\r\n" not in self.held:
                return []
            head, self.held = self.held.split(b"\r\n\r\n", 1)
            self.head = head.decode()
        if self.status != 200 or "transfer-encoding" not in self.headers:
            return []
        while b"\r\n" in self.held and not self.ended:
            line, rest = self.held.split(b"\r\n", 1)
            size = int(line, 16)
            if len(rest) < size + 2:
                break
            assert rest[size:size + 2] == b"\r\n"
            self.ended = size == 0
            self.text += rest[:size]
            self.held = rest[size + 2:]
        *blocks, self.text = self.text.split(b"\n\n")
        return [parse(block.decode()) for block in blocks]

    @property
    def status(self):
        return int(self.head.split(" ")[1])

    @property
    def headers(self):
        lines = self.head.split("\r\n")[1:]
        return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


class SeatMap:
    """What a client makes of the events; they must fit what it knows."""

    def __init__(self):
        self.version = None
        self.seats = {}

    def hear(self, event):
        if event.kind == "snapshot":
            self.seats = dict(event.data["seats"])
        elif event.kind == "seats":
            assert self.version is not None, "a change of what nobody knows"
            assert set(event.data["seats"]) <= set(self.seats)
            self.seats.update(event.data["seats"])
        else:
            return
        assert self.version is None or event.version > self.version or event.kind == "snapshot"
        self.version = event.version


class Listener:
    """A client that reads when told. `map` has what it has heard so far."""

    def __init__(self, port, showtime, last_event_id=None, buffer=None, seat_map=None):
        self.map = SeatMap() if seat_map is None else seat_map
        self.decoder = Decoder()
        self.waiting = []
        self.peer = socket.socket()
        if buffer is not None:
            self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.peer.settimeout(TIMEOUT_S)
        self.peer.connect(("127.0.0.1", port))
        self.peer.sendall(request_bytes(showtime, last_event_id))
        while self.decoder.head is None:
            self._read(TIMEOUT_S)
        if self.decoder.status == 200:  # A refusal is not whole yet.
            answer = Answer(200, list(self.decoder.headers.items()), b"")
            path = f"/api/showtimes/{showtime}/events"
            conformance.check("GET", path, {}, None, answer)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        self.peer.close()

    def _read(self, timeout_s, size=1 << 16):
        self.peer.settimeout(max(timeout_s, 0.001))
        part = self.peer.recv(size)
        if not part:
            raise Closed
        self.waiting += self.decoder.feed(part)

    def next(self, timeout_s=TIMEOUT_S):
        """The next event, comments and `retry` too; TimeoutError if none comes."""
        limit_s = time.monotonic() + timeout_s
        while not self.waiting:
            if self.decoder.ended:
                raise Closed
            self._read(limit_s - time.monotonic())
        event = self.waiting.pop(0)
        self.map.hear(event)
        return event

    def event(self, timeout_s=TIMEOUT_S):
        """The next that is an event."""
        limit_s = time.monotonic() + timeout_s
        while True:
            event = self.next(limit_s - time.monotonic())
            if event.kind in ("snapshot", "seats"):
                return event

    def silent(self, duration_s):
        """Does no event come for so long?"""
        try:
            self.event(duration_s)
        except TimeoutError:
            return True
        return False

    def until(self, condition, timeout_s=TIMEOUT_S):
        """Hears events until the condition holds for the map; gives them."""
        limit_s = time.monotonic() + timeout_s
        events = []
        while self.map.version is None or not condition(self.map):
            events.append(self.event(limit_s - time.monotonic()))
        return events

    def until_version(self, version, timeout_s=TIMEOUT_S):
        return self.until(lambda seat_map: seat_map.version >= version, timeout_s)

    def until_closed(self, timeout_s=TIMEOUT_S):
        """Everything up to the server's end of the stream."""
        events = []
        try:
            while True:
                events.append(self.next(timeout_s))
        except Closed:
            return events


class Background:
    """A listener in a thread of its own, until `stop`. Judge `failure` afterwards."""

    def __init__(self, listener, pause_s=0.0):
        self.listener = listener
        self.pause_s = pause_s
        self.events = []
        self.failure = None
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        try:
            while not self.ending.is_set():
                try:
                    self.events.append(self.listener.next(0.05))
                except TimeoutError:
                    continue
                time.sleep(self.pause_s)
        except Exception as failure:  # Told by stop, in the test's thread.
            self.failure = failure

    def stop(self):
        self.ending.set()
        self.thread.join()
        if self.failure is not None:
            raise self.failure
        return [event for event in self.events if event.kind in ("snapshot", "seats")]


class Crowd:
    """Thousands of listeners, read by one thread."""

    def __init__(self, port):
        self.port = port
        self.selector = selectors.DefaultSelector()
        self.members = []  # Of [socket, decoder, events].

    def join(self, showtime, count):
        """Adds listeners, each with its first event."""
        for _ in range(count):
            peer = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_S)
            peer.sendall(request_bytes(showtime))
            member = [peer, Decoder(), []]
            self.members.append(member)
            self.selector.register(peer, selectors.EVENT_READ, member)
            if len(self.members) % 100 == 0:
                self.hear(1)
        self.hear(1)

    def read(self, timeout_s=0.05):
        for key, _ in self.selector.select(timeout_s):
            part = key.fileobj.recv(1 << 16)
            if not part:
                raise Closed
            heard = key.data[1].feed(part)
            key.data[2] += [event for event in heard if event.kind in ("snapshot", "seats")]

    def hear(self, count, timeout_s=TIMEOUT_S):
        """Reads until everybody has heard so many events in all."""
        limit_s = time.monotonic() + timeout_s
        while any(len(events) < count for _, _, events in self.members):
            assert time.monotonic() < limit_s, "not everybody has heard of it"
            self.read()

    def close(self):
        for peer, _, _ in self.members:
            peer.close()
        self.selector.close()
