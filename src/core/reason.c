#include "core/reason.h"

#include <string.h>

#include "base/check.h"

struct reason reason_of(struct slice text)
{
    CHECK(text.size <= REASON_SIZE_MAX);

    struct reason reason = {.size = (uint8_t)text.size};
    if (text.size > 0) memcpy(reason.text, text.data, text.size);
    return reason;
}

struct slice reason_text(const struct reason *reason)
{
    return (struct slice){.data = reason->text, .size = reason->size};
}

bool reason_equal(const struct reason *left, const struct reason *right)
{
    return slice_equal(reason_text(left), reason_text(right));
}
