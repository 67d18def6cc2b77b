/* sqlite_reader.h - the reader ports over one SQLite file: what was committed.
 *
 * Each read is one statement, so that what it tells is of one moment, and ends at once: a
 * reader that lingers keeps the WAL from starting over.
 *
 * Thread: each reader belongs to one thread, and has a connection of its own.
 */
#pragma once

#include "ports/reader.h"
#include "ports/staff_reader.h"
#include "store/sqlite/database.h"

struct sqlite_reader;

/* Opens a file that a writer has made. */
MUST_USE enum error sqlite_reader_open(const char *path, struct sqlite_reader **ret_reader,
                                       struct database_reason *ret_reason);

/* Accepts NULL. */
void sqlite_reader_close(struct sqlite_reader *reader);

struct reader sqlite_reader_port(struct sqlite_reader *reader);

/* What staff look through, on the same connection. */
struct staff_reader sqlite_staff_reader_port(struct sqlite_reader *reader);
