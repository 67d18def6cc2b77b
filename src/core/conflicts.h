/* conflicts.h - every seat that stands in the way of a hold or a block, not only the first.
 *
 * Shape:  one entry per seat asked for at most; the caller's array has room for them all.
 */
#pragma once

#include "core/booking.h"
#include "core/refusal.h"

struct seat_conflict {
    struct seat_name name;
    enum seat_state state; /* SEAT_ABSENT: no such seat. */
    bool yours;            /* Held by a live booking of the same user. */
};

/* Seats that somebody asks for. */
struct seat_wish {
    const struct seat_name *seats;
    uint32_t count;
    uint64_t tag; /* The user's, to tell "yours". */
};

/* REFUSAL_INVALID_SEAT with the seats that the map does not have, or REFUSAL_NONE. */
enum refusal conflicts_of_names(const struct seat_map *map, const struct seat_wish *wish,
                                struct seat_conflict *conflicts, uint8_t *ret_count);

/* The refusal that its firmest seat gives and all that are not available, or REFUSAL_NONE. The
 * map must have them all. */
enum refusal conflicts_of_claims(const struct seat_map *map, const struct seat_wish *wish,
                                 struct seat_conflict *conflicts, uint8_t *ret_count);
