/* The lists that staff look through; see ports/staff_reader.h. */
#include "ports/staff_reader.h"

#include "store/sqlite/reader_state.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/staff_rows.h"

/* Rows that one page looks at where no index leads to them: some 10 ms. */
enum { ROWS_SCANNED_MAX = 20000 };

#define FROM_BOOKING " FROM booking b JOIN showtime s ON s.number=b.showtime"
#define BELOW " AND b.number<?1 AND b.number>=?2"
#define WITH_STATUS " AND (?3 IS NULL OR b.status=?3)"
#define NEWEST_BOOKINGS " ORDER BY b.number DESC LIMIT ?4"

/* What a list needs to know to read its rows, whatever they are of. */
struct listing {
    struct sqlite_reader *reader;
    enum id_kind kind;
    size_t limit;
    int64_t floor;       /* Rows below it were not looked at; 0: all were. */
    struct arena *arena; /* Of texts; NULL: the records have none. */
    /* ERROR_OVERLOADED: the arena is full. */
    enum error (*read)(const struct listing *listing, sqlite3_stmt *row, void *records,
                       size_t position);
};

/* Rows of a page stand below this number; 0 if its cursor is not ours. */
static int64_t number_below(const struct sqlite_reader *reader, enum id_kind kind,
                            const struct staff_page *page)
{
    CHECK(page->limit >= 1);
    CHECK(page->limit <= STAFF_LISTED_MAX);
    if (id_is_none(page->after)) return INT64_MAX;
    return (int64_t)id_open(&reader->key, kind, page->after);
}

/* Reads the rows of a page, whose first column is their number, one more than the limit. */
static enum error read_page(const struct listing *listing, sqlite3_stmt *rows, void *records,
                            size_t *ret_count, struct id *ret_next)
{
    struct sqlite_reader *reader = listing->reader;
    size_t count = 0;
    int64_t last = 0;
    enum error error = ERROR_NONE;
    int code = sqlite3_step(rows);
    while (code == SQLITE_ROW && count < listing->limit) {
        error = listing->read(listing, rows, records, count);
        if (error != ERROR_NONE) break;
        last = sqlite3_column_int64(rows, 0);
        count++;
        code = sqlite3_step(rows);
    }
    if (error == ERROR_OVERLOADED && count > 0) error = ERROR_NONE; /* A shorter page. */
    if (code == SQLITE_DONE) last = listing->floor;
    else if (code != SQLITE_ROW) error = ERROR_STORE_UNAVAILABLE;
    if (error == ERROR_STORE_UNAVAILABLE) (void)database_failure(&reader->database, "list");
    database_done(rows);
    if (error != ERROR_NONE) return error;
    *ret_count = count;
    *ret_next = last > 0 ? id_seal(&reader->key, listing->kind, (uint64_t)last) : (struct id){0};
    return ERROR_NONE;
}

static enum error read_booking(const struct listing *listing, sqlite3_stmt *row, void *records,
                               size_t position)
{
    struct booking *booking = (struct booking *)records + position;
    const bool whole = rows_read_booking(row, &listing->reader->key, booking);
    return whole ? ERROR_NONE : ERROR_INTERNAL_ERROR;
}

/* The statement for what is asked, by the index that leads to the fewest rows; ?5 bound. */
static sqlite3_stmt *prepare_bookings(struct sqlite_reader *reader,
                                      const struct staff_booking_query *query,
                                      char hex[ID_HEX_SIZE])
{
    struct database *database = &reader->database;
    sqlite3_stmt *rows = NULL;
    id_format(query->showtime, hex);
    const struct slice showtime = {.data = hex, .size = ID_HEX_SIZE};
    if (query->user.size > 0) {
        rows = database_statement(
            database,
            "SELECT " ROWS_BOOKING FROM_BOOKING
            " WHERE b.user=?5 AND (?6 IS NULL OR s.id=?6)" BELOW WITH_STATUS NEWEST_BOOKINGS);
        if (rows == NULL) return NULL;
        database_bind_text(rows, 5, user_name(&query->user));
        if (!id_is_none(query->showtime)) database_bind_text(rows, 6, showtime);
    } else if (!id_is_none(query->showtime)) {
        rows = database_statement(
            database,
            "SELECT " ROWS_BOOKING FROM_BOOKING
            " WHERE b.showtime=(SELECT o.number FROM showtime o WHERE o.id=?5)" BELOW WITH_STATUS
                NEWEST_BOOKINGS);
        if (rows == NULL) return NULL;
        database_bind_text(rows, 5, showtime);
    } else {
        rows = database_statement(database, "SELECT " ROWS_BOOKING FROM_BOOKING
                                            " WHERE TRUE" BELOW WITH_STATUS NEWEST_BOOKINGS);
    }
    return rows;
}

/* The number at which a look through all bookings below another one stops; 0: it may go on to
 * the first. False if the file cannot be read. */
static bool find_floor(struct sqlite_reader *reader, int64_t below, int64_t *ret_floor)
{
    sqlite3_stmt *row =
        database_statement(&reader->database, "SELECT number FROM booking WHERE number<?1"
                                              " ORDER BY number DESC LIMIT 1 OFFSET ?2");
    if (row == NULL) return false;
    (void)sqlite3_bind_int64(row, 1, below);
    (void)sqlite3_bind_int64(row, 2, ROWS_SCANNED_MAX);
    const int code = sqlite3_step(row);
    *ret_floor = code == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        (void)database_failure(&reader->database, "list");
    database_done(row);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* A code is its booking's number; the other members must fit too. */
static bool narrow_to_code(const struct sqlite_reader *reader,
                           const struct staff_booking_query *query, int64_t *below, int64_t *floor)
{
    const int64_t number = (int64_t)code_to_number(&reader->key, query->code);
    if (number >= *below) return false;
    *below = number + 1;
    *floor = number;
    return true;
}

static enum error list_bookings(void *context, const struct staff_booking_query *query,
                                struct booking *bookings, size_t *ret_count, struct id *ret_next)
{
    struct sqlite_reader *reader = context;
    int64_t below = number_below(reader, ID_BOOKING, &query->page);
    int64_t floor = 0;
    if (below == 0) return ERROR_NOT_FOUND;
    struct listing listing = {
        .reader = reader, .kind = ID_BOOKING, .limit = query->page.limit, .read = read_booking};
    if (query->has_code && !narrow_to_code(reader, query, &below, &floor)) floor = below;
    const bool scans = !query->has_code && query->user.size == 0 && id_is_none(query->showtime) &&
                       !query->any_status;
    if (scans) {
        if (!find_floor(reader, below, &floor)) return ERROR_STORE_UNAVAILABLE;
        listing.floor = floor;
    }
    char hex[ID_HEX_SIZE];
    sqlite3_stmt *rows = prepare_bookings(reader, query, hex);
    if (rows == NULL) return ERROR_STORE_UNAVAILABLE;
    (void)sqlite3_bind_int64(rows, 1, below);
    (void)sqlite3_bind_int64(rows, 2, floor);
    if (!query->any_status) database_bind_text(rows, 3, booking_status_name(query->status));
    (void)sqlite3_bind_int64(rows, 4, (int64_t)query->page.limit + 1);
    return read_page(&listing, rows, bookings, ret_count, ret_next);
}

static enum error read_payment(const struct listing *listing, sqlite3_stmt *row, void *records,
                               size_t position)
{
    struct payment *payment = (struct payment *)records + position;
    const bool whole = rows_read_payment(row, &listing->reader->key, payment);
    return whole ? ERROR_NONE : ERROR_INTERNAL_ERROR;
}

static enum error list_refunds(void *context, const struct staff_refund_query *query,
                               struct payment *payments, size_t *ret_count, struct id *ret_next)
{
    struct sqlite_reader *reader = context;
    const int64_t below = number_below(reader, ID_PAYMENT, &query->page);
    if (below == 0) return ERROR_NOT_FOUND;
    const char *sql =
        query->any_status
            ? "SELECT " ROWS_PAYMENT " FROM payment p INDEXED BY payment_refund"
              " WHERE p.refund_requested_at IS NOT NULL AND p.number<?1"
              " AND p.status IN ('refund_due','refunding','refunded','refund_failed')"
              " ORDER BY p.number DESC LIMIT ?2"
            : "SELECT " ROWS_PAYMENT " FROM payment p INDEXED BY payment_refund"
              " WHERE p.refund_requested_at IS NOT NULL AND p.number<?1 AND p.status=?3"
              " ORDER BY p.number DESC LIMIT ?2";
    sqlite3_stmt *rows = database_statement(&reader->database, sql);
    if (rows == NULL) return ERROR_STORE_UNAVAILABLE;
    (void)sqlite3_bind_int64(rows, 1, below);
    (void)sqlite3_bind_int64(rows, 2, (int64_t)query->page.limit + 1);
    if (!query->any_status) database_bind_text(rows, 3, payment_status_name(query->status));
    const struct listing listing = {
        .reader = reader, .kind = ID_PAYMENT, .limit = query->page.limit, .read = read_payment};
    return read_page(&listing, rows, payments, ret_count, ret_next);
}

static enum error read_line(const struct listing *listing, sqlite3_stmt *row, void *records,
                            size_t position)
{
    return staff_rows_read_line(row, listing->arena, (struct journal_line *)records + position);
}

static enum error list_journal(void *context, const struct staff_journal_query *query,
                               struct arena *arena, struct journal_line *lines, size_t *ret_count,
                               struct id *ret_next)
{
    struct sqlite_reader *reader = context;
    const int64_t below = number_below(reader, ID_ENTRY, &query->page);
    if (below == 0) return ERROR_NOT_FOUND;
    const char *sql = query->actor.size == 0
                          ? "SELECT " STAFF_ROWS_LINE " FROM journal j"
                            " WHERE j.number<?1 AND j.at>=?2 ORDER BY j.number DESC LIMIT ?3"
                          : "SELECT " STAFF_ROWS_LINE " FROM journal j WHERE j.actor=?4"
                            " AND j.number<?1 AND j.at>=?2 ORDER BY j.number DESC LIMIT ?3";
    sqlite3_stmt *rows = database_statement(&reader->database, sql);
    if (rows == NULL) return ERROR_STORE_UNAVAILABLE;
    (void)sqlite3_bind_int64(rows, 1, below);
    (void)sqlite3_bind_int64(rows, 2, query->since_ms);
    (void)sqlite3_bind_int64(rows, 3, (int64_t)query->page.limit + 1);
    if (query->actor.size > 0) database_bind_text(rows, 4, user_name(&query->actor));
    const struct listing listing = {.reader = reader,
                                    .kind = ID_ENTRY,
                                    .limit = query->page.limit,
                                    .arena = arena,
                                    .read = read_line};
    return read_page(&listing, rows, lines, ret_count, ret_next);
}

static enum error read_block(const struct listing *listing, sqlite3_stmt *row, void *records,
                             size_t position)
{
    struct block *block = (struct block *)records + position;
    const bool whole = staff_rows_read_block(row, &listing->reader->key, block);
    return whole ? ERROR_NONE : ERROR_INTERNAL_ERROR;
}

static enum error list_blocks(void *context, const struct staff_block_query *query,
                              struct block *blocks, size_t *ret_count, struct id *ret_next)
{
    struct sqlite_reader *reader = context;
    const int64_t below = number_below(reader, ID_BLOCK, &query->page);
    if (below == 0) return ERROR_NOT_FOUND;
    sqlite3_stmt *rows =
        database_statement(&reader->database, "SELECT " STAFF_ROWS_BLOCK " FROM showtime s"
                                              " JOIN block k ON k.showtime=s.number WHERE s.id=?1"
                                              " AND k.released_at IS NULL AND k.number<?2"
                                              " ORDER BY k.number DESC LIMIT ?3");
    if (rows == NULL) return ERROR_STORE_UNAVAILABLE;
    char hex[ID_HEX_SIZE];
    id_format(query->showtime, hex);
    database_bind_text(rows, 1, (struct slice){.data = hex, .size = sizeof hex});
    (void)sqlite3_bind_int64(rows, 2, below);
    (void)sqlite3_bind_int64(rows, 3, (int64_t)query->page.limit + 1);
    const struct listing listing = {
        .reader = reader, .kind = ID_BLOCK, .limit = query->page.limit, .read = read_block};
    return read_page(&listing, rows, blocks, ret_count, ret_next);
}

static const struct staff_reader_methods methods = {.list_bookings = list_bookings,
                                                    .list_refunds = list_refunds,
                                                    .list_journal = list_journal,
                                                    .list_blocks = list_blocks};

struct staff_reader sqlite_staff_reader_port(struct sqlite_reader *reader)
{
    CHECK(reader != NULL);
    return (struct staff_reader){.context = reader, .methods = &methods};
}
