#include "store/sqlite/sqlite_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite/catalogue_edit.h"
#include "store/sqlite/copy_mark.h"
#include "store/sqlite/keys.h"
#include "store/sqlite/load.h"
#include "store/sqlite/record.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/staff_rows.h"
#include "store/sqlite/writer_state.h"

/* Pages of 4 KB. A checkpoint of 16 MB stalls the disk for some 50 ms; smaller ones copy the
 * same pages more often. At rest it is done early, so that a busy time starts with an empty
 * WAL. Readers that never pause keep the WAL from starting over: past the last bound, batches
 * wait a moment for them. */
enum { CHECKPOINT_PAGES = 4000, CHECKPOINT_PAGES_AT_REST = 1000, CHECKPOINT_PAGES_WAIT = 16000 };

/* A reader that stays where it is, such as a backup, lets no checkpoint get further. To try again
 * with each batch would cost more the longer the WAL has grown, and the wait each time. */
#define CHECKPOINT_AGAIN_US INT64_C(2000000)

/* Showtimes marked as over in one go: keeps it below a millisecond. */
#define END_SHOWTIMES \
    "UPDATE showtime SET status='completed' WHERE number IN" \
    " (SELECT s.number FROM showtime s WHERE s.status='scheduled' AND s.ends_at<=?1" \
    " AND NOT EXISTS (SELECT 1 FROM booking b WHERE b.showtime=s.number AND b.status='pending')" \
    " ORDER BY s.ends_at LIMIT 50)"

enum {
    END_SHOWTIMES_EVERY_MS = 1000,
    PAGE_SIZE = 4096, /* SQLite's default, which every store has. */
};

static enum error load(void *context, struct id showtime, void *block, struct seat_map *ret_map)
{
    return load_map(context, showtime, block, ret_map);
}

static enum error pending(void *context, struct id after, struct id *showtimes, size_t capacity,
                          size_t *ret_count)
{
    return load_pending(context, after, showtimes, capacity, ret_count);
}

static void note_time(struct histogram *histogram, int64_t started_us)
{
    const int64_t took_us = clock_steady_us() - started_us;
    histogram_add(histogram, &histogram_micros, took_us < 0 ? 0 : (uint64_t)took_us);
}

static enum error checkpoint_if(struct sqlite_store *store, int pages)
{
    const struct database *database = &store->database;
    if (database->wal_pages - database->wal_copied < pages) return ERROR_NONE;
    const bool wait = database->wal_pages >= CHECKPOINT_PAGES_WAIT;
    const int64_t started_us = clock_steady_us();
    if (started_us < store->checkpoint_after_us) return ERROR_NONE;
    const enum error error = database_checkpoint(&store->database, wait);
    note_time(&store->meter.checkpoints, started_us);
    const bool held_up = database->wal_pages - database->wal_copied >= pages;
    if (held_up) store->checkpoint_after_us = clock_steady_us() + CHECKPOINT_AGAIN_US;
    return writer_state_note(store, error) == ERROR_OUTCOME_UNKNOWN ? error : ERROR_NONE;
}

/* Are the files as long as they were? The store's never gets shorter, the log has a page and its
 * head for each page of it that counts. */
static bool is_whole(struct sqlite_store *store, const struct place_sizes *sizes)
{
    const uint64_t wal_size_min = (uint64_t)store->database.wal_pages * PAGE_SIZE;
    if (sizes->store < store->store_size_min || sizes->wal < wal_size_min) return false;
    store->store_size_min = sizes->store;
    return true;
}

/* Nothing is acknowledged from files that the next start will not find. They may come back. */
static bool is_in_place(struct sqlite_store *store)
{
    struct place_sizes sizes;
    const bool astray =
        store->watched && (!place_holds(&store->place, &sizes) || !is_whole(store, &sizes));
    if (astray != store->astray) {
        log_event(astray ? LOG_ERROR : LOG_INFO, astray ? "store_astray" : "store_back",
                  LOG_TEXT("file", slice_of(store->place.store.path)));
    }
    store->astray = astray;
    return !astray;
}

static enum error begin(void *context)
{
    struct sqlite_store *store = context;
    CHECK(!store->open);

    if (store->broken) return ERROR_OUTCOME_UNKNOWN;
    if (!is_in_place(store)) return ERROR_STORE_UNAVAILABLE;
    const enum error error = checkpoint_if(store, CHECKPOINT_PAGES);
    if (error != ERROR_NONE) return error;
    sqlite3_stmt *statement = database_statement(&store->database, "BEGIN");
    if (statement == NULL || database_run(statement) != SQLITE_DONE) {
        return writer_state_note(store, database_failure(&store->database, "begin"));
    }
    store->open = true;
    store->wrote = false;
    return ERROR_NONE;
}

static enum error find_key(void *context, const struct claim_key *claim,
                           struct key_record *ret_record)
{
    return keys_find(context, claim, ret_record);
}

/* Ends a look for one record: what the statement's code means. */
static enum error end_find(struct sqlite_store *store, sqlite3_stmt *row, int code, bool whole)
{
    enum error error = ERROR_NONE;
    if (code == SQLITE_DONE) error = ERROR_NOT_FOUND;
    else if (code != SQLITE_ROW) error = writer_state_read_failure(store, "find");
    else if (!whole) error = ERROR_INTERNAL_ERROR;
    database_done(row);
    return writer_state_note(store, error);
}

static enum error find_booking(void *context, struct id id, struct booking *ret_booking)
{
    struct sqlite_store *store = context;
    const int64_t number = row_ids_number(&store->ids, ID_BOOKING, id);
    if (number == 0) return ERROR_NOT_FOUND;
    sqlite3_stmt *row = database_statement(
        &store->database, "SELECT " ROWS_BOOKING " FROM booking b"
                          " JOIN showtime s ON s.number=b.showtime WHERE b.number=?1");
    if (row == NULL) return ERROR_STORE_UNAVAILABLE;
    (void)sqlite3_bind_int64(row, 1, number);
    const int code = sqlite3_step(row);
    const bool whole = code == SQLITE_ROW && rows_read_booking(row, &store->ids, ret_booking);
    return end_find(store, row, code, whole);
}

static enum error find_payment(void *context, struct id id, struct payment *ret_payment)
{
    struct sqlite_store *store = context;
    const int64_t number = row_ids_number(&store->ids, ID_PAYMENT, id);
    if (number == 0) return ERROR_NOT_FOUND;
    sqlite3_stmt *row = database_statement(&store->database, "SELECT " ROWS_PAYMENT
                                                             " FROM payment p WHERE p.number=?1");
    if (row == NULL) return ERROR_STORE_UNAVAILABLE;
    (void)sqlite3_bind_int64(row, 1, number);
    const int code = sqlite3_step(row);
    const bool whole = code == SQLITE_ROW && rows_read_payment(row, &store->ids, ret_payment);
    return end_find(store, row, code, whole);
}

static enum error find_block(void *context, struct id id, struct block *ret_block)
{
    struct sqlite_store *store = context;
    const int64_t number = row_ids_number(&store->ids, ID_BLOCK, id);
    if (number == 0) return ERROR_NOT_FOUND;
    sqlite3_stmt *row = database_statement(
        &store->database, "SELECT " STAFF_ROWS_BLOCK " FROM block k"
                          " JOIN showtime s ON s.number=k.showtime WHERE k.number=?1");
    if (row == NULL) return ERROR_STORE_UNAVAILABLE;
    (void)sqlite3_bind_int64(row, 1, number);
    const int code = sqlite3_step(row);
    const bool whole = code == SQLITE_ROW && staff_rows_read_block(row, &store->ids, ret_block);
    return end_find(store, row, code, whole);
}

/* Numbers whose codes came with moved bookings are left out, before a turn that may draw them. */
static void leave_out_codes(struct sqlite_store *store, int64_t now_ms)
{
    if (!store->ids.moved) return;
    for (;;) {
        const int64_t from = (int64_t)numbers_next_booking(&store->numbers, now_ms);
        if (store->code_taken < from) store->code_taken = row_ids_next_taken(&store->ids, from);
        if (store->code_taken >= from + TURN_COMMANDS_MAX) return;
        store->numbers.next_booking = (uint64_t)store->code_taken + 1;
    }
}

static enum error gather(void *context, struct turn *turn)
{
    struct sqlite_store *store = context;
    CHECK(store->open);

    const struct gather_finder finder = {.context = store,
                                         .find_key = find_key,
                                         .find_booking = find_booking,
                                         .find_payment = find_payment,
                                         .find_block = find_block};
    leave_out_codes(store, turn->now_ms);
    turn->numbers = &store->numbers;
    return gather_facts(&finder, turn);
}

static enum error record(void *context, const struct turn *turn)
{
    struct sqlite_store *store = context;
    return writer_state_note(store, record_turn(store, turn));
}

static enum error edit(void *context, struct catalogue_edit *wanted, int64_t now_ms)
{
    struct sqlite_store *store = context;
    CHECK(store->open);
    store->wrote = true;
    return writer_state_note(store, catalogue_edit(&store->database, wanted, now_ms));
}

/* Ends whatever is open; SQLite has undone it already after some errors. */
static void undo(struct sqlite_store *store)
{
    if (!sqlite3_get_autocommit(store->database.handle)) {
        (void)database_execute(&store->database, "ROLLBACK");
    }
    keys_undo(store);
    store->open = false;
    store->damaged = false;
}

static void rollback(void *context)
{
    struct sqlite_store *store = context;
    CHECK(store->open);
    undo(store);
}

/* A commit that found the disk full, or another program writing, has changed nothing. After
 * any other failure the frames may be on the disk, and a restart may find them. */
static enum error commit_error(int code)
{
    const int primary = code & 0xff;
    const bool undone = primary == SQLITE_FULL || primary == SQLITE_BUSY;
    return undone ? ERROR_STORE_UNAVAILABLE : ERROR_OUTCOME_UNKNOWN;
}

static enum error commit(void *context)
{
    struct sqlite_store *store = context;
    CHECK(store->open);

    /* SQLite undid it in between, or would fail to commit it at a moment that leaves open what
     * is durable. The showtime with the damage is closed, so the next batch goes through. */
    if (sqlite3_get_autocommit(store->database.handle) || store->damaged) {
        undo(store);
        return ERROR_STORE_UNAVAILABLE;
    }
    if (store->wrote && !is_in_place(store)) { /* They left since the batch began. */
        undo(store);
        return ERROR_STORE_UNAVAILABLE;
    }
    sqlite3_stmt *statement = database_statement(&store->database, "COMMIT");
    const int64_t started_us = clock_steady_us();
    const int code = statement == NULL ? SQLITE_NOMEM : database_run(statement);
    if (store->wrote) note_time(&store->meter.commits, started_us);
    if (code == SQLITE_DONE) {
        store->open = false;
        keys_keep(store);
        return ERROR_NONE;
    }
    (void)database_failure(&store->database, "commit");
    undo(store);
    return writer_state_note(store,
                             statement == NULL ? ERROR_STORE_UNAVAILABLE : commit_error(code));
}

/* Marks what is over, unless somebody may still pay for a seat of it. */
static enum error end_showtimes(struct sqlite_store *store, int64_t now_ms)
{
    const int64_t passed_ms = now_ms - store->tended_at_ms;
    if (passed_ms >= 0 && passed_ms < END_SHOWTIMES_EVERY_MS) return ERROR_NONE;
    store->tended_at_ms = now_ms;
    sqlite3_stmt *update = database_statement(&store->database, END_SHOWTIMES);
    if (update == NULL) return ERROR_STORE_UNAVAILABLE;
    (void)sqlite3_bind_int64(update, 1, now_ms);
    const int code = database_run(update);
    return code == SQLITE_DONE ? ERROR_NONE : database_failure(&store->database, "end showtimes");
}

static enum error tend(void *context, int64_t now_ms)
{
    struct sqlite_store *store = context;
    CHECK(!store->open);
    CHECK(now_ms > 0);

    if (store->broken) return ERROR_OUTCOME_UNKNOWN;
    enum error error = writer_state_note(store, keys_tend(store, now_ms));
    if (error == ERROR_NONE) error = writer_state_note(store, end_showtimes(store, now_ms));
    return error == ERROR_NONE ? checkpoint_if(store, CHECKPOINT_PAGES_AT_REST) : error;
}

static const struct store_methods methods = {.load = load,
                                             .pending = pending,
                                             .begin = begin,
                                             .gather = gather,
                                             .record = record,
                                             .edit = edit,
                                             .commit = commit,
                                             .rollback = rollback,
                                             .tend = tend};

/* More numbers than a server draws before it is started again: at 30,000 a second these last for
 * a hundred days. */
#define NUMBERS_LEFT_MIN (UINT64_C(1) << 38)

/* One more than the highest number in use, which must leave enough. */
static bool read_next(struct database *database, const char *sql, uint64_t number_max,
                      uint64_t *ret_next)
{
    sqlite3_stmt *row = database_statement(database, sql);
    if (row == NULL) return false;
    const bool read = sqlite3_step(row) == SQLITE_ROW;
    const int64_t highest = read ? sqlite3_column_int64(row, 0) : 0;
    database_done(row);
    if (!read || highest < 0 || (uint64_t)highest > number_max - NUMBERS_LEFT_MIN) {
        return false;
    }
    *ret_next = (uint64_t)highest + 1;
    return true;
}

static bool read_state(struct sqlite_store *store)
{
    struct database *database = &store->database;
    if (!row_ids_open(database, &store->ids)) return false;
    store->numbers.key = store->ids.key;
    return read_next(database, "SELECT max(number) FROM booking", CODE_NUMBER_MAX,
                     &store->numbers.next_booking) &&
           read_next(database, "SELECT max(number) FROM payment", ID_NUMBER_MAX,
                     &store->numbers.next_payment) &&
           read_next(database, "SELECT max(number) FROM block", ID_NUMBER_MAX,
                     &store->numbers.next_block) &&
           keys_open(store) == ERROR_NONE;
}

enum error sqlite_store_open(const char *path, const struct siphash_key *tag_key,
                             struct sqlite_store **ret_store, struct database_reason *ret_reason)
{
    CHECK(tag_key != NULL);

    struct sqlite_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        database_explain(ret_reason, "there is no memory for the store");
        return ERROR_STORE_UNAVAILABLE;
    }
    store->tag_key = *tag_key;
    const enum error error = database_open(path, DATABASE_WRITE, &store->database, ret_reason);
    if (error != ERROR_NONE) {
        free(store);
        return error;
    }
    if (copy_mark_settle(&store->database, clock_now_ms(), ret_reason) != ERROR_NONE) {
        sqlite_store_close(store);
        return ERROR_STORE_UNAVAILABLE;
    }
    if (!read_state(store)) {
        database_explain(ret_reason, "%s cannot be read: %s", path,
                         sqlite3_errmsg(store->database.handle));
        sqlite_store_close(store);
        return ERROR_STORE_UNAVAILABLE;
    }
    store->watched = place_remember(&store->place, path);
    if (!store->watched) {
        log_event(LOG_WARNING, "store_unwatched", LOG_TEXT("file", slice_of(path)),
                  LOG_TEXT("why", slice_of(strerror(errno))));
    }
    *ret_store = store;
    return ERROR_NONE;
}

void sqlite_store_close(struct sqlite_store *store)
{
    if (store == NULL) return;
    if (store->open) undo(store);
    database_close(&store->database);
    free(store);
}

struct store sqlite_store_port(struct sqlite_store *store)
{
    return (struct store){.context = store, .methods = &methods};
}

const struct storage_meter *sqlite_store_meter(const struct sqlite_store *store)
{
    return &store->meter;
}
