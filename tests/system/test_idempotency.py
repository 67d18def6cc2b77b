"""One key, one effect: retries are answered as the first time, byte for byte, whatever happened."""

import time

import pytest
from support import api as calls
from support import catalogue, process, shapes, swarm
from support.catalogue import NOBODY

HOLD = "/api/bookings/hold"


def assert_replay(first, again):
    """The same status and bytes, and marked as a replay."""
    assert again.status == first.status
    assert again.body == first.body
    assert first.header("idempotent-replayed") is None
    assert again.header("idempotent-replayed") == "true"
    assert again.header("content-type") == first.header("content-type")


class Story:
    """A hold, its confirm and another hold's payment, each with its key."""

    def __init__(self, customer, showtime):
        self.customer, self.showtime = customer, showtime
        self.hold_key, self.confirm_key = calls.new_key(), calls.new_key()
        self.pay_key, self.again_key = calls.new_key(), calls.new_key()
        self.hold = customer.hold(showtime, ["C4", "C3"], self.hold_key).expect(201)
        self.booking = self.hold.json["booking_id"]
        self.confirm = customer.confirm(self.booking, key=self.confirm_key).expect(200)
        self.paid = customer.held(showtime, ["D1"])
        self.pay = customer.pay(self.paid, key=self.pay_key).expect(201)
        # The same payment under a second key: its own status is replayed.
        self.again = customer.pay(self.paid, key=self.again_key).expect(200)

    def assert_replays(self):
        customer = self.customer
        assert_replay(self.hold, customer.hold(self.showtime, ["C4", "C3"], self.hold_key))
        assert_replay(self.confirm, customer.confirm(self.booking, key=self.confirm_key))
        assert_replay(self.pay, customer.pay(self.paid, key=self.pay_key))
        assert_replay(self.again, customer.pay(self.paid, key=self.again_key))

    def reconnect(self, server):
        token = server.api.token(self.customer.user)
        self.customer = calls.Customer(server.port, self.customer.user, token)


@pytest.mark.sanitize
def test_answers_are_repeated_byte_for_byte_whatever_happened_since(api, customer, showtime):
    story = Story(customer, showtime)
    story.assert_replays()
    api.tell(story.pay.json, 100000).expect(200)
    customer.cancel(story.booking).expect(200)
    story.assert_replays()
    api.customer().held(showtime, ["C3", "C4"])
    story.assert_replays()
    assert api.statuses(showtime) == {"C3": "held", "C4": "held", "D1": "booked"}


def test_answers_are_repeated_after_the_hold_has_expired(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content, HOLD_SECONDS="1", PAYMENT_SECONDS="1")
    story = Story(server.api.customer(), showtime)
    deadline = time.monotonic() + 10
    while server.api.statuses(showtime) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert story.customer.booking(story.booking).json["status"] == "expired"
    story.assert_replays()
    assert server.api.statuses(showtime) == {}, "a replay is not an effect"


@pytest.mark.sanitize
def test_answers_are_repeated_after_a_restart_and_after_a_kill(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content)
    story = Story(server.api.customer(), showtime)
    server.kill()
    server.start()
    story.reconnect(server)
    story.assert_replays()
    server.restart()
    story.reconnect(server)
    story.assert_replays()


@pytest.mark.sanitize
def test_a_key_with_another_request_is_refused(customer, house):
    showtime, other = house.showtime(), house.showtime()
    key = calls.new_key()
    customer.hold(showtime, ["C3"], key).expect(201)
    for answer in (
        customer.hold(showtime, ["C4"], key),
        customer.hold(other, ["C3"], key),
        customer.hold(NOBODY, ["C3"], key),
        customer.hold(showtime, ["C3", "C4"], key),
    ):
        shapes.check_problem(answer, 400, "IDEMPOTENCY_KEY_REUSED", HOLD)
    assert_replay(customer.hold(showtime, ["D3"], key := calls.new_key()),
                  customer.hold(showtime, ["D3"], key))


def test_the_path_is_a_part_of_the_request(customer, showtime):
    first, second = customer.held(showtime, ["C3"]), customer.held(showtime, ["C4"])
    key = calls.new_key()
    customer.confirm(first, key=key).expect(200)
    customer.confirm(second, key=key).expect(400, "IDEMPOTENCY_KEY_REUSED")
    customer.confirm(first, "card", key=key).expect(400, "IDEMPOTENCY_KEY_REUSED")


def test_the_order_of_members_and_the_case_of_ids_do_not_make_another_request(customer, showtime):
    key = calls.new_key()
    text = b'{"showtime_id":"%s","seats":["C3"]}' % showtime.encode()
    first = customer.with_key("POST", HOLD, text, key).expect(201)
    text = b' {"seats": ["C3"], "showtime_id": "%s"}' % showtime.upper().encode()
    assert_replay(first, customer.with_key("POST", HOLD, text, key))
    booking, key = first.json["booking_id"], calls.new_key()
    assert_replay(customer.confirm(booking, key=key), customer.confirm(booking.upper(), key=key))


def test_the_order_of_seats_makes_another_request(customer, showtime):
    key = calls.new_key()
    customer.hold(showtime, ["C3", "C4"], key).expect(201)
    customer.hold(showtime, ["C4", "C3"], key).expect(400, "IDEMPOTENCY_KEY_REUSED")


def test_keys_compare_without_case(customer, showtime):
    key = calls.new_key()
    first = customer.hold(showtime, ["C3"], key.upper()).expect(201)
    assert_replay(first, customer.hold(showtime, ["C3"], key))


def test_the_drafts_header_is_another_name_with_a_status_of_its_own(customer, showtime):
    key = calls.new_key()

    def hold(seats, value):
        body = {"showtime_id": showtime, "seats": seats}
        return customer.request("POST", HOLD, body, {"Idempotency-Key": value})

    first = hold(["C3"], f'"{key}"').expect(201)
    assert_replay(first, hold(["C3"], key))
    assert_replay(first, customer.hold(showtime, ["C3"], key))
    reused = hold(["C4"], f'"{key}"')
    shapes.check_problem(reused, 422, "IDEMPOTENCY_KEY_REUSED", HOLD)
    customer.hold(showtime, ["C4"], key).expect(400, "IDEMPOTENCY_KEY_REUSED")
    hold(["C4"], '"x"').expect(400, "IDEMPOTENCY_KEY_INVALID")
    hold(["C4"], f'"{key}').expect(400, "IDEMPOTENCY_KEY_INVALID")


def test_of_both_headers_the_predecessors_counts(customer, showtime):
    key, other = calls.new_key(), calls.new_key()
    body = {"showtime_id": showtime, "seats": ["C3"]}
    headers = {"X-Idempotency-Key": key, "Idempotency-Key": other}
    first = customer.request("POST", HOLD, body, headers).expect(201)
    assert_replay(first, customer.hold(showtime, ["C3"], key))
    customer.hold(showtime, ["C4"], other).expect(201)
    body = {"showtime_id": showtime, "seats": ["C5"]}
    customer.request("POST", HOLD, body, headers).expect(400, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.sanitize
def test_another_users_same_key_is_another_key(api, customer, showtime):
    key, stranger = calls.new_key(), api.customer()
    first = customer.hold(showtime, ["C3"], key).expect(201)
    stranger.hold(showtime, ["C3"], key).expect(409, "SEAT_HELD_BY_ANOTHER")
    other = stranger.hold(showtime, ["C4"], calls.new_key()).expect(201)
    assert other.json["booking_id"] != first.json["booking_id"]
    fresh = api.customer().hold(showtime, ["C5"], key).expect(201)
    assert fresh.header("idempotent-replayed") is None
    assert fresh.json["booking_id"] != first.json["booking_id"]


def test_hold_confirm_and_pay_with_one_key_are_three_keys(customer, showtime):
    key = calls.new_key()
    held = customer.hold(showtime, ["C3"], key).expect(201)
    booking = held.json["booking_id"]
    confirmed = customer.confirm(booking, key=key).expect(200)
    assert confirmed.json["payment_id"] == f"PAY_{key}"
    paid = customer.pay(booking, key=key).expect(200)
    assert_replay(held, customer.hold(showtime, ["C3"], key))
    assert_replay(confirmed, customer.confirm(booking, key=key))
    assert_replay(paid, customer.pay(booking, key=key))


def test_one_key_for_two_showtimes_at_once_has_one_effect(house):
    for _ in range(5):
        user, key = house.api.customer(), calls.new_key()
        showtimes = [house.showtime(), house.showtime()]
        requests = [swarm.hold_bytes(user.token, showtime, ["C3"], key)
                    for showtime in showtimes * 5]
        answers, _ = swarm.fire(house.server.port, requests)
        held = [answer for answer in answers if answer.status == 201]
        assert len(held) == 5 and len({answer.body for answer in held}) == 1
        for answer in answers:
            if answer.status != 201:
                answer.expect(400, "IDEMPOTENCY_KEY_REUSED")
        assert sorted(len(house.api.statuses(showtime)) for showtime in showtimes) == [0, 1]


@pytest.mark.sanitize
def test_twenty_clicks_at_once_have_one_effect_and_one_answer(house, showtime):
    user, key = house.api.customer(), calls.new_key()
    click = swarm.hold_bytes(user.token, showtime, ["C3", "C4"], key)
    answers, _ = swarm.fire(house.server.port, [click] * 20)
    assert [answer.status for answer in answers] == [201] * 20
    assert len({answer.body for answer in answers}) == 1
    assert sum(answer.header("idempotent-replayed") is None for answer in answers) == 1
    booking = answers[0].json["booking_id"]
    assert [item["id"] for item in user.bookings().json["items"]] == [booking]

    for make in (swarm.pay_bytes, swarm.confirm_bytes):
        click = make(user.token, booking, "momo", calls.new_key())
        answers, _ = swarm.fire(house.server.port, [click] * 20)
        assert len({(answer.status, answer.body) for answer in answers}) == 1
        assert sum(answer.header("idempotent-replayed") is None for answer in answers) == 1
        answers[0].expect(201 if make is swarm.pay_bytes else 200)


# Refusals.


def test_a_refusal_is_repeated_although_the_seat_is_free_again(api, customer, showtime):
    holder, key = api.customer(), calls.new_key()
    booking = holder.held(showtime, ["C3"])
    first = customer.hold(showtime, ["C3", "C4"], key).expect(409, "SEAT_HELD_BY_ANOTHER")
    holder.cancel(booking).expect(200)
    again = customer.hold(showtime, ["C3", "C4"], key).expect(409, "SEAT_HELD_BY_ANOTHER")
    assert again.header("idempotent-replayed") == "true"
    assert again.seats == first.seats
    customer.hold(showtime, ["C4"], key).expect(400, "IDEMPOTENCY_KEY_REUSED")
    customer.hold(showtime, ["C3", "C4"]).expect(201)


def test_a_typo_does_not_burn_its_key(api, customer, showtime):
    key = calls.new_key()
    customer.hold(showtime, ["c3"], key).expect(400, "VALIDATION_FAILED")
    customer.with_key("POST", HOLD, b"{", key).expect(400, "VALIDATION_FAILED")
    customer.with_key("POST", HOLD, b"{}", key, **{"Content-Type": "text/plain"}).expect(
        415, "UNSUPPORTED_MEDIA_TYPE")
    calls.Client(api.port, "x").request(
        "POST", HOLD, {}, {"X-Idempotency-Key": key}).expect(401, "TOKEN_INVALID")
    held = customer.hold(showtime, ["C3"], key).expect(201)
    assert held.header("idempotent-replayed") is None
    booking, key = held.json["booking_id"], calls.new_key()
    customer.pay(booking, "cheque", key).expect(400, "UNKNOWN_PROVIDER")
    customer.pay(booking, key=key, return_url="http://x").expect(400, "RETURN_URL_NOT_ALLOWED")
    customer.pay(booking, key=key).expect(201)


def test_too_many_holds_do_not_burn_their_key(customer, showtime):
    first = customer.held(showtime, catalogue.S1_SEATS[:10])
    customer.held(showtime, catalogue.S1_SEATS[10:20])
    key = calls.new_key()
    customer.hold(showtime, ["H1"], key).expect(429, "TOO_MANY_HOLDS")
    customer.cancel(first).expect(200)
    held = customer.hold(showtime, ["H1"], key).expect(201)
    assert held.header("idempotent-replayed") is None


def test_a_booking_of_another_is_refused_anew_each_time(api, customer, showtime):
    booking, key = api.customer().held(showtime, ["C3"]), calls.new_key()
    for _ in range(2):
        answer = customer.confirm(booking, key=key).expect(403, "BOOKING_NOT_OWNED")
        assert answer.header("idempotent-replayed") is None


def test_a_refused_confirm_is_repeated(api, customer, showtime):
    booking, key = customer.held(showtime, ["C3"]), calls.new_key()
    customer.cancel(booking).expect(200)
    for replayed in (None, "true"):
        answer = customer.confirm(booking, key=key).expect(400, "BOOKING_NOT_PENDING")
        assert answer.header("idempotent-replayed") == replayed
