#include "app/settings.h"

#include "http/limiter.h"

static const char *const names[] = {
    "CORS_ORIGINS",
    "DEFAULT_RETURN_URL",
    "HOLD_SECONDS",
    "JWT_AUDIENCE",
    "JWT_ISSUER",
    "JWT_SECRET",
    "LOCK",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "MAX_HELD_SEATS",
    "METRICS_HOST",
    "METRICS_PORT",
    "MONGO_URI",
    "PAYMENT_GATEWAY_URL",
    "PAYMENT_SECONDS",
    "RATE_LIMIT",
    "RATE_LIMIT_CONNECTIONS",
    "RATE_LIMIT_STREAMS",
    "REDIS_URL",
    "RETURN_URL_HOSTS",
    "TRUSTED_PROXIES",
    "USHER_DATA",
    "USHER_HEARTBEAT_MS",
    "USHER_LOOPS",
    "USHER_READERS",
    "USHER_WRITERS",
    "WEBHOOK_SECRET_CARD",
    "WEBHOOK_SECRET_MOMO",
    "WEBHOOK_SECRET_VNPAY",
    "WEBHOOK_SECRET_ZALOPAY",
};

/* How ours begin, and those of other payment servers that people bring along. */
static const char *const beginnings[] = {
    "CORS_",    "DEFAULT_RETURN", "HOLD_",    "JWT_",       "MAX_HELD", "METRICS_",
    "MOMO_",    "MONGO",          "PAYMENT_", "RATE_LIMIT", "REDIS",    "RETURN_URL",
    "TRUSTED_", "USHER_",         "VNPAY_",   "WEBHOOK_",   "ZALOPAY_",
};

static bool is_known(struct slice name)
{
    for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
        if (slice_equal(name, slice_of(names[index]))) return true;
    }
    for (enum limit limit = 0; limit < LIMIT_COUNT; limit++) {
        if (slice_equal(name, limiter_variable(limit))) return true;
    }
    return false;
}

static bool looks_like_ours(struct slice name)
{
    for (size_t index = 0; index < sizeof beginnings / sizeof *beginnings; index++) {
        if (slice_starts_with(name, slice_of(beginnings[index]))) return true;
    }
    return false;
}

struct slice settings_next_unknown(char *const *environment, size_t *place)
{
    while (environment[*place] != NULL) {
        struct slice value;
        const struct slice name = slice_cut(slice_of(environment[(*place)++]), '=', &value);
        if (looks_like_ours(name) && !is_known(name)) return name;
    }
    return (struct slice){0};
}
