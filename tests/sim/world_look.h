/* world_look.h - what the auditor looks at besides answers: failures, live maps, doubts. */
#pragma once

#include "sim/world.h"

/* Was the failure one that was arranged? Notes what is now unknown or closed. */
void world_look_at_failure(struct world *world, const struct attempt *attempt);

/* The process died before the answer left: what was wanted may have happened. */
void world_look_at_loss(struct world *world, const struct attempt *attempt);

/* Has the command waited for its turn? And what did the process die of? These only count. */
void world_look_at_wait(struct world *world, const struct attempt *attempt);
void world_look_at_crash(const struct world *world);

/* The latest end of a showtime that the store says is over; 0: there is none. */
int64_t world_look_over(struct world *world);

/* The published maps show what the answers said, and no hold that is over. */
void world_look_at_feed(struct world *world);

/* Will the engine wake in time for the end of each hold, though nobody asks for anything? */
void world_look_at_timer(struct world *world);

/* After a restart: the commands in doubt happened all, as far as they were granted, or not at
 * all. */
void world_look_resolve(struct world *world);

/* May holds that are over still be pending, because no turn could end them yet? */
bool world_look_overdue(const struct world *world);
