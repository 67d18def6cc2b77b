/* mongo_sweep.h - what nobody's turn does: the rest of those who died, shows that are over.
 *
 * Any instance may do it, all of them at once too: every write is conditional.
 *
 * Thread: the store's.
 */
#pragma once

#include "store/mongo/mongo_state.h"

/* Showtimes in which something is due some day; see ports/store.h. */
MUST_USE enum error mongo_sweep_pending(struct mongo_store *store, struct id after,
                                        struct id *showtimes, size_t capacity, size_t *ret_count);

/* A round, of bounded work. What fails is left to the next. */
void mongo_sweep_run(struct mongo_store *store, int64_t now_ms);

/* Writes all that showtimes have not settled, however young it is. ERROR_INTERNAL_ERROR if some of
 * it cannot be written; what is not one showtime's alone ends it, ERROR_OUTCOME_UNKNOWN too. */
MUST_USE enum error mongo_sweep_settle(struct mongo_store *store);
