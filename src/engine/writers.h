/* writers.h - the writers of a house: one over its own file, several over a shared database.
 *
 * A showtime always goes to the same writer, so that its commands are decided in their order.
 *
 * Shape:  1..WRITERS_MAX.
 * Thread: as writer.h says.
 */
#pragma once

#include "engine/writer.h"

enum { WRITERS_MAX = 16 };

struct writers {
    uint32_t count;
    struct writer *all[WRITERS_MAX];
};

/* As writer_submit, to the writer of the command's showtime. */
MUST_USE bool writers_submit(const struct writers *writers, struct command *command);

/* All together: counts are added, the last failure is anybody's. */
struct writer_state writers_state(const struct writers *writers);

/* Do all of them answer? */
bool writers_alive(const struct writers *writers, int64_t now_us, int64_t patience_us);
