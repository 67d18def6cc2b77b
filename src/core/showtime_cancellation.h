/* showtime_cancellation.h - decides that there will be no show.
 *
 * One change: the showtime is cancelled. Its bookings end in the turns that follow, at once;
 * see ending.h. What was cancelled stays so, and a second cancel answers like the first.
 *
 * Source: docs/staff.md, "Cancelled showtimes".
 */
#pragma once

#include "core/turn.h"

void showtime_cancellation_decide(struct turn *turn, struct command *command);
