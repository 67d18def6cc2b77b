#include "store/sqlite/record.h"

#include "base/log.h"
#include "store/reach.h"
#include "store/sqlite/keys.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/staff_record.h"

/* SQLite's code for a change that found something else than it expected. */
enum { REFUSED = SQLITE_CONSTRAINT };

static sqlite3_stmt *prepare(struct sqlite_store *store, const char *sql)
{
    return database_statement(&store->database, sql);
}

/* Runs a change that must hit exactly one row; SQLITE_DONE if it did. */
static int change_one(struct sqlite_store *store, sqlite3_stmt *statement)
{
    const int code = database_run(statement);
    if (code != SQLITE_DONE) return code;
    return sqlite3_changes(store->database.handle) == 1 ? SQLITE_DONE : REFUSED;
}

static int fail_to_prepare(struct sqlite_store *store)
{
    return sqlite3_extended_errcode(store->database.handle);
}

/* The version in the showtime's row; a negative one if there is no such row. */
static int read_version(struct sqlite_store *store, const struct seat_map *map,
                        int64_t *ret_version)
{
    sqlite3_stmt *row = prepare(store, "SELECT version FROM showtime WHERE number=?1");
    if (row == NULL) return fail_to_prepare(store);
    (void)sqlite3_bind_int64(row, 1, map->number);
    const int code = sqlite3_step(row);
    *ret_version = code == SQLITE_ROW ? sqlite3_column_int64(row, 0) : -1;
    database_done(row);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_DONE : code;
}

/* The new version and count of free seats, in a row of an older version. */
static int update_showtime(struct sqlite_store *store, const struct seat_map *map)
{
    char id[ID_HEX_SIZE];
    id_format(map->showtime, id);
    sqlite3_stmt *update = prepare(store, "UPDATE showtime SET version=?2,available_seats=?3"
                                          " WHERE number=?1 AND id=?4 AND version<?2");
    if (update == NULL) return fail_to_prepare(store);
    (void)sqlite3_bind_int64(update, 1, map->number);
    (void)sqlite3_bind_int64(update, 2, (int64_t)map->version);
    (void)sqlite3_bind_int64(update, 3, seat_map_available(map));
    database_bind_text(update, 4, (struct slice){.data = id, .size = sizeof id});
    return change_one(store, update);
}

/* Changed seats need a new version; without any, the row may have this one already. */
static int write_showtime(struct sqlite_store *store, const struct turn *turn)
{
    const struct seat_map *map = turn->map;
    if (turn->seat_change_count == 0) {
        int64_t version = -1;
        const int code = read_version(store, map, &version);
        if (code != SQLITE_DONE) return code;
        if (version == (int64_t)map->version) return SQLITE_DONE;
    }
    return update_showtime(store, map);
}

static bool is_claimed(enum seat_state state)
{
    return state == SEAT_HELD || state == SEAT_BOOKED || state == SEAT_BLOCKED;
}

/* Binds what a claim becomes: ?3 booking, ?4 state, ?5 held_until, ?8 block. */
static void bind_claim(const struct sqlite_store *store, sqlite3_stmt *statement,
                       enum seat_state state, const struct seat_claim *claim)
{
    const bool blocked = state == SEAT_BLOCKED;
    rows_bind_id(statement, blocked ? 8 : 3, &store->ids, blocked ? ID_BLOCK : ID_BOOKING,
                 claim->booking);
    database_bind_text(statement, 4, seat_state_name(state));
    if (state == SEAT_HELD) (void)sqlite3_bind_int64(statement, 5, claim->held_until_ms);
}

static int write_seat(struct sqlite_store *store, int64_t showtime, const struct seat_map *map,
                      const struct seat_change *change)
{
    const enum seat_state state = (enum seat_state)map->states[change->place];
    const bool before = is_claimed(change->state_before);
    const bool after = is_claimed(state);
    sqlite3_stmt *statement = NULL;
    if (!before && !after) return SQLITE_DONE;
    if (!before) {
        statement = prepare(store, "INSERT INTO seat_claim(showtime,place,booking,state,held_until,"
                                   "block) VALUES(?1,?2,?3,?4,?5,?8)");
    } else if (after) {
        statement =
            prepare(store, "UPDATE seat_claim SET booking=?3,state=?4,held_until=?5,block=?8"
                           " WHERE showtime=?1 AND place=?2 AND booking IS ?6 AND "
                           "state=?7 AND block IS ?9");
    } else {
        statement = prepare(store, "DELETE FROM seat_claim"
                                   " WHERE showtime=?1 AND place=?2 AND booking IS ?6 AND "
                                   "state=?7 AND block IS ?9");
    }
    if (statement == NULL) return fail_to_prepare(store);
    (void)sqlite3_bind_int64(statement, 1, showtime);
    (void)sqlite3_bind_int64(statement, 2, change->place);
    if (after) bind_claim(store, statement, state, &map->claims[change->place]);
    if (before) {
        const bool blocked = change->state_before == SEAT_BLOCKED;
        rows_bind_id(statement, blocked ? 9 : 6, &store->ids, blocked ? ID_BLOCK : ID_BOOKING,
                     change->booking_before);
        database_bind_text(statement, 7, seat_state_name(change->state_before));
    }
    return change_one(store, statement);
}

static int write_seats(struct sqlite_store *store, int64_t showtime, const struct turn *turn)
{
    for (uint32_t index = 0; index < turn->seat_change_count; index++) {
        const int code = write_seat(store, showtime, turn->map, &turn->seat_changes[index]);
        if (code != SQLITE_DONE) return code;
    }
    return SQLITE_DONE;
}

int record_insert_booking(struct sqlite_store *store, int64_t showtime,
                          const struct booking *booking)
{
    if (showtime == 0) return REFUSED;
    sqlite3_stmt *insert = prepare(
        store, "INSERT INTO booking VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,"
               "?16,?17,?18,?19)");
    if (insert == NULL) return fail_to_prepare(store);
    char block[ROWS_SEATS_SIZE];
    const struct slice seats = rows_write_seats(booking, block);
    rows_bind_booking(insert, &store->ids, showtime, booking, seats);
    return change_one(store, insert);
}

/* Only what moves; the rest of a booking never changes. */
static int update_booking(struct sqlite_store *store, const struct booking *booking)
{
    sqlite3_stmt *update = prepare(
        store, "UPDATE booking SET status=?2,hold_expires_at=?3,updated_at=?4,confirmed_at=?5,"
               "cancelled_at=?6,cancellation_reason=?7,active_payment=?8,payment=?9,had_payment=?10"
               " WHERE number=?1 AND status IN (?11,?12,?13,?14)");
    if (update == NULL) return fail_to_prepare(store);
    const struct row_ids *ids = &store->ids;
    rows_bind_id(update, 1, ids, ID_BOOKING, booking->id);
    database_bind_text(update, 2, booking_status_name(booking->status));
    (void)sqlite3_bind_int64(update, 3, booking->hold_expires_at_ms);
    (void)sqlite3_bind_int64(update, 4, booking->updated_at_ms);
    database_bind_moment(update, 5, booking->confirmed_at_ms);
    database_bind_moment(update, 6, booking->cancelled_at_ms);
    database_bind_optional(update, 7, reason_text(&booking->cancellation_reason));
    rows_bind_id(update, 8, ids, ID_PAYMENT, booking->active_payment);
    rows_bind_id(update, 9, ids, ID_PAYMENT, booking->payment);
    (void)sqlite3_bind_int(update, 10, booking->had_payment);
    const uint32_t before = reach_booking(booking->status);
    for (uint32_t status = 0; status < BOOKING_STATUS_COUNT; status++) {
        if ((before >> status & 1) == 0) continue;
        database_bind_text(update, 11 + (int)status, booking_status_name(status));
    }
    return change_one(store, update);
}

int record_insert_payment(struct sqlite_store *store, const struct payment *payment)
{
    sqlite3_stmt *insert =
        prepare(store, "INSERT INTO payment VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,"
                       "?14,?15,?16,?17,?18,?19)");
    if (insert == NULL) return fail_to_prepare(store);
    rows_bind_payment(insert, &store->ids, payment);
    return change_one(store, insert);
}

static int update_payment(struct sqlite_store *store, const struct payment *payment)
{
    sqlite3_stmt *update = prepare(
        store, "UPDATE payment SET status=?5,reason=?6,paid_amount=?8,alias=?9,payment_url=?10,"
               "updated_at=?13,expires_at=?14,paid_at=?15,refund_requested_at=?16,"
               "refund_done_at=?17,refund_reference=?18,paid_currency=?19"
               " WHERE number=?1 AND booking=?2 AND user=?3 AND method=?4 AND amount=?7"
               " AND return_url IS ?11 AND created_at=?12"
               " AND status IN (?20,?21,?22,?23,?24,?25,?26,?27)");
    if (update == NULL) return fail_to_prepare(store);
    rows_bind_payment(update, &store->ids, payment);
    const uint32_t before = reach_payment(payment->status);
    for (uint32_t status = 0; status < PAYMENT_STATUS_COUNT; status++) {
        if ((before >> status & 1) == 0) continue;
        database_bind_text(update, 20 + (int)status, payment_status_name(status));
    }
    return change_one(store, update);
}

static int write_bookings(struct sqlite_store *store, int64_t showtime, const struct facts *facts)
{
    for (uint32_t index = 0; index < facts->booking_count; index++) {
        const struct booking_fact *fact = &facts->bookings[index];
        int code = SQLITE_DONE;
        if (fact->state == FACT_NEW) code = record_insert_booking(store, showtime, &fact->booking);
        else if (fact->state == FACT_CHANGED) code = update_booking(store, &fact->booking);
        if (code != SQLITE_DONE) return code;
    }
    return SQLITE_DONE;
}

/* Those that stop being kept go first: one booking keeps one payment at every moment. */
static int write_payments(struct sqlite_store *store, const struct facts *facts, bool kept)
{
    for (uint32_t index = 0; index < facts->payment_count; index++) {
        const struct payment_fact *fact = &facts->payments[index];
        if ((fact->payment.status == PAYMENT_COMPLETED) != kept) continue;
        int code = SQLITE_DONE;
        if (fact->state == FACT_NEW) code = record_insert_payment(store, &fact->payment);
        else if (fact->state == FACT_CHANGED) code = update_payment(store, &fact->payment);
        if (code != SQLITE_DONE) return code;
    }
    return SQLITE_DONE;
}

static int write_keys(struct sqlite_store *store, const struct facts *facts)
{
    for (uint32_t index = 0; index < facts->key_count; index++) {
        const struct key_fact *fact = &facts->keys[index];
        if (fact->state == FACT_KNOWN) continue;
        const int code = keys_insert(store, &fact->record);
        if (code != SQLITE_DONE) return code;
    }
    return SQLITE_DONE;
}

static int write_turn(struct sqlite_store *store, const struct turn *turn)
{
    const int64_t showtime = turn->map == NULL ? 0 : turn->map->number;
    int code = SQLITE_DONE;
    if (turn->map != NULL) code = write_showtime(store, turn);
    if (code == SQLITE_DONE && turn->showtime_cancelled) {
        code = staff_record_cancellation(store, showtime, turn->map);
    }
    if (code == SQLITE_DONE) code = write_seats(store, showtime, turn);
    if (code == SQLITE_DONE) code = write_bookings(store, showtime, &turn->facts);
    if (code == SQLITE_DONE) code = write_payments(store, &turn->facts, false);
    if (code == SQLITE_DONE) code = write_payments(store, &turn->facts, true);
    if (code == SQLITE_DONE) code = write_keys(store, &turn->facts);
    if (code == SQLITE_DONE) code = staff_record_blocks(store, showtime, &turn->facts);
    if (code == SQLITE_DONE) code = staff_record_journal(store, &turn->facts);
    return code;
}

static bool has_new_key(const struct facts *facts)
{
    for (uint32_t index = 0; index < facts->key_count; index++) {
        if (facts->keys[index].state != FACT_KNOWN) return true;
    }
    return false;
}

static int run(struct sqlite_store *store, const char *sql)
{
    sqlite3_stmt *statement = prepare(store, sql);
    return statement == NULL ? fail_to_prepare(store) : database_run(statement);
}

/* Undoes the turn alone: to its savepoint, or, as it was the first to write, all there is. */
static bool undo_turn(struct sqlite_store *store, bool first)
{
    if (!first) {
        return run(store, "ROLLBACK TO turn") == SQLITE_DONE &&
               run(store, "RELEASE turn") == SQLITE_DONE;
    }
    store->wrote = false;
    keys_undo(store);
    return run(store, "ROLLBACK") == SQLITE_DONE && run(store, "BEGIN") == SQLITE_DONE;
}

/* The turn's constraint was broken: undoes the turn alone. */
static enum error refuse_turn(struct sqlite_store *store, const struct turn *turn, bool first)
{
    char id[ID_HEX_SIZE] = "";
    if (turn->map != NULL) id_format(turn->map->showtime, id);
    log_event(LOG_ERROR, "turn_refused", LOG_TEXT("showtime", ((struct slice){id, sizeof id})),
              LOG_NUMBER("commands", turn->command_count));
    return undo_turn(store, first) ? ERROR_INTERNAL_ERROR
                                   : database_failure(&store->database, "undo turn");
}

enum error record_turn(struct sqlite_store *store, const struct turn *turn)
{
    CHECK(store->open);
    CHECK(turn->seat_change_count == 0 || turn->map != NULL);

    const bool first = !store->wrote; /* Then it needs no savepoint, which copies every page. */
    store->wrote = true;
    if (has_new_key(&turn->facts)) {
        const enum error error = keys_begin_day(store, turn->now_ms);
        if (error != ERROR_NONE) return error;
    }
    if (!first && run(store, "SAVEPOINT turn") != SQLITE_DONE) {
        return database_failure(&store->database, "begin turn");
    }
    const int code = write_turn(store, turn);
    const bool undone = sqlite3_get_autocommit(store->database.handle) != 0;
    if ((code & 0xff) == SQLITE_CONSTRAINT && !undone) return refuse_turn(store, turn, first);
    if (code != SQLITE_DONE) return database_failure(&store->database, "record turn");
    if (first || run(store, "RELEASE turn") == SQLITE_DONE) return ERROR_NONE;
    return database_failure(&store->database, "keep turn");
}
