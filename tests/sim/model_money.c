#include "sim/model_money.h"

#include "base/check.h"

static enum refusal expected_refusal(const struct model *model, const struct command *command,
                                     const struct model_booking *booking)
{
    const bool paying = command->kind == COMMAND_PAY;
    if (!user_equal(&model->users[booking->user], &command->claim.user)) {
        return REFUSAL_BOOKING_NOT_OWNED;
    }
    if (booking->status == BOOKING_CANCELLED) return REFUSAL_BOOKING_NOT_PENDING;
    if (booking->status == BOOKING_CONFIRMED) {
        return paying ? REFUSAL_BOOKING_ALREADY_PAID : REFUSAL_BOOKING_NOT_PENDING;
    }
    return model_lives(model, booking) ? REFUSAL_NONE : REFUSAL_BOOKING_HOLD_EXPIRED;
}

bool model_money_would_pay(const struct model *model, const struct command *command)
{
    const int32_t found = model_find_booking(model, command->booking);
    if (found == MODEL_NONE) return false;
    return expected_refusal(model, command, &model->bookings[found]) == REFUSAL_NONE;
}

static void count_refusal(const struct model *model, const struct model_booking *booking,
                          enum refusal refusal)
{
    sometimes_saw_if(refusal == REFUSAL_BOOKING_NOT_OWNED, SOMETIMES_PAY_REFUSED_FOREIGN);
    sometimes_saw_if(refusal == REFUSAL_BOOKING_ALREADY_PAID, SOMETIMES_PAY_REFUSED_PAID);
    sometimes_saw_if(refusal == REFUSAL_BOOKING_NOT_PENDING && booking->status == BOOKING_CANCELLED,
                     SOMETIMES_PAY_REFUSED_CANCELLED);
    if (refusal != REFUSAL_BOOKING_HOLD_EXPIRED) return;
    sometimes_saw(SOMETIMES_PAY_REFUSED_EXPIRED);
    sometimes_saw_if(model->now_ms == booking->end_ms, SOMETIMES_PAY_REFUSED_AT_THE_VERY_END);
}

/* The open payment that must be answered instead of a new one; MODEL_NONE: a new one. */
static int32_t open_payment(const struct model *model, const struct model_booking *booking,
                            enum payment_method method)
{
    if (booking->active == MODEL_NONE) return MODEL_NONE;
    const struct model_payment *payment = &model->payments[booking->active];
    const bool open = payment->fate == FATE_OPEN && model->now_ms < payment->end_ms;
    return open && payment->method == method ? booking->active : MODEL_NONE;
}

static void count_created(const struct model *model, const struct model_booking *booking)
{
    sometimes_saw(SOMETIMES_PAY_CREATED);
    sometimes_saw_if(model->now_ms >= model->showtimes[booking->showtime].starts_at_ms,
                     SOMETIMES_PAY_CREATED_AFTER_START);
    if (booking->active == MODEL_NONE) return;
    const struct model_payment *before = &model->payments[booking->active];
    sometimes_saw_if(before->fate == FATE_OPEN, SOMETIMES_PAY_SUPERSEDED);
    sometimes_saw_if(before->fate == FATE_FAILED, SOMETIMES_PAY_AFTER_FAILED);
}

static int32_t hear_created(struct model *model, const struct command *command,
                            struct model_booking *booking)
{
    const struct payment *answered = &command->answer.payment;
    count_created(model, booking);
    if (booking->active != MODEL_NONE) {
        struct model_payment *before = &model->payments[booking->active];
        before->superseded = before->fate == FATE_OPEN;
    }
    model_fail_active(model, booking, MODEL_NONE);
    struct model_payment *payment = model_add_payment(model, answered->id);
    payment->booking = (uint32_t)(booking - model->bookings);
    payment->method = command->method;
    payment->amount = booking->amount;
    const bool with_the_hold = command->kind == COMMAND_CONFIRM || booking->had_payment;
    payment->end_ms = with_the_hold ? booking->end_ms : model->now_ms + model->policy.payment_ms;
    if (payment->end_ms > booking->end_ms) {
        booking->end_ms = payment->end_ms;
        model_take_seats(model, booking);
        sometimes_saw(SOMETIMES_PAY_EXTENDED_THE_HOLD);
    }
    if (command->kind == COMMAND_CONFIRM) payment->alias = command->claim.key;
    booking->had_payment = true;
    booking->active = (int32_t)(payment - model->payments);
    MODEL_MUST(model, answered->status == PAYMENT_PENDING, "a new payment is not pending");
    MODEL_MUST(model, answered->payment_url.size > 0, "a new payment has no page");
    MODEL_MUST(model, command->answer.created, "a new payment was not said to be new");
    return booking->active;
}

static void compare_payment(struct model *model, const struct payment *answered,
                            const struct model_payment *expected)
{
    MODEL_MUST(model, id_equal(answered->id, expected->id), "another payment was answered");
    MODEL_MUST(model, id_equal(answered->booking, model->bookings[expected->booking].id),
               "a payment changed its booking");
    MODEL_MUST(model, answered->method == expected->method, "a payment changed its method");
    MODEL_MUST(model, answered->amount == expected->amount, "a payment changed its amount");
    MODEL_MUST(model, answered->expires_at_ms == expected->end_ms, "a payment has another end");
    MODEL_MUST(model, uuid_equal(answered->alias, expected->alias), "a payment's PAY_ id changed");
}

void model_money_hear_pay(struct model *model, const struct command *command, uint32_t key)
{
    if (model_hear_known_key(model, command, key)) return;
    const struct answer *answer = &command->answer;
    const int32_t found = model_find_booking(model, command->booking);
    if (found == MODEL_NONE) {
        MODEL_MUST(model, answer->refusal == REFUSAL_BOOKING_NOT_FOUND, "no booking was paid for");
        return;
    }
    struct model_booking *booking = &model->bookings[found];
    const enum refusal expected = expected_refusal(model, command, booking);
    MODEL_MUST(model, answer->refusal == expected, "a pay was answered %u and not %u",
               answer->refusal, expected);
    if (model->broken) return;
    if (expected != REFUSAL_NONE) {
        count_refusal(model, booking, expected);
        model_see_version(model, booking->showtime, answer->map_version);
        return;
    }
    int32_t payment = open_payment(model, booking, command->method);
    if (payment == MODEL_NONE) {
        payment = hear_created(model, command, booking);
    } else {
        MODEL_MUST(model, !answer->created, "a payment that was there was said to be new");
        struct uuid *alias = &model->payments[payment].alias;
        const bool named = command->kind == COMMAND_CONFIRM && uuid_is_none(*alias);
        if (named) *alias = command->claim.key;
        sometimes_saw_if(named, SOMETIMES_CONFIRM_NAMED_AN_OPEN_PAYMENT);
        sometimes_saw(SOMETIMES_PAY_ANSWERED_THE_OPEN_ONE);
    }
    compare_payment(model, &answer->payment, &model->payments[payment]);
    MODEL_MUST(model, answer->booking.hold_expires_at_ms == booking->end_ms,
               "a pay answered another end of the hold");
    model_keep_effect(model, command, key, (uint32_t)found, payment);
    model_see_version(model, booking->showtime, answer->map_version);
}

/* Are all the booking's seats nobody's? */
static bool seats_are_free(const struct model *model, const struct model_booking *booking)
{
    const struct model_showtime *showtime = &model->showtimes[booking->showtime];
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        const uint32_t place = booking->places[index];
        if (showtime->owners[place] != MODEL_NONE) return false;
        if (showtime->blocks[place] != MODEL_NONE) return false;
    }
    return true;
}

/* The money rule: why paid money goes back; REASON_NONE: it buys the seats. */
static enum payment_reason why_refund(const struct model *model, const struct command *command,
                                      const struct model_payment *payment)
{
    const struct model_booking *booking = &model->bookings[payment->booking];
    const struct model_showtime *showtime = &model->showtimes[booking->showtime];
    if (command->currency.letters[0] != 0) return REASON_CURRENCY_MISMATCH;
    if (command->amount != payment->amount) return REASON_AMOUNT_MISMATCH;
    if (booking->status == BOOKING_CONFIRMED) return REASON_BOOKING_PAID;
    if (model_lives(model, booking)) return REASON_NONE;
    if (showtime->cancelled) return REASON_SHOWTIME_CANCELLED;
    if (booking->status == BOOKING_CANCELLED) return REASON_BOOKING_CANCELLED;
    if (model->now_ms >= showtime->starts_at_ms) return REASON_SHOWTIME_STARTED;
    return seats_are_free(model, booking) ? REASON_NONE : REASON_SEATS_TAKEN;
}

static void count_kept(const struct model *model, const struct model_booking *booking,
                       const struct model_payment *payment)
{
    const bool late = booking->status == BOOKING_EXPIRED;
    const bool started = model->now_ms >= model->showtimes[booking->showtime].starts_at_ms;
    sometimes_saw(late ? SOMETIMES_MONEY_RESCUED : SOMETIMES_MONEY_KEPT_IN_TIME);
    sometimes_saw_if(late && model->now_ms == booking->end_ms,
                     SOMETIMES_MONEY_RESCUED_AT_THE_VERY_END);
    sometimes_saw_if(!late && started, SOMETIMES_MONEY_KEPT_AFTER_START);
    sometimes_saw_if(payment->declined, SOMETIMES_MONEY_AFTER_FAILED_KEPT);
    sometimes_saw_if(payment->superseded, SOMETIMES_MONEY_SUPERSEDED_KEPT);
}

static void count_refund(enum payment_reason reason)
{
    sometimes_saw_if(reason == REASON_AMOUNT_MISMATCH, SOMETIMES_REFUND_AMOUNT);
    sometimes_saw_if(reason == REASON_CURRENCY_MISMATCH, SOMETIMES_REFUND_CURRENCY);
    sometimes_saw_if(reason == REASON_BOOKING_PAID, SOMETIMES_REFUND_BOOKING_PAID);
    sometimes_saw_if(reason == REASON_SHOWTIME_CANCELLED, SOMETIMES_REFUND_SHOW_CANCELLED);
    sometimes_saw_if(reason == REASON_BOOKING_CANCELLED, SOMETIMES_REFUND_BOOKING_CANCELLED);
    sometimes_saw_if(reason == REASON_SHOWTIME_STARTED, SOMETIMES_REFUND_SHOW_STARTED);
    sometimes_saw_if(reason == REASON_SEATS_TAKEN, SOMETIMES_REFUND_SEATS_TAKEN);
}

static void hear_paid(struct model *model, const struct command *command,
                      struct model_payment *payment)
{
    const struct answer *answer = &command->answer;
    struct model_booking *booking = &model->bookings[payment->booking];
    const bool at_once = payment->paid_step == model->step;
    payment->paid_step = model->step;
    if (payment->fate == FATE_KEPT || payment->fate == FATE_REFUND) {
        MODEL_MUST(model, answer->outcome == MONEY_KNOWN_ALREADY, "money was decided twice");
        sometimes_saw(SOMETIMES_MONEY_TOLD_AGAIN);
        sometimes_saw_if(at_once, SOMETIMES_MONEY_TOLD_TWICE_AT_ONCE);
        return;
    }
    const enum payment_reason reason = why_refund(model, command, payment);
    if (reason != REASON_NONE) {
        MODEL_MUST(model, answer->outcome == MONEY_TO_REFUND, "money that must go back was kept");
        MODEL_MUST(model, answer->payment.reason == reason, "a refund has reason %u and not %u",
                   answer->payment.reason, reason);
        payment->fate = FATE_REFUND;
        payment->reason = reason;
        count_refund(reason);
        sometimes_saw_if(reason == REASON_BOOKING_CANCELLED && booking->ended_step == model->step,
                         SOMETIMES_MONEY_RIGHT_AFTER_CANCEL);
        return;
    }
    MODEL_MUST(model, answer->outcome == MONEY_CONFIRMED, "money did not find its seats");
    count_kept(model, booking, payment);
    const int32_t self = (int32_t)(payment - model->payments);
    model_fail_active(model, booking, self);
    payment->fate = FATE_KEPT;
    model_take_seats(model, booking);
    booking->status = BOOKING_CONFIRMED;
    booking->ended_step = model->step;
    booking->kept_by = self;
}

static void hear_unpaid(struct model *model, const struct command *command,
                        struct model_payment *payment)
{
    const bool failed = command->news == MONEY_FAILED;
    const bool noted = payment->fate == FATE_OPEN && (failed || !payment->processing);
    MODEL_MUST(model, command->answer.outcome == (noted ? MONEY_NOTED : MONEY_KNOWN_ALREADY),
               "news that a payment %s was taken wrongly", failed ? "failed" : "is pending");
    sometimes_saw_if(noted && failed, SOMETIMES_MONEY_FAILED_NOTED);
    sometimes_saw_if(noted && !failed, SOMETIMES_MONEY_PENDING_NOTED);
    sometimes_saw_if(!failed && payment->fate == FATE_FAILED, SOMETIMES_MONEY_PENDING_AFTER_FAILED);
    sometimes_saw_if(failed && payment->fate == FATE_KEPT, SOMETIMES_MONEY_FAILED_AFTER_PAID);
    if (!noted) return;
    payment->declined = failed;
    payment->processing = !failed;
    if (failed) payment->fate = FATE_FAILED;
}

void model_money_hear_news(struct model *model, const struct command *command)
{
    const struct answer *answer = &command->answer;
    const int32_t found = model_find_payment(model, command->payment);
    if (found == MODEL_NONE || model->payments[found].method != command->method) {
        MODEL_MUST(model, answer->refusal == REFUSAL_PAYMENT_NOT_FOUND, "money for no payment");
        sometimes_saw(SOMETIMES_MONEY_UNKNOWN_PAYMENT);
        return;
    }
    struct model_payment *payment = &model->payments[found];
    const struct model_booking *booking = &model->bookings[payment->booking];
    MODEL_MUST(model, answer->refusal == REFUSAL_NONE, "money was refused");
    if (model->broken) return;
    if (command->news == MONEY_PAID) hear_paid(model, command, payment);
    else hear_unpaid(model, command, payment);
    compare_payment(model, &answer->payment, payment);
    MODEL_MUST(model, answer->booking.status == booking->status, "money left another booking");
    model_see_version(model, booking->showtime, answer->map_version);
}
