#include "core/ending.h"

#include "base/check.h"
#include "core/turn_edit.h"

static void expire(struct turn *turn, struct booking_fact *fact)
{
    struct booking *booking = &fact->booking;
    turn_fail_active(turn, booking, (struct id){0}, REASON_EXPIRED);
    turn_free_seats(turn, booking);
    turn_grow_version(turn);
    booking_expire(booking, turn->now_ms);
    facts_touch_booking(fact);
}

/* False, and nothing changed, if the money that bought the seats is not where it should be. */
static bool cancel(struct turn *turn, struct booking_fact *fact)
{
    struct booking *booking = &fact->booking;
    if (booking->status == BOOKING_CONFIRMED) {
        struct payment_fact *payment = facts_payment(&turn->facts, booking->payment);
        if (payment == NULL || payment->payment.status != PAYMENT_COMPLETED) return false;
        if (!id_equal(payment->payment.booking, booking->id)) return false;
        turn_give_back(turn, payment, REASON_SHOWTIME_CANCELLED);
    }
    turn_fail_active(turn, booking, (struct id){0}, REASON_SHOWTIME_CANCELLED);
    turn_cancel_booking(turn, fact, turn->map->cancellation_reason);
    return true;
}

/* Ends the booking; false if it is not one that can have the seats for which it must end. */
static bool end(struct turn *turn, struct booking_fact *fact)
{
    const enum booking_status status = fact->booking.status;
    if (turn->map->status == SHOWTIME_CANCELLED) {
        const bool stands = status == BOOKING_PENDING || status == BOOKING_CONFIRMED;
        return stands && cancel(turn, fact);
    }
    /* Money that had waited has bought the seats just now, in this turn. */
    if (status == BOOKING_CONFIRMED && fact->state == FACT_CHANGED) {
        return turn_owns_seats(turn, &fact->booking, SEAT_BOOKED);
    }
    if (status != BOOKING_PENDING || booking_live(&fact->booking, turn->now_ms)) return false;
    expire(turn, fact);
    return true;
}

void ending_decide(struct turn *turn, struct command *command)
{
    CHECK(turn->map != NULL);

    struct booking_fact *fact = facts_booking(&turn->facts, command->booking);
    if (fact == NULL || !end(turn, fact)) {
        turn_contradict(turn, command);
        return;
    }
    turn_answer(turn, command, &fact->booking, NULL);
}
