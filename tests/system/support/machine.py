"""Holds, payments, cancels and waits in any order, against a model of who has which seat.

The model is written from docs/http-api.md alone. It needs no clock of its own: near the end of a
hold it waits until that is past, so that both sides agree on what has lapsed.
"""

import datetime
import time

from hypothesis import strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

SEATS = ("B1", "B2", "B3", "B4")
USERS = ("an", "binh")
METHODS = ("momo", "card")
NEAR_S = 0.7  # A step takes less, even on a busy machine.
SHOWN_AFTER_S = 1.2  # A lapse shows within a second.


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Booking:
    def __init__(self, held, user):
        self.id = held["booking_id"]
        self.user = user
        self.seats = held["seats"]
        self.amount = held["final_amount"]
        self.ends_s = seconds(held["hold_expires_at"])
        self.status = "pending"
        self.active = None  # The payment that the user may go on with.


class Payment:
    def __init__(self, made, booking, method):
        self.id = made["payment_id"]
        self.booking = booking
        self.method = method
        self.paid = None  # Once there is money: "kept" or "back".


class Machine(RuleBasedStateMachine):
    """`house` is set by the test: every run takes a showtime of its own from it."""

    house = None
    steps = {}  # How often each ending was seen, over all runs.

    def __init__(self):
        super().__init__()
        self.api = self.house.api
        self.showtime = self.house.showtime()
        self.users = {name: self.api.customer(name) for name in USERS}
        self.bookings = []
        self.payments = []
        self.waited = False

    def saw(self, what):
        self.steps[what] = self.steps.get(what, 0) + 1

    def owners(self):
        return {seat: booking.status for booking in self.bookings for seat in booking.seats
                if booking.status in ("pending", "confirmed")}

    def settle(self, until_s=0.0):
        """Waits past every hold that ends about now, or before `until_s`."""
        limit_s = max(until_s, time.time() + NEAR_S)
        ending = [booking for booking in self.bookings
                  if booking.status == "pending" and booking.ends_s <= limit_s]
        if not ending:
            return
        last_s = max(booking.ends_s for booking in ending)
        time.sleep(max(0.0, last_s + SHOWN_AFTER_S - time.time()))
        for booking in self.bookings:
            if booking.status == "pending" and booking.ends_s <= last_s:
                booking.status = "expired"
                self.saw("expired")
        self.settle()

    @rule(user=strategies.sampled_from(USERS),
          seats=strategies.lists(strategies.sampled_from(SEATS), min_size=1, max_size=3,
                                 unique=True))
    def hold(self, user, seats):
        self.settle()
        owners = self.owners()
        taken = {owners[seat] for seat in seats if seat in owners}
        answer = self.users[user].hold(self.showtime, seats)
        if "confirmed" in taken:
            answer.expect(409, "SEAT_ALREADY_BOOKED")
        elif taken:
            answer.expect(409, "SEAT_HELD_BY_ANOTHER")
        else:
            self.bookings.append(Booking(answer.expect(201).json, user))
            self.saw("held")

    @precondition(lambda self: self.bookings)
    @rule(user=strategies.sampled_from(USERS), index=strategies.integers(0, 99))
    def cancel(self, user, index):
        self.settle()
        booking = self.bookings[index % len(self.bookings)]
        answer = self.users[user].cancel(booking.id)
        if user != booking.user:
            answer.expect(403, "BOOKING_NOT_OWNED")
        elif booking.status in ("pending", "cancelled"):
            answer.expect(200)
            booking.status = "cancelled"
            self.saw("cancelled")
        else:
            answer.expect(400, "BOOKING_CANNOT_BE_CANCELLED")

    @precondition(lambda self: self.bookings)
    @rule(mine=strategies.sampled_from((True, True, True, False)),
          method=strategies.sampled_from(METHODS), index=strategies.integers(0, 99))
    def pay(self, mine, method, index):
        self.settle()
        booking = self.bookings[index % len(self.bookings)]
        user = booking.user if mine else next(name for name in USERS if name != booking.user)
        answer = self.users[user].pay(booking.id, method)
        if not mine:
            answer.expect(403, "BOOKING_NOT_OWNED")
        elif booking.status == "expired":
            answer.expect(400, "BOOKING_HOLD_EXPIRED")
        elif booking.status == "cancelled":
            answer.expect(400, "BOOKING_NOT_PENDING")
        elif booking.status == "confirmed":
            answer.expect(409, "BOOKING_ALREADY_PAID")
        elif booking.active is not None and booking.active.method == method:
            assert answer.expect(200).json["payment_id"] == booking.active.id
        else:
            booking.active = Payment(answer.expect(201).json, booking, method)
            self.payments.append(booking.active)
            held = self.users[user].booking(booking.id).expect(200).json
            assert seconds(held["hold_expires_at"]) >= booking.ends_s
            booking.ends_s = seconds(held["hold_expires_at"])

    @precondition(lambda self: self.payments)
    @rule(paid=strategies.sampled_from((True, True, False)), index=strategies.integers(0, 99))
    def tell(self, paid, index):
        self.settle()
        payment = self.payments[index % len(self.payments)]
        booking = payment.booking
        self.api.tell(self.users[booking.user].payment(payment.id).expect(200).json["data"],
                      booking.amount, "success" if paid else "failed").expect(200)
        if not paid:
            if payment is booking.active and payment.paid is None:
                booking.active = None
            return
        if payment.paid is not None:
            return
        free = not set(booking.seats) & set(self.owners())
        takes = booking.status == "pending" or (booking.status == "expired" and free)
        self.saw(f"{booking.status} {'kept' if takes else 'back'}")
        payment.paid = "kept" if takes else "back"
        if takes:
            booking.status = "confirmed"
            booking.active = None

    @precondition(lambda self: not self.waited and len(self.payments) > 1)
    @rule()
    def wait(self):
        """Once in a run: it is all that takes time."""
        self.waited = True
        self.settle(max(booking.ends_s for booking in self.bookings))

    @invariant()
    def seats_are_whose_the_model_says(self):
        self.settle()
        owners = self.owners()
        words = {"pending": "held", "confirmed": "booked"}
        shown = self.api.statuses(self.showtime)
        for seat in SEATS:
            wanted = words[owners[seat]] if seat in owners else "available"
            found = shown.get(seat, "available")
            assert found == wanted, f"{seat} is {found}, should be {wanted}"

    def teardown(self):
        for booking in self.bookings:
            if booking.status == "pending":
                continue  # It may lapse while it is looked at.
            found = self.users[booking.user].booking(booking.id).expect(200).json
            assert found["status"] == booking.status
        for payment in self.payments:
            if payment.paid is None:
                continue
            found = self.users[payment.booking.user].payment(payment.id).expect(200).json["data"]
            assert found["status"] == "completed", found
            assert ("refund" in found) == (payment.paid == "back"), found
