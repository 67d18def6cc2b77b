#include "disk/seeded_random.h"

#include "base/random.h"

static struct random state;

struct random seeded_random_begin(uint64_t seed)
{
    const struct random before = state;
    random_seed(&state, seed);
    return before;
}

void seeded_random_resume(const struct random *before)
{
    state = *before;
}

void random_fill(void *target, size_t size)
{
    unsigned char *bytes = target;
    for (size_t index = 0; index < size; index++) bytes[index] = (unsigned char)random_next(&state);
}
