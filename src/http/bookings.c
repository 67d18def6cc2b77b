#include "http/bookings.h"

#include "base/check.h"
#include "http/booking_json.h"
#include "http/keyed.h"
#include "http/limiter.h"
#include "http/payments.h"
#include "http/query.h"
#include "http/reply.h"

static_assert((int)BOOKINGS_LISTED_MAX >= (int)QUERY_LIMIT_MAX, "the contract's pages can be had");

enum {
    LIST_OVERHEAD_MAX = 256,
    WORD_SIZE_MAX = 16, /* The longest status or method, with room. */
};

/* Answers what the turn decided about one booking. */
static void reply_booking(struct exchange *exchange, int status, const struct command *command,
                          void (*write)(struct json_writer *, const struct booking *))
{
    struct reply reply;
    if (!reply_begin(exchange, BOOKING_JSON_SIZE_MAX, &reply)) return;
    write(&reply.writer, &command->answer.booking);
    reply_add_personal(exchange);
    reply_add_version(exchange, command->answer.map_version);
    reply_send(exchange, status, &reply);
}

static void answer_hold(struct desk *desk, struct exchange *exchange, const struct command *command)
{
    (void)desk;
    if (keyed_refused(exchange, command)) return;
    keyed_add_replayed(exchange, command);
    reply_booking(exchange, 201, command, booking_json_hold);
}

void bookings_hold(struct desk *desk, struct exchange *exchange, int64_t now_ms)
{
    struct keyed keyed;
    if (!keyed_begin(desk, exchange, OPERATION_HOLD, &keyed, now_ms)) return;
    struct command *command = keyed.command;
    command->kind = COMMAND_HOLD;
    command->showtime = request_body_id(&keyed.body, SLICE("showtime_id"));
    command->seat_count = (uint8_t)request_body_seats(&keyed.body, SLICE("seats"), command->seats,
                                                      SEATS_PER_HOLD_MAX);
    if (!keyed_finish(desk, exchange, &keyed, now_ms)) return;
    desk_submit(desk, exchange, command, answer_hold);
}

static void answer_confirm(struct desk *desk, struct exchange *exchange,
                           const struct command *command)
{
    (void)desk;
    if (keyed_refused(exchange, command)) return;
    struct reply reply;
    if (!reply_begin(exchange, BOOKING_JSON_SIZE_MAX, &reply)) return;
    booking_json_confirm(&reply.writer, &command->answer.booking, &command->answer.payment);
    keyed_add_replayed(exchange, command);
    reply_add_personal(exchange);
    reply_add_version(exchange, command->answer.map_version);
    reply_send(exchange, 200, &reply);
}

void bookings_confirm(struct desk *desk, struct exchange *exchange, struct slice id, int64_t now_ms)
{
    struct keyed keyed;
    if (!keyed_begin(desk, exchange, OPERATION_CONFIRM, &keyed, now_ms)) return;
    keyed.command->kind = COMMAND_CONFIRM;
    if (!payments_read(desk, exchange, &keyed, now_ms)) return;
    if (!id_parse(id, &keyed.command->booking)) {
        desk_give_back(desk, keyed.command);
        problem_reply(exchange, &(struct problem){.error = ERROR_BOOKING_NOT_FOUND}, now_ms);
        return;
    }
    if (!keyed_route(desk, exchange, &keyed, now_ms)) return;
    desk_submit(desk, exchange, keyed.command, answer_confirm);
}

/* The caller's own booking as last committed. False when it has answered the exchange. */
static bool find_own(struct desk *desk, struct exchange *exchange, struct slice id,
                     enum consistency consistency, struct booking *booking, uint64_t *version,
                     int64_t now_ms)
{
    struct id parsed;
    enum error error = ERROR_BOOKING_NOT_FOUND;
    const struct reader *reader = &desk->reader;
    if (id_parse(id, &parsed)) {
        error =
            reader->methods->find_booking(reader->context, parsed, consistency, booking, version);
    }
    if (error == ERROR_NONE && !user_equal(&booking->user, &exchange->user)) {
        error = ERROR_BOOKING_NOT_OWNED;
    }
    if (error == ERROR_NONE) return true;
    problem_reply(exchange, &(struct problem){.error = error}, now_ms);
    return false;
}

void bookings_get(struct desk *desk, struct exchange *exchange, struct slice id, int64_t now_ms)
{
    struct booking booking;
    uint64_t version = 0;
    enum consistency consistency = CONSISTENCY_LATEST;
    if (!query_only_consistency(exchange, &consistency, now_ms)) return;
    if (!find_own(desk, exchange, id, consistency, &booking, &version, now_ms)) return;
    struct reply reply;
    if (!reply_begin(exchange, BOOKING_JSON_SIZE_MAX, &reply)) return;
    booking_json_whole(&reply.writer, &booking);
    reply_add_personal(exchange);
    reply_add_version(exchange, version);
    reply_send(exchange, 200, &reply);
}

static void answer_cancel(struct desk *desk, struct exchange *exchange,
                          const struct command *command)
{
    (void)desk;
    if (keyed_refused(exchange, command)) return;
    reply_booking(exchange, 200, command, booking_json_cancelled);
}

/* The same for a booking that was pending when the request came: a hold more that was given up. */
static void answer_first_cancel(struct desk *desk, struct exchange *exchange,
                                const struct command *command)
{
    if (command->answer.refusal == REFUSAL_NONE)
        limiter_note_cancel(desk->house->limiter, exchange);
    answer_cancel(desk, exchange, command);
}

void bookings_cancel(struct desk *desk, struct exchange *exchange, struct slice id, int64_t now_ms)
{
    struct booking booking;
    uint64_t version = 0;
    if (!find_own(desk, exchange, id, CONSISTENCY_LATEST, &booking, &version, now_ms)) return;
    struct command *command = desk_take(desk);
    if (command == NULL) {
        problem_reply(exchange, &(struct problem){.error = ERROR_OVERLOADED}, now_ms);
        return;
    }
    command->kind = COMMAND_CANCEL;
    command->showtime = booking.showtime;
    command->booking = booking.id;
    command->claim.user = exchange->user;
    const bool first = booking.status == BOOKING_PENDING;
    desk_submit(desk, exchange, command, first ? answer_first_cancel : answer_cancel);
}

static void write_list(struct json_writer *writer, const struct booking *bookings, size_t count,
                       bool more)
{
    json_open_object(writer);
    json_key(writer, SLICE("items"));
    json_open_array(writer);
    for (size_t index = 0; index < count; index++) booking_json_whole(writer, &bookings[index]);
    json_close_array(writer);
    json_key(writer, SLICE("next_cursor"));
    if (more) {
        char cursor[CURSOR_TEXT_SIZE];
        query_format_cursor(bookings[count - 1].id, cursor);
        json_text(writer, (struct slice){cursor, sizeof cursor});
    } else {
        json_null(writer);
    }
    json_close_object(writer);
}

static bool read_list_query(struct exchange *exchange, struct booking_query *ret_query,
                            int64_t now_ms)
{
    struct query query;
    query_parse(exchange->query, &exchange->arena, &query);
    *ret_query = (struct booking_query){
        .user = exchange->user, .limit = query_limit(&query), .after = query_cursor(&query)};
    const struct slice status = query_text(&query, SLICE("status"), WORD_SIZE_MAX);
    ret_query->any_status = status.data == NULL;
    if (!ret_query->any_status && !booking_status_parse(status, &ret_query->status)) {
        query_complain(&query, SLICE("status"),
                       SLICE("must be pending, confirmed, cancelled or expired"));
    }
    return query_finish(exchange, &query, now_ms);
}

/* A cursor names the last booking of a page; this one names none. */
static void refuse_cursor(struct exchange *exchange, int64_t now_ms)
{
    const struct field_error wrong = {.field = SLICE("cursor"),
                                      .message = SLICE("must be a next_cursor of this list")};
    problem_reply(
        exchange,
        &(struct problem){.error = ERROR_VALIDATION_FAILED, .errors = &wrong, .error_count = 1},
        now_ms);
}

void bookings_list(struct desk *desk, struct exchange *exchange, int64_t now_ms)
{
    struct booking_query query;
    if (!read_list_query(exchange, &query, now_ms)) return;
    CHECK(query.limit <= BOOKINGS_LISTED_MAX);
    struct booking bookings[BOOKINGS_LISTED_MAX];
    size_t count = 0;
    bool more = false;
    const struct reader *reader = &desk->reader;
    const enum error error =
        reader->methods->list_bookings(reader->context, &query, bookings, &count, &more);
    if (error == ERROR_BOOKING_NOT_FOUND) {
        refuse_cursor(exchange, now_ms);
        return;
    }
    if (error != ERROR_NONE) {
        problem_reply(exchange, &(struct problem){.error = error}, now_ms);
        return;
    }
    struct reply reply;
    if (!reply_begin(exchange, LIST_OVERHEAD_MAX + count * BOOKING_JSON_SIZE_MAX, &reply)) return;
    write_list(&reply.writer, bookings, count, more && count > 0);
    reply_add_personal(exchange);
    reply_send(exchange, 200, &reply);
}
