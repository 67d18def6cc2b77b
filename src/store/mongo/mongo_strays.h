/* mongo_strays.h - what no turn looks after: intents that no commit followed, and documents of
 * another hand.
 *
 * A crash between an intent and its commit leaves a booking that never was; it is ended once its
 * time is over, by an update of its showtime like any other end, so that no late commit can still
 * make it true. Nobody is shown it, and its key is free: who asks again is decided anew. A showtime
 * that usher has not written lacks what the timers look for; it is given that when it is first
 * loaded, or when one of its bookings is overdue.
 *
 * Thread: the store's.
 */
#pragma once

#include "store/mongo/mongo_state.h"

/* Has usher never written this showtime? */
bool mongo_strays_foreign(const bson_t *showtime);

/* Writes into such a showtime, of which `map` and the cut were read, when something is due in it.
 * Moves its version, and the map's. ERROR_BOOKING_LOCK_FAILED if somebody was first. */
MUST_USE enum error mongo_strays_take_over(struct mongo_store *store, struct seat_map *map,
                                           int64_t now_ms);

/* A round, of bounded work; an error that others will meet too ends it. */
enum error mongo_strays_sweep(struct mongo_store *store, int64_t now_ms);
