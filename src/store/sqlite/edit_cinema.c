#include "store/sqlite/catalogue_rows.h"
#include "store/sqlite/editing.h"
#include "store/sqlite/write_cinema.h"

/* Without the screens: these are compared as they are written. */
static enum error find(struct editing *editing, struct cinema *ret_cinema, bool *ret_known)
{
    sqlite3_stmt *row = NULL;
    const enum error error =
        editing_find(editing, "SELECT " CATALOGUE_ROWS_CINEMA " FROM cinema WHERE id=?1",
                     editing->edit->cinema.id, &row);
    *ret_known = row != NULL;
    if (row == NULL) return error;
    return editing_found(row, catalogue_rows_cinema(row, &editing->writing.scratch, ret_cinema));
}

static enum error add(struct editing *editing)
{
    const struct cinema *cinema = &editing->edit->cinema;
    bool wrote = false;
    const enum error error = write_cinema_row(&editing->writing, cinema, &wrote);
    return error == ERROR_NONE ? write_cinema_screens(&editing->writing, cinema, &wrote) : error;
}

/* The screens are there already. */
static enum error change(struct editing *editing, struct cinema *cinema)
{
    const uint32_t changed = editing->edit->members_changed;
    bool wrote = false;
    edited_merge_cinema(changed, &editing->edit->cinema, cinema);
    const enum error error = write_cinema_row(&editing->writing, cinema, &wrote);
    if (error != ERROR_NONE || !edit_has(changed, CINEMA_TIMEZONE)) return error;
    return write_cinema_dates(&editing->writing, cinema);
}

enum error editing_cinema(struct editing *editing)
{
    struct catalogue_edit *edit = editing->edit;
    struct cinema cinema = {.id = edit->cinema.id};
    bool known = false;
    bool other_screens = false;
    enum error error = find(editing, &cinema, &known);
    if (error == ERROR_NONE && known && edit_has(edit->members, CINEMA_SCREENS)) {
        error = write_cinema_screens(&editing->writing, &edit->cinema, &other_screens);
    }
    if (error != ERROR_NONE) return error;
    const uint32_t different =
        edited_compare_cinema(&cinema, &edit->cinema) | (uint32_t)other_screens << CINEMA_SCREENS;
    if (!edited_judge(edit, known, different)) return ERROR_NONE;
    error = known ? change(editing, &cinema) : add(editing);
    if (error != ERROR_NONE) return error;
    edited_describe_cinema(&editing->json, edit->members_changed, known ? &cinema : &edit->cinema);
    return editing_journal(editing, cinema.id);
}
