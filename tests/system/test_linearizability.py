"""What clients see under load and kills can have happened one operation after the other.

Each history is searched by tests/linear for an order that explains all answers; that it finds
none where there is none, its own tests prove.
"""

import os
import random
import subprocess
import threading
import time
from pathlib import Path

import pytest
from support import catalogue, process
from support.history import History, Witness

CHECKER = Path(__file__).resolve().parents[2] / "build" / "linear"
HOLD_S = 1
SECONDS = float(os.environ.get("USHER_LINEAR_SECONDS", "25"))
CLIENTS = 6
TABLE = 24  # Showtimes that are played at the same time: each for longer than a hold.
OPERATIONS = 160  # Of one showtime: the search must stay short.
SEATS = ["A1", "A2", "A3", "A4"]
METHODS = ("momo", "vnpay", "zalopay", "card")
KILL_EVERY_S = (0.4, 2.0)
CHECK_TIMEOUT_S = 600
# What must have been seen for the run to have said anything.
NEEDED = {("hold", 201), ("hold", "SEAT_HELD_BY_ANOTHER"), ("hold", "SEAT_ALREADY_BOOKED"),
          ("hold", "unheard"), ("cancel", 200), ("cancel", "BOOKING_CANNOT_BE_CANCELLED"),
          ("cancel", "unheard"), ("pay", 201), ("pay", "BOOKING_HOLD_EXPIRED"), ("pay", "unheard"),
          ("money", "seats"), ("money", "refund"), ("money", "known"), ("map", 200),
          ("booking", "pending"), ("booking", "expired"), ("booking", "confirmed"),
          ("booking", "cancelled")}


class Table:
    """Showtimes that are played now, and what is known of their bookings."""

    def __init__(self, showtimes):
        self.operations = dict.fromkeys(showtimes, 0)
        self.bookings = {showtime: [] for showtime in showtimes}  # (user, id, amount)
        self.payments = {showtime: [] for showtime in showtimes}  # (as it was answered, amount)

    def open_showtimes(self):
        return [showtime for showtime, count in self.operations.items() if count < OPERATIONS]


def play(witness, table, showtime, chance):
    """One operation, of those that are possible."""
    user = f"user-{witness.number}"
    bookings, payments = table.bookings[showtime], table.payments[showtime]
    kind = chance.choices(["hold", "look", "read", "cancel", "pay", "money"],
                          [32, 16, 14, 8, 15, 15])[0]
    if kind == "hold" or not bookings:
        seats = chance.sample(SEATS, chance.choice([1, 1, 2, 3]))
        answer = witness.hold(showtime, user, seats, HOLD_S * 1000)
        if answer is not None and answer.status == 201:
            bookings.append((user, answer.json["booking_id"], answer.json["final_amount"]))
    elif kind == "look":
        witness.look(showtime)
    elif kind == "money" and payments:
        witness.money(showtime, *chance.choice(payments[-6:]))
    else:
        owner, booking, amount = chance.choice(bookings[-6:])
        if kind == "cancel":
            witness.cancel(showtime, owner, booking)
        elif kind == "pay":
            answer = witness.pay(showtime, owner, booking, chance.choice(METHODS))
            if answer is not None and answer.status < 300:
                payments.append((answer.json, amount))
        else:
            witness.read(showtime, owner, booking)


def customers(server, history, tables, chance, stop, failures, witness_of=Witness):
    """Threads that play until they are told to stop."""

    def run(number, own):
        witness = witness_of(history, server, number,
                             lambda kind: kind not in ("map", "booking") and own.random() < 0.02)
        try:
            while not stop.is_set():
                table = tables[-1]
                showtimes = table.open_showtimes()
                if not showtimes:
                    time.sleep(0.001)
                    continue
                showtime = own.choice(showtimes)
                table.operations[showtime] += 1
                play(witness, table, showtime, own)
        except BaseException as failure:  # noqa: BLE001  (told by the test)
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number, random.Random(chance.random())))
               for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    return threads


def tiny_showtimes(count):
    """A catalogue of showtimes with four seats, and their ids."""
    content = catalogue.Catalogue()
    content.cinemas[0]["screens"].append(catalogue.screen("TINY", 1, len(SEATS), len(SEATS)))
    return content, content.add_showtimes(count, screen_id="TINY")


def kill_now_and_then(server, tables, showtimes, chance, failures):
    """Kills the server at any moment, and lays out new showtimes when those that were are done."""
    kills = 0
    end_s = time.monotonic() + SECONDS
    kill_at_s = time.monotonic() + chance.uniform(*KILL_EVERY_S)
    while time.monotonic() < end_s and not failures:
        time.sleep(0.01)
        if not tables[-1].open_showtimes():
            tables.append(Table([next(showtimes) for _ in range(TABLE)]))
        if time.monotonic() >= kill_at_s:
            server.kill()
            server.start()
            kills += 1
            kill_at_s = time.monotonic() + chance.uniform(*KILL_EVERY_S)
    return kills


@pytest.fixture(scope="module")
def played(launch_for_module, tmp_path_factory):
    """A history of many showtimes, and how often the server was killed meanwhile."""
    seed = int(os.environ.get("USHER_SEED", random.SystemRandom().randrange(2**32)))
    print(f"SEED={seed}")
    chance = random.Random(seed)
    content, showtimes = tiny_showtimes(int(SECONDS * 20) + 100)
    showtimes = iter(showtimes)
    server = launch_for_module(content, HOLD_SECONDS=str(HOLD_S), PAYMENT_SECONDS=str(HOLD_S),
                               MAX_HELD_SEATS="100")
    history = History(tmp_path_factory.mktemp("history") / "history.jsonl")
    tables = [Table([next(showtimes) for _ in range(TABLE)])]
    stop, failures = threading.Event(), []
    threads = customers(server, history, tables, chance, stop, failures)
    kills = kill_now_and_then(server, tables, showtimes, chance, failures)
    stop.set()
    for thread in threads:
        thread.join()
    history.close()
    if failures:
        raise failures[0]
    return history, kills


def judge(history, faults):
    """Searches for an order of each showtime's operations."""
    path = Path(history.file.name)
    done = subprocess.run([str(CHECKER), "-pictures", str(path.parent), str(path)], text=True,
                          capture_output=True, timeout=CHECK_TIMEOUT_S, check=False)
    print(f"{sum(history.seen.values())} operations, {faults} kills: {done.stdout}")
    assert done.returncode == 0, f"{path}\n{done.stdout}{done.stderr}"


def test_some_order_explains_all_that_clients_saw(played):
    judge(*played)


def test_the_run_saw_all_that_it_is_about(played):
    history, kills = played
    assert kills >= 5
    missing = NEEDED - set(history.seen)
    assert not missing, (missing, history.seen)
    assert sum(history.seen.values()) > 1000
