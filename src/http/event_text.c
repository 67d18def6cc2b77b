#include "http/event_text.h"

#include "base/buffer.h"
#include "base/check.h"
#include "http/shared.h"

/* Room for the frame and `seats`; false without memory. */
static bool begin(struct buffer *buffer, uint32_t seats)
{
    const size_t capacity = EVENT_FRAME_SIZE_MAX + (size_t)seats * EVENT_SEAT_SIZE_MAX;
    char *block = malloc(capacity);
    if (block == NULL) return false;
    buffer_init(buffer, block, capacity);
    return true;
}

static void append_head(struct buffer *buffer, const struct event_subject *subject,
                        struct slice event)
{
    buffer_append(buffer, SLICE("id: "));
    buffer_append_unsigned(buffer, subject->version);
    buffer_append(buffer, SLICE("\nevent: "));
    buffer_append(buffer, event);
    buffer_append(buffer, SLICE("\ndata: {"));
}

static void append_seat(struct buffer *buffer, const struct event_subject *subject, uint32_t place)
{
    char name[SEAT_NAME_SIZE_MAX];
    const struct seat_name seat = {.row = (uint16_t)(place / subject->cols),
                                   .col = (uint16_t)(place % subject->cols + 1)};
    buffer_append_char(buffer, '"');
    buffer_append(buffer, (struct slice){name, seat_name_format(seat, name)});
    buffer_append(buffer, SLICE("\":\""));
    buffer_append(buffer, seat_state_name((enum seat_state)subject->states[place]));
    buffer_append(buffer, SLICE("\","));
}

/* A seat left a comma behind it. */
static struct shared *finish(struct buffer *buffer)
{
    if (buffer->data[buffer->size - 1] == ',') buffer->size--;
    buffer_append(buffer, SLICE("}}\n\n"));
    CHECK(!buffer->overflowed);
    char *smaller = realloc(buffer->data, buffer->size);
    return shared_of(smaller != NULL ? smaller : buffer->data, buffer->size);
}

struct shared *event_text_snapshot(const struct event_subject *subject)
{
    CHECK(subject->cols > 0);
    CHECK(subject->place_count <= SEATS_PER_SHOWTIME_MAX);

    struct buffer buffer;
    if (!begin(&buffer, subject->place_count)) return NULL;
    append_head(&buffer, subject, SLICE("snapshot"));
    buffer_append(&buffer, SLICE("\"showtime_id\":\""));
    buffer_append_hex(&buffer, subject->showtime.bytes, ID_SIZE);
    buffer_append(&buffer, SLICE("\",\"version\":"));
    buffer_append_unsigned(&buffer, subject->version);
    buffer_append(&buffer, SLICE(",\"seats\":{"));
    for (uint32_t place = 0; place < subject->place_count; place++) {
        if (subject->states[place] != SEAT_ABSENT) append_seat(&buffer, subject, place);
    }
    return finish(&buffer);
}

struct shared *event_text_changes(const struct event_subject *subject, const uint32_t *changed,
                                  uint32_t since, uint32_t count)
{
    CHECK(subject->cols > 0);
    CHECK(subject->place_count <= SEATS_PER_SHOWTIME_MAX);

    struct buffer buffer;
    if (!begin(&buffer, count)) return NULL;
    append_head(&buffer, subject, SLICE("seats"));
    buffer_append(&buffer, SLICE("\"version\":"));
    buffer_append_unsigned(&buffer, subject->version);
    buffer_append(&buffer, SLICE(",\"seats\":{"));
    for (uint32_t place = 0; place < subject->place_count; place++) {
        if (changed[place] > since) append_seat(&buffer, subject, place);
    }
    return finish(&buffer);
}
