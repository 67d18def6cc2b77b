/* deadlines.h - which showtime is due next.
 *
 * Shape:  a binary heap of slots by moment; each slot has at most one moment, and a slot's
 *         place in the heap is known, so that its moment can be moved.
 * Thread: the engine's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct deadlines {
    uint32_t capacity;
    uint32_t count;
    uint32_t *heap;      /* [capacity] slots */
    uint32_t *positions; /* [capacity] by slot; DEADLINE_NONE: not in the heap. */
    int64_t *moments_ms; /* [capacity] by slot */
};

#define DEADLINE_NONE UINT32_MAX

/* Errors: false without memory. */
bool deadlines_open(struct deadlines *deadlines, uint32_t capacity);
void deadlines_close(struct deadlines *deadlines);

/* Sets or moves a slot's moment; INT64_MAX takes it out. */
void deadlines_set(struct deadlines *deadlines, uint32_t slot, int64_t moment_ms);

/* The earliest moment; INT64_MAX if there is none. */
int64_t deadlines_next_ms(const struct deadlines *deadlines);

/* The slot of the earliest moment; there must be one. */
uint32_t deadlines_first(const struct deadlines *deadlines);
