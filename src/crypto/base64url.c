#include "crypto/base64url.h"

#include <assert.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static_assert(sizeof alphabet == 64 + 1, "six bits have 64 values");

static int value_of(char letter)
{
    if (letter >= 'A' && letter <= 'Z') return letter - 'A';
    if (letter >= 'a' && letter <= 'z') return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9') return letter - '0' + 52;
    if (letter == '-') return 62;
    if (letter == '_') return 63;
    return -1;
}

bool base64url_decode(struct slice text, void *target, size_t capacity, size_t *ret_size)
{
    CHECK(target != NULL);
    CHECK(ret_size != NULL);

    if (text.size % 4 == 1) return false; /* Six bits are no byte. */
    const size_t size = text.size / 4 * 3 + (text.size % 4 * 3) / 4;
    if (size > capacity) return false;
    uint8_t *bytes = target;
    size_t written = 0;
    uint32_t bits = 0;
    unsigned bit_count = 0;
    for (size_t index = 0; index < text.size; index++) {
        const int value = value_of(text.data[index]);
        if (value < 0) return false;
        bits = bits << 6 | (uint32_t)value;
        bit_count += 6;
        if (bit_count < 8) continue;
        bit_count -= 8;
        bytes[written++] = (uint8_t)(bits >> bit_count);
        bits &= (1U << bit_count) - 1;
    }
    if (bits != 0) return false;
    CHECK(written == size);
    *ret_size = size;
    return true;
}

void base64url_encode(struct slice bytes, char *target)
{
    CHECK(target != NULL);

    size_t written = 0;
    uint32_t bits = 0;
    unsigned bit_count = 0;
    for (size_t index = 0; index < bytes.size; index++) {
        bits = bits << 8 | (uint8_t)bytes.data[index];
        bit_count += 8;
        while (bit_count >= 6) {
            bit_count -= 6;
            target[written++] = alphabet[bits >> bit_count & 63];
        }
        bits &= (1U << bit_count) - 1;
    }
    if (bit_count > 0) target[written++] = alphabet[bits << (6 - bit_count) & 63];
    CHECK(written == BASE64URL_SIZE(bytes.size));
}
