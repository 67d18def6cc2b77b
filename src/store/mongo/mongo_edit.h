/* mongo_edit.h - a showtime that staff change: its prices, and its start while nobody has booked.
 *
 * An edit is a batch of its own: it is judged here and committed like a turn, by the version.
 *
 * Thread: the store's.
 */
#pragma once

#include "ports/catalogue_edit.h"
#include "store/mongo/mongo_state.h"

/* Sets the edit's answer, and makes the store's plan if there is something to write. Other
 * members and kinds are ERROR_INTERNAL_ERROR. */
MUST_USE enum error mongo_edit_run(struct mongo_store *store, struct catalogue_edit *edit,
                                   int64_t now_ms);

/* A map that is loaded before the commit shows what the plan will make of it. */
void mongo_edit_lay_over(const struct mongo_store *store, struct seat_map *map);
