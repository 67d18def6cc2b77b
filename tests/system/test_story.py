"""The kill loop's auditor is proved: it is content with an honest history, and finds each lie.

A history is made by hand, with the world that belongs to it; each test changes one thing.
"""

import datetime

import pytest
from support.catalogue import moment
from support.ledger import body_hash
from support.story import LAPSE_MS, Story
from support.world import World

SHOW, OTHER = "5" * 24, "6" * 24
PRICE = {"standard": 100000, "vip": 150000, "couple": 250000}
BEGAN_MS = 1_800_000_000_000.0
HOLD_MS = 6000
NOW_MS = BEGAN_MS + 3000
LATER_MS = BEGAN_MS + 60000  # All holds have ended long ago.


def text_of(at_ms):
    return moment(datetime.datetime.fromtimestamp(at_ms / 1000, datetime.timezone.utc))


class History:
    """A ledger in the making, and the world that an honest server would show."""

    def __init__(self):
        self.operations = []
        self.version = 1
        self.world = World(NOW_MS, NOW_MS + 10, {
            show: {"version": 1, "taken": {}, "price": PRICE, "status": "scheduled"}
            for show in (SHOW, OTHER)}, {}, {SHOW: [], OTHER: []}, {}, [])

    def add(self, op, status, answer=None, at_ms=None, **facts):
        """An operation that took a millisecond, and came after all earlier ones."""
        seq = len(self.operations) + 1
        at_ms = BEGAN_MS + seq * 10 if at_ms is None else at_ms
        operation = {
            "seq": seq, "op": op, "status": status, "t_call": seq, "t_ret": seq + 0.5,
            "sent_ms": at_ms, "heard_ms": at_ms + 1, "user": "me", "role": "user", "key": None,
            "showtime": SHOW, "booking_id": None, "payment_id": None, "block_id": None,
            "repeats": None, "answer": answer or {}, "body_hash": body_hash(repr(answer).encode()),
            "version": None, "replayed": False, "request": {"body": {}}, **facts}
        self.operations.append(operation)
        return operation

    def turn(self, **taken):
        """The seat map's next version; None frees a seat."""
        self.version += 1
        entry = self.world.showtimes[SHOW]
        entry["version"] = self.version
        entry["taken"] = {seat: status for seat, status in {**entry["taken"], **taken}.items()
                          if status is not None}

    def hold(self, identity, *seats, key="k"):
        answer = {"booking_id": identity, "booking_code": f"BK-{identity}", "showtime_id": SHOW,
                  "seats": list(seats), "final_amount": 100000,
                  "hold_expires_at": text_of(BEGAN_MS + HOLD_MS)}
        self.turn(**{seat: "held" for seat in seats})
        self.world.bookings[identity] = {
            "id": identity, "booking_code": f"BK-{identity}", "showtime_id": SHOW, "user_id": "me",
            "seats": [{"seat_id": seat} for seat in seats], "final_amount": 100000,
            "status": "pending", "hold_expires_at": text_of(BEGAN_MS + HOLD_MS)}
        return self.add("hold", 201, answer, key=key + identity, booking_id=identity,
                        version=self.version, request={"body": {"seats": list(seats)}})

    def seats_of(self, identity):
        return [seat["seat_id"] for seat in self.world.bookings[identity]["seats"]]

    def cancel(self, identity):
        self.turn(**{seat: None for seat in self.seats_of(identity)})
        self.world.bookings[identity]["status"] = "cancelled"
        return self.add("cancel", 200, booking_id=identity, version=self.version)

    def pay(self, identity, payment):
        self.world.payments[payment] = {"id": payment, "status": "pending"}
        return self.add("pay", 201, booking_id=identity, payment_id=payment, key=f"p{payment}",
                        version=self.version)

    def money(self, identity, payment, at_ms=None, kept=True):
        told = self.world.payments[payment]
        told["status"] = "completed"
        if kept:
            self.turn(**{seat: "booked" for seat in self.seats_of(identity)})
            self.world.bookings[identity].update(status="confirmed", payment_id=payment)
        else:
            told["refund"] = {"status": "due"}
            self.world.refunds.append(told)
        return self.add("webhook", 200, at_ms=at_ms, booking_id=identity, payment_id=payment)

    def refund(self, identity, payment):
        told = self.world.payments[payment]
        told["refund"] = {"status": "due"}
        self.world.refunds.append(told)
        self.turn(**{seat: None for seat in self.seats_of(identity)})
        self.world.bookings[identity]["status"] = "cancelled"
        return self.add("refund", 202, booking_id=identity, payment_id=payment, key=f"r{payment}")

    def block(self, identity, *seats):
        self.turn(**{seat: "blocked" for seat in seats})
        self.world.blocks[SHOW].append({"block_id": identity, "seats": list(seats),
                                        "reason": f"block {identity}"})
        return self.add("block", 201, block_id=identity, version=self.version,
                        request={"body": {"reason": f"block {identity}"}})

    def heard(self):
        return self.add("heard", 200, dict(self.world.showtimes[SHOW]["taken"]),
                        version=self.version)

    def complaints(self):
        story = Story()
        for operation in self.operations:
            story.take(operation)
        story.judge_order()
        story.judge_owners([SHOW, OTHER])
        story.judge(self.world)
        story.judge(self.world)  # A second look finds nothing that the first did not.
        return story.complaints


@pytest.fixture
def history():
    """Held, bought, cancelled, given back, blocked, released, repriced, cancelled by staff."""
    made = History()
    made.hold("held", "A1", "A2")
    made.hold("bought", "B1")
    made.pay("bought", "P1")
    made.money("bought", "P1")
    made.hold("cancelled", "C1")
    made.cancel("cancelled")
    made.hold("again", "C1")  # The seat was free.
    made.hold("returned", "D1")
    made.pay("returned", "P2")
    made.money("returned", "P2")
    made.refund("returned", "P2")
    made.hold("slow", "E1")
    made.pay("slow", "P3")
    made.cancel("slow")
    made.money("slow", "P3", kept=False)
    made.block("X", "F1", "F2")
    made.block("Y", "G1")
    made.world.blocks[SHOW].pop()
    made.turn(G1=None)
    made.add("release", 200, block_id="Y")
    price = {**PRICE, "vip": 7}
    made.add("price", 200, request={"body": {"price": price}})
    made.world.showtimes[SHOW]["price"] = price
    made.heard()
    made.add("cancel_showtime", 202, showtime=OTHER)
    made.world.showtimes[OTHER]["status"] = "cancelled"
    made.add("hold", 400, {"errorCode": "SHOWTIME_NOT_AVAILABLE"}, showtime=OTHER)
    made.add("hold", 409, key="lost")
    return made


def later(history):
    """All holds have ended; their seats are free."""
    history.world.began_ms = history.world.ended_ms = LATER_MS
    for booking in history.world.bookings.values():
        if booking["status"] == "pending":
            booking["status"] = "expired"
            history.turn(**{seat["seat_id"]: None for seat in booking["seats"]})


def test_an_honest_history_has_no_complaint(history):
    assert history.complaints() == []


def test_holds_that_ended_are_no_complaint(history):
    later(history)
    assert history.complaints() == []


def test_late_money_may_find_its_seats_or_go_back(history):
    for identity, kept in (("held", True), ("again", False)):
        history.pay(identity, f"late-{identity}")
    later(history)
    history.money("held", "late-held", at_ms=LATER_MS - 100)
    history.money("again", "late-again", at_ms=LATER_MS - 100, kept=False)
    assert history.complaints() == []


def test_a_cancelled_showtime_has_no_live_booking(history):
    history.add("cancel_showtime", 202)
    history.world.showtimes[SHOW].update(status="cancelled", taken={"F1": "blocked",
                                                                    "F2": "blocked"})
    history.turn()
    for booking in history.world.bookings.values():
        booking["status"] = "cancelled"
    told = history.world.payments["P1"]
    told["refund"] = {"status": "due"}
    history.world.refunds.append(told)
    assert history.complaints() == []
    history.world.bookings["held"]["status"] = "pending"
    history.world.showtimes[SHOW]["taken"].update(A1="held", A2="held")
    assert history.complaints()


def test_both_orders_of_what_was_under_way_at_once_are_allowed(history):
    """A hold and the end of another one that overlap in time may come either way round."""
    cancel = history.cancel("held")
    hold = history.hold("quick", "A1")
    hold["sent_ms"], hold["heard_ms"] = cancel["sent_ms"] - 1, cancel["sent_ms"] + 0.5
    hold["t_call"] = cancel["t_call"]
    assert history.complaints() == []


def test_a_hold_may_be_refused_for_a_cancellation_that_was_asked_for_after_it():
    history = History()
    refused = history.add("hold", 400, {"errorCode": "SHOWTIME_NOT_AVAILABLE"}, showtime=OTHER)
    cancelled = history.add("cancel_showtime", 202, showtime=OTHER)
    refused["heard_ms"] = cancelled["sent_ms"] + 0.5
    history.world.showtimes[OTHER]["status"] = "cancelled"
    assert history.complaints() == []


LIES = []  # Of (what plants it, what is said of it).


def lie(complaint):
    def planted(plant):
        LIES.append((plant, complaint))
        return plant
    return planted


@lie("a booking is lost")
def lost_booking(history):
    del history.world.bookings["held"]
    history.turn(A1=None, A2=None)


@lie("held is cancelled")
def lost_hold_of_a_booking_that_is_there(history):
    history.world.bookings["held"]["status"] = "cancelled"
    history.turn(A1=None, A2=None)


@lie("nobody was told of this booking")
def orphan(history):
    history.world.bookings["orphan"] = {**history.world.bookings["held"], "id": "orphan",
                                        "seats": [{"seat_id": "H1"}]}
    history.turn(H1="held")


@lie("has two owners")
def two_owners(history):
    history.world.bookings["cancelled"]["status"] = "pending"


@lie("was sold twice")
def sold_twice_and_hidden(history):
    """Both were told that they have it; the first one has since been cancelled."""
    history.hold("second", "A1")
    history.cancel("held")
    history.turn(A1="held")


@lie("B1 of 555555555555555555555555 is None")
def free_seat(history):
    history.turn(B1=None)


@lie("J1 of 555555555555555555555555 is held")
def ghost_seat(history):
    history.turn(J1="held")


@lie("is not what it was")
def other_seats(history):
    history.world.bookings["held"]["seats"] = [{"seat_id": "A1"}, {"seat_id": "A3"}]
    history.turn(A2=None, A3="held")


@lie("is not what it was")
def other_price(history):
    history.world.bookings["bought"]["final_amount"] = 1


@lie("is not what it was")
def shorter_hold(history):
    history.world.bookings["held"]["hold_expires_at"] = text_of(BEGAN_MS)


@lie("is pending")
def hold_for_ever(history):
    history.world.began_ms = history.world.ended_ms = BEGAN_MS + HOLD_MS + LAPSE_MS + 1


@lie("held is expired")
def ended_too_early(history):
    history.world.bookings["held"]["status"] = "expired"
    history.turn(A1=None, A2=None)


@lie("has changed")
def changed_body(history):
    first = history.operations[0]
    history.add("hold", 201, key=first["key"], repeats=1, body_hash="another")


@lie("an answered key is refused")
def refused_repeat(history):
    history.add("hold", 409, key=history.operations[0]["key"], repeats=1)


@lie("no definite answer")
def no_answer(history):
    history.add("hold", None, t_ret=None)


@lie("no definite answer")
def server_error(history):
    history.add("hold", 503)


@lie("money is lost")
def money_lost(history):
    history.world.payments["P1"]["status"] = "pending"


@lie("bought is cancelled")
def money_without_seats(history):
    history.world.bookings["bought"]["status"] = "cancelled"
    history.turn(B1=None)


@lie("neither seats")
def money_neither(history):
    del history.world.payments["P3"]["refund"]
    history.world.refunds.pop()


@lie("both seats")
def money_both(history):
    history.world.payments["P1"]["refund"] = {"status": "due"}
    history.world.refunds.append(history.world.payments["P1"])


@lie("P2 is refunded 2 times")
def refund_twice(history):
    history.world.refunds.append(history.world.payments["P2"])


@lie("only one side knows")
def refund_not_listed(history):
    history.world.refunds.pop()


@lie("not what staff know")
def refund_done_by_nobody(history):
    history.world.payments["P2"].update(status="refunded", refund={"status": "done"})


@lie("not what staff know")
def refund_done_forgotten(history):
    history.add("refund_done", 200, booking_id="returned", payment_id="P2")


@lie("nobody has paid this")
def never_paid(history):
    history.pay("held", "P9")
    history.world.payments["P9"]["status"] = "completed"


@lie("a payment is lost")
def payment_lost(history):
    del history.world.payments["P1"]


@lie("cancelled is confirmed")
def cancel_undone(history):
    history.world.bookings["cancelled"]["status"] = "confirmed"


@lie("is at version")
def version_back(history):
    history.world.showtimes[SHOW]["version"] -= 3


@lie("was answered before this began")
def versions_out_of_order(history):
    history.add("cancel", 200, booking_id="cancelled", version=2)


@lie("which is gone")
def heard_of_what_is_gone(history):
    history.add("heard", 200, {}, version=history.version + 1)


@lie("different maps")
def heard_another_map(history):
    history.add("heard", 200, {"A9": "booked"}, version=history.version)


@lie("a block is lost")
def block_lost(history):
    history.world.blocks[SHOW].clear()
    history.turn(F1=None, F2=None)


@lie("came back")
def block_came_back(history):
    history.world.blocks[SHOW].append({"block_id": "Y", "seats": ["G1"], "reason": "block Y"})
    history.turn(G1="blocked")


@lie("made twice")
def block_twice(history):
    history.world.blocks[SHOW].append({"block_id": "X2", "seats": ["G2"], "reason": "block X"})
    history.turn(G2="blocked")


@lie("nobody asked for a block")
def block_of_nobody(history):
    history.world.blocks[SHOW].append({"block_id": "Z", "seats": ["G1"], "reason": "who?"})
    history.turn(G1="blocked")


@lie("costs")
def price_forgotten(history):
    history.world.showtimes[SHOW]["price"] = PRICE


@lie("is scheduled")
def cancelled_showtime_on_sale(history):
    history.world.showtimes[OTHER]["status"] = "scheduled"


@lie("is cancelled; its cancellation: None")
def showtime_cancelled_by_nobody(history):
    history.world.showtimes[SHOW]["status"] = "cancelled"


@lie("nobody cancelled it")
def hold_refused_for_nothing(history):
    history.add("hold", 400, {"errorCode": "SHOWTIME_NOT_AVAILABLE"})


@pytest.mark.parametrize("plant,complaint", LIES, ids=[plant.__name__ for plant, _ in LIES])
def test_a_lie_is_found(history, plant, complaint):
    assert history.complaints() == []
    plant(history)
    found = history.complaints()
    assert any(complaint in one for one in found), found


def test_a_booking_that_came_back_between_two_looks_is_found(history):
    story = Story()
    for operation in history.operations:
        story.take(operation)
    later(history)
    story.judge(history.world)
    assert story.complaints == []
    history.world.bookings["held"]["status"] = "pending"
    story.judge(history.world)
    assert any("was expired and is pending" in one for one in story.complaints)
