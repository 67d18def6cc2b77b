/* staff_record.h - writes what staff did in a turn into the open transaction; see record.h.
 *
 * Errors: SQLite's code; SQLITE_DONE if it went well, SQLITE_CONSTRAINT for a change that
 *         found something else than it expected.
 */
#pragma once

#include "store/sqlite/writer_state.h"

/* Writes the blocks that are new or released. */
int staff_record_blocks(struct sqlite_store *store, int64_t showtime, const struct facts *facts);

/* Writes one new block; `showtime` is its row's number. */
int staff_record_insert_block(struct sqlite_store *store, int64_t showtime,
                              const struct block *block);

/* Writes the journal's entries. */
int staff_record_journal(struct sqlite_store *store, const struct facts *facts);

/* Marks the showtime as cancelled; it must not be yet. */
int staff_record_cancellation(struct sqlite_store *store, int64_t showtime,
                              const struct seat_map *map);
