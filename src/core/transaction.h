/* transaction.h - the reference under which a gateway knows a payment: `TXN_MOMO_<id>`.
 *
 * Made from the payment alone, so that a webhook finds its payment without an index, and a
 * payment page has an address before any gateway is asked.
 */
#pragma once

#include "base/buffer.h"
#include "core/payment.h"

enum { TRANSACTION_SIZE_MAX = 40 }; /* `TXN_ZALOPAY_` and 24 digits, with room. */

/* Appends the reference of a payment. */
void transaction_append(struct buffer *buffer, enum payment_method method, struct id payment);

/* Reads a reference; false, and nothing written, if it is not one of ours. */
bool transaction_parse(struct slice text, enum payment_method *ret_method, struct id *ret_payment);

/* The page where a payment is paid: `<gateway>/<method>/pay/<reference>`. Empty if `gateway`
 * is empty or the address would be longer than URL_SIZE_MAX. */
struct url transaction_page(struct slice gateway, enum payment_method method, struct id payment);
