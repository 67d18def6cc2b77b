/* redis_name.h - the addresses of a host, without waiting for a name server that hangs.
 *
 * The C library's look-up may take many seconds, and a writer's thread has none to spare: it
 * waits a moment, and a look-up that takes longer goes on beside it and is found by a later call.
 *
 * Shape:  the first REDIS_ADDRESSES_MAX addresses; one look-up at a time.
 * Thread: one.
 */
#pragma once

#include <netinet/in.h>

#include "base/check.h"
#include "redis/redis_url.h"

enum {
    REDIS_ADDRESSES_MAX = 4,
    REDIS_FORGET_MS = 1000, /* At the end of the process, where seconds are few. */
};

struct redis_addresses {
    uint32_t count;
    char all[REDIS_ADDRESSES_MAX][INET6_ADDRSTRLEN];
};

struct redis_name; /* A look-up under way. */

/* NULL, and the addresses, or why there are none by `until_us` (of clock_steady_us). `name` points
 * to NULL at first and is kept from call to call, for the same host. */
MUST_USE const char *redis_name_find(struct redis_name **name, const char *host, int64_t until_us,
                                     struct redis_addresses *ret_addresses);

/* Gives up a look-up. One that cannot be stopped is waited for, REDIS_FORGET_MS at most; then it
 * keeps its memory for ever. Accepts NULL. */
void redis_name_forget(struct redis_name *name);
