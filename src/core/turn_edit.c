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
        seat_map_put(map, place, state, &claim);
    }
    if (state == SEAT_HELD && claim.held_until_ms < map->next_lapse_ms) {
        map->next_lapse_ms = claim.held_until_ms;
    }
}

static void free_place(struct turn *turn, uint32_t place)
{
    note_change(turn, place);
    seat_map_put(turn->map, place, SEAT_AVAILABLE, &(struct seat_claim){0});
}

void turn_free_seats(struct turn *turn, const struct booking *booking)
{
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        const uint32_t place = place_of(turn, booking, index);
        if (place == PLACE_NONE || !owns(turn, booking, place)) continue;
        free_place(turn, place);
    }
}

void turn_block_seats(struct turn *turn, const struct block *block)
{
    for (uint32_t index = 0; index < block->seat_count; index++) {
        const uint32_t place = seat_map_find(turn->map, block->seats[index]);
        CHECK(place != PLACE_NONE);
        CHECK(turn->map->states[place] == SEAT_AVAILABLE);
        note_change(turn, place);
        seat_map_put(turn->map, place, SEAT_BLOCKED, &(struct seat_claim){.booking = block->id});
    }
}

bool turn_release_seats(struct turn *turn, const struct block *block)
{
    for (uint32_t index = 0; index < block->seat_count; index++) {
        const uint32_t place = seat_map_find(turn->map, block->seats[index]);
        if (place == PLACE_NONE || turn->map->states[place] != SEAT_BLOCKED) return false;
        if (!id_equal(turn->map->claims[place].booking, block->id)) return false;
        free_place(turn, place);
    }
    return true;
}

void turn_cancel_booking(struct turn *turn, struct booking_fact *fact, struct reason reason)
{
    turn_free_seats(turn, &fact->booking);
    turn_grow_version(turn);
    booking_cancel(&fact->booking, reason, turn->now_ms);
    facts_touch_booking(fact);
}

void turn_give_back(struct turn *turn, struct payment_fact *fact, enum payment_reason reason)
{
    struct payment *payment = &fact->payment;
    CHECK(payment->status == PAYMENT_COMPLETED);
    payment_owe_refund(payment, reason, payment->paid_amount, payment->paid_at_ms, turn->now_ms);
    facts_touch_payment(fact);
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

void turn_note(struct turn *turn, const struct command *command, enum journal_action action,
               struct id subject)
{
    const struct journal_entry entry = {.at_ms = turn->now_ms,
                                        .actor = command->claim.user,
                                        .role = command->order->role,
                                        .action = action,
                                        .subject = subject,
                                        .detail = command->order->text};
    facts_add_entry(&turn->facts, &entry);
}

void turn_contradict(struct turn *turn, struct command *command)
{
    command->answer.failure = ERROR_INTERNAL_ERROR;
    turn->contradicted = true;
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

void turn_answer_staff(struct turn *turn, struct command *command)
{
    CHECK(turn->map != NULL);
    command->answer.map_version = turn->map->version;
}
