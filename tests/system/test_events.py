"""Live seat maps: what listeners hear, how soon, and what many or slow ones cost the others."""

import re
import resource
import statistics
import threading
import time

import pytest
from support import process, swarm
from support.catalogue import NOBODY, S1_SEATS, Catalogue
from support.listening import Background, Crowd, Listener, SeatMap

SHOWN_WITHIN_S = 1.0
SLACK_S = 0.5  # For a busy machine.
CROWD = 2000


def statuses(api, showtime):
    return {name: seat["status"] for name, seat in api.seats(showtime)["seats"].items()}


def assert_same_map(api, showtime, listener, timeout_s=10):
    """What the listener has heard by now is what everybody sees."""
    seats = api.seats(showtime)
    listener.until_version(seats["version"], timeout_s)
    assert listener.map.version == seats["version"]
    assert listener.map.seats == {n: seat["status"] for n, seat in seats["seats"].items()}


@pytest.fixture(scope="module")
def brief(launch_for_module):
    """A server whose holds last a second and whose comments come often."""
    content, showtimes = process.pool(20)
    server = launch_for_module(content, name="brief", HOLD_SECONDS="1", USHER_HEARTBEAT_MS="300")
    return server.api, iter(showtimes)


@pytest.mark.sanitize
@pytest.mark.races
def test_the_first_event_is_the_whole_map(api, showtime, customer):
    held = customer.hold(showtime, ["C3", "C4"]).expect(201)
    with Listener(api.port, showtime) as listener:
        assert listener.decoder.status == 200
        headers = listener.decoder.headers
        assert headers["content-type"] == "text/event-stream"
        assert headers["cache-control"] == "no-store"
        assert headers["x-accel-buffering"] == "no"
        assert int(headers["x-showtime-version"]) == held.version
        assert listener.next().kind == "retry"
        event = listener.next()
        assert event.kind == "snapshot" and event.version == held.version
        assert event.data["showtime_id"] == showtime
        assert event.data["seats"] == statuses(api, showtime)
        assert len(event.data["seats"]) == len(S1_SEATS)


@pytest.mark.sanitize
def test_holds_cancellations_and_payments_are_heard_of_at_once(api, showtime, customer):
    with Listener(api.port, showtime) as listener:
        listener.event()
        began_s = time.monotonic()
        held = customer.hold(showtime, ["C3", "C4"]).expect(201)
        event = listener.event(SHOWN_WITHIN_S)
        assert event.kind == "seats"
        assert event.data == {"version": held.version, "seats": {"C3": "held", "C4": "held"}}
        print(f"a hold was heard of after {(event.at_s - began_s) * 1000:.0f} ms")
        customer.cancel(held.json["booking_id"]).expect(200)
        assert listener.event(SHOWN_WITHIN_S).data["seats"] == {
            "C3": "available", "C4": "available"}
        booking = customer.held(showtime, ["D1"])
        assert listener.event(SHOWN_WITHIN_S).data["seats"] == {"D1": "held"}
        api.tell(customer.paying(booking), 100000).expect(200)
        assert listener.until(lambda heard: heard.seats["D1"] == "booked", SHOWN_WITHIN_S)
        assert_same_map(api, showtime, listener)


@pytest.mark.sanitize
def test_the_end_of_a_hold_is_heard_of_within_a_second(brief):
    api, showtimes = brief
    showtime = next(showtimes)
    with Listener(api.port, showtime) as listener:
        listener.event()
        began_s = time.monotonic()
        api.customer().held(showtime, ["C3", "C4"])
        assert listener.event().data["seats"] == {"C3": "held", "C4": "held"}
        event = listener.event()
        assert event.data["seats"] == {"C3": "available", "C4": "available"}
        late_s = event.at_s - began_s - 1
        print(f"an expiry was heard of {late_s * 1000:.0f} ms after the hold's end")
        assert -0.1 < late_s < SHOWN_WITHIN_S + SLACK_S


def test_nothing_names_a_booking_or_a_user(api, showtime, customer):
    with Listener(api.port, showtime) as listener:
        first = listener.event()
        booking = customer.hold(showtime, ["C3"]).expect(201).json
        change = listener.event()
        for text in (first.text, change.text):
            assert booking["booking_id"] not in text and booking["booking_code"] not in text
            assert customer.user not in text
            assert set(re.findall(r"[0-9a-f]{24}", text)) <= {showtime}


@pytest.mark.sanitize
def test_a_listener_who_comes_back_hears_what_he_missed(api, showtime, customer):
    with Listener(api.port, showtime) as listener:
        first = listener.event()
        first_booking = customer.held(showtime, ["C3", "C4"])
        second = listener.event()
    customer.cancel(first_booking).expect(200)
    customer.held(showtime, ["C5"])
    missed = {"C3": "available", "C4": "available", "C5": "held"}
    for version, seats in ((second.version, missed), (first.version, missed)):
        with Listener(api.port, showtime, last_event_id=version,
                      seat_map=known(first, second)) as back:
            assert back.next().kind == "retry"
            event = back.next()
            assert event.kind == "seats" and event.data["seats"] == seats
            assert_same_map(api, showtime, back)


def known(*events):
    """What somebody knows who has heard these."""
    seat_map = SeatMap()
    for event in events:
        seat_map.hear(event)
    return seat_map


def test_a_listener_who_missed_nothing_hears_only_what_is_new(api, showtime, customer):
    with Listener(api.port, showtime) as listener:
        first = listener.event()
    with Listener(api.port, showtime, first.version, seat_map=known(first)) as back:
        assert back.next().kind == "retry"
        assert back.silent(0.5)
        customer.held(showtime, ["C3"])
        assert back.event().data["seats"] == {"C3": "held"}


@pytest.mark.parametrize("last", ["0", "999999", "-1", "abc", "18446744073709551615", "1" * 200])
def test_an_id_that_was_never_given_out_gets_a_snapshot(api, showtime, last):
    with Listener(api.port, showtime, last) as listener:
        assert listener.event().kind == "snapshot"


def test_an_id_that_is_too_old_gets_a_snapshot(api, showtime, customer):
    with Listener(api.port, showtime) as listener:
        first = listener.event()
        for round_number in range(66):
            if round_number % 2 == 0:
                booking = customer.held(showtime, ["C3"])
            else:
                customer.cancel(booking).expect(200)
            listener.event()
        last = listener.map.version
    with Listener(api.port, showtime, first.version) as back:
        assert back.event().kind == "snapshot"
    with Listener(api.port, showtime, last) as back:
        assert back.silent(0.3)


def test_a_comment_comes_with_every_heartbeat(brief):
    api, showtimes = brief
    with Listener(api.port, next(showtimes)) as listener:
        listener.event()
        moments_s = []
        for _ in range(4):
            event = listener.next(1)
            assert event.kind == "comment"
            moments_s.append(event.at_s)
        gaps_s = [after - before for before, after in zip(moments_s, moments_s[1:])]
        assert 0.2 < statistics.mean(gaps_s) < 0.6


def hurry(api, showtime, duration_s, failures, row):
    """Holds and cancels as fast as it can, and leaves two seats held."""
    try:
        customer, number = api.customer(), 0
        end_s = time.monotonic() + duration_s
        while time.monotonic() < end_s:
            booking = customer.held(showtime, [f"{row}{1 + number % 8}"])
            customer.cancel(booking).expect(200)
            number += 1
        customer.held(showtime, [f"{row}9", f"{row}10"])
    except Exception as failure:  # Told in the test's thread.
        failures.append(failure)


def hurry_all(api, showtime, duration_s, rows="BCDF"):
    failures = []
    workers = [threading.Thread(target=hurry, args=(api, showtime, duration_s, failures, row))
               for row in rows]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []


@pytest.mark.sanitize
@pytest.mark.races
def test_a_burst_is_merged_into_five_events_a_second(api, showtime):
    with Listener(api.port, showtime) as listener:
        listener.event()
        hearing = Background(listener)
        before = listener.map.version
        began_s = time.monotonic()
        hurry_all(api, showtime, 2.0)
        took_s = time.monotonic() - began_s
        time.sleep(1)
        events = hearing.stop()
        changes = api.seats(showtime)["version"] - before
        print(f"{changes} changes in {took_s:.1f} s were {len(events)} events")
        assert changes > 3 * len(events)
        assert len(events) <= 5 * (took_s + 1) + 1
        for first, sixth in zip(events, events[5:]):
            assert sixth.at_s - first.at_s > 0.8, "six events within a second"
        assert_same_map(api, showtime, listener)


@pytest.mark.races
def test_replayed_events_give_the_seat_map(api, showtime, chance):
    """One listens all the time, one comes and goes, one is slow."""
    steady = Listener(api.port, showtime)
    slow = Listener(api.port, showtime, buffer=4096)
    steady_thread, slow_thread = Background(steady), Background(slow, pause_s=0.4)
    fickle = Listener(api.port, showtime)
    fickle.event()
    snapshots = 0
    bookings = []
    end_s = time.monotonic() + 6
    while time.monotonic() < end_s:
        customer = api.customer()
        action = chance.random()
        if action < 0.5:
            answer = customer.hold(showtime, chance.sample(S1_SEATS, chance.randint(1, 4)))
            if answer.status == 201:
                bookings.append((customer, answer.json))
        elif action < 0.75 and bookings:
            owner, booking = bookings.pop(chance.randrange(len(bookings)))
            owner.cancel(booking["booking_id"]).expect(200)
        elif action < 0.85 and bookings:
            owner, booking = bookings.pop(chance.randrange(len(bookings)))
            api.tell(owner.paying(booking["booking_id"]), booking["total_amount"]).expect(200)
        elif action < 0.9:
            seat_map = fickle.map
            fickle.close()
            fickle = Listener(api.port, showtime, seat_map.version, seat_map=seat_map)
        else:
            fickle.silent(0.05)
        time.sleep(0.005)
    steady_thread.stop()
    slow_thread.stop()
    snapshots = sum(event.kind == "snapshot" for event in steady_thread.events)
    assert snapshots == 1, "who listens all the time gets one snapshot"
    for listener in (steady, slow, fickle):
        assert_same_map(api, showtime, listener)
        listener.close()


def test_a_slow_listener_skips_and_others_do_not_wait(launch):
    content = Catalogue()
    showtime = content.showtime(screen_id="BIG")
    server = launch(content, MAX_HELD_SEATS="5000")
    api = server.api
    with Listener(api.port, showtime) as quick, Listener(api.port, showtime, buffer=4096) as slow:
        hearing = Background(quick)
        customer = api.customer()
        for row in "ABCDEFGHIJKLMNOPQRSTUVWX":  # Two and a half seconds.
            bookings = [customer.held(showtime, [f"{row}{col + number}" for number in range(10)])
                        for col in (1, 11, 21, 31, 41)]
            for booking in bookings[1:]:
                customer.cancel(booking).expect(200)
            time.sleep(0.1)
        time.sleep(0.5)
        quick_events = hearing.stop()
        assert_same_map(api, showtime, quick)
        slow_events = slow.until_version(quick.map.version)
        print(f"{len(quick_events)} events for the quick one, {len(slow_events)} for the slow one")
        assert len(quick_events) > 6 and len(slow_events) <= 3
        assert_same_map(api, showtime, slow)
        customer.held(showtime, ["A50"])
        assert slow.event().data["seats"] == {"A50": "held"}


def test_two_thousand_listeners_hear_of_one_change_each(launch):
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < CROWD + 500:
        pytest.skip("too few open files are allowed")
    content, showtimes = process.pool(2)
    server = launch(content)
    api, watched = server.api, showtimes[0]
    customer = api.customer()
    customer.cancel(customer.held(showtimes[1], ["C3"])).expect(200)
    before_kb = server.rss_kb()
    crowd = Crowd(server.port)
    try:
        crowd.join(watched, CROWD)
        each = (server.rss_kb() - before_kb) * 1024 / CROWD
        print(f"a listener takes {each:.0f} bytes of the server")
        assert each < 16 * 1024
        began_s = time.monotonic()
        held = customer.hold(watched, ["C3", "C4"]).expect(201)
        crowd.hear(2)
        print(f"{CROWD} have heard of it after {(time.monotonic() - began_s) * 1000:.0f} ms")
        time.sleep(0.3)
        crowd.read(0.01)
        texts = {tuple(event.text for event in events) for _, _, events in crowd.members}
        assert len(texts) == 1, "all hear the same"
        assert [event.data for event in crowd.members[0][2]][1:] == [
            {"version": held.version, "seats": {"C3": "held", "C4": "held"}}]
        assert_holds_go_on(api, server, crowd, *showtimes)
    finally:
        crowd.close()
    assert server.stop() == 0


def assert_holds_go_on(api, server, crowd, watched, quiet):
    """While thousands are told of changes, requests are answered as ever."""
    def hold_some(lasting_s):
        latencies_s, until_s = [], time.monotonic() + lasting_s
        while len(latencies_s) < 20 or time.monotonic() < until_s:
            began_s = time.monotonic()
            answers, _ = swarm.fire(server.port, [swarm.hold_bytes(api.token("h"), quiet, ["D1"])])
            latencies_s.append(time.monotonic() - began_s)
            assert [answer.status for answer in answers] == [201]
            answers, _ = swarm.fire(server.port, [swarm.request_bytes(
                "DELETE", f"/api/bookings/{answers[0].json['booking_id']}", api.token("h"))])
            assert [answer.status for answer in answers] == [200]
        return statistics.median(latencies_s), max(latencies_s)

    stopping = threading.Event()

    def change():
        number = 0
        while not stopping.is_set():
            number += 1
            body = swarm.hold_bytes(api.token(f"c{number}"), watched, [S1_SEATS[40 + number % 60]])
            swarm.fire(server.port, [body])
            stopping.wait(0.1)

    def listen():
        while not stopping.is_set():
            crowd.read()

    alone = hold_some(0)
    heard_before = len(crowd.members[0][2])
    threads = [threading.Thread(target=change), threading.Thread(target=listen)]
    for thread in threads:
        thread.start()
    try:
        among = hold_some(2)
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    print("a hold takes (median, longest) " + ", ".join(
        f"{median * 1000:.1f} {longest * 1000:.1f} ms {when}"
        for (median, longest), when in ((alone, "alone"), (among, f"while {CROWD} are told"))))
    assert len(crowd.members[0][2]) > heard_before + 2, "nobody was told of anything"
    # No request waits for the listeners: the machine may be slow, but not for one and not the other.
    assert among[0] < 10 * alone[0] + 0.05 and among[1] < 2


@pytest.mark.sanitize
@pytest.mark.races
def test_streams_end_with_the_server_and_go_on_with_the_next(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content)
    customer = server.api.customer()
    listener = Listener(server.port, showtime)
    first = listener.event()
    began_s = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began_s < 2
    listener.until_closed()
    assert listener.decoder.ended, "the end is told"
    server.start()
    with Listener(server.port, showtime, first.version, seat_map=known(first)) as back:
        assert back.silent(0.3), "nothing has changed"
        customer.held(showtime, ["C3"])
        second = back.event()
        assert second.data["seats"] == {"C3": "held"}
    customer.held(showtime, ["C4"])
    server.kill()
    server.start()
    with Listener(server.port, showtime, second.version) as back:
        assert back.event().kind == "snapshot"
        assert back.map.seats["C3"] == back.map.seats["C4"] == "held"


def test_showtimes_that_nobody_can_book_have_maps_too(launch):
    content = Catalogue()
    over = content.showtime(starts_in_s=-7200, movie=1)
    cancelled = content.showtime()
    api = launch(content).api
    api.customer().held(cancelled, ["C3"])
    with Listener(api.port, cancelled) as listener:
        assert listener.event().data["seats"]["C3"] == "held"
        api.staff().cancel_showtime(cancelled).expect(202)
        listener.until(lambda heard: heard.seats["C3"] == "available", SHOWN_WITHIN_S + SLACK_S)
        assert_same_map(api, cancelled, listener)
    for showtime in (over, cancelled):
        with Listener(api.port, showtime) as listener:
            assert listener.event().kind == "snapshot"
            assert listener.map.seats == statuses(api, showtime)


def test_unknown_showtimes_are_not_found(api):
    for showtime in (NOBODY, "x", "0" * 24, "5" * 23):
        api.public.get(f"/api/showtimes/{showtime}/events").expect(404, "SHOWTIME_NOT_FOUND")
    api.public.get("/api/showtimes//events").expect(404, "NOT_FOUND")


def test_other_methods_are_told_what_is_allowed(api, showtime):
    path = f"/api/showtimes/{showtime}/events"
    answer = api.public.request("POST", path, {}).expect(405, "METHOD_NOT_ALLOWED")
    assert answer.header("allow") == "GET, HEAD"
    answer = api.public.request("HEAD", path)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("content-type") == "text/event-stream"
    assert answer.header("x-showtime-version") is not None


@pytest.mark.parametrize("value", ["99", "600001", "x"])
def test_a_wrong_heartbeat_is_named(launch, value):
    server = launch(start=False, USHER_HEARTBEAT_MS=value)
    done = server.run("serve")
    assert done.returncode != 0
    assert "USHER_HEARTBEAT_MS: must be a whole number from 100 to 600000" in done.stderr
