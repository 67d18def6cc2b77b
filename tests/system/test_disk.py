"""A full disk: writes are refused with 503, reads go on, and writes come back by themselves.

The data folder is a small tmpfs of the test's own, so the tests run as root.
"""

import os
import subprocess
import time

import pytest
from support import api as calls
from support import catalogue, metrics, process, shapes, swarm

DISK_SIZE = "6m"
BACK_WITHIN_S = 10
FILL_BLOCK = 64 * 1024
SEATS = [seat for seat in catalogue.S1_SEATS if seat[0] in "BCDFGH"]


class Disk:
    """A small disk that can be filled up and emptied."""

    def __init__(self, folder):
        folder.mkdir(parents=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE},mode=0700", "tmpfs", folder],
            capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"this test must mount a tmpfs, as root: {done.stderr}"
        self.folder = folder
        self.filler = folder / "filler"

    def fill(self, free=0):
        """Leaves not a byte free, or about `free` of them."""
        with open(self.filler, "ab", buffering=0) as file:
            block = FILL_BLOCK
            while block:
                try:
                    file.write(b"\0" * block)
                except OSError:
                    block //= 2
            file.truncate(max(0, file.tell() - free))

    def empty(self):
        self.filler.unlink(missing_ok=True)

    def unmount(self):
        subprocess.run(["umount", self.folder], check=True)


@pytest.fixture
def disk(tmp_path):
    made = Disk(tmp_path / "usher" / "data")
    yield made
    made.empty()
    made.unmount()


@pytest.fixture
def server(disk, launch):  # The disk is unmounted after the server has ended.
    content, server_showtimes = process.pool(4)
    server = launch(content)
    server.showtimes = server_showtimes
    return server


def hold_until_refused(disk, customers, showtime):
    """Fills the disk and holds until a hold is refused: the log may have room of its own."""
    held = []
    for number, seat in enumerate(SEATS):
        if number >= len(customers):  # Each has a hold before.
            disk.fill()
        answer = customers[number % len(customers)].hold(showtime, [seat])
        if answer.status != 201:
            return held, answer
        held.append(seat)
    raise AssertionError("a full disk takes every hold")


def wait_until_writes_come_back(ask):
    """Repeats a request until it is not refused; nobody restarts anything."""
    began_s = time.monotonic()
    while True:
        answer = ask()
        if answer.status != 503:
            print(f"writes came back after {(time.monotonic() - began_s) * 1000:.0f} ms")
            return answer
        answer.expect(503, "STORE_UNAVAILABLE")
        assert time.monotonic() - began_s < BACK_WITHIN_S
        time.sleep(0.05)


@pytest.mark.sanitize
def test_a_full_disk_refuses_writes_and_serves_reads(disk, server):
    api, showtime, other = server.api, *server.showtimes[:2]
    owner = api.customer()
    booking = owner.held(other, ["C3"])
    payment = owner.paying(booking)
    customers = [api.customer() for _ in range(8)]
    held, refused = hold_until_refused(disk, customers, showtime)
    shapes.check_problem(refused, 503, "STORE_UNAVAILABLE", "/api/bookings/hold")
    assert int(refused.header("retry-after")) >= 1

    pay_key, hold_key, fresh = calls.new_key(), calls.new_key(), api.customer()
    for answer in (
        owner.cancel(booking),
        owner.pay(booking, "card", pay_key),
        owner.confirm(booking, "card"),
        fresh.hold(showtime, ["J1"], hold_key),
        api.tell(payment, 100000),
    ):
        assert int(answer.expect(503, "STORE_UNAVAILABLE").header("retry-after")) >= 1

    assert api.statuses(showtime) == {seat: "held" for seat in held}
    assert owner.booking(booking).json["status"] == "pending"
    assert owner.bookings().json["items"][0]["id"] == booking
    assert owner.payment(payment["payment_id"]).json["data"]["status"] == "pending"
    for path in ("/api/movies", "/api/showtimes", "/api/cinemas", "/health/live"):
        api.public.get(path).expect(200)

    disk.empty()
    answer = wait_until_writes_come_back(lambda: fresh.hold(showtime, ["J1"], hold_key))
    assert answer.expect(201).header("idempotent-replayed") is None
    api.tell(payment, 100000).expect(200)
    assert owner.booking(booking).json["status"] == "confirmed"
    assert api.statuses(showtime) == {**{seat: "held" for seat in held}, "J1": "held"}
    assert server.is_running()


def test_health_and_metrics_tell_of_a_full_disk(disk, launch):
    """Not ready would be wrong: reads go on, and only a new attempt can show that it is over."""
    content, (showtime,) = process.pool(1)
    server = launch(content, METRICS_PORT="0")
    operator, public = server.operator(), server.api.public
    customers = [server.api.customer() for _ in range(8)]
    public.get("/health").expect(200)
    hold_until_refused(disk, customers, showtime)
    told = public.get("/health")
    assert told.status == 503
    assert told.json["checks"] == {"store": "ok", "writer": "ok", "serving": "ok",
                                   "disk": "failed", "commits": "failed"}
    assert told.json["details"]["commit_error"] == "STORE_UNAVAILABLE"
    assert told.json["details"]["disk_free_bytes"] < 1 << 20
    public.get("/health/ready").expect(200)
    page = metrics.scrape(operator)
    assert page.value("usher_commit_failures_total") >= 1
    assert page.value("usher_refusals_total", code="STORE_UNAVAILABLE") >= 1
    assert page.value("usher_disk_free_bytes") < 1 << 20 < page.value("usher_disk_bytes")
    assert any(line["error"] == "STORE_UNAVAILABLE" for line in server.events("commit_failed"))
    assert server.events("request")[0]["status"] == 503
    disk.empty()
    wait_until_writes_come_back(lambda: customers[0].hold(showtime, ["J1"]))
    told = public.get("/health").expect(200).json
    assert told["status"] == "ok" and "commit_error" not in told["details"]


def test_a_full_disk_does_not_fill_the_log(disk, server):
    """It may be on the same disk."""
    showtime = server.showtimes[0]
    customers = [server.api.customer() for _ in range(8)]
    hold_until_refused(disk, customers, showtime)
    refused = 0
    for _ in range(200):
        disk.fill()
        refused += customers[0].hold(showtime, ["J1"]).status == 503
    assert refused > 150
    told = server.events("commit_failed") + server.events("store_failed") + server.events("sqlite")
    assert len(told) < 60
    disk.empty()
    wait_until_writes_come_back(lambda: customers[0].hold(showtime, ["J1"]))


def test_what_a_full_disk_acknowledged_survives_a_kill(disk, server):
    showtime = server.showtimes[0]
    customers = [server.api.customer() for _ in range(8)]
    held, _ = hold_until_refused(disk, customers, showtime)
    server.kill()
    disk.empty()
    server.start()
    assert server.api.statuses(showtime) == {seat: "held" for seat in held}
    server.api.customer().held(showtime, ["J1"])


def test_a_disk_that_is_full_now_and_then_loses_nothing(disk, server):
    """Many customers while the disk fills up and empties; every answer is true."""
    held, refused = {}, 0
    for number, showtime in enumerate(server.showtimes):
        if number % 2 == 0:
            disk.fill()
        else:
            disk.empty()
        tokens = [server.api.token(f"{number}-{seat}") for seat in catalogue.S1_SEATS]
        requests = [swarm.hold_bytes(token, showtime, [seat])
                    for token, seat in zip(tokens, catalogue.S1_SEATS)]
        for _ in range(2):
            answers, _ = swarm.fire(server.port, requests)
            for seat, answer in zip(catalogue.S1_SEATS, answers):
                if answer.status == 201:
                    held[showtime, seat] = answer.json["booking_id"]
                else:
                    answer.expect(503, "STORE_UNAVAILABLE")
                    refused += 1
            if number % 2 == 0:
                disk.fill()
    assert held and refused, "the disk must have been full, and not always"
    disk.empty()
    customer = server.api.customer()
    wait_until_writes_come_back(lambda: customer.hold(server.showtimes[0], [catalogue.S1_SEATS[0]]))
    for showtime in server.showtimes:
        taken = {seat for at, seat in held if at == showtime}
        statuses = set(server.api.statuses(showtime))
        assert statuses - {catalogue.S1_SEATS[0]} == taken - {catalogue.S1_SEATS[0]}
    for (showtime, seat), booking in held.items():
        number = server.showtimes.index(showtime)
        owner = server.api.customer(f"{number}-{seat}")
        assert owner.booking(booking).json["seats"][0]["seat_id"] == seat
        owner.close()


def test_holds_end_on_time_although_the_disk_is_full(disk, launch):
    """The clock frees a seat; marking it waits for the disk, selling it to another does too."""
    content, (showtime,) = process.pool(1)
    server = launch(content, HOLD_SECONDS="2")
    customers = [server.api.customer() for _ in range(8)]
    held, _ = hold_until_refused(disk, customers, showtime)
    time.sleep(2.5)
    booking = customers[0].bookings().json["items"][0]["id"]
    customers[0].confirm(booking).expect(503, "STORE_UNAVAILABLE")
    disk.empty()
    other = server.api.customer()
    answer = wait_until_writes_come_back(lambda: other.hold(showtime, [held[0]]))
    answer.expect(201)
    deadline = time.monotonic() + 3
    while server.api.statuses(showtime) != {held[0]: "held"} and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.api.statuses(showtime) == {held[0]: "held"}
    assert customers[0].booking(booking).json["status"] == "expired"


def test_a_seed_that_does_not_fit_changes_nothing(disk, launch):
    content, showtimes = process.pool(1)
    server = launch(content, start=False)
    server.data.mkdir(exist_ok=True)
    more = catalogue.Catalogue()
    more.add_showtimes(2000, screen_id="BIG")
    path = more.write(os.path.join(server.folder, "more.json"))
    disk.fill(free=200 * 1024)  # Enough to begin.
    done = server.run("seed", path)
    assert done.returncode != 0
    assert "full" in (done.stderr + done.stdout).lower(), done
    disk.empty()
    server.start()
    listed = server.api.public.get("/api/showtimes?limit=100").json["items"]
    assert [item["id"] for item in listed] == showtimes


def test_a_read_only_folder_is_told_and_can_be_audited(disk, launch):
    """A disk that the kernel made read-only: nothing is served from it, everything can be read."""
    content, (showtime,) = process.pool(1)
    server = launch(content)
    server.api.customer().held(showtime, ["C3"])
    server.kill()  # The log has what the file lacks.
    subprocess.run(["mount", "-o", "remount,ro", disk.folder], check=True)
    try:
        done = server.run("serve", timeout_s=20)
        assert done.returncode == 2 and str(server.data) in done.stderr, done
        assert "read-only" in done.stderr.lower() or "readonly" in done.stderr.lower()
        server.audit()
        copy = server.folder / "backup.db"
        assert server.run("backup", copy).returncode == 0
    finally:
        subprocess.run(["mount", "-o", "remount,rw", disk.folder], check=True)
    server.start()
    assert server.api.statuses(showtime) == {"C3": "held"}
    restored = launch(name="restored", start=False)
    restored.data.mkdir()
    copy.rename(restored.data / "usher.db")
    assert restored.start().api.statuses(showtime) == {"C3": "held"}
