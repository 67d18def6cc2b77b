/* test_facts.c - what a turn knows is found again, however its hashes fall. */
#include "support/unit.h"

#include "core/facts.h"

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct facts));
    return *state == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

/* All numbers below 2^32 share the bytes that are hashed. */
static struct id colliding_id(uint32_t number)
{
    struct id id = {.bytes = {1, [11] = 0xff, [10] = 0x0f}};
    memcpy(id.bytes + 1, &number, sizeof number);
    return id;
}

static struct claim_key colliding_claim(uint32_t number)
{
    struct claim_key claim = {.user = user_of(SLICE("an")),
                              .key.bytes = {[15] = 0xff, [14] = 0x0f}};
    memcpy(claim.key.bytes, &number, sizeof number);
    return claim;
}

static void records_with_the_same_hash_are_told_apart(void **state)
{
    struct facts *facts = *state;
    for (uint32_t number = 0; number < 50; number++) {
        const struct booking booking = {.id = colliding_id(number), .total_amount = number};
        const struct payment payment = {.id = colliding_id(number), .amount = number};
        const struct key_record record = {.claim = colliding_claim(number),
                                          .created_at_ms = number};
        facts_add_booking(facts, &booking, FACT_KNOWN);
        facts_add_payment(facts, &payment, FACT_KNOWN);
        facts_add_key(facts, &record, FACT_KNOWN);
    }
    for (uint32_t number = 0; number < 50; number++) {
        const struct claim_key claim = colliding_claim(number);
        assert_true(facts_booking(facts, colliding_id(number))->booking.total_amount == number);
        assert_true(facts_payment(facts, colliding_id(number))->payment.amount == number);
        assert_true(facts_key(facts, &claim)->record.created_at_ms == number);
    }
    const struct claim_key claim = colliding_claim(50);
    assert_null(facts_booking(facts, colliding_id(50)));
    assert_null(facts_payment(facts, colliding_id(50)));
    assert_null(facts_key(facts, &claim));
}

static void one_key_of_two_users_or_operations_is_two_records(void **state)
{
    struct facts *facts = *state;
    struct key_record record = {.claim = colliding_claim(1), .created_at_ms = 1};
    facts_add_key(facts, &record, FACT_NEW);
    struct claim_key other = record.claim;
    other.user = user_of(SLICE("binh"));
    assert_null(facts_key(facts, &other));
    other = record.claim;
    other.operation = OPERATION_PAY;
    assert_null(facts_key(facts, &other));
    record.claim = other;
    record.created_at_ms = 2;
    facts_add_key(facts, &record, FACT_NEW);
    assert_true(facts_key(facts, &other)->record.created_at_ms == 2);
}

static void a_full_turn_of_records_is_found_again(void **state)
{
    struct facts *facts = *state;
    for (uint32_t number = 0; number < TURN_PAYMENTS_MAX; number++) {
        const struct payment payment = {.id = colliding_id(number % 7 == 0 ? number : number << 8),
                                        .amount = number};
        struct payment spread = payment;
        if (number % 7 != 0) spread.id.bytes[11] = (uint8_t)number;
        spread.id.bytes[0] = (uint8_t)(number % 7 == 0 ? 1 : 2);
        facts_add_payment(facts, &spread, FACT_KNOWN);
    }
    assert_int_equal(facts->payment_count, TURN_PAYMENTS_MAX);
    for (uint32_t index = 0; index < TURN_PAYMENTS_MAX; index++) {
        assert_ptr_equal(facts_payment(facts, facts->payments[index].payment.id),
                         &facts->payments[index]);
    }
}

static void hashes_run_on_from_the_last_slot_to_the_first(void **state)
{
    struct facts *facts = *state;
    struct id last = {.bytes = {[11] = 0xff, [10] = 0x0f}};
    for (uint8_t number = 1; number <= 3; number++) {
        last.bytes[0] = number;
        facts_add_booking(facts, &(struct booking){.id = last}, FACT_KNOWN);
    }
    assert_int_equal(facts->booking_slots[FACT_SLOTS - 1], 1);
    assert_int_equal(facts->booking_slots[0], 2);
    assert_int_equal(facts->booking_slots[1], 3);
    assert_non_null(facts_booking(facts, last));
}

static void a_change_is_seen_and_new_stays_new(void **state)
{
    struct facts *facts = *state;
    struct booking_fact *known =
        facts_add_booking(facts, &(struct booking){.id = colliding_id(1)}, FACT_KNOWN);
    struct booking_fact *fresh =
        facts_add_booking(facts, &(struct booking){.id = colliding_id(2)}, FACT_NEW);
    struct payment_fact *paid =
        facts_add_payment(facts, &(struct payment){.id = colliding_id(1)}, FACT_KNOWN);
    struct payment_fact *opened =
        facts_add_payment(facts, &(struct payment){.id = colliding_id(2)}, FACT_NEW);
    for (int round = 0; round < 2; round++) {
        facts_touch_booking(known);
        facts_touch_booking(fresh);
        facts_touch_payment(paid);
        facts_touch_payment(opened);
        assert_int_equal(known->state, FACT_CHANGED);
        assert_int_equal(fresh->state, FACT_NEW);
        assert_int_equal(paid->state, FACT_CHANGED);
        assert_int_equal(opened->state, FACT_NEW);
    }
}

static void blocks_with_the_same_hash_are_told_apart_and_entries_keep_their_order(void **state)
{
    struct facts *facts = *state;
    facts_clear(facts);
    for (uint8_t number = 1; number <= 3; number++) {
        facts_add_block(facts, &(struct block){.id = colliding_id(number), .seat_count = number},
                        FACT_KNOWN);
        facts_add_entry(facts, &(struct journal_entry){.at_ms = number});
    }
    for (uint8_t number = 1; number <= 3; number++) {
        assert_int_equal(facts_block(facts, colliding_id(number))->block.seat_count, number);
        assert_int_equal(facts->journal[number - 1].at_ms, number);
    }
    assert_null(facts_block(facts, colliding_id(4)));
    struct block_fact *fact = facts_block(facts, colliding_id(2));
    facts_touch_block(fact);
    facts_touch_block(fact);
    assert_int_equal(fact->state, FACT_CHANGED);
}

static void clearing_forgets_everything(void **state)
{
    struct facts *facts = *state;
    static const uint16_t free_slots[FACT_SLOTS];
    for (uint8_t number = 1; number <= 3; number++) {
        const struct claim_key claim = colliding_claim(number);
        facts_add_booking(facts, &(struct booking){.id = colliding_id(number)}, FACT_KNOWN);
        facts_add_payment(facts, &(struct payment){.id = colliding_id(number)}, FACT_KNOWN);
        facts_add_key(facts, &(struct key_record){.claim = claim}, FACT_KNOWN);
        facts_add_block(facts, &(struct block){.id = colliding_id(number)}, FACT_KNOWN);
        facts_add_entry(facts, &(struct journal_entry){.at_ms = number});
    }
    facts_clear(facts);
    assert_int_equal(facts->booking_count, 0);
    assert_int_equal(facts->payment_count, 0);
    assert_int_equal(facts->key_count, 0);
    assert_int_equal(facts->block_count, 0);
    assert_int_equal(facts->journal_count, 0);
    assert_memory_equal(facts->booking_slots, free_slots, sizeof free_slots);
    assert_memory_equal(facts->payment_slots, free_slots, sizeof free_slots);
    assert_memory_equal(facts->key_slots, free_slots, sizeof free_slots);
    assert_memory_equal(facts->block_slots, free_slots, sizeof free_slots);
}

static void add_twice(void *context)
{
    struct facts *facts = context;
    facts_add_booking(facts, &(struct booking){.id = colliding_id(1)}, FACT_KNOWN);
    facts_add_booking(facts, &(struct booking){.id = colliding_id(1)}, FACT_KNOWN);
}

static void adding_a_record_twice_is_a_bug(void **state)
{
    assert_true(unit_aborts(add_twice, *state));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records_with_the_same_hash_are_told_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(one_key_of_two_users_or_operations_is_two_records, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_full_turn_of_records_is_found_again, setup, teardown),
        cmocka_unit_test_setup_teardown(hashes_run_on_from_the_last_slot_to_the_first, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_change_is_seen_and_new_stays_new, setup, teardown),
        cmocka_unit_test_setup_teardown(
            blocks_with_the_same_hash_are_told_apart_and_entries_keep_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(clearing_forgets_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(adding_a_record_twice_is_a_bug, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
