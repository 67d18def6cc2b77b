#include "core/settlement.h"

#include "base/check.h"
#include "core/turn_edit.h"

struct case_at_hand {
    struct turn *turn;
    struct command *command;
    struct booking_fact *booking;
    struct payment_fact *payment;
};

static int64_t paid_at(const struct case_at_hand *at_hand)
{
    const int64_t said_ms = at_hand->command->paid_at_ms;
    return said_ms > 0 ? said_ms : at_hand->turn->now_ms;
}

static void refund(const struct case_at_hand *at_hand, enum payment_reason reason)
{
    payment_owe_refund(&at_hand->payment->payment, reason, at_hand->command->amount,
                       paid_at(at_hand), at_hand->turn->now_ms);
    facts_touch_payment(at_hand->payment);
    at_hand->command->answer.outcome = MONEY_TO_REFUND;
}

static void keep(const struct case_at_hand *at_hand)
{
    struct turn *turn = at_hand->turn;
    struct booking *booking = &at_hand->booking->booking;
    struct payment *payment = &at_hand->payment->payment;

    turn_fail_active(turn, booking, payment->id, REASON_BOOKING_PAID);
    payment_complete(payment, at_hand->command->amount, paid_at(at_hand), turn->now_ms);
    facts_touch_payment(at_hand->payment);
    turn_claim_seats(turn, booking, SEAT_BOOKED);
    turn_grow_version(turn);
    booking_confirm(booking, payment->id, turn->now_ms);
    facts_touch_booking(at_hand->booking);
    at_hand->command->answer.outcome = MONEY_CONFIRMED;
}

/* Are all the booking's seats free, or still its own? */
static bool seats_can_be_had(const struct turn *turn, const struct booking *booking)
{
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        const uint32_t place = seat_map_find(turn->map, booking->seats[index].name);
        if (place == PLACE_NONE) return false;
        const enum seat_state state = turn->map->states[place];
        const bool own =
            state == SEAT_HELD && id_equal(turn->map->claims[place].booking, booking->id);
        if (state != SEAT_AVAILABLE && !own) return false;
    }
    return true;
}

static void settle_paid(const struct case_at_hand *at_hand)
{
    const struct turn *turn = at_hand->turn;
    const struct booking *booking = &at_hand->booking->booking;
    const struct payment *payment = &at_hand->payment->payment;

    if (payment_paid(payment->status)) return;
    if (!currency_is_none(at_hand->command->currency)) {
        at_hand->payment->payment.paid_currency = at_hand->command->currency;
        refund(at_hand, REASON_CURRENCY_MISMATCH);
        return;
    }
    if (at_hand->command->amount != payment->amount) {
        refund(at_hand, REASON_AMOUNT_MISMATCH);
        return;
    }
    if (booking->status == BOOKING_CONFIRMED) {
        refund(at_hand, REASON_BOOKING_PAID);
        return;
    }
    if (booking_live(booking, turn->now_ms) && turn_owns_seats(turn, booking, SEAT_HELD)) {
        keep(at_hand);
        return;
    }
    if (turn->map->status == SHOWTIME_CANCELLED) refund(at_hand, REASON_SHOWTIME_CANCELLED);
    else if (booking->status == BOOKING_CANCELLED) refund(at_hand, REASON_BOOKING_CANCELLED);
    else if (turn->now_ms >= turn->map->starts_at_ms) refund(at_hand, REASON_SHOWTIME_STARTED);
    else if (!seats_can_be_had(turn, booking)) refund(at_hand, REASON_SEATS_TAKEN);
    else keep(at_hand);
}

static void settle_unpaid(const struct case_at_hand *at_hand)
{
    struct payment *payment = &at_hand->payment->payment;
    const bool failed = at_hand->command->news == MONEY_FAILED;
    const enum payment_status next = failed ? PAYMENT_FAILED : PAYMENT_PROCESSING;

    if (!payment_may_become(payment->status, next)) return;
    if (failed) payment_fail(payment, REASON_DECLINED, at_hand->turn->now_ms);
    else payment_process(payment, at_hand->turn->now_ms);
    facts_touch_payment(at_hand->payment);
    at_hand->command->answer.outcome = MONEY_NOTED;
}

void settlement_decide(struct turn *turn, struct command *command)
{
    struct payment_fact *payment = facts_payment(&turn->facts, command->payment);
    if (payment == NULL || payment->payment.method != command->method) {
        turn_refuse(turn, command, REFUSAL_PAYMENT_NOT_FOUND);
        return;
    }
    struct booking_fact *booking = facts_booking(&turn->facts, payment->payment.booking);
    if (booking == NULL || turn->map == NULL) {
        command->answer.failure = ERROR_INTERNAL_ERROR; /* The store lost a row: see the audit. */
        return;
    }
    CHECK(id_equal(booking->booking.showtime, turn->map->showtime));

    const struct case_at_hand at_hand = {turn, command, booking, payment};
    command->answer.outcome = MONEY_KNOWN_ALREADY;
    if (command->news == MONEY_PAID) settle_paid(&at_hand);
    else settle_unpaid(&at_hand);
    turn_answer(turn, command, &booking->booking, &payment->payment);
}
