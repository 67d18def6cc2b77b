#include "sim/random.h"

#include "base/check.h"

static uint64_t split_mix(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t word = *state;
    word = (word ^ (word >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ (word >> 27)) * UINT64_C(0x94d049bb133111eb);
    return word ^ (word >> 31);
}

void random_seed(struct random *random, uint64_t seed)
{
    for (uint32_t index = 0; index < 4; index++) random->state[index] = split_mix(&seed);
}

static uint64_t rotate(uint64_t word, uint32_t bits)
{
    return word << bits | word >> (64 - bits);
}

uint64_t random_next(struct random *random)
{
    uint64_t *state = random->state;
    const uint64_t result = rotate(state[1] * 5, 7) * 9;
    const uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 45);
    return result;
}

uint32_t random_below(struct random *random, uint32_t count)
{
    CHECK(count > 0);
    return (uint32_t)((random_next(random) >> 32) * count >> 32);
}

int64_t random_between(struct random *random, int64_t low, int64_t high)
{
    CHECK(low <= high);
    return low + (int64_t)(random_next(random) % (uint64_t)(high - low + 1));
}

bool random_chance(struct random *random, uint32_t percent)
{
    return random_below(random, 100) < percent;
}
