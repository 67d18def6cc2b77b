/* fibers.h - several lines of action, of which one runs at a time; who is next follows from a seed.
 *
 * Code that blocks, as the store does in the database, is stopped at any place that yields; each
 * fiber has a stack of its own. Threads that pass a baton cost ten times as much.
 *
 * Shape:  fiber 0 is the caller; up to FIBERS_MAX in all.
 * Thread: whoever has the baton.
 */
#pragma once

#include "sim/random.h"

enum { FIBERS_MAX = 6 };

/* The caller becomes fiber 0. `stay_percent`: how often a fiber that yields goes on itself. */
void fibers_begin(struct random *random, uint32_t stay_percent);

/* From now on. */
void fibers_set_stay(uint32_t stay_percent);

/* Adds a fiber; it runs when the baton comes to it, until `run` returns. */
void fibers_start(void (*run)(void *argument), void *argument);

/* Lets another one go on, or not. */
void fibers_yield(void);

/* Who runs. */
uint32_t fibers_self(void);

/* Fiber 0 waits until the others have ended. */
void fibers_end(void);
