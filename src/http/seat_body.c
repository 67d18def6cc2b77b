#include "http/seat_body.h"

#include "base/check.h"
#include "json/json_write.h"

/* What may stand behind the beginning of a seat's member. */
struct tail {
    uint8_t size;
    char text[SEAT_ENTRY_SIZE_MAX];
};

void seat_names_init(struct seat_names *names)
{
    for (uint16_t row = 0; row < ROWS_MAX; row++) {
        for (uint16_t col = 0; col < COLS_MAX; col++) {
            char name[SEAT_NAME_SIZE_MAX];
            const struct seat_name seat = {.row = row, .col = (uint16_t)(col + 1)};
            const size_t size = seat_name_format(seat, name);
            struct buffer buffer;
            buffer_init(&buffer, names->texts[row][col], sizeof names->texts[row][col]);
            buffer_append_char(&buffer, '"');
            buffer_append(&buffer, (struct slice){.data = name, .size = size});
            buffer_append(&buffer, SLICE("\":{\"status\":\""));
            CHECK(!buffer.overflowed);
            names->sizes[row][col] = (uint8_t)buffer.size;
        }
    }
}

static void append_place(struct json_writer *writer, const struct seat_layout *layout,
                         uint32_t place)
{
    char text[SEAT_NAME_SIZE_MAX];
    const struct seat_name name = {.row = (uint16_t)(place / layout->cols),
                                   .col = (uint16_t)(place % layout->cols + 1)};
    json_text(writer, (struct slice){.data = text, .size = seat_name_format(name, text)});
}

static void append_layout(struct json_writer *writer, const struct seat_plan *plan)
{
    const struct seat_layout *layout = &plan->layout;
    const uint32_t place_count = (uint32_t)layout->rows * layout->cols;

    json_open_object(writer);
    json_member_number(writer, SLICE("rows"), layout->rows);
    json_member_number(writer, SLICE("cols"), layout->cols);
    json_key(writer, SLICE("unavailable"));
    json_open_array(writer);
    for (uint32_t place = 0; place < place_count; place++) {
        if (layout->types[place] >= SEAT_TYPE_COUNT) append_place(writer, layout, place);
    }
    json_close_array(writer);
    json_key(writer, SLICE("aisles_after"));
    json_open_array(writer);
    for (size_t index = 0; index < plan->aisle_count; index++) {
        json_number(writer, plan->aisles_after[index]);
    }
    json_close_array(writer);
    json_key(writer, SLICE("accessible"));
    json_open_array(writer);
    for (size_t index = 0; index < plan->accessible_count; index++) {
        append_place(writer, layout, plan->accessible[index]);
    }
    json_close_array(writer);
    json_close_object(writer);
}

void seat_body_append_head(struct buffer *buffer, const struct seat_plan *plan,
                           const int64_t prices[SEAT_TYPE_COUNT])
{
    CHECK(plan->layout.rows >= 1 && plan->layout.rows <= ROWS_MAX);
    CHECK(plan->layout.cols >= 1 && plan->layout.cols <= COLS_MAX);
    CHECK(plan->aisle_count <= COLS_MAX);
    CHECK(plan->accessible_count <= SEATS_PER_SHOWTIME_MAX);

    struct json_writer writer = json_writer_of(buffer);
    json_key(&writer, SLICE("layout"));
    append_layout(&writer, plan);
    json_key(&writer, SLICE("prices"));
    json_open_object(&writer);
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        json_member_number(&writer, seat_type_name((enum seat_type)type), prices[type]);
    }
    json_close_object(&writer);
    buffer_append_char(buffer, ',');
}

static void make_tails(struct tail tails[SEAT_ABSENT][SEAT_TYPE_COUNT])
{
    for (uint32_t state = 0; state < SEAT_ABSENT; state++) {
        for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
            struct buffer buffer;
            buffer_init(&buffer, tails[state][type].text, sizeof tails[state][type].text);
            buffer_append(&buffer, seat_state_name((enum seat_state)state));
            buffer_append(&buffer, SLICE("\",\"seat_type\":\""));
            buffer_append(&buffer, seat_type_name((enum seat_type)type));
            buffer_append(&buffer, SLICE("\"},"));
            CHECK(!buffer.overflowed);
            tails[state][type].size = (uint8_t)buffer.size;
        }
    }
}

size_t seat_body_size_max(struct slice head, const struct feed_view *view)
{
    CHECK(view->place_count <= SEATS_PER_SHOWTIME_MAX);
    return head.size + 128 + (size_t)view->place_count * SEAT_ENTRY_SIZE_MAX;
}

/* The loop that is the cost of a body: no bounds are looked at, since the room is known. */
static char *write_seats(char *target, const struct seat_names *names, const struct feed_view *view)
{
    struct tail tails[SEAT_ABSENT][SEAT_TYPE_COUNT];
    make_tails(tails);
    uint32_t place = 0;
    for (uint32_t row = 0; row < view->rows; row++) {
        for (uint32_t col = 0; col < view->cols; col++, place++) {
            const uint8_t state = view->states[place];
            if (state >= SEAT_ABSENT) continue;
            CHECK(view->types[place] < SEAT_TYPE_COUNT);
            const struct tail *tail = &tails[state][view->types[place]];
            memcpy(target, names->texts[row][col], names->sizes[row][col]);
            target += names->sizes[row][col];
            memcpy(target, tail->text, tail->size);
            target += tail->size;
        }
    }
    return target;
}

void seat_body_append(struct buffer *buffer, const struct seat_names *names, struct slice head,
                      const struct feed_view *view)
{
    CHECK(view->rows <= ROWS_MAX && view->cols <= COLS_MAX);
    CHECK(view->place_count == (uint32_t)view->rows * view->cols);

    buffer_append(buffer, SLICE("{\"showtime_id\":\""));
    buffer_append_hex(buffer, view->showtime.bytes, ID_SIZE);
    buffer_append(buffer, SLICE("\",\"version\":"));
    buffer_append_unsigned(buffer, view->version);
    buffer_append_char(buffer, ',');
    buffer_append(buffer, head);
    buffer_append(buffer, SLICE("\"seats\":{"));
    const size_t room = (size_t)view->place_count * SEAT_ENTRY_SIZE_MAX;
    if (buffer->overflowed || buffer->capacity - buffer->size < room) {
        buffer->overflowed = true;
        return;
    }
    char *start = buffer->data + buffer->size;
    char *end = write_seats(start, names, view);
    CHECK((size_t)(end - start) <= room);
    if (end > start) end--; /* The last comma. */
    buffer->size += (size_t)(end - start);
    buffer_append(buffer, SLICE("}}"));
}
