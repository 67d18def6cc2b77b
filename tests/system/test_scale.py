"""A chain's whole programme: 400 showtimes of 2500 seats load in seconds and do not slow the start."""

import time

from support import catalogue

SHOWTIMES = 400
SEED_LIMIT_S = 60  # Generous: the times are printed, the limits only catch what went wrong.
START_LIMIT_S = 10
LAST_SEAT = "AX50"


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
