#include "core/hold.h"

#include "base/check.h"
#include "core/money.h"
#include "core/turn_edit.h"

/* The status comes before the start, so a show that is over is "not available". */
static enum refusal judge_showtime(const struct seat_map *map, int64_t now_ms)
{
    const enum showtime_status status = showtime_status_at(map->status, map->ends_at_ms, now_ms);
    if (status != SHOWTIME_SCHEDULED) return REFUSAL_SHOWTIME_NOT_AVAILABLE;
    if (now_ms >= map->starts_at_ms) return REFUSAL_SHOWTIME_ALREADY_STARTED;
    return REFUSAL_NONE;
}

static enum refusal judge_hoarding(const struct turn *turn, struct command *command, uint64_t tag)
{
    int64_t first_end_ms = 0;
    const uint32_t held = seat_map_held_by(turn->map, tag, turn->now_ms, &first_end_ms);
    if (held + command->seat_count <= turn->policy->held_seats_max) return REFUSAL_NONE;
    command->answer.retry_at_ms = held > 0 ? first_end_ms : turn->now_ms + turn->policy->hold_ms;
    return REFUSAL_TOO_MANY_HOLDS;
}

static enum refusal judge(const struct turn *turn, struct command *command)
{
    const struct seat_wish wish = {.seats = command->seats,
                                   .count = command->seat_count,
                                   .tag = turn_tag(turn->policy, &command->claim.user)};
    struct answer *answer = &command->answer;
    enum refusal refusal =
        conflicts_of_names(turn->map, &wish, answer->conflicts, &answer->conflict_count);
    if (refusal != REFUSAL_NONE) return refusal;
    refusal = judge_showtime(turn->map, turn->now_ms);
    if (refusal != REFUSAL_NONE) return refusal;
    refusal = conflicts_of_claims(turn->map, &wish, answer->conflicts, &answer->conflict_count);
    if (refusal != REFUSAL_NONE) return refusal;
    return judge_hoarding(turn, command, wish.tag);
}

static struct booking make_booking(const struct turn *turn, const struct command *command)
{
    const int64_t expires_at_ms = turn->now_ms + turn->policy->hold_ms;
    struct booking booking = {.showtime = turn->map->showtime,
                              .user = command->claim.user,
                              .status = BOOKING_PENDING,
                              .seat_count = command->seat_count,
                              .held_at_ms = turn->now_ms,
                              .first_expires_at_ms = expires_at_ms,
                              .hold_expires_at_ms = expires_at_ms,
                              .updated_at_ms = turn->now_ms};
    for (uint32_t index = 0; index < command->seat_count; index++) {
        const uint32_t place = seat_map_find(turn->map, command->seats[index]);
        const uint8_t type = turn->map->types[place];
        const int64_t price = turn->map->prices[type];
        booking.seats[index] =
            (struct booked_seat){.name = command->seats[index], .type = type, .price = price};
        booking.total_amount = money_add(booking.total_amount, price);
    }
    booking.final_amount = money_subtract(booking.total_amount, booking.discount_amount);
    if (id_is_none(command->made)) {
        booking.id = numbers_draw_booking(turn->numbers, turn->now_ms, &booking.code);
    } else {
        booking.id = command->made;
        booking.code = command->made_code;
    }
    return booking;
}

void hold_decide(struct turn *turn, struct command *command)
{
    CHECK(command->seat_count >= 1);
    CHECK(command->seat_count <= SEATS_PER_HOLD_MAX);

    if (turn->map == NULL) {
        turn_refuse(turn, command, REFUSAL_SHOWTIME_NOT_FOUND);
        return;
    }
    const enum refusal refusal = judge(turn, command);
    if (refusal != REFUSAL_NONE) {
        turn_refuse(turn, command, refusal);
        return;
    }
    const struct booking booking = make_booking(turn, command);
    facts_add_booking(&turn->facts, &booking, FACT_NEW);
    turn_claim_seats(turn, &booking, SEAT_HELD);
    turn_grow_version(turn);
    turn_keep_key(turn, command, booking.id, (struct id){0}, true);
    turn_answer(turn, command, &booking, NULL);
    command->answer.created = true;
}
