/* calendar.h - moments, days and time zones as people write them.
 *
 * The catalogue speaks of local days and local hours; everything behind it knows UTC
 * milliseconds only. Time zones are GLib's, read from the system's tzdata, which must be
 * installed. Slow (files are read): for loading and starting, never for a turn.
 *
 * Units:  *_ms are UTC milliseconds since 1970, up to the year 9999.
 * Errors: false, with the outputs untouched, for text that is malformed.
 * Thread: any.
 */
#pragma once

#include "base/check.h"
#include "base/slice.h"

enum {
    CALENDAR_DATE_SIZE = 10,     /* YYYY-MM-DD */
    CALENDAR_ZONE_SIZE_MAX = 64, /* The longest IANA name has 32. */
};

/* Is it a zone of the IANA database: `UTC`, or an `Area/City`? Fixed offsets, POSIX rules and
 * names without an area are not: a browser has to know the zone too. */
MUST_USE bool calendar_zone_known(struct slice zone);

/* Is it a day, `YYYY-MM-DD`? */
MUST_USE bool calendar_date_valid(struct slice date);

/* Reads an ISO 8601 moment with seconds and its offset from UTC: `2024-01-15T10:30:00.000Z`,
 * `2024-01-15T17:30:00+07:00`. Fractions below a millisecond are dropped. */
MUST_USE bool calendar_parse_moment(struct slice text, int64_t *ret_moment_ms);

/* The moments of a zone's local day: from its first to, excluded, the next day's first. Days
 * of a clock change have 23 or 25 hours, and a day may begin at 01:00. */
MUST_USE bool calendar_day(struct slice zone, struct slice date, int64_t *ret_from_ms,
                           int64_t *ret_to_ms);

struct time_zone;

/* Opens a zone, whose days then cost no file; NULL if it is not known. */
struct time_zone *calendar_zone_open(struct slice name);
void calendar_zone_close(struct time_zone *zone);

/* Writes the local date of a moment, CALENDAR_DATE_SIZE bytes and no NUL; false if the moment
 * is before 1970 or after 9999. */
MUST_USE bool calendar_date_of(struct time_zone *zone, int64_t moment_ms, char *target);

/* Reads `+2d 19:30`: an hour of the day that is two local days after now's. An hour that a
 * clock change skips is the moment of the change; one that comes twice is the one of standard
 * time. At most 365 days ahead. */
MUST_USE bool calendar_parse_ahead(struct slice text, struct slice zone, int64_t now_ms,
                                   int64_t *ret_moment_ms);
