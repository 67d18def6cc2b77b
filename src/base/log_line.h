/* log_line.h - an event as one line of text, whatever its values contain.
 *
 * JSON for programs that collect logs, `key=value` for people. In both, control characters,
 * those that turn the direction of text, and bytes that are no UTF-8 become U+FFFD: a value
 * from outside can neither forge a line nor move a terminal's cursor.
 *
 * Shape:  a line is at most LOG_LINE_SIZE_MAX bytes with its newline. A value is cut after
 *         LOG_VALUE_SIZE_MAX bytes, which an ellipsis shows; a field that does not fit any
 *         more is left out with all behind it, which `cut` shows. What is left is whole.
 * Thread: any.
 */
#pragma once

#include "base/log.h"

enum { LOG_LINE_SIZE_MAX = 2048, LOG_VALUE_SIZE_MAX = 256 };

struct log_line {
    enum log_level level;
    const char *event;
    int64_t now_ms;
    const struct log_field *fields; /* Those without a key are skipped. */
    size_t field_count;
};

/* Writes the line into `target` of LOG_LINE_SIZE_MAX bytes. */
struct slice log_line_write(const struct log_line *line, enum log_format format, char *target);
