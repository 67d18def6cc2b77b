"""kill -9 at any moment, again and again: what was answered is there, what was not is definite.

A client process keeps a ledger of all that it asked and heard: customers, staff, gateways and
listeners of seat maps. After each kill the server is started anew, sometimes killed while it
starts; every request without an answer is repeated and must get one definite outcome; then
bookings, payments, blocks, prices and seat maps must be those of the ledger (support/story.py,
proved by test_story.py). Backups run meanwhile, are restored, and pass the audit.

`--seconds S` goes on for so long, with a new store after every 150 kills; USHER_SEED runs the
same choices again. The ledger of a run is named when it fails.
"""

import shutil
import time

import pytest
from support import api as calls
from support import kill_loop, process

KILLS = 150
NEW_STORES_LEAST, NEW_STORES_MAX = 20, 100  # Until kills have met the moments that count.
STARTS_LEAST, STARTS_MAX = 15, 100
# At least so many answers of each kind.
LEAST_ANSWERS = {
    ("hold", 201): 500, ("hold", 409): 100, ("cancel", 200): 100, ("pay", 201): 100,
    ("confirm", 200): 100, ("webhook", 200): 200, ("failure", 200): 20, ("refund", 202): 20,
    ("refund_done", 200): 10, ("price", 200): 30, ("block", 201): 20, ("release", 200): 10,
    ("cancel_showtime", 202): 3, ("heard", 200): 300,
}


def test_nothing_answered_is_lost_and_everything_unanswered_is_definite(
        launch, tmp_path, chance, pytestconfig):
    tally, began_s, epoch = kill_loop.Tally(), time.monotonic(), 0
    seconds = pytestconfig.getoption("seconds")
    while epoch == 0 or time.monotonic() - began_s < seconds:
        folder = kill_loop.run(launch, chance, KILLS, tally, f"epoch-{epoch}")
        print(f"epoch {epoch}: {tally}")
        epoch += 1
        if time.monotonic() - began_s < seconds:
            shutil.rmtree(folder)  # Hours of them would fill the disk.
    assert tally.kills_at_start >= 20 and tally.kills_at_backup >= 5
    assert tally.unanswered >= KILLS // 3, "the kills must hit requests that are under way"
    assert tally.in_order > 1000 and tally.owners > 100 and tally.late > 10
    lacking = {kind: tally.counts[kind] for kind, least in LEAST_ANSWERS.items()
               if tally.counts[kind] < least}
    assert not lacking, "the load must be a load"
    assert {"pending", "confirmed", "cancelled", "expired"} <= set(tally.states)


@pytest.mark.sanitize
def test_a_few_kills_lose_nothing(launch, chance):
    tally = kill_loop.Tally()
    kill_loop.run(launch, chance, 5, tally)
    print(tally)


def test_a_kill_while_the_tables_are_made_or_filled_does_no_harm(launch, chance):
    """The first start and the upgrade of a file are one code: a version is there whole or not."""
    content, showtimes = process.pool(50)
    starts = seeds = number = 0  # That were interrupted; of the starts, with a file that was begun.
    whole = launch(name="whole")
    while number < NEW_STORES_LEAST or (min(starts, seeds) < 3 and number < NEW_STORES_MAX):
        server = launch(name=f"new-{number}", start=False)
        number += 1
        path = content.write(server.folder / "catalogue.json")
        for _ in range(2):
            early = kill_loop.kill_within(chance, server.settings, "serve",
                                          within_s=whole.ready_after_s)
            starts += early and (server.data / "usher.db").exists()
            seeds += kill_loop.kill_within(chance, server.settings, "seed", path,
                                           within_s=whole.ready_after_s)
        server.seed(content)
        server.audit()
    server.start()
    server.api.customer().held(showtimes[49], ["C3"])
    print(f"of {2 * number} each: {starts} starts and {seeds} seeds were interrupted")
    assert starts >= 3 and seeds >= 3


def test_a_kill_while_starting_does_no_harm(launch, chance):
    """Recovery may itself be interrupted, at any moment."""
    content, (showtime,) = process.pool(1)
    server = launch(content)
    customer = server.api.customer("me")
    for col in range(1, 11):
        customer.held(showtime, [f"C{col}"])
    booked = customer.held(showtime, ["D1"])
    server.api.tell(customer.paying(booked), 100000).expect(200)
    server.kill()
    kills = tries = 0
    while tries < STARTS_LEAST or (kills < 3 and tries < STARTS_MAX):
        tries += 1
        kills += kill_loop.kill_within(chance, server.settings, "serve",
                                       within_s=server.ready_after_s)
    print(f"{kills} of {tries} starts were interrupted")
    assert kills >= 3
    server.start()
    taken = {**{f"C{col}": "held" for col in range(1, 11)}, "D1": "booked"}
    assert server.api.statuses(showtime) == taken
    server.audit()
    again = calls.Customer(server.port, "me", server.api.token("me"))
    assert len(again.bookings().json["items"]) == 11
