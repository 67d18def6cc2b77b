"""A client of the API: one connection that stays open, and the calls by their names.

Answers come back as they are. Each is judged by the document of the API (support/conformance.py);
what a test expects of it, the test says.
"""

import http.client
import json
import select
import uuid
from dataclasses import dataclass, field

from support import conformance, signing

TIMEOUT_S = 20


@dataclass
class Answer:
    """What the server answered."""

    status: int
    headers: list  # Of (name, value), names in lower case.
    body: bytes
    call: str = field(default="", compare=False)

    def header(self, name):
        """The value of a header that came once; None if it did not come."""
        values = [value for key, value in self.headers if key == name.lower()]
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The error's code; None for a success."""
        return self.json.get("errorCode") if self.status >= 400 else None

    def expect(self, status, code=None):
        """Fails with the whole answer unless it has this status and code."""
        assert (self.status, self.code if self.status >= 400 and self.body else None) == (
            status,
            code,
        ), f"{self.call}: {self.status} {self.body[:2000]!r}"
        return self

    @property
    def seats(self):
        """The conflicting seats of a refusal, by name."""
        return {seat["seat_id"]: seat["status"] for seat in self.json["seats"]}

    @property
    def version(self):
        return int(self.header("x-showtime-version"))


def new_key():
    return str(uuid.uuid4())


class Client:
    """A connection. It opens itself, and again after the server has closed it."""

    listener = "api"  # Whose paths the answers are judged by.

    def __init__(self, port, token=None, host="127.0.0.1", timeout_s=TIMEOUT_S):
        self.port = port
        self.host = host
        self.token = token
        self.timeout_s = timeout_s
        self.connection = None

    def request(self, method, path, body=None, headers=None):
        """`body`: None, bytes as they are, or a value to be sent as JSON."""
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        sent = {name: value for name, value in sent.items() if value is not None}
        if self.connection is not None and self._was_closed():
            self.close()
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                self.host, self.port, timeout=self.timeout_s
            )
        try:
            self.connection.request(method, path, body, sent)
            response = self.connection.getresponse()
            data = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        if response.will_close:
            self.close()
        fields = [(name.lower(), value) for name, value in response.getheaders()]
        answer = Answer(response.status, fields, data, f"{method} {path}")
        conformance.check(method, path, sent, body, answer, self.listener)
        return answer

    def _was_closed(self):
        """Has the server closed the connection since the last answer? Asked before sending, so
        that no request is ever sent twice."""
        poller = select.poll()  # select() knows a thousand descriptors.
        poller.register(self.connection.sock, select.POLLIN)
        return bool(poller.poll(0))

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Operator(Client):
    """Who looks after the server, on the listener of his own."""

    listener = "operator"


class Customer(Client):
    """A user with a token, and what he may ask for."""

    def __init__(self, port, user, token):
        super().__init__(port, token)
        self.user = user

    def with_key(self, method, path, body, key, **headers):
        key = new_key() if key is None else key
        return self.request(method, path, body, {"X-Idempotency-Key": key, **headers})

    def hold(self, showtime, seats, key=None):
        body = {"showtime_id": showtime, "seats": seats}
        return self.with_key("POST", "/api/bookings/hold", body, key)

    def confirm(self, booking, method="momo", key=None, **members):
        body = {"payment_method": method, **members}
        return self.with_key("POST", f"/api/bookings/{booking}/confirm", body, key)

    def pay(self, booking, method="momo", key=None, **members):
        body = {"booking_id": booking, "payment_method": method, **members}
        return self.with_key("POST", "/api/payments", body, key)

    def cancel(self, booking):
        return self.request("DELETE", f"/api/bookings/{booking}")

    def booking(self, booking):
        return self.get(f"/api/bookings/{booking}")

    def bookings(self, query=""):
        return self.get(f"/api/bookings{query}")

    def payment(self, payment):
        return self.get(f"/api/payments/{payment}")

    def held(self, showtime, seats):
        """Holds seats that must be free, and gives the booking's id."""
        return self.hold(showtime, seats).expect(201).json["booking_id"]

    def paying(self, booking, method="momo"):
        """Starts a payment that must be new, and gives it as it was answered."""
        return self.pay(booking, method).expect(201).json


class Staff(Customer):
    """A user of the cinema, and what only he may ask for."""

    def block(self, showtime, seats, reason="sound desk"):
        body = {"seats": seats, "reason": reason}
        return self.request("POST", f"/api/showtimes/{showtime}/blocks", body)

    def release(self, showtime, block):
        return self.request("DELETE", f"/api/showtimes/{showtime}/blocks/{block}")

    def blocks(self, showtime, query=""):
        return self.get(f"/api/showtimes/{showtime}/blocks{query}")

    def refund(self, payment, reason="a customer asked", key=None):
        return self.with_key("POST", f"/api/payments/{payment}/refund", {"reason": reason}, key)

    def refund_done(self, payment, reference="bank 4711"):
        body = {"reference": reference}
        return self.request("POST", f"/api/payments/{payment}/refund/done", body)

    def cancel_showtime(self, showtime, reason="the projector is broken"):
        return self.request("POST", f"/api/showtimes/{showtime}/cancel", {"reason": reason})

    def all_bookings(self, query=""):
        return self.get(f"/api/staff/bookings{query}")

    def refunds(self, query=""):
        return self.get(f"/api/staff/refunds{query}")

    def journal(self, query=""):
        return self.get(f"/api/staff/journal{query}")


def transaction_of(payment):
    """The gateway's reference of a payment: the end of its page's address."""
    return payment["payment_url"].rsplit("/", 1)[1]


class Api:
    """The calls of one server; it knows the server's secrets."""

    def __init__(self, usher):
        self.usher = usher
        self.port = usher.port
        self.public = Client(usher.port)

    def token(self, user, **claims):
        return signing.token(self.usher.jwt_secret, user, **claims)

    def customer(self, user=None):
        """A user, a new one unless named."""
        user = f"user-{uuid.uuid4().hex[:12]}" if user is None else user
        return Customer(self.port, user, self.token(user))

    def staff(self, user=None, role="staff"):
        """A user of the cinema, a new one unless named."""
        user = f"staff-{uuid.uuid4().hex[:12]}" if user is None else user
        return Staff(self.port, user, self.token(user, role=role))

    def webhook(self, provider, payload, secret=None, at_s=None, headers=None):
        """A gateway's signed message. `headers` replace the signature."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        secret = self.usher.webhook_secrets.get(provider, "none") if secret is None else secret
        if headers is None:
            headers = {"X-Signature": signing.webhook_signature(secret, body, at_s)}
        return self.public.request("POST", f"/api/payments/webhook/{provider}", body, headers)

    def tell(self, payment, amount, status="success", **members):
        """The gateway reports on a payment, as it was answered by `pay` or `confirm`."""
        transaction = transaction_of(payment)
        provider = transaction.split("_")[1].lower()
        message = {"transaction_id": transaction, "status": status, "amount": amount, **members}
        return self.webhook(provider, message)

    def seats(self, showtime):
        """The seat map as it was answered."""
        return self.public.get(f"/api/showtimes/{showtime}/seats").expect(200).json

    def statuses(self, showtime):
        """The seats that are not available, with their status."""
        seats = self.seats(showtime)["seats"]
        return {name: seat["status"] for name, seat in seats.items() if seat["status"] != "available"}
