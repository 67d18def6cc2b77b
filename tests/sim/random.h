/* random.h - the only source of chance in the simulation: all of a run follows from its seed.
 *
 * Source: xoshiro256**, seeded by splitmix64 (Blackman and Vigna, 2018).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state[4];
};

void random_seed(struct random *random, uint64_t seed);

uint64_t random_next(struct random *random);

/* A number from 0 to `count` - 1; `count` is at least 1. */
uint32_t random_below(struct random *random, uint32_t count);

/* A number from `low` to `high`, both included. */
int64_t random_between(struct random *random, int64_t low, int64_t high);

/* True in `percent` of 100 cases. */
bool random_chance(struct random *random, uint32_t percent);
