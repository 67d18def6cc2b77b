/* tally.h - a number that one thread counts up and any thread may read, without a lock.
 *
 * A request costs a few of these, so they are plain numbers: one owner writes, and a reader
 * gets some recent value. Two tallies read together may be of different moments.
 *
 * Thread: tally_add and tally_set by the owner only; tally_read by any.
 */
#pragma once

#include <stdint.h>

static inline uint64_t tally_read(const uint64_t *tally)
{
    return __atomic_load_n(tally, __ATOMIC_RELAXED);
}

static inline void tally_set(uint64_t *tally, uint64_t value)
{
    uint64_t *target = tally; /* The analyzer does not see that the builtin writes. */
    __atomic_store_n(target, value, __ATOMIC_RELAXED);
}

static inline void tally_add(uint64_t *tally, uint64_t amount)
{
    tally_set(tally, *tally + amount);
}
