/* mongo_programme.h - showtimes in the order of their start, a page at a time.
 *
 * Some servers look at every document that matches, whatever the limit, and a showtime's has all
 * its seats. So a page is asked for in windows of start times, which grow until it is full: what
 * a server examines is in proportion to the page, not to the programme. Where a list from the
 * very start begins is remembered; that is a guess, which is never trusted: what starts before
 * it is asked for first.
 *
 * Shape:  at most a dozen questions a page, and one each for its cursor, what starts together
 *         with it, and what starts before the guess; the first guess takes two dozen.
 * Errors: ports/catalogue.h.
 * Thread: the client's.
 */
#pragma once

#include "store/mongo/mongo_zones.h"

/* What only seats and turns need is most of a showtime. */
#define MONGO_PROGRAMME_FIELDS "{\"seats\": 0, \"settle\": 0, \"layout\": 0, \"batches\": 0}"

struct mongo_programme {
    struct mongo_zones zones;
    bool begun; /* Is there a guess? */
    int64_t begins_at_ms;
};

MUST_USE enum error mongo_programme_list(struct mongo_programme *programme,
                                         struct mongo_client *client,
                                         const struct showtime_query *query, struct arena *arena,
                                         struct showtime *showtimes, size_t *ret_count,
                                         bool *ret_more);
