/* test_id.c - public ids as text, and as sealed numbers. */
#include "support/unit.h"

#include "core/id.h"

static const struct siphash_key key = {.bytes = {3, 1, 4, 1, 5}};

static void text_of_either_case_is_the_same_id(void **state)
{
    (void)state;
    struct id lower;
    struct id upper;
    assert_true(id_parse(SLICE("0123456789abcdef01234567"), &lower));
    assert_true(id_parse(SLICE("0123456789ABCDEF01234567"), &upper));
    assert_true(id_equal(lower, upper));
    char text[ID_HEX_SIZE];
    id_format(upper, text);
    assert_memory_equal(text, "0123456789abcdef01234567", ID_HEX_SIZE);
}

static void malformed_text_is_refused_and_touches_nothing(void **state)
{
    (void)state;
    static const struct slice texts[] = {
        SLICE_INIT(""),
        SLICE_INIT("0123456789abcdef0123456"),
        SLICE_INIT("0123456789abcdef012345678"),
        SLICE_INIT("0123456789abcdef0123456g"),
        SLICE_INIT("000000000000000000000000"),
    };
    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++) {
        struct id id = {.bytes = {42}};
        assert_false(id_parse(texts[index], &id));
        assert_int_equal(id.bytes[0], 42);
        assert_int_equal(id.bytes[1], 0);
    }
}

static void all_zero_is_no_id(void **state)
{
    (void)state;
    assert_true(id_is_none((struct id){0}));
    assert_false(id_is_none((struct id){.bytes = {[ID_SIZE - 1] = 1}}));
}

static void a_sealed_number_opens_again(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {1, 255, 256, 65536, 123456789, ID_NUMBER_MAX};
    for (size_t index = 0; index < sizeof numbers / sizeof numbers[0]; index++) {
        const struct id id = id_seal(&key, ID_BOOKING, numbers[index]);
        assert_true(id_open(&key, ID_BOOKING, id) == numbers[index]);
    }
}

static void sealed_ids_sort_like_their_numbers(void **state)
{
    (void)state;
    for (uint64_t number = 1; number < 70000; number += 13) {
        const struct id before = id_seal(&key, ID_BOOKING, number);
        const struct id after = id_seal(&key, ID_BOOKING, number + 1);
        assert_true(memcmp(before.bytes, after.bytes, ID_SIZE) < 0);
    }
}

static void a_seal_of_another_kind_or_key_does_not_open(void **state)
{
    (void)state;
    const struct siphash_key other = {.bytes = {3, 1, 4, 1, 6}};
    const struct id id = id_seal(&key, ID_BOOKING, 77);
    assert_true(id_open(&key, ID_PAYMENT, id) == 0);
    assert_true(id_open(&other, ID_BOOKING, id) == 0);
}

static void no_changed_byte_of_a_sealed_id_opens(void **state)
{
    (void)state;
    const struct id id = id_seal(&key, ID_PAYMENT, 77);
    for (size_t index = 0; index < ID_SIZE; index++) {
        for (uint32_t bit = 0; bit < 8; bit++) {
            struct id forged = id;
            forged.bytes[index] ^= (uint8_t)(1U << bit);
            assert_true(id_open(&key, ID_PAYMENT, forged) == 0);
        }
    }
}

static void number_zero_never_opens(void **state)
{
    (void)state;
    assert_true(id_open(&key, ID_BOOKING, (struct id){.bytes = {[8] = 1}}) == 0);
}

static void ids_that_differ_in_one_byte_have_other_hashes(void **state)
{
    (void)state;
    const struct id id = {.bytes = {1, 2, 3}};
    for (size_t index = 0; index < ID_SIZE; index++) {
        struct id other = id;
        other.bytes[index] ^= 0x40;
        assert_true(id_hash(id) != id_hash(other));
    }
}

static void seal_zero(void *context)
{
    (void)context;
    (void)id_seal(&key, ID_BOOKING, 0);
}

static void seal_too_much(void *context)
{
    (void)context;
    (void)id_seal(&key, ID_BOOKING, ID_NUMBER_MAX + 1);
}

static void sealing_a_number_out_of_range_is_a_bug(void **state)
{
    (void)state;
    assert_true(unit_aborts(seal_zero, NULL));
    assert_true(unit_aborts(seal_too_much, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_either_case_is_the_same_id),
        cmocka_unit_test(malformed_text_is_refused_and_touches_nothing),
        cmocka_unit_test(all_zero_is_no_id),
        cmocka_unit_test(a_sealed_number_opens_again),
        cmocka_unit_test(sealed_ids_sort_like_their_numbers),
        cmocka_unit_test(a_seal_of_another_kind_or_key_does_not_open),
        cmocka_unit_test(no_changed_byte_of_a_sealed_id_opens),
        cmocka_unit_test(number_zero_never_opens),
        cmocka_unit_test(ids_that_differ_in_one_byte_have_other_hashes),
        cmocka_unit_test(sealing_a_number_out_of_range_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
