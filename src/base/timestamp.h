/* timestamp.h - a moment as the contract writes it: `2024-01-15T10:30:00.000Z`.
 *
 * Units:  UTC milliseconds since 1970.
 * Thread: any.
 */
#pragma once

#include <stdint.h>

enum { TIMESTAMP_SIZE = 24 };

/* The last moment with a year of four digits: 9999-12-31T23:59:59.999Z. */
#define TIMESTAMP_MS_MAX INT64_C(253402300799999)

/* Writes TIMESTAMP_SIZE characters and no NUL. A moment outside the years 1970 to 9999 is
 * written as the nearest one inside. */
void timestamp_format(int64_t moment_ms, char *target);
