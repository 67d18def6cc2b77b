#include "store/sqlite/sqlite_import.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/layout.h"
#include "store/key_day.h"
#include "store/sqlite/import_numbers.h"
#include "store/sqlite/keys.h"
#include "store/sqlite/record.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/seat_layouts.h"
#include "store/sqlite/staff_record.h"
#include "store/sqlite/staff_rows.h"
#include "store/sqlite/write_cinema.h"
#include "store/sqlite/write_movie.h"
#include "store/sqlite/write_showtime.h"

struct sqlite_import {
    struct sqlite_store store; /* For those who write its rows. */
    struct writing writing;
    struct import_numbers numbers;
    int64_t showtime; /* The number of the showtime under way. */
    bool has_booking; /* One whose payments may still come: */
    struct booking booking;
    int64_t today;
    struct move_reason *reason;
};

static bool fail(struct sqlite_import *import)
{
    return move_record_explain(import->reason, "the store cannot be written: %s",
                               sqlite3_errmsg(import->store.database.handle));
}

static bool done(struct sqlite_import *import, int code)
{
    if (code == SQLITE_DONE) return true;
    if ((code & 0xff) != SQLITE_CONSTRAINT) return fail(import);
    return move_record_explain(import->reason, "it does not go with what is there: %s",
                               sqlite3_errmsg(import->store.database.handle));
}

/* Runs a statement whose parameters are bound. */
static bool run(struct sqlite_import *import, sqlite3_stmt *statement)
{
    return statement == NULL ? fail(import) : done(import, database_run(statement));
}

static sqlite3_stmt *prepare(struct sqlite_import *import, const char *sql)
{
    return database_statement(&import->store.database, sql);
}

static bool keep_secret(struct sqlite_import *import, const char *name,
                        const struct move_secret *secret)
{
    sqlite3_stmt *insert = prepare(import, "INSERT OR REPLACE INTO setting VALUES(?1,?2)");
    if (insert == NULL) return fail(import);
    database_bind_text(insert, 1, slice_of(name));
    (void)sqlite3_bind_blob(insert, 2, secret->bytes, secret->size, SQLITE_STATIC);
    return run(import, insert);
}

/* Keys of today go into the first table, those of yesterday into the other one. */
static bool set_keys(struct sqlite_import *import)
{
    sqlite3_stmt *update =
        prepare(import, "UPDATE setting SET value=CASE name WHEN 'keys_table' THEN 0 ELSE ?1 END"
                        " WHERE name IN ('keys_table','keys_day')");
    if (update == NULL) return fail(import);
    (void)sqlite3_bind_int64(update, 1, import->today);
    return run(import, update);
}

static bool put_head(struct sqlite_import *import, const struct move_head *head)
{
    struct row_ids *ids = &import->store.ids;
    if (head->seal_key.size == sizeof ids->key.bytes) {
        memcpy(ids->key.bytes, head->seal_key.bytes, head->seal_key.size);
        if (!keep_secret(import, "id_key", &head->seal_key)) return false;
    }
    if (head->claim_key.size > 0 && !keep_secret(import, "claim_key", &head->claim_key)) {
        return false;
    }
    return set_keys(import);
}

/* The writers of a catalogue change what is there; here nothing may be. */
static bool added(struct sqlite_import *import, enum error error, const struct written_count *count,
                  size_t before)
{
    if (error != ERROR_NONE) return done(import, SQLITE_CONSTRAINT);
    if (count->added == before + 1) return true;
    return move_record_explain(import->reason, "there is one of its id already");
}

static bool put_movie(struct sqlite_import *import, const struct movie *movie)
{
    struct written_count *count = &import->writing.report.movies;
    const size_t before = count->added;
    return added(import, write_movie(&import->writing, movie), count, before);
}

static bool put_cinema(struct sqlite_import *import, const struct cinema *cinema)
{
    struct written_count *count = &import->writing.report.cinemas;
    const size_t before = count->added;
    return added(import, write_cinema(&import->writing, cinema), count, before);
}

static bool is_known(struct sqlite_import *import, const char *sql, struct id id)
{
    bool known = false;
    return writing_ask(&import->writing, sql, id, &known) == ERROR_NONE && known;
}

static bool put_state(struct sqlite_import *import, const struct move_showtime *record)
{
    const struct showtime *showtime = &record->showtime;
    sqlite3_stmt *update =
        prepare(import, "UPDATE showtime SET available_seats=?2,version=?3,status=?4,"
                        "cancelled_at=?5,cancellation_reason=?6 WHERE number=?1");
    if (update == NULL) return fail(import);
    (void)sqlite3_bind_int64(update, 1, import->showtime);
    (void)sqlite3_bind_int64(update, 2, showtime->available_seats);
    (void)sqlite3_bind_int64(update, 3, (int64_t)showtime->version);
    database_bind_text(update, 4, showtime_status_name(showtime->status));
    database_bind_moment(update, 5, record->cancelled_at_ms);
    database_bind_optional(update, 6, reason_text(&record->cancellation_reason));
    return run(import, update);
}

/* A showtime's day is its cinema's, whose zone may have changed since the showtime was made. */
static struct slice find_zone(struct sqlite_import *import, struct id cinema)
{
    char hex[ID_HEX_SIZE];
    sqlite3_stmt *row = prepare(import, "SELECT timezone FROM cinema WHERE id=?1");
    if (row == NULL) return (struct slice){0};
    writing_bind_id(row, 1, cinema, hex);
    struct slice zone = {0};
    if (sqlite3_step(row) == SQLITE_ROW) {
        zone = arena_copy(&import->writing.scratch, database_column_text(row, 0));
    }
    database_done(row);
    return zone;
}

static bool put_showtime(struct sqlite_import *import, const struct move_showtime *record)
{
    int64_t layout = 0;
    struct showtime showtime = record->showtime;
    showtime.total_seats = layout_seats(&record->plan->layout);
    const struct slice zone = find_zone(import, showtime.cinema);
    if (zone.size == 0 || !is_known(import, "SELECT 1 FROM movie WHERE id=?1", showtime.movie)) {
        return move_record_explain(import->reason, "its movie or its cinema is not in the file");
    }
    if (seat_layouts_write(&import->store.database, record->plan, &layout) != ERROR_NONE) {
        return fail(import);
    }
    if (write_showtime_row(&import->writing, false, &showtime, zone, layout) != ERROR_NONE) {
        return done(import, SQLITE_CONSTRAINT);
    }
    import->showtime = sqlite3_last_insert_rowid(import->store.database.handle);
    return put_state(import, record);
}

static bool put_claim(struct sqlite_import *import, const struct seat_map *map, uint32_t place,
                      int64_t owner)
{
    const enum seat_state state = (enum seat_state)map->states[place];
    sqlite3_stmt *insert = prepare(import, "INSERT INTO seat_claim VALUES(?1,?2,?3,?4,?5,?6)");
    if (insert == NULL) return fail(import);
    (void)sqlite3_bind_int64(insert, 1, import->showtime);
    (void)sqlite3_bind_int64(insert, 2, place);
    (void)sqlite3_bind_int64(insert, state == SEAT_BLOCKED ? 6 : 3, owner);
    database_bind_text(insert, 4, seat_state_name(state));
    database_bind_moment(insert, 5, map->claims[place].held_until_ms);
    return run(import, insert);
}

/* The seat, if it is the owner's. */
static bool put_seat(struct sqlite_import *import, const struct seat_map *map,
                     struct seat_name name, struct id owner, int64_t number)
{
    const uint32_t place = seat_map_find(map, name);
    CHECK(place != PLACE_NONE);
    if (map->states[place] == SEAT_AVAILABLE) return true;
    if (!id_equal(map->claims[place].booking, owner)) return true;
    return put_claim(import, map, place, number);
}

/* A key of the last two days; older ones are forgotten everywhere. */
static bool put_key(struct sqlite_import *import, const struct key_record *key)
{
    const int64_t day = key_day_of(key->created_at_ms);
    if (day < import->today - 1) return true;
    import->store.keys.table = day == import->today - 1 ? 1 : 0;
    return done(import, keys_insert(&import->store, key));
}

static bool put_origin(struct sqlite_import *import, const struct move_origin *origin,
                       const struct user *user, const struct key_record *made)
{
    if (uuid_is_none(origin->key)) return true;
    struct key_record key = *made;
    key.claim = (struct claim_key){.user = *user,
                                   .operation = origin->operation,
                                   .key = origin->key,
                                   .fingerprint = origin->fingerprint};
    key.created = true;
    return put_key(import, &key);
}

/* Is the payment there, and of that booking? */
static bool has_payment(struct sqlite_import *import, struct id payment, struct id booking)
{
    if (id_is_none(payment)) return true;
    sqlite3_stmt *row = prepare(import, "SELECT 1 FROM payment WHERE number=?1 AND booking=?2");
    if (row == NULL) return false;
    (void)sqlite3_bind_int64(row, 1, row_ids_number(&import->store.ids, ID_PAYMENT, payment));
    (void)sqlite3_bind_int64(row, 2, row_ids_number(&import->store.ids, ID_BOOKING, booking));
    const bool there = sqlite3_step(row) == SQLITE_ROW;
    database_done(row);
    return there;
}

/* A booking names its payments, so it is written behind them. */
static bool end_booking(struct sqlite_import *import)
{
    const struct booking *booking = &import->booking;
    if (!import->has_booking) return true;
    import->has_booking = false;
    if (!has_payment(import, booking->active_payment, booking->id) ||
        !has_payment(import, booking->payment, booking->id)) {
        return move_record_explain(import->reason,
                                   "the booking before names a payment that does not follow it");
    }
    return done(import, record_insert_booking(&import->store, import->showtime, booking));
}

static bool put_booking(struct sqlite_import *import, const struct move_booking *record,
                        const struct seat_map *map)
{
    const struct booking *booking = &record->booking;
    const struct import_numbers_wish wish = {.kind = ID_BOOKING,
                                             .id = booking->id,
                                             .made_at_ms = booking->held_at_ms,
                                             .code = &booking->code};
    int64_t number = 0;
    if (!import_numbers_allot(&import->numbers, &wish, &number, import->reason)) return false;
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        if (!put_seat(import, map, booking->seats[index].name, booking->id, number)) return false;
    }
    const struct key_record made = {.booking = booking->id, .created_at_ms = booking->held_at_ms};
    import->booking = *booking;
    import->has_booking = true;
    return put_origin(import, &record->origin, &booking->user, &made);
}

static bool put_payment(struct sqlite_import *import, const struct move_payment *record)
{
    const struct payment *payment = &record->payment;
    const struct import_numbers_wish wish = {
        .kind = ID_PAYMENT, .id = payment->id, .made_at_ms = payment->created_at_ms};
    int64_t number = 0;
    if (!import_numbers_allot(&import->numbers, &wish, &number, import->reason)) return false;
    if (!done(import, record_insert_payment(&import->store, payment))) return false;
    const struct key_record made = {.booking = payment->booking,
                                    .payment = payment->id,
                                    .created_at_ms = payment->created_at_ms};
    return put_origin(import, &record->origin, &payment->user, &made);
}

static bool put_block(struct sqlite_import *import, const struct block *block,
                      const struct seat_map *map)
{
    const struct import_numbers_wish wish = {
        .kind = ID_BLOCK, .id = block->id, .made_at_ms = block->created_at_ms};
    int64_t number = 0;
    if (!import_numbers_allot(&import->numbers, &wish, &number, import->reason)) return false;
    for (uint32_t index = 0; index < block->seat_count; index++) {
        if (!put_seat(import, map, block->seats[index], block->id, number)) return false;
    }
    return done(import, staff_record_insert_block(&import->store, import->showtime, block));
}

/* What a replay will look for must be there. */
static bool put_other_key(struct sqlite_import *import, const struct key_record *key)
{
    const struct row_ids *ids = &import->store.ids;
    const int64_t booking = row_ids_number(ids, ID_BOOKING, key->booking);
    if (!import_numbers_is_taken(ids, ID_BOOKING, booking) ||
        !has_payment(import, key->payment, key->booking)) {
        return move_record_explain(import->reason, "its booking or its payment is not in the file");
    }
    return put_key(import, key);
}

static bool commit(struct sqlite_import *import)
{
    struct database *database = &import->store.database;
    if (database_execute(database, "COMMIT") != SQLITE_OK) return fail(import);
    if (database_checkpoint(database, true) == ERROR_NONE) return true;
    /* The log has it all. */
    log_event(LOG_WARNING, "checkpoint_failed", LOG_NUMBER("pages", database->wal_pages));
    return true;
}

static bool put(void *context, const struct move_record *record, const struct move_check *check,
                struct move_reason *ret_reason)
{
    struct sqlite_import *import = context;
    import->reason = ret_reason;
    arena_reset(&import->writing.scratch);
    if (record->kind == MOVE_PAYMENT) return put_payment(import, &record->payment);
    if (!end_booking(import)) return false;
    switch (record->kind) {
    case MOVE_HEAD:
        return put_head(import, &record->head);
    case MOVE_MOVIE:
        return put_movie(import, &record->movie);
    case MOVE_CINEMA:
        return put_cinema(import, &record->cinema);
    case MOVE_SHOWTIME:
        return put_showtime(import, &record->showtime);
    case MOVE_BOOKING:
        return put_booking(import, &record->booking, &check->map);
    case MOVE_BLOCK:
        return put_block(import, &record->block, &check->map);
    case MOVE_KEY:
        return put_other_key(import, &record->key);
    case MOVE_ENTRY:
        return done(import, staff_rows_write_line(&import->store.database, &record->entry));
    default:
        CHECK(record->kind == MOVE_END);
        return commit(import);
    }
}

static void close_import(void *context)
{
    struct sqlite_import *import = context;
    struct database *database = &import->store.database;
    if (database->handle != NULL && sqlite3_get_autocommit(database->handle) == 0) {
        (void)database_execute(database, "ROLLBACK");
    }
    database_close(database);
    explicit_bzero(&import->store.ids.key, sizeof import->store.ids.key);
    free(import);
}

static bool is_empty(struct sqlite_import *import)
{
    sqlite3_stmt *row = prepare(
        import, "SELECT 1 WHERE EXISTS(SELECT 1 FROM movie) OR EXISTS(SELECT 1 FROM cinema)"
                " OR EXISTS(SELECT 1 FROM showtime) OR EXISTS(SELECT 1 FROM booking)"
                " OR EXISTS(SELECT 1 FROM payment) OR EXISTS(SELECT 1 FROM block)"
                " OR EXISTS(SELECT 1 FROM journal) OR EXISTS(SELECT 1 FROM moved_id)"
                " OR EXISTS(SELECT 1 FROM idempotency_0) OR EXISTS(SELECT 1 FROM idempotency_1)");
    if (row == NULL) return false;
    const bool empty = sqlite3_step(row) == SQLITE_DONE;
    database_done(row);
    return empty;
}

static bool begin(struct sqlite_import *import, const char *path)
{
    struct database *database = &import->store.database;
    struct database_reason why;
    if (database_open(path, DATABASE_WRITE, database, &why) != ERROR_NONE) {
        return move_record_explain(import->reason, "%s", why.text);
    }
    if (database_execute(database, "BEGIN IMMEDIATE") != SQLITE_OK ||
        !row_ids_open(database, &import->store.ids)) {
        return fail(import);
    }
    if (is_empty(import)) return true;
    return move_record_explain(
        import->reason, "%s is not empty; nothing is imported on top of what is there", path);
}

bool sqlite_import_open(const char *path, const struct locale *locale, int64_t now_ms,
                        struct sqlite_import **ret_import, struct move_reason *ret_reason)
{
    struct sqlite_import *import = calloc(1, sizeof *import);
    if (import == NULL) return move_record_explain(ret_reason, "there is no memory for it");
    import->reason = ret_reason;
    import->today = key_day_of(now_ms);
    import->numbers.ids = &import->store.ids;
    import->writing.database = &import->store.database;
    import->writing.locale = locale;
    arena_init(&import->writing.scratch, import->writing.block, sizeof import->writing.block);
    if (begin(import, path)) {
        *ret_import = import;
        return true;
    }
    close_import(import);
    return false;
}

struct move_target sqlite_import_target(struct sqlite_import *import)
{
    static const struct move_target_methods methods = {.put = put, .close = close_import};
    return (struct move_target){.context = import, .methods = &methods};
}
