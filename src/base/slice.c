#include "base/slice.h"

#include "base/check.h"

bool slice_equal(struct slice left, struct slice right)
{
    if (left.size != right.size) return false;
    return left.size == 0 || memcmp(left.data, right.data, left.size) == 0;
}

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

bool slice_equal_ignoring_case(struct slice left, struct slice right)
{
    if (left.size != right.size) return false;
    for (size_t index = 0; index < left.size; index++) {
        if (lower(left.data[index]) != lower(right.data[index])) return false;
    }
    return true;
}

bool slice_starts_with(struct slice text, struct slice prefix)
{
    if (text.size < prefix.size) return false;
    return prefix.size == 0 || memcmp(text.data, prefix.data, prefix.size) == 0;
}

struct slice slice_from(struct slice text, size_t offset)
{
    if (offset >= text.size) return (struct slice){0};
    return (struct slice){.data = text.data + offset, .size = text.size - offset};
}

struct slice slice_cut(struct slice text, char separator, struct slice *rest)
{
    CHECK(rest != NULL);

    const char *found = text.size > 0 ? memchr(text.data, separator, text.size) : NULL;
    if (found == NULL) {
        *rest = (struct slice){0};
        return text;
    }
    const size_t size = (size_t)(found - text.data);
    *rest = (struct slice){.data = found + 1, .size = text.size - size - 1};
    return (struct slice){.data = text.data, .size = size};
}

static bool is_blank(char letter)
{
    return letter == ' ' || letter == '\t';
}

struct slice slice_trim(struct slice text)
{
    while (text.size > 0 && is_blank(text.data[0])) text = slice_from(text, 1);
    while (text.size > 0 && is_blank(text.data[text.size - 1])) text.size--;
    return text;
}

bool slice_to_number(struct slice text, uint64_t max, uint64_t *ret_number)
{
    CHECK(ret_number != NULL);

    if (text.size == 0 || text.size > 20) return false;
    if (text.size > 1 && text.data[0] == '0') return false;
    uint64_t number = 0;
    for (size_t index = 0; index < text.size; index++) {
        const char letter = text.data[index];
        if (letter < '0' || letter > '9') return false;
        const uint64_t digit = (uint64_t)(letter - '0');
        if (number > (UINT64_MAX - digit) / 10) return false;
        number = number * 10 + digit;
    }
    if (number > max) return false;
    *ret_number = number;
    return true;
}

bool slice_to_string(struct slice text, char *target, size_t capacity)
{
    CHECK(target != NULL);
    CHECK(capacity > 0);

    if (text.size >= capacity) return false;
    if (text.size > 0 && memchr(text.data, '\0', text.size) != NULL) return false;
    if (text.size > 0) memcpy(target, text.data, text.size);
    target[text.size] = '\0';
    return true;
}
