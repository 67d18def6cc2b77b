/* write_cinema.h - a cinema and its screens into `usher.db`. */
#pragma once

#include "store/sqlite/writing.h"

/* Adds the cinema or changes it. Showtimes keep the layouts they are sold by; their local
 * dates follow the cinema's time zone. */
MUST_USE enum error write_cinema(struct writing *writing, const struct cinema *cinema);
