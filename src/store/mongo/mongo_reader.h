/* mongo_reader.h - the reader ports over MongoDB.
 *
 * What it tells is at least as new as the showtime at the moment of the call, read from the
 * primary; a strong look asks for each document whether that still is the primary.
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

struct reader mongo_reader_port(struct mongo_reader *reader);
