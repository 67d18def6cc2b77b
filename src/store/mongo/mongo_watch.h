/* mongo_watch.h - what an instance asks of a database that others change too.
 *
 * Thread: the client's.
 * Errors: ERROR_STORE_UNAVAILABLE.
 */
#pragma once

#include "core/command.h"
#include "store/mongo/mongo_connection.h"

/* The versions that the primary has; 0 for a showtime that is not there. A strong client asks for
 * one at a time: the server promises no more. */
MUST_USE enum error mongo_watch_versions(struct mongo_client *client, const struct id *showtimes,
                                         uint32_t count, uint64_t *versions);

/* Both look at `capacity` documents at most, behind `*after`, and say there where the next round
 * goes on: an id that is none is the beginning. */

/* Showtimes in which something was due before that moment. */
MUST_USE enum error mongo_watch_due(struct mongo_client *client, int64_t before_ms,
                                    struct id *after, struct id *showtimes, size_t capacity,
                                    size_t *ret_count);

/* Money that is recorded and that nobody has decided: as commands that decide it. */
MUST_USE enum error mongo_watch_money(struct mongo_client *client, struct id *after,
                                      struct command *commands, size_t capacity, size_t *ret_count);
