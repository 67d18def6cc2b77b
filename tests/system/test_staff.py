"""What staff do: blocks, refunds, cancelled showtimes, and the journal that tells of it."""

import sqlite3
import time

import pytest
from support import api as calls
from support import process, shapes
from support.catalogue import NOBODY, Catalogue, moment, now
from support.staff import all_pages, own_entries, sell

ALL_CALLS = [
    ("POST", "/api/showtimes/{showtime}/blocks"),
    ("GET", "/api/showtimes/{showtime}/blocks"),
    ("DELETE", f"/api/showtimes/{{showtime}}/blocks/{NOBODY}"),
    ("POST", "/api/showtimes/{showtime}/cancel"),
    ("POST", f"/api/payments/{NOBODY}/refund"),
    ("POST", f"/api/payments/{NOBODY}/refund/done"),
    ("GET", "/api/staff/bookings"),
    ("GET", "/api/staff/refunds"),
    ("GET", "/api/staff/journal"),
]


def wait_until_cancelled(read, limit_s=5):
    limit = time.monotonic() + limit_s
    while read()["status"] != "cancelled":
        assert time.monotonic() < limit, "a booking of a cancelled showtime does not end"
        time.sleep(0.01)
    return read()


# --- Roles. ---


@pytest.mark.sanitize
@pytest.mark.parametrize("method,path", ALL_CALLS)
def test_only_staff_may_call(api, customer, showtime, method, path):
    path = path.format(showtime=showtime)
    shapes.check_problem(api.public.request(method, path), 401, "TOKEN_MISSING")
    shapes.check_problem(customer.request(method, path, {"x": 1}), 403, "FORBIDDEN", path)
    assert api.staff(role="admin").request(method, path).status not in (401, 403)
    api.public.request("PATCH", path).expect(405, "METHOD_NOT_ALLOWED")


# --- Blocks. ---


@pytest.mark.sanitize
def test_blocked_seats_are_not_for_sale_until_they_are_released(api, staff, customer, showtime):
    answer = staff.block(showtime, ["C4", "C3"], "sound desk").expect(201)
    block = answer.json
    shapes.check(block, shapes.BLOCK)
    assert (block["seats"], block["reason"]) == (["C4", "C3"], "sound desk")
    assert (block["showtime_id"], block["created_by"]) == (showtime, staff.user)
    assert answer.header("cache-control") == "no-store"
    assert answer.version == api.seats(showtime)["version"]
    assert api.statuses(showtime) == {"C3": "blocked", "C4": "blocked"}
    refused = customer.hold(showtime, ["C2", "C3"])
    shapes.check_problem(refused, 409, "SEAT_BLOCKED", seats=shapes.SEAT_CONFLICTS)
    assert refused.seats == {"C3": "blocked"}
    assert staff.blocks(showtime).expect(200).json == {"items": [block], "next_cursor": None}

    released = staff.release(showtime, block["block_id"]).expect(200)
    shapes.check(released.json, shapes.RELEASED)
    assert released.json == {"block_id": block["block_id"], "seats_released": ["C4", "C3"]}
    assert released.version == answer.version + 1
    staff.release(showtime, block["block_id"]).expect(404, "NOT_FOUND")
    assert staff.blocks(showtime).json["items"] == []
    customer.hold(showtime, ["C3"]).expect(201)
    assert own_entries(staff) == [
        ("block.create", block["block_id"], "sound desk"),
        ("block.release", block["block_id"], ""),
    ]


@pytest.mark.sanitize
def test_a_block_of_seats_that_are_not_free_names_them_all(api, staff, customer, showtime):
    sell(api, customer, showtime, ["B1"])
    customer.held(showtime, ["B2"])
    staff.block(showtime, ["B3"]).expect(201)
    before = api.seats(showtime)
    refused = staff.block(showtime, ["B1", "B2", "B3", "B4"])
    shapes.check_problem(refused, 409, "SEAT_ALREADY_BOOKED", seats=shapes.SEAT_CONFLICTS)
    assert refused.seats == {"B1": "booked", "B2": "held", "B3": "blocked"}
    assert staff.block(showtime, ["B2", "B3"]).expect(409, "SEAT_HELD_BY_ANOTHER").seats == {
        "B2": "held", "B3": "blocked"}
    staff.block(showtime, ["B3", "B5"]).expect(409, "SEAT_BLOCKED")
    refused = staff.block(showtime, ["B4", "E6", "Z9"]).expect(400, "INVALID_SEAT")
    assert refused.seats == {"E6": "invalid", "Z9": "invalid"}
    assert api.seats(showtime) == before, "a refused block changes nothing"
    assert len(own_entries(staff)) == 1


def test_a_block_may_have_a_hundred_seats_and_its_refusal_names_them(staff, launch):
    content = Catalogue()
    showtime = content.showtime(screen_id="BIG")
    api = launch(content).api
    staff = api.staff()
    seats = [f"{row}{col}" for row in ("AW", "AX") for col in range(1, 51)]
    staff.block(showtime, seats, "balcony \"closed\"" + "\\" * 100).expect(201)
    refused = staff.block(showtime, seats).expect(409, "SEAT_BLOCKED")
    assert refused.seats == dict.fromkeys(seats, "blocked")
    answer = staff.block(showtime, [*seats, "A1"])
    body = shapes.check_problem(answer, 400, "VALIDATION_FAILED", errors=shapes.FIELD_ERRORS)
    assert body["errors"] == [{"field": "seats", "message": "must have 1 to 100 entries"}]


@pytest.mark.parametrize(
    "body,field",
    [
        ({"seats": ["A1"]}, "reason"),
        ({"reason": "x"}, "seats"),
        ({"seats": ["A1", "A1"], "reason": "x"}, "seats[1]"),
        ({"seats": ["1A"], "reason": "x"}, "seats[0]"),
        ({"seats": ["A1"], "reason": ""}, "reason"),
        ({"seats": ["A1"], "reason": "x" * 201}, "reason"),
        ({"seats": ["A1"], "reason": "two\nlines"}, "reason"),
        ({"seats": ["A1"], "reason": "x", "note": "y"}, "note"),
    ],
)
def test_a_block_that_is_not_well_formed_is_refused(api, staff, showtime, body, field):
    answer = staff.request("POST", f"/api/showtimes/{showtime}/blocks", body)
    problem = shapes.check_problem(answer, 400, "VALIDATION_FAILED", errors=shapes.FIELD_ERRORS)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert api.statuses(showtime) == {}


def test_what_does_not_exist_is_not_found(staff, showtime):
    staff.block(NOBODY, ["A1"]).expect(404, "SHOWTIME_NOT_FOUND")
    staff.block("nonsense", ["A1"]).expect(404, "SHOWTIME_NOT_FOUND")
    staff.blocks(NOBODY).expect(404, "SHOWTIME_NOT_FOUND")
    staff.release(showtime, NOBODY).expect(404, "NOT_FOUND")
    staff.release(showtime, "nonsense").expect(404, "NOT_FOUND")
    staff.release(NOBODY, NOBODY).expect(404, "SHOWTIME_NOT_FOUND")
    staff.cancel_showtime(NOBODY).expect(404, "SHOWTIME_NOT_FOUND")
    staff.refund(NOBODY).expect(404, "PAYMENT_NOT_FOUND")
    staff.refund("nonsense").expect(404, "PAYMENT_NOT_FOUND")
    staff.refund_done(NOBODY).expect(404, "PAYMENT_NOT_FOUND")


def test_a_block_is_released_at_its_own_showtime_only(house, staff, showtime):
    block = staff.block(showtime, ["A1"]).expect(201).json["block_id"]
    staff.release(house.showtime(), block).expect(404, "NOT_FOUND")
    assert house.api.statuses(showtime) == {"A1": "blocked"}
    staff.release(showtime.upper(), block.upper()).expect(200)


# --- Refunds. ---


@pytest.mark.sanitize
def test_a_refund_cancels_the_booking_and_owes_its_money_once(api, staff, customer, showtime):
    booking, payment = sell(api, customer, showtime, ["C3", "C4"])
    key = calls.new_key()
    answer = staff.refund(payment["payment_id"], "the film was changed", key).expect(202)
    shapes.check(answer.json, shapes.PAYMENT)
    data = answer.json["data"]
    assert data["status"] == "completed"
    assert data["refund"]["status"] == "due" and data["refund"]["reason"] == "requested"
    assert data["refund"]["amount"] == data["amount"]
    assert data == customer.payment(payment["payment_id"]).expect(200).json["data"]
    read = customer.booking(booking).expect(200).json
    shapes.check(read, {**shapes.CANCELLED, "confirmed_at": shapes.MOMENT, "payment_id": shapes.ID})
    assert read["cancellation_reason"] == "the film was changed"
    assert api.statuses(showtime) == {}
    api.customer().hold(showtime, ["C3"]).expect(201)

    again = staff.refund(payment["payment_id"], "the film was changed", key).expect(202)
    assert again.header("idempotent-replayed") == "true" and again.body == answer.body
    other = staff.refund(payment["payment_id"], "another reason").expect(202)
    assert other.header("idempotent-replayed") is None and other.json["data"] == data
    staff.refund(payment["payment_id"], "another body", key).expect(400, "IDEMPOTENCY_KEY_REUSED")
    assert api.tell(payment, data["amount"]).expect(200)
    assert customer.payment(payment["payment_id"]).json["data"] == data
    assert own_entries(staff) == [("payment.refund", payment["payment_id"], "the film was changed")]


def test_a_refund_needs_its_key_and_a_reason(staff, showtime, api, customer):
    _, payment = sell(api, customer, showtime, ["C3"])
    path = f"/api/payments/{payment['payment_id']}/refund"
    staff.request("POST", path, {"reason": "x"}).expect(400, "IDEMPOTENCY_KEY_REQUIRED")
    staff.with_key("POST", path, {}, None).expect(400, "VALIDATION_FAILED")
    assert api.statuses(showtime) == {"C3": "booked"}


@pytest.mark.sanitize
def test_money_that_never_came_cannot_go_back(staff, customer, showtime, api):
    held = customer.hold(showtime, ["C3"]).expect(201).json
    payment = customer.paying(held["booking_id"])
    problem = shapes.check_problem(
        staff.refund(payment["payment_id"]), 400, "BOOKING_CANNOT_BE_CANCELLED")
    assert "not been paid" in problem["detail"]
    assert staff.refund_done(payment["payment_id"]).code == "VALIDATION_FAILED"
    assert customer.booking(held["booking_id"]).json["status"] == "pending"
    assert own_entries(staff) == []


@pytest.mark.sanitize
def test_a_refund_is_noted_as_paid_under_its_reference(api, staff, customer, showtime):
    booking, payment = sell(api, customer, showtime, ["C3"])
    identity, key = payment["payment_id"], calls.new_key()
    first = staff.refund(identity, key=key).expect(202)
    done = staff.refund_done(identity, "bank 4711").expect(200)
    shapes.check(done.json, {"success": {True}, "data": shapes.PAYMENT_FOR_STAFF})
    data = done.json["data"]
    assert data["status"] == "refunded" and data["user_id"] == customer.user
    assert data["refund"]["status"] == "done" and data["refund"]["reference"] == "bank 4711"
    assert staff.refund_done(identity, "bank 4711").expect(200).body == done.body
    problem = shapes.check_problem(
        staff.refund_done(identity, "bank 4712"), 400, "VALIDATION_FAILED",
        errors=shapes.FIELD_ERRORS)
    assert "bank 4711" in problem["detail"]
    seen = customer.payment(identity).expect(200).json
    shapes.check(seen, shapes.PAYMENT)
    assert seen["data"]["status"] == "refunded" and "done_at" in seen["data"]["refund"]
    assert staff.refund(identity, key=key).expect(202).body == first.body, "the first answer"
    assert staff.refund(identity).expect(202).json["data"] == seen["data"]
    assert customer.booking(booking).json["status"] == "cancelled"
    assert own_entries(staff) == [
        ("payment.refund", identity, "a customer asked"), ("payment.refund_done", identity, "bank 4711")]


def test_money_that_goes_back_already_is_not_asked_for_twice(api, staff, customer, showtime):
    held = customer.hold(showtime, ["C3"]).expect(201).json
    payment = customer.paying(held["booking_id"])
    api.tell(payment, held["final_amount"] - 1).expect(200)
    data = staff.refund(payment["payment_id"]).expect(202).json["data"]
    assert data["refund"]["reason"] == "amount_mismatch"
    assert customer.booking(held["booking_id"]).json["status"] == "pending", "the hold goes on"
    assert own_entries(staff) == []


# --- Cancelled showtimes. ---


@pytest.mark.sanitize
def test_a_cancelled_showtime_ends_its_bookings_and_gives_the_money_back(
    api, staff, customer, showtime
):
    sold, payment = sell(api, customer, showtime, ["C3", "C4"])
    held = customer.hold(showtime, ["D1"]).expect(201).json
    open_payment = customer.paying(held["booking_id"])
    block = staff.block(showtime, ["J1"]).expect(201).json["block_id"]
    answer = staff.cancel_showtime(showtime, "the projector is broken").expect(202)
    shapes.check(answer.json, shapes.CANCELLED_SHOWTIME)
    assert answer.json["showtime_id"] == showtime
    assert answer.json["reason"] == "the projector is broken"
    for booking in (sold, held["booking_id"]):
        read = wait_until_cancelled(lambda booking=booking: customer.booking(booking).json)
        assert read["cancellation_reason"] == "the projector is broken"
    data = customer.payment(payment["payment_id"]).json["data"]
    assert data["refund"]["status"] == "due"
    assert data["refund"]["reason"] == "showtime_cancelled"
    failed = customer.payment(open_payment["payment_id"]).json["data"]
    assert (failed["status"], failed["reason"]) == ("failed", "showtime_cancelled")
    assert api.statuses(showtime) == {"J1": "blocked"}
    assert api.public.get(f"/api/showtimes/{showtime}").json["status"] == "cancelled"

    again = staff.cancel_showtime(showtime, "another reason").expect(202)
    assert again.json == answer.json
    customer.hold(showtime, ["D2"]).expect(400, "SHOWTIME_NOT_AVAILABLE")
    staff.block(showtime, ["D2"]).expect(400, "SHOWTIME_NOT_AVAILABLE")
    customer.pay(held["booking_id"]).expect(400, "BOOKING_NOT_PENDING")
    api.tell(open_payment, held["final_amount"]).expect(200)
    late = customer.payment(open_payment["payment_id"]).json["data"]
    assert late["refund"]["reason"] == "showtime_cancelled", "money that comes later goes back"
    staff.release(showtime, block).expect(200)
    assert [entry[0] for entry in own_entries(staff)] == [
        "block.create", "showtime.cancel", "block.release"]


def test_a_show_that_has_begun_or_is_over_can_still_be_cancelled(launch):
    content = Catalogue()
    begins = content.showtime(starts_in_s=4)
    over = content.showtime(starts_in_s=-7200, movie=1)
    api = launch(content).api
    customer, staff = api.customer(), api.staff()
    booking, _ = sell(api, customer, begins, ["C3"])
    starts_at = api.public.get(f"/api/showtimes/{begins}").json["start_time"]
    while starts_at > moment(now()):
        time.sleep(0.05)
    staff.cancel_showtime(begins).expect(202)
    wait_until_cancelled(lambda: customer.booking(booking).json)
    staff.cancel_showtime(over).expect(202)
    assert api.public.get(f"/api/showtimes/{over}").json["status"] == "cancelled"




def standing_in(data, showtime):
    """Bookings of a showtime that are pending or confirmed, read behind the server's back."""
    with sqlite3.connect(f"file:{data / 'usher.db'}?mode=ro", uri=True) as database:
        row = database.execute(
            "SELECT (SELECT count(*) FROM booking b WHERE b.showtime = s.number"
            " AND b.status IN ('pending', 'confirmed')), s.status FROM showtime s WHERE s.id = ?",
            (showtime,)).fetchone()
    database.close()
    return row


def test_a_cancel_that_a_crash_cuts_short_is_finished_by_the_next_start(launch):
    """More bookings than a turn takes, and kill -9 at the answer of the cancel."""
    rounds = 5
    content = Catalogue()
    showtimes = content.add_showtimes(rounds, screen_id="BIG")
    server = launch(content, MAX_HELD_SEATS="5000")
    interrupted = False
    for showtime in showtimes:
        api = server.api
        customer, staff = api.customer(), api.staff()
        paid = [sell(api, customer, showtime, [f"A{col}"]) for col in range(1, 51)]
        rows = [f"A{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWX"] + list("BCDEFGHIJKLMNOPQ")
        held = [customer.held(showtime, [f"{row}{col}"]) for row in rows for col in range(1, 41)]
        staff.cancel_showtime(showtime).expect(202)
        server.kill()
        standing, status = standing_in(server.data, showtime)
        assert status == "cancelled", "what was answered is there"
        interrupted = 0 < standing <= len(paid) + len(held)
        assert server.run("audit").returncode == 0, "in the middle, too, no rule is broken"
        server.start()
        limit = time.monotonic() + 10
        while standing_in(server.data, showtime)[0] > 0:
            assert time.monotonic() < limit, "the next start does not finish the cancel"
            time.sleep(0.02)
        check_ended(server, showtime, customer, paid)
        if interrupted:
            break
    assert interrupted, f"none of {rounds} kills hit a cancel under way"


def check_ended(server, showtime, customer, paid):
    """Every booking is cancelled, every paid one is refunded once, no seat is taken."""
    api = server.api
    staff = api.staff()
    assert api.statuses(showtime) == {}
    for status in ("pending", "confirmed", "expired"):
        query = f"?showtime_id={showtime}&status={status}"
        assert staff.all_bookings(query).json["items"] == []
    due = {item["id"]: item for item in all_pages(staff.refunds, "?status=due")}
    for booking, payment in paid:
        refund = due.pop(payment["payment_id"])
        assert refund["refund"]["reason"] == "showtime_cancelled"
        assert refund["booking_id"] == booking
    entries = [item for item in all_pages(staff.journal, "")
               if item["action"] == "showtime.cancel" and item["subject_id"] == showtime]
    assert len(entries) == 1


def test_what_staff_did_is_there_after_a_kill(launch):
    content, showtimes = process.pool(2)
    server = launch(content)
    api = server.api
    customer, staff = api.customer(), api.staff()
    block = staff.block(showtimes[0], ["A1", "A2"]).expect(201).json
    _, payment = sell(api, customer, showtimes[0], ["B1"])
    key = calls.new_key()
    refund = staff.refund(payment["payment_id"], key=key).expect(202)
    cancelled = staff.cancel_showtime(showtimes[1]).expect(202).json
    entries = own_entries(staff)
    server.kill()
    server.start()
    assert api.statuses(showtimes[0]) == {"A1": "blocked", "A2": "blocked"}
    assert staff.blocks(showtimes[0]).json["items"] == [block]
    assert staff.refund(payment["payment_id"], key=key).expect(202).body == refund.body
    assert staff.cancel_showtime(showtimes[1]).expect(202).json == cancelled
    assert own_entries(staff) == entries and len(entries) == 3
    again = staff.block(showtimes[0], ["A3"]).expect(201).json
    assert again["block_id"] != block["block_id"]


def test_under_dev_a_header_says_that_its_user_is_staff(launch):
    server = launch(process.pool(1)[0], ["--dev"])
    client = calls.Client(server.port)
    path, me = "/api/staff/journal", {"X-User-Id": "me"}
    client.get(path, **me).expect(403, "FORBIDDEN")
    client.get(path, **me, **{"X-User-Role": "staff"}).expect(200)
    client.get(path, **me, **{"X-User-Role": "boss"}).expect(401, "TOKEN_INVALID")
    # Beside a token both mean nothing.
    server.api.customer("me").get(path, **me, **{"X-User-Role": "staff"}).expect(403, "FORBIDDEN")
