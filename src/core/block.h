/* block.h - seats of one showtime that staff keep from sale, until they release them.
 *
 * Shape:  1..SEATS_PER_BLOCK_MAX seats, in the order given. A released block stays on record.
 * Units:  *_ms are UTC milliseconds; 0 means "not set".
 */
#pragma once

#include "core/booking.h"

struct block {
    struct id id;
    struct id showtime;
    uint8_t seat_count;
    struct seat_name seats[SEATS_PER_BLOCK_MAX];
    struct reason reason;
    struct user created_by;
    int64_t created_at_ms;
    int64_t released_at_ms; /* Its seats are free again. */
};
