/* reach.h - what a record may have been before a turn that left it in some state.
 *
 * A turn makes several moves at once, so this is the core's table of moves, followed as often
 * as one likes.
 *
 * Shape: bit n is the state with the value n; a state reaches itself.
 */
#pragma once

#include "core/payment.h"

uint32_t reach_booking(enum booking_status status);
uint32_t reach_payment(enum payment_status status);
