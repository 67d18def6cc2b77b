/* reason.h - a short text of people, kept whole: why something was done, or under what name.
 *
 * Shape:  0..REASON_SIZE_MAX bytes of UTF-8; none is empty.
 */
#pragma once

#include "base/slice.h"
#include "core/limits.h"

struct reason {
    uint8_t size;
    char text[REASON_SIZE_MAX];
};

struct reason reason_of(struct slice text);
struct slice reason_text(const struct reason *reason);
bool reason_equal(const struct reason *left, const struct reason *right);
