#include "base/log.h"

#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log_line.h"

static enum log_level threshold = LOG_INFO;
static enum log_format chosen_format = LOG_FORMAT_TEXT;

void log_set_level(enum log_level level)
{
    CHECK(level <= LOG_DEBUG);
    threshold = level;
}

void log_set_format(enum log_format format)
{
    CHECK(format <= LOG_FORMAT_JSON);
    chosen_format = format;
}

enum log_format log_format(void)
{
    return chosen_format;
}

bool log_enabled(enum log_level level)
{
    return level <= threshold;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t field_count)
{
    CHECK(level <= LOG_DEBUG);
    CHECK(event != NULL);

    if (!log_enabled(level)) return;
    char target[LOG_LINE_SIZE_MAX];
    const struct log_line line = {.level = level,
                                  .event = event,
                                  .now_ms = clock_now_ms(),
                                  .fields = fields,
                                  .field_count = field_count};
    const struct slice text = log_line_write(&line, chosen_format, target);
    const ssize_t written = write(STDERR_FILENO, text.data, text.size);
    (void)written; /* A log that cannot be written must not stop the server. */
}
