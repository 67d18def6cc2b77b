"""Answers of the database that say no, or nothing for sure, and locks that are lost or missing.

The database's fail points make each class of failure; Redis is planted, emptied, hung up on and
silenced. Two instances: the first one needs no lock, the second has LOCK=required. Only the first
one meets the fail points, so that the second can say what is so.
"""

import signal
import threading
import time

import pymongo
import pytest
from support import api as calls
from support import cluster, process, toxics
from support.toxics import Proxy

SHOWTIMES = 60
ANSWERED_WITHIN_S = 15  # The promise is 5 s; the machine may be busy.
BACK_WITHIN_S = 30  # A breaker tries again after 10 s at the latest.
LOCK_S = 5
BLOCKED_MS = 1500
APP = "usher-faulty"
AWAY = 5  # Holds in a row while Redis is away.


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    content, showtimes = process.pool(SHOWTIMES)
    proxies = []

    def own(number, made):
        proxies.append(toxiproxy.proxy(f"redis-{number}", made.redis.port))
        return {"MONGO_URI": f"{made.uri}?appName={APP}" if number == 0 else made.uri,
                "LOCK": "best-effort" if number == 0 else "required",
                "REDIS_URL": f"redis://127.0.0.1:{proxies[number].port}"}

    toxiproxy = toxics.Toxiproxy(folder)
    try:
        with cluster.whole(folder, content, count=2, own=own, MAX_HELD_SEATS="1000") as made:
            made.to_redis, made.showtimes = proxies, iter(showtimes)
            made.admin = pymongo.MongoClient(made.uri, directConnection=True).admin
            yield made
    finally:
        toxiproxy.stop()


@pytest.fixture
def showtime(pair):
    return next(pair.showtimes)


class FailPoint:
    """The first instance's next commands of a kind fail, until the block ends."""

    def __init__(self, pair, times, commands, **failure):
        self.admin = pair.admin
        self.mode = {"times": times} if times else "alwaysOn"
        self.data = {"failCommands": commands, "appName": APP, **failure}

    def __enter__(self):
        self.admin.command("configureFailPoint", "failCommand", mode=self.mode, data=self.data)

    def __exit__(self, *error):
        self.admin.command("configureFailPoint", "failCommand", mode="off")


def until(what, why, within_s=BACK_WITHIN_S):
    limit_s = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < limit_s, why
        time.sleep(0.05)


class Later(threading.Thread):
    """A call under way."""

    def __init__(self, call):
        super().__init__()
        self.call = call
        self.answer = None
        self.start()

    def run(self):
        self.answer = self.call()

    def heard(self):
        self.join(ANSWERED_WITHIN_S)
        assert not self.is_alive(), "it is not answered"
        return self.answer


def lock_of(showtime):
    return f"lock:booking:showtime:{showtime}"


# --- What the database answers. ---

# What was carried out or not, and is known after another try: the class, how often, the failure.
# After the first two the driver looks for a primary for two seconds.
PASSING = [
    ("not_executed", 1, {"errorCode": 10107}), ("unknown", 1, {"errorCode": 91}),
    ("unknown", 3, {"closeConnection": True}),
    ("applied", 3, {"writeConcernError": {"code": 64, "errmsg": "waiting for replication"}}),
]


def commits_failed(pair, offset):
    """How, since so many failures ago."""
    return {line["class"] for line in pair[0].events("mongo_failed")[offset:]
            if line["what"] == "commit"}


@pytest.mark.parametrize("kind, times, failure", PASSING, ids=["primary", "shutdown", "closed", "slow"])
def test_a_commit_whose_failure_passes_is_made_once(pair, showtime, kind, times, failure):
    here, there = pair.customers(f"passing-{showtime}")
    here.get(f"/api/showtimes/{showtime}/seats").expect(200)
    version, offset = pair[1].api.seats(showtime)["version"], len(pair[0].events("mongo_failed"))
    key = calls.new_key()
    with FailPoint(pair, times, ["update"], **failure):
        hold = here.hold(showtime, ["C3"], key).expect(201)
    assert commits_failed(pair, offset) == {kind}
    assert there.hold(showtime, ["C3"], key).expect(201).json == hold.json
    assert pair[1].api.statuses(showtime) == {"C3": "held"}
    assert hold.version == version + 1


@pytest.mark.parametrize("commands, failure, status, code", [
    (["insert"], {"closeConnection": True}, 503, "STORE_UNAVAILABLE"),
    (["insert"], {"errorCode": 11600}, 503, "STORE_UNAVAILABLE"),
    (["update"], {"errorCode": 13}, 503, "STORE_UNAVAILABLE"),
    (["update"], {"errorCode": 2}, 500, "INTERNAL_ERROR"),
], ids=["insert-closed", "insert-interrupted", "not-allowed", "invalid"])
def test_what_was_refused_has_changed_nothing_and_may_be_asked_again(
        pair, showtime, commands, failure, status, code):
    here, there = pair.customers(f"refused-{showtime}")
    key = calls.new_key()
    with FailPoint(pair, None, commands, **failure):
        here.hold(showtime, ["C3"], key).expect(status, code)
    assert pair[1].api.statuses(showtime) == {}
    here.held(next(pair.showtimes), ["C3"])  # Others are served.
    hold = there.hold(showtime, ["C3"], key).expect(201)
    assert here.hold(showtime, ["C3"], key).expect(201).json == hold.json


def test_a_commit_that_is_not_replicated_is_unknown_and_becomes_definite(pair, showtime):
    """As that of an old primary that is cut off from the others."""
    here, there = pair.customers("isolated")
    key = calls.new_key()
    with FailPoint(pair, None, ["update"], writeConcernError={"code": 64, "errmsg": "alone"}):
        answer = here.hold(showtime, ["C3"], key).expect(503, "OUTCOME_UNKNOWN")
        assert answer.header("retry-after") is not None
        assert pair[1].api.statuses(showtime) == {"C3": "held"}
    told = there.hold(showtime, ["C3"], key).expect(201)
    assert here.hold(showtime, ["C3"], key).expect(201).json == told.json
    assert pair[0].api.statuses(showtime) == {"C3": "held"}


def test_a_commit_that_was_not_known_and_was_overtaken_is_lost(pair, showtime):
    here, there = pair.customers("overtaken")
    here.get(f"/api/showtimes/{showtime}/seats").expect(200)
    offset = len(pair[0].events("mongo_failed"))
    with FailPoint(pair, None, ["update"], closeConnection=True):
        asked = Later(lambda: here.hold(showtime, ["C3", "C4"]))
        until(lambda: "unknown" in commits_failed(pair, offset), "it is not tried")
        pair.redis.say("DEL", lock_of(showtime))
        there.held(showtime, ["C3"])
    asked.heard().expect(409, "SEAT_HELD_BY_ANOTHER")
    assert pair[0].api.statuses(showtime) == {"C3": "held"}


def test_a_database_that_is_slow_is_waited_for(pair, showtime):
    here, _ = pair.customers("patient")
    with FailPoint(pair, 1, ["update"], blockConnection=True, blockTimeMS=BLOCKED_MS):
        here.held(showtime, ["C3"])
    assert pair[1].api.statuses(showtime) == {"C3": "held"}


def test_money_whose_commit_stays_unknown_is_decided_once(pair, showtime):
    here, there = pair.customers("payer")
    hold = here.hold(showtime, ["C3"]).expect(201).json
    payment = here.paying(hold["booking_id"])
    with FailPoint(pair, None, ["update"], closeConnection=True):
        answer = pair[0].api.tell(payment, hold["final_amount"])
        assert answer.status == 503, answer
    for usher in (pair[1], pair[0], pair[1]):
        usher.api.tell(payment, hold["final_amount"]).expect(200)
    body = there.booking(hold["booking_id"]).expect(200).json
    assert (body["status"], body["payment_id"]) == ("confirmed", payment["payment_id"])
    data = there.payment(payment["payment_id"]).expect(200).json["data"]
    assert data["status"] == "completed" and "refund" not in data


# --- What becomes of locks. ---

def test_a_lock_that_nobody_gives_back_costs_only_who_requires_it(pair, showtime):
    """As that of a dead instance, or of one whose Redis has a clock that stands still."""
    here, there = pair.customers("late")
    pair.redis.say("SET", lock_of(showtime), "somebody", "PX", "60000")
    here.held(showtime, ["C3"])
    there.hold(showtime, ["C4"]).expect(409, "BOOKING_LOCK_FAILED")
    assert pair.redis.say("GET", lock_of(showtime)) == "$8\r\nsomebody\r\n"
    pair.redis.say("DEL", lock_of(showtime))
    there.held(showtime, ["C4"])
    until(lambda: pair.redis.say("EXISTS", lock_of(showtime)) == ":0\r\n", "it is not given back")


def test_a_lock_that_is_lost_in_the_turn_is_not_missed(pair, showtime):
    here, there = pair.customers("forgotten")
    with FailPoint(pair, 1, ["insert"], blockConnection=True, blockTimeMS=BLOCKED_MS):
        asked = Later(lambda: here.hold(showtime, ["C3"]))
        until(lambda: pair.redis.say("EXISTS", lock_of(showtime)) == ":1\r\n", "nobody has it")
        pair.redis.say("FLUSHALL")
        there.held(showtime, ["C3"])
        asked.heard().expect(409, "SEAT_HELD_BY_ANOTHER")
    assert pair[0].api.statuses(showtime) == {"C3": "held"}


def test_who_stood_still_longer_than_his_lock_lasts_finds_the_seat_taken(pair, showtime):
    here, there = pair.customers("sleeper")
    with FailPoint(pair, 1, ["insert"], blockConnection=True, blockTimeMS=BLOCKED_MS):
        asked = Later(lambda: here.hold(showtime, ["C3"]))
        until(lambda: pair.redis.say("EXISTS", lock_of(showtime)) == ":1\r\n", "nobody has it")
        process.stand_still(pair[0].process)
    try:
        until(lambda: pair.redis.say("EXISTS", lock_of(showtime)) == ":0\r\n", "it lasts",
              LOCK_S + 5)
        there.held(showtime, ["C3"])
        until(lambda: pair.redis.say("EXISTS", lock_of(showtime)) == ":0\r\n", "it stays")
        pair.redis.say("SET", lock_of(showtime), "somebody", "PX", "60000")
    finally:
        pair[0].process.send_signal(signal.SIGCONT)
    answer = asked.heard()
    assert (answer.status, answer.code) in [(409, "SEAT_HELD_BY_ANOTHER"), (503, "OUTCOME_UNKNOWN")]
    here.held(showtime, ["C4"])  # The turn that stood still is over now.
    assert pair.redis.say("GET", lock_of(showtime)) == "$8\r\nsomebody\r\n", "it was not his"
    pair.redis.say("DEL", lock_of(showtime))
    assert pair[0].api.statuses(showtime) == {"C3": "held", "C4": "held"}
    assert len(here.bookings().expect(200).json["items"]) == 2, "C3 is that of the other instance"


def test_who_dies_with_a_lock_keeps_nobody_for_long(pair, showtime):
    here, there = pair.customers("mortal")
    key = calls.new_key()

    def ask():
        try:
            return here.hold(showtime, ["C3"], key)
        except OSError:
            return None

    with FailPoint(pair, 1, ["update"], blockConnection=True, blockTimeMS=BLOCKED_MS):
        asked = Later(ask)
        until(lambda: pair.redis.say("EXISTS", lock_of(showtime)) == ":1\r\n", "nobody has it")
        pair[0].kill()
        assert asked.heard() is None
        until(lambda: there.hold(showtime, ["C4"]).status == 201, "the lock does not end")
    pair[0].start()
    told = there.hold(showtime, ["C3"], key).expect(201)
    back = pair[0].api.customer("mortal")
    assert back.hold(showtime, ["C3"], key).expect(201).json == told.json


@pytest.mark.parametrize("fault", [Proxy.lose_answers, Proxy.cut, Proxy.delay],
                         ids=["hangs", "refuses", "slow"])
def test_without_redis_bookings_go_on_and_it_comes_back_by_itself(pair, fault):
    here, there = pair.customers("lockless")
    away, back = len(pair[0].events("redis_away")), len(pair[0].events("redis_back"))
    arguments = (400,) if fault is Proxy.delay else ()  # A command is waited for for 100 ms.
    fault(pair.to_redis[0], *arguments)
    fault(pair.to_redis[1], *arguments)
    try:
        for _ in range(AWAY):
            here.held(next(pair.showtimes), ["C3"])
            there.hold(next(pair.showtimes), ["C3"]).expect(409, "BOOKING_LOCK_FAILED")
        pair[0].api.public.get("/health/ready").expect(200)
        told = len(pair[0].events("redis_away")) - away
        assert 1 <= told <= 3, "once for each connection"
    finally:
        pair.to_redis[0].mend()
        pair.to_redis[1].mend()
    showtime = next(pair.showtimes)
    until(lambda: there.hold(showtime, ["C3"]).status == 201, "the breaker stays open")

    def is_back():
        here.cancel(here.held(showtime, ["C4"])).expect(200)  # A turn that writes asks for a lock.
        return len(pair[0].events("redis_back")) > back

    until(is_back, "the breaker stays open")
