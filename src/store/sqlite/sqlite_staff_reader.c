/* The lists that staff look through; see ports/staff_reader.h. */
#include "ports/staff_reader.h"

#include "store/sqlite/reader_state.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/staff_rows.h"

/* Rows that one page looks at where it wants few of those that an index leads to: some 10 ms. */
enum { ROWS_SCANNED_MAX = 20000 };

#define FROM_BOOKING " FROM booking b JOIN showtime s ON s.number=b.showtime"
#define BELOW " AND b.number<?1 AND b.number>=?2"
#define WITH_STATUS " AND (?3 IS NULL OR b.status=?3)"
#define NEWEST_BOOKINGS " ORDER BY b.number DESC LIMIT ?4"

/* SQL reads best in lines of its own. */
/* clang-format off */

/* The numbers of a showtime's bookings of one status, of a page. An index has them in order, so
 * that the newest of all statuses are found by merging, and without looking at the others. */
#define BOOKINGS_OF(status) \
    "SELECT number FROM booking WHERE showtime=(SELECT o.number FROM showtime o WHERE o.id=?5)" \
    " AND status='" status "' AND number<?1 AND number>=?2 AND (?3 IS NULL OR ?3='" status "')"
#define BOOKING_NUMBERS \
    BOOKINGS_OF("pending") " UNION ALL " BOOKINGS_OF("confirmed") " UNION ALL " \
    BOOKINGS_OF("cancelled") " UNION ALL " BOOKINGS_OF("expired") \
    " ORDER BY number DESC LIMIT ?4"

/* The same of the refunds of one status. */
#define REFUNDS_OF(status) \
    "SELECT number FROM payment INDEXED BY payment_refund WHERE refund_requested_at IS NOT NULL" \
    " AND status='" status "' AND number<?1 AND (?3 IS NULL OR ?3='" status "')"
#define REFUND_NUMBERS \
    REFUNDS_OF("refund_due") " UNION ALL " REFUNDS_OF("refunding") " UNION ALL " \
    REFUNDS_OF("refunded") " UNION ALL " REFUNDS_OF("refund_failed") \
    " ORDER BY number DESC LIMIT ?2"

/* clang-format on */

/* Where a look through the rows of one index stops: after ROWS_SCANNED_MAX of them. */
#define FLOOR(rows) "SELECT number FROM " rows " number<?1 ORDER BY number DESC LIMIT 1 OFFSET ?2"

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
    return row_ids_number(&reader->ids, kind, page->after);
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
    *ret_next = row_ids_id(&reader->ids, listing->kind, last);
    return ERROR_NONE;
}

static enum error read_booking(const struct listing *listing, sqlite3_stmt *row, void *records,
                               size_t position)
{
    struct booking *booking = (struct booking *)records + position;
    const bool whole = rows_read_booking(row, &listing->reader->ids, booking);
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
        rows = database_statement(database, "SELECT " ROWS_BOOKING " FROM (" BOOKING_NUMBERS ") n"
                                            " JOIN booking b ON b.number=n.number"
                                            " JOIN showtime s ON s.number=b.showtime"
                                            " ORDER BY b.number DESC");
        if (rows == NULL) return NULL;
        database_bind_text(rows, 5, showtime);
    } else {
        rows = database_statement(database, "SELECT " ROWS_BOOKING FROM_BOOKING
                                            " WHERE TRUE" BELOW WITH_STATUS NEWEST_BOOKINGS);
    }
    return rows;
}

/* The number at which a look through rows below another one stops; 0: it may go on to the first.
 * `sql` is a FLOOR; `whose` its ?3, if it has one. False if the file cannot be read. */
static bool find_floor(struct sqlite_reader *reader, const char *sql, const struct user *whose,
                       int64_t below, int64_t *ret_floor)
{
    sqlite3_stmt *row = database_statement(&reader->database, sql);
    if (row == NULL) return false;
    if (whose->size > 0) database_bind_text(row, 3, user_name(whose));
    (void)sqlite3_bind_int64(row, 1, below);
    (void)sqlite3_bind_int64(row, 2, ROWS_SCANNED_MAX);
    const int code = sqlite3_step(row);
    *ret_floor = code == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        (void)database_failure(&reader->database, "list");
    database_done(row);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* A code leads to its booking's number; the other members must fit too. */
static bool narrow_to_code(const struct sqlite_reader *reader,
                           const struct staff_booking_query *query, int64_t *below, int64_t *floor)
{
    const int64_t number = row_ids_coded(&reader->ids, query->code);
    if (number == 0 || number >= *below) return false;
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
    const bool of_user = query->user.size > 0;
    const bool filters = !query->any_status || (of_user && !id_is_none(query->showtime));
    if (!query->has_code && filters && (of_user || id_is_none(query->showtime))) {
        const char *sql = of_user ? FLOOR("booking WHERE user=?3 AND") : FLOOR("booking WHERE");
        if (!find_floor(reader, sql, &query->user, below, &floor)) return ERROR_STORE_UNAVAILABLE;
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
    const bool whole = rows_read_payment(row, &listing->reader->ids, payment);
    return whole ? ERROR_NONE : ERROR_INTERNAL_ERROR;
}

static enum error list_refunds(void *context, const struct staff_refund_query *query,
                               struct payment *payments, size_t *ret_count, struct id *ret_next)
{
    struct sqlite_reader *reader = context;
    const int64_t below = number_below(reader, ID_PAYMENT, &query->page);
    if (below == 0) return ERROR_NOT_FOUND;
    sqlite3_stmt *rows = database_statement(
        &reader->database, "SELECT " ROWS_PAYMENT " FROM (" REFUND_NUMBERS ") n"
                           " JOIN payment p ON p.number=n.number ORDER BY p.number DESC");
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
    const bool of_actor = query->actor.size > 0;
    const char *floor_sql = of_actor ? FLOOR("journal WHERE actor=?3 AND") : FLOOR("journal WHERE");
    const char *sql = !of_actor ? "SELECT " STAFF_ROWS_LINE " FROM journal j WHERE j.number<?1"
                                  " AND j.number>=?5 AND j.at>=?2 ORDER BY j.number DESC LIMIT ?3"
                                : "SELECT " STAFF_ROWS_LINE " FROM journal j WHERE j.actor=?4"
                                  " AND j.number<?1 AND j.number>=?5 AND j.at>=?2"
                                  " ORDER BY j.number DESC LIMIT ?3";
    int64_t floor = 0;
    if (query->since_ms > 0 && !find_floor(reader, floor_sql, &query->actor, below, &floor)) {
        return ERROR_STORE_UNAVAILABLE;
    }
    sqlite3_stmt *rows = database_statement(&reader->database, sql);
    if (rows == NULL) return ERROR_STORE_UNAVAILABLE;
    (void)sqlite3_bind_int64(rows, 1, below);
    (void)sqlite3_bind_int64(rows, 2, query->since_ms);
    (void)sqlite3_bind_int64(rows, 3, (int64_t)query->page.limit + 1);
    if (of_actor) database_bind_text(rows, 4, user_name(&query->actor));
    (void)sqlite3_bind_int64(rows, 5, floor);
    const struct listing listing = {.reader = reader,
                                    .kind = ID_ENTRY,
                                    .limit = query->page.limit,
                                    .floor = floor,
                                    .arena = arena,
                                    .read = read_line};
    return read_page(&listing, rows, lines, ret_count, ret_next);
}

static enum error read_block(const struct listing *listing, sqlite3_stmt *row, void *records,
                             size_t position)
{
    struct block *block = (struct block *)records + position;
    const bool whole = staff_rows_read_block(row, &listing->reader->ids, block);
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
