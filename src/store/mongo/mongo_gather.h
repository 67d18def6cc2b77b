/* mongo_gather.h - a turn's facts, as of one version of its showtime.
 *
 * The showtime is read first: the documents may show more than it, never less, and then its
 * version has moved and the turn is decided again.
 *
 * Thread: the store's.
 */
#pragma once

#include "store/mongo/mongo_state.h"

/* Takes the cut out of the showtime's document; false if it cannot be read. */
bool mongo_gather_take_cut(struct mongo_store *store, struct id showtime, const bson_t *document);

/* Reads the cut. ERROR_SHOWTIME_NOT_FOUND; ERROR_INTERNAL_ERROR if it is broken. */
MUST_USE enum error mongo_gather_cut(struct mongo_store *store, struct id showtime);

/* The cut, if it is older than the batch, must still be so: ERROR_BOOKING_LOCK_FAILED if somebody
 * was first. For a turn with nothing to write. */
MUST_USE enum error mongo_gather_prove(struct mongo_store *store);

/* Fills the turn's facts, and gives each command the id of what it makes. */
MUST_USE enum error mongo_gather_turn(struct mongo_store *store, struct turn *turn);
