"""Every error code of the contract, provoked; what an error looks like; the order of the checks."""

import time

import pytest
from support import api as calls
from support import catalogue, shapes
from support.catalogue import NOBODY

# The contract's table.
CODES = {
    400: {
        "VALIDATION_FAILED", "INVALID_SEAT", "SHOWTIME_NOT_AVAILABLE", "SHOWTIME_ALREADY_STARTED",
        "BOOKING_NOT_PENDING", "BOOKING_HOLD_EXPIRED", "BOOKING_CANNOT_BE_CANCELLED",
        "IDEMPOTENCY_KEY_REQUIRED", "IDEMPOTENCY_KEY_INVALID", "IDEMPOTENCY_KEY_REUSED",
        "RETURN_URL_NOT_ALLOWED", "UNKNOWN_PROVIDER",
    },
    401: {"TOKEN_MISSING", "TOKEN_INVALID", "INVALID_WEBHOOK_SIGNATURE"},
    403: {"BOOKING_NOT_OWNED", "PAYMENT_NOT_OWNED", "FORBIDDEN"},
    404: {
        "BOOKING_NOT_FOUND", "SHOWTIME_NOT_FOUND", "PAYMENT_NOT_FOUND", "MOVIE_NOT_FOUND",
        "CINEMA_NOT_FOUND", "NOT_FOUND",
    },
    405: {"METHOD_NOT_ALLOWED"},
    413: {"BODY_TOO_LARGE"},
    415: {"UNSUPPORTED_MEDIA_TYPE"},
    431: {"HEADERS_TOO_LARGE"},
    409: {
        "SEAT_ALREADY_BOOKED", "SEAT_HELD_BY_ANOTHER", "SEAT_BLOCKED", "BOOKING_LOCK_FAILED",
        "IDEMPOTENCY_IN_PROGRESS", "BOOKING_ALREADY_PAID",
    },
    429: {"RATE_LIMITED", "TOO_MANY_HOLDS"},
    500: {"INTERNAL_ERROR"},
    503: {"OVERLOADED", "STORE_UNAVAILABLE", "PROVIDER_NOT_CONFIGURED", "OUTCOME_UNKNOWN"},
}

# Codes that no request can provoke yet: of several instances.
LATER = {"BOOKING_LOCK_FAILED", "IDEMPOTENCY_IN_PROGRESS"}

# Codes that need a broken machine or a server of their own; the file that has the test.
ELSEWHERE = {
    "RATE_LIMITED": "test_rate_limits.py",
    "INTERNAL_ERROR": "a bug only: no test can ask for it",
    "OVERLOADED": "test_faults.py",
    "STORE_UNAVAILABLE": "test_disk.py",
    "OUTCOME_UNKNOWN": "test_faults.py",
}


class World:
    """A server with everything in it that can be refused."""

    def __init__(self, server, ids):
        self.server = server
        self.api = server.api
        self.ids = ids
        self.me = self.api.customer("me")
        self.other = self.api.customer("other")
        self.key = calls.new_key()
        self.me.hold(ids["many"], ["C1"], self.key).expect(201)
        self.cancelled = self.me.held(ids["open"], ["C1"])
        self.me.cancel(self.cancelled).expect(200)
        self.paid = self.me.held(ids["open"], ["C2"])
        self.payment = self.me.paying(self.paid)
        self.api.tell(self.payment, 100000).expect(200)
        self.held = self.other.held(ids["open"], ["C3"])
        self.expired = self.other.held(ids["open"], ["C4"])
        self.other_payment = self.other.paying(self.held)["payment_id"]

    def wait_for_the_expiry(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.other.booking(self.expired).json["status"] == "expired":
                return
            time.sleep(0.05)
        raise AssertionError("the hold does not expire")

    def open_hold(self, seats, **changes):
        return self.me.hold(self.ids["open"], seats, **changes)


@pytest.fixture(scope="module")
def world(launch_for_module):
    content = catalogue.Catalogue()
    ids = {
        "open": content.showtime(),
        "many": content.showtime(),
        "blocked": content.showtime(),
        "started": content.showtime(starts_in_s=-60),
        "over": content.showtime(starts_in_s=-7200, movie=1),
    }
    server = launch_for_module(
        content,
        HOLD_SECONDS="1", PAYMENT_SECONDS="600", WEBHOOK_SECRET_ZALOPAY=None,
    )
    server.api.staff().block(ids["blocked"], ["C3"]).expect(201)
    return World(server, ids)


PATH = "/api/bookings/hold"
provoked = {}


def provokes(code):
    """The function's answer has this code."""

    def keep(function):
        provoked[code] = function
        return function

    return keep


@provokes("VALIDATION_FAILED")
def _(world):
    return world.open_hold(["not a seat"])


@provokes("INVALID_SEAT")
def _(world):
    return world.open_hold(["E6"])


@provokes("SHOWTIME_NOT_AVAILABLE")
def _(world):
    return world.me.hold(world.ids["over"], ["C3"])


@provokes("SHOWTIME_ALREADY_STARTED")
def _(world):
    return world.me.hold(world.ids["started"], ["C3"])


@provokes("BOOKING_NOT_PENDING")
def _(world):
    return world.me.confirm(world.cancelled)


@provokes("BOOKING_HOLD_EXPIRED")
def _(world):
    world.wait_for_the_expiry()
    return world.other.confirm(world.expired)


@provokes("BOOKING_CANNOT_BE_CANCELLED")
def _(world):
    return world.me.cancel(world.paid)


@provokes("IDEMPOTENCY_KEY_REQUIRED")
def _(world):
    body = {"showtime_id": world.ids["open"], "seats": ["D1"]}
    return world.me.request("POST", PATH, body)


@provokes("IDEMPOTENCY_KEY_INVALID")
def _(world):
    return world.open_hold(["D1"], key="not-a-uuid")


@provokes("IDEMPOTENCY_KEY_REUSED")
def _(world):
    return world.open_hold(["D1"], key=world.key)


@provokes("RETURN_URL_NOT_ALLOWED")
def _(world):
    return world.other.pay(world.held, return_url="https://evil.example.com/")


@provokes("UNKNOWN_PROVIDER")
def _(world):
    return world.other.pay(world.held, method="cheque")


@provokes("TOKEN_MISSING")
def _(world):
    return world.api.public.get("/api/bookings")


@provokes("TOKEN_INVALID")
def _(world):
    return calls.Client(world.server.port, "not.a.token").get("/api/bookings")


@provokes("INVALID_WEBHOOK_SIGNATURE")
def _(world):
    return world.api.webhook("momo", {}, secret="wrong")


@provokes("BOOKING_NOT_OWNED")
def _(world):
    return world.me.booking(world.held)


@provokes("PAYMENT_NOT_OWNED")
def _(world):
    return world.me.payment(world.other_payment)


@provokes("BOOKING_NOT_FOUND")
def _(world):
    return world.me.booking(NOBODY)


@provokes("SHOWTIME_NOT_FOUND")
def _(world):
    return world.me.hold(NOBODY, ["C3"])


@provokes("PAYMENT_NOT_FOUND")
def _(world):
    return world.me.payment(NOBODY)


@provokes("MOVIE_NOT_FOUND")
def _(world):
    return world.api.public.get(f"/api/movies/{NOBODY}")


@provokes("CINEMA_NOT_FOUND")
def _(world):
    return world.api.public.get(f"/api/cinemas/{NOBODY}")


@provokes("NOT_FOUND")
def _(world):
    return world.api.public.get("/api/nothing")


@provokes("METHOD_NOT_ALLOWED")
def _(world):
    return world.api.public.request("DELETE", "/api/movies")


@provokes("BODY_TOO_LARGE")
def _(world):
    return world.me.with_key("POST", PATH, b" " * (16 * 1024 + 1), None)


@provokes("UNSUPPORTED_MEDIA_TYPE")
def _(world):
    return world.me.with_key("POST", PATH, b"{}", None, **{"Content-Type": "text/plain"})


@provokes("HEADERS_TOO_LARGE")
def _(world):
    return world.api.public.get("/api/movies", **{"X-Long": "x" * (16 * 1024)})


@provokes("SEAT_ALREADY_BOOKED")
def _(world):
    return world.open_hold(["C2"])


@provokes("SEAT_HELD_BY_ANOTHER")
def _(world):
    return world.open_hold(["C3"])


@provokes("SEAT_BLOCKED")
def _(world):
    return world.me.hold(world.ids["blocked"], ["C3"])


@provokes("BOOKING_ALREADY_PAID")
def _(world):
    return world.me.pay(world.paid)


@provokes("TOO_MANY_HOLDS")
def _(world):
    user = world.api.customer()
    for row in "FGH":
        answer = user.hold(world.ids["many"], [f"{row}{col}" for col in range(1, 11)])
    return answer


@provokes("FORBIDDEN")
def _(world):
    return world.me.get("/api/staff/journal")


@provokes("PROVIDER_NOT_CONFIGURED")
def _(world):
    return world.api.webhook("zalopay", {})


# Too large to be taken apart, so that the answer does not know the path.
REFUSED_UNREAD = {"BODY_TOO_LARGE", "HEADERS_TOO_LARGE"}
STATUS_OF = {code: status for status, codes in CODES.items() for code in codes}


@pytest.mark.sanitize
@pytest.mark.parametrize("code", sorted(provoked))
def test_a_request_provokes_the_code_with_its_status_and_members(world, code):
    answer = provoked[code](world)
    extra = {}
    if code.startswith("SEAT_") or code == "INVALID_SEAT":
        extra["seats"] = shapes.SEAT_CONFLICTS
    if code == "VALIDATION_FAILED":
        extra["errors"] = shapes.FIELD_ERRORS
    body = shapes.check_problem(answer, STATUS_OF[code], code, **extra)
    if code not in REFUSED_UNREAD:
        assert answer.call.split(" ")[1].split("?")[0] == body["instance"]
    if STATUS_OF[code] in (429, 503):
        assert int(answer.header("retry-after")) >= 1
    else:
        assert answer.header("retry-after") is None


def test_every_code_of_the_contract_is_provoked_somewhere():
    assert not LATER & set(provoked) and not set(ELSEWHERE) & set(provoked)
    assert set(provoked) | LATER | set(ELSEWHERE) == set(STATUS_OF)


@pytest.mark.parametrize("code", sorted(STATUS_OF))
def test_every_code_has_a_page_for_people(world, code):
    answer = world.api.public.get(f"/problems/{code}").expect(200)
    assert answer.header("content-type").startswith("text/html")
    assert code in answer.body.decode()


def test_a_code_that_does_not_exist_has_no_page(world):
    world.api.public.get("/problems/NO_SUCH_CODE").expect(404, "NOT_FOUND")
    world.api.public.get("/problems/NONE").expect(404, "NOT_FOUND")


def test_a_blocked_seat_beside_held_and_booked_ones_gives_the_firmest_code(world):
    showtime = world.ids["blocked"]
    answer = world.me.hold(showtime, ["C3", "C4"]).expect(409, "SEAT_BLOCKED")
    assert answer.seats == {"C3": "blocked"}
    user = world.api.customer()
    user.held(showtime, ["C4"])
    answer = world.me.hold(showtime, ["C3", "C4"]).expect(409, "SEAT_HELD_BY_ANOTHER")
    assert answer.seats == {"C3": "blocked", "C4": "held"}
    assert world.api.seats(showtime)["seats"]["C3"]["status"] == "blocked"


def test_the_first_word_of_a_401_says_bearer(world):
    missing = provoked["TOKEN_MISSING"](world)
    assert missing.header("www-authenticate").startswith("Bearer")
    assert "invalid_token" not in missing.header("www-authenticate")
    invalid = provoked["TOKEN_INVALID"](world)
    assert invalid.header("www-authenticate").startswith("Bearer")
    assert 'error="invalid_token"' in invalid.header("www-authenticate")


def test_a_wrong_method_is_told_the_right_ones(world):
    for path, allowed in (
        ("/api/bookings/hold", {"POST"}),
        ("/api/bookings", {"GET", "HEAD"}),
        (f"/api/bookings/{NOBODY}", {"GET", "HEAD", "DELETE"}),
        ("/api/payments", {"POST"}),
        ("/health", {"GET", "HEAD"}),
    ):
        answer = world.api.public.request("PUT", path).expect(405, "METHOD_NOT_ALLOWED")
        assert {name.strip() for name in answer.header("allow").split(",")} == allowed


# The order: route, method, authentication, headers, body, idempotency, existence, ownership,
# state. Each request breaks two rules; the earlier one is told.


def hold_with(client, body, **headers):
    return client.request("POST", PATH, body, headers)


ORDER = {
    "route before authentication": (
        lambda world: world.api.public.get("/api/nothing"), "NOT_FOUND"),
    "method before authentication": (
        lambda world: world.api.public.request("PUT", "/api/bookings"), "METHOD_NOT_ALLOWED"),
    "authentication before headers": (
        lambda world: hold_with(world.api.public, b"{"), "TOKEN_MISSING"),
    "headers before body": (
        lambda world: hold_with(world.me, b"{"), "IDEMPOTENCY_KEY_REQUIRED"),
    "body before idempotency": (
        lambda world: world.me.hold(world.ids["open"], [], world.key), "VALIDATION_FAILED"),
    "idempotency before existence": (
        lambda world: world.me.hold(NOBODY, ["C1"], world.key), "IDEMPOTENCY_KEY_REUSED"),
    "body before existence": (
        lambda world: world.me.confirm(NOBODY, method=7), "VALIDATION_FAILED"),
    "existence before seats": (
        lambda world: world.me.hold(NOBODY, ["Z99"]), "SHOWTIME_NOT_FOUND"),
    "existence before ownership": (
        lambda world: world.me.pay(NOBODY), "BOOKING_NOT_FOUND"),
    "ownership before state": (
        lambda world: world.other.confirm(world.cancelled), "BOOKING_NOT_OWNED"),
    "status before start": (
        lambda world: world.me.hold(world.ids["over"], ["C3"]), "SHOWTIME_NOT_AVAILABLE"),
    "provider before signature": (
        lambda world: world.api.webhook("cheque", {}, secret="wrong"), "UNKNOWN_PROVIDER"),
    "secret before signature": (
        lambda world: world.api.webhook("zalopay", {}, headers={}), "PROVIDER_NOT_CONFIGURED"),
    "signature before json": (
        lambda world: world.api.webhook("momo", b"{", secret="wrong"),
        "INVALID_WEBHOOK_SIGNATURE"),
    "json before transaction": (
        lambda world: world.api.webhook("momo", {"transaction_id": "TXN_MOMO_" + NOBODY}),
        "VALIDATION_FAILED"),
}


@pytest.mark.parametrize("rule", ORDER)
def test_checks_come_in_the_order_of_the_contract(world, rule):
    ask, code = ORDER[rule]
    ask(world).expect(STATUS_OF[code], code)
