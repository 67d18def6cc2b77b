/* seat_pages.h - GET /api/showtimes/:id/seats, from one body per showtime and version.
 *
 * When a sale opens, everybody looks at one seat map. It is written and compressed once for
 * each version that somebody asks for, and handed out by reference; an unchanged map costs the
 * comparison of a version.
 *
 * Shape:  SEAT_PAGES_SETS sets of SEAT_PAGES_WAYS showtimes; the longest unused one makes
 *         room. A showtime's bodies are at most 200 KB, typically 8.
 * Thread: any; one mutex per set, held while a body is made (well below a millisecond), so
 *         that it is made once.
 * Source: docs/http-api.md, "Catalogue and seat map".
 */
#pragma once

#include "http/desk.h"

enum {
    SEAT_PAGES_SETS = 128, /* With the ways: 512 showtimes that people look at. */
    SEAT_PAGES_WAYS = 4,
    SEAT_TAG_SIZE_MAX = 40, /* Quotes, a version, eight digits and `-gzip`. */
};

/* A body and what stands in the headers beside it. */
struct seat_page {
    struct shared *body; /* A reference of the caller's own. */
    uint64_t version;
    size_t tag_size;
    char tag[SEAT_TAG_SIZE_MAX];
};

/* NULL without memory. */
struct seat_pages *seat_pages_open(void);
void seat_pages_close(struct seat_pages *pages); /* Accepts NULL. */

/* The page of a showtime as last committed. ERROR_SHOWTIME_NOT_FOUND if it is not in memory;
 * ERROR_OVERLOADED without memory; what the catalogue says if the plan cannot be read. */
MUST_USE enum error seat_pages_find(struct seat_pages *pages, struct feed *feed,
                                    const struct catalogue *catalogue, struct id showtime,
                                    bool gzip, struct seat_page *ret_page);

/* Answers the request; a showtime that is not in memory is brought there first. */
void seat_pages_handle(struct desk *desk, struct exchange *exchange, struct slice id);
