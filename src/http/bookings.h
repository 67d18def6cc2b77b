/* bookings.h - the handlers of /api/bookings.
 *
 * Each answers the exchange, now or after the showtime's turn. `id` is a part of the path, as
 * sent.
 *
 * Source: docs/http-api.md, "Bookings".
 */
#pragma once

#include "http/desk.h"

void bookings_hold(struct desk *desk, struct exchange *exchange, int64_t now_ms);
void bookings_confirm(struct desk *desk, struct exchange *exchange, struct slice id,
                      int64_t now_ms);
void bookings_get(struct desk *desk, struct exchange *exchange, struct slice id, int64_t now_ms);
void bookings_cancel(struct desk *desk, struct exchange *exchange, struct slice id, int64_t now_ms);
void bookings_list(struct desk *desk, struct exchange *exchange, int64_t now_ms);
