"""A chain's whole programme, and years of it: neither the seats to sell nor what was sold slow the
start."""

import importlib.machinery
import importlib.util
import sys
import time
import types
from pathlib import Path

from support import catalogue, process

SHOWTIMES = 400
SEED_LIMIT_S = 60  # Generous: the times are printed, the limits only catch what went wrong.
START_LIMIT_S = 10
LAST_SEAT = "AX50"
ENDED = 200_000  # Bookings of the past.
START_READ_MAX = 2 * 1024 * 1024  # Bytes that a start may read more: some pages for each showtime.


def test_a_million_seats_load_and_start_and_sell(launch):
    content = catalogue.Catalogue()
    showtimes = content.add_showtimes(SHOWTIMES, screen_id="BIG")
    server = launch(start=False)
    began_s = time.monotonic()
    server.seed(content)
    seed_s = time.monotonic() - began_s
    began_s = time.monotonic()
    server.seed(content)
    again_s = time.monotonic() - began_s
    server.start()
    print(f"{SHOWTIMES * 2500} seats: seeded in {seed_s:.2f} s, again in {again_s:.2f} s,"
          f" ready in {server.ready_after_s:.2f} s, {server.rss_kb()} kB resident,"
          f" file of {(server.data / 'usher.db').stat().st_size // 1024} kB")
    assert seed_s < SEED_LIMIT_S and again_s < SEED_LIMIT_S
    assert server.ready_after_s < START_LIMIT_S

    api, customer = server.api, server.api.customer()
    held = customer.hold(showtimes[-1], ["A1", LAST_SEAT]).expect(201).json
    assert held["final_amount"] == catalogue.PRICES["standard"] + catalogue.PRICES["vip"]
    seats = api.seats(showtimes[-1])["seats"]
    assert len(seats) == 2500 and seats[LAST_SEAT]["status"] == "held"
    began_s = time.monotonic()
    for showtime in showtimes:
        customer.held(showtime, ["B1"])
    print(f"a hold in each showtime took {(time.monotonic() - began_s) * 1000:.0f} ms in all,"
          f" {server.rss_kb()} kB resident")
    server.kill()
    server.start()
    print(f"ready in {server.ready_after_s:.2f} s after a kill with {SHOWTIMES} open showtimes")
    assert server.ready_after_s < START_LIMIT_S
    assert api.public.get(f"/api/showtimes/{showtimes[0]}").expect(200).json["available_seats"] == 2499


def bench_grow():
    """bench/grow, which writes history straight into a file."""
    path = process.REPOSITORY / "bench" / "grow"
    sys.path.insert(0, str(path.parent))
    loader = importlib.machinery.SourceFileLoader("bench_grow", str(path))
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    sys.path.remove(str(path.parent))
    return module.grow


def read_by(server):
    """Bytes that the process has read by now, from files and from others."""
    lines = Path(f"/proc/{server.process.pid}/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])


def starts_after_a_kill(server):
    """Kills the server while it has a hold, and starts it; gives what the start read."""
    server.start()
    server.api.customer().held(catalogue.showtime_id(1), ["A1"])
    server.kill()
    server.start()
    return read_by(server)


def test_a_start_after_a_kill_does_not_read_the_bookings_of_the_past(launch):
    content, _ = process.pool(1, screen_id="BIG")
    empty, grown = launch(name="empty", start=False), launch(name="grown", start=False)
    empty.seed(content)
    grown.seed(content)
    bench_grow()(types.SimpleNamespace(path=grown.data / "usher.db", folder=grown.folder), ENDED)
    size = (grown.data / "usher.db").stat().st_size
    assert size > 10 * START_READ_MAX
    read_empty, read_grown = starts_after_a_kill(empty), starts_after_a_kill(grown)
    print(f"{ENDED} ended bookings, {size // 1024} kB: read {read_grown // 1024} kB, ready in"
          f" {grown.ready_after_s:.3f} s; none: {read_empty // 1024} kB, {empty.ready_after_s:.3f} s")
    assert read_grown < read_empty + START_READ_MAX
    assert grown.ready_after_s < empty.ready_after_s + START_LIMIT_S


def test_the_smallest_room_sells_out(launch):
    content = catalogue.Catalogue()
    showtime = content.showtime(screen_id="S2")
    server = launch(content)
    customer = server.api.customer()
    booking = customer.held(showtime, ["A1", "A2"])
    api = server.api
    assert api.public.get("/api/showtimes?available=true").json["items"] == []
    api.customer().hold(showtime, ["A1"]).expect(409, "SEAT_HELD_BY_ANOTHER")
    customer.cancel(booking).expect(200)
    assert [item["id"] for item in api.public.get("/api/showtimes?available=true").json["items"]] \
        == [showtime]
