#include "store/sqlite/sqlite_reader.h"

#include <stdlib.h>

#include "store/sqlite/reader_state.h"
#include "store/sqlite/rows.h"

#define FROM_BOOKING " FROM booking b JOIN showtime s ON s.number=b.showtime"
#define FROM_PAYMENT \
    " FROM payment p JOIN booking b ON b.number=p.booking JOIN showtime s ON s.number=b.showtime"

/* Ends the use of a statement that should have given one row. */
static enum error end_find(struct sqlite_reader *reader, sqlite3_stmt *row, int code, bool whole,
                           enum error missing)
{
    enum error error = ERROR_NONE;
    if (code == SQLITE_DONE) error = missing;
    else if (code != SQLITE_ROW) error = database_failure(&reader->database, "read");
    else if (!whole) error = ERROR_INTERNAL_ERROR;
    database_done(row);
    return error == ERROR_OUTCOME_UNKNOWN ? ERROR_STORE_UNAVAILABLE : error;
}

static enum error find_booking(void *context, struct id id, enum consistency consistency,
                               struct booking *ret_booking, uint64_t *ret_version)
{
    struct sqlite_reader *reader = context;
    (void)consistency; /* A file of our own has no other. */
    const int64_t number = row_ids_number(&reader->ids, ID_BOOKING, id);
    if (number == 0) return ERROR_BOOKING_NOT_FOUND;
    sqlite3_stmt *row = database_statement(
        &reader->database, "SELECT " ROWS_BOOKING ",s.version" FROM_BOOKING " WHERE b.number=?1");
    if (row == NULL) return ERROR_STORE_UNAVAILABLE;
    (void)sqlite3_bind_int64(row, 1, number);
    const int code = sqlite3_step(row);
    const bool whole = code == SQLITE_ROW && rows_read_booking(row, &reader->ids, ret_booking);
    if (whole) *ret_version = (uint64_t)sqlite3_column_int64(row, ROWS_BOOKING_COUNT);
    return end_find(reader, row, code, whole, ERROR_BOOKING_NOT_FOUND);
}

/* Newest first is highest number first; the index on the user carries the number. */
static sqlite3_stmt *prepare_list(struct sqlite_reader *reader, const struct booking_query *query,
                                  int64_t below)
{
    const char *sql = query->any_status
                          ? "SELECT " ROWS_BOOKING FROM_BOOKING " WHERE b.user=?1 AND b.number<?2"
                            " ORDER BY b.number DESC LIMIT ?3"
                          : "SELECT " ROWS_BOOKING FROM_BOOKING " WHERE b.user=?1 AND b.number<?2"
                            " AND b.status=?4 ORDER BY b.number DESC LIMIT ?3";
    sqlite3_stmt *rows = database_statement(&reader->database, sql);
    if (rows == NULL) return NULL;
    database_bind_text(rows, 1, user_name(&query->user));
    (void)sqlite3_bind_int64(rows, 2, below);
    (void)sqlite3_bind_int64(rows, 3, (int64_t)query->limit + 1);
    if (!query->any_status) database_bind_text(rows, 4, booking_status_name(query->status));
    return rows;
}

static enum error list_bookings(void *context, const struct booking_query *query,
                                struct booking *bookings, size_t *ret_count, bool *ret_more)
{
    struct sqlite_reader *reader = context;
    CHECK(query->limit >= 1);
    CHECK(query->limit <= BOOKINGS_LISTED_MAX);

    int64_t below = INT64_MAX;
    if (!id_is_none(query->after)) {
        below = row_ids_number(&reader->ids, ID_BOOKING, query->after);
        if (below == 0) return ERROR_BOOKING_NOT_FOUND;
    }
    sqlite3_stmt *rows = prepare_list(reader, query, below);
    if (rows == NULL) return ERROR_STORE_UNAVAILABLE;
    size_t count = 0;
    bool whole = true;
    int code = sqlite3_step(rows);
    for (; code == SQLITE_ROW && whole && count < query->limit; code = sqlite3_step(rows)) {
        whole = rows_read_booking(rows, &reader->ids, &bookings[count]);
        if (whole) count++;
    }
    const bool more = code == SQLITE_ROW;
    const enum error error =
        end_find(reader, rows, code == SQLITE_DONE ? SQLITE_ROW : code, whole, ERROR_NONE);
    if (error != ERROR_NONE) return error;
    *ret_count = count;
    *ret_more = more;
    return ERROR_NONE;
}

static sqlite3_stmt *prepare_payment(struct sqlite_reader *reader,
                                     const struct payment_query *query)
{
    sqlite3_stmt *row = NULL;
    if (!id_is_none(query->id)) {
        row = database_statement(&reader->database,
                                 "SELECT " ROWS_PAYMENT ",s.id,s.version" FROM_PAYMENT
                                 " WHERE p.number=?1");
        if (row == NULL) return NULL;
        const int64_t number = row_ids_number(&reader->ids, ID_PAYMENT, query->id);
        (void)sqlite3_bind_int64(row, 1, number);
        return row;
    }
    row = database_statement(&reader->database,
                             "SELECT " ROWS_PAYMENT ",s.id,s.version" FROM_PAYMENT
                             " WHERE p.user=?1 AND p.alias=?2"
                             " AND p.alias IS NOT NULL ORDER BY p.number DESC LIMIT 1");
    if (row == NULL) return NULL;
    database_bind_text(row, 1, user_name(&query->user));
    (void)sqlite3_bind_blob(row, 2, &query->alias, sizeof query->alias, SQLITE_STATIC);
    return row;
}

static enum error find_payment(void *context, const struct payment_query *query,
                               struct payment *ret_payment, struct id *ret_showtime,
                               uint64_t *ret_version)
{
    struct sqlite_reader *reader = context;
    sqlite3_stmt *row = prepare_payment(reader, query);
    if (row == NULL) return ERROR_STORE_UNAVAILABLE;
    const int code = sqlite3_step(row);
    const bool whole = code == SQLITE_ROW && rows_read_payment(row, &reader->ids, ret_payment);
    if (whole) {
        *ret_showtime = database_column_id(row, ROWS_PAYMENT_COUNT);
        *ret_version = (uint64_t)sqlite3_column_int64(row, ROWS_PAYMENT_COUNT + 1);
    }
    return end_find(reader, row, code, whole, ERROR_PAYMENT_NOT_FOUND);
}

static enum error ping(void *context)
{
    struct sqlite_reader *reader = context;
    sqlite3_stmt *row = database_statement(&reader->database, "SELECT value FROM setting LIMIT 1");
    if (row == NULL) return ERROR_STORE_UNAVAILABLE;
    const int code = sqlite3_step(row);
    return end_find(reader, row, code, true, ERROR_STORE_UNAVAILABLE);
}

static const struct reader_methods methods = {.find_booking = find_booking,
                                              .list_bookings = list_bookings,
                                              .find_payment = find_payment,
                                              .ping = ping};

enum error sqlite_reader_open(const char *path, struct sqlite_reader **ret_reader,
                              struct database_reason *ret_reason)
{
    CHECK(ret_reader != NULL);

    struct sqlite_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        database_explain(ret_reason, "there is no memory for a reader");
        return ERROR_STORE_UNAVAILABLE;
    }
    const enum error error = database_open(path, DATABASE_READ, &reader->database, ret_reason);
    if (error != ERROR_NONE) {
        free(reader);
        return error;
    }
    if (!row_ids_open(&reader->database, &reader->ids)) {
        database_explain(ret_reason, "%s has no id key", path);
        sqlite_reader_close(reader);
        return ERROR_STORE_UNAVAILABLE;
    }
    *ret_reader = reader;
    return ERROR_NONE;
}

void sqlite_reader_close(struct sqlite_reader *reader)
{
    if (reader == NULL) return;
    database_close(&reader->database);
    free(reader);
}

struct reader sqlite_reader_port(struct sqlite_reader *reader)
{
    return (struct reader){.context = reader, .methods = &methods};
}
