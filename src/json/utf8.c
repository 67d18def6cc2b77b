#include "json/utf8.h"

/* The second byte has a range of its own behind E0, ED, F0 and F4, which is what keeps
 * overlong forms, surrogates and too large code points out. */
static bool second_fits(uint8_t first, uint8_t second)
{
    switch (first) {
    case 0xe0:
        return second >= 0xa0 && second <= 0xbf;
    case 0xed:
        return second >= 0x80 && second <= 0x9f;
    case 0xf0:
        return second >= 0x90 && second <= 0xbf;
    case 0xf4:
        return second >= 0x80 && second <= 0x8f;
    default:
        return second >= 0x80 && second <= 0xbf;
    }
}

static size_t size_by_first(uint8_t first)
{
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return 2;
    if (first >= 0xe0 && first <= 0xef) return 3;
    if (first >= 0xf0 && first <= 0xf4) return 4;
    return 0;
}

size_t utf8_size(struct slice text)
{
    if (text.size == 0) return 0;
    const uint8_t *bytes = (const uint8_t *)text.data;
    const size_t size = size_by_first(bytes[0]);
    if (size > text.size) return 0;
    if (size >= 2 && !second_fits(bytes[0], bytes[1])) return 0;
    for (size_t index = 2; index < size; index++) {
        if (bytes[index] >> 6 != 2) return 0;
    }
    return size;
}

size_t utf8_valid_size(struct slice text)
{
    size_t offset = 0;
    while (offset < text.size) {
        if ((uint8_t)text.data[offset] < 0x80) {
            offset++;
            continue;
        }
        const size_t size = utf8_size(slice_from(text, offset));
        if (size == 0) break;
        offset += size;
    }
    return offset;
}
