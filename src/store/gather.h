/* gather.h - what a turn's commands need to know, found the same way over every store.
 *
 * A command that is answered again needs its key and what the key made; the others need what
 * they name and the payment that may still be paid. Read inside the turn's transaction: facts
 * from before it would refund a payment that was kept.
 *
 * Errors: those of the finders; a record that is not there is no error.
 * Thread: the writer's.
 */
#pragma once

#include "core/turn.h"

/* How one store finds its records. ERROR_NOT_FOUND: there is none. */
struct gather_finder {
    void *context;
    enum error (*find_key)(void *context, const struct claim_key *claim,
                           struct key_record *ret_record);
    enum error (*find_booking)(void *context, struct id id, struct booking *ret_booking);
    enum error (*find_payment)(void *context, struct id id, struct payment *ret_payment);
    enum error (*find_block)(void *context, struct id id, struct block *ret_block);
};

/* Adds to `turn->facts` what its commands name. */
MUST_USE enum error gather_facts(const struct gather_finder *finder, struct turn *turn);
