#include "base/arena.h"

#include "base/check.h"

enum { ARENA_ALIGNMENT = 16 };

void arena_init(struct arena *arena, void *block, size_t capacity)
{
    CHECK(block != NULL);
    CHECK(capacity > 0);
    *arena = (struct arena){.block = block, .capacity = capacity};
}

void *arena_take(struct arena *arena, size_t size)
{
    CHECK(arena->block != NULL);
    CHECK(arena->used <= arena->capacity);

    const size_t left = arena->capacity - arena->used;
    if (size > left) return NULL;
    const size_t rounded = (size + ARENA_ALIGNMENT - 1) & ~(size_t)(ARENA_ALIGNMENT - 1);
    void *taken = arena->block + arena->used;
    arena->used += rounded < left ? rounded : left;
    memset(taken, 0, size);
    return taken;
}

struct slice arena_copy(struct arena *arena, struct slice text)
{
    char *copy = arena_take(arena, text.size);
    if (copy == NULL) return (struct slice){0};
    if (text.size > 0) memcpy(copy, text.data, text.size);
    return (struct slice){.data = copy, .size = text.size};
}

void arena_reset(struct arena *arena)
{
    arena->used = 0;
}
