/* refund.h - decides what staff do with money: give it back, and say that it has gone back.
 *
 * Source: docs/staff.md, "Refunds".
 */
#pragma once

#include "core/turn.h"

/* Cancels the booking that the payment bought, frees its seats and owes its money. Money that
 * goes back already is answered and nothing is done twice; money that never came is
 * REFUSAL_BOOKING_CANNOT_BE_CANCELLED. The command's key is fresh. */
void refund_decide(struct turn *turn, struct command *command);

/* Shows the payment of an answer as the key's first answer did. */
void refund_replay(struct command *command, const struct key_record *record);

/* Notes that a due or failed refund was paid by hand, under a reference. The same reference
 * again changes nothing; another one, or money that is not due, is REFUSAL_VALIDATION_FAILED
 * with the payment in the answer. */
void refund_finish(struct turn *turn, struct command *command);
