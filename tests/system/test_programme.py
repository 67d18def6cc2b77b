"""Staff run the programme through the API: movies, cinemas, showtimes, and their changes."""

import json

import pytest
from support import api as calls
from support import catalogue, shapes
from support.catalogue import CINEMA, MOVIE, NOBODY, OTHER_CINEMA, PRICES
from support.office import (ENTRIES, LATER, START, Office, check_refusal, cinema, fields, movie,
                            seeded, showtime)


@pytest.fixture(scope="module")
def shared_office(launch_for_module):
    return Office(launch_for_module(seeded(), name="office"))


@pytest.fixture
def office(shared_office):
    shared_office.server.assert_well()
    yield shared_office
    shared_office.server.assert_well()


# From an idea to a sold seat.


@pytest.mark.sanitize
def test_a_week_is_programmed_sold_and_repriced(office):
    film = office.create("movies", movie("The Ferry"))["id"]
    house = office.create("cinemas", cinema("Quayside"))["id"]
    show = office.create("showtimes", showtime(movie_id=film, cinema_id=house))
    assert show["end_time"] == "2031-03-01T13:40:00.000Z"
    assert show["available_seats"] == show["total_seats"] == 24 and show["version"] == 1
    assert show["status"] == "scheduled"
    listed = office.api.public.get(f"/api/showtimes?cinema_id={house}&date=2031-03-01").json
    assert listed["items"] == [show]

    early, late = office.api.customer(), office.api.customer()
    old = early.held(show["id"], ["B1", "B2"])
    payment = early.paying(old)
    new_price = {**PRICES, "standard": 120000}
    repriced = office.change("showtimes", show["id"], price=new_price).expect(200)
    assert repriced.json["price"] == new_price and repriced.json["available_seats"] == 22
    assert repriced.version == repriced.json["version"]
    seats = office.api.seats(show["id"])
    assert seats["prices"] == new_price and seats["version"] == repriced.version

    assert early.booking(old).json["final_amount"] == 2 * PRICES["standard"]
    office.api.tell(payment, 2 * PRICES["standard"]).expect(200)
    assert early.booking(old).json["status"] == "confirmed"
    assert early.booking(old).json["final_amount"] == 2 * PRICES["standard"]
    dear = late.hold(show["id"], ["B3"]).expect(201)
    assert dear.json["final_amount"] == 120000
    assert dear.version == repriced.version + 2, "a sale and a hold"


def test_one_price_may_change_alone(office):
    show = office.showtime()
    body = office.changed("showtimes", show, price={"vip": 160000})
    assert body["price"] == {**PRICES, "vip": 160000} and body["version"] == 2


# What is sold stays.


def test_a_booked_showtime_keeps_all_but_its_prices(office):
    show = office.showtime()
    customer = office.api.customer()
    booking = customer.held(show, ["C1"])
    before = office.get("showtimes", show)
    wanted = {"screen_id": "S2", "movie_id": catalogue.OTHER_MOVIE, "cinema_id": OTHER_CINEMA,
              "start_time": LATER}
    refusal = office.change("showtimes", show, **wanted, price={"vip": 1})
    check_refusal(refusal, f"/api/showtimes/{show}")
    assert fields(refusal) == set(wanted)
    assert all("booked" in error["message"] for error in refusal.json["errors"])
    for name, value in wanted.items():
        assert fields(office.change("showtimes", show, **{name: value}).expect(
            400, "VALIDATION_FAILED")) == {name}
    assert office.get("showtimes", show) == before, "all or nothing"
    # What it is already may be said again.
    office.changed("showtimes", show, screen_id="S1", movie_id=MOVIE,
                   start_time=before["start_time"])
    # Money may still come for a booking that is over.
    customer.cancel(booking).expect(200)
    assert office.get("showtimes", show)["available_seats"] == before["total_seats"]
    office.change("showtimes", show, screen_id="S2").expect(400, "VALIDATION_FAILED")


def test_a_blocked_seat_keeps_the_screen_and_lets_the_start_move(office):
    show = office.showtime()
    block = {"seats": ["C1", "C2"], "reason": "Camera"}
    office.staff.request("POST", f"/api/showtimes/{show}/blocks", block).expect(201)
    kept = office.change("showtimes", show, screen_id="S2", start_time=LATER)
    assert fields(kept.expect(400, "VALIDATION_FAILED")) == {"screen_id"}
    moved = office.changed("showtimes", show, start_time=LATER)
    assert moved["available_seats"] == moved["total_seats"] - 2
    assert office.api.statuses(show) == {"C1": "blocked", "C2": "blocked"}


def test_a_cancelled_showtime_changes_no_more(office):
    show = office.showtime()
    office.staff.request("POST", f"/api/showtimes/{show}/cancel", {"reason": "Storm"}).expect(202)
    office.change("showtimes", show, price={"vip": 1}).expect(400, "SHOWTIME_NOT_AVAILABLE")


def test_an_unsold_showtime_may_move_in_every_way(office):
    show = office.showtime()
    assert len(office.api.seats(show)["seats"]) == len(catalogue.S1_SEATS)
    moved = office.changed("showtimes", show, screen_id="S2", start_time=LATER,
                           movie_id=catalogue.OTHER_MOVIE)
    assert moved["total_seats"] == moved["available_seats"] == 2 and moved["version"] == 2
    assert moved["end_time"] == "2031-03-01T15:01:00.000Z"
    seats = office.api.seats(show)
    assert set(seats["seats"]) == {"A1", "A2"} and seats["version"] == 2
    office.api.customer().hold(show, ["C1"]).expect(400, "INVALID_SEAT")
    office.api.customer().held(show, ["A1", "A2"])
    lists = office.api.public.get("/api/showtimes?date=2031-03-01&limit=100").json["items"]
    assert show in [item["id"] for item in lists]


def test_seat_maps_show_the_aisles_of_another_screen_with_the_same_seats(office):
    house = office.create("cinemas", cinema(
        "Twins", catalogue.screen("S1", 2, 4, 8, aisles_after=[1]),
        catalogue.screen("S2", 2, 4, 8, aisles_after=[3])))["id"]
    show = office.showtime(cinema_id=house)
    first = office.api.public.get(f"/api/showtimes/{show}/seats").expect(200)
    assert first.json["layout"]["aisles_after"] == [1]
    office.changed("showtimes", show, screen_id="S2")
    second = office.api.public.get(f"/api/showtimes/{show}/seats",
                                   **{"If-None-Match": first.header("etag")}).expect(200)
    assert second.json["layout"]["aisles_after"] == [3]


def test_a_changed_layout_is_for_showtimes_to_come(office):
    house = office.create("cinemas", cinema("Harbour"))["id"]
    old = office.showtime(cinema_id=house)
    booking = office.api.customer().held(old, ["A1"])
    body = office.changed("cinemas", house, screens=[catalogue.screen("S1", 1, 2, 2)])
    assert [screen["total_seats"] for screen in body["screens"]] == [2]
    assert office.get("showtimes", old)["total_seats"] == 24 and booking
    assert len(office.api.seats(old)["seats"]) == 24
    office.changed("showtimes", old, price={"couple": 1})
    assert len(office.api.seats(old)["seats"]) == 24
    assert len(office.api.seats(office.showtime(cinema_id=house))["seats"]) == 2
    gone = office.change("showtimes", office.showtime(cinema_id=house), screen_id="S2")
    assert fields(gone.expect(400, "VALIDATION_FAILED")) == {"screen_id"}
    assert "no screen S2" in gone.json["detail"]


def test_a_showtime_that_is_over_changes_no_more(office):
    over = catalogue.showtime_id(1)
    office.change("showtimes", over, price={"vip": 1}).expect(400, "SHOWTIME_NOT_AVAILABLE")
    office.changed("showtimes", over, price=PRICES)


# Movies and cinemas.


def test_members_of_a_movie_change_one_by_one(office):
    film = office.create("movies", movie("Low Water"))
    assert film["genre"] == ["Drama"]
    changed = office.changed("movies", film["id"], title="High Water", genre=[], duration=90)
    assert changed == {**film, "title": "High Water", "genre": [], "duration": 90}
    assert film["id"] in [item["id"] for item in office.api.public.get(
        "/api/movies?q=high+water").json["items"]]
    assert office.changed("movies", film["id"]) == changed, "nothing given, nothing changed"


def test_a_longer_movie_leaves_showtimes_that_are_there(office):
    film = office.create("movies", movie("Ebb"))["id"]
    show = office.create("showtimes", showtime(movie_id=film, screen_id="S2"))
    office.changed("movies", film, duration=200)
    assert office.get("showtimes", show["id"])["end_time"] == show["end_time"]
    moved = office.changed("showtimes", show["id"], start_time=LATER)
    assert moved["end_time"] == "2031-03-01T18:20:00.000Z"


def test_a_cinema_that_moves_to_another_time_zone_moves_its_days(office):
    house = office.create("cinemas", cinema("Nomad"))["id"]
    show = office.create("showtimes", showtime(
        cinema_id=house, start_time="2031-05-01T20:00:00.000Z"))["id"]
    query = f"/api/showtimes?cinema_id={house}&date="
    assert office.api.public.get(query + "2031-05-02").json["items"][0]["id"] == show
    changed = office.changed("cinemas", house, timezone="Europe/Zurich", is_active=False)
    assert not changed["is_active"] and len(changed["screens"]) == 2
    assert office.api.public.get(query + "2031-05-01").json["items"][0]["id"] == show


def test_a_cinema_may_be_large_and_no_larger(office):
    seats = [f"{row}{col}" for row in "ABCDEFGHIJ" for col in range(1, 21)]
    screens = [catalogue.screen(f"S{number}", 20, 20, 200, unavailable=seats)
               for number in range(45)]
    body = cinema("Palace", *screens)
    assert 50000 < len(json.dumps(body)) < 65536
    assert len(office.create("cinemas", body)["screens"]) == 45
    body["screens"] = screens * 2
    office.staff.request("POST", "/api/cinemas", body).expect(413, "BODY_TOO_LARGE")
    office.staff.close()
    office.staff.request("POST", "/api/movies", movie("x" * 20000)).expect(413, "BODY_TOO_LARGE")
    office.staff.close()


# The same again.


@pytest.mark.parametrize("kind, body", [
    ("movies", movie("Twice")), ("movies", movie("Twice with an id", id="b" * 24)),
    ("cinemas", cinema("Twice")),
    ("cinemas", cinema("Twice with an id", id="d" * 24)),
    ("showtimes", showtime(start_time="2031-06-01T12:00:00.000Z")),
])
def test_what_is_added_again_changes_nothing(office, kind, body):
    entry = office.create(kind, body)
    journal = office.journal()
    again = office.staff.request("POST", f"/api/{kind}", body).expect(200)
    assert again.json == entry and again.header("location") == f"/api/{kind}/{entry['id']}"
    assert office.journal() == journal
    other = dict(body)
    other.update({"movies": {"duration": 7}, "cinemas": {"screens": [catalogue.screen("S1", 5, 5, 25)]},
                  "showtimes": {"price": {**PRICES, "vip": 7}}}[kind])
    taken = office.staff.request("POST", f"/api/{kind}", other)
    check_refusal(taken, f"/api/{kind}")
    assert fields(taken) == {"id", *(name for name in other if other[name] != body[name])}
    assert f"PATCH /api/{kind}/{entry['id']}" in taken.json["errors"][0]["message"]
    assert office.get(kind, entry["id"]) == entry and office.journal() == journal


def test_an_entry_without_an_id_has_the_one_that_the_catalogue_file_gives(launch):
    content = catalogue.Catalogue()
    content.movies = [movie("Derived")]
    content.cinemas = [cinema("Derived")]
    content.showtimes = [{"movie_index": 0, "cinema_index": 0, "screen_id": "S1",
                          "start_time": START, "price": PRICES}]
    office = Office(launch(content))
    entries = {kind: office.api.public.get(f"/api/{kind}").json["items"] for kind in ENTRIES}
    film, house, show = (entries[kind][0] for kind in ("movies", "cinemas", "showtimes"))
    again = {"movies": movie("Derived"), "cinemas": cinema("Derived"),
             "showtimes": showtime(movie_id=film["id"], cinema_id=house["id"])}
    for kind, entry in (("movies", film), ("cinemas", house), ("showtimes", show)):
        answer = office.staff.request("POST", f"/api/{kind}", again[kind]).expect(200)
        assert answer.json == entry
    assert office.journal() == []


# Who may.


@pytest.mark.parametrize("method, path", [
    (method, f"/api/{kind}{tail}") for kind in ENTRIES
    for method, tail in (("POST", ""), ("PATCH", "/" + NOBODY))])
def test_only_staff_may(office, method, path):
    body = {"nonsense": True}
    office.api.public.request(method, path, body).expect(401, "TOKEN_MISSING")
    for role in ({}, {"role": "user"}):
        client = calls.Client(office.server.port, office.api.token("somebody", **role))
        shapes.check_problem(client.request(method, path, body), 403, "FORBIDDEN", path)
    admin = calls.Client(office.server.port, office.api.token("boss", role="admin"))
    admin.request(method, path, body).expect(400, "VALIDATION_FAILED")


def test_reading_is_still_for_everybody(office):
    for kind in ENTRIES:
        office.api.public.get(f"/api/{kind}").expect(200)
        assert office.api.public.request("DELETE", f"/api/{kind}").expect(
            405, "METHOD_NOT_ALLOWED").header("allow") == "GET, HEAD, POST"
        assert office.api.public.request("POST", f"/api/{kind}/{NOBODY}", {}).expect(
            405, "METHOD_NOT_ALLOWED").header("allow") == "GET, HEAD, PATCH"


# What is wrong.


@pytest.mark.parametrize("kind, body, wrong", [
    ("movies", {}, {"title", "duration", "release_date", "status"}),
    ("movies", movie("x", duration=0, status="lost", colour=1),
     {"duration", "status", "colour"}),
    ("movies", movie("x", genre=["a", 7]), {"genre[1]"}),
    ("movies", movie("x", id="x"), {"id"}),
    ("movies", movie("", release_date="soon"), {"title", "release_date"}),
    ("cinemas", {"name": "x"}, {"city", "screens"}),
    ("cinemas", cinema("x", catalogue.screen("S1", 51, 2, 2)), {"screens[0].seat_layout.rows"}),
    ("cinemas", cinema("x", catalogue.screen("S1", 2, 2, 5)), {"screens[0].total_seats"}),
    ("cinemas", cinema("x", timezone="Mars/North"), {"timezone"}),
    ("cinemas", cinema("x", catalogue.screen("S1", 2, 2, 4), catalogue.screen("S1", 2, 2, 4)),
     {"screens[1].screen_id"}),
    ("showtimes", {}, {"movie_id", "cinema_id", "screen_id", "start_time", "price"}),
    ("showtimes", showtime(price={"standard": 1, "vip": 0}), {"price.vip", "price.couple"}),
    ("showtimes", showtime(start_time="noon", movie_id="x"), {"start_time", "movie_id"}),
    ("showtimes", showtime(starts_in="+1d 12:00"), {"starts_in"}),
    ("showtimes", showtime(screen_id="S9"), {"screen_id"}),
    ("showtimes", showtime(start_time="9999-12-31T23:00:00Z"), {"start_time"}),
])
def test_every_wrong_member_is_named(office, kind, body, wrong):
    answer = office.staff.request("POST", f"/api/{kind}", body)
    check_refusal(answer, f"/api/{kind}")
    assert fields(answer) == wrong


def test_a_change_is_checked_like_a_new_entry(office):
    show, film = office.showtime(), office.create("movies", movie("Checked"))["id"]
    for kind, identity, members, wrong in [
        ("movies", film, {"title": ""}, {"title"}),
        ("movies", film, {"duration": None, "status": "x"}, {"duration", "status"}),
        ("movies", film, {"id": NOBODY}, {"id"}),
        ("cinemas", CINEMA, {"screens": [{"screen_id": "S1"}]},
         {"screens[0].name", "screens[0].type", "screens[0].seat_layout",
          "screens[0].total_seats"}),
        ("showtimes", show, {"price": {"vip": "1"}}, {"price.vip"}),
        ("showtimes", show, {"price": 1, "available_seats": 2}, {"price", "available_seats"}),
    ]:
        answer = office.change(kind, identity, **members).expect(400, "VALIDATION_FAILED")
        assert fields(answer) == wrong
    assert office.changed("movies", film, id=film)["title"] == "Checked"
    office.staff.request("PATCH", f"/api/movies/{film}", b"[]").expect(400, "VALIDATION_FAILED")
    office.staff.request("PATCH", f"/api/movies/{film}", b"{}", {"Content-Type": "text/plain"}
                         ).expect(415, "UNSUPPORTED_MEDIA_TYPE")


def test_what_is_not_there_is_not_found(office):
    for kind, code in (("movies", "MOVIE_NOT_FOUND"), ("cinemas", "CINEMA_NOT_FOUND"),
                       ("showtimes", "SHOWTIME_NOT_FOUND")):
        for identity in (NOBODY, "x"):
            office.change(kind, identity).expect(404, code)
    office.staff.request("POST", "/api/showtimes", showtime(movie_id=NOBODY)).expect(
        404, "MOVIE_NOT_FOUND")
    office.staff.request("POST", "/api/showtimes", showtime(cinema_id=NOBODY)).expect(
        404, "CINEMA_NOT_FOUND")
    office.change("showtimes", office.showtime(), movie_id=NOBODY).expect(404, "MOVIE_NOT_FOUND")
