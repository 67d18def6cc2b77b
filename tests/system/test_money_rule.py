"""The money rule: what a gateway reports as paid ends as the booking's seats, or as one refund.

Each test is a way in which the predecessor charged people for nothing, or twice; its comment
has the number of that failure.
"""

import json
import time

import pytest
from support import api as calls
from support import process, shapes, signing, swarm
from support.catalogue import NOBODY, parse_moment

AMOUNT = 100000  # One standard seat.


def data(customer, payment):
    return customer.payment(payment["payment_id"]).expect(200).json["data"]


def status(customer, booking):
    return customer.booking(booking).expect(200).json["status"]


def assert_kept(customer, booking, payment):
    """The booking has its seats by this payment, whose money stays."""
    body = customer.booking(booking).expect(200).json
    shapes.check(body, shapes.CONFIRMED)
    assert body["payment_id"] == payment["payment_id"]
    paid = data(customer, payment)
    shapes.check(paid, shapes.PAYMENT_DATA)
    assert paid["status"] == "completed" and "refund" not in paid


def assert_refunded(customer, payment, reason, amount=AMOUNT):
    """The money goes back, as staff sees it."""
    paid = data(customer, payment)
    shapes.check(paid, shapes.PAYMENT_DATA)
    assert paid["status"] == "completed"
    assert paid["refund"]["status"] == "due"
    assert paid["refund"]["amount"] == amount
    assert paid["refund"]["reason"] == reason


def webhook_bytes(api, payment, amount=AMOUNT, outcome="success"):
    """The gateway's message, ready for a swarm."""
    transaction = calls.transaction_of(payment)
    provider = transaction.split("_")[1].lower()
    body = {"transaction_id": transaction, "status": outcome, "amount": amount}
    signature = signing.webhook_signature(api.usher.webhook_secrets[provider],
                                          json.dumps(body).encode())
    return swarm.request_bytes("POST", f"/api/payments/webhook/{provider}", None, body,
                               X_Signature=signature)


# Two payments.


@pytest.mark.sanitize
def test_two_payments_at_once_by_one_method_are_one_payment(house):  # D1
    for _ in range(20):
        user = house.api.customer()
        booking = user.held(house.showtime(), ["C3"])
        requests = [swarm.pay_bytes(user.token, booking, "momo") for _ in range(4)]
        answers, _ = swarm.fire(house.server.port, requests)
        assert sorted(answer.status for answer in answers) == [200, 200, 200, 201]
        assert len({answer.json["payment_id"] for answer in answers}) == 1


def test_payments_and_confirms_at_once_by_all_methods_leave_one_active(house):  # D1, D10
    for _ in range(10):
        user = house.api.customer()
        booking = user.held(house.showtime(), ["C3"])
        requests = [make(user.token, booking, method)
                    for make in (swarm.pay_bytes, swarm.confirm_bytes)
                    for method in process.PROVIDERS]
        answers, _ = swarm.fire(house.server.port, requests)
        assert {answer.status for answer in answers} <= {200, 201}
        named = {answer.json["payment_id"] for answer in answers}
        payments = [user.payment(name).expect(200).json["data"] for name in named]
        states = {payment["id"]: payment["status"] for payment in payments}
        assert sorted(states.values()) == ["failed"] * (len(states) - 1) + ["pending"]


@pytest.mark.sanitize
def test_of_two_paid_payments_the_first_is_kept_and_the_other_refunded(api, customer, showtime):
    booking = customer.held(showtime, ["C3"])
    first = customer.paying(booking, "momo")
    second = customer.paying(booking, "card")
    api.tell(first, AMOUNT).expect(200)  # Superseded, but first.
    assert_kept(customer, booking, first)
    replaced = data(customer, second)
    assert (replaced["status"], replaced["reason"]) == ("failed", "booking_paid")
    api.tell(second, AMOUNT).expect(200)
    assert_kept(customer, booking, first)
    assert_refunded(customer, second, "booking_paid")
    api.tell(second, AMOUNT).expect(200)
    assert_refunded(customer, second, "booking_paid")


def test_two_paid_messages_at_once_keep_one_and_refund_the_other(house):
    for _ in range(20):
        user = house.api.customer()
        booking = user.held(house.showtime(), ["C3"])
        payments = [user.paying(booking, "momo"), user.paying(booking, "card")]
        requests = [webhook_bytes(house.api, payment) for payment in payments * 3]
        answers, _ = swarm.fire(house.server.port, requests)
        assert {answer.status for answer in answers} == {200}
        refunds = [payment for payment in payments if "refund" in data(user, payment)]
        assert len(refunds) == 1
        payments.remove(refunds[0])
        assert_kept(user, booking, payments[0])
        assert_refunded(user, refunds[0], "booking_paid")


# Late money.


@pytest.fixture(scope="module")
def brief(launch_for_module):
    """A server whose holds and payments last a second: (its API, showtimes to use)."""
    content, showtimes = process.pool(40)
    server = launch_for_module(content, name="brief", HOLD_SECONDS="1", PAYMENT_SECONDS="1")
    return server.api, iter(showtimes)


def lapsed(api, showtime, seats, method="momo"):
    """A booking that was not paid in time, and the payment that it had."""
    customer = api.customer()
    booking = customer.held(showtime, seats)
    payment = customer.paying(booking, method)
    ends = customer.booking(booking).json["hold_expires_at"]
    time.sleep(max(0.0, parse_moment(ends) - time.time()) + 0.02)
    return customer, booking, payment


@pytest.mark.sanitize
def test_late_money_finds_its_seats_if_they_are_free(brief):
    api, showtimes = brief
    showtime = next(showtimes)
    customer, booking, payment = lapsed(api, showtime, ["C3", "C4"])
    api.tell(payment, 2 * AMOUNT).expect(200)
    assert_kept(customer, booking, payment)
    assert api.statuses(showtime) == {"C3": "booked", "C4": "booked"}


@pytest.mark.sanitize
def test_late_money_for_seats_that_another_holds_is_refunded(brief):  # D3
    api, showtimes = brief
    showtime = next(showtimes)
    customer, booking, payment = lapsed(api, showtime, ["C3", "C4"])
    other = api.customer()
    others_booking = other.held(showtime, ["C4", "C5"])
    others_payment = other.paying(others_booking, "card")
    api.tell(payment, 2 * AMOUNT).expect(200)
    assert_refunded(customer, payment, "seats_taken", 2 * AMOUNT)
    assert status(customer, booking) == "expired"
    api.tell(others_payment, 2 * AMOUNT).expect(200)
    assert_kept(other, others_booking, others_payment)
    # All or nothing: C3 was free and stays free. (D22)
    assert api.statuses(showtime) == {"C4": "booked", "C5": "booked"}
    api.tell(payment, 2 * AMOUNT).expect(200)
    assert_refunded(customer, payment, "seats_taken", 2 * AMOUNT)


def test_late_money_for_seats_that_another_has_bought_is_refunded(brief):
    api, showtimes = brief
    showtime = next(showtimes)
    customer, booking, payment = lapsed(api, showtime, ["C3"])
    other = api.customer()
    others_booking = other.held(showtime, ["C3"])
    api.tell(other.paying(others_booking), AMOUNT).expect(200)
    api.tell(payment, AMOUNT).expect(200)
    assert_refunded(customer, payment, "seats_taken")
    assert status(other, others_booking) == "confirmed"


def test_late_money_of_two_payments_keeps_one(brief):
    api, showtimes = brief
    showtime, customer = next(showtimes), api.customer()
    booking = customer.held(showtime, ["C3"])
    first, second = customer.paying(booking, "momo"), customer.paying(booking, "card")
    time.sleep(1.2)
    api.tell(second, AMOUNT).expect(200)
    api.tell(first, AMOUNT).expect(200)
    assert_kept(customer, booking, second)
    assert_refunded(customer, first, "booking_paid")


def test_late_money_races_a_new_hold_and_one_of_them_has_the_seat(brief, chance):
    api, showtimes = brief
    showtime = next(showtimes)
    seats = [f"{row}{col}" for row in "CD" for col in range(1, 11)]
    tries = []
    for seat in seats:
        customer = api.customer()
        booking = customer.held(showtime, [seat])
        tries.append((customer, booking, customer.paying(booking)))
    time.sleep(2.1)  # The payments' ends, and with them the holds'.
    requests = []
    for (_, _, payment), seat in zip(tries, seats):
        hold = swarm.hold_bytes(api.token(f"rival-for-{seat}"), showtime, [seat])
        pair = [("money", webhook_bytes(api, payment)), ("hold", hold)]
        requests += chance.sample(pair, 2)
    answers, _ = swarm.fire(api.port, [request for _, request in requests])
    money_won = 0
    for number, (customer, booking, payment) in enumerate(tries):
        kinds = [kind for kind, _ in requests[2 * number : 2 * number + 2]]
        told = dict(zip(kinds, answers[2 * number : 2 * number + 2]))
        told["money"].expect(200)
        if told["hold"].status == 201:
            assert_refunded(customer, payment, "seats_taken")
            assert status(customer, booking) == "expired"
        else:
            money_won += 1
            told["hold"].expect(409, "SEAT_ALREADY_BOOKED")
            assert_kept(customer, booking, payment)
    print(f"late money came before the new hold in {money_won} of {len(tries)} races")


def test_an_expired_booking_cannot_be_confirmed_paid_or_cancelled(brief):  # D19
    api, showtimes = brief
    showtime = next(showtimes)
    customer, booking, _ = lapsed(api, showtime, ["C3"])
    for _ in range(2):  # Marked expired already or not.
        shapes.check_problem(customer.confirm(booking), 400, "BOOKING_HOLD_EXPIRED")
        shapes.check_problem(customer.pay(booking), 400, "BOOKING_HOLD_EXPIRED")
        shapes.check_problem(customer.cancel(booking), 400, "BOOKING_CANNOT_BE_CANCELLED")
        time.sleep(1)
    assert status(customer, booking) == "expired"


# Cancelled bookings.


@pytest.mark.sanitize
def test_money_for_a_cancelled_booking_is_refunded(api, customer, showtime):  # D6
    booking = customer.held(showtime, ["C3"])
    payment = customer.paying(booking)
    customer.cancel(booking).expect(200)
    gone = data(customer, payment)
    assert (gone["status"], gone["reason"]) == ("failed", "booking_cancelled")
    api.tell(payment, AMOUNT).expect(200)
    assert_refunded(customer, payment, "booking_cancelled")
    assert status(customer, booking) == "cancelled"
    assert api.statuses(showtime) == {}


@pytest.mark.sanitize
def test_a_cancel_and_the_money_at_once_never_both_succeed(house, chance):  # D6
    """A hundred tries in two showtimes, all at the same time."""
    tries, requests = [], []
    for showtime in (house.showtime(), house.showtime()):
        for row in "BCDFG":
            for col in range(1, 11):
                user, seat = house.api.customer(), f"{row}{col}"
                booking = user.held(showtime, [seat])
                tries.append((user, showtime, seat, booking, user.paying(booking)))
    for number, (user, _, _, booking, payment) in enumerate(tries):
        cancel = swarm.request_bytes("DELETE", f"/api/bookings/{booking}", user.token)
        pair = [(number, "cancel", cancel), (number, "money", webhook_bytes(house.api, payment))]
        requests += chance.sample(pair, 2)
    answers, _ = swarm.fire(house.server.port, [request for _, _, request in requests])
    told = {(number, what): answer for (number, what, _), answer in zip(requests, answers)}

    maps = {showtime: house.api.statuses(showtime) for _, showtime, *_ in tries}
    cancelled = 0
    for number, (user, showtime, seat, booking, payment) in enumerate(tries):
        told[number, "money"].expect(200)
        if told[number, "cancel"].status == 200:
            cancelled += 1
            assert status(user, booking) == "cancelled"
            assert_refunded(user, payment, "booking_cancelled")
            assert seat not in maps[showtime]
        else:
            told[number, "cancel"].expect(400, "BOOKING_CANNOT_BE_CANCELLED")
            assert_kept(user, booking, payment)
            assert maps[showtime][seat] == "booked"
    print(f"{cancelled} of {len(tries)} cancels came before the money")
    assert len(tries) == 100


def test_a_cancel_and_a_new_payment_at_once_agree(house, chance):
    tries, requests = [], []
    showtime = house.showtime()
    for row in "BCDFG":
        for col in range(1, 11):
            user = house.api.customer()
            booking = user.held(showtime, [f"{row}{col}"])
            tries.append((user, booking))
            pair = [swarm.request_bytes("DELETE", f"/api/bookings/{booking}", user.token),
                    swarm.pay_bytes(user.token, booking, "momo")]
            requests.append(chance.sample(pair, 2))
    answers, _ = swarm.fire(house.server.port, [one for pair in requests for one in pair])
    for number, (user, booking) in enumerate(tries):
        pair = answers[2 * number : 2 * number + 2]
        cancel = next(answer for answer in pair if b"seats_released" in answer.body)
        cancel.expect(200)
        paid = pair[1 - pair.index(cancel)]
        if paid.status != 201:
            paid.expect(400, "BOOKING_NOT_PENDING")
        else:
            assert data(user, paid.json)["reason"] == "booking_cancelled"
        assert status(user, booking) == "cancelled"
    assert house.api.statuses(showtime) == {}


# What the gateway says.


def test_a_success_after_a_failure_confirms(api, customer, showtime):  # D7
    booking = customer.held(showtime, ["C3"])
    payment = customer.paying(booking)
    api.tell(payment, AMOUNT, "failed").expect(200)
    assert status(customer, booking) == "pending"
    api.tell(payment, AMOUNT).expect(200)
    assert_kept(customer, booking, payment)
    assert api.statuses(showtime) == {"C3": "booked"}


@pytest.mark.sanitize
@pytest.mark.parametrize("amount, members", [
    (1, {}), (0, {}), (AMOUNT - 1, {}), (AMOUNT + 1, {}), (2**53, {}),
    (AMOUNT, {"currency": "USD"}),
])
def test_another_amount_confirms_nothing_and_goes_back(api, customer, showtime, amount, members):
    booking = customer.held(showtime, ["C3"])  # D8
    wrong = customer.paying(booking)
    reason = "currency_mismatch" if members else "amount_mismatch"
    api.tell(wrong, amount, **members).expect(200)
    assert status(customer, booking) == "pending"
    assert_refunded(customer, wrong, reason, amount)
    api.tell(wrong, AMOUNT).expect(200)  # The payment has ended: this changes nothing.
    assert_refunded(customer, wrong, reason, amount)
    refund = customer.payment(wrong["payment_id"]).json["data"]["refund"]
    assert refund.get("currency") == members.get("currency"), "what was paid is what goes back"
    assert status(customer, booking) == "pending"
    right = customer.paying(booking)
    assert right["payment_id"] != wrong["payment_id"]
    api.tell(right, AMOUNT).expect(200)
    assert_kept(customer, booking, right)


def test_the_right_currency_may_be_named(api, customer, showtime):
    booking = customer.held(showtime, ["C3"])
    payment = customer.paying(booking)
    api.tell(payment, AMOUNT, currency="VND").expect(200)
    assert_kept(customer, booking, payment)


@pytest.mark.sanitize
def test_a_confirm_makes_a_payment_that_can_be_paid(api, customer, showtime):  # D10
    booking = customer.held(showtime, ["C3"])
    confirmed = customer.confirm(booking, "card").expect(200).json
    made = customer.payment(confirmed["payment_id"]).expect(200).json["data"]
    assert made["status"] == "pending" and made["booking_id"] == booking
    api.tell(confirmed, AMOUNT).expect(200)
    body = customer.booking(booking).json
    assert (body["status"], body["payment_id"]) == ("confirmed", made["id"])
    for method in ("card", "momo"):
        customer.confirm(booking, method).expect(400, "BOOKING_NOT_PENDING")


def test_the_amount_asked_is_the_bookings_whatever_the_client_says(customer, showtime):
    booking = customer.held(showtime, ["C3"])
    customer.pay(booking, amount=1).expect(400, "VALIDATION_FAILED")
    payment = customer.paying(booking)
    assert data(customer, payment)["amount"] == AMOUNT
    assert "?" not in payment["payment_url"], "nothing in the address can be changed"


def test_a_refusal_always_names_the_seats(api, customer, showtime):  # D17
    api.customer().held(showtime, ["C3"])
    assert customer.hold(showtime, ["C3", "C4"]).expect(409, "SEAT_HELD_BY_ANOTHER").seats
    customer.hold(NOBODY, ["C3"]).expect(404, "SHOWTIME_NOT_FOUND")


# Crashes.


def test_a_kill_right_after_the_answer_loses_no_money(launch):  # D4
    content, (showtime,) = process.pool(1)
    server = launch(content)
    user = server.api.customer()
    booking = user.held(showtime, ["C3"])
    payment = user.paying(booking)
    server.api.tell(payment, AMOUNT).expect(200)
    server.kill()
    server.start()
    assert_kept(user, booking, payment)
    server.api.tell(payment, AMOUNT).expect(200)
    assert_kept(user, booking, payment)
    assert server.api.statuses(showtime) == {"C3": "booked"}


def test_a_kill_during_the_message_is_made_good_by_the_gateways_next_try(launch, chance):  # D4
    """The gateway repeats a message until it hears 200; then the booking has its seats."""
    content, (showtime,) = process.pool(1)
    server = launch(content)
    user = server.api.customer("payer")
    for row in "BCDFGH":
        bookings = [user.held(showtime, [f"{row}{col}"]) for col in (1, 2, 3)]
        payments = [user.paying(booking) for booking in bookings]
        requests = [webhook_bytes(server.api, payment) for payment in payments]
        fired = swarm.start(server.port, requests)
        time.sleep(chance.random() * 0.01)
        server.kill()
        fired.join()
        server.start()
        for booking, payment in zip(bookings, payments):
            server.api.tell(payment, AMOUNT).expect(200)
            assert_kept(user, booking, payment)
