#include "http/payments.h"

#include "base/check.h"
#include "http/booking_json.h"
#include "http/query.h"
#include "http/reply.h"
#include "http/return_url.h"

enum {
    METHOD_SIZE_MAX = 64, /* Longer than any; told as unknown, not as malformed. */
};

static bool refuse(struct desk *desk, struct exchange *exchange, struct keyed *keyed,
                   enum error error, int64_t now_ms)
{
    desk_give_back(desk, keyed->command);
    problem_reply(exchange, &(struct problem){.error = error}, now_ms);
    return false;
}

static bool may_return_to(const struct house *house, struct slice url)
{
    const struct return_url_rules rules = {.hosts = house->return_hosts,
                                           .host_count = house->return_host_count,
                                           .default_url = url_text(&house->default_return_url)};
    return return_url_allowed(&rules, url);
}

bool payments_read(struct desk *desk, struct exchange *exchange, struct keyed *keyed,
                   int64_t now_ms)
{
    const struct house *house = desk->house;
    struct command *command = keyed->command;
    const struct slice method =
        request_body_string(&keyed->body, SLICE("payment_method"), METHOD_SIZE_MAX);
    const struct slice return_url =
        request_body_optional_string(&keyed->body, SLICE("return_url"), URL_SIZE_MAX);
    if (!keyed_finish(desk, exchange, keyed, now_ms)) return false;
    if (!payment_method_parse(method, &command->method) || !house->providers[command->method].on) {
        return refuse(desk, exchange, keyed, ERROR_UNKNOWN_PROVIDER, now_ms);
    }
    if (return_url.size > 0 && !may_return_to(house, return_url)) {
        return refuse(desk, exchange, keyed, ERROR_RETURN_URL_NOT_ALLOWED, now_ms);
    }
    command->gateway = house->gateway;
    command->return_url = return_url.size > 0 ? url_of(return_url) : house->default_return_url;
    return true;
}

static void answer_pay(struct desk *desk, struct exchange *exchange, const struct command *command)
{
    (void)desk;
    if (keyed_refused(exchange, command)) return;
    struct reply reply;
    if (!reply_begin(exchange, BOOKING_JSON_PAYMENT_SIZE_MAX, &reply)) return;
    booking_json_pay(&reply.writer, &command->answer.payment);
    keyed_add_replayed(exchange, command);
    reply_add_personal(exchange);
    reply_add_version(exchange, command->answer.map_version);
    reply_send(exchange, command->answer.created ? 201 : 200, &reply);
}

void payments_create(struct desk *desk, struct exchange *exchange, int64_t now_ms)
{
    struct keyed keyed;
    if (!keyed_begin(desk, exchange, OPERATION_PAY, &keyed, now_ms)) return;
    keyed.command->kind = COMMAND_PAY;
    keyed.command->booking = request_body_id(&keyed.body, SLICE("booking_id"));
    if (!payments_read(desk, exchange, &keyed, now_ms)) return;
    if (!keyed_route(desk, exchange, &keyed, now_ms)) return;
    desk_submit(desk, exchange, keyed.command, answer_pay);
}

/* Reads a payment's own id or `PAY_<key of its confirm>`. */
static bool read_query(struct slice text, const struct user *user, struct payment_query *ret_query)
{
    *ret_query = (struct payment_query){.user = *user};
    if (slice_starts_with(text, SLICE("PAY_"))) {
        return uuid_parse(slice_from(text, 4), &ret_query->alias);
    }
    return id_parse(text, &ret_query->id);
}

void payments_get(struct desk *desk, struct exchange *exchange, struct slice id, int64_t now_ms)
{
    struct payment_query query;
    struct payment payment;
    struct id showtime;
    uint64_t version = 0;
    enum consistency consistency = CONSISTENCY_LATEST;
    if (!query_only_consistency(exchange, &consistency, now_ms)) return;
    enum error error = ERROR_PAYMENT_NOT_FOUND;
    const struct reader *reader = &desk->reader;
    if (read_query(id, &exchange->user, &query)) {
        query.consistency = consistency;
        error =
            reader->methods->find_payment(reader->context, &query, &payment, &showtime, &version);
    }
    if (error == ERROR_NONE && !user_equal(&payment.user, &exchange->user)) {
        error = ERROR_PAYMENT_NOT_OWNED;
    }
    if (error != ERROR_NONE) {
        problem_reply(exchange, &(struct problem){.error = error}, now_ms);
        return;
    }
    struct reply reply;
    if (!reply_begin(exchange, BOOKING_JSON_PAYMENT_SIZE_MAX, &reply)) return;
    booking_json_payment(&reply.writer, &payment, now_ms);
    reply_add_personal(exchange);
    reply_add_version(exchange, version);
    reply_send(exchange, 200, &reply);
}
