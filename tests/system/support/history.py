"""What clients saw of showtimes, each operation between its call and its answer.

A line of the file is an operation, read by tests/linear: `showtime`, `client` (who asks one
thing at a time), `kind` and what it names, `call_ns` and `return_ns` by the steady clock,
`call_ms` and `return_ms` by the wall's, `guard_ms` (so much longer a hold keeps others off),
`retried` (sent more than once under one key), `answer` (null: none was heard, so that it may have
had its effect at any time since, or none).
"""

import http.client
import json
import threading
import time

from support import api as calls
from support.catalogue import parse_moment

ANSWER_TIMEOUT_S = 20
PAUSE_S = 0.02
IMPATIENCE_S = 0.001  # Of a client that leaves before the answer.
OUTCOMES = {"Payment completed successfully": "seats", "Already processed": "known",
            "Payment recorded; it will be refunded": "refund"}


def end_ms(text):
    return round(parse_moment(text) * 1000)


class History:
    """The file, written by all clients."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")  # noqa: SIM115  (closed by the test)
        self.lock = threading.Lock()
        self.seen = {}  # How often each kind had each answer.

    def add(self, operation):
        answer = operation["answer"]
        heard = "unheard" if answer is None else answer.get("outcome") or answer.get(
            "booking_status") or answer.get("code") or answer["status"]
        with self.lock:
            name = (operation["kind"], heard)
            self.seen[name] = self.seen.get(name, 0) + 1
            self.file.write(json.dumps(operation) + "\n")

    def close(self):
        self.file.close()


class Witness:
    """A client that writes down what it does. `leaves` says which calls it does not wait for."""

    guard_ms = 0

    def __init__(self, history, server, number, leaves):
        self.history = history
        self.api = server.api
        self.number = number
        self.leaves = leaves
        self.client = calls.Customer(server.port, None, None)

    def ask(self, kind, showtime, user, send, understand, repeat=True, **named):
        """Makes the call until it is answered for good, unless it is a look or the client leaves.
        Gives the answer, or None."""
        patient = not self.leaves(kind)
        client = self.client
        client.user = user
        client.token = None if user is None else self.api.token(user)
        if not patient:
            client.close()
        client.timeout_s = calls.TIMEOUT_S if patient else IMPATIENCE_S
        operation = {"showtime": showtime, "client": self.number, "kind": kind, **named,
                     "guard_ms": self.guard_ms,
                     "call_ns": time.monotonic_ns(), "call_ms": time.time_ns() // 1_000_000}
        answer, tries = None, 0
        limit_s = time.monotonic() + ANSWER_TIMEOUT_S
        while answer is None and (tries == 0 or repeat and patient):
            tries += 1
            answer = self.once(send)
            if answer is None and patient:
                assert time.monotonic() < limit_s, f"{kind} is not answered"
                time.sleep(PAUSE_S)
        client.timeout_s = calls.TIMEOUT_S
        if answer is None and not repeat:
            return None
        heard = None if answer is None else {
            "status": answer.status, "code": answer.code or "",
            "version": int(answer.header("x-showtime-version") or 0), **understand(answer)}
        operation.update(retried=tries > 1, answer=heard)
        if heard is not None:
            operation.update(return_ns=time.monotonic_ns(), return_ms=-(-time.time_ns() // 1_000_000))
        self.history.add(operation)
        return answer

    def once(self, send):
        """One try; None if there was no answer, or one that says nothing for good."""
        try:
            answer = send(self.client)
        except (OSError, http.client.HTTPException):
            self.client.close()
            return None
        later = answer.status == 503 or answer.code == "BOOKING_LOCK_FAILED"
        return None if later else answer

    def hold(self, showtime, user, seats, hold_ms):
        key = calls.new_key()

        def understand(answer):
            if answer.status == 201:
                return {"booking": answer.json["booking_id"],
                        "ends_ms": end_ms(answer.json["hold_expires_at"])}
            return {"seats": answer.seats}

        return self.ask("hold", showtime, user, lambda client: client.hold(showtime, seats, key),
                        understand, seats=seats, hold_ms=hold_ms)

    def cancel(self, showtime, user, booking):
        return self.ask("cancel", showtime, user, lambda client: client.cancel(booking),
                        lambda answer: {}, booking=booking)

    def pay(self, showtime, user, booking, method):
        key = calls.new_key()

        def understand(answer):
            if answer.status >= 400:
                return {}
            return {"payment": answer.json["payment_id"],
                    "ends_ms": end_ms(answer.json["expires_at"])}

        return self.ask("pay", showtime, user, lambda client: client.pay(booking, method, key),
                        understand, booking=booking)

    def money(self, showtime, payment, amount):
        return self.ask("money", showtime, None,
                        lambda client: self.tell(client, payment, amount),
                        lambda answer: {"outcome": OUTCOMES[answer.json["message"]]},
                        payment=payment["payment_id"])

    def tell(self, client, payment, amount):
        self.api.public = client
        return self.api.tell(payment, amount)

    def look(self, showtime):
        def understand(answer):
            seats = answer.json["seats"].items()
            return {"seats": {name: seat["status"] for name, seat in seats
                              if seat["status"] != "available"}}

        return self.ask("map", showtime, None,
                        lambda client: client.get(f"/api/showtimes/{showtime}/seats"),
                        understand, repeat=False)

    def read(self, showtime, user, booking):
        return self.ask("booking", showtime, user, lambda client: client.booking(booking),
                        lambda answer: {"booking_status": answer.json["status"]},
                        repeat=False, booking=booking)


class Traveller(Witness):
    """A client of several instances: who gives no answer is left for the next one."""

    guard_ms = 2000  # Against clocks that differ.

    def __init__(self, history, several, number, leaves):
        self.ports = [usher.port for usher in several.instances]
        super().__init__(history, several[number % len(self.ports)], number, leaves)

    def once(self, send):
        answer = super().once(send)
        if answer is None:
            self.client.close()
            self.client.port = self.ports[(self.ports.index(self.client.port) + 1) % len(self.ports)]
        return answer
