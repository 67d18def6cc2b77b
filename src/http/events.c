#include "http/events.h"

#include "base/clock.h"
#include "http/limiter.h"
#include "http/listeners.h"
#include "http/problem.h"

static void answer_problem(const struct desk *desk, struct exchange *exchange, enum error error)
{
    if (error == ERROR_RATE_LIMITED) {
        limiter_refuse_stream(desk->house->limiter, exchange, clock_now_ms());
        return;
    }
    const int64_t retry_after_s = error == ERROR_OVERLOADED ? LISTENERS_BACK_S : 0;
    problem_reply(exchange, &(struct problem){.error = error, .retry_after_s = retry_after_s},
                  clock_now_ms());
}

/* The version that the client has seen last. One that nobody gave out is as good as none. */
static uint64_t version_of(const struct exchange *exchange)
{
    uint64_t version = LIVE_NOTHING;
    const struct slice given = exchange_header(exchange, SLICE("last-event-id"));
    (void)slice_to_number(given, LIVE_NOTHING - 1, &version);
    return version;
}

static enum error begin(struct desk *desk, struct exchange *exchange, struct id showtime)
{
    return listeners_add(desk->listeners, exchange, showtime, version_of(exchange),
                         clock_steady_us());
}

/* The showtime was brought into memory, or there is none. */
static void looked(struct desk *desk, struct exchange *exchange, const struct command *command)
{
    enum error error = problem_error_of(command->answer.refusal);
    if (error == ERROR_NONE) {
        error = begin(desk, exchange, command->showtime);
        /* It has left again at once: memory is full of busier ones. */
        if (error == ERROR_SHOWTIME_NOT_FOUND) error = ERROR_OVERLOADED;
    }
    if (error != ERROR_NONE) answer_problem(desk, exchange, error);
}

void events_handle(struct desk *desk, struct exchange *exchange, struct slice id)
{
    struct id showtime;
    if (!id_parse(id, &showtime)) {
        answer_problem(desk, exchange, ERROR_SHOWTIME_NOT_FOUND);
        return;
    }
    enum error error = begin(desk, exchange, showtime);
    if (error == ERROR_NONE) return;
    struct command *command = NULL;
    if (error == ERROR_SHOWTIME_NOT_FOUND) {
        command = desk_take(desk);
        error = ERROR_OVERLOADED;
    }
    if (command == NULL) {
        answer_problem(desk, exchange, error);
        return;
    }
    command->kind = COMMAND_LOOK;
    command->showtime = showtime;
    desk_submit(desk, exchange, command, looked);
}
