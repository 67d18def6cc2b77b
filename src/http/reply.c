#include "http/reply.h"

#include "base/clock.h"
#include "http/problem.h"
#include "http/shared.h"

bool reply_begin(struct exchange *exchange, size_t capacity, struct reply *ret_reply)
{
    const bool large = capacity > REPLY_IN_ARENA_MAX;
    char *block = large ? malloc(capacity) : arena_take(&exchange->arena, capacity);
    if (block == NULL) {
        problem_reply(exchange, &(struct problem){.error = ERROR_OVERLOADED}, clock_now_ms());
        return false;
    }
    ret_reply->large = large ? block : NULL;
    buffer_init(&ret_reply->body, block, capacity);
    ret_reply->writer = json_writer_of(&ret_reply->body);
    return true;
}

static void send_large(struct exchange *exchange, int status, struct reply *reply)
{
    struct shared *shared = shared_of(reply->large, reply->body.size);
    reply->large = NULL;
    if (shared != NULL) {
        exchange_reply_shared(exchange, status, SLICE("application/json"), shared);
        return;
    }
    problem_reply(exchange, &(struct problem){.error = ERROR_OVERLOADED}, clock_now_ms());
}

void reply_send(struct exchange *exchange, int status, struct reply *reply)
{
    if (reply->body.overflowed) {
        free(reply->large);
        problem_reply(exchange, &(struct problem){.error = ERROR_INTERNAL_ERROR}, clock_now_ms());
        return;
    }
    if (reply->large != NULL) send_large(exchange, status, reply);
    else exchange_reply(exchange, status, SLICE("application/json"), buffer_text(&reply->body));
}

void reply_add_version(struct exchange *exchange, uint64_t version)
{
    enum { DIGITS_MAX = 20 };
    exchange->notes.map_version = version;
    char *digits = arena_take(&exchange->arena, DIGITS_MAX);
    if (digits == NULL) return;
    struct buffer text;
    buffer_init(&text, digits, DIGITS_MAX);
    buffer_append_unsigned(&text, version);
    exchange_add_header(exchange, SLICE("x-showtime-version"), buffer_text(&text));
}

void reply_add_personal(struct exchange *exchange)
{
    exchange_add_header(exchange, SLICE("cache-control"), SLICE("no-store"));
}
