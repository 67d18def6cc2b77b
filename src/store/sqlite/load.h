/* load.h - seat maps from `usher.db`, rebuilt from the showtime, its layout and its claims. */
#pragma once

#include "ports/store.h"
#include "store/sqlite/writer_state.h"

/* The store port's `load`. ERROR_INTERNAL_ERROR if the rows cannot be a seat map. */
MUST_USE enum error load_map(struct sqlite_store *store, struct id showtime, void *block,
                             struct seat_map *ret_map);

/* The store port's `pending`. */
MUST_USE enum error load_pending(struct sqlite_store *store, struct id after, struct id *showtimes,
                                 size_t capacity, size_t *ret_count);

/* Reads the letters of seat_layout.places; false if they are not rows * cols of them. */
MUST_USE bool load_layout(int64_t rows, int64_t cols, struct slice places,
                          struct seat_layout *ret_layout);
