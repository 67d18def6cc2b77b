/* sqlite_export.h - everything in `usher.db`, as records on their way to another store.
 *
 * Four streams in the order of the showtimes, read side by side: SQLite sorts them on the disk,
 * so memory stays bounded whatever there is.
 *
 * Errors: false, with a sentence that says why; the store is only read.
 */
#pragma once

#include "store/move/move_file.h"
#include "store/sqlite/database.h"

/* Writes all records; `head` gets the store's secrets. The caller has the folder's lock. */
MUST_USE bool sqlite_export(struct database *database, const struct move_head *head,
                            struct move_file *file, struct move_reason *ret_reason);
