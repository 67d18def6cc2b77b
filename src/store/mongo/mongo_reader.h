/* mongo_reader.h - the reader ports over MongoDB.
 *
 * What it tells is at least as new as the showtime at the moment of the call, read from the
 * primary.
 *
 * Thread: one thread a reader.
 */
#pragma once

#include "ports/reader.h"
#include "store/mongo/mongo_connection.h"

struct mongo_reader;

MUST_USE enum error mongo_reader_open(struct mongo_connection *connection,
                                      struct mongo_reader **ret_reader);
void mongo_reader_close(struct mongo_reader *reader); /* Accepts NULL. */

/* Money that was recorded by an instance that did not come to decide it. */
struct mongo_waiting {
    struct payment payment; /* With what was paid. */
    struct id showtime;     /* Whose turn decides. */
};

/* Lists up to `capacity` of them, oldest first: whoever starts, or looks now and then, makes a
 * COMMAND_MONEY of each. One that is being decided right now is harmless: the turn knows it. */
MUST_USE enum error mongo_reader_waiting(struct mongo_reader *reader, struct mongo_waiting *waiting,
                                         size_t capacity, size_t *ret_count);

struct reader mongo_reader_port(struct mongo_reader *reader);
