/* test_code.c - booking codes are a permutation of the bookings' numbers. */
#include "support/unit.h"

#include "core/code.h"

static const struct siphash_key key = {.bytes = {2, 7, 1, 8}};

static void the_number_comes_back_from_its_code(void **state)
{
    (void)state;
    for (uint64_t number = 1; number <= 2000; number++) {
        assert_true(code_to_number(&key, code_of_number(&key, number)) == number);
    }
    for (uint64_t number = CODE_NUMBER_MAX; number > CODE_NUMBER_MAX - 2000; number--) {
        assert_true(code_to_number(&key, code_of_number(&key, number)) == number);
    }
}

/* A step that is prime to the range visits numbers of every size. */
static void numbers_across_the_range_come_back(void **state)
{
    (void)state;
    uint64_t number = 1;
    for (int round = 0; round < 5000; round++) {
        number = (number + UINT64_C(564221981491)) % CODE_NUMBER_MAX + 1;
        assert_true(code_to_number(&key, code_of_number(&key, number)) == number);
    }
}

static int compare_codes(const void *left, const void *right)
{
    return memcmp(left, right, CODE_SIZE);
}

static void a_hundred_thousand_codes_are_all_different(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct code *codes = calloc(COUNT, sizeof *codes);
    assert_non_null(codes);
    for (uint64_t index = 0; index < COUNT; index++) codes[index] = code_of_number(&key, index + 1);
    qsort(codes, COUNT, sizeof *codes, compare_codes);
    for (size_t index = 1; index < COUNT; index++) {
        assert_true(compare_codes(&codes[index - 1], &codes[index]) < 0);
    }
    free(codes);
}

static void another_key_gives_other_codes(void **state)
{
    (void)state;
    const struct siphash_key other = {.bytes = {2, 7, 1, 9}};
    uint32_t same = 0;
    for (uint64_t number = 1; number <= 100; number++) {
        const struct code left = code_of_number(&key, number);
        const struct code right = code_of_number(&other, number);
        same += compare_codes(&left, &right) == 0;
    }
    assert_int_equal(same, 0);
}

static void neighbours_share_no_more_letters_than_chance(void **state)
{
    (void)state;
    uint32_t same = 0;
    for (uint64_t number = 1; number <= 1000; number++) {
        const struct code left = code_of_number(&key, number);
        const struct code right = code_of_number(&key, number + 1);
        for (size_t index = 0; index < CODE_SIZE; index++) {
            same += left.letters[index] == right.letters[index];
        }
    }
    assert_in_range(same, 100, 350); /* 8000 / 36 are 222. */
}

static void a_code_is_read_in_either_case(void **state)
{
    (void)state;
    struct code code;
    assert_true(code_parse(SLICE("bK-AZaz0189"), &code));
    assert_memory_equal(code.letters, "AZAZ0189", CODE_SIZE);
}

static void a_malformed_code_is_refused_and_touches_nothing(void **state)
{
    (void)state;
    static const struct slice texts[] = {
        SLICE_INIT(""),
        SLICE_INIT("BK-ABCDEFG"),
        SLICE_INIT("BK-ABCDEFGHI"),
        SLICE_INIT("XX-ABCDEFGH"),
        SLICE_INIT("BK-ABCDEFG "),
        SLICE_INIT("BK-ABCDEFG["),
        SLICE_INIT("BK-ABCDEF{H"),
        SLICE_INIT("BK-ABCDEF:H"),
        SLICE_INIT("BK-ABCDEF`H"),
    };
    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++) {
        struct code code = {.letters = "UNTOUCH"};
        assert_false(code_parse(texts[index], &code));
        assert_memory_equal(code.letters, "UNTOUCH", CODE_SIZE);
    }
}

static void number_zero(void *context)
{
    (void)context;
    (void)code_of_number(&key, 0);
}

static void a_number_out_of_range_is_a_bug(void **state)
{
    (void)state;
    assert_true(unit_aborts(number_zero, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_number_comes_back_from_its_code),
        cmocka_unit_test(numbers_across_the_range_come_back),
        cmocka_unit_test(a_hundred_thousand_codes_are_all_different),
        cmocka_unit_test(another_key_gives_other_codes),
        cmocka_unit_test(neighbours_share_no_more_letters_than_chance),
        cmocka_unit_test(a_code_is_read_in_either_case),
        cmocka_unit_test(a_malformed_code_is_refused_and_touches_nothing),
        cmocka_unit_test(a_number_out_of_range_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
