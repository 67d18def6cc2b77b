/* log.h - one line per event on standard error, for the person who operates the server.
 *
 * An event has a name and fields; base/log_line.h says how they become a line that nothing
 * from outside can forge. Secrets are never passed here: no Authorization header, signature,
 * token or body.
 *
 * Nothing waits for a reader of it: a line that a full pipe or terminal does not take at once is
 * lost and counted. A file always says that it has room, so a line into one waits for its disk,
 * and the lines of all threads behind it; a pipe that others write to may fill just before the
 * line. Whoever cannot have that gives the server a pipe of its own.
 *
 * Thread: any; each line is one write. The settings before the first thread starts.
 * Source: docs/monitoring.md lists the events.
 */
#pragma once

#include "base/slice.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

enum log_format {
    LOG_FORMAT_TEXT, /* `time level event key=value`, for people. */
    LOG_FORMAT_JSON, /* An object a line, for programs. */
};

struct log_field {
    const char *key;   /* NULL: no field. */
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

/* Lines that were dropped because standard error took no more: a pipe whose reader is stuck. The
 * next line that goes out is preceded by one that counts them. */
uint64_t log_lost(void);

/* Would an event of this level be written? For events whose fields cost something. */
bool log_enabled(enum log_level level);

/* Sets the threshold. The default is LOG_INFO. */
void log_set_level(enum log_level level);

/* The default is LOG_FORMAT_TEXT. */
void log_set_format(enum log_format format);
enum log_format log_format(void);

struct slice log_level_name(enum log_level level);

/* Reads `error`, `warning`, `info` or `debug`; false if `text` is none of them. */
bool log_level_parse(struct slice text, enum log_level *ret_level);
