"""A thousand clients behind nginx, three instances and too few seats: one owner for each seat."""

import pytest
from support import api as calls
from support import balancer, cluster, process, swarm

CLIENTS = 1000
DINERS = 150
ROW = [f"C{col}" for col in range(1, 13)]


@pytest.fixture(scope="module")
def behind_nginx(tmp_path_factory):
    folder = tmp_path_factory.mktemp("races")
    content, showtimes = process.pool(20)
    # A lock would let one instance write at a time, and hide what the versions do.
    with cluster.whole(folder, content, REDIS_URL=None, MAX_HELD_SEATS="1000") as made:
        front = balancer.Balancer(folder, [usher.port for usher in made.instances])
        made.showtimes, made.front = iter(showtimes), front
        try:
            yield made
        finally:
            front.stop()


def seen_by_all(made, showtime):
    """The seats that are not available, the same wherever it is asked."""
    told = [usher.api.statuses(showtime) for usher in made.instances]
    assert all(one == told[0] for one in told)
    return told[0]


def test_a_thousand_clients_race_for_the_last_seat_and_one_gets_it(behind_nginx):
    showtime = next(behind_nginx.showtimes)
    api = behind_nginx[0].api
    tokens = [api.token(f"racer-{number}") for number in range(CLIENTS)]
    requests = [swarm.hold_bytes(token, showtime, ["C3"]) for token in tokens]
    answers, took_s = behind_nginx.front.fire(requests)
    print(f"{CLIENTS} holds of one seat took {took_s:.2f} s")
    winners = [answer for answer in answers if answer.status == 201]
    assert len(answers) == CLIENTS and len(winners) == 1
    for answer in answers:
        if answer is not winners[0]:
            answer.expect(409, "SEAT_HELD_BY_ANOTHER")
            assert answer.seats == {"C3": "held"}
    assert seen_by_all(behind_nginx, showtime) == {"C3": "held"}


def test_holds_that_overlap_are_whole_and_each_refusal_has_its_reason(behind_nginx, chance):
    showtime = next(behind_nginx.showtimes)
    api = behind_nginx[0].api
    wishes = [chance.sample(ROW, chance.choice([1, 2, 2, 3, 4])) for _ in range(DINERS)]
    requests = [swarm.hold_bytes(api.token(f"diner-{number}"), showtime, seats)
                for number, seats in enumerate(wishes)]
    answers, _ = behind_nginx.front.fire(requests)
    owned = set()
    for answer, seats in zip(answers, wishes):
        assert answer.status in (201, 409), answer
        if answer.status == 201:
            assert answer.json["seats"] == seats and not owned & set(seats)
            owned |= set(seats)
    for answer, seats in zip(answers, wishes):
        if answer.status == 409:
            assert answer.code == "SEAT_HELD_BY_ANOTHER" and set(answer.seats) <= owned & set(seats)
    assert len(owned) > len(ROW) // 2
    assert seen_by_all(behind_nginx, showtime) == dict.fromkeys(owned, "held")


def test_many_showtimes_sell_at_once_and_each_seat_has_one_owner(behind_nginx, chance):
    showtimes = [next(behind_nginx.showtimes) for _ in range(12)]
    api = behind_nginx[0].api
    wishes = [(chance.choice(showtimes), chance.choice(ROW[:6])) for _ in range(2 * DINERS)]
    requests = [swarm.hold_bytes(api.token(f"guest-{number}"), showtime, [seat])
                for number, (showtime, seat) in enumerate(wishes)]
    answers, _ = behind_nginx.front.fire(requests)
    assert {answer.status for answer in answers} == {201, 409}
    owned = [wish for answer, wish in zip(answers, wishes) if answer.status == 201]
    assert len(owned) == len(set(owned)) and set(owned) == set(wishes)
    for showtime in showtimes:
        seats = {seat: "held" for where, seat in owned if where == showtime}
        assert seen_by_all(behind_nginx, showtime) == seats


def test_one_key_at_all_instances_at_once_is_one_booking(behind_nginx):
    showtime = next(behind_nginx.showtimes)
    token, key = behind_nginx[0].api.token("stutterer"), calls.new_key()
    request = swarm.hold_bytes(token, showtime, ["C3", "C4"], key)
    answers, _ = behind_nginx.front.fire([request] * 100)
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    customer = behind_nginx[1].api.customer("stutterer")
    assert len(customer.bookings().expect(200).json["items"]) == 1
