"""Rows and pages that contradict each other, keys of long ago, an end while the disk hangs: what
a file may hold after years and accidents must not stop the sale of anything else."""

import pathlib
import sqlite3
import struct
import threading
import time

from support import api as calls
from support import process
from support.fault import Fault, late_flush
from test_faults import FLUSH_LATE_US

PAGE_SIZE = 4096
NO_BTREE_PAGE = 0x77


def cpu_seconds(process_id):
    fields = pathlib.Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def change(server, *statements):
    """Changes rows of a server that does not run."""
    file = sqlite3.connect(server.data / "usher.db")
    for statement in statements:
        file.execute(statement)
    file.commit()
    file.close()


def forget_keys(server):
    """Two days pass: the keys of then are gone."""
    assert server.stop() == 0
    change(server, "DELETE FROM idempotency_0", "DELETE FROM idempotency_1")
    server.start()


def test_a_key_of_days_ago_confirms_another_booking(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content)
    customer, key = server.api.customer("me"), calls.new_key()
    first = customer.held(showtime, ["C3"])
    customer.confirm(first, key=key).expect(200)
    forget_keys(server)
    customer = server.api.customer("me")
    second = customer.held(showtime, ["C4"])
    answer = customer.confirm(second, key=key).expect(200).json
    found = customer.payment(answer["payment_id"]).expect(200).json["data"]
    assert found["booking_id"] == second, "the id names the payment that it was given to last"
    server.api.customer().held(showtime, ["C5"])


def test_a_held_seat_without_a_pending_booking_closes_its_showtime_and_nothing_spins(launch):
    content, (broken, whole) = process.pool(2)
    server = launch(content, HOLD_SECONDS="1")
    server.audited = False  # The contradiction is the audit's to find.
    server.api.customer().held(broken, ["C3"])
    assert server.stop() == 0
    change(server, "UPDATE booking SET status='expired'")
    server.start()
    server.api.customer().hold(broken, ["C4"]).expect(500, "INTERNAL_ERROR")
    server.api.customer().hold(broken, ["C4"]).expect(503, "STORE_UNAVAILABLE")
    server.api.customer().held(whole, ["C3"])
    before_s = cpu_seconds(server.process.pid)
    time.sleep(2)
    assert cpu_seconds(server.process.pid) - before_s < 1


def damage_a_leaf(path, table):
    """Wrecks the page in the middle of a table's rows."""
    file = sqlite3.connect(path)
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    root = file.execute("SELECT rootpage FROM sqlite_schema WHERE name=?", (table,)).fetchone()[0]
    file.close()
    data = bytearray(path.read_bytes())
    start = (root - 1) * PAGE_SIZE
    cells = struct.unpack(">H", data[start + 3:start + 5])[0]
    assert cells > 2, "the table must have several pages"
    pointer = start + 12 + 2 * (cells // 2)
    cell = start + struct.unpack(">H", data[pointer:pointer + 2])[0]
    leaf = struct.unpack(">I", data[cell:cell + 4])[0]
    data[(leaf - 1) * PAGE_SIZE] = NO_BTREE_PAGE
    path.write_bytes(data)


def test_a_damaged_page_stops_the_showtime_that_it_belongs_to_and_no_other(launch):
    content, showtimes = process.pool(3, screen_id="BIG")
    server = launch(content)
    server.audited = False
    for showtime in showtimes:
        for row in "ABCDEFGHIJKLMNOPQRST":
            customer = server.api.customer()
            for first in (1, 11):
                customer.held(showtime, [f"{row}{col}" for col in range(first, first + 10)])
            customer.close()
    assert server.stop() == 0
    damage_a_leaf(server.data / "usher.db", "seat_claim")
    server.start()
    stopped, refused = threading.Event(), []

    def knock():
        customer = server.api.customer()
        while not stopped.is_set():
            refused.append(customer.hold(showtimes[1], ["Z1"]).status)

    knocking = threading.Thread(target=knock)
    knocking.start()
    try:
        customer = server.api.customer()
        for count in range(150):
            customer.cancel(customer.held(showtimes[0], [f"Z{count % 50 + 1}"])).expect(200)
    finally:
        stopped.set()
        knocking.join()
    assert refused and set(refused) <= {500, 503}, "the damaged one is not for sale"


def test_a_show_that_is_over_is_on_sale_again_when_its_file_moves_it(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content, start=False)
    change(server, "UPDATE showtime SET status='completed', starts_at=1000, ends_at=2000")
    server.seed(content)
    server.start()
    assert server.api.public.get(f"/api/showtimes/{showtime}").json["status"] == "scheduled"
    server.api.customer().held(showtime, ["C3"])


def test_an_end_with_a_command_that_the_disk_still_keeps_is_clean(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content)
    server.api.seats(showtime)
    customer, key = server.api.customer(), calls.new_key()
    fault = Fault(server, *late_flush(FLUSH_LATE_US))
    try:
        customer.hold(showtime, ["C3"], key=key).expect(503, "OUTCOME_UNKNOWN")
        customer.close()
        server.process.terminate()
        time.sleep(2)  # The loops have ended; the writer still waits for the disk.
    finally:
        fault.lift()
    assert server.wait() == 0
    server.start()
    assert server.api.statuses(showtime) == {"C3": "held"}
