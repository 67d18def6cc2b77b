/* write_showtime.h - a showtime into `usher.db`, unless somebody has booked it as it was. */
#pragma once

#include "store/sqlite/writing.h"

/* Adds `entries->showtimes[position]`, changes it, or notes in the report that it has to stay
 * as it is. Its movie and cinema are written before. */
MUST_USE enum error write_showtime(struct writing *writing, size_t position);

/* Adds the showtime's row or changes it; the version grows. One that was over is on sale again. */
MUST_USE enum error write_showtime_row(struct writing *writing, bool known,
                                       const struct showtime *showtime, struct slice zone,
                                       int64_t layout);
