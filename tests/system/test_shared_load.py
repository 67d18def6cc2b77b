"""Kills, stops and broken networks under load: nothing answered is lost, nothing is sold twice.

Instances, Redis and the database are killed; each instance's ways to both fail (support/toxics.py).

Customers, staff, gateways and listeners of seat maps go to three instances at once, keep a ledger
of all that they asked and heard, and repeat at another instance what had no answer. After each
fault the ledger is held against what the instances say (support/story.py, proved by
test_story.py), and in the end `usher audit` proves the documents.

USHER_SEED runs the same choices again.
"""

import signal
import time

import pytest
from support import process, shared_load, toxics
from support.toxics import Proxy

MANY = 6  # Showtimes that are visited at one time.
HOT = 13  # From here on a showtime has all the load for itself.
SHOWTIMES = 17
ANSWERS_LEAST = {("hold", 201): 100, ("hold", 409): 50, ("cancel", 200): 20, ("pay", 201): 20,
                 ("webhook", 200): 50, ("refund", 202): 5, ("price", 200): 5, ("block", 201): 3,
                 ("heard", 200): 100}
FAULTS = ("kill_an_instance", "kill_redis", "kill_the_database", "restart_an_instance",
          "slow_the_database", "reset_connections", "silence_redis", "half_open")
HOT_FAULTS = ("stop_an_instance", "kill_an_instance", "kill_the_database", "forget_all_locks",
              "refuse_connections", "lose_answers")
STOPPED_S = 5.5  # A lock lasts 5 s.
AWAY_S = 1.5
POISONED_S = 1.0
UNKNOWN_S = 5.0  # Longer than anybody waits: outcomes stay unknown.


class Breaker:
    """What breaks, and is mended."""

    def __init__(self, made, chance):
        self.made = made
        self.database = made.database
        self.redis = made.redis
        self.instances = made.instances
        self.chance = chance

    def kill_an_instance(self):
        usher = self.chance.choice(self.instances)
        usher.kill()
        time.sleep(self.chance.uniform(0, 0.5))
        usher.start()

    def restart_an_instance(self):
        """As when a new version comes."""
        usher = self.chance.choice(self.instances)
        assert usher.stop() == 0
        usher.start()

    def kill_redis(self):
        self.redis.kill()
        time.sleep(self.chance.uniform(0, AWAY_S))
        self.redis.start()

    def kill_the_database(self):
        self.database.kill()
        time.sleep(self.chance.uniform(0, AWAY_S))
        self.database.start()

    def forget_all_locks(self):
        for _ in range(20):
            assert self.redis.say("FLUSHALL") == "+OK\r\n"
            time.sleep(0.05)

    def stop_an_instance(self):
        """For longer than its locks last; then it goes on as if nothing had happened."""
        usher = self.chance.choice(self.instances)
        process.stand_still(usher.process)
        time.sleep(STOPPED_S)
        usher.process.send_signal(signal.SIGCONT)

    def _poison(self, proxies, fault, *arguments, lasts_s=POISONED_S):
        with self.chance.choice(proxies).being(fault, *arguments):
            time.sleep(lasts_s)

    def lose_answers(self):
        self._poison(self.made.to_mongo, Proxy.lose_answers, lasts_s=UNKNOWN_S)

    def half_open(self):
        self._poison(self.made.to_mongo, Proxy.lose_all)

    def slow_the_database(self):
        self._poison(self.made.to_mongo, Proxy.delay, 60, 50)

    def reset_connections(self):
        self._poison(self.made.to_mongo, Proxy.reset)

    def refuse_connections(self):
        self._poison(self.made.to_mongo, Proxy.cut)

    def silence_redis(self):
        self._poison(self.made.to_redis, Proxy.lose_answers)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Database, Redis and three instances, with showtimes for each test."""
    content, showtimes = process.pool(SHOWTIMES)
    with toxics.cluster_behind_proxies(
            tmp_path_factory.mktemp("parts"), content, MAX_HELD_SEATS="100000",
            HOLD_SECONDS=str(shared_load.HOLD_SECONDS)) as made:
        made.showtimes = showtimes
        yield made


def test_whatever_breaks_nothing_answered_is_lost(three, tmp_path, chance):
    breaker = Breaker(three, chance)
    shop = shared_load.Shop(three.instances, tmp_path, three.showtimes, chance)
    for number, name in enumerate(chance.sample(FAULTS, len(FAULTS))):
        shop.round(getattr(breaker, name), number, MANY)
    for number, name in enumerate(chance.sample(HOT_FAULTS, len(HOT_FAULTS))):
        shop.round(getattr(breaker, name), HOT + number // 2, 1)
    in_order, owners = shop.end()
    lacking = {answer: shop.story.counts[answer] for answer, least in ANSWERS_LEAST.items()
               if shop.story.counts[answer] < least}
    assert not lacking, "the load must be a load"
    assert in_order > 500 and owners > 20
    assert shop.unanswered > 0, "requests must have been under way when an instance was killed"
    assert shop.told_later > 0, "some outcomes must have been unknown for a while"
