#include "http/webhook.h"

#include "base/clock.h"
#include "gateway/generic.h"
#include "http/limiter.h"
#include "http/problem.h"
#include "http/reply.h"

static struct slice find_header(const void *request, struct slice name)
{
    const struct exchange *exchange = request;
    const size_t count = exchange_header_count(exchange, name);
    if (count == 0) return (struct slice){0};
    return count == 1 ? exchange_header(exchange, name) : SLICE("");
}

/* In the gateway's own dialect, where it has one for this. */
static void answer(struct exchange *exchange, const struct gateway *gateway, enum error error,
                   enum money_outcome outcome, int64_t now_ms)
{
    struct gateway_reply reply = {0};
    exchange->notes.error = error;
    if (!gateway->methods->reply(gateway->context, error, outcome, &exchange->arena, &reply)) {
        problem_reply_error(exchange, error, now_ms);
        return;
    }
    reply_add_personal(exchange);
    exchange_reply(exchange, reply.status, reply.content_type, reply.body);
}

static struct gateway gateway_of(const struct desk *desk, enum payment_method method,
                                 struct generic *generic)
{
    *generic =
        (struct generic){.mac = desk->webhook_macs[method], .takes_unsigned = desk->house->dev};
    return generic_gateway(generic);
}

static void settled(struct desk *desk, struct exchange *exchange, const struct command *command)
{
    struct generic generic;
    const struct gateway gateway = gateway_of(desk, command->method, &generic);
    const enum error error = problem_error_of(command->answer.refusal);
    if (error == ERROR_NONE) reply_add_version(exchange, command->answer.map_version);
    answer(exchange, &gateway, error, command->answer.outcome, clock_now_ms());
}

/* Sends proved news to the turn of the payment's showtime. */
static enum error settle(struct desk *desk, struct exchange *exchange,
                         const struct gateway_news *news)
{
    struct payment payment;
    struct id showtime;
    uint64_t version = 0;
    const struct payment_query query = {.id = news->payment};
    const enum error error = desk->reader.methods->find_payment(desk->reader.context, &query,
                                                                &payment, &showtime, &version);
    if (error != ERROR_NONE) return error;
    if (payment.method != news->method) return ERROR_PAYMENT_NOT_FOUND;

    struct command *command = desk_take(desk);
    if (command == NULL) return ERROR_OVERLOADED;
    command->kind = COMMAND_MONEY;
    command->showtime = showtime;
    command->payment = news->payment;
    command->method = news->method;
    command->news = news->news;
    command->amount = news->amount;
    command->currency = news->currency;
    command->paid_at_ms = news->paid_at_ms;
    desk_submit(desk, exchange, command, settled);
    return ERROR_NONE;
}

static_assert((int)GATEWAY_FAULTS_MAX <= (int)FIELD_ERRORS_MAX, "every fault is told");

static void answer_faults(struct exchange *exchange, const struct gateway_faults *faults,
                          int64_t now_ms)
{
    struct field_error errors[GATEWAY_FAULTS_MAX];
    for (size_t index = 0; index < faults->count; index++) {
        errors[index] = (struct field_error){.field = faults->entries[index].field,
                                             .message = faults->entries[index].message};
    }
    problem_reply(exchange,
                  &(struct problem){.error = ERROR_VALIDATION_FAILED,
                                    .errors = errors,
                                    .error_count = faults->count},
                  now_ms);
}

/* Gateways add members without notice, so the tree of a message gets room by the message's
 * size, and not by what our own clients send: at worst every second byte is a value. */
enum { TREE_BYTES_PER_BYTE = 64, TREE_BYTES_MIN = 16 * 1024 };

/* Counts the message; its signature is known. False when it has answered 429. */
static bool admit(const struct desk *desk, struct exchange *exchange, enum payment_method method,
                  enum error error, int64_t now_ms)
{
    struct limiter *limiter = desk->house->limiter;
    if (error == ERROR_INVALID_WEBHOOK_SIGNATURE)
        return limiter_admit_failure(limiter, exchange, now_ms);
    return limiter_admit_webhook(limiter, exchange, method, now_ms);
}

static void read_and_settle(struct desk *desk, struct exchange *exchange,
                            enum payment_method method, struct arena *room, int64_t now_ms)
{
    struct generic generic;
    const struct gateway gateway = gateway_of(desk, method, &generic);
    const struct gateway_message message = {.body = exchange->body,
                                            .query = exchange->query,
                                            .header = find_header,
                                            .request = exchange};
    struct gateway_news news = {0};
    struct gateway_faults faults = {0};
    enum error error =
        gateway.methods->read(gateway.context, &message, now_ms, room, &news, &faults);
    if (!admit(desk, exchange, method, error, now_ms)) return;
    if (error == ERROR_NONE && news.method != method) error = ERROR_PAYMENT_NOT_FOUND;
    if (error == ERROR_NONE) error = settle(desk, exchange, &news);
    if (error == ERROR_VALIDATION_FAILED) answer_faults(exchange, &faults, now_ms);
    else if (error != ERROR_NONE) answer(exchange, &gateway, error, MONEY_NOTED, now_ms);
}

void webhook_handle(struct desk *desk, struct exchange *exchange, struct slice provider,
                    int64_t now_ms)
{
    enum payment_method method = PAYMENT_METHOD_COUNT;
    enum error error = ERROR_NONE;
    if (!payment_method_parse(provider, &method)) error = ERROR_UNKNOWN_PROVIDER;
    else if (desk->webhook_macs[method] == NULL) error = ERROR_PROVIDER_NOT_CONFIGURED;
    if (error != ERROR_NONE) {
        if (admit(desk, exchange, method, error, now_ms))
            problem_reply_error(exchange, error, now_ms);
        return;
    }
    struct arena room;
    const size_t room_size = TREE_BYTES_MIN + exchange->body.size * TREE_BYTES_PER_BYTE;
    void *block = malloc(room_size);
    if (block == NULL) {
        problem_reply_error(exchange, ERROR_OVERLOADED, now_ms);
        return;
    }
    arena_init(&room, block, room_size);
    read_and_settle(desk, exchange, method, &room, now_ms);
    free(block);
}
