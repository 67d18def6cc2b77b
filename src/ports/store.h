/* store.h - where turns are made durable. Owned by the engine.
 *
 * One writer uses it: begin; for each waiting showtime gather, decide (in the core), record;
 * then commit, and only then do answers leave. Everything between begin and commit becomes
 * durable together or not at all.
 *
 * Errors: ERROR_STORE_UNAVAILABLE - nothing was written, try again later (disk full);
 *         ERROR_OUTCOME_UNKNOWN - it may be durable or not: stop accepting and restart;
 *         ERROR_INTERNAL_ERROR from `gather` and `record` - the store refuses this turn (a double
 *         sale, a broken row): this turn is undone, the others of the batch go on.
 *         A shared store has others that write beside it, and besides:
 *         ERROR_BOOKING_LOCK_FAILED from `gather`, `record` or `commit` - somebody else was
 *         first: nothing was written, load the showtime again and decide again;
 *         ERROR_OUTCOME_UNKNOWN - the store finds out by itself before it loads the showtime
 *         the next time: go on.
 * Thread: the writer's.
 */
#pragma once

#include "core/turn.h"

struct catalogue_edit; /* See ports/catalogue_edit.h. */

enum { SHOWTIME_BLOCK_SIZE_MAX = 96 * 1024 }; /* Holds seat_map_size of the largest layout. */

struct store_methods {
    /* Lays out the showtime's map in `block` (16-aligned, SHOWTIME_BLOCK_SIZE_MAX) with
     * its claims, as last committed, seen from inside the open batch if one is open.
     * `ret_map->next_lapse_ms` is set. ERROR_SHOWTIME_NOT_FOUND if there is none. */
    enum error (*load)(void *context, struct id showtime, void *block, struct seat_map *ret_map);

    /* Up to `capacity` ids of showtimes with pending bookings, or cancelled ones whose bookings
     * still have seats, above `after` (none: from the start) in the order of their bytes.
     * Called at start, so that what must end ends on time. */
    enum error (*pending)(void *context, struct id after, struct id *showtimes, size_t capacity,
                          size_t *ret_count);

    enum error (*begin)(void *context);

    /* Adds to `turn->facts` what its commands name (those not there yet) and lends the turn the
     * numbers of what it makes; or sets `made` of its commands. */
    enum error (*gather)(void *context, struct turn *turn);

    /* Writes the changed facts, the journal, the changed seats, and the map's version; and its
     * cancellation, if the turn has cancelled the showtime. A shared store may grow the map's
     * version: each of its commits has one of its own. */
    enum error (*record)(void *context, const struct turn *turn);

    /* Adds or changes an entry of the catalogue and sets the edit's answer. A showtime must be
     * loaded again after it was written. ERROR_INTERNAL_ERROR: this edit alone is undone. */
    enum error (*edit)(void *context, struct catalogue_edit *edit, int64_t now_ms);

    enum error (*commit)(void *context);

    /* Undoes everything since begin. */
    void (*rollback)(void *context);

    /* Housekeeping between batches: checkpoints, old keys, ended showtimes. Bounded work. Only
     * ERROR_OUTCOME_UNKNOWN matters: the store takes no more batches. */
    enum error (*tend)(void *context, int64_t now_ms);
};

struct store {
    void *context;
    const struct store_methods *methods;
    bool shared; /* Others write too: a batch is one showtime's turn, or one edit. */
};
