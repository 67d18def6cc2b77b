/* uuid.h - an idempotency key: a version 4 UUID.
 *
 * Shape:  16 bytes; all zero means "none" (which no version 4 UUID is).
 */
#pragma once

#include "base/slice.h"

enum { UUID_TEXT_SIZE = 36 };

struct uuid {
    uint8_t bytes[16];
};

bool uuid_equal(struct uuid left, struct uuid right);
bool uuid_is_none(struct uuid uuid);

/* Reads the 36 characters of a version 4 UUID, letters of either case; false, and `ret_uuid`
 * untouched, if `text` is not one. */
bool uuid_parse(struct slice text, struct uuid *ret_uuid);

/* Writes UUID_TEXT_SIZE characters, lower case, and no NUL. */
void uuid_format(struct uuid uuid, char *target);
