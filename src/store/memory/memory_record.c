#include "store/memory/memory_record.h"

#include <string.h>

#include "base/check.h"
#include "store/reach.h"

static bool is_claimed(enum seat_state state)
{
    return state == SEAT_HELD || state == SEAT_BOOKED || state == SEAT_BLOCKED;
}

static bool write_showtime(struct memory_store *store, const struct turn *turn,
                           struct memory_row *row)
{
    const struct seat_map *map = turn->map;
    if (map->version < row->version) return false;
    if (map->version == row->version) return turn->seat_change_count == 0;
    memory_state_keep_version(store, row);
    row->version = map->version;
    if (!turn->showtime_cancelled) return true;
    if (row->showtime.status == SHOWTIME_CANCELLED) return false;
    row->showtime.status = SHOWTIME_CANCELLED;
    row->cancellation_reason = map->cancellation_reason;
    row->cancelled_at_ms = map->cancelled_at_ms;
    return true;
}

static bool write_seat(struct memory_store *store, const struct seat_map *map,
                       struct memory_row *row, const struct seat_change *change)
{
    const enum seat_state state = (enum seat_state)map->states[change->place];
    struct memory_claim *claim = &row->claims[change->place];
    if (is_claimed(change->state_before)) {
        if (claim->state != change->state_before) return false;
        if (!id_equal(claim->booking, change->booking_before)) return false;
    } else if (claim->state != SEAT_AVAILABLE && is_claimed(state)) {
        return false; /* A double sale. */
    }
    memory_state_keep_claim(store, row, change->place);
    *claim = (struct memory_claim){.state = SEAT_AVAILABLE};
    if (!is_claimed(state)) return true;
    *claim = (struct memory_claim){.state = state,
                                   .booking = map->claims[change->place].booking,
                                   .held_until_ms = map->claims[change->place].held_until_ms};
    return true;
}

static bool write_seats(struct memory_store *store, const struct turn *turn, struct memory_row *row)
{
    for (uint32_t index = 0; index < turn->seat_change_count; index++) {
        if (!write_seat(store, turn->map, row, &turn->seat_changes[index])) return false;
    }
    return true;
}

/* A new row comes behind all others: numbers only grow. */
static bool comes_last(const struct memory_list *list, struct id id)
{
    if (list->count == 0) return true;
    return memcmp(memory_state_row(list, list->count - 1), id.bytes, ID_SIZE) < 0;
}

static bool write_booking(struct memory_store *store, const struct booking_fact *fact)
{
    if (fact->state == FACT_KNOWN) return true;
    if (fact->state == FACT_NEW) {
        if (!comes_last(&store->bookings, fact->booking.id)) return false;
        if (memory_state_showtime(store, fact->booking.showtime) == NULL) return false;
        memory_state_add(&store->bookings, &fact->booking);
        return true;
    }
    struct booking *row = memory_state_booking(store, fact->booking.id);
    if (row == NULL) return false;
    if ((reach_booking(fact->booking.status) >> row->status & 1) == 0) return false;
    memory_state_keep_booking(store, row);
    *row = fact->booking;
    return true;
}

/* One kept payment for a booking. */
static bool payment_is_unique(const struct memory_store *store, const struct payment *payment)
{
    for (size_t index = 0; index < store->payments.count; index++) {
        const struct payment *other = memory_state_row(&store->payments, index);
        if (id_equal(other->id, payment->id)) continue;
        const bool both_kept = other->status == PAYMENT_COMPLETED &&
                               payment->status == PAYMENT_COMPLETED &&
                               id_equal(other->booking, payment->booking);
        if (both_kept) return false;
    }
    return true;
}

static bool write_payment(struct memory_store *store, const struct payment_fact *fact)
{
    if (!payment_is_unique(store, &fact->payment)) return false;
    if (fact->state == FACT_NEW) {
        if (!comes_last(&store->payments, fact->payment.id)) return false;
        memory_state_add(&store->payments, &fact->payment);
        return true;
    }
    struct payment *row = memory_state_payment(store, fact->payment.id);
    if (row == NULL) return false;
    if ((reach_payment(fact->payment.status) >> row->status & 1) == 0) return false;
    memory_state_keep_payment(store, row);
    *row = fact->payment;
    return true;
}

/* Those that stop being kept go first, as in the file. */
static bool write_payments(struct memory_store *store, const struct facts *facts, bool kept)
{
    for (uint32_t index = 0; index < facts->payment_count; index++) {
        const struct payment_fact *fact = &facts->payments[index];
        if (fact->state == FACT_KNOWN) continue;
        if ((fact->payment.status == PAYMENT_COMPLETED) != kept) continue;
        if (!write_payment(store, fact)) return false;
    }
    return true;
}

static bool write_keys(struct memory_store *store, const struct facts *facts)
{
    for (uint32_t index = 0; index < facts->key_count; index++) {
        const struct key_fact *fact = &facts->keys[index];
        if (fact->state == FACT_KNOWN) continue;
        if (memory_state_key(store, &fact->record.claim) != NULL) return false;
        memory_state_add(&store->keys.rows, &fact->record);
        memory_state_add(&store->keys.tables, &store->keys.table);
    }
    return true;
}

static bool write_blocks(struct memory_store *store, const struct facts *facts)
{
    for (uint32_t index = 0; index < facts->block_count; index++) {
        const struct block_fact *fact = &facts->blocks[index];
        if (fact->state == FACT_KNOWN) continue;
        if (fact->state == FACT_NEW) {
            if (!comes_last(&store->blocks, fact->block.id)) return false;
            memory_state_add(&store->blocks, &fact->block);
            continue;
        }
        struct block *row = memory_state_block(store, fact->block.id);
        if (row == NULL || row->released_at_ms != 0) return false;
        memory_state_keep_block(store, row);
        row->released_at_ms = fact->block.released_at_ms;
    }
    return true;
}

static void write_journal(struct memory_store *store, const struct facts *facts)
{
    for (uint32_t index = 0; index < facts->journal_count; index++) {
        memory_state_add(&store->journal, &facts->journal[index]);
    }
}

static bool write_turn(struct memory_store *store, const struct turn *turn)
{
    if (turn->map != NULL) {
        struct memory_row *row = memory_state_showtime(store, turn->map->showtime);
        if (row == NULL || !write_showtime(store, turn, row)) return false;
        if (!write_seats(store, turn, row)) return false;
    }
    for (uint32_t index = 0; index < turn->facts.booking_count; index++) {
        if (!write_booking(store, &turn->facts.bookings[index])) return false;
    }
    write_journal(store, &turn->facts);
    return write_payments(store, &turn->facts, false) &&
           write_payments(store, &turn->facts, true) && write_keys(store, &turn->facts) &&
           write_blocks(store, &turn->facts);
}

static bool has_new_key(const struct facts *facts)
{
    for (uint32_t index = 0; index < facts->key_count; index++) {
        if (facts->keys[index].state != FACT_KNOWN) return true;
    }
    return false;
}

enum error memory_record_turn(struct memory_store *store, const struct turn *turn)
{
    CHECK(store->open);
    CHECK(turn->seat_change_count == 0 || turn->map != NULL);

    if (has_new_key(&turn->facts)) memory_state_begin_day(store, turn->now_ms);
    const struct memory_mark mark = memory_state_mark(store);
    if (write_turn(store, turn)) return ERROR_NONE;
    memory_state_undo(store, &mark);
    return ERROR_INTERNAL_ERROR;
}
