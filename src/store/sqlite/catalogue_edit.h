/* catalogue_edit.h - a movie, a cinema or a showtime that staff add or change, into `usher.db`.
 *
 * Judged against the rows inside the batch's transaction, so that no reading of before can
 * mislead it; written with its entry in the journal, or not at all.
 *
 * Errors: ERROR_INTERNAL_ERROR for a row that cannot be an entry: the edit alone is undone.
 *         ERROR_STORE_UNAVAILABLE, ERROR_OUTCOME_UNKNOWN as database.h says.
 * Thread: the database's.
 */
#pragma once

#include "ports/catalogue_edit.h"
#include "store/sqlite/database.h"

/* Runs in a savepoint of the open transaction and sets the edit's answer. */
MUST_USE enum error catalogue_edit(struct database *database, struct catalogue_edit *edit,
                                   int64_t now_ms);
