#include "store/memory/memory_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/key_day.h"

void *memory_state_row(const struct memory_list *list, size_t position)
{
    CHECK(position < list->count);
    return list->rows + position * list->row_size;
}

void memory_state_add(struct memory_list *list, const void *row)
{
    CHECK(list->row_size > 0);
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
        char *rows = realloc(list->rows, capacity * list->row_size);
        CHECK(rows != NULL);
        list->rows = rows;
        list->capacity = capacity;
    }
    memcpy(list->rows + list->count * list->row_size, row, list->row_size);
    list->count++;
}

static void copy_list(const struct memory_list *list, struct memory_list *ret_copy)
{
    *ret_copy = (struct memory_list){.row_size = list->row_size};
    for (size_t index = 0; index < list->count; index++) {
        memory_state_add(ret_copy, memory_state_row(list, index));
    }
}

static void release_list(struct memory_list *list)
{
    free(list->rows);
    *list = (struct memory_list){.row_size = list->row_size};
}

struct memory_row *memory_state_showtime(const struct memory_store *store, struct id id)
{
    for (size_t index = 0; index < store->showtimes.count; index++) {
        struct memory_row *row = memory_state_row(&store->showtimes, index);
        if (id_equal(row->showtime.id, id)) return row;
    }
    return NULL;
}

/* Rows stand in the order of their numbers, which begin their ids: a binary search. */
static void *find_row(const struct memory_list *list, struct id id)
{
    size_t from = 0;
    size_t to = list->count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        void *row = memory_state_row(list, middle);
        const int order = memcmp(row, id.bytes, ID_SIZE); /* The id is the first member. */
        if (order == 0) return row;
        if (order < 0) from = middle + 1;
        else to = middle;
    }
    return NULL;
}

_Static_assert(offsetof(struct booking, id) == 0, "find_row compares the first bytes");
_Static_assert(offsetof(struct payment, id) == 0, "find_row compares the first bytes");
_Static_assert(offsetof(struct block, id) == 0, "find_row compares the first bytes");

struct booking *memory_state_booking(const struct memory_store *store, struct id id)
{
    return find_row(&store->bookings, id);
}

struct payment *memory_state_payment(const struct memory_store *store, struct id id)
{
    return find_row(&store->payments, id);
}

struct block *memory_state_block(const struct memory_store *store, struct id id)
{
    return find_row(&store->blocks, id);
}

struct key_record *memory_state_key(const struct memory_store *store, const struct claim_key *claim)
{
    for (size_t index = store->keys.rows.count; index > 0; index--) {
        struct key_record *record = memory_state_row(&store->keys.rows, index - 1);
        if (claim_key_same(&record->claim, claim)) return record;
    }
    return NULL;
}

static size_t position_of(const struct memory_list *list, const void *row)
{
    const size_t offset = (size_t)((const char *)row - list->rows);
    CHECK(offset % list->row_size == 0);
    CHECK(offset / list->row_size < list->count);
    return offset / list->row_size;
}

void memory_state_keep_booking(struct memory_store *store, const struct booking *booking)
{
    const struct memory_old_booking old = {.position = position_of(&store->bookings, booking),
                                           .booking = *booking};
    memory_state_add(&store->old_bookings, &old);
}

void memory_state_keep_payment(struct memory_store *store, const struct payment *payment)
{
    const struct memory_old_payment old = {.position = position_of(&store->payments, payment),
                                           .payment = *payment};
    memory_state_add(&store->old_payments, &old);
}

void memory_state_keep_claim(struct memory_store *store, const struct memory_row *row,
                             uint32_t place)
{
    const struct memory_old_claim old = {.position = position_of(&store->showtimes, row),
                                         .place = place,
                                         .claim = row->claims[place]};
    memory_state_add(&store->old_claims, &old);
}

void memory_state_keep_version(struct memory_store *store, const struct memory_row *row)
{
    const struct memory_old_version old = {.position = position_of(&store->showtimes, row),
                                           .version = row->version,
                                           .showtime = row->showtime,
                                           .cancellation_reason = row->cancellation_reason,
                                           .cancelled_at_ms = row->cancelled_at_ms};
    memory_state_add(&store->old_versions, &old);
}

void memory_state_keep_block(struct memory_store *store, const struct block *block)
{
    const struct memory_old_block old = {.position = position_of(&store->blocks, block),
                                         .released_at_ms = block->released_at_ms};
    memory_state_add(&store->old_blocks, &old);
}

struct memory_mark memory_state_mark(const struct memory_store *store)
{
    return (struct memory_mark){.bookings = store->bookings.count,
                                .payments = store->payments.count,
                                .keys = store->keys.rows.count,
                                .blocks = store->blocks.count,
                                .entries = store->journal.count,
                                .old_bookings = store->old_bookings.count,
                                .old_payments = store->old_payments.count,
                                .old_claims = store->old_claims.count,
                                .old_versions = store->old_versions.count,
                                .old_blocks = store->old_blocks.count};
}

static void undo_bookings(struct memory_store *store, const struct memory_mark *mark)
{
    while (store->old_bookings.count > mark->old_bookings) {
        const struct memory_old_booking *old =
            memory_state_row(&store->old_bookings, store->old_bookings.count - 1);
        *(struct booking *)memory_state_row(&store->bookings, old->position) = old->booking;
        store->old_bookings.count--;
    }
    store->bookings.count = mark->bookings;
}

static void undo_payments(struct memory_store *store, const struct memory_mark *mark)
{
    while (store->old_payments.count > mark->old_payments) {
        const struct memory_old_payment *old =
            memory_state_row(&store->old_payments, store->old_payments.count - 1);
        *(struct payment *)memory_state_row(&store->payments, old->position) = old->payment;
        store->old_payments.count--;
    }
    store->payments.count = mark->payments;
}

static void undo_staff(struct memory_store *store, const struct memory_mark *mark)
{
    while (store->old_blocks.count > mark->old_blocks) {
        const struct memory_old_block *old =
            memory_state_row(&store->old_blocks, store->old_blocks.count - 1);
        struct block *block = memory_state_row(&store->blocks, old->position);
        block->released_at_ms = old->released_at_ms;
        store->old_blocks.count--;
    }
    store->blocks.count = mark->blocks;
    store->journal.count = mark->entries;
}

static void undo_seats(struct memory_store *store, const struct memory_mark *mark)
{
    while (store->old_claims.count > mark->old_claims) {
        const struct memory_old_claim *old =
            memory_state_row(&store->old_claims, store->old_claims.count - 1);
        struct memory_row *row = memory_state_row(&store->showtimes, old->position);
        row->claims[old->place] = old->claim;
        store->old_claims.count--;
    }
    while (store->old_versions.count > mark->old_versions) {
        const struct memory_old_version *old =
            memory_state_row(&store->old_versions, store->old_versions.count - 1);
        struct memory_row *row = memory_state_row(&store->showtimes, old->position);
        row->version = old->version;
        row->showtime = old->showtime;
        row->cancellation_reason = old->cancellation_reason;
        row->cancelled_at_ms = old->cancelled_at_ms;
        store->old_versions.count--;
    }
}

static void release_keys(struct memory_keys *keys)
{
    release_list(&keys->rows);
    release_list(&keys->tables);
}

void memory_state_undo(struct memory_store *store, const struct memory_mark *mark)
{
    undo_seats(store, mark);
    undo_staff(store, mark);
    undo_payments(store, mark);
    undo_bookings(store, mark);
    const bool whole = memcmp(mark, &store->begun, sizeof *mark) == 0;
    if (whole && store->day_begun) {
        release_keys(&store->keys);
        store->keys = store->keys_before;
        store->day_begun = false;
    }
    store->keys.rows.count = mark->keys;
    store->keys.tables.count = mark->keys;
}

void memory_state_forget(struct memory_store *store)
{
    store->old_bookings.count = 0;
    store->old_payments.count = 0;
    store->old_claims.count = 0;
    store->old_versions.count = 0;
    store->old_blocks.count = 0;
    if (store->day_begun) release_keys(&store->keys_before);
    store->day_begun = false;
}

void memory_state_begin_day(struct memory_store *store, int64_t now_ms)
{
    struct memory_keys *keys = &store->keys;
    const int64_t today = key_day_of(now_ms);
    const enum key_day_action action = key_day_judge(keys->day, today);
    if (action == KEY_DAY_KEEP) return;
    if (store->open && !store->day_begun) {
        store->keys_before = *keys;
        copy_list(&store->keys_before.rows, &keys->rows);
        copy_list(&store->keys_before.tables, &keys->tables);
        store->day_begun = true;
    }
    keys->day = today;
    if (action == KEY_DAY_FOLLOW) return;

    keys->table = (uint8_t)(1 - keys->table);
    size_t kept = 0;
    for (size_t index = 0; index < keys->rows.count; index++) {
        const uint8_t table = *(uint8_t *)memory_state_row(&keys->tables, index);
        if (table == keys->table) continue;
        const struct key_record *record = memory_state_row(&keys->rows, index);
        *(struct key_record *)memory_state_row(&keys->rows, kept) = *record;
        *(uint8_t *)memory_state_row(&keys->tables, kept) = table;
        kept++;
    }
    keys->rows.count = kept;
    keys->tables.count = kept;
}

void memory_state_release(struct memory_store *store)
{
    for (size_t index = 0; index < store->showtimes.count; index++) {
        struct memory_row *row = memory_state_row(&store->showtimes, index);
        free(row->claims);
    }
    memory_state_forget(store);
    release_keys(&store->keys);
    release_list(&store->showtimes);
    release_list(&store->bookings);
    release_list(&store->payments);
    release_list(&store->blocks);
    release_list(&store->journal);
    release_list(&store->old_blocks);
    release_list(&store->old_bookings);
    release_list(&store->old_payments);
    release_list(&store->old_claims);
    release_list(&store->old_versions);
}
