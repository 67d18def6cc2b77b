/* mongo_import.h - records from another store into an empty database.
 *
 * A database cannot take ten million records at once, so it is marked as incomplete until the
 * last one is in; see mongo_move.h. What a document needs that no record says is derived: when
 * something of a showtime is due, and which commit its documents show.
 *
 * Errors: false, with a sentence that says why.
 */
#pragma once

#include "ports/catalogue_entries.h"
#include "store/mongo/mongo_connection.h"
#include "store/move/move_target.h"

struct mongo_import;

/* Takes a client, makes the mark, empties what an import before has left. Keeps `locale`. */
MUST_USE bool mongo_import_open(struct mongo_connection *connection, const struct locale *locale,
                                int64_t now_ms, struct mongo_import **ret_import,
                                struct move_reason *ret_reason);

struct move_target mongo_import_target(struct mongo_import *import);
