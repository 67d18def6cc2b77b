/* seat_layouts.h - seat plans as rows of `seat_layout`, one row for all that are the same.
 *
 * A chain has a few layouts and a hundred thousand showtimes; a showtime keeps the number of
 * the one it is sold by, whatever becomes of its screen.
 *
 * Errors: a row that cannot be a plan (a foreign hand, a damaged file) is false.
 */
#pragma once

#include "ports/catalogue.h"
#include "store/sqlite/database.h"

/* The columns that seat_layouts_read expects, of `seat_layout l`. */
#define SEAT_LAYOUTS_COLUMNS "l.rows,l.cols,l.places,l.aisles_after,l.accessible"

/* Finds the plan's row or adds it. */
MUST_USE enum error seat_layouts_write(struct database *database, const struct seat_plan *plan,
                                       int64_t *ret_number);

/* Reads a plan from the columns that start at `first`. */
MUST_USE bool seat_layouts_read(sqlite3_stmt *row, int first, struct seat_plan *ret_plan);
