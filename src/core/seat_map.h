/* seat_map.h - the seats of one showtime, who has them, and until when.
 *
 * The one thing that turns change. It lives in memory while its showtime is open and is
 * rebuilt from the store; if a commit fails, the map is dropped and loaded again.
 *
 * Shape:  place = row * cols + (col - 1); seats stand in `states` by place; a place without a
 *         seat is SEAT_ABSENT. `claims[place]` has meaning for held, booked and blocked seats.
 * Units:  *_ms are UTC milliseconds since 1970; prices are the currency's smallest unit.
 * Thread: the thread of the showtime's turn.
 */
#pragma once

#include "core/id.h"
#include "core/limits.h"
#include "core/reason.h"

enum seat_state { SEAT_AVAILABLE, SEAT_HELD, SEAT_BOOKED, SEAT_BLOCKED, SEAT_ABSENT };
enum seat_type { SEAT_STANDARD, SEAT_VIP, SEAT_COUPLE, SEAT_TYPE_COUNT };
enum showtime_status { SHOWTIME_SCHEDULED, SHOWTIME_CANCELLED, SHOWTIME_COMPLETED };

/* A seat as people name it: row 0 is A, columns start at 1. `AB120` and `A01` are well formed
 * in any house, so a name can be of a seat that no layout has. */
struct seat_name {
    uint16_t row;   /* 0..701: A..ZZ. */
    uint16_t col;   /* 0..999. */
    uint16_t zeros; /* Leading zeros as written; no seat has any. */
};

enum { SEAT_NAME_SIZE_MAX = 5 };

/* Who has a seat. */
struct seat_claim {
    struct id booking;     /* Or the block's id. */
    uint64_t holder;       /* The user's tag, to tell "yours"; 0 for a block. */
    int64_t held_until_ms; /* Of a held seat. */
};

struct seat_layout {
    uint16_t rows;                         /* 1..ROWS_MAX */
    uint16_t cols;                         /* 1..COLS_MAX */
    uint8_t types[SEATS_PER_SHOWTIME_MAX]; /* enum seat_type by place; SEAT_TYPE_COUNT: no seat. */
};

struct seat_map {
    struct id showtime;
    uint64_t version;
    enum showtime_status status;
    struct reason cancellation_reason; /* Of a cancelled showtime, */
    int64_t cancelled_at_ms;           /* and since when. */
    int64_t starts_at_ms;
    int64_t ends_at_ms;
    int64_t prices[SEAT_TYPE_COUNT];
    int64_t number;       /* The store's own, of the showtime. */
    uint64_t layout;      /* The store's name for the layout: another one, another layout. */
    uint32_t place_count; /* rows * cols */
    uint16_t rows;
    uint16_t cols;
    int64_t next_lapse_ms;     /* No booking ends by the clock or by a cancelled showtime before
                                  this; INT64_MAX: none will. */
    uint8_t *states;           /* [place_count], enum seat_state */
    uint8_t *types;            /* [place_count], enum seat_type */
    uint8_t *marks;            /* [place_count], a piece of the tag of who holds a held seat */
    struct seat_claim *claims; /* [place_count] */
};

#define PLACE_NONE UINT32_MAX

/* Bytes that a map of `place_count` places needs behind it. */
size_t seat_map_size(uint32_t place_count);

/* Lays out an empty map in `block` of seat_map_size bytes, which the caller owns, aligned to
 * 16. All seats of the layout are available. */
void seat_map_init(struct seat_map *map, const struct seat_layout *layout, void *block);

/* Gives a seat a state and a claim; an empty one where nobody has it. */
void seat_map_put(struct seat_map *map, uint32_t place, enum seat_state state,
                  const struct seat_claim *claim);

/* Reads 1-2 letters A-Z and 1-3 digits; false, and `ret_name` untouched, if malformed.
 * No layout has a seat with leading zeros (`A01`). */
bool seat_name_parse(struct slice text, struct seat_name *ret_name);

/* Writes the name into `target` of SEAT_NAME_SIZE_MAX bytes and gives its size. */
size_t seat_name_format(struct seat_name name, char *target);

/* The place of a seat; PLACE_NONE if the layout has no seat of that name. */
uint32_t seat_map_find(const struct seat_map *map, struct seat_name name);

struct seat_name seat_map_name(const struct seat_map *map, uint32_t place);

/* Is a hold that ends at `held_until_ms` still alive? The one place that says so. */
bool seat_live(int64_t held_until_ms, int64_t now_ms);

/* How many seats can be sold now; counted, never kept. */
uint32_t seat_map_available(const struct seat_map *map);

/* Seats that exist. */
uint32_t seat_map_total(const struct seat_map *map);

/* The first moment at which a booking must end: when a held seat lapses; now and ever (0) while
 * a cancelled showtime has bookings; INT64_MAX if there is none. */
int64_t seat_map_next_lapse_ms(const struct seat_map *map);

/* Live seats that `holder` holds; `ret_first_end_ms` is the first moment one of them lapses. */
uint32_t seat_map_held_by(const struct seat_map *map, uint64_t holder, int64_t now_ms,
                          int64_t *ret_first_end_ms);

/* The showtime's status by the clock: `completed` from its end on. */
enum showtime_status showtime_status_at(enum showtime_status stored, int64_t ends_at_ms,
                                        int64_t now_ms);

/* Contract words. */
struct slice seat_state_name(enum seat_state state);
struct slice seat_type_name(enum seat_type type);
struct slice showtime_status_name(enum showtime_status status);
bool seat_type_parse(struct slice text, enum seat_type *ret_type);
bool showtime_status_parse(struct slice text, enum showtime_status *ret_status);
