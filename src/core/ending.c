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

/* False, and nothing changed, if the payment that bought the seats is gone. */
static bool cancel(struct turn *turn, struct booking_fact *fact)
{
    struct booking *booking = &fact->booking;
    if (booking->status == BOOKING_CONFIRMED) {
        struct payment_fact *payment = facts_payment(&turn->facts, booking->payment);
        if (payment == NULL) return false;
        turn_give_back(turn, payment, REASON_SHOWTIME_CANCELLED);
    }
    turn_fail_active(turn, booking, (struct id){0}, REASON_SHOWTIME_CANCELLED);
    turn_cancel_booking(turn, fact, turn->map->cancellation_reason);
    return true;
}

void ending_decide(struct turn *turn, struct command *command)
{
    CHECK(turn->map != NULL);

    struct booking_fact *fact = facts_booking(&turn->facts, command->booking);
    const bool cancelled = turn->map->status == SHOWTIME_CANCELLED;
    const bool stands = fact != NULL && (fact->booking.status == BOOKING_PENDING ||
                                         (cancelled && fact->booking.status == BOOKING_CONFIRMED));
    if (!stands) {
        turn_refuse(turn, command, REFUSAL_BOOKING_NOT_FOUND);
        return;
    }
    if (cancelled) {
        if (!cancel(turn, fact)) {
            command->answer.failure = ERROR_INTERNAL_ERROR; /* A row is lost: see the audit. */
            return;
        }
    } else if (!booking_live(&fact->booking, turn->now_ms)) {
        expire(turn, fact);
    }
    turn_answer(turn, command, &fact->booking, NULL);
}
