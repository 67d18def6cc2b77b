/* event_text.h - the events of a live seat map as text/event-stream.
 *
 * Shape:  `id: VERSION`, `event: snapshot` or `seats`, `data: {...}`; at most
 *         EVENT_TEXT_SIZE_MAX bytes.
 * Thread: any.
 * Source: WHATWG HTML, "Server-sent events"; docs/events.md.
 */
#pragma once

#include "core/seat_map.h"

struct shared;

enum {
    EVENT_SEAT_SIZE_MAX = 20, /* `"AX50":"available",` */
    EVENT_FRAME_SIZE_MAX = 160,
    EVENT_TEXT_SIZE_MAX = EVENT_FRAME_SIZE_MAX + EVENT_SEAT_SIZE_MAX * SEATS_PER_SHOWTIME_MAX,
};

/* What an event tells of. */
struct event_subject {
    struct id showtime;
    uint64_t version;
    uint32_t cols;
    uint32_t place_count;
    const uint8_t *states; /* [place_count] enum seat_state */
};

/* Every seat. NULL without memory. */
struct shared *event_text_snapshot(const struct event_subject *subject);

/* The `count` seats whose entry in `changed` is above `since`. NULL without memory. */
struct shared *event_text_changes(const struct event_subject *subject, const uint32_t *changed,
                                  uint32_t since, uint32_t count);
