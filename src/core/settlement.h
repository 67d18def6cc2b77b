/* settlement.h - decides what a gateway's message does: seats or refund, once per payment.
 *
 * The choice is made by guards in this order, the first that fits:
 *   D0  decided before                                       -> nothing
 *   --  another amount than asked                            -> refund; the hold goes on
 *   D2  the booking is confirmed by another payment          -> refund
 *   D3  the booking's hold is alive                          -> its seats, whenever it was made
 *   D4  booking cancelled, showtime cancelled or begun       -> refund
 *   D5  the hold has lapsed and all its seats are free       -> its seats (rescue)
 *   D6  a seat is somebody else's                            -> refund
 *
 * Source: the money rule of docs/http-api.md; guards D0-D6 as model-checked, see
 *         docs/decisions/0003-seats-or-refund.md
 */
#pragma once

#include "core/turn.h"

/* Judges the command and carries out its effect. */
void settlement_decide(struct turn *turn, struct command *command);
