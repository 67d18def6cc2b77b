/* mongo_record.h - a decided turn: its intents, and the update that will commit it.
 *
 * New bookings, payments and blocks are inserted first; they mean nothing until the showtime
 * refers to them. Money is noted on its payment. All else waits for the commit, in the update.
 *
 * Errors: ERROR_BOOKING_LOCK_FAILED - somebody else makes the same: decide again.
 * Thread: the store's.
 */
#pragma once

#include "store/mongo/mongo_state.h"

MUST_USE enum error mongo_record_turn(struct mongo_store *store, const struct turn *turn);
