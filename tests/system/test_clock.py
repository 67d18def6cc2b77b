"""A clock that steps, and a process that stands still: holds end once, and no seat is sold twice.

libfaketime gives the server a clock of day that the test sets; its monotonic clock stays true.
"""

import http.client
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest
from support import api as calls
from support import process, signing
from support.catalogue import parse_moment
from support.listening import Listener
from test_disk import SEATS

LIBRARY = Path(f"/usr/lib/{os.uname().machine}-linux-gnu/faketime/libfaketimeMT.so.1")
HOUR_S = 3600
NOTICED_AFTER_S = 1.2  # The server's loops look every second.
NOTICED_WITHIN_S = 5  # The machine may be busy.
STOPPED_S = 5
REQUEST_LIMIT_S = 10  # The server's, for a request to be whole.


class Clock:
    """The clock of a server, away from the true one by so many seconds."""

    def __init__(self, folder):
        self.path = folder / "clock"
        self.step(0)

    def step(self, offset_s):
        """The file is replaced whole: the server may read it at any moment."""
        self.offset_s = offset_s
        part = self.path.with_suffix(".part")
        part.write_text(f"{offset_s:+d}\n")
        part.rename(self.path)

    def now_s(self):
        return time.time() + self.offset_s

    @property
    def settings(self):
        assert LIBRARY.exists(), f"libfaketime is needed: {LIBRARY}"
        return {"LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(self.path),
                "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"}


class Cinema:
    """A server whose clock can be stepped, and customers whose tokens do not mind."""

    def __init__(self, launch, folder, showtimes=1, **settings):
        self.clock = Clock(folder)
        content, self.showtimes = process.pool(showtimes, starts_in_s=10 * 86400)
        self.server = launch(content, **self.clock.settings, **settings)

    def step(self, offset_s):
        """Steps, and waits until the server has noticed. A step forward ends connections that
        wait for a request: as after any idle time, a client opens another one."""
        self.clock.step(offset_s)
        time.sleep(NOTICED_AFTER_S)

    def customer(self, user=None):
        user = calls.new_key()[:12] if user is None else user
        token = self.server.api.token(user, ttl_s=30 * 86400, iat=0)
        return calls.Customer(self.server.port, user, token)

    def tell(self, payment, amount):
        """The gateway's clock is the server's: a message that is too old is not taken."""
        transaction = calls.transaction_of(payment)
        message = {"transaction_id": transaction, "status": "success", "amount": amount}
        provider = transaction.split("_")[1].lower()
        return self.server.api.webhook(provider, message, at_s=self.clock.now_s())

    def statuses(self, showtime):
        return self.server.api.statuses(showtime)


@pytest.fixture
def cinema(launch, tmp_path):
    return Cinema(launch, tmp_path)


def until(condition, what, limit_s=NOTICED_WITHIN_S):
    limit_s += time.monotonic()
    while not condition():
        assert time.monotonic() < limit_s, what
        time.sleep(0.05)


def test_the_clock_of_the_server_is_the_tests(cinema):
    for offset_s in (HOUR_S, -HOUR_S, 0):
        cinema.step(offset_s)
        answer = cinema.server.api.public.get(f"/api/showtimes/{cinema.showtimes[0]}/seats")
        told_s = parse_moment(answer.header("x-server-time"))
        assert abs(told_s - cinema.clock.now_s()) < 5


def test_an_hour_forward_ends_holds_once_and_keeps_what_is_booked(cinema):
    (showtime,) = cinema.showtimes
    owner, other, third = (cinema.customer() for _ in range(3))
    first = owner.held(showtime, ["C3"])
    bought = owner.hold(showtime, ["D1"]).expect(201).json
    cinema.tell(owner.paying(bought["booking_id"]), bought["final_amount"]).expect(200)
    version = cinema.server.api.seats(showtime)["version"]

    cinema.step(HOUR_S)
    owner.confirm(first).expect(400, "BOOKING_HOLD_EXPIRED")
    until(lambda: cinema.statuses(showtime) == {"D1": "booked"}, "the hold has ended")
    assert cinema.server.api.seats(showtime)["version"] == version + 1, "one end, one version"
    second = other.held(showtime, ["C3"])

    cinema.step(0)  # The second hold is now for an hour and ten minutes.
    third.hold(showtime, ["C3"]).expect(409, "SEAT_HELD_BY_ANOTHER")
    owner.confirm(first).expect(400, "BOOKING_HOLD_EXPIRED")
    other.confirm(second).expect(200)
    assert cinema.statuses(showtime) == {"C3": "held", "D1": "booked"}
    assert owner.booking(first).json["status"] == "expired", "what has ended does not come back"


def test_an_hour_back_keeps_holds_and_their_end(cinema):
    (showtime,) = cinema.showtimes
    owner, other = cinema.customer(), cinema.customer()
    held = owner.hold(showtime, ["C3"]).expect(201).json
    cinema.step(-HOUR_S)
    other.hold(showtime, ["C3"]).expect(409, "SEAT_HELD_BY_ANOTHER")
    told = owner.booking(held["booking_id"]).json
    assert (told["status"], told["hold_expires_at"]) == ("pending", held["hold_expires_at"])
    early = other.hold(showtime, ["C4"]).expect(201).json
    assert early["hold_expires_at"] < held["hold_expires_at"]
    cinema.tell(owner.paying(held["booking_id"]), held["final_amount"]).expect(200)

    cinema.step(0)  # Holds of the time between have ended by this clock.
    until(lambda: cinema.statuses(showtime) == {"C3": "booked"}, "the other hold has ended")
    other.confirm(early["booking_id"]).expect(400, "BOOKING_HOLD_EXPIRED")
    cinema.customer().held(showtime, ["C4"])


def test_a_key_keeps_its_answer_whatever_the_clock_says(launch, tmp_path):
    """Keys are kept by the day: steps over midnight, both ways and across a restart, lose none."""
    cinema = Cinema(launch, tmp_path)
    (showtime,) = cinema.showtimes
    to_midnight_s = 86400 - int(time.time()) % 86400
    before, after = to_midnight_s - 600, to_midnight_s + 600
    owner, asked = cinema.customer("me"), []
    for offset_s, seat in ((before, "C1"), (after, "C2"), (before, "C3"), (after, "C4")):
        cinema.step(offset_s)
        key = calls.new_key()
        asked.append((seat, key, owner.hold(showtime, [seat], key).expect(201).body))
        for old_seat, old_key, body in asked:
            again = owner.hold(showtime, [old_seat], old_key).expect(201)
            assert again.body == body and again.header("idempotent-replayed") == "true"
    for offset_s in (before, after, 0):
        cinema.server.kill()
        cinema.clock.step(offset_s)
        cinema.server.start()
        owner = cinema.customer("me")
        for seat, key, body in asked:
            assert owner.hold(showtime, [seat], key).expect(201).body == body


def test_live_maps_go_on_after_a_step_forward(cinema):
    (showtime,) = cinema.showtimes
    with Listener(cinema.server.port, showtime) as listener:
        listener.event()
        cinema.step(HOUR_S)
        cinema.customer().held(showtime, ["C3"])
        assert listener.event(NOTICED_WITHIN_S).data["seats"] == {"C3": "held"}


def test_live_maps_and_deadlines_go_on_after_a_step_back(cinema):
    """Nothing waits for the clock of day to come back to where it was."""
    (showtime,) = cinema.showtimes
    with Listener(cinema.server.port, showtime) as listener, \
            socket.create_connection(("127.0.0.1", cinema.server.port)) as before:
        listener.event()
        before.sendall(b"GET /api/movies HTTP/1.1\r\n")  # And no more.
        time.sleep(0.2)
        cinema.step(-HOUR_S)
        cinema.customer().held(showtime, ["C3"])
        assert listener.event(NOTICED_WITHIN_S).data["seats"] == {"C3": "held"}
        with socket.create_connection(("127.0.0.1", cinema.server.port)) as after:
            after.sendall(b"GET /api/movies HTTP/1.1\r\n")
            for peer in (before, after):
                peer.settimeout(REQUEST_LIMIT_S + NOTICED_WITHIN_S)
                peer.recv(1000)  # TimeoutError: the deadline is gone.


def again(call):
    """A step may end the connection: then once more, with the same key."""
    for _ in range(50):
        try:
            return call()
        except (OSError, http.client.HTTPException):
            time.sleep(0.02)
    raise AssertionError("every connection breaks")


def sell(cinema, customer, showtime, seat, sold):
    """A hold, and the money for it; whoever has paid and was told so has the seat."""
    keys = calls.new_key(), calls.new_key()
    held = again(lambda: customer.hold(showtime, [seat], keys[0]))
    if held.status != 201:
        assert held.status == 409, held
        return
    booking = held.json
    time.sleep(0.02)  # For a step to come in between.
    paid = again(lambda: customer.pay(booking["booking_id"], key=keys[1]))
    if paid.status == 400:
        paid.expect(400, "BOOKING_HOLD_EXPIRED")
        return
    paid.expect(201)
    for _ in range(10):
        answer = again(lambda: cinema.tell(paid.json, booking["final_amount"]))
        if answer.status != 401:  # The clock stepped between the signature and its check.
            break
    if answer.status == 200:
        sold.append((seat, booking["booking_id"], paid.json["payment_id"], customer))


def test_steps_under_load_sell_nothing_twice_and_lose_no_money(launch, tmp_path, chance):
    cinema = Cinema(launch, tmp_path, showtimes=2)
    sold = {showtime: [] for showtime in cinema.showtimes}
    stepping, failures = threading.Event(), []

    def buy(showtime):
        try:
            for seat in SEATS:
                sell(cinema, cinema.customer(), showtime, seat, sold[showtime])
                time.sleep(0.02)
        except Exception as failure:  # Told in the test's thread.
            failures.append(failure)

    steps = []

    def step():
        while not stepping.wait(0.1):
            steps.append(1)
            cinema.clock.step(chance.choice((-HOUR_S, 0, HOUR_S, 30, -30)))

    clock = threading.Thread(target=step)
    buyers = [threading.Thread(target=buy, args=(showtime,)) for showtime in cinema.showtimes * 4]
    clock.start()
    for buyer in buyers:
        buyer.start()
    for buyer in buyers:
        buyer.join()
    stepping.set()
    clock.join()
    assert not failures, failures[0]
    cinema.step(0)
    kept = refunded = 0
    for showtime, several in sold.items():
        booked = {}
        for seat, booking, payment, customer in several:
            told = customer.payment(payment).expect(200).json["data"]
            status = customer.booking(booking).expect(200).json["status"]
            assert told["status"] == "completed"
            assert (status == "confirmed") != ("refund" in told), "seats or money back"
            if status == "confirmed":
                assert booked.setdefault(seat, booking) == booking, "one seat, two owners"
                kept += 1
            refunded += "refund" in told
        map_of_now = cinema.statuses(showtime)
        assert all(map_of_now[seat] == "booked" for seat in booked)
    print(f"{kept} sold, {refunded} refunded, {len(steps)} steps")
    assert kept >= 24 and len(steps) >= 15


# --- A process that stands still ---


class Standstill:
    """SIGSTOP until the end of the block, as a frozen virtual machine or a debugger would do."""

    def __init__(self, server):
        self.process = server.process

    def __enter__(self):
        process.stand_still(self.process)

    def __exit__(self, *error):
        self.process.send_signal(signal.SIGCONT)


def test_holds_that_end_while_the_process_stands_still_are_over_when_it_goes_on(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content, HOLD_SECONDS="4")
    owner, other = server.api.customer(), server.api.customer()
    held = owner.hold(showtime, ["C3"]).expect(201).json
    bought = owner.hold(showtime, ["D1"]).expect(201).json
    server.api.tell(owner.confirm(bought["booking_id"]).expect(200).json,
                    bought["final_amount"]).expect(200)
    answers = {}

    def ask(name, call):
        answers[name] = call()

    with Standstill(server):
        asked_s = time.monotonic()
        waiting = [threading.Thread(target=ask, args=asked) for asked in (
            ("confirm", lambda: owner.confirm(held["booking_id"])),
            ("hold", lambda: other.hold(showtime, ["C3"])),
            ("health", lambda: server.api.public.get("/health/live")))]
        for thread in waiting:
            thread.start()
        time.sleep(STOPPED_S)
        assert answers == {}, "a process that stands still answers nobody"
    for thread in waiting:
        thread.join()
    print(f"answered {time.monotonic() - asked_s - STOPPED_S:.2f} s after it went on")
    answers["confirm"].expect(400, "BOOKING_HOLD_EXPIRED")
    assert answers["hold"].expect(201).json["held_at"] >= held["hold_expires_at"]
    answers["health"].expect(200)
    assert owner.booking(held["booking_id"]).json["status"] == "expired"
    assert server.api.statuses(showtime)["D1"] == "booked"


def test_who_waits_while_the_process_stands_still_for_long_is_answered(launch):
    """Longer than an answer's deadline: a client may have left by then, its key tells."""
    content, (showtime,) = process.pool(1)
    server = launch(content)
    customer, key = server.api.customer(), calls.new_key()
    token = signing.token(server.jwt_secret, customer.user)
    impatient = calls.Customer(server.port, customer.user, token)
    impatient.timeout_s = 1
    with Standstill(server):
        with pytest.raises(OSError):
            impatient.hold(showtime, ["C3"], key)
        time.sleep(6)
    again = customer.hold(showtime, ["C3"], key).expect(201)
    assert server.api.statuses(showtime) == {"C3": "held"}
    assert len(customer.bookings().json["items"]) == 1 and again.json["seats"] == ["C3"]
