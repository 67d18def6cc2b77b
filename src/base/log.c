#include "base/log.h"

#include <unistd.h>

#include "base/buffer.h"
#include "base/check.h"

static enum log_level threshold = LOG_INFO;

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

void log_set_level(enum log_level level)
{
    CHECK(level <= LOG_DEBUG);
    threshold = level;
}

bool log_level_parse(struct slice text, enum log_level *ret_level)
{
    for (size_t level = LOG_ERROR; level <= LOG_DEBUG; level++) {
        if (!slice_equal(text, slice_of(level_names[level]))) continue;
        *ret_level = (enum log_level)level;
        return true;
    }
    return false;
}

static void append_time(struct buffer *line)
{
    struct timespec now;
    struct tm parts;
    char text[40];
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return;
    if (gmtime_r(&now.tv_sec, &parts) == NULL) return;
    buffer_append(line, (struct slice){text, strftime(text, sizeof text, "%FT%T", &parts)});
    const int size = snprintf(text, sizeof text, ".%03ldZ", now.tv_nsec / 1000000);
    buffer_append(line, (struct slice){text, (size_t)size});
}

static void append_quoted(struct buffer *line, struct slice text)
{
    buffer_append_char(line, '"');
    for (size_t index = 0; index < text.size; index++) {
        const char letter = text.data[index];
        if (letter == '"' || letter == '\\') buffer_append_char(line, '\\');
        buffer_append_char(line, letter >= ' ' && letter <= '~' ? letter : '?');
    }
    buffer_append_char(line, '"');
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t field_count)
{
    CHECK(level <= LOG_DEBUG);
    CHECK(event != NULL);

    if (level > threshold) return;
    char text[LOG_LINE_SIZE_MAX];
    struct buffer line;
    buffer_init(&line, text, sizeof text - 1);
    append_time(&line);
    buffer_append_char(&line, ' ');
    buffer_append(&line, slice_of(level_names[level]));
    buffer_append_char(&line, ' ');
    buffer_append(&line, slice_of(event));
    for (size_t index = 0; index < field_count; index++) {
        if (fields[index].key == NULL) continue;
        buffer_append_char(&line, ' ');
        buffer_append(&line, slice_of(fields[index].key));
        buffer_append_char(&line, '=');
        if (fields[index].text.data != NULL) append_quoted(&line, fields[index].text);
        else buffer_append_number(&line, fields[index].number);
    }
    text[line.size] = '\n';
    const ssize_t written = write(STDERR_FILENO, text, line.size + 1);
    (void)written; /* A log that cannot be written must not stop the server. */
}
