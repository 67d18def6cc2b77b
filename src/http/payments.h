/* payments.h - the handlers of /api/payments, but for the webhook.
 *
 * Each answers the exchange, now or after the showtime's turn. `id` is a part of the path, as
 * sent.
 *
 * Source: docs/http-api.md, "Payments".
 */
#pragma once

#include "http/keyed.h"

void payments_create(struct desk *desk, struct exchange *exchange, int64_t now_ms);
void payments_get(struct desk *desk, struct exchange *exchange, struct slice id, int64_t now_ms);

/* Reads what `confirm` and `pay` have in common, `payment_method` and `return_url`, finishes
 * the body and fills in the command. False when it has answered the exchange; the command is
 * then given back. */
MUST_USE bool payments_read(struct desk *desk, struct exchange *exchange, struct keyed *keyed,
                            int64_t now_ms);
