/* interruption.h - a signal that asks a command to stop where it can do so in order.
 *
 * Thread: the command's.
 */
#pragma once

#include <stdbool.h>

/* From now on the first SIGINT, SIGTERM or SIGHUP asks, and a second one kills. */
void interruption_listen(void);

/* Has one asked? */
bool interruption_asked(void);
