/* catalogue_read.h - the catalogue port over `usher.db`, on a connection that only reads.
 *
 * A page is found by where its cursor's entry stands, so entries that come or go move
 * nothing. Texts are searched in the columns that were folded when they were written.
 *
 * Errors: ports/catalogue.h; a row that cannot be an entry (a foreign hand, a damaged file)
 *         is logged and ERROR_INTERNAL_ERROR.
 * Thread: one at a time.
 */
#pragma once

#include "ports/catalogue_entries.h"
#include "store/sqlite/database.h"

struct catalogue_read;

/* Opens the file, which must be there. Keeps `locale`. */
MUST_USE enum error catalogue_read_open(const char *path, const struct locale *locale,
                                        struct catalogue_read **ret_read,
                                        struct database_reason *ret_reason);

/* Accepts NULL. */
void catalogue_read_close(struct catalogue_read *read);

struct catalogue catalogue_read_port(struct catalogue_read *read);
