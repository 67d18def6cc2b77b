/* arena.h - one request's memory: allocated forward, freed at once.
 *
 * A request that needs more than its arena is refused; nothing grows under load.
 *
 * Shape:  a fixed block; allocations are 16-byte aligned and zeroed.
 * Errors: NULL when the block is full.
 * Thread: one owner at a time.
 */
#pragma once

#include <stddef.h>

#include "base/slice.h"

struct arena {
    char *block;
    size_t capacity;
    size_t used;
};

/* Uses `block`, which the caller owns and keeps alive. */
void arena_init(struct arena *arena, void *block, size_t capacity);

/* Gives `size` zeroed bytes, or NULL when they do not fit. */
void *arena_take(struct arena *arena, size_t size);

/* Copies `text` into the arena; the empty slice with data NULL when it does not fit. */
struct slice arena_copy(struct arena *arena, struct slice text);

/* Forgets all that was allocated. */
void arena_reset(struct arena *arena);
