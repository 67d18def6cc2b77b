"""What the server says of its showtimes, bookings and payments, read at one time through the API.

Read over one connection with many requests at once, and not judged by the API's document: other
tests do that, and here thousands of answers are read again and again.
"""

import json
import socket
import time
from dataclasses import dataclass

from support import signing, swarm
from support.catalogue import parse_moment

REQUESTS_AT_ONCE = 32
TIMEOUT_S = 30
PAGES_MAX = 1000
SETTLE_LIMIT_S = 10


def read_answer(stream, path):
    status = int(stream.readline().split(b" ")[1])
    size = 0
    while (line := stream.readline()) != b"\r\n":
        name, value = line.split(b":", 1)
        if name.lower() == b"content-length":
            size = int(value)
    body = stream.read(size)
    assert status in (200, 404), f"{path}: {status} {body[:500]!r}"
    return json.loads(body) if status == 200 else None


class Peer:
    """A connection that asks for many things at once."""

    def __init__(self, server):
        self.secret = server.jwt_secret
        self.staff = signing.token(self.secret, "auditor", role="staff")
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT_S)
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stream.close()
        self.socket.close()

    def get(self, paths, tokens=None):
        """The bodies of all paths, asked for by staff unless tokens of others are given; None for
        what is not found."""
        bodies = []
        tokens = tokens or [self.staff] * len(paths)
        for begin in range(0, len(paths), REQUESTS_AT_ONCE):
            several = list(zip(paths, tokens))[begin:begin + REQUESTS_AT_ONCE]
            self.socket.sendall(b"".join(swarm.request_bytes("GET", *one) for one in several))
            bodies += [read_answer(self.stream, path) for path, _ in several]
        return bodies

    def lists(self, paths):
        """The items of each list, all of its pages."""
        items = {path: [] for path in paths}
        asked = {path: f"{path}limit=100" for path in paths}
        for _ in range(PAGES_MAX):
            for path, body in zip(list(asked), self.get(list(asked.values()))):
                items[path] += body["items"]
                asked[path] = f"{path}limit=100&cursor={body['next_cursor']}"
                if body["next_cursor"] is None:
                    del asked[path]
            if not asked:
                return [items[path] for path in paths]
        raise AssertionError("a list does not end")


@dataclass
class World:
    began_ms: float
    ended_ms: float
    showtimes: dict  # id -> {version, taken, price, status}
    bookings: dict
    blocks: dict  # showtime -> its blocks
    payments: dict
    refunds: list | None  # None: not asked for.

    def is_lapsing(self, booking, mark_ms):
        """Did its hold end so shortly before that it may not be marked yet? Then two answers
        may differ."""
        ends_ms = parse_moment(booking["hold_expires_at"]) * 1000
        return (booking["status"] in ("pending", "expired")
                and self.began_ms - mark_ms < ends_ms < self.ended_ms)


def look(server, showtimes, payments, with_refunds):
    """Reads what belongs to the showtimes. `payments`: payment id -> its user."""
    began_ms = time.time() * 1000
    with Peer(server) as peer:
        entries = peer.get([f"/api/showtimes/{showtime}" for showtime in showtimes])
        maps = peer.get([f"/api/showtimes/{showtime}/seats" for showtime in showtimes])
        blocks = peer.lists([f"/api/showtimes/{showtime}/blocks?" for showtime in showtimes])
        bookings = peer.lists([f"/api/staff/bookings?showtime_id={one}&" for one in showtimes])
        users = {user: signing.token(peer.secret, user) for user in set(payments.values())}
        paid = peer.get([f"/api/payments/{payment}" for payment in payments],
                        [users[user] for user in payments.values()])
        refunds = peer.lists(["/api/staff/refunds?"])[0] if with_refunds else None
    return World(
        began_ms, time.time() * 1000,
        {showtime: {"version": seats["version"], "price": entry["price"],
                    "status": entry["status"],
                    "taken": {name: seat["status"] for name, seat in seats["seats"].items()
                              if seat["status"] != "available"}}
         for showtime, entry, seats in zip(showtimes, entries, maps)},
        {booking["id"]: booking for several in bookings for booking in several},
        dict(zip(showtimes, blocks)),
        {body["data"]["id"]: body["data"] for body in paid if body is not None}, refunds)


def settled(server, showtimes, payments, with_refunds):
    """The same when every cancelled showtime has ended its bookings, which takes some turns."""
    limit_s = time.monotonic() + SETTLE_LIMIT_S
    while True:
        world = look(server, showtimes, payments, with_refunds)
        live = any(world.showtimes[booking["showtime_id"]]["status"] == "cancelled"
                   and booking["status"] in ("pending", "confirmed")
                   for booking in world.bookings.values())
        # The map may have been read before the last of them ended.
        live = live or any(entry["status"] == "cancelled" and
                           {"held", "booked"} & set(entry["taken"].values())
                           for entry in world.showtimes.values())
        if not live or time.monotonic() > limit_s:
            return world
        time.sleep(0.05)
