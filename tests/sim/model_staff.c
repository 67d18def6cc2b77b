#include "sim/model_staff.h"

#include "base/check.h"
#include "ports/store.h"
#include "sim/model_seats.h"
#include "sim/model_store.h"

static void enter(struct model *model, const struct command *command, enum journal_action action,
                  struct id subject)
{
    CHECK(model->entry_count < MODEL_ENTRIES_MAX);
    model->entries[model->entry_count++] = (struct model_entry){.action = action,
                                                                .subject = subject,
                                                                .actor = command->claim.user,
                                                                .detail = command->order->text};
}

static int32_t find_block(const struct model *model, struct id id)
{
    for (uint32_t index = 0; index < model->block_count; index++) {
        if (id_equal(model->blocks[index].id, id)) return (int32_t)index;
    }
    return MODEL_NONE;
}

/* What stands in the way of a block. */
struct ways {
    uint32_t invalid;
    uint32_t booked;
    uint32_t held;
    uint32_t blocked;
};

static struct ways look(const struct model *model, const struct model_showtime *showtime,
                        const struct staff_order *order)
{
    struct ways ways = {0};
    for (uint32_t index = 0; index < order->seat_count; index++) {
        const int32_t place = model_seats_place(showtime, order->seats[index]);
        if (place == MODEL_NONE) {
            ways.invalid++;
        } else if (showtime->owners[place] != MODEL_NONE) {
            const struct model_booking *owner = &model->bookings[showtime->owners[place]];
            if (owner->status == BOOKING_CONFIRMED) ways.booked++;
            else ways.held++;
        } else if (showtime->blocks[place] != MODEL_NONE) {
            ways.blocked++;
        }
    }
    return ways;
}

static enum refusal expected_of_block(const struct model *model, const struct command *command)
{
    const int32_t found = model_find_showtime(model, command->showtime);
    if (found == MODEL_NONE) return REFUSAL_SHOWTIME_NOT_FOUND;
    const struct model_showtime *showtime = &model->showtimes[found];
    const struct ways ways = look(model, showtime, command->order);
    if (ways.invalid > 0) return REFUSAL_INVALID_SEAT;
    if (showtime->cancelled || model->now_ms >= showtime->ends_at_ms) {
        return REFUSAL_SHOWTIME_NOT_AVAILABLE;
    }
    if (ways.booked > 0) return REFUSAL_SEAT_ALREADY_BOOKED;
    if (ways.held > 0) return REFUSAL_SEAT_HELD_BY_ANOTHER;
    return ways.blocked > 0 ? REFUSAL_SEAT_BLOCKED : REFUSAL_NONE;
}

static enum refusal expected_of_release(const struct model *model, const struct command *command)
{
    const int32_t showtime = model_find_showtime(model, command->showtime);
    if (showtime == MODEL_NONE) return REFUSAL_SHOWTIME_NOT_FOUND;
    const int32_t found = find_block(model, command->order->block);
    if (found == MODEL_NONE || model->blocks[found].released) return REFUSAL_NOT_FOUND;
    return model->blocks[found].showtime == (uint32_t)showtime ? REFUSAL_NONE : REFUSAL_NOT_FOUND;
}

static enum refusal expected_of_refund(const struct model *model, const struct command *command)
{
    const int32_t found = model_find_payment(model, command->payment);
    if (found == MODEL_NONE) return REFUSAL_PAYMENT_NOT_FOUND;
    const enum model_fate fate = model->payments[found].fate;
    const bool paid = fate == FATE_KEPT || fate == FATE_REFUND;
    return paid ? REFUSAL_NONE : REFUSAL_BOOKING_CANNOT_BE_CANCELLED;
}

static enum refusal expected_of_done(const struct model *model, const struct command *command)
{
    const int32_t found = model_find_payment(model, command->payment);
    if (found == MODEL_NONE) return REFUSAL_PAYMENT_NOT_FOUND;
    const struct model_payment *payment = &model->payments[found];
    if (payment->fate != FATE_REFUND) return REFUSAL_VALIDATION_FAILED;
    if (!payment->refunded) return REFUSAL_NONE;
    const bool same = reason_equal(&payment->reference, &command->order->text);
    return same ? REFUSAL_NONE : REFUSAL_VALIDATION_FAILED;
}

static void compare_names(struct model *model, const struct block *row,
                          const struct model_block *block)
{
    const struct model_showtime *showtime = &model->showtimes[block->showtime];
    MODEL_MUST(model, row->seat_count == block->seat_count, "a block has other seats");
    for (uint32_t index = 0; index < block->seat_count && !model->broken; index++) {
        const int32_t place = model_seats_place(showtime, row->seats[index]);
        MODEL_MUST(model, place == (int32_t)block->places[index], "a block changed its seats");
    }
}

void model_staff_compare_block(struct model *model, const struct block *row,
                               const struct model_block *block)
{
    MODEL_MUST(model, id_equal(row->id, block->id), "a block has another id");
    MODEL_MUST(model, id_equal(row->showtime, model->showtimes[block->showtime].id),
               "a block changed its showtime");
    MODEL_MUST(model, user_equal(&row->created_by, &model->users[block->user]),
               "a block is somebody else's");
    MODEL_MUST(model, reason_equal(&row->reason, &block->reason), "a block has another reason");
    MODEL_MUST(model, (row->released_at_ms != 0) == block->released, "a block stands, or does not");
    compare_names(model, row, block);
}

static void hear_blocked(struct model *model, const struct command *command, uint32_t showtime)
{
    const struct staff_order *order = command->order;
    CHECK(model->block_count < MODEL_BLOCKS_MAX);
    MODEL_MUST(model, find_block(model, order->answer.block.id) == MODEL_NONE,
               "a block's id came twice");
    struct model_block *block = &model->blocks[model->block_count];
    *block = (struct model_block){.id = order->answer.block.id,
                                  .showtime = showtime,
                                  .seat_count = order->seat_count,
                                  .reason = order->text};
    while (!user_equal(&model->users[block->user], &command->claim.user)) block->user++;
    for (uint32_t index = 0; index < order->seat_count; index++) {
        const int32_t place = model_seats_place(&model->showtimes[showtime], order->seats[index]);
        block->places[index] = (uint32_t)place;
        model->showtimes[showtime].blocks[place] = (int32_t)model->block_count;
    }
    model->block_count++;
    model->showtimes[showtime].version_must_grow = true;
    model_staff_compare_block(model, &order->answer.block, block);
    enter(model, command, JOURNAL_BLOCK_SEATS, block->id);
    sometimes_saw(SOMETIMES_SEATS_BLOCKED);
}

static void hear_block(struct model *model, const struct command *command, enum refusal expected)
{
    const int32_t found = model_find_showtime(model, command->showtime);
    if (found == MODEL_NONE) return;
    struct model_showtime *showtime = &model->showtimes[found];
    const struct staff_answer *answer = &command->order->answer;
    const struct ways ways = look(model, showtime, command->order);
    if (expected == REFUSAL_NONE) {
        hear_blocked(model, command, (uint32_t)found);
        return;
    }
    uint32_t count = ways.booked + ways.held + ways.blocked;
    if (expected == REFUSAL_INVALID_SEAT) count = ways.invalid;
    if (expected == REFUSAL_SHOWTIME_NOT_AVAILABLE) count = 0;
    MODEL_MUST(model, answer->conflict_count == count, "a block names not all that is in its way");
    model_seats_check_conflicts(model, showtime, &command->claim.user, answer->conflicts,
                                answer->conflict_count);
    sometimes_saw_if(expected == REFUSAL_INVALID_SEAT, SOMETIMES_BLOCK_REFUSED_INVALID);
    sometimes_saw_if(expected == REFUSAL_SHOWTIME_NOT_AVAILABLE, SOMETIMES_BLOCK_REFUSED_OVER);
    sometimes_saw_if(expected == REFUSAL_SEAT_ALREADY_BOOKED, SOMETIMES_BLOCK_REFUSED_TAKEN);
}

static void hear_release(struct model *model, const struct command *command, enum refusal expected)
{
    const int32_t found = find_block(model, command->order->block);
    sometimes_saw_if(found != MODEL_NONE && expected != REFUSAL_NONE,
                     SOMETIMES_BLOCK_RELEASED_AGAIN);
    if (expected != REFUSAL_NONE) return;
    struct model_block *block = &model->blocks[found];
    struct model_showtime *showtime = &model->showtimes[block->showtime];
    for (uint32_t index = 0; index < block->seat_count; index++) {
        showtime->blocks[block->places[index]] = MODEL_NONE;
    }
    block->released = true;
    showtime->version_must_grow = true;
    model_staff_compare_block(model, &command->order->answer.block, block);
    enter(model, command, JOURNAL_RELEASE_SEATS, block->id);
    sometimes_saw(SOMETIMES_BLOCK_RELEASED);
}

static void give_back(struct model *model, struct model_payment *payment,
                      enum payment_reason reason)
{
    MODEL_MUST(model, payment->fate == FATE_KEPT, "money goes back that was not kept");
    payment->fate = FATE_REFUND;
    payment->reason = reason;
}

static void hear_refund(struct model *model, const struct command *command, enum refusal expected,
                        uint32_t key)
{
    const int32_t found = model_find_payment(model, command->payment);
    sometimes_saw_if(expected == REFUSAL_BOOKING_CANNOT_BE_CANCELLED, SOMETIMES_REFUND_OF_NO_MONEY);
    if (expected != REFUSAL_NONE) return;
    struct model_payment *payment = &model->payments[found];
    struct model_booking *booking = &model->bookings[payment->booking];
    sometimes_saw_if(payment->fate == FATE_REFUND, SOMETIMES_REFUND_ASKED_AGAIN);
    sometimes_saw_if(payment->refunded, SOMETIMES_REFUND_ASKED_AFTER_ITS_END);
    if (payment->fate == FATE_KEPT) {
        give_back(model, payment, REASON_REQUESTED);
        model_free_seats(model, booking);
        booking->status = BOOKING_CANCELLED;
        booking->cancelled_at_ms = model->now_ms;
        booking->ended_step = model->step;
        booking->cancellation_reason = command->order->text;
        enter(model, command, JOURNAL_REFUND, payment->id);
        sometimes_saw(SOMETIMES_REFUND_REQUESTED);
    }
    const struct answer *answer = &command->answer;
    MODEL_MUST(model, answer->payment.reason == payment->reason, "a refund has another reason");
    MODEL_MUST(model,
               answer->payment.status ==
                   (payment->refunded ? PAYMENT_REFUNDED : PAYMENT_REFUND_DUE),
               "a refund was answered as %u", answer->payment.status);
    MODEL_MUST(model, answer->booking.status == booking->status || model->blind,
               "a refund left another booking");
    MODEL_MUST(model, answer->created == !payment->refunded, "a refund was said to be new");
    model_keep_effect(model, command, key, payment->booking, found);
}

void model_staff_hear_replay(struct model *model, const struct command *command,
                             const struct model_payment *payment)
{
    const struct answer *answer = &command->answer;
    MODEL_MUST(model, answer->payment.reason == payment->reason, "a key got another reason");
    MODEL_MUST(model,
               answer->payment.status == (answer->created ? PAYMENT_REFUND_DUE : PAYMENT_REFUNDED),
               "a key got another state of its refund");
    MODEL_MUST(model, !answer->created || answer->payment.refund_done_at_ms == 0,
               "a key got an end of its refund");
}

static void hear_done(struct model *model, const struct command *command, enum refusal expected)
{
    const int32_t found = model_find_payment(model, command->payment);
    if (found == MODEL_NONE) return;
    struct model_payment *payment = &model->payments[found];
    const bool refused = expected != REFUSAL_NONE;
    sometimes_saw_if(refused && payment->refunded, SOMETIMES_REFUND_PAID_OTHERWISE);
    sometimes_saw_if(refused && !payment->refunded, SOMETIMES_REFUND_PAID_NOT_DUE);
    sometimes_saw_if(!refused && payment->refunded, SOMETIMES_REFUND_PAID_AGAIN);
    if (!refused && !payment->refunded) {
        payment->refunded = true;
        payment->reference = command->order->text;
        enter(model, command, JOURNAL_REFUND_DONE, payment->id);
        sometimes_saw(SOMETIMES_REFUND_PAID_BY_HAND);
    }
    if (refused) return;
    MODEL_MUST(model, command->answer.payment.status == PAYMENT_REFUNDED, "a refund is not done");
    MODEL_MUST(model, reason_equal(&command->answer.payment.refund_reference, &payment->reference),
               "a refund has another reference");
}

/* Every booking that stands ends, and its money goes back. */
static void end_bookings(struct model *model, uint32_t showtime)
{
    for (uint32_t index = 0; index < model->booking_count; index++) {
        struct model_booking *booking = &model->bookings[index];
        if (booking->showtime != showtime) continue;
        const bool sold = booking->status == BOOKING_CONFIRMED;
        if (!sold && booking->status != BOOKING_PENDING) continue;
        const bool paying =
            booking->active != MODEL_NONE && model->payments[booking->active].fate == FATE_OPEN;
        sometimes_saw_if(sold, SOMETIMES_SHOW_CANCELLED_ONCE_SOLD);
        sometimes_saw_if(sold && booking->ended_step == model->step,
                         SOMETIMES_SHOW_CANCELLED_AS_MONEY_CAME);
        sometimes_saw_if(!sold && booking->held_at_ms == model->now_ms,
                         SOMETIMES_SHOW_CANCELLED_AS_SEATS_WERE_HELD);
        sometimes_saw_if(!sold, SOMETIMES_SHOW_CANCELLED_WHILE_HELD);
        sometimes_saw_if(!sold && paying, SOMETIMES_SHOW_CANCELLED_WHILE_PAYING);
        if (sold) give_back(model, &model->payments[booking->kept_by], REASON_SHOWTIME_CANCELLED);
        else model_fail_active(model, booking, MODEL_NONE);
        model_free_seats(model, booking);
        booking->status = BOOKING_CANCELLED;
        booking->ends_with_show = true;
        booking->ended_step = model->step;
        booking->cancellation_reason = model->showtimes[showtime].cancellation_reason;
    }
}

static bool has_blocks(const struct model_showtime *showtime)
{
    for (uint32_t place = 0; place < MODEL_PLACES_MAX; place++) {
        if (showtime->blocks[place] != MODEL_NONE) return true;
    }
    return false;
}

static void hear_cancelled_show(struct model *model, const struct command *command)
{
    const int32_t found = model_find_showtime(model, command->showtime);
    if (found == MODEL_NONE) return;
    struct model_showtime *showtime = &model->showtimes[found];
    const struct staff_answer *answer = &command->order->answer;
    sometimes_saw_if(showtime->cancelled, SOMETIMES_SHOW_CANCELLED_AGAIN);
    if (!showtime->cancelled) {
        showtime->cancelled = true;
        showtime->cancelled_at_ms = model->blind ? answer->cancelled_at_ms : model->now_ms;
        showtime->cancellation_reason = command->order->text;
        showtime->version_must_grow = true;
        enter(model, command, JOURNAL_CANCEL_SHOWTIME, showtime->id);
        sometimes_saw(SOMETIMES_SHOW_CANCELLED);
        sometimes_saw_if(has_blocks(showtime), SOMETIMES_SHOW_CANCELLED_WHILE_BLOCKED);
        model_see_version(model, (uint32_t)found, command->answer.map_version);
        end_bookings(model, (uint32_t)found);
    }
    MODEL_MUST(model, answer->cancelled_at_ms == showtime->cancelled_at_ms,
               "a showtime's cancel has another moment");
    MODEL_MUST(model, reason_equal(&answer->cancellation_reason, &showtime->cancellation_reason),
               "a showtime's cancel has another reason");
}

static enum refusal expected_of(const struct model *model, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_BLOCK:
        return expected_of_block(model, command);
    case COMMAND_RELEASE:
        return expected_of_release(model, command);
    case COMMAND_REFUND:
        return expected_of_refund(model, command);
    case COMMAND_REFUND_DONE:
        return expected_of_done(model, command);
    default:
        CHECK(command->kind == COMMAND_CANCEL_SHOWTIME);
        return model_find_showtime(model, command->showtime) == MODEL_NONE
                   ? REFUSAL_SHOWTIME_NOT_FOUND
                   : REFUSAL_NONE;
    }
}

void model_staff_hear(struct model *model, const struct command *command, uint32_t key)
{
    if (command->kind == COMMAND_REFUND && model_hear_known_key(model, command, key)) return;
    const enum refusal expected = expected_of(model, command);
    MODEL_MUST(model, command->answer.refusal == expected,
               "a staff command of kind %d was answered %u and not %u", (int)command->kind,
               command->answer.refusal, expected);
    if (model->broken) return;
    if (command->kind == COMMAND_BLOCK) hear_block(model, command, expected);
    else if (command->kind == COMMAND_RELEASE) hear_release(model, command, expected);
    else if (command->kind == COMMAND_REFUND) hear_refund(model, command, expected, key);
    else if (command->kind == COMMAND_REFUND_DONE) hear_done(model, command, expected);
    else hear_cancelled_show(model, command);
    const int32_t showtime = model_find_showtime(model, command->showtime);
    const bool seen = command->kind == COMMAND_CANCEL_SHOWTIME; /* Before its bookings ended. */
    if (showtime == MODEL_NONE || seen) return;
    model_see_version(model, (uint32_t)showtime, command->answer.map_version);
}

bool model_staff_would(const struct model *model, const struct command *command)
{
    if (expected_of(model, command) != REFUSAL_NONE) return false;
    if (command->kind == COMMAND_REFUND_DONE) {
        return !model->payments[model_find_payment(model, command->payment)].refunded;
    }
    if (command->kind != COMMAND_CANCEL_SHOWTIME) return true;
    return !model->showtimes[model_find_showtime(model, command->showtime)].cancelled;
}

static bool find_new_block(const struct model *model, const struct memory_store *store,
                           struct command *command)
{
    size_t count = 0;
    const struct block *blocks = memory_store_blocks(store, &count);
    for (size_t index = model->block_count; index < count; index++) {
        /* Every call has a reason of its own. */
        if (!reason_equal(&blocks[index].reason, &command->order->text)) continue;
        command->order->answer.block = blocks[index];
        command->order->answer.block.released_at_ms = 0;
        return true;
    }
    return false;
}

static bool find_release(const struct memory_store *store, struct command *command)
{
    size_t count = 0;
    const struct block *blocks = memory_store_blocks(store, &count);
    for (size_t index = 0; index < count; index++) {
        if (!id_equal(blocks[index].id, command->order->block)) continue;
        command->order->answer.block = blocks[index];
        return blocks[index].released_at_ms != 0;
    }
    return false;
}

static bool find_done(const struct memory_store *store, struct command *command)
{
    size_t count = 0;
    const struct payment *payments = memory_store_payments(store, &count);
    for (size_t index = 0; index < count; index++) {
        if (!id_equal(payments[index].id, command->payment)) continue;
        command->answer.payment = payments[index];
        return payments[index].status == PAYMENT_REFUNDED &&
               reason_equal(&payments[index].refund_reference, &command->order->text);
    }
    return false;
}

static bool find_cancelled_show(struct memory_store *store, struct command *command)
{
    struct seat_map map = {0};
    CHECK(model_store_load(store, command->showtime, &map) == ERROR_NONE);
    command->order->answer.cancelled_at_ms = map.cancelled_at_ms;
    command->order->answer.cancellation_reason = map.cancellation_reason;
    return map.status == SHOWTIME_CANCELLED;
}

bool model_staff_find(const struct model *model, struct memory_store *store,
                      struct command *command)
{
    command->order->answer = (struct staff_answer){0};
    switch (command->kind) {
    case COMMAND_BLOCK:
        return find_new_block(model, store, command);
    case COMMAND_RELEASE:
        return find_release(store, command);
    case COMMAND_REFUND_DONE:
        return find_done(store, command);
    default:
        CHECK(command->kind == COMMAND_CANCEL_SHOWTIME);
        return find_cancelled_show(store, command);
    }
}
