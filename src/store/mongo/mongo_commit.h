/* mongo_commit.h - the one update that decides, and what is done when nobody knows whether it did.
 *
 * An update whose outcome is unknown is sent again, the same to the byte: either it applies now,
 * or the version has moved and what is still under way can never match. What is not resolved in
 * time is kept, and sent again before its showtime is read the next time.
 *
 * Thread: the store's.
 */
#pragma once

#include "store/mongo/mongo_state.h"

enum { MONGO_COMMIT_MS = 3500 }; /* Within the 5 s after which a client is told anyhow. */

/* Commits a plan: ERROR_BOOKING_LOCK_FAILED - somebody else was first;
 * ERROR_STORE_UNAVAILABLE - not sent; ERROR_OUTCOME_UNKNOWN. */
MUST_USE enum error mongo_commit_plan(struct mongo_store *store, const struct mongo_plan *plan);

/* Resolves what is unresolved of a showtime, or of the gate; none: of all. */
enum error mongo_commit_resolve(struct mongo_store *store, struct id id);
