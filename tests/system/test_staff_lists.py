"""What staff look through: bookings, refunds, blocks and the journal."""

import sqlite3
import time

import pytest
from support import process, shapes
from support.catalogue import NOBODY
from support.staff import all_pages, sell

MANY = 50000
SCANNED_MAX = 20000  # By one page.


@pytest.mark.sanitize
def test_bookings_are_found_by_what_people_know_of_them(api, staff, showtime, house):
    one, other = api.customer(), api.customer()
    first = one.hold(showtime, ["A1"]).expect(201).json
    second = one.hold(house.showtime(), ["A1"]).expect(201).json
    third = other.hold(showtime, ["A2"]).expect(201).json
    one.cancel(second["booking_id"]).expect(200)

    def found(query):
        body = staff.all_bookings(query).expect(200).json
        shapes.check(body, shapes.a_list({**shapes.BOOKING, "cancelled_at?": shapes.MOMENT,
                                          "cancellation_reason?": str, "payment_id?": shapes.ID,
                                          "confirmed_at?": shapes.MOMENT}))
        assert body["next_cursor"] is None
        return [item["id"] for item in body["items"]]

    ids = [made["booking_id"] for made in (first, second, third)]
    assert found(f"?code={first['booking_code']}") == [ids[0]]
    assert found(f"?code={first['booking_code'].lower()}&user_id={one.user}") == [ids[0]]
    assert found(f"?code={first['booking_code']}&user_id={other.user}") == []
    assert found(f"?code={first['booking_code']}&showtime_id={showtime}&status=pending") == [ids[0]]
    assert found(f"?code={first['booking_code']}&showtime_id={NOBODY}") == []
    assert found("?code=BK-ZZZZZZZZ") == []
    assert found(f"?user_id={one.user}") == [ids[1], ids[0]]
    assert found(f"?user_id={one.user}&status=cancelled") == [ids[1]]
    assert found(f"?user_id={one.user}&showtime_id={showtime}") == [ids[0]]
    assert found(f"?showtime_id={showtime}") == [ids[2], ids[0]]
    assert found(f"?showtime_id={showtime}&status=cancelled") == []
    assert found(f"?showtime_id={NOBODY}") == []
    own = one.booking(ids[0]).json
    assert staff.all_bookings(f"?code={own['booking_code']}").json["items"] == [own]


def test_lists_go_on_where_the_page_before_ended(api, staff, showtime):
    customer = api.customer()
    made = [customer.held(showtime, [f"H{col}"]) for col in range(1, 8)]
    for query in (f"?showtime_id={showtime}", f"?user_id={customer.user}"):
        for limit in (1, 3, 7, 100):
            items = all_pages(staff.all_bookings, query, limit)
            assert [item["id"] for item in items] == made[::-1]
    everything = [item["id"] for item in all_pages(staff.all_bookings, "", 50)]
    assert everything[: len(made)] == made[::-1]
    assert len(everything) == len(set(everything))
    pending = [item["id"] for item in all_pages(staff.all_bookings, "?status=pending", 4)]
    assert pending[: len(made)] == made[::-1]
    blocks = [staff.block(showtime, [f"I{col}"]).expect(201).json for col in range(1, 6)]
    assert all_pages(lambda query: staff.blocks(showtime, query), "", 2) == blocks[::-1]
    assert len(all_pages(staff.journal, f"?actor={staff.user}", 2)) == len(blocks)


@pytest.mark.sanitize
def test_refunds_are_listed_by_where_they_are(api, staff, customer, showtime):
    payments = [sell(api, customer, showtime, [f"D{col}"])[1]["payment_id"] for col in (1, 2)]
    for payment in payments:
        staff.refund(payment).expect(202)
    staff.refund_done(payments[0]).expect(200)
    due = all_pages(staff.refunds, "?status=due")
    done = all_pages(staff.refunds, "?status=done", 1)
    for item in due + done:
        shapes.check(item, shapes.PAYMENT_FOR_STAFF)
    assert payments[1] in [item["id"] for item in due]
    assert payments[0] not in [item["id"] for item in due]
    assert payments[0] in [item["id"] for item in done]
    both = [item["id"] for item in all_pages(staff.refunds, "", 1)]
    assert [payment for payment in both if payment in payments] == payments[::-1]
    assert all_pages(staff.refunds, "?status=failed") == []


@pytest.mark.sanitize
def test_the_journal_tells_who_did_what_and_when(api, showtime):
    admin = api.staff(role="admin")
    block = admin.block(showtime, ["A1"], "rehearsal").expect(201).json
    body = admin.journal(f"?actor={admin.user}").expect(200).json
    shapes.check(body, shapes.a_list(shapes.ENTRY))
    assert body["items"] == [{
        "at": block["created_at"], "actor": admin.user, "role": "admin", "action": "block.create",
        "subject_type": "block", "subject_id": block["block_id"], "detail": "rehearsal"}]
    time.sleep(0.01)
    admin.release(showtime, block["block_id"]).expect(200)
    newest = admin.journal(f"?actor={admin.user}&limit=1").json["items"][0]
    assert newest["action"] == "block.release"
    since = admin.journal(f"?actor={admin.user}&since={newest['at']}").json["items"]
    assert [item["action"] for item in since] == ["block.release"]
    assert admin.journal(f"?actor={api.staff().user}").json["items"] == []
    assert admin.journal("?since=2990-01-01T00:00:00Z").json["items"] == []


def fill(server, statement):
    assert server.stop() == 0
    with sqlite3.connect(server.data / "usher.db") as database:
        database.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE"
                         f" i<{MANY}) " + statement)
    database.close()
    server.start()


def pages_of(call, query):
    """How many pages it takes to the end, and how many items there are."""
    pages, items, cursor = 0, 0, ""
    while cursor is not None:
        body = call(f"{query}&limit=100{cursor and '&cursor=' + cursor}").expect(200).json
        pages, items, cursor = pages + 1, items + len(body["items"]), body["next_cursor"]
    return pages, items


def test_no_page_looks_at_more_than_so_many_entries(launch):
    """A look that finds nothing goes on in further pages, so that no other request waits."""
    content, (showtime,) = process.pool(1)
    server = launch(content)
    server.audited = False  # The rows are not whole otherwise.
    fill(server, "INSERT INTO journal(at,actor,role,action,subject,detail) SELECT i,"
                 " 'someone','staff','block.create','500000000000000000000001','' FROM n")
    staff = server.api.staff()
    for query in ("?since=2990-01-01T00:00:00Z", "?since=2990-01-01T00:00:00Z&actor=someone"):
        assert pages_of(staff.journal, query) == (-(-MANY // SCANNED_MAX), 0)
    assert pages_of(staff.journal, "?since=2990-01-01T00:00:00Z&actor=nobody") == (1, 0)
    assert pages_of(staff.journal, "?since=1970-01-01T00:00:00.001Z")[1] == MANY

    server.api.customer("someone").held(showtime, ["C3"])
    fill(server, "INSERT INTO booking SELECT i,b.showtime,b.user,b.code,'cancelled',b.seats,"
                 "b.total,b.discount,b.final,b.held_at,b.first_expires_at,b.hold_expires_at,"
                 "b.updated_at,NULL,1,NULL,NULL,NULL,0 FROM n, (SELECT * FROM booking) b")
    staff = server.api.staff()
    for query in ("?status=confirmed", "?status=confirmed&user_id=someone"):
        assert pages_of(staff.all_bookings, query) == (-(-(MANY + 1) // SCANNED_MAX), 0)
    assert pages_of(staff.all_bookings, f"?status=confirmed&showtime_id={showtime}") == (1, 0)
    assert pages_of(staff.all_bookings, f"?status=pending&showtime_id={showtime}") == (1, 1)
    body = staff.all_bookings(f"?showtime_id={showtime}&limit=2").json
    assert [item["status"] for item in body["items"]] == ["pending", "cancelled"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/staff/bookings?status=lost",
        "/api/staff/bookings?code=BK-1",
        "/api/staff/bookings?user_id=a%20b",
        "/api/staff/bookings?showtime_id=1",
        "/api/staff/bookings?limit=101",
        "/api/staff/bookings?cursor=AAAA",
        "/api/staff/bookings?cursor=" + "A" * 15 + "B",
        "/api/staff/refunds?status=pending",
        "/api/staff/refunds?user_id=x",
        "/api/staff/journal?since=yesterday",
        "/api/staff/journal?cursor=" + "A" * 15 + "B",
        f"/api/showtimes/{'5' + '0' * 22 + '1'}/blocks?status=due",
    ],
)
def test_a_query_that_is_not_well_formed_is_refused(staff, path):
    answer = staff.get(path)
    shapes.check_problem(answer, 400, "VALIDATION_FAILED", errors=shapes.FIELD_ERRORS)
    assert len(answer.json["errors"]) == 1
