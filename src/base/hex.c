#include "base/hex.h"

#include "base/check.h"

int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

bool hex_parse(struct slice text, void *target, size_t size)
{
    CHECK(target != NULL);

    if (text.size != 2 * size) return false;
    uint8_t *bytes = target;
    for (size_t index = 0; index < size; index++) {
        const int high = hex_value(text.data[2 * index]);
        const int low = hex_value(text.data[2 * index + 1]);
        if (high < 0 || low < 0) return false;
        bytes[index] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void hex_format(const void *bytes, size_t size, char *target)
{
    static const char digits[] = "0123456789abcdef";
    CHECK(bytes != NULL);
    CHECK(target != NULL);

    const uint8_t *byte = bytes;
    for (size_t index = 0; index < size; index++) {
        target[2 * index] = digits[byte[index] >> 4];
        target[2 * index + 1] = digits[byte[index] & 15];
    }
}
