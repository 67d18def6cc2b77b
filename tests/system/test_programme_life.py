"""What the programme's changes leave behind: the journal, and the data after crowds and crashes."""

import datetime
import http.client
import sqlite3
import threading
import time
import zoneinfo

import pytest
from support import api as calls
from support import catalogue, process
from support.catalogue import PRICES
from support.office import LATER, Office, cinema, movie, seeded, showtime

PAST = 22000  # Showtimes of ten years.


@pytest.fixture(scope="module")
def shared_office(launch_for_module):
    return Office(launch_for_module(seeded(), name="office"))


@pytest.fixture
def office(shared_office):
    shared_office.server.assert_well()
    yield shared_office
    shared_office.server.assert_well()


# The journal.


def test_the_journal_has_every_change_and_who_made_it(office):
    film = office.create("movies", movie("Journal"))["id"]
    house = office.create("cinemas", cinema("Journal"))["id"]
    show = office.create("showtimes", showtime(movie_id=film, cinema_id=house))["id"]
    office.changed("movies", film, title="Journal", duration=80)
    office.changed("movies", film, duration=80)
    office.changed("cinemas", house, phone="1", screens=[catalogue.screen("S1", 1, 2, 2)])
    office.changed("showtimes", show, price={"vip": 5})
    office.api.customer().held(show, ["A1"])
    office.change("showtimes", show, start_time=LATER).expect(400, "VALIDATION_FAILED")
    who = (office.user, "staff")
    whole = movie("Journal")
    assert office.journal(film) == [(*who, "movie.create", film, whole),
                                    (*who, "movie.update", film, {"duration": 80})]
    created = {**cinema("Journal"), "screens": ["S1", "S2"]}
    assert office.journal(house) == [(*who, "cinema.create", house, created),
                                     (*who, "cinema.update", house,
                                      {"phone": "1", "screens": ["S1"]})]
    assert office.journal(show) == [
        (*who, "showtime.create", show, showtime(movie_id=film, cinema_id=house)),
        (*who, "showtime.update", show, {"price": {**PRICES, "vip": 5}})]


def test_the_journal_of_the_staff_shows_the_programme_too(office):
    film = office.create("movies", movie("Listed"))["id"]
    newest = office.staff.get(f"/api/staff/journal?actor={office.user}").expect(200).json["items"]
    entry = next(item for item in newest if film in item.values())
    assert entry["action"] == "movie.create" and entry["role"] == "staff"


def test_the_longest_texts_fit_into_the_journal(office):
    film = office.create("movies", movie(
        '"' * 1024, description='\n"' * 1500, poster_url="\\" * 1024, genre=["\\" * 100] * 10))
    assert office.journal(film["id"])[0][4]["description"] == '\n"' * 1500


# Crowds, ends and beginnings.


def test_two_people_who_change_two_members_both_have_their_way(office):
    film = office.create("movies", movie("Shared", duration=1000))["id"]
    failures = []

    def work(number, name):
        client = calls.Client(office.server.port, office.api.token(f"p{number}", role="staff"))
        for step in range(30):
            answer = client.request("PATCH", f"/api/movies/{film}", {name: f"{name} {step}"})
            if answer.status != 200 or answer.json[name] != f"{name} {step}":
                failures.append(answer)
        client.close()

    threads = [threading.Thread(target=work, args=each)
               for each in enumerate(("title", "description", "poster_url"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    entry = office.get("movies", film)
    assert {name: entry[name] for name in ("title", "description", "poster_url")} == {
        name: f"{name} 29" for name in ("title", "description", "poster_url")}


def test_every_hold_pays_a_price_that_was_on_show_at_its_version(office):
    show = office.showtime()
    prices, failures = {1: PRICES["standard"]}, []

    def reprice():
        client = calls.Client(office.server.port, office.api.token("pricer", role="staff"))
        for step in range(25):
            price = 1000 + step
            answer = client.request("PATCH", f"/api/showtimes/{show}",
                                    {"price": {"standard": price}})
            if answer.status != 200:
                failures.append(answer)
                return
            prices[answer.version] = price
        client.close()

    thread = threading.Thread(target=reprice)
    thread.start()
    sold = []
    for row in "BCDEFG":
        for col in range(1, 6):
            customer = office.api.customer()
            answer = customer.hold(show, [f"{row}{col}"]).expect(201)
            sold.append((answer.version, answer.json["final_amount"]))
            customer.close()
    thread.join()
    assert not failures, failures[0]
    for version, amount in sold:
        assert amount == prices[max(known for known in prices if known < version)]
    assert office.get("showtimes", show)["version"] == 1 + 25 + len(sold)


def test_changes_outlive_a_restart(launch):
    office = Office(launch(seeded()))
    film = office.create("movies", movie("Lasting"))["id"]
    show = office.create("showtimes", showtime(movie_id=film))["id"]
    office.api.customer().held(show, ["B1"])
    entry = office.changed("showtimes", show, price={"standard": 42})
    office.server.restart()
    assert office.get("showtimes", show) == entry
    assert office.api.customer().hold(show, ["B2"]).expect(201).json["final_amount"] == 42
    office.change("showtimes", show, screen_id="S2").expect(400, "VALIDATION_FAILED")


def test_a_change_is_whole_or_not_at_all_after_kill_9(launch, chance):
    office = Office(launch(seeded()))
    show = office.showtime()
    film = office.create("movies", movie("Killed"))["id"]
    heard = {"showtime": 0, "movie": 0}
    step = 1
    for _ in range(8):
        killer = threading.Timer(chance.uniform(0.01, 0.15), office.server.kill)
        killer.start()
        try:
            while True:
                office.change("showtimes", show, price={"standard": step, "vip": step}).expect(200)
                heard["showtime"] = step
                office.change("movies", film, duration=step, title=f"Killed {step}").expect(200)
                heard["movie"] = step
                step += 1
        except (OSError, http.client.HTTPException):
            pass
        killer.join()
        office.server.start()
        price = office.get("showtimes", show)["price"]
        entry = office.get("movies", film)
        prices = [row[4]["price"] for row in office.journal(show) if row[2] == "showtime.update"]
        assert price == (prices[-1] if prices else PRICES)
        assert office.get("showtimes", show)["version"] == 1 + len(prices)
        last = price["standard"] if prices else 0
        assert last in (heard["showtime"], heard["showtime"] + 1)
        assert not prices or price["vip"] == last, "both prices or none"
        if entry["title"] != "Killed":
            assert entry["title"] == f"Killed {entry['duration']}"
            assert heard["movie"] <= entry["duration"] <= last
        heard["showtime"] = last
        step = last + 1
    assert step > 1


def test_a_cinema_with_a_long_past_moves_its_time_zone_while_others_sell(launch):
    content, (show, *_) = process.pool(1)
    server = launch(content, start=False)
    with sqlite3.connect(server.data / "usher.db") as database:
        (cinema,) = database.execute("SELECT cinema FROM showtime").fetchone()
        columns = [row[1] for row in database.execute("PRAGMA table_info(showtime)")]
        past = {"number": "number+i", "id": "printf('%024x', i)", "starts_at": "i*3600000",
                "ends_at": "i*3600000+1", "status": "'completed'"}
        database.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<{PAST})"
            f" INSERT INTO showtime SELECT {','.join(past.get(name, name) for name in columns)}"
            " FROM n, (SELECT * FROM showtime)")
    database.close()
    server.start()
    customer, done, took_s = server.api.customer(), threading.Event(), []
    customer.cancel(customer.held(show, ["C3"])).expect(200)

    def sell():
        while not done.is_set():
            began_s = time.monotonic()
            customer.cancel(customer.held(show, ["C3"])).expect(200)
            took_s.append(time.monotonic() - began_s)

    selling = threading.Thread(target=sell)
    selling.start()
    try:
        answer = server.api.staff(role="admin").request(
            "PATCH", f"/api/cinemas/{cinema}", {"timezone": "America/New_York"})
    finally:
        done.set()
        selling.join()
    answer.expect(200)
    print(f"{PAST} showtimes; a sale waited {max(took_s):.3f} s at most")
    assert max(took_s) < 2
    with sqlite3.connect(f"file:{server.data / 'usher.db'}?mode=ro", uri=True) as database:
        dates = database.execute("SELECT starts_at/1000, local_date FROM showtime WHERE status="
                                 "'completed' ORDER BY number").fetchall()
    database.close()
    zone = zoneinfo.ZoneInfo("America/New_York")
    assert len(dates) == PAST
    for starts_at_s, date in dates[:: PAST // 500]:
        assert datetime.datetime.fromtimestamp(starts_at_s, zone).date().isoformat() == date
