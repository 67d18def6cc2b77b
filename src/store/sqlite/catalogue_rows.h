/* catalogue_rows.h - movies, cinemas, screens and showtimes from the rows of `usher.db`.
 *
 * Errors: ERROR_OVERLOADED when the arena is full; ERROR_INTERNAL_ERROR, logged, for a row
 *         that cannot be an entry.
 */
#pragma once

#include "ports/catalogue.h"
#include "store/sqlite/database.h"

/* The columns that each reader expects. */
#define CATALOGUE_ROWS_MOVIE \
    "id,title,duration_minutes,genres,poster_url,description,release_date,status"
#define CATALOGUE_ROWS_CINEMA \
    "id,name,address,city,phone,is_active,timezone," \
    "(SELECT count(*) FROM screen s WHERE s.cinema=cinema.id)"
#define CATALOGUE_ROWS_SCREEN "s.screen_id,s.name,s.type,s.total_seats"
enum { CATALOGUE_ROWS_SCREEN_COUNT = 4 }; /* The layout's columns follow. */
#define CATALOGUE_ROWS_SHOWTIME \
    "id,movie,cinema,screen_id,starts_at,ends_at,price_standard,price_vip,price_couple," \
    "total_seats,available_seats,version,status"

MUST_USE enum error catalogue_rows_movie(sqlite3_stmt *row, struct arena *arena,
                                         struct movie *ret_movie);

/* Without the screens, for which there is room behind `screens`. */
MUST_USE enum error catalogue_rows_cinema(sqlite3_stmt *row, struct arena *arena,
                                          struct cinema *ret_cinema);

MUST_USE enum error catalogue_rows_screen(sqlite3_stmt *row, struct arena *arena,
                                          struct screen *ret_screen);
MUST_USE enum error catalogue_rows_showtime(sqlite3_stmt *row, struct arena *arena,
                                            struct showtime *ret_showtime);
