/* mongo_edit.h - movies, cinemas and showtimes that staff add or change.
 *
 * An edit is a batch of its own, judged by the rules that every store has. Prices are the
 * showtime's and committed like a turn; all else is committed by the programme's gate.
 *
 * Thread: the store's.
 */
#pragma once

#include "ports/catalogue_edit.h"
#include "store/mongo/mongo_state.h"

/* Sets the edit's answer, and makes the store's plans if there is something to write. */
MUST_USE enum error mongo_edit_run(struct mongo_store *store, struct catalogue_edit *edit,
                                   int64_t now_ms);

/* A map that is loaded before the commit shows what the plan will make of it. */
void mongo_edit_lay_over(const struct mongo_store *store, struct seat_map *map);

/* The showtime's document as the plan makes it, where that is all of it; else NULL. */
const bson_t *mongo_edit_planned(const struct mongo_store *store, struct id showtime);
