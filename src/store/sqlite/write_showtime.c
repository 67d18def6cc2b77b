#include "store/sqlite/write_showtime.h"

enum { DATE_SIZE = 10 };

/* What is in the file now. */
struct stored {
    bool known;
    bool same; /* As the entry is. */
    int64_t number;
};

static bool row_is_showtime(sqlite3_stmt *row, const struct showtime *showtime, int64_t layout)
{
    return id_equal(database_column_id(row, 1), showtime->movie) &&
           id_equal(database_column_id(row, 2), showtime->cinema) &&
           slice_equal(database_column_text(row, 3), showtime->screen_id) &&
           sqlite3_column_int64(row, 4) == layout &&
           sqlite3_column_int64(row, 5) == showtime->starts_at_ms &&
           sqlite3_column_int64(row, 6) == showtime->ends_at_ms &&
           sqlite3_column_int64(row, 7) == showtime->prices[SEAT_STANDARD] &&
           sqlite3_column_int64(row, 8) == showtime->prices[SEAT_VIP] &&
           sqlite3_column_int64(row, 9) == showtime->prices[SEAT_COUPLE];
}

static enum error find_stored(struct writing *writing, const struct showtime *showtime,
                              int64_t layout, struct stored *ret_stored)
{
    sqlite3_stmt *statement = database_statement(
        writing->database,
        "SELECT number,movie,cinema,screen_id,layout,starts_at,ends_at,price_standard,price_vip,"
        "price_couple FROM showtime WHERE id=?1");
    if (statement == NULL) return writing_failure(writing);
    char hex[ID_HEX_SIZE];
    writing_bind_id(statement, 1, showtime->id, hex);
    enum error error = ERROR_NONE;
    const int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        *ret_stored = (struct stored){.known = true,
                                      .same = row_is_showtime(statement, showtime, layout),
                                      .number = sqlite3_column_int64(statement, 0)};
    } else if (code != SQLITE_DONE) {
        error = writing_failure(writing);
    }
    database_done(statement);
    return error;
}

/* The layout of the screen, written with its cinema. */
static enum error find_layout(struct writing *writing, const struct showtime *showtime,
                              int64_t *ret_layout)
{
    sqlite3_stmt *statement = database_statement(
        writing->database, "SELECT layout FROM screen WHERE cinema=?1 AND screen_id=?2");
    if (statement == NULL) return writing_failure(writing);
    char hex[ID_HEX_SIZE];
    writing_bind_id(statement, 1, showtime->cinema, hex);
    database_bind_text(statement, 2, showtime->screen_id);
    enum error error = ERROR_NONE;
    if (sqlite3_step(statement) == SQLITE_ROW) *ret_layout = sqlite3_column_int64(statement, 0);
    else error = writing_failure(writing);
    database_done(statement);
    return error;
}

static enum error ask_sold(struct writing *writing, int64_t number, bool *ret_sold)
{
    sqlite3_stmt *statement =
        database_statement(writing->database, "SELECT 1 WHERE EXISTS"
                                              " (SELECT 1 FROM booking WHERE showtime=?1) OR EXISTS"
                                              " (SELECT 1 FROM seat_claim WHERE showtime=?1)");
    if (statement == NULL) return writing_failure(writing);
    (void)sqlite3_bind_int64(statement, 1, number);
    const int code = sqlite3_step(statement);
    const bool failed = code != SQLITE_ROW && code != SQLITE_DONE;
    const enum error asked = failed ? writing_failure(writing) : ERROR_NONE;
    database_done(statement);
    *ret_sold = code == SQLITE_ROW;
    return asked;
}

static const char insert_sql[] =
    "INSERT INTO showtime(id,movie,cinema,screen_id,layout,starts_at,ends_at,local_date,"
    "price_standard,price_vip,price_couple,total_seats,available_seats)"
    " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?12)";

/* Another layout comes only to a showtime of which nothing is taken. A show that was over by its
 * old end is on sale again. */
static const char update_sql[] =
    "UPDATE showtime SET movie=?2,cinema=?3,screen_id=?4,layout=?5,starts_at=?6,ends_at=?7,"
    "local_date=?8,price_standard=?9,price_vip=?10,price_couple=?11,total_seats=?12,"
    "available_seats=available_seats+?12-total_seats,version=version+1,"
    "status=iif(status='completed','scheduled',status) WHERE id=?1";

static bool find_date(const struct locale *locale, struct slice zone, int64_t starts_at_ms,
                      char date[DATE_SIZE])
{
    struct time_zone *opened = locale->open_zone(zone);
    if (opened == NULL) return false;
    const bool found = locale->date_of(opened, starts_at_ms, date);
    locale->close_zone(opened);
    return found;
}

enum error write_showtime_row(struct writing *writing, bool known, const struct showtime *showtime,
                              struct slice zone, int64_t layout)
{
    sqlite3_stmt *statement =
        database_statement(writing->database, known ? update_sql : insert_sql);
    if (statement == NULL) return writing_failure(writing);
    char hex[3][ID_HEX_SIZE];
    char date[DATE_SIZE];
    if (!find_date(writing->locale, zone, showtime->starts_at_ms, date)) {
        return writing_refuse_row("showtime or cinema");
    }
    writing_bind_id(statement, 1, showtime->id, hex[0]);
    writing_bind_id(statement, 2, showtime->movie, hex[1]);
    writing_bind_id(statement, 3, showtime->cinema, hex[2]);
    database_bind_text(statement, 4, showtime->screen_id);
    (void)sqlite3_bind_int64(statement, 5, layout);
    (void)sqlite3_bind_int64(statement, 6, showtime->starts_at_ms);
    (void)sqlite3_bind_int64(statement, 7, showtime->ends_at_ms);
    database_bind_text(statement, 8, (struct slice){date, sizeof date});
    (void)sqlite3_bind_int64(statement, 9, showtime->prices[SEAT_STANDARD]);
    (void)sqlite3_bind_int64(statement, 10, showtime->prices[SEAT_VIP]);
    (void)sqlite3_bind_int64(statement, 11, showtime->prices[SEAT_COUPLE]);
    (void)sqlite3_bind_int64(statement, 12, showtime->total_seats);
    bool wrote = false;
    return writing_run(writing, statement, &wrote);
}

enum error write_showtime(struct writing *writing, size_t position)
{
    CHECK(position < writing->entries->showtime_count);

    const struct showtime_entry *entry = &writing->entries->showtimes[position];
    const struct showtime *showtime = &entry->showtime;
    struct stored stored = {0};
    int64_t layout = 0;
    enum error error = find_layout(writing, showtime, &layout);
    if (error == ERROR_NONE) error = find_stored(writing, showtime, layout, &stored);
    if (error != ERROR_NONE || stored.same) return error;

    bool sold = false;
    if (stored.known) error = ask_sold(writing, stored.number, &sold);
    if (error != ERROR_NONE) return error;
    struct catalogue_report *report = &writing->report;
    if (sold) {
        if (report->kept_count < CATALOGUE_WRITE_KEPT_MAX) {
            report->kept[report->kept_count] = position;
        }
        report->kept_count++;
        return ERROR_NONE;
    }
    writing_count(&report->showtimes, stored.known, true);
    return write_showtime_row(writing, stored.known, showtime, entry->timezone, layout);
}
