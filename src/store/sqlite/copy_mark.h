/* copy_mark.h - tells a copy of the store from the store, so that no version comes twice.
 *
 * A version names one seat map of its showtime: clients keep what they know by it, and ask only
 * for what is newer. A restored copy has forgotten the last versions, and would give their
 * numbers to other maps. So a backup is marked, and who first opens a marked file to serve it
 * raises all its versions to the clock's milliseconds, which no showtime's changes outrun.
 * A constant would not do: the same copy may be restored twice. A clock that is behind does not
 * either: it may give a version that was given before.
 *
 * Shape:  the row `copied_at` of `setting`.
 */
#pragma once

#include "store/sqlite/database.h"

/* Marks a copy that nobody has open. SQLite's code; SQLITE_OK if it went well. */
MUST_USE int copy_mark_set(sqlite3 *copy);

/* Raises the versions of a marked store and takes the mark away, in one transaction. Sets
 * `ret_reason` if it cannot. */
MUST_USE enum error copy_mark_settle(struct database *database, int64_t now_ms,
                                     struct database_reason *ret_reason);
