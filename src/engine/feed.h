/* feed.h - the committed seat maps, for those who look while turns go on.
 *
 * The engine publishes a showtime after each commit; readers copy what was published, and
 * never see a turn before it is durable. Live maps listen here for versions.
 *
 * Shape:  one entry per resident showtime; up to SHOWTIMES_RESIDENT_MAX.
 * Thread: any; one mutex per entry, held for a copy of at most 2.5 KB.
 */
#pragma once

#include "core/seat_map.h"

struct feed;

/* What a reader gets: the map's face without its owners. */
struct feed_view {
    struct id showtime;
    uint64_t version;
    uint64_t layout; /* The store's name for the layout. */
    uint16_t rows;
    uint16_t cols;
    uint32_t place_count;
    int64_t prices[SEAT_TYPE_COUNT];
    uint8_t states[SEATS_PER_SHOWTIME_MAX]; /* enum seat_state */
    uint8_t types[SEATS_PER_SHOWTIME_MAX];  /* enum seat_type */
};

/* `capacity` entries, at most SHOWTIMES_RESIDENT_MAX; NULL without memory. */
struct feed *feed_open(uint32_t capacity);
void feed_close(struct feed *feed);

/* Makes a committed map visible. `slot` is the engine's, below the capacity. */
void feed_publish(struct feed *feed, uint32_t slot, const struct seat_map *map);

/* The slot's showtime has left memory. */
void feed_withdraw(struct feed *feed, uint32_t slot);

/* The committed version; false if the showtime is not in memory. */
bool feed_version(struct feed *feed, struct id showtime, uint64_t *ret_version);

/* Copies what was published; false if the showtime is not in memory. */
bool feed_read(struct feed *feed, struct id showtime, struct feed_view *ret_view);

/* What all showtimes in memory have, by the state of their places. */
struct feed_totals {
    uint32_t showtimes;
    uint64_t seats[SEAT_ABSENT + 1];
};

/* Looks at every entry, one lock at a time: for a scrape, not for a request. */
struct feed_totals feed_totals(struct feed *feed);
