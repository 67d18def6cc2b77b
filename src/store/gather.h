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

/* The numbers that the next booking, payment and block take. They count up and are never
 * behind the clock, so that a restored backup repeats none; those that a refused command drew
 * stay unused. */
struct gather_numbers {
    struct siphash_key key; /* Seals numbers into ids and codes. */
    uint64_t next_booking;
    uint64_t next_payment;
    uint64_t next_block;
};

/* Adds to `turn->facts` what its commands name. */
MUST_USE enum error gather_facts(const struct gather_finder *finder, struct turn *turn);

/* Gives each command ids for what it may make: a hold a booking and its code, a confirm or a
 * pay a payment, a block itself. */
void gather_fresh(struct gather_numbers *numbers, struct turn *turn);
