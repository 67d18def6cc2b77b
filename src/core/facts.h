/* facts.h - the bookings, payments, blocks and keys that a turn's commands name.
 *
 * The store fills them in inside the turn's transaction; every decision changes them at once,
 * so that the next command of the turn sees it. What changed is what the store then writes.
 *
 * Shape:  each record stands once; found by a small hash of its id or key.
 * Source: docs/decisions/0003-seats-or-refund.md: facts read before the turn refund a payment
 *         that was kept.
 */
#pragma once

#include "core/block.h"
#include "core/idempotency.h"
#include "core/journal.h"
#include "core/payment.h"

enum fact_state { FACT_KNOWN, FACT_CHANGED, FACT_NEW };

struct booking_fact {
    struct booking booking;
    enum fact_state state;
    uint32_t slot; /* Of the hash, as in the others. */
};

struct payment_fact {
    struct payment payment;
    enum fact_state state;
    uint32_t slot;
};

struct key_fact {
    struct key_record record;
    enum fact_state state;
    uint32_t slot;
};

struct block_fact {
    struct block block;
    enum fact_state state;
    uint32_t slot;
};

enum { FACT_SLOTS = 4096 }; /* Twice the most records of a kind, so that a look ends soon. */

struct facts {
    uint32_t booking_count;
    uint32_t payment_count;
    uint32_t key_count;
    uint32_t block_count;
    uint32_t journal_count;
    struct booking_fact bookings[TURN_BOOKINGS_MAX];
    struct payment_fact payments[TURN_PAYMENTS_MAX];
    struct key_fact keys[TURN_COMMANDS_MAX];
    struct block_fact blocks[TURN_COMMANDS_MAX];
    struct journal_entry journal[TURN_COMMANDS_MAX]; /* All of them new. */
    uint16_t booking_slots[FACT_SLOTS];              /* Position + 1; 0: free. */
    uint16_t payment_slots[FACT_SLOTS];
    uint16_t key_slots[FACT_SLOTS];
    uint16_t block_slots[FACT_SLOTS];
};

static_assert(FACT_SLOTS >= 2 * TURN_PAYMENTS_MAX, "the hash stays half empty");
static_assert(FACT_SLOTS >= 2 * TURN_BOOKINGS_MAX, "the hash stays half empty");

/* Forgets everything; costs what there is to forget. */
void facts_clear(struct facts *facts);

/* The record, or NULL. The pointer stays good until facts_clear. */
struct booking_fact *facts_booking(struct facts *facts, struct id id);
struct payment_fact *facts_payment(struct facts *facts, struct id id);
struct key_fact *facts_key(struct facts *facts, const struct claim_key *claim);
struct block_fact *facts_block(struct facts *facts, struct id id);

/* Adds a record that is not there yet. */
struct booking_fact *facts_add_booking(struct facts *facts, const struct booking *booking,
                                       enum fact_state state);
struct payment_fact *facts_add_payment(struct facts *facts, const struct payment *payment,
                                       enum fact_state state);
struct key_fact *facts_add_key(struct facts *facts, const struct key_record *record,
                               enum fact_state state);
struct block_fact *facts_add_block(struct facts *facts, const struct block *block,
                                   enum fact_state state);

/* Adds an entry; at most one for each command of the turn. */
void facts_add_entry(struct facts *facts, const struct journal_entry *entry);

/* Says that a record was changed; a new one stays new. */
void facts_touch_booking(struct booking_fact *fact);
void facts_touch_payment(struct payment_fact *fact);
void facts_touch_block(struct block_fact *fact);
