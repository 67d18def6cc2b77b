#include "store/memory/memory_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/memory/memory_edit.h"
#include "store/memory/memory_record.h"
#include "store/memory/memory_state.h"

/* Does the next call fail so? Once. */
static bool takes_fault(struct memory_store *store, enum memory_fault fault)
{
    if (store->fault != fault) return false;
    store->fault = MEMORY_FAULT_NONE;
    return true;
}

static void read_claim(const struct memory_store *store, struct seat_map *map, uint32_t place,
                       const struct memory_claim *from)
{
    if (from->state == SEAT_AVAILABLE) return;
    struct seat_claim claim = {.booking = from->booking, .held_until_ms = from->held_until_ms};
    if (from->state == SEAT_HELD) {
        const struct booking *booking = memory_state_booking(store, from->booking);
        CHECK(booking != NULL);
        claim.holder = siphash(&store->tag_key, booking->user.name, booking->user.size);
    }
    seat_map_put(map, place, from->state, &claim);
}

static enum error load(void *context, struct id showtime, void *block, struct seat_map *ret_map)
{
    const struct memory_store *store = context;
    const struct memory_row *row = memory_state_showtime(store, showtime);
    if (row == NULL) return ERROR_SHOWTIME_NOT_FOUND;
    struct seat_map map;
    seat_map_init(&map, &row->layout, block);
    map.showtime = showtime;
    map.version = row->version;
    map.status = row->showtime.status;
    map.cancellation_reason = row->cancellation_reason;
    map.cancelled_at_ms = row->cancelled_at_ms;
    map.starts_at_ms = row->showtime.starts_at_ms;
    map.ends_at_ms = row->showtime.ends_at_ms;
    memcpy(map.prices, row->showtime.prices, sizeof map.prices);
    for (uint32_t place = 0; place < map.place_count; place++) {
        read_claim(store, &map, place, &row->claims[place]);
    }
    map.next_lapse_ms = seat_map_next_lapse_ms(&map);
    *ret_map = map;
    return ERROR_NONE;
}

static bool has_pending(const struct memory_store *store, struct id showtime)
{
    for (size_t index = 0; index < store->bookings.count; index++) {
        const struct booking *booking = memory_state_row(&store->bookings, index);
        if (booking->status != BOOKING_PENDING) continue;
        if (id_equal(booking->showtime, showtime)) return true;
    }
    return false;
}

/* Is the showtime cancelled, and bookings have its seats still? */
static bool is_ending(const struct memory_row *row)
{
    if (row->showtime.status != SHOWTIME_CANCELLED) return false;
    const uint32_t place_count = (uint32_t)row->layout.rows * row->layout.cols;
    for (uint32_t place = 0; place < place_count; place++) {
        const enum seat_state state = row->claims[place].state;
        if (state == SEAT_HELD || state == SEAT_BOOKED) return true;
    }
    return false;
}

/* The lowest id above `after` with bookings that must end; none if there is none. */
static struct id next_pending(const struct memory_store *store, struct id after)
{
    struct id next = {0};
    for (size_t index = 0; index < store->showtimes.count; index++) {
        const struct memory_row *row = memory_state_row(&store->showtimes, index);
        const struct id id = row->showtime.id;
        if (memcmp(id.bytes, after.bytes, ID_SIZE) <= 0) continue;
        if (!id_is_none(next) && memcmp(id.bytes, next.bytes, ID_SIZE) > 0) continue;
        if (has_pending(store, id) || is_ending(row)) next = id;
    }
    return next;
}

static enum error pending(void *context, struct id after, struct id *showtimes, size_t capacity,
                          size_t *ret_count)
{
    CHECK(capacity > 0);
    size_t count = 0;
    for (; count < capacity; count++) {
        after = next_pending(context, after);
        if (id_is_none(after)) break;
        showtimes[count] = after;
    }
    *ret_count = count;
    return ERROR_NONE;
}

static enum error begin(void *context)
{
    struct memory_store *store = context;
    CHECK(!store->open);
    if (store->broken) return ERROR_OUTCOME_UNKNOWN;
    if (takes_fault(store, MEMORY_FAULT_BEGIN)) return ERROR_STORE_UNAVAILABLE;
    store->begun = memory_state_mark(store);
    store->open = true;
    return ERROR_NONE;
}

static enum error find_key(void *context, const struct claim_key *claim,
                           struct key_record *ret_record)
{
    const struct key_record *record = memory_state_key(context, claim);
    if (record == NULL) return ERROR_NOT_FOUND;
    *ret_record = *record;
    return ERROR_NONE;
}

static enum error find_booking(void *context, struct id id, struct booking *ret_booking)
{
    const struct booking *booking = memory_state_booking(context, id);
    if (booking == NULL) return ERROR_NOT_FOUND;
    *ret_booking = *booking;
    return ERROR_NONE;
}

static enum error find_payment(void *context, struct id id, struct payment *ret_payment)
{
    const struct payment *payment = memory_state_payment(context, id);
    if (payment == NULL) return ERROR_NOT_FOUND;
    *ret_payment = *payment;
    return ERROR_NONE;
}

static enum error find_block(void *context, struct id id, struct block *ret_block)
{
    const struct block *block = memory_state_block(context, id);
    if (block == NULL) return ERROR_NOT_FOUND;
    *ret_block = *block;
    return ERROR_NONE;
}

static enum error gather(void *context, struct turn *turn)
{
    struct memory_store *store = context;
    CHECK(store->open);
    const struct gather_finder finder = {.context = store,
                                         .find_key = find_key,
                                         .find_booking = find_booking,
                                         .find_payment = find_payment,
                                         .find_block = find_block};
    turn->numbers = &store->numbers;
    return gather_facts(&finder, turn);
}

static enum error record(void *context, const struct turn *turn)
{
    struct memory_store *store = context;
    if (takes_fault(store, MEMORY_FAULT_RECORD)) return ERROR_INTERNAL_ERROR;
    if (takes_fault(store, MEMORY_FAULT_RECORD_UNAVAILABLE)) return ERROR_STORE_UNAVAILABLE;
    return memory_record_turn(store, turn);
}

static enum error edit(void *context, struct catalogue_edit *wanted, int64_t now_ms)
{
    struct memory_store *store = context;
    CHECK(store->open);
    if (takes_fault(store, MEMORY_FAULT_RECORD)) return ERROR_INTERNAL_ERROR;
    if (takes_fault(store, MEMORY_FAULT_RECORD_UNAVAILABLE)) return ERROR_STORE_UNAVAILABLE;
    memory_edit(store, wanted, now_ms);
    return ERROR_NONE;
}

static void rollback(void *context)
{
    struct memory_store *store = context;
    CHECK(store->open);
    memory_state_undo(store, &store->begun);
    memory_state_forget(store);
    store->open = false;
}

static enum error commit(void *context)
{
    struct memory_store *store = context;
    CHECK(store->open);
    if (takes_fault(store, MEMORY_FAULT_COMMIT_UNAVAILABLE)) {
        rollback(store);
        return ERROR_STORE_UNAVAILABLE;
    }
    if (takes_fault(store, MEMORY_FAULT_COMMIT_LOST)) {
        rollback(store);
        store->broken = true;
        return ERROR_OUTCOME_UNKNOWN;
    }
    memory_state_forget(store);
    store->open = false;
    store->broken = takes_fault(store, MEMORY_FAULT_COMMIT_KEPT);
    return store->broken ? ERROR_OUTCOME_UNKNOWN : ERROR_NONE;
}

static enum error tend(void *context, int64_t now_ms)
{
    struct memory_store *store = context;
    CHECK(!store->open);
    if (store->broken) return ERROR_OUTCOME_UNKNOWN;
    memory_state_begin_day(store, now_ms);
    for (size_t index = 0; index < store->showtimes.count; index++) {
        struct memory_row *row = memory_state_row(&store->showtimes, index);
        if (row->showtime.status != SHOWTIME_SCHEDULED) continue;
        if (now_ms < row->showtime.ends_at_ms || has_pending(store, row->showtime.id)) continue;
        row->showtime.status = SHOWTIME_COMPLETED;
    }
    return ERROR_NONE;
}

static const struct store_methods methods = {.load = load,
                                             .pending = pending,
                                             .begin = begin,
                                             .gather = gather,
                                             .record = record,
                                             .edit = edit,
                                             .commit = commit,
                                             .rollback = rollback,
                                             .tend = tend};

struct memory_store *memory_store_open(const struct siphash_key *id_key,
                                       const struct siphash_key *tag_key)
{
    CHECK(id_key != NULL);
    CHECK(tag_key != NULL);

    struct memory_store *store = calloc(1, sizeof *store);
    if (store == NULL) return NULL;
    store->tag_key = *tag_key;
    store->numbers =
        (struct numbers){.key = *id_key, .next_booking = 1, .next_payment = 1, .next_block = 1};
    store->showtimes.row_size = sizeof(struct memory_row);
    store->bookings.row_size = sizeof(struct booking);
    store->payments.row_size = sizeof(struct payment);
    store->blocks.row_size = sizeof(struct block);
    store->journal.row_size = sizeof(struct journal_entry);
    store->keys.rows.row_size = sizeof(struct key_record);
    store->keys.tables.row_size = sizeof(uint8_t);
    store->old_bookings.row_size = sizeof(struct memory_old_booking);
    store->old_payments.row_size = sizeof(struct memory_old_payment);
    store->old_claims.row_size = sizeof(struct memory_old_claim);
    store->old_versions.row_size = sizeof(struct memory_old_version);
    store->old_blocks.row_size = sizeof(struct memory_old_block);
    return store;
}

void memory_store_close(struct memory_store *store)
{
    if (store == NULL) return;
    memory_state_release(store);
    free(store);
}

void memory_store_put_showtime(struct memory_store *store, const struct memory_showtime *showtime)
{
    CHECK(!id_is_none(showtime->id));
    struct memory_row *row = memory_state_showtime(store, showtime->id);
    if (row != NULL) {
        row->showtime = *showtime;
        row->showtime.layout = NULL;
        return;
    }
    const size_t place_count = (size_t)showtime->layout->rows * showtime->layout->cols;
    struct memory_row new_row = {.showtime = *showtime, .layout = *showtime->layout, .version = 1};
    new_row.showtime.layout = NULL;
    new_row.claims = calloc(place_count, sizeof *new_row.claims);
    CHECK(new_row.claims != NULL);
    memory_state_add(&store->showtimes, &new_row);
}

void memory_store_fail_next(struct memory_store *store, enum memory_fault fault)
{
    CHECK(store != NULL);
    store->fault = fault;
}

/* One more than the number of the last row. */
static uint64_t next_number(const struct memory_store *store, const struct memory_list *list,
                            enum id_kind kind)
{
    if (list->count == 0) return 1;
    const struct id *id = memory_state_row(list, list->count - 1);
    return id_open(&store->numbers.key, kind, *id) + 1;
}

void memory_store_crash(struct memory_store *store)
{
    if (store->open) rollback(store);
    store->broken = false;
    store->fault = MEMORY_FAULT_NONE;
    store->numbers.next_booking = next_number(store, &store->bookings, ID_BOOKING);
    store->numbers.next_payment = next_number(store, &store->payments, ID_PAYMENT);
    store->numbers.next_block = next_number(store, &store->blocks, ID_BLOCK);
}

const struct booking *memory_store_bookings(const struct memory_store *store, size_t *ret_count)
{
    *ret_count = store->bookings.count;
    return (const void *)store->bookings.rows;
}

const struct payment *memory_store_payments(const struct memory_store *store, size_t *ret_count)
{
    *ret_count = store->payments.count;
    return (const void *)store->payments.rows;
}

const struct key_record *memory_store_keys(const struct memory_store *store, size_t *ret_count)
{
    *ret_count = store->keys.rows.count;
    return (const void *)store->keys.rows.rows;
}

const struct block *memory_store_blocks(const struct memory_store *store, size_t *ret_count)
{
    *ret_count = store->blocks.count;
    return (const void *)store->blocks.rows;
}

const struct journal_entry *memory_store_journal(const struct memory_store *store,
                                                 size_t *ret_count)
{
    *ret_count = store->journal.count;
    return (const void *)store->journal.rows;
}

struct store memory_store_port(struct memory_store *store)
{
    return (struct store){.context = store, .methods = &methods};
}
