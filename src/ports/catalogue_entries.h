/* catalogue_entries.h - movies, cinemas and showtimes on their way into a store.
 *
 * Made by reading a catalogue file; all that stands here has been checked, and every entry has
 * its id. Written all or nothing.
 *
 * Shape:  texts and arrays are borrowed from the reader's arena.
 */
#pragma once

#include "ports/catalogue.h"

struct showtime_entry {
    struct showtime showtime;    /* available_seats, version and status are the store's. */
    const struct screen *screen; /* Its plan is the one that the showtime is sold by. */
    struct slice timezone;       /* The cinema's. */
};

struct catalogue_entries {
    size_t movie_count;
    struct movie *movies;
    size_t cinema_count;
    struct cinema *cinemas;
    size_t showtime_count;
    struct showtime_entry *showtimes;
};

struct time_zone; /* Whoever has the tables knows what is in it. */

/* What a store must know about letters and time zones, and takes from whoever has the
 * tables. */
struct locale {
    /* Text without its case; data NULL when the arena is full. */
    struct slice (*fold)(struct slice text, struct arena *arena);
    /* A time zone, until it is closed; NULL if it is not known. Slow: files may be read. */
    struct time_zone *(*open_zone)(struct slice name);
    void (*close_zone)(struct time_zone *zone);
    /* The local date `YYYY-MM-DD` of a moment, 10 bytes and no NUL; false if it has none. */
    bool (*date_of)(struct time_zone *zone, int64_t moment_ms, char *target);
};

enum { CATALOGUE_WRITE_KEPT_MAX = 20 }; /* A screenful. */

/* What writing a catalogue did. */
struct written_count {
    size_t added;
    size_t changed;
};

struct catalogue_report {
    struct written_count movies;
    struct written_count cinemas;
    struct written_count showtimes;
    size_t kept_count;                     /* Showtimes that would change but have bookings, */
    size_t kept[CATALOGUE_WRITE_KEPT_MAX]; /* and the positions of the first ones. */
};
