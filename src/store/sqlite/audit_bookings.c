/* The rules about bookings and the seats they claim. */
#include <string.h>

#include "store/sqlite/audit_scan.h"
#include "store/sqlite/rows.h"

/* A booking's row, and what it needs of its showtime. */
struct subject {
    struct booking booking;
    int64_t number;
    struct audit_layout layout;
    struct slice showtime_status;
};

enum { NAME_SIZE = SEAT_NAME_SIZE_MAX + 1 };

static void name_seat(struct seat_name seat, char name[NAME_SIZE])
{
    name[seat_name_format(seat, name)] = '\0';
}

int64_t audit_find_place(const struct audit_layout *layout, struct seat_name name)
{
    if (name.zeros > 0 || name.row >= layout->rows) return -1;
    if (name.col < 1 || name.col > layout->cols) return -1;
    const int64_t place = name.row * layout->cols + name.col - 1;
    if ((uint64_t)place >= layout->places.size || layout->places.data[place] == '-') return -1;
    return place;
}

static bool judge_claim(struct audit *audit, const struct subject *subject, int64_t place,
                        const char *seat)
{
    const struct booking *booking = &subject->booking;
    sqlite3_stmt *claim = database_statement(
        &audit->database,
        "SELECT booking,state,held_until FROM seat_claim WHERE showtime=?1 AND place=?2");
    if (claim == NULL) return false;
    (void)sqlite3_bind_int64(claim, 1, subject->layout.showtime);
    (void)sqlite3_bind_int64(claim, 2, place);
    const int code = sqlite3_step(claim);
    const bool held = booking->status == BOOKING_PENDING;
    if (code == SQLITE_DONE) {
        audit_say(audit, "Booking %lld does not have its seat %s: nobody has",
                  (long long)subject->number, seat);
    } else if (code == SQLITE_ROW && sqlite3_column_int64(claim, 0) != subject->number) {
        audit_say(audit, "Booking %lld does not have its seat %s: booking %lld has",
                  (long long)subject->number, seat, (long long)sqlite3_column_int64(claim, 0));
    } else if (code == SQLITE_ROW &&
               !slice_equal(database_column_text(claim, 1),
                            seat_state_name(held ? SEAT_HELD : SEAT_BOOKED))) {
        const struct slice state = database_column_text(claim, 1);
        const struct slice status = booking_status_name(booking->status);
        audit_say(audit, "Booking %lld is %.*s, but its seat %s is %.*s",
                  (long long)subject->number, (int)status.size, status.data, seat, (int)state.size,
                  state.data);
    } else if (code == SQLITE_ROW && held &&
               sqlite3_column_int64(claim, 2) != booking->hold_expires_at_ms) {
        audit_say(audit, "Booking %lld ends at %lld, but holds its seat %s until %lld",
                  (long long)subject->number, (long long)booking->hold_expires_at_ms, seat,
                  (long long)sqlite3_column_int64(claim, 2));
    }
    database_done(claim);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* A live booking has each of its seats, once. */
static bool judge_seats(struct audit *audit, const struct subject *subject)
{
    const struct booking *booking = &subject->booking;
    const bool live = booking->status == BOOKING_PENDING || booking->status == BOOKING_CONFIRMED;
    int64_t seen[SEATS_PER_HOLD_MAX];
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        char name[NAME_SIZE];
        name_seat(booking->seats[index].name, name);
        const int64_t place = audit_find_place(&subject->layout, booking->seats[index].name);
        seen[index] = place;
        if (place < 0) {
            audit_say(audit, "Booking %lld lists seat %s, which its showtime does not have",
                      (long long)subject->number, name);
            continue;
        }
        for (uint32_t earlier = 0; earlier < index; earlier++) {
            if (seen[earlier] != place) continue;
            audit_say(audit, "Booking %lld lists seat %s twice", (long long)subject->number, name);
        }
        if (live && !judge_claim(audit, subject, place, name)) return false;
    }
    return true;
}

static void judge_sums(struct audit *audit, const struct subject *subject)
{
    const struct booking *booking = &subject->booking;
    int64_t sum = 0;
    bool overflow = false;
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        overflow |= __builtin_add_overflow(sum, booking->seats[index].price, &sum);
    }
    if (overflow || sum != booking->total_amount) {
        audit_say(audit, "Booking %lld has a total of %lld, but its seats cost %lld",
                  (long long)subject->number, (long long)booking->total_amount, (long long)sum);
    }
    int64_t final = 0;
    if (__builtin_sub_overflow(booking->total_amount, booking->discount_amount, &final) ||
        final != booking->final_amount || final < 0) {
        audit_say(audit, "Booking %lld: %lld less %lld is not %lld", (long long)subject->number,
                  (long long)booking->total_amount, (long long)booking->discount_amount,
                  (long long)booking->final_amount);
    }
}

/* A confirmed booking was bought by one completed payment of its amount. */
static bool judge_payment(struct audit *audit, const struct subject *subject)
{
    const struct booking *booking = &subject->booking;
    if (booking->status != BOOKING_CONFIRMED) return true;
    const int64_t payment = row_ids_number(&audit->ids, ID_PAYMENT, booking->payment);
    if (payment == 0) {
        audit_say(audit, "Booking %lld is confirmed without a payment", (long long)subject->number);
        return true;
    }
    sqlite3_stmt *row = database_statement(
        &audit->database, "SELECT booking,status,paid_amount FROM payment WHERE number=?1");
    if (row == NULL) return false;
    (void)sqlite3_bind_int64(row, 1, payment);
    const int code = sqlite3_step(row);
    const bool found = code == SQLITE_ROW && sqlite3_column_int64(row, 0) == subject->number;
    if (!found) {
        audit_say(audit, "Booking %lld is confirmed with payment %lld, which is not its own",
                  (long long)subject->number, (long long)payment);
    } else if (!slice_equal(database_column_text(row, 1), SLICE("completed"))) {
        audit_say(audit, "Booking %lld is confirmed, but its payment %lld is not completed",
                  (long long)subject->number, (long long)payment);
    } else if (sqlite3_column_int64(row, 2) != booking->final_amount) {
        audit_say(audit, "Booking %lld costs %lld, but its payment %lld paid %lld",
                  (long long)subject->number, (long long)booking->final_amount, (long long)payment,
                  (long long)sqlite3_column_int64(row, 2));
    }
    database_done(row);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

static void judge_state(struct audit *audit, const struct subject *subject)
{
    const struct booking *booking = &subject->booking;
    const struct code code = row_ids_code(&audit->ids, subject->number);
    if (memcmp(code.letters, booking->code.letters, CODE_SIZE) != 0) {
        audit_say(audit, "Booking %lld has the code BK-%.8s, but should have BK-%.8s",
                  (long long)subject->number, booking->code.letters, code.letters);
    }
    /* In a cancelled one, bookings end one turn after the other. */
    if (booking->status == BOOKING_PENDING &&
        !slice_equal(subject->showtime_status, SLICE("scheduled")) &&
        !slice_equal(subject->showtime_status, SLICE("cancelled"))) {
        audit_say(audit, "Booking %lld is pending, but its showtime is %.*s",
                  (long long)subject->number, (int)subject->showtime_status.size,
                  subject->showtime_status.data);
    }
    const bool should_end = booking->status == BOOKING_CANCELLED;
    if (should_end != (booking->cancelled_at_ms != 0)) {
        audit_say(audit, "Booking %lld is %scancelled, but cancelled_at says otherwise",
                  (long long)subject->number, should_end ? "" : "not ");
    }
    if (booking->status == BOOKING_CONFIRMED && booking->confirmed_at_ms == 0) {
        audit_say(audit, "Booking %lld is confirmed, but since when is not said",
                  (long long)subject->number);
    }
}

static bool judge_booking(struct audit *audit, sqlite3_stmt *row)
{
    struct subject subject = {.number = sqlite3_column_int64(row, 0),
                              .showtime_status = database_column_text(row, ROWS_BOOKING_COUNT + 1)};
    subject.layout =
        (struct audit_layout){.showtime = sqlite3_column_int64(row, ROWS_BOOKING_COUNT),
                              .rows = sqlite3_column_int64(row, ROWS_BOOKING_COUNT + 2),
                              .cols = sqlite3_column_int64(row, ROWS_BOOKING_COUNT + 3),
                              .places = database_column_text(row, ROWS_BOOKING_COUNT + 4)};
    if (subject.number < 1 || (uint64_t)subject.number > CODE_NUMBER_MAX) {
        audit_say(audit, "Booking %lld has a number that none can have", (long long)subject.number);
        return true;
    }
    if (subject.layout.places.data == NULL) {
        audit_say(audit, "Booking %lld is of showtime %lld, which does not exist",
                  (long long)subject.number, (long long)subject.layout.showtime);
        return true;
    }
    if (!rows_read_booking(row, &audit->ids, &subject.booking)) {
        audit_say(audit, "Booking %lld has a value that no booking can have",
                  (long long)subject.number);
        return true;
    }
    judge_state(audit, &subject);
    judge_sums(audit, &subject);
    return judge_seats(audit, &subject) && judge_payment(audit, &subject);
}

bool audit_scan_bookings(struct audit *audit)
{
    sqlite3_stmt *rows = database_statement(
        &audit->database, "SELECT " ROWS_BOOKING ",b.showtime,s.status,l.rows,l.cols,l.places"
                          " FROM booking b LEFT JOIN showtime s ON s.number=b.showtime"
                          " LEFT JOIN seat_layout l ON l.number=s.layout ORDER BY b.number");
    if (rows == NULL) return false;
    audit_begin_rule(audit);
    bool read = true;
    int code = sqlite3_step(rows);
    for (; code == SQLITE_ROW && read; code = sqlite3_step(rows)) read = judge_booking(audit, rows);
    audit_end_rule(audit);
    database_done(rows);
    return read && code == SQLITE_DONE;
}

static bool lists_place(const struct booking *booking, const struct audit_layout *layout,
                        int64_t place)
{
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        if (audit_find_place(layout, booking->seats[index].name) == place) return true;
    }
    return false;
}

/* Columns: 0 showtime, 1 its id, 2 place, 3 state, 4 booking, 5 the booking's number, 6 its
 * showtime, 7 its status, 8 its seats, 9 rows, 10 cols, 11 places. */
static void judge_owner(struct audit *audit, sqlite3_stmt *row)
{
    const long long place = sqlite3_column_int64(row, 2);
    const long long owner = sqlite3_column_int64(row, 4);
    const struct slice id = database_column_text(row, 1);
    const struct slice status = database_column_text(row, 7);
    const bool live =
        slice_equal(status, SLICE("pending")) || slice_equal(status, SLICE("confirmed"));
    const struct audit_layout layout = {.rows = sqlite3_column_int64(row, 9),
                                        .cols = sqlite3_column_int64(row, 10),
                                        .places = database_column_text(row, 11)};
    struct booking booking = {0};
    if (sqlite3_column_type(row, 5) == SQLITE_NULL) {
        audit_say(audit, "Place %lld of showtime %.*s is booking %lld's, which does not exist",
                  place, (int)id.size, id.data, owner);
    } else if (!live) {
        audit_say(audit, "Place %lld of showtime %.*s is still booking %lld's, which is %.*s",
                  place, (int)id.size, id.data, owner, (int)status.size, status.data);
    } else if (sqlite3_column_int64(row, 6) != sqlite3_column_int64(row, 0)) {
        audit_say(audit, "Place %lld of showtime %.*s is booking %lld's, of another showtime",
                  place, (int)id.size, id.data, owner);
    } else if (rows_read_seats(database_column_text(row, 8), &booking) &&
               !lists_place(&booking, &layout, place)) {
        audit_say(audit, "Place %lld of showtime %.*s is booking %lld's, which does not list it",
                  place, (int)id.size, id.data, owner);
    }
}

static void judge_claim_row(struct audit *audit, sqlite3_stmt *row)
{
    const long long place = sqlite3_column_int64(row, 2);
    const struct slice id = database_column_text(row, 1);
    const struct slice places = database_column_text(row, 11);
    if (id.size == 0) {
        audit_say(audit, "Place %lld is claimed of showtime %lld, which does not exist", place,
                  (long long)sqlite3_column_int64(row, 0));
        return;
    }
    if (place < 0 || (uint64_t)place >= places.size || places.data[place] == '-') {
        audit_say(audit, "Place %lld of showtime %.*s is claimed, but is no seat", place,
                  (int)id.size, id.data);
        return;
    }
    if (!slice_equal(database_column_text(row, 3), SLICE("blocked"))) judge_owner(audit, row);
}

bool audit_scan_claims(struct audit *audit)
{
    sqlite3_stmt *rows = database_statement(
        &audit->database, "SELECT c.showtime,s.id,c.place,c.state,c.booking,b.number,b.showtime,"
                          "b.status,b.seats,l.rows,l.cols,l.places FROM seat_claim c"
                          " LEFT JOIN showtime s ON s.number=c.showtime"
                          " LEFT JOIN seat_layout l ON l.number=s.layout"
                          " LEFT JOIN booking b ON b.number=c.booking");
    if (rows == NULL) return false;
    audit_begin_rule(audit);
    int code = sqlite3_step(rows);
    for (; code == SQLITE_ROW; code = sqlite3_step(rows)) judge_claim_row(audit, rows);
    audit_end_rule(audit);
    database_done(rows);
    return code == SQLITE_DONE;
}
