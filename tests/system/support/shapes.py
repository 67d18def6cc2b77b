"""The shapes of the contract's answers: exactly which members, and what each looks like.

A shape is a dict of member names to checks; a name that ends in `?` may be missing. A check is
a shape, a list of one check, a type, a set of allowed values, a pattern or a function.
"""

import re

from support.catalogue import parse_moment

ID = re.compile(r"[0-9a-f]{24}")
CODE = re.compile(r"BK-[A-Z0-9]{8}")
SEAT = re.compile(r"[A-Z]{1,2}[1-9][0-9]{0,2}")
PAY_ID = re.compile(r"PAY_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
URL = re.compile(r"https?://\S+")
TYPES = {"standard", "vip", "couple"}
METHODS = {"momo", "vnpay", "zalopay", "card"}


def MOMENT(value):
    return isinstance(value, str) and parse_moment(value) > 0


def MONEY(value):
    return type(value) is int and value >= 0


def COUNT(value):
    return type(value) is int and value >= 0


HOLD = {
    "booking_id": ID,
    "booking_code": CODE,
    "showtime_id": ID,
    "seats": [SEAT],
    "total_amount": MONEY,
    "final_amount": MONEY,
    "currency": {"VND"},
    "status": {"pending"},
    "held_at": MOMENT,
    "hold_expires_at": MOMENT,
    "created_at": MOMENT,
}
CONFIRM = {
    "booking_id": ID,
    "booking_code": CODE,
    "payment_id": PAY_ID,
    "payment_url": URL,
    "expires_at": MOMENT,
}
BOOKING = {
    "id": ID,
    "booking_code": CODE,
    "showtime_id": ID,
    "user_id": str,
    "seats": [{"seat_id": SEAT, "seat_type": TYPES, "price": MONEY}],
    "total_amount": MONEY,
    "discount_amount": MONEY,
    "final_amount": MONEY,
    "currency": {"VND"},
    "status": {"pending", "confirmed", "cancelled", "expired"},
    "held_at": MOMENT,
    "hold_expires_at": MOMENT,
    "created_at": MOMENT,
    "updated_at": MOMENT,
}
CONFIRMED = {**BOOKING, "status": {"confirmed"}, "confirmed_at": MOMENT, "payment_id": ID}
CANCELLED = {
    **BOOKING,
    "status": {"cancelled"},
    "cancelled_at": MOMENT,
    "cancellation_reason?": str,
}
CANCEL = {
    "booking_id": ID,
    "booking_code": CODE,
    "status": {"cancelled"},
    "cancelled_at": MOMENT,
    "seats_released": [SEAT],
}
PAY = {
    "success": {True},
    "payment_id": ID,
    "payment_url": URL,
    "expires_at": MOMENT,
    "message": str,
}
PAYMENT_DATA = {
    "id": ID,
    "booking_id": ID,
    "amount": MONEY,
    "currency": {"VND"},
    "payment_method": METHODS,
    "status": {"pending", "processing", "completed", "failed", "refunded"},
    "payment_url": URL,
    "paid_at?": MOMENT,
    "expires_at": MOMENT,
    "created_at": MOMENT,
    "reason?": str,
    "refund?": {
        "status": {"due", "requested", "failed", "done"},
        "amount": MONEY,
        "currency?": str,
        "reason": str,
        "requested_at": MOMENT,
        "done_at?": MOMENT,
    },
}
PAYMENT = {"success": {True}, "data": PAYMENT_DATA}
REFUND = {**PAYMENT_DATA["refund?"], "reference?": str}
PAYMENT_FOR_STAFF = {**PAYMENT_DATA, "user_id": str, "refund?": REFUND}
BLOCK = {
    "block_id": ID,
    "showtime_id": ID,
    "seats": [SEAT],
    "reason": str,
    "created_at": MOMENT,
    "created_by": str,
}
RELEASED = {"block_id": ID, "seats_released": [SEAT]}
CANCELLED_SHOWTIME = {
    "showtime_id": ID,
    "status": {"cancelled"},
    "reason": str,
    "cancelled_at": MOMENT,
}
ENTRY = {
    "at": MOMENT,
    "actor": str,
    "role": {"staff", "admin"},
    "action": re.compile(r"[a-z]+\.[a-z_]+"),
    "subject_type": re.compile(r"[a-z]+"),
    "subject_id": ID,
    "detail": str,
}
WEBHOOK = {"success": {True}, "message": str}
MOVIE = {
    "id": ID,
    "title": str,
    "duration": COUNT,
    "genre": [str],
    "poster_url": str,
    "description": str,
    "release_date": str,
    "status": {"coming_soon", "now_showing", "ended"},
}
LAYOUT = {"rows": COUNT, "cols": COUNT, "unavailable": [SEAT]}
CINEMA = {
    "id": ID,
    "name": str,
    "address": str,
    "city": str,
    "phone": str,
    "is_active": bool,
    "timezone?": str,
    "screens": [
        {
            "screen_id": str,
            "name": str,
            "type": {"standard", "imax", "3d", "4dx", "vip"},
            "total_seats": COUNT,
            "seat_layout": {
                **LAYOUT,
                "types?": dict,
                "aisles_after?": [int],
                "accessible?": [SEAT],
            },
        }
    ],
}
PRICE = {"standard": MONEY, "vip": MONEY, "couple": MONEY}
SHOWTIME = {
    "id": ID,
    "movie_id": ID,
    "cinema_id": ID,
    "screen_id": str,
    "start_time": MOMENT,
    "end_time": MOMENT,
    "price": PRICE,
    "total_seats": COUNT,
    "available_seats": COUNT,
    "version": COUNT,
    "status": {"scheduled", "cancelled", "completed"},
}
SEATS = {
    "showtime_id": ID,
    "version": COUNT,
    "layout": {**LAYOUT, "aisles_after": [int], "accessible": [SEAT]},
    "prices": PRICE,
    "seats": dict,
}
SEAT_ENTRY = {"status": {"available", "held", "booked", "blocked"}, "seat_type": TYPES}
PROBLEM = {
    "type": str,
    "title": str,
    "status": COUNT,
    "detail": str,
    "instance": str,
    "request_id": str,
    "statusCode": COUNT,
    "errorCode": str,
    "message": str,
    "timestamp": MOMENT,
}


def a_list(item):
    return {"items": [item], "next_cursor": lambda value: value is None or type(value) is str}


def check(value, shape, where="body"):
    """Fails, and says where, unless the value has the shape."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), f"{where} is no object: {value!r}"
        optional = {name[:-1] for name in shape if name.endswith("?")}
        required = {name for name in shape if not name.endswith("?")}
        assert required <= set(value) <= required | optional, (
            f"{where}: missing {required - set(value)}, unknown {set(value) - required - optional}"
        )
        for name, member in value.items():
            check(member, shape.get(name, shape.get(name + "?")), f"{where}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), f"{where} is no array: {value!r}"
        for index, item in enumerate(value):
            check(item, shape[0], f"{where}[{index}]")
    elif isinstance(shape, set):
        assert value in shape, f"{where} is {value!r}, not of {shape}"
    elif isinstance(shape, re.Pattern):
        assert isinstance(value, str) and shape.fullmatch(value), f"{where} is {value!r}"
    elif isinstance(shape, type):
        assert type(value) is shape, f"{where} is {value!r}"
    else:
        assert shape(value), f"{where} is {value!r}"


def check_problem(answer, status, code, instance=None, **extra):
    """An error is application/problem+json with all members, and those of `extra`."""
    answer.expect(status, code)
    assert answer.header("content-type") == "application/problem+json"
    assert answer.header("cache-control") == "no-store"
    body = answer.json
    check(body, {**PROBLEM, **extra})
    assert body["type"] == f"/problems/{code}"
    assert body["status"] == body["statusCode"] == status
    assert body["detail"] == body["message"]
    assert body["title"] and body["detail"]
    assert body["request_id"] == answer.header("x-request-id")
    if instance is not None:
        assert body["instance"] == instance
    return body


SEAT_CONFLICTS = [
    {
        "seat_id": SEAT,
        "status": {"held", "booked", "blocked", "invalid"},
        "yours?": {True},
    }
]
FIELD_ERRORS = [{"field": str, "message": str}]
