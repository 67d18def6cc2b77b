#include "core/uuid.h"

#include <string.h>

#include "base/check.h"
#include "base/hex.h"

bool uuid_equal(struct uuid left, struct uuid right)
{
    return memcmp(left.bytes, right.bytes, sizeof left.bytes) == 0;
}

bool uuid_is_none(struct uuid uuid)
{
    return uuid_equal(uuid, (struct uuid){0});
}

static bool is_dash_place(size_t index)
{
    return index == 8 || index == 13 || index == 18 || index == 23;
}

bool uuid_parse(struct slice text, struct uuid *ret_uuid)
{
    CHECK(ret_uuid != NULL);

    if (text.size != UUID_TEXT_SIZE) return false;
    struct uuid uuid = {0};
    size_t digits = 0;
    for (size_t index = 0; index < UUID_TEXT_SIZE; index++) {
        const char letter = text.data[index];
        if (is_dash_place(index)) {
            if (letter != '-') return false;
            continue;
        }
        const int value = hex_value(letter);
        if (value < 0) return false;
        uuid.bytes[digits / 2] = (uint8_t)(uuid.bytes[digits / 2] << 4 | value);
        digits++;
    }
    const bool version_4 = uuid.bytes[6] >> 4 == 4;
    const bool variant_1 = uuid.bytes[8] >> 6 == 2;
    if (!version_4 || !variant_1) return false;
    *ret_uuid = uuid;
    return true;
}

void uuid_format(struct uuid uuid, char *target)
{
    CHECK(target != NULL);

    size_t byte = 0;
    for (size_t index = 0; index < UUID_TEXT_SIZE;) {
        if (is_dash_place(index)) {
            target[index++] = '-';
            continue;
        }
        hex_format(&uuid.bytes[byte++], 1, target + index);
        index += 2;
    }
}
