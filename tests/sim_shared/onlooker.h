/* onlooker.h - somebody who reads bookings and payments while they move: M8.
 *
 * A fiber with the program's own reader. What it is shown is never older than what was so when it
 * asked, nor newer than what is so when it hears.
 *
 * Thread: whoever has the baton.
 */
#pragma once

/* Adds the fiber. */
void onlooker_begin(void);

/* It ends with its next look. */
void onlooker_end(void);
