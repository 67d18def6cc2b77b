#include "core/refund.h"

#include "base/check.h"
#include "core/turn_edit.h"

/* Money that is kept has bought its booking's seats. */
static bool bought(const struct payment *payment, const struct booking *booking)
{
    return booking->status == BOOKING_CONFIRMED && id_equal(booking->payment, payment->id);
}

static void give_back(struct turn *turn, struct command *command, struct payment_fact *payment,
                      struct booking_fact *booking)
{
    turn_give_back(turn, payment, REASON_REQUESTED);
    turn_cancel_booking(turn, booking, command->order->text);
    turn_note(turn, command, JOURNAL_REFUND, payment->payment.id);
}

void refund_decide(struct turn *turn, struct command *command)
{
    struct payment_fact *payment = facts_payment(&turn->facts, command->payment);
    if (payment == NULL) {
        turn_refuse(turn, command, REFUSAL_PAYMENT_NOT_FOUND);
        return;
    }
    if (!payment_paid(payment->payment.status)) {
        turn_refuse(turn, command, REFUSAL_BOOKING_CANNOT_BE_CANCELLED);
        return;
    }
    struct booking_fact *booking = facts_booking(&turn->facts, payment->payment.booking);
    if (booking == NULL || turn->map == NULL) {
        command->answer.failure = ERROR_INTERNAL_ERROR; /* The store lost a row: see the audit. */
        return;
    }
    CHECK(id_equal(booking->booking.showtime, turn->map->showtime));

    if (payment->payment.status == PAYMENT_COMPLETED) {
        if (!bought(&payment->payment, &booking->booking)) {
            turn_contradict(turn, command);
            return;
        }
        give_back(turn, command, payment, booking);
    }
    const bool due = payment->payment.status != PAYMENT_REFUNDED;
    turn_keep_key(turn, command, booking->booking.id, payment->payment.id, due);
    turn_answer(turn, command, &booking->booking, &payment->payment);
    command->answer.created = due;
}

void refund_replay(struct command *command, const struct key_record *record)
{
    struct payment *payment = &command->answer.payment;
    CHECK(payment_paid(payment->status));
    if (!record->created) return;
    payment->status = PAYMENT_REFUND_DUE;
    payment->refund_done_at_ms = 0;
    payment->refund_reference = (struct reason){0};
}

void refund_finish(struct turn *turn, struct command *command)
{
    struct payment_fact *fact = facts_payment(&turn->facts, command->payment);
    if (fact == NULL) {
        turn_refuse(turn, command, REFUSAL_PAYMENT_NOT_FOUND);
        return;
    }
    struct payment *payment = &fact->payment;
    const struct reason *reference = &command->order->text;
    const bool due =
        payment->status == PAYMENT_REFUND_DUE || payment->status == PAYMENT_REFUND_FAILED;
    const bool again =
        payment->status == PAYMENT_REFUNDED && reason_equal(&payment->refund_reference, reference);
    if (due) {
        payment_finish_refund(payment, *reference, turn->now_ms);
        facts_touch_payment(fact);
        turn_note(turn, command, JOURNAL_REFUND_DONE, payment->id);
    } else if (!again) {
        turn_refuse(turn, command, REFUSAL_VALIDATION_FAILED);
    }
    command->answer.payment = *payment;
}
