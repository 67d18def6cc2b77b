/* play.h - one simulated day: what a seed and a few numbers make of it.
 *
 * All that happens follows from `struct play`; two runs of one give the same digest.
 *
 * Shape:  1..PLAY_STEPS_MAX steps of trouble, then a time without, in which all must settle.
 */
#pragma once

#include "sim/gateway.h"

enum { PLAY_STEPS_DEFAULT = 120, PLAY_STEPS_MAX = 1000 };

struct play {
    uint64_t seed;
    uint32_t steps;
    uint32_t without;  /* A set of troubles. */
    uint32_t acts_max; /* What people do in a step, at most; UINT32_MAX: as much as they like. */
};

/* All parts of a simulation; their memory is kept from one run to the next. */
struct stage {
    struct world world;
    struct clients clients;
    struct gateway gateway;
};

/* Makes a new world in which nothing has happened. */
void play_open(struct stage *stage, const struct play *play, bool verbose);
void play_close(struct stage *stage);

/* No more faults: all that is open must come to its end in a bounded time of the world. */
void play_settle(struct stage *stage);

/* From the first step to the end; false if a rule was broken, see the model's fault. */
bool play_run(struct stage *stage, const struct play *play, bool verbose);
