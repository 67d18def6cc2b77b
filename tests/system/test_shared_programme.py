"""Staff run the programme over several instances: the same rules as over one, seen by all at once.

What is true of one server is asked here of three: staff tell one of them, and each answer is
compared with what all of them show.
"""

import http.client
import threading
import time

import pytest
from support import api as calls
from support import cluster, listening
from support.catalogue import CINEMA, PRICES
from support.office import Chain, cinema, fields, movie, seeded, showtime

# The rules, as they are for one server; pytest finds them here with the office of this module.
from test_programme import (  # noqa: F401
    test_a_blocked_seat_keeps_the_screen_and_lets_the_start_move,
    test_a_booked_showtime_keeps_all_but_its_prices,
    test_a_cancelled_showtime_changes_no_more,
    test_a_change_is_checked_like_a_new_entry,
    test_a_changed_layout_is_for_showtimes_to_come,
    test_a_cinema_may_be_large_and_no_larger,
    test_a_cinema_that_moves_to_another_time_zone_moves_its_days,
    test_a_longer_movie_leaves_showtimes_that_are_there,
    test_a_showtime_that_is_over_changes_no_more,
    test_an_unsold_showtime_may_move_in_every_way,
    test_members_of_a_movie_change_one_by_one,
    test_one_price_may_change_alone,
    test_seat_maps_show_the_aisles_of_another_screen_with_the_same_seats,
    test_what_is_added_again_changes_nothing,
    test_what_is_not_there_is_not_found,
)
from test_programme_life import (  # noqa: F401
    test_the_journal_has_every_change_and_who_made_it,
    test_the_journal_of_the_staff_shows_the_programme_too,
    test_the_longest_texts_fit_into_the_journal,
)

STEPS = 10
HEADS_S = (-0.5, -0.03, -0.02, -0.01, 0, 0.01, 0.02, 0.5)  # What a hold lies ahead of a move.
LIVE_WITHIN_S = 1.0
TOLD_WITHIN_S = 20  # A dead instance's line for the journal; 5 s, and a sweep.
MEMBERS = ("title", "description", "poster_url")


@pytest.fixture(scope="module")
def launch_chain(tmp_path_factory, database):
    """Makes chains of instances; they are ended and judged with the module."""
    made = []

    def launch_one(name, count=cluster.INSTANCES, **settings):
        made.append(cluster.Cluster(tmp_path_factory.mktemp(name), database, seeded(), count,
                                    **settings))
        return Chain(made[-1])

    yield launch_one
    for one in made:
        for usher in one.instances:
            usher.assert_well()
            usher.release()
            usher.assert_well()
        audit = one[0].run("audit")
        assert audit.returncode == 0, audit.stdout + audit.stderr


@pytest.fixture(scope="module")
def office(launch_chain):
    return launch_chain("chain")


def staff_of(office, name):
    """The same person of the staff at each of the instances."""
    return [calls.Client(usher.port, office.api.token(name, role="staff"))
            for usher in office.instances]


def at_once(works):
    """Runs all at once, and raises what one of them raised."""
    failures = []

    def guarded(work):
        try:
            work()
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def patient(client, method, path, body):
    """Asks again while others come first: every edit of the programme has its turn."""
    for _ in range(20):
        answer = client.request(method, path, body)
        if answer.status != 409:
            return answer
        answer.expect(409, "BOOKING_LOCK_FAILED")
    raise AssertionError("an edit came too late twenty times")


def test_staff_of_three_instances_change_one_movie_and_all_have_their_way(office):
    film = office.create("movies", movie("Shared", duration=1000))["id"]

    def change(client, member):
        for step in range(STEPS):
            body = {member: f"{member} {step}"}
            answer = patient(client, "PATCH", f"/api/movies/{film}", body).expect(200)
            assert answer.json[member] == f"{member} {step}"

    at_once([lambda client=client, member=member: change(client, member)
             for client, member in zip(staff_of(office, "crowd"), MEMBERS)])
    entry = office.get("movies", film)
    assert {name: entry[name] for name in MEMBERS} == {
        name: f"{name} {STEPS - 1}" for name in MEMBERS}
    for name in MEMBERS:
        values = [row[4][name] for row in office.journal(film)[1:] if name in row[4]]
        assert values == [f"{name} {step}" for step in range(STEPS)], "each once, in its order"


def test_what_all_instances_add_at_once_is_added_once(office):
    for number in range(4):
        answers = []
        body = showtime(start_time=f"2031-07-0{number + 1}T12:00:00.000Z")
        bodies = [body, body, body]
        if number % 2 == 1:  # Of one id, three prices: one of them is there, and stays.
            bodies = [{**body, "id": f"{number:024x}", "price": {**PRICES, "vip": vip}}
                      for vip in (1, 2, 3)]
        at_once([lambda client=client, body=body: answers.append(
            (patient(client, "POST", "/api/showtimes", body), body))
            for client, body in zip(staff_of(office, "adder"), bodies)])
        codes = sorted(answer.status for answer, _ in answers)
        assert codes == ([201, 400, 400] if number % 2 else [200, 200, 201])
        (first, told), = [pair for pair in answers if pair[0].status == 201]
        assert office.get("showtimes", first.json["id"])["price"] == told["price"]
        assert len(office.journal(first.json["id"])) == 1


def test_a_change_is_on_the_map_and_in_the_lists_of_the_others_at_once(office):
    show = office.showtime()
    for usher in office.instances:
        assert usher.api.seats(show)["prices"] == PRICES  # In the memory of all.
    _, there, yonder = staff_of(office, "pricer")
    for step, client in enumerate((there, yonder, there, yonder)):
        price = {**PRICES, "vip": 1000 + step}
        client.request("PATCH", f"/api/showtimes/{show}", {"price": price}).expect(200)
        for usher in office.instances:
            assert usher.api.seats(show)["prices"] == price
    customer = office.instances[0].api.customer()
    there.request("PATCH", f"/api/showtimes/{show}", {"screen_id": "S2"}).expect(200)
    customer.hold(show, ["C1"]).expect(400, "INVALID_SEAT")
    assert customer.hold(show, ["A1"]).expect(201).json["final_amount"] == 1003
    house = yonder.request("POST", "/api/cinemas", cinema("Of another")).expect(201).json["id"]
    for usher in office.instances:
        listed = usher.api.public.get("/api/cinemas?limit=100").json["items"]
        assert house in [item["id"] for item in listed]


def test_a_listener_of_another_instance_hears_of_a_change(office):
    show = office.showtime()
    with listening.Listener(office.instances[1].port, show) as listener:
        listener.until(lambda seats: seats.version is not None)
        began_s = time.monotonic()
        changed = office.change("showtimes", show, screen_id="S2").expect(200)
        listener.until(lambda seats: seats.version >= changed.version)
        print(f"a move was heard after {time.monotonic() - began_s:.2f} s")
        assert office.api.seats(show)["version"] == changed.version
    assert time.monotonic() - began_s < LIVE_WITHIN_S + 3, "bounded, on a busy machine"


def test_holds_and_moves_of_one_showtime_never_both_succeed(office):
    """Who holds a seat of S1 sits in S1, whoever moves the showtime at that moment."""
    moved = 0
    for number in range(len(HEADS_S)):
        show = office.showtime()
        answers = {}
        _, mover, _ = staff_of(office, "mover")
        customer = office.instances[2].api.customer()

        def move():
            time.sleep(max(0.0, HEADS_S[number]))
            answers["move"] = patient(mover, "PATCH", f"/api/showtimes/{show}",
                                      {"screen_id": "S2"})

        def hold():
            time.sleep(max(0.0, -HEADS_S[number]))
            answers["hold"] = customer.hold(show, ["C1"])

        at_once([move, hold])
        entry = office.get("showtimes", show)
        if answers["hold"].status == 201:
            assert fields(answers["move"].expect(400, "VALIDATION_FAILED")) == {"screen_id"}
            assert entry["screen_id"] == "S1" and office.api.statuses(show) == {"C1": "held"}
        else:
            answers["hold"].expect(400, "INVALID_SEAT")
            answers["move"].expect(200)
            assert entry["screen_id"] == "S2" and office.api.statuses(show) == {}
            moved += 1
    print(f"{moved} of {len(HEADS_S)} were moved")
    assert 0 < moved < len(HEADS_S)


def test_a_killed_instance_leaves_no_edit_half_done(launch_chain, chance):
    chain = launch_chain("mortal", count=2)
    doomed, heir = chain.instances
    chain.staff = calls.Client(heir.port, chain.api.token("heir", role="staff"))
    entries, there = [], 0
    for round_number in range(3):
        known, added = [], []
        client = calls.Client(doomed.port, chain.api.token("doomed", role="staff"))
        killer = threading.Timer(chance.uniform(0.05, 0.3), doomed.kill)
        killer.start()
        try:
            while True:
                known.append(("movies", movie(f"Film {round_number}-{len(known)}")))
                added.append(client.request("POST", "/api/movies", known[-1][1]).expect(201))
                start = f"20{40 + round_number}-01-01T00:00:{len(known):02d}.000Z"
                body = showtime(movie_id=added[-1].json["id"], start_time=start)
                known.append(("showtimes", body))
                added.append(client.request("POST", "/api/showtimes", body).expect(201))
        except (OSError, http.client.HTTPException):
            pass
        killer.join()
        assert len(added) in (len(known), len(known) - 1)
        for place, (kind, body) in enumerate(known):
            answer = chain.staff.request("POST", f"/api/{kind}", body)
            if place < len(added):
                assert answer.expect(200).json == added[place].json, "what was answered is so"
            there += answer.status == 200
            entries.append(answer.json["id"])
        doomed.start()
    print(f"{there} of {len(entries)} were there")
    assert there >= 4
    until_s = time.monotonic() + TOLD_WITHIN_S
    while sorted(row[3] for row in chain.journal()) != sorted(entries):
        assert time.monotonic() < until_s, "each entry has one line in the journal"
        time.sleep(0.5)


def test_a_catalogue_is_loaded_beside_instances_that_serve(office):
    content = seeded()
    show = content.showtime(starts_in_s=7200, movie=1)
    usher = office.instances[0]
    usher.seed(content)
    customer = office.instances[1].api.customer()
    customer.held(show, ["C1"])
    for number in range(2):
        content.cinemas[0]["phone"] = f"{number}"
        office.changed("cinemas", CINEMA, address=f"{number} Quay")
        content.cinemas[0]["address"] = f"{number} Quay"
        usher.seed(content)
        entry = office.get("cinemas", CINEMA)
        assert (entry["phone"], entry["address"]) == (f"{number}", f"{number} Quay")
    assert office.api.statuses(show) == {"C1": "held"}
