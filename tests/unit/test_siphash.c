/* test_siphash.c - the hash against the vectors of its authors. */
#include "support/unit.h"

#include "core/siphash.h"

static void every_length_gives_the_reference_hash(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        uint64_t hash;
    } vectors[] = {
        {0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
        {7, UINT64_C(0xab0200f58b01d137)},  {8, UINT64_C(0x93f5f5799a932462)},
        {9, UINT64_C(0x9e0082df0ba9e4b0)},  {15, UINT64_C(0xa129ca6149be45e5)},
        {16, UINT64_C(0x3f2acc7f57c29bdb)}, {63, UINT64_C(0x958a324ceb064572)},
    };
    struct siphash_key key;
    for (uint8_t index = 0; index < sizeof key.bytes; index++) key.bytes[index] = index;
    uint8_t data[64];
    for (uint8_t index = 0; index < sizeof data; index++) data[index] = index;
    for (size_t index = 0; index < sizeof vectors / sizeof vectors[0]; index++) {
        assert_true(siphash(&key, data, vectors[index].size) == vectors[index].hash);
    }
}

static void another_key_gives_another_hash(void **state)
{
    (void)state;
    const struct siphash_key left = {.bytes = {1}};
    struct siphash_key right = left;
    right.bytes[15] = 1;
    assert_true(siphash(&left, "usher", 5) != siphash(&right, "usher", 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_gives_the_reference_hash),
        cmocka_unit_test(another_key_gives_another_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
