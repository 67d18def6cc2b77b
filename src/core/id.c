#include "core/id.h"

#include <string.h>

#include "base/check.h"
#include "base/hex.h"

enum { NUMBER_SIZE = 6, SEAL_SIZE = 6 };

bool id_equal(struct id left, struct id right)
{
    return memcmp(left.bytes, right.bytes, ID_SIZE) == 0;
}

bool id_is_none(struct id id)
{
    return id_equal(id, (struct id){0});
}

uint64_t id_hash(struct id id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t index = 0; index < ID_SIZE; index++) {
        hash = (hash ^ id.bytes[index]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

bool id_parse(struct slice text, struct id *ret_id)
{
    CHECK(ret_id != NULL);

    struct id id;
    if (!hex_parse(text, id.bytes, ID_SIZE) || id_is_none(id)) return false;
    *ret_id = id;
    return true;
}

void id_format(struct id id, char *target)
{
    hex_format(id.bytes, ID_SIZE, target);
}

static void write_big_endian(uint8_t *target, size_t size, uint64_t number)
{
    for (size_t index = size; index > 0; index--) {
        target[index - 1] = (uint8_t)number;
        number >>= 8;
    }
}

struct id id_seal(const struct siphash_key *key, enum id_kind kind, uint64_t number)
{
    CHECK(number > 0);
    CHECK(number <= ID_NUMBER_MAX);

    struct id id;
    write_big_endian(id.bytes, NUMBER_SIZE, number);
    uint8_t sealed[1 + NUMBER_SIZE] = {(uint8_t)kind};
    memcpy(sealed + 1, id.bytes, NUMBER_SIZE);
    write_big_endian(id.bytes + NUMBER_SIZE, SEAL_SIZE, siphash(key, sealed, sizeof sealed));
    return id;
}

uint64_t id_open(const struct siphash_key *key, enum id_kind kind, struct id id)
{
    uint64_t number = 0;
    for (size_t index = 0; index < NUMBER_SIZE; index++) number = number << 8 | id.bytes[index];
    if (number == 0) return 0;
    const struct id expected = id_seal(key, kind, number);
    uint8_t difference = 0;
    for (size_t index = 0; index < ID_SIZE; index++) {
        difference |= (uint8_t)(expected.bytes[index] ^ id.bytes[index]);
    }
    return difference == 0 ? number : 0;
}
