/* memory_state.h - the rows of the memory store and the way back; its own files only.
 *
 * A batch changes the rows at once and keeps what they were; undoing puts that back, newest
 * first, down to a mark.
 */
#pragma once

#include "store/gather.h"
#include "store/memory/memory_store.h"

/* Rows of one size, one behind the other. */
struct memory_list {
    size_t row_size;
    size_t count;
    size_t capacity;
    char *rows;
};

struct memory_claim {
    enum seat_state state; /* SEAT_AVAILABLE: nobody's. */
    struct id booking;     /* Or the block's. */
    int64_t held_until_ms;
};

struct memory_row {
    struct memory_showtime showtime; /* Its layout is the one below. */
    struct seat_layout layout;
    uint64_t version;
    struct reason cancellation_reason;
    int64_t cancelled_at_ms;
    struct memory_claim *claims; /* One for each place. */
};

/* What a row was before the open batch changed it. */
struct memory_old_booking {
    size_t position;
    struct booking booking;
};

struct memory_old_payment {
    size_t position;
    struct payment payment;
};

struct memory_old_claim {
    size_t position;
    uint32_t place;
    struct memory_claim claim;
};

struct memory_old_version {
    size_t position;
    uint64_t version;
    struct memory_showtime showtime;
    struct reason cancellation_reason;
    int64_t cancelled_at_ms;
};

struct memory_old_block {
    size_t position;
    int64_t released_at_ms;
};

/* How far a batch had come. */
struct memory_mark {
    size_t bookings;
    size_t payments;
    size_t keys;
    size_t blocks;
    size_t entries;
    size_t old_bookings;
    size_t old_payments;
    size_t old_claims;
    size_t old_versions;
    size_t old_blocks;
};

/* The keys of the day and of the day before; see key_day.h. */
struct memory_keys {
    struct memory_list rows;   /* struct key_record */
    struct memory_list tables; /* uint8_t: which table each key is in. */
    uint8_t table;             /* The one in use. */
    int64_t day;
};

struct memory_store {
    struct siphash_key tag_key;
    struct numbers numbers;
    struct memory_list showtimes; /* struct memory_row */
    struct memory_list bookings;  /* struct booking, by number */
    struct memory_list payments;  /* struct payment, by number */
    struct memory_list blocks;    /* struct block, by number */
    struct memory_list journal;   /* struct journal_entry */
    struct memory_keys keys;
    struct memory_keys keys_before; /* While the open batch has begun a day. */
    bool day_begun;
    struct memory_list old_bookings;
    struct memory_list old_payments;
    struct memory_list old_claims;
    struct memory_list old_versions;
    struct memory_list old_blocks;
    struct memory_mark begun; /* Where the open batch started. */
    enum memory_fault fault;
    bool open;
    bool broken;
};

void *memory_state_row(const struct memory_list *list, size_t position);

/* Copies `row` behind the others. */
void memory_state_add(struct memory_list *list, const void *row);

/* NULL if there is none. */
struct memory_row *memory_state_showtime(const struct memory_store *store, struct id id);
struct booking *memory_state_booking(const struct memory_store *store, struct id id);
struct payment *memory_state_payment(const struct memory_store *store, struct id id);
struct block *memory_state_block(const struct memory_store *store, struct id id);
struct key_record *memory_state_key(const struct memory_store *store,
                                    const struct claim_key *claim);

/* The row is about to change. */
void memory_state_keep_booking(struct memory_store *store, const struct booking *booking);
void memory_state_keep_payment(struct memory_store *store, const struct payment *payment);
void memory_state_keep_claim(struct memory_store *store, const struct memory_row *row,
                             uint32_t place);
void memory_state_keep_version(struct memory_store *store, const struct memory_row *row);
void memory_state_keep_block(struct memory_store *store, const struct block *block);

struct memory_mark memory_state_mark(const struct memory_store *store);

/* Puts back everything since the mark. */
void memory_state_undo(struct memory_store *store, const struct memory_mark *mark);

/* Forgets the way back: the batch is committed. */
void memory_state_forget(struct memory_store *store);

/* Empties the older table of keys if a day has begun. */
void memory_state_begin_day(struct memory_store *store, int64_t now_ms);

void memory_state_release(struct memory_store *store);
