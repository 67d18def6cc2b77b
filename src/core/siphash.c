#include "core/siphash.h"

#include <string.h>

#include "base/check.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return (word << bits) | (word >> (64 - bits));
}

static void mix(struct state *state, int rounds)
{
    for (int round = 0; round < rounds; round++) {
        state->v0 += state->v1;
        state->v1 = rotate(state->v1, 13) ^ state->v0;
        state->v0 = rotate(state->v0, 32);
        state->v2 += state->v3;
        state->v3 = rotate(state->v3, 16) ^ state->v2;
        state->v0 += state->v3;
        state->v3 = rotate(state->v3, 21) ^ state->v0;
        state->v2 += state->v1;
        state->v1 = rotate(state->v1, 17) ^ state->v2;
        state->v2 = rotate(state->v2, 32);
    }
}

/* Up to eight bytes, the first one lowest. */
static uint64_t read_word(const uint8_t *bytes, size_t size)
{
    uint64_t word = 0;
    for (size_t index = 0; index < size; index++) word |= (uint64_t)bytes[index] << (8 * index);
    return word;
}

uint64_t siphash(const struct siphash_key *key, const void *data, size_t size)
{
    CHECK(key != NULL);
    CHECK(data != NULL);

    const uint64_t low = read_word(key->bytes, 8);
    const uint64_t high = read_word(key->bytes + 8, 8);
    struct state state = {.v0 = low ^ UINT64_C(0x736f6d6570736575),
                          .v1 = high ^ UINT64_C(0x646f72616e646f6d),
                          .v2 = low ^ UINT64_C(0x6c7967656e657261),
                          .v3 = high ^ UINT64_C(0x7465646279746573)};
    const uint8_t *bytes = data;
    size_t left = size;
    for (; left >= 8; left -= 8, bytes += 8) {
        const uint64_t word = read_word(bytes, 8);
        state.v3 ^= word;
        mix(&state, 2);
        state.v0 ^= word;
    }
    const uint64_t last = read_word(bytes, left) | (uint64_t)(size & 0xff) << 56;
    state.v3 ^= last;
    mix(&state, 2);
    state.v0 ^= last;
    state.v2 ^= 0xff;
    mix(&state, 4);
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}
