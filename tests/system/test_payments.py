"""Payments: how long they live, which one answers, what a gateway's message does to them."""

import json
import time

import pytest
from support import api as calls
from support import process, shapes, signing
from support.catalogue import NOBODY, parse_moment


def data(customer, payment):
    return customer.payment(payment).expect(200).json["data"]


def wait_until(moment):
    """Sleeps until just after a moment of the contract."""
    time.sleep(max(0.0, parse_moment(moment) - time.time()) + 0.01)


@pytest.mark.sanitize
def test_a_payment_is_made_and_read_as_the_contract_says(customer, showtime):
    held = customer.hold(showtime, ["C3", "A2"]).expect(201).json
    answer = customer.pay(held["booking_id"], "zalopay").expect(201)
    made = answer.json
    shapes.check(made, shapes.PAY)
    assert made["payment_url"] == (
        f"{process.GATEWAY}/zalopay/pay/TXN_ZALOPAY_{made['payment_id']}")
    assert answer.header("cache-control") == "no-store" and answer.version >= 1
    answer = customer.payment(made["payment_id"]).expect(200)
    shapes.check(answer.json, shapes.PAYMENT)
    assert answer.header("cache-control") == "no-store" and answer.version >= 1
    read = answer.json["data"]
    assert read["booking_id"] == held["booking_id"]
    assert read["amount"] == held["final_amount"] == 350000
    assert read["payment_method"] == "zalopay" and read["status"] == "pending"
    assert read["payment_url"] == made["payment_url"]
    assert read["expires_at"] == made["expires_at"]
    lives_s = parse_moment(read["expires_at"]) - parse_moment(read["created_at"])
    assert lives_s == 900
    assert not {"paid_at", "reason", "refund"} & set(read)


def test_the_first_payment_extends_the_hold_to_its_end_and_no_later_one_does(customer, showtime):
    held = customer.hold(showtime, ["C3"]).expect(201).json
    booking = held["booking_id"]
    first = customer.paying(booking, "momo")
    assert parse_moment(first["expires_at"]) > parse_moment(held["hold_expires_at"])
    assert customer.booking(booking).json["hold_expires_at"] == first["expires_at"]
    second = customer.paying(booking, "card")
    assert second["expires_at"] == first["expires_at"], "later payments end with the hold"
    assert customer.booking(booking).json["hold_expires_at"] == first["expires_at"]


def test_a_confirm_does_not_extend_the_hold_nor_does_what_comes_after_it(customer, showtime):
    held = customer.hold(showtime, ["C3"]).expect(201).json
    booking = held["booking_id"]
    assert customer.confirm(booking).expect(200).json["expires_at"] == held["hold_expires_at"]
    later = customer.paying(booking, "card")
    assert later["expires_at"] == held["hold_expires_at"]
    assert customer.booking(booking).json["hold_expires_at"] == held["hold_expires_at"]


@pytest.mark.sanitize
def test_paying_again_by_the_same_method_answers_the_same_payment(customer, showtime):
    booking = customer.held(showtime, ["C3"])
    first = customer.paying(booking)
    for _ in range(3):
        again = customer.pay(booking).expect(200).json
        shapes.check(again, shapes.PAY)
        assert again == first
    assert data(customer, first["payment_id"])["status"] == "pending"


@pytest.mark.sanitize
def test_another_method_supersedes_the_payment_before(customer, showtime):
    booking = customer.held(showtime, ["C3"])
    first = customer.paying(booking, "momo")
    second = customer.paying(booking, "vnpay")
    assert second["payment_id"] != first["payment_id"]
    old = data(customer, first["payment_id"])
    assert (old["status"], old["reason"]) == ("failed", "superseded")
    third = customer.paying(booking, "momo")
    assert third["payment_id"] not in (first["payment_id"], second["payment_id"])


def test_a_confirm_gives_its_payment_an_id_by_its_key(api, customer, showtime):
    booking = customer.held(showtime, ["C3"])
    key = calls.new_key()
    first = customer.confirm(booking, key=key).expect(200).json
    assert first["payment_id"] == f"PAY_{key}"
    again = customer.confirm(booking).expect(200).json
    assert again == first, "another key, the same payment, the first PAY_ id"
    read = data(customer, f"PAY_{key}")
    shapes.check(read, shapes.PAYMENT_DATA)
    assert data(customer, read["id"]) == read
    assert customer.pay(booking).expect(200).json["payment_id"] == read["id"]
    shapes.check_problem(api.customer().payment(f"PAY_{key}"), 404, "PAYMENT_NOT_FOUND")
    shapes.check_problem(api.customer().payment(read["id"]), 403, "PAYMENT_NOT_OWNED")
    customer.payment(f"PAY_{calls.new_key()}").expect(404, "PAYMENT_NOT_FOUND")
    other = customer.confirm(booking, "card", key=calls.new_key()).expect(200).json
    assert other["payment_id"] != first["payment_id"]


def test_the_first_confirm_of_a_payment_gives_it_its_pay_id(customer, showtime):
    booking = customer.held(showtime, ["C3"])
    made = customer.paying(booking)
    key = calls.new_key()
    confirmed = customer.confirm(booking, key=key).expect(200).json
    assert confirmed["payment_id"] == f"PAY_{key}"
    assert confirmed["payment_url"] == made["payment_url"]
    assert customer.confirm(booking).expect(200).json == confirmed
    assert data(customer, f"PAY_{key}")["id"] == made["payment_id"]


def test_a_payment_that_ran_out_is_failed_and_a_new_one_can_be_made(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content, PAYMENT_SECONDS="1")
    customer = server.api.customer()
    held = customer.hold(showtime, ["C3"]).expect(201).json
    booking = held["booking_id"]
    first = customer.paying(booking)
    assert customer.booking(booking).json["hold_expires_at"] == held["hold_expires_at"]
    wait_until(first["expires_at"])
    read = data(customer, first["payment_id"])
    assert (read["status"], read["reason"]) == ("failed", "expired")
    second = customer.paying(booking)
    assert second["payment_id"] != first["payment_id"]
    assert second["expires_at"] == held["hold_expires_at"]
    # The money of the first may still come: it is the first that is reported paid.
    server.api.tell(first, 100000).expect(200)
    body = customer.booking(booking).json
    assert (body["status"], body["payment_id"]) == ("confirmed", first["payment_id"])


@pytest.mark.parametrize("payment", [NOBODY, "x", "PAY_", "PAY_x",
                                     "pay_1b4e28ba-2fa1-4d3b-a27f-0305e82c3301"])
def test_a_payment_that_is_not_there_is_not_found(customer, payment):
    shapes.check_problem(customer.payment(payment), 404, "PAYMENT_NOT_FOUND")


def test_what_is_sold_cancelled_or_gone_cannot_be_paid(api, customer, showtime):
    sold = customer.held(showtime, ["C3"])
    api.tell(customer.paying(sold), 100000).expect(200)
    shapes.check_problem(customer.pay(sold, "card"), 409, "BOOKING_ALREADY_PAID")
    shapes.check_problem(customer.confirm(sold, "card"), 400, "BOOKING_NOT_PENDING")
    cancelled = customer.held(showtime, ["C4"])
    customer.cancel(cancelled).expect(200)
    shapes.check_problem(customer.pay(cancelled), 400, "BOOKING_NOT_PENDING")
    shapes.check_problem(customer.confirm(cancelled), 400, "BOOKING_NOT_PENDING")
    shapes.check_problem(customer.pay(NOBODY), 404, "BOOKING_NOT_FOUND")


def test_a_provider_without_a_secret_is_off(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content, WEBHOOK_SECRET_CARD=None)
    customer = server.api.customer()
    booking = customer.held(showtime, ["C3"])
    customer.pay(booking, "card").expect(400, "UNKNOWN_PROVIDER")
    customer.confirm(booking, "card").expect(400, "UNKNOWN_PROVIDER")
    answer = server.api.webhook("card", {"transaction_id": "TXN_CARD_" + NOBODY})
    shapes.check_problem(answer, 503, "PROVIDER_NOT_CONFIGURED")
    customer.pay(booking, "momo").expect(201)


# Webhooks.


@pytest.fixture
def sale(api, customer, showtime):
    """A booking with its payment: (booking, payment)."""
    booking = customer.held(showtime, ["C3"])
    return booking, customer.paying(booking)


def message(payment, status="success", amount=100000, **members):
    return {"transaction_id": calls.transaction_of(payment), "status": status, "amount": amount,
            **members}


@pytest.mark.sanitize
def test_a_paid_message_confirms_the_booking(api, customer, showtime, sale):
    booking, payment = sale
    answer = api.webhook("momo", message(payment, paid_at="2026-01-15T10:35:00.000Z"))
    answer.expect(200)
    shapes.check(answer.json, shapes.WEBHOOK)
    assert answer.header("content-type") == "application/json"
    body = customer.booking(booking).expect(200).json
    shapes.check(body, shapes.CONFIRMED)
    assert body["payment_id"] == payment["payment_id"]
    read = data(customer, payment["payment_id"])
    assert read["status"] == "completed" and "refund" not in read and "reason" not in read
    assert read["paid_at"] == "2026-01-15T10:35:00.000Z"
    assert api.statuses(showtime) == {"C3": "booked"}


@pytest.mark.parametrize("paid_at", [None, "yesterday", 7, "2026-13-01T00:00:00Z", ""])
def test_an_unreadable_paid_at_counts_as_now(api, customer, sale, paid_at):
    booking, payment = sale
    api.webhook("momo", message(payment, paid_at=paid_at)).expect(200)
    read = data(customer, payment["payment_id"])
    assert abs(parse_moment(read["paid_at"]) - time.time()) < 5
    assert customer.booking(booking).json["status"] == "confirmed"


def test_members_that_a_gateway_adds_are_ignored(api, customer, sale):
    booking, payment = sale
    extra = {"partner": {"deep": [1, {"x": None}]}, "fee": 1.5, "note": "ê"}
    api.webhook("momo", message(payment, **extra)).expect(200)
    assert customer.booking(booking).json["status"] == "confirmed"


def assert_untouched(api, customer, showtime, sale):
    booking, payment = sale
    assert customer.booking(booking).json["status"] == "pending"
    assert data(customer, payment["payment_id"])["status"] == "pending"
    assert api.statuses(showtime) == {"C3": "held"}


def signatures(secret, body):
    """Headers that must not pass."""
    good = signing.webhook_signature(secret, body)
    seconds, mac = good.split(",")
    now_s = int(time.time())
    return {
        "none": None,
        "empty": "",
        "garbage": "garbage",
        "without a time": mac,
        "without a signature": seconds,
        "another secret": signing.webhook_signature("x" * 32, body),
        "another body": signing.webhook_signature(secret, body + b" "),
        "another time than signed": f"t={now_s - 10},{mac}",
        "301 s old": signing.webhook_signature(secret, body, now_s - 301),
        "302 s ahead": signing.webhook_signature(secret, body, now_s + 302),
        "a negative time": signing.webhook_signature(secret, body, -now_s),
        "cut": good[:-2],
        "longer": good + "00",
        "upper case scheme": good.replace("v1=", "V1="),
        "an old scheme": good.replace("v1=", "v0="),
        "a space": good.replace(",", ", "),
    }


@pytest.mark.sanitize
@pytest.mark.parametrize("name", signatures("-", b""))
def test_a_message_that_is_not_signed_rightly_changes_nothing(api, customer, showtime, sale, name):
    body = json.dumps(message(sale[1])).encode()
    value = signatures(api.usher.webhook_secrets["momo"], body)[name]
    headers = {} if value is None else {"X-Signature": value}
    answer = api.webhook("momo", body, headers=headers)
    shapes.check_problem(answer, 401, "INVALID_WEBHOOK_SIGNATURE", "/api/payments/webhook/momo")
    assert_untouched(api, customer, showtime, sale)


@pytest.mark.parametrize("age_s", [-290, 0, 290])
def test_a_signature_is_good_for_five_minutes(api, customer, sale, age_s):
    api.webhook("momo", message(sale[1]), at_s=time.time() - age_s).expect(200)
    assert customer.booking(sale[0]).json["status"] == "confirmed"


def test_one_of_several_signatures_is_enough(api, customer, sale):
    body = json.dumps(message(sale[1])).encode()
    seconds, mac = signing.webhook_signature(api.usher.webhook_secrets["momo"], body).split(",")
    header = f"{seconds},v1={'0' * 64},{mac}"
    api.webhook("momo", body, headers={"X-Signature": header}).expect(200)
    assert customer.booking(sale[0]).json["status"] == "confirmed"


def test_a_signature_is_over_the_raw_bytes(api, customer, sale):
    text = json.dumps(message(sale[1]), indent=3).replace("C", "\\u0043").encode() + b"\n"
    api.webhook("momo", text).expect(200)
    assert customer.booking(sale[0]).json["status"] == "confirmed"


BAD_MESSAGES = {
    "no JSON": lambda payment: b"hello",
    "no object": lambda payment: b"[]",
    "no transaction": lambda payment: {"status": "success", "amount": 100000},
    "a transaction that is no text": lambda payment: {**message(payment), "transaction_id": 7},
    "no status": lambda payment: {**message(payment), "status": None},
    "an unknown status": lambda payment: message(payment, "perhaps"),
    "no amount": lambda payment: {**message(payment), "amount": None},
    "an amount that is a text": lambda payment: message(payment, amount="100000"),
    "an amount with a fraction": lambda payment: message(payment, amount=100000.5),
    "a negative amount": lambda payment: message(payment, amount=-100000),
    "an amount beyond numbers": lambda payment: message(payment, amount=10**30),
    "two amounts": lambda payment: json.dumps(message(payment)).encode()[:-1] + b',"amount":1}',
    "bad UTF-8": lambda payment: json.dumps(message(payment)).encode()[:-1] + b',"x":"\xff"}',
}


@pytest.mark.sanitize
@pytest.mark.parametrize("name", BAD_MESSAGES)
def test_a_signed_message_that_says_nothing_is_refused(api, customer, showtime, sale, name):
    answer = api.webhook("momo", BAD_MESSAGES[name](sale[1]))
    shapes.check_problem(answer, 400, "VALIDATION_FAILED", errors=shapes.FIELD_ERRORS)
    assert_untouched(api, customer, showtime, sale)


@pytest.mark.parametrize(
    "provider, transaction",
    [
        ("momo", "TXN_MOMO_" + NOBODY),
        ("momo", "TXN_MOMO_"),
        ("momo", "nonsense"),
        ("momo", ""),
        ("vnpay", "TXN_MOMO_{id}"),
        ("vnpay", "TXN_VNPAY_{id}"),
        ("momo", "TXN_VNPAY_{id}"),
        ("momo", "{id}"),
        ("momo", "PAY_{id}"),
    ],
)
def test_a_reference_that_is_not_the_payments_is_not_found(
    api, customer, showtime, sale, provider, transaction
):
    reference = transaction.format(id=sale[1]["payment_id"])
    answer = api.webhook(provider, {**message(sale[1]), "transaction_id": reference})
    shapes.check_problem(answer, 404, "PAYMENT_NOT_FOUND")
    assert_untouched(api, customer, showtime, sale)


@pytest.mark.parametrize("provider", ["cheque", "MOMO", "momo%20"])
def test_a_provider_that_we_do_not_know_is_refused(api, sale, provider):
    secret = api.usher.webhook_secrets["momo"]
    answer = api.webhook(provider, message(sale[1]), secret=secret)
    shapes.check_problem(answer, 400, "UNKNOWN_PROVIDER")


def test_the_slash_behind_the_gateways_address_is_no_part_of_it(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content, PAYMENT_GATEWAY_URL=process.GATEWAY + "/base//")
    customer = server.api.customer()
    payment = customer.paying(customer.held(showtime, ["C3"]), "card")
    assert payment["payment_url"].startswith(f"{process.GATEWAY}/base/card/pay/TXN_CARD_")


def test_a_failed_message_needs_no_amount(api, customer, sale):
    body = message(sale[1], "failed")
    del body["amount"]
    api.webhook("momo", body).expect(200)
    assert data(customer, sale[1]["payment_id"])["status"] == "failed"


def test_a_pending_message_shows_the_payment_as_processing(api, customer, sale):
    booking, payment = sale
    api.tell(payment, 100000, "pending").expect(200)
    assert data(customer, payment["payment_id"])["status"] == "processing"
    assert customer.pay(booking).expect(200).json["payment_id"] == payment["payment_id"]
    api.tell(payment, 100000).expect(200)
    api.tell(payment, 100000, "pending").expect(200)
    assert data(customer, payment["payment_id"])["status"] == "completed"


def test_a_failed_payment_leaves_the_hold_for_another_try(api, customer, showtime, sale):
    booking, payment = sale
    api.tell(payment, 0, "failed").expect(200)
    read = data(customer, payment["payment_id"])
    assert (read["status"], read["reason"]) == ("failed", "declined")
    assert customer.booking(booking).json["status"] == "pending"
    assert api.statuses(showtime) == {"C3": "held"}
    again = customer.paying(booking)
    assert again["payment_id"] != payment["payment_id"]
    api.tell(again, 100000).expect(200)
    assert customer.booking(booking).json["payment_id"] == again["payment_id"]


@pytest.mark.sanitize
def test_a_message_is_processed_once_however_often_it_comes(api, customer, showtime, sale):
    booking, payment = sale
    api.tell(payment, 100000).expect(200)
    before = customer.booking(booking).json, data(customer, payment["payment_id"])
    version = api.seats(showtime)["version"]
    for status in ("success", "success", "failed", "pending", "success"):
        answer = api.tell(payment, 100000, status).expect(200)
        shapes.check(answer.json, shapes.WEBHOOK)
    assert (customer.booking(booking).json, data(customer, payment["payment_id"])) == before
    assert api.seats(showtime)["version"] == version
