"""`usher audit` in shared mode: beside instances at work, after their end, after kill -9.

Each of its rules is broken once in tests/contract/test_mongo_audit.c; here it meets real instances,
and damage as an operator's hand would do it.
"""

import random
import re
import threading
import time

import pytest
from support import cluster, documents, process
from support.catalogue import price_of
from support.staff import sell

AUDITS_MIN = 3
DEEDS_MIN = 30
SETTLED_WITHIN_S = 20  # A sweep takes what is older than 5 s, every second.
SEED = random.SystemRandom().randrange(1 << 32)
ROWS = "BCDFGH"


@pytest.fixture(scope="module")
def launch_cluster(tmp_path_factory, database):
    made = []

    def launch_one(name, content, **settings):
        made.append(cluster.Cluster(tmp_path_factory.mktemp(name), database, content, **settings))
        return made[-1]

    yield launch_one
    for one in made:
        for usher in one.instances:
            usher.assert_well()
            if usher.process is not None:
                usher.release()


class Load:
    """Clients and staff of all instances, on one hot showtime and some others."""

    def __init__(self, instances, showtimes, seed):
        print(f"SEED={seed}")
        self.instances = instances
        self.showtimes = showtimes
        self.stopping = threading.Event()
        self.deeds = []
        self.faults = []
        self.threads = [threading.Thread(target=self._run, args=(number, seed + number))
                        for number in range(2 * len(instances.instances))]

    def _deed(self, api, user, draw):
        showtime = self.showtimes[0] if draw.random() < 0.6 else draw.choice(self.showtimes)
        seats = [f"{draw.choice(ROWS)}{draw.randint(1, 12)}"]
        customer, staff = api.customer(user), api.staff(f"staff-{user}")
        if draw.random() < 0.2:
            block = staff.block(showtime, seats)
            if block.status == 201 and draw.random() < 0.7:
                staff.release(showtime, block.json["block_id"])
            return "block" if block.status == 201 else None
        hold = customer.hold(showtime, seats)
        if hold.status != 201:
            return None
        booking, chance = hold.json["booking_id"], draw.random()
        if chance < 0.3:
            customer.cancel(booking)
        elif chance < 0.8:
            payment = customer.pay(booking, draw.choice(["momo", "card"]))
            if payment.status == 201:
                api.tell(payment.json, price_of(seats) - (draw.random() < 0.2))
                if draw.random() < 0.4:
                    staff.refund(payment.json["payment_id"])
        return "hold"

    def _run(self, number, seed):
        usher = self.instances[number % len(self.instances.instances)]
        draw = random.Random(seed)
        try:
            while not self.stopping.is_set():
                done = self._deed(usher.api, f"user-{number}-{draw.randrange(9)}", draw)
                if done:
                    self.deeds.append(done)
        except Exception as fault:  # A killed instance answers nobody.
            self.faults.append(fault)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def waiting(done):
    """How much the audit says to be waiting for instances."""
    found = re.findall(r"^(\d+) (?:to be written|paid and to be decided)", done.stdout, re.M)
    return sum(map(int, found))


def wait_until_settled(usher):
    until_s = time.monotonic() + SETTLED_WITHIN_S
    while waiting(usher.audit()) > 0:
        assert time.monotonic() < until_s, "what was decided is not written"
        time.sleep(0.5)


def one(identity):
    return {"_id": {"$oid": identity}}


def audit_of_damage(usher, found, payment):
    """Breaks an amount, for the time of one audit."""
    right = found.find("payments", one(payment))[0]["amount"]
    found.update("payments", one(payment), {"$set": {"amount": 5}})
    done = usher.run("audit")
    found.update("payments", one(payment), {"$set": {"amount": right}})
    return done


def test_the_audit_beside_three_instances_at_work_tells_what_is_broken_and_nothing_else(
        launch_cluster):
    content, showtimes = process.pool(4)
    instances = launch_cluster("busy", content)
    booking, payment = sell(instances[0].api, instances[0].api.customer("victim"), showtimes[0],
                            ["J1"])
    passed = []
    with documents.Documents(instances[0].settings["MONGO_URI"]) as found:
        with Load(instances, showtimes, SEED) as load:
            while len(passed) < AUDITS_MIN:
                passed.append(instances[0].audit())
            broken = audit_of_damage(instances[1], found, payment["payment_id"])
            passed.append(instances[2].audit())
    print(f"{len(load.deeds)} deeds, {len(passed)} audits, the last: {passed[-1].stdout}")
    print(broken.stdout)
    assert not load.faults, load.faults[:3]
    assert len(load.deeds) >= DEEDS_MIN and "block" in load.deeds
    assert any(waiting(done) for done in passed), "it was never beside anything unsettled"
    assert broken.returncode == 1
    assert broken.stdout.splitlines()[0] == (
        f"Showtime {showtimes[0]}: booking {booking}: payment {payment['payment_id']} asks for 5, "
        f"but its booking costs {price_of(['J1'])}")
    assert broken.stdout.splitlines()[-1] == "1 broken"
    for usher in instances.instances:
        assert usher.stop() == 0
    done = instances[0].audit()
    assert "every rule holds" in done.stdout
    bookings = int(re.search(r"(\d+) bookings", done.stdout).group(1))
    assert bookings > sum(deed == "hold" for deed in load.deeds)


@pytest.fixture(scope="module")
def killed(launch_cluster):
    """Instances with data of every kind that were killed at work; then one has settled what was
    left, and has ended."""
    content, (showtime, other, hot) = process.pool(3)
    instances = launch_cluster("killed", content)
    usher = instances[0]
    customer, staff = usher.api.customer("me"), usher.api.staff("staff-me")
    bought, payment = sell(usher.api, customer, showtime, ["C1", "C2"])
    held = customer.held(showtime, ["D1"])
    customer.cancel(customer.held(showtime, ["D2"])).expect(200)
    _, gone = sell(usher.api, customer, other, ["C1"])
    staff.refund(gone["payment_id"]).expect(202)
    staff.block(showtime, ["H1"]).expect(201)
    with Load(instances, [hot, other], SEED + 100) as load:
        until_s = time.monotonic() + 30
        while len(load.deeds) < DEEDS_MIN and time.monotonic() < until_s:
            time.sleep(0.05)
        for one_of_them in instances.instances:
            one_of_them.kill()
    assert len(load.deeds) >= DEEDS_MIN
    after_kill = usher.run("audit")
    usher.start()
    wait_until_settled(usher)
    assert usher.stop() == 0
    names = {"showtime": showtime, "other": other, "bought": bought, "held": held,
             "payment": payment["payment_id"], "refunded": gone["payment_id"]}
    with documents.Documents(usher.settings["MONGO_URI"]) as found:
        found.keep()
        yield usher, found, names, after_kill


def test_what_kill_9_leaves_breaks_no_rule_and_the_next_instance_settles_it(killed):
    usher, found, _, after_kill = killed
    print(after_kill.stdout)
    assert after_kill.returncode == 0
    assert waiting(after_kill) > 0, "the kill left nothing behind: it proves nothing"
    before = found.dump()
    done = usher.audit()
    assert waiting(done) == 0 and "every rule holds" in done.stdout
    assert found.dump() == before, "an audit only reads"


DAMAGE = {
    "two bookings of one seat":
        ("update", "bookings", "held", {"$set": {"seats.0.seat_id": "C1"}},
         "Showtime {showtime}: booking {held} does not have its seat C1: booking {bought} has"),
    "free seats counted wrong":
        ("update", "showtimes", "showtime", {"$inc": {"available_seats": 1}},
         "Showtime {showtime} says 115 free seats, but 114 are"),
    "money kept for a cancelled booking":
        ("update", "payments", "refunded", {"$set": {"status": "completed"}},
         "payment {refunded} is kept, but bought nothing: its booking is cancelled"),
    "paid money of no booking":
        ("update", "payments", "payment", {"$set": {"status": "succeeded", "booking_id": {
            "$oid": "f" * 24}}},
         f"Payment {{payment}} is paid for booking {'f' * 24}, which does not exist"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_the_audit_tells_what_was_broken_by_hand(killed, name):
    usher, found, names, _ = killed
    call, collection, target, change, sentence = DAMAGE[name]
    arguments = (change,) if change is not None else ()
    getattr(found, call)(collection, one(names[target]), *arguments)
    done = usher.run("audit")
    found.restore()
    print(done.stdout)
    assert done.returncode == 1
    assert sentence.format(**names) in done.stdout
    assert re.fullmatch(r"\d+ broken", done.stdout.splitlines()[-1])


def test_the_audit_finds_nothing_once_all_is_put_back(killed):
    assert "every rule holds" in killed[0].audit().stdout


def test_a_database_that_does_not_answer_is_told(tmp_path):
    away = cluster.Database(tmp_path)
    if away.given:
        pytest.skip("a given database is not ours to keep away")
    done = process.run("audit", environment={"MONGO_URI": away.uri(), "JWT_SECRET": "x9" * 32})
    assert done.returncode == 2
    assert done.stderr.startswith("usher audit: MONGO_URI: ")
    assert done.stdout == ""


def test_the_audit_says_what_it_does(tmp_path):
    done = process.run("audit", "--help")
    assert done.returncode == 0
    assert "It only reads" in done.stdout and "MONGO_URI" in done.stdout
