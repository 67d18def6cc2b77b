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

static uint32_t compare(const struct cinema *left, const struct cinema *right)
{
    return (uint32_t)!slice_equal(left->name, right->name) << CINEMA_NAME |
           (uint32_t)!slice_equal(left->address, right->address) << CINEMA_ADDRESS |
           (uint32_t)!slice_equal(left->city, right->city) << CINEMA_CITY |
           (uint32_t)!slice_equal(left->phone, right->phone) << CINEMA_PHONE |
           (uint32_t)(left->is_active != right->is_active) << CINEMA_IS_ACTIVE |
           (uint32_t)!slice_equal(left->timezone, right->timezone) << CINEMA_TIMEZONE;
}

/* Puts what changed into the cinema. */
static void merge(uint32_t changed, const struct cinema *from, struct cinema *cinema)
{
    if (edit_has(changed, CINEMA_NAME)) cinema->name = from->name;
    if (edit_has(changed, CINEMA_ADDRESS)) cinema->address = from->address;
    if (edit_has(changed, CINEMA_CITY)) cinema->city = from->city;
    if (edit_has(changed, CINEMA_PHONE)) cinema->phone = from->phone;
    if (edit_has(changed, CINEMA_IS_ACTIVE)) cinema->is_active = from->is_active;
    if (edit_has(changed, CINEMA_TIMEZONE)) cinema->timezone = from->timezone;
}

/* Of the screens only their names: a layout is as long as a book. */
static void describe(struct editing *editing, const struct cinema *cinema)
{
    struct json_writer *json = &editing->json;
    if (editing_member(editing, CINEMA_NAME, SLICE("name"))) json_text(json, cinema->name);
    if (editing_member(editing, CINEMA_ADDRESS, SLICE("address"))) json_text(json, cinema->address);
    if (editing_member(editing, CINEMA_CITY, SLICE("city"))) json_text(json, cinema->city);
    if (editing_member(editing, CINEMA_PHONE, SLICE("phone"))) json_text(json, cinema->phone);
    if (editing_member(editing, CINEMA_IS_ACTIVE, SLICE("is_active"))) {
        json_bool(json, cinema->is_active);
    }
    if (editing_member(editing, CINEMA_TIMEZONE, SLICE("timezone"))) {
        json_text(json, cinema->timezone);
    }
    if (!editing_member(editing, CINEMA_SCREENS, SLICE("screens"))) return;
    const struct cinema *given = &editing->edit->cinema;
    json_open_array(json);
    for (size_t index = 0; index < given->screen_count; index++) {
        json_text(json, given->screens[index].screen_id);
    }
    json_close_array(json);
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
    merge(changed, &editing->edit->cinema, cinema);
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
    const uint32_t different = compare(&cinema, &edit->cinema) | (uint32_t)other_screens
                                                                     << CINEMA_SCREENS;
    if (!editing_judge(editing, known, different)) return ERROR_NONE;
    error = known ? change(editing, &cinema) : add(editing);
    if (error != ERROR_NONE) return error;
    describe(editing, known ? &cinema : &edit->cinema);
    return editing_journal(editing, SLICE("cinema"), cinema.id);
}
