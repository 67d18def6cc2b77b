/* expiry.h - ends a hold whose time is over.
 *
 * Source: docs/http-api.md, "Bookings": a hold is dead by the clock; its turn says so.
 */
#pragma once

#include "core/turn.h"

/* Expires the booking if it is pending and no longer live; else changes nothing. */
void expiry_decide(struct turn *turn, struct command *command);
