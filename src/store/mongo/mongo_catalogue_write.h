/* mongo_catalogue_write.h - a checked catalogue into MongoDB, beside instances that serve.
 *
 * As over `usher.db`: a new entry is added, one with other content is changed, and a showtime
 * that has bookings or blocked seats never changes. All is judged before anything is written;
 * what is written then is written entry by entry, and running it again completes it. Movies and
 * cinemas take the way of staff's edits, a showtime that changes that of its turns; new ones are
 * added many at once.
 *
 * Errors: ERROR_VALIDATION_FAILED: showtimes were kept from changing, see the report;
 *         ERROR_OUTCOME_UNKNOWN: part of it may be written; ERROR_STORE_UNAVAILABLE: nothing is.
 * Thread: the store's.
 */
#pragma once

#include "ports/catalogue_entries.h"
#include "store/mongo/mongo_store.h"

MUST_USE enum error mongo_catalogue_write(struct mongo_store *store,
                                          const struct catalogue_entries *entries,
                                          const struct locale *locale, int64_t now_ms,
                                          struct catalogue_report *ret_report);

/* Is there no movie, cinema and showtime? */
MUST_USE enum error mongo_catalogue_write_empty(struct mongo_store *store, bool *ret_empty);
