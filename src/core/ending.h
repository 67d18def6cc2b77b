/* ending.h - ends a booking whose hold is over, or whose showtime is cancelled.
 *
 * Source: docs/http-api.md, "Bookings": a hold is dead by the clock; its turn says so. A
 *         cancelled showtime is one change of its own, after which its bookings end like holds:
 *         a turn's worth at a time, so that a crash in between only delays the rest.
 */
#pragma once

#include "core/turn.h"

/* Expires a pending booking that is no longer live. In a cancelled showtime, cancels a pending
 * or confirmed one for the showtime's reason, and gives its money back. Its seats are due until
 * it ends, so a booking that cannot end contradicts them: left alone, it would be due for ever. */
void ending_decide(struct turn *turn, struct command *command);
