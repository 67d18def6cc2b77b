/* blocking.h - decides what staff keep from sale: blocks of seats, and their release.
 *
 * Source: docs/staff.md, "Blocked seats".
 */
#pragma once

#include "core/turn.h"

/* Blocks all the seats asked for, or none and names every one that is not available. A
 * showtime that is cancelled or over takes no blocks. */
void blocking_decide(struct turn *turn, struct command *command);

/* Releases a block that stands; one that does not is REFUSAL_NOT_FOUND. */
void blocking_release(struct turn *turn, struct command *command);
