/* mongo_echo.h - what a showtime has decided, written into the documents it is about.
 *
 * Never on the way to an answer, and by anybody: each write names the version that it shows and
 * replaces only what is older, so late ones and repeated ones are harmless.
 *
 * Errors: ERROR_STORE_UNAVAILABLE - some may be missing; they stay in the showtime;
 *         ERROR_INTERNAL_ERROR - some cannot be written, and stay there too.
 * Thread: the store's.
 */
#pragma once

#include "store/mongo/mongo_state.h"

/* Writes those that the store has not written itself. */
enum error mongo_echo_write(struct mongo_store *store, const struct mongo_settle *settle);

/* The keys of the last commit, which are found without; an error is nobody's loss. */
void mongo_echo_new_keys(struct mongo_store *store);

/* Has this store written the entry? False, too, if that is long ago. */
bool mongo_echo_done(const struct mongo_store *store, const struct mongo_settle_entry *entry);
