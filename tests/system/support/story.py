"""The auditor of the kill loop: what the ledger says must be what the server says.

A `Story` takes the operations of the ledger and judges a `world` (support/world.py) by them. It
complains in sentences and never stops at the first. It keeps its own, simple model: what a client
may conclude from his answers, and nothing of how the server decides. Where two operations were
under way at once, both orders are allowed.

Whether a seat was rightly refused (409), and a pay, cancel or other command but a hold (400), it
does not judge: the simulation does, and tests/linear for what goes by the order of a showtime.

tests/system/test_story.py plants lies and sees it complain.
"""

import bisect
import collections
import math
from dataclasses import dataclass, field

from support.catalogue import parse_moment

LAPSE_MS = 3000  # The promise is a second; the machine may be busy.
SEAT_STATUS = {"pending": "held", "confirmed": "booked"}
# The definite answers of each operation.
STATUSES = {
    "hold": {201, 400, 409}, "cancel": {200, 400}, "pay": {201, 400, 409}, "confirm": {200, 400},
    "webhook": {200}, "failure": {200}, "refund": {202, 400}, "refund_done": {200, 400},
    "price": {200, 400}, "block": {201, 400, 409}, "release": {200, 404}, "cancel_showtime": {202},
    "heard": {200},
}
# What may become of a booking between two looks at it.
NEXT = {"pending": {"pending", "confirmed", "cancelled", "expired"},
        "confirmed": {"confirmed", "cancelled"}, "cancelled": {"cancelled"},
        "expired": {"expired", "confirmed", "cancelled"}}


def moment_ms(text):
    return parse_moment(text) * 1000


@dataclass
class Booking:
    """A booking as its owner knows it."""

    hold: dict  # The operation that made it.
    cancels: list = field(default_factory=list)  # Operations that were answered 2xx.
    refunds: list = field(default_factory=list)
    money: dict = field(default_factory=dict)  # payment id -> the first message of success.
    payments: dict = field(default_factory=dict)  # payment id -> the operation that made it.
    paid_back: set = field(default_factory=set)  # Payments that staff have paid back.

    @property
    def answer(self):
        return self.hold["answer"]


class Story:
    def __init__(self, lapse_ms=LAPSE_MS):
        self.lapse_ms = lapse_ms
        self.complaints = []
        self.counts = collections.Counter()  # (op, status) -> answers.
        self.bookings = {}
        self.by_showtime = collections.defaultdict(list)  # showtime -> booking ids.
        self.blocks = collections.defaultdict(dict)  # showtime -> reason -> the operation.
        self.refused = []  # Holds with 400, to be judged when all of their time are known.
        self.reasons = set()  # Of all blocks that were asked for.
        self.released = set()
        self.prices = {}
        self.cancelled = {}  # showtime -> the operation.
        self.versions = {}  # showtime -> the highest version told.
        self.heard = {}  # (showtime, version) -> the map.
        self.keys = {}  # (user, op, key) -> (status, hash) of the first 2xx.
        self.operations = collections.defaultdict(list)  # showtime -> those with a version.
        self.seen = {}  # booking id -> status in the last world.

    def complain(self, text):
        self.complaints.append(text)

    # --- Taking answers. ---

    def take(self, operation):
        """Learns from an operation of the ledger, in the order of calls."""
        op, status = operation["op"], operation["status"]
        if operation["t_ret"] is None or status not in STATUSES[op]:
            self.complain(f"no definite answer: {operation}")
            return
        self.counts[op, status] += 1
        showtime = operation["showtime"]
        if operation.get("version"):
            self.versions[showtime] = max(self.versions.get(showtime, 0), operation["version"])
        if op == "heard":
            self._take_heard(operation)
            return
        if operation.get("version") and not operation["replayed"]:
            self.operations[showtime].append(operation)
        if operation["key"] is not None:
            self._take_key(operation)
        if op == "block":
            self.reasons.add(operation["request"]["body"]["reason"])
        if op == "release":  # 404: it was done when nobody heard the answer.
            self.released.add(operation["block_id"])
        if status < 300 and operation["repeats"] is None:
            getattr(self, f"_take_{op}")(operation)
        if status == 400 and op == "hold":
            self.refused.append(operation)

    def _take_heard(self, operation):
        known = self.heard.setdefault((operation["showtime"], operation["version"]),
                                      operation["answer"])
        if known != operation["answer"]:
            self.complain(f"two listeners were told different maps: {operation} and {known}")

    def _take_key(self, operation):
        name = operation["user"], operation["op"], operation["key"]
        told = operation["status"], operation["body_hash"]
        if operation["status"] < 300:
            first = self.keys.setdefault(name, told)
            if first != told:
                self.complain(f"the answer to {name} has changed: {operation}")
        elif name in self.keys:
            self.complain(f"an answered key is refused: {operation}")

    def _take_hold(self, operation):
        booking = operation["booking_id"]
        if booking in self.bookings:
            self.complain(f"a booking's id was given twice: {operation}")
            return
        self.bookings[booking] = Booking(operation)
        self.by_showtime[operation["showtime"]].append(booking)
        if operation["answer"]["seats"] != operation["request"]["body"]["seats"]:
            self.complain(f"other seats than asked for: {operation}")

    def _judge_refusal(self, operation):
        """400 is right for a showtime whose cancellation had been asked for."""
        code = operation["answer"]["errorCode"]
        cancel = self.cancelled.get(operation["showtime"])
        if code != "SHOWTIME_NOT_AVAILABLE":
            self.complain(f"a hold is refused with {code}: {operation}")
        elif cancel is None or cancel["sent_ms"] > operation["heard_ms"]:
            self.complain(f"a showtime is not available, but nobody cancelled it: {operation}")

    def _take_cancel(self, operation):
        self.bookings[operation["booking_id"]].cancels.append(operation)

    def _take_pay(self, operation):
        payments = self.bookings[operation["booking_id"]].payments
        payments.setdefault(operation["payment_id"], operation)

    _take_confirm = _take_pay

    def _take_webhook(self, operation):
        money = self.bookings[operation["booking_id"]].money
        money.setdefault(operation["payment_id"], operation)

    def _take_failure(self, operation):
        """A failed payment changes nothing that is judged here: late truth wins."""

    def _take_refund(self, operation):
        self.bookings[operation["booking_id"]].refunds.append(operation)

    def _take_refund_done(self, operation):
        self.bookings[operation["booking_id"]].paid_back.add(operation["payment_id"])

    def _take_block(self, operation):
        reason = operation["request"]["body"]["reason"]
        self.blocks[operation["showtime"]][reason] = operation

    def _take_release(self, operation):
        """Whatever the status, it is gone."""

    def _take_price(self, operation):
        self.prices[operation["showtime"]] = operation["request"]["body"]["price"]

    def _take_cancel_showtime(self, operation):
        first = self.cancelled.setdefault(operation["showtime"], operation)
        if first["answer"] != operation["answer"]:
            self.complain(f"a showtime was cancelled twice: {first} and {operation}")

    # --- Judging the ledger alone. ---

    def judge_order(self):
        """What was answered before another was asked is of no later version: one order of all.
        Gives the number of comparisons."""
        compared = 0
        for several in self.operations.values():
            returns = iter(sorted(several, key=lambda operation: operation["t_ret"]))
            earlier, highest = next(returns), 0
            for operation in sorted(several, key=lambda operation: operation["t_call"]):
                while earlier is not None and earlier["t_ret"] < operation["t_call"]:
                    highest = max(highest, earlier["version"])
                    earlier = next(returns, None)
                if operation["version"] < highest:
                    self.complain(f"version {highest} was answered before this began: {operation}")
                compared += highest > 0
        return compared

    def _own_time(self, booking):
        """From when until when the seats were certainly this booking's, in milliseconds."""
        ends_ms = moment_ms(booking.answer["hold_expires_at"])
        if any(message["heard_ms"] < ends_ms for message in booking.money.values()):
            ends_ms = math.inf  # Bought, unless something below ended it.
        endings = [*booking.cancels, *booking.refunds]
        if booking.hold["showtime"] in self.cancelled:
            endings.append(self.cancelled[booking.hold["showtime"]])
        return booking.hold["heard_ms"], min([ends_ms, *(one["sent_ms"] for one in endings)])

    def judge_owners(self, scope):
        """No seat was certainly two bookings' at one moment, whatever became of them later.
        Gives the number of comparisons."""
        compared = 0
        for showtime in scope:
            times = collections.defaultdict(list)
            for identity in self.by_showtime[showtime]:
                begins_ms, ends_ms = self._own_time(self.bookings[identity])
                if begins_ms < ends_ms:
                    for seat in self.bookings[identity].answer["seats"]:
                        bisect.insort(times[seat], (begins_ms, ends_ms, identity))
            for seat, several in times.items():
                for one, next_one in zip(several, several[1:]):
                    compared += 1
                    if next_one[0] < one[1]:
                        self.complain(f"{seat} of {showtime} was sold twice: {one}, {next_one}")
        return compared

    def late_payments(self):
        """How many payments were reported after the end of their hold."""
        return sum(message["sent_ms"] > moment_ms(booking.answer["hold_expires_at"])
                   for booking in self.bookings.values() for message in booking.money.values())

    # --- Judging the world by the ledger. ---

    def judge(self, world):
        """Judges what the server says of the world's showtimes; its load must be over."""
        while self.refused:
            self._judge_refusal(self.refused.pop())
        for showtime, entry in world.showtimes.items():
            self._judge_showtime(showtime, entry)
            self._judge_blocks(showtime, world)
            self._judge_seats(showtime, entry, world)
        known = {identity for showtime in world.showtimes
                 for identity in self.by_showtime[showtime]}
        for identity in known - set(world.bookings):
            self.complain(f"a booking is lost: {self.bookings[identity].hold}")
        for identity in set(world.bookings) - known:
            self.complain(f"nobody was told of this booking: {world.bookings[identity]}")
        for identity in known & set(world.bookings):
            self._judge_booking(identity, world)
        if world.refunds is not None:
            self._judge_refunds(world)

    def _judge_showtime(self, showtime, entry):
        if entry["version"] < self.versions.get(showtime, 0):
            self.complain(f"{showtime} is at version {entry['version']}, but"
                          f" {self.versions[showtime]} was answered")
        heard = [version for name, version in self.heard if name == showtime]
        if heard and max(heard) > entry["version"]:
            self.complain(f"a listener of {showtime} heard of version {max(heard)}, which is gone")
        if self.heard.get((showtime, entry["version"]), entry["taken"]) != entry["taken"]:
            self.complain(f"a listener was told another map of {showtime}")
        self.versions[showtime] = max(self.versions.get(showtime, 0), entry["version"])
        if entry["price"] != self.prices.get(showtime, entry["price"]):
            self.complain(f"{showtime} costs {entry['price']}, not {self.prices[showtime]}")
        if (entry["status"] == "cancelled") != (showtime in self.cancelled):
            self.complain(f"{showtime} is {entry['status']}; its cancellation:"
                          f" {self.cancelled.get(showtime)}")

    def _judge_blocks(self, showtime, world):
        reasons = [block["reason"] for block in world.blocks[showtime]]
        if len(reasons) != len(set(reasons)):
            self.complain(f"a block was made twice: {reasons}")
        if not self.reasons.issuperset(reasons):
            self.complain(f"nobody asked for a block: {set(reasons) - self.reasons}")
        standing = {block["block_id"] for block in world.blocks[showtime]}
        for operation in self.blocks[showtime].values():
            block = operation["block_id"]
            if block not in standing and block not in self.released:
                self.complain(f"a block is lost: {operation}")
        for block in standing & self.released:
            self.complain(f"block {block} of {showtime} came back")

    def _judge_seats(self, showtime, entry, world):
        """The map is the sum of bookings and blocks, and nothing is in two of them."""
        owners, lapsing = {}, set()
        for identity, booking in world.bookings.items():
            if booking["showtime_id"] != showtime:
                continue
            seats = [seat["seat_id"] for seat in booking["seats"]]
            if world.is_lapsing(booking, self.lapse_ms):
                lapsing.update(seats)
            elif booking["status"] in SEAT_STATUS:
                for seat in seats:
                    owners.setdefault(seat, []).append((identity, SEAT_STATUS[booking["status"]]))
        for block in world.blocks[showtime]:
            for seat in block["seats"]:
                owners.setdefault(seat, []).append((block["block_id"], "blocked"))
        for seat in set(owners) | set(entry["taken"]):
            mine = owners.get(seat, [])
            if len(mine) > 1:
                self.complain(f"{seat} of {showtime} has two owners: {mine}")
            told = entry["taken"].get(seat)
            if seat not in lapsing and told not in [status for _, status in mine or [(0, None)]]:
                self.complain(f"{seat} of {showtime} is {told}, but has {mine}")

    def _judge_booking(self, identity, world):
        known, told = self.bookings[identity], world.bookings[identity]
        answer, status = known.answer, told["status"]
        same = (told["showtime_id"] == answer["showtime_id"]
                and told["user_id"] == known.hold["user"]
                and [seat["seat_id"] for seat in told["seats"]] == answer["seats"]
                and told["booking_code"] == answer["booking_code"]
                and told["final_amount"] == answer["final_amount"]
                and told["hold_expires_at"] >= answer["hold_expires_at"])
        if not same:
            self.complain(f"a booking is not what it was: {told}, {known.hold}")
        if status not in NEXT[self.seen.get(identity, "pending")]:
            self.complain(f"{identity} was {self.seen[identity]} and is {status}")
        self.seen[identity] = status
        if status not in self._possible(known, told, world):
            self.complain(f"{identity} is {status}: {told}; {known}")
        for payment in {*known.payments, *known.money}:
            self._judge_payment(payment, known, told, world)

    def _possible(self, known, told, world):
        """The statuses that the answers allow."""
        showtime = self.cancelled.get(known.hold["showtime"])
        if known.cancels:
            return {"cancelled"}
        ends_ms = moment_ms(told["hold_expires_at"])
        first_ms = moment_ms(known.answer["hold_expires_at"])
        possible = set()
        if known.refunds:
            possible |= {"cancelled"}
        elif showtime is not None:
            possible |= {"cancelled"}
            if showtime["heard_ms"] > first_ms:
                possible |= {"expired"}
        elif known.money:
            possible |= {"confirmed"}
        else:
            if world.began_ms < ends_ms + self.lapse_ms:
                possible |= {"pending"}
            if world.ended_ms > ends_ms:
                possible |= {"expired"}
        in_time = any(message["heard_ms"] < first_ms for message in known.money.values())
        if known.money and not in_time:  # Somebody else may have had the seats by then.
            possible |= {"expired"}
        return possible

    def _judge_payment(self, payment, known, booking, world):
        """Money that came is in the seats or goes back, once; other money is nowhere."""
        told = world.payments.get(payment)
        if told is None:
            self.complain(f"a payment is lost: {payment} of {known}")
            return
        kept = booking["status"] == "confirmed" and booking.get("payment_id") == payment
        refund = told.get("refund")
        if payment not in known.money:
            if kept or refund is not None or told["status"] in ("completed", "refunded"):
                self.complain(f"nobody has paid this: {told}, {booking}")
            return
        if told["status"] not in ("completed", "refunded"):
            self.complain(f"money is lost: {told}, {booking}")
        if kept == (refund is not None):
            what = "both" if kept else "neither"
            self.complain(f"{what} seats and a refund for the money of {told}, {booking}")
        done = refund is not None and refund["status"] == "done"
        if done != (payment in known.paid_back) or done != (told["status"] == "refunded"):
            self.complain(f"a refund is not what staff know: {told}, {known.paid_back}")

    def _judge_refunds(self, world):
        """The list of staff has each refund once."""
        listed = collections.Counter(refund["id"] for refund in world.refunds)
        for payment, count in listed.items():
            if count > 1:
                self.complain(f"{payment} is refunded {count} times")
        owed = {identity for identity, told in world.payments.items() if "refund" in told}
        if owed != set(listed):
            self.complain(f"refunds that only one side knows: {owed ^ set(listed)}")
