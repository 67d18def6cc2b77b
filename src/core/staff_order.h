/* staff_order.h - what a staff command says and hears beyond the others.
 *
 * Too large to stand in every command; its sender keeps it for as long as the command.
 */
#pragma once

#include "core/block.h"
#include "core/conflicts.h"
#include "core/journal.h"

struct staff_answer {
    uint8_t conflict_count;
    struct seat_conflict conflicts[SEATS_PER_BLOCK_MAX]; /* BLOCK: all that stand in the way. */
    struct block block;                                  /* BLOCK, RELEASE */
    struct reason cancellation_reason; /* CANCEL_SHOWTIME: that of the first cancel, */
    int64_t cancelled_at_ms;           /* and its moment. */
};

struct staff_order {
    enum staff_role role;
    struct reason text; /* BLOCK, REFUND, CANCEL_SHOWTIME: why. REFUND_DONE: the reference. */
    struct id block;    /* RELEASE */
    uint8_t seat_count; /* BLOCK */
    struct seat_name seats[SEATS_PER_BLOCK_MAX]; /* Distinct, in the order asked. */
    struct staff_answer answer;
};
