/* mongo_booked.h - has anybody ever booked a showtime?
 *
 * Thread: the store's.
 */
#pragma once

#include "store/mongo/mongo_state.h"

/* Has the showtime of the store's cut bookings, whatever became of them? Those that hold or have
 * its seats are the caller's to see. An intent that nothing followed is none. */
MUST_USE enum error mongo_booked_ask(struct mongo_store *store, bool *ret_booked);
