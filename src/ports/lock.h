/* lock.h - who may run a showtime's turn, among instances that share a store. Owned by the engine.
 *
 * It saves work and never decides: two that believe they have the lock are told apart by the
 * store's commit. So an implementation that cannot reach its service lets the turn go on.
 *
 * Errors: ERROR_BOOKING_LOCK_FAILED from `acquire` - the turn must not run, and its commands hear
 *         so.
 * Thread: the writer's, which waits in `acquire`; for how long is the implementation's to say.
 */
#pragma once

#include "base/error.h"
#include "core/id.h"

struct lock_methods {
    /* Takes the lock, or goes on without. `ret_contended`: somebody else had it in between, so
     * that what is in memory of the showtime is most likely old. */
    enum error (*acquire)(void *context, struct id showtime, bool *ret_contended);

    /* Gives it back, if it was taken. After each acquire that did not fail, and before the next. */
    void (*release)(void *context, struct id showtime);
};

struct lock {
    void *context;
    const struct lock_methods *methods; /* NULL: there is no lock, and a turn pays nothing. */
};
