#include "http/catalogue_json.h"

#include "base/check.h"
#include "core/layout.h"

enum {
    MEMBERS_SIZE = 512, /* All names, numbers and signs of an entry. */
    ESCAPED_SIZE = 6,   /* `\u001f` */
    PLACE_SIZE = 26,    /* `"AX50":"standard",` and `"AX50",` */
    AISLE_SIZE = 3,
};

static size_t text_size(struct slice text)
{
    return text.size * ESCAPED_SIZE;
}

static void member_id(struct json_writer *writer, struct slice key, struct id id)
{
    char hex[ID_HEX_SIZE];
    id_format(id, hex);
    json_member_text(writer, key, (struct slice){.data = hex, .size = sizeof hex});
}

size_t catalogue_json_movie_size(const struct movie *movie)
{
    size_t size = MEMBERS_SIZE + text_size(movie->title) + text_size(movie->poster_url) +
                  text_size(movie->description) + text_size(movie->release_date) +
                  text_size(movie->status);
    for (size_t index = 0; index < movie->genre_count; index++) {
        size += text_size(movie->genres[index]) + sizeof "\"\",";
    }
    return size;
}

void catalogue_json_movie(struct json_writer *writer, const struct movie *movie)
{
    CHECK(movie->genre_count <= GENRES_MAX);

    json_open_object(writer);
    member_id(writer, SLICE("id"), movie->id);
    json_member_text(writer, SLICE("title"), movie->title);
    json_member_number(writer, SLICE("duration"), movie->duration_minutes);
    json_key(writer, SLICE("genre"));
    json_open_array(writer);
    for (size_t index = 0; index < movie->genre_count; index++) {
        json_text(writer, movie->genres[index]);
    }
    json_close_array(writer);
    json_member_text(writer, SLICE("poster_url"), movie->poster_url);
    json_member_text(writer, SLICE("description"), movie->description);
    json_member_text(writer, SLICE("release_date"), movie->release_date);
    json_member_text(writer, SLICE("status"), movie->status);
    json_close_object(writer);
}

static size_t screen_size(const struct screen *screen)
{
    return MEMBERS_SIZE + text_size(screen->screen_id) + text_size(screen->name) +
           text_size(screen->type) + layout_places(&screen->plan->layout) * PLACE_SIZE +
           screen->plan->aisle_count * AISLE_SIZE;
}

size_t catalogue_json_cinema_size(const struct cinema *cinema)
{
    size_t size = MEMBERS_SIZE + text_size(cinema->name) + text_size(cinema->address) +
                  text_size(cinema->city) + text_size(cinema->phone) + text_size(cinema->timezone);
    for (size_t index = 0; index < cinema->screen_count; index++) {
        size += screen_size(&cinema->screens[index]);
    }
    return size;
}

/* Writes a seat's name into `target` of SEAT_NAME_SIZE_MAX bytes. */
static struct slice name_of(const struct seat_layout *layout, uint32_t place, char *target)
{
    const struct seat_name name = {.row = (uint16_t)(place / layout->cols),
                                   .col = (uint16_t)(place % layout->cols + 1)};
    return (struct slice){.data = target, .size = seat_name_format(name, target)};
}

/* Only the types that a layout gets by saying so. */
static void member_types(struct json_writer *writer, const struct seat_layout *layout)
{
    json_key(writer, SLICE("types"));
    json_open_object(writer);
    for (uint32_t place = 0; place < layout_places(layout); place++) {
        const uint8_t type = layout->types[place];
        if (type >= SEAT_TYPE_COUNT) continue;
        if (type == layout_default_type(layout->rows, layout->cols, place)) continue;
        char name[SEAT_NAME_SIZE_MAX];
        json_member_text(writer, name_of(layout, place, name),
                         seat_type_name((enum seat_type)type));
    }
    json_close_object(writer);
}

static void member_layout(struct json_writer *writer, const struct seat_plan *plan)
{
    const struct seat_layout *layout = &plan->layout;
    char name[SEAT_NAME_SIZE_MAX];

    json_key(writer, SLICE("seat_layout"));
    json_open_object(writer);
    json_member_number(writer, SLICE("rows"), layout->rows);
    json_member_number(writer, SLICE("cols"), layout->cols);
    json_key(writer, SLICE("unavailable"));
    json_open_array(writer);
    for (uint32_t place = 0; place < layout_places(layout); place++) {
        if (layout->types[place] >= SEAT_TYPE_COUNT) {
            json_text(writer, name_of(layout, place, name));
        }
    }
    json_close_array(writer);
    member_types(writer, layout);
    json_key(writer, SLICE("aisles_after"));
    json_open_array(writer);
    for (size_t index = 0; index < plan->aisle_count; index++) {
        json_number(writer, plan->aisles_after[index]);
    }
    json_close_array(writer);
    json_key(writer, SLICE("accessible"));
    json_open_array(writer);
    for (size_t index = 0; index < plan->accessible_count; index++) {
        json_text(writer, name_of(layout, plan->accessible[index], name));
    }
    json_close_array(writer);
    json_close_object(writer);
}

void catalogue_json_cinema(struct json_writer *writer, const struct cinema *cinema)
{
    CHECK(cinema->screen_count <= SCREENS_MAX);

    json_open_object(writer);
    member_id(writer, SLICE("id"), cinema->id);
    json_member_text(writer, SLICE("name"), cinema->name);
    json_member_text(writer, SLICE("address"), cinema->address);
    json_member_text(writer, SLICE("city"), cinema->city);
    json_member_text(writer, SLICE("phone"), cinema->phone);
    json_member_bool(writer, SLICE("is_active"), cinema->is_active);
    json_member_text(writer, SLICE("timezone"), cinema->timezone);
    json_key(writer, SLICE("screens"));
    json_open_array(writer);
    for (size_t index = 0; index < cinema->screen_count; index++) {
        const struct screen *screen = &cinema->screens[index];
        json_open_object(writer);
        json_member_text(writer, SLICE("screen_id"), screen->screen_id);
        json_member_text(writer, SLICE("name"), screen->name);
        json_member_text(writer, SLICE("type"), screen->type);
        json_member_number(writer, SLICE("total_seats"), screen->total_seats);
        member_layout(writer, screen->plan);
        json_close_object(writer);
    }
    json_close_array(writer);
    json_close_object(writer);
}

size_t catalogue_json_showtime_size(const struct showtime *showtime)
{
    return MEMBERS_SIZE + text_size(showtime->screen_id);
}

void catalogue_json_showtime(struct json_writer *writer, const struct showtime *showtime,
                             int64_t now_ms)
{
    CHECK(showtime->status <= SHOWTIME_COMPLETED);

    json_open_object(writer);
    member_id(writer, SLICE("id"), showtime->id);
    member_id(writer, SLICE("movie_id"), showtime->movie);
    member_id(writer, SLICE("cinema_id"), showtime->cinema);
    json_member_text(writer, SLICE("screen_id"), showtime->screen_id);
    json_member_time(writer, SLICE("start_time"), showtime->starts_at_ms);
    json_member_time(writer, SLICE("end_time"), showtime->ends_at_ms);
    json_key(writer, SLICE("price"));
    json_open_object(writer);
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        json_member_number(writer, seat_type_name((enum seat_type)type), showtime->prices[type]);
    }
    json_close_object(writer);
    json_member_number(writer, SLICE("total_seats"), showtime->total_seats);
    json_member_number(writer, SLICE("available_seats"), showtime->available_seats);
    json_member_number(writer, SLICE("version"), (int64_t)showtime->version);
    const enum showtime_status status =
        showtime_status_at(showtime->status, showtime->ends_at_ms, now_ms);
    json_member_text(writer, SLICE("status"), showtime_status_name(status));
    json_close_object(writer);
}
