/* sharing.h - what an operator asks of a store that several instances share, and of its lock.
 *
 * Only numbers for metrics; no request depends on them.
 *
 * Thread: any.
 */
#pragma once

#include <stdint.h>

enum lock_mode {
    LOCK_MODE_OFF,      /* There is no Redis: versions alone keep instances apart. */
    LOCK_MODE_LOCK,     /* Turns take the lock. */
    LOCK_MODE_DEGRADED, /* Redis is away: as off, until it is back. */
};

#define LOCK_MODE_COUNT 3

struct sharing_counts {
    uint64_t round_trips; /* To the database, of turns and housekeeping. */
    uint64_t commits;
    uint64_t retries;
    uint64_t unresolved;
    uint64_t resolved;
    uint64_t swept;
    uint64_t lock_taken;
    uint64_t lock_busy; /* Others had it to the last try. */
    uint64_t lock_away; /* Redis was not there to ask. */
    uint64_t lock_lost; /* It was no longer ours when it was given back. */
    uint64_t lock_errors;
    enum lock_mode lock_mode;
};

struct sharing {
    void *context;
    /* NULL: the store is this process's alone. */
    void (*count)(void *context, struct sharing_counts *ret_counts);
};
