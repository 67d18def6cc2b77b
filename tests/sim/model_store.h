/* model_store.h - does the store say what the answers said?
 *
 * After every restart and at the end, the rows are compared with the model, one by one: what
 * was acknowledged is there, what was refused left nothing, and nothing else is there.
 */
#pragma once

#include "sim/model.h"
#include "store/memory/memory_store.h"

/* Compares all rows and all seats. `overdue`: holds that are over may still be pending, for no
 * turn could end them yet. */
void model_store_compare(struct model *model, struct memory_store *store, bool overdue);

/* A command whose outcome is unknown, with its key, in the order of the batch. What the store
 * shows of it is taken as its answer and judged like one. True if it had an effect. */
bool model_store_absorb(struct model *model, struct memory_store *store, struct command *command,
                        uint32_t key);

/* The clock was put back: holds that were over and are still pending in the store live again, as
 * far as their end is ahead now. */
void model_store_revive(struct model *model, const struct memory_store *store);

/* The showtime's map as the store has it, until the next call. */
MUST_USE enum error model_store_load(struct memory_store *store, struct id showtime,
                                     struct seat_map *ret_map);

/* Is the showtime over for good, says the store? */
bool model_store_over(struct memory_store *store, struct id showtime);

/* The key's record in the store, or NULL. */
const struct key_record *model_store_key(const struct memory_store *store,
                                         const struct claim_key *claim);
