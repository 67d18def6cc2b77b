#include "store/move/move_lists.h"

#include <string.h>

#include "core/layout.h"

/* A place's letter: its type, or none. */
static const char letters[SEAT_TYPE_COUNT + 1] = {
    [SEAT_STANDARD] = 's', [SEAT_VIP] = 'v', [SEAT_COUPLE] = 'c', [SEAT_TYPE_COUNT] = '-'};

static void write_genres(struct json_writer *writer, const void *record)
{
    const struct movie *movie = record;
    json_open_array(writer);
    for (size_t index = 0; index < movie->genre_count; index++) {
        json_text(writer, movie->genres[index]);
    }
    json_close_array(writer);
}

static bool read_genres(const struct json *value, struct arena *arena, void *record)
{
    struct movie *movie = record;
    (void)arena;
    if (value->kind != JSON_ARRAY || value->count > GENRES_MAX) return false;
    for (const struct json *genre = value->first; genre != NULL; genre = genre->next) {
        if (genre->kind != JSON_STRING) return false;
        movie->genres[movie->genre_count++] = genre->text;
    }
    return true;
}

static void write_places(struct json_writer *writer, const struct seat_layout *layout)
{
    char places[SEATS_PER_SHOWTIME_MAX];
    const uint32_t count = layout_places(layout);
    for (uint32_t place = 0; place < count; place++) places[place] = letters[layout->types[place]];
    json_member_text(writer, SLICE("places"), (struct slice){.data = places, .size = count});
}

static void write_plan(struct json_writer *writer, const void *record)
{
    const struct seat_plan *plan = *(struct seat_plan *const *)record;
    json_open_object(writer);
    json_member_number(writer, SLICE("rows"), plan->layout.rows);
    json_member_number(writer, SLICE("cols"), plan->layout.cols);
    write_places(writer, &plan->layout);
    json_key(writer, SLICE("aisles_after"));
    json_open_array(writer);
    for (size_t index = 0; index < plan->aisle_count; index++) {
        json_number(writer, plan->aisles_after[index]);
    }
    json_close_array(writer);
    json_key(writer, SLICE("accessible"));
    json_open_array(writer);
    for (size_t index = 0; index < plan->accessible_count; index++) {
        json_number(writer, plan->accessible[index]);
    }
    json_close_array(writer);
    json_close_object(writer);
}

static bool read_number(const struct json *value, int64_t least, int64_t most, int64_t *ret_number)
{
    if (value == NULL || value->kind != JSON_INTEGER) return false;
    if (value->integer < least || value->integer > most) return false;
    *ret_number = value->integer;
    return true;
}

static bool read_layout(const struct json *value, struct seat_layout *layout)
{
    int64_t rows = 0;
    int64_t cols = 0;
    const struct json *places = json_member(value, SLICE("places"));
    if (!read_number(json_member(value, SLICE("rows")), 1, ROWS_MAX, &rows)) return false;
    if (!read_number(json_member(value, SLICE("cols")), 1, COLS_MAX, &cols)) return false;
    if (places == NULL || places->kind != JSON_STRING) return false;
    if (places->text.size != (size_t)(rows * cols)) return false;
    layout->rows = (uint16_t)rows;
    layout->cols = (uint16_t)cols;
    for (size_t place = 0; place < places->text.size; place++) {
        const char *letter = memchr(letters, places->text.data[place], sizeof letters);
        if (letter == NULL) return false;
        layout->types[place] = (uint8_t)(letter - letters);
    }
    return true;
}

static bool read_plan(const struct json *value, struct arena *arena, void *record)
{
    struct seat_plan *plan = arena_take(arena, sizeof *plan);
    const struct json *aisles = json_member(value, SLICE("aisles_after"));
    const struct json *accessible = json_member(value, SLICE("accessible"));
    int64_t number = 0;
    if (plan == NULL || value->kind != JSON_OBJECT || value->count != 5) return false;
    if (!read_layout(value, &plan->layout)) return false;
    const uint32_t places = layout_places(&plan->layout);
    if (aisles == NULL || aisles->kind != JSON_ARRAY || aisles->count > COLS_MAX) return false;
    for (const struct json *one = aisles->first; one != NULL; one = one->next) {
        if (!read_number(one, 1, COLS_MAX, &number)) return false;
        plan->aisles_after[plan->aisle_count++] = (uint8_t)number;
    }
    if (accessible == NULL || accessible->kind != JSON_ARRAY) return false;
    if (accessible->count > places) return false;
    for (const struct json *one = accessible->first; one != NULL; one = one->next) {
        if (!read_number(one, 0, (int64_t)places - 1, &number)) return false;
        plan->accessible[plan->accessible_count++] = (uint16_t)number;
    }
    *(struct seat_plan **)record = plan;
    return true;
}

static const struct move_field screen_fields[] = {
    {"screen_id", MOVE_FIELD_TEXT, offsetof(struct screen, screen_id), true, NULL},
    {"name", MOVE_FIELD_TEXT, offsetof(struct screen, name), true, NULL},
    {"type", MOVE_FIELD_TEXT, offsetof(struct screen, type), true, NULL},
    {"total_seats", MOVE_FIELD_COUNT, offsetof(struct screen, total_seats), true, NULL},
    {"plan", MOVE_FIELD_LIST, offsetof(struct screen, plan), true, &move_lists_plan},
};

static const struct move_table screens = {screen_fields,
                                          sizeof screen_fields / sizeof *screen_fields};

static void write_screens(struct json_writer *writer, const void *record)
{
    const struct cinema *cinema = record;
    json_open_array(writer);
    for (size_t index = 0; index < cinema->screen_count; index++) {
        json_open_object(writer);
        move_fields_write(&screens, writer, &cinema->screens[index]);
        json_close_object(writer);
    }
    json_close_array(writer);
}

static bool read_screens(const struct json *value, struct arena *arena, void *record)
{
    struct cinema *cinema = record;
    struct move_reason reason;
    if (value->kind != JSON_ARRAY || value->count > SCREENS_MAX) return false;
    cinema->screens = arena_take(arena, value->count * sizeof *cinema->screens);
    if (cinema->screens == NULL) return false;
    for (const struct json *one = value->first; one != NULL; one = one->next) {
        struct screen *screen = &cinema->screens[cinema->screen_count++];
        if (!move_fields_read(&screens, one, arena, screen, &reason)) return false;
    }
    return true;
}

static void write_prices(struct json_writer *writer, const void *record)
{
    const int64_t *prices = record;
    json_open_array(writer);
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) json_number(writer, prices[type]);
    json_close_array(writer);
}

static bool read_prices(const struct json *value, struct arena *arena, void *record)
{
    int64_t *prices = record;
    (void)arena;
    if (value->kind != JSON_ARRAY || value->count != SEAT_TYPE_COUNT) return false;
    for (const struct json *one = value->first; one != NULL; one = one->next) {
        if (!read_number(one, 0, PRICE_MAX, prices++)) return false;
    }
    return true;
}

static void write_seat(struct json_writer *writer, struct seat_name seat)
{
    char name[SEAT_NAME_SIZE_MAX];
    const size_t size = seat_name_format(seat, name);
    json_text(writer, (struct slice){.data = name, .size = size});
}

static void write_booked(struct json_writer *writer, const void *record)
{
    const struct booking *booking = record;
    json_open_array(writer);
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        const struct booked_seat *seat = &booking->seats[index];
        json_open_array(writer);
        write_seat(writer, seat->name);
        json_text(writer, seat_type_name((enum seat_type)seat->type));
        json_number(writer, seat->price);
        json_close_array(writer);
    }
    json_close_array(writer);
}

static bool read_booked_seat(const struct json *value, struct booked_seat *seat)
{
    enum seat_type type = SEAT_STANDARD;
    if (value->kind != JSON_ARRAY || value->count != 3) return false;
    const struct json *name = value->first;
    if (name->kind != JSON_STRING || !seat_name_parse(name->text, &seat->name)) return false;
    if (name->next->kind != JSON_STRING || !seat_type_parse(name->next->text, &type)) return false;
    seat->type = (uint8_t)type;
    return read_number(name->next->next, 0, PRICE_MAX, &seat->price);
}

static bool read_booked(const struct json *value, struct arena *arena, void *record)
{
    struct booking *booking = record;
    (void)arena;
    if (value->kind != JSON_ARRAY || value->count < 1 || value->count > SEATS_PER_HOLD_MAX) {
        return false;
    }
    for (const struct json *one = value->first; one != NULL; one = one->next) {
        if (!read_booked_seat(one, &booking->seats[booking->seat_count++])) return false;
    }
    return true;
}

static void write_blocked(struct json_writer *writer, const void *record)
{
    const struct block *block = record;
    json_open_array(writer);
    for (uint32_t index = 0; index < block->seat_count; index++) {
        write_seat(writer, block->seats[index]);
    }
    json_close_array(writer);
}

static bool read_blocked(const struct json *value, struct arena *arena, void *record)
{
    struct block *block = record;
    (void)arena;
    if (value->kind != JSON_ARRAY || value->count < 1 || value->count > SEATS_PER_BLOCK_MAX) {
        return false;
    }
    for (const struct json *one = value->first; one != NULL; one = one->next) {
        if (one->kind != JSON_STRING) return false;
        if (!seat_name_parse(one->text, &block->seats[block->seat_count++])) return false;
    }
    return true;
}

static void write_counts(struct json_writer *writer, const void *record)
{
    const int64_t *counts = record;
    json_open_object(writer);
    for (enum move_kind kind = MOVE_MOVIE; kind < MOVE_END; kind++) {
        json_member_number(writer, move_record_name(kind), counts[kind]);
    }
    json_close_object(writer);
}

static bool read_counts(const struct json *value, struct arena *arena, void *record)
{
    int64_t *counts = record;
    (void)arena;
    if (value->kind != JSON_OBJECT || value->count != MOVE_END - MOVE_MOVIE) return false;
    for (enum move_kind kind = MOVE_MOVIE; kind < MOVE_END; kind++) {
        const struct json *count = json_member(value, move_record_name(kind));
        if (!read_number(count, 0, INT64_MAX, &counts[kind])) return false;
    }
    return true;
}

const struct move_list move_lists_genres = {write_genres, read_genres};
const struct move_list move_lists_screens = {write_screens, read_screens};
const struct move_list move_lists_plan = {write_plan, read_plan};
const struct move_list move_lists_prices = {write_prices, read_prices};
const struct move_list move_lists_booked = {write_booked, read_booked};
const struct move_list move_lists_blocked = {write_blocked, read_blocked};
const struct move_list move_lists_counts = {write_counts, read_counts};
