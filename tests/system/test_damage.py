"""Rows and pages that contradict each other, keys of long ago, an end while the disk hangs: what
a file may hold after years and accidents must not stop the sale of anything else."""

import pathlib
import sqlite3
import struct
import threading
import time

import pytest
from support import api as calls
from support import process
from support.fault import Fault, late_flush
from test_faults import FLUSH_LATE_US

PAGE_SIZE = 4096
NO_BTREE_PAGE = 0x77


def cpu_seconds(process_id):
    fields = pathlib.Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def wait_until(condition, limit_s=30):
    end_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end_s, "it does not come to pass"
        time.sleep(0.02)


def change(server, *statements):
    """Changes rows of a server that does not run."""
    file = sqlite3.connect(server.data / "usher.db")
    for statement in statements:
        file.execute(statement)
    file.commit()
    file.close()


def showtime_rows(server):
    """What the file says of its showtimes."""
    file = sqlite3.connect(server.data / "usher.db")
    rows = file.execute("SELECT * FROM showtime ORDER BY number").fetchall()
    file.close()
    return rows


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


def test_an_end_with_a_command_that_the_disk_keeps_for_a_while_is_clean(launch):
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


def test_an_end_with_a_command_that_the_disk_keeps_for_good_says_so_and_the_next_start_knows(
        launch):
    content, (showtime,) = process.pool(1)
    server = launch(content)
    customer, key = server.api.customer("me"), calls.new_key()
    fault = Fault(server, *late_flush(FLUSH_LATE_US))
    try:
        customer.hold(showtime, ["C3"], key=key).expect(503, "OUTCOME_UNKNOWN")
        customer.close()
        server.process.terminate()
        wait_until(lambda: server.events("stop_overdue"))
        time.sleep(0.5)  # It ends now, but for the thread that strace makes wait.
    finally:
        fault.strace.kill()
        fault.lift()
    assert server.wait() == process.RESTART_EXIT_CODE
    assert not server.events("stopped")
    server.start()
    assert server.api.statuses(showtime) in ({}, {"C3": "held"})
    server.api.customer("me").hold(showtime, ["C3"], key=key).expect(201)
    assert server.api.statuses(showtime) == {"C3": "held"}


@pytest.mark.sanitize
@pytest.mark.parametrize("name", ["usher.db", "usher.db-wal", "usher.lock"])
def test_nothing_is_acknowledged_from_files_that_the_next_start_would_not_find(launch, name):
    content, (showtime,) = process.pool(1)
    server = launch(content)
    customer = server.api.customer()
    customer.held(showtime, ["C1"])
    path, aside = server.data / name, server.data / "aside"
    path.rename(aside)
    customer.hold(showtime, ["C2"]).expect(503, "STORE_UNAVAILABLE")
    customer.hold(showtime, ["C2"]).expect(503, "STORE_UNAVAILABLE")
    assert server.api.statuses(showtime) == {"C1": "held"}
    server.api.public.get("/health/ready").expect(503)
    aside.rename(path)
    customer.held(showtime, ["C2"])
    assert len(server.events("store_astray")) == len(server.events("store_back")) == 1


def test_nothing_is_acknowledged_from_a_log_that_was_cut_short(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content)
    customer = server.api.customer()
    customer.held(showtime, ["C1"])
    with open(server.data / "usher.db-wal", "r+b") as log:
        whole = log.read()
        log.truncate(0)
        customer.hold(showtime, ["C2"]).expect(503, "STORE_UNAVAILABLE")
        log.seek(0)
        log.write(whole)
        log.flush()
        customer.held(showtime, ["C2"])


def test_a_sold_seat_whose_claim_is_lost_is_not_sold_again(launch):
    damaged = Damaged(launch)
    damaged.damage("DELETE FROM seat_claim WHERE state='booked'")
    answer = damaged.server.api.customer().hold(damaged.broken, ["C3"])
    assert answer.status in (500, 503), answer
    damaged.assert_closed()


class Damaged:
    """A showtime with a sale, a hold and a block, whose rows somebody then changes, and another
    one, which must not notice."""

    def __init__(self, launch, **settings):
        content, (self.broken, self.whole) = process.pool(2)
        self.server = launch(content, **settings)
        self.server.audited = False  # The contradiction is the audit's to find.
        self.buyer = self.server.api.customer("buyer")
        self.sold = self.buyer.held(self.broken, ["C3"])
        price = self.buyer.booking(self.sold).json["final_amount"]
        self.payment = self.buyer.paying(self.sold)
        self.server.api.tell(self.payment, price).expect(200)
        self.held = self.server.api.customer().held(self.broken, ["C4"])
        block = self.server.api.staff().block(self.broken, ["C5", "C6"]).expect(201)
        self.block = block.json["block_id"]

    def damage(self, *statements):
        assert self.server.stop() == 0
        change(self.server, *statements)
        self.start()

    def start(self):
        self.server.start()
        self.staff = self.server.api.staff(role="admin")

    def assert_closed(self):
        """Nothing of it is served any more; all else is, and at rest nobody works."""
        self.staff.block(self.broken, ["C9"]).expect(503, "STORE_UNAVAILABLE")
        self.server.api.customer().held(self.whole, ["C3"])
        before_s = cpu_seconds(self.server.process.pid)
        time.sleep(1)
        assert cpu_seconds(self.server.process.pid) - before_s < 0.5
        assert "showtime_closed" in self.server.log()
        assert self.server.stop() == 0


def test_a_block_without_all_its_claims_closes_its_showtime(launch):
    damaged = Damaged(launch)
    damaged.damage("DELETE FROM seat_claim WHERE block IS NOT NULL AND place=(SELECT min(place)"
                   " FROM seat_claim WHERE block IS NOT NULL)")
    damaged.staff.release(damaged.broken, damaged.block).expect(503, "STORE_UNAVAILABLE")
    damaged.assert_closed()


def test_a_block_that_names_a_seat_twice_closes_its_showtime(launch):
    damaged = Damaged(launch)
    damaged.damage("""UPDATE block SET seats='["C5","C5"]'""")
    damaged.staff.release(damaged.broken, damaged.block).expect(500, "INTERNAL_ERROR")
    damaged.assert_closed()


@pytest.mark.parametrize("damage", [
    "DELETE FROM payment",
    "UPDATE payment SET status='refunded'",
    "UPDATE payment SET booking=(SELECT number FROM booking WHERE status='pending')",
    "UPDATE booking SET status='cancelled' WHERE status='confirmed'",
    "DELETE FROM booking WHERE status='confirmed'",
    "UPDATE booking SET showtime=(SELECT s.number FROM showtime s WHERE s.number NOT IN"
    " (SELECT b.showtime FROM booking b)) WHERE status='confirmed'",
])
def test_a_cancelled_showtime_whose_sale_contradicts_itself_is_closed_and_nothing_spins(
        launch, damage):
    damaged = Damaged(launch)
    damaged.damage(damage)
    damaged.staff.cancel_showtime(damaged.broken).expect(202)
    wait_until(lambda: "showtime_closed" in damaged.server.log())
    damaged.assert_closed()
    damaged.start()  # It meets the same again, and starts all the same.
    wait_until(lambda: damaged.server.log().count("showtime_closed") == 2)
    damaged.server.api.customer().held(damaged.whole, ["C4"])


def test_money_kept_by_a_booking_that_has_expired_closes_its_showtime(launch):
    damaged = Damaged(launch)
    damaged.damage("UPDATE booking SET status='expired' WHERE status='confirmed'")
    damaged.staff.refund(damaged.payment["payment_id"]).expect(500, "INTERNAL_ERROR")
    damaged.assert_closed()


def test_a_refunds_key_that_has_lost_its_payment_fails_alone(launch):
    damaged = Damaged(launch)
    staff, key = damaged.server.api.staff("me"), calls.new_key()
    staff.refund(damaged.payment["payment_id"], key=key).expect(202)
    damaged.damage("UPDATE idempotency_0 SET payment=NULL", "UPDATE idempotency_1 SET payment=NULL")
    staff = damaged.server.api.staff("me")
    staff.refund(damaged.payment["payment_id"], key=key).expect(500, "INTERNAL_ERROR")
    damaged.server.api.customer().held(damaged.broken, ["C9"])


def test_a_payments_key_that_has_lost_its_payment_fails_alone(launch):
    damaged = Damaged(launch)
    customer, key = damaged.server.api.customer("me"), calls.new_key()
    booking = customer.held(damaged.broken, ["C9"])
    customer.pay(booking, key=key).expect(201)
    damaged.damage("UPDATE idempotency_0 SET payment=NULL", "UPDATE idempotency_1 SET payment=NULL")
    customer = damaged.server.api.customer("me")
    customer.pay(booking, key=key).expect(500, "INTERNAL_ERROR")
    damaged.server.api.customer().held(damaged.broken, ["C10"])


def test_a_hold_of_another_showtimes_booking_closes_only_the_one_that_has_it(launch):
    damaged = Damaged(launch, HOLD_SECONDS="1")
    damaged.server.api.customer().held(damaged.whole, ["C8"])
    damaged.damage("UPDATE seat_claim SET showtime=(SELECT min(number) FROM showtime)"
                   " WHERE booking=(SELECT max(number) FROM booking)",
                   "UPDATE showtime SET available_seats=total_seats-(SELECT count(*) FROM seat_claim"
                   " WHERE showtime=number)")
    wait_until(lambda: "showtime_closed" in damaged.server.log())
    damaged.assert_closed()


@pytest.mark.parametrize("damage", [
    "UPDATE showtime SET price_standard=-5",
    "UPDATE showtime SET price_vip=9223372036854775807",
    "UPDATE showtime SET version=-1",
    "UPDATE seat_layout SET places=replace(places,'s','?')",
])
def test_a_showtime_that_cannot_be_is_not_for_sale(launch, damage):
    damaged = Damaged(launch)
    damaged.damage(damage)
    wait_until(lambda: "showtime_closed" in damaged.server.log())  # It has a hold to end.
    damaged.server.api.customer().hold(damaged.broken, ["C9"]).expect(503, "STORE_UNAVAILABLE")
    damaged.server.assert_well()


@pytest.mark.parametrize("damage", [
    "UPDATE cinema SET timezone='Mars/Base'",
    "UPDATE showtime SET movie='nobody'",
    "UPDATE showtime SET cinema='nobody'",
    "UPDATE showtime SET starts_at=9223372036854775807, ends_at=9223372036854775807",
])
def test_a_showtime_whose_row_cannot_be_is_not_changed(launch, damage):
    damaged = Damaged(launch)
    damaged.damage(damage)  # Of both.
    before = showtime_rows(damaged.server)
    price = {"price": {"standard": 95000, "vip": 95000, "couple": 95000}}
    for showtime in (damaged.broken, damaged.whole):
        damaged.staff.request("PATCH", f"/api/showtimes/{showtime}", price
                              ).expect(500, "INTERNAL_ERROR")
    assert len(before) == 2 and showtime_rows(damaged.server) == before
    damaged.server.assert_well()


def test_texts_longer_than_any_entry_has_stop_a_change_and_not_the_server(launch):
    damaged = Damaged(launch)
    damaged.damage("UPDATE movie SET title=printf('%.*c', 40000, 'x')",
                   "UPDATE cinema SET city=printf('%.*c', 40000, 'x')")
    film = damaged.server.api.public.get("/api/movies").json["items"][0]["id"]
    house = damaged.server.api.public.get("/api/cinemas").json["items"][0]["id"]
    damaged.staff.request("PATCH", f"/api/movies/{film}", {"status": "ended"}
                          ).expect(500, "INTERNAL_ERROR")
    damaged.staff.request("PATCH", f"/api/cinemas/{house}", {"phone": "1"}
                          ).expect(500, "INTERNAL_ERROR")
    damaged.server.assert_well()


def test_an_entry_of_the_journal_with_a_number_that_no_id_can_have_ends_its_list(launch):
    damaged = Damaged(launch)
    damaged.server.api.staff().block(damaged.broken, ["C7"]).expect(201)
    assert damaged.server.api.staff().journal("?limit=1").expect(200).json["next_cursor"]
    damaged.damage("UPDATE journal SET number=number+(1<<60)")
    told = damaged.staff.journal("?limit=1").expect(200).json
    assert len(told["items"]) == 1 and told["next_cursor"] is None
    damaged.server.assert_well()
