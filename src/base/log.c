#include "base/log.h"

#include <assert.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log_line.h"
#include "base/tally.h"

static enum log_level threshold = LOG_INFO;
static enum log_format chosen_format = LOG_FORMAT_TEXT;
static pthread_mutex_t line_mutex = PTHREAD_MUTEX_INITIALIZER; /* One line at a time. */
static uint64_t lost; /* A tally of lines that nobody took. */
static uint64_t lost_told;

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

uint64_t log_lost(void)
{
    return tally_read(&lost);
}

static_assert(LOG_LINE_SIZE_MAX <= PIPE_BUF, "a pipe with room takes a line whole");

/* Would a line go out at once? A pipe that says so has room for PIPE_BUF; a log that nobody reads
 * must not stop the server. */
static bool has_room(void)
{
    struct pollfd target = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&target, 1, 0) == 1 && (target.revents & POLLOUT) != 0;
}

static bool send_line(const struct log_line *line)
{
    char target[LOG_LINE_SIZE_MAX];
    const struct slice text = log_line_write(line, chosen_format, target);
    return has_room() && write(STDERR_FILENO, text.data, text.size) == (ssize_t)text.size;
}

/* Says how many lines were lost before this one. */
static bool send_lost(int64_t now_ms)
{
    const uint64_t count = tally_read(&lost);
    if (count == lost_told) return true;
    const struct log_field field = LOG_NUMBER("lines", count - lost_told);
    const struct log_line line = {.level = LOG_WARNING,
                                  .event = "log_lost",
                                  .now_ms = now_ms,
                                  .fields = &field,
                                  .field_count = 1};
    if (!send_line(&line)) return false;
    lost_told = count;
    return true;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t field_count)
{
    CHECK(level <= LOG_DEBUG);
    CHECK(event != NULL);

    if (!log_enabled(level)) return;
    const struct log_line line = {.level = level,
                                  .event = event,
                                  .now_ms = clock_now_ms(),
                                  .fields = fields,
                                  .field_count = field_count};
    CHECK(pthread_mutex_lock(&line_mutex) == 0);
    if (!send_lost(line.now_ms) || !send_line(&line)) tally_add(&lost, 1);
    CHECK(pthread_mutex_unlock(&line_mutex) == 0);
}
