#include "redis/redis_breaker.h"

#include "base/check.h"

bool redis_breaker_allows(const struct redis_breaker *breaker, int64_t now_ms)
{
    CHECK(now_ms >= 0);

    return breaker->rest_ms == 0 || now_ms >= breaker->until_ms;
}

void redis_breaker_failed(struct redis_breaker *breaker, int64_t now_ms)
{
    CHECK(now_ms >= 0);

    breaker->rest_ms = breaker->rest_ms == 0 ? REDIS_REST_MS : breaker->rest_ms * 2;
    if (breaker->rest_ms > REDIS_REST_MS_MAX) breaker->rest_ms = REDIS_REST_MS_MAX;
    breaker->until_ms = now_ms + breaker->rest_ms;
}

void redis_breaker_succeeded(struct redis_breaker *breaker)
{
    *breaker = (struct redis_breaker){0};
}
