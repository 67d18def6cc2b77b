#include "base/timestamp.h"
#include "store/sqlite/catalogue_rows.h"
#include "store/sqlite/editing.h"
#include "store/sqlite/write_showtime.h"

#define MINUTE_MS INT64_C(60000)

enum { COLUMNS_OF_SHOWTIME = 13 }; /* Of CATALOGUE_ROWS_SHOWTIME. */

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
    (void)edited_set_end(editing->edit, minutes, showtime); /* The verdict says it. */
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

/* Looks up what the changed members say, as far as they are there: else the outcome says which
 * is not. */
static enum error resolve(struct editing *editing, struct stored *stored, struct slice *ret_zone)
{
    struct catalogue_edit *edit = editing->edit;
    struct showtime *showtime = &stored->showtime;
    enum error error = ERROR_NONE;
    if ((edit->members_changed & EDITED_MOVES_END) != 0) error = set_end(editing, showtime);
    if (error == ERROR_NONE && edit_wrote(edit)) {
        error = find_zone(editing, showtime->cinema, ret_zone);
    }
    if (error == ERROR_NONE && edit_wrote(edit) &&
        (edit->members_changed & EDITED_MOVES_SEATS) != 0) {
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
    const uint32_t different = edited_compare_showtime(&stored.showtime, wanted);
    if (!edited_judge(edit, stored.known, different)) return ERROR_NONE;
    if (stored.known && !edited_judge_showtime(edit, &stored.showtime, stored.booked,
                                               stored.claimed, editing->now_ms)) {
        return ERROR_NONE;
    }
    struct slice zone = {0};
    edited_merge_showtime(edit->members_changed, wanted, &stored.showtime);
    error = resolve(editing, &stored, &zone);
    if (error != ERROR_NONE || !edit_wrote(edit)) return error;
    error =
        write_showtime_row(&editing->writing, stored.known, &stored.showtime, zone, stored.layout);
    if (error != ERROR_NONE) return error;
    edited_describe_showtime(&editing->json, edit->members_changed, &stored.showtime);
    return editing_journal(editing, stored.showtime.id);
}
