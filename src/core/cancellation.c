#include "core/cancellation.h"

#include "base/check.h"
#include "core/turn_edit.h"

static enum refusal judge(const struct turn *turn, const struct command *command,
                          const struct booking_fact *fact)
{
    if (fact == NULL || turn->map == NULL) return REFUSAL_BOOKING_NOT_FOUND;
    const struct booking *booking = &fact->booking;
    CHECK(id_equal(booking->showtime, turn->map->showtime));

    if (!user_equal(&booking->user, &command->claim.user)) return REFUSAL_BOOKING_NOT_OWNED;
    if (booking->status == BOOKING_CANCELLED) return REFUSAL_NONE;
    if (!booking_live(booking, turn->now_ms)) return REFUSAL_BOOKING_CANNOT_BE_CANCELLED;
    return REFUSAL_NONE;
}

void cancellation_decide(struct turn *turn, struct command *command)
{
    struct booking_fact *fact = facts_booking(&turn->facts, command->booking);
    const enum refusal refusal = judge(turn, command, fact);
    if (refusal != REFUSAL_NONE) {
        turn_refuse(turn, command, refusal);
        return;
    }
    struct booking *booking = &fact->booking;
    if (booking->status == BOOKING_PENDING) {
        turn_fail_active(turn, booking, (struct id){0}, REASON_BOOKING_CANCELLED);
        turn_cancel_booking(turn, fact, (struct reason){0});
    }
    turn_answer(turn, command, booking, NULL);
}
