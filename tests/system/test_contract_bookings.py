"""Bookings as the contract writes them: hold, read, confirm, cancel, list."""

import time

import pytest
from support import catalogue, shapes
from support.catalogue import NOBODY, parse_moment

SEATS = ["C3", "A2", "J1"]  # One of each type, out of order.


@pytest.mark.sanitize
def test_a_hold_is_answered_as_the_contract_says(customer, showtime):
    answer = customer.hold(showtime, SEATS).expect(201)
    body = answer.json
    shapes.check(body, shapes.HOLD)
    assert body["showtime_id"] == showtime
    assert body["seats"] == SEATS
    assert body["total_amount"] == body["final_amount"] == 100000 + 250000 + 150000
    held_s, ends_s = parse_moment(body["held_at"]), parse_moment(body["hold_expires_at"])
    assert ends_s - held_s == 600
    assert abs(held_s - time.time()) < 10
    assert body["created_at"] == body["held_at"]
    assert answer.header("content-type") == "application/json"
    assert answer.header("cache-control") == "no-store"
    assert answer.header("idempotent-replayed") is None
    assert answer.version >= 1


@pytest.mark.sanitize
def test_a_booking_is_read_as_the_contract_says(customer, showtime):
    held = customer.hold(showtime, SEATS).expect(201).json
    answer = customer.booking(held["booking_id"]).expect(200)
    body = answer.json
    shapes.check(body, shapes.BOOKING)
    assert body["id"] == held["booking_id"]
    assert body["user_id"] == customer.user
    assert body["seats"] == [
        {"seat_id": "C3", "seat_type": "standard", "price": 100000},
        {"seat_id": "A2", "seat_type": "couple", "price": 250000},
        {"seat_id": "J1", "seat_type": "vip", "price": 150000},
    ]
    assert body["discount_amount"] == 0
    assert body["status"] == "pending"
    for member in ("booking_code", "showtime_id", "total_amount", "final_amount", "held_at",
                   "hold_expires_at", "created_at", "currency"):
        assert body[member] == held[member]
    assert body["updated_at"] == body["held_at"]
    assert answer.header("cache-control") == "no-store"
    assert answer.version >= 1


def test_a_hold_takes_ten_seats_and_shows_them_held(api, customer, showtime):
    seats = [f"C{col}" for col in range(1, 11)]
    before = api.seats(showtime)["version"]
    answer = customer.hold(showtime, seats).expect(201)
    assert api.statuses(showtime) == {seat: "held" for seat in seats}
    assert answer.version == api.seats(showtime)["version"] > before


@pytest.mark.parametrize(
    "seats",
    [
        [],
        [f"C{col}" for col in range(1, 12)],  # Eleven.
        ["C3", "C3"],
        ["c3"],
        ["3C"],
        ["C"],
        ["3"],
        ["C1234"],
        ["ABC1"],
        ["C3 "],
        [""],
        ["C-3"],
        [3],
        [None],
        [["C3"]],
        "C3",
        {"C3": True},
        None,
    ],
    ids=str,
)
def test_seats_that_are_no_list_of_distinct_seats_are_refused(api, customer, showtime, seats):
    answer = customer.hold(showtime, seats)
    body = shapes.check_problem(answer, 400, "VALIDATION_FAILED", errors=shapes.FIELD_ERRORS)
    assert body["errors"] and all(entry["field"].startswith("seats") for entry in body["errors"])
    assert api.statuses(showtime) == {}


@pytest.mark.parametrize("seat", ["K1", "A13", "E6", "ZZ999", "A0", "AA1", "C03"])
def test_a_seat_that_is_not_in_the_layout_is_invalid(api, customer, showtime, seat):
    answer = customer.hold(showtime, ["C3", seat, "C4"])
    body = shapes.check_problem(
        answer, 400, "INVALID_SEAT", "/api/bookings/hold", seats=[{"seat_id": str, "status": str}]
    )
    assert body["seats"] == [{"seat_id": seat, "status": "invalid"}]
    assert api.statuses(showtime) == {}


def test_every_invalid_seat_is_named(customer, showtime):
    answer = customer.hold(showtime, ["E6", "C3", "E7", "Z9"]).expect(400, "INVALID_SEAT")
    assert answer.seats == {"E6": "invalid", "E7": "invalid", "Z9": "invalid"}


@pytest.mark.sanitize
def test_a_conflict_names_every_seat_and_takes_none(api, customer, showtime):
    api.customer().held(showtime, ["C3", "C4"])
    answer = customer.hold(showtime, ["C2", "C3", "C4", "C5"])
    body = shapes.check_problem(
        answer, 409, "SEAT_HELD_BY_ANOTHER", "/api/bookings/hold", seats=shapes.SEAT_CONFLICTS
    )
    assert body["seats"] == [
        {"seat_id": "C3", "status": "held"},
        {"seat_id": "C4", "status": "held"},
    ]
    assert "C3" in body["detail"] and "C4" in body["detail"]
    assert api.statuses(showtime) == {"C3": "held", "C4": "held"}


def test_my_own_held_seat_conflicts_and_is_marked_as_mine(api, customer, showtime):
    customer.held(showtime, ["C3"])
    api.customer().held(showtime, ["C4"])
    answer = customer.hold(showtime, ["C3", "C4"]).expect(409, "SEAT_HELD_BY_ANOTHER")
    assert answer.json["seats"] == [
        {"seat_id": "C3", "status": "held", "yours": True},
        {"seat_id": "C4", "status": "held"},
    ]


def test_booked_and_held_seats_together_are_told_as_booked(api, customer, showtime):
    owner = api.customer()
    api.tell(owner.paying(owner.held(showtime, ["C3"])), 100000).expect(200)
    api.customer().held(showtime, ["C4"])
    answer = customer.hold(showtime, ["C4", "C3", "C5"]).expect(409, "SEAT_ALREADY_BOOKED")
    assert answer.seats == {"C4": "held", "C3": "booked"}


def test_a_user_may_hold_twenty_seats_of_a_showtime_and_then_must_wait(api, house, customer):
    showtime, other = house.showtime(), house.showtime()
    first = customer.hold(showtime, [f"C{col}" for col in range(1, 11)]).expect(201).json
    customer.held(showtime, [f"D{col}" for col in range(1, 11)])
    answer = customer.hold(showtime, ["F1"])
    shapes.check_problem(answer, 429, "TOO_MANY_HOLDS", "/api/bookings/hold")
    ends_in_s = parse_moment(first["hold_expires_at"]) - time.time()
    assert abs(int(answer.header("retry-after")) - ends_in_s) < 5
    # Conflicts are looked at first; other showtimes and other users are free.
    customer.hold(showtime, ["C1"]).expect(409, "SEAT_HELD_BY_ANOTHER")
    customer.held(other, ["F1"])
    api.customer().held(showtime, ["F1"])
    customer.cancel(first["booking_id"]).expect(200)
    customer.held(showtime, ["F2"])


@pytest.mark.sanitize
def test_a_confirm_is_answered_as_the_contract_says(customer, showtime):
    held = customer.hold(showtime, ["C3"]).expect(201).json
    answer = customer.confirm(held["booking_id"]).expect(200)
    body = answer.json
    shapes.check(body, shapes.CONFIRM)
    assert body["booking_id"] == held["booking_id"]
    assert body["booking_code"] == held["booking_code"]
    assert body["expires_at"] == held["hold_expires_at"]
    assert answer.header("cache-control") == "no-store"
    assert answer.version >= 1
    assert customer.booking(held["booking_id"]).json["status"] == "pending"


@pytest.mark.sanitize
def test_a_cancel_is_answered_as_the_contract_says_and_frees_the_seats(api, customer, showtime):
    held = customer.hold(showtime, ["C4", "C3"]).expect(201).json
    answer = customer.cancel(held["booking_id"]).expect(200)
    body = answer.json
    shapes.check(body, shapes.CANCEL)
    assert body["booking_id"] == held["booking_id"]
    assert body["booking_code"] == held["booking_code"]
    assert body["seats_released"] == ["C4", "C3"]
    assert answer.header("cache-control") == "no-store"
    assert answer.version == api.seats(showtime)["version"]
    assert api.statuses(showtime) == {}
    booking = customer.booking(held["booking_id"]).expect(200).json
    shapes.check(booking, shapes.CANCELLED)
    assert booking["cancelled_at"] == body["cancelled_at"]


def test_a_second_cancel_answers_the_same_and_frees_nothing_of_others(api, customer, showtime):
    booking = customer.held(showtime, ["C3"])
    first = customer.cancel(booking).expect(200)
    api.customer().held(showtime, ["C3"])
    second = customer.cancel(booking).expect(200)
    assert second.json == first.json
    assert api.statuses(showtime) == {"C3": "held"}


def test_a_confirmed_booking_is_read_with_its_payment_and_cannot_be_cancelled(
    api, customer, showtime
):
    booking = customer.held(showtime, ["C3"])
    payment = customer.paying(booking)
    api.tell(payment, 100000).expect(200)
    body = customer.booking(booking).expect(200).json
    shapes.check(body, shapes.CONFIRMED)
    assert body["payment_id"] == payment["payment_id"]
    shapes.check_problem(customer.cancel(booking), 400, "BOOKING_CANNOT_BE_CANCELLED")
    assert api.statuses(showtime) == {"C3": "booked"}


def test_bookings_of_others_are_not_mine(api, customer, showtime):
    booking = api.customer().held(showtime, ["C3"])
    for answer in (
        customer.booking(booking),
        customer.cancel(booking),
        customer.confirm(booking),
        customer.pay(booking),
    ):
        shapes.check_problem(answer, 403, "BOOKING_NOT_OWNED")
    assert api.statuses(showtime) == {"C3": "held"}


@pytest.mark.parametrize("booking", [NOBODY, "0" * 24, "xyz", "f" * 23, "f" * 25, "%41", "g" * 24])
def test_a_booking_that_is_not_there_is_not_found(customer, booking):
    for answer in (customer.booking(booking), customer.cancel(booking), customer.confirm(booking)):
        shapes.check_problem(answer, 404, "BOOKING_NOT_FOUND")


def test_ids_are_accepted_in_upper_case_and_answered_in_lower_case(api, customer, showtime):
    held = customer.hold(showtime.upper(), ["C3"]).expect(201).json
    assert held["showtime_id"] == showtime
    upper = held["booking_id"].upper()
    assert customer.booking(upper).expect(200).json["id"] == held["booking_id"]
    assert customer.confirm(upper).expect(200).json["booking_id"] == held["booking_id"]
    payment = customer.pay(upper).expect(200).json["payment_id"]
    assert customer.payment(payment.upper()).expect(200).json["data"]["id"] == payment
    assert api.public.get(f"/api/showtimes/{showtime.upper()}").expect(200).json["id"] == showtime
    assert customer.cancel(upper).expect(200).json["booking_id"] == held["booking_id"]


def test_booking_codes_and_ids_are_unique_and_do_not_count_up(customer, house):
    held = []
    for _ in range(6):
        showtime = house.showtime()
        for row in "CD":
            held.append(customer.hold(showtime, [f"{row}1"]).expect(201).json)
    assert len({entry["booking_id"] for entry in held}) == len(held)
    assert len({entry["booking_code"] for entry in held}) == len(held)
    # A neighbour's id must not follow from mine: the second half is a seal.
    assert len({entry["booking_id"][12:] for entry in held}) == len(held)
    assert all(customer.booking(f"{int(entry['booking_id'], 16) + 1:024x}").status == 404
               for entry in held)


# Lists.


def hold_many(api, house, customer, count):
    """Bookings of one user, newest last; at most twenty seats in a showtime."""
    bookings = []
    while len(bookings) < count:
        showtime = house.showtime()
        for seat in catalogue.S1_SEATS[: min(20, count - len(bookings))]:
            bookings.append(customer.held(showtime, [seat]))
    return bookings


def walk(customer, query):
    """All pages of a list, joined."""
    items, cursor = [], None
    for _ in range(100):
        page = customer.bookings(query + (f"&cursor={cursor}" if cursor else "")).expect(200).json
        shapes.check({**page, "items": []}, shapes.a_list(dict))
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items
    raise AssertionError("the list does not end")


@pytest.mark.sanitize
def test_my_bookings_come_newest_first_as_each_is_read(api, house, customer):
    bookings = hold_many(api, house, customer, 3)
    api.tell(customer.paying(bookings[0]), 100000).expect(200)
    customer.cancel(bookings[1]).expect(200)
    answer = customer.bookings().expect(200)
    assert answer.header("cache-control") == "no-store"
    items = answer.json["items"]
    assert [item["id"] for item in items] == bookings[::-1]
    assert items == [customer.booking(item["id"]).json for item in items]
    assert answer.json["next_cursor"] is None


def test_my_bookings_are_chosen_by_status(api, house, customer):
    bookings = hold_many(api, house, customer, 3)
    api.tell(customer.paying(bookings[0]), 100000).expect(200)
    customer.cancel(bookings[1]).expect(200)
    for status, expected in (
        ("confirmed", [bookings[0]]),
        ("cancelled", [bookings[1]]),
        ("pending", [bookings[2]]),
        ("expired", []),
    ):
        items = customer.bookings(f"?status={status}").expect(200).json["items"]
        assert [item["id"] for item in items] == expected
    customer.bookings("?status=lost").expect(400, "VALIDATION_FAILED")


def test_pages_of_bookings_are_complete_while_others_come_and_go(api, house, customer):
    bookings = hold_many(api, house, customer, 25)
    assert len(customer.bookings().expect(200).json["items"]) == 20, "the default page"
    assert [item["id"] for item in walk(customer, "?limit=4")] == bookings[::-1]
    first = customer.bookings("?limit=10").expect(200).json
    new = hold_many(api, house, customer, 2)
    customer.cancel(bookings[20]).expect(200)
    rest = customer.bookings(f"?limit=100&cursor={first['next_cursor']}").expect(200).json
    seen = [item["id"] for item in first["items"] + rest["items"]]
    assert seen == bookings[::-1]
    assert not set(new) & set(seen)
    assert api.customer().bookings().expect(200).json == {"items": [], "next_cursor": None}


def test_a_cursor_that_names_no_booking_is_a_wrong_parameter(customer):
    answer = customer.bookings("?cursor=AAAAAAABLRg7ND1s").expect(400, "VALIDATION_FAILED")
    assert [error["field"] for error in answer.json["errors"]] == ["cursor"]


def test_pages_by_status_skip_nothing_that_keeps_it(api, house, customer):
    bookings = hold_many(api, house, customer, 12)
    first = customer.bookings("?status=pending&limit=5").expect(200).json
    gone = [first["items"][-1]["id"], bookings[0]]
    for booking in gone:  # The cursor's own entry leaves the list.
        customer.cancel(booking).expect(200)
    cursor = first["next_cursor"]
    rest = customer.bookings(f"?status=pending&limit=100&cursor={cursor}").expect(200).json
    assert [item["id"] for item in rest["items"]] == [
        booking for booking in bookings[6::-1] if booking not in gone
    ]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=-1", "limit=x", "limit=1.5", "limit=1e1", "limit=+1",
     "limit=99999999999999999999", "cursor=nonsense", "cursor=%ff", "limit=1&limit=2",
     "status=pending&status=expired", "colour=red"],
)
def test_a_list_refuses_what_it_does_not_understand(customer, query):
    answer = customer.bookings(f"?{query}")
    shapes.check_problem(answer, 400, "VALIDATION_FAILED", "/api/bookings",
                         errors=shapes.FIELD_ERRORS)


def test_limits_of_a_list_are_one_and_a_hundred(customer, house):
    customer.held(house.showtime(), ["C3"])
    assert len(customer.bookings("?limit=1").expect(200).json["items"]) == 1
    customer.bookings("?limit=100").expect(200)
