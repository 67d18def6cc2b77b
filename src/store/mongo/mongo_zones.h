/* mongo_zones.h - the time zones of the cinemas, as they are now.
 *
 * A showtime's day is its cinema's. The cinema alone says its zone, so that a new one moves all
 * its showtimes at once; what a showtime says of it is for people, and for one without a cinema.
 *
 * Shape:  up to MONGO_ZONES_CINEMAS_MAX cinemas in up to MONGO_ZONES_MAX zones; showtimes of
 *         more of them go by what they say themselves.
 * Thread: the client's.
 */
#pragma once

#include "ports/catalogue_entries.h"
#include "store/mongo/mongo_connection.h"

enum {
    MONGO_ZONES_CINEMAS_MAX = 4096, /* A page of all of them is one round trip. */
    MONGO_ZONES_MAX = 64,           /* More than any chain has. */
    MONGO_ZONES_NAME_SIZE = 64,
};

struct mongo_zone {
    char name[MONGO_ZONES_NAME_SIZE];
    struct time_zone *zone;
};

struct mongo_zones {
    const struct locale *locale;
    uint32_t zone_count; /* Opened since the start; they stay open. */
    struct mongo_zone zones[MONGO_ZONES_MAX];
    uint32_t cinema_count; /* Of the last reading, in the order of their ids. */
    struct {
        struct id id;
        uint32_t zone;
    } cinemas[MONGO_ZONES_CINEMAS_MAX];
};

void mongo_zones_close(struct mongo_zones *zones);

/* Reads the zone of a cinema; none: of all. */
MUST_USE enum error mongo_zones_read(struct mongo_zones *zones, struct mongo_client *client,
                                     struct id cinema);

/* The moments between which a local day may lie, in any of the zones that were read. False if
 * `date` is none. */
bool mongo_zones_span(const struct mongo_zones *zones, struct slice date, int64_t *ret_from_ms,
                      int64_t *ret_until_ms);

/* Does the showtime start on that day of its cinema? */
bool mongo_zones_of_day(struct mongo_zones *zones, const bson_t *showtime, struct slice date);
