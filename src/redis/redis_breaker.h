/* redis_breaker.h - for how long a service that failed is left alone.
 *
 * Closed until a failure; then open for REDIS_REST_MS, and after each further failure for twice
 * as long, up to REDIS_REST_MS_MAX. The first call after a rest is the trial: it closes the
 * breaker or opens it again.
 *
 * Units:  *_ms are of a steady clock.
 * Thread: one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    REDIS_REST_MS = 1000,
    REDIS_REST_MS_MAX = 10000, /* So it is back within that, when the service is. */
};

struct redis_breaker { /* {0} is closed. */
    int64_t rest_ms;   /* 0: closed. */
    int64_t until_ms;
};

/* May the service be called? */
bool redis_breaker_allows(const struct redis_breaker *breaker, int64_t now_ms);

void redis_breaker_failed(struct redis_breaker *breaker, int64_t now_ms);
void redis_breaker_succeeded(struct redis_breaker *breaker);
