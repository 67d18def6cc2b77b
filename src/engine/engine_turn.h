/* engine_turn.h - one showtime's turn, inside the open transaction of its batch.
 *
 * Loads the map, takes what waits, has it decided and recorded; a turn that the store refuses
 * closes its showtime and fails nobody else.
 *
 * Thread: the engine's.
 */
#pragma once

#include "engine/engine_state.h"

/* Runs the turn of a slot. An error fails the whole batch. */
enum error engine_turn_run(struct engine *engine, uint32_t slot, int64_t now_ms);

/* Takes what waits for a slot into the batch, undecided: there is no transaction. */
void engine_turn_take(struct engine *engine, uint32_t slot);
