#include "store/sqlite/catalogue_rows.h"

#include "base/log.h"
#include "base/timestamp.h"
#include "store/sqlite/seat_layouts.h"
#include "json/json_read.h"

static enum error refuse_row(const char *table, struct id id)
{
    char hex[ID_HEX_SIZE];
    id_format(id, hex);
    log_event(LOG_ERROR, "broken_row", LOG_TEXT("table", slice_of(table)),
              LOG_TEXT("id", ((struct slice){.data = hex, .size = ID_HEX_SIZE})));
    return ERROR_INTERNAL_ERROR;
}

/* Copies a column; sets `full` if it does not fit. */
static struct slice copy_column(sqlite3_stmt *row, int column, struct arena *arena, bool *full)
{
    const struct slice text = database_column_text(row, column);
    if (text.size == 0) return (struct slice){.data = "", .size = 0};
    const struct slice copy = arena_copy(arena, text);
    if (copy.data == NULL) *full = true;
    return copy;
}

static bool read_genres(struct slice text, struct arena *arena, struct movie *movie, bool *full)
{
    const struct json *list = NULL;
    struct json_fault fault;
    if (!json_parse(text, arena, &list, &fault)) {
        *full = fault.arena_full;
        return fault.arena_full;
    }
    if (list->kind != JSON_ARRAY || list->count > GENRES_MAX) return false;
    for (const struct json *genre = list->first; genre != NULL; genre = genre->next) {
        if (genre->kind != JSON_STRING) return false;
        movie->genres[movie->genre_count++] = genre->text;
    }
    return true;
}

enum error catalogue_rows_movie(sqlite3_stmt *row, struct arena *arena, struct movie *ret_movie)
{
    CHECK(ret_movie != NULL);

    bool full = false;
    struct movie movie = {.id = database_column_id(row, 0),
                          .title = copy_column(row, 1, arena, &full),
                          .duration_minutes = sqlite3_column_int64(row, 2),
                          .poster_url = copy_column(row, 4, arena, &full),
                          .description = copy_column(row, 5, arena, &full),
                          .release_date = copy_column(row, 6, arena, &full),
                          .status = copy_column(row, 7, arena, &full)};
    const struct slice genres = database_column_text(row, 3);
    if (!full && !read_genres(genres, arena, &movie, &full)) return refuse_row("movie", movie.id);
    if (full) return ERROR_OVERLOADED;
    if (id_is_none(movie.id)) return refuse_row("movie", movie.id);
    *ret_movie = movie;
    return ERROR_NONE;
}

enum error catalogue_rows_cinema(sqlite3_stmt *row, struct arena *arena, struct cinema *ret_cinema)
{
    CHECK(ret_cinema != NULL);

    bool full = false;
    struct cinema cinema = {.id = database_column_id(row, 0),
                            .name = copy_column(row, 1, arena, &full),
                            .address = copy_column(row, 2, arena, &full),
                            .city = copy_column(row, 3, arena, &full),
                            .phone = copy_column(row, 4, arena, &full),
                            .is_active = sqlite3_column_int64(row, 5) != 0,
                            .timezone = copy_column(row, 6, arena, &full)};
    const int64_t screens = sqlite3_column_int64(row, 7);
    if (id_is_none(cinema.id) || screens < 0 || screens > SCREENS_MAX) {
        return refuse_row("cinema", cinema.id);
    }
    cinema.screen_count = (size_t)screens;
    cinema.screens = arena_take(arena, cinema.screen_count * sizeof *cinema.screens);
    if (full || cinema.screens == NULL) return ERROR_OVERLOADED;
    *ret_cinema = cinema;
    return ERROR_NONE;
}

enum error catalogue_rows_screen(sqlite3_stmt *row, struct arena *arena, struct screen *ret_screen)
{
    CHECK(ret_screen != NULL);

    bool full = false;
    struct seat_plan *plan = arena_take(arena, sizeof *plan);
    if (plan == NULL) return ERROR_OVERLOADED;
    if (!seat_layouts_read(row, CATALOGUE_ROWS_SCREEN_COUNT, plan)) {
        return refuse_row("seat_layout", (struct id){0});
    }
    *ret_screen = (struct screen){.screen_id = copy_column(row, 0, arena, &full),
                                  .name = copy_column(row, 1, arena, &full),
                                  .type = copy_column(row, 2, arena, &full),
                                  .total_seats = (uint32_t)sqlite3_column_int64(row, 3),
                                  .plan = plan};
    return full ? ERROR_OVERLOADED : ERROR_NONE;
}

enum error catalogue_rows_showtime(sqlite3_stmt *row, struct arena *arena,
                                   struct showtime *ret_showtime)
{
    CHECK(ret_showtime != NULL);

    bool full = false;
    struct showtime showtime = {
        .id = database_column_id(row, 0),
        .movie = database_column_id(row, 1),
        .cinema = database_column_id(row, 2),
        .screen_id = copy_column(row, 3, arena, &full),
        .starts_at_ms = sqlite3_column_int64(row, 4),
        .ends_at_ms = sqlite3_column_int64(row, 5),
        .prices = {[SEAT_STANDARD] = sqlite3_column_int64(row, 6),
                   [SEAT_VIP] = sqlite3_column_int64(row, 7),
                   [SEAT_COUPLE] = sqlite3_column_int64(row, 8)},
        .total_seats = (uint32_t)sqlite3_column_int64(row, 9),
        .available_seats = (uint32_t)sqlite3_column_int64(row, 10),
        .version = (uint64_t)sqlite3_column_int64(row, 11),
    };
    if (full) return ERROR_OVERLOADED;
    if (id_is_none(showtime.id) || id_is_none(showtime.movie) || id_is_none(showtime.cinema) ||
        showtime.starts_at_ms < 0 || showtime.starts_at_ms > TIMESTAMP_MS_MAX ||
        !showtime_status_parse(database_column_text(row, 12), &showtime.status)) {
        return refuse_row("showtime", showtime.id);
    }
    *ret_showtime = showtime;
    return ERROR_NONE;
}
