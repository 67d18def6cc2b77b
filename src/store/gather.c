#include "store/gather.h"

#include "base/check.h"

static enum error add_payment(const struct gather_finder *finder, struct turn *turn, struct id id)
{
    if (id_is_none(id) || facts_payment(&turn->facts, id) != NULL) return ERROR_NONE;
    struct payment payment;
    const enum error error = finder->find_payment(finder->context, id, &payment);
    if (error == ERROR_NOT_FOUND) return ERROR_NONE;
    if (error != ERROR_NONE) return error;
    CHECK(id_equal(payment.id, id));
    (void)facts_add_payment(&turn->facts, &payment, FACT_KNOWN);
    return ERROR_NONE;
}

/* With its active payment, which a decision may have to fail. */
static enum error add_booking(const struct gather_finder *finder, struct turn *turn, struct id id)
{
    if (id_is_none(id) || facts_booking(&turn->facts, id) != NULL) return ERROR_NONE;
    struct booking booking;
    const enum error error = finder->find_booking(finder->context, id, &booking);
    if (error == ERROR_NOT_FOUND) return ERROR_NONE;
    if (error != ERROR_NONE) return error;
    CHECK(id_equal(booking.id, id));
    (void)facts_add_booking(&turn->facts, &booking, FACT_KNOWN);
    return add_payment(finder, turn, booking.active_payment);
}

/* With what the key made, so that it can be answered again. */
static enum error add_key(const struct gather_finder *finder, struct turn *turn,
                          const struct claim_key *claim)
{
    if (facts_key(&turn->facts, claim) != NULL) return ERROR_NONE;
    struct key_record record;
    enum error error = finder->find_key(finder->context, claim, &record);
    if (error == ERROR_NOT_FOUND) return ERROR_NONE;
    if (error != ERROR_NONE) return error;
    CHECK(claim_key_same(&record.claim, claim));
    (void)facts_add_key(&turn->facts, &record, FACT_KNOWN);
    error = add_payment(finder, turn, record.payment);
    return error == ERROR_NONE ? add_booking(finder, turn, record.booking) : error;
}

/* One that its command names. Whoever made the command looked its showtime up: another one is a
 * contradiction, and the decision is not asked. */
static enum error add_named(const struct gather_finder *finder, struct turn *turn, struct id id)
{
    const enum error error = add_booking(finder, turn, id);
    if (error != ERROR_NONE || turn->map == NULL) return error;
    const struct booking_fact *fact = facts_booking(&turn->facts, id);
    if (fact == NULL || id_equal(fact->booking.showtime, turn->map->showtime)) return ERROR_NONE;
    return ERROR_INTERNAL_ERROR;
}

static enum error add_money(const struct gather_finder *finder, struct turn *turn, struct id id)
{
    const enum error error = add_payment(finder, turn, id);
    if (error != ERROR_NONE) return error;
    const struct payment_fact *fact = facts_payment(&turn->facts, id);
    return fact == NULL ? ERROR_NONE : add_named(finder, turn, fact->payment.booking);
}

/* With the payment that bought its seats, whose money may have to go back. */
static enum error add_ending(const struct gather_finder *finder, struct turn *turn, struct id id)
{
    const enum error error = add_named(finder, turn, id);
    if (error != ERROR_NONE) return error;
    const struct booking_fact *fact = facts_booking(&turn->facts, id);
    return fact == NULL ? ERROR_NONE : add_payment(finder, turn, fact->booking.payment);
}

static enum error add_block(const struct gather_finder *finder, struct turn *turn, struct id id)
{
    if (id_is_none(id) || facts_block(&turn->facts, id) != NULL) return ERROR_NONE;
    struct block block;
    const enum error error = finder->find_block(finder->context, id, &block);
    if (error == ERROR_NOT_FOUND) return ERROR_NONE;
    if (error != ERROR_NONE) return error;
    CHECK(id_equal(block.id, id));
    (void)facts_add_block(&turn->facts, &block, FACT_KNOWN);
    return ERROR_NONE;
}

static enum error add_command(const struct gather_finder *finder, struct turn *turn,
                              const struct command *command)
{
    enum error error = ERROR_NONE;
    switch (command->kind) {
    case COMMAND_HOLD:
        return add_key(finder, turn, &command->claim);
    case COMMAND_CONFIRM:
    case COMMAND_PAY:
        error = add_key(finder, turn, &command->claim);
        return error == ERROR_NONE ? add_named(finder, turn, command->booking) : error;
    case COMMAND_CANCEL:
        return add_named(finder, turn, command->booking);
    case COMMAND_END:
        return add_ending(finder, turn, command->booking);
    case COMMAND_MONEY:
        return add_money(finder, turn, command->payment);
    case COMMAND_REFUND:
        error = add_key(finder, turn, &command->claim);
        return error == ERROR_NONE ? add_money(finder, turn, command->payment) : error;
    case COMMAND_REFUND_DONE:
        return add_payment(finder, turn, command->payment);
    case COMMAND_RELEASE:
        return add_block(finder, turn, command->order->block);
    case COMMAND_BLOCK:
    case COMMAND_CANCEL_SHOWTIME:
    case COMMAND_LOOK:
    case COMMAND_NEWS: /* Never in a turn, */
    case COMMAND_EDIT: /* nor this in a turn that is decided. */
        break;
    }
    return ERROR_NONE;
}

enum error gather_facts(const struct gather_finder *finder, struct turn *turn)
{
    CHECK(finder != NULL);
    CHECK(turn->command_count <= TURN_COMMANDS_MAX);

    for (uint32_t index = 0; index < turn->command_count; index++) {
        const enum error error = add_command(finder, turn, turn->commands[index]);
        if (error != ERROR_NONE) return error;
    }
    return ERROR_NONE;
}
