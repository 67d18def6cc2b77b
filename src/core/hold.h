/* hold.h - decides a hold: all the seats asked for, or none and every reason.
 *
 * Source: docs/http-api.md, "Bookings"; docs/decisions/0004-one-winner-per-seat.md
 */
#pragma once

#include "core/turn.h"

/* Judges the command, whose key is fresh, and carries out what it grants. */
void hold_decide(struct turn *turn, struct command *command);
