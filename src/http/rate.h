/* rate.h - a token bucket, kept as the one moment at which it will be full again.
 *
 * A bucket holds up to `burst` tokens, and gets one back every `interval_us`. What has been taken
 * and has not come back yet is its debt, and a debt is a time: so a bucket is one number, and
 * needs no timer to fill it (the generic cell rate algorithm).
 *
 * Shape:  burst 1..RATE_BURST_MAX, interval 1..RATE_INTERVAL_US_MAX; a bucket is a moment, 0 of
 *         a new one.
 * Units:  *_us are microseconds of a steady clock. Should it step back, a bucket is empty at
 *         worst, never more; one that is charged owes RATE_ARREARS_US_MAX more at worst.
 * Thread: any.
 * Source: ITU-T I.371, annex A (the virtual scheduling algorithm).
 */
#pragma once

#include "base/slice.h"

enum { RATE_BURST_MAX = 1000000, RATE_PER_UNIT_MAX = 1000000 };

#define RATE_INTERVAL_US_MAX (INT64_C(3600) * 1000000)     /* One an hour. */
#define RATE_ARREARS_US_MAX (INT64_C(24) * 3600 * 1000000) /* Nobody is shut out for longer. */

struct rate {
    uint32_t burst; /* 0: no limit at all. */
    int64_t interval_us;
};

struct rate_verdict {
    bool admitted;
    uint32_t remaining;     /* Tokens that are left. */
    int64_t retry_after_us; /* Until there is a token; 0 if there is one. */
    int64_t full_after_us;  /* Until the bucket is full. */
};

/* Takes a token if there is one. */
struct rate_verdict rate_take(const struct rate *rate, int64_t *full_at_us, int64_t now_us);

/* Takes a token whether there is one or not: what happens anyway is owed, up to
 * RATE_ARREARS_US_MAX beyond an empty bucket. */
void rate_charge(const struct rate *rate, int64_t *full_at_us, int64_t now_us);

/* What taking one would find, and leaves it there. */
struct rate_verdict rate_look(const struct rate *rate, int64_t full_at_us, int64_t now_us);

/* How long an empty bucket takes to fill. */
int64_t rate_window_us(const struct rate *rate);

/* Reads `off`, or burst and rate such as `2000:20/s`, `10:20/h`; the units are s, m and h. */
bool rate_parse(struct slice text, struct rate *ret_rate);
