/* test_uuid.c - idempotency keys as text. */
#include "support/unit.h"

#include "core/uuid.h"

static void a_version_4_uuid_is_read_in_either_case_and_written_in_lower(void **state)
{
    (void)state;
    struct uuid uuid;
    assert_true(uuid_parse(SLICE("F47AC10B-58cc-4372-a567-0E02B2C3D479"), &uuid));
    char text[UUID_TEXT_SIZE];
    uuid_format(uuid, text);
    assert_memory_equal(text, "f47ac10b-58cc-4372-a567-0e02b2c3d479", UUID_TEXT_SIZE);
}

static void all_four_variants_of_version_4_are_read(void **state)
{
    (void)state;
    static const struct slice texts[] = {
        SLICE_INIT("f47ac10b-58cc-4372-8567-0e02b2c3d479"),
        SLICE_INIT("f47ac10b-58cc-4372-9567-0e02b2c3d479"),
        SLICE_INIT("f47ac10b-58cc-4372-a567-0e02b2c3d479"),
        SLICE_INIT("f47ac10b-58cc-4372-b567-0e02b2c3d479"),
    };
    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++) {
        struct uuid uuid;
        assert_true(uuid_parse(texts[index], &uuid));
    }
}

static void anything_else_is_refused_and_touches_nothing(void **state)
{
    (void)state;
    static const struct slice texts[] = {
        SLICE_INIT(""),
        SLICE_INIT("f47ac10b-58cc-4372-a567-0e02b2c3d47"),
        SLICE_INIT("f47ac10b-58cc-4372-a567-0e02b2c3d4790"),
        SLICE_INIT("f47ac10b-58cc-1372-a567-0e02b2c3d479"),
        SLICE_INIT("f47ac10b-58cc-5372-a567-0e02b2c3d479"),
        SLICE_INIT("f47ac10b-58cc-4372-7567-0e02b2c3d479"),
        SLICE_INIT("f47ac10b-58cc-4372-c567-0e02b2c3d479"),
        SLICE_INIT("f47ac10b058cc-4372-a567-0e02b2c3d479"),
        SLICE_INIT("f47ac10b-58cc-4372-a567-0e02b2c3d47g"),
        SLICE_INIT("f47ac10--58cc-4372-a567-0e02b2c3d479"),
        SLICE_INIT("00000000-0000-0000-0000-000000000000"),
        SLICE_INIT("{47ac10b-58cc-4372-a567-0e02b2c3d47}"),
    };
    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++) {
        struct uuid uuid = {.bytes = {42}};
        assert_false(uuid_parse(texts[index], &uuid));
        assert_int_equal(uuid.bytes[0], 42);
    }
}

static void uuids_are_equal_by_all_their_bytes(void **state)
{
    (void)state;
    const struct uuid none = {0};
    assert_true(uuid_is_none(none));
    for (size_t index = 0; index < sizeof none.bytes; index++) {
        struct uuid other = none;
        other.bytes[index] = 1;
        assert_false(uuid_equal(none, other));
        assert_false(uuid_is_none(other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_4_uuid_is_read_in_either_case_and_written_in_lower),
        cmocka_unit_test(all_four_variants_of_version_4_are_read),
        cmocka_unit_test(anything_else_is_refused_and_touches_nothing),
        cmocka_unit_test(uuids_are_equal_by_all_their_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
