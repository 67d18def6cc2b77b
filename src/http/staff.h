/* staff.h - the handlers of what staff change: blocks, refunds, cancelled showtimes.
 *
 * The router has made sure of the role. Each answers the exchange, now or after the showtime's
 * turn. `id` and `block` are parts of the path, as sent.
 *
 * Source: docs/staff.md
 */
#pragma once

#include "http/desk.h"

void staff_block(struct desk *desk, struct exchange *exchange, struct slice id, int64_t now_ms);
void staff_release(struct desk *desk, struct exchange *exchange, struct slice id,
                   struct slice block, int64_t now_ms);
void staff_refund(struct desk *desk, struct exchange *exchange, struct slice id, int64_t now_ms);
void staff_refund_done(struct desk *desk, struct exchange *exchange, struct slice id,
                       int64_t now_ms);
void staff_cancel_showtime(struct desk *desk, struct exchange *exchange, struct slice id,
                           int64_t now_ms);

/* The caller's role, who is one of the staff, as the journal has it. */
enum staff_role staff_role_of(const struct exchange *exchange);
