/* key_day.h - when the older of the two tables of idempotency keys is emptied.
 *
 * Keys are written to the table of the day, and looked for in both. As a new UTC day begins,
 * the other table is emptied and becomes the day's: a key lives through the rest of its day
 * and the whole day after it, 24 to 48 hours.
 *
 * A clock that jumps back empties nothing: the table in use stays in use. Back by one day at
 * most, its day is kept, so that a clock that wavers around midnight does not count days
 * twice; further back, the day follows the clock, so that emptying does not stop for years
 * after a clock that was far ahead. A clock that jumps forward empties one table, the older.
 *
 * Units:  days since 1970, UTC.
 */
#pragma once

#include <stdint.h>

enum key_day_action {
    KEY_DAY_KEEP,   /* Nothing to do. */
    KEY_DAY_FOLLOW, /* Note the clock's day; the table stays in use. */
    KEY_DAY_SWITCH, /* Empty the other table and use it from now on. */
};

/* The day of a moment. */
int64_t key_day_of(int64_t now_ms);

/* What to do at `today`, when the table in use is that of `day`. */
enum key_day_action key_day_judge(int64_t day, int64_t today);
