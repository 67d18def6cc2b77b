/* seat_body.h - the seat map of a showtime as JSON, made fast.
 *
 * A sale changes a map many times a second and every change makes a new body for everybody who
 * looks. So what never changes is written once (the head) and a seat is three copies of
 * prepared text.
 *
 * Shape:  a body is at most SEAT_BODY_SIZE_MAX bytes, a head SEAT_HEAD_SIZE_MAX.
 * Thread: any.
 * Source: docs/http-api.md, "Catalogue and seat map".
 */
#pragma once

#include "base/buffer.h"
#include "engine/feed.h"
#include "ports/catalogue.h"

enum {
    /* Each place may be named twice, `"AX50",`, and each column once. */
    SEAT_HEAD_SIZE_MAX = 2 * 8 * SEATS_PER_SHOWTIME_MAX + 3 * COLS_MAX + 512,
    /* `"AX50":{"status":"available","seat_type":"standard"},` */
    SEAT_ENTRY_SIZE_MAX = 56,
    SEAT_BODY_SIZE_MAX = SEAT_HEAD_SIZE_MAX + SEAT_ENTRY_SIZE_MAX * SEATS_PER_SHOWTIME_MAX + 128,
};

/* The beginnings of all seats' members, `"A1":{"status":`, by row and column. */
struct seat_names {
    uint8_t sizes[ROWS_MAX][COLS_MAX];
    char texts[ROWS_MAX][COLS_MAX][24];
};

void seat_names_init(struct seat_names *names);

/* Appends the members `layout` and `prices`, with a comma behind each. */
void seat_body_append_head(struct buffer *buffer, const struct seat_plan *plan,
                           const int64_t prices[SEAT_TYPE_COUNT]);

/* Appends the whole body. `head` is what seat_body_append_head made for this showtime. */
void seat_body_append(struct buffer *buffer, const struct seat_names *names, struct slice head,
                      const struct feed_view *view);

/* Bytes that are enough for the whole body. */
size_t seat_body_size_max(struct slice head, const struct feed_view *view);
