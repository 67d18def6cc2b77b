#include "store/sqlite/catalogue_read.h"

#include "store/sqlite/catalogue_rows.h"
#include "store/sqlite/seat_layouts.h"

struct catalogue_read {
    struct database database;
    const struct locale *locale;
};

static enum error fail(struct catalogue_read *read)
{
    return database_failure(&read->database, "catalogue");
}

static void bind_id(sqlite3_stmt *statement, int index, struct id id, char hex[ID_HEX_SIZE])
{
    if (id_is_none(id)) return; /* NULL: any. */
    id_format(id, hex);
    database_bind_text(statement, index, (struct slice){.data = hex, .size = ID_HEX_SIZE});
}

/* The statement of `sql` with ?1 bound to an id; NULL if it cannot be prepared. */
static sqlite3_stmt *statement_of(struct catalogue_read *read, const char *sql, struct id id,
                                  char hex[ID_HEX_SIZE])
{
    sqlite3_stmt *statement = database_statement(&read->database, sql);
    if (statement != NULL) bind_id(statement, 1, id, hex);
    return statement;
}

/* Steps to the only row. `not_found` if there is none. */
static enum error step_one(struct catalogue_read *read, sqlite3_stmt *statement,
                           enum error not_found)
{
    const int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) return ERROR_NONE;
    return code == SQLITE_DONE ? not_found : fail(read);
}

/* A cursor's entry must be there: nothing is ever removed, so an unknown one was never ours. */
static enum error check_after(struct catalogue_read *read, const char *sql, struct id after)
{
    if (id_is_none(after)) return ERROR_NONE;
    char hex[ID_HEX_SIZE];
    sqlite3_stmt *statement = statement_of(read, sql, after, hex);
    if (statement == NULL) return fail(read);
    const enum error error = step_one(read, statement, ERROR_VALIDATION_FAILED);
    database_done(statement);
    return error;
}

/* What a list does with its rows: reads one into `entries[index]`. */
typedef enum error read_entry(struct catalogue_read *read, sqlite3_stmt *row, struct arena *arena,
                              void *entries, size_t index);

/* Reads up to `limit` rows of a statement that may give one more. A full arena ends the page
 * early, if it has an entry. */
static enum error read_page(struct catalogue_read *read, sqlite3_stmt *statement,
                            read_entry *read_row, size_t limit, struct arena *arena, void *entries,
                            size_t *ret_count, bool *ret_more)
{
    size_t count = 0;
    bool more = false;
    enum error error = ERROR_NONE;
    int code = sqlite3_step(statement);
    for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
        more = count == limit;
        if (more) break;
        error = read_row(read, statement, arena, entries, count);
        more = error == ERROR_OVERLOADED && count > 0;
        if (error != ERROR_NONE) break;
        count++;
    }
    if (more) error = ERROR_NONE;
    else if (error == ERROR_NONE && code != SQLITE_DONE) error = fail(read);
    if (error != ERROR_NONE) return error;
    *ret_count = count;
    *ret_more = more;
    return ERROR_NONE;
}

static enum error find_movie(void *context, struct id id, struct arena *arena,
                             struct movie *ret_movie)
{
    struct catalogue_read *read = context;
    char hex[ID_HEX_SIZE];
    sqlite3_stmt *statement =
        statement_of(read, "SELECT " CATALOGUE_ROWS_MOVIE " FROM movie WHERE id=?1", id, hex);
    if (statement == NULL) return fail(read);
    enum error error = step_one(read, statement, ERROR_MOVIE_NOT_FOUND);
    if (error == ERROR_NONE) error = catalogue_rows_movie(statement, arena, ret_movie);
    database_done(statement);
    return error;
}

static enum error read_movie_entry(struct catalogue_read *read, sqlite3_stmt *row,
                                   struct arena *arena, void *entries, size_t index)
{
    (void)read;
    return catalogue_rows_movie(row, arena, (struct movie *)entries + index);
}

static enum error list_movies(void *context, const struct movie_query *query, struct arena *arena,
                              struct movie *movies, size_t *ret_count, bool *ret_more)
{
    struct catalogue_read *read = context;
    CHECK(query->page.limit >= 1 && query->page.limit <= CATALOGUE_LISTED_MAX);

    const enum error known =
        check_after(read, "SELECT 1 FROM movie WHERE id=?1", query->page.after);
    if (known != ERROR_NONE) return known;
    const struct slice title = read->locale->fold(query->title, arena);
    if (title.data == NULL) return ERROR_OVERLOADED;
    char hex[ID_HEX_SIZE];
    sqlite3_stmt *statement = statement_of(read,
                                           "SELECT " CATALOGUE_ROWS_MOVIE " FROM movie"
                                           " WHERE (?1 IS NULL OR (release_date,id)<"
                                           "(SELECT release_date,id FROM movie WHERE id=?1))"
                                           " AND (?2 IS NULL OR status=?2)"
                                           " AND (?3 IS NULL OR instr(title_folded,?3)>0)"
                                           " ORDER BY release_date DESC,id DESC LIMIT ?4",
                                           query->page.after, hex);
    if (statement == NULL) return fail(read);
    database_bind_optional(statement, 2, query->status);
    database_bind_optional(statement, 3, title);
    (void)sqlite3_bind_int64(statement, 4, (int64_t)query->page.limit + 1);
    const enum error error = read_page(read, statement, read_movie_entry, query->page.limit, arena,
                                       movies, ret_count, ret_more);
    database_done(statement);
    return error;
}

/* Reads the screens of a cinema whose row has just been read. */
static enum error read_screens(struct catalogue_read *read, struct arena *arena,
                               struct cinema *cinema)
{
    char hex[ID_HEX_SIZE];
    sqlite3_stmt *statement =
        statement_of(read,
                     "SELECT " CATALOGUE_ROWS_SCREEN "," SEAT_LAYOUTS_COLUMNS
                     " FROM screen s JOIN seat_layout l ON l.number=s.layout WHERE s.cinema=?1"
                     " ORDER BY s.position",
                     cinema->id, hex);
    if (statement == NULL) return fail(read);
    size_t count = 0;
    enum error error = ERROR_NONE;
    int code = sqlite3_step(statement);
    for (; code == SQLITE_ROW && count < cinema->screen_count; code = sqlite3_step(statement)) {
        error = catalogue_rows_screen(statement, arena, &cinema->screens[count++]);
        if (error != ERROR_NONE) break;
    }
    if (error == ERROR_NONE && code != SQLITE_DONE) error = fail(read);
    database_done(statement);
    cinema->screen_count = count;
    return error;
}

static enum error read_cinema_entry(struct catalogue_read *read, sqlite3_stmt *row,
                                    struct arena *arena, void *entries, size_t index)
{
    struct cinema *cinema = (struct cinema *)entries + index;
    const enum error error = catalogue_rows_cinema(row, arena, cinema);
    return error == ERROR_NONE ? read_screens(read, arena, cinema) : error;
}

/* The open row holds the moment that its screens are read at: a cinema is never half old. */
static enum error find_cinema(void *context, struct id id, struct arena *arena,
                              struct cinema *ret_cinema)
{
    struct catalogue_read *read = context;
    char hex[ID_HEX_SIZE];
    sqlite3_stmt *statement =
        statement_of(read, "SELECT " CATALOGUE_ROWS_CINEMA " FROM cinema WHERE id=?1", id, hex);
    if (statement == NULL) return fail(read);
    enum error error = step_one(read, statement, ERROR_CINEMA_NOT_FOUND);
    if (error == ERROR_NONE) error = read_cinema_entry(read, statement, arena, ret_cinema, 0);
    database_done(statement);
    return error;
}

static enum error list_cinemas(void *context, const struct cinema_query *query, struct arena *arena,
                               struct cinema *cinemas, size_t *ret_count, bool *ret_more)
{
    struct catalogue_read *read = context;
    CHECK(query->page.limit >= 1 && query->page.limit <= CATALOGUE_LISTED_MAX);

    const enum error known =
        check_after(read, "SELECT 1 FROM cinema WHERE id=?1", query->page.after);
    if (known != ERROR_NONE) return known;
    const struct slice city = read->locale->fold(query->city, arena);
    if (city.data == NULL) return ERROR_OVERLOADED;
    char hex[ID_HEX_SIZE];
    sqlite3_stmt *statement =
        statement_of(read,
                     "SELECT " CATALOGUE_ROWS_CINEMA " FROM cinema"
                     " WHERE (?1 IS NULL OR (name,id)>(SELECT name,id FROM cinema WHERE id=?1))"
                     " AND (?2 IS NULL OR city_folded=?2)"
                     " ORDER BY name,id LIMIT ?3",
                     query->page.after, hex);
    if (statement == NULL) return fail(read);
    database_bind_optional(statement, 2, city);
    (void)sqlite3_bind_int64(statement, 3, (int64_t)query->page.limit + 1);
    const enum error error = read_page(read, statement, read_cinema_entry, query->page.limit, arena,
                                       cinemas, ret_count, ret_more);
    database_done(statement);
    return error;
}

static enum error find_showtime(void *context, struct id id, struct arena *arena,
                                struct showtime *ret_showtime)
{
    struct catalogue_read *read = context;
    char hex[ID_HEX_SIZE];
    sqlite3_stmt *statement =
        statement_of(read, "SELECT " CATALOGUE_ROWS_SHOWTIME " FROM showtime WHERE id=?1", id, hex);
    if (statement == NULL) return fail(read);
    enum error error = step_one(read, statement, ERROR_SHOWTIME_NOT_FOUND);
    if (error == ERROR_NONE) error = catalogue_rows_showtime(statement, arena, ret_showtime);
    database_done(statement);
    return error;
}

static enum error read_showtime_entry(struct catalogue_read *read, sqlite3_stmt *row,
                                      struct arena *arena, void *entries, size_t index)
{
    (void)read;
    return catalogue_rows_showtime(row, arena, (struct showtime *)entries + index);
}

/* The list, behind the condition that picks its index: (movie, start), (cinema, start) or
 * (start). The walk starts at the cursor, the date or now, whichever is last; a local day lies
 * within 14 hours before and 12 behind the same day of UTC. */
#define SHOWTIMES_WHERE(first) \
    "SELECT " CATALOGUE_ROWS_SHOWTIME " FROM showtime WHERE " first \
    " AND starts_at>=max(coalesce((SELECT starts_at FROM showtime WHERE id=?1),0)," \
    "coalesce((strftime('%s',?4)-14*3600)*1000,0),coalesce(?5+1,0))" \
    " AND starts_at<coalesce((strftime('%s',?4)+36*3600)*1000,9223372036854775807)" \
    " AND (?1 IS NULL OR (starts_at,number)>" \
    "(SELECT starts_at,number FROM showtime WHERE id=?1))" \
    " AND (?4 IS NULL OR local_date=?4)" \
    " AND (?5 IS NULL OR (status='scheduled' AND available_seats>0))" \
    " ORDER BY starts_at,number LIMIT ?6"

static const char *showtimes_sql(const struct showtime_query *query)
{
    static const char of_movie[] = SHOWTIMES_WHERE("movie=?2 AND (?3 IS NULL OR cinema=?3)");
    static const char of_cinema[] = SHOWTIMES_WHERE("cinema=?3 AND ?2 IS NULL");
    static const char of_all[] = SHOWTIMES_WHERE("?2 IS NULL AND ?3 IS NULL");
    if (!id_is_none(query->movie)) return of_movie;
    return id_is_none(query->cinema) ? of_all : of_cinema;
}

static enum error list_showtimes(void *context, const struct showtime_query *query,
                                 struct arena *arena, struct showtime *showtimes, size_t *ret_count,
                                 bool *ret_more)
{
    struct catalogue_read *read = context;
    CHECK(query->page.limit >= 1 && query->page.limit <= CATALOGUE_LISTED_MAX);

    const enum error known =
        check_after(read, "SELECT 1 FROM showtime WHERE id=?1", query->page.after);
    if (known != ERROR_NONE) return known;
    char hex[3][ID_HEX_SIZE];
    sqlite3_stmt *statement = statement_of(read, showtimes_sql(query), query->page.after, hex[0]);
    if (statement == NULL) return fail(read);
    bind_id(statement, 2, query->movie, hex[1]);
    bind_id(statement, 3, query->cinema, hex[2]);
    database_bind_optional(statement, 4, query->date);
    if (query->available) (void)sqlite3_bind_int64(statement, 5, query->now_ms);
    (void)sqlite3_bind_int64(statement, 6, (int64_t)query->page.limit + 1);
    const enum error error = read_page(read, statement, read_showtime_entry, query->page.limit,
                                       arena, showtimes, ret_count, ret_more);
    database_done(statement);
    return error;
}

static enum error find_plan(void *context, struct id showtime, struct seat_plan *ret_plan)
{
    struct catalogue_read *read = context;
    char hex[ID_HEX_SIZE];
    sqlite3_stmt *statement =
        statement_of(read,
                     "SELECT " SEAT_LAYOUTS_COLUMNS
                     " FROM showtime s JOIN seat_layout l ON l.number=s.layout WHERE s.id=?1",
                     showtime, hex);
    if (statement == NULL) return fail(read);
    enum error error = step_one(read, statement, ERROR_SHOWTIME_NOT_FOUND);
    if (error == ERROR_NONE && !seat_layouts_read(statement, 0, ret_plan)) {
        error = ERROR_INTERNAL_ERROR;
    }
    database_done(statement);
    return error;
}

static const struct catalogue_methods methods = {
    .find_movie = find_movie,
    .list_movies = list_movies,
    .find_cinema = find_cinema,
    .list_cinemas = list_cinemas,
    .find_showtime = find_showtime,
    .list_showtimes = list_showtimes,
    .find_plan = find_plan,
};

enum error catalogue_read_open(const char *path, const struct locale *locale,
                               struct catalogue_read **ret_read, struct database_reason *ret_reason)
{
    CHECK(locale != NULL);
    CHECK(ret_read != NULL);

    struct catalogue_read *read = calloc(1, sizeof *read);
    if (read == NULL) {
        database_explain(ret_reason, "there is not enough memory");
        return ERROR_STORE_UNAVAILABLE;
    }
    read->locale = locale;
    const enum error error = database_open(path, DATABASE_READ, &read->database, ret_reason);
    if (error == ERROR_NONE) *ret_read = read;
    else free(read);
    return error;
}

void catalogue_read_close(struct catalogue_read *read)
{
    if (read == NULL) return;
    database_close(&read->database);
    free(read);
}

struct catalogue catalogue_read_port(struct catalogue_read *read)
{
    CHECK(read != NULL);
    return (struct catalogue){.context = read, .methods = &methods};
}
