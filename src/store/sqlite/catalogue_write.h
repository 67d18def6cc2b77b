/* catalogue_write.h - a checked catalogue into `usher.db`, all of it or nothing.
 *
 * Entries are found by their ids: a new one is added, a known one with other content is
 * changed, one that is the same is left alone, and nothing is removed. A showtime that has
 * bookings or blocked seats never changes; a file that would change one is refused.
 *
 * Errors: ERROR_VALIDATION_FAILED: showtimes were kept from changing, see the report;
 *         ERROR_STORE_UNAVAILABLE, ERROR_OUTCOME_UNKNOWN as database.h says.
 * Thread: the database's.
 */
#pragma once

#include "ports/catalogue_entries.h"
#include "store/sqlite/database.h"

/* Runs a transaction of its own; none may be open. */
MUST_USE enum error catalogue_write(struct database *database,
                                    const struct catalogue_entries *entries,
                                    const struct locale *locale,
                                    struct catalogue_report *ret_report);
