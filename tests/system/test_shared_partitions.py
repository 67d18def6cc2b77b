"""Networks that fail between an instance, its database and Redis: answers are lost, late or cut.

Each instance has ways of its own to MongoDB and Redis (support/toxics.py). What a client was not
told he hears later under the same key, from any instance, and it is the same everywhere.
"""

import threading
import time

import pymongo
import pytest
from support import api as calls
from support import process, toxics
from support.toxics import Proxy

SHOWTIMES = 10
BLOCKED_MS = 1500
INTO_IT_S = 0.4  # The command is with the database, and has not been answered.
ANSWERED_WITHIN_S = 12  # The promise is 5 s; the machine may be busy.
BACK_WITHIN_S = 30
AMOUNT = 100000  # One standard seat.


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    """Three instances behind networks of their own."""
    content, showtimes = process.pool(SHOWTIMES)
    with toxics.cluster_behind_proxies(tmp_path_factory.mktemp("net"), content) as made:
        made.showtimes = iter(showtimes)
        made.client = pymongo.MongoClient(made.uri, directConnection=True)
        yield made


@pytest.fixture
def showtime(net):
    return next(net.showtimes)


def hold_before(net, customer):
    """So that the connections stand; all that follows such a hold has been written."""
    customer.held(next(net.showtimes), ["C3"])
    keys = net.client.get_default_database().idempotencykeys
    until(lambda: keys.find_one({"user_id": customer.user}), "its key is not written")


def block(net, command):
    """The next such command is carried out so much later."""
    net.client.admin.command("configureFailPoint", "failCommand", mode={"times": 1},
                             data={"failCommands": [command], "blockConnection": True,
                                   "blockTimeMS": BLOCKED_MS})


class Asked(threading.Thread):
    """A hold under way."""

    def __init__(self, customer, showtime, seats, key):
        super().__init__()
        self.ask = lambda: customer.hold(showtime, seats, key)
        self.answer = None
        self.start()

    def run(self):
        self.answer = self.ask()

    def heard(self):
        self.join(ANSWERED_WITHIN_S)
        assert not self.is_alive(), "it is not answered"
        return self.answer


def until(what, why):
    limit_s = time.monotonic() + BACK_WITHIN_S
    while not what():
        assert time.monotonic() < limit_s, why
        time.sleep(0.1)


def until_ready(usher):
    until(lambda: calls.Client(usher.port).get("/health/ready").status == 200, "it is not ready")


def definite(customer, showtime, seats, key):
    """The answer under the same key, once there is one."""
    answers = []

    def is_definite():
        answers.append(customer.hold(showtime, seats, key))
        return answers[-1].status != 503

    until(is_definite, "it stays unknown")
    return answers[-1]


def test_a_commit_whose_answer_is_lost_is_told_under_its_key(net, showtime):
    here, there, _ = net.customers("lost-answer")
    key = calls.new_key()
    hold_before(net, here)
    block(net, "update")
    asked = Asked(here, showtime, ["C3"], key)
    time.sleep(INTO_IT_S)
    with net.to_mongo[0].being(Proxy.lose_answers):
        until(lambda: net[1].api.statuses(showtime) == {"C3": "held"}, "it was not carried out")
        asked.heard().expect(503, "OUTCOME_UNKNOWN")
        told = there.hold(showtime, ["C3"], key).expect(201)
        assert told.header("idempotent-replayed") == "true"
    again = definite(here, showtime, ["C3"], key).expect(201)
    assert again.json == told.json
    assert len(there.bookings().expect(200).json["items"]) == 2


def test_a_commit_that_never_arrived_is_lost_to_who_came_first(net, showtime):
    here, there, _ = net.customers("lost-request")
    rival = net[1].api.customer("rival")
    key = calls.new_key()
    hold_before(net, here)
    block(net, "insert")
    asked = Asked(here, showtime, ["C3"], key)
    time.sleep(INTO_IT_S)
    with net.to_mongo[0].being(Proxy.lose_requests):
        answer = asked.heard()
        assert answer.status == 503, answer
        assert answer.code == "OUTCOME_UNKNOWN"
        owner = rival.held(showtime, ["C3"])
    definite(here, showtime, ["C3"], key).expect(409, "SEAT_HELD_BY_ANOTHER")
    there.hold(showtime, ["C3"], key).expect(409, "SEAT_HELD_BY_ANOTHER")
    assert rival.booking(owner).expect(200).json["status"] == "pending"


def test_a_commit_that_comes_late_does_not_overwrite_who_came_first(net, showtime):
    here, _, _ = net.customers("late-request")
    rival = net[1].api.customer("rival")
    hold_before(net, here)
    block(net, "insert")
    asked = Asked(here, showtime, ["C3", "C4"], calls.new_key())
    time.sleep(INTO_IT_S)
    with net.to_mongo[0].being(Proxy.delay_requests, 1500):
        owner = rival.held(showtime, ["C3"])
        answer = asked.heard()
    assert (answer.status, answer.code) in [(409, "SEAT_HELD_BY_ANOTHER"), (503, "OUTCOME_UNKNOWN")]
    until_ready(net[0])
    assert rival.booking(owner).expect(200).json["status"] == "pending"
    for usher in net.instances:
        assert usher.api.statuses(showtime) == {"C3": "held"}


def test_an_instance_that_is_cut_off_says_so_and_comes_back_by_itself(net, showtime):
    here, there, _ = net.customers("islander")
    booking = here.held(showtime, ["C3"])
    net[0].api.tell(here.paying(booking), AMOUNT).expect(200)
    with net.to_mongo[0].being(Proxy.lose_all):
        until(lambda: calls.Client(net[0].port).get("/health/ready").status == 503,
              "it says that it is ready")
        began_s = time.monotonic()
        for answer in (here.booking(booking), here.hold(showtime, ["C4"])):
            assert answer.status == 503, answer
        assert time.monotonic() - began_s < 3 * ANSWERED_WITHIN_S
        there.held(showtime, ["C5"])
    until_ready(net[0])
    assert here.booking(booking).expect(200).json["status"] == "confirmed"
    assert net[0].api.statuses(showtime)["C5"] == "held"
