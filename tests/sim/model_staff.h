/* model_staff.h - the auditor's rules for what staff do; see model.h. */
#pragma once

#include "sim/model.h"
#include "store/memory/memory_store.h"

/* Judges and learns from an answer to a command of the staff. */
void model_staff_hear(struct model *model, const struct command *command, uint32_t key);

/* A refund's key was answered again: does it show the payment as the first time? */
void model_staff_hear_replay(struct model *model, const struct command *command,
                             const struct model_payment *payment);

/* Would the command have an effect now (a refund: under a fresh key)? */
bool model_staff_would(const struct model *model, const struct command *command);

/* Fills the answer of a command whose outcome is unknown from what the store shows; false if
 * it had no effect. Not for refunds, whose key tells. */
bool model_staff_find(const struct model *model, struct memory_store *store,
                      struct command *command);

void model_staff_compare_block(struct model *model, const struct block *row,
                               const struct model_block *block);
