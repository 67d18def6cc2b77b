#include "core/turn.h"

#include <string.h>

#include "base/check.h"
#include "core/blocking.h"
#include "core/cancellation.h"
#include "core/ending.h"
#include "core/hold.h"
#include "core/pay.h"
#include "core/refund.h"
#include "core/settlement.h"
#include "core/showtime_cancellation.h"
#include "core/turn_edit.h"

/* The first moment at which a held seat lapses is a bound that payments and cancels leave
 * behind; once it has come, it is counted anew, or a timer would ring for it for ever. */
static void count_next_lapse(struct seat_map *map, int64_t now_ms)
{
    if (!seat_live(map->next_lapse_ms, now_ms)) map->next_lapse_ms = seat_map_next_lapse_ms(map);
}

void turn_begin(struct turn *turn, const struct turn_policy *policy,
                const struct refusal_memory *memory, struct seat_map *map, int64_t now_ms)
{
    CHECK(policy != NULL);
    CHECK(now_ms > 0);

    for (uint32_t index = 0; index < turn->seat_change_count; index++) {
        turn->place_changed[turn->seat_changes[index].place] = 0;
    }
    turn->seat_change_count = 0;
    turn->showtime_cancelled = false;
    turn->contradicted = false;
    turn->command_count = 0;
    turn->policy = policy;
    turn->memory = memory;
    turn->numbers = NULL;
    turn->map = map;
    turn->now_ms = now_ms;
    facts_clear(&turn->facts);
    if (map != NULL) count_next_lapse(map, now_ms);
}

static bool is_listed(const struct id *ids, size_t count, struct id id)
{
    for (size_t index = 0; index < count; index++) {
        if (id_equal(ids[index], id)) return true;
    }
    return false;
}

static bool must_end(const struct seat_map *map, uint32_t place, int64_t now_ms)
{
    const enum seat_state state = map->states[place];
    if (state != SEAT_HELD && state != SEAT_BOOKED) return false;
    if (map->status == SHOWTIME_CANCELLED) return true;
    return state == SEAT_HELD && !seat_live(map->claims[place].held_until_ms, now_ms);
}

size_t turn_ending(const struct seat_map *map, int64_t now_ms, struct id *bookings, size_t capacity)
{
    CHECK(map != NULL);

    size_t count = 0;
    if (seat_live(map->next_lapse_ms, now_ms)) return 0;
    for (uint32_t place = 0; place < map->place_count && count < capacity; place++) {
        if (!must_end(map, place, now_ms)) continue;
        const struct id booking = map->claims[place].booking;
        if (!is_listed(bookings, count, booking)) bookings[count++] = booking;
    }
    return count;
}

bool turn_ends_with(const struct command *command)
{
    return command->kind == COMMAND_CANCEL_SHOWTIME;
}

void turn_add(struct turn *turn, struct command *command)
{
    CHECK(command != NULL);
    CHECK(turn->command_count < TURN_COMMANDS_MAX);
    turn->commands[turn->command_count++] = command;
}

uint64_t turn_tag(const struct turn_policy *policy, const struct user *user)
{
    return siphash(&policy->tag_key, user->name, user->size);
}

static void replay_refusal(struct command *command, const struct remembered_refusal *remembered)
{
    struct answer *answer = &command->answer;
    answer->refusal = remembered->refusal;
    answer->map_version = remembered->map_version;
    answer->replayed = true;
    answer->conflict_count = remembered->conflict_count;
    memcpy(answer->conflicts, remembered->conflicts, sizeof answer->conflicts);
}

static void replay_effect(struct turn *turn, struct command *command,
                          const struct key_record *record)
{
    const struct booking_fact *booking = facts_booking(&turn->facts, record->booking);
    const struct payment_fact *payment = facts_payment(&turn->facts, record->payment);
    const bool needs_payment = command->kind != COMMAND_HOLD;
    const bool needs_money = command->kind == COMMAND_REFUND;
    const bool lost = booking == NULL || (needs_payment && payment == NULL);
    if (lost || (needs_money && !payment_paid(payment->payment.status))) {
        command->answer.failure = ERROR_INTERNAL_ERROR; /* The store lost a row: see the audit. */
        return;
    }
    turn_answer(turn, command, &booking->booking, needs_payment ? &payment->payment : NULL);
    command->answer.created = record->created;
    command->answer.replayed = true;
    if (command->kind == COMMAND_REFUND) refund_replay(command, record);
}

/* Answers a command whose key is known already. */
static bool answer_known_key(struct turn *turn, struct command *command)
{
    const struct key_fact *fact = facts_key(&turn->facts, &command->claim);
    const enum key_verdict verdict =
        key_judge(&command->claim, fact == NULL ? NULL : &fact->record);
    if (verdict == KEY_REPLAY) {
        CHECK(fact != NULL);
        replay_effect(turn, command, &fact->record);
        return true;
    }
    if (verdict == KEY_REUSED) {
        turn_refuse(turn, command, REFUSAL_IDEMPOTENCY_KEY_REUSED);
        return true;
    }
    if (turn->memory == NULL) return false;
    const struct remembered_refusal *remembered =
        refusal_memory_find(turn->memory, &command->claim);
    if (remembered == NULL) return false;
    if (fingerprint_equal(&remembered->claim.fingerprint, &command->claim.fingerprint)) {
        replay_refusal(command, remembered);
    } else {
        turn_refuse(turn, command, REFUSAL_IDEMPOTENCY_KEY_REUSED);
    }
    return true;
}

static void decide(struct turn *turn, struct command *command)
{
    switch (command->kind) {
    case COMMAND_HOLD:
        if (!answer_known_key(turn, command)) hold_decide(turn, command);
        break;
    case COMMAND_CONFIRM:
    case COMMAND_PAY:
        if (!answer_known_key(turn, command)) pay_decide(turn, command);
        break;
    case COMMAND_CANCEL:
        cancellation_decide(turn, command);
        break;
    case COMMAND_MONEY:
        settlement_decide(turn, command);
        break;
    case COMMAND_END:
        ending_decide(turn, command);
        break;
    case COMMAND_BLOCK:
        blocking_decide(turn, command);
        break;
    case COMMAND_RELEASE:
        blocking_release(turn, command);
        break;
    case COMMAND_REFUND:
        if (!answer_known_key(turn, command)) refund_decide(turn, command);
        break;
    case COMMAND_REFUND_DONE:
        refund_finish(turn, command);
        break;
    case COMMAND_CANCEL_SHOWTIME:
        showtime_cancellation_decide(turn, command);
        break;
    default:
        CHECK(command->kind == COMMAND_LOOK);
        if (turn->map == NULL) turn_refuse(turn, command, REFUSAL_SHOWTIME_NOT_FOUND);
        break;
    }
}

void turn_decide(struct turn *turn)
{
    CHECK(turn->policy != NULL);
    CHECK(turn->numbers != NULL);
    CHECK(turn->command_count > 0);

    for (uint32_t index = 0; index < turn->command_count && !turn->contradicted; index++) {
        struct command *command = turn->commands[index];
        command_clear_answer(command, ERROR_NONE);
        if (command->order != NULL) command->order->answer = (struct staff_answer){0};
        if (turn->map != NULL) command->answer.map_version = turn->map->version;
        decide(turn, command);
    }
    if (turn->map != NULL) count_next_lapse(turn->map, turn->now_ms);
}

bool turn_changed(const struct turn *turn)
{
    const struct facts *facts = &turn->facts;
    if (turn->seat_change_count > 0) return true;
    if (facts->journal_count > 0) return true; /* Staff change nothing without an entry. */
    for (uint32_t index = 0; index < facts->booking_count; index++) {
        if (facts->bookings[index].state != FACT_KNOWN) return true;
    }
    for (uint32_t index = 0; index < facts->payment_count; index++) {
        if (facts->payments[index].state != FACT_KNOWN) return true;
    }
    for (uint32_t index = 0; index < facts->key_count; index++) {
        if (facts->keys[index].state != FACT_KNOWN) return true;
    }
    return false;
}
