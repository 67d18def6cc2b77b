#include "base/buffer.h"

#include "base/check.h"
#include "base/hex.h"

void buffer_init(struct buffer *buffer, void *block, size_t capacity)
{
    CHECK(block != NULL);
    CHECK(capacity > 0);
    *buffer = (struct buffer){.data = block, .capacity = capacity};
}

char *buffer_grow(struct buffer *buffer, size_t size)
{
    CHECK(buffer->size <= buffer->capacity);

    if (buffer->overflowed || size > buffer->capacity - buffer->size) {
        buffer->overflowed = true;
        return NULL;
    }
    char *target = buffer->data + buffer->size;
    buffer->size += size;
    return target;
}

void buffer_append(struct buffer *buffer, struct slice text)
{
    char *target = buffer_grow(buffer, text.size);
    if (target != NULL && text.size > 0) memcpy(target, text.data, text.size);
}

void buffer_append_char(struct buffer *buffer, char letter)
{
    char *target = buffer_grow(buffer, 1);
    if (target != NULL) *target = letter;
}

void buffer_append_unsigned(struct buffer *buffer, uint64_t number)
{
    char digits[20];
    size_t start = sizeof digits;
    do {
        digits[--start] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buffer_append(buffer, (struct slice){.data = digits + start, .size = sizeof digits - start});
}

void buffer_append_number(struct buffer *buffer, int64_t number)
{
    if (number < 0) buffer_append_char(buffer, '-');
    buffer_append_unsigned(buffer, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

void buffer_append_hex(struct buffer *buffer, const void *bytes, size_t size)
{
    char *target = buffer_grow(buffer, 2 * size);
    if (target != NULL) hex_format(bytes, size, target);
}

struct slice buffer_text(const struct buffer *buffer)
{
    if (buffer->overflowed) return (struct slice){0};
    return (struct slice){.data = buffer->data, .size = buffer->size};
}
