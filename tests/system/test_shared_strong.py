"""What is read with `consistency=strong` over a replica set is proved by its majority, or not told."""

import collections
import json
import os
import subprocess
import time

import pytest
from support import cluster, process

ANSWERED_WITHIN_S = 6  # 5 are promised; a busy machine is late.
STRONG_MS = 600  # What a strong read may take; a turn that loads a showtime has longer.
AMOUNT = 100000  # One standard seat.
PYTHON = process.REPOSITORY / "build" / "mongo-venv" / "bin" / "python"
STRONG = "?consistency=strong"


class Overheard:
    """The proxy of tests/support/overheard before a database."""

    def __init__(self, folder, uri):
        self.flag = folder / "cut-off"
        self.lines_path = folder / "finds"
        with open(self.lines_path, "w") as lines:
            self.process = subprocess.Popen(
                [str(PYTHON), str(process.REPOSITORY / "tests" / "support" / "overheard"),
                 str(self.flag)], stdin=subprocess.DEVNULL, stdout=lines,
                env={**os.environ, "MONGO_URI": uri})
        until_s = time.monotonic() + 30
        while not self.lines():
            assert time.monotonic() < until_s, "the proxy does not start"
            time.sleep(0.02)
        self.port = int(self.lines()[0])

    def lines(self):
        return [line for line in self.lines_path.read_text().split("\n")[:-1] if line]

    def strongly_read(self):
        """How many linearizable reads of each collection there were, without those of turns."""
        finds = [json.loads(line) for line in self.lines()[1:]]
        assert {find["level"] for find in finds} <= {"majority", "linearizable"}
        assert len(finds) > 10, "nothing is heard"
        return collections.Counter(find["of"] for find in finds
                                   if find["level"] == "linearizable" and find["ms"] == STRONG_MS)

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def overheard(tmp_path_factory):
    folder = tmp_path_factory.mktemp("replica-set")
    database = cluster.Database(folder, replica_set=True).start()
    proxy = None
    try:
        proxy = Overheard(folder, database.uri())
        yield proxy
    finally:
        if proxy is not None:
            proxy.stop()
        database.stop()


@pytest.fixture(scope="module")
def usher(overheard, launch_for_module):
    """An instance that speaks through the proxy, with a showtime for each test."""
    content, showtimes = process.pool(2)
    uri = f"mongodb://127.0.0.1:{overheard.port}/strong"
    server = launch_for_module(content, MONGO_URI=uri, USHER_WRITERS="1", USHER_LOOPS="1",
                               USHER_READERS="4")
    server.showtimes = iter(showtimes)
    return server


def sold(usher):
    """A booking that is paid: its customer, and the paths by which it is read."""
    showtime = next(usher.showtimes)
    customer = usher.api.customer()
    booking = customer.held(showtime, ["C3"])
    confirm = customer.confirm(booking).expect(200).json
    usher.api.tell(confirm, AMOUNT).expect(200)
    payment = customer.booking(booking).expect(200).json["payment_id"]
    return customer, {"seats": f"/api/showtimes/{showtime}/seats",
                      "booking": f"/api/bookings/{booking}",
                      "payment": f"/api/payments/{payment}",
                      "alias": f"/api/payments/{confirm['payment_id']}"}


def test_a_strong_read_is_linearizable_and_another_is_not(usher, overheard):
    customer, paths = sold(usher)
    for path in paths.values():
        customer.get(path).expect(200)
    assert not overheard.strongly_read(), "nobody asked for it"
    reads = {"seats": {"showtimes": 1},
             "booking": {"showtimes": 1, "bookings": 2},
             "payment": {"showtimes": 1, "bookings": 2, "payments": 2},
             "alias": {"showtimes": 1, "bookings": 2, "payments": 3}}
    for name, path in paths.items():
        plain = customer.get(path).expect(200)
        before = overheard.strongly_read()
        strong = customer.get(path + STRONG).expect(200)
        assert dict(overheard.strongly_read() - before) == reads[name], name
        assert strong.json == plain.json and strong.version >= plain.version


def test_what_the_majority_cannot_prove_is_not_told(usher, overheard):
    customer, paths = sold(usher)
    overheard.flag.touch()
    try:
        for path in paths.values():
            began_s = time.monotonic()
            refused = customer.get(path + STRONG).expect(503, "STORE_UNAVAILABLE")
            assert time.monotonic() - began_s < ANSWERED_WITHIN_S
            assert int(refused.header("retry-after")) >= 1
            customer.get(path).expect(200)
        customer.get("/health/ready").expect(200)
    finally:
        overheard.flag.unlink()
    for path in paths.values():
        customer.get(path + STRONG).expect(200)
