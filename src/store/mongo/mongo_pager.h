/* mongo_pager.h - a page of bookings, newest first, each as its showtime has decided.
 *
 * The documents say which showtimes to read; then the showtimes; then the documents again. What
 * a filter asks of the status is judged after that, so a page may need several looks.
 *
 * Shape:  up to BOOKINGS_LISTED_MAX bookings; in the order of their making, then of their ids.
 * Errors: ERROR_BOOKING_NOT_FOUND when `after` is not known; ERROR_STORE_UNAVAILABLE,
 *         also when thousands are of another status and none is of the one asked for.
 * Thread: the reader's.
 */
#pragma once

#include "ports/reader.h"
#include "store/mongo/mongo_view.h"

enum { MONGO_PAGE_MAX = BOOKINGS_LISTED_MAX + 1 }; /* One more says that there is more. */

struct mongo_page {
    const bson_t *filter; /* What never changes of a booking. */
    bool any_status;
    enum booking_status status;
    struct id after;
    size_t limit;
};

struct mongo_pager {
    struct mongo_view view;
    uint32_t count; /* Documents of the current look. */
    struct mongo_booking bookings[MONGO_PAGE_MAX];
};

MUST_USE enum error mongo_pager_list(struct mongo_pager *pager, struct mongo_client *client,
                                     const struct mongo_page *page, struct booking *bookings,
                                     size_t *ret_count, bool *ret_more);
