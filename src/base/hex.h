/* hex.h - hex digits to bytes and back.
 *
 * Thread: any.
 */
#pragma once

#include "base/slice.h"

/* The value of one hex digit of either case; -1 if it is none. */
int hex_value(char digit);

/* Reads exactly `size` bytes from 2 * size digits of either case; false if `text` is anything
 * else, and `target` is then undefined. */
bool hex_parse(struct slice text, void *target, size_t size);

/* Writes 2 * size lower-case digits and no NUL. */
void hex_format(const void *bytes, size_t size, char *target);
