/* staff_lists.h - the handlers of what staff look through.
 *
 * The router has made sure of the role.
 *
 * Source: docs/staff.md, "Lists".
 */
#pragma once

#include "http/desk.h"

void staff_lists_bookings(struct desk *desk, struct exchange *exchange, int64_t now_ms);
void staff_lists_refunds(struct desk *desk, struct exchange *exchange, int64_t now_ms);
void staff_lists_journal(struct desk *desk, struct exchange *exchange, int64_t now_ms);

/* The blocks of a showtime that stand; `id` is a part of the path, as sent. */
void staff_lists_blocks(struct desk *desk, struct exchange *exchange, struct slice id,
                        int64_t now_ms);
