/* mongo_export.h - everything in a database, as records on their way to another store.
 *
 * First it writes what commits have left unsettled, as any instance would; then the documents say
 * all. Instances must be at rest: an export during which a showtime moves is refused, because
 * its parts may be of different moments.
 *
 * Errors: false, with a sentence that says why.
 */
#pragma once

#include "store/mongo/mongo_connection.h"
#include "store/move/move_file.h"

/* Writes all records; `head` gets the database's secrets. */
MUST_USE bool mongo_export(struct mongo_connection *connection, const struct move_head *head,
                           struct move_file *file, struct move_reason *ret_reason);
