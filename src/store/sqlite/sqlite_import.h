/* sqlite_import.h - records from another store into an empty `usher.db`, in one transaction.
 *
 * Ids stay what they are. One that this store would make of its number has that number; any
 * other gets one near the time it was made at, so that the newest still comes first.
 *
 * Errors: false, with a sentence that says why; nothing has changed then.
 */
#pragma once

#include "ports/catalogue_entries.h"
#include "store/move/move_target.h"
#include "store/sqlite/database.h"

struct sqlite_import;

/* Opens the file, which must be empty, and begins. Keeps `locale`. The caller has the folder's
 * lock. */
MUST_USE bool sqlite_import_open(const char *path, const struct locale *locale, int64_t now_ms,
                                 struct sqlite_import **ret_import, struct move_reason *ret_reason);

struct move_target sqlite_import_target(struct sqlite_import *import);
