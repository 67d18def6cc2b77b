"""A thousand clients and too few seats: exactly one owner per seat, whole holds, right refusals."""

import pytest
from support import api as calls
from support import catalogue, swarm

CLIENTS = 1000


def race_for_one_seat(house, tokens):
    """All tokens at once want the same seat."""
    showtime = house.showtime()
    requests = [swarm.hold_bytes(token, showtime, ["C3"]) for token in tokens]
    answers, took_s = swarm.fire(house.server.port, requests)
    print(f"{len(requests)} holds of one seat took {took_s * 1000:.0f} ms")

    winners = [answer for answer in answers if answer.status == 201]
    losers = [answer for answer in answers if answer.status != 201]
    assert len(winners) == 1
    assert len(losers) == len(tokens) - 1
    for loser in losers:
        loser.expect(409, "SEAT_HELD_BY_ANOTHER")
        assert loser.seats == {"C3": "held"}
    assert house.api.statuses(showtime) == {"C3": "held"}
    return winners[0], losers, requests


@pytest.mark.sanitize
@pytest.mark.races
def test_a_thousand_users_race_for_one_seat_and_one_gets_it(house):
    tokens = [house.api.token(f"racer-{number}") for number in range(CLIENTS)]
    winner, losers, requests = race_for_one_seat(house, tokens)
    assert not any("yours" in seat for loser in losers for seat in loser.json["seats"])
    assert winner.json["seats"] == ["C3"]


def test_one_user_races_with_a_thousand_clients_and_gets_one_booking(house):
    token = house.api.token("the-impatient")
    winner, losers, _ = race_for_one_seat(house, [token] * CLIENTS)
    assert all(seat["yours"] is True for loser in losers for seat in loser.json["seats"])
    mine = calls.Customer(house.server.port, "the-impatient", token).bookings().expect(200).json
    assert [item["id"] for item in mine["items"]] == [winner.json["booking_id"]]


def judge_overlapping_holds(house, showtime, wishes):
    """Each user wants some seats; afterwards answers and map must tell the same story."""
    tokens = [house.api.token(f"diner-{number}") for number in range(len(wishes))]
    requests = [
        swarm.hold_bytes(token, showtime, seats) for token, seats in zip(tokens, wishes)
    ]
    answers, took_s = swarm.fire(house.server.port, requests)
    owners = {}
    for number, (answer, seats) in enumerate(zip(answers, wishes)):
        if answer.status == 201:
            assert answer.json["seats"] == seats
            for seat in seats:
                assert seat not in owners, f"{seat} has two owners"
                owners[seat] = number
    for answer, seats in zip(answers, wishes):
        if answer.status != 201:
            answer.expect(409, "SEAT_HELD_BY_ANOTHER")
            assert answer.seats, "a refusal names the seats that stand in the way"
            # Holds only come in a race, so what was in the way has an owner still.
            assert set(answer.seats) <= set(seats) & set(owners)
    assert house.api.statuses(showtime) == {seat: "held" for seat in owners}
    won = sum(answer.status == 201 for answer in answers)
    print(f"{won} of {len(wishes)} overlapping holds won in {took_s * 1000:.0f} ms")
    return won, owners


@pytest.mark.sanitize
def test_dining_philosophers_never_share_a_seat_nor_starve(house):
    pairs = [["A1", "A2"], ["A2", "A3"], ["A3", "A1"]]
    won, owners = judge_overlapping_holds(house, house.showtime(), pairs * 100)
    # Two of three pairs overlap always: one dines, and somebody does.
    assert won == 1
    assert len(owners) == 2


def test_random_overlapping_holds_take_all_their_seats_or_none(house, chance):
    for _ in range(3):
        wishes = [
            chance.sample(catalogue.S1_SEATS, chance.randint(1, 10)) for _ in range(300)
        ]
        won, _ = judge_overlapping_holds(house, house.showtime(), wishes)
        assert won >= 5, "118 free seats are more than a few holds"


@pytest.mark.races
def test_holds_and_cancels_that_overlap_leave_the_map_that_was_answered(house, chance):
    """Users hold and cancel at the same time; what is left is exactly what was not cancelled."""
    showtime = house.showtime()
    left = {}
    for _ in range(4):
        free = [seat for seat in catalogue.S1_SEATS if seat not in left]
        wishes = [chance.sample(free, chance.randint(1, 3)) for _ in range(60)]
        names = [f"mover-{chance.getrandbits(64):x}" for _ in wishes]
        requests = [
            swarm.hold_bytes(house.api.token(name), showtime, seats)
            for name, seats in zip(names, wishes)
        ]
        bookings = dict(left.values())
        cancelled = chance.sample(sorted(bookings), k=min(3, len(bookings)))
        requests += [
            swarm.request_bytes("DELETE", f"/api/bookings/{bookings[owner]}", house.api.token(owner))
            for owner in cancelled
        ]
        answers, _ = swarm.fire(house.server.port, requests)
        for answer in answers[len(wishes):]:
            answer.expect(200)
        left = {seat: owned for seat, owned in left.items() if owned[0] not in cancelled}
        for name, seats, answer in zip(names, wishes, answers):
            if answer.status != 201:
                answer.expect(409, "SEAT_HELD_BY_ANOTHER")
                continue
            for seat in seats:
                assert seat not in left, f"{seat} has two owners"
                left[seat] = (name, answer.json["booking_id"])
    assert house.api.statuses(showtime) == {seat: "held" for seat in left}


@pytest.mark.sanitize
def test_a_race_for_a_sold_seat_is_told_that_it_is_booked(house):
    showtime = house.showtime()
    owner = house.api.customer()
    booking = owner.held(showtime, ["B1", "B2"])
    payment = owner.paying(booking)
    house.api.tell(payment, 200000).expect(200)
    tokens = [house.api.token(f"late-{number}") for number in range(100)]
    requests = [swarm.hold_bytes(token, showtime, ["B1", "B2"]) for token in tokens]
    answers, _ = swarm.fire(house.server.port, requests)
    for answer in answers:
        answer.expect(409, "SEAT_ALREADY_BOOKED")
        assert answer.seats == {"B1": "booked", "B2": "booked"}


@pytest.mark.races
def test_races_on_many_showtimes_at_once_have_one_winner_each(house):
    showtimes = [house.showtime() for _ in range(10)]
    requests = [
        swarm.hold_bytes(house.api.token(f"fan-{number}"), showtimes[number % 10], ["D4"])
        for number in range(CLIENTS)
    ]
    answers, took_s = swarm.fire(house.server.port, requests)
    print(f"{CLIENTS} holds on ten showtimes took {took_s * 1000:.0f} ms")
    for start in range(10):
        statuses = sorted(answer.status for answer in answers[start::10])
        assert statuses == [201] + [409] * (CLIENTS // 10 - 1)
