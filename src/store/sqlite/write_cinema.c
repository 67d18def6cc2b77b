#include "store/sqlite/write_cinema.h"

#include "store/sqlite/seat_layouts.h"

enum { DATE_SIZE = 10 };

enum error write_cinema_row(struct writing *writing, const struct cinema *cinema, bool *ret_wrote)
{
    sqlite3_stmt *statement = database_statement(
        writing->database,
        "INSERT INTO cinema(id,name,address,city,city_folded,phone,is_active,timezone)"
        " VALUES(?1,?2,?3,?4,?5,?6,?7,?8)"
        " ON CONFLICT(id) DO UPDATE SET name=excluded.name,address=excluded.address,"
        "city=excluded.city,city_folded=excluded.city_folded,phone=excluded.phone,"
        "is_active=excluded.is_active,timezone=excluded.timezone"
        " WHERE (name,address,city,city_folded,phone,is_active,timezone) IS NOT (excluded.name,"
        "excluded.address,excluded.city,excluded.city_folded,excluded.phone,excluded.is_active,"
        "excluded.timezone)");
    if (statement == NULL) return writing_failure(writing);
    const struct slice city = writing_fold(writing, cinema->city);
    if (city.data == NULL) return writing_refuse_row("cinema");
    char hex[ID_HEX_SIZE];
    writing_bind_id(statement, 1, cinema->id, hex);
    database_bind_text(statement, 2, cinema->name);
    database_bind_text(statement, 3, cinema->address);
    database_bind_text(statement, 4, cinema->city);
    database_bind_text(statement, 5, city);
    database_bind_text(statement, 6, cinema->phone);
    (void)sqlite3_bind_int64(statement, 7, cinema->is_active);
    database_bind_text(statement, 8, cinema->timezone);
    return writing_run(writing, statement, ret_wrote);
}

static bool row_is_screen(sqlite3_stmt *row, const struct screen *screen, int64_t layout)
{
    return slice_equal(database_column_text(row, 0), screen->screen_id) &&
           slice_equal(database_column_text(row, 1), screen->name) &&
           slice_equal(database_column_text(row, 2), screen->type) &&
           sqlite3_column_int64(row, 3) == screen->total_seats &&
           sqlite3_column_int64(row, 4) == layout;
}

/* Are the cinema's rows these screens, in this order? */
static enum error compare_screens(struct writing *writing, const struct cinema *cinema,
                                  const int64_t *layouts, bool *ret_same)
{
    sqlite3_stmt *statement =
        database_statement(writing->database, "SELECT screen_id,name,type,total_seats,layout"
                                              " FROM screen WHERE cinema=?1 ORDER BY position");
    if (statement == NULL) return writing_failure(writing);
    char hex[ID_HEX_SIZE];
    writing_bind_id(statement, 1, cinema->id, hex);
    size_t count = 0;
    bool same = true;
    int code = sqlite3_step(statement);
    for (; same && code == SQLITE_ROW; code = sqlite3_step(statement), count++) {
        same = count < cinema->screen_count &&
               row_is_screen(statement, &cinema->screens[count], layouts[count]);
    }
    const bool failed = code != SQLITE_ROW && code != SQLITE_DONE;
    const enum error error = failed ? writing_failure(writing) : ERROR_NONE;
    database_done(statement);
    *ret_same = same && count == cinema->screen_count;
    return error;
}

static enum error insert_screen(struct writing *writing, const struct cinema *cinema,
                                size_t position, int64_t layout)
{
    const struct screen *screen = &cinema->screens[position];
    sqlite3_stmt *statement = database_statement(
        writing->database,
        "INSERT INTO screen(cinema,position,screen_id,name,type,total_seats,layout)"
        " VALUES(?1,?2,?3,?4,?5,?6,?7)");
    if (statement == NULL) return writing_failure(writing);
    char hex[ID_HEX_SIZE];
    writing_bind_id(statement, 1, cinema->id, hex);
    (void)sqlite3_bind_int64(statement, 2, (int64_t)position);
    database_bind_text(statement, 3, screen->screen_id);
    database_bind_text(statement, 4, screen->name);
    database_bind_text(statement, 5, screen->type);
    (void)sqlite3_bind_int64(statement, 6, screen->total_seats);
    (void)sqlite3_bind_int64(statement, 7, layout);
    bool wrote = false;
    return writing_run(writing, statement, &wrote);
}

/* Replaces them all if one differs: a screen may have moved in the list. */
enum error write_cinema_screens(struct writing *writing, const struct cinema *cinema,
                                bool *ret_wrote)
{
    CHECK(cinema->screen_count <= SCREENS_MAX);
    int64_t layouts[SCREENS_MAX];
    for (size_t at = 0; at < cinema->screen_count; at++) {
        const enum error error =
            seat_layouts_write(writing->database, cinema->screens[at].plan, &layouts[at]);
        if (error != ERROR_NONE) return error;
    }
    bool same = false;
    enum error error = compare_screens(writing, cinema, layouts, &same);
    if (error != ERROR_NONE || same) return error;
    sqlite3_stmt *statement =
        database_statement(writing->database, "DELETE FROM screen WHERE cinema=?1");
    if (statement == NULL) return writing_failure(writing);
    char hex[ID_HEX_SIZE];
    writing_bind_id(statement, 1, cinema->id, hex);
    error = writing_run(writing, statement, ret_wrote);
    for (size_t at = 0; at < cinema->screen_count && error == ERROR_NONE; at++) {
        error = insert_screen(writing, cinema, at, layouts[at]);
    }
    *ret_wrote = true;
    return error;
}

/* The row is 0 number, 1 starts_at, 2 local_date. Writes the date if it is another one. */
static enum error write_date(struct writing *writing, struct time_zone *zone, sqlite3_stmt *row)
{
    char date[DATE_SIZE];
    const struct slice text = {date, sizeof date};
    if (!writing->locale->date_of(zone, sqlite3_column_int64(row, 1), date)) {
        return writing_refuse_row("showtime");
    }
    if (slice_equal(database_column_text(row, 2), text)) return ERROR_NONE;
    sqlite3_stmt *statement =
        database_statement(writing->database, "UPDATE showtime SET local_date=?2 WHERE number=?1");
    if (statement == NULL) return writing_failure(writing);
    (void)sqlite3_bind_int64(statement, 1, sqlite3_column_int64(row, 0));
    database_bind_text(statement, 2, text);
    bool wrote = false;
    return writing_run(writing, statement, &wrote);
}

static enum error write_dates(struct writing *writing, const struct cinema *cinema,
                              struct time_zone *zone)
{
    sqlite3_stmt *statement =
        database_statement(writing->database, "SELECT number,starts_at,local_date FROM showtime"
                                              " WHERE cinema=?1 ORDER BY starts_at,number");
    if (statement == NULL) return writing_failure(writing);
    char hex[ID_HEX_SIZE];
    writing_bind_id(statement, 1, cinema->id, hex);
    enum error error = ERROR_NONE;
    int code = sqlite3_step(statement);
    for (; code == SQLITE_ROW && error == ERROR_NONE; code = sqlite3_step(statement)) {
        error = write_date(writing, zone, statement);
    }
    if (error == ERROR_NONE && code != SQLITE_DONE) error = writing_failure(writing);
    database_done(statement);
    return error;
}

/* The showtimes' local days, after the cinema moved to another time zone. Changing a column
 * that the walk's index does not have leaves the walk alone. All in one go, while other
 * showtimes wait: some 7 us for each showtime that the cinema ever had. */
enum error write_cinema_dates(struct writing *writing, const struct cinema *cinema)
{
    struct time_zone *zone = writing->locale->open_zone(cinema->timezone);
    if (zone == NULL) return writing_refuse_row("cinema");
    const enum error error = write_dates(writing, cinema, zone);
    writing->locale->close_zone(zone);
    return error;
}

enum error write_cinema(struct writing *writing, const struct cinema *cinema)
{
    CHECK(cinema->timezone.size > 0);

    bool known = false;
    bool row_wrote = false;
    bool screens_wrote = false;
    enum error error = writing_ask(writing, "SELECT 1 FROM cinema WHERE id=?1", cinema->id, &known);
    if (error == ERROR_NONE) error = write_cinema_row(writing, cinema, &row_wrote);
    if (error == ERROR_NONE) error = write_cinema_screens(writing, cinema, &screens_wrote);
    if (error == ERROR_NONE && known && row_wrote) error = write_cinema_dates(writing, cinema);
    writing_count(&writing->report.cinemas, known, row_wrote || screens_wrote);
    return error;
}
