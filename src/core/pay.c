#include "core/pay.h"

#include "base/check.h"
#include "core/transaction.h"
#include "core/turn_edit.h"

static enum refusal judge(const struct turn *turn, const struct command *command,
                          const struct booking_fact *fact)
{
    if (fact == NULL || turn->map == NULL) return REFUSAL_BOOKING_NOT_FOUND;
    const struct booking *booking = &fact->booking;
    CHECK(id_equal(booking->showtime, turn->map->showtime));

    if (!user_equal(&booking->user, &command->claim.user)) return REFUSAL_BOOKING_NOT_OWNED;
    if (booking->status == BOOKING_CANCELLED) return REFUSAL_BOOKING_NOT_PENDING;
    if (booking->status == BOOKING_CONFIRMED) {
        return command->kind == COMMAND_PAY ? REFUSAL_BOOKING_ALREADY_PAID
                                            : REFUSAL_BOOKING_NOT_PENDING;
    }
    if (!booking_live(booking, turn->now_ms)) return REFUSAL_BOOKING_HOLD_EXPIRED;
    if (!turn_owns_seats(turn, booking, SEAT_HELD)) return REFUSAL_BOOKING_HOLD_EXPIRED;
    return REFUSAL_NONE;
}

/* A confirm's payment, and any later one, ends with the hold; a first `pay` lives its own time. */
static int64_t payment_end(const struct turn *turn, const struct command *command,
                           const struct booking *booking)
{
    if (command->kind == COMMAND_CONFIRM || booking->had_payment) {
        return booking->hold_expires_at_ms;
    }
    return turn->now_ms + turn->policy->payment_ms;
}

static struct payment make_payment(const struct turn *turn, const struct command *command,
                                   const struct booking *booking)
{
    const struct id id = id_is_none(command->made)
                             ? numbers_draw_payment(turn->numbers, turn->now_ms)
                             : command->made;
    struct payment payment = {
        .id = id,
        .booking = booking->id,
        .user = booking->user,
        .method = command->method,
        .status = PAYMENT_PENDING,
        .amount = booking->final_amount,
        .payment_url = transaction_page(url_text(&command->gateway), command->method, id),
        .return_url = command->return_url,
        .created_at_ms = turn->now_ms,
        .updated_at_ms = turn->now_ms,
        .expires_at_ms = payment_end(turn, command, booking)};
    if (command->kind == COMMAND_CONFIRM) payment.alias = command->claim.key;
    return payment;
}

static void extend_hold(struct turn *turn, struct booking *booking, int64_t until_ms)
{
    CHECK(until_ms > booking->hold_expires_at_ms);
    booking->hold_expires_at_ms = until_ms;
    turn_claim_seats(turn, booking, SEAT_HELD);
    turn_grow_version(turn);
}

static void open_payment(struct turn *turn, struct command *command, struct booking_fact *fact)
{
    struct booking *booking = &fact->booking;

    turn_fail_active(turn, booking, (struct id){0}, REASON_SUPERSEDED);
    const struct payment payment = make_payment(turn, command, booking);
    if (payment.expires_at_ms > booking->hold_expires_at_ms) {
        extend_hold(turn, booking, payment.expires_at_ms);
    }
    booking->had_payment = true;
    booking->active_payment = payment.id;
    booking->updated_at_ms = turn->now_ms;
    facts_touch_booking(fact);
    facts_add_payment(&turn->facts, &payment, FACT_NEW);
    turn_keep_key(turn, command, booking->id, payment.id, true);
    turn_answer(turn, command, booking, &payment);
    command->answer.created = true;
}

static void answer_active(struct turn *turn, struct command *command,
                          const struct booking_fact *booking, struct payment_fact *fact)
{
    struct payment *payment = &fact->payment;
    if (command->kind == COMMAND_CONFIRM && uuid_is_none(payment->alias)) {
        payment->alias = command->claim.key;
        payment->updated_at_ms = turn->now_ms;
        facts_touch_payment(fact);
    }
    turn_keep_key(turn, command, booking->booking.id, payment->id, false);
    turn_answer(turn, command, &booking->booking, payment);
}

void pay_decide(struct turn *turn, struct command *command)
{
    struct booking_fact *booking = facts_booking(&turn->facts, command->booking);
    const enum refusal refusal = judge(turn, command, booking);
    if (refusal != REFUSAL_NONE) {
        turn_refuse(turn, command, refusal);
        return;
    }
    struct payment_fact *active = facts_payment(&turn->facts, booking->booking.active_payment);
    const bool answers = active != NULL && payment_active(&active->payment, turn->now_ms) &&
                         active->payment.method == command->method;
    if (answers) answer_active(turn, command, booking, active);
    else open_payment(turn, command, booking);
}
