#include "http/keyed.h"

#include "base/check.h"
#include "base/clock.h"
#include "http/reply.h"

bool keyed_begin(struct desk *desk, struct exchange *exchange, enum operation operation,
                 struct keyed *ret_keyed, int64_t now_ms)
{
    CHECK(exchange->user.size > 0);

    const enum error error = idempotency_key_read(exchange, &ret_keyed->key);
    if (error != ERROR_NONE) {
        problem_reply_error(exchange, error, now_ms);
        return false;
    }
    if (!request_body_parse(exchange, &ret_keyed->body, now_ms)) return false;
    struct command *command = desk_take(desk);
    if (command == NULL) {
        problem_reply_error(exchange, ERROR_OVERLOADED, now_ms);
        return false;
    }
    command->claim.user = exchange->user;
    command->claim.operation = operation;
    command->claim.key = ret_keyed->key.key;
    ret_keyed->command = command;
    return true;
}

bool keyed_finish(struct desk *desk, struct exchange *exchange, struct keyed *keyed, int64_t now_ms)
{
    if (!request_body_finish(exchange, &keyed->body, now_ms)) {
        desk_give_back(desk, keyed->command);
        return false;
    }
    if (idempotency_key_fingerprint(exchange->path, keyed->body.root, &exchange->arena,
                                    &keyed->command->claim.fingerprint)) {
        return true;
    }
    desk_give_back(desk, keyed->command);
    problem_reply_error(exchange, ERROR_OVERLOADED, now_ms);
    return false;
}

bool keyed_route(struct desk *desk, struct exchange *exchange, struct keyed *keyed, int64_t now_ms)
{
    struct booking booking;
    uint64_t version = 0;
    struct command *command = keyed->command;
    const struct reader *reader = &desk->reader;
    const enum error error = reader->methods->find_booking(reader->context, command->booking,
                                                           CONSISTENCY_LATEST, &booking, &version);
    if (error == ERROR_NONE) command->showtime = booking.showtime;
    if (error == ERROR_NONE || error == ERROR_BOOKING_NOT_FOUND) return true;
    desk_give_back(desk, command);
    problem_reply_error(exchange, error, now_ms);
    return false;
}

/* The first header name that brought the key decides on the status of a reused one. */
static int reuse_status(const struct exchange *exchange, enum error error)
{
    struct idempotency_key key;
    if (error != ERROR_IDEMPOTENCY_KEY_REUSED) return 0;
    if (idempotency_key_read(exchange, &key) != ERROR_NONE) return 0;
    return idempotency_key_status(&key, error);
}

static int64_t seconds_until(int64_t moment_ms, int64_t now_ms)
{
    if (moment_ms <= now_ms) return moment_ms == 0 ? 0 : 1;
    return (moment_ms - now_ms + 999) / 1000;
}

bool keyed_refused(struct exchange *exchange, const struct command *command)
{
    const struct answer *answer = &command->answer;
    if (answer->refusal == REFUSAL_NONE) return false;
    const int64_t now_ms = clock_now_ms();
    const enum error error = problem_error_of(answer->refusal);
    keyed_add_replayed(exchange, command);
    if (answer->map_version > 0) reply_add_version(exchange, answer->map_version);
    problem_reply(exchange,
                  &(struct problem){.error = error,
                                    .status = reuse_status(exchange, error),
                                    .conflicts = answer->conflicts,
                                    .conflict_count = answer->conflict_count,
                                    .retry_after_s = seconds_until(answer->retry_at_ms, now_ms)},
                  now_ms);
    return true;
}

void keyed_add_replayed(struct exchange *exchange, const struct command *command)
{
    if (!command->answer.replayed) return;
    exchange_add_header(exchange, SLICE("idempotent-replayed"), SLICE("true"));
}
