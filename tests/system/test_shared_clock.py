"""Clocks of instances that differ: within the guard nothing is taken early; beyond it one says so.

libfaketime gives one instance a clock of day of its own (see test_clock.py). The guard is 2 s.
"""

import time

import pytest
from support import api as calls
from support import cluster, process
from support.catalogue import parse_moment
from test_clock import Clock

HOLD_S = 4
WITHIN_GUARD_S = 1
BEYOND_GUARD_S = 8
NOTICED_WITHIN_S = 25  # Clocks are compared every 10 s.


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """The second instance's clock can be stepped."""
    folder = tmp_path_factory.mktemp("clocks")
    content, showtimes = process.pool(10, starts_in_s=10 * 86400)
    clock = Clock(folder)

    def own(number, _):
        return clock.settings if number == 1 else {}

    with cluster.whole(folder, content, count=2, own=own, HOLD_SECONDS=str(HOLD_S)) as made:
        made.clock, made.showtimes = clock, iter(showtimes)
        yield made


def customers(pair, name):
    """The same user at both; his token does not mind their clocks."""
    token = pair[0].api.token(name, ttl_s=30 * 86400, iat=0)
    return [calls.Customer(usher.port, name, token) for usher in pair.instances]


def now_s(usher, showtime):
    """What the instance takes for the time."""
    answer = usher.api.public.get(f"/api/showtimes/{showtime}/seats")
    return parse_moment(answer.header("x-server-time"))


def readiness(usher):
    return calls.Client(usher.port).get("/health/ready").status


def test_who_steps_a_little_ahead_takes_no_seat_before_its_hold_has_ended(pair):
    showtime = next(pair.showtimes)
    owner, _ = customers(pair, "owner")
    _, hasty = customers(pair, "hasty")
    ends_s = parse_moment(owner.hold(showtime, ["C3"]).expect(201).json["hold_expires_at"])
    pair.clock.step(WITHIN_GUARD_S)
    assert abs(now_s(pair[1], showtime) - time.time() - WITHIN_GUARD_S) < 0.5
    assert readiness(pair[1]) == 200
    early = 0
    while True:
        answer = hasty.hold(showtime, ["C3"])
        if answer.status == 201:
            break
        answer.expect(409, "SEAT_HELD_BY_ANOTHER")
        early += ends_s - WITHIN_GUARD_S < time.time() < ends_s
        assert time.time() < ends_s + NOTICED_WITHIN_S, "it is not offered again"
        time.sleep(0.1)
    assert time.time() > ends_s, "it was taken while it was held"
    assert early > 0, "it was asked for when its hold was over by the wrong clock only"


def test_who_is_too_far_off_says_so(pair):
    showtime = next(pair.showtimes)
    pair.clock.step(BEYOND_GUARD_S)
    limit_s = time.monotonic() + NOTICED_WITHIN_S
    while readiness(pair[1]) != 503:
        assert time.monotonic() < limit_s, "it says that it is ready"
        time.sleep(0.1)
    assert pair[1].events("clock_off"), "people are told"
    assert readiness(pair[0]) == 200, "the others are ready"
    customers(pair, "regular")[0].held(showtime, ["D1"])
