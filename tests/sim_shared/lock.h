/* lock.h - a lock that all instances share, as good as a Redis on a bad day.
 *
 * It is lost, away, late, or given to two at once: nothing may depend on it.
 *
 * Thread: whoever has the baton.
 */
#pragma once

#include "ports/lock.h"

struct shared_lock {
    uint32_t instance;
    bool required;
    uint32_t trouble_percent;
    bool held;
};

/* Nobody has it. */
void lock_begin(void);

struct lock lock_port(struct shared_lock *lock);
