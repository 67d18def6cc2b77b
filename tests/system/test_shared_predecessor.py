"""A database as the predecessor left it is served as it is: its names, its ids, its gaps."""

import subprocess
import time

import pytest
from support import cluster, process

PYTHON = process.REPOSITORY / "build" / "mongo-venv" / "bin" / "python"
USER = "507f1f77bcf86cd799439011"
OTHER = "507f1f77bcf86cd799439012"
SHOWTIME = "64a7b8c9d0e1f2a3b4c5d6e7"
BROKEN = "64a7b8c9d0e1f2a3b4c5d6ff"
CONFIRMED = "64a7b8c9d0e1f2a3b4c5d6e8"
PENDING = "64a7b8c9d0e1f2a3b4c5d6e9"
OVERDUE = "64a7b8c9d0e1f2a3b4c5d6ea"
PAYMENT = "64a7b8c9d0e1f2a3b4c5d6eb"
LATE_S = 25

# Documents of its README, sections 4 and 5, and of its catalogue file; numbers as JavaScript has
# them, ObjectIds for users, `__v` and `_id` where its library puts them, no field that is optional.
WRITE = """
import datetime, sys, bson, pymongo
database = pymongo.MongoClient(sys.argv[1]).get_default_database()
oid, now = bson.ObjectId, datetime.datetime.now(datetime.timezone.utc)
minutes = lambda count: now + datetime.timedelta(minutes=count)
user, other = oid("507f1f77bcf86cd799439011"), oid("507f1f77bcf86cd799439012")
showtime, broken = oid("64a7b8c9d0e1f2a3b4c5d6e7"), oid("64a7b8c9d0e1f2a3b4c5d6ff")
confirmed, pending, overdue = (oid("64a7b8c9d0e1f2a3b4c5d6e" + last) for last in "89a")
movie, cinema = oid(), oid()
database.movies.insert_one({
    "_id": movie, "title": "Mai", "duration": 131, "genre": ["Drama"], "poster_url": "https://e/p",
    "description": "A film", "release_date": datetime.datetime(2024, 2, 10), "status": "now_showing",
    "__v": 0})
database.movies.insert_one({
    "_id": oid(), "title": "Psycho", "duration": 109, "genre": ["Horror"], "description": "Old",
    "release_date": datetime.datetime(1960, 6, 16), "status": "now_showing", "__v": 0})
database.cinemas.insert_one({
    "_id": cinema, "name": "Galaxy", "address": "1 Street", "city": "Hanoi", "phone": "1",
    "screens": [{"_id": oid(), "screen_id": "S1", "name": "One", "type": "standard",
                 "total_seats": 9, "seat_layout": {"rows": 2, "cols": 5, "unavailable": ["B5"]}}]})
seats = {f"{row}{col}": {"status": "available", "seat_type": kind}
         for row, kind in (("A", "standard"), ("B", "vip")) for col in range(1, 6)}
del seats["B5"], seats["A5"]["seat_type"]
seats["A1"].update(status="booked", booking_id=confirmed)
seats["A2"].update(status="held", booking_id=pending, held_until=minutes(8))
seats["A3"].update(status="held", booking_id=overdue, held_until=minutes(-2))
both = {"movie_id": movie, "cinema_id": cinema, "screen_id": "S1", "start_time": minutes(300),
        "end_time": minutes(431), "price": {"standard": 100000, "vip": 150000.0, "couple": 200000},
        "total_seats": 9, "available_seats": 6, "status": "scheduled", "version": 0, "__v": 0}
database.showtimes.insert_many([
    {"_id": showtime, "seats": seats, **both},
    {"_id": broken, "seats": {**seats, "B2": {"status": "held", "booking_id": "nobody"}}, **both}])

def booking(id, code, owner, seat, status, held, **more):
    return {"_id": id, "booking_code": code, "user_id": owner, "showtime_id": showtime,
            "seats": [{"_id": oid(), "seat_id": seat, "seat_type": "standard", "price": 100000}],
            "total_amount": 100000, "discount_amount": 0, "final_amount": 100000,
            "currency": "VND", "status": status, "held_at": held,
            "hold_expires_at": held + datetime.timedelta(minutes=10),
            "idempotency_key": "550e8400-e29b-41d4-a716-4466554400" + code[-2:], **more}

database.bookings.insert_many([
    booking(confirmed, "BK-AAAAAA11", user, "A1", "confirmed", minutes(-60),
            confirmed_at=minutes(-55), createdAt=minutes(-60), updatedAt=minutes(-55)),
    booking(pending, "BK-AAAAAA22", user, "A2", "pending", minutes(-2)),
    booking(overdue, "BK-AAAAAA33", other, "A3", "pending", minutes(-12))])
database.payments.insert_one({
    "_id": oid("64a7b8c9d0e1f2a3b4c5d6eb"), "booking_id": confirmed, "user_id": user,
    "amount": 100000, "currency": "VND", "payment_method": "momo", "status": "completed",
    "payment_url": "https://payment.example.com/momo/pay/TXN_MOMO_abc123",
    "paid_at": minutes(-55), "expires_at": minutes(-45), "createdAt": minutes(-58)})
database.idempotencykeys.insert_one({
    "key": "550e8400-e29b-41d4-a716-446655440000", "user_id": user, "request_path": "/api/payments",
    "request_hash": "0" * 64, "resource_type": "payment", "status": "completed",
    "response_status": 201, "response_body": {"success": True}, "expires_at": minutes(1000)})
database.bookings.create_index([("user_id", 1), ("status", 1)])
database.bookings.create_index([("user_id", 1), ("createdAt", -1)])
database.bookings.create_index([("showtime_id", 1), ("status", 1)])
database.bookings.create_index([("status", 1), ("hold_expires_at", 1)],
                               partialFilterExpression={"status": "pending"})
database.showtimes.create_index([("movie_id", 1), ("start_time", 1)])
database.showtimes.create_index([("status", 1), ("start_time", 1), ("available_seats", 1)])
database.idempotencykeys.create_index([("key", 1), ("user_id", 1)], unique=True)
database.idempotencykeys.create_index([("expires_at", 1)], expireAfterSeconds=0)
"""

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="needs pymongo; see tools/setup")


def left_by_it(folder, more=""):
    """The database as the predecessor left it."""
    database = cluster.Database(folder).start()
    uri = database.uri()
    subprocess.run([str(PYTHON), "-c", WRITE + more, uri], check=True, timeout=60)
    database.uri = lambda: uri
    return database


@pytest.fixture(scope="module")
def heirs(tmp_path_factory):
    """Two instances on that database."""
    folder = tmp_path_factory.mktemp("predecessor")
    database = left_by_it(folder)
    pair = cluster.Cluster(folder, database, count=2)
    yield pair
    for usher in pair.instances:
        usher.assert_well()
        usher.release()
        usher.assert_well()
    database.stop()


def until(what, why):
    end_s = time.monotonic() + LATE_S
    while not what():
        assert time.monotonic() < end_s, why
        time.sleep(0.1)


def test_the_audit_finds_what_is_wrong_with_it_and_no_more(heirs):
    done = heirs[0].run("audit")
    lines = done.stdout.splitlines()
    checked = next(place for place, line in enumerate(lines) if " checked in " in line)
    complaints = lines[:checked]  # Behind it: what waits for a sweep just now, and the sum.
    assert done.returncode == 1 and lines[-1] == f"{len(complaints)} broken"
    assert f"Showtime {BROKEN}: seat B2 has a value that no seat can have" in complaints
    assert [line for line in complaints if not line.startswith(f"Showtime {BROKEN}: ")] == []


def test_its_programme_and_its_map_are_shown(heirs):
    public = heirs[0].api.public
    listed = public.get("/api/showtimes").expect(200).json["items"]
    assert SHOWTIME in [entry["id"] for entry in listed]
    movies = public.get("/api/movies").expect(200).json["items"]
    assert {movie["title"]: movie["release_date"] for movie in movies} == {
        "Mai": "2024-02-10", "Psycho": "1960-06-16"}
    screens = public.get("/api/cinemas").expect(200).json["items"][0]["screens"]
    assert screens[0]["seat_layout"]["rows"] == 2
    body = public.get(f"/api/showtimes/{SHOWTIME}/seats").expect(200).json
    assert body["seats"]["A1"]["status"] == "booked"
    assert body["seats"]["A2"]["status"] == "held"
    assert body["seats"]["A5"]["seat_type"] == "standard"
    assert body["seats"]["B1"]["seat_type"] == "vip"
    assert "B5" not in body["seats"] and body["layout"]["cols"] == 5


def test_its_bookings_are_their_owners(heirs):
    owner = heirs[1].api.customer(USER)
    listed = owner.bookings().expect(200).json["items"]
    assert [entry["id"] for entry in listed] == [CONFIRMED, PENDING], "without a date: last"
    first = owner.get("/api/bookings?limit=1").expect(200).json
    second = owner.get(f"/api/bookings?limit=1&after={first['next']}") if first.get("next") else None
    assert second is None or second.expect(200).json["items"][0]["id"] == PENDING
    assert owner.booking(CONFIRMED).expect(200).json["booking_code"] == "BK-AAAAAA11"
    assert owner.payment(PAYMENT).expect(200).json["data"]["payment_method"] == "momo"
    heirs[0].api.customer(OTHER).booking(CONFIRMED).expect(403, "BOOKING_NOT_OWNED")


def test_its_holds_are_paid_and_its_seats_are_sold_once(heirs):
    owner, rival = heirs[0].api.customer(USER), heirs[1].api.customer(OTHER)
    rival.hold(SHOWTIME, ["A1"]).expect(409, "SEAT_ALREADY_BOOKED")
    rival.hold(SHOWTIME, ["A2"]).expect(409, "SEAT_HELD_BY_ANOTHER")
    rival.held(SHOWTIME, ["B1"])
    payment = owner.paying(PENDING)
    heirs[1].api.tell(payment, 100000).expect(200)
    assert owner.booking(PENDING).expect(200).json["status"] == "confirmed"
    assert heirs[1].api.statuses(SHOWTIME)["A2"] == "booked"


def test_its_lapsed_hold_ends_by_itself(heirs):
    owner = heirs[0].api.customer(OTHER)
    until(lambda: owner.booking(OVERDUE).expect(200).json["status"] == "expired", "it does not end")
    assert "A3" not in heirs[1].api.statuses(SHOWTIME)


def test_a_showtime_that_cannot_be_read_says_why_and_stops_no_other(heirs):
    customer = heirs[0].api.customer(USER)
    customer.hold(BROKEN, ["B1"]).expect(500, "INTERNAL_ERROR")
    customer.hold(SHOWTIME, ["B2"]).expect(201)
    said = f'"event":"showtime_broken","showtime":"{BROKEN}","field":"seats.B2.booking_id"'
    assert said in heirs[0].log()


def test_a_cinema_that_needs_one_machine_only_takes_it_along(launch, tmp_path):
    database = left_by_it(tmp_path, "database.showtimes.delete_one({'_id': broken})\n")
    server, file = launch(name="alone", start=False), tmp_path / "all.export"
    try:
        exported = process.run("export", file, environment={"MONGO_URI": database.uri()})
    finally:
        database.stop()
    assert exported.returncode == 0, exported.stderr
    imported = server.run("import", file)
    assert imported.returncode == 0, imported.stderr
    server.audit()
    server.start()
    owner = server.api.customer(USER)
    assert owner.booking(CONFIRMED).expect(200).json["payment_id"] == PAYMENT
    owner.hold(SHOWTIME, ["A1"]).expect(409, "SEAT_ALREADY_BOOKED")
    server.api.tell(owner.paying(PENDING), 100000).expect(200)
    assert owner.booking(PENDING).expect(200).json["status"] == "confirmed"
    staff = server.api.staff("staff-1")
    staff.refund(PAYMENT).expect(202)
    assert owner.booking(CONFIRMED).expect(200).json["status"] == "cancelled"
