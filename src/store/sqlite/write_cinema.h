/* write_cinema.h - a cinema and its screens into `usher.db`. */
#pragma once

#include "store/sqlite/writing.h"

/* Adds the cinema or changes it. Showtimes keep the layouts they are sold by; their local
 * dates follow the cinema's time zone. */
MUST_USE enum error write_cinema(struct writing *writing, const struct cinema *cinema);

/* Its parts: the row without the screens, the screens of a row that is there, and the local
 * dates of its showtimes. */
MUST_USE enum error write_cinema_row(struct writing *writing, const struct cinema *cinema,
                                     bool *ret_wrote);
MUST_USE enum error write_cinema_screens(struct writing *writing, const struct cinema *cinema,
                                         bool *ret_wrote);
MUST_USE enum error write_cinema_dates(struct writing *writing, const struct cinema *cinema);
