#include "http/observer.h"

#include "base/clock.h"
#include "base/log.h"
#include "http/router.h"

static struct log_field optional(const char *key, struct slice text)
{
    return (struct log_field){.key = text.size > 0 ? key : NULL, .text = text};
}

static void write_line(enum log_level level, const char *event, const struct server_answer *answer,
                       int64_t micros, uint64_t left_out)
{
    static const struct exchange none = {.method = METHOD_OTHER};
    const struct exchange *exchange = answer->exchange == NULL ? &none : answer->exchange;
    const struct exchange_notes *notes = &exchange->notes;
    const enum error error = answer->exchange == NULL ? answer->fault : notes->error;
    char showtime[ID_HEX_SIZE];
    id_format(notes->showtime, showtime);
    const bool named = !id_is_none(notes->showtime);
    const struct log_field fields[] = {
        LOG_TEXT("request_id", answer->request_id),
        LOG_TEXT("method", router_method_name(exchange->method)),
        LOG_TEXT("route", router_pattern(notes->route)),
        LOG_NUMBER("status", answer->status),
        {.key = error == ERROR_NONE ? NULL : "error", .text = slice_of(error_name(error))},
        optional("why", notes->why),
        optional("peer", exchange->peer),
        optional("user", user_name(&exchange->user)),
        optional("showtime", (struct slice){showtime, named ? sizeof showtime : 0}),
        {.key = notes->map_version == 0 ? NULL : "version", .number = (int64_t)notes->map_version},
        LOG_NUMBER("micros", micros),
        LOG_NUMBER("bytes", answer->body_size),
        log_limit_field(left_out),
    };
    log_write(level, event, fields, sizeof fields / sizeof fields[0]);
}

/* May a line of a limited kind be written? At debug always. */
static bool pass(struct log_limit *limit, uint32_t lines_max, int64_t now_ms,
                 uint64_t *ret_left_out)
{
    return log_enabled(LOG_DEBUG) || log_limit_pass(limit, lines_max, now_ms, ret_left_out);
}

static void tell_intruder(struct log_limit *limit, const char *event,
                          const struct server_answer *answer, int64_t micros, int64_t now_ms)
{
    uint64_t left_out = 0;
    if (log_enabled(LOG_WARNING) && pass(limit, OBSERVER_INTRUDERS_MAX, now_ms, &left_out))
        write_line(LOG_WARNING, event, answer, micros, left_out);
}

static void tell_request(struct log_limit *limit, const struct server_answer *answer,
                         int64_t micros, int64_t now_ms)
{
    uint64_t left_out = 0;
    const bool failed = answer->status >= 500 || micros > OBSERVER_SLOW_US;
    const enum log_level level = log_enabled(LOG_DEBUG) ? LOG_DEBUG : LOG_INFO;
    if (!log_enabled(level) || (level == LOG_INFO && !failed)) return;
    if (pass(limit, OBSERVER_LINES_MAX, now_ms, &left_out))
        write_line(level, "request", answer, micros, left_out);
}

void observer_note(struct observer *observer, const struct server_answer *answer)
{
    const struct exchange *exchange = answer->exchange;
    const int64_t now_us = clock_steady_us();
    const int64_t micros = exchange == NULL ? 0 : now_us - exchange->notes.begun_us;
    meter_note(observer->meter, answer, micros);

    const int64_t now_ms = now_us / 1000;
    const enum error error = exchange == NULL ? ERROR_NONE : exchange->notes.error;
    if (error == ERROR_TOKEN_INVALID)
        tell_intruder(&observer->logins, "login_failed", answer, micros, now_ms);
    else if (error == ERROR_INVALID_WEBHOOK_SIGNATURE)
        tell_intruder(&observer->webhooks, "webhook_forged", answer, micros, now_ms);
    else tell_request(&observer->failures, answer, micros, now_ms);
}
