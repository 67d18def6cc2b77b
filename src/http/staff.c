#include "http/staff.h"

#include "base/buffer.h"
#include "base/check.h"
#include "base/clock.h"
#include "http/booking_json.h"
#include "http/keyed.h"
#include "http/reply.h"
#include "http/staff_json.h"

enum {
    CANCELLED_SIZE_MAX = 1024,
    SENTENCE_SIZE_MAX = 512, /* A reference that is all quotes, in a sentence. */
};

enum staff_role staff_role_of(const struct exchange *exchange)
{
    CHECK(exchange->role != ROLE_USER);
    return exchange->role == ROLE_ADMIN ? STAFF_ROLE_ADMIN : STAFF_ROLE_STAFF;
}

/* Makes it a command of the staff, with its order. False when there is no room: it has then
 * answered the exchange, and the command is given back. */
static bool give_order(struct desk *desk, struct exchange *exchange, struct command *command,
                       enum command_kind kind, int64_t now_ms)
{
    struct staff_order *order = desk_room(desk, command, sizeof *order);
    if (order == NULL) {
        desk_give_back(desk, command);
        problem_reply_error(exchange, ERROR_OVERLOADED, now_ms);
        return false;
    }
    order->role = staff_role_of(exchange);
    command->kind = kind;
    command->order = order;
    return true;
}

/* Starts a command. NULL when it has answered the exchange. */
static struct command *take(struct desk *desk, struct exchange *exchange, enum command_kind kind,
                            int64_t now_ms)
{
    struct command *command = desk_take(desk);
    if (command == NULL) {
        problem_reply_error(exchange, ERROR_OVERLOADED, now_ms);
        return NULL;
    }
    command->claim.user = exchange->user;
    return give_order(desk, exchange, command, kind, now_ms) ? command : NULL;
}

/* A text of one line, for people. */
static struct reason read_text(struct request_body *body, struct slice name)
{
    const struct slice text = request_body_string(body, name, REASON_SIZE_MAX);
    for (size_t index = 0; index < text.size; index++) {
        const uint8_t byte = (uint8_t)text.data[index];
        if (byte >= 0x20 && byte != 0x7f) continue;
        request_body_complain(body, name, SLICE("must be one line without control characters"));
        return (struct reason){0};
    }
    return reason_of(text);
}

/* Answers a command that was refused; false if it was not. */
static bool refused(struct exchange *exchange, const struct command *command)
{
    const struct answer *answer = &command->answer;
    const struct staff_answer *of_staff = &command->order->answer;
    if (answer->refusal == REFUSAL_NONE) return false;
    if (answer->map_version > 0) reply_add_version(exchange, answer->map_version);
    problem_reply(exchange,
                  &(struct problem){.error = problem_error_of(answer->refusal),
                                    .conflicts = of_staff->conflicts,
                                    .conflict_count = of_staff->conflict_count},
                  clock_now_ms());
    return true;
}

static void send(struct exchange *exchange, int status, const struct command *command,
                 struct reply *reply)
{
    reply_add_personal(exchange);
    reply_add_version(exchange, command->answer.map_version);
    reply_send(exchange, status, reply);
}

/* The showtime of a path for a command that is given back if there can be none. */
static bool name_showtime(struct desk *desk, struct exchange *exchange, struct command *command,
                          struct slice id, int64_t now_ms)
{
    if (id_parse(id, &command->showtime)) return true;
    desk_give_back(desk, command);
    problem_reply_error(exchange, ERROR_SHOWTIME_NOT_FOUND, now_ms);
    return false;
}

/* Finishes a body; a wrong one gives the command back. */
static bool finish(struct desk *desk, struct exchange *exchange, struct command *command,
                   struct request_body *body, int64_t now_ms)
{
    if (request_body_finish(exchange, body, now_ms)) return true;
    desk_give_back(desk, command);
    return false;
}

static void answer_block(struct desk *desk, struct exchange *exchange,
                         const struct command *command)
{
    (void)desk;
    struct reply reply;
    if (refused(exchange, command)) return;
    if (!reply_begin(exchange, STAFF_JSON_BLOCK_SIZE, &reply)) return;
    staff_json_block(&reply.writer, &command->order->answer.block);
    send(exchange, 201, command, &reply);
}

void staff_block(struct desk *desk, struct exchange *exchange, struct slice id, int64_t now_ms)
{
    struct request_body body;
    if (!request_body_parse(exchange, &body, now_ms)) return;
    struct command *command = take(desk, exchange, COMMAND_BLOCK, now_ms);
    if (command == NULL) return;
    struct staff_order *order = command->order;
    order->seat_count =
        (uint8_t)request_body_seats(&body, SLICE("seats"), order->seats, SEATS_PER_BLOCK_MAX);
    order->text = read_text(&body, SLICE("reason"));
    if (!finish(desk, exchange, command, &body, now_ms)) return;
    if (!name_showtime(desk, exchange, command, id, now_ms)) return;
    desk_submit(desk, exchange, command, answer_block);
}

static void answer_release(struct desk *desk, struct exchange *exchange,
                           const struct command *command)
{
    (void)desk;
    struct reply reply;
    if (refused(exchange, command)) return;
    if (!reply_begin(exchange, STAFF_JSON_BLOCK_SIZE, &reply)) return;
    staff_json_released(&reply.writer, &command->order->answer.block);
    send(exchange, 200, command, &reply);
}

void staff_release(struct desk *desk, struct exchange *exchange, struct slice id,
                   struct slice block, int64_t now_ms)
{
    struct command *command = take(desk, exchange, COMMAND_RELEASE, now_ms);
    if (command == NULL) return;
    if (!name_showtime(desk, exchange, command, id, now_ms)) return;
    if (!id_parse(block, &command->order->block)) {
        desk_give_back(desk, command);
        problem_reply_error(exchange, ERROR_NOT_FOUND, now_ms);
        return;
    }
    desk_submit(desk, exchange, command, answer_release);
}

static void answer_cancel(struct desk *desk, struct exchange *exchange,
                          const struct command *command)
{
    (void)desk;
    struct reply reply;
    if (refused(exchange, command)) return;
    if (!reply_begin(exchange, CANCELLED_SIZE_MAX, &reply)) return;
    staff_json_cancelled(&reply.writer, command->showtime, &command->order->answer);
    send(exchange, 202, command, &reply);
}

void staff_cancel_showtime(struct desk *desk, struct exchange *exchange, struct slice id,
                           int64_t now_ms)
{
    struct request_body body;
    if (!request_body_parse(exchange, &body, now_ms)) return;
    struct command *command = take(desk, exchange, COMMAND_CANCEL_SHOWTIME, now_ms);
    if (command == NULL) return;
    command->order->text = read_text(&body, SLICE("reason"));
    if (!finish(desk, exchange, command, &body, now_ms)) return;
    if (!name_showtime(desk, exchange, command, id, now_ms)) return;
    desk_submit(desk, exchange, command, answer_cancel);
}

/* Finds the payment of a path and the showtime whose turn decides about it. ERROR_NONE, and no
 * showtime, if there is no such payment: the turn then says so. */
static enum error find_payment(struct desk *desk, struct slice id, struct command *command)
{
    struct payment payment;
    struct id showtime;
    uint64_t version = 0;
    const struct reader *reader = &desk->reader;
    if (!id_parse(id, &command->payment)) return ERROR_PAYMENT_NOT_FOUND;
    const struct payment_query query = {.id = command->payment};
    const enum error error =
        reader->methods->find_payment(reader->context, &query, &payment, &showtime, &version);
    if (error == ERROR_NONE) command->showtime = showtime;
    return error == ERROR_PAYMENT_NOT_FOUND ? ERROR_NONE : error;
}

static bool name_payment(struct desk *desk, struct exchange *exchange, struct command *command,
                         struct slice id, int64_t now_ms)
{
    const enum error error = find_payment(desk, id, command);
    if (error == ERROR_NONE) return true;
    desk_give_back(desk, command);
    problem_reply_error(exchange, error, now_ms);
    return false;
}

static void answer_refund(struct desk *desk, struct exchange *exchange,
                          const struct command *command)
{
    (void)desk;
    struct reply reply;
    if (command->answer.refusal == REFUSAL_BOOKING_CANNOT_BE_CANCELLED) {
        keyed_add_replayed(exchange, command);
        reply_add_version(exchange, command->answer.map_version);
        problem_reply(exchange,
                      &(struct problem){.error = ERROR_BOOKING_CANNOT_BE_CANCELLED,
                                        .detail = SLICE("The payment has not been paid, so there "
                                                        "is no money to give back")},
                      clock_now_ms());
        return;
    }
    if (keyed_refused(exchange, command)) return;
    if (!reply_begin(exchange, BOOKING_JSON_PAYMENT_SIZE_MAX, &reply)) return;
    booking_json_payment(&reply.writer, &command->answer.payment, clock_now_ms());
    keyed_add_replayed(exchange, command);
    send(exchange, 202, command, &reply);
}

void staff_refund(struct desk *desk, struct exchange *exchange, struct slice id, int64_t now_ms)
{
    struct keyed keyed;
    if (!keyed_begin(desk, exchange, OPERATION_REFUND, &keyed, now_ms)) return;
    struct command *command = keyed.command;
    if (!give_order(desk, exchange, command, COMMAND_REFUND, now_ms)) return;
    command->order->text = read_text(&keyed.body, SLICE("reason"));
    if (!keyed_finish(desk, exchange, &keyed, now_ms)) return;
    if (!name_payment(desk, exchange, command, id, now_ms)) return;
    desk_submit(desk, exchange, command, answer_refund);
}

/* Says why a refund cannot be noted as paid by hand. */
static void refuse_done(struct exchange *exchange, const struct payment *payment)
{
    char text[SENTENCE_SIZE_MAX];
    struct buffer sentence;
    buffer_init(&sentence, text, sizeof text);
    struct field_error error = {.field = SLICE("id"),
                                .message = SLICE("names a payment without money that waits to "
                                                 "go back")};
    struct problem problem = {.error = ERROR_VALIDATION_FAILED,
                              .detail = SLICE("No money of this payment waits to go back"),
                              .errors = &error,
                              .error_count = 1};
    if (payment->status == PAYMENT_REFUNDED) {
        buffer_append(&sentence, SLICE("The refund has been paid already, under the reference "));
        buffer_append(&sentence, reason_text(&payment->refund_reference));
        problem.detail = buffer_text(&sentence);
        error = (struct field_error){.field = SLICE("reference"),
                                     .message = SLICE("is not that of the refund")};
    }
    problem_reply(exchange, &problem, clock_now_ms());
}

static void answer_done(struct desk *desk, struct exchange *exchange, const struct command *command)
{
    (void)desk;
    struct reply reply;
    const struct answer *answer = &command->answer;
    if (answer->refusal == REFUSAL_VALIDATION_FAILED) {
        refuse_done(exchange, &answer->payment);
        return;
    }
    if (refused(exchange, command)) return;
    if (!reply_begin(exchange, BOOKING_JSON_PAYMENT_SIZE_MAX, &reply)) return;
    json_open_object(&reply.writer);
    json_member_bool(&reply.writer, SLICE("success"), true);
    json_key(&reply.writer, SLICE("data"));
    booking_json_payment_for_staff(&reply.writer, &answer->payment, clock_now_ms());
    json_close_object(&reply.writer);
    send(exchange, 200, command, &reply);
}

void staff_refund_done(struct desk *desk, struct exchange *exchange, struct slice id,
                       int64_t now_ms)
{
    struct request_body body;
    if (!request_body_parse(exchange, &body, now_ms)) return;
    struct command *command = take(desk, exchange, COMMAND_REFUND_DONE, now_ms);
    if (command == NULL) return;
    command->order->text = read_text(&body, SLICE("reference"));
    if (!finish(desk, exchange, command, &body, now_ms)) return;
    if (!name_payment(desk, exchange, command, id, now_ms)) return;
    desk_submit(desk, exchange, command, answer_done);
}
