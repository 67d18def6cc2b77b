#include "core/facts.h"

#include "base/check.h"

void facts_clear(struct facts *facts)
{
    for (uint32_t index = 0; index < facts->booking_count; index++) {
        facts->booking_slots[facts->bookings[index].slot] = 0;
    }
    for (uint32_t index = 0; index < facts->payment_count; index++) {
        facts->payment_slots[facts->payments[index].slot] = 0;
    }
    for (uint32_t index = 0; index < facts->key_count; index++) {
        facts->key_slots[facts->keys[index].slot] = 0;
    }
    for (uint32_t index = 0; index < facts->block_count; index++) {
        facts->block_slots[facts->blocks[index].slot] = 0;
    }
    facts->booking_count = 0;
    facts->payment_count = 0;
    facts->key_count = 0;
    facts->block_count = 0;
    facts->journal_count = 0;
}

/* Ids end in a seal and keys are random, so their last bytes are as good as a hash. */
static uint32_t slot_of(const uint8_t *bytes, size_t size)
{
    CHECK(size >= 4);
    const uint8_t *end = bytes + size;
    return ((uint32_t)end[-1] | (uint32_t)end[-2] << 8 | (uint32_t)end[-3] << 16) % FACT_SLOTS;
}

static uint32_t slot_after(uint32_t slot)
{
    return (slot + 1) % FACT_SLOTS;
}

static uint32_t id_slot(struct id id)
{
    return slot_of(id.bytes, sizeof id.bytes);
}

static uint32_t key_slot(const struct claim_key *claim)
{
    return slot_of(claim->key.bytes, sizeof claim->key.bytes);
}

struct booking_fact *facts_booking(struct facts *facts, struct id id)
{
    for (uint32_t slot = id_slot(id);; slot = slot_after(slot)) {
        const uint16_t position = facts->booking_slots[slot];
        if (position == 0) return NULL;
        struct booking_fact *fact = &facts->bookings[position - 1];
        if (id_equal(fact->booking.id, id)) return fact;
    }
}

struct payment_fact *facts_payment(struct facts *facts, struct id id)
{
    for (uint32_t slot = id_slot(id);; slot = slot_after(slot)) {
        const uint16_t position = facts->payment_slots[slot];
        if (position == 0) return NULL;
        struct payment_fact *fact = &facts->payments[position - 1];
        if (id_equal(fact->payment.id, id)) return fact;
    }
}

struct key_fact *facts_key(struct facts *facts, const struct claim_key *claim)
{
    for (uint32_t slot = key_slot(claim);; slot = slot_after(slot)) {
        const uint16_t position = facts->key_slots[slot];
        if (position == 0) return NULL;
        struct key_fact *fact = &facts->keys[position - 1];
        if (claim_key_same(&fact->record.claim, claim)) return fact;
    }
}

struct block_fact *facts_block(struct facts *facts, struct id id)
{
    for (uint32_t slot = id_slot(id);; slot = slot_after(slot)) {
        const uint16_t position = facts->block_slots[slot];
        if (position == 0) return NULL;
        struct block_fact *fact = &facts->blocks[position - 1];
        if (id_equal(fact->block.id, id)) return fact;
    }
}

static uint32_t take_slot(uint16_t *slots, uint32_t slot, uint32_t position)
{
    while (slots[slot] != 0) slot = slot_after(slot);
    slots[slot] = (uint16_t)(position + 1);
    return slot;
}

struct booking_fact *facts_add_booking(struct facts *facts, const struct booking *booking,
                                       enum fact_state state)
{
    CHECK(facts->booking_count < TURN_BOOKINGS_MAX);
    CHECK(facts_booking(facts, booking->id) == NULL);

    const uint32_t position = facts->booking_count++;
    struct booking_fact *fact = &facts->bookings[position];
    fact->booking = *booking;
    fact->state = state;
    fact->slot = take_slot(facts->booking_slots, id_slot(booking->id), position);
    return fact;
}

struct payment_fact *facts_add_payment(struct facts *facts, const struct payment *payment,
                                       enum fact_state state)
{
    CHECK(facts->payment_count < TURN_PAYMENTS_MAX);
    CHECK(facts_payment(facts, payment->id) == NULL);

    const uint32_t position = facts->payment_count++;
    struct payment_fact *fact = &facts->payments[position];
    fact->payment = *payment;
    fact->state = state;
    fact->slot = take_slot(facts->payment_slots, id_slot(payment->id), position);
    return fact;
}

struct key_fact *facts_add_key(struct facts *facts, const struct key_record *record,
                               enum fact_state state)
{
    CHECK(facts->key_count < TURN_COMMANDS_MAX);
    CHECK(facts_key(facts, &record->claim) == NULL);

    const uint32_t position = facts->key_count++;
    struct key_fact *fact = &facts->keys[position];
    fact->record = *record;
    fact->state = state;
    fact->slot = take_slot(facts->key_slots, key_slot(&record->claim), position);
    return fact;
}

struct block_fact *facts_add_block(struct facts *facts, const struct block *block,
                                   enum fact_state state)
{
    CHECK(facts->block_count < TURN_COMMANDS_MAX);
    CHECK(facts_block(facts, block->id) == NULL);

    const uint32_t position = facts->block_count++;
    struct block_fact *fact = &facts->blocks[position];
    fact->block = *block;
    fact->state = state;
    fact->slot = take_slot(facts->block_slots, id_slot(block->id), position);
    return fact;
}

void facts_add_entry(struct facts *facts, const struct journal_entry *entry)
{
    CHECK(facts->journal_count < TURN_COMMANDS_MAX);
    CHECK(entry->at_ms > 0);
    facts->journal[facts->journal_count++] = *entry;
}

void facts_touch_booking(struct booking_fact *fact)
{
    if (fact->state == FACT_KNOWN) fact->state = FACT_CHANGED;
}

void facts_touch_payment(struct payment_fact *fact)
{
    if (fact->state == FACT_KNOWN) fact->state = FACT_CHANGED;
}

void facts_touch_block(struct block_fact *fact)
{
    if (fact->state == FACT_KNOWN) fact->state = FACT_CHANGED;
}
