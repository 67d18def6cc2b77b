/* mongo_plan.h - the one update of a showtime that commits a turn.
 *
 * Names the version that was decided against; sets the seats, the next version, when something
 * is due next, and all that is not settled.
 *
 * Thread: the store's.
 */
#pragma once

#include "store/mongo/mongo_state.h"

/* Makes `store->plan` of the decided turn. May grow the map's version: every commit has one of
 * its own. ERROR_INTERNAL_ERROR: the turn is too large for a document. */
MUST_USE enum error mongo_plan_turn(struct mongo_store *store, const struct turn *turn);

/* Starts a plan for the cut's showtime with `version`; the caller fills `set`, then finishes. */
void mongo_plan_begin(struct mongo_store *store, uint64_t version);
MUST_USE enum error mongo_plan_finish(struct mongo_store *store, bson_t *set, const bson_t *settle,
                                      uint32_t settle_count, int64_t now_ms);

/* Appends what the cut has not settled to an array, but for what is settled or follows anew in
 * `replaced` (NULL: nothing). The count of the array's elements. */
uint32_t mongo_plan_carry(const struct mongo_store *store, const struct facts *replaced,
                          bson_t *settle);

void mongo_plan_clear(struct mongo_store *store);
