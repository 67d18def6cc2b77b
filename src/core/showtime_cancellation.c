#include "core/showtime_cancellation.h"

#include "core/turn_edit.h"

void showtime_cancellation_decide(struct turn *turn, struct command *command)
{
    struct seat_map *map = turn->map;
    if (map == NULL) {
        turn_refuse(turn, command, REFUSAL_SHOWTIME_NOT_FOUND);
        return;
    }
    if (map->status != SHOWTIME_CANCELLED) {
        map->status = SHOWTIME_CANCELLED;
        map->cancellation_reason = command->order->text;
        map->cancelled_at_ms = turn->now_ms;
        map->next_lapse_ms = 0; /* To be counted anew: its bookings must end. */
        turn->showtime_cancelled = true;
        turn_grow_version(turn);
        turn_note(turn, command, JOURNAL_CANCEL_SHOWTIME, map->showtime);
    }
    command->order->answer.cancellation_reason = map->cancellation_reason;
    command->order->answer.cancelled_at_ms = map->cancelled_at_ms;
    turn_answer_staff(turn, command);
}
