#include "core/blocking.h"

#include <string.h>

#include "base/check.h"
#include "core/turn_edit.h"

static enum refusal judge(const struct turn *turn, const struct command *command)
{
    struct staff_order *order = command->order;
    const struct seat_map *map = turn->map;
    const struct seat_wish wish = {.seats = order->seats,
                                   .count = order->seat_count,
                                   .tag = turn_tag(turn->policy, &command->claim.user)};
    struct staff_answer *answer = &order->answer;
    const enum refusal refusal =
        conflicts_of_names(map, &wish, answer->conflicts, &answer->conflict_count);
    if (refusal != REFUSAL_NONE) return refusal;
    if (showtime_status_at(map->status, map->ends_at_ms, turn->now_ms) != SHOWTIME_SCHEDULED) {
        return REFUSAL_SHOWTIME_NOT_AVAILABLE;
    }
    return conflicts_of_claims(map, &wish, answer->conflicts, &answer->conflict_count);
}

void blocking_decide(struct turn *turn, struct command *command)
{
    struct staff_order *order = command->order;
    CHECK(order->seat_count >= 1);
    CHECK(order->seat_count <= SEATS_PER_BLOCK_MAX);

    if (turn->map == NULL) {
        turn_refuse(turn, command, REFUSAL_SHOWTIME_NOT_FOUND);
        return;
    }
    const enum refusal refusal = judge(turn, command);
    if (refusal != REFUSAL_NONE) {
        turn_refuse(turn, command, refusal);
        return;
    }
    struct block *block = &order->answer.block;
    *block = (struct block){.id = id_is_none(command->made)
                                      ? numbers_draw_block(turn->numbers, turn->now_ms)
                                      : command->made,
                            .showtime = turn->map->showtime,
                            .seat_count = order->seat_count,
                            .reason = order->text,
                            .created_by = command->claim.user,
                            .created_at_ms = turn->now_ms};
    memcpy(block->seats, order->seats, order->seat_count * sizeof *block->seats);
    facts_add_block(&turn->facts, block, FACT_NEW);
    turn_block_seats(turn, block);
    turn_grow_version(turn);
    turn_note(turn, command, JOURNAL_BLOCK_SEATS, block->id);
    turn_answer_staff(turn, command);
}

void blocking_release(struct turn *turn, struct command *command)
{
    struct staff_order *order = command->order;
    if (turn->map == NULL) {
        turn_refuse(turn, command, REFUSAL_SHOWTIME_NOT_FOUND);
        return;
    }
    struct block_fact *fact = facts_block(&turn->facts, order->block);
    const bool stands = fact != NULL && fact->block.released_at_ms == 0 &&
                        id_equal(fact->block.showtime, turn->map->showtime);
    if (!stands) {
        turn_refuse(turn, command, REFUSAL_NOT_FOUND);
        return;
    }
    if (!turn_release_seats(turn, &fact->block)) {
        turn_contradict(turn, command);
        return;
    }
    turn_grow_version(turn);
    fact->block.released_at_ms = turn->now_ms;
    facts_touch_block(fact);
    turn_note(turn, command, JOURNAL_RELEASE_SEATS, fact->block.id);
    order->answer.block = fact->block;
    turn_answer_staff(turn, command);
}
