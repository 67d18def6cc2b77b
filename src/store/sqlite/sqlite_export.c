#include "store/sqlite/sqlite_export.h"

#include <stdlib.h>
#include <string.h>

#include "store/sqlite/catalogue_rows.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/seat_layouts.h"
#include "store/sqlite/staff_rows.h"

enum { ARENA_SIZE = 1024 * 1024 }; /* A cinema's fifty plans, above all. */

/* SQL reads best in lines of its own. */
/* clang-format off */

#define KEYS(what, which) \
    "(SELECT " what " FROM idempotency_0 WHERE " which \
    " UNION ALL SELECT " what " FROM idempotency_1 WHERE " which ")"

#define MOVIES "SELECT " CATALOGUE_ROWS_MOVIE " FROM movie ORDER BY id"

#define CINEMAS "SELECT " CATALOGUE_ROWS_CINEMA " FROM cinema ORDER BY id"

#define SCREENS \
    "SELECT " CATALOGUE_ROWS_SCREEN "," SEAT_LAYOUTS_COLUMNS " FROM screen s" \
    " JOIN seat_layout l ON l.number=s.layout WHERE s.cinema=?1 ORDER BY s.position"

#define SHOWTIMES \
    "SELECT s.*,c.timezone," SEAT_LAYOUTS_COLUMNS " FROM" \
    " (SELECT " CATALOGUE_ROWS_SHOWTIME ",cancelled_at,cancellation_reason,layout FROM showtime) s" \
    " JOIN cinema c ON c.id=s.cinema JOIN seat_layout l ON l.number=s.layout ORDER BY s.id"
enum { SHOWTIME_CANCELLED_AT = 13, SHOWTIME_REASON, SHOWTIME_LAYOUT, SHOWTIME_ZONE, SHOWTIME_PLAN };

#define BOOKINGS \
    "SELECT " ROWS_BOOKING ",k.key,k.fingerprint FROM booking b" \
    " JOIN showtime s ON s.number=b.showtime LEFT JOIN " \
    KEYS("key,fingerprint,booking", "operation='hold'") " k ON k.booking=b.number" \
    " ORDER BY s.id,b.held_at,b.number"

#define PAYMENTS \
    "SELECT " ROWS_PAYMENT ",k.key,k.fingerprint,k.operation FROM payment p" \
    " JOIN booking b ON b.number=p.booking JOIN showtime s ON s.number=b.showtime LEFT JOIN " \
    KEYS("key,fingerprint,operation,payment", "operation IN ('confirm','pay') AND created") \
    " k ON k.payment=p.number" \
    " ORDER BY s.id,b.held_at,b.number,p.created_at,p.number"

#define BLOCKS \
    "SELECT " STAFF_ROWS_BLOCK " FROM block k JOIN showtime s ON s.number=k.showtime" \
    " ORDER BY s.id,k.created_at,k.number"

#define OTHER_KEYS \
    "SELECT key,user,operation,fingerprint,booking,payment,created,created_at FROM " \
    KEYS("*", "operation<>'hold' AND (operation='refund' OR NOT created)") \
    " ORDER BY key,user,operation"

#define ENTRIES "SELECT " STAFF_ROWS_LINE " FROM journal j ORDER BY j.number"

/* clang-format on */

struct export
{
    struct database *database;
    struct row_ids ids;
    struct move_file *file;
    struct move_reason *reason;
    struct move_record record; /* The one under way. */
    struct arena arena;
    char block[ARENA_SIZE];
};

/* A statement and how its last step went. */
struct stream {
    sqlite3_stmt *rows;
    int code;
};

static bool fail(struct export *export)
{
    return move_record_explain(export->reason, "the store cannot be read: %s",
                               sqlite3_errmsg(export->database->handle));
}

static bool refuse(struct export *export, const char *what)
{
    return move_record_explain(export->reason,
                               "a %s cannot be read: the store is damaged; see usher audit", what);
}

static bool advance(struct export *export, struct stream *stream)
{
    stream->code = sqlite3_step(stream->rows);
    return stream->code == SQLITE_ROW || stream->code == SQLITE_DONE || fail(export);
}

static bool open_stream(struct export *export, const char *sql, struct stream *ret_stream)
{
    ret_stream->rows = database_statement(export->database, sql);
    if (ret_stream->rows == NULL) return fail(export);
    return advance(export, ret_stream);
}

static bool put(struct export *export)
{
    return move_file_put(export->file, &export->record, export->reason);
}

static void begin(struct export *export, enum move_kind kind)
{
    arena_reset(&export->arena);
    memset(&export->record, 0, sizeof export->record);
    export->record.kind = kind;
}

/* A secret that the store may not have. */
static bool read_secret(struct export *export, const char *name, struct move_secret *ret_secret)
{
    sqlite3_stmt *row =
        database_statement(export->database, "SELECT value FROM setting WHERE name=?1");
    if (row == NULL) return fail(export);
    database_bind_text(row, 1, slice_of(name));
    if (sqlite3_step(row) == SQLITE_ROW) {
        const struct slice value = database_column_blob(row, 0);
        if (value.size <= sizeof ret_secret->bytes) {
            ret_secret->size = (uint8_t)value.size;
            memcpy(ret_secret->bytes, value.data, value.size);
        }
    }
    database_done(row);
    return true;
}

static bool put_head(struct export *export, const struct move_head *head)
{
    begin(export, MOVE_HEAD);
    export->record.head = *head;
    return read_secret(export, "id_key", &export->record.head.seal_key) &&
           read_secret(export, "claim_key", &export->record.head.claim_key) && put(export);
}

static bool put_movie(struct export *export, sqlite3_stmt *row)
{
    if (catalogue_rows_movie(row, &export->arena, &export->record.movie) != ERROR_NONE) {
        return refuse(export, "movie");
    }
    return put(export);
}

static bool put_cinema(struct export *export, sqlite3_stmt *row)
{
    struct cinema *cinema = &export->record.cinema;
    struct stream screens = {0};
    if (catalogue_rows_cinema(row, &export->arena, cinema) != ERROR_NONE) {
        return refuse(export, "cinema");
    }
    screens.rows = database_statement(export->database, SCREENS);
    if (screens.rows == NULL) return fail(export);
    database_bind_text(screens.rows, 1, database_column_text(row, 0));
    bool whole = advance(export, &screens);
    size_t count = 0;
    while (whole && screens.code == SQLITE_ROW && count < cinema->screen_count) {
        whole = catalogue_rows_screen(screens.rows, &export->arena, &cinema->screens[count++]) ==
                    ERROR_NONE &&
                advance(export, &screens);
    }
    database_done(screens.rows);
    if (!whole || count != cinema->screen_count) return refuse(export, "screen");
    return put(export);
}

static struct move_origin read_origin(sqlite3_stmt *row, int column, enum operation operation)
{
    struct move_origin origin = {.operation = operation};
    const struct slice key = database_column_blob(row, column);
    if (key.size != sizeof origin.key.bytes) return origin;
    memcpy(origin.key.bytes, key.data, key.size);
    const struct slice fingerprint = database_column_blob(row, column + 1);
    if (fingerprint.size == sizeof origin.fingerprint.bytes) {
        memcpy(origin.fingerprint.bytes, fingerprint.data, fingerprint.size);
    }
    return origin;
}

/* The payments of the booking that was put last. */
static bool put_payments(struct export *export, int64_t booking, struct stream *payments)
{
    while (payments->code == SQLITE_ROW && sqlite3_column_int64(payments->rows, 1) == booking) {
        struct move_payment *payment = &export->record.payment;
        enum operation operation = OPERATION_PAY;
        begin(export, MOVE_PAYMENT);
        (void)operation_parse(database_column_text(payments->rows, ROWS_PAYMENT_COUNT + 2),
                              &operation);
        payment->origin = read_origin(payments->rows, ROWS_PAYMENT_COUNT, operation);
        if (!rows_read_payment(payments->rows, &export->ids, &payment->payment)) {
            return refuse(export, "payment");
        }
        if (!put(export) || !advance(export, payments)) return false;
    }
    return true;
}

/* The streams that go along with the showtimes. */
struct streams {
    struct stream bookings;
    struct stream payments;
    struct stream blocks;
};

static bool put_bookings(struct export *export, struct id showtime, struct streams *streams)
{
    struct stream *bookings = &streams->bookings;
    while (bookings->code == SQLITE_ROW &&
           id_equal(database_column_id(bookings->rows, 1), showtime)) {
        const int64_t number = sqlite3_column_int64(bookings->rows, 0);
        struct move_booking *booking = &export->record.booking;
        begin(export, MOVE_BOOKING);
        booking->origin = read_origin(bookings->rows, ROWS_BOOKING_COUNT, OPERATION_HOLD);
        if (!rows_read_booking(bookings->rows, &export->ids, &booking->booking)) {
            return refuse(export, "booking");
        }
        if (!put(export) || !put_payments(export, number, &streams->payments)) return false;
        if (!advance(export, bookings)) return false;
    }
    return true;
}

static bool put_blocks(struct export *export, struct id showtime, struct stream *blocks)
{
    while (blocks->code == SQLITE_ROW && id_equal(database_column_id(blocks->rows, 1), showtime)) {
        begin(export, MOVE_BLOCK);
        if (!staff_rows_read_block(blocks->rows, &export->ids, &export->record.block)) {
            return refuse(export, "block");
        }
        if (!put(export) || !advance(export, blocks)) return false;
    }
    return true;
}

static bool put_showtime(struct export *export, sqlite3_stmt *row)
{
    struct move_showtime *record = &export->record.showtime;
    record->plan = arena_take(&export->arena, sizeof *record->plan);
    CHECK(record->plan != NULL);
    if (catalogue_rows_showtime(row, &export->arena, &record->showtime) != ERROR_NONE ||
        !seat_layouts_read(row, SHOWTIME_PLAN, record->plan) ||
        !rows_read_reason(row, SHOWTIME_REASON, &record->cancellation_reason)) {
        return refuse(export, "showtime");
    }
    record->timezone = database_column_text(row, SHOWTIME_ZONE);
    record->cancelled_at_ms = sqlite3_column_int64(row, SHOWTIME_CANCELLED_AT);
    return put(export);
}

static bool put_showtimes(struct export *export)
{
    struct stream showtimes = {0};
    struct streams along = {0};
    if (!open_stream(export, SHOWTIMES, &showtimes) ||
        !open_stream(export, BOOKINGS, &along.bookings) ||
        !open_stream(export, PAYMENTS, &along.payments) ||
        !open_stream(export, BLOCKS, &along.blocks)) {
        return false;
    }
    while (showtimes.code == SQLITE_ROW) {
        const struct id showtime = database_column_id(showtimes.rows, 0);
        begin(export, MOVE_SHOWTIME);
        if (!put_showtime(export, showtimes.rows) || !put_bookings(export, showtime, &along) ||
            !put_blocks(export, showtime, &along.blocks) || !advance(export, &showtimes)) {
            return false;
        }
    }
    return true;
}

static bool put_key(struct export *export, sqlite3_stmt *row)
{
    struct key_record *key = &export->record.key;
    const struct slice name = database_column_blob(row, 0);
    const struct slice fingerprint = database_column_blob(row, 3);
    key->booking = rows_column_id(row, 4, &export->ids, ID_BOOKING);
    key->payment = rows_column_id(row, 5, &export->ids, ID_PAYMENT);
    key->created = sqlite3_column_int(row, 6) != 0;
    key->created_at_ms = sqlite3_column_int64(row, 7);
    if (name.size != sizeof key->claim.key || fingerprint.size != sizeof key->claim.fingerprint ||
        !rows_read_user(row, 1, &key->claim.user) ||
        !operation_parse(database_column_text(row, 2), &key->claim.operation)) {
        return refuse(export, "key");
    }
    memcpy(key->claim.key.bytes, name.data, name.size);
    memcpy(key->claim.fingerprint.bytes, fingerprint.data, fingerprint.size);
    return put(export);
}

static bool put_entry(struct export *export, sqlite3_stmt *row)
{
    if (staff_rows_read_line(row, &export->arena, &export->record.entry) != ERROR_NONE) {
        return refuse(export, "journal's entry");
    }
    return put(export);
}

static bool put_all(struct export *export, const char *sql, enum move_kind kind,
                    bool (*put_row)(struct export *export, sqlite3_stmt *row))
{
    struct stream stream = {0};
    if (!open_stream(export, sql, &stream)) return false;
    while (stream.code == SQLITE_ROW) {
        begin(export, kind);
        if (!put_row(export, stream.rows) || !advance(export, &stream)) return false;
    }
    database_done(stream.rows);
    return true;
}

/* What no showtime accounts for would be left behind. */
static bool judge_counts(struct export *export)
{
    struct stream row = {0};
    const int64_t *counts = export->file->counts;
    if (!open_stream(export,
                     "SELECT (SELECT count(*) FROM showtime),(SELECT count(*) FROM booking),"
                     "(SELECT count(*) FROM payment),(SELECT count(*) FROM block)",
                     &row)) {
        return false;
    }
    for (int column = 0; column < 4; column++) {
        const enum move_kind kind = (enum move_kind)(MOVE_SHOWTIME + column);
        const int64_t count = sqlite3_column_int64(row.rows, column);
        if (count == counts[kind]) continue;
        return move_record_explain(
            export->reason,
            "the store is damaged: %lld of its %lld rows of %s are of nothing; see"
            " usher audit",
            (long long)(count - counts[kind]), (long long)count, move_record_name(kind).data);
    }
    return true;
}

static bool run(struct export *export, const struct move_head *head)
{
    /* What is sorted may be larger than memory. */
    if (database_execute(export->database, "PRAGMA temp_store=FILE; BEGIN") != SQLITE_OK ||
        !row_ids_open(export->database, &export->ids)) {
        return fail(export);
    }
    return put_head(export, head) && put_all(export, MOVIES, MOVE_MOVIE, put_movie) &&
           put_all(export, CINEMAS, MOVE_CINEMA, put_cinema) && put_showtimes(export) &&
           judge_counts(export) && put_all(export, OTHER_KEYS, MOVE_KEY, put_key) &&
           put_all(export, ENTRIES, MOVE_ENTRY, put_entry);
}

bool sqlite_export(struct database *database, const struct move_head *head, struct move_file *file,
                   struct move_reason *ret_reason)
{
    struct export *export = calloc(1, sizeof *export);
    if (export == NULL) return move_record_explain(ret_reason, "there is no memory for it");
    export->database = database;
    export->file = file;
    export->reason = ret_reason;
    arena_init(&export->arena, export->block, sizeof export->block);
    const bool whole = run(export, head) && move_file_end(file, ret_reason);
    free(export);
    return whole;
}
