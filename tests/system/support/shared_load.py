"""A load on several instances that keeps a ledger, faults in the middle of it, and an auditor.

A round is load, a fault, more load, and then peace: what had no answer is repeated at any
instance, and the ledger is held against what the API says of it (support/story.py).
"""

import collections
import re
import time
import types

from support import api, kill_loop, ledger, story, world

HOLD_SECONDS = 6  # Holds end while the rounds go on.
LAPSE_MS = 15000  # The promise is 7 s, guard included; a database may be away meanwhile.
TRIES = 150  # Of a request that is told to come again: 30 s.
BEFORE_S = (0.3, 0.7)
AFTER_S = 0.5
READY_WITHIN_S = 40
SETTLED_WITHIN_S = 30
COMPLAINTS_SHOWN = 5


def wait_until_ready(instances):
    limit_s = time.monotonic() + READY_WITHIN_S
    for usher in instances:
        while api.Client(usher.port).get("/health/ready").status != 200:
            assert time.monotonic() < limit_s, "an instance is not ready again"
            time.sleep(0.1)


class Shop:
    """The instances of a cluster, and customers who go to any of them."""

    def __init__(self, instances, folder, showtimes, chance):
        self.instances = instances
        self.showtimes = showtimes
        self.chance = chance
        self.story = story.Story(LAPSE_MS)
        self.load = kill_loop.Load(folder, instances[0], showtimes, chance.getrandbits(32), None,
                                   HOLD_SECONDS, TRIES)
        self.reader = ledger.Reader(self.load.ledger_path)
        self.rounds = self.unanswered = self.told_later = 0
        self.faults = collections.Counter()

    def ports(self):
        return [usher.port for usher in self.instances if usher.is_running()]

    def anybody(self):
        """An instance for who has to look; its secrets are those of all."""
        usher = self.chance.choice(self.instances)
        return types.SimpleNamespace(port=usher.port, jwt_secret=self.instances[0].jwt_secret)

    def round(self, fault, first, size):
        """Load on `size` showtimes; `fault()` breaks something, and has mended it when it
        returns."""
        began_s = time.monotonic()
        self.load.go(self.ports(), self.rounds, first, size)
        time.sleep(self.chance.uniform(*BEFORE_S))
        fault()
        self.faults[fault.__name__] += 1
        time.sleep(AFTER_S)
        self.load.halt()
        self.load.operations_until_broken()
        wait_until_ready(self.instances)
        self.unanswered += self.load.settle(self.anybody().port)
        self.told_later = self.load.told_later
        operations = self.reader.read()
        for operation in operations:
            self.story.take(operation)
        self.rounds += 1
        self.judge({operation["showtime"] for operation in operations}, False)
        print(f"{fault.__name__} under load on {size} showtimes: {len(operations)} operations in"
              f" {time.monotonic() - began_s:.1f} s")

    def judge(self, showtimes, everything):
        payments = {payment: booking.hold["user"] for showtime in showtimes
                    for booking in map(self.story.bookings.get, self.story.by_showtime[showtime])
                    for payment in booking.payments}
        told = world.settled(self.anybody(), sorted(showtimes), payments, everything)
        self.story.judge(told)
        complaints = self.story.complaints
        shown = "\n".join(complaints[:COMPLAINTS_SHOWN])
        assert not complaints, (f"{len(complaints)} complaints after {dict(self.faults)};"
                                f" ledger: {self.reader.path}\n{shown}")

    def audit(self):
        """`usher audit` finds nothing, and in the end nothing that is still to be written."""
        limit_s = time.monotonic() + SETTLED_WITHIN_S
        while True:
            said = self.chance.choice(self.instances).audit().stdout
            if re.search(r"^[1-9]\d* (?:to be written|paid and to be decided)", said, re.M) is None:
                break
            assert time.monotonic() < limit_s, said
            time.sleep(0.5)
        assert "every rule holds" in said, said

    def end(self):
        """Everything at rest, once more, and the documents themselves."""
        self.load.end()
        in_order = self.story.judge_order()
        owners = self.story.judge_owners(self.showtimes)
        self.judge(self.showtimes, True)
        self.audit()
        print(f"{dict(self.faults)}; {self.unanswered} requests lost their answer; {in_order}"
              f" answers in order, {owners} changes of owner, {self.story.late_payments()}"
              f" payments too late\n{dict(self.story.counts)}")
        return in_order, owners
