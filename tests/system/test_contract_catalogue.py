"""Movies, cinemas, showtimes and seat maps, as everybody may read them."""

import gzip
import json
import time

import pytest
from support import catalogue, shapes
from support.catalogue import CINEMA, MOVIE, NOBODY, OTHER_CINEMA, OTHER_MOVIE, parse_moment

# One evening that is two days, depending on where the cinema is.
EVENING = "2030-06-01T20:00:00.000Z"


class World:
    """A server with a catalogue that these tests only read, but for the showtimes in `spare`."""

    def __init__(self, server, content, ids):
        self.server = server
        self.api = server.api
        self.content = content
        self.__dict__.update(ids)

    def get(self, path, **headers):
        return self.api.public.get(path, **headers)

    def items(self, path):
        body = self.get(path).expect(200).json
        assert set(body) == {"items", "next_cursor"}
        return body["items"]

    def ids(self, path):
        return [item["id"] for item in self.items(path)]


@pytest.fixture(scope="module")
def world(launch_for_module):
    content = catalogue.Catalogue()
    for number in range(30):
        content.movies.append({**content.movies[1], "id": f"b{number:023x}",
                               "title": f"Part {number}", "status": "ended"})
    started = content.showtime(starts_in_s=-600, movie=0, cinema=1)
    over = content.showtime(starts_in_s=-7200, movie=1)
    sold_out = content.showtime(starts_in_s=3600, screen_id="S2")
    spare = content.add_showtimes(30, starts_in_s=7200)
    big = content.showtime(starts_in_s=7300, screen_id="BIG")
    east = content.showtime(movie=1)
    west = content.showtime(movie=1, cinema=1)
    for entry in content.showtimes[-2:]:
        entry["start_time"] = EVENING
    ids = {"started": started, "over": over, "sold_out": sold_out, "spare": spare, "big": big,
           "east": east, "west": west}
    world = World(launch_for_module(content), content, ids)
    world.api.customer().held(sold_out, ["A1", "A2"])
    return world


def is_personal(answer):
    return answer.header("cache-control") == "no-store"


# Movies and cinemas.


@pytest.mark.sanitize
def test_a_movie_has_the_members_of_its_collection(world):
    answer = world.get(f"/api/movies/{MOVIE}").expect(200)
    shapes.check(answer.json, shapes.MOVIE)
    assert answer.json == world.content.movies[0]
    assert answer.header("content-type") == "application/json"
    assert not is_personal(answer)


def test_a_cinema_has_the_members_of_its_collection(world):
    body = world.get(f"/api/cinemas/{CINEMA}").expect(200).json
    shapes.check(body, shapes.CINEMA)
    seeded = world.content.cinemas[0]
    for member in ("id", "name", "address", "city", "phone", "is_active"):
        assert body[member] == seeded[member]
    screens = {screen["screen_id"]: screen for screen in body["screens"]}
    assert list(screens) == ["S1", "S2", "BIG"]
    layout = screens["S1"]["seat_layout"]
    assert layout["rows"], layout["cols"] == (10, 12)
    assert layout["unavailable"] == catalogue.S1_UNAVAILABLE
    assert layout["aisles_after"] == [4, 8] and layout["accessible"] == ["H1", "H12"]
    assert screens["S1"]["total_seats"] == len(catalogue.S1_SEATS)


def test_movies_are_found_by_status_and_by_a_part_of_the_title_without_case(world):
    assert world.ids("/api/movies?status=now_showing") == [MOVIE]
    assert world.ids("/api/movies?status=coming_soon") == [OTHER_MOVIE]
    assert world.ids("/api/movies?q=LONG") == [OTHER_MOVIE]
    assert world.ids("/api/movies?q=m%E1%BA%AFt") == [MOVIE]
    assert world.ids("/api/movies?q=M%E1%BA%AET+B") == [MOVIE]
    assert world.ids("/api/movies?q=nothing+like+it") == []
    assert world.ids("/api/movies?q=long&status=ended") == []
    assert world.ids("/api/movies?q=%25") == [], "a percent sign is a letter like others"
    world.get("/api/movies?status=unheard").expect(400, "VALIDATION_FAILED")
    world.get("/api/movies?colour=red").expect(400, "VALIDATION_FAILED")


def test_cinemas_are_found_by_city_without_case(world):
    assert world.ids("/api/cinemas?city=h%C3%A0%20n%E1%BB%99i") == [CINEMA]
    assert world.ids("/api/cinemas?city=Z%C3%9CRICH") == [OTHER_CINEMA]
    assert world.ids("/api/cinemas?city=Atlantis") == []
    assert set(world.ids("/api/cinemas")) == {CINEMA, OTHER_CINEMA}


@pytest.mark.parametrize("kind", ["movies", "cinemas", "showtimes"])
def test_entries_of_lists_are_as_each_is_read(world, kind):
    for item in world.items(f"/api/{kind}?limit=5"):
        assert item == world.get(f"/api/{kind}/{item['id']}").expect(200).json


@pytest.mark.parametrize("kind, code", [("movies", "MOVIE_NOT_FOUND"),
                                        ("cinemas", "CINEMA_NOT_FOUND"),
                                        ("showtimes", "SHOWTIME_NOT_FOUND")])
@pytest.mark.parametrize("identity", [NOBODY, "x", "f" * 25])
def test_what_is_not_in_the_catalogue_is_not_found(world, kind, code, identity):
    path = f"/api/{kind}/{identity}"
    shapes.check_problem(world.get(path), 404, code, path)
    if kind == "showtimes":
        shapes.check_problem(world.get(path + "/seats"), 404, code, path + "/seats")


@pytest.mark.parametrize("kind, count", [("movies", 32), ("showtimes", 36), ("cinemas", 2)])
def test_pages_have_every_entry_once(world, kind, count):
    for limit in (1, 7, 100):
        seen, cursor = [], None
        for _ in range(count + 1):
            query = f"?limit={limit}" + (f"&cursor={cursor}" if cursor else "")
            page = world.get(f"/api/{kind}{query}").expect(200).json
            seen += [item["id"] for item in page["items"]]
            assert len(page["items"]) <= limit
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == count
    assert len(world.items(f"/api/{kind}")) == min(count, 20)
    for query in ("limit=0", "limit=101", "cursor=%40%40", "cursor=" + "A" * 16):
        world.get(f"/api/{kind}?{query}").expect(400, "VALIDATION_FAILED")


# Showtimes.


@pytest.mark.sanitize
def test_a_showtime_has_the_members_of_its_collection(world):
    body = world.get(f"/api/showtimes/{world.east}").expect(200).json
    shapes.check(body, shapes.SHOWTIME)
    assert body["start_time"] == EVENING
    assert body["end_time"] == "2030-06-01T20:01:00.000Z"
    assert body["price"] == catalogue.PRICES
    assert body["movie_id"] == OTHER_MOVIE and body["cinema_id"] == CINEMA
    assert body["screen_id"] == "S1" and body["status"] == "scheduled"
    assert body["total_seats"] == body["available_seats"] == len(catalogue.S1_SEATS)


def test_showtimes_are_found_by_movie_cinema_and_availability(world):
    query = "/api/showtimes?limit=100"
    assert set(world.ids(f"{query}&movie_id={OTHER_MOVIE}")) == {
        world.over, world.east, world.west}
    assert set(world.ids(f"{query}&cinema_id={OTHER_CINEMA}")) == {world.started, world.west}
    assert world.ids(f"{query}&cinema_id={OTHER_CINEMA}&movie_id={MOVIE}") == [world.started]
    assert world.ids(f"{query}&movie_id={OTHER_MOVIE.upper()}&cinema_id={CINEMA.upper()}") == [
        world.over, world.east]
    available = world.ids(f"{query}&available=true")
    assert not {world.started, world.over, world.sold_out} & set(available)
    assert {*world.spare, world.big, world.east, world.west} == set(available)
    for bad in ("movie_id=x", "date=tomorrow", "date=2030-02-30", "available=perhaps"):
        world.get(f"{query}&{bad}").expect(400, "VALIDATION_FAILED")


def test_a_date_is_the_cinemas_own_day(world):
    query = f"/api/showtimes?movie_id={OTHER_MOVIE}&date="
    assert world.ids(query + "2030-06-02") == [world.east], "20:00 UTC is 03:00 in Hanoi"
    assert world.ids(query + "2030-06-01") == [world.west], "and 22:00 in Zürich"


def test_a_showtime_that_is_over_is_completed_and_a_running_one_scheduled(world):
    assert world.get(f"/api/showtimes/{world.over}").json["status"] == "completed"
    assert world.get(f"/api/showtimes/{world.started}").json["status"] == "scheduled"


def test_counts_and_version_of_a_showtime_follow_its_bookings(world):
    showtime, customer = world.spare[0], world.api.customer()
    before = world.get(f"/api/showtimes/{showtime}").json
    held = customer.hold(showtime, ["C3", "C4"]).expect(201)
    after = world.get(f"/api/showtimes/{showtime}").json
    assert after["available_seats"] == before["available_seats"] - 2
    assert before["version"] < after["version"] == held.version
    customer.cancel(held.json["booking_id"]).expect(200)
    last = world.get(f"/api/showtimes/{showtime}").json
    assert last["available_seats"] == before["available_seats"]
    assert last["version"] > after["version"]


def test_pages_of_available_showtimes_are_complete_while_seats_come_and_go(world):
    customer = world.api.customer()
    path = "/api/showtimes?available=true&limit=10"
    first = world.get(path).expect(200).json
    last_shown = first["items"][-1]["id"]
    if last_shown in world.spare:
        customer.held(last_shown, ["C5"])
    rest = world.items(f"/api/showtimes?available=true&limit=100&cursor={first['next_cursor']}")
    seen = [item["id"] for item in first["items"] + rest]
    assert len(seen) == len(set(seen)) == len(world.spare) + 3


# Seat maps.


@pytest.mark.sanitize
def test_a_seat_map_has_every_seat_and_tells_nobody_who(world):
    showtime, customer = world.spare[1], world.api.customer("very-private-name")
    customer.held(showtime, ["C3"])
    booked = customer.held(showtime, ["A2", "J1"])
    world.api.tell(customer.paying(booked), 400000).expect(200)
    answer = world.get(f"/api/showtimes/{showtime}/seats").expect(200)
    body = answer.json
    shapes.check(body, shapes.SEATS)
    for name, seat in body["seats"].items():
        shapes.check(seat, shapes.SEAT_ENTRY, name)
        assert seat["seat_type"] == catalogue.seat_type(name)
    assert body["showtime_id"] == showtime
    assert list(body["seats"]) == catalogue.S1_SEATS
    assert body["layout"] == {"rows": 10, "cols": 12, "unavailable": ["E6", "E7"],
                              "aisles_after": [4, 8], "accessible": ["H1", "H12"]}
    assert body["prices"] == catalogue.PRICES
    assert world.api.statuses(showtime) == {"C3": "held", "A2": "booked", "J1": "booked"}
    assert b"private" not in answer.body and booked.encode() not in answer.body
    assert body["version"] == world.get(f"/api/showtimes/{showtime}").json["version"]
    assert abs(parse_moment(answer.header("x-server-time")) - time.time()) < 5
    assert not is_personal(answer)


@pytest.mark.sanitize
def test_an_unchanged_seat_map_is_not_sent_again(world):
    showtime, customer = world.spare[2], world.api.customer()
    path = f"/api/showtimes/{showtime}/seats"
    first = world.get(path).expect(200)
    tag = first.header("etag")
    assert tag.startswith('"') and tag.endswith('"')
    for sent in (tag, f'W/{tag}', f'"other", {tag}', "*"):
        again = world.get(path, **{"If-None-Match": sent})
        assert (again.status, again.body) == (304, b"")
        assert again.header("etag") == tag
        assert again.header("x-server-time") is not None
    world.get(path, **{"If-None-Match": '"other"'}).expect(200)
    booking = customer.held(showtime, ["C3"])
    changed = world.get(path, **{"If-None-Match": tag}).expect(200)
    assert changed.json["seats"]["C3"]["status"] == "held"
    assert changed.header("etag") != tag
    customer.cancel(booking).expect(200)
    freed = world.get(path).expect(200)
    assert freed.json["seats"] == first.json["seats"]
    assert freed.header("etag") not in (tag, changed.header("etag")), "a version never comes back"


def test_a_seat_map_is_compressed_for_who_takes_it(world):
    path = f"/api/showtimes/{world.big}/seats"
    plain = world.get(path).expect(200)
    packed = world.get(path, **{"Accept-Encoding": "deflate, gzip;q=0.5"}).expect(200)
    assert plain.header("content-encoding") is None
    assert packed.header("content-encoding") == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) * 4 < len(plain.body)
    for answer in (plain, packed):
        assert "accept-encoding" in answer.header("vary").lower()
    assert packed.header("etag") != plain.header("etag")
    refused = world.get(path, **{"Accept-Encoding": "gzip;q=0"}).expect(200)
    assert refused.header("content-encoding") is None
    same = world.get(path, **{"Accept-Encoding": "gzip", "If-None-Match": packed.header("etag")})
    assert same.status == 304
    assert len(json.loads(plain.body)["seats"]) == 2500


def test_the_map_of_a_show_that_is_over_can_be_read(world):
    assert len(world.api.seats(world.over)["seats"]) == len(catalogue.S1_SEATS)


def test_the_map_is_never_older_than_an_answer(world):
    """Who was answered a hold finds it in the map, on every connection, at once."""
    showtime = world.spare[3]
    for col in range(1, 9):
        held = world.api.customer().hold(showtime, [f"C{col}"]).expect(201)
        body = world.server.api.seats(showtime)  # A new connection each time.
        assert body["version"] >= held.version
        assert body["seats"][f"C{col}"]["status"] == "held"


# HEAD.


@pytest.mark.sanitize
def test_head_answers_like_get_without_the_body(world):
    customer = world.api.customer()
    booking = customer.held(world.spare[4], ["C3"])
    payment = customer.paying(booking)["payment_id"]
    for path in ("/api/movies", f"/api/movies/{MOVIE}", "/api/cinemas", f"/api/cinemas/{CINEMA}",
                 "/api/showtimes", f"/api/showtimes/{world.east}",
                 f"/api/showtimes/{world.east}/seats", f"/api/bookings/{booking}",
                 "/api/bookings", f"/api/payments/{payment}", "/health/live", "/api/nothing",
                 f"/api/bookings/{NOBODY}"):
        get, head = customer.get(path), customer.request("HEAD", path)
        assert head.status == get.status, path
        assert head.body == b"", path
        assert head.header("content-type") == get.header("content-type"), path
        if get.status == 200 and "health" not in path:
            assert head.header("content-length") == str(len(get.body)), path
