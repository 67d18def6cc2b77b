#include "core/turn_edit.h"

#include "base/check.h"

static uint32_t place_of(const struct turn *turn, const struct booking *booking, uint32_t index)
{
    return seat_map_find(turn->map, booking->seats[index].name);
}

static bool owns(const struct turn *turn, const struct booking *booking, uint32_t place)
{
    if (turn->map->states[place] == SEAT_AVAILABLE) return false;
    return id_equal(turn->map->claims[place].booking, booking->id);
}

bool turn_owns_seats(const struct turn *turn, const struct booking *booking, enum seat_state state)
{
    CHECK(booking->seat_count > 0);

    for (uint32_t index = 0; index < booking->seat_count; index++) {
        const uint32_t place = place_of(turn, booking, index);
        if (place == PLACE_NONE || turn->map->states[place] != state) return false;
        if (!owns(turn, booking, place)) return false;
    }
    return true;
}

/* Remembers what the place was before the turn, once. */
static void note_change(struct turn *turn, uint32_t place)
{
    if (turn->place_changed[place]) return;
    CHECK(turn->seat_change_count < TURN_SEAT_CHANGES_MAX);

    const enum seat_state state = turn->map->states[place];
    struct seat_change change = {.place = place, .state_before = state};
    if (state != SEAT_AVAILABLE) change.booking_before = turn->map->claims[place].booking;
    turn->seat_changes[turn->seat_change_count++] = change;
    turn->place_changed[place] = 1;
}

void turn_claim_seats(struct turn *turn, const struct booking *booking, enum seat_state state)
{
    CHECK(state == SEAT_HELD || state == SEAT_BOOKED);

    struct seat_map *map = turn->map;
    const struct seat_claim claim = {.booking = booking->id,
                                     .holder = turn_tag(turn->policy, &booking->user),
                                     .held_until_ms = booking->hold_expires_at_ms};
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        const uint32_t place = place_of(turn, booking, index);
        CHECK(place != PLACE_NONE);
        CHECK(map->states[place] == SEAT_AVAILABLE || owns(turn, booking, place));
        note_change(turn, place);
        map->states[place] = (uint8_t)state;
        map->claims[place] = claim;
    }
    if (state == SEAT_HELD && claim.held_until_ms < map->next_lapse_ms) {
        map->next_lapse_ms = claim.held_until_ms;
    }
}

void turn_free_seats(struct turn *turn, const struct booking *booking)
{
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        const uint32_t place = place_of(turn, booking, index);
        if (place == PLACE_NONE || !owns(turn, booking, place)) continue;
        note_change(turn, place);
        turn->map->states[place] = SEAT_AVAILABLE;
        turn->map->claims[place] = (struct seat_claim){0};
    }
}

void turn_grow_version(struct turn *turn)
{
    CHECK(turn->map != NULL);
    turn->map->version++;
}

void turn_fail_active(struct turn *turn, const struct booking *booking, struct id except,
                      enum payment_reason reason)
{
    const struct id active = booking->active_payment;
    if (id_is_none(active) || id_equal(active, except)) return;
    struct payment_fact *fact = facts_payment(&turn->facts, active);
    if (fact == NULL || !payment_may_become(fact->payment.status, PAYMENT_FAILED)) return;
    if (!payment_active(&fact->payment, turn->now_ms)) reason = REASON_EXPIRED;
    payment_fail(&fact->payment, reason, turn->now_ms);
    facts_touch_payment(fact);
}

void turn_keep_key(struct turn *turn, const struct command *command, struct id booking,
                   struct id payment, bool created)
{
    const struct key_record record = {.claim = command->claim,
                                      .booking = booking,
                                      .payment = payment,
                                      .created = created,
                                      .created_at_ms = turn->now_ms};
    facts_add_key(&turn->facts, &record, FACT_NEW);
}

void turn_refuse(struct turn *turn, struct command *command, enum refusal refusal)
{
    CHECK(refusal != REFUSAL_NONE);
    command->answer.refusal = refusal;
    if (turn->map != NULL) command->answer.map_version = turn->map->version;
}

void turn_answer(struct turn *turn, struct command *command, const struct booking *booking,
                 const struct payment *payment)
{
    CHECK(booking != NULL);
    command->answer.booking = *booking;
    if (payment != NULL) command->answer.payment = *payment;
    if (turn->map != NULL) command->answer.map_version = turn->map->version;
}
