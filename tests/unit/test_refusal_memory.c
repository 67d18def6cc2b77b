/* test_refusal_memory.c - which refusals are remembered, and for how long. */
#include "support/unit.h"

#include "core/refusal_memory.h"

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct refusal_memory));
    return *state == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

/* Keys of one set of the memory. */
static struct command refused(uint8_t number, enum refusal refusal)
{
    return (struct command){
        .kind = COMMAND_HOLD,
        .claim = {.user = user_of(SLICE("an")), .key.bytes = {number, [15] = 1}},
        .answer = {.refusal = refusal, .map_version = number}};
}

static bool remembers(const struct refusal_memory *memory, const struct command *command)
{
    return refusal_memory_find(memory, &command->claim) != NULL;
}

static void a_refusal_is_remembered_with_its_conflicts(void **state)
{
    struct refusal_memory *memory = *state;
    struct command command = refused(7, REFUSAL_SEAT_ALREADY_BOOKED);
    command.answer.conflict_count = 1;
    command.answer.conflicts[0] = (struct seat_conflict){.name = {1, 2, 0}, .state = SEAT_BOOKED};
    refusal_memory_note(memory, &command);
    const struct remembered_refusal *entry = refusal_memory_find(memory, &command.claim);
    assert_non_null(entry);
    assert_int_equal(entry->refusal, REFUSAL_SEAT_ALREADY_BOOKED);
    assert_true(entry->map_version == 7);
    assert_int_equal(entry->conflict_count, 1);
    assert_int_equal(entry->conflicts[0].name.col, 2);
}

static void another_user_operation_or_key_hears_nothing(void **state)
{
    struct refusal_memory *memory = *state;
    const struct command command = refused(7, REFUSAL_SEAT_BLOCKED);
    refusal_memory_note(memory, &command);
    struct claim_key claim = command.claim;
    claim.user = user_of(SLICE("binh"));
    assert_null(refusal_memory_find(memory, &claim));
    claim = command.claim;
    claim.operation = OPERATION_PAY;
    assert_null(refusal_memory_find(memory, &claim));
    claim = command.claim;
    claim.key.bytes[1] = 1;
    assert_null(refusal_memory_find(memory, &claim));
}

static void only_refusals_that_the_contract_names_are_remembered(void **state)
{
    struct refusal_memory *memory = *state;
    for (uint32_t refusal = 0; refusal < REFUSAL_COUNT; refusal++) {
        memset(memory, 0, sizeof *memory);
        const struct command command = refused(1, (enum refusal)refusal);
        refusal_memory_note(memory, &command);
        const bool expected =
            refusal != REFUSAL_NONE && refusal != REFUSAL_IDEMPOTENCY_KEY_REUSED &&
            refusal != REFUSAL_BOOKING_NOT_OWNED && refusal != REFUSAL_TOO_MANY_HOLDS;
        assert_int_equal(remembers(memory, &command), expected);
    }
}

static void only_commands_with_a_key_are_remembered(void **state)
{
    struct refusal_memory *memory = *state;
    for (uint32_t kind = COMMAND_HOLD; kind <= COMMAND_LOOK; kind++) {
        memset(memory, 0, sizeof *memory);
        struct command command = refused(1, REFUSAL_BOOKING_NOT_FOUND);
        command.kind = (enum command_kind)kind;
        refusal_memory_note(memory, &command);
        const bool expected =
            kind == COMMAND_HOLD || kind == COMMAND_CONFIRM || kind == COMMAND_PAY;
        assert_int_equal(remembers(memory, &command), expected);
    }
}

static void failures_and_replays_are_not_remembered(void **state)
{
    struct refusal_memory *memory = *state;
    struct command command = refused(1, REFUSAL_SEAT_BLOCKED);
    command.answer.failure = ERROR_STORE_UNAVAILABLE;
    refusal_memory_note(memory, &command);
    assert_false(remembers(memory, &command));
    command.answer.failure = ERROR_NONE;
    command.answer.replayed = true;
    refusal_memory_note(memory, &command);
    assert_false(remembers(memory, &command));
}

static void the_first_refusal_of_a_key_stays(void **state)
{
    struct refusal_memory *memory = *state;
    struct command command = refused(1, REFUSAL_SEAT_HELD_BY_ANOTHER);
    refusal_memory_note(memory, &command);
    command.answer.refusal = REFUSAL_SEAT_ALREADY_BOOKED;
    command.claim.fingerprint.bytes[0] = 9;
    refusal_memory_note(memory, &command);
    const struct remembered_refusal *entry = refusal_memory_find(memory, &command.claim);
    assert_int_equal(entry->refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
    assert_int_equal(entry->claim.fingerprint.bytes[0], 0);
    assert_true(memory->clock == 1);
}

static void the_oldest_of_a_full_set_gives_way(void **state)
{
    struct refusal_memory *memory = *state;
    for (uint8_t number = 1; number <= REFUSAL_WAYS + 2; number++) {
        const struct command command = refused(number, REFUSAL_SEAT_BLOCKED);
        refusal_memory_note(memory, &command);
    }
    for (uint8_t number = 1; number <= REFUSAL_WAYS + 2; number++) {
        const struct command command = refused(number, REFUSAL_SEAT_BLOCKED);
        assert_int_equal(remembers(memory, &command), number > 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_refusal_is_remembered_with_its_conflicts, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_user_operation_or_key_hears_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(only_refusals_that_the_contract_names_are_remembered, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(only_commands_with_a_key_are_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(failures_and_replays_are_not_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_refusal_of_a_key_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(the_oldest_of_a_full_set_gives_way, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
