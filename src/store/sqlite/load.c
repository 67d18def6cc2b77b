#include "store/sqlite/load.h"

#include <string.h>

#include "base/log.h"
#include "store/sqlite/rows.h"

/* What a client may still keep in a double, and no showtime ever reaches. */
#define VERSION_MAX (INT64_C(1) << 53)

static bool read_type(char letter, uint8_t *ret_type)
{
    switch (letter) {
    case 's':
        *ret_type = SEAT_STANDARD;
        return true;
    case 'v':
        *ret_type = SEAT_VIP;
        return true;
    case 'c':
        *ret_type = SEAT_COUPLE;
        return true;
    case '-':
        *ret_type = SEAT_TYPE_COUNT;
        return true;
    default:
        return false;
    }
}

bool load_layout(int64_t rows, int64_t cols, struct slice places, struct seat_layout *ret_layout)
{
    CHECK(ret_layout != NULL);

    if (rows < 1 || rows > ROWS_MAX || cols < 1 || cols > COLS_MAX) return false;
    if (places.size != (size_t)(rows * cols)) return false;
    struct seat_layout layout = {.rows = (uint16_t)rows, .cols = (uint16_t)cols};
    for (size_t place = 0; place < places.size; place++) {
        if (!read_type(places.data[place], &layout.types[place])) return false;
    }
    *ret_layout = layout;
    return true;
}

/* The showtime's row is current: lays the map out, with nothing claimed. The table has no rule
 * about version and prices, and the core trusts them. */
static bool read_showtime(sqlite3_stmt *row, struct id showtime, void *block,
                          struct seat_map *ret_map)
{
    struct seat_layout layout;
    struct slice places = database_column_text(row, 7);
    enum showtime_status status;
    if (!load_layout(sqlite3_column_int64(row, 5), sqlite3_column_int64(row, 6), places, &layout)) {
        return false;
    }
    if (!showtime_status_parse(database_column_text(row, 4), &status)) return false;
    const int64_t version = sqlite3_column_int64(row, 1);
    if (version < 0 || version > VERSION_MAX) return false;
    seat_map_init(ret_map, &layout, block);
    ret_map->showtime = showtime;
    ret_map->version = (uint64_t)version;
    ret_map->starts_at_ms = sqlite3_column_int64(row, 2);
    ret_map->ends_at_ms = sqlite3_column_int64(row, 3);
    ret_map->status = status;
    ret_map->cancelled_at_ms = sqlite3_column_int64(row, 11);
    if (!rows_read_reason(row, 12, &ret_map->cancellation_reason)) return false;
    for (int type = 0; type < SEAT_TYPE_COUNT; type++) {
        const int64_t price = sqlite3_column_int64(row, 8 + type); /* In the types' order. */
        if (price < 0 || price > PRICE_MAX) return false;
        ret_map->prices[type] = price;
    }
    ret_map->number = sqlite3_column_int64(row, 0);
    ret_map->layout = (uint64_t)sqlite3_column_int64(row, 13);
    return true;
}

static bool read_state(struct slice text, enum seat_state *ret_state)
{
    for (enum seat_state state = SEAT_HELD; state <= SEAT_BLOCKED; state++) {
        if (!slice_equal(text, seat_state_name(state))) continue;
        *ret_state = state;
        return true;
    }
    return false;
}

/* Puts the current row's claim on the map. */
static bool read_claim(const struct sqlite_store *store, sqlite3_stmt *row, struct seat_map *map)
{
    const int64_t place = sqlite3_column_int64(row, 0);
    enum seat_state state = SEAT_ABSENT;
    if (place < 0 || place >= map->place_count) return false;
    if (map->states[place] != SEAT_AVAILABLE) return false;
    if (!read_state(database_column_text(row, 1), &state)) return false;

    const bool blocked = state == SEAT_BLOCKED;
    struct seat_claim claim = {
        .booking =
            rows_column_id(row, blocked ? 5 : 2, &store->ids, blocked ? ID_BLOCK : ID_BOOKING),
        .held_until_ms = sqlite3_column_int64(row, 3),
    };
    if (id_is_none(claim.booking)) return false;
    if (state == SEAT_HELD) {
        const struct slice user = database_column_text(row, 4);
        if (user.size == 0)
            return false; /* No pending booking of that end: it would never lapse. */
        claim.holder = siphash(&store->tag_key, user.data, user.size);
    }
    seat_map_put(map, (uint32_t)place, state, &claim);
    return true;
}

static enum error refuse_broken(struct id showtime, const char *what)
{
    char text[ID_HEX_SIZE];
    id_format(showtime, text);
    log_event(LOG_ERROR, "showtime_broken",
              LOG_TEXT("showtime", ((struct slice){text, sizeof text})),
              LOG_TEXT("what", slice_of(what)));
    return ERROR_INTERNAL_ERROR;
}

/* A pure range scan of the showtime's claims; only a held seat asks for its booking's user. */
static enum error load_claims(struct sqlite_store *store, struct seat_map *map)
{
    sqlite3_stmt *claims = database_statement(
        &store->database, "SELECT c.place,c.state,c.booking,c.held_until,"
                          "CASE WHEN c.state='held' THEN"
                          " (SELECT b.user FROM booking b WHERE b.number=c.booking"
                          " AND b.status='pending' AND b.hold_expires_at=c.held_until) END,c.block"
                          " FROM seat_claim c WHERE c.showtime=?1");
    if (claims == NULL) return ERROR_STORE_UNAVAILABLE;
    (void)sqlite3_bind_int64(claims, 1, map->number);
    int code = sqlite3_step(claims);
    bool whole = true;
    for (; code == SQLITE_ROW && whole; code = sqlite3_step(claims)) {
        whole = read_claim(store, claims, map);
    }
    enum error error = ERROR_NONE;
    if (!whole) error = refuse_broken(map->showtime, "a seat_claim row");
    else if (code != SQLITE_DONE) error = writer_state_read_failure(store, "load claims");
    database_done(claims);
    return writer_state_note(store, error);
}

enum error load_map(struct sqlite_store *store, struct id showtime, void *block,
                    struct seat_map *ret_map)
{
    CHECK(block != NULL);
    CHECK(!id_is_none(showtime));

    sqlite3_stmt *row = database_statement(
        &store->database, "SELECT s.number,s.version,s.starts_at,s.ends_at,s.status,l.rows,l.cols,"
                          "l.places,s.price_standard,s.price_vip,s.price_couple,"
                          "s.cancelled_at,s.cancellation_reason,s.layout,s.available_seats"
                          " FROM showtime s JOIN seat_layout l ON l.number=s.layout WHERE s.id=?1");
    if (row == NULL) return ERROR_STORE_UNAVAILABLE;
    char id[ID_HEX_SIZE];
    id_format(showtime, id);
    database_bind_text(row, 1, (struct slice){.data = id, .size = sizeof id});
    const int code = sqlite3_step(row);
    const int64_t available = code == SQLITE_ROW ? sqlite3_column_int64(row, 14) : 0;
    struct seat_map map = {0};
    enum error error = ERROR_NONE;
    if (code == SQLITE_ROW) {
        if (!read_showtime(row, showtime, block, &map)) {
            error = refuse_broken(showtime, "its row or its layout");
        }
    } else if (code == SQLITE_DONE) {
        error = ERROR_SHOWTIME_NOT_FOUND;
    } else {
        error = writer_state_read_failure(store, "load showtime");
    }
    database_done(row);
    if (error == ERROR_NONE) error = load_claims(store, &map);
    /* A claim that is lost would be sold again. */
    if (error == ERROR_NONE && seat_map_available(&map) != available) {
        error = refuse_broken(showtime, "its claims, or its count of free seats");
    }
    if (error == ERROR_NONE) {
        map.next_lapse_ms = seat_map_next_lapse_ms(&map);
        *ret_map = map;
    }
    return writer_state_note(store, error);
}

enum error load_pending(struct sqlite_store *store, struct id after, struct id *showtimes,
                        size_t capacity, size_t *ret_count)
{
    CHECK(capacity > 0);
    CHECK(showtimes != NULL);

    sqlite3_stmt *rows =
        database_statement(&store->database, "SELECT s.id FROM showtime s WHERE s.id>?1 AND (EXISTS"
                                             " (SELECT 1 FROM booking b WHERE b.showtime=s.number"
                                             " AND b.status='pending') OR s.status='cancelled' AND"
                                             " EXISTS (SELECT 1 FROM seat_claim c"
                                             " WHERE c.showtime=s.number AND c.state<>'blocked'))"
                                             " ORDER BY s.id");
    if (rows == NULL) return ERROR_STORE_UNAVAILABLE;
    char id[ID_HEX_SIZE];
    id_format(after, id);
    database_bind_text(rows, 1, (struct slice){.data = id, .size = sizeof id});
    size_t count = 0;
    int code = sqlite3_step(rows);
    for (; code == SQLITE_ROW && count < capacity; code = sqlite3_step(rows)) {
        showtimes[count] = database_column_id(rows, 0);
        if (!id_is_none(showtimes[count])) count++; /* What has no id can have no turn. */
    }
    const enum error error = code == SQLITE_DONE || code == SQLITE_ROW
                                 ? ERROR_NONE
                                 : database_failure(&store->database, "load pending");
    database_done(rows);
    if (error == ERROR_NONE) *ret_count = count;
    return writer_state_note(store, error);
}
