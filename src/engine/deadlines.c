#include "engine/deadlines.h"

#include "base/check.h"

bool deadlines_open(struct deadlines *deadlines, uint32_t capacity)
{
    CHECK(capacity > 0);
    *deadlines = (struct deadlines){.capacity = capacity,
                                    .heap = calloc(capacity, sizeof(uint32_t)),
                                    .positions = calloc(capacity, sizeof(uint32_t)),
                                    .moments_ms = calloc(capacity, sizeof(int64_t))};
    if (deadlines->heap == NULL || deadlines->positions == NULL || deadlines->moments_ms == NULL) {
        deadlines_close(deadlines);
        return false;
    }
    for (uint32_t slot = 0; slot < capacity; slot++) deadlines->positions[slot] = DEADLINE_NONE;
    return true;
}

void deadlines_close(struct deadlines *deadlines)
{
    free(deadlines->heap);
    free(deadlines->positions);
    free(deadlines->moments_ms);
    *deadlines = (struct deadlines){0};
}

/* Equal moments go by slot, so that the order never depends on history. */
static bool is_before(const struct deadlines *deadlines, uint32_t left, uint32_t right)
{
    const int64_t left_ms = deadlines->moments_ms[left];
    const int64_t right_ms = deadlines->moments_ms[right];
    return left_ms < right_ms || (left_ms == right_ms && left < right);
}

static void put(struct deadlines *deadlines, uint32_t position, uint32_t slot)
{
    deadlines->heap[position] = slot;
    deadlines->positions[slot] = position;
}

static void rise(struct deadlines *deadlines, uint32_t position)
{
    const uint32_t slot = deadlines->heap[position];
    while (position > 0) {
        const uint32_t parent = (position - 1) / 2;
        if (!is_before(deadlines, slot, deadlines->heap[parent])) break;
        put(deadlines, position, deadlines->heap[parent]);
        position = parent;
    }
    put(deadlines, position, slot);
}

static void sink(struct deadlines *deadlines, uint32_t position)
{
    const uint32_t slot = deadlines->heap[position];
    for (;;) {
        uint32_t child = 2 * position + 1;
        if (child >= deadlines->count) break;
        const bool has_right = child + 1 < deadlines->count;
        if (has_right && is_before(deadlines, deadlines->heap[child + 1], deadlines->heap[child])) {
            child++;
        }
        if (!is_before(deadlines, deadlines->heap[child], slot)) break;
        put(deadlines, position, deadlines->heap[child]);
        position = child;
    }
    put(deadlines, position, slot);
}

static void take_out(struct deadlines *deadlines, uint32_t slot)
{
    const uint32_t position = deadlines->positions[slot];
    if (position == DEADLINE_NONE) return;
    deadlines->positions[slot] = DEADLINE_NONE;
    const uint32_t last = deadlines->heap[--deadlines->count];
    if (last == slot) return;
    put(deadlines, position, last);
    rise(deadlines, position);
    sink(deadlines, deadlines->positions[last]);
}

void deadlines_set(struct deadlines *deadlines, uint32_t slot, int64_t moment_ms)
{
    CHECK(slot < deadlines->capacity);

    if (moment_ms == INT64_MAX) {
        take_out(deadlines, slot);
        return;
    }
    if (deadlines->positions[slot] == DEADLINE_NONE) put(deadlines, deadlines->count++, slot);
    deadlines->moments_ms[slot] = moment_ms;
    rise(deadlines, deadlines->positions[slot]);
    sink(deadlines, deadlines->positions[slot]);
}

int64_t deadlines_next_ms(const struct deadlines *deadlines)
{
    if (deadlines->count == 0) return INT64_MAX;
    return deadlines->moments_ms[deadlines->heap[0]];
}

uint32_t deadlines_first(const struct deadlines *deadlines)
{
    CHECK(deadlines->count > 0);
    return deadlines->heap[0];
}
