"""What clients of three instances see under kills can have happened one operation after another.

As test_linearizability.py, but each client goes on at another instance when his own gives no
answer; instances, Redis and the database are killed in turn.
"""

import threading
import time

import pytest
from support import cluster
from support.history import History, Traveller
from test_linearizability import HOLD_S, Table, customers, judge, tiny_showtimes

SECONDS = 12
PLAYED_AT_ONCE = 16  # Showtimes; each for longer than a hold and its guard.
PAUSE_S = (0.3, 1.0)
# What must have been seen for the run to have said anything.
NEEDED = {("hold", 201), ("hold", "SEAT_HELD_BY_ANOTHER"), ("hold", "SEAT_ALREADY_BOOKED"),
          ("cancel", 200), ("pay", 201), ("money", "seats"), ("map", 200),
          ("booking", "pending"), ("booking", "expired"), ("booking", "confirmed")}
OPERATIONS_LEAST = 300


@pytest.fixture
def three(tmp_path):
    content, showtimes = tiny_showtimes(200)
    with cluster.whole(tmp_path, content, HOLD_SECONDS=str(HOLD_S), PAYMENT_SECONDS=str(HOLD_S),
                       MAX_HELD_SEATS="100") as made:
        made.showtimes = iter(showtimes)
        yield made


def kill_in_turn(three, tables, chance, failures):
    """Kills something now and then; lays out new showtimes when those that were are done."""
    kills, victims = 0, [*three.instances, three.redis, three.database]
    chance.shuffle(victims)
    end_s = time.monotonic() + SECONDS
    kill_at_s = time.monotonic() + chance.uniform(*PAUSE_S)
    while time.monotonic() < end_s and not failures:
        time.sleep(0.01)
        if not tables[-1].open_showtimes():
            tables.append(Table([next(three.showtimes) for _ in range(PLAYED_AT_ONCE)]))
        if time.monotonic() >= kill_at_s:
            victim = victims[kills % len(victims)]
            victim.kill()
            time.sleep(chance.uniform(0, 0.3))
            victim.start()
            kills += 1
            kill_at_s = time.monotonic() + chance.uniform(*PAUSE_S)
    return kills


def test_some_order_explains_what_clients_of_three_instances_saw(three, tmp_path, chance):
    history = History(tmp_path / "history.jsonl")
    tables = [Table([next(three.showtimes) for _ in range(PLAYED_AT_ONCE)])]
    stop, failures = threading.Event(), []
    threads = customers(three, history, tables, chance, stop, failures, Traveller)
    kills = kill_in_turn(three, tables, chance, failures)
    stop.set()
    for thread in threads:
        thread.join()
    history.close()
    if failures:
        raise failures[0]
    print(history.seen)
    judge(history, kills)
    assert kills >= len(three.instances) + 2
    assert NEEDED <= set(history.seen), NEEDED - set(history.seen)
    assert sum(history.seen.values()) >= OPERATIONS_LEAST
