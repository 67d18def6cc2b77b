#include "http/booking_json.h"

#include "base/check.h"

static void member_id(struct json_writer *writer, struct slice key, struct id id)
{
    char text[ID_HEX_SIZE];
    id_format(id, text);
    json_member_text(writer, key, (struct slice){text, sizeof text});
}

static void member_code(struct json_writer *writer, const struct code *code)
{
    char text[3 + CODE_SIZE] = "BK-";
    memcpy(text + 3, code->letters, CODE_SIZE);
    json_member_text(writer, SLICE("booking_code"), (struct slice){text, sizeof text});
}

static void member_time_if_set(struct json_writer *writer, struct slice key, int64_t moment_ms)
{
    if (moment_ms != 0) json_member_time(writer, key, moment_ms);
}

static void seat_name(struct json_writer *writer, struct seat_name name)
{
    char text[SEAT_NAME_SIZE_MAX];
    json_text(writer, (struct slice){text, seat_name_format(name, text)});
}

static void member_seat_names(struct json_writer *writer, struct slice key,
                              const struct booking *booking)
{
    json_key(writer, key);
    json_open_array(writer);
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        seat_name(writer, booking->seats[index].name);
    }
    json_close_array(writer);
}

void booking_json_hold(struct json_writer *writer, const struct booking *booking)
{
    json_open_object(writer);
    member_id(writer, SLICE("booking_id"), booking->id);
    member_code(writer, &booking->code);
    member_id(writer, SLICE("showtime_id"), booking->showtime);
    member_seat_names(writer, SLICE("seats"), booking);
    json_member_number(writer, SLICE("total_amount"), booking->total_amount);
    json_member_number(writer, SLICE("final_amount"), booking->final_amount);
    json_member_text(writer, SLICE("currency"), SLICE(BOOKING_CURRENCY));
    json_member_text(writer, SLICE("status"), booking_status_name(BOOKING_PENDING));
    json_member_time(writer, SLICE("held_at"), booking->held_at_ms);
    json_member_time(writer, SLICE("hold_expires_at"), booking->first_expires_at_ms);
    json_member_time(writer, SLICE("created_at"), booking->held_at_ms);
    json_close_object(writer);
}

void booking_json_confirm(struct json_writer *writer, const struct booking *booking,
                          const struct payment *payment)
{
    char alias[4 + UUID_TEXT_SIZE] = "PAY_";
    uuid_format(payment->alias, alias + 4);
    json_open_object(writer);
    member_id(writer, SLICE("booking_id"), booking->id);
    member_code(writer, &booking->code);
    json_member_text(writer, SLICE("payment_id"), (struct slice){alias, sizeof alias});
    json_member_text(writer, SLICE("payment_url"), url_text(&payment->payment_url));
    json_member_time(writer, SLICE("expires_at"), payment->expires_at_ms);
    json_close_object(writer);
}

static void seats_with_prices(struct json_writer *writer, const struct booking *booking)
{
    json_key(writer, SLICE("seats"));
    json_open_array(writer);
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        const struct booked_seat *seat = &booking->seats[index];
        json_open_object(writer);
        json_key(writer, SLICE("seat_id"));
        seat_name(writer, seat->name);
        json_member_text(writer, SLICE("seat_type"), seat_type_name(seat->type));
        json_member_number(writer, SLICE("price"), seat->price);
        json_close_object(writer);
    }
    json_close_array(writer);
}

void booking_json_whole(struct json_writer *writer, const struct booking *booking)
{
    json_open_object(writer);
    member_id(writer, SLICE("id"), booking->id);
    member_code(writer, &booking->code);
    member_id(writer, SLICE("showtime_id"), booking->showtime);
    json_member_text(writer, SLICE("user_id"), user_name(&booking->user));
    seats_with_prices(writer, booking);
    json_member_number(writer, SLICE("total_amount"), booking->total_amount);
    json_member_number(writer, SLICE("discount_amount"), booking->discount_amount);
    json_member_number(writer, SLICE("final_amount"), booking->final_amount);
    json_member_text(writer, SLICE("currency"), SLICE(BOOKING_CURRENCY));
    json_member_text(writer, SLICE("status"), booking_status_name(booking->status));
    json_member_time(writer, SLICE("held_at"), booking->held_at_ms);
    json_member_time(writer, SLICE("hold_expires_at"), booking->hold_expires_at_ms);
    json_member_time(writer, SLICE("created_at"), booking->held_at_ms);
    json_member_time(writer, SLICE("updated_at"), booking->updated_at_ms);
    member_time_if_set(writer, SLICE("confirmed_at"), booking->confirmed_at_ms);
    member_time_if_set(writer, SLICE("cancelled_at"), booking->cancelled_at_ms);
    if (booking->cancellation_reason.size > 0) {
        json_member_text(writer, SLICE("cancellation_reason"),
                         reason_text(&booking->cancellation_reason));
    }
    if (!id_is_none(booking->payment)) member_id(writer, SLICE("payment_id"), booking->payment);
    json_close_object(writer);
}

void booking_json_cancelled(struct json_writer *writer, const struct booking *booking)
{
    CHECK(booking->status == BOOKING_CANCELLED);

    json_open_object(writer);
    member_id(writer, SLICE("booking_id"), booking->id);
    member_code(writer, &booking->code);
    json_member_text(writer, SLICE("status"), booking_status_name(booking->status));
    json_member_time(writer, SLICE("cancelled_at"), booking->cancelled_at_ms);
    member_seat_names(writer, SLICE("seats_released"), booking);
    json_close_object(writer);
}

/* As the predecessor says it, with the minutes that the payment really has. */
static void member_pay_message(struct json_writer *writer, const struct payment *payment)
{
    enum { MS_PER_MINUTE = 60000 };
    char text[80];
    struct buffer message;
    buffer_init(&message, text, sizeof text);
    const int64_t lasts_ms = payment->expires_at_ms - payment->created_at_ms;
    buffer_append(&message, SLICE("Vui long hoan tat thanh toan trong "));
    buffer_append_number(&message, (lasts_ms + MS_PER_MINUTE - 1) / MS_PER_MINUTE);
    buffer_append(&message, SLICE(" phut"));
    json_member_text(writer, SLICE("message"), buffer_text(&message));
}

void booking_json_pay(struct json_writer *writer, const struct payment *payment)
{
    json_open_object(writer);
    json_member_bool(writer, SLICE("success"), true);
    member_id(writer, SLICE("payment_id"), payment->id);
    json_member_text(writer, SLICE("payment_url"), url_text(&payment->payment_url));
    json_member_time(writer, SLICE("expires_at"), payment->expires_at_ms);
    member_pay_message(writer, payment);
    json_close_object(writer);
}

/* The contract's word: money that must go back shows `completed` until it is `refunded`. */
static struct slice public_status(enum payment_status status)
{
    switch (status) {
    case PAYMENT_REFUND_DUE:
    case PAYMENT_REFUNDING:
    case PAYMENT_REFUND_FAILED:
        return payment_status_name(PAYMENT_COMPLETED);
    default:
        return payment_status_name(status);
    }
}

static struct slice refund_status(enum payment_status status)
{
    switch (status) {
    case PAYMENT_REFUNDING:
        return SLICE("requested");
    case PAYMENT_REFUNDED:
        return SLICE("done");
    case PAYMENT_REFUND_FAILED:
        return SLICE("failed");
    default:
        return SLICE("due");
    }
}

static void member_refund(struct json_writer *writer, const struct payment *payment, bool for_staff)
{
    json_key(writer, SLICE("refund"));
    json_open_object(writer);
    json_member_text(writer, SLICE("status"), refund_status(payment->status));
    json_member_number(writer, SLICE("amount"), payment->paid_amount);
    if (!currency_is_none(payment->paid_currency)) {
        json_member_text(writer, SLICE("currency"), currency_text(&payment->paid_currency));
    }
    json_member_text(writer, SLICE("reason"), payment_reason_name(payment->reason));
    json_member_time(writer, SLICE("requested_at"), payment->refund_requested_at_ms);
    member_time_if_set(writer, SLICE("done_at"), payment->refund_done_at_ms);
    if (for_staff && payment->refund_reference.size > 0) {
        json_member_text(writer, SLICE("reference"), reason_text(&payment->refund_reference));
    }
    json_close_object(writer);
}

static void member_failure(struct json_writer *writer, const struct payment *payment)
{
    const bool ran_out = payment->reason == REASON_NONE;
    json_member_text(writer, SLICE("reason"),
                     payment_reason_name(ran_out ? REASON_EXPIRED : payment->reason));
}

static void payment_data(struct json_writer *writer, const struct payment *payment, int64_t now_ms,
                         bool for_staff)
{
    const enum payment_status status = payment_status_at(payment, now_ms);
    json_open_object(writer);
    member_id(writer, SLICE("id"), payment->id);
    member_id(writer, SLICE("booking_id"), payment->booking);
    if (for_staff) json_member_text(writer, SLICE("user_id"), user_name(&payment->user));
    json_member_number(writer, SLICE("amount"), payment->amount);
    json_member_text(writer, SLICE("currency"), SLICE(BOOKING_CURRENCY));
    json_member_text(writer, SLICE("payment_method"), payment_method_name(payment->method));
    json_member_text(writer, SLICE("status"), public_status(status));
    if (status == PAYMENT_FAILED) member_failure(writer, payment);
    json_member_text(writer, SLICE("payment_url"), url_text(&payment->payment_url));
    if (payment_paid(status)) json_member_time(writer, SLICE("paid_at"), payment->paid_at_ms);
    json_member_time(writer, SLICE("expires_at"), payment->expires_at_ms);
    json_member_time(writer, SLICE("created_at"), payment->created_at_ms);
    if (status > PAYMENT_COMPLETED) member_refund(writer, payment, for_staff);
    json_close_object(writer);
}

void booking_json_payment(struct json_writer *writer, const struct payment *payment, int64_t now_ms)
{
    json_open_object(writer);
    json_member_bool(writer, SLICE("success"), true);
    json_key(writer, SLICE("data"));
    payment_data(writer, payment, now_ms, false);
    json_close_object(writer);
}

void booking_json_payment_for_staff(struct json_writer *writer, const struct payment *payment,
                                    int64_t now_ms)
{
    payment_data(writer, payment, now_ms, true);
}
