/* write_movie.h - a movie into `usher.db`. */
#pragma once

#include "store/sqlite/writing.h"

/* Adds the movie or changes it. */
MUST_USE enum error write_movie(struct writing *writing, const struct movie *movie);
