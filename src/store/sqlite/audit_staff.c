/* The rules about what staff did: blocks, cancelled showtimes, refunds, and the journal. */
#include "store/sqlite/audit_scan.h"
#include "store/sqlite/staff_rows.h"

/* What an id begins with: the number in hex, or all of a moved one. */
#define PREFIX(kind, number) \
    "coalesce((SELECT lower(hex(m.id)) FROM moved_id m WHERE m.kind=" kind " AND m.number=" number \
    "),printf('%012x'," number "))"

/* How many entries of an action there are on a number. */
#define ENTRIES(action, kind, number) \
    "(SELECT count(*) FROM journal j WHERE j.subject>=" PREFIX( \
        kind, number) " AND j.subject<" PREFIX(kind, number) "||'g' AND j.action='" action "')"

/* Each row that a query gives is a sentence. */
const char *const audit_staff_queries[] = {
    "SELECT 'Place '||c.place||' of showtime '||s.id||' is blocked by block '||c.block||"
    "', which does not exist or is of another showtime'"
    " FROM seat_claim c JOIN showtime s ON s.number=c.showtime"
    " LEFT JOIN block k ON k.number=c.block"
    " WHERE c.state='blocked' AND k.showtime IS NOT c.showtime AND c.block IS NOT NULL",

    "SELECT 'Place '||c.place||' of showtime '||c.showtime||' is '||c.state||"
    "', but not by whom it should'"
    " FROM seat_claim c WHERE (c.state='blocked') IS NOT (c.block IS NOT NULL)"
    " OR (c.state='blocked') IS NOT (c.booking IS NULL)",

    "SELECT 'Block '||k.number||' is released, but place '||c.place||' is still blocked by it'"
    " FROM seat_claim c JOIN block k ON k.number=c.block WHERE k.released_at IS NOT NULL",

    "SELECT 'Block '||k.number||' is of showtime '||k.showtime||', which does not exist'"
    " FROM block k LEFT JOIN showtime s ON s.number=k.showtime WHERE s.number IS NULL",

    "SELECT 'Showtime '||id||' is '||status||', but cancelled_at says otherwise'"
    " FROM showtime WHERE (status='cancelled') IS NOT (cancelled_at IS NOT NULL)",

    /* A cancel comes to its bookings one turn after the other: they may stand for a while. */
    "SELECT 'Booking '||b.number||' was '||b.status||' after its showtime was cancelled'"
    " FROM showtime s JOIN booking b ON b.showtime=s.number WHERE s.status='cancelled'"
    " AND (b.held_at>s.cancelled_at OR b.confirmed_at>s.cancelled_at)",

    "SELECT 'Payment '||p.number||' goes back at the staff''s request, but its booking is '||"
    "b.status FROM payment p JOIN booking b ON b.number=p.booking"
    " WHERE p.reason='requested' AND b.status<>'cancelled'",

    "SELECT 'Payment '||p.number||' goes back for a cancelled showtime, which is '||s.status"
    " FROM payment p JOIN booking b ON b.number=p.booking JOIN showtime s ON s.number=b.showtime"
    " WHERE p.reason='showtime_cancelled' AND s.status<>'cancelled'",

    "SELECT 'Payment '||number||' is '||status||', but refund_done_at says otherwise'"
    " FROM payment WHERE (status='refunded') IS NOT (refund_done_at IS NOT NULL)",

    "SELECT 'Payment '||number||' is '||status||', but has the reference of a refund'"
    " FROM payment WHERE status<>'refunded' AND refund_reference IS NOT NULL",

    /* clang-format off */
    "SELECT 'Block '||k.number||' has '||" ENTRIES("block.create", "3", "k.number") "||"
    "' entries of its making in the journal' FROM block k"
    " WHERE " ENTRIES("block.create", "3", "k.number") "<>1",

    "SELECT 'Block '||k.number||' has '||" ENTRIES("block.release", "3", "k.number") "||"
    "' entries of its release in the journal' FROM block k"
    " WHERE " ENTRIES("block.release", "3", "k.number") "<>(k.released_at IS NOT NULL)",

    "SELECT 'Payment '||p.number||' has '||" ENTRIES("payment.refund", "2", "p.number") "||"
    "' entries of its refund in the journal' FROM payment p"
    " WHERE p.reason='requested' AND p.refund_requested_at IS NOT NULL"
    " AND " ENTRIES("payment.refund", "2", "p.number") "<>1",

    "SELECT 'Payment '||p.number||' has '||" ENTRIES("payment.refund_done", "2", "p.number") "||"
    "' entries of its refund by hand in the journal' FROM payment p"
    " WHERE p.refund_reference IS NOT NULL"
    " AND " ENTRIES("payment.refund_done", "2", "p.number") "<>1",
    /* clang-format on */

    "SELECT 'Showtime '||s.id||' has '||count(j.number)||"
    "' entries of its cancel in the journal' FROM showtime s"
    " LEFT JOIN journal j ON j.action='showtime.cancel' AND j.subject=s.id"
    " WHERE s.status='cancelled' GROUP BY s.number HAVING count(j.number)<>1",
    NULL,
};

/* Whether a standing block has a seat; false if the file cannot be read. */
static bool judge_seat(struct audit *audit, const struct audit_layout *layout, int64_t block,
                       struct seat_name seat)
{
    char name[SEAT_NAME_SIZE_MAX + 1];
    name[seat_name_format(seat, name)] = '\0';
    const int64_t place = audit_find_place(layout, seat);
    if (place < 0) {
        audit_say(audit, "Block %lld lists seat %s, which its showtime does not have",
                  (long long)block, name);
        return true;
    }
    sqlite3_stmt *claim = database_statement(
        &audit->database, "SELECT block FROM seat_claim WHERE showtime=?1 AND place=?2");
    if (claim == NULL) return false;
    (void)sqlite3_bind_int64(claim, 1, layout->showtime);
    (void)sqlite3_bind_int64(claim, 2, place);
    const int code = sqlite3_step(claim);
    if (code == SQLITE_DONE || (code == SQLITE_ROW && sqlite3_column_int64(claim, 0) != block)) {
        audit_say(audit, "Block %lld does not have its seat %s", (long long)block, name);
    }
    database_done(claim);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* Columns: 0 number, 1 showtime, 2 seats, 3 rows, 4 cols, 5 places, 6 the claims of it. */
static bool judge_block(struct audit *audit, sqlite3_stmt *row)
{
    const int64_t number = sqlite3_column_int64(row, 0);
    const struct audit_layout layout = {.showtime = sqlite3_column_int64(row, 1),
                                        .rows = sqlite3_column_int64(row, 3),
                                        .cols = sqlite3_column_int64(row, 4),
                                        .places = database_column_text(row, 5)};
    struct block block = {0};
    if (!staff_rows_read_seats(database_column_text(row, 2), &block)) {
        audit_say(audit, "Block %lld has seats that no block can have", (long long)number);
        return true;
    }
    if (sqlite3_column_int64(row, 6) != block.seat_count) {
        audit_say(audit, "Block %lld lists %u seats, but has %lld", (long long)number,
                  (unsigned)block.seat_count, (long long)sqlite3_column_int64(row, 6));
    }
    for (uint32_t index = 0; index < block.seat_count; index++) {
        if (!judge_seat(audit, &layout, number, block.seats[index])) return false;
    }
    return true;
}

bool audit_scan_blocks(struct audit *audit)
{
    sqlite3_stmt *rows = database_statement(
        &audit->database, "SELECT k.number,k.showtime,k.seats,l.rows,l.cols,l.places,"
                          "(SELECT count(*) FROM seat_claim c WHERE c.showtime=k.showtime"
                          " AND c.block=k.number) FROM block k"
                          " JOIN showtime s ON s.number=k.showtime"
                          " JOIN seat_layout l ON l.number=s.layout"
                          " WHERE k.released_at IS NULL ORDER BY k.number");
    if (rows == NULL) return false;
    audit_begin_rule(audit);
    bool read = true;
    int code = sqlite3_step(rows);
    for (; code == SQLITE_ROW && read; code = sqlite3_step(rows)) read = judge_block(audit, rows);
    audit_end_rule(audit);
    database_done(rows);
    return read && code == SQLITE_DONE;
}
