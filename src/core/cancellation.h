/* cancellation.h - decides a customer's cancel of a booking.
 *
 * Source: docs/http-api.md, "Bookings".
 */
#pragma once

#include "core/turn.h"

/* Judges the command and carries out what it grants. A second cancel is granted like the
 * first and changes nothing. */
void cancellation_decide(struct turn *turn, struct command *command);
