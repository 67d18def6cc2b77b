/* webhook.h - POST /api/payments/webhook/:provider, where gateways report money.
 *
 * Nothing of a message is believed or looked up before its signature is proved, and nothing is
 * decided here: the news goes to the turn of the payment's showtime.
 *
 * Errors: in order, UNKNOWN_PROVIDER, PROVIDER_NOT_CONFIGURED, INVALID_WEBHOOK_SIGNATURE,
 *         VALIDATION_FAILED, PAYMENT_NOT_FOUND.
 * Thread: the loop's.
 * Source: docs/http-api.md, "Payments".
 */
#pragma once

#include "http/desk.h"

/* Answers the exchange, now or after the showtime's turn. `provider` is a part of the path, as
 * sent. */
void webhook_handle(struct desk *desk, struct exchange *exchange, struct slice provider,
                    int64_t now_ms);
