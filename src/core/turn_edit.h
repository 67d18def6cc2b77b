/* turn_edit.h - how the decisions of a turn change its map and its facts.
 *
 * Shared by hold.c, pay.c, cancellation.c, settlement.c and expiry.c; not for callers of
 * turn.h. Every change of a seat goes through here, so that the store hears of each.
 */
#pragma once

#include "core/turn.h"

/* Does the booking own all its seats in this state? */
bool turn_owns_seats(const struct turn *turn, const struct booking *booking, enum seat_state state);

/* Gives the booking's seats to it: held until its end, or booked. */
void turn_claim_seats(struct turn *turn, const struct booking *booking, enum seat_state state);

/* Frees those of the booking's seats that are its own. */
void turn_free_seats(struct turn *turn, const struct booking *booking);

/* The map has changed visibly or in its holds: the next version. */
void turn_grow_version(struct turn *turn);

/* Ends the booking's active payment, if it is open and not `except`. */
void turn_fail_active(struct turn *turn, const struct booking *booking, struct id except,
                      enum payment_reason reason);

/* Writes down what a key has done. */
void turn_keep_key(struct turn *turn, const struct command *command, struct id booking,
                   struct id payment, bool created);

/* The answers. */
void turn_refuse(struct turn *turn, struct command *command, enum refusal refusal);
void turn_answer(struct turn *turn, struct command *command, const struct booking *booking,
                 const struct payment *payment);
