"""A disk that hangs or fails under the server: overload and unknown outcomes."""

import threading
import time

import pytest
from support import api as calls
from support import process, shapes, sockets, swarm
from support.fault import Fault, late_flush
from support.office import Office

FLUSH_LATE_US = 60000000  # Longer than any test lets it last.
CROWD_LIMIT_S = 40  # strace makes every system call slow.
QUEUE_MAX = 4096  # The contract's limit of a showtime's queue.
BEYOND = 300


def wait_for(condition, limit_s, what):
    limit_s += time.monotonic()
    while not condition():
        assert time.monotonic() < limit_s, f"{what} takes too long"
        time.sleep(0.02)


def fill_the_queue(server, showtime, meanwhile=None):
    """Has a turn wait for the disk while more holds come than may wait behind it, and gives
    their answers, that of the turn's own hold first."""
    server.api.seats(showtime)  # In memory from now on.
    requests = [swarm.hold_bytes(server.api.token(f"user-{number}"), showtime,
                                 [f"A{number % 50 + 1}"])
                for number in range(1 + QUEUE_MAX + BEYOND)]
    answers = []
    fault = Fault(server, *late_flush(FLUSH_LATE_US))
    try:
        first = swarm.start(server.port, requests[:1], answers)
        time.sleep(0.3)  # Its turn is at the disk now.
        crowd = swarm.start(server.port, requests[1:], answers)
        wait_for(lambda: sockets.unread(server.port) == 0, CROWD_LIMIT_S, "reading a crowd")
        if meanwhile is not None:
            meanwhile()
    finally:
        fault.lift()
    first.join()
    crowd.join()
    return answers


def test_a_full_queue_refuses_what_is_too_much_and_serves_the_rest(launch):
    """While the disk takes its time, 4096 wait for it and the others are told to come again."""
    content, (showtime,) = process.pool(1, screen_id="BIG")
    server = launch(content)
    answers = fill_the_queue(server, showtime)
    told = {}
    for answer in answers:
        told.setdefault((answer.status, answer.code), []).append(answer)
    print({key: len(several) for key, several in told.items()})
    unknown = told.pop((503, "OUTCOME_UNKNOWN"), [])  # Who had waited for four seconds by then.
    assert set(told) == {(201, None), (409, "SEAT_HELD_BY_ANOTHER"), (503, "OVERLOADED")}
    refused = told[503, "OVERLOADED"]
    assert len(refused) == BEYOND
    for answer in refused:
        shapes.check_problem(answer, 503, "OVERLOADED", "/api/bookings/hold")
        assert int(answer.header("retry-after")) >= 1
    statuses = server.api.statuses(showtime)
    assert len(statuses) == 50
    assert 50 - len(unknown) <= len(told[201, None]) <= 50


def test_who_looks_is_served_while_a_queue_is_full(launch):
    content, (hot, quiet) = process.pool(2, screen_id="BIG")
    server = launch(content)
    mine = server.api.customer()
    booking = mine.held(quiet, ["A1"])

    def look():
        assert server.api.statuses(hot) == {}, "what is not durable is not shown"
        mine.booking(booking).expect(200)
        mine.bookings().expect(200)
        server.api.public.get("/api/showtimes").expect(200)
        server.api.public.get("/health/live").expect(200)

    fill_the_queue(server, hot, look)
    mine.hold(quiet, ["A2"]).expect(201)


def end_of(server):
    """The exit code of a server that must end by itself."""
    code = server.wait()
    server.process = None
    return code


@pytest.mark.parametrize("calls_failing,error", [
    ("fdatasync,fsync", "EIO"), ("fdatasync,fsync", "ENOSPC"), ("pwrite64", "EIO"),
    ("pwrite64", "EROFS")])
def test_a_disk_that_fails_is_an_unknown_outcome_and_the_next_start_knows(
        launch, calls_failing, error):
    """No answer claims what the disk did not confirm, and nothing is tried twice."""
    content, (showtime,) = process.pool(1)
    server = launch(content)
    before = server.api.customer()
    booking = before.held(showtime, ["D1"])
    users = [server.api.customer(f"user-{number}") for number in range(5)]
    keys = [calls.new_key() for _ in users]
    fault = Fault(server, f"trace={calls_failing}", f"inject={calls_failing}:error={error}")
    requests = [swarm.hold_bytes(user.token, showtime, [f"C{number + 1}"], key)
                for number, (user, key) in enumerate(zip(users, keys))]
    try:
        answers, _ = swarm.fire(server.port, requests)
        code = end_of(server)
    finally:
        fault.lift()
    assert code == process.RESTART_EXIT_CODE
    refused = [answer for answer in answers if not isinstance(answer, Exception)]
    assert refused, "the unknown outcome is told"
    for answer in refused:
        assert answer.status == 503 and answer.code in ("OUTCOME_UNKNOWN", "STORE_UNAVAILABLE")
        assert int(answer.header("retry-after")) >= 1
    assert "OUTCOME_UNKNOWN" in {answer.code for answer in refused}

    server.start()
    statuses = server.api.statuses(showtime)
    assert statuses["D1"] == "held"
    for number, (user, key) in enumerate(zip(users, keys)):
        seats = [f"C{number + 1}"]
        again = user.hold(showtime, seats, key).expect(201)
        was_there = seats[0] in statuses
        assert (again.header("idempotent-replayed") == "true") == was_there
        assert len(user.bookings().json["items"]) == 1
    assert before.booking(booking).json["status"] == "pending"


def test_reads_go_on_while_a_commit_waits_for_the_disk(launch):
    """A slow disk delays the answers of writes and nothing else."""
    content, (showtime,) = process.pool(1)
    server = launch(content)
    assert server.api.statuses(showtime) == {}  # In memory from now on.
    fault = Fault(server, *late_flush(700000))
    answers = []
    try:
        waiting = threading.Thread(
            target=lambda: answers.append(server.api.customer().hold(showtime, ["C3"])))
        began_s = time.monotonic()
        waiting.start()
        time.sleep(0.2)
        assert server.api.statuses(showtime) == {}, "what is not durable is not shown"
        assert time.monotonic() - began_s < 0.6, "a read must not wait for the disk"
        waiting.join()
        assert time.monotonic() - began_s >= 0.65, "an answer waits for the disk"
    finally:
        fault.lift()
    answers[0].expect(201)
    assert server.api.statuses(showtime) == {"C3": "held"}


def test_a_writer_that_is_stuck_is_not_ready_but_alive(launch):
    """Probes tell the proxy to look elsewhere, and not the supervisor to kill."""
    content, (showtime,) = process.pool(1)
    server = launch(content)
    fault = Fault(server, *late_flush(FLUSH_LATE_US))
    try:
        waiting = swarm.start(
            server.port, [swarm.hold_bytes(server.api.token("me"), showtime, ["C3"])])
        ready = server.api.public
        wait_for(lambda: ready.get("/health/ready").status == 503, 15, "seeing a stuck writer")
        assert ready.get("/health/ready").json["checks"] == {
            "store": "ok", "writer": "failed", "serving": "ok"}
        assert server.api.public.get("/health").status == 503
        server.api.public.get("/health/live").expect(200)
    finally:
        fault.lift()
    waiting.join()
    wait_for(lambda: ready.get("/health/ready").status == 200, 10, "being ready again")
    assert server.api.statuses(showtime) == {"C3": "held"}


def test_who_has_waited_for_five_seconds_hears_that_the_outcome_is_unknown(launch):
    """No request hangs with the disk, and its key tells the outcome later."""
    content, (showtime,) = process.pool(1)
    server = launch(content)
    server.api.seats(showtime)
    customer, key = server.api.customer(), calls.new_key()
    fault = Fault(server, *late_flush(FLUSH_LATE_US))
    try:
        began_s = time.monotonic()
        answer = customer.hold(showtime, ["C3"], key=key)
        assert 3 < time.monotonic() - began_s < 7
        assert answer.expect(503, "OUTCOME_UNKNOWN").header("retry-after") == "2"
    finally:
        fault.lift()
    again = customer.hold(showtime, ["C3"], key=key).expect(201)
    assert again.json["seats"] == ["C3"]
    assert server.api.statuses(showtime) == {"C3": "held"}


def test_an_edit_is_done_although_its_sender_has_been_told_that_nobody_knows(launch):
    """Whose edit it was stays known when the request is long gone."""
    content, (showtime,) = process.pool(1)
    office = Office(launch(content))
    office.server.api.seats(showtime)
    fault = Fault(office.server, *late_flush(FLUSH_LATE_US))
    try:
        office.change("showtimes", showtime, price={"vip": 7}).expect(503, "OUTCOME_UNKNOWN")
        for _ in range(20):
            office.api.public.get(f"/api/showtimes/{showtime}").expect(200)
    finally:
        fault.lift()
    wait_for(lambda: office.get("showtimes", showtime)["price"]["vip"] == 7, 10, "the edit")
    office.changed("showtimes", showtime, price={"vip": 7})
    assert [entry[:4] for entry in office.journal()] == [
        (office.user, "staff", "showtime.update", showtime)]


def test_what_staff_asked_for_is_decided_although_they_have_heard_by_then(launch):
    """A command behind the slow one is decided after its request was answered."""
    content, (showtime,) = process.pool(1)
    server = launch(content)
    server.api.seats(showtime)
    answers = {}

    def block(seat):
        answers[seat] = server.api.staff().block(showtime, [seat])

    fault = Fault(server, *late_flush(FLUSH_LATE_US))
    try:
        waiting = [threading.Thread(target=block, args=(seat,)) for seat in ("C3", "C4")]
        for thread in waiting:
            thread.start()
            time.sleep(0.5)  # The second one comes while the first one's turn is at the disk.
        for thread in waiting:
            thread.join()
    finally:
        fault.lift()
    for answer in answers.values():
        answer.expect(503, "OUTCOME_UNKNOWN")
    blocked = {"C3": "blocked", "C4": "blocked"}
    wait_for(lambda: server.api.statuses(showtime) == blocked, 10, "deciding what waits")
    assert len(server.api.staff().blocks(showtime).json["items"]) == 2


def test_an_end_asked_for_while_the_disk_is_slow_waits_for_the_answers(launch):
    """SIGTERM: what is under way is answered, what comes later is refused, the exit code is 0."""
    content, (showtime,) = process.pool(1)
    server = launch(content)
    server.api.seats(showtime)
    users = [server.api.customer() for _ in range(50)]
    seats = [f"{row}{col}" for row in "BCDFG" for col in range(1, 11)]
    requests = [swarm.hold_bytes(user.token, showtime, [seat])
                for user, seat in zip(users, seats)]
    answers = []
    fault = Fault(server, *late_flush(1500000))
    try:
        waiting = swarm.start(server.port, requests, answers)
        time.sleep(0.5)
        server.process.terminate()
        time.sleep(0.2)
        with pytest.raises(OSError):
            calls.Client(server.port, timeout_s=1).get("/health/live")
        waiting.join()
        assert end_of(server) == 0
    finally:
        fault.lift()
    assert [answer.status for answer in answers] == [201] * len(requests)
    server.start()
    assert server.api.statuses(showtime) == {seat: "held" for seat in seats}


def test_reads_that_fail_are_told_and_come_back_by_themselves(launch):
    """A page that cannot be read is no lost write: nothing ends, and nobody restarts anything."""
    content, showtimes = process.pool(400)
    server = launch(content)
    customer = server.api.customer()
    booking = customer.held(showtimes[0], ["C3"])
    api, refused = server.api, 0
    cold = showtimes[100:400:50]
    fault = Fault(server, "trace=pread64", "inject=pread64:error=EIO")
    try:
        for showtime in cold:
            answer = api.public.get(f"/api/showtimes/{showtime}/seats")
            refused += answer.status == 503
            if answer.status != 200:
                answer.expect(503, "STORE_UNAVAILABLE")
    finally:
        fault.lift()
    assert refused == len(cold), "a showtime that is not in memory must be read"
    for number, showtime in enumerate(cold):
        assert api.statuses(showtime) == {}
        customer.held(showtime, ["C4"])
    assert customer.booking(booking).json["status"] == "pending"
    assert server.is_running()
