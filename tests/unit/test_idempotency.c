/* test_idempotency.c - when a key is fresh, known, or used for something else. */
#include "support/unit.h"

#include "core/idempotency.h"

static struct claim_key claim_of(const char *user, uint8_t body)
{
    return (struct claim_key){.user = user_of(slice_of(user)),
                              .operation = OPERATION_HOLD,
                              .key = {.bytes = {1, 2, 3}},
                              .fingerprint = {.bytes = {body}}};
}

static void a_key_without_a_record_is_fresh(void **state)
{
    (void)state;
    const struct claim_key claim = claim_of("an", 1);
    assert_int_equal(key_judge(&claim, NULL), KEY_FRESH);
}

static void the_same_key_and_body_is_a_replay(void **state)
{
    (void)state;
    const struct claim_key claim = claim_of("an", 1);
    const struct key_record record = {.claim = claim};
    assert_int_equal(key_judge(&claim, &record), KEY_REPLAY);
}

static void the_same_key_with_another_body_is_reused(void **state)
{
    (void)state;
    const struct claim_key claim = claim_of("an", 1);
    const struct key_record record = {.claim = claim_of("an", 2)};
    assert_int_equal(key_judge(&claim, &record), KEY_REUSED);
}

static void a_fingerprint_counts_with_all_its_bytes(void **state)
{
    (void)state;
    const struct fingerprint left = {0};
    for (size_t index = 0; index < sizeof left.bytes; index++) {
        struct fingerprint right = left;
        right.bytes[index] = 1;
        assert_false(fingerprint_equal(&left, &right));
    }
    assert_true(fingerprint_equal(&left, &left));
}

static void user_operation_and_key_make_the_scope(void **state)
{
    (void)state;
    const struct claim_key claim = claim_of("an", 1);
    struct claim_key other = claim_of("an", 2);
    assert_true(claim_key_same(&claim, &other));
    other = claim_of("binh", 1);
    assert_false(claim_key_same(&claim, &other));
    other = claim;
    other.operation = OPERATION_CONFIRM;
    assert_false(claim_key_same(&claim, &other));
    other = claim;
    other.key.bytes[15] = 9;
    assert_false(claim_key_same(&claim, &other));
}

static void judge_a_foreign_record(void *context)
{
    (void)context;
    const struct claim_key claim = claim_of("an", 1);
    const struct key_record record = {.claim = claim_of("binh", 1)};
    (void)key_judge(&claim, &record);
}

static void judging_by_the_record_of_another_user_is_a_bug(void **state)
{
    (void)state;
    assert_true(unit_aborts(judge_a_foreign_record, NULL));
}

static void operations_have_the_contracts_names(void **state)
{
    (void)state;
    static const struct slice names[OPERATION_COUNT] = {SLICE_INIT("hold"), SLICE_INIT("confirm"),
                                                        SLICE_INIT("pay"), SLICE_INIT("refund")};
    for (uint32_t index = 0; index < OPERATION_COUNT; index++) {
        assert_slice_equal(operation_name((enum operation)index), names[index]);
        enum operation operation = OPERATION_COUNT;
        assert_true(operation_parse(names[index], &operation));
        assert_int_equal(operation, index);
    }
    enum operation operation = OPERATION_COUNT;
    assert_false(operation_parse(SLICE("holds"), &operation));
    assert_int_equal(operation, OPERATION_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_without_a_record_is_fresh),
        cmocka_unit_test(the_same_key_and_body_is_a_replay),
        cmocka_unit_test(the_same_key_with_another_body_is_reused),
        cmocka_unit_test(a_fingerprint_counts_with_all_its_bytes),
        cmocka_unit_test(user_operation_and_key_make_the_scope),
        cmocka_unit_test(judging_by_the_record_of_another_user_is_a_bug),
        cmocka_unit_test(operations_have_the_contracts_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
