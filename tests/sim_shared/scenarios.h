/* scenarios.h - which stories of the protocol's model a day has told.
 *
 * The letters are the model's: A to L are what money, cancels, rivals, staff and readers can do
 * to one booking.
 *
 * Thread: whoever has the baton.
 */
#pragma once

#include "sim_shared/judge.h"

/* The payment's money was decided, or what was decided has moved on. */
void scenarios_decided(const struct judged_payment *payment, const struct payment *before);

/* The gateway was told that it knows, again. */
void scenarios_taken(const struct judged_payment *payment);

/* A reader has looked while the booking went from one status to another. */
void scenarios_read(enum booking_status before, enum booking_status after, bool lapsed);
