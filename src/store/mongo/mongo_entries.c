#include "store/mongo/mongo_entries.h"

#include "base/check.h"
#include "core/layout.h"
#include "store/mongo/mongo_fields.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_showtime.h"

#include <time.h>

enum { DAY_SIZE = 10 }; /* YYYY-MM-DD */

/* A place's letter: its type, or none. */
static const char letters[SEAT_TYPE_COUNT + 1] = {
    [SEAT_STANDARD] = 's', [SEAT_VIP] = 'v', [SEAT_COUPLE] = 'c', [SEAT_TYPE_COUNT] = '-'};

/* An empty one too, so that it replaces what is there. */
static void append_text(bson_t *document, const char *name, struct slice text)
{
    const char *data = text.size > 0 ? text.data : "";
    (void)bson_append_utf8(document, name, -1, data, (int)text.size);
}

static void append_id(bson_t *document, const char *name, struct id id)
{
    const bson_oid_t oid = mongo_ids_to_oid(id);
    BSON_APPEND_OID(document, name, &oid);
}

static void append_number_at(bson_t *array, uint32_t index, int32_t number)
{
    char buffer[16];
    const char *key = NULL;
    (void)bson_uint32_to_string(index, &key, buffer, sizeof buffer);
    BSON_APPEND_INT32(array, key, number);
}

static void append_layout(bson_t *document, const struct seat_plan *plan)
{
    bson_t layout;
    bson_t array;
    char places[SEATS_PER_SHOWTIME_MAX];
    const uint32_t count = layout_places(&plan->layout);
    for (uint32_t place = 0; place < count; place++) {
        places[place] = letters[plan->layout.types[place]];
    }
    BSON_APPEND_DOCUMENT_BEGIN(document, "layout", &layout);
    BSON_APPEND_INT32(&layout, "rows", plan->layout.rows);
    BSON_APPEND_INT32(&layout, "cols", plan->layout.cols);
    (void)bson_append_utf8(&layout, "places", -1, places, (int)count);
    BSON_APPEND_ARRAY_BEGIN(&layout, "aisles_after", &array);
    for (uint32_t index = 0; index < plan->aisle_count; index++) {
        append_number_at(&array, index, plan->aisles_after[index]);
    }
    (void)bson_append_array_end(&layout, &array);
    BSON_APPEND_ARRAY_BEGIN(&layout, "accessible", &array);
    for (uint32_t index = 0; index < plan->accessible_count; index++) {
        append_number_at(&array, index, plan->accessible[index]);
    }
    (void)bson_append_array_end(&layout, &array);
    (void)bson_append_document_end(document, &layout);
}

bool mongo_entries_append_movie(const struct movie *movie, const struct locale *locale,
                                struct arena *scratch, bson_t *document)
{
    const struct slice folded = locale->fold(movie->title, scratch);
    if (folded.data == NULL) return false;
    append_id(document, "_id", movie->id);
    append_text(document, "title", movie->title);
    append_text(document, "title_folded", folded);
    BSON_APPEND_INT64(document, "duration", movie->duration_minutes);
    bson_t genres;
    BSON_APPEND_ARRAY_BEGIN(document, "genre", &genres);
    for (uint32_t index = 0; index < movie->genre_count; index++) {
        char buffer[16];
        const char *key = NULL;
        const struct slice genre = movie->genres[index];
        (void)bson_uint32_to_string(index, &key, buffer, sizeof buffer);
        (void)bson_append_utf8(&genres, key, -1, genre.data, (int)genre.size);
    }
    (void)bson_append_array_end(document, &genres);
    append_text(document, "poster_url", movie->poster_url);
    append_text(document, "description", movie->description);
    append_text(document, "release_date", movie->release_date);
    append_text(document, "status", movie->status);
    return true;
}

bool mongo_entries_append_cinema(const struct cinema *cinema, const struct locale *locale,
                                 struct arena *scratch, bson_t *document)
{
    const struct slice folded = locale->fold(cinema->city, scratch);
    if (folded.data == NULL) return false;
    append_id(document, "_id", cinema->id);
    append_text(document, "name", cinema->name);
    append_text(document, "address", cinema->address);
    append_text(document, "city", cinema->city);
    append_text(document, "city_folded", folded);
    append_text(document, "phone", cinema->phone);
    BSON_APPEND_BOOL(document, "is_active", cinema->is_active);
    append_text(document, "timezone", cinema->timezone);
    mongo_entries_append_screens(cinema, document);
    return true;
}

void mongo_entries_append_screens(const struct cinema *cinema, bson_t *document)
{
    bson_t screens;
    BSON_APPEND_ARRAY_BEGIN(document, "screens", &screens);
    for (uint32_t index = 0; index < cinema->screen_count; index++) {
        const struct screen *screen = &cinema->screens[index];
        char buffer[16];
        const char *key = NULL;
        bson_t one;
        (void)bson_uint32_to_string(index, &key, buffer, sizeof buffer);
        BSON_APPEND_DOCUMENT_BEGIN(&screens, key, &one);
        append_text(&one, "screen_id", screen->screen_id);
        append_text(&one, "name", screen->name);
        append_text(&one, "type", screen->type);
        BSON_APPEND_INT64(&one, "total_seats", screen->total_seats);
        append_layout(&one, screen->plan);
        (void)bson_append_document_end(&screens, &one);
    }
    (void)bson_append_array_end(document, &screens);
}

static void append_seats(bson_t *document, const struct seat_layout *layout)
{
    bson_t seats;
    const uint32_t count = layout_places(layout);
    BSON_APPEND_DOCUMENT_BEGIN(document, "seats", &seats);
    for (uint32_t place = 0; place < count; place++) {
        if (layout->types[place] == SEAT_TYPE_COUNT) continue;
        const struct seat_name seat = {.row = (uint16_t)(place / layout->cols),
                                       .col = (uint16_t)(place % layout->cols + 1)};
        char name[SEAT_NAME_SIZE_MAX + 1];
        name[seat_name_format(seat, name)] = '\0';
        bson_t entry;
        BSON_APPEND_DOCUMENT_BEGIN(&seats, name, &entry);
        BSON_APPEND_UTF8(&entry, "status", "available");
        BSON_APPEND_UTF8(&entry, "seat_type",
                         seat_type_name((enum seat_type)layout->types[place]).data);
        (void)bson_append_document_end(&seats, &entry);
    }
    (void)bson_append_document_end(document, &seats);
}

void mongo_entries_append_programme(const struct showtime *showtime, bson_t *document)
{
    bson_t price;
    append_id(document, "movie_id", showtime->movie);
    BSON_APPEND_DATE_TIME(document, "start_time", showtime->starts_at_ms);
    BSON_APPEND_DATE_TIME(document, "end_time", showtime->ends_at_ms);
    BSON_APPEND_UTF8(document, "status", showtime_status_name(showtime->status).data);
    BSON_APPEND_DOCUMENT_BEGIN(document, "price", &price);
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        BSON_APPEND_INT64(&price, seat_type_name((enum seat_type)type).data,
                          showtime->prices[type]);
    }
    (void)bson_append_document_end(document, &price);
}

void mongo_entries_append_place(const struct showtime_entry *entry, bson_t *document)
{
    const struct showtime *showtime = &entry->showtime;
    append_id(document, "cinema_id", showtime->cinema);
    append_text(document, "screen_id", showtime->screen_id);
    append_text(document, "timezone", entry->timezone);
    BSON_APPEND_INT32(document, "total_seats", (int32_t)showtime->total_seats);
    BSON_APPEND_INT32(document, "available_seats", (int32_t)showtime->total_seats);
    append_layout(document, entry->screen->plan);
    append_seats(document, &entry->screen->plan->layout);
}

void mongo_entries_append_showtime(const struct showtime_entry *entry, int64_t version,
                                   bson_t *document)
{
    append_id(document, "_id", entry->showtime.id);
    BSON_APPEND_INT64(document, "version", version);
    BSON_APPEND_NULL(document, "due_at");
    mongo_entries_append_programme(&entry->showtime, document);
    mongo_entries_append_place(entry, document);
}

/* A text of the document, in the arena; empty if it has none. */
static struct slice read_text(const bson_t *document, const char *name, struct arena *arena,
                              bool *full)
{
    bson_iter_t at;
    struct slice text = {0};
    if (bson_iter_init_find(&at, document, name)) text = mongo_fields_text(&at);
    if (text.size == 0) return (struct slice){0};
    const struct slice copy = arena_copy(arena, text);
    if (copy.data == NULL) *full = true;
    return copy;
}

static int64_t read_number(const bson_t *document, const char *name)
{
    bson_iter_t at;
    if (!bson_iter_init_find(&at, document, name)) return 0;
    int64_t number = 0;
    const bool read = BSON_ITER_HOLDS_DATE_TIME(&at) ? mongo_fields_read_moment(&at, &number)
                                                     : mongo_fields_read_number(&at, &number);
    return read ? number : 0;
}

static bool read_id(const bson_t *document, const char *name, struct id *ret_id)
{
    bson_iter_t at;
    return bson_iter_init_find(&at, document, name) && mongo_fields_read_id(&at, ret_id) &&
           !id_is_none(*ret_id);
}

/* A document in the document, in place. */
static bool open_inner(const bson_iter_t *at, bson_t *ret_inner)
{
    const uint8_t *data = NULL;
    uint32_t size = 0;
    if (BSON_ITER_HOLDS_DOCUMENT(at)) bson_iter_document(at, &size, &data);
    else if (BSON_ITER_HOLDS_ARRAY(at)) bson_iter_array(at, &size, &data);
    return data != NULL && bson_init_static(ret_inner, data, size);
}

static bool find_inner(const bson_t *document, const char *name, bson_t *ret_inner)
{
    bson_iter_t at;
    return bson_iter_init_find(&at, document, name) && open_inner(&at, ret_inner);
}

/* A day as the predecessor has it, too: a Date at its beginning, for some films long before 1970.
 */
static struct slice read_day(const bson_t *document, const char *name, struct arena *arena,
                             bool *full)
{
    char text[DAY_SIZE + 1];
    bson_iter_t at;
    if (!bson_iter_init_find(&at, document, name) || !BSON_ITER_HOLDS_DATE_TIME(&at)) {
        return read_text(document, name, arena, full);
    }
    const time_t seconds = (time_t)(bson_iter_date_time(&at) / 1000);
    struct tm parts;
    const bool has_day = gmtime_r(&seconds, &parts) != NULL &&
                         strftime(text, sizeof text, "%Y-%m-%d", &parts) == DAY_SIZE;
    if (!has_day) return (struct slice){0};
    const struct slice copy = arena_copy(arena, (struct slice){text, DAY_SIZE});
    if (copy.data == NULL) *full = true;
    return copy;
}

bool mongo_entries_read_movie(const bson_t *document, struct arena *arena, struct movie *ret_movie,
                              bool *full)
{
    bson_t genres;
    bson_iter_t at;
    struct movie movie = {.title = read_text(document, "title", arena, full),
                          .duration_minutes = read_number(document, "duration"),
                          .poster_url = read_text(document, "poster_url", arena, full),
                          .description = read_text(document, "description", arena, full),
                          .release_date = read_day(document, "release_date", arena, full),
                          .status = read_text(document, "status", arena, full)};
    if (!read_id(document, "_id", &movie.id)) return false;
    if (find_inner(document, "genre", &genres) && bson_iter_init(&at, &genres)) {
        while (bson_iter_next(&at) && movie.genre_count < GENRES_MAX) {
            const struct slice genre = arena_copy(arena, mongo_fields_text(&at));
            if (genre.data == NULL) *full = true;
            movie.genres[movie.genre_count++] = genre;
        }
    }
    *ret_movie = movie;
    return !*full;
}

static bool read_places(const bson_t *layout, struct seat_plan *plan)
{
    bson_iter_t at;
    const int64_t rows = read_number(layout, "rows");
    const int64_t cols = read_number(layout, "cols");
    if (rows < 1 || rows > ROWS_MAX || cols < 1 || cols > COLS_MAX) return false;
    if (!bson_iter_init_find(&at, layout, "places")) return false;
    const struct slice places = mongo_fields_text(&at);
    if (places.size != (size_t)(rows * cols) || places.size > SEATS_PER_SHOWTIME_MAX) return false;
    plan->layout.rows = (uint16_t)rows;
    plan->layout.cols = (uint16_t)cols;
    for (size_t place = 0; place < places.size; place++) {
        const char *letter = memchr(letters, places.data[place], sizeof letters);
        if (letter == NULL) return false;
        plan->layout.types[place] = (uint8_t)(letter - letters);
    }
    return true;
}

/* The predecessor's `seat_layout` of a screen: its size, and the places without a seat; the types
 * are the usual ones. */
static bool read_seat_layout(const bson_t *seat_layout, struct seat_plan *plan)
{
    bson_t names;
    bson_iter_t at;
    struct seat_layout *layout = &plan->layout;
    const int64_t rows = read_number(seat_layout, "rows");
    const int64_t cols = read_number(seat_layout, "cols");
    if (rows < 1 || rows > ROWS_MAX || cols < 1 || cols > COLS_MAX) return false;
    layout->rows = (uint16_t)rows;
    layout->cols = (uint16_t)cols;
    for (uint32_t place = 0; place < layout_places(layout); place++) {
        layout->types[place] = (uint8_t)layout_default_type(layout->rows, layout->cols, place);
    }
    if (!find_inner(seat_layout, "unavailable", &names) || !bson_iter_init(&at, &names))
        return true;
    while (bson_iter_next(&at)) {
        struct seat_name name;
        if (!seat_name_parse(mongo_fields_text(&at), &name) || name.zeros > 0) return false;
        if (name.row >= rows || name.col < 1 || name.col > cols) return false;
        layout->types[(uint32_t)name.row * layout->cols + name.col - 1] = SEAT_TYPE_COUNT;
    }
    return true;
}

bool mongo_entries_read_plan(const bson_t *document, struct seat_plan *ret_plan)
{
    bson_t layout;
    bson_t numbers;
    bson_iter_t at;
    memset(ret_plan, 0, sizeof *ret_plan);
    memset(ret_plan->layout.types, SEAT_TYPE_COUNT, sizeof ret_plan->layout.types);
    if (find_inner(document, "seats", &layout) && !bson_has_field(document, "layout")) {
        return mongo_showtime_read_layout(document, &ret_plan->layout);
    }
    if (find_inner(document, "seat_layout", &layout)) return read_seat_layout(&layout, ret_plan);
    if (!find_inner(document, "layout", &layout) || !read_places(&layout, ret_plan)) return false;
    if (find_inner(&layout, "aisles_after", &numbers) && bson_iter_init(&at, &numbers)) {
        while (bson_iter_next(&at) && ret_plan->aisle_count < COLS_MAX) {
            int64_t col = 0;
            if (!mongo_fields_read_number(&at, &col) || col < 1 || col > COLS_MAX) return false;
            ret_plan->aisles_after[ret_plan->aisle_count++] = (uint8_t)col;
        }
    }
    if (find_inner(&layout, "accessible", &numbers) && bson_iter_init(&at, &numbers)) {
        while (bson_iter_next(&at) && ret_plan->accessible_count < SEATS_PER_SHOWTIME_MAX) {
            int64_t place = 0;
            if (!mongo_fields_read_number(&at, &place)) return false;
            if (place < 0 || place >= layout_places(&ret_plan->layout)) return false;
            ret_plan->accessible[ret_plan->accessible_count++] = (uint16_t)place;
        }
    }
    return true;
}

static bool read_screens(const bson_t *screens, struct arena *arena, struct cinema *cinema,
                         bool *full)
{
    bson_iter_t at;
    const size_t count = bson_count_keys(screens);
    if (count > SCREENS_MAX) return false;
    if (count == 0) return true;
    cinema->screens = arena_take(arena, count * sizeof *cinema->screens);
    if (cinema->screens == NULL) *full = true;
    if (*full || !bson_iter_init(&at, screens)) return false;
    while (bson_iter_next(&at)) {
        bson_t one;
        struct seat_plan *plan = arena_take(arena, sizeof *plan);
        if (plan == NULL) *full = true;
        if (*full || !open_inner(&at, &one) || !mongo_entries_read_plan(&one, plan)) return false;
        cinema->screens[cinema->screen_count++] =
            (struct screen){.screen_id = read_text(&one, "screen_id", arena, full),
                            .name = read_text(&one, "name", arena, full),
                            .type = read_text(&one, "type", arena, full),
                            .total_seats = (uint32_t)read_number(&one, "total_seats"),
                            .plan = plan};
    }
    return !*full;
}

bool mongo_entries_read_cinema(const bson_t *document, struct arena *arena,
                               struct cinema *ret_cinema, bool *full)
{
    bson_t screens;
    bson_iter_t at;
    struct cinema cinema = {.name = read_text(document, "name", arena, full),
                            .address = read_text(document, "address", arena, full),
                            .city = read_text(document, "city", arena, full),
                            .phone = read_text(document, "phone", arena, full),
                            .timezone = read_text(document, "timezone", arena, full)};
    if (cinema.timezone.size == 0) cinema.timezone = MONGO_ZONE_USUAL;
    cinema.is_active = !bson_iter_init_find(&at, document, "is_active") || bson_iter_as_bool(&at);
    if (!read_id(document, "_id", &cinema.id)) return false;
    if (find_inner(document, "screens", &screens) &&
        !read_screens(&screens, arena, &cinema, full)) {
        return false;
    }
    *ret_cinema = cinema;
    return !*full;
}

bool mongo_entries_read_showtime(const bson_t *document, struct arena *arena,
                                 struct showtime *ret_showtime, bool *full)
{
    bson_t price;
    bson_iter_t at;
    struct showtime showtime = {.screen_id = read_text(document, "screen_id", arena, full),
                                .starts_at_ms = read_number(document, "start_time"),
                                .ends_at_ms = read_number(document, "end_time"),
                                .total_seats = (uint32_t)read_number(document, "total_seats"),
                                .available_seats =
                                    (uint32_t)read_number(document, "available_seats"),
                                .version = (uint64_t)read_number(document, "version")};
    if (!read_id(document, "_id", &showtime.id) ||
        !read_id(document, "movie_id", &showtime.movie) ||
        !read_id(document, "cinema_id", &showtime.cinema) ||
        !find_inner(document, "price", &price)) {
        return false;
    }
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        showtime.prices[type] = read_number(&price, seat_type_name((enum seat_type)type).data);
    }
    if (!bson_iter_init_find(&at, document, "status")) return false;
    if (!showtime_status_parse(mongo_fields_text(&at), &showtime.status)) return false;
    *ret_showtime = showtime;
    return !*full;
}
