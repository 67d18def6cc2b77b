/* staff_json.h - blocks, journal and what became of a staff command, as staff see them.
 *
 * Source: docs/staff.md
 */
#pragma once

#include "core/command.h"
#include "ports/staff_reader.h"
#include "json/json_write.h"

enum { STAFF_JSON_BLOCK_SIZE = 2048 }; /* A hundred seats and a reason that is all quotes. */

/* POST /api/showtimes/:id/blocks, and the entries of the list. */
void staff_json_block(struct json_writer *writer, const struct block *block);

/* DELETE /api/showtimes/:id/blocks/:block_id */
void staff_json_released(struct json_writer *writer, const struct block *block);

/* POST /api/showtimes/:id/cancel */
void staff_json_cancelled(struct json_writer *writer, struct id showtime,
                          const struct staff_answer *answer);

/* An entry of GET /api/staff/journal, and the bytes that are enough for it. */
void staff_json_line(struct json_writer *writer, const struct journal_line *line);
size_t staff_json_line_size(const struct journal_line *line);
