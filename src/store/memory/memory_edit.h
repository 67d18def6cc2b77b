/* memory_edit.h - a showtime that staff change, in the memory store.
 *
 * Of a catalogue this store has its showtimes only: their prices and starts may change, and
 * every other entry is not found.
 */
#pragma once

#include "ports/catalogue_edit.h"
#include "store/memory/memory_state.h"

/* Sets the edit's answer. */
void memory_edit(struct memory_store *store, struct catalogue_edit *edit, int64_t now_ms);
