/* move_line.h - a record as a line of JSON, and back: `{"booking":{...}}`.
 *
 * Errors: false, with a sentence that says what of the line is wrong.
 * Source: docs/moving.md
 */
#pragma once

#include "base/buffer.h"
#include "store/move/move_record.h"

/* Memory that reading a line takes at most: a cinema of fifty halls, as JSON and as plans. */
enum { MOVE_LINE_SIZE_MAX = 4 * 1024 * 1024, MOVE_LINE_ARENA_SIZE = 64 * 1024 * 1024 };

/* Appends the line, without its end. */
void move_line_write(struct buffer *buffer, const struct move_record *record);

/* Texts and plans of the record are in the arena. */
MUST_USE bool move_line_read(struct slice line, struct arena *arena, struct move_record *ret_record,
                             struct move_reason *ret_reason);
