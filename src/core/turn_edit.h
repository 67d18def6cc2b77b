/* turn_edit.h - how the decisions of a turn change its map and its facts.
 *
 * Shared by the files that decide, from hold.c to showtime_cancellation.c; not for callers of
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

/* Takes a new block's seats, which are available, from sale; and gives a block's back. */
void turn_block_seats(struct turn *turn, const struct block *block);

/* False if it does not have them all: see turn_contradict. */
MUST_USE bool turn_release_seats(struct turn *turn, const struct block *block);

/* Cancels a booking with all that belongs to it: its seats are free, the map's version grows. */
void turn_cancel_booking(struct turn *turn, struct booking_fact *fact, struct reason reason);

/* The money that bought a booking's seats, and is kept, goes back. */
void turn_give_back(struct turn *turn, struct payment_fact *fact, enum payment_reason reason);

/* The map has changed visibly or in its holds: the next version. */
void turn_grow_version(struct turn *turn);

/* Ends the booking's active payment, if it is open and not `except`. */
void turn_fail_active(struct turn *turn, const struct booking *booking, struct id except,
                      enum payment_reason reason);

/* Writes down what a key has done. */
void turn_keep_key(struct turn *turn, const struct command *command, struct id booking,
                   struct id payment, bool created);

/* Writes a staff command's effect into the journal; its order's text is the detail. */
void turn_note(struct turn *turn, const struct command *command, enum journal_action action,
               struct id subject);

/* What the command needs is stored in a way that no turn leaves behind. Nobody knows what else
 * is wrong with this showtime: the whole turn fails. */
void turn_contradict(struct turn *turn, struct command *command);

/* The answers. */
void turn_refuse(struct turn *turn, struct command *command, enum refusal refusal);
void turn_answer(struct turn *turn, struct command *command, const struct booking *booking,
                 const struct payment *payment);

/* Of a staff command that names no booking. */
void turn_answer_staff(struct turn *turn, struct command *command);
