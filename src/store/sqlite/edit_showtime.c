#include "base/timestamp.h"
#include "store/sqlite/catalogue_rows.h"
#include "store/sqlite/editing.h"
#include "store/sqlite/write_showtime.h"

#define MINUTE_MS INT64_C(60000)

enum { COLUMNS_OF_SHOWTIME = 13 }; /* Of CATALOGUE_ROWS_SHOWTIME. */

#define BIT(member) (UINT32_C(1) << (member))

/* What a booking was made for, and where its seats are. */
enum {
    KEPT_BY_BOOKINGS =
        BIT(SHOWTIME_MOVIE) | BIT(SHOWTIME_CINEMA) | BIT(SHOWTIME_SCREEN) | BIT(SHOWTIME_START),
    KEPT_BY_CLAIMS = BIT(SHOWTIME_MOVIE) | BIT(SHOWTIME_CINEMA) | BIT(SHOWTIME_SCREEN),
    MOVES_END = BIT(SHOWTIME_MOVIE) | BIT(SHOWTIME_START),
    MOVES_SEATS = BIT(SHOWTIME_CINEMA) | BIT(SHOWTIME_SCREEN),
};

/* A showtime's row. */
struct stored {
    struct showtime showtime;
    int64_t layout;
    bool known;
    bool booked;  /* It has bookings, whatever became of them. */
    bool claimed; /* A seat is held, booked or blocked. */
};

static enum error find(struct editing *editing, struct stored *ret_stored)
{
    sqlite3_stmt *row = NULL;
    const enum error error =
        editing_find(editing,
                     "SELECT " CATALOGUE_ROWS_SHOWTIME ",layout,"
                     "EXISTS(SELECT 1 FROM booking b WHERE b.showtime=showtime.number),"
                     "EXISTS(SELECT 1 FROM seat_claim c WHERE c.showtime=showtime.number)"
                     " FROM showtime WHERE id=?1",
                     editing->edit->showtime.id, &row);
    if (row == NULL) return error;
    ret_stored->known = true;
    ret_stored->layout = sqlite3_column_int64(row, COLUMNS_OF_SHOWTIME);
    ret_stored->booked = sqlite3_column_int(row, COLUMNS_OF_SHOWTIME + 1) != 0;
    ret_stored->claimed = sqlite3_column_int(row, COLUMNS_OF_SHOWTIME + 2) != 0;
    return editing_found(
        row, catalogue_rows_showtime(row, &editing->writing.scratch, &ret_stored->showtime));
}

static bool other_price(const struct showtime *stored, const struct showtime *wanted)
{
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        const int64_t price = wanted->prices[type];
        if (price > 0 && price != stored->prices[type]) return true;
    }
    return false;
}

static uint32_t compare(const struct showtime *stored, const struct showtime *wanted)
{
    return (uint32_t)!id_equal(stored->movie, wanted->movie) << SHOWTIME_MOVIE |
           (uint32_t)!id_equal(stored->cinema, wanted->cinema) << SHOWTIME_CINEMA |
           (uint32_t)!slice_equal(stored->screen_id, wanted->screen_id) << SHOWTIME_SCREEN |
           (uint32_t)(stored->starts_at_ms != wanted->starts_at_ms) << SHOWTIME_START |
           (uint32_t)other_price(stored, wanted) << SHOWTIME_PRICE;
}

/* Puts what changed into the showtime. */
static void merge(uint32_t changed, const struct showtime *from, struct showtime *showtime)
{
    if (edit_has(changed, SHOWTIME_MOVIE)) showtime->movie = from->movie;
    if (edit_has(changed, SHOWTIME_CINEMA)) showtime->cinema = from->cinema;
    if (edit_has(changed, SHOWTIME_SCREEN)) showtime->screen_id = from->screen_id;
    if (edit_has(changed, SHOWTIME_START)) showtime->starts_at_ms = from->starts_at_ms;
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        if (from->prices[type] > 0) showtime->prices[type] = from->prices[type];
    }
}

/* A change may stand against what is sold, or come when all is over. */
static bool may_change(struct editing *editing, const struct stored *stored)
{
    struct catalogue_edit *edit = editing->edit;
    const struct showtime *showtime = &stored->showtime;
    uint32_t kept = 0;
    if (stored->booked) kept |= edit->members_changed & KEPT_BY_BOOKINGS;
    if (stored->claimed) kept |= edit->members_changed & KEPT_BY_CLAIMS;
    if (showtime_status_at(showtime->status, showtime->ends_at_ms, editing->now_ms) !=
        SHOWTIME_SCHEDULED) {
        edit->outcome = EDIT_OVER;
    } else if (kept != 0) {
        edit->outcome = EDIT_KEPT;
        edit->members_changed = kept;
    }
    return edit_wrote(edit);
}

/* Asks for the columns of one row; `missing` is the outcome if it is not there. Then, and on an
 * error, NULL. */
static sqlite3_stmt *ask(struct editing *editing, const char *sql, struct id id,
                         struct slice screen_id, enum edit_outcome missing, enum error *ret_error)
{
    sqlite3_stmt *row = database_statement(editing->writing.database, sql);
    char hex[ID_HEX_SIZE];
    int code = SQLITE_ERROR;
    if (row != NULL) {
        writing_bind_id(row, 1, id, hex);
        if (screen_id.size > 0) database_bind_text(row, 2, screen_id);
        code = sqlite3_step(row);
    }
    if (code == SQLITE_ROW) return row;
    if (code == SQLITE_DONE) editing->edit->outcome = missing;
    else *ret_error = writing_failure(&editing->writing);
    database_done(row);
    return NULL;
}

static enum error set_end(struct editing *editing, struct showtime *showtime)
{
    enum error error = ERROR_NONE;
    sqlite3_stmt *row = ask(editing, "SELECT duration_minutes FROM movie WHERE id=?1",
                            showtime->movie, (struct slice){0}, EDIT_NO_MOVIE, &error);
    if (row == NULL) return error;
    const int64_t minutes = sqlite3_column_int64(row, 0);
    database_done(row);
    if (minutes < 0 || minutes > TIMESTAMP_MS_MAX / MINUTE_MS) return writing_refuse_row("movie");
    showtime->ends_at_ms = showtime->starts_at_ms + minutes * MINUTE_MS;
    if (showtime->ends_at_ms > TIMESTAMP_MS_MAX) editing->edit->outcome = EDIT_TOO_LATE;
    return ERROR_NONE;
}

static enum error set_seats(struct editing *editing, struct showtime *showtime, int64_t *ret_layout)
{
    enum error error = ERROR_NONE;
    sqlite3_stmt *row =
        ask(editing, "SELECT layout,total_seats FROM screen WHERE cinema=?1 AND screen_id=?2",
            showtime->cinema, showtime->screen_id, EDIT_NO_SCREEN, &error);
    if (row == NULL) return error;
    *ret_layout = sqlite3_column_int64(row, 0);
    showtime->total_seats = (uint32_t)sqlite3_column_int64(row, 1);
    database_done(row);
    return ERROR_NONE;
}

/* The cinema's time zone, in the scratch. */
static enum error find_zone(struct editing *editing, struct id cinema, struct slice *ret_zone)
{
    enum error error = ERROR_NONE;
    sqlite3_stmt *row = ask(editing, "SELECT timezone FROM cinema WHERE id=?1", cinema,
                            (struct slice){0}, EDIT_NO_CINEMA, &error);
    if (row == NULL) return error;
    *ret_zone = arena_copy(&editing->writing.scratch, database_column_text(row, 0));
    database_done(row);
    return ret_zone->data == NULL ? writing_refuse_row("cinema") : ERROR_NONE;
}

static void describe(struct editing *editing, const struct showtime *showtime)
{
    struct json_writer *json = &editing->json;
    char movie[ID_HEX_SIZE];
    char cinema[ID_HEX_SIZE];
    id_format(showtime->movie, movie);
    id_format(showtime->cinema, cinema);
    if (editing_member(editing, SHOWTIME_MOVIE, SLICE("movie_id"))) {
        json_text(json, (struct slice){movie, sizeof movie});
    }
    if (editing_member(editing, SHOWTIME_CINEMA, SLICE("cinema_id"))) {
        json_text(json, (struct slice){cinema, sizeof cinema});
    }
    if (editing_member(editing, SHOWTIME_SCREEN, SLICE("screen_id"))) {
        json_text(json, showtime->screen_id);
    }
    if (editing_member(editing, SHOWTIME_START, SLICE("start_time"))) {
        json_time(json, showtime->starts_at_ms);
    }
    if (!editing_member(editing, SHOWTIME_PRICE, SLICE("price"))) return;
    json_open_object(json);
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        json_member_number(json, seat_type_name((enum seat_type)type), showtime->prices[type]);
    }
    json_close_object(json);
}

/* Looks up what the changed members say, as far as they are there: else the outcome says which
 * is not. */
static enum error resolve(struct editing *editing, struct stored *stored, struct slice *ret_zone)
{
    struct catalogue_edit *edit = editing->edit;
    struct showtime *showtime = &stored->showtime;
    enum error error = ERROR_NONE;
    if ((edit->members_changed & MOVES_END) != 0) error = set_end(editing, showtime);
    if (error == ERROR_NONE && edit_wrote(edit)) {
        error = find_zone(editing, showtime->cinema, ret_zone);
    }
    if (error == ERROR_NONE && edit_wrote(edit) && (edit->members_changed & MOVES_SEATS) != 0) {
        error = set_seats(editing, showtime, &stored->layout);
    }
    return error;
}

enum error editing_showtime(struct editing *editing)
{
    struct catalogue_edit *edit = editing->edit;
    const struct showtime *wanted = &edit->showtime;
    struct stored stored = {.showtime.id = wanted->id};
    enum error error = find(editing, &stored);
    if (error != ERROR_NONE) return error;
    const uint32_t different = compare(&stored.showtime, wanted);
    if (!editing_judge(editing, stored.known, different)) return ERROR_NONE;
    if (stored.known && !may_change(editing, &stored)) return ERROR_NONE;
    struct slice zone = {0};
    merge(edit->members_changed, wanted, &stored.showtime);
    error = resolve(editing, &stored, &zone);
    if (error != ERROR_NONE || !edit_wrote(edit)) return error;
    error =
        write_showtime_row(&editing->writing, stored.known, &stored.showtime, zone, stored.layout);
    if (error != ERROR_NONE) return error;
    describe(editing, &stored.showtime);
    return editing_journal(editing, SLICE("showtime"), stored.showtime.id);
}
