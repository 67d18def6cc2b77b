#include "core/expiry.h"

#include "base/check.h"
#include "core/turn_edit.h"

void expiry_decide(struct turn *turn, struct command *command)
{
    CHECK(turn->map != NULL);

    struct booking_fact *fact = facts_booking(&turn->facts, command->booking);
    if (fact == NULL || fact->booking.status != BOOKING_PENDING) {
        turn_refuse(turn, command, REFUSAL_BOOKING_NOT_FOUND);
        return;
    }
    struct booking *booking = &fact->booking;
    if (!booking_live(booking, turn->now_ms)) {
        turn_fail_active(turn, booking, (struct id){0}, REASON_EXPIRED);
        turn_free_seats(turn, booking);
        turn_grow_version(turn);
        booking_expire(booking, turn->now_ms);
        facts_touch_booking(fact);
    }
    turn_answer(turn, command, booking, NULL);
}
