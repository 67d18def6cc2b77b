/* staff_rows.h - blocks and entries of the journal as rows of `usher.db`, and back.
 *
 * Errors: a row that cannot be a record (a foreign hand, a damaged file) is logged and false.
 */
#pragma once

#include "ports/staff_reader.h"
#include "store/sqlite/row_ids.h"

/* The columns that staff_rows_read_block expects, of `block k JOIN showtime s`. */
#define STAFF_ROWS_BLOCK "k.number,s.id,k.seats,k.reason,k.created_by,k.created_at,k.released_at"

/* The columns that staff_rows_read_line expects, of `journal j`. */
#define STAFF_ROWS_LINE "j.number,j.at,j.actor,j.role,j.action,j.subject,j.detail"

enum { STAFF_ROWS_SEATS_SIZE = 1024 }; /* The JSON of the most seats of a block, with room. */

MUST_USE bool staff_rows_read_block(sqlite3_stmt *row, const struct row_ids *ids,
                                    struct block *ret_block);

/* ERROR_OVERLOADED when the arena is full; ERROR_INTERNAL_ERROR if the row is broken. */
MUST_USE enum error staff_rows_read_line(sqlite3_stmt *row, struct arena *arena,
                                         struct journal_line *ret_line);

/* Writes such a line into the open transaction. SQLite's code; SQLITE_DONE if it went well. */
MUST_USE int staff_rows_write_line(struct database *database, const struct journal_line *line);

/* The seats of a block, from its column. */
MUST_USE bool staff_rows_read_seats(struct slice json, struct block *block);

/* Writes them into `text` and returns what was written. */
struct slice staff_rows_write_seats(const struct block *block, char text[STAFF_ROWS_SEATS_SIZE]);
