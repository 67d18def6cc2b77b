/* config_limits.h - who may ask how much, and from where: RATE_LIMIT..., TRUSTED_PROXIES and
 * CORS_ORIGINS.
 *
 * Source: docs/limits.md.
 */
#pragma once

#include "http/cors.h"
#include "http/limiter.h"

struct config_limits {
    bool limited; /* RATE_LIMIT is not off. */
    struct limiter_options limiter;
    uint32_t connections_max; /* Of one client in each loop; 0: no limit. */
    struct cors cors;         /* Its origins point into the environment. */
};

/* What is wrong: `NAME: why`. */
struct config_limits_fault {
    struct slice name;
    struct slice why;
};

/* Reads the settings by `get`, which gives NULL for what is not set. False with the fault. */
MUST_USE bool config_limits_read(char *(*get)(const char *name), struct config_limits *ret_limits,
                                 struct config_limits_fault *ret_fault);
