"""A server's whole life for the tests of export and import, and what its clients then see.

`live` leaves a store with something of every kind and state; `look` asks for all of it, so that
two servers can be compared; `go_on` does what was left open, and judges the answers.
"""

import time

from support import api as calls
from support.staff import all_pages, sell

WAIT_S = 30  # Only ends a test that hangs.
BEHIND_S = 1.5  # Lists of refunds in MongoDB are of documents that follow their showtime.


class Life:
    """What happened on a server, by users whose names begin with `name`."""

    def __init__(self, name):
        self.name = name
        self.users = []  # Names of the customers.
        self.showtimes = []
        self.bookings = []  # (user, id)
        self.payments = []  # (user, id)
        self.told = []  # (user, call, arguments, answer): keys that must say the same again.
        self.open = {}  # What is still to be done.

    def user(self, api, name):
        customer = api.customer(f"{self.name}-{name}")
        if customer.user not in self.users:
            self.users.append(customer.user)
        return customer

    def keep(self, customer, call, *arguments):
        """Does something by a key, and remembers the answer."""
        key = calls.new_key()
        answer = getattr(customer, call)(*arguments, key=key)
        assert answer.status < 300, answer
        self.told.append((customer.user, call, arguments, key, answer.status, answer.json))
        body = answer.json
        if call == "hold":
            self.bookings.append((customer.user, body["booking_id"]))
        elif call in ("pay", "confirm"):
            self.payments.append((customer.user, body["payment_id"]))
        return body


def wait_for(judge):
    limit_s = time.monotonic() + WAIT_S
    while not judge():
        assert time.monotonic() < limit_s, "it does not come to pass"
        time.sleep(0.05)


def live_short(server, life, showtime):
    """Holds that end while the server's holds are short: one forgotten, one paid too late."""
    api = server.api
    late = life.user(api, "late")
    forgotten = life.keep(late, "hold", showtime, ["A1"])["booking_id"]
    lost = life.keep(late, "hold", showtime, ["A3"])
    payment = life.keep(late, "pay", lost["booking_id"], "momo")
    wait_for(lambda: late.booking(forgotten).json["status"] == "expired" and
             late.booking(lost["booking_id"]).json["status"] == "expired")
    rival = life.user(api, "rival")
    sold, _ = sell(api, rival, showtime, ["A3"])
    life.bookings.append((rival.user, sold))
    api.tell(payment, lost["final_amount"]).expect(200)  # Its money has to go back.


def live(server, life, showtime, cancelled):
    """One of every state, and what somebody still waits for."""
    api = server.api
    life.showtimes += [showtime, cancelled]
    staff = api.staff("staff-1")
    buyer, other = life.user(api, "buyer"), life.user(api, "other")
    held = life.keep(buyer, "hold", showtime, ["B1", "B2"])
    confirmed = life.keep(buyer, "confirm", held["booking_id"], "card")
    api.tell(confirmed, held["final_amount"]).expect(200)
    life.keep(other, "hold", showtime, ["C1"])
    switched = life.keep(other, "hold", showtime, ["C2"])["booking_id"]
    life.keep(other, "pay", switched, "momo")
    life.keep(other, "pay", switched, "zalopay")
    life.keep(other, "confirm", switched, "zalopay")  # Answered with the one that is there.
    failed = life.keep(other, "hold", showtime, ["C3"])
    api.tell(life.keep(other, "pay", failed["booking_id"], "card"), failed["final_amount"],
             status="failed").expect(200)
    gone = life.keep(other, "hold", showtime, ["C4"])["booking_id"]
    other.cancel(gone).expect(200)
    due = life.keep(buyer, "hold", showtime, ["B3"])
    due_payment = life.keep(buyer, "pay", due["booking_id"], "vnpay")
    api.tell(due_payment, due["final_amount"]).expect(200)
    life.keep(staff, "refund", due_payment["payment_id"], "ill")
    back, done = sell(api, buyer, showtime, ["B4"])
    life.bookings.append((buyer.user, back))
    life.payments.append((buyer.user, done["payment_id"]))
    staff.refund(done["payment_id"]).expect(202)
    staff.refund_done(done["payment_id"]).expect(200)
    staff.block(showtime, ["J1", "J2"], "the sound desk").expect(201)
    block = staff.block(showtime, ["J3"]).expect(201).json["block_id"]
    staff.release(showtime, block).expect(200)
    sold, _ = sell(api, buyer, cancelled, ["C1"])
    waiting, _ = other.held(cancelled, ["C2"]), staff.cancel_showtime(cancelled).expect(202)
    life.bookings += [(buyer.user, sold), (other.user, waiting)]
    wait_for(lambda: buyer.booking(sold).json["status"] == "cancelled" and
             other.booking(waiting).json["status"] == "cancelled")
    leave_open(server, life, showtime)


def leave_open(server, life, showtime):
    """A payment, a refund and a hold that outlive the server."""
    api = server.api
    payer = life.user(api, "payer")
    paying = life.keep(payer, "hold", showtime, ["D1"])
    payment = life.keep(payer, "pay", paying["booking_id"], "zalopay")
    free = life.keep(payer, "hold", showtime, ["D2"])
    life.open = {"user": payer.user, "paying": paying, "payment": payment, "free": free,
                 "due": refunds_due(api)}


def refunds_due(api):
    if "MONGO_URI" in api.usher.settings:
        time.sleep(BEHIND_S)
    return [item["id"]
            for item in all_pages(api.staff("staff-1").refunds, "?status=due")]


def look(server, life):
    """All that clients and staff are told; equal on two servers of the same store."""
    api, staff = server.api, server.api.staff("staff-1")
    refunds = all_pages(staff.refunds, "")  # Stores have orders of their own.
    seen = {"journal": all_pages(staff.journal, ""),
            "refunds": sorted(refunds, key=lambda item: item["id"])}
    for user in life.users:
        seen["of", user] = all_pages(api.customer(user).bookings, "")
    for user, booking in life.bookings:
        seen["booking", booking] = api.customer(user).booking(booking).expect(200).json
    for user, payment in life.payments:
        seen["payment", payment] = api.customer(user).payment(payment).expect(200).json
    for showtime in life.showtimes:
        seats = api.seats(showtime)
        seen["version", showtime], seen["seats", showtime] = seats["version"], seats["seats"]
        seen["showtime", showtime] = api.public.get(f"/api/showtimes/{showtime}").json
        del seen["showtime", showtime]["version"]
        seen["blocks", showtime] = all_pages(lambda page: staff.blocks(showtime, page), "")
        seen["staff", showtime] = all_pages(staff.all_bookings, f"?showtime_id={showtime}")
        for item in seen["staff", showtime]:
            code = item["booking_code"]
            found = staff.all_bookings(f"?code={code}").expect(200).json["items"]
            assert [one["id"] for one in found] == [item["id"]], code
    return seen


def differences(before, after):
    """What two looks tell differently; versions may have grown."""
    assert before.keys() == after.keys()
    assert all(after[name] >= before[name] for name in before if name[0] == "version")
    return {name: (before[name], after[name]) for name in before
            if before[name] != after[name] and name[0] != "version"}


def ask_again(server, life):
    """Every key is answered as it was."""
    for user, call, arguments, key, status, body in life.told:
        made = server.api.staff(user) if user.startswith("staff") else server.api.customer(user)
        again = getattr(made, call)(*arguments, key=key)
        # What became of a booking since may show; what was made may not.
        for name in ("booking_id", "booking_code", "payment_id", "seats", "hold_expires_at",
                     "payment_url", "final_amount", "amount", "transaction_id"):
            if name in body:
                assert again.json.get(name) == body[name], (call, name, body, again.json)
        assert again.status in (status, 200), (call, again)
    assert len(life.told) >= 15


def go_on(server, life):
    """The open payment is settled, the open hold paid, the refunds are done, once."""
    api = server.api
    staff, payer = api.staff("staff-1"), api.customer(life.open["user"])
    paying, payment = life.open["paying"], life.open["payment"]
    for _ in range(2):
        api.tell(payment, paying["final_amount"]).expect(200)
    wait_for(lambda: payer.booking(paying["booking_id"]).json["status"] == "confirmed")
    late = payer.paying(life.open["free"]["booking_id"])
    api.tell(late, life.open["free"]["final_amount"]).expect(200)
    wait_for(lambda: payer.booking(life.open["free"]["booking_id"]).json["status"] == "confirmed")
    due = refunds_due(api)
    assert sorted(due) == sorted(life.open["due"])
    assert len(due) >= 2
    staff.refund_done(due[0]).expect(200)
    wait_for(lambda: sorted(refunds_due(api)) == sorted(due[1:]))
