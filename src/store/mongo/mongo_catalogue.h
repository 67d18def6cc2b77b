/* mongo_catalogue.h - the catalogue port over MongoDB.
 *
 * A page is found by where its cursor's entry stands, as over `usher.db`; showtimes that start
 * together are in the order of their ids.
 *
 * Errors: ports/catalogue.h; ERROR_INTERNAL_ERROR for a document that cannot be an entry.
 * Thread: one thread a reader.
 */
#pragma once

#include "ports/catalogue_entries.h"
#include "store/mongo/mongo_connection.h"

struct mongo_catalogue;

/* Keeps `locale`. */
MUST_USE enum error mongo_catalogue_open(struct mongo_connection *connection,
                                         const struct locale *locale,
                                         struct mongo_catalogue **ret_catalogue);
void mongo_catalogue_close(struct mongo_catalogue *catalogue); /* Accepts NULL. */

struct catalogue mongo_catalogue_port(struct mongo_catalogue *catalogue);
