/* log.h - one line per event on standard error, for the person who operates the server.
 *
 * A line is a time, a level, an event name and `key=value` pairs. Values are quoted and
 * escaped, so nothing from outside can forge a line; secrets are never passed here.
 *
 * Shape:  a line is at most LOG_LINE_SIZE_MAX bytes; longer ones are cut.
 * Thread: any; each line is one write.
 */
#pragma once

#include "base/slice.h"

enum { LOG_LINE_SIZE_MAX = 2048 };

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

struct log_field {
    const char *key;
    struct slice text; /* Used when `text.data` is set, else `number`. */
    int64_t number;
};

#define LOG_TEXT(name, value) ((struct log_field){.key = (name), .text = (value)})
#define LOG_NUMBER(name, value) ((struct log_field){.key = (name), .number = (int64_t)(value)})

/* Writes the event if `level` is at or above the threshold. The variadic part is a list of
 * LOG_TEXT and LOG_NUMBER. */
#define log_event(level, event, ...) \
    log_write((level), (event), (const struct log_field[]){__VA_ARGS__}, \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t field_count);

/* Sets the threshold; before the first thread starts. The default is LOG_INFO. */
void log_set_level(enum log_level level);

/* Reads `error`, `warning`, `info` or `debug`; false if `text` is none of them. */
bool log_level_parse(struct slice text, enum log_level *ret_level);
